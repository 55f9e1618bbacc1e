"""What one reads before saving a schedule."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from surveys.schedules import (
    LAST,
    Daily,
    Event,
    Monthly,
    NthWeekday,
    Once,
    QuietDays,
    Relative,
    Rule,
    Schedule,
    Weekday,
    Weekly,
    Yearly,
    YearlyDay,
    described,
    told_due,
)

FIRST = date(2026, 1, 5)
QUARTERS = (1, 4, 7, 10)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Once(date(2026, 12, 1)), "một lần, thứ Ba 01/12/2026, 08:00"),
        (Daily(FIRST), "hằng ngày, 08:00"),
        (Daily(FIRST, 10), "10 ngày một lần, tính từ 05/01/2026, 08:00"),
        (Weekly((Weekday.SUNDAY, Weekday.MONDAY), FIRST), "thứ Hai và Chủ nhật hằng tuần, 08:00"),
        (Weekly(tuple(Weekday)[:5], FIRST), "thứ Hai đến thứ Sáu hằng tuần, 08:00"),
        (Weekly((Weekday.FRIDAY,), FIRST, 2), "thứ Sáu, 2 tuần một lần, tính từ tuần 05/01/2026, 08:00"),
        (Monthly(1), "ngày 1 hằng tháng, 08:00"),
        (Monthly(31), "ngày 31 (tháng thiếu thì ngày cuối tháng) hằng tháng, 08:00"),
        (Monthly(31, (1, 3)), "ngày 31 của tháng 1 và 3, 08:00"),
        (Monthly(LAST, (6, 12)), "ngày cuối tháng của tháng 6 và 12, 08:00"),
        (NthWeekday(1, Weekday.MONDAY, QUARTERS), "thứ Hai đầu tiên của tháng đầu mỗi quý, 08:00"),
        (NthWeekday(LAST, Weekday.FRIDAY), "thứ Sáu cuối cùng hằng tháng, 08:00"),
        (Yearly(8, 19), "ngày 19/8 hằng năm, 08:00"),
        (Yearly(2, 29), "ngày 29/2 hằng năm (năm không nhuận: 28/2), 08:00"),
        (Relative(-30, YearlyDay(11, 15)), "30 ngày trước ngày 15/11 hằng năm, 08:00"),
        (Relative(3, Event("opening", "nam-2026")), "3 ngày sau ngày mở đợt nam-2026, 08:00"),
        (
            Relative(0, Event("opening", "form:dien_dan")),
            "đúng ngày mở đợt bất kỳ của phiếu sau diễn đàn, 08:00",
        ),
        (
            Relative(0, Event("release", "form:cua_tinh")),
            "đúng ngày công bố đợt bất kỳ của phiếu cua_tinh, 08:00",
        ),
        (Relative(0, Event("release", "nam-2026")), "đúng ngày công bố đợt nam-2026, 08:00"),
    ],
)
def test_a_rule_in_words(rule: Rule, words: str) -> None:
    assert described(Schedule(rule, time(8), FIRST)) == words


def test_what_else_one_should_know() -> None:
    schedule = Schedule(
        NthWeekday(1, Weekday.MONDAY, QUARTERS),
        time(8),
        FIRST,
        ends_on=date(2027, 12, 31),
        over=timedelta(hours=3),
        quiet_days=QuietDays.NEXT,
    )

    assert described(schedule) == (
        "thứ Hai đầu tiên của tháng đầu mỗi quý, 08:00, gửi rải trong 3 giờ, "
        "gặp ngày nghỉ lễ thì lùi sang ngày sau, đến hết 31/12/2027"
    )


def test_spans_and_zones() -> None:
    schedule = Schedule(
        Daily(FIRST), time(7, 5), FIRST, zone="Asia/Phnom_Penh", over=timedelta(hours=1, minutes=30)
    )

    assert described(schedule) == "hằng ngày, 07:05 (giờ Asia/Phnom_Penh), gửi rải trong 90 phút"


def test_a_moment_in_words() -> None:
    assert told_due(datetime(2027, 1, 4, 1, 0, tzinfo=UTC)) == "thứ Hai, 04/01/2027, 08:00"
