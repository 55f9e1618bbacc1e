"""When a platform lets us write first, and what it costs."""

from datetime import UTC, date, datetime, timedelta

import pytest

from surveys.windows import (
    POLICIES,
    Billed,
    Closed,
    Open,
    Policy,
    Purpose,
    gate,
    hour,
    keeps_hours,
    policy_of,
)

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("account", "silent", "purpose", "wanted"),
    [
        ("telegram", None, Purpose.NOTICE, Open()),
        ("telegram", timedelta(days=900), Purpose.INVITATION, Open()),
        ("telegram", None, Purpose.TEMPLATE, Closed),
        ("zalo:5797", timedelta(0), Purpose.NOTICE, Open()),
        ("zalo:5797", timedelta(hours=48), Purpose.NOTICE, Open()),
        ("zalo:5797", timedelta(hours=48, seconds=1), Purpose.NOTICE, Billed(by_template=False)),
        ("zalo:5797", timedelta(days=7), Purpose.INVITATION, Billed(by_template=False)),
        ("zalo:5797", timedelta(days=7, seconds=1), Purpose.NOTICE, Closed),
        ("zalo:5797", None, Purpose.NOTICE, Closed),
        ("zalo:5797", timedelta(days=8), Purpose.TEMPLATE, Billed(by_template=True)),
        ("zalo:5797", timedelta(0), Purpose.TEMPLATE, Billed(by_template=True)),
        ("zalo:5797", timedelta(days=8), Purpose.REPLY, Open()),
        ("zalobot", timedelta(days=90), Purpose.NOTICE, Open()),
        ("zalobot", None, Purpose.TEMPLATE, Closed),
        ("web", timedelta(0), Purpose.NOTICE, Closed),
        ("web", timedelta(0), Purpose.REPLY, Open()),
        ("pigeon", timedelta(0), Purpose.NOTICE, Closed),
    ],
)
def test_the_gate(account, silent, purpose, wanted):
    last = None if silent is None else NOW - silent

    found = gate(policy_of(account, TODAY), last, NOW, purpose)

    assert isinstance(found, wanted) if isinstance(wanted, type) else found == wanted


def test_a_new_rule_holds_from_its_day_on():
    new = Policy("zalo", date(2027, 1, 1), "announced", free=timedelta(hours=24), billed=timedelta(days=3))
    policies = (*POLICIES, new)

    assert policy_of("zalo:1", date(2026, 12, 31), policies) == policy_of("zalo:1", TODAY)
    assert policy_of("zalo:1", date(2027, 1, 1), policies) is new
    assert policy_of("zalo:1", date(2010, 1, 1), policies) is None


def test_every_rule_says_where_it_comes_from():
    assert all(each.source for each in POLICIES)


def test_an_hour_never_lies_after_what_happened_in_it():
    assert hour(NOW) == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert isinstance(gate(policy_of("zalo:1", TODAY), hour(NOW), NOW, Purpose.NOTICE), Open)


def test_hours_are_kept_only_where_a_window_asks_for_them():
    assert [keeps_hours(each, NOW) for each in ("zalo:1", "telegram", "zalobot", "web", "console")] == [
        True,
        False,
        False,
        False,
        False,
    ]
