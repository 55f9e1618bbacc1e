"""Tokens and links: ours for ever, nobody else's ever."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import entry, taps
from surveys.entry import Entry, Stream
from surveys.taps import Offer

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PERSON, OTHER = b"telegram/1", b"telegram/2"
ACTS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789.-_=", min_size=1, max_size=taps.LONGEST_ACT)


@given(ACTS)
def test_a_token_brings_its_act_back(act: str) -> None:
    token = taps.mint(act, KEY, PERSON)

    assert taps.read(token, KEY, PERSON) == act
    assert len(token) <= 64
    assert token.isascii()


@given(ACTS, st.integers(0, 63), st.characters(codec="ascii"))
def test_a_token_that_was_touched_is_none(act: str, place: int, letter: str) -> None:
    token = taps.mint(act, KEY, PERSON)
    touched = token[: place % len(token)] + letter + token[place % len(token) + 1 :]

    assert touched == token or taps.read(touched, KEY, PERSON) is None


def test_a_token_is_worth_nothing_to_anybody_else() -> None:
    token = taps.mint("s.12.answer.3.4", KEY, PERSON)

    assert taps.read(token, KEY, OTHER) is None
    assert taps.read(token, OTHER_KEY, PERSON) is None


@given(st.text(max_size=200))
def test_no_token_breaks_the_reader(token: str) -> None:
    assert taps.read(token, KEY, PERSON) is None


@pytest.mark.parametrize("act", ["", "a" * 53, "có dấu", "two words", "nul\0"])
def test_what_no_token_can_carry_is_refused(act: str) -> None:
    with pytest.raises(ValueError, match="not an act"):
        taps.mint(act, KEY, PERSON)


def test_a_number_is_the_place_unless_it_is_given() -> None:
    offers = (Offer("A", "a"), Offer("B", "b", 0), Offer("C", "c", 9))

    assert taps.by_number(offers, 1) == offers[0]
    assert taps.by_number(offers, 0) == offers[1]
    assert taps.by_number(offers, 9) == offers[2]
    assert taps.by_number(offers, 2) is None


ENTRIES = st.builds(
    Entry,
    unit=st.one_of(st.none(), st.from_regex(r"[0-9]{5}", fullmatch=True)),
    stream=st.sampled_from([Stream.INVITED, Stream.OPEN]),
    wave=st.one_of(st.none(), st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)),
)


@given(ENTRIES)
def test_a_link_brings_its_entry_back(came_by: Entry) -> None:
    payload = entry.mint(came_by, KEY)

    assert entry.read(payload, KEY) == came_by
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)


@given(ENTRIES, st.integers(0, 63), st.characters(codec="ascii"))
def test_a_link_that_was_touched_counts_for_nothing(came_by: Entry, place: int, letter: str) -> None:
    payload = entry.mint(came_by, KEY)
    touched = payload[: place % len(payload)] + letter + payload[place % len(payload) + 1 :]

    assert touched == payload or entry.read(touched, KEY).stream is Stream.OPEN


@given(ENTRIES)
def test_a_link_signed_elsewhere_is_the_open_stream(came_by: Entry) -> None:
    assert entry.read(entry.mint(came_by, OTHER_KEY), KEY).stream is Stream.OPEN


@given(st.text(max_size=100))
def test_no_payload_breaks_the_reader(payload: str) -> None:
    assert entry.read(payload, KEY).stream is Stream.OPEN


@pytest.mark.parametrize(
    "came_by",
    [
        Entry("phường"),
        Entry(wave="a_b"),
        Entry("1" * 12, Stream.INVITED, "w" * 40),
        Entry("29263", Stream.VISIT),
    ],
)
def test_what_no_link_can_carry_is_refused(came_by: Entry) -> None:
    with pytest.raises(ValueError, match="link"):
        entry.mint(came_by, KEY)
