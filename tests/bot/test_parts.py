"""One process does it all, or several each do some; of those with a clock, one lets it tick."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.app import opened, serve
from bot.cli import app
from bot.clock import Clock, Tick
from bot.parts import Part
from bot.settings import Settings
from bot.web.server import listen
from tests.patience import PATIENCE

NOW_AND_AGAIN = timedelta(seconds=1)


async def test_what_is_shared_is_done_by_whoever_leads_and_the_rest_by_everybody():
    done: list[str] = []
    both = asyncio.Event()

    def noting(name: str):
        async def work() -> None:
            done.append(name)
            if len(done) >= 3:
                both.set()

        return work

    def ticks(name: str) -> tuple[Tick, ...]:
        return (
            Tick("shared", NOW_AND_AGAIN, noting(f"{name} shared")),
            Tick("own", NOW_AND_AGAIN, noting(f"{name} own"), is_shared=False),
        )

    async with Clock(ticks("first"), lambda: True), Clock(ticks("second"), lambda: False):
        await asyncio.wait_for(both.wait(), PATIENCE)

    assert {"first shared", "first own", "second own"} <= set(done)
    assert "second shared" not in done


def test_on_sqlite_one_process_does_it_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/langnghe.sqlite")

    result = CliRunner().invoke(app, ["run", "--only", "web"])

    assert result.exit_code == 1
    assert "--only needs PostgreSQL" in result.output


@pytest.mark.postgres
@pytest.mark.parametrize("part", Part)
async def test_a_part_starts_and_stops_by_itself(postgres_url: str, tmp_path: Path, part: Part):
    settings = Settings(database_url=postgres_url, keys_dir=tmp_path / "keys", _env_file=None)
    listener = listen("127.0.0.1", 0) if part is Part.WEB else None
    stop = asyncio.Event()

    async with opened(settings) as house:
        serving = asyncio.create_task(serve(house, listener, stop, parts=frozenset({part})))
        done, _ = await asyncio.wait({serving}, timeout=1)
        assert not done, "it goes on until it is told to stop"
        stop.set()
        await asyncio.wait_for(serving, PATIENCE)
