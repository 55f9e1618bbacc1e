"""Units (đơn vị): wards, communes and provinces in time, and how to find the one somebody means. Pure."""

from surveys.units.gazetteer import Found, FoundKind, Gazetteer, fold
from surveys.units.lineage import Lineage, Succession, Unit, UnitKind
from surveys.units.seed import UnitData, read_units, tra_vinh

__all__ = [
    "Found",
    "FoundKind",
    "Gazetteer",
    "Lineage",
    "Succession",
    "Unit",
    "UnitData",
    "UnitKind",
    "fold",
    "read_units",
    "tra_vinh",
]
