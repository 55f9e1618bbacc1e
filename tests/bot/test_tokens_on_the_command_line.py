"""What an operator does for visits, papers and officers, and what is refused with the next step."""

import stat
from pathlib import Path

import pytest
from pypdf import PdfReader

from bot.cli import desk, tokens

SLUG = "2026-tham-luot"


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: str) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("PUBLIC_URL", "https://langnghe.example")
    assert desk.units_import(True) == 0
    return tmp_path


@pytest.fixture
def visits(capsys: pytest.CaptureFixture[str]) -> str:
    assert desk.waves_open(SLUG, "tham_luot", "29263,29242", "2999-12-31", "", "visits") == 0
    assert f"langnghe tokens issue {SLUG}" in capsys.readouterr().out
    return SLUG


def said(capsys: pytest.CaptureFixture[str]) -> str:
    heard = capsys.readouterr()
    return heard.out + heard.err


def test_tokens_are_printed_as_cards_and_as_a_table_once(
    visits: str, house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pdf, table = house / "cards.pdf", house / "cards.csv"

    assert tokens.issue(visits, "29263", 12, pdf, table, "") == 0

    assert "12 tokens for 29263 Phường Long Đức" in said(capsys)
    assert len(PdfReader(pdf).pages) == 2
    lines = table.read_text("utf-8").splitlines()
    assert lines[0] == "link,unit,expires_at"
    assert len(set(lines)) == 13
    assert all(line.startswith("https://langnghe.example/?start=t") for line in lines[1:])
    assert {stat.S_IMODE(path.stat().st_mode) for path in (pdf, table)} == {0o600}
    assert tokens.issue(visits, "29263", 1, pdf, None, "") == 1
    assert "is there already" in said(capsys)


def test_without_a_file_links_are_printed_for_any_platform(
    visits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tokens.issue(visits, "29263", 2, None, None, "https://t.me/langnghe_bot?start=") == 0

    links = [
        line for line in said(capsys).splitlines() if line.startswith("https://t.me/langnghe_bot?start=t")
    ]
    assert len(set(links)) == 2


@pytest.mark.parametrize(
    ("slug", "unit", "count"), [("nix", "29263", 1), (SLUG, "29254", 1), (SLUG, "0", 1), (SLUG, "29263", 0)]
)
def test_what_cannot_be_issued_is_said(
    visits: str, slug: str, unit: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tokens.issue(slug, unit, count, None, None, "") == 1
    assert len(said(capsys).strip().splitlines()) == 1


def test_an_issuers_key_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokens.issuer_add("Một cửa", "29263, 29242") == 0
    key = said(capsys).splitlines()[-1]
    assert key.startswith("ln_")

    assert tokens.issuer_list() == 0
    listed = said(capsys)
    assert "Một cửa" in listed
    assert "active" in listed
    assert key not in listed
    assert tokens.issuer_add("Một cửa", "29263") == 1
    assert tokens.issuer_add("Khác", "99999") == 1
    assert tokens.issuer_revoke("Một cửa") == 0
    assert tokens.issuer_revoke("Một cửa") == 1
    said(capsys)
    tokens.issuer_list()
    assert "revoked" in said(capsys)


def test_a_tablet_gets_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert tokens.counter("29263", 1, 40) == 0
    assert "https://langnghe.example/counter/29263/1/" in said(capsys)
    assert tokens.counter("29263", 100, 40) == 1
    assert tokens.counter("99999", 1, 40) == 1


def test_a_clerk_is_somebody_else(visits: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tokens.clerk(visits, "29263", "MTTQ", "paper", 7) == 0
    assert "https://langnghe.example/phieu-giay/" in said(capsys)
    assert tokens.clerk(visits, "29263", "29242", "assisted", 1) == 0
    said(capsys)
    for slug, unit, by, mode, days in (
        (visits, "29263", "29263", "paper", 7),
        (visits, "29263", "99999", "paper", 7),
        (visits, "29254", "MTTQ", "paper", 7),
        (visits, "29263", "MTTQ", "self", 7),
        (visits, "29263", "MTTQ", "paper", 32),
        ("nix", "29263", "MTTQ", "paper", 7),
    ):
        assert tokens.clerk(slug, unit, by, mode, days) == 1
        assert len(said(capsys).strip().splitlines()) == 1


def test_officers_are_put_down_from_a_list_or_one_by_one(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = house / "officers.csv"
    listed.write_text("account,id,unit\ntelegram,42,29263\nzalo:oa-1,7,29242\n", "utf-8")

    assert tokens.officers_import(listed) == 0
    assert tokens.officers_add("29263", "telegram", ["43", "44"]) == 0
    assert tokens.officers_remove("telegram", "42") == 0
    assert tokens.officers_remove("telegram", "42") == 1
    assert tokens.officers_add("99999", "telegram", ["1"]) == 1
    assert tokens.officers_add("29263", "thư", ["1"]) == 1
    said(capsys)
    for text in ("id,unit\n", "account,id,unit\ntelegram,42\n", ""):
        listed.write_text(text, "utf-8")
        assert tokens.officers_import(listed) == 1
    listed.write_text("account,id,unit\ntelegram,42,29263\ntelegram,,29263\n", "utf-8")
    said(capsys)
    assert tokens.officers_import(listed) == 1
    assert "line 3" in said(capsys)
    assert tokens.officers_remove("telegram", "42") == 1
