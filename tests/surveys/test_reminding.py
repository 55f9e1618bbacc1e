"""Whom a wave invites, who is drawn, and what a reminder says to whom."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.delivery import REST
from surveys.reminding import (
    INVITE,
    MOST,
    REMIND,
    Progress,
    Reminder,
    Wanted,
    reminder,
    subject_of,
    wanted,
    wave_of,
)
from surveys.sampling import drawn, lot

people = st.sets(st.binary(min_size=16, max_size=16), max_size=60)
seeds = st.text("0123456789abcdef", min_size=1, max_size=32)


# ── Drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────


@given(seeds, people, st.integers(0, 70), st.randoms())
def test_the_same_ones_are_drawn_in_whatever_order_they_stand(seed, fingerprints, some, chance):
    shuffled = list(fingerprints)
    chance.shuffle(shuffled)

    chosen = drawn(seed, shuffled, some)

    assert chosen == drawn(seed, fingerprints, some)
    assert len(chosen) == min(some, len(fingerprints))
    rest = fingerprints - set(chosen)
    assert all(lot(seed, one) <= lot(seed, other) for one in chosen for other in rest)


@given(seeds, people, st.integers(1, 30), st.binary(min_size=16, max_size=16))
def test_one_more_in_the_ward_takes_the_place_of_one_at_most(seed, fingerprints, some, newcomer):
    before, after = (set(drawn(seed, each, some)) for each in (fingerprints, fingerprints | {newcomer}))

    assert after - before <= {newcomer}
    assert len(before - after) <= 1


def test_everybody_is_as_likely_as_everybody_else():
    fingerprints = [number.to_bytes(16, "big") for number in range(100)]
    times = dict.fromkeys(fingerprints, 0)
    for seed in range(400):
        for each in drawn(str(seed), fingerprints, 25):
            times[each] += 1

    # 100 on the average, with a deviation of 8.7: six of them are one in a billion, and the seeds are always these.
    assert all(100 - 6 * 8.7 < number < 100 + 6 * 8.7 for number in times.values())


# ── What a schedule asks for ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ({}, None),
        ({"invite": "all"}, Wanted()),
        ({"invite": {"sample": 200}, "remind_after_days": [3, 7]}, Wanted(200, (3, 7))),
        ({"invite": "all", "remind_after_days": [2]}, Wanted(None, (2,))),
    ],
)
def test_what_is_wanted(subject, found):
    assert wanted(subject) == found


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ({"invite": "some"}, "“invite” là"),
        ({"invite": {"sample": 0}}, "“invite” là"),
        ({"invite": {"sample": True}}, "“invite” là"),
        ({"invite": {"sample": 3, "of": 4}}, "“invite” là"),
        ({"invite": "all", "remind_after_days": [3, 7, 14]}, "nhiều nhất 2 lần"),
        ({"invite": "all", "remind_after_days": [1]}, "ít nhất 2 ngày"),
        ({"invite": "all", "remind_after_days": [3, 4]}, "ít nhất 2 ngày"),
        ({"invite": "all", "remind_after_days": [7, 3]}, "ít nhất 2 ngày"),
        ({"invite": "all", "remind_after_days": "3"}, "danh sách số ngày"),
        ({"remind_after_days": [3]}, "phải đi cùng"),
    ],
)
def test_what_cannot_be_wanted_says_why(subject, said):
    with pytest.raises(ValueError, match=said):
        wanted(subject)


@given(st.lists(st.integers(-5, 60), max_size=5))
def test_never_a_third_and_never_within_two_days(days):
    try:
        asked = wanted({"invite": "all", "remind_after_days": days})
    except ValueError:
        return
    assert asked is not None

    assert list(asked.after_days) == days
    assert len(days) <= MOST
    assert all(timedelta(days=after - before) >= REST for before, after in pairwise((0, *days)))


# ── Who is told what ─────────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(Progress), st.integers(0, 200), st.integers(5, 50))
def test_who_has_answered_is_left_alone_and_small_wards_are_all_told_alike(progress, invited, k):
    told = reminder(progress, invited=invited, k=k)

    if invited < k:
        assert told is Reminder.ASKED_AGAIN
    else:
        assert (told is Reminder.NOTHING) == (progress is Progress.DONE)
        assert (told is Reminder.GO_ON) == (progress is Progress.HALF)


@pytest.mark.parametrize("progress", Progress)
def test_where_nobody_counted_everybody_is_told_alike(progress):
    assert reminder(progress, invited=None, k=10) is Reminder.ASKED_AGAIN


# ── Subjects ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text("abc-.0123456789", min_size=1, max_size=40), st.integers(1, MOST))
def test_a_subject_is_read_as_it_was_written(slug, number):
    assert wave_of(REMIND, subject_of(slug, number)) == (slug, number)
    assert wave_of(INVITE, slug) == (slug, 0)


@pytest.mark.parametrize("number", [0, 3])
def test_there_is_no_third(number):
    with pytest.raises(ValueError, match="there are 2 reminders"):
        subject_of("2026-nguoi-dan", number)
