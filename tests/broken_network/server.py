"""One address on 127.0.0.1 for every way a call can go wrong, from a name that means nothing to half an answer. It reads requests as
far as it must, and counts those that arrived whole."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Broken", "answer", "nowhere", "silent_port"]

CHUNK = 65_536


def answer(status: int, body: bytes, *, length: int | None = None, head: str = "") -> bytes:
    """An HTTP answer, byte by byte: its length may lie."""
    said = len(body) if length is None else length
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {said}\r\n{head}\r\n".encode()
        + body
    )


@dataclass
class Broken:
    """What it does with a request, by the last part of its path; `*` for any."""

    answers: dict[str, bytes] = field(default_factory=dict)
    resets: bool = False
    """Right after the connection is there."""
    resets_after: bool = False
    """Once the request was read."""
    is_silent: bool = False
    waits: float = 0.0
    arrived: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first request has arrived whole."""
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.resets:
                return _reset(writer)
            while True:
                name = await self._read(reader)
                self.arrived.append(name)
                self.heard.set()
                if self.resets_after:
                    return _reset(writer)
                if self.is_silent:
                    await asyncio.sleep(60)
                await asyncio.sleep(self.waits)
                said = self.answers.get(name) or self.answers["*"]
                writer.write(said)
                await writer.drain()
                if b"Content-Length: 9999\r\n" in said:
                    return writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        name = head.split(" ", 2)[1].rpartition("/")[2]
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if "content-length" in lines:
            await reader.readexactly(int(lines["content-length"]))
        elif lines.get("transfer-encoding") == "chunked":
            await reader.readuntil(b"0\r\n\r\n")
        return name

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Broken"]:
        tasks: set[asyncio.Task[None]] = set()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST, not FIN: as a machine that has forgotten us would."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def nowhere() -> str:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@asynccontextmanager
async def silent_port(made: Callable[[str], str] = str) -> AsyncIterator[str]:
    """A listener whose queue is full: connecting to it takes for ever."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    crowd = [socket.socket() for _ in range(4)]
    for each in crowd:
        each.setblocking(False)
        each.connect_ex(("127.0.0.1", port))
    try:
        yield made(f"http://127.0.0.1:{port}")
    finally:
        for each in (*crowd, listener):
            each.close()
