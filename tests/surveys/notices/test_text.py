"""What an officer typed, without what cannot be seen; and everything else as it was."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels import telegram_requests
from surveys.conversation import Entity, Say, Style
from surveys.notices.notice import Audience, Category, Draft, Hand, Notice
from surveys.notices.states import State
from surveys.notices.telling import told
from surveys.notices.text import Text, Unwritable, cleaned
from tests.handlers.notice_desk import LONG_DUC

WRITTEN_AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a\u202ecba\u202c", "acba"),
        ("\u2066đúng\u2069", "đúng"),
        ("g\u200bov.vn", "gov.vn"),
        ("g\u00adov.vn", "gov.vn"),
        ("a\u2060b\ufeffc\u200ed\u061ce", "abcde"),
        ("x\U000e0041y", "xy"),
        ("a\ufe0fb", "ab"),
        ("Phòng\r\ncháy\u2028nổ\tngay", "Phòng\ncháy\nnổ ngay"),
        ("e\u0302\u0323", "ệ"),
        ("  hai đầu \n", "hai đầu"),
        # Khmer parts its words with a zero-width space; anywhere else it hides something.
        ("ភាសា\u200bខ្មែរ", "ភាសា\u200bខ្មែរ"),
        ("ភាសា\u200b\u200bខ្មែរ", "ភាសា\u200bខ្មែរ"),
        ("ភាសា\u200bgov", "ភាសាgov"),
        ("👩‍👩‍👧 ❤️ 1️⃣", "👩‍👩‍👧 ❤️ 1️⃣"),
        ("a\u200db", "ab"),
        ("\u1160\u3164\u2800x", "x"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(typed: str, read: str) -> None:
    assert cleaned(typed) == read


@pytest.mark.parametrize("typed", ["a\0b", "a\ud800b", "\udc00"])
def test_what_no_keyboard_makes_is_refused(typed: str) -> None:
    with pytest.raises(Unwritable):
        cleaned(typed)


@settings(max_examples=2_000, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_cleaning_twice_is_cleaning_once(typed: str) -> None:
    once = cleaned(typed)

    assert cleaned(once) == once
    assert unicodedata.is_normalized("NFC", once)
    bidi = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    assert not [letter for letter in once if unicodedata.bidirectional(letter) in bidi]


def entity(style: Style, text: str, words: str, url: str = "") -> Entity:
    return Entity(style, text.index(words), len(words), url)


def test_what_stands_out_still_does_when_something_before_it_went() -> None:
    typed = "\u200bCấ\u0301p 👮 báo động"
    typed_bold = Entity(Style.BOLD, typed.index("báo"), 3)

    text = Text.of(typed, [typed_bold])

    assert [text.text[each.offset : each.end] for each in text.entities] == ["báo"]


def test_telegram_counts_an_emoji_as_two() -> None:
    text = Text.of_utf16("👮👮 báo động", [Entity(Style.BOLD, 5, 3)])

    assert [text.text[each.offset : each.end] for each in text.entities] == ["báo"]


def test_styles_that_cross_are_cut() -> None:
    text = Text.of("một hai ba", [Entity(Style.BOLD, 0, 7), Entity(Style.ITALIC, 4, 6)])

    assert [(each.style, text.text[each.offset : each.end]) for each in text.entities] == [
        (Style.BOLD, "một hai"),
        (Style.ITALIC, "hai"),
        (Style.ITALIC, "ba"),
    ]


# ── Arriving as it was typed ─────────────────────────────────────────────────────────────────────────────────────

LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Co", "Cn"])
TYPED = st.text(
    st.one_of(LETTERS, st.sampled_from("ạảấầẩẫậăằẳẵặêềểễệôồổỗộơờởỡợưừửữựđ👮🚨<>&*_[]()`~|\\\n ខ្មែរ")),
    min_size=1,
    max_size=200,
)


def a_notice(text: Text) -> Notice:
    draft = Draft(Category.SCAM, {"vi": text}, Audience((LONG_DUC,)))
    hand = Hand("p", "An", "post", "title", WRITTEN_AT)
    return Notice("id", "Q7-204", LONG_DUC, draft, State.SENDING, 1, (hand,))


MARKED = st.tuples(TYPED, st.integers(0, 199), st.integers(0, 200))
"""A text, where in it something begins to stand out, and how far that goes: counted round where the text is shorter."""


@settings(max_examples=1_000, deadline=None)
@given(st.lists(MARKED, min_size=10, max_size=10))
def test_ten_thousand_texts_arrive_as_they_were_typed(texts: list[tuple[str, int, int]]) -> None:
    """On Telegram with what stands out where it stood, as plain text elsewhere; never as markup."""
    for typed, start, length in texts:
        begins = start % len(typed)
        arrives_as_typed(typed, begins, length % (len(typed) - begins + 1))


def arrives_as_typed(typed: str, start: int, length: int) -> None:
    wanted = cleaned(typed)
    text = Text.of(typed, [Entity(Style.BOLD, start, length)])
    assert text.text == wanted

    telegram = told(a_notice(text), "vi", "telegram", office="phường Long Đức")
    zalo = told(a_notice(text), "vi", "zalo", office="phường Long Đức")
    (call,) = telegram_requests.of(42, Say(telegram.text, entities=telegram.entities))

    assert "parse_mode" not in call.payload
    sent = call.payload["text"]
    assert f"\n\n{wanted}\n\n" in sent
    assert f"\n\n{wanted}\n\n" in zalo.text
    encoded = sent.encode("utf-16-le")
    shown = [
        encoded[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")
        for each in call.payload["entities"]
    ]
    bold = [text.text[each.offset : each.end] for each in text.entities]
    assert shown == ["Công an phường Long Đức · Cảnh báo lừa đảo · mã Q7-204", *bold]


def test_words_that_hide_an_address_have_it_behind_them() -> None:
    words = "Xem tại đây và nộp ở cổng dịch vụ công"
    text = Text.of(
        words,
        [
            entity(Style.LINK, words, "tại đây", "https://vinhlong.gov.vn/a"),
            entity(Style.BOLD, words, "nộp"),
        ],
    )

    telling = told(a_notice(text), "vi", "telegram", office="phường Long Đức")

    assert "Xem tại đây (https://vinhlong.gov.vn/a) và nộp ở" in telling.text
    assert [telling.text[each.offset : each.end] for each in telling.entities][1:] == ["nộp"]
    assert all(each.style is not Style.LINK for each in telling.entities)
