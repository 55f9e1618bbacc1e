"""Days on which nobody is to be disturbed: Vietnam's public holidays, Tết above all, as a kept library knows them; and what an office
adds or takes away. The library reckons the lunar calendar; the days off that the Government moves each year it learns later."""

from collections.abc import Collection
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["QuietCalendar"]


class QuietCalendar:
    """`day in calendar`."""

    def __init__(self, added: Collection[date] = (), taken_away: Collection[date] = ()) -> None:
        self._added = frozenset(added)
        self._taken_away = frozenset(taken_away)

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day in self._taken_away:
            return False
        return day in self._added or day in self._public

    def name(self, day: date) -> str:
        """What people call it; nothing for an ordinary day."""
        if day not in self:
            return ""
        return str(self._public.get(day) or "ngày nghỉ do đơn vị đặt")

    @cached_property
    def _public(self) -> "HolidayBase":
        # Loading it takes its time: only where somebody asks for a day.
        from holidays import country_holidays

        return country_holidays("VN", language="vi")
