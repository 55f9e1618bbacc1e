"""What the operator does for people: the first supervisor, a hand-over, a lost telephone; and the trail, read and checked."""

import re
import sqlite3
import stat
from pathlib import Path

import pytest

from bot.cli import desk
from bot.cli import people_work as people
from storage.sqlite import path_of

OPERATOR = "Nguyễn Vận Hành"
CODE = re.compile(r"^  ((?:[0-9A-Z]{5}-){5}[0-9A-Z]{5})$", re.MULTILINE)


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: str) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("PUBLIC_URL", "https://langnghe.example")
    assert desk.units_import(True) == 0
    return path_of(sqlite_url)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    heard = capsys.readouterr()
    return heard.out + heard.err


def appoints(name: str = "Lê Văn Chính", role: str = "supervisor", unit: str = "86") -> int:
    return people.appoint(name, role, unit, f"{role} {unit}", OPERATOR, "")


def test_the_first_supervisor_gets_a_code_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert people.list_("", False) == 0
    assert "langnghe people appoint" in said(capsys)
    assert appoints() == 0

    told = said(capsys)
    assert len(CODE.findall(told)) == 1
    assert "https://langnghe.example/desk/enrol" in told
    assert people.list_("", False) == 0
    listed = said(capsys)
    assert "86-supervisor" in listed
    assert "code until" in listed
    assert not CODE.findall(listed)


def test_a_hand_over_an_end_and_a_new_code(capsys: pytest.CaptureFixture[str]) -> None:
    appoints("Trần Văn Hùng", "chief", "29263")
    first = CODE.findall(said(capsys))
    assert people.code("29263-chief", OPERATOR) == 0
    second = CODE.findall(said(capsys))
    assert people.hand_over("29263-chief", "Lê Thị Mai", OPERATOR, "luân chuyển") == 0
    third = CODE.findall(said(capsys))
    assert len({*first, *second, *third}) == 3

    assert people.end("29263-chief", "nghỉ hưu", OPERATOR) == 0
    assert people.list_("29263", True) == 0
    listed = said(capsys)
    assert "Trần Văn Hùng" in listed
    assert "Lê Thị Mai" in listed
    assert people.audit(40, "29263", "", None) == 0
    trail = said(capsys)
    assert re.findall(r"people\.\w+", trail) == [
        "people.appoint",
        "people.new_code",
        "people.hand_over",
        "people.end",
    ]
    assert trail.count(f"{OPERATOR} (command line)") == 4
    assert "luân chuyển" in trail


@pytest.mark.parametrize(
    ("doing", "told"),
    [
        (lambda: appoints(role="chief", unit="86"), "posts of a ward"),
        (lambda: appoints(role="king"), "--role is one of officer, chief"),
        (lambda: appoints(unit="nowhere"), "units find"),
        (lambda: appoints(name="  "), "full name"),
        (lambda: people.end("29263-chief", "x", OPERATOR), "people list"),
        (lambda: people.hand_over("29263-chief", "Mai", " ", ""), "--by"),
        (lambda: people.code("86-supervisor", OPERATOR), "people list"),
    ],
)
def test_what_is_refused_says_what_to_do(doing, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert doing() == 1
    assert told in said(capsys)
    assert people.verify("") == 0
    assert "0 rows" in said(capsys)


def test_the_trail_is_taken_along_and_its_head_kept(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    appoints()
    said(capsys)
    file = Path("trail.csv")
    assert people.audit(40, "", "", file) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert OPERATOR in file.read_text("utf-8-sig")
    assert people.audit(40, "", "", file) == 1
    said(capsys)
    assert people.verify("") == 0
    [head] = re.findall(r"(\d+:[0-9a-f]{64})", said(capsys))
    appoints("Phạm Thị Dung", "moderator")
    assert people.verify(head) == 0

    assert people.verify(head[:-1] + ("0" if head[-1] != "0" else "1")) == 1
    assert "no longer stands" in said(capsys)


def test_whoever_writes_into_the_database_is_found_out(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Một", "Hai", "Ba"):
        appoints(name, "officer", "29263")
    with sqlite3.connect(
        house
    ) as driver:  # as somebody with the file would, who takes the triggers away first
        driver.execute("DROP TRIGGER audit_no_update")
        driver.execute("UPDATE audit SET name = 'Ai đó' WHERE number = 2")
    driver.close()
    said(capsys)

    assert people.verify("") == 1

    assert "Row 2 does not follow" in said(capsys)
