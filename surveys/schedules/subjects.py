"""What a schedule is about, as the one who writes it chooses it: a form and how long it is open, whom it is taken to, what officers are
reminded of. Pure. What a purpose then does with it is its deed's to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from surveys.schedules.opening import MONTH_END
from surveys.schedules.purposes import Purpose
from surveys.schedules.rules import Daily, Once, Relative, Rule, Weekly, Yearly
from surveys.waves import Audience

__all__ = [
    "ALL",
    "AUDIENCES",
    "MOST_SAMPLE",
    "PURPOSES",
    "REMINDERS",
    "WRITTEN_HERE",
    "WaveWanted",
    "slug_pattern",
    "wave_audience",
]

WRITTEN_HERE = (Purpose.OPEN_WAVE, Purpose.REMIND_OFFICERS)
"""What people schedule by themselves; everything else comes with a wave, or with the house."""

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
