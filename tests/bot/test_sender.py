"""The sender with a real database, the real Telegram channel and a platform that counts what arrives."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.channels.pacing import Window
from bot.sender import Sender
from bot.sending.epochs import Epochs
from bot.sending.holding import Holding
from bot.sending.recorder import Recorder
from handlers.clock_holds import RESTORED
from storage.database import Database
from storage.outbox import ALL
from storage.statements import Prepared
from storage.transaction import Tx
from storage.vault import Vault
from surveys.delivery import Audience, Cap, DeliveryState, Why
from tests.bot.sending_town import ACCOUNT, Town, nothing_waits
from tests.bulk_server.server import BulkServer, Fault, busiest_second
from tests.conftest import Clock

PENDING, SENT, FAILED = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.FAILED
BLOCKED, UNKNOWN, CANCELLED = DeliveryState.BLOCKED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED
BAD_REQUEST = Fault(400, b'{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}')
FORBIDDEN = Fault(
    403, b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}'
)


@pytest.fixture
async def server() -> AsyncIterator[BulkServer]:
    async with BulkServer(limit=10_000) as server:
        yield server


class Running(Clock):
    """A clock that runs, from a moment a test has chosen."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self._begun = asyncio.get_running_loop().time()

    def __call__(self) -> datetime:
        return self.moment + timedelta(seconds=asyncio.get_running_loop().time() - self._begun)


@pytest.fixture
async def running(clock: Clock) -> Running:
    return Running(clock.moment)


@pytest.fixture
def town(database: Database, vault: Vault, tmp_path: Path, running: Running, server: BulkServer) -> Town:
    return Town(database, vault, tmp_path, running, server.url)


async def test_everybody_gets_it_once(town: Town, server: BulkServer):
    await town.people(range(1, 201))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_done(campaign)

    assert await town.counts(campaign) == {SENT: 200}
    assert Counter(each.chat for each in server.log) == Counter(range(1, 201))
    assert {each.text for each in server.log} == {"Q7-204"}


async def test_never_more_than_its_platform_takes_in_any_second(town: Town, server: BulkServer):
    server.limit = town.a_second = 20
    await town.people(range(1, 61))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_done(campaign)

    assert not server.refused
    assert busiest_second([each.at for each in server.log]) <= 20


async def test_two_campaigns_leave_a_second_between_two_messages_to_one_person(
    town: Town, server: BulkServer
):
    await town.people(range(1, 4))
    campaigns = [await town.campaign(subject) for subject in ("one", "two")]

    async with town.sending():
        for campaign in campaigns:
            await town.until_done(campaign)

    assert not server.refused
    assert all(sorted(server.texts_to(chat)) == ["one", "two"] for chat in (1, 2, 3))


async def test_two_senders_send_once_and_one_of_them_stands_by(town: Town, server: BulkServer):
    await town.people(range(1, 101))
    campaign = await town.campaign()

    async with town.sending() as one, town.sending() as other:
        await town.until_done(campaign)

    assert Counter(each.chat for each in server.log) == Counter(range(1, 101))
    assert sorted((one.sent.get("telegram", 0), other.sent.get("telegram", 0))) == [0, 100]


async def test_who_says_stop_inside_the_batch_gets_nothing(town: Town, server: BulkServer):
    await town.people(range(1, 31))
    town.leaving |= {town.print_of(7), town.print_of(8)}
    async with town.db.transaction() as tx:
        await tx.contacts.delete(town.print_of(9))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_done(campaign)

    assert {each.chat for each in server.log} == set(range(1, 31)) - {7, 8, 9}
    assert await town.counts(campaign) == {SENT: 27, CANCELLED: 2}
    async with town.db.reading() as tx:
        assert (await tx.outbox.reasons(campaign)) == {(CANCELLED, Why.LEFT): 2}


