"""A wave that opens by itself. It knows no sender: whoever invites is given to it, and reminders are schedules of their own, to be seen,
moved and paused like any other."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from handlers.occasions import Deed, NotNow, Occasion
from handlers.published import id_of
from handlers.schedules import Schedules
from handlers.units import gazetteer
from handlers.waves import Plan, Waves
from storage.database import Database
from surveys.disclosure import DEFAULT_K
from surveys.forms import library
from surveys.forms.form import Form
from surveys.forms.published import form_from_json
from surveys.preregistration import NOBODY_DRAWN
from surveys.reminding import Wanted, wanted
from surveys.schedules import Event, QuietDays, Relative, Schedule
from surveys.schedules.opening import MONTH_END, closes_at, filled
from surveys.schedules.purposes import Purpose
from surveys.units import Unit
from surveys.waves import LOCAL, Audience

__all__ = ["OPEN_WAVE", "WaveOpening", "checked_wave", "reminder_id"]

OPEN_WAVE = Purpose.OPEN_WAVE
LONGEST_WAVE = 366  # days
MAY_BE_LATE = timedelta(
    hours=30
)  # a reminder: the day after is still one, at the hour it was meant for and a little after
SEED_BYTES = 16


class WaveOpening:
    """Opens a wave of a form in the wards of a unit: `form`, `slug`, `title`, `audience`, and `days` or `until: month_end`. With `invite`
    it is taken to its people, with `remind_after_days` they are reminded.

    `{year}`, `{month}`, `{day}` in slug and title are those of the day it was due. The wards are those of today, when it happens."""

    def __init__(
        self,
        db: Database,
        waves: Waves,
        *,
        k: int = DEFAULT_K,
        threshold: str | None = None,
        inviting: Deed | None = None,
        schedules: Schedules | None = None,
    ) -> None:
        """`inviting`, `schedules`: without them a wave that is to be taken to people is not opened by itself."""
        self._db = db
        self._waves = waves
        self._k = k
        self._threshold = threshold
        self._inviting = inviting
        self._schedules = schedules

    async def __call__(self, occasion: Occasion) -> str:
        about = checked_wave(occasion.subject)
        people = self._people(about)
        due = occasion.due.astimezone(LOCAL)
        slug, title = (filled(about[name], due) for name in ("slug", "title"))
        wards = await self._wards(occasion.unit)
        if not wards:
            raise NotNow("Không có phường, xã nào thuộc đơn vị này.")
        form = await self._form(about)
        ends_at = closes_at(about, due)
        await self._raise_another(slug, occasion.due, wards)
        try:
            await self._waves.open(
                Plan(
                    slug=slug,
                    form=form,
                    title=title,
                    audience=Audience(about["audience"]),
                    opens_at=occasion.due,
                    closes_at=ends_at,
                    units={ward.code: None for ward in wards},
                    k=self._k,
                    threshold=self._threshold,
                    # Drawn before anybody is, and published with the wave.
                    seed=secrets.token_hex(SEED_BYTES) if people and people.sample else NOBODY_DRAWN,
                )
            )
        except ValueError as taken:
            # Another wave of that name, or a ward that is asked beside what it became: nothing that repeating would mend.
            raise NotNow(f"Không mở được đợt {slug}: {taken}") from taken
        told = f"Đã mở đợt {slug} ở {len(wards)} đơn vị, đến hết {ends_at - timedelta(minutes=1):%d/%m/%Y}."
        return f"{told} {await self._taken_to(people, occasion, slug, title)}" if people else told

    async def _raise_another(self, slug: str, opens_at: datetime, wards: tuple[Unit, ...]) -> None:
        """A wave of that name that was opened on another day, or elsewhere, is not this one: it stays, and nobody is told that this one is
        open. One this occasion opened before it was interrupted is."""
        async with self._db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            units = {each.unit for each in await tx.wave_units.of_wave(id_of(wave))} if wave else set()
        if wave is not None and (wave.opens_at != opens_at or units != {ward.code for ward in wards}):
            raise NotNow(f"Đã có đợt {slug} khác, nên không mở thêm. Xin ông/bà đổi tên đợt trong lịch.")

    def _people(self, about: Mapping[str, Any]) -> Wanted | None:
        people = _wanted(about)
        if people is not None and (self._inviting is None or self._schedules is None):
            raise NotNow("Ở đây chưa mời được ai; lịch mở đợt phải bỏ “invite”.")
        return people

    async def _taken_to(self, people: Wanted, occasion: Occasion, slug: str, title: str) -> str:
        assert self._inviting is not None
        about = {**occasion.subject, "wave": slug}
        told = await self._inviting(replace(occasion, purpose=Purpose.INVITE, subject=about, waves=(slug,)))
        for number, days in enumerate(people.after_days, start=1):
            await self._reminds(occasion, slug, title, number, days)
        return told

    async def _reminds(self, occasion: Occasion, slug: str, title: str, number: int, days: int) -> None:
        assert self._schedules is not None
        due = occasion.due.astimezone(LOCAL)
        schedule = Schedule(
            Relative(days, Event("opening", slug)),
            due.time().replace(second=0, microsecond=0),
            due.date(),
            lateness=MAY_BE_LATE,
            over=occasion.over,
            quiet_days=QuietDays.NEXT,
        )
        await self._schedules.add(
            schedule,
            purpose=Purpose.REMIND,
            title=f"Nhắc lần {number}: {title}",
            unit=occasion.unit or None,
            owner=occasion.owner,
            subject={"wave": slug, "number": number},
            id=reminder_id(slug, number),
        )

    async def _wards(self, unit: str) -> tuple[Unit, ...]:
        """The unit itself; of a province its wards and communes of today."""
        async with self._db.reading() as tx:
            known = await gazetteer(tx)
        try:
            own = known.unit(unit)
        except KeyError:
            return ()
        return known.wards(unit) if own.kind.is_province else known.today(unit)

    async def _form(self, about: Mapping[str, Any]) -> Form:
        """The version that is named, as it was published here; without one, the form that ships."""
        id, version = about["form"], about.get("version")
        if version is None and id in library.IDS:
            return library.load(id)
        async with self._db.reading() as tx:
            row = await tx.forms.get(id, str(version))
        if row is None:
            raise NotNow(f"Chưa có phiếu {id} {version or ''}".strip() + ".")
        return form_from_json(row.body)


def checked_wave(subject: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a wave is opened by. Raises NotNow, in words for people, for anything else."""
    for name in ("form", "slug", "title", "audience"):
        if not isinstance(subject.get(name), str) or not subject[name].strip():
            raise NotNow(f"Lịch mở đợt thiếu “{name}”.")
    if subject["audience"] not in list(Audience):
        raise NotNow(f"Không có đối tượng “{subject['audience']}”.")
    days = subject.get("days")
    if subject.get("until") != MONTH_END and not (isinstance(days, int) and 1 <= days <= LONGEST_WAVE):
        raise NotNow(f"Đợt phải có “days” từ 1 đến {LONGEST_WAVE}, hoặc “until” là “{MONTH_END}”.")
    for name in ("slug", "title"):
        try:
            filled(subject[name], datetime(2026, 1, 1, tzinfo=LOCAL))
        except (KeyError, IndexError, ValueError, AttributeError) as problem:
            raise NotNow(f"“{name}” chỉ dùng được {{year}}, {{month}}, {{day}}: {problem}") from problem
    _wanted(subject)
    return subject


def reminder_id(slug: str, number: int) -> str:
    """Of the schedule of a wave's reminder: there is one, however often the wave is opened."""
    return f"{slug}-nhac-{number}"


def _wanted(subject: Mapping[str, Any]) -> Wanted | None:
    try:
        return wanted(subject)
    except ValueError as problem:
        raise NotNow(str(problem)) from problem
