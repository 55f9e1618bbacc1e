"""Days on which nobody is to be disturbed: Vietnam's public holidays, Tết above all, as a kept library knows them; and what an office
adds or takes away. The library reckons the lunar calendar; the days off that the Government moves each year it learns later."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["ADDED", "QuietCalendar"]

ADDED = "ngày nghỉ do đơn vị đặt"


class QuietCalendar:
    """`day in calendar`."""

    def __init__(
        self, added: Collection[date] | Mapping[date, str] = (), taken_away: Collection[date] = ()
    ) -> None:
        """`added`: by what people call them, where somebody has said."""
        self._added = dict(added) if isinstance(added, Mapping) else dict.fromkeys(added, ADDED)
        self._taken_away = frozenset(taken_away)

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day in self._taken_away:
            return False
        return day in self._added or day in _public()

    def name(self, day: date) -> str:
        """What people call it; nothing for an ordinary day."""
        if day not in self:
            return ""
        return str(_public().get(day) or self._added[day])

    def with_days(self, added: Mapping[date, str], taken_away: Collection[date]) -> "QuietCalendar":
        """The same, but for those days: what is nearer counts for more."""
        kept = {day: name for day, name in self._added.items() if day not in taken_away}
        return QuietCalendar({**kept, **added}, (self._taken_away - added.keys()) | frozenset(taken_away))


@lru_cache(1)
def _public() -> "HolidayBase":
    # Loading it takes its time: only where somebody asks for a day.
    from holidays import country_holidays

    return country_holidays("VN", language="vi")
