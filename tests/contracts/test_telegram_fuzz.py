"""Whatever arrives at the webhook, nothing breaks: 10,000 updates made by hypothesis in the ordinary run, every answer to
them judged by the Bot API's own description, first with residents that only listen, then with the real ones."""

import asyncio
import copy
import json
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.errands import Allowance
from bot.channels.telegram_residents import TelegramResidents
from bot.channels.telegram_updates import Heard, read
from bot.intake import Intake
from bot.lanes import Lanes
from surveys.conversation import Incoming, Option, Reply, Say
from tests.contracts.conftest import REFUSAL, SECRET, SORRY, RecordingQuarantine, RecordingResidents
from tests.journeys.town import a_town
from tests.telegram_server.asgi import request
from tests.telegram_server.server import TOKEN, TelegramServer
from tests.telegram_server.world import World

PROOF = (b"x-telegram-bot-api-secret-token", SECRET.encode())
IN_A_ROW = 20
ROWS = 500  # 10⁴ updates


def originals() -> list[dict[str, Any]]:
    """One honest update of every kind there is."""
    world = World(now=lambda: 1_790_000_000.0)
    ann, group, channel = world.person(42), world.group(-1001), world.group(-1002, "channel")
    asked = ann.keep(text="?", reply_markup={"inline_keyboard": [[{"text": "Có", "callback_data": "t"}]]})
    return [
        ann.starts("v-87-Kx_9"),
        ann.says("Rất hài lòng"),
        ann.says("3"),
        ann.says("/kiemtra K7QF-3M2X-9TWA-5H8C"),
        ann.says("phuong 4 tra vinh"),
        ann.sends_location(9.9347, 106.3453),
        ann.sends_photo("ổ gà"),
        ann.sends(dice={"emoji": "🎲", "value": 3}),
        ann.edits("hai"),
        ann.taps_data("t", asked),
        ann.blocks(),
        ann.unblocks(),
        group.adds_bot(ann),
        group.hears(ann, "/start"),
        channel.adds_bot(ann),
    ]


ORIGINALS = originals()
BODIES = [json.dumps(update).encode() for update in ORIGINALS]

text = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["/start", "/start ", "/", "/dung", "0", "113 cháy nhà", "a\0b", "\ud83d", "👍" * 3, "x" * 5000, "ế" * 64]
)
scalar = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
anything = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
# Drawing every small choice by itself costs hypothesis milliseconds an update; bytes that are read as choices cost nothing.
BYTES = 15
row = st.tuples(
    st.binary(min_size=BYTES * IN_A_ROW, max_size=BYTES * IN_A_ROW),
    st.lists(st.tuples(text, anything), min_size=1, max_size=8),
)


def made(choices: bytes, values: list[tuple[str, Any]]) -> dict[str, Any]:
    """An honest update, by one of thirty people, with up to three things in it changed, dropped or added."""
    original, person, changes, *rest = choices
    result = json.loads(BODIES[original % len(BODIES)])
    number = int.from_bytes(choices)
    result["update_id"] = number % 2**40
    for kind in ("message", "callback_query"):
        if kind in result:
            result[kind]["from"]["id"] = 1 + person % 30
            result[kind].get("message", result[kind])["chat"]["id"] = 1 + person % 30
    for place in range(changes % 4):
        how, where, finer, which = rest[4 * place : 4 * place + 4]
        name, value = copy.deepcopy(values[which % len(values)])
        places = list(_places(result))
        if not places:
            break
        holder, key = places[(256 * finer + where) % len(places)]
        if how % 3 == 0:
            holder[key] = value
        elif how % 3 == 1:
            del holder[key]
        elif isinstance(holder, dict):
            holder[name] = value
    return result


