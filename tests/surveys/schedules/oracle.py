"""Rules of every kind, and their days as another library (dateutil) reads RFC 5545."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from dateutil import rrule as oracle
from hypothesis import strategies as st

from surveys.schedules import (
    LAST,
    Daily,
    Monthly,
    NthWeekday,
    Once,
    Relative,
    Rule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
)

__all__ = ["DAYS", "RULES", "by_the_oracle"]

DAYS = st.dates(date(1996, 1, 1), date(2104, 12, 31))  # 2100 is no leap year
MONTHS = st.lists(st.integers(1, 12), min_size=1, unique=True).map(lambda months: tuple(sorted(months)))
WEEKDAYS = st.lists(st.sampled_from(Weekday), min_size=1, unique=True).map(tuple)
YEARLY_DAYS = DAYS.map(lambda day: YearlyDay(day.month, day.day))
RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Once, DAYS),
    st.builds(Daily, DAYS, st.integers(1, 40)),
    st.builds(Weekly, WEEKDAYS, DAYS, st.integers(1, 6)),
    st.builds(Monthly, st.one_of(st.integers(1, 31), st.just(LAST)), MONTHS),
    st.builds(NthWeekday, st.sampled_from((1, 2, 3, 4, LAST)), st.sampled_from(Weekday), MONTHS),
    YEARLY_DAYS.map(lambda day: Yearly(day.month, day.day)),
    st.builds(Relative, st.integers(-366, 366), YEARLY_DAYS),
)


def by_the_oracle(rule: Rule, since: date) -> Iterator[date]:
    """What RFC 5545 says, as another library reads it."""
    begin = datetime.combine(since, time())
    away = timedelta(0)
    match rule:
        case Once(on):
            rule_set = oracle.rrule(oracle.DAILY, count=1, dtstart=datetime.combine(on, time()))
        case Daily(first, every):
            rule_set = oracle.rrule(oracle.DAILY, interval=every, dtstart=datetime.combine(first, time()))
        case Weekly(weekdays, first, every):
            rule_set = oracle.rrule(
                oracle.WEEKLY,
                interval=every,
                byweekday=[int(each) for each in weekdays],
                wkst=oracle.MO,
                dtstart=datetime.combine(first, time()),
            )
        case Monthly(day, months):
            rule_set = oracle.rrule(
                oracle.MONTHLY, bymonth=months, dtstart=begin.replace(day=1), **_last_of(day)
            )
        case NthWeekday(nth, weekday, months):
            named = oracle.weekday(int(weekday), nth)
            rule_set = oracle.rrule(
                oracle.MONTHLY, bymonth=months, byweekday=named, dtstart=begin.replace(day=1)
            )
        case Yearly(month, day):
            rule_set = oracle.rrule(
                oracle.MONTHLY, bymonth=month, dtstart=begin.replace(day=1), **_last_of(day)
            )
        case Relative(days, YearlyDay(month, day)):
            away = timedelta(days=days)
            start = (begin - away).replace(day=1)
            rule_set = oracle.rrule(oracle.MONTHLY, bymonth=month, dtstart=start, **_last_of(day))
    for moment in rule_set:
        if (moment + away).date() >= since:
            yield (moment + away).date()


def _last_of(day: int) -> dict[str, object]:
    """That day, or the month's last one where it has not so many."""
    days = [LAST] if day == LAST else list(range(min(day, 28), day + 1))
    return {"bymonthday": days, "bysetpos": -1}
