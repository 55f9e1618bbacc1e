"""Which evening “this evening” is."""

from datetime import UTC, datetime, timedelta

import pytest

from surveys.evenings import evening_after, moment, next_evening
from surveys.waves import LOCAL

FAR = datetime(2027, 1, 1, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 22) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        (at(8), at(19)),
        (at(17, 59), at(19)),
        (at(18), at(19)),
        (at(18, 1), at(19, day=23)),
        (at(20), at(19, day=23)),
        (at(23, 59), at(19, day=23)),
        (at(0, 1), at(19)),
    ],
)
def test_this_one_or_where_it_has_nearly_come_the_next(said: datetime, asked: datetime) -> None:
    assert evening_after(said, "telegram", FAR) == asked
    assert evening_after(said.astimezone(UTC), "zalo:1", FAR) == asked


def test_nobody_is_promised_what_would_come_too_late() -> None:
    assert evening_after(at(8), "telegram", at(19)) is None
    assert evening_after(at(20), "telegram", at(18, day=23)) is None


@pytest.mark.parametrize("account", ["web", "console", "elsewhere"])
def test_nobody_is_promised_what_we_cannot_do(account: str) -> None:
    assert evening_after(at(8), account, FAR) is None


def test_what_was_missed_waits_for_the_next_evening_and_not_for_breakfast() -> None:
    assert next_evening(at(7)) == at(19)
    assert next_evening(at(19, 1)) - at(19, 1) == timedelta(days=1, minutes=-1)


def test_it_is_told_by_the_clock_on_the_wall() -> None:
    assert moment("vi", at(19).astimezone(UTC)) == "19:00 ngày 22/11/2026"
