"""Where every channel hands over what a person did: cleaned, one person's in order, and never a surprise on the way back.
It knows no platform and no survey."""

import asyncio
import traceback
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from bot.lanes import Crowded, Lanes
from storage.database import Unavailable
from surveys.conversation import Address, Incoming, Reply, Say

__all__ = ["Intake", "Quarantine", "Residents", "clean", "where"]

log = structlog.get_logger(__name__)

HANDLING = timedelta(seconds=20)  # platforms give up on a webhook after about a minute


class Residents(Protocol):
    """The use case behind every channel; in the running bot `handlers.residents.Residents`."""

    async def receive(self, incoming: Incoming, /) -> Reply: ...


class Quarantine(Protocol):
    """Keeps note of a message nobody could handle, without its content."""

    async def add(self, sender: Address, error: str) -> None:
        """Raises Unavailable when it cannot be written down."""
        ...


class Intake:
    """`accept` returns once the effect is on disk; only then may a channel acknowledge."""

    def __init__(
        self,
        residents: Residents,
        lanes: Lanes,
        quarantine: Quarantine,
        sorry: Callable[[str | None], str],
    ) -> None:
        """`sorry` is what a person reads when their message could not be handled, in the language their platform names."""
        self._residents = residents
        self._lanes = lanes
        self._quarantine = quarantine
        self._sorry = sorry

    async def accept(self, incoming: Incoming, /) -> Reply:
        """Raises Unavailable when nothing was done and the platform should bring the message again."""
        incoming = cleaned(incoming)
        try:
            async with self._lanes.of(incoming.sender), asyncio.timeout(HANDLING.total_seconds()):
                return await self._residents.receive(incoming)
        except Unavailable:
            raise
        except (Crowded, TimeoutError) as trouble:
            raise Unavailable(f"{type(trouble).__name__} at the intake") from trouble
        except Exception as surprise:
            return await self._set_aside(incoming, surprise)

    async def _set_aside(self, incoming: Incoming, surprise: Exception) -> Reply:
        # A message that breaks us would break us again: it is noted, without its content, and let go.
        error = where(surprise)
        log.error("intake.quarantined", account=incoming.sender.account, error=error)
        try:
            await self._quarantine.add(incoming.sender, error)
        except Unavailable:
            raise
        except Exception as second:
            log.error("intake.quarantine_failed", account=incoming.sender.account, error=where(second))
        return Reply((Say(self._sorry(incoming.language)),))


def where(surprise: BaseException) -> str:
    """The kind of an exception and the place it came from. Not its message: that may quote what the person wrote."""
    frames = traceback.extract_tb(surprise.__traceback__)
    if not frames:
        return type(surprise).__name__
    room = "/".join(frames[-1].filename.replace("\\", "/").split("/")[-3:])
    return f"{type(surprise).__name__} at {room}:{frames[-1].lineno}"


def cleaned(incoming: Incoming) -> Incoming:
    text = clean(incoming.text)
    tap = None if incoming.tap is None else clean(incoming.tap)
    start = None if incoming.start is None else clean(incoming.start)
    if text is incoming.text and tap is incoming.tap and start is incoming.start:
        return incoming
    return replace(incoming, text=text, tap=tap, start=start)


def clean(text: str) -> str:
    """NFC, without NUL and lone surrogates: what a database can keep and two keyboards write alike."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "ignore").decode()
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
