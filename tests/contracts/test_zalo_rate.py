"""An account's minute against the strict Zalo, which refuses every call too many: notices by the hundred and people who write
meanwhile, through one account."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import count

import pytest

from bot.channels.contract import RetryAfter, Sent
from bot.channels.throttle import Priority, Throttle
from surveys.conversation import Address, Reply, Say
from tests.contracts.conftest import door_to, official_account
from tests.patience import PATIENCE
from tests.telegram_server.server import Timepiece
from tests.zalo_server.server import Fault, ZaloServer

V2 = "/v2.0/oa/message"
A_MINUTE = 12
NOTICES = 40
WRITING = 9  # people, more than the places that bulk leaves free
AT_ONCE = 4  # notices that are sent at the same time


class Going(Timepiece):
    """Seconds that pass while somebody waits for them, whatever is on its way meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self.is_held = False
        """While it is, nobody who waits is woken: what was begun in this moment comes as far as it can."""

    async def pause(self, seconds: float) -> None:
        due = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._numbers), due))
        await due

    async def goes(self) -> None:
        while True:
            for _ in range(10):
                await asyncio.sleep(0)
            if self._waiting and not self.is_held:
                self.now, _, due = heapq.heappop(self._waiting)
                due.done() or due.set_result(None)
            else:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def going() -> AsyncIterator[ZaloServer]:
    time = Going()
    async with ZaloServer(time=time) as zalo:
        passing = asyncio.create_task(time.goes())
        try:
            yield zalo
        finally:
            passing.cancel()
            with suppress(asyncio.CancelledError):
                await passing
    assert zalo.violations == []


async def answers(incoming) -> Reply:
    return Reply((Say(f"Đã nghe: {incoming.text}"),))


async def silent(incoming) -> Reply:
    return Reply(())


def the_minute_of(zalo: ZaloServer, a_minute: int = A_MINUTE) -> Throttle:
    zalo.oa.a_minute = a_minute
    return Throttle(a_minute, clock=zalo.time, pause=zalo.time.pause)


def refusals(zalo: ZaloServer) -> list[int]:
    return [made.error for made in zalo.made if made.error == -32]


async def test_notices_fill_no_minute_and_whoever_writes_overtakes_them(sqlite_database, vault):
    async with going() as zalo:
        throttle = the_minute_of(zalo)
        people = [zalo.world.resident(zalo.oa) for _ in range(NOTICES)]
        for person in people:
            person.says("chào")
        zalo.world.happened.clear()
        async with official_account(
            zalo, answers, sqlite_database, vault, address="v2", throttle=throttle
        ) as account:
            door_to(zalo, account)
            waiting = iter(people)

            async def delivers() -> None:
                for person in waiting:
                    address = Address(account.account, person.id)
                    while not isinstance(outcome := await account.send(address, Say("Thông báo")), Sent):
                        assert isinstance(outcome, RetryAfter)
                        await zalo.time.pause(outcome.delay.total_seconds())

            async def writes() -> None:
                await zalo.until(lambda: len(zalo.calls(V2)) >= A_MINUTE)
                zalo.time.is_held = True
                for person in people[:WRITING]:
                    person.says("một câu hỏi")
                await zalo.bring()
                while replies() + throttle.waiting(Priority.REPLY) < WRITING:  # noqa: ASYNC110  (the throttle tells nobody who waits)
                    await asyncio.sleep(0.001)
                asked.append(len(zalo.calls(V2)))
                zalo.time.is_held = False
                await zalo.until(lambda: replies() == WRITING)

            def replies() -> int:
                return sum("Đã nghe" in each["message"]["text"] for each in zalo.calls(V2))

            asked: list[int] = []
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(delivers() for _ in range(AT_ONCE)), writes())

        texts = [each["message"]["text"] for each in zalo.calls(V2)]
        assert texts.count("Thông báo") == NOTICES
        assert [person.texts.count("Thông báo") for person in people] == [1] * NOTICES
        assert refusals(zalo) == [], "the strict Zalo counts by itself"
        last_reply = max(place for place, text in enumerate(texts) if "Đã nghe" in text)
        overtaken_by = texts[asked[0] : last_reply].count("Thông báo")
        assert overtaken_by <= AT_ONCE, "only what was on its way already went first"


