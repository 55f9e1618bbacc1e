"""Unit data as TOML: read, checked, and the small province we ship. It knows no database."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from surveys.units.lineage import Lineage, Succession, Unit, UnitKind

__all__ = ["UnitData", "read_units", "tra_vinh"]

TRA_VINH = Path(__file__).with_name("tra_vinh.toml")


@dataclass(frozen=True, slots=True)
class UnitData:
    """Units with what became of them and what else they are called, each fact with its source."""

    units: tuple[Unit, ...]
    successions: tuple[Succession, ...]
    aliases: tuple[tuple[str, str], ...]
    """(code, other name)."""


def tra_vinh() -> UnitData:
    """The eleven wards of 2023, the nine of early 2025, the six of today, and the communes that joined them."""
    return read_units(TRA_VINH.read_text(encoding="utf-8"))


def read_units(text: str) -> UnitData:
    """Raises ValueError, naming the unit and what is wrong with it."""
    document = tomllib.loads(text)
    rows: list[Mapping[str, Any]] = [*document.get("province", ()), *document.get("unit", ())]
    units = tuple(_unit(row) for row in rows)
    if len({unit.code for unit in units}) != len(units):
        raise ValueError("Two units carry the same code.")
    data = UnitData(
        units,
        tuple(succession for row in rows for succession in _successions(row)),
        tuple((row["code"], alias) for row in rows for alias in row.get("aliases", ())),
    )
    Lineage(data.units, data.successions)  # refuses successions that do not hold together
    return data


def _unit(row: Mapping[str, Any]) -> Unit:
    code = row.get("code", "?")
    if missing := {"code", "name", "kind", "valid_from", "source"} - row.keys():
        raise ValueError(f"Unit {code} lacks {', '.join(sorted(missing))}.")
    until: date | None = row.get("valid_to")
    if until is not None and until <= row["valid_from"]:
        raise ValueError(f"Unit {code} ends before it begins.")
    return Unit(
        code, row["name"], UnitKind(row["kind"]), row.get("province"), row["valid_from"], until, row["source"]
    )


def _successions(row: Mapping[str, Any]) -> tuple[Succession, ...]:
    return tuple(
        Succession(row["code"], successor, row["becomes_on"], row["becomes_source"])
        for successor in row.get("becomes", ())
    )
