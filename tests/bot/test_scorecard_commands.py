"""`langnghe scorecard …` and `… release …`, as an operator types them."""

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.demo import WARDS
from bot.demo_scorecards import put_on_record
from handlers.ledger import Ledger
from handlers.scorecards import Scorecards
from handlers.units import load_seed
from storage.database import Database
from surveys.assessment import Verdict
from tests.conftest import Clock
from tests.released import a_released_wave
from tests.surveys.seal import province

PAPER = ("--document", "125/QĐ-CAT", "--issued", "2026-09-01")
WARD = "29242"


@pytest.fixture(autouse=True)
def house(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's settings, and the six wards of Trà Vinh."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)

    async def seeded() -> None:
        db = await Database.open(sqlite_url)
        await load_seed(db)
        await db.close()

    asyncio.run(seeded())


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def said(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.stderr


def entered(criterion: str = "R1.1", value: str = "yes", ward: str = WARD) -> str:
    """The id it is countersigned by."""
    out = said("scorecard", "enter", ward, criterion, value, *PAPER, "--by", "An", "--year", "2026")
    return out.split(":")[0]


def test_from_the_paper_to_the_frozen_card():
    id = entered()
    assert id in said("scorecard", "waiting", "--year", "2026")
    assert "waits for a second person" in refused(
        "scorecard", "freeze", WARD, "--by", "A", "--countersigned-by", "B", "--year", "2026"
    )

    said("scorecard", "sign", id, "--by", "Bình", "--year", "2026")
    frozen = said("scorecard", "freeze", WARD, "--by", "A", "--countersigned-by", "B", "--year", "2026")

    assert "ledger entry 1" in frozen
    card = json.loads(said("scorecard", "show", WARD, "--year", "2026", "--json"))
    assert card["frozen"]["entry"] == 1
    assert {line["criterion"]: line["verdict"] for line in card["lines"]}["R1.1"] == Verdict.MET
    matrix = json.loads(said("scorecard", "matrix", "--year", "2026", "--json"))
    assert len(matrix) == 6
    assert matrix[WARD]["R1.1"] == "dat"
    assert "Frozen" in said("scorecard", "show", WARD, "--year", "2026")
    assert "Nothing waits" in said("scorecard", "waiting", "--year", "2026")


def test_an_appeal_is_filed_decided_and_the_card_replaced():
    freeze = ("scorecard", "freeze", WARD, "--by", "A", "--countersigned-by", "B", "--year", "2026")
    said(*freeze)
    filed = said(
        "scorecard", "appeal", WARD, "R1.1", "--by", "C", "--reason", "Thiếu văn bản", "--year", "2026"
    )
    id = filed.split()[1]
    assert id in said("scorecard", "waiting", "--year", "2026")

    assert "Let another person" in refused("scorecard", "decide", id, "granted", "--by", "C", "--reason", "x")
    assert "granted, rejected, withdrawn" in refused(
        "scorecard", "decide", id, "yes", "--by", "A", "--reason", "x"
    )
    said("scorecard", "decide", id, "granted", "--by", "A", "--reason", "Đúng")

    assert "ledger entry 2" in said(*freeze)
    assert "It replaces" in said("scorecard", "show", WARD, "--year", "2026")


@pytest.mark.parametrize(
    ("words", "next_step"),
    [
        (("enter", WARD, "R1.1", "3", *PAPER, "--by", "An"), "wants yes or no"),
        (("enter", WARD, "R2.4", "5/4", *PAPER, "--by", "An"), "such as 45/50"),
        (("enter", WARD, "R9.9", "yes", *PAPER, "--by", "An"), "scorecard matrix"),
        (("enter", WARD, "R7.1", "9/10", *PAPER, "--by", "An"), "not shown by"),
        (("enter", "00000", "R1.1", "yes", *PAPER, "--by", "An"), "units find"),
        (("enter", WARD, "R1.1", "yes", "--document", "1", "--issued", "1/9", "--by", "An"), "2026-11-14"),
        (("sign", "00000000", "--by", "An"), "scorecard waiting"),
        (("sign", "abc/", "--by", "An"), "scorecard waiting"),
        (("show", WARD, "--set", "x"), "scorecard sets"),
        (("show", WARD, "--as-of", "gestern"), "2026-11-14"),
        (("terms", "R7.1=90%"), "--source"),
        (("terms", "R7.1=0.9", "--by", "A", "--source", "KH"), "write it as 90%"),
        (("terms", "T7.3=20%", "--by", "A", "--source", "KH"), "what-if"),
        (("what-if", WARD), "--minimum"),
        (("freeze", WARD, "--by", "A", "--countersigned-by", " a"), "another person"),
        (("register", "none.csv", *PAPER, "--by", "An"), "Check its name"),
        (("restate", "00000", "--on", "2024-06-01"), "units find"),
    ],
)
def test_every_refusal_says_the_next_step(words: tuple[str, ...], next_step: str):
    assert next_step in refused("scorecard", *words)


def test_a_register_comes_in_and_its_faults_are_named_by_row(tmp_path: Path):
    file = tmp_path / "so.csv"
    file.write_text(
        "Mã đơn vị,Tháng,Đã giải quyết,Trước hạn,Trễ hạn\n29242,2026-01,1000,99,5\n9,2026-01,1,1,0\n"
    )
    words = ("scorecard", "register", str(file), *PAPER, "--by", "An", "--year", "2026")
    assert "dòng 3" in refused(*words)
    file.write_text(file.read_text().replace("9,2026-01,1,1,0\n", ""))

    beginning = said(*words).split()[-3]

    assert beginning.endswith("/")
    said("scorecard", "sign", beginning, "--by", "Bình", "--year", "2026")
    shown = said("scorecard", "show", WARD, "--year", "2026")
    assert "99/1000 = 9,90" in shown
    assert "1000 resolved, 99 early" in shown


def test_the_22_go_out_as_a_workbook_and_come_back_with_the_rule_marked_as_assumed(tmp_path: Path):
    file = tmp_path / "khung.xlsx"
    said("scorecard", "template", str(file))
    assert "is there already" in refused("scorecard", "template", str(file))
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    for column, text in ((2, "Nhóm một"), (3, "Nội dung ví dụ"), (10, "tr. 2")):
        sheet.cell(row=2, column=column, value=text)
    book.save(file)

    about = ("--id", "vi-du", "--source", "Văn bản ví dụ", "--valid-from", "2026-01-01")
    assert "1 of 22 criteria" in said("scorecard", "import", str(file), *about)

    for reading in (("sets",), ("matrix", "--set", "vi-du"), ("show", WARD, "--set", "vi-du")):
        assert "ASSUMED" in said("scorecard", *reading)


def test_terms_are_shown_and_tried_before_they_are_set():
    entered("T2.3", "9")
    said("scorecard", "sign", entered("T2.3", "9"), "--by", "Bình", "--year", "2026")

    tried = said("scorecard", "what-if", WARD, "T2.3=9", "--year", "2026")

    assert "not met → met" in tried
    assert "Nobody has set any" in said("scorecard", "terms", "--year", "2026")
    said(
        "scorecard",
        "terms",
        "R7.1=92,5%",
        "--by",
        "A",
        "--source",
        "KH 7",
        "--minimum",
        "30",
        "--year",
        "2026",
    )
    assert "≥ 92,5" in said("scorecard", "terms", "--year", "2026")


def test_as_of_a_day_before_nothing_was_known():
    said("scorecard", "sign", entered(), "--by", "Bình", "--year", "2026")

    def verdict(*when: str) -> str:
        card = json.loads(said("scorecard", "show", WARD, "--year", "2026", "--json", *when))
        return str(card["lines"][0]["verdict"])

    assert verdict() == Verdict.MET
    assert verdict("--as-of", "2026-01-31") == Verdict.NO_BASIS


def test_what_cards_are_held_against_is_there_without_any_card():
    roadmap = said("scorecard", "roadmap", "--year", "2026")
    assert all(each in roadmap for each in ("5/11", "11/11", "≥ 30", "106"))
    assert set(json.loads(said("scorecard", "roadmap", "--json"))) == {"tra-vinh", "ha-tinh", "ca-nuoc"}
    assert " 54" in said("scorecard", "baseline")
    assert "group 2: 1 of 2" in said("scorecard", "baseline", "29254")  # Phường 7 and Phường 8
    assert "units find" in refused("scorecard", "baseline", "00000")
    assert "No part of 29254 has a scorecard" in refused(
        "scorecard", "restate", "29254", "--on", "2024-06-01"
    )


def test_what_was_released_is_listed_shown_and_printed_as_it_was_hashed(sqlite_url: str):
    assert "Nothing is released yet" in said("release", "list")
    assert "release list" in refused("release", "show", "none")
    lines = asyncio.run(_released(sqlite_url))

    assert province.SLUG in said("release", "list")
    shown = said("release", "show", province.SLUG)
    assert "band" in shown
    printed = said("release", "lines", province.SLUG).splitlines()
    assert printed
    assert set(printed) <= set(lines)
    assert said("release", "show", province.SLUG, "--json").splitlines() == printed


async def _released(url: str) -> tuple[str, ...]:
    db = await Database.open(url)
    clock = Clock(datetime(2026, 11, 22, 1, 30, tzinfo=UTC))
    lines = await a_released_wave(db, Ledger(province.OURS), clock)
    await db.close()
    return lines


async def test_the_demo_shows_every_verdict_one_frozen_card_and_an_appeal(sqlite_database: Database):
    await load_seed(sqlite_database)
    clock = Clock(datetime(2026, 1, 10, 3, tzinfo=UTC))
    ledger = Ledger(province.OURS)
    cards = Scorecards(sqlite_database, ledger, clock)
    wards = [ward.code for ward in WARDS]

    await put_on_record(cards, wards, 2025, date(2026, 1, 10))

    found = await cards.cards("qd1578", 2025)
    verdicts = {line.verdict for card in found.values() for line in card.lines}
    assert verdicts >= {Verdict.MET, Verdict.NOT_MET, Verdict.NO_BASIS}
    [frozen] = (await cards.frozen("qd1578", 2025)).values()
    assert [contest.is_open for contest in frozen.appeals] == [True]
    early = {card.unit: card.line("T7.3").verdict for card in found.values()}
    assert early["29263"] is Verdict.NOT_MET  # 297 of 2,980 are 9.97 %
    assert early["29512"] is Verdict.MET  # 166 of 1,660 are 10 %
    assert len(await cards.waiting(2025)) == 1
