"""What a schedule is about, as the one who writes it chooses it: a form and how long it is open, which wave people are taken to or
reminded of, what officers are reminded of. Pure. What a purpose then does with it is its deed's to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from surveys.reminding import MOST, wanted
from surveys.schedules.dues import Schedule
from surveys.schedules.opening import MONTH_END
from surveys.schedules.purposes import Purpose
from surveys.schedules.rules import Daily, Event, Once, Relative, Rule, Weekly, Yearly
from surveys.waves import Audience

__all__ = [
    "ALL",
    "AUDIENCES",
    "EVENTS_OF",
    "MOST_SAMPLE",
    "PURPOSES",
    "REMINDERS",
    "WRITTEN_HERE",
    "BadSubject",
    "WaveWanted",
    "check_following",
    "is_over",
    "slug_pattern",
    "told_subject",
    "wave_audience",
]

WRITTEN_HERE = (
    Purpose.OPEN_WAVE,
    Purpose.INVITE,
    Purpose.REMIND,
    Purpose.TELL_RESULTS,
    Purpose.DRAFT_NOTICE,
    Purpose.REMIND_OFFICERS,
)
"""What people schedule by themselves; everything else comes with the house."""

EVENTS_OF: Mapping[str, tuple[str, ...]] = {
    Purpose.INVITE: ("opening", "closing"),
    Purpose.REMIND: ("opening", "closing"),
    Purpose.TELL_RESULTS: ("release",),
}
"""What of a wave these may follow: people are written to while it is open, its results are told when they are there."""

PURPOSES: Mapping[str, str] = {
    Purpose.OPEN_WAVE: "Mở đợt lấy ý kiến",
    Purpose.INVITE: "Mời người dân trả lời",
    Purpose.REMIND: "Nhắc người chưa trả lời",
    Purpose.TELL_RESULTS: "Báo kết quả cho người dân",
    Purpose.DRAFT_NOTICE: "Soạn sẵn thông báo chờ duyệt",
    Purpose.REMIND_OFFICERS: "Nhắc cán bộ",
    Purpose.PURGE: "Xóa dữ liệu hết hạn giữ",
    Purpose.FLUSH: "Ghi số liệu hoạt động",
    Purpose.RENEW: "Gia hạn khóa nền tảng",
    Purpose.RECONCILE: "Đối chiếu số liệu",
    Purpose.HEADS: "Gửi mã sổ cái cho bên chứng kiến",
    Purpose.BACKUP: "Sao lưu",
}

AUDIENCES: Mapping[str, Audience] = {
    "tham_luot": Audience.VISITS,
    "hoi_dien_dan": Audience.FORUM,
    "dien_dan": Audience.FORUM,
    "hang_nam_nguoi_dan": Audience.RESIDENTS,
    "hang_nam_doanh_nghiep": Audience.BUSINESSES,
}
"""Whom the forms that ship are for."""

ALL = "all"
MOST_SAMPLE = 100_000
REMINDERS = (3, 7)
"""Days after the opening; ours to propose, and two are the most there may be."""
LONGEST_BASE = 18  # characters: with year, month, day and ward a wave's name has at most forty


@dataclass(frozen=True, slots=True)
class WaveWanted:
    """A wave that is to open by itself."""

    form: str
    title: str
    audience: Audience
    days: int | None
    """None: to the end of the month."""
    sample: int | None = None
    """So many people of each ward, drawn by lot."""
    is_taken_to_people: bool = False
    remind_after: tuple[int, ...] = ()
    version: str | None = None
    slug: str = ""

    def subject(self, rule: Rule, ward: str | None) -> dict[str, Any]:
        """`ward`: where the schedule is one ward's own."""
        about: dict[str, Any] = {
            "form": self.form,
            "slug": self.slug or slug_pattern(self.form, rule, ward),
            "title": self.title,
            "audience": self.audience.value,
        }
        about |= {"until": MONTH_END} if self.days is None else {"days": self.days}
        if self.version is not None:
            about["version"] = self.version
        if self.is_taken_to_people:
            about["invite"] = ALL if self.sample is None else {"sample": self.sample}
            if self.remind_after:
                about["remind_after_days"] = list(self.remind_after)
        return about

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> Self:
        """Out of what is kept. Raises KeyError and ValueError for what is no such subject."""
        invite = about.get("invite")
        days = about.get("days")
        return cls(
            form=str(about["form"]),
            title=str(about["title"]),
            audience=Audience(about["audience"]),
            days=None if about.get("until") == MONTH_END else int(days or 0),
            sample=int(invite["sample"]) if isinstance(invite, Mapping) else None,
            is_taken_to_people=bool(invite),
            remind_after=tuple(int(each) for each in about.get("remind_after_days", ())),
            version=about.get("version"),
            slug=str(about.get("slug", "")),
        )