def made_of(choices: bytes, values: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [made(choices[begin : begin + BYTES], values) for begin in range(0, len(choices), BYTES)]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


class Bench:
    """A strict Telegram, a channel and residents, in a loop that lives as long as the test."""

    def __init__(self, residents: Any) -> None:
        self.residents = residents
        self.quarantine = RecordingQuarantine()

    async def open(self) -> None:
        self.stack = AsyncExitStack()
        self.server = await self.stack.enter_async_context(TelegramServer(burst=1_000_000))
        for id in range(31):
            self.server.world.person(id).has_written = True
        intake = Intake(self.residents, Lanes(), self.quarantine, sorry=lambda language: SORRY)
        self.channel = await self.stack.enter_async_context(
            TelegramResidents(
                TOKEN,
                intake.accept,
                refusal=REFUSAL,
                secret=SECRET,
                api=self.server.url,
                burst=1_000_000,
                pause=self.server.time.pause,
            )
        )

        self.channel._allowance = Allowance(20)  # or stamping would take longer than everything else

    async def close(self) -> None:
        await self.stack.aclose()

    async def post(self, body: bytes) -> int:
        status, headers, answer = await request(self.channel.webhook, [PROOF], [body])
        if answer:
            await self.server._carry_out(headers, answer)
        self.server.time.pass_by(1)
        return status

    async def post_all(self, updates: list[dict[str, Any]]) -> list[int]:
        return [await self.post(json.dumps(update).encode()) for update in updates]


def the_unharmed(bench: Bench, number: int) -> dict[str, Any]:
    ann = World(now=lambda: 0.0).person(7)
    return {**ann.says("chào"), "update_id": number}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def quiet() -> Iterator[None]:
    """Ten thousand strange updates make thousands of debug lines; writing them takes longer than the rest."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


QUICK = settings(
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def test_ten_thousand_made_up_updates_harm_nothing(runner, quiet):
    residents = RecordingResidents()
    residents.answer = lambda incoming: Reply((Say("?", (Option("Có", "t"),)),), stamp="Đã ghi.")
    bench = Bench(residents)
    runner.run(bench.open())
    total = 0

    @settings(QUICK, max_examples=ROWS)
    @given(row)
    def throw(row):
        nonlocal total
        residents.received.clear()
        statuses = runner.run(bench.post_all(made_of(*row)))
        assert set(statuses) <= {200, 400}
        for incoming in residents.received:
            assert_clean(incoming)
        assert runner.run(bench.post(json.dumps(the_unharmed(bench, 1)).encode())) == 200
        assert residents.received[-1].text == "chào"
        total += len(statuses)

    try:
        throw()
    finally:
        runner.run(bench.close())
    assert total >= ROWS * IN_A_ROW
    assert bench.server.violations == []
    assert bench.quarantine.kept == []


def assert_clean(incoming: Incoming) -> None:
    for words in (incoming.text, incoming.tap or "", incoming.start or ""):
        assert words.encode().decode() == words
        assert "\0" not in words
        assert unicodedata.is_normalized("NFC", words)
    assert incoming.sender.id.lstrip("-").isdigit()
    if incoming.location is not None:
        latitude, longitude = incoming.location
        assert -90 <= latitude <= 90
        assert -180 <= longitude <= 180


def test_bytes_that_are_nearly_an_update_harm_nothing(runner, quiet):
    residents = RecordingResidents()
    bench = Bench(residents)
    runner.run(bench.open())

    @settings(QUICK, max_examples=1000)
    @given(st.binary(max_size=100), st.integers(0, len(BODIES)), st.integers(0, 400), st.integers(0, 3))
    def throw(splinter, body, where, gone):
        raw = BODIES[body] if body < len(BODIES) else b""
        assert runner.run(bench.post(raw[:where] + splinter + raw[where + gone :])) in (200, 400)

    try:
        throw()
    finally:
        runner.run(bench.close())
    assert bench.server.violations == []
    assert bench.quarantine.kept == []
    for incoming in residents.received:
        assert_clean(incoming)


def test_the_real_residents_stand_it_too(runner, quiet, sqlite_url, tmp_path, vault, clock):
    """Real taps among the forged: whatever was shown last is tapped now and then."""
    stack = AsyncExitStack()
    town = runner.run(stack.enter_async_context(a_town(sqlite_url, tmp_path, vault, clock)))
    runner.run(town.opens_visits())
    runner.run(town.opens_yearly())
    bench = Bench(town.residents)
    runner.run(bench.open())

    def with_a_real_tap(update: dict[str, Any], choice: int) -> dict[str, Any]:
        seen = read(update, "telegram")
        if isinstance(seen, Heard) and seen.incoming.tap == "t":
            person = bench.server.world.people.get(seen.chat)
            shown = [each for each in person.from_bot if "reply_markup" in each] if person else []
            if shown:
                rows = shown[-1]["reply_markup"]["inline_keyboard"]
                buttons = [button for row in rows for button in row]
                update["callback_query"]["data"] = buttons[choice % len(buttons)]["callback_data"]
        return update

    @settings(QUICK, max_examples=50)
    @given(row)
    def throw(row):
        for place, update in enumerate(made_of(*row)):
            update = with_a_real_tap(update, row[0][place])
            assert runner.run(bench.post(json.dumps(update).encode())) in (200, 400)
        before = len(bench.server.world.people[7].heard)
        hello = {**World(now=lambda: 0.0).person(7).says("/start"), "update_id": 1}
        hello["message"]["message_id"] = 10_000 + before
        assert runner.run(bench.post(json.dumps(hello).encode())) == 200
        runner.run(bench.server.until(lambda: len(bench.server.world.people[7].heard) > before))

    try:
        throw()
    finally:
        runner.run(bench.close())
        runner.run(stack.aclose())
    assert bench.server.violations == []
    assert bench.quarantine.kept == []
