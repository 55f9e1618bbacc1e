"""What a year should bring, written down by hand: which waves, from when to when, and how late each may still be opened. It reads no rule of the
program's and uses nothing of it but two numbers that residents are promised (seven days to withdraw, k)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = [
    "SEALING_MAY_BEGIN",
    "Expected",
    "Follows",
    "expected",
    "followed",
    "is_quiet",
    "officers_reminded",
]

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
SEALING_MAY_BEGIN = timedelta(days=7, minutes=1)
"""After closing: a week to withdraw in, and a minute for the last ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A wave that a year brings."""

    slug: str
    title: str
    form: str
    schedule: str
    due: datetime
    closes_at: datetime
    at_latest: datetime
    """Later than this nothing is opened by surprise: it is skipped, and its owner told."""


def expected(year: int) -> Iterator[Expected]:
    for month in range(1, 13):
        following = (year, month + 1) if month < 12 else (year + 1, 1)
        yield _wave(
            f"tham-luot-{year}-{month:02}",
            f"Đánh giá lượt đến trụ sở, tháng {month}/{year}",
            "tham_luot",
            "visits",
            _at(year, month, 1, 0),
            _at(*following, 1, 0),
            days_late=25,
        )
    # Three weeks that end eighteen days before the forum of 19 August.
    yield _wave(
        f"hoi-dien-dan-{year}",
        f"Câu hỏi gửi trước diễn đàn “Công an lắng nghe ý kiến Nhân dân” năm {year}",
        "hoi_dien_dan",
        "forum-questions",
        _at(year, 7, 11, 8),
        _at(year, 8, 1, 0),
        days_late=2,
    )
    # The day after 19 August, for ten days; 1 October is 45 days before 15 November.
    yield _wave(
        f"dien-dan-{year}",
        f"Sau diễn đàn “Công an lắng nghe ý kiến Nhân dân” năm {year}",
        "dien_dan",
        "forum",
        _at(year, 8, 20, 8),
        _at(year, 8, 30, 0),
        days_late=2,
    )
    yield _wave(
        f"{year}-nguoi-dan",
        f"Công an lắng nghe ý kiến của Nhân dân, năm {year}",
        "hang_nam_nguoi_dan",
        "residents",
        _at(year, 10, 1, 8),
        _at(year, 10, 22, 0),
        days_late=2,
    )
    yield _wave(
        f"{year}-doanh-nghiep",
        f"Công an lắng nghe ý kiến của cơ quan, doanh nghiệp, năm {year}",
        "hang_nam_doanh_nghiep",
        "businesses",
        _at(year, 10, 12, 8),
        _at(year, 11, 2, 0),
        days_late=2,
    )


def _wave(
    slug: str,
    title: str,
    form: str,
    schedule: str,
    due: datetime,
    closes_at: datetime,
    *,
    days_late: int,
) -> Expected:
    return Expected(slug, title, form, schedule, due, closes_at, due + timedelta(days=days_late))


# ── What follows a wave ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Follows:
    """Something that follows a wave's opening."""

    schedule: str
    kind: str
    subject: str
    due: datetime


A_DAY_LATE = timedelta(days=1)


def followed(year: int) -> Iterator[Follows]:
    """Who is invited and reminded: at nine, on the day of the opening, and so many days after it; a day on which nobody is to be disturbed
    gives it to the next."""
    forum = f"dien-dan-{year}"
    yield Follows("forum-questions-invite", "invite", f"hoi-{forum}", _awake(year, 7, 11))
    yield Follows("forum-invite", "invite", forum, _awake(year, 8, 20))
    for whom, slug, day in (("residents", "nguoi-dan", 1), ("businesses", "doanh-nghiep", 12)):
        yield Follows(f"{whom}-invite", "invite", f"{year}-{slug}", _awake(year, 10, day))
        for number, days in enumerate((3, 7), start=1):
            due = _awake(year, 10, day + days)
            yield Follows(f"{whom}-remind-{number}", "remind", f"{year}-{slug}.{number}", due)


def officers_reminded(year: int) -> Iterator[tuple[str, datetime]]:
    """Schedule and moment: before the half-year's and the year's end, and four times before 15 November."""
    yield "half-year", _at(year, 6, 15, 8)
    for month, day in ((10, 15), (11, 1), (11, 8), (11, 14)):
        yield f"report-{month}-{day}", _at(year, month, day, 8)
    yield "year-end", _at(year, 12, 15, 8)


def _awake(year: int, month: int, day: int) -> datetime:
    due = _at(year, month, day, 9)
    while is_quiet(due):
        due += timedelta(days=1)
    return due


TET = {2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13)}
"""The first day of the lunar year, by Việt Nam's calendar."""


def is_quiet(moment: datetime) -> bool:
    """On the days that the law gives everybody (Bộ luật Lao động 2019, Điều 112), Tết's five counted narrowly: the eve and three days."""
    day = moment.astimezone(VIETNAM).date()
    tet = date(day.year, *TET[day.year])
    fixed = {(1, 1), (4, 30), (5, 1), (9, 2)}
    return (day.month, day.day) in fixed or timedelta(days=-1) <= day - tet <= timedelta(days=2)


def _at(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=VIETNAM)
