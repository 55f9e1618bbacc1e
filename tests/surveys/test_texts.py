"""The catalogues: complete in every language, with the same gaps to fill; and what is made from them."""

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import surveys
from surveys import privacy, texts
from surveys.forms import questions
from surveys.privacy import Terms

ROOMS = Path(surveys.__file__).parent.parent
KEY = re.compile(r"""["']([a-z]+(?:[._][a-z]+)*)["']""")


def gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_catalogue_is_complete(language: str) -> None:
    words, ours = texts.catalogue(language), texts.catalogue(texts.DEFAULT)

    assert words.keys() == ours.keys()
    assert all(each.strip() for each in words.values())
    assert {key: gaps(each) for key, each in words.items()} == {key: gaps(each) for key, each in ours.items()}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_text_is_longer_than_a_message(language: str) -> None:
    assert all(texts.length(each) < texts.LONGEST // 2 for each in texts.catalogue(language).values())


def test_every_reason_a_question_gives_has_its_words() -> None:
    for key, params in questions.REASONS.items():
        assert gaps(texts.say("vi", key)) <= set(params)


def test_every_text_is_used_and_every_key_is_there() -> None:
    sources = [
        *(ROOMS / "surveys").rglob("*.py"),
        *(ROOMS / "handlers").rglob("*.py"),
        # The officers' bot and the desk have catalogues of their own.
        *(path for path in (ROOMS / "bot").rglob("*.py") if "officers" not in path.name),
    ]
    code = "\n".join(path.read_text("utf-8") for path in sources)
    known = texts.catalogue("vi")
    called = set(re.findall(r'(?:\bsay|_say|_offer|\.offer)\(\s*(?:[\w.()]+,\s*)?"([a-z_.]+)"', code))

    assert {key for key in called if "." in key or key in known} <= known.keys() | NOT_OURS
    mentioned = set(KEY.findall(code)) | {f"button.{name}" for name in ("skip", "back", "keep", "more")}
    assert known.keys() <= mentioned


NOT_OURS = frozenset({"index.html", "card.no", "card.none_arose", "card.survey_share", "card.yes"})
"""Names that are no texts of the chat: a file, and words of the supervisors' pages."""


def test_khmer_says_that_nobody_has_read_it() -> None:
    header = (ROOMS / "surveys" / "texts" / "km.po").read_text("utf-8")[:900]

    assert "chưa thẩm định" in header
    assert "km" in texts.UNREVIEWED


def test_an_unknown_language_is_vietnamese() -> None:
    assert texts.say("xx", "menu") == texts.say("vi", "menu")


def test_days_as_people_write_them() -> None:
    assert texts.day("vi", date(2026, 11, 3)) == "3/11/2026"
    assert texts.day("en", date(2026, 11, 3)) == "3 November 2026"


@given(st.text(max_size=80), st.integers(2, 40))
def test_a_clipped_text_fits(text: str, limit: int) -> None:
    clipped = texts.clipped(text, limit)

    assert texts.length(clipped) <= limit
    assert clipped == text or clipped.endswith("…")


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("account", ["telegram", "zalo:oa", "web", "console", "web:qr"])
def test_the_privacy_card_tells_the_settings_in_four_lines(language: str, account: str) -> None:
    terms = Terms(k=17, closes_on=date(2026, 11, 30), withdrawal_until=date(2026, 12, 7), account=account)

    card = privacy.card(language, terms)

    assert len(card.splitlines()) <= privacy.MOST_LINES
    assert "17" in card
    assert texts.day(language, terms.closes_on) in card
    assert texts.day(language, terms.withdrawal_until) in card
