"""Which wards are scored for a year, and of which province: units in time, kept until the catalogue changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from storage.catalogue import CATALOGUE
from storage.transaction import Tx
from surveys.assessment import Verdict
from surveys.scorecard import Roadmap
from surveys.units import Lineage, Succession, Unit, UnitKind

__all__ = ["Countries", "Country", "NoSuchUnit"]


class NoSuchUnit(LookupError):
    """There was no such ward in that year."""


@dataclass(frozen=True, slots=True)
class Country:
    marker: int
    """Of the catalogue it was read from."""
    lineage: Lineage
    units: Mapping[str, Unit]
    surveyed: frozenset[str]
    """Units that ever took part in a wave."""

    def checked(self, unit: str, year: int) -> None:
        """Raises NoSuchUnit."""
        found = self.units.get(unit)
        first, following = date(year, 1, 1), date(year + 1, 1, 1)
        if (
            found is None
            or found.kind.is_province
            or found.valid_from >= following
            or (found.valid_to is not None and found.valid_to <= first)
        ):
            raise NoSuchUnit(f"There was no ward {unit} in {year}.")

    def wards(self, year: int, scored: Iterable[str]) -> tuple[Unit, ...]:
        """By code: those that stood on the year's last day in the provinces of what was surveyed or `scored`; anywhere without either."""
        home = self._home(self.surveyed.union(scored))
        standing = (unit for unit in self.lineage.on(date(year, 12, 31)) if unit.kind is UnitKind.WARD)
        return tuple(
            sorted(
                (unit for unit in standing if not home or unit.province in home), key=lambda unit: unit.code
            )
        )

    def _home(self, codes: Iterable[str]) -> set[str]:
        """The provinces of those units, and what they were and became."""
        home: set[str] = set()
        for code in codes:
            province = self.units[code].province if code in self.units else None
            if province is not None and province not in home:
                for today in self.lineage.today(province):
                    home.add(today.code)
                    home.update(unit.code for unit in self.lineage.ancestors(today.code))
        return home

    def about(
        self, roadmap: Roadmap, scored: Mapping[int, Mapping[str, Verdict]]
    ) -> Mapping[int, Mapping[str, Verdict]]:
        """What of it a roadmap speaks of: the wards of its province, as it was or became. A number of wards in the whole country
        cannot be held against one province."""
        if roadmap.province is None:
            national = {target.year for target in roadmap.targets if target.units is not None}
            return {year: verdicts for year, verdicts in scored.items() if year not in national}
        if roadmap.province not in self.units:
            return {}
        family = {roadmap.province, *(unit.code for unit in self.lineage.today(roadmap.province))}
        return {
            year: {unit: verdict for unit, verdict in verdicts.items() if self.units[unit].province in family}
            for year, verdicts in scored.items()
        }


class Countries:
    """The country as the catalogue has it now, read again only when that has changed."""

    def __init__(self) -> None:
        self._known: Country | None = None

    async def of(self, tx: Tx) -> Country:
        marker = await tx.markers.value(CATALOGUE)
        if self._known is None or self._known.marker != marker:
            self._known = await _read(tx, marker)
        return self._known

    async def wards(self, tx: Tx, year: int) -> tuple[Unit, ...]:
        return (await self.of(tx)).wards(year, await tx.scorecards.units())


async def _read(tx: Tx, marker: int) -> Country:
    units = [
        Unit(row.code, row.name, UnitKind(row.kind), row.province, row.valid_from, row.valid_to, row.source)
        for row in await tx.units.all()
    ]
    successions = [
        Succession(row.unit, row.successor, row.on_date, row.source) for row in await tx.units.successors()
    ]
    surveyed = frozenset(each.unit for each in await tx.wave_units.all())
    return Country(marker, Lineage(units, successions), {unit.code: unit for unit in units}, surveyed)
