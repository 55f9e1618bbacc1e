"""The year of a province as we propose it: what may happen by itself, and when. Nothing here is in force until a supervisor takes it.

A day that a document names carries its line; what nobody wrote down is our own choice, and says so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

from surveys.schedules.dues import QuietDays, Schedule
from surveys.schedules.purposes import Purpose
from surveys.schedules.rules import ANY, Event, Monthly, Relative, Rule, Yearly, YearlyDay

__all__ = ["OPEN_WAVE", "REMIND_OFFICERS", "Standing", "renamed", "standing_orders"]

OPEN_WAVE = Purpose.OPEN_WAVE
REMIND_OFFICERS = Purpose.REMIND_OFFICERS
REPORT_DAY = YearlyDay(11, 15)
"""S1:L171, “trước 15/11”: the fourteenth is the last day."""
WEEKS_TO_ANSWER = 21  # days
OURS = "do Lắng Nghe đề xuất, không có văn bản quy định"
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
SMOOTHED = 3 * AN_HOUR
"""What goes to people is spread over so long, so that their answers do not come all at once. Ours."""
REMINDED_AFTER = (3, 7)  # days after the opening


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that a province may let happen year by year."""

    id: str
    purpose: str
    title: str
    schedule: Schedule
    subject: Mapping[str, Any]
    source: str
    """Where the day comes from."""


def renamed(order: Standing, names: Mapping[str, str]) -> Standing:
    """With another name for the waves it opens, is about or follows."""
    subject = {
        key: names.get(value, value) if key in ("slug", "wave") else value
        for key, value in order.subject.items()
    }
    rule = order.schedule.rule
    if isinstance(rule, Relative) and isinstance(rule.to, Event):
        rule = replace(rule, to=replace(rule.to, of=names.get(rule.to.of, rule.to.of)))
    return replace(order, schedule=replace(order.schedule, rule=rule), subject=subject)


