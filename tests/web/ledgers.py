"""A ledger of a real database as the page shows it: every kind of entry there is."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from bot.web.app import build
from bot.web.ledger_page import LedgerPage
from bot.web.pages import Pages
from handlers.audit import Audit
from handlers.ledger import Ledger
from handlers.units import load_seed
from storage.database import Database
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.records import (
    Exclusion,
    KeyDestroyed,
    KeyDestructionPostponed,
    PersonsInvited,
    Record,
    ReleasePublished,
    ScorecardFrozen,
    Sealed,
    TokensIssued,
    WaveOpened,
    Withdrawals,
)
from tests.surveys.seal.province import OURS
from tests.web import conftest
from tests.web.conftest import running

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
TWO = ("Trần Văn A", "Lê Thị B")
LONG_DUC = "29263"
BEGUN = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)

STORY: tuple[Record, ...] = (
    WaveOpened("2026", form=A, terms=B, weights=C, formulas=D, seed="5eed"),
    WaveOpened("tham-luot-2026-11", form=A, terms=B, weights=C, formulas=D, seed="none"),
    TokensIssued("tham-luot-2026-11", unit=LONG_DUC, count=1200),
    PersonsInvited("2026", unit=LONG_DUC, count=850),
    Withdrawals("2026", count=2),
    Sealed("2026", root=A, receipts=D, form=A, terms=B, weights=C, criteria=A, formulas=D),
    Exclusion(
        "2026", LONG_DUC, Stream.VISIT, Mode.PAPER, count=3, reason="một <máy>, ba mươi giây", persons=TWO
    ),
    KeyDestructionPostponed("2026", until="2026-12-24", reason="thanh tra tỉnh yêu cầu", persons=TWO),
    KeyDestroyed("2026"),
    ReleasePublished("2026", release=B),
    ScorecardFrozen(unit=LONG_DUC, year=2026, scorecard=A, criteria=B, waves=("2026",)),
)


async def told(db: Database, story: Sequence[Record] = STORY) -> Ledger:
    """The ledger of these things, an entry an hour."""
    ledger = Ledger(OURS)
    for hours, record in enumerate(story):
        async with db.transaction() as tx:
            await ledger.append(tx, record, BEGUN + timedelta(hours=hours))
    return ledger


@asynccontextmanager
async def site_with_ledger(db: Database, story: Sequence[Record] = STORY) -> AsyncIterator[tuple[str, Audit]]:
    await load_seed(db)
    audit = Audit(db, await told(db, story))
    pages = Pages(demo=False, telegram_url=None, k=10)
    site = build(
        results=conftest.results,
        web_chat=None,
        webhooks={},
        health=conftest.health,
        cookie_key=conftest.KEY,
        rooms=LedgerPage(audit.told, pages).routes,
        pages=pages,
    )
    async with running(site) as url:
        yield url, audit
