"""The whole country's units out of two packages, cross-checked. It reads their data files and nothing else of them.

* vietnam-provinces carries the units of today under their official codes (data of 18/10/2025): it decides.
* vietnamadminunits carries the units before 1/7/2025 and what became of them: the only source we have for that. Its search
  and its `convert_address` are not used: they answer “Phường Trà Vinh” to “phường 99, TP Trà Vinh”, without a word.
"""

import json
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from surveys.units import Lineage, Succession, Unit, UnitData, UnitKind, fold

__all__ = ["Country", "Disagreement", "read_country"]

REFORM = date(2025, 7, 1)
KNOWN_SINCE = date(2025, 1, 1)  # the old snapshot already shows the mergers of that day
TODAY = "vietnam-provinces 2025.10.1 (dữ liệu 18/10/2025)"
BEFORE = "vietnamadminunits 1.0.4 (đơn vị trước 1/7/2025)"
BECAME = "vietnamadminunits 1.0.4 (bảng chuyển đổi 1/7/2025)"

KINDS = {
    "Phường": UnitKind.WARD,
    "Xã": UnitKind.COMMUNE,
    "Đặc khu": UnitKind.ZONE,
    "Thị trấn": UnitKind.TOWNSHIP,
}
TOWNS = {"Thành phố ": "TP ", "Thị xã ": "TX ", "Huyện ": "huyện ", "Quận ": "quận "}
# The old province of the wards we ship, under their own codes; their rows are better than the package's.
SHIPPED_PROVINCES = {"tinhtravinh": "TV"}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing the packages say differently."""

    kind: str
    """`code`: a unit's code. `name`: a code's name. `successor`: what a past unit that we ship became."""
    of: str
    """The unit's name, the code, the past unit's code."""
    ours: str
    """What was imported."""
    theirs: str
    """As vietnamadminunits has it; '' where it has no such unit."""


@dataclass(frozen=True, slots=True)
class Country:
    data: UnitData
    divided: tuple[str, ...]
    """Codes of past units that went to several units of today."""
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class _Theirs:
    """A unit of today as vietnamadminunits has it."""

    province: str
    """The province's official code."""
    province_key: str
    key: str
    code: str
    name: str


def read_country(shipped: UnitData) -> Country:
    """`shipped`: the units we have better sources for; they stay as they are. Raises ModuleNotFoundError."""
    folder = _folder("vietnamadminunits") / "data"
    with closing(sqlite3.connect(f"{(folder / 'dataset.db').as_uri()}?mode=ro", uri=True)) as database:
        theirs = list(_theirs(database))
        old_provinces, old_units, codes = _before(database, shipped)
    converter = json.loads((folder / "converter_2025.json").read_text(encoding="utf-8"))
    ours = [unit for unit in shipped.units if not unit.is_past]
    written = _written_today()
    ours += _today(written, known={unit.code for unit in ours})

    became: dict[str, set[str]] = {}
    for key, code in _became(converter, theirs, ours):
        if key in codes:
            became.setdefault(codes[key], set()).add(code)
    province_codes = {unit.province_key: unit.province for unit in theirs}
    for new, olds in converter["DICT_PROVINCE"].items():
        for old in olds:
            if old in old_provinces:
                became[old_provinces[old].code] = {province_codes[new]}

    lineage = Lineage(shipped.units, shipped.successions)
    known = {unit.code for unit in shipped.units}
    contradictions = [
        Disagreement(
            "successor", code, ", ".join(sorted(unit.code for unit in lineage.today(code))), ", ".join(ends)
        )
        for code, ends in ((code, sorted(ends)) for code, ends in became.items() if code in known)
        if {unit.code for unit in lineage.today(code)} != set(ends)
    ]
    successions = [
        Succession(unit, end, REFORM, BECAME)
        for unit, ends in became.items()
        if unit not in known
        for end in sorted(ends)
    ]
    # A past unit that leads nowhere would only lead people astray: it is left out.
    past = [unit for unit in (*old_provinces.values(), *old_units) if unit.code in became]
    data = UnitData(
        (*shipped.units, *(unit for unit in ours if unit.code not in known), *past),
        (*shipped.successions, *successions),
        shipped.aliases,
    )
    return Country(
        data,
        tuple(unit.code for unit in past if len(became[unit.code]) > 1),
        (*_disagreements(written, ours, theirs), *contradictions),
    )


# ── Today ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _written_today() -> list[dict[str, Any]]:
    """The provinces with their wards, as vietnam-provinces writes them."""
    file = _folder("vietnam_provinces") / "data" / "nested-divisions.json"
    provinces: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return provinces


def _today(written: list[dict[str, Any]], known: Container[str]) -> Iterator[Unit]:
    """The provinces and wards of today, but those we know."""
    for province in written:
        code = f"{province['code']:02}"
        if code not in known:
            kind = UnitKind.PROVINCE if province["division_type"] == "tỉnh" else UnitKind.CITY
            yield Unit(code, _clean(province["name"]), kind, None, REFORM, None, TODAY)
        for ward in province["wards"]:
            ward_code = f"{ward['code']:05}"
            if ward_code not in known:
                name = _clean(ward["name"])
                yield Unit(ward_code, name, _kind(name), code, REFORM, None, TODAY)


