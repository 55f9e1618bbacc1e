"""Whether something could ever come of a schedule that somebody wishes for, and what it would come to: its words, its next five times, the
notice it would draft. It keeps nothing and asks for no right: that is `handlers.planning`'s."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from handlers.happenings import checked_wave, values_of
from handlers.notice_templates import NoticeTemplates
from handlers.notices import Refused, sentence
from handlers.schedule_days import follows_a_wave
from handlers.schedules import NotNow, Schedules
from surveys.audited import on_one_line
from surveys.schedules import Once, Schedule, described
from surveys.schedules.purposes import Purpose, is_chore
from surveys.schedules.subjects import WRITTEN_HERE, BadSubject, check_following, told_subject
from surveys.texts import DEFAULT
from surveys.waves import LOCAL

__all__ = ["SHOWN", "Fitting", "Looked", "Unfit", "Wanted"]

LONGEST_TITLE = 120
SHOWN = 5
"""Coming times, before something is kept and after."""


class Unfit(ValueError):
    """No such schedule can be kept; the message says why, for people to read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A schedule as somebody wishes it."""

    purpose: str
    title: str
    unit: str | None
    schedule: Schedule
    subject: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a wish comes to, before it is kept."""

    words: str
    coming: tuple[datetime, ...]
    holidays: Mapping[datetime, str]
    """Which of these are days on which nobody is to be disturbed, by what people call them."""
    waits: bool
    """It follows a wave that is not there yet."""
    what: str = ""
    """What happens each time, where its purpose's name does not say all."""
    drafted: str = ""
    """The notice as it would be drafted the first time."""
    trouble: str = ""
    """Why it cannot be kept like this."""


class Fitting:
    def __init__(self, schedules: Schedules, templates: NoticeTemplates, now: Callable[[], datetime]) -> None:
        self._schedules = schedules
        self._templates = templates
        self._now = now

    async def look(self, wanted: Wanted) -> Looked:
        """In words, and the next five times; it keeps nothing."""
        schedule = wanted.schedule
        coming = await self._schedules.foreseen(schedule, wanted.unit, SHOWN)
        quiet = await self._schedules.quiet_at(wanted.unit)
        names = {due: quiet.name(due.astimezone(LOCAL).date()) for due in coming}
        looked = Looked(
            described(schedule),
            coming,
            {due: name for due, name in names.items() if name},
            waits=follows_a_wave(schedule) and not coming,
            what=told_subject(wanted.purpose, wanted.subject),
        )
        try:
            drafted = await self._must_come_of_it(wanted, coming[0] if coming else self._now())
        except Unfit as why:
            return replace(looked, trouble=str(why))
        return replace(looked, drafted=drafted)

    async def check(self, wanted: Wanted) -> None:
        """Raises Unfit for what nobody could keep."""
        title = on_one_line(wanted.title)
        if not title:
            raise Unfit("Xin ghi tên việc.")
        if len(title) > LONGEST_TITLE:
            raise Unfit(f"Tên việc dài quá {LONGEST_TITLE} chữ.")
        is_ours = wanted.purpose in WRITTEN_HERE or is_chore(wanted.purpose)
        if not is_ours or wanted.purpose not in self._schedules.purposes:
            raise Unfit("Ở đây chưa làm được việc này theo lịch.")
        looked = await self.look(wanted)
        if looked.trouble:
            raise Unfit(looked.trouble)
        if not looked.coming and not looked.waits:
            is_once = isinstance(wanted.schedule.rule, Once)
            raise Unfit("Giờ đó đã qua." if is_once else "Theo lịch này thì không có lần nào sắp tới.")

    async def _must_come_of_it(self, wanted: Wanted, due: datetime) -> str:
        """The notice that would be drafted then; empty for what drafts none. Raises Unfit for what its deed could never do."""
        try:
            check_following(wanted.purpose, wanted.schedule.rule, wanted.subject)
            if wanted.purpose == Purpose.OPEN_WAVE:
                checked_wave(wanted.subject)
            if wanted.purpose != Purpose.DRAFT_NOTICE:
                return ""
            values = values_of(wanted.subject, due)
        except (BadSubject, NotNow) as why:
            raise Unfit(str(why)) from why
        return await self._drafted(wanted.unit or "", str(wanted.subject.get("template")), values)

    async def _drafted(self, unit: str, template: str, values: Mapping[str, str]) -> str:
        try:
            there = {each.id: each for each in await self._templates.of_unit(unit)}
            draft = self._templates.filled(there[template], unit, values)
        except KeyError:
            raise Unfit("Đơn vị này không có mẫu thông báo ấy.") from None
        except Refused as trouble:
            raise Unfit(sentence(trouble)) from None
        return draft.texts[DEFAULT].text