def wave_audience(form: str) -> Audience:
    return AUDIENCES.get(form, Audience.RESIDENTS)


def slug_pattern(form: str, rule: Rule, ward: str | None) -> str:
    """A wave's name, another one each time the rule comes round."""
    base = "".join(each if each.isascii() and each.isalnum() else "-" for each in form.lower())
    parts = [base[:LONGEST_BASE].strip("-") or "dot", "{year}"]
    if not isinstance(rule, Yearly):
        parts.append("{month:02}")
    if isinstance(rule, Once | Daily | Weekly | Relative):
        parts.append("{day:02}")
    return "-".join([*parts, *([ward] if ward else [])])


# ── What follows a wave ──────────────────────────────────────────────────────────────────────────────────────────


class BadSubject(ValueError):
    """Nothing could ever come of it; the message says why, for people to read."""


def check_following(purpose: str, rule: Rule, about: Mapping[str, Any]) -> None:
    """Of an invitation, a reminder, results that are told: which wave, and when of it. Raises BadSubject."""
    if purpose not in EVENTS_OF:
        return
    to = rule.to if isinstance(rule, Relative) else None
    if isinstance(to, Event):
        assert isinstance(rule, Relative)
        _check_day(purpose, to, rule.days_after)
    elif not isinstance(about.get("wave"), str) or not about["wave"].strip():
        raise BadSubject("Xin chọn một đợt có tên, hoặc tính ngày theo đợt.")
    if purpose == Purpose.INVITE:
        try:
            wanted({"invite": ALL, **about})
        except ValueError as problem:
            raise BadSubject(str(problem)) from problem
    number = about.get("number", 1)
    if purpose == Purpose.REMIND and (type(number) is not int or not 1 <= number <= MOST):
        raise BadSubject(f"Mỗi đợt chỉ nhắc nhiều nhất {MOST} lần: không có lần nhắc {number}.")


def is_over(purpose: str, schedule: Schedule, today: date) -> bool:
    """Nothing can come of it any more: it asks people about one wave, and that wave's last day is past."""
    rule = schedule.rule
    if purpose not in (Purpose.INVITE, Purpose.REMIND) or not isinstance(rule, Relative):
        return False
    if not isinstance(rule.to, Event) or not rule.to.is_one:
        return False
    closing = schedule.known.get(Event("closing", rule.to.of))
    return closing is not None and closing < today


def told_subject(purpose: str, about: Mapping[str, Any]) -> str:
    """What happens each time, in a line; empty where the purpose's own name says all."""
    match purpose:
        case Purpose.INVITE:
            invite = about.get("invite", ALL)
            if isinstance(invite, Mapping):
                return f"Mời {invite.get('sample')} người mỗi phường, xã, rút thăm trong số đã đồng ý nhận."
            return "Mời mọi người đã đồng ý nhận."
        case Purpose.REMIND:
            return f"Nhắc lần {about.get('number', 1)}: chỉ người đã được mời mà chưa trả lời."
        case Purpose.TELL_RESULTS:
            return "Báo kết quả của từng phường, xã cho mọi người đăng ký ở đó, như nhau."
        case Purpose.DRAFT_NOTICE:
            return "Soạn theo mẫu rồi trình duyệt. Chưa ai duyệt thì không gửi đi."
    return ""


def _check_day(purpose: str, to: Event, days_after: int) -> None:
    if to.kind not in EVENTS_OF[purpose]:
        tells = purpose == Purpose.TELL_RESULTS
        raise BadSubject(
            "Kết quả chỉ báo được từ ngày công bố."
            if tells
            else "Chỉ mời và nhắc được khi đợt đang mở: xin tính từ ngày mở hoặc ngày đóng."
        )
    if to.kind == "closing" and days_after > 0:
        raise BadSubject("Sau ngày đóng thì không mời, không nhắc được nữa.")
    if to.kind != "closing" and days_after < 0:
        raise BadSubject(
            "Trước ngày mở thì chưa mời, chưa nhắc được ai."
            if to.kind == "opening"
            else "Trước ngày công bố thì chưa có kết quả."
        )
