"""Fills the units table: with the small province we ship, or with the whole country from the packages that carry it.

The two packages disagree; whatever they disagree on is listed, and the one that follows the official codes wins.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage import rows
from storage.catalogue import CATALOGUE
from storage.database import Database
from storage.transaction import Tx
from surveys.units import Gazetteer, Lineage, Succession, Unit, UnitData, UnitKind, tra_vinh

if TYPE_CHECKING:
    from handlers.country import Disagreement

__all__ = ["ImportReport", "Places", "gazetteer", "import_country", "lineage", "load_seed", "reach_of"]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import brought, and what the sources could not agree on."""

    provinces: int
    units: int
    """Communes, wards and special zones of today."""
    past: int
    """Units that are no more."""
    successions: int
    divided: tuple[str, ...]
    """Past units that went to several units of today: for these nobody can say where a person lives."""
    disagreements: "tuple[Disagreement, ...]"

    def about(self, kind: str) -> "tuple[Disagreement, ...]":
        return tuple(each for each in self.disagreements if each.kind == kind)


async def load_seed(db: Database) -> UnitData:
    """The six wards of today and everything they came from. Loading it again changes nothing."""
    data = tra_vinh()
    async with db.transaction() as tx:
        await _save(tx, data)
    return data


async def import_country(db: Database) -> ImportReport:
    """The 34 provinces and 3,321 units of today, and the units before 1/7/2025 with what became of them.

    Raises ModuleNotFoundError when the packages of the `units` extra are not installed. Importing again changes nothing.
    """
    # Heavy, and needed once in a year.
    from handlers.country import read_country

    country = read_country(tra_vinh())
    async with db.transaction() as tx:
        await _save(tx, country.data)
    today = [unit for unit in country.data.units if not unit.is_past]
    past = [unit for unit in country.data.units if unit.is_past]
    return ImportReport(
        provinces=sum(unit.kind.is_province for unit in today),
        units=sum(not unit.kind.is_province for unit in today),
        past=len(past),
        successions=len(country.data.successions),
        divided=country.divided,
        disagreements=country.disagreements,
    )


async def gazetteer(tx: Tx) -> Gazetteer:
    """Everything the table holds, ready to be searched. Keep it until `tx.markers` moves."""
    units, successions = await _units(tx)
    made = Gazetteer(units, successions, [(row.unit, row.alias) for row in await tx.units.aliases()])
    return await asyncio.to_thread(made.ready)


class Places:
    """Where every unit lies, kept until the table changes. For whoever asks at every request; to search, see `gazetteer`."""

    def __init__(self) -> None:
        self._kept: tuple[int, Gazetteer] | None = None

    async def known(self, tx: Tx) -> Gazetteer:
        marker = await tx.markers.value(CATALOGUE)
        if self._kept is None or self._kept[0] != marker:
            self._kept = marker, Gazetteer(*await _units(tx))
        return self._kept[1]


def reach_of(known: Gazetteer, unit: str) -> frozenset[str]:
    """Where something of a unit happens: there, in what it is today, and in the wards of that. Raises KeyError."""
    today = known.today(unit)
    wards = (ward.code for own in today for ward in known.wards(own.code))
    return frozenset({unit, *(own.code for own in today), *wards})


async def lineage(tx: Tx) -> Lineage:
    """What became of every unit."""
    return Lineage(*await _units(tx))


async def _units(tx: Tx) -> tuple[list[Unit], list[Succession]]:
    units = [
        Unit(row.code, row.name, UnitKind(row.kind), row.province, row.valid_from, row.valid_to, row.source)
        for row in await tx.units.all()
    ]
    successions = [
        Succession(row.unit, row.successor, row.on_date, row.source) for row in await tx.units.successors()
    ]
    return units, successions


async def _save(tx: Tx, data: UnitData) -> None:
    await tx.units.upsert_many(
        [
            rows.Unit(
                code=unit.code,
                name=unit.name,
                kind=unit.kind.value,
                province=unit.province,
                valid_from=unit.valid_from,
                valid_to=unit.valid_to,
                source=unit.source,
            )
            for unit in data.units
        ],
        [
            rows.UnitSuccessor(
                unit=each.unit, successor=each.successor, on_date=each.on_date, source=each.source
            )
            for each in data.successions
        ],
        [rows.UnitAlias(unit=code, alias=alias) for code, alias in data.aliases],
    )