async def test_nobody_is_written_to_by_night_unless_two_persons_said_so(
    town: Town, server: BulkServer, running: Running
):
    running.moment = running.moment.replace(hour=20)  # three in the morning
    await town.people(range(1, 6))
    campaign = await town.campaign()
    urgent = await town.campaign("113", is_urgent=True)

    async with town.sending():
        await town.until_done(urgent)
        await town.until(campaign, lambda counts: counts.get(PENDING) == 5)

    assert {each.text for each in server.log} == {"113"}
    assert await town.counts(campaign) == {PENDING: 5}


async def test_who_had_enough_gets_no_more(town: Town, server: BulkServer):
    town.cap = Cap(1, timedelta(days=7))
    await town.people(range(1, 6))
    first = await town.campaign("first")
    async with town.sending():
        await town.until_done(first)
        second = await town.campaign("second")
        urgent = await town.campaign("113", is_urgent=True)
        await town.until_done(second)
        await town.until_done(urgent)

    assert await town.counts(second) == {CANCELLED: 5}
    assert await town.counts(urgent) == {SENT: 5}


async def test_what_has_expired_is_not_sent(town: Town, server: BulkServer):
    await town.people(range(1, 6))
    campaign = await town.campaign(expires_at=town.now())

    async with town.sending():
        await town.until_done(campaign)

    assert await town.counts(campaign) == {DeliveryState.EXPIRED: 5}
    assert server.log == []


async def test_a_message_that_three_people_are_refused_alike_stops(town: Town, server: BulkServer):
    server.faults = lambda method, chat: BAD_REQUEST
    await town.people(range(1, 101))
    campaign = await town.campaign()

    async with town.sending():
        await town.until(campaign, lambda counts: counts.get(FAILED) == 3)
        standing = await town.until_paused(campaign)

    assert standing.why.startswith(Why.POISON)
    assert await town.counts(campaign) == {FAILED: 3, PENDING: 97}

    server.faults = None
    async with town.db.transaction() as tx:
        await tx.outbox.retry(campaign, 10)
        await tx.outbox.resume(campaign)
    async with town.sending():
        await town.until_done(campaign)
    assert await town.counts(campaign) == {SENT: 100}


async def test_who_blocked_us_is_let_go_of(town: Town, server: BulkServer):
    server.faults = lambda method, chat: FORBIDDEN if chat == 3 else None
    await town.people(range(1, 11))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_done(campaign)

    assert await town.counts(campaign) == {SENT: 9, BLOCKED: 1}
    assert [address.id for address in town.left] == ["3"]


async def test_with_a_wrong_bot_nobody_is_let_go_of(town: Town, server: BulkServer):
    server.faults = lambda method, chat: FORBIDDEN
    await town.people(range(1, 101))
    campaign = await town.campaign()

    async with town.sending():
        await town.until(campaign, lambda counts: counts.get(BLOCKED, 0) >= 20)
        await town.until_resting()

    assert town.left == []
    assert (await town.counts(campaign))[PENDING] > 0


async def test_an_outage_costs_a_few_people_their_certainty_and_not_everybody(town: Town, server: BulkServer):
    server.faults = lambda method, chat: Fault(500, b"{}")
    await town.people(range(1, 101))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_resting()

    assert (await town.counts(campaign))[UNKNOWN] <= 4
    assert server.log == []


async def test_a_429_costs_nobody_anything_and_is_remembered(town: Town, server: BulkServer):
    refusals = 3

    def fault(method: str, chat: int) -> Fault | None:
        nonlocal refusals
        refusals -= 1
        body = b'{"ok":false,"description":"slow","parameters":{"retry_after":1}}'
        return Fault(429, body) if refusals >= 0 else None

    server.faults = fault
    await town.people(range(1, 31))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_resting()
    async with town.sending():
        await town.until_done(campaign)

    assert await town.counts(campaign) == {SENT: 30}
    assert Counter(each.chat for each in server.log) == Counter(range(1, 31))


