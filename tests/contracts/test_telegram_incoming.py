"""What a person does on Telegram → what the bot hears."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.channels.telegram_updates import Elsewhere, Heard, Left, Tapped, read, sender_of
from surveys.conversation import Address, Incoming
from tests.telegram_server.world import BOT, Person, World

ANN = Address("telegram", "42")


@pytest.fixture
def ann() -> Person:
    return World(now=lambda: 0.0).person(42)


def heard(update: dict[str, Any]) -> Incoming:
    seen = read(update, "telegram")
    assert isinstance(seen, Heard)
    return seen.incoming


HEARD: dict[str, tuple[Callable[[Person], dict[str, Any]], Incoming]] = {
    "a text": (
        lambda ann: ann.says("ghế chờ ít quá"),
        Incoming(ANN, "m1", text="ghế chờ ít quá", language="vi"),
    ),
    "a deep link": (
        lambda ann: ann.starts("v-87-Kx_9"),
        Incoming(ANN, "m1", start="v-87-Kx_9", language="vi"),
    ),
    "a bare start": (lambda ann: ann.starts(), Incoming(ANN, "m1", start="", language="vi")),
    "a start that names us": (
        lambda ann: ann.says("/start@langnghe_bot abc"),
        Incoming(ANN, "m1", start="abc", language="vi"),
    ),
    "another command stays a text": (
        lambda ann: ann.says("/kiemtra@langnghe_bot K7QF-3M2X-9TWA-5H8C"),
        Incoming(ANN, "m1", text="/kiemtra K7QF-3M2X-9TWA-5H8C", language="vi"),
    ),
    "a slash alone": (lambda ann: ann.says("/"), Incoming(ANN, "m1", text="/", language="vi")),
    "not quite a start": (
        lambda ann: ann.says("/started"),
        Incoming(ANN, "m1", text="/started", language="vi"),
    ),
    "a place": (
        lambda ann: ann.sends_location(9.9347, 106.3453),
        Incoming(ANN, "m1", location=(9.9347, 106.3453), language="vi"),
    ),
    "a picture, the largest size": (
        lambda ann: ann.sends_photo(),
        Incoming(ANN, "m1", photo="P800", language="vi"),
    ),
    "a picture's caption is what they say": (
        lambda ann: ann.sends_photo("ổ gà"),
        Incoming(ANN, "m1", text="ổ gà", photo="P800", language="vi"),
    ),
    "a sticker, which says nothing": (
        lambda ann: ann.sends(dice={"emoji": "🎲", "value": 3}),
        Incoming(ANN, "m1", language="vi"),
    ),
    "a tap": (
        lambda ann: ann.taps_data("t0k3n", ann.keep(text="?")),
        Incoming(ANN, "c40001", tap="t0k3n", language="vi"),
    ),
}


@pytest.mark.parametrize(("does", "expected"), HEARD.values(), ids=HEARD)
def test_what_a_person_does_is_what_the_bot_hears(ann, does, expected):
    assert heard(does(ann)) == expected


@pytest.mark.parametrize(
    ("tag", "language"),
    [("vi", "vi"), ("km", "km"), ("en-GB", "en"), ("zh-hans", "zh"), (None, None), ("", None), ("1-2", None)],
)
def test_the_language_is_a_hint(tag, language):
    ann = World(now=lambda: 0.0).person(42, language=tag)
    assert heard(ann.says("chào")).language == language


def test_a_redelivered_message_has_the_key_it_had(ann):
    first, second = ann.says("một"), ann.says("một")
    assert heard(first).key == heard({**first, "update_id": 9_999_999}).key
    assert heard(first).key != heard(second).key


def test_a_tap_knows_the_message_it_was_under(ann):
    update = ann.taps_data("t", ann.keep(text="?"))
    assert read(update, "telegram").tapped == Tapped("40001", 42, 1)


def test_a_tap_under_a_message_out_of_reach_is_still_a_tap(ann):
    update = ann.taps_data("t", ann.keep(text="?"))
    del update["callback_query"]["message"]
    assert read(update, "telegram").tapped == Tapped("40001", 42, None)


def test_blocking_is_heard(ann):
    assert read(ann.blocks(), "telegram") == Left(ANN)


def test_a_group_is_no_place_for_answers(ann):
    group = ann.world.group(-100123)
    assert read(group.adds_bot(ann), "telegram") == Elsewhere(-100123, just_joined=True, can_write=True)
    assert read(group.hears(ann, "/start"), "telegram") == Elsewhere(
        -100123, just_joined=False, can_write=False
    )


def test_a_channel_is_left_without_a_word(ann):
    channel = ann.world.group(-100777, "channel")
    assert read(channel.adds_bot(ann), "telegram") == Elsewhere(-100777, just_joined=True, can_write=False)


SILENT: dict[str, Callable[[Person], dict[str, Any]]] = {
    "an edit": lambda ann: (ann.says("một"), ann.edits("hai"))[1],
    "another bot": lambda ann: ann.world.happens(message=ann.put(BOT, text="beep")),
    "a pinned message": lambda ann: ann.sends(pinned_message=ann.keep(text="?")),
    "unblocking; a message follows": lambda ann: ann.unblocks(),
    "a poll that ended": lambda ann: {"update_id": 1, "poll": {"id": "1"}},
    "what Telegram invents next": lambda ann: {"update_id": 1, "telepathy": {"from": {"id": 42}}},
    "nothing at all": lambda ann: {"update_id": 1},
}


@pytest.mark.parametrize("happens", SILENT.values(), ids=SILENT)
def test_what_needs_nothing_from_us(ann, happens):
    assert read(happens(ann), "telegram") is None


def test_whose_turn_an_update_is(ann):
    assert sender_of(ann.says("một")) == 42
    assert sender_of(ann.taps_data("t", ann.keep(text="?"))) == 42
    assert sender_of({"update_id": 1, "telepathy": {}}) is None


WRONG = [None, True, 3, 1.5, "x", [], {}, [[]], {"id": True}, {"id": 1 << 60}, {"id": "42"}]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    "field", ["message", "from", "chat", "text", "message_id", "photo", "location", "date"]
)
def test_no_type_is_trusted(ann, field, value):
    update = ann.says("một")
    (update if field == "message" else update["message"])[field] = value

    seen = read(update, "telegram")

    if isinstance(seen, Heard):
        assert isinstance(seen.incoming.text, str)
        assert seen.incoming.sender == ANN


@pytest.mark.parametrize(
    "place", [(91, 0), (0, 181), (float("inf"), 0), (True, True), ("9", "106"), (None, 1)]
)
def test_a_place_that_is_not_on_earth_is_no_place(ann, place):
    update = ann.sends_location(1.0, 1.0)
    update["message"]["location"] = {"latitude": place[0], "longitude": place[1]}
    assert heard(update).location is None
