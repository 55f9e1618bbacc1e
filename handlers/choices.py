"""What whoever writes a schedule may choose from: the forms a wave can ask, the waves that something may follow. Within their sight."""

from collections.abc import Callable
from datetime import datetime, timedelta

from handlers.published import id_of
from handlers.schedules import Schedules
from handlers.units import Places
from storage.database import Database
from storage.schedule_rows import ScheduleRow
from surveys.forms import library
from surveys.forms.published import form_from_json
from surveys.rights import Action, Actor, Reach, is_within, may
from surveys.schedules import ANY, OF_FORM
from surveys.schedules.purposes import Purpose, is_chore
from surveys.schedules.subjects import wave_audience
from surveys.schedules.words import FORM_NAMES
from surveys.texts import DEFAULT
from surveys.units import Gazetteer
from surveys.waves import Audience

__all__ = ["Choices", "is_in_sight"]

LONG_AGO = timedelta(days=370)


class Choices:
    def __init__(self, db: Database, schedules: Schedules, now: Callable[[], datetime]) -> None:
        self._db = db
        self._schedules = schedules
        self._now = now
        self._places = Places()

    async def forms(self) -> list[tuple[str, str | None, str]]:
        """Id, version and title of what a wave can ask: the forms that ship, as they are at the time, and those published here."""
        shipped: list[tuple[str, str | None, str]] = [
            (id, None, library.load(id).title[DEFAULT]) for id in library.IDS
        ]
        async with self._db.reading() as tx:
            rows = [row for row in await tx.forms.all() if row.id not in library.IDS]
        own = [(row.id, row.version, form_from_json(row.body).title.get(DEFAULT, row.id)) for row in rows]
        return [*shipped, *own]

    async def waves(self, actor: Actor, purpose: str = "") -> list[tuple[str, str]]:
        """Name and title of whatever something may follow: any wave, each wave of a form or of a schedule, one of the last year. Where
        people are to be written to, only what they can be asked."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
        asks_people = purpose in (Purpose.INVITE, Purpose.REMIND)
        forms = [
            (f"{OF_FORM}{id}", f"Mỗi đợt của phiếu {FORM_NAMES.get(id, title)}")
            for id, title in {id: title for id, _, title in await self.forms()}.items()
            if not asks_people or wave_audience(id) is not Audience.VISITS
        ]
        patterns = []
        for each in await self._schedules.all():
            about = each.about if each.row.state != "ended" else {}
            slug, is_visits = about.get("slug"), about.get("audience") == Audience.VISITS
            is_meant = isinstance(slug, str) and not (asks_people and is_visits)
            if each.row.purpose == Purpose.OPEN_WAVE and is_meant and is_in_sight(actor, each.row, known):
                patterns.append((str(slug), f"Mỗi đợt của lịch “{each.row.title}”"))
        there = await self._waves_there(actor, known, asks_people=asks_people)
        anything = [] if asks_people else [(ANY, "Bất kỳ đợt nào")]
        return [*anything, *forms, *patterns, *there]

    async def _waves_there(
        self, actor: Actor, known: Gazetteer, *, asks_people: bool
    ) -> list[tuple[str, str]]:
        """Of the last year, where the actor may let something happen; the latest first."""
        now = self._now()
        since = now if asks_people else now - LONG_AGO
        found = []
        async with self._db.reading() as tx:
            for wave in sorted(await tx.waves.all(), key=lambda each: each.opens_at, reverse=True):
                is_meant = wave.closes_at > since and not (asks_people and wave.audience == Audience.VISITS)
                units = [each.unit for each in await tx.wave_units.of_wave(id_of(wave))] if is_meant else []
                if any(is_within(actor, Action.SCHEDULE_WRITE, unit, known) for unit in units):
                    found.append((wave.slug, wave.title))
        return found


def is_in_sight(actor: Actor, row: ScheduleRow, known: Gazetteer) -> bool:
    if row.unit is None:
        return may(actor.role, Action.SCHEDULE_SEE, Reach.BELOW)
    if is_within(actor, Action.SCHEDULE_SEE, row.unit, known):
        return True
    happens_here = row.unit == known.unit(actor.unit).province and not is_chore(row.purpose)
    return happens_here and may(actor.role, Action.SCHEDULE_SEE, Reach.OWN)
