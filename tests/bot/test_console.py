"""The terminal as a channel, in front of the real use case; and talks that become tests."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.console import AWAY, Console, as_test, lines_of
from storage.database import Unavailable
from storage.vault import Vault
from surveys.conversation import Incoming, Option, Reply, Say
from tests.conftest import Clock
from tests.journeys.town import Resident, Town, a_town
from tests.patience import PATIENCE


@pytest.fixture
async def town(sqlite_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        await town.opens_visits()
        await town.opens_yearly()
        yield town


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line + "\n"


async def talk_of(accept, *lines: str, start: str = "") -> tuple[Console, str]:
    written: list[str] = []
    console = Console(accept, written.append)
    await console.talk(typed(*lines), start)
    return console, "\n".join(written)


async def test_choices_are_numbered_lines_and_a_number_chooses(town):
    _, screen = await talk_of(town.residents.receive, "phuong 4 tra vinh", "1")

    assert "1. " in screen
    assert "Long Đức" in screen


async def test_a_talk_becomes_a_test_that_passes(town, tmp_path, clock):
    kept = tmp_path / "test_kept.py"
    await talk_of(town.residents.receive, "phuong 4 tra vinh", "1", f"/transcript {kept}")

    source = kept.read_text(encoding="utf-8")
    room: dict[str, object] = {}
    exec(compile(source, str(kept), "exec"), room)
    await room["test_the_talk"](town, Resident(town, name="somebody-new"))  # type: ignore[operator]

    assert source.count("heard = await resident.") == 3


async def test_a_talk_that_goes_otherwise_is_a_test_that_fails(town):
    console, _ = await talk_of(town.residents.receive, "phuong 4 tra vinh")
    room: dict[str, object] = {}
    exec(as_test(console.talk_so_far).replace("Long Đức", "Long Xuyên"), room)

    with pytest.raises(AssertionError):
        await room["test_the_talk"](town, Resident(town, name="somebody-new"))  # type: ignore[operator]


async def answer(incoming: Incoming) -> Reply:
    if incoming.text == "away":
        raise Unavailable("away")
    said = f"heard “{incoming.text}” {incoming.start}"
    return Reply((Say(said, (Option("Có", "yes"), Option("Không ý kiến", "none", 0))),))


async def test_leaving_ends_the_talk():
    _, screen = await talk_of(answer, "a", "/quit", "b")

    assert "heard “a”" in screen
    assert "heard “b”" not in screen


async def test_an_empty_line_says_nothing():
    console, _ = await talk_of(answer, "", "   ")

    assert len(console.talk_so_far) == 1


async def test_a_link_may_begin_the_talk():
    _, screen = await talk_of(answer, start="payload")

    assert "payload" in screen


async def test_own_numbers_are_shown():
    _, screen = await talk_of(answer)

    assert "1. Có" in screen
    assert "0. Không ý kiến" in screen


async def test_every_message_has_a_key_of_its_own():
    keys: list[str] = []

    async def noted(incoming: Incoming) -> Reply:
        keys.append(incoming.key)
        return Reply()

    await talk_of(noted, "a", "a", "a")
    await talk_of(noted, "a")

    assert len(set(keys)) == 6


async def test_the_database_away_is_a_line_and_the_talk_goes_on():
    console, screen = await talk_of(answer, "away", "back")

    assert AWAY in screen
    assert "heard “back”" in screen
    assert len(console.talk_so_far) == 2


async def test_a_document_is_printed():
    async def export(incoming: Incoming) -> Reply:
        return Reply((Say("Dữ liệu của ông/bà.", file=("du-lieu.json", b'{"a": 1}')),))

    _, screen = await talk_of(export)

    assert "du-lieu.json" in screen
    assert '{"a": 1}' in screen


async def test_a_file_that_cannot_be_written_is_a_line():
    _, screen = await talk_of(answer, "/transcript /nowhere/at/all.py")

    assert "cannot write /nowhere/at/all.py" in screen


@pytest.mark.parametrize("text", ['quotes " and \\', "two\nlines", "\x1b[0m \u200b ​"])
async def test_whatever_was_said_the_test_file_is_python(text):
    console, _ = await talk_of(answer, text)

    room: dict[str, object] = {}
    exec(as_test(console.talk_so_far), room)

    assert "test_the_talk" in room


async def test_lines_come_as_they_are_typed():
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as stream:
        lines = lines_of(stream)
        os.write(writing, "một\n".encode())
        async with asyncio.timeout(PATIENCE):
            assert await anext(lines) == "một\n"
        os.write(writing, b"hai\n")
        os.close(writing)
        async with asyncio.timeout(PATIENCE):
            assert [line async for line in lines] == ["hai\n"]


async def test_the_end_of_the_input_ends_the_talk():
    assert [line async for line in lines_of(io.StringIO(""))] == []
