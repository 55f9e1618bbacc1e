"""Whether a notice that somebody passed on is real: what whoever types /xacthuc reads. Pure."""

from datetime import datetime

from surveys import texts
from surveys.notices.notice import Notice
from surveys.notices.states import State
from surveys.notices.telling import topic, when
from surveys.waves import LOCAL

__all__ = ["FIRST_LINE", "verified"]

FIRST_LINE = 160  # UTF-16 units: enough to hold it against what one was sent


def verified(language: str, notice: Notice | None, office: str, now: datetime) -> str:
    """Of one that has left: whose, about what, since when, how it begins and whether it still holds. Of anything else: that it is none
    of ours, and what to do now."""
    if notice is None or notice.begun_at is None:
        return texts.say(language, "verify.unknown")
    real = texts.say(
        language,
        "verify.real",
        code=notice.code,
        office=office,
        topic=topic(language, notice.category),
        day=texts.day(language, notice.begun_at.astimezone(LOCAL).date()),
        first=texts.clipped(notice.draft.in_language(language).first_line, FIRST_LINE),
    )
    lines = [real, _standing(language, notice, now)]
    if notice.is_self_approved:
        lines.append(texts.say(language, "verify.self_approved"))
    lines.append(texts.say(language, "verify.compare"))
    return "\n".join(lines)


def _standing(language: str, notice: Notice, now: datetime) -> str:
    if notice.recalled_at is not None:
        day = texts.day(language, notice.recalled_at.astimezone(LOCAL).date())
        return texts.say(language, "verify.recalled", day=day)
    if notice.expires_at is not None and notice.is_past(now):
        return texts.say(language, "verify.expired", until=when(language, notice.expires_at))
    if notice.state is State.STOPPED:
        return texts.say(language, "verify.stopped")
    if notice.expires_at is not None:
        return texts.say(language, "notice.until", until=when(language, notice.expires_at))
    return texts.say(language, "verify.valid")