async def test_without_counting_zalo_would_have_refused(zalo, oa):
    """What the test above would see if nobody counted."""
    zalo.oa.a_minute = A_MINUTE
    people = [zalo.world.resident(zalo.oa) for _ in range(A_MINUTE + 3)]
    for person in people:
        person.says("chào")

    outcomes = [await oa.send(Address(oa.account, person.id), Say("Thông báo")) for person in people]

    assert refusals(zalo)
    assert RetryAfter(timedelta(minutes=1)) in outcomes


@pytest.mark.parametrize(
    "fault", [Fault(error=-32), Fault(status=429, body=b"slow down")], ids=["-32", "429"]
)
async def test_when_zalo_says_it_is_too_much_everybody_on_the_account_waits_a_minute(
    sqlite_database, vault, fault
):
    async with going() as zalo:
        throttle = the_minute_of(zalo, 1000)
        one, other = (zalo.world.resident(zalo.oa) for _ in range(2))
        for person in (one, other):
            person.says("chào")
        zalo.world.happened.clear()
        async with official_account(
            zalo, answers, sqlite_database, vault, address="v2", throttle=throttle
        ) as account:
            door_to(zalo, account)
            zalo.fails(V2, fault)
            begun = zalo.time()
            assert await account.send(Address(account.account, one.id), Say("Thông báo")) == RetryAfter(
                timedelta(minutes=1)
            )

            refused = await account.send(Address(account.account, other.id), Say("Thông báo"))
            assert isinstance(refused, RetryAfter)
            assert refused.delay > timedelta(seconds=55)
            assert zalo.made == [], "it was not even asked"
            other.says("một câu hỏi")
            await zalo.bring()
            await zalo.until(lambda: bool(other.texts))

        assert other.texts == ["Đã nghe: một câu hỏi"]
        assert zalo.time() - begun >= 60


async def test_a_long_notice_that_has_begun_is_finished_before_others_begin(sqlite_database, vault):
    async with going() as zalo:
        throttle = the_minute_of(zalo, 4)
        one, other = (zalo.world.resident(zalo.oa) for _ in range(2))
        for person in (one, other):
            person.says("chào")
        zalo.world.happened.clear()
        long = Say(" ".join(["Một câu khá dài."] * 400))
        async with official_account(
            zalo, silent, sqlite_database, vault, address="v2", throttle=throttle
        ) as account:
            assert isinstance(await account.send(Address(account.account, one.id), long), Sent)
            refused = await account.send(Address(account.account, other.id), Say("Thông báo"))

        assert len(one.texts) == 4
        assert isinstance(refused, RetryAfter)
        assert refusals(zalo) == []


async def test_who_waits_is_served_first_though_bulk_came_first(sqlite_database, vault):
    async with going() as zalo:
        throttle = the_minute_of(zalo, 4)
        people = [zalo.world.resident(zalo.oa) for _ in range(4)]
        for person in people:
            person.says("chào")
        zalo.world.happened.clear()
        async with official_account(
            zalo, silent, sqlite_database, vault, address="v2", throttle=throttle
        ) as account:
            addresses = [Address(account.account, person.id) for person in people]
            for address in addresses[:3]:
                assert isinstance(await account.send(address, Say("Thông báo")), Sent)

            assert isinstance(await account.send(addresses[3], Say("Thông báo")), RetryAfter)
            waited = await account.send(addresses[3], Say("Trả lời"), Priority.REPLY)

        assert isinstance(waited, Sent)
        assert people[3].texts == ["Trả lời"]
