"""The trail: nothing in it can be changed, dropped, added or moved without the first row that no longer follows being named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.audited import AuditRow, first_that_does_not_follow, following, on_one_line
from surveys.rights import Actor, Role

NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
CHIEF = Actor("p1", "Trần Văn Hùng", "29263-chief", Role.CHIEF, "29263", "Trưởng Công an phường Long Đức")
FIELDS = [name for name in AuditRow.__slots__ if name not in ("number", "at")]


def trail(length: int) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for number in range(length):
        rows.append(
            following(
                rows[-1] if rows else None,
                CHIEF if number % 3 else None,
                "notice.approve",
                f"notice:Q7-{number}",
                unit="29263" if number % 2 else None,
                province="86" if number % 2 else None,
                reason=f"lý do {number}",
                at=NOON + timedelta(minutes=number),
            )
        )
    return rows


def test_what_was_written_follows() -> None:
    assert first_that_does_not_follow(trail(20)) is None
    assert first_that_does_not_follow([]) is None


@given(st.integers(1, 12), st.sampled_from(FIELDS))
def test_a_changed_field_breaks_the_chain_where_it_was_changed(number: int, field: str) -> None:
    rows = trail(12)
    row = rows[number - 1]
    changed = replace(row, **{field: (getattr(row, field) or "") + "x"})

    rows[number - 1] = changed

    assert first_that_does_not_follow(rows) == number


@given(st.integers(1, 12), st.integers(-5000, 5000).filter(bool))
def test_so_does_a_changed_moment(number: int, seconds: int) -> None:
    rows = trail(12)
    row = rows[number - 1]
    rows[number - 1] = replace(row, at=row.at + timedelta(seconds=seconds))

    assert first_that_does_not_follow(rows) == number


@given(st.integers(1, 11))
def test_so_does_a_row_that_is_gone(number: int) -> None:
    rows = trail(12)
    del rows[number - 1]

    assert first_that_does_not_follow(rows) == number + 1


@given(st.integers(1, 11))
def test_so_do_two_that_changed_places(number: int) -> None:
    rows = trail(12)
    rows[number - 1], rows[number] = rows[number], rows[number - 1]

    assert first_that_does_not_follow(rows) == number + 1


def test_a_whole_tail_written_anew_is_found_by_whoever_kept_a_head() -> None:
    rows = trail(12)
    kept = rows[7].digest
    forged = rows[:5]
    for old in rows[5:]:
        forged.append(
            following(
                forged[-1],
                CHIEF,
                old.action,
                old.object,
                unit=old.unit,
                province=old.province,
                reason="khác",
                at=old.at,
            )
        )

    assert first_that_does_not_follow(forged) is None
    assert kept not in {row.digest for row in forged}


def test_a_clock_that_was_set_back_does_not_turn_the_trail_back() -> None:
    [first] = trail(1)

    later = following(
        first, CHIEF, "a", "b", unit=None, province=None, reason="", at=NOON - timedelta(days=9)
    )

    assert later.at == first.at
    assert first_that_does_not_follow([first, later]) is None


@given(st.text())
def test_a_reason_is_something_that_can_be_stored_and_seen(text: str) -> None:
    line = on_one_line(text)

    assert line.encode() or line == ""
    assert "\x00" not in line
    assert "\n" not in line
    assert line == on_one_line(line)


@pytest.mark.parametrize("length", [0, 999, 1000, 5000])
def test_a_long_reason_is_cut_before_it_is_chained(length: int) -> None:
    row = following(None, CHIEF, "a", "b", unit=None, province=None, reason="x" * length, at=NOON)

    assert len(row.reason) == min(length, 1000)
    assert first_that_does_not_follow([row]) is None
