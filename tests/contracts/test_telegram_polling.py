"""Long polling: nothing confirmed before it is handled, nobody overtaken, nothing taken twice, no trouble that ends it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
import structlog

from bot.channels import telegram_residents
from bot.channels.telegram_residents import CALLING, IN_PASSING
from storage.database import Unavailable
from surveys.conversation import Option, Reply, Say
from tests.contracts.conftest import SORRY
from tests.patience import PATIENCE
from tests.telegram_server.server import Fault

QUESTION = Say("1/5  Ông/bà làm thủ tục gì?", (Option("Cư trú", "t-cu-tru"),))


@asynccontextmanager
async def polling(channel) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(channel.poll(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def all_confirmed(server) -> None:
    await server.until(lambda: server.is_listened_to and not server.world.updates)


async def test_what_was_said_is_answered(server, channel, residents):
    residents.answer = lambda incoming: (
        Reply((Say("2/5"),), stamp="1/5  Đã ghi.") if incoming.tap else Reply((QUESTION,))
    )
    ann = server.world.person(42)
    async with polling(channel):
        ann.starts("abc")
        await server.until(lambda: ann.buttons == ["Cư trú"])
        server.time.pass_by(1)
        ann.taps("Cư trú")
        await server.until(lambda: ann.heard == ["1/5  Đã ghi.", "2/5"])

    assert [incoming.start for incoming in residents.received] == ["abc", None]
    assert len(server.world.answered) == 1


async def test_a_webhook_left_over_is_removed_first(server, channel):
    await channel.set_webhook("https://old.test/telegram")
    ann = server.world.person(42)
    ann.says("chào")
    async with polling(channel):
        await server.until(lambda: ann.heard == ["Đã nhận."])
    assert server.webhook is None


async def test_a_webhook_that_cannot_be_removed_yet_is_removed_later(server, channel):
    await channel.set_webhook("https://old.test/telegram")
    server.fails("deleteWebhook", Fault(drop=True), Fault(502, b"<html>"))
    ann = server.world.person(42)
    ann.says("chào")
    async with polling(channel):
        await server.until(lambda: ann.heard == ["Đã nhận."])
    assert server.webhook is None


async def test_stopping_waits_in_passing_only_for_a_telegram_that_hangs(
    server, channel, residents, monkeypatch
):
    hangs, given = asyncio.Event(), []
    call = channel._api.call

    async def noted(what, within=CALLING):
        given.append(within)
        return await call(what, within)

    monkeypatch.setattr(channel._api, "call", noted)  # how long is waited at most, without waiting to see
    server.world.person(42).says("chào")
    async with polling(channel) as stop:
        await all_confirmed(server)
        server.world.person(43).says("chào")
        await server.until(lambda: len(residents.received) == 2)
        server.fails("getUpdates", *[Fault(until=hangs)] * 3)
        given.clear()
        stop.set()
    assert not hangs.is_set()
    assert sum(given, timedelta()) <= IN_PASSING
    hangs.set()


async def test_nothing_is_confirmed_before_it_is_handled(server, channel, residents):
    gate, begun = asyncio.Event(), asyncio.Event()

    async def receive(incoming):
        begun.set()
        await gate.wait()
        return Reply((QUESTION,))

    residents.receive = receive
    server.world.person(42).says("chào")
    async with polling(channel):
        await begun.wait()
        assert len(server.world.updates) == 1
        gate.set()
        await all_confirmed(server)


async def test_a_crash_before_confirming_brings_it_again(server, channel, residents):
    begun = asyncio.Event()

    async def receive(incoming):
        residents.received.append(incoming)
        begun.set()
        await asyncio.Event().wait()

    takes, residents.receive = residents.receive, receive
    server.world.person(42).says("chào")
    crashing = asyncio.create_task(channel.poll(asyncio.Event()))
    await begun.wait()
    crashing.cancel()
    with suppress(asyncio.CancelledError):
        await crashing
    residents.receive = takes

    async with polling(channel):
        await all_confirmed(server)

    first, second = residents.received
    assert first == second


async def test_stopping_confirms_what_was_handled(server, channel, residents):
    ann = server.world.person(42)
    async with polling(channel) as stop:
        residents.answer = lambda incoming: (stop.set(), Reply(()))[1]
        ann.says("chào")
        await server.until(lambda: not server.world.updates)

    async with polling(channel):
        await all_confirmed(server)
    assert len(residents.received) == 1


async def test_while_the_database_is_away_nothing_is_lost_or_overtaken_or_done_twice(
    server, channel, residents
):
    away = {"42": 3}

    def answer(incoming):
        if away.get(incoming.sender.id):
            away[incoming.sender.id] -= 1
            residents.received.pop()
            raise Unavailable("the database is away")
        return Reply(())

    residents.answer = answer
    ann, binh = server.world.person(42), server.world.person(43)
    for round in range(3):
        ann.says(f"a{round}")
        binh.says(f"b{round}")

    async with polling(channel):
        await all_confirmed(server)

    texts = [incoming.text for incoming in residents.received]
    assert [text for text in texts if text[0] == "a"] == ["a0", "a1", "a2"]
    assert [text for text in texts if text[0] == "b"] == ["b0", "b1", "b2"]
    assert texts[:3] == ["b0", "b1", "b2"]  # nobody waited for the one in trouble


async def test_many_people_at_once_each_in_order(server, channel, residents):
    together, most = set(), 0

    async def receive(incoming):
        nonlocal most
        assert incoming.sender not in together
        together.add(incoming.sender)
        most = max(most, len(together))
        for _ in range(3):
            await asyncio.sleep(0)
        together.remove(incoming.sender)
        residents.received.append(incoming)
        return Reply(())

    residents.receive = receive
    people = [server.world.person(id) for id in range(100, 130)]
    for round in range(10):
        for person in people:
            person.says(str(round))

    async with polling(channel):
        await all_confirmed(server)

    assert most > 20
    for person in people:
        theirs = [incoming.text for incoming in residents.received if incoming.sender.id == str(person.id)]
        assert theirs == [str(round) for round in range(10)]


async def test_a_poison_update_is_set_aside_and_confirmed(server, channel, residents, quarantine):
    def answer(incoming):
        if incoming.text == "poison":
            raise ZeroDivisionError
        return Reply((QUESTION,))

    residents.answer = answer
    ann, binh = server.world.person(42), server.world.person(43)
    ann.says("poison")
    binh.says("chào")

    async with polling(channel):
        await all_confirmed(server)
        await server.until(lambda: bool(ann.heard and binh.heard))

    assert (ann.heard, binh.heard) == ([SORRY], [QUESTION.text])
    assert len(quarantine.kept) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True),
        Fault(drop=True, done_first=True),
        Fault(502, b"<html>Bad Gateway"),
        Fault(500, b'{"ok":false,"description":"Internal Server Error"}'),
        Fault(429, b'{"ok":false,"description":"slow down","parameters":{"retry_after":9}}'),
        Fault(401, b'{"ok":false,"description":"Unauthorized"}'),
        Fault(409, b'{"ok":false,"description":"Conflict: terminated by other getUpdates request"}'),
        Fault(200, b'{"ok":true,"result":{"not":"a list"}}'),
        Fault(200, b'{"ok":true,"result":[{"no":"number"},7,null]}'),
        Fault(200, b"\xff"),
    ],
    ids=lambda fault: (
        f"{fault.status}{fault.body[:60].decode(errors='replace')}{fault.drop}{fault.done_first}"
    ),
)
async def test_no_trouble_ends_the_listening(server, channel, residents, fault):
    server.fails("getUpdates", fault)
    ann = server.world.person(42)
    ann.says("chào")

    async with polling(channel):
        await server.until(lambda: ann.heard == ["Đã nhận."])

    assert len(residents.received) == 1


async def test_waiting_grows_with_the_trouble_and_obeys_retry_after(server, channel):
    server.fails("getUpdates", *[Fault(500, b'{"ok":false}')] * 8)
    server.fails(
        "getUpdates", Fault(429, b'{"ok":false,"description":"slow","parameters":{"retry_after":77}}')
    )
    begun = server.time.now
    with structlog.testing.capture_logs() as events:
        async with polling(channel):
            await server.until(lambda: server.is_listened_to)

    assert server.time.now - begun == 1 + 2 + 4 + 8 + 16 + 30 + 30 + 30 + 77
    assert [event["event"] for event in events if event["log_level"] == "warning"] == ["polling.failed"] * 9


async def test_stopping_does_not_wait_for_telegram(server, channel, monkeypatch):
    monkeypatch.setattr(telegram_residents, "LISTENING", timedelta(hours=1))

    async with polling(channel) as stop:
        await server.until(lambda: server.is_listened_to)
        stop.set()


async def test_updates_whose_numbers_start_afresh_are_heard(server, channel, residents):
    ann = server.world.person(42)
    async with polling(channel):
        ann.says("một")
        await server.until(lambda: bool(residents.received))
        await all_confirmed(server)
        server.world._update_id = 500  # after a week without updates the numbers may fall
        ann.says("hai")
        await server.until(lambda: len(residents.received) == 2)

    assert [incoming.text for incoming in residents.received] == ["một", "hai"]


async def test_a_batch_given_out_of_order_is_taken_in_order(server, channel, residents):
    ann = server.world.person(42)
    for text in ("một", "hai", "ba"):
        ann.says(text)
    server.world.updates.reverse()

    async with polling(channel):
        await server.until(lambda: len(residents.received) == 3)

    assert [incoming.text for incoming in residents.received] == ["một", "hai", "ba"]
