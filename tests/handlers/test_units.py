"""The units table, filled with the small province and with the whole country."""

import pytest

from handlers.country import read_country
from handlers.units import gazetteer, import_country, load_seed
from storage.database import Database
from surveys.units import FoundKind, tra_vinh


async def test_the_shipped_units_are_loaded_and_found(database: Database) -> None:
    await load_seed(database)
    await load_seed(database)

    async with database.reading() as tx:
        units = await gazetteer(tx)
    assert len(units.wards("86")) == 6
    assert units.find("phuong 4 tra vinh").kind is FoundKind.WAS


async def test_the_whole_country_comes_in_and_says_what_the_sources_disagree_on(
    sqlite_database: Database,
) -> None:
    report = await import_country(sqlite_database)

    assert (report.provinces, report.units) == (34, 3321)
    assert report.past > 10_000
    assert len(report.about("code")) == 114
    assert 40 <= len(report.about("name")) <= 50
    assert report.about("successor") == ()  # our table of Trà Vinh and theirs say the same
    assert any(
        each.of == "Phường Cầu Giấy" and {each.ours, each.theirs} == {"00166", "00167"}
        for each in report.about("code")
    )
    async with sqlite_database.reading() as tx:
        units = await gazetteer(tx)
    assert len(units.provinces) == 34
    assert len(units.wards("86")) == 124
    found = units.find("phuong 4 tra vinh")
    assert (found.kind, found.unit and found.unit.code) == (FoundKind.WAS, "29263")


@pytest.fixture(scope="module")
def country() -> dict[str, tuple[str, ...]]:
    read = read_country(tra_vinh())
    ends: dict[str, list[str]] = {}
    for succession in read.data.successions:
        ends.setdefault(succession.unit, []).append(succession.successor)
    names = {unit.code: unit.name for unit in read.data.units}
    return {names[code]: tuple(sorted(names[end] for end in found)) for code, found in ends.items()}


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("Phường Bến Nghé (quận 1)", ("Phường Sài Gòn",)),
        ("Phường Suối Hoa (TP Bắc Ninh)", ("Phường Kinh Bắc",)),
        ("Phường Tân Chánh Hiệp (quận 12)", ("Phường Trung Mỹ Tây",)),
        ("Phường Dịch Vọng Hậu (quận Cầu Giấy)", ("Phường Cầu Giấy", "Phường Nghĩa Đô")),
    ],
)
def test_past_units_lead_where_they_went(
    country: dict[str, tuple[str, ...]], old: str, today: tuple[str, ...]
) -> None:
    assert country[old] == today


async def test_importing_again_changes_nothing(sqlite_database: Database) -> None:
    first = await import_country(sqlite_database)
    second = await import_country(sqlite_database)

    assert first == second
