"""A schedule in Vietnamese, as one colleague would say it to another: “thứ Hai đầu tiên mỗi quý, 08:00, gửi rải trong 3 giờ”. Pure."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from surveys.schedules.dues import QuietDays, Schedule
from surveys.schedules.rules import (
    ANY,
    LAST,
    Daily,
    Event,
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

__all__ = ["FORM_NAMES", "WEEKDAYS", "described", "told_due", "told_span"]

WEEKDAYS = {
    Weekday.MONDAY: "thứ Hai",
    Weekday.TUESDAY: "thứ Ba",
    Weekday.WEDNESDAY: "thứ Tư",
    Weekday.THURSDAY: "thứ Năm",
    Weekday.FRIDAY: "thứ Sáu",
    Weekday.SATURDAY: "thứ Bảy",
    Weekday.SUNDAY: "Chủ nhật",
}
NTH = {1: "đầu tiên", 2: "thứ hai", 3: "thứ ba", 4: "thứ tư", LAST: "cuối cùng"}
EVENTS = {"opening": "mở đợt", "closing": "đóng đợt", "release": "công bố đợt"}
FORM_NAMES = {
    "tham_luot": "đánh giá lượt đến trụ sở",
    "hang_nam_nguoi_dan": "hằng năm của người dân",
    "hang_nam_doanh_nghiep": "hằng năm của cơ quan, doanh nghiệp",
    "hoi_dien_dan": "câu hỏi trước diễn đàn",
    "dien_dan": "sau diễn đàn",
}
"""Those that ship; another one goes by its id."""
QUARTERS = ((1, 4, 7, 10), (2, 5, 8, 11), (3, 6, 9, 12))
QUARTER_MONTHS = ("đầu mỗi quý", "giữa mỗi quý", "cuối mỗi quý")
EVERY_DAY, WORKING_DAYS = frozenset(Weekday), frozenset(list(Weekday)[:5])
A_DAY, AN_HOUR, A_MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
A_PART = re.compile(r"\{[^}]*\}")
HOME = "Asia/Ho_Chi_Minh"


def described(schedule: Schedule) -> str:
    """One line; the most important first."""
    parts = [_rule(schedule.rule), f"{schedule.at:%H:%M}"]
    if schedule.zone != HOME:
        parts[-1] += f" (giờ {schedule.zone})"
    if schedule.over:
        parts.append(f"gửi rải trong {told_span(schedule.over)}")
    if schedule.quiet_days is QuietDays.SKIP:
        parts.append("bỏ qua ngày nghỉ lễ")
    elif schedule.quiet_days is QuietDays.NEXT:
        parts.append("gặp ngày nghỉ lễ thì lùi sang ngày sau")
    if schedule.ends_on is not None and not isinstance(schedule.rule, Once):
        parts.append(f"đến hết {_day(schedule.ends_on)}")
    return ", ".join(parts)


def told_due(due: datetime, zone: str = HOME) -> str:
    """“thứ Hai, 05/01/2027, 08:00”"""
    local = due.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS[Weekday(local.weekday())]}, {local:%d/%m/%Y, %H:%M}"


def _rule(rule: Rule) -> str:
    match rule:
        case Once(on):
            return f"một lần, {WEEKDAYS[Weekday(on.weekday())]} {_day(on)}"
        case Daily(_, 1):
            return "hằng ngày"
        case Daily(first, every):
            return f"{every} ngày một lần, tính từ {_day(first)}"
        case Weekly(weekdays, first, every):
            return _weekly(weekdays, first, every)
        case Monthly(day, months):
            named = "ngày cuối tháng" if day == LAST else f"ngày {day}"
            if day > 28 and _lacks(day, months):
                named += " (tháng thiếu thì ngày cuối tháng)"
            return f"{named} {_months(months)}"
        case NthWeekday(nth, weekday, months):
            return f"{WEEKDAYS[weekday]} {NTH[nth]} {_months(months)}"
        case Yearly(month, day):
            return f"ngày {day}/{month} hằng năm{_leap(month, day)}"
        case Relative(days, to):
            return f"{_away(days)} {_anchor(to)}"


def _anchor(to: YearlyDay | Event) -> str:
    if isinstance(to, Event):
        if to.form is not None:
            return f"ngày {EVENTS[to.kind]} bất kỳ của phiếu {FORM_NAMES.get(to.form, to.form)}"
        if to.of == ANY:
            return f"ngày {EVENTS[to.kind]} bất kỳ"
        if "{" in to.of:
            return f"ngày {EVENTS[to.kind]} có tên dạng {A_PART.sub('…', to.of)}"
        return f"ngày {EVENTS[to.kind]} {to.of}"
    return f"ngày {to.day}/{to.month} hằng năm{_leap(to.month, to.day)}"


def _weekly(weekdays: Sequence[Weekday], first: date, every: int) -> str:
    named = frozenset(weekdays)
    if named == EVERY_DAY:
        days = "tất cả các ngày"
    elif named == WORKING_DAYS:
        days = "thứ Hai đến thứ Sáu"
    else:
        days = _joined([WEEKDAYS[each] for each in sorted(named)])
    return f"{days} hằng tuần" if every == 1 else f"{days}, {every} tuần một lần, tính từ tuần {_day(first)}"


def _months(months: Sequence[int]) -> str:
    named = tuple(sorted(set(months)))
    if len(named) == 12:
        return "hằng tháng"
    if named in QUARTERS:
        return f"của tháng {QUARTER_MONTHS[QUARTERS.index(named)]}"
    return f"của tháng {_joined([str(each) for each in named])}"


def _lacks(day: int, months: Sequence[int]) -> bool:
    return any(day > (28 if month == 2 else 30 if month in (4, 6, 9, 11) else 31) for month in months)


def _leap(month: int, day: int) -> str:
    return " (năm không nhuận: 28/2)" if (month, day) == (2, 29) else ""


def _away(days: int) -> str:
    if days == 0:
        return "đúng"
    return f"{-days} ngày trước" if days < 0 else f"{days} ngày sau"


def told_span(span: timedelta) -> str:
    """“3 giờ”"""
    for unit, name in ((A_DAY, "ngày"), (AN_HOUR, "giờ"), (A_MINUTE, "phút")):
        if span >= unit and span % unit == timedelta(0):
            return f"{span // unit} {name}"
    hours, rest = divmod(span, AN_HOUR)
    minutes = round(rest / A_MINUTE)
    return f"{hours} giờ {minutes} phút" if hours else f"{minutes} phút"


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} và {words[-1]}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
