"""The same value is the same bytes."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.assessment import Verdict
from surveys.canonical import canonical, digest, moment_text, read_moment
from surveys.statistics import FORMULAS, formulas_digest

HANOI = timezone(timedelta(hours=7))


def test_names_stand_in_order_without_spaces():
    assert canonical({"b": 1, "a": [True, None, "Nhân dân"]}) == '{"a":[true,null,"Nhân dân"],"b":1}'


def test_shares_are_fractions_and_moments_are_utc():
    value = (
        Fraction(2, 6),
        Decimal("0.10"),
        date(2026, 11, 14),
        datetime(2026, 11, 14, 7, tzinfo=HANOI),
        Verdict.MET,
    )

    assert canonical(value) == '["1/3","1/10","2026-11-14","2026-11-14T00:00:00+00:00","dat"]'


@pytest.mark.parametrize("value", [0.1, {1: "a"}, b"ab", {"a": object()}])
def test_what_has_no_plain_form_is_refused(value):
    with pytest.raises(TypeError):
        canonical(value)


def test_two_kinds_of_thing_never_share_a_hash():
    assert digest("weights", {"a": 1}) != digest("scorecard", {"a": 1})
    assert digest("weights", {"a": 1, "b": 2}) == digest("weights", {"b": 2, "a": 1})
    assert digest("x", "") == ("961554942c47b6c6016140d4099f4eeeaeb7f477e05770199a7585a2e1345b4b")


def test_moments_have_a_zone():
    moment = datetime(2026, 11, 14, 9, 30, tzinfo=UTC)

    assert read_moment(moment_text(moment)) == moment
    with pytest.raises(ValueError, match="time zone"):
        moment_text(datetime(2026, 11, 14))  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        read_moment("2026-11-14T09:30:00")


def test_the_formulas_have_a_digest_of_their_own():
    assert formulas_digest() == digest("formulas", dict(FORMULAS))
