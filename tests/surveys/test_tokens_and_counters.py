"""What a link carries for a visit: a token that counts once, or the half-minute of a counter."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import counter, tokens
from surveys.counter import Counter

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
AT = Counter("29263", 1)
moments = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))

# ── Tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.binary(min_size=16, max_size=16))
def test_a_link_brings_its_token_back(token: bytes) -> None:
    payload = tokens.payload(token)

    assert re.fullmatch(r"t[a-z2-7]{26}", payload)
    assert tokens.read(payload) == tokens.read(payload.upper()) == tokens.read(f" {payload} ") == token


@given(st.text(max_size=40))
def test_nothing_else_is_a_token(payload: str) -> None:
    token = tokens.read(payload)

    assert token is None or tokens.payload(token) == payload.strip().lower()


def test_a_token_has_one_spelling() -> None:
    payload = tokens.payload(b"\x00" * 16)

    assert [letter for letter in "abcd" if tokens.read(payload[:-1] + letter)] == ["a"]


def test_tokens_follow_from_their_batch_and_a_key_and_from_nothing_less() -> None:
    made = [tokens.derive(KEY, "b1", number) for number in range(1000)]

    assert len(set(made)) == 1000
    assert tokens.derive(KEY, "b1", 0) == made[0]
    assert made[0] not in (tokens.derive(KEY, "b2", 0), tokens.derive(OTHER_KEY, "b1", 0))


# ── Counters ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.from_regex(r"[0-9A-Za-z]{1,12}", fullmatch=True), st.integers(1, 99), moments)
def test_a_code_says_its_counter_and_fits_every_platform(unit: str, number: int, now: datetime) -> None:
    payload = counter.mint(Counter(unit, number), now, KEY)

    found = counter.read(payload, now, KEY)

    assert found == counter.Code(Counter(unit, number), is_in_time=True)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)


def test_the_code_changes_every_thirty_seconds() -> None:
    shown = {counter.mint(AT, NOW + timedelta(seconds=second), KEY) for second in range(120)}

    assert len(shown) == 4


@pytest.mark.parametrize(
    ("later", "in_time"),
    [
        (timedelta(0), True),
        (timedelta(seconds=29), True),
        (timedelta(minutes=9), True),
        (timedelta(minutes=10, seconds=29), True),
        (timedelta(minutes=10, seconds=30), False),
        (timedelta(days=1), False),
        (-timedelta(seconds=30), True),
        (-timedelta(minutes=2), False),
    ],
)
def test_a_photographed_code_is_soon_worth_nothing(later: timedelta, in_time: bool) -> None:
    photographed = counter.mint(AT, NOW, KEY)

    found = counter.read(photographed, NOW + later, KEY)

    assert found is not None
    assert found.is_in_time is in_time


@given(st.integers(0, 63), st.characters(codec="ascii"))
def test_a_code_that_was_touched_is_none_of_ours(place: int, letter: str) -> None:
    payload = counter.mint(AT, NOW, KEY)
    touched = payload[: place % len(payload)] + letter + payload[place % len(payload) + 1 :]

    assert touched == payload or counter.read(touched, NOW, KEY) is None


def test_a_code_of_another_house_or_counter_is_none_of_ours() -> None:
    payload = counter.mint(AT, NOW, KEY)

    assert counter.read(payload, NOW, OTHER_KEY) is None
    assert counter.read(payload.replace("_1_", "_2_"), NOW, KEY) is None
    assert counter.read(payload.replace("29263", "29242"), NOW, KEY) is None


def test_whoever_sees_a_code_cannot_open_the_tablets_page() -> None:
    doors = {counter.door(Counter(unit, number), KEY) for unit in ("29263", "29242") for number in (1, 2)}

    assert len(doors) == 4
    assert not any(door in counter.mint(AT, NOW, KEY) for door in doors)


@pytest.mark.parametrize("impossible", [Counter("phường", 1), Counter("29263", 0), Counter("29263", 100)])
def test_a_counter_no_link_can_carry_is_refused(impossible: Counter) -> None:
    with pytest.raises(ValueError, match="1 to 99"):
        counter.mint(impossible, NOW, KEY)
