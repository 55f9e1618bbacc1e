"""Released figures on every surface: the same numbers, nothing more, and a group that is too small looks like none at all."""

import io
import json
import sqlite3
import time
from collections.abc import Callable, Iterable

import aiohttp
import openpyxl
import pytest

from bot.web.app import build
from bot.web.board import boards
from bot.web.figures import Figures, as_csv, as_json, as_xlsx
from bot.web.pages import Pages
from handlers.ledger import Ledger
from handlers.units import load_seed
from handlers.waves import Waves
from storage.database import Database
from storage.vault import Vault
from surveys.assessment import load_criteria
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.releases import Released, ReleasedWard, Terms
from surveys.releasing import release, tally_for
from surveys.tabled import COLUMNS, rows
from surveys.texts import LANGUAGES
from surveys.told_results import told
from tests.conftest import Clock
from tests.handlers.test_exclusions import sealed
from tests.handlers.test_waves import LONG_DUC
from tests.surveys.results.years import FORM
from tests.web.conftest import running

CRITERIA = load_criteria("qd1578")


def published(few: dict[str, int], *, name: str = "Phường B") -> tuple[Released, ...]:
    """Ward A with sixty answers, and ward B with a few: by any stream, in any mode, to any question."""
    units: dict[str, tuple[str, int | None]] = {"a": ("Phường A", 400), "b": (name, 400)}
    terms = Terms("w", "Đợt 2026", "residents", 10, "0.9", units, 10, {"t": ("Tỉnh", ("a", "b"))})
    tally = tally_for(FORM)
    for step, number in {"5": 25, "4": 15, "2": 20}.items():
        for _ in range(number):
            tally.add("a", Stream.INVITED, {"chung": step, "niem_yet": "co", "viec": "cu_tru"})
    for step, number in few.items():
        for place in range(number):
            stream, mode = list(Stream)[place % 3], list(Mode)[place % 3]
            tally.add("b", stream, {"chung": step, "niem_yet": "khong", "viec": "xe"}, mode)
    return tuple(release(FORM, tally, {"b": sum(few.values())}, terms, CRITERIA).values())


def wards_of(released: Iterable[Released]) -> list[ReleasedWard]:
    return [line for line in released if isinstance(line, ReleasedWard)]


def page(released: tuple[Released, ...]) -> bytes:
    pages = Pages(demo=False, telegram_url=None, k=10)
    return "".join(pages.results(language, boards(wards_of(released))) for language in LANGUAGES).encode()


def chat(released: tuple[Released, ...]) -> bytes:
    return "".join(told(language, ward) for language in LANGUAGES for ward in wards_of(released)).encode()


SURFACES: dict[str, Callable[[tuple[Released, ...]], bytes]] = {
    "page": page,
    "chat": chat,
    "csv": lambda released: as_csv(rows(released)),
    "xlsx": lambda released: as_xlsx(rows(released)),
    "api": lambda released: json.dumps(as_json(rows(released))).encode(),
}


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("few", [{"5": 9}, {"1": 1}, {"5": 3, "4": 2, "2": 2, "1": 2}, {"0": 9}])
def test_too_few_and_none_at_all_are_the_same_bytes_everywhere(surface: str, few: dict[str, int]) -> None:
    draw = SURFACES[surface]

    assert draw(published(few)) == draw(published({}))


@pytest.mark.parametrize("surface", SURFACES)
def test_and_enough_are_not(surface: str) -> None:
    """So that the test above cannot pass on a surface that shows nothing."""
    draw = SURFACES[surface]

    assert draw(published({"5": 40, "2": 30})) != draw(published({}))


def test_every_file_holds_the_same_numbers() -> None:
    released = published({"5": 40, "2": 30})
    table = [list(row.values) for row in rows(released)]

    from_api = as_json(rows(released))
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(rows(released)))).active
    assert sheet is not None
    from_xlsx = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    lines = as_csv(rows(released)).decode("utf-8-sig").splitlines()

    assert from_api["version"] == 1
    assert from_api["rows"] == table
    assert from_xlsx == [list(COLUMNS), *([["" if cell is None else cell for cell in row] for row in table])]
    assert len(lines) == len(table) + 1


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_name_becomes_a_formula(name: str) -> None:
    released = published({}, name=name)

    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(rows(released)))).active
    assert sheet is not None
    assert all(cell.data_type in ("s", "n") for row in sheet.iter_rows() for cell in row)
    assert f"\n'{name}" not in as_csv(rows(released)).decode()
    assert f",'{name}" in as_csv(rows(released)).decode()


def test_the_same_release_is_the_same_file() -> None:
    released = published({"5": 40, "2": 30})

    for make in (as_csv, as_xlsx):
        first = make(rows(released))
        time.sleep(1.1)  # a clock that went into the file would show
        assert make(rows(released)) == first


def test_the_chat_says_what_the_page_says() -> None:
    [ward, _] = wards_of(published({}))

    assert told("vi", ward).splitlines() == [
        "Đợt 2026 – Phường A",
        "Hài lòng chung: 66,67\N{NO-BREAK SPACE}% (40/60 người; khoảng tin cậy 95 %: 54,0–77,3 %)",
        "Rất hài lòng: 41,67\N{NO-BREAK SPACE}%. Hai mức thấp: –.",
        "Được mời 400 người.",
        "“–” là chưa có hoặc quá ít người trả lời để công bố (dưới 10 người).",
    ]
    assert "66.67" in told("en", ward)


# ── However many ballots lie behind it ───────────────────────────────────────────────────────────────────────────


async def test_no_surface_looks_at_a_ballot(
    sqlite_database: Database, sqlite_url: str, vault: Vault, clock: Clock
) -> None:
    """With the ballots gone, every page and file is what it was."""
    await load_seed(sqlite_database)
    waves = Waves(sqlite_database, vault, clock, ledger=Ledger(vault.ledger_signer("langnghe")))
    await sealed(waves, sqlite_database, vault, clock)
    await waves.release("2026")
    with_ballots = await shown(Waves(sqlite_database, vault, clock))
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    connection.execute("PRAGMA foreign_keys=OFF")
    for table in ("ballots", "comments", "receipts", "strata"):
        connection.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
    connection.commit()
    connection.close()

    without = await shown(Waves(sqlite_database, vault, clock))

    assert without == with_ballots
    assert f"2026,{LONG_DUC},".encode() in without["/results.csv"]


async def shown(waves: Waves) -> dict[str, bytes]:
    """Every surface there is, of a process that has just begun."""
    site = build(
        results=waves.results,
        provinces=waves.provinces,
        web_chat=None,
        webhooks={},
        health=nothing_wrong,
        cookie_key=b"a key of the tests, not of anybody",
        rooms=Figures(waves.released).routes,
    )
    found = {}
    async with running(site) as url, aiohttp.ClientSession() as session:
        for path in ("/results", f"/results/{LONG_DUC}", "/results.csv", "/results.xlsx", "/api/v1/results"):
            async with session.get(url + path) as response:
                found[path] = await response.read()
                assert response.status == 200, path
    return found


async def nothing_wrong() -> dict[str, object]:
    return {"status": "ok"}
