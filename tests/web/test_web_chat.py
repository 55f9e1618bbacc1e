"""What the web chat keeps in memory, and how soon it lets go. The clock is a number."""

import asyncio

import pytest

from bot.channels import web_chat
from bot.channels.contract import Sent, WindowClosed
from bot.channels.web_chat import Full, Said, TooFast, WebChat
from surveys.conversation import Address, Incoming, Reply, Say
from tests.patience import PATIENCE


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


async def echo(incoming: Incoming) -> Reply:
    return Reply((Say(f"{incoming.key}: {incoming.text}"),))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat(clock) -> WebChat:
    return WebChat(echo, clock=clock)


def number(event_id: str) -> int:
    return int(event_id.partition(".")[2])


async def test_ids_go_up_by_one(chat):
    events = [event for place in range(3) for event in await chat.say("a", Said(f"key{place}", text="x"))]

    assert [number(event.id) for event in events] == [1, 2, 3]
    assert len({event.id.partition(".")[0] for event in events}) == 1


async def test_only_the_last_replies_are_kept(chat, clock):
    [first, *_] = await chat.say("a", Said("key", text="x"))
    for place in range(web_chat.EVENTS_KEPT + 5):
        clock.time += 1
        await chat.say("a", Said(f"key{place}", text="x"))

    stream = chat.listen("a", first.id)

    assert await anext(stream) == b"retry: 1500\n\n"
    assert b'"again": true' in await anext(stream)
    await stream.aclose()


async def test_who_is_not_heard_of_is_forgotten(chat, clock):
    [first] = await chat.say("a", Said("key", text="x"))
    clock.time += web_chat.KEPT_FOR.total_seconds() + 1
    await chat.say("b", Said("key", text="x"))

    assert list(chat._lines) == ["b"]
    stream = chat.listen("a", first.id)
    await anext(stream)
    assert b'"again": true' in await anext(stream)
    await stream.aclose()


async def test_an_open_page_keeps_its_place_but_not_what_was_said(chat, clock):
    stream = chat.listen("a", "")
    await anext(stream), await anext(stream)
    await chat.say("a", Said("key", text="x"))
    assert b"key: x" in await anext(stream)

    clock.time += web_chat.KEPT_FOR.total_seconds() + 1
    await chat.say("b", Said("key", text="x"))

    assert not chat._lines["a"].events
    await chat.say("a", Said("key2", text="y"))
    assert b"key2: y" in await anext(stream)
    await stream.aclose()


async def test_all_visitors_together_keep_so_much_and_no_more(chat, monkeypatch):
    monkeypatch.setattr(web_chat, "BYTES_KEPT", 10_000)
    for place in range(50):
        await chat.say(f"visitor{place}", Said("key", text="x" * 1000))

    assert chat._size <= 10_000
    assert chat._size == sum(line.size for line in chat._lines.values())
    assert "visitor49" in chat._lines


async def test_a_person_may_be_quick_but_not_a_machine(chat, clock):
    for place in range(web_chat.BURST):
        await chat.say("a", Said(f"key{place}", text="x"))
    with pytest.raises(TooFast):
        await chat.say("a", Said("one more", text="x"))

    clock.time += 1
    await chat.say("a", Said("a second later", text="x"))


async def test_one_message_of_ours_arrives_only_where_a_page_is_open(chat):
    address = Address("web", "a")

    assert isinstance(await chat.send(address, Say("hello")), WindowClosed)
    stream = chat.listen("a", "")
    await anext(stream), await anext(stream)
    assert isinstance(await chat.send(address, Say("hello")), Sent)
    assert b'"text":"hello"' in await anext(stream)
    await stream.aclose()


async def test_a_silent_stream_has_a_heartbeat(chat, monkeypatch):
    monkeypatch.setattr(web_chat, "HEARTBEAT", web_chat.HEARTBEAT / 10_000)
    stream = chat.listen("a", "")
    await anext(stream), await anext(stream)

    assert (await anext(stream)).startswith(b":")
    await stream.aclose()


async def test_so_many_pages_and_no_more(chat, monkeypatch):
    monkeypatch.setattr(web_chat, "PAGES", 1)
    stream = chat.listen("a", "")
    await anext(stream)

    with pytest.raises(Full):
        chat.listen("b", "")
    await stream.aclose()
    assert chat.listen("b", "")


async def test_hanging_up_ends_every_stream(chat):
    streams = [chat.listen(visitor, "") for visitor in "abc"]
    for stream in streams:
        await anext(stream), await anext(stream)

    chat.hang_up()

    async with asyncio.timeout(PATIENCE):
        for stream in streams:
            assert [piece async for piece in stream] == []
    with pytest.raises(Full):
        chat.listen("d", "")