def standing_orders(starts_on: date) -> tuple[Standing, ...]:
    """In the order of the year; to be taken, changed or left."""

    def at(rule: Rule, hour: int, lateness: timedelta, quiet: QuietDays = QuietDays.KEEP) -> Schedule:
        return Schedule(rule, time(hour), starts_on, lateness=lateness, quiet_days=quiet)

    def following(
        id: str, purpose: Purpose, title: str, rule: Relative, hour: int, subject: Mapping[str, Any]
    ) -> Standing:
        """What follows a wave whenever there is one, by whomever it was opened."""
        schedule = Schedule(
            rule, time(hour), starts_on, lateness=A_DAY, over=SMOOTHED, quiet_days=QuietDays.NEXT
        )
        return Standing(id, purpose, title, schedule, subject, OURS)

    def asking(
        id: str, slug: str, whom: str, after: tuple[int, ...] = REMINDED_AFTER
    ) -> tuple[Standing, ...]:
        """Invited on the day a wave opens, an hour after it; reminded after so many days."""
        return (
            following(
                f"{id}-invite",
                Purpose.INVITE,
                f"Mời {whom} trả lời ngay ngày mở",
                Relative(0, Event("opening", slug)),
                9,
                {"invite": "all"},
            ),
            *(
                following(
                    f"{id}-remind-{number}",
                    Purpose.REMIND,
                    f"Nhắc {whom} chưa trả lời, lần {number}",
                    Relative(days, Event("opening", slug)),
                    9,
                    {"number": number},
                )
                for number, days in enumerate(after, start=1)
            ),
        )

    def reminding(id: str, rule: Rule, title: str, source: str) -> Standing:
        schedule = at(rule, 8, 3 * A_DAY, QuietDays.NEXT)
        return Standing(id, REMIND_OFFICERS, title, schedule, {"about": title}, source)

    return (
        Standing(
            "visits",
            OPEN_WAVE,
            "Đánh giá sau mỗi lần đến trụ sở, mỗi tháng một đợt",
            # A day late is a day of ratings less; it is still better than a month without any.
            at(Monthly(1), 0, 25 * A_DAY),
            {
                "form": "tham_luot",
                "slug": "tham-luot-{year}-{month:02}",
                "title": "Đánh giá lượt đến trụ sở, tháng {month}/{year}",
                "audience": "visits",
                "until": "month_end",
            },
            OURS,
        ),
        reminding(
            "half-year",
            Yearly(6, 15),
            "Chuẩn bị sơ kết 6 tháng (30/6)",
            "TT 15/2020/TT-BCA Đ15.3 (6 tháng một lần); ngày nhắc: " + OURS,
        ),
        Standing(
            "forum-questions",
            OPEN_WAVE,
            "Câu hỏi gửi trước diễn đàn “Công an lắng nghe ý kiến Nhân dân”",
            # A week to withdraw in, a week in which what was written rests: then the province passes it on, and the ward has some days to
            # prepare an answer. What closed on the eve of the forum would come a fortnight after it.
            at(Yearly(7, 11), 8, 2 * A_DAY),
            {
                "form": "hoi_dien_dan",
                "slug": "hoi-dien-dan-{year}",
                "title": "Câu hỏi gửi trước diễn đàn “Công an lắng nghe ý kiến Nhân dân” năm {year}",
                "audience": "forum",
                "days": WEEKS_TO_ANSWER,
            },
            "S1:L115 (19/8); ngày mở và ngày đóng: " + OURS,
        ),
        *asking("forum-questions", "hoi-dien-dan-{year}", "người dân gửi câu hỏi trước diễn đàn,", after=()),
        Standing(
            "forum",
            OPEN_WAVE,
            "Sau diễn đàn “Công an lắng nghe ý kiến Nhân dân”",
            at(Yearly(8, 20), 8, 2 * A_DAY),
            {
                "form": "dien_dan",
                "slug": "dien-dan-{year}",
                "title": "Sau diễn đàn “Công an lắng nghe ý kiến Nhân dân” năm {year}",
                "audience": "forum",
                "days": 10,
            },
            "S1:L115 (19/8); hôm sau và 10 ngày: " + OURS,
        ),
        *asking("forum", "dien-dan-{year}", "người dân cho ý kiến về diễn đàn,", after=()),
        Standing(
            "residents",
            OPEN_WAVE,
            "“Công an lắng nghe ý kiến của Nhân dân”, phiếu người dân",
            # Three weeks to answer, one to withdraw, and the result is there two weeks before the report.
            at(Relative(-45, REPORT_DAY), 8, 2 * A_DAY),
            {
                "form": "hang_nam_nguoi_dan",
                "slug": "{year}-nguoi-dan",
                "title": "Công an lắng nghe ý kiến của Nhân dân, năm {year}",
                "audience": "residents",
                "days": WEEKS_TO_ANSWER,
            },
            "S1:L96 (hằng năm); ngày mở: " + OURS,
        ),
        *asking("residents", "{year}-nguoi-dan", "người dân"),
        Standing(
            "businesses",
            OPEN_WAVE,
            "“Công an lắng nghe ý kiến của Nhân dân”, phiếu cơ quan, doanh nghiệp",
            # After the last reminder to residents: nobody is written to about both within two days.
            at(Yearly(10, 12), 8, 2 * A_DAY),
            {
                "form": "hang_nam_doanh_nghiep",
                "slug": "{year}-doanh-nghiep",
                "title": "Công an lắng nghe ý kiến của cơ quan, doanh nghiệp, năm {year}",
                "audience": "businesses",
                "days": WEEKS_TO_ANSWER,
            },
            "QĐ 3140/QĐ-BCA Đ.8 (mỗi năm một lần, quý IV; hiệu lực hiện nay: UNSURE); ngày mở: " + OURS,
        ),
        *asking("businesses", "{year}-doanh-nghiep", "cơ quan, doanh nghiệp"),
        following(
            "results",
            Purpose.TELL_RESULTS,
            "Báo kết quả của phường cho người đăng ký, hôm sau ngày công bố",
            Relative(1, Event("release", ANY)),
            9,
            {},
        ),
        *(
            reminding(
                f"report-{month}-{day}",
                Yearly(month, day),
                "Báo cáo năm phải gửi Công an tỉnh trước 15/11",
                f"S1:L171 (trước 15/11); nhắc ngày {day}/{month}: " + OURS,
            )
            for month, day in ((10, 15), (11, 1), (11, 8), (11, 14))
        ),
        reminding(
            "year-end",
            Yearly(12, 15),
            "Chuẩn bị tổng kết năm (31/12)",
            "TT 15/2020/TT-BCA Đ15.3 (hằng năm); ngày nhắc: " + OURS,
        ),
    )
