"""A notice on its way out, on the strict Bot API server and the strict Zalo: its picture goes up once, what stands out stands where it stood,
and no number stands beside what can be tapped."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.contract import Sent, numbered
from surveys.conversation import Address, Entity, Option, Say, Style
from surveys.notices import Text
from tests.handlers.test_notice_files import a_picture
from tests.telegram_server.server import Fault as TelegramFault
from tests.zalo_server.server import Fault as ZaloFault

IMAGE, MESSAGE = "/v2.0/oa/upload/image", "/v2.0/oa/message"
WORDS = "🚨 Cảnh báo lừa đảo"
OPTIONS = (Option("Đã xem", "t-seen"), Option("Thôi nhận", "t-stop"))
PICTURE = a_picture()


@pytest.fixture
def ann(server):
    ann = server.world.person(42)
    ann.says("chào")
    return ann


def a_notice(**more: object) -> Say:
    bold = Entity(Style.BOLD, WORDS.index("Cảnh"), 8)
    return Say(WORDS, OPTIONS, entities=(bold,), is_aside=True, **more)  # type: ignore[arg-type]


# ── Telegram ─────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(text: str, entities: list[dict[str, object]]) -> list[str]:
    encoded = text.encode("utf-16-le")
    return [
        encoded[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")  # type: ignore[operator, misc]
        for each in entities
    ]


async def test_what_stands_out_stands_where_it_stood(server, channel, ann):
    assert isinstance(await channel.send(Address("telegram", "42"), a_notice()), Sent)

    (made,) = [each for each in server.made if each.method == "sendMessage"]
    assert made.given["text"] == WORDS
    assert shown(WORDS, made.given["entities"]) == ["Cảnh báo"]
    assert "parse_mode" not in made.given


async def test_a_picture_has_its_words_beneath_it(server, channel, ann):
    assert isinstance(await channel.send(Address("telegram", "42"), a_notice(image=PICTURE)), Sent)

    (made,) = [each for each in server.made if each.method == "sendPhoto"]
    assert bytes(made.given["photo"]) == PICTURE
    assert made.given["caption"] == WORDS
    assert shown(WORDS, made.given["caption_entities"]) == ["Cảnh báo"]
    assert ann.buttons == ["Đã xem", "Thôi nhận"]


async def test_a_picture_goes_up_once_for_everybody(server, channel, ann):
    for number in (43, 44):
        server.world.person(number).says("chào")
    for number in (42, 43, 44):
        await channel.send(Address("telegram", str(number)), a_notice(image=PICTURE))

    kinds = Counter(type(each.given["photo"]).__name__ for each in server.made if each.method == "sendPhoto")
    assert kinds == {"Upload": 1, "str": 2}
    assert [len(server.world.people[number].files) for number in (42, 43, 44)] == [1, 1, 1]


async def test_a_name_that_telegram_forgot_is_sent_up_again(server, channel, ann):
    await channel.send(Address("telegram", "42"), a_notice(image=PICTURE))
    server.world.person(43).says("chào")
    server.world.photos.clear()

    assert isinstance(await channel.send(Address("telegram", "43"), a_notice(image=PICTURE)), Sent)

    assert len(server.world.people[43].files) == 1


async def test_a_picture_that_perhaps_came_is_not_sent_again(server, channel, ann):
    await channel.send(Address("telegram", "42"), a_notice(image=PICTURE))
    server.world.person(43).says("chào")
    server.faults["sendPhoto"].append(TelegramFault(502, b"<html>"))

    outcome = await channel.send(Address("telegram", "43"), a_notice(image=PICTURE))

    assert not isinstance(outcome, Sent)
    assert sum(each.method == "sendPhoto" for each in server.made) <= 2


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    words=st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"]), min_size=1, max_size=80)
)
async def test_texts_arrive_over_the_wire_as_they_were_typed(server, channel, ann, words):
    text = Text.of(f"x{words}x", [Entity(Style.ITALIC, 1, len(words))])
    server.time.pass_by(60)

    await channel.send(Address("telegram", "42"), Say(text.text, entities=text.entities))

    made = server.made[-1]
    assert made.given["text"] == text.text
    italic = [text.text[each.offset : each.end] for each in text.entities]
    assert shown(text.text, made.given.get("entities", [])) == italic


# ── Zalo ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def resident(zalo):
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")
    zalo.world.happened.clear()
    return resident


async def test_on_zalo_no_number_stands_beside_what_can_be_tapped(zalo, oa, resident):
    assert isinstance(await oa.send(Address(oa.account, resident.id), a_notice()), Sent)

    (given_,) = zalo.calls(MESSAGE)
    assert given_["message"]["text"] == WORDS
    buttons = given_["message"]["attachment"]["payload"]["buttons"]
    assert [button["title"] for button in buttons] == ["Đã xem", "Thôi nhận"]


async def test_on_zalo_a_picture_is_uploaded_once_and_its_words_go_along(zalo, oa, resident):
    other = zalo.world.resident(zalo.oa)
    other.says("chào")
    for person in (resident, other):
        outcome = await oa.send(Address(oa.account, person.id), a_notice(image=PICTURE))
        assert isinstance(outcome, Sent)

    assert len(zalo.calls(IMAGE)) == 1
    (said,) = resident.heard
    assert said["text"] == WORDS
    assert said["attachment"]["payload"]["template_type"] == "media"


async def test_on_zalo_an_upload_that_is_gone_is_uploaded_once_more(zalo, oa, resident):
    zalo.fails(MESSAGE, ZaloFault(error=-100))

    assert isinstance(await oa.send(Address(oa.account, resident.id), a_notice(image=PICTURE)), Sent)

    assert len(zalo.calls(IMAGE)) == 2
    assert len(resident.heard) == 1


def test_where_there_are_no_buttons_a_notice_offers_nothing():
    assert numbered(a_notice()) == WORDS
