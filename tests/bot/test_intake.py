"""The intake: what comes in is clean, what goes wrong never reaches the platform as a surprise."""

import asyncio
import unicodedata
from datetime import timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import intake as intake_module
from bot.intake import Intake, clean
from bot.lanes import Lanes
from storage.database import Unavailable
from surveys.conversation import Address, Incoming, Reply, Say

ANN = Address("telegram", "4242424242")
HELLO = Reply((Say("Xin chào ông/bà."),))


class Residents:
    def __init__(self) -> None:
        self.received: list[Incoming] = []
        self.problem: Exception | None = None

    async def receive(self, incoming: Incoming) -> Reply:
        self.received.append(incoming)
        if self.problem is not None:
            raise self.problem
        return HELLO


class Quarantine:
    def __init__(self) -> None:
        self.kept: list[tuple[Address, str]] = []
        self.problem: Exception | None = None

    async def add(self, sender: Address, error: str) -> None:
        if self.problem is not None:
            raise self.problem
        self.kept.append((sender, error))


@pytest.fixture
def residents() -> Residents:
    return Residents()


@pytest.fixture
def quarantine() -> Quarantine:
    return Quarantine()


@pytest.fixture
def intake(residents: Residents, quarantine: Quarantine) -> Intake:
    return Intake(residents, Lanes(), quarantine, sorry=lambda language: f"sorry:{language}")


async def test_what_residents_answer_is_what_the_channel_gets(intake, residents):
    incoming = Incoming(ANN, "m1", text="chào", language="vi")
    assert await intake.accept(incoming) == HELLO
    assert residents.received == [incoming]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Rất hài lòng", "Rất hài lòng"),
        (unicodedata.normalize("NFD", "Rất hài lòng"), "Rất hài lòng"),
        ("a\0b", "ab"),
        ("a\ud83db", "ab"),
        ("\ud83d\udc4d", ""),
        ("👍", "👍"),
        ("ខ្មែរ", "ខ្មែរ"),
        ("", ""),
    ],
)
async def test_text_is_cleaned_wherever_it_comes_from(intake, residents, written, kept):
    await intake.accept(Incoming(ANN, "m1", text=written, tap=written, start=written))
    (incoming,) = residents.received
    assert (incoming.text, incoming.tap, incoming.start) == (kept, kept, kept)


@given(st.text(st.characters(codec=None)))
def test_cleaning_once_is_cleaning_for_good(text):
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert "\0" not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


async def test_a_surprise_is_noted_without_its_words_and_answered_politely(intake, residents, quarantine):
    residents.problem = ValueError("cannot read “cán bộ A đòi tiền” of 4242424242")
    with structlog.testing.capture_logs() as events:
        reply = await intake.accept(Incoming(ANN, "m1", text="cán bộ A đòi tiền", language="km"))

    assert reply == Reply((Say("sorry:km"),))
    ((sender, error),) = quarantine.kept
    assert sender == ANN
    assert error.startswith("ValueError at tests/bot/test_intake.py:")
    assert [event["event"] for event in events] == ["intake.quarantined"]
    assert "4242424242" not in repr(events) + error
    assert "tiền" not in repr(events) + error


async def test_after_a_surprise_the_lane_is_free(intake, residents):
    residents.problem = ZeroDivisionError()
    await intake.accept(Incoming(ANN, "m1"))
    residents.problem = None
    assert await intake.accept(Incoming(ANN, "m2")) == HELLO


async def test_the_database_being_away_is_the_platform_s_business(intake, residents, quarantine):
    residents.problem = Unavailable("away")
    with pytest.raises(Unavailable):
        await intake.accept(Incoming(ANN, "m1"))
    assert quarantine.kept == []


async def test_what_cannot_even_be_noted_for_now_is_brought_again(intake, residents, quarantine):
    residents.problem, quarantine.problem = ZeroDivisionError(), Unavailable("away")
    with pytest.raises(Unavailable):
        await intake.accept(Incoming(ANN, "m1"))


async def test_what_can_never_be_noted_is_let_go(intake, residents, quarantine):
    residents.problem, quarantine.problem = ZeroDivisionError(), ZeroDivisionError()
    assert await intake.accept(Incoming(ANN, "m1")) == Reply((Say("sorry:None"),))


async def test_a_flood_is_brought_again_later(residents, quarantine):
    gate = asyncio.Event()

    async def receive(incoming):
        await gate.wait()
        return HELLO

    residents.receive = receive
    intake = Intake(residents, Lanes(of_one=2), quarantine, sorry=str)
    async with asyncio.TaskGroup() as group:
        for place in range(2):
            group.create_task(intake.accept(Incoming(ANN, f"m{place}")))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await intake.accept(Incoming(ANN, "m3"))
        gate.set()


async def test_what_takes_for_ever_is_given_up_and_frees_the_lane(intake, residents, monkeypatch):
    monkeypatch.setattr(intake_module, "HANDLING", timedelta(milliseconds=10))
    takes = residents.receive

    async def receive(incoming):
        await asyncio.Event().wait()

    residents.receive = receive
    with pytest.raises(Unavailable):
        await intake.accept(Incoming(ANN, "m1"))
    residents.receive = takes
    assert await intake.accept(Incoming(ANN, "m2")) == HELLO


async def test_one_person_s_messages_are_taken_in_order(intake, residents):
    order: list[str] = []

    async def receive(incoming):
        order.append(f"+{incoming.key}")
        await asyncio.sleep(0)
        order.append(f"-{incoming.key}")
        return HELLO

    residents.receive = receive
    await asyncio.gather(*(intake.accept(Incoming(ANN, str(place))) for place in range(3)))

    assert order == ["+0", "-0", "+1", "-1", "+2", "-2"]
