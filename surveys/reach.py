"""Where an Official Account serves: its own unit and what lies below it, whatever that is called today. Pure.

Somebody who writes to a ward's account answers, reads and subscribes there and nowhere else; at a province's, in all its wards.
Other channels are nobody's, and reach everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from surveys.units import Gazetteer, Unit

__all__ = ["EVERYWHERE", "Reach", "Served", "served"]


@dataclass(frozen=True)
class Served:
    """One account that belongs to a unit."""

    account: str
    """As in `Address.account`."""
    name: str
    home: str
    units: frozenset[str]
    """The codes of today: the unit, and all below it."""


def served(account: str, name: str, home: str, gazetteer: Gazetteer) -> Served:
    """A unit that became another serves what it became. One that nobody knows serves itself: more would be a guess."""
    try:
        today = gazetteer.today(home)
    except KeyError:
        return Served(account, name, home, frozenset({home}))
    units = {each.code for unit in today for each in (unit, *gazetteer.wards(unit.code))}
    return Served(account, name, home, frozenset(units))


@dataclass(frozen=True)
class Reach:
    """How far somebody gets by the accounts they have."""

    by: tuple[Served, ...] | None = None
    """None: everywhere."""
    others: tuple[Served, ...] = ()
    """Accounts they might use for what these do not serve."""

    @cached_property
    def units(self) -> frozenset[str]:
        return frozenset().union(*(each.units for each in self.by or ()))

    @property
    def is_everywhere(self) -> bool:
        return self.by is None

    def covers(self, code: str, gazetteer: Gazetteer) -> bool:
        """A former unit is where it lies today."""
        return self.is_everywhere or not self.units.isdisjoint(_today(code, gazetteer))

    def within(self, units: Iterable[Unit], gazetteer: Gazetteer) -> tuple[Unit, ...]:
        """Those that are served, and provinces of which some part is."""
        return tuple(unit for unit in units if self.touches(unit, gazetteer))

    def touches(self, unit: Unit, gazetteer: Gazetteer) -> bool:
        if self.covers(unit.code, gazetteer):
            return True
        return unit.kind.is_province and any(
            ward.code in self.units for code in _today(unit.code, gazetteer) for ward in gazetteer.wards(code)
        )

    def only(self, gazetteer: Gazetteer) -> str | None:
        """The one ward that is served, where there is one: nobody need be asked which."""
        wards = [code for code in self.units if not _is_province(code, gazetteer)]
        return wards[0] if len(wards) == 1 else None

    def elsewhere(self, code: str, gazetteer: Gazetteer) -> Served | None:
        """The nearest other account that serves a unit: its own before its province's."""
        today = _today(code, gazetteer)
        serving = [each for each in self.others if not each.units.isdisjoint(today)]
        return min(serving, key=lambda each: (len(each.units), each.account), default=None)


EVERYWHERE = Reach()


def _today(code: str, gazetteer: Gazetteer) -> frozenset[str]:
    try:
        return frozenset(unit.code for unit in gazetteer.today(code)) | {code}
    except KeyError:
        return frozenset({code})


def _is_province(code: str, gazetteer: Gazetteer) -> bool:
    try:
        return gazetteer.unit(code).kind.is_province
    except KeyError:
        return False
