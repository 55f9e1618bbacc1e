"""Runs an ASGI application on uvicorn until it is told to stop, and stops in time. It knows no page and no signal."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import uvicorn
from starlette.types import ASGIApp

__all__ = ["PortTaken", "listen", "serve", "serve_on"]

BACKLOG = 2048
GRACE = timedelta(seconds=1)  # Ctrl-C has two seconds in all; what still streams then is cut


class PortTaken(Exception):
    """Another program listens where we should, or we may not listen there."""


class _Server(uvicorn.Server):
    """Signals belong to whoever owns the process: they set the stop event."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken with a sentence for the person at the keyboard."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off Nagle's delay (40 ms an answer) only where it sees the protocol named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Without it, a port we have just left cannot be taken again for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except PermissionError:
        listener.close()
        raise PortTaken(
            f"Port {port} may only be opened by the system; choose one above 1023: PORT=8080."
        ) from None
    except OSError as problem:
        listener.close()
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({problem.strerror}): "
            f"stop the other program, or choose another port: PORT={port % 65535 + 1}."
        ) from None
    listener.setblocking(False)
    return listener


async def serve(app: ASGIApp, host: str, port: int, stop: asyncio.Event) -> None:
    """Serves until `stop` is set, then ends open streams and returns within two seconds. Raises PortTaken."""
    await serve_on(listen(host, port), app, stop)


async def serve_on(listener: socket.socket, app: ASGIApp, stop: asyncio.Event) -> None:
    """The same on a socket that listens already: who binds it first knows the port, and that it is free."""
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",  # what the application needs is opened and closed in bot/app.py
            log_config=None,
            access_log=False,  # addresses of people are not for logs
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=round(GRACE.total_seconds()),
            backlog=BACKLOG,
        )
    )
    hang_up: Callable[[], None] = getattr(app, "hang_up", lambda: None)

    async def leave() -> None:
        await stop.wait()
        hang_up()
        server.should_exit = True

    leaving = asyncio.create_task(leave())
    try:
        await server.serve(sockets=[listener])
    finally:
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving
        listener.close()
