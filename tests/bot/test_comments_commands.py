"""`langnghe comments …`, as an operator types it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from handlers.units import load_seed
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.comments import TEN
from tests.conftest import Clock
from tests.sealed_comments import LAN, LONG_DUC, Town, remarks

T = TypeVar("T")
Among = Callable[[Callable[[Town], Awaitable[T]]], T]


@pytest.fixture
def among(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Among[list[str]]:
    """Does something in the town that the commands then find, sealed eight days ago."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)

    def done(work: Callable[[Town], Awaitable[list[str]]]) -> list[str]:
        async def inside() -> list[str]:
            db = await Database.open(sqlite_url)
            await load_seed(db)
            clock = Clock(datetime.now(UTC) - timedelta(days=8))
            try:
                return await work(Town(db, Vault(FileKeys(tmp_path / "keys")), clock))
            finally:
                await db.close()

        return asyncio.run(inside())

    return done


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["comments", *words])


def said(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.stderr


def test_from_the_list_to_the_ward(among: Among[list[str]]) -> None:
    ids = among(lambda town: town.seals(remarks(TEN)))

    assert f"comments read --wave 2026 --unit {LONG_DUC}" in said("list")
    assert "ghế chờ" in said("read", "--wave", "2026", "--unit", LONG_DUC)
    for id in ids:
        assert f"undo {id[:8]}" in said("pass", id[:8], "--by", LAN)
    assert "Nothing is unread" in said("read", "--wave", "2026", "--unit", LONG_DUC)
    assert f"{LONG_DUC}: 10 comments" in said("hand-over")
    assert said("handed", LONG_DUC).count("ghế chờ") == TEN
    assert "cannot be taken back" in refused("undo", ids[0])
    assert "ten passed comments" in said("hand-over")


def test_every_refusal_says_what_to_do(among: Among[list[str]]) -> None:
    [chief, other] = among(lambda town: town.seals(["trưởng công an phường hách dịch", "gọi 0912345678"]))

    assert "withhold" in refused("pass", chief, "--by", LAN)
    assert "For the province only" in said("read", chief)
    assert "The ward would see" in said("read", other)
    said("withhold", other, "--by", LAN)
    assert f"withheld by {LAN}" in refused("pass", other, "--by", "Trần Văn Hùng")
    assert "withheld by" in said("read", other)
    assert "unread again" in said("undo", other)
    assert "six characters" in refused("read", "abc")
    assert "--wave and --unit" in refused("read")
    assert "must be named" in refused("pass", other, "--by", " ")
    assert "a day such as" in refused("purge", "--released-before", "morgen")
    assert "0 comments" in said("purge", "--released-before", "2020-01-01")


def test_leaders_are_added_listed_imported_and_removed(among: Among[list[str]], tmp_path: Path) -> None:
    among(lambda town: town.seals([]))
    table = tmp_path / "leaders.csv"
    table.write_text(f"unit,name,post\n{LONG_DUC},Trần Thị Hoa,Phó trưởng Công an phường\n", "utf-8")

    assert "without it" in said("leaders", "list")
    said("leaders", "add", "--unit", LONG_DUC, "--name", "Lê Thanh Bình", "--post", "Trưởng Công an phường")
    assert "1 leaders" in said("leaders", "import", str(table))
    assert "Lê Thanh Bình" in said("leaders", "list")
    assert "off the list" in said("leaders", "remove", "--unit", LONG_DUC, "--name", "Lê Thanh Bình")
    assert "no leader" in refused("leaders", "remove", "--unit", LONG_DUC, "--name", "Lê Thanh Bình")
    assert "units find" in refused("leaders", "add", "--unit", "0", "--name", "A", "--post", "B")
    assert "cannot be read" in refused("leaders", "import", "nowhere.csv")


def test_before_anything_was_sealed_the_list_says_so(among: Among[list[str]]) -> None:
    assert "when a wave is sealed" in said("list")
    assert "handed nothing" in said("handed", LONG_DUC)
