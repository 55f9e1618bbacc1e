"""Official Accounts in the running house: settings make the channel, the clock looks after tokens, `zalo connect` next door is noticed."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from bot.app import House, opened
from bot.channels.contract import RetryAfter, Sent
from bot.settings import InvalidSettings, load
from bot.zalo import Zalo, client_for, started_for
from bot.zalo_connecting import Brought, Connecting, brought
from handlers.units import load_seed
from surveys import entry
from surveys.conversation import Address, Say
from surveys.entry import Entry, Stream
from tests.conftest import Clock
from tests.telegram_server.asgi import post_to
from tests.zalo_server.server import Fault, ZaloServer

HERE = Path(__file__).parents[2]
WARD, LONG_DUC = "29242", "29263"
CALLBACK = "https://bot.test/zalo/callback"


@asynccontextmanager
async def a_house(
    zalo: ZaloServer, sqlite_url: str, keys: Path, clock: Clock, **more: object
) -> AsyncIterator[House]:
    settings = load(
        _env_file=None,
        database_url=sqlite_url,
        keys_dir=keys,
        public_url="https://bot.test",
        zalo_app_id=zalo.app.id,
        zalo_app_secret=zalo.app.secret,
        zalo_oa_keys=zalo.app.oa_key,
        zalo_oauth_api=zalo.oauth_url,
        zalo_api=zalo.openapi_url,
        **more,
    )
    async with opened(settings, now=clock) as house:
        await load_seed(house.db)
        yield house


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def house(zalo: ZaloServer, sqlite_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    async with a_house(zalo, sqlite_url, tmp_path / "keys", clock) as house:
        yield house


async def connect(house: House, zalo: ZaloServer, unit: str | None = WARD) -> None:
    async with client_for(house.settings) as client:
        connecting = Connecting(house, client)
        query = dict(each.split("=", 1) for each in connecting.link.partition("?")[2].split("&"))
        code = zalo.oauth.permit({**query, "redirect_uri": CALLBACK}, zalo.oa.id)
        await connecting.finish(brought(code) or Brought(""), unit)


async def test_an_account_connected_next_door_is_served_at_the_next_look(house, zalo):
    async with Zalo(house) as ours:
        assert ours.accounts == ()
        await connect(house, zalo)
        await ours.look()
        assert [account.id for account in ours.accounts] == [zalo.oa.id]

        async with house.db.transaction() as tx:
            await tx.zalo_accounts.forget(zalo.oa.id)
        await ours.look()
        assert ours.accounts == ()


async def test_a_follower_of_a_wards_account_begins_there_whatever_is_open(house, zalo):
    await connect(house, zalo)
    async with Zalo(house) as ours:
        [account] = ours.accounts

    assert entry.read(account.started, house.vault.entry_key) == Entry(WARD, Stream.OPEN)
    assert started_for(house, None) == ""


async def test_through_a_wards_account_another_ward_is_refused_as_soon_as_it_is_connected(house, zalo, clock):
    zalo.time.now = clock().timestamp()
    next_door = zalo.world.account("579745863508352885", "Công an phường Long Đức")
    async with Zalo(house) as ours:
        zalo.sender.post = post_to(ours)
        for account, unit in ((zalo.oa, WARD), (next_door, LONG_DUC)):
            zalo.oa = account
            await connect(house, zalo, unit)
        await ours.look()
        await house.residents.refresh()
        resident = zalo.world.resident(zalo.world.accounts["579745863508352884"])
        for words in ("chào", "chọn phường", "Long Đức"):
            resident.says(words)
            await zalo.bring()
        await zalo.until(lambda: len(resident.texts) >= 3)

    assert any("chỉ nhận ý kiến về phường Trà Vinh" in text for text in resident.texts)
    assert any("Zalo “Công an phường Long Đức”" in text for text in resident.texts)


async def test_the_setting_is_each_accounts_minute(zalo, sqlite_url, tmp_path, clock):
    zalo.time.now = clock().timestamp()
    async with a_house(zalo, sqlite_url, tmp_path / "keys", clock, zalo_per_minute=3) as house:
        await connect(house, zalo)
        resident = zalo.world.resident(zalo.oa)
        resident.says("chào")
        zalo.world.happened.clear()
        async with Zalo(house) as ours:
            [account] = ours.accounts
            address = Address(account.account, resident.id)
            outcomes = [await account.send(address, Say("Thông báo")) for _ in range(3)]

    # The first is refused by the newer address and sent by the older: two calls.
    assert [type(outcome) for outcome in outcomes] == [Sent, Sent, RetryAfter]
    assert len(resident.texts) == 2


async def test_whoever_asks_zalo_to_be_forgotten_is(house, zalo, clock):
    zalo.time.now = clock().timestamp()  # an event of another day would be somebody's recording
    async with Zalo(house) as ours:
        await connect(house, zalo)
        await ours.look()
        zalo.sender.post = post_to(ours)
        resident = zalo.world.resident(zalo.oa)
        lobby = house.vault.lobby(f"zalo:{zalo.oa.id}/{resident.id}".encode())
        resident.says("chào")
        await zalo.bring()
        async with house.db.reading() as tx:
            assert await tx.lobbies.at(lobby) is not None

        resident.withdraws()
        await zalo.bring()

    async with house.db.reading() as tx:
        assert await tx.lobbies.at(lobby) is None
    assert zalo.sender.answers == [200] * len(zalo.sender.answers)


async def test_an_idle_token_is_renewed_by_the_clock_day_after_day(house, zalo, clock):
    await connect(house, zalo)
    async with Zalo(house) as ours:
        for _ in range(10):
            clock.advance(days=1)
            zalo.time.pass_by(86_400)
            await ours.renew()

        [told] = await ours.told()

    assert zalo.oauth.refreshed >= 9
    assert zalo.oauth.refused == 0
    assert told["state"] == "ok"
    assert told["refresh_token_days"] <= 1


async def test_a_refresh_token_over_sixty_days_old_is_an_alarm(house, zalo, clock):
    await connect(house, zalo)
    clock.advance(days=61)
    with structlog.testing.capture_logs() as logged:
        async with Zalo(house) as ours:
            [told] = await ours.told()

    assert told["state"] == "trouble"
    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["zalo.refresh_token_is_old"]


async def test_a_token_that_zalo_will_not_renew_is_an_alarm_with_the_way_out(house, zalo, clock):
    await connect(house, zalo)
    clock.advance(days=2)
    zalo.faults["/v4/oa/access_token"].append(Fault(error=-14014))
    with structlog.testing.capture_logs() as logged:
        async with Zalo(house) as ours:
            await ours.renew()
            [told] = await ours.told()

    assert told["state"] == "trouble"
    assert "-14014" in str(told["reason"])
    assert any(line["log_level"] == "error" and "zalo connect" in str(line) for line in logged)
    secrets = [
        zalo.app.secret,
        *(pair.access for pair in zalo.oauth.pairs),
        *(pair.refresh for pair in zalo.oauth.pairs),
    ]
    assert not [secret for secret in secrets if secret in str(logged) + str(told)]


@pytest.mark.parametrize(
    ("pasted", "found"),
    [
        ("https://a.vn/zalo/callback?code=abc&oa_id=12&state=s", Brought("abc", "12", "s")),
        ("  https://a.vn/zalo/callback?oa_id=12&code=ab\n c&state=s ", Brought("abc", "12", "s")),
        ("?code=abc&oa_id=12&state=s", Brought("abc", "12", "s")),
        ("abcdefghijklmnop", Brought("abcdefghijklmnop")),
        ("hello", None),
        ("https://a.vn/zalo/callback?error=1", None),
        ("", None),
        ("?code=&oa_id=1", None),
    ],
)
def test_what_a_person_pastes_is_read_as_they_meant_it(pasted, found):
    assert brought(pasted) == found


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"zalo_app_id": "1"}, "ZALO_APP_SECRET"),
        ({"zalo_app_id": "one", "zalo_app_secret": "s", "zalo_oa_keys": "k"}, "ZALO_APP_ID"),
        ({"zalo_app_id": "1", "zalo_app_secret": "s"}, "ZALO_PROBE=true"),
        ({"zalo_app_secret": "s"}, "ZALO_APP_SECRET is set and ZALO_APP_ID is not"),
        ({"zalo_oa_keys": "k"}, "ZALO_OA_KEYS is set"),
        ({"zalo_mode": "v4"}, "ZALO_MODE"),
        (
            {"zalo_app_id": "1", "zalo_app_secret": "s", "zalo_oa_keys": "k", "zalo_pkce": "fixed"},
            "ZALO_PKCE_VERIFIER: 43 to 128",
        ),
    ],
)
def test_half_a_channel_is_named_with_what_it_lacks(given, named):
    with pytest.raises(InvalidSettings, match=named):
        load(_env_file=None, **given)


def test_several_keys_may_sign_and_none_is_printed():
    settings = load(
        _env_file=None, zalo_app_id="1", zalo_app_secret="very-secret", zalo_oa_keys="first-key, second-key,"
    )

    assert settings.zalo_signing_keys == ("first-key", "second-key")
    assert not [word for word in ("very-secret", "first-key") if word in repr(settings)]


def test_zalo_needs_no_library_of_another_platform():
    program = "import bot.app, bot.zalo, bot.cli.zalo_work, sys; print(sorted({'aiogram', 'telegram'} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=HERE, capture_output=True, text=True, check=True
    ).stdout

    assert said.strip() == "[]"
