"""The bot in a terminal, as a channel: choices are numbered lines. And whatever was talked about can be printed as a test file,
so that a bug someone met becomes a test in one command. It knows no survey."""

import asyncio
import re
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bot.channels.contract import Accept, Limits, Outcome, Sent, numbered
from storage.database import Unavailable
from surveys.conversation import Address, Incoming, Say

__all__ = ["Console", "Exchange", "as_test", "lines_of"]

ACCOUNT = "console"
HELP = "(/transcript [FILE] prints this talk as a test; /quit leaves)"
AWAY = "(not kept: the database is away. Say it again.)"
# Another run makes other receipts, on other days: a test must not hold on to them.
CHANGES = re.compile(r"\b\w{4}(?:-\w{4}){3}\b|\b\d{1,2}(?:/\d+)+\b|\b20\d\d\b|\n")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said, and what was heard."""

    said: str
    heard: tuple[Say, ...]
    start: str | None = None
    """The payload, where the talk began with a link."""


class Console:
    """One person at one terminal."""

    account = ACCOUNT
    limits = Limits(text=100_000, buttons=False, edits=False, files=True)

    def __init__(
        self, accept: Accept, write: Callable[[str], None] | None = None, *, person: str = "terminal"
    ) -> None:
        """`write` takes one message; without it they go to the terminal. The same `person` goes on where they were, after a restart too."""
        self._accept = accept
        self._write = write or _printed
        self._sender = Address(ACCOUNT, person)
        self._run = secrets.token_hex(8)
        self._said = 0
        self.talk_so_far: list[Exchange] = []

    async def run(self, start: str = "") -> None:
        """The talk of whoever is at the keyboard."""
        await self.talk(lines_of(sys.stdin), start)

    async def talk(self, lines: AsyncIterator[str], start: str = "") -> None:
        """Begins as if a link carried `start`, then takes a message a line until /quit or the end of the input."""
        self._write(HELP)
        await self._says("", start=start)
        async for line in lines:
            command, _, argument = line.strip().partition(" ")
            match command:
                case "":
                    continue
                case "/quit":
                    return
                case "/transcript":
                    self._transcript(argument.strip())
                case _:
                    await self._says(line.strip())

    async def send(self, address: Address, say: Say) -> Outcome:
        self._write(_written(say))
        return Sent(str(len(self.talk_so_far)))

    async def _says(self, text: str, *, start: str | None = None) -> None:
        self._said += 1
        key = f"{self._run}-{self._said}"
        try:
            reply = await self._accept(Incoming(self._sender, key, text=text, start=start))
        except Unavailable:
            self._write(AWAY)
            return
        self.talk_so_far.append(Exchange(text, reply.messages, start))
        for message in reply.messages:
            await self.send(self._sender, message)

    def _transcript(self, path: str) -> None:
        test = as_test(self.talk_so_far)
        if not path:
            self._write(test)
            return
        try:
            Path(path).write_text(test, encoding="utf-8")
        except OSError as problem:
            self._write(f"(cannot write {path}: {problem.strerror})")
            return
        self._write(f"({path}: {len(self.talk_so_far)} exchanges)")


def as_test(talk: list[Exchange]) -> str:
    """A pytest file for tests/journeys that says the same and expects the same: of every message the longest phrase that does
    not change from run to run, and the buttons under the last."""
    lines = [
        '"""A talk at the console, kept as a test. Open the waves it was about, and give it the name of what went wrong."""',
        "",
        "",
        "async def test_the_talk(town, resident):",
        "    await town.opens_visits()",
        "    await town.opens_yearly()",
    ]
    for exchange in talk:
        said = (
            f"says({_literal(exchange.said)})"
            if exchange.start is None
            else f"starts({_literal(exchange.start)})"
        )
        lines += ["", f"    heard = await resident.{said}"]
        lines += [f"    assert {_literal(_lasting(say.text))} in heard" for say in exchange.heard]
        buttons = next(
            ([option.label for option in say.options] for say in reversed(exchange.heard) if say.options), []
        )
        lines += [
            "    assert heard.buttons == [",
            *(f"        {_literal(label)}," for label in buttons),
            "    ]",
        ]
    return "\n".join(lines) + "\n"


def _lasting(text: str) -> str:
    return max(CHANGES.split(text), key=len).strip()


async def lines_of(stream: TextIO) -> AsyncIterator[str]:
    """Lines as they are typed. The thread that waits for them is nobody's: it must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        try:
            for line in stream:
                loop.call_soon_threadsafe(waiting.put_nowait, line)
            loop.call_soon_threadsafe(waiting.put_nowait, None)
        except (RuntimeError, ValueError):
            pass  # the loop or the stream has been closed under us: nobody listens any more

    threading.Thread(target=read, daemon=True, name="console").start()
    while (line := await waiting.get()) is not None:
        yield line


def _printed(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _written(say: Say) -> str:
    if say.file is None:
        return numbered(say) + "\n"
    name, content = say.file
    return f"{numbered(say)}\n── {name}\n{content.decode(errors='replace')}\n──\n"


def _literal(text: str) -> str:
    """As Python writes it, double-quoted, with letters as they are."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return (
        '"' + "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in escaped) + '"'
    )
