"""Wards, communes and provinces in time: what each was, and what became of it. Pure; the facts come from data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = ["Lineage", "Succession", "Unit", "UnitKind"]


class UnitKind(StrEnum):
    PROVINCE = "province"
    """tỉnh"""
    CITY = "city"
    """thành phố trực thuộc Trung ương"""
    WARD = "ward"
    """phường"""
    COMMUNE = "commune"
    """xã"""
    TOWNSHIP = "township"
    """thị trấn; none is left since 1/7/2025"""
    ZONE = "zone"
    """đặc khu"""

    @property
    def is_province(self) -> bool:
        return self in (UnitKind.PROVINCE, UnitKind.CITY)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (đơn vị) as it was between two days."""

    code: str
    """The official code today (`29263`); a code of our own for what is no more (`TV-P4`), because old official codes
    were given again to other units."""
    name: str
    """“Phường Long Đức”; an old name says where it was: “Phường 4 (TP Trà Vinh)”."""
    kind: UnitKind
    province: str | None
    """The code of the province it lies in; None for a province."""
    valid_from: date
    """The first day our sources show it: a unit may be older than that."""
    valid_to: date | None
    """The first day on which it is no more; None for a unit of today."""
    source: str

    def existed_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def is_past(self) -> bool:
        return self.valid_to is not None

    @property
    def name_within(self) -> str:
        """The name inside a sentence: “phường Long Đức”."""
        return self.name[:1].lower() + self.name[1:]


@dataclass(frozen=True, slots=True)
class Succession:
    """On that day the one became the other, or part of it."""

    unit: str
    successor: str
    on_date: date
    source: str


class Lineage:
    """Who followed whom. Raises ValueError when a succession names nobody, or runs in a circle."""

    def __init__(self, units: Iterable[Unit], successions: Iterable[Succession]) -> None:
        self._units = {unit.code: unit for unit in units}
        self._next: dict[str, list[Succession]] = {}
        self._previous: dict[str, list[Succession]] = {}
        for succession in successions:
            for code in (succession.unit, succession.successor):
                if code not in self._units:
                    raise ValueError(f"A succession names {code}, and there is no such unit.")
            self._next.setdefault(succession.unit, []).append(succession)
            self._previous.setdefault(succession.successor, []).append(succession)
        self._refuse_circles()

    def unit(self, code: str) -> Unit:
        """Raises KeyError."""
        return self._units[code]

    def on(self, day: date) -> tuple[Unit, ...]:
        """The units there were on that day, in the order they were given."""
        return tuple(unit for unit in self._units.values() if unit.existed_on(day))

    def successors(self, code: str) -> tuple[Succession, ...]:
        return tuple(self._next.get(code, ()))

    def predecessors(self, code: str) -> tuple[Succession, ...]:
        return tuple(self._previous.get(code, ()))

    def today(self, code: str) -> tuple[Unit, ...]:
        """What a unit is today: itself, or the units at the end of its line (more than one where it was divided)."""
        following = self._next.get(code)
        if not following:
            return (self._units[code],)
        ends: dict[str, Unit] = {}
        for succession in following:
            ends.update((unit.code, unit) for unit in self.today(succession.successor))
        return tuple(ends.values())

    def ancestors(self, code: str) -> tuple[Unit, ...]:
        """Everything that went into a unit, nearest first."""
        found: dict[str, Unit] = {}
        for succession in self._previous.get(code, ()):
            found[succession.unit] = self._units[succession.unit]
        for parent in list(found):
            found.update((unit.code, unit) for unit in self.ancestors(parent))
        return tuple(found.values())

    def last_change(self, code: str) -> date | None:
        """The day on which a unit's line last took another name; None when it never did."""
        days: Sequence[date] = [
            day
            for succession in self._next.get(code, ())
            for day in (succession.on_date, self.last_change(succession.successor))
            if day is not None
        ]
        return max(days, default=None)

    def _refuse_circles(self) -> None:
        # A successor must outlive what it follows; then no line can come back to where it began.
        for following in self._next.values():
            for succession in following:
                unit, successor, day = (
                    self._units[succession.unit],
                    self._units[succession.successor],
                    succession.on_date,
                )
                unit_is_over = unit.valid_to is not None and unit.valid_to <= day
                if not (unit_is_over and successor.existed_on(day)):
                    raise ValueError(f"{unit.code} cannot have become {successor.code} on {day}")
