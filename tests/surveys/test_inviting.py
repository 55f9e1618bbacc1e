"""An invitation is the privacy lines and the first question; a reminder says that whoever has answered may ignore it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from surveys import inviting, taps, texts
from surveys.forms import library
from surveys.inviting import BEGIN, CONTINUE, LATER, QUIET, TYPED, Tapped
from surveys.notices import EVERY_TOPIC, Category, Push
from surveys.running import Running
from surveys.subscribing import EVERY, USUAL, number_of, topics_of
from surveys.taps import LONGEST_TOKEN, Message
from surveys.units import Unit, tra_vinh

LONG_DUC: Unit = next(unit for unit in tra_vinh().units if unit.code == "29263")
FORMS = ("hang_nam_nguoi_dan", "hang_nam_doanh_nghiep", "hoi_dien_dan", "dien_dan", "tham_luot")
A_LINE = 38  # characters that a telephone 360 px wide shows on one line of a chat
ON_A_PHONE = 22  # such lines fit above its keyboard and its buttons
ON_A_BUTTON = 46  # characters in two lines of a button


def running(form: str = "hang_nam_nguoi_dan", *, id: int = 12) -> Running:
    return Running(
        id=id,
        slug="nam-2026",
        title="Công an lắng nghe ý kiến của Nhân dân năm 2026",
        audience="residents",
        form=library.load(form),
        units=frozenset({LONG_DUC.code}),
        opens_at=datetime(2026, 11, 22, tzinfo=UTC),
        closes_at=datetime(2026, 12, 10, 17, tzinfo=UTC),
        k=10,
        grace=timedelta(days=7),
    )


def every_message(language: str) -> list[Message]:
    wave = running()
    return [
        inviting.invitation(language, wave, LONG_DUC),
        inviting.invitation(language, wave, LONG_DUC, is_again=True),
        inviting.invitation(language, wave, LONG_DUC, with_numbers=False),
        *(inviting.invitation(language, wave, LONG_DUC, reminder=number) for number in (1, 2)),
        *(inviting.half_done(language, wave, LONG_DUC, reminder=number) for number in (0, 1, 2)),
    ]


def test_it_reads_as_the_promise_and_the_first_question() -> None:
    message = inviting.invitation("vi", running(), LONG_DUC)

    assert message.text == (
        "Công an lắng nghe ý kiến của Nhân dân năm 2026, phường Long Đức.\n"
        "13 câu, khoảng 3 phút, đến hết 10/12/2026.\n"
        "🔒 Không gắn với tên ông/bà; chỉ công bố kết quả chung từ 10 người. Rút lại được đến hết 17/12/2026; "
        "sau đó không ai tìm lại được. Ứng dụng này vẫn thấy ông/bà đã bấm gì.\n\n"
        "1/13  Khi ông/bà cần, Công an phường có mặt, giải quyết kịp thời không?\n"
        "(Trả lời là đồng ý tham gia. Gõ SAU để nhắc vào buổi tối, DUNG để thôi nhận.)"
    )
    assert [(each.number, each.label) for each in message.offers] == [
        (1, "Rất hài lòng"),
        (2, "Hài lòng"),
        (3, "Bình thường"),
        (4, "Không hài lòng"),
        (5, "Rất không hài lòng"),
        (0, "Không ý kiến"),
        (6, "Để tối nay"),
        (7, "Không tham gia"),
    ]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_it_is_short_enough_for_a_small_telephone(language: str) -> None:
    for message in every_message(language):
        lines = sum(max(1, -(-len(line) // A_LINE)) for line in message.text.split("\n"))
        assert lines <= ON_A_PHONE, message.text
        assert all(len(each.label) <= ON_A_BUTTON for each in message.offers)
        assert texts.length(message.text) <= texts.LONGEST


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_choice_fits_into_a_button_of_telegram_and_no_two_share_a_number(
    form: str, language: str
) -> None:
    wave = running(form, id=2_000_000_000)

    for message in (
        inviting.invitation(language, wave, LONG_DUC),
        inviting.invitation(language, wave, LONG_DUC, with_numbers=False),
    ):
        tokens = [taps.mint(each.act, b"k" * 32, b"telegram/42") for each in message.offers]
        numbers = [
            place if each.number is None else each.number
            for place, each in enumerate(message.offers, start=1)
        ]
        assert all(len(each.encode()) <= LONGEST_TOKEN for each in tokens)
        assert len(set(numbers)) == len(numbers)
        assert all(inviting.read(each.act) is not None for each in message.offers)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_reminder_lets_go_of_whoever_has_answered(language: str) -> None:
    ignore = {"vi": "Nếu đã trả lời, xin bỏ qua.", "en": "ignore this", "km": "សូមរំលងចោល"}[language]
    wave = running()

    for number in (1, 2):
        assert ignore in inviting.invitation(language, wave, LONG_DUC, reminder=number).text
        assert ignore in inviting.half_done(language, wave, LONG_DUC, reminder=number).text
    assert ignore not in inviting.invitation(language, wave, LONG_DUC).text


def test_whoever_is_at_another_question_is_asked_nothing_yet() -> None:
    message = inviting.invitation("vi", running(), LONG_DUC, with_numbers=False)

    assert "Khi ông/bà cần" not in message.text
    assert "PHIẾU ĐANG MỞ" in message.text
    assert [each.act for each in message.offers] == [f"v.12.29263.{act}" for act in (BEGIN, LATER, QUIET)]


def test_what_was_answered_before_is_not_told() -> None:
    message = inviting.half_done("vi", running(), LONG_DUC, reminder=1)

    assert [each.act for each in message.offers] == [f"v.12.29263.{act}" for act in (CONTINUE, LATER, QUIET)]
    assert "câu 1" not in message.text.lower()


@pytest.mark.parametrize(
    ("form", "typed", "act"),
    [
        ("hang_nam_nguoi_dan", "2", "answer.0.1"),
        ("hang_nam_nguoi_dan", " 0 ", "answer.0.5"),
        ("hang_nam_nguoi_dan", "hài lòng", "answer.0.1"),
        ("hang_nam_nguoi_dan", "6", LATER),
        ("hang_nam_nguoi_dan", "7", QUIET),
        ("hang_nam_nguoi_dan", "8", None),
        ("hang_nam_nguoi_dan", "113", None),
        ("hang_nam_nguoi_dan", "làm căn cước ở đâu", None),
        ("hang_nam_nguoi_dan", "", None),
        ("hang_nam_doanh_nghiep", "1,3", TYPED),
        ("hang_nam_doanh_nghiep", "2", TYPED),
        ("hang_nam_doanh_nghiep", "4", LATER),
    ],
)
def test_what_is_typed_under_it(form: str, typed: str, act: str | None) -> None:
    assert inviting.act_typed("vi", running(form), typed) == act


def test_numbers_of_a_list_in_an_order_of_chance_lead_to_it_instead() -> None:
    wave = running("hang_nam_doanh_nghiep")
    first, *others = wave.form.questions
    shuffled = replace(wave, form=replace(wave.form, questions=(replace(first, randomize=True), *others)))

    assert inviting.act_typed("vi", shuffled, "1,3") == BEGIN


@pytest.mark.parametrize(
    "act", ["s.12.answer.0.1", "v.12.29263", "v.x.29263.answer.0.1", "v.12.29263.", "l.menu"]
)
def test_only_its_own_acts_are_read(act: str) -> None:
    assert inviting.read(act) is None


def test_an_act_with_its_ward() -> None:
    assert inviting.read("v.12.29263.answer.0.1") == Tapped(12, "29263", "answer.0.1")


# ── The topic ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_surveys_are_the_last_topic_so_that_old_buttons_keep_their_meaning() -> None:
    assert (*Category, Push.SURVEYS, Push.BUSINESSES) == EVERY_TOPIC
    assert topics_of(31) == tuple(Category)
    assert (USUAL, number_of({Push.SURVEYS}), number_of({Push.BUSINESSES}), EVERY) == (31, 32, 64, 127)
