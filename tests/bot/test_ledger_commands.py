"""`langnghe ledger …` and `langnghe verify`, as operators, witnesses and auditors type them."""

import asyncio
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.heads import Head
from surveys.signatures import PublicKey
from tests.conftest import Clock
from tests.handlers.test_audit import SLUG, lived
from tests.journeys.town import a_town
from tests.surveys.seal import province

ROOT = Path(__file__).parents[2]


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture(autouse=True)
def house(sqlite_url: str, keys_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's settings."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(keys_dir))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def released(sqlite_url: str, keys_dir: Path, tmp_path: Path, clock: Clock) -> None:
    """A wave that lived its whole life, and one that is open."""

    async def life() -> None:
        async with a_town(sqlite_url, tmp_path, Vault(FileKeys(keys_dir)), clock) as town:
            await lived(town)
            await town.opens_visits()

    asyncio.run(life())


def typed(*words: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


def said(*words: str | Path) -> str:
    result = typed(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str | Path) -> str:
    result = typed(*words)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def key_line() -> str:
    return said("ledger", "key").splitlines()[0]


# ── Keys and heads ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_key_is_printed_as_it_is_published() -> None:
    line, fingerprint = said("ledger", "key").splitlines()

    assert fingerprint == f"fingerprint {PublicKey.read(line).fingerprint}"
    assert key_line() == line


def test_a_head_is_printed_for_a_witness(released: None) -> None:
    assert Head.read(said("ledger", "export"), PublicKey.read(key_line())).size > 4


def test_an_export_holds_what_a_witness_needs(released: None, tmp_path: Path) -> None:
    out = said("ledger", "export", "--to", tmp_path / "so")

    lines = (tmp_path / "so" / "ledger.jsonl").read_text("utf-8").splitlines()
    key = PublicKey.read((tmp_path / "so" / "key.txt").read_text("utf-8"))
    head = (tmp_path / "so" / f"head-{len(lines)}.txt").read_text("utf-8")
    assert Head.read(head, key) == Head.over(lines, key)
    assert f"head-{len(lines)}.txt" in out
    assert key.fingerprint in out
    assert said("ledger", "export", "--to", tmp_path / "so") == out


def test_an_export_that_does_not_continue_the_last_one_is_shouted_at(released: None, tmp_path: Path) -> None:
    said("ledger", "export", "--to", tmp_path / "so")
    kept = tmp_path / "so" / "ledger.jsonl"
    lines = kept.read_text("utf-8").splitlines()
    lines[1] = lines[1].replace('"number":2', '"number":7')
    kept.write_text("\n".join(lines), "utf-8")

    trouble = refused("ledger", "export", "--to", tmp_path / "so")

    assert "ledger.jsonl, line 2" in trouble
    assert "history was rewritten" in trouble
    assert kept.read_text("utf-8").splitlines() == lines


def test_an_export_to_where_nobody_may_write_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert "cannot be" in refused("ledger", "export", "--to", tmp_path / "file" / "so")


def test_the_ledger_is_shown_an_entry_a_line(released: None) -> None:
    out = said("ledger", "show").splitlines()

    assert out[0].split() == ["1", "22/11/2026", "08:30", SLUG, *out[0].split()[4:]]
    assert "tham-11-2026" in out[-1]
    words = "\n".join(said("ledger", "show", SLUG).splitlines())
    for each in ("opened", "1 withdrew", "sealed: root", "key destroyed", "released"):
        assert each in words
    assert "tham-11" not in words


def test_a_ledger_that_says_nothing_says_what_to_do() -> None:
    assert "no wave was opened" in refused("ledger", "show")
    assert "langnghe waves list" in refused("ledger", "show", "2031")


# ── Packages ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_package_is_made_checked_and_nobody_elses_to_read(released: None, tmp_path: Path) -> None:
    out = said("ledger", "package", SLUG, "goi.zip")

    assert "Everything follows: wave nam-2026." in out
    assert "69 single ballots" in out
    assert "docs/privacy.md" in out
    assert (tmp_path / "goi.zip").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("*goi*")) == ["goi.zip"]


def test_a_package_replaces_no_file(released: None, tmp_path: Path) -> None:
    (tmp_path / "goi.zip").write_text("mine")

    assert "is there already" in refused("ledger", "package", SLUG, "goi.zip")
    assert (tmp_path / "goi.zip").read_text() == "mine"


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [("tham-11-2026", "tham-11-2026 is open"), ("2031", "There is no wave 2031"), ("", "There is no wave")],
)
def test_what_there_is_no_package_of_is_refused(
    released: None, tmp_path: Path, slug: str, sentence: str
) -> None:
    assert sentence in refused("ledger", "package", slug, "goi.zip")
    assert list(tmp_path.glob("*goi*")) == []


def test_a_package_where_nobody_may_write_is_one_sentence(released: None) -> None:
    assert "cannot be written" in refused("ledger", "package", SLUG, "nowhere/goi.zip")


# ── Checking ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "goi.zip"
    path.write_bytes(province.honest().bytes())
    return path


KEY = province.OURS.key.text


