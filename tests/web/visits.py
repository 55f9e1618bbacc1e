"""The web rooms around visits and papers, in front of a real town."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.web.app import build
from bot.web.counter import CounterPage
from bot.web.issuing import IssuingApi
from bot.web.pages import Pages
from bot.web.paper import PaperPages
from handlers.ledger import Ledger
from handlers.papers import Papers
from handlers.tokens import Issuing
from tests.journeys.town import Town
from tests.web import conftest

LINKS = "https://langnghe.example/?start="


def issuing(town: Town) -> Issuing:
    return Issuing(town.database, town.vault, Ledger(town.vault.ledger_signer("langnghe")), town.clock)


@asynccontextmanager
async def site_of(town: Town) -> AsyncIterator[str]:
    pages = Pages(demo=False, telegram_url=None, k=10)
    key = town.vault.entry_key

    async def naming(code: str) -> str | None:
        async with town.database.reading() as tx:
            unit = await tx.units.get(code)
        return unit.name if unit else None

    rooms = (
        *CounterPage(key, pages, naming=naming, now=town.clock, address=LINKS).routes,
        *IssuingApi(issuing(town), address=LINKS).routes,
        *PaperPages(Papers(town.database, town.vault, town.clock), key, pages, town.clock).routes,
    )
    site = build(
        results=conftest.results,
        web_chat=None,
        webhooks={},
        health=conftest.health,
        cookie_key=conftest.KEY,
        rooms=rooms,
        pages=pages,
    )
    async with conftest.running(site) as url:
        yield url
