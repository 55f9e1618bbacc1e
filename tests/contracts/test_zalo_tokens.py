"""Tokens of connected accounts, against a Zalo whose refresh tokens work once: renewed by one, read only when written down, and
what became of an unclear renewal is found out and said."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bot.channels.zalo_client import ZaloClient, challenge_of, new_verifier
from bot.channels.zalo_tokens import (
    KEEPING,
    LEASE,
    LOST,
    NotConnected,
    Pair,
    Tokens,
    Unclear,
    error_of,
    pair_from,
)
from storage.database import Database, Unavailable
from storage.vault import Vault
from tests.contracts.conftest import clock_of, connect, hosts
from tests.zalo_server.oauth import PKCE_VECTOR
from tests.zalo_server.server import Fault, ZaloServer

SERVICE, PROBE = "/v4/oa/access_token", "/v2.0/oa/getoa"
WORKERS = 8
A_LIFE = 25 * 3600.0
NEARLY = 23.5 * 3600.0  # due to be renewed, and still good


@pytest.fixture
async def client(zalo: ZaloServer) -> AsyncIterator[ZaloClient]:
    async with ZaloClient(zalo.app.id, zalo.app.secret, hosts=hosts(zalo)) as client:
        yield client


def worker(zalo: ZaloServer, client: ZaloClient, database: Database, vault: Vault) -> Tokens:
    async def pause(seconds: float) -> None:
        await asyncio.sleep(seconds / 100)

    return Tokens(zalo.oa.id, database, vault, client.renew, client.works, clock_of(zalo), pause=pause)


@pytest.fixture
async def tokens(zalo, client, sqlite_database, vault) -> Tokens:
    await connect(zalo, zalo.oa, sqlite_database, vault)
    return worker(zalo, client, sqlite_database, vault)


async def row(zalo: ZaloServer, database: Database):
    async with database.reading() as tx:
        return await tx.zalo_accounts.get(zalo.oa.id)


def current(zalo: ZaloServer) -> str:
    """The access token that opens the account at this moment."""
    return next(pair.access for pair in zalo.oauth.pairs if pair.is_current)


def on_the_disk(path: str) -> bytes:
    return b"".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal"))


# ── Reading answers ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "lives"),
    [
        ("90000", 90_000),
        (90000, 90_000),
        ("3600", 3600),
        ("soon", 3600),
        (None, 3600),
        (0, 3600),
        ("9" * 40, 3600),
    ],
)
def test_a_pair_is_never_thrown_away_for_how_its_end_is_written(clock, seconds, lives):
    answer = json.dumps({"access_token": "a", "refresh_token": "r", "expires_in": seconds, "new": 1}).encode()

    assert pair_from(answer, clock()) == Pair("a", "r", clock(), clock() + timedelta(seconds=lives))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'{"error":-14014,"error_name":"Invalid refresh token"}', -14014),
        (b'{"error":"-14020"}', -14020),
        (b"<html>", None),
        (b"", None),
        (b"[]", None),
        (b'{"access_token":"a"}', None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
)
def test_what_is_no_pair_is_a_number_or_nothing(clock, answer, error):
    with pytest.raises(ValueError, match="no pair") as raised:
        pair_from(answer, clock())

    assert error_of(answer) == error
    assert "access_token" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_pair_shows_nothing_of_itself(clock):
    pair = Pair("AT-secret", "RT-secret", clock(), clock())

    assert "secret" not in repr(pair)
    assert Pair.from_json(pair.to_json()) == pair


def test_verifiers_are_long_and_the_vector_holds():
    assert len({new_verifier() for _ in range(50)}) == 50
    assert len(new_verifier()) == 43
    assert challenge_of(PKCE_VECTOR[0]) == PKCE_VECTOR[1]


async def test_a_code_is_good_once_and_with_its_verifier(zalo, client, clock):
    verifier = new_verifier()
    link = client.permission_link(zalo.app.callback, verifier, "state")
    assert link.startswith(f"{zalo.oauth_url}/v4/oa/permission?app_id=")
    query = {"app_id": zalo.app.id, "redirect_uri": zalo.app.callback, "state": "s"}
    place = zalo.oauth.permit(query | {"code_challenge": challenge_of(verifier)}, zalo.oa.id)
    code = place.partition("code=")[2].partition("&")[0]

    assert pair_from(await client.exchange(code, verifier), clock()).access == current(zalo)
    assert error_of(await client.exchange(code, verifier)) == -14012
    profile = await client.profile(current(zalo))
    assert (profile.id, profile.name, profile.oa_type) == (zalo.oa.id, zalo.oa.name, zalo.oa.type)


# ── In good times ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_young_token_is_handed_out_and_an_old_one_renewed_ahead(zalo, tokens):
    first = await tokens.access()
    zalo.time.pass_by(A_LIFE - 2 * 3600 - 60)
    assert await tokens.access() == first

    zalo.time.pass_by(120)
    second = await tokens.access()

    assert second == current(zalo) != first
    assert zalo.oauth.refreshed == 1
    assert await tokens.access() == second


async def test_nothing_of_a_token_is_on_the_disk(zalo, tokens, sqlite_url):
    zalo.time.pass_by(A_LIFE)
    await tokens.access()

    written = on_the_disk(sqlite_url.removeprefix("sqlite:///"))
    for pair in zalo.oauth.pairs:
        assert pair.access.encode() not in written
        assert pair.refresh.encode() not in written


async def test_ten_at_once_in_one_process_renew_once(zalo, tokens):
    zalo.time.pass_by(A_LIFE)

    found = await asyncio.gather(*(tokens.access() for _ in range(10)))

    assert set(found) == {current(zalo)}
    assert zalo.oauth.refreshed == 1


async def test_whoever_stops_waiting_cuts_no_renewal_short(zalo, client, tokens):
    may_answer = asyncio.Event()
    zalo.fails(SERVICE, Fault(until=may_answer))
    zalo.time.pass_by(A_LIFE)
    impatient = asyncio.create_task(tokens.access())
    await zalo.until_asked(SERVICE)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient

    may_answer.set()
    await tokens.settle(timedelta(seconds=5))

    assert zalo.oauth.refreshed == 1
    assert await tokens.access() == current(zalo)


async def test_an_account_that_was_connected_again_is_not_written_over_by_a_renewal_under_way(
    zalo, tokens, sqlite_database, vault
):
    may_answer = asyncio.Event()
    zalo.fails(
        SERVICE,
        Fault(
            until=may_answer,
            done_first=True,
            status=200,
            body=json.dumps({"access_token": "old", "refresh_token": "old"}).encode(),
        ),
    )
    zalo.time.pass_by(A_LIFE)
    renewing = asyncio.create_task(tokens.access())
    await zalo.until_asked(SERVICE)
    await connect(zalo, zalo.oa, sqlite_database, vault)
    may_answer.set()
    await asyncio.wait([renewing])

    kept = await row(zalo, sqlite_database)
    assert Pair.from_json(vault.open_tokens(zalo.oa.id, kept.pair)).access == current(zalo)


async def test_the_answer_is_written_down_before_anybody_reads_it(zalo, tokens, sqlite_database, monkeypatch):
    seen = []

    async def look(row, answer, begun):
        async with sqlite_database.reading() as tx:
            seen.append((await tx.zalo_accounts.get(zalo.oa.id)).journal)
        raise ZeroDivisionError

    monkeypatch.setattr(tokens, "_read", look)
    zalo.time.pass_by(A_LIFE)
    with pytest.raises(ZeroDivisionError):
        await tokens.access()
    monkeypatch.undo()

    assert seen[0] is not None
    zalo.time.pass_by(3600)
    assert await tokens.access() == current(zalo), "whoever comes next reads what was written down"
    assert zalo.oauth.refreshed == 1
    kept = tokens._known[1]
    assert kept.expires_at - kept.issued_at == timedelta(seconds=A_LIFE)
    assert clock_of(zalo)() - kept.issued_at >= timedelta(hours=1), "its life began when Zalo was asked"


# ── In bad times ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_while_nothing_reaches_zalo_nothing_is_lost(zalo, client, tokens, sqlite_database):
    zalo.time.pass_by(NEARLY)
    old = current(zalo)
    where = client._hosts
    client._hosts = type(where)("http://127.0.0.1:9", where.openapi, where.business)

    assert await tokens.access() == old, "it is still good for a while"
    assert (await row(zalo, sqlite_database)).lease_until is None
    client._hosts = where
    assert await tokens.access() == current(zalo) != old


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True),
        Fault(status=502),
        Fault(status=200, body=b"<html>"),
        Fault(error=-32),
        Fault(status=200, body=b'{"error":0}'),
    ],
    ids=repr,
)
async def test_a_renewal_that_never_happened_is_found_out_by_asking_with_the_old_token(zalo, tokens, fault):
    zalo.time.pass_by(NEARLY)
    old = current(zalo)
    zalo.fails(SERVICE, fault)
    assert await tokens.access() == old
    assert await tokens.access() == old, "meanwhile the old one is used"
    assert not [made for made in zalo.made if made.path == PROBE], "Zalo is given time first"

    zalo.time.pass_by(LEASE.total_seconds() + 1)

    assert await tokens.access() == current(zalo) != old
    assert [made.error for made in zalo.made if made.path == PROBE] == [0]
    assert zalo.oauth.refused == 0


@pytest.mark.parametrize(
    "fault", [Fault(drop=True, done_first=True), Fault(status=502, done_first=True)], ids=repr
)
async def test_a_pair_lost_on_its_way_is_found_out_and_said(zalo, tokens, sqlite_database, fault):
    zalo.time.pass_by(NEARLY)
    zalo.fails(SERVICE, fault)
    await tokens.access()
    zalo.time.pass_by(LEASE.total_seconds() + 1)

    with structlog.testing.capture_logs() as logs, pytest.raises(NotConnected) as raised:
        await tokens.access()

    assert LOST in str(raised.value)
    assert "python -m bot zalo connect" in str(raised.value)
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["zalo.not_connected"]
    assert (await row(zalo, sqlite_database)).trouble == LOST
    assert zalo.oauth.refused == 0, "the used refresh token was not tried again"


async def test_a_pair_lost_when_the_old_one_had_ended_is_said_too(zalo, tokens):
    zalo.time.pass_by(A_LIFE + 60)
    zalo.fails(SERVICE, Fault(drop=True, done_first=True))
    with pytest.raises(Unclear):
        await tokens.access()
    zalo.time.pass_by(LEASE.total_seconds() + 1)

    with pytest.raises(NotConnected) as raised:
        await tokens.access()

    assert "-14014" in str(raised.value)
    assert LOST in str(raised.value)


@pytest.mark.parametrize(
    "fault", [Fault(drop=True), Fault(error=-32), Fault(status=502), Fault(error=-200)], ids=repr
)
async def test_while_nobody_can_tell_nothing_is_tried_and_nothing_given_up(
    zalo, tokens, sqlite_database, fault
):
    zalo.time.pass_by(NEARLY)
    zalo.fails(SERVICE, Fault(drop=True))
    zalo.fails(PROBE, *[fault] * (2 if fault.drop else 1))  # a GET over a kept connection is tried twice
    old = await tokens.access()
    zalo.time.pass_by(LEASE.total_seconds() + 1)
    assert await tokens.access() == old
    assert zalo.oauth.refreshed == 0

    zalo.time.pass_by(LEASE.total_seconds() + 1)

    assert await tokens.access() == current(zalo) != old


@pytest.mark.parametrize("error", [-14002, -14003, -14012, -14014, -14020, -14024, -14004, -1])
async def test_what_the_token_service_refuses_is_final_and_alarms(
    zalo, client, tokens, sqlite_database, vault, error
):
    zalo.time.pass_by(A_LIFE)
    zalo.fails(SERVICE, Fault(error=error))
    with structlog.testing.capture_logs() as logs, pytest.raises(NotConnected) as raised:
        await tokens.access()
    assert f"({error})" in str(raised.value)
    assert any(each["event"] == "zalo.not_connected" and each["do"] for each in logs)

    for _ in range(3):
        with pytest.raises(NotConnected):
            await worker(zalo, client, sqlite_database, vault).access()
    assert zalo.oauth.refreshed == 0
    assert not [made for made in zalo.made if made.path == SERVICE], "nobody asks again"

    await connect(zalo, zalo.oa, sqlite_database, vault)
    assert await tokens.access() == current(zalo), "until a person has connected the account again"


async def test_while_the_database_is_away_an_answer_waits_in_memory(
    zalo, client, tokens, sqlite_database, monkeypatch
):
    zalo.time.pass_by(A_LIFE)
    away = [True] * (KEEPING + 5)

    @asynccontextmanager
    async def transaction():
        async with AsyncExitStack() as stack:
            if zalo.oauth.refreshed and away:
                away.pop()
                raise Unavailable("the disk is full")
            yield await stack.enter_async_context(whole())

    whole = sqlite_database.transaction
    monkeypatch.setattr(sqlite_database, "transaction", transaction)
    with pytest.raises(Unavailable):
        await tokens.access()
    zalo.time.pass_by(3600)

    assert await tokens.access() == current(zalo)
    assert zalo.oauth.refreshed == 1


async def test_an_answer_in_many_pieces_is_a_whole_pair(zalo, tokens):
    zalo.time.pass_by(A_LIFE)
    zalo.fails(SERVICE, Fault(in_pieces=True))

    assert await tokens.access() == current(zalo)


async def test_keys_that_do_not_fit_are_said_and_never_connected_is_said(
    zalo, client, tokens, sqlite_database, tmp_path
):
    from storage.keys import FileKeys

    stranger = worker(zalo, client, sqlite_database, Vault(FileKeys(tmp_path / "other")))
    with pytest.raises(NotConnected, match="cannot be opened with the keys"):
        await stranger.access()
    tokens._account = "1"
    with pytest.raises(NotConnected, match="never connected"):
        await tokens.access()


# ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.timeout(900)
@pytest.mark.parametrize("expiries", [60, pytest.param(1000, marks=pytest.mark.long)])
async def test_eight_workers_renew_once_at_each_expiry(zalo, client, database_url, vault, expiries):
    """Each with a database connection of its own, as processes have. Every third time it is Zalo that says the token is old."""
    async with AsyncExitStack() as stack:
        workers = []
        for _ in range(WORKERS):
            database = await Database.open(database_url)
            stack.push_async_callback(database.close)
            workers.append(worker(zalo, client, database, vault))
        await connect(zalo, zalo.oa, database, vault)
        for number in range(1, expiries + 1):
            if number % 3:
                zalo.time.pass_by(A_LIFE)
                found = await asyncio.gather(*(each.access() for each in workers))
            else:
                zalo.time.pass_by(120)
                old = current(zalo)
                found = await asyncio.gather(*(each.renewed_after(old) for each in workers))
            assert set(found) == {current(zalo)}, number
            assert zalo.oauth.refreshed == number
            del zalo.oauth.pairs[:-1]
            zalo.made.clear()

    assert zalo.oauth.refused == 0