def test_an_honest_package_says_what_follows_from_what(package: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.txt"
    head.write_text(province.honest().head, "utf-8")

    out = said("verify", package, "--key", KEY, "--witness", f"mttq={head}")

    for each in (
        "Everything follows: wave hang-nam-2026.",
        province.OURS.key.fingerprint,
        "13 entries",
        "mttq: the ledger continues the head",
        "150 ballots and 3 withdrawn, in 153 places",
        "receipts    150, one for each ballot",
        "two persons excluded",
        "2 that rest on this wave",
    ):
        assert each in out
    assert "none asked" in said("verify", package, "--key", KEY)


def test_the_key_may_come_in_a_file_however_it_was_mailed(package: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"

    for text in (KEY, f"{KEY}\n", f"\ufeff{KEY}\r\n", f"\n  {KEY}  \n\n"):
        key.write_text(text, "utf-8", newline="")
        assert "Everything follows" in said("verify", package, "--key", key)


def test_a_head_that_a_mail_program_broke_into_other_lines_is_read(package: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.txt"
    head.write_text(province.honest().head.replace("\n", "\r\n"), "utf-8", newline="")

    assert "mttq" in said("verify", package, "--key", KEY, "--witness", f"mttq={head}")


def test_the_first_thing_that_does_not_follow_is_named_with_file_and_line(tmp_path: Path) -> None:
    parts = province.honest()
    lines = (*parts.release[:2], parts.release[2].replace('"vi"', '"vn"', 1), *parts.release[3:])
    path = tmp_path / "goi.zip"
    path.write_bytes(province.Parts(**{**vars(parts), "release": lines}).bytes())

    trouble = refused("verify", path, "--key", KEY)

    assert trouble.startswith("It does not follow. release.jsonl")


def test_another_key_is_named_by_the_one_it_should_be(package: Path) -> None:
    trouble = refused("verify", package, "--key", province.FORGER.key.text)

    assert "manifest.json, line 1" in trouble
    assert province.FORGER.key.fingerprint in trouble


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "It is no package"),
        (b"%PDF-1.7\n" * 9, "It is no package"),
        (None, "No such file"),
        (1, "Is a dir"),
    ],
)
def test_a_file_that_is_no_package_is_named_so(
    tmp_path: Path, content: bytes | int | None, sentence: str
) -> None:
    path = tmp_path / "goi.zip"
    if content == 1:
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)

    assert sentence in refused("verify", path, "--key", KEY)


def test_another_zip_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "goi.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("bao-cao.docx", "x")

    assert "package: It must hold ballots.jsonl" in refused("verify", path, "--key", KEY)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("", "cannot be read"),
        ("nothing.txt", "cannot be read"),
        ("a+b+c", "no key as it is published"),
        (KEY[:-4], "no key as it is published"),
        ("two.txt", "must hold one line"),
        ("goi.zip", "--key goi.zip"),
    ],
)
def test_a_key_that_is_none_is_named_so(package: Path, tmp_path: Path, key: str, sentence: str) -> None:
    (tmp_path / "two.txt").write_text(f"{KEY}\n{KEY}\n")

    assert sentence in refused("verify", package, "--key", key)


@pytest.mark.parametrize(
    ("witness", "sentence"),
    [
        ("mttq", "NAME=FILE"),
        ("=head.txt", "NAME=FILE"),
        ("mttq=", "NAME=FILE"),
        ("mttq=nothing.txt", "cannot be read"),
        ("mttq=goi.zip", "--witness goi.zip"),
        ("mttq=empty.txt", "mttq, line 1"),
    ],
)
def test_a_witness_whose_head_is_none_is_not_passed_over(
    package: Path, tmp_path: Path, witness: str, sentence: str
) -> None:
    (tmp_path / "empty.txt").write_text("")

    assert sentence in refused("verify", package, "--key", KEY, "--witness", witness)


def test_two_witnesses_of_one_name_are_not_mixed_up(package: Path, tmp_path: Path) -> None:
    (tmp_path / "h").write_text(province.honest().head, "utf-8")

    assert "names mttq twice" in refused(
        "verify", package, "--key", KEY, "--witness", "mttq=h", "--witness", "mttq=h"
    )


ALONE = """
import sys, socket, sqlite3

def forbidden(*args, **kwargs):
    raise AssertionError("an auditor's machine has no database and no network")

socket.socket = socket.create_connection = socket.getaddrinfo = forbidden
sqlite3.connect = forbidden
try:
    from bot.cli import main
    main()
except SystemExit as end:
    assert not end.code, end.code
strange = {"storage", "handlers", "sqlalchemy", "sqlmodel", "psycopg", "pydantic_settings", "bot.settings", "bot.app", "asyncio"}
assert not strange & sys.modules.keys(), strange & sys.modules.keys()
"""


def test_an_auditor_needs_no_settings_no_database_and_no_network(package: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # Settings that nobody could start with: they must not even be read.
    (elsewhere / ".env").write_text("DATABASE_URL=nonsense\nKEYS_DIR=/nowhere\nPORT=none\n")

    done = subprocess.run(
        [sys.executable, "-c", ALONE, "verify", str(package), "--key", KEY],
        cwd=elsewhere,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "Everything follows" in done.stdout
    assert sorted(path.name for path in elsewhere.iterdir()) == [".env"]