@pytest.mark.parametrize("repeats", [0, 1])
async def test_what_perhaps_arrived_goes_again_only_where_it_may(
    town: Town, server: BulkServer, repeats: int
):
    lost = {5}

    def fault(method: str, chat: int) -> Fault | None:
        if chat in lost:
            lost.discard(chat)
            return Fault(drop=True, done_first=True)
        return None

    server.faults, server.a_chat = fault, 0
    await town.people(range(1, 11))
    campaign = await town.campaign(repeats=repeats, is_urgent=bool(repeats))

    async with town.sending():
        await town.until_done(campaign)

    if repeats:
        assert await town.counts(campaign) == {SENT: 10}
        assert server.texts_to(5) == ["Q7-204", "Q7-204 (gửi lại)"]
    else:
        assert await town.counts(campaign) == {SENT: 9, UNKNOWN: 1}
        assert server.texts_to(5) == ["Q7-204"]


async def test_a_campaign_that_is_stopped_stops(town: Town, server: BulkServer):
    server.limit = town.a_second = 5  # so slow that a busy machine stops it in time, too
    await town.people(range(1, 201))
    campaign = await town.campaign()

    async with town.sending():
        await town.until(campaign, lambda counts: counts.get(SENT, 0) >= 5)
        async with town.db.transaction() as tx:
            await tx.outbox.stop(campaign)
        at_that_moment = await town.counts(campaign)
        await town.until_done(campaign)

    counts = await town.counts(campaign)
    had_left = at_that_moment.get(SENT, 0) + at_that_moment.get(DeliveryState.SENDING, 0)
    assert counts[SENT] == len(server.log) < 60
    # One batch may have been written down as leaving while the stop was; nothing that asks afterwards leaves.
    assert had_left <= counts[SENT] <= had_left + town.a_second
    assert counts[CANCELLED] == 200 - counts[SENT]


async def test_it_is_spread_over_the_time_it_was_given(town: Town, server: BulkServer, running: Running):
    await town.people(range(1, 41))
    campaign = await town.campaign(over=timedelta(hours=1))

    async with town.sending():
        await town.until(campaign, lambda counts: counts.get(SENT) == 1)
        running.moment += timedelta(minutes=30)
        await town.until(campaign, lambda counts: counts.get(SENT, 0) >= 20)
        assert (await town.counts(campaign))[PENDING] >= 18
        running.moment += timedelta(minutes=40)
        await town.until_done(campaign)

    assert await town.counts(campaign) == {SENT: 40}


async def test_what_was_sent_is_taken_back_where_the_platform_can(town: Town, server: BulkServer):
    await town.people(range(1, 6))
    campaign = await town.campaign()
    async with town.sending():
        await town.until_done(campaign)
        recall = await town.campaign("Đã thu hồi", kind="notice.recall", audience=Audience(of=campaign))
        await town.until_done(recall)

    methods = Counter(each.method for each in server.log)
    assert methods == {"sendMessage": 5, "editMessageText": 5}
    assert await town.counts(recall) == {SENT: 5}
    assert {each.text for each in server.log if each.method == "editMessageText"} == {"Đã thu hồi"}


async def test_where_it_cannot_a_correction_is_sent(town: Town, server: BulkServer):
    await town.people(range(1, 6))
    campaign = await town.campaign()
    async with town.sending():
        await town.until_done(campaign)
    async with town.db.transaction() as tx:
        await tx.outbox.purge_messages(town.now() + timedelta(hours=49))
    server.a_chat = 0
    recall = await town.campaign("Đã thu hồi", kind="notice.recall", audience=Audience(of=campaign))

    async with town.sending():
        await town.until_done(recall)

    assert server.texts_to(1) == ["Q7-204", "Đã thu hồi"]


