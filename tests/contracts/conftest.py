"""A Telegram and a Zalo that are strict, channels that talk to them, and residents that write down what reached them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels import zalo_bot, zalo_oa
from bot.channels.contract import Accept
from bot.channels.telegram_residents import TelegramResidents
from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_oa import Door, ZaloAccount
from bot.channels.zalo_tokens import Tokens, pair_from
from bot.intake import Intake
from bot.lanes import Lanes
from storage import rows
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address, Incoming, Reply, Say
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import TOKEN, TelegramServer
from tests.zalo_server.server import ZaloServer
from tests.zalo_server.world import Account

SECRET = "a-secret_of-Telegram-42"
SORRY = "Xin lỗi, có trục trặc."
REFUSAL = "Trợ lý chỉ trò chuyện riêng."


class RecordingResidents:
    """In place of the use case: keeps what came and answers as the test says."""

    def __init__(self) -> None:
        self.received: list[Incoming] = []
        self.answer: Callable[[Incoming], Reply] = lambda incoming: Reply((Say("Đã nhận."),))

    async def receive(self, incoming: Incoming) -> Reply:
        self.received.append(incoming)
        return self.answer(incoming)


class RecordingQuarantine:
    def __init__(self) -> None:
        self.kept: list[tuple[Address, str]] = []

    async def add(self, sender: Address, error: str) -> None:
        self.kept.append((sender, error))


@pytest.fixture
def residents() -> RecordingResidents:
    return RecordingResidents()


@pytest.fixture
def quarantine() -> RecordingQuarantine:
    return RecordingQuarantine()


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Strict to the end: a test that made one malformed request fails, whatever else it asserts."""
    async with TelegramServer() as server:
        yield server
    assert server.violations == []


@asynccontextmanager
async def telegram(
    server: TelegramServer,
    residents: RecordingResidents,
    quarantine: RecordingQuarantine,
    **more: object,
) -> AsyncIterator[TelegramResidents]:
    intake = Intake(residents, Lanes(), quarantine, sorry=lambda language: SORRY)
    channel = TelegramResidents(
        TOKEN,
        intake.accept,
        refusal=REFUSAL,
        secret=SECRET,
        api=server.url,
        pause=server.time.pause,
        **more,
    )
    async with channel:
        yield channel


@pytest.fixture
async def channel(
    server: TelegramServer, residents: RecordingResidents, quarantine: RecordingQuarantine
) -> AsyncIterator[TelegramResidents]:
    async with telegram(server, residents, quarantine) as channel:
        yield channel


@pytest.fixture
async def hooked(server: TelegramServer, channel: TelegramResidents) -> TelegramResidents:
    """The channel with its webhook set, reached without a socket."""
    await channel.set_webhook("https://bot.test/telegram")
    server.post = post_to(channel.webhook)
    return channel


# ── Zalo ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def zalo(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ZaloServer]:
    """Strict to the end, as the Telegram above. It waits for an answer for as long as the machine takes: that what lasts more than two
    seconds is brought again has tests of its own."""
    for module in (zalo_oa, zalo_bot):
        monkeypatch.setattr(module, "ANSWERED_WITHIN", timedelta(seconds=PATIENCE))
    async with ZaloServer() as zalo:
        yield zalo
    assert zalo.violations == []


def clock_of(zalo: ZaloServer) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(zalo.time(), UTC)


async def connect(zalo: ZaloServer, account: Account, database: Database, vault: Vault) -> None:
    """As an administrator's consent leaves it: a pair of tokens, encrypted."""
    pair = pair_from(json.dumps(zalo.oauth.issue(account.id)).encode(), clock_of(zalo)())
    sealed = vault.seal_tokens(account.id, pair.to_json())
    row = rows.ZaloAccount(id=account.id, name=account.name, kind=account.type, pair=sealed, generation=0)
    async with database.transaction() as tx:
        await tx.zalo_accounts.save(row)


def hosts(zalo: ZaloServer) -> Hosts:
    return Hosts(zalo.oauth_url, zalo.openapi_url, zalo.business_url)


@asynccontextmanager
async def official_account(
    zalo: ZaloServer,
    accept: Accept,
    database: Database,
    vault: Vault,
    *,
    account: Account | None = None,
    with_proof: bool = False,
    **more: Any,
) -> AsyncIterator[ZaloAccount]:
    """Connected, its webhook reached through the door by `zalo.bring()`."""
    account = account or zalo.oa
    now = clock_of(zalo)
    await connect(zalo, account, database, vault)
    more = {"pause": zalo.time.pause, **more}
    async with ZaloClient(zalo.app.id, zalo.app.secret, hosts=hosts(zalo), with_proof=with_proof) as client:
        tokens = Tokens(account.id, database, vault, client.renew, client.works, now, pause=zalo.time.pause)
        async with ZaloAccount(account.id, accept, client, tokens, now=now, **more) as channel:
            yield channel


def door_to(zalo: ZaloServer, *accounts: ZaloAccount, **more: Any) -> Door:
    door = Door(zalo.app.id, [zalo.app.oa_key], accounts, **more)
    zalo.sender.post = post_to(door)
    return door


@pytest.fixture
async def oa(
    zalo: ZaloServer,
    residents: RecordingResidents,
    quarantine: RecordingQuarantine,
    sqlite_database: Database,
    vault: Vault,
) -> AsyncIterator[ZaloAccount]:
    """An Official Account of an agency, which sends by the older address, as Zalo wants of it."""
    intake = Intake(residents, Lanes(), quarantine, sorry=lambda language: SORRY)
    async with official_account(zalo, intake.accept, sqlite_database, vault, address="v2") as account:
        door_to(zalo, account)
        yield account
