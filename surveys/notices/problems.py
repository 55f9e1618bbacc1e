"""What keeps a notice from being submitted, said to the officer while they write: too long for a platform, a link that leads elsewhere,
nobody to send it to. Pure; what only the database knows (units, caps) the use case adds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from surveys import texts
from surveys.notices.notice import Draft, Notice
from surveys.notices.telling import told
from surveys.notices.webs import is_allowed, webs
from surveys.outside import Terms

__all__ = ["Policies", "Problem", "Trouble", "problems"]


@dataclass(frozen=True, slots=True)
class Policies:
    """What an office has set. No number here comes from a regulation: they are ours until somebody sets others."""

    domains: tuple[str, ...] = ("gov.vn",)
    """Notices may lead there, and to whatever lies below."""
    daily_cap: int = 3
    """Notices of one unit that may begin on one day."""
    longest_over: timedelta = timedelta(hours=12)
    late: timedelta = timedelta(hours=12)
    """So long after its time a notice is stale: somebody must approve it again."""
    longest_ahead: timedelta = timedelta(days=60)
    news: timedelta = timedelta(days=30)
    """So long it is among what is new, unless it expires before."""
    limits: Mapping[str, int] = field(default_factory=lambda: dict(LIMITS))
    """Kind of channel → the longest text it takes, in UTF-16 units."""
    zalo_price: int | None = None
    """What Zalo charges for a message after the free days, in đồng; None while nobody has told."""
    outside: Terms = field(default_factory=Terms)
    """What people get to whom their Official Account may not write any more."""


LIMITS: Mapping[str, int] = {
    "telegram": 4096,
    "zalo": texts.LONGEST,
    "zalobot": texts.LONGEST,
    "web": 4096,
}
CAPTION = 1024  # what Telegram takes beneath a picture
NAMES = {"telegram": "Telegram", "zalo": "Zalo", "zalobot": "Zalo Bot", "web": "Web"}
LONGEST_OFFICE = "đặc khu Xxxxxxxxxxxxxxxxxxxxxxx"
"""Stands for a unit's name where it is not known yet: no unit's is longer."""


class Trouble(StrEnum):
    NO_TEXT = "no_text"
    UNKNOWN_LANGUAGE = "unknown_language"
    NO_AUDIENCE = "no_audience"
    NO_AREAS = "no_areas"
    OUT_OF_REACH = "out_of_reach"
    TOO_LONG = "too_long"
    FOREIGN_LINK = "foreign_link"
    IN_THE_PAST = "in_the_past"
    TOO_FAR_AHEAD = "too_far_ahead"
    EXPIRES_TOO_SOON = "expires_too_soon"
    TOO_SLOW = "too_slow"
    BAD_PICTURE = "bad_picture"
    NO_SUCH_PICTURE = "no_such_picture"
    NO_SUCH_TEMPLATE = "no_such_template"
    BAD_GAP = "bad_gap"
    DAILY_CAP = "daily_cap"
    NOT_CLEARED = "not_cleared"
    NOT_URGENT = "not_urgent"
    OWN_WORDS = "own_words"
    URGED_ALREADY = "urged_already"
    NO_REASON = "no_reason"
    WRONG_NOW = "wrong_now"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, in a sentence the officer can act on."""

    trouble: Trouble
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def problems(notice: Notice, policies: Policies, now: datetime, office: str = "") -> tuple[Problem, ...]:
    """Everything at once, so that nobody mends one thing to hear of the next."""
    draft = notice.draft
    return (
        *_of_texts(draft),
        *_of_audience(draft),
        *_of_links(draft, policies),
        *_of_length(notice, policies, office or LONGEST_OFFICE),
        *_of_times(draft, policies, now),
    )


def _of_texts(draft: Draft) -> Iterable[Problem]:
    if not draft.in_language(texts.DEFAULT).text:
        yield Problem(Trouble.NO_TEXT, "Thông báo chưa có nội dung tiếng Việt.")
    for language, text in draft.texts.items():
        if language not in texts.LANGUAGES:
            yield Problem(Trouble.UNKNOWN_LANGUAGE, f"Không có ngôn ngữ “{language}”.")
        elif not text.text and language != texts.DEFAULT:
            yield Problem(
                Trouble.NO_TEXT, f"Bản {texts.NAMES[language]} còn trống: viết tiếp hoặc bỏ bản này."
            )


def _of_audience(draft: Draft) -> Iterable[Problem]:
    audience = draft.audience
    if not audience.units:
        yield Problem(
            Trouble.NO_AUDIENCE, "Chưa chọn nơi nhận: thông báo phải gửi tới ít nhất một phường, xã."
        )
    if audience.areas:
        yield Problem(
            Trouble.NO_AREAS,
            "Chưa có danh mục khóm, ấp, tổ dân phố, nên chưa chọn được trong phường, xã; hãy gửi cả phường, xã.",
        )
    for language in audience.languages:
        if language not in texts.LANGUAGES:
            yield Problem(Trouble.UNKNOWN_LANGUAGE, f"Không có ngôn ngữ “{language}”.")


def _of_links(draft: Draft, policies: Policies) -> Iterable[Problem]:
    told_of = set()
    for text in draft.texts.values():
        for web in webs(text):
            if not is_allowed(web, policies.domains) and web.written not in told_of:
                told_of.add(web.written)
                allowed = ", ".join(f".{domain.strip('.')}" for domain in policies.domains)
                yield Problem(
                    Trouble.FOREIGN_LINK,
                    f"Không được dẫn tới “{web.written}”: chỉ dẫn tới trang có đuôi {allowed}. "
                    "Nếu đây không phải đường dẫn, hãy thêm dấu cách sau dấu chấm.",
                )


def _of_length(notice: Notice, policies: Policies, office: str) -> Iterable[Problem]:
    for language in notice.texts:
        if language not in texts.LANGUAGES:
            continue
        for kind, limit in policies.limits.items():
            if kind == "telegram" and notice.image is not None:
                limit = min(limit, CAPTION)
            over = texts.length(told(notice, language, kind, office=office).text) - limit
            if over > 0:
                with_picture = " khi có ảnh" if limit == CAPTION else ""
                yield Problem(
                    Trouble.TOO_LONG,
                    f"Bản {texts.NAMES[language]} dài hơn mức {NAMES.get(kind, kind)} cho phép{with_picture}: bớt {over} ký tự.",
                )


def _of_times(draft: Draft, policies: Policies, now: datetime) -> Iterable[Problem]:
    leaves = draft.send_at or now
    if draft.send_at is not None and draft.send_at < now:
        yield Problem(Trouble.IN_THE_PAST, "Giờ gửi đã qua: chọn giờ khác, hoặc gửi ngay khi được duyệt.")
    if draft.send_at is not None and draft.send_at > now + policies.longest_ahead:
        yield Problem(
            Trouble.TOO_FAR_AHEAD, f"Chỉ hẹn giờ gửi trong vòng {policies.longest_ahead.days} ngày tới."
        )
    if not timedelta(0) <= draft.over <= policies.longest_over:
        hours = int(policies.longest_over.total_seconds() // 3600)
        yield Problem(Trouble.TOO_SLOW, f"Chỉ rải việc gửi trong nhiều nhất {hours} giờ.")
    if draft.expires_at is not None and draft.expires_at <= leaves + draft.over:
        yield Problem(
            Trouble.EXPIRES_TOO_SOON, "Thông báo hết hiệu lực trước khi gửi xong: lùi ngày hết hiệu lực."
        )