async def test_a_database_from_a_backup_wakes_paused(town: Town, server: BulkServer):
    await town.people(range(1, 11))
    campaign = await town.campaign()
    async with town.sending():
        await town.until_done(campaign)
    await town.campaign("after the backup")
    async with town.db.transaction() as tx:  # as a backup of a moment before would say
        await tx._connection.run(Prepared(text("UPDATE senders SET epoch = epoch - 1")))
    server.log.clear()

    async with town.sending():
        await town.until_resting(ALL)
        await asyncio.sleep(0.2)  # in which nothing happens

    assert server.log == []
    assert (await town.senders())[ALL].why == Why.RESTORED
    async with (
        town.db.reading() as tx
    ):  # and nothing else happens by itself, which might send it by another way
        assert [hold.cause for hold in await tx.clock_holds.all()] == [RESTORED]


async def test_a_crash_before_the_number_is_written_is_no_restore(town: Town, server: BulkServer):
    await town.people(range(1, 11))
    campaign = await town.campaign()
    async with town.sending():
        await town.until_done(campaign)
    [path] = (town.directory / "epochs").iterdir()
    path.write_text(str(int(path.read_text()) - 1))
    second = await town.campaign("second")

    async with town.sending():
        await town.until_done(second)

    assert await town.counts(second) == {SENT: 10}


async def test_a_crash_in_the_very_first_message_is_no_restore(town: Town, server: BulkServer):
    await town.people(range(1, 11))
    campaign = await town.campaign()
    holding = Holding(ACCOUNT, town.office(), Window(10))
    await holding.look()
    # Counted there, and its process killed before the number was here.
    async with town.db.transaction() as tx:
        await tx._connection.run(Prepared(text("UPDATE senders SET epoch = 1")))
    await holding.let_go()

    async with town.sending():
        await town.until_done(campaign)

    assert await town.counts(campaign) == {SENT: 10}


async def somebody_sends_seven(database: Database, epochs: Epochs) -> None:
    async with database.transaction() as tx:
        await tx._connection.run(Prepared(text("UPDATE senders SET epoch = epoch + 7")))
        there = (await tx.outbox.senders())[ACCOUNT].epoch
    await epochs.begin(ACCOUNT)
    await epochs.write(ACCOUNT, there)


class OvertakenOnce(Database):
    """Whose owner is held up after the first message's number is in the database, while somebody else holds the account and sends seven."""

    def __init__(self, real: Database, epochs: Epochs) -> None:
        self._real = real
        self._epochs = epochs
        self.was = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self._real.transaction() as tx:
            yield tx
        if not self.was:
            async with self._real.reading() as tx:
                mine = (await tx.outbox.senders()).get(ACCOUNT)
            self.was = mine.epoch if mine is not None else 0
            if self.was:
                await somebody_sends_seven(self._real, self._epochs)

    def reading(self) -> AbstractAsyncContextManager[Tx]:
        return self._real.reading()

    async def close(self) -> None:
        await self._real.close()


async def test_whoever_was_overtaken_takes_nobody_for_a_backup(town: Town, server: BulkServer):
    await town.people(range(1, 11))
    campaign = await town.campaign()
    office = town.office()
    overtaken = OvertakenOnce(town.db, office.epochs)

    async with town.channel() as telegram:
        sender = Sender(replace(office, db=overtaken), lambda: {ACCOUNT: telegram}, nothing_waits)
        stop = asyncio.Event()
        running = asyncio.ensure_future(sender.run(stop))
        await town.until_done(campaign)
        stop.set()
        await running

    assert overtaken.was == 1
    assert await town.counts(campaign) == {SENT: 10}
    assert ALL not in await town.senders()


class MovedOnce(Database):
    """Between what a process reads here and whatever it asks next, somebody else sends seven."""

    def __init__(self, real: Database, epochs: Epochs) -> None:
        self._real = real
        self._epochs = epochs
        self.is_moved = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        async with self._real.reading() as tx:
            yield tx
        if not self.is_moved:
            self.is_moved = True
            await somebody_sends_seven(self._real, self._epochs)

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self._real.transaction()

    async def close(self) -> None:
        await self._real.close()


