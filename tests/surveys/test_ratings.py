"""A rating by a template: which answers it is, and that no order in which it comes changes how it ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.session import Mode, Session
from surveys.ratings import LONGEST, Rating, Template, answers_of, begun, later

VISIT = library.load("tham_luot")
FORUM = library.load("dien_dan")
TODAY = date(2026, 11, 30)
MOMENT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
TEMPLATE = Template("29263", "chung", "gop_y")
RATING = Rating("m1", 4, MOMENT, "Làm nhanh")


def test_stars_choose_and_words_are_a_comment() -> None:
    assert answers_of(TEMPLATE, RATING, VISIT, TODAY) == {"chung": "4", "gop_y": "Làm nhanh"}


@pytest.mark.parametrize("stars", range(1, 6))
def test_stars_mean_what_the_office_says(stars: int) -> None:
    upside_down = replace(TEMPLATE, choices=("5", "4", "3", "2", "1"))

    assert answers_of(upside_down, replace(RATING, stars=stars, written=""), VISIT, TODAY) == {
        "chung": str(6 - stars)
    }


def test_words_stay_with_zalo_where_no_question_takes_them() -> None:
    assert answers_of(replace(TEMPLATE, comment=None), RATING, VISIT, TODAY) == {"chung": "4"}


def test_words_are_cut_where_every_comment_ends() -> None:
    answers = answers_of(TEMPLATE, replace(RATING, written="a" * 5000), VISIT, TODAY)

    assert answers is not None
    assert len(answers["gop_y"]) == LONGEST


@pytest.mark.parametrize(
    "template",
    [
        replace(TEMPLATE, question="khong_co"),
        replace(TEMPLATE, comment="khong_co"),
        replace(TEMPLATE, question="thu_tuc"),  # no scale
        replace(TEMPLATE, comment="chung"),  # no place for words
        replace(TEMPLATE, choices=("a", "b", "c", "d", "e")),
    ],
)
def test_a_form_that_does_not_ask_it_takes_none(template: Template) -> None:
    assert answers_of(template, RATING, VISIT, TODAY) is None


def test_a_question_that_is_asked_of_some_only_takes_none() -> None:
    assert FORUM.question("chung").relevant is not None  # who attended is asked
    assert answers_of(Template("29263", "chung"), RATING, FORUM, TODAY) is None


@pytest.mark.parametrize(("message", "stars"), [("", 3), ("m1", 0), ("m1", 6)])
def test_what_is_of_no_message_or_has_other_stars_is_no_rating(message: str, stars: int) -> None:
    with pytest.raises(ValueError, match="rating"):
        Rating(message, stars, MOMENT)


def test_it_is_a_visit_that_is_not_anonymous() -> None:
    session = begun(7, "29263", VISIT, "K7QF-3M2X-9TWA-5H8C")

    assert (session.stream, session.mode) == (Stream.VISIT, Mode.ZBS)
    assert (session.begun_hour, session.seconds) == (None, None)  # detectors look at nothing of it


RATINGS = st.builds(
    Rating,
    st.just("m1"),
    st.integers(1, 5),
    st.integers(0, 3).map(lambda seconds: MOMENT + timedelta(seconds=seconds)),
    st.sampled_from(["", "Làm nhanh", "Làm chậm"]),
)


def kept(ratings: tuple[Rating, ...]) -> Session:
    session = begun(7, "29263", VISIT, "K7QF-3M2X-9TWA-5H8C")
    for rating in ratings:
        answers = answers_of(TEMPLATE, rating, VISIT, TODAY)
        assert answers is not None
        session = later(session, rating, answers) or session
    return session


@given(st.lists(RATINGS, min_size=1, max_size=4))
def test_whatever_comes_in_whatever_order_and_however_often_ends_alike(ratings: list[Rating]) -> None:
    ends = {kept(order) for order in permutations(ratings)}
    ends.add(kept((*ratings, *ratings)))

    assert len(ends) == 1
    [end] = ends
    latest = max(rating.submitted_at for rating in ratings)
    possible = [rating for rating in ratings if rating.submitted_at == latest]
    assert end.values["chung"] in {str(rating.stars) for rating in possible}


def test_the_same_once_more_changes_nothing() -> None:
    session = kept((RATING,))

    assert later(session, RATING, answers_of(TEMPLATE, RATING, VISIT, TODAY) or {}) is None
