"""The real application on a real socket, in front of a small stand-in for the residents' use case."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.channels.web_chat import WebChat
from bot.web.app import Site, build
from bot.web.server import listen, serve_on
from surveys.releases import ReleasedWard
from tests.patience import PATIENCE
from tests.web import sample
from tests.web.talker import Talker

KEY = b"a key of the tests, not of anybody"


class Server:
    """One running process, as far as a browser can tell."""

    def __init__(self, talker: Talker, site: Site, url: str) -> None:
        self.talker = talker
        self.site = site
        self.url = url


async def results() -> Sequence[ReleasedWard]:
    return sample.released()


async def health() -> dict[str, object]:
    return {"status": "ok"}


def site_of(talker: Talker, clock: Callable[[], float] = time.monotonic) -> Site:
    return build(
        results=results,
        web_chat=WebChat(talker.accept, clock=clock),
        webhooks={},
        health=health,
        cookie_key=KEY,
        demo=True,
    )


@asynccontextmanager
async def running(site: Site, port: int = 0) -> AsyncIterator[str]:
    """Its address, for as long as it runs."""
    listener = listen("127.0.0.1", port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_on(listener, site, stop))
    try:
        yield address
    finally:
        stop.set()
        await asyncio.wait_for(serving, PATIENCE)


@asynccontextmanager
async def serving(
    talker: Talker, port: int = 0, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Server]:
    site = site_of(talker, clock)
    async with running(site, port) as url:
        yield Server(talker, site, url)


@pytest.fixture
def talker() -> Talker:
    return Talker()


@pytest.fixture
async def server(talker: Talker) -> AsyncIterator[Server]:
    async with serving(talker) as server:
        yield server


@pytest.fixture
async def browser_like() -> AsyncIterator[aiohttp.ClientSession]:
    """Keeps cookies as a browser does."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session