@pytest.mark.parametrize("has_sent", [False, True])
async def test_who_is_slow_to_take_over_takes_nobody_for_a_backup(town: Town, has_sent: bool):
    office = town.office()
    if has_sent:
        before = Holding(ACCOUNT, office, Window(10))
        await before.look()
        async with town.db.transaction() as tx:
            await tx._connection.run(Prepared(text("UPDATE senders SET epoch = 3")))
        await office.epochs.write(ACCOUNT, 3)
        await before.let_go()
    moved = MovedOnce(town.db, office.epochs)

    holding = Holding(ACCOUNT, replace(office, db=moved), Window(10))
    await holding.look()

    assert moved.is_moved
    assert holding.may_send
    assert ALL not in await town.senders()


async def test_words_that_cannot_be_made_stop_their_campaign(town: Town, server: BulkServer):
    await town.people(range(1, 6))
    campaign = await town.campaign(kind="unheard of")

    async with town.sending():
        await town.until_paused(campaign)

    assert await town.counts(campaign) == {PENDING: 5}


async def test_who_has_nothing_to_be_told_is_not_written_to(town: Town, server: BulkServer):
    town.words.silent = lambda recipient: recipient.contact.endswith("3")
    await town.people(range(1, 6))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_done(campaign)

    assert await town.counts(campaign) == {SENT: 4, CANCELLED: 1}


async def test_a_recipient_whose_row_was_lost_is_found_again_and_a_newcomer_is_not_taken_for_one(
    town: Town, server: BulkServer
):
    server.limit = town.a_second = 20
    await town.people(range(1, 61))
    campaign = await town.campaign()

    async with town.sending():
        await town.until(campaign, lambda counts: sum(counts.values()) == 60)
        await town.people(range(100, 110))
        async with town.db.transaction() as tx:
            lost = text("DELETE FROM deliveries WHERE contact = :of AND state = 'pending'")
            assert await tx._connection.run(Prepared(lost), of=f"{60:032x}") == 1
            await tx._connection.run(
                Prepared(text("UPDATE delivery_counts SET number = number - 1 WHERE state = 'pending'"))
            )
        await town.until_done(campaign)

    assert {each.chat for each in server.log} == set(range(1, 61))
    assert await town.counts(campaign) == {SENT: 60}


async def test_what_waits_goes_on_where_another_process_stopped(town: Town, server: BulkServer):
    server.limit = town.a_second = 20
    await town.people(range(1, 61))
    campaign = await town.campaign()
    async with town.sending():
        await town.until(campaign, lambda counts: counts.get(SENT, 0) >= 10)

    counts = await town.counts(campaign)
    assert set(counts) == {SENT, PENDING}, "a sender that stops in order leaves nothing in doubt"
    async with town.sending():
        await town.until_done(campaign)

    assert Counter(each.chat for each in server.log) == Counter(range(1, 61))


async def test_a_line_that_breaks_begins_anew(
    town: Town, server: BulkServer, monkeypatch: pytest.MonkeyPatch
):
    """The recorder is broken on purpose: no real part of it is known to break like this."""
    write_down, breaks = Recorder._write_down, 1

    async def broken(self: Recorder, *given: Any) -> None:
        nonlocal breaks
        if breaks:
            breaks -= 1
            raise ZeroDivisionError
        await write_down(self, *given)

    monkeypatch.setattr(Recorder, "_write_down", broken)
    await town.people(range(1, 31))
    campaign = await town.campaign()

    async with town.sending():
        await town.until_done(campaign)
        following = await town.campaign("Q7-205")
        await town.until_done(following)

    counts = await town.counts(campaign)
    assert sum(counts.values()) == 30
    assert counts.get(UNKNOWN, 0) <= 3, "only what was under way when it broke"
    assert await town.counts(following) == {SENT: 30}
    assert Counter(each.chat for each in server.log) == Counter(dict.fromkeys(range(1, 31), 2))
