"""What every channel promises, whatever its platform: one table, each channel, the same contract."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import pytest

from bot.channels.console import Console
from bot.channels.contract import Channel, Sent, WindowClosed
from bot.channels.web_chat import Said, WebChat
from bot.channels.zalo_oa import ZaloAccount
from bot.intake import Intake
from bot.lanes import Lanes
from storage.database import Database, Unavailable
from storage.vault import Vault
from surveys.conversation import Address, Incoming, Option, Reply, Say
from tests.contracts.conftest import (
    SORRY,
    RecordingQuarantine,
    RecordingResidents,
    door_to,
    official_account,
    telegram,
)
from tests.contracts.zalo_bots import by_bot_polling, by_bot_webhook
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import TelegramServer
from tests.zalo_server.server import ZaloServer

QUESTION = Say("1/5  Ông/bà làm thủ tục gì?", (Option("Cư trú", "t-cu-tru"), Option("Căn cước", "t-cc")))


class Rig(Protocol):
    """One person in front of one channel."""

    channel: Channel
    address: Address

    async def starts(self, payload: str) -> None: ...
    async def says(self, text: str) -> None: ...
    async def chooses(self, place: int) -> None:
        """The choice at this place in the list, from 1, as this platform lets a person choose."""
        ...

    def sees(self) -> str:
        """Everything on the screen, buttons too."""
        ...

    async def until(self, true: Callable[[], bool]) -> None: ...


class Telegram:
    def __init__(self, server: TelegramServer, channel: Channel) -> None:
        self.server, self.channel = server, channel
        self.person = server.world.person(42)
        self.address = Address("telegram", "42")

    async def starts(self, payload: str) -> None:
        self.person.starts(payload)
        await self._brought()

    async def says(self, text: str) -> None:
        self.person.says(text)
        await self._brought()

    async def chooses(self, place: int) -> None:
        self.person.taps(self.person.buttons[place - 1])
        await self._brought()

    def sees(self) -> str:
        return "\n".join([*self.person.heard, *self.person.buttons])

    async def until(self, true: Callable[[], bool]) -> None:
        await self.server.until(true)
        self.server.time.pass_by(1)

    async def _brought(self) -> None:
        if self.server.webhook is not None:
            await self.server.bring()


class OfficialAccount:
    def __init__(self, zalo: ZaloServer, account: ZaloAccount) -> None:
        self.zalo, self.account = zalo, account
        self.channel: Channel = account
        self.person = zalo.world.resident(zalo.oa)
        self.address = Address(account.account, self.person.id)

    async def starts(self, payload: str) -> None:
        self.account.started = (
            payload  # a link to an account carries nothing: it is the account that knows its ward
        )
        self.person.follows()
        await self._brought()

    async def says(self, text: str) -> None:
        self.person.says(text)
        await self._brought()

    async def chooses(self, place: int) -> None:
        self.person.taps(self.person.titles[place - 1])
        await self._brought()

    def sees(self) -> str:
        return "\n".join([*self.person.texts, *self.person.titles])

    async def until(self, true: Callable[[], bool]) -> None:
        await self.zalo.until(true)

    async def _brought(self) -> None:
        await self.zalo.bring()
        await self.zalo.passes(31)


class Web:
    def __init__(self, channel: WebChat) -> None:
        self.channel = channel
        self.address = Address("web", "a-visitor")
        self.screen: list[dict[str, Any]] = []
        self.said = 0

    async def starts(self, payload: str) -> None:
        await self._say(start=payload)

    async def says(self, text: str) -> None:
        await self._say(text=text)

    async def chooses(self, place: int) -> None:
        options = next(each["options"] for each in reversed(self.screen) if each.get("options"))
        await self._say(tap=options[place - 1]["token"])

    def sees(self) -> str:
        return json.dumps(self.screen, ensure_ascii=False)

    async def until(self, true: Callable[[], bool]) -> None:
        assert true()

    async def _say(self, **what: str) -> None:
        self.said += 1
        said = Said(key=f"k{self.said}", **what)
        for _ in range(2):  # the page says it again when the server could not keep it
            try:
                events = await self.channel.say(self.address.id, said)
            except Unavailable:
                continue
            self.screen += [message for event in events for message in json.loads(event.data)["messages"]]
            return


class Terminal:
    def __init__(self, accept: Callable[[Incoming], Any]) -> None:
        self.written: list[str] = []
        self.console = Console(accept, self.written.append, person="terminal")
        self.channel: Channel = self.console
        self.address = Address("console", "terminal")

    async def starts(self, payload: str) -> None:
        await self.console.talk(lines(), payload)

    async def says(self, text: str) -> None:
        await self.console._says(text)
        if self.written[-1].startswith("(not kept"):
            await self.console._says(text)

    async def chooses(self, place: int) -> None:
        await self.says(str(place))

    def sees(self) -> str:
        return "\n".join(self.written)

    async def until(self, true: Callable[[], bool]) -> None:
        assert true()


async def lines() -> AsyncIterator[str]:
    for nothing in ():
        yield nothing


@asynccontextmanager
async def by_webhook(residents: RecordingResidents) -> AsyncIterator[Rig]:
    async with TelegramServer() as server:
        async with telegram(server, residents, RecordingQuarantine()) as channel:
            await channel.set_webhook("https://bot.test/telegram")
            server.post = post_to(channel.webhook)
            yield Telegram(server, channel)
        assert server.violations == []


@asynccontextmanager
async def by_polling(residents: RecordingResidents) -> AsyncIterator[Rig]:
    async with TelegramServer() as server:
        async with telegram(server, residents, RecordingQuarantine()) as channel:
            stop = asyncio.Event()
            polling = asyncio.create_task(channel.poll(stop))
            yield Telegram(server, channel)
            stop.set()
            await polling
        assert server.violations == []


@asynccontextmanager
async def by_web(residents: RecordingResidents) -> AsyncIterator[Rig]:
    yield Web(WebChat(_intake(residents).accept))


@asynccontextmanager
async def by_console(residents: RecordingResidents) -> AsyncIterator[Rig]:
    yield Terminal(_intake(residents).accept)


@asynccontextmanager
async def by_official_account(residents: RecordingResidents, url: str, vault: Vault) -> AsyncIterator[Rig]:
    database = await Database.open(url)
    async with ZaloServer() as zalo:
        accept = _intake(residents).accept
        async with official_account(zalo, accept, database, vault, address="v2") as account:
            door_to(zalo, account)
            yield OfficialAccount(zalo, account)
        assert zalo.violations == []
    await database.close()


def _intake(residents: RecordingResidents) -> Intake:
    return Intake(residents, Lanes(), RecordingQuarantine(), sorry=lambda language: SORRY)


@pytest.fixture(
    params=[by_webhook, by_polling, by_official_account, by_web, by_console, by_bot_webhook, by_bot_polling],
    ids=lambda rig: rig.__name__,
)
async def rig(request: pytest.FixtureRequest, residents: RecordingResidents) -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        more = ()
        if request.param is by_official_account:
            more = (request.getfixturevalue("sqlite_url"), request.getfixturevalue("vault"))
        yield await stack.enter_async_context(request.param(residents, *more))


async def test_a_link_opens_with_its_payload(rig, residents):
    await rig.starts("v-87-Kx_9")
    await rig.until(lambda: len(residents.received) == 1)

    (incoming,) = residents.received
    assert incoming.start == "v-87-Kx_9"
    assert incoming.sender == rig.address
    assert incoming.sender.account == rig.channel.account


async def test_what_is_said_arrives_in_order_each_under_its_own_key(rig, residents):
    for text in ("một", "hai", "ba\u0300"):
        await rig.says(text)
    await rig.until(lambda: len(residents.received) == 3)

    assert [incoming.text for incoming in residents.received] == ["một", "hai", "bà"]
    assert len({incoming.key for incoming in residents.received}) == 3
    assert {incoming.sender for incoming in residents.received} == {rig.address}


async def test_every_message_and_every_choice_of_a_reply_is_seen_in_order(rig, residents):
    residents.answer = lambda incoming: Reply((Say("Xin chào ông/bà."), QUESTION))
    await rig.says("chào")
    await rig.until(lambda: "Căn cước" in rig.sees())

    seen = rig.sees()
    assert seen.index("Xin chào ông/bà.") < seen.index(QUESTION.text)
    assert "Cư trú" in seen
    assert rig.channel.limits.buttons or "1. Cư trú" in seen


async def test_a_choice_arrives_as_a_tap_where_there_are_buttons_else_as_its_number(rig, residents):
    residents.answer = lambda incoming: Reply((QUESTION,))
    await rig.says("chào")
    await rig.until(lambda: "Căn cước" in rig.sees())

    await rig.chooses(2)
    await rig.until(lambda: len(residents.received) == 2)

    chosen = residents.received[-1]
    assert (chosen.tap, chosen.text) == (("t-cc", "") if rig.channel.limits.buttons else (None, "2"))


async def test_what_could_not_be_kept_is_brought_again_and_taken_once(rig, residents):
    away = [True]

    def answer(incoming):
        if away:
            away.pop()
            residents.received.pop()
            raise Unavailable("the database is away")
        return Reply((QUESTION,))

    residents.answer = answer
    await rig.says("chào")
    await rig.until(lambda: QUESTION.text in rig.sees())

    assert [incoming.text for incoming in residents.received] == ["chào"]


async def test_a_surprise_is_answered_politely_and_the_next_word_is_heard(rig, residents):
    def answer(incoming):
        if incoming.text == "poison":
            raise ZeroDivisionError
        return Reply((QUESTION,))

    residents.answer = answer
    await rig.says("poison")
    await rig.until(lambda: SORRY in rig.sees())
    await rig.says("chào")
    await rig.until(lambda: QUESTION.text in rig.sees())


async def test_a_message_of_ours_has_an_outcome(rig, residents):
    await rig.says("chào")
    await rig.until(lambda: "Đã nhận." in rig.sees())

    outcome = await rig.channel.send(rig.address, Say("Đợt lấy ý kiến năm 2026"))

    assert isinstance(outcome, Sent | WindowClosed)
    assert isinstance(outcome, WindowClosed) or rig.channel.account == "web" or "năm 2026" in rig.sees()
