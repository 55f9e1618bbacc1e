"""The port, and what is said when it is not ours to take."""

import asyncio
import socket

import pytest

from bot.web.server import PortTaken, listen, serve
from tests.patience import PATIENCE


async def nothing(scope, receive, send) -> None:
    raise AssertionError("nobody should come here")


async def test_a_taken_port_is_one_clear_sentence():
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    try:
        with pytest.raises(PortTaken) as problem:
            await serve(nothing, "127.0.0.1", port, asyncio.Event())
    finally:
        taken.close()

    assert f"127.0.0.1:{port}" in str(problem.value)
    assert "PORT=" in str(problem.value)
    assert "\n" not in str(problem.value)


async def test_an_address_that_is_not_ours_is_one_clear_sentence():
    with pytest.raises(PortTaken):
        listen("203.0.113.9", 0)


async def test_it_returns_when_it_is_told_to_stop():
    stop = asyncio.Event()
    stop.set()

    async with asyncio.timeout(PATIENCE):
        await serve(nothing, "127.0.0.1", 0, stop)