def _theirs(database: sqlite3.Connection) -> Iterator[_Theirs]:
    for row in database.execute("SELECT provinceCode, provinceKey, wardKey, wardCode, ward FROM admin_units"):
        yield _Theirs(*row)


def _disagreements(
    written: list[dict[str, Any]], ours: Sequence[Unit], theirs: Sequence[_Theirs]
) -> Iterator[Disagreement]:
    """Of codes and names, the latter as they are written: a space too many is listed too."""
    names = {f"{ward['code']:05}": ward["name"] for province in written for ward in province["wards"]}
    their_names = {unit.code: unit.name for unit in theirs}
    find = _finder(unit for unit in ours if unit.province is not None)
    their_codes = {find(unit): unit.code for unit in theirs}
    for code, name in sorted(names.items()):
        if code not in their_names:
            yield Disagreement("code", _clean(name), code, their_codes.get(code, ""))
        elif their_names[code] != name:
            yield Disagreement("name", code, name, their_names[code])


def _finder(ours: Iterable[Unit]) -> Callable[[_Theirs], str | None]:
    """Their unit of today → our code: by name, else by name without its diacritics, else by the code they give it."""
    ours = list(ours)
    by_name = {(unit.province, unit.name): unit.code for unit in ours}
    folded = Counter((unit.province, fold(unit.name)) for unit in ours)
    by_folded = {
        (unit.province, fold(unit.name)): unit.code
        for unit in ours
        if folded[unit.province, fold(unit.name)] == 1
    }
    codes = {unit.code for unit in ours}

    def find(unit: _Theirs) -> str | None:
        return (
            by_name.get((unit.province, _clean(unit.name)))
            or by_folded.get((unit.province, fold(unit.name)))
            or (unit.code if unit.code in codes else None)
        )

    return find


# ── Before 1/7/2025 ──────────────────────────────────────────────────────────────────────────────────────────────


def _before(
    database: sqlite3.Connection, shipped: UnitData
) -> tuple[dict[str, Unit], list[Unit], dict[str, str]]:
    """Old provinces by their key, old units that we do not ship, and the converter's key of each unit → our code."""
    provinces: dict[str, Unit] = {}
    units: list[Unit] = []
    codes: dict[str, str] = {}
    shipped_names = {(unit.province, unit.name): unit.code for unit in shipped.units if unit.is_past}
    query = """SELECT provinceKey, provinceCode, province, districtKey, district, wardKey, wardCode, ward
               FROM admin_units_legacy ORDER BY wardCode"""
    for province_key, province_code, province, district_key, district, key, code, ward in database.execute(
        query
    ):
        our_province = SHIPPED_PROVINCES.get(province_key, f"old-{province_code}")
        if province_key not in SHIPPED_PROVINCES:
            kind = UnitKind.CITY if province.startswith("Thành phố") else UnitKind.PROVINCE
            provinces.setdefault(
                province_key,
                Unit(our_province, _clean(province), kind, None, KNOWN_SINCE, REFORM, BEFORE),
            )
        if key is None:  # five island districts had no communes; the district itself became the special zone
            continue
        name = f"{_clean(ward)} ({_town(_clean(district))})"
        our_code = shipped_names.get((our_province, name)) or f"old-{code}"
        codes[f"{province_key}_{district_key}_{key}"] = our_code
        if our_code.startswith("old-"):
            units.append(Unit(our_code, name, _kind(name), our_province, KNOWN_SINCE, REFORM, BEFORE))
    return provinces, units, codes


def _became(
    converter: Mapping[str, Any], theirs: Sequence[_Theirs], ours: Sequence[Unit]
) -> Iterator[tuple[str, str]]:
    """The converter's key of each past unit, and our code of each unit of today that it went to."""
    find = _finder(unit for unit in ours if unit.province is not None)
    today = {(unit.province_key, unit.key): find(unit) for unit in theirs}
    for province, wards in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, olds in wards.items():
            for old in olds:
                if code := today.get((province, ward)):
                    yield old, code
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in divided.items():
            for part in parts:
                if code := today.get((province, part["newWardKey"])):
                    yield old, code


def _town(district: str) -> str:
    for long, short in TOWNS.items():
        if district.startswith(long):
            return short + district.removeprefix(long)
    return district


def _kind(name: str) -> UnitKind:
    return next(kind for word, kind in KINDS.items() if name.lower().startswith(f"{word.lower()} "))


def _clean(name: str) -> str:
    """One way to write a name: composed letters, single spaces."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()


def _folder(package: str) -> Path:
    """Where a package's files are, without running any of it: importing vietnamadminunits opens a geocoding client."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"The whole country's units come from packages that are not installed: pip install 'langnghe[units]' ({package})."
        )
    return Path(spec.origin).parent
