"""What happens by itself, as officers see and keep it: within their reach, and under their name. Whether somebody may is asked of
`surveys.rights` here; when something is due, and that it happens once, is `handlers.schedules`' to see to.

A province's schedule happens in its wards, so whoever serves in one of them may read it there. What the house does to keep itself in
order belongs to no unit: the operator's to keep, a province's to read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from handlers.choices import Choices, is_in_sight
from handlers.fitting import SHOWN, Fitting, Looked, Unfit, Wanted
from handlers.notice_templates import NoticeTemplates
from handlers.proposed import id_of, proposed
from handlers.schedules import Changed, NoSuchSchedule, Planned, Schedules
from handlers.units import Places
from storage.database import Database
from storage.schedule_rows import ClockHold, DueRow, ScheduleRow
from surveys.audited import on_one_line
from surveys.notices.templates import Template
from surveys.rights import MATRIX, Action, Actor, NotAllowed, Reach, is_within, may, require
from surveys.schedules import described
from surveys.schedules.purposes import is_chore
from surveys.schedules.standard import Standing
from surveys.units import Gazetteer, Unit
from surveys.waves import LOCAL

__all__ = [
    "MISSED_FOR",
    "Changed",
    "Looked",
    "Missed",
    "NoSuchSchedule",
    "Planning",
    "Proposal",
    "Seen",
    "Unfit",
    "Wanted",
]

MISSED_FOR = timedelta(days=14)
"""So long what was skipped or failed is held before people's eyes; after that it stands in the schedule's history."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A schedule, as one officer may see it."""

    planned: Planned
    coming: tuple[datetime, ...]
    last: DueRow | None
    """What came of it the last time it was due."""
    may_write: bool

    @property
    def row(self) -> ScheduleRow:
        return self.planned.row

    @property
    def words(self) -> str:
        return self.planned.words

    @property
    def subject(self) -> dict[str, Any]:
        return self.planned.about

    @property
    def next_due(self) -> datetime | None:
        return self.coming[0] if self.coming else None


@dataclass(frozen=True, slots=True)
class Missed:
    """What was skipped or failed of one schedule lately."""

    seen: Seen
    dues: tuple[DueRow, ...]
    """The latest first."""


@dataclass(frozen=True, slots=True)
class Proposal:
    order: Standing
    unit: str
    coming: tuple[datetime, ...]
    taken: str | None
    """The id of the schedule it became."""

    @property
    def words(self) -> str:
        return described(self.order.schedule)


class Planning:
    def __init__(
        self, db: Database, schedules: Schedules, templates: NoticeTemplates, now: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._schedules = schedules
        self._templates = templates
        self._fitting = Fitting(schedules, templates, now)
        self._choices = Choices(db, schedules, now)
        self._now = now
        self._places = Places()

    # ── Looking ───────────────────────────────────────────────────────────────────────────────────────────────

    async def all(self, actor: Actor) -> list[Seen]:
        """Everything within sight: what comes next first, then what rests, what has ended last."""
        known = await self._known()
        require(actor, Action.SCHEDULE_SEE, [actor.unit], known)
        found = [each for each in await self._schedules.all() if is_in_sight(actor, each.row, known)]
        lasts = await self._lasts(each.row.id for each in found)
        seen = [self._seen(actor, each, lasts.get(each.row.id), known) for each in found]
        return sorted(seen, key=lambda each: (STATES.index(each.row.state), _order(each), each.row.title))

    async def get(self, actor: Actor, id: str) -> Seen:
        """Raises NoSuchSchedule, for one out of sight as well."""
        known = await self._known()
        planned = await self._schedules.get(id)
        if not is_in_sight(actor, planned.row, known):
            raise NoSuchSchedule(id)
        return self._seen(actor, planned, (await self._lasts([id])).get(id), known)

    async def history(self, actor: Actor, id: str, some: int = 20) -> list[DueRow]:
        """The latest first. Raises NoSuchSchedule."""
        await self.get(actor, id)
        return await self._schedules.history(id, some)

    async def missed(self, actor: Actor) -> list[Missed]:
        """What did not happen lately, within sight of whoever may do something about it."""
        if not MATRIX[actor.role].get(Action.SCHEDULE_SEE):
            return []
        since = self._now() - MISSED_FOR
        dues: dict[str, list[DueRow]] = {}
        for due in await self._schedules.between(since, self._now()):
            if due.state in ("skipped", "failed"):
                dues.setdefault(due.schedule, []).insert(0, due)
        if not dues:
            return []
        seen = [each for each in await self.all(actor) if each.row.id in dues and each.may_write]
        return [Missed(each, tuple(dues[each.row.id])) for each in seen]

    async def units(self, actor: Actor) -> tuple[Unit, ...]:
        """Where the actor may let something happen, their own first."""
        known = await self._known()
        own = known.unit(actor.unit)
        every = (own, *known.wards(own.code)) if own.kind.is_province else (own,)
        return tuple(unit for unit in every if is_within(actor, Action.SCHEDULE_WRITE, unit.code, known))

    # ── What one may choose ───────────────────────────────────────────────────────────────────────────────────

    async def forms(self) -> list[tuple[str, str | None, str]]:
        """Id, version and title of what a wave can ask."""
        return await self._choices.forms()

    async def waves(self, actor: Actor, purpose: str = "") -> list[tuple[str, str]]:
        """Name and title of whatever something of this purpose may follow."""
        return await self._choices.waves(actor, purpose)

    async def templates(self, actor: Actor, unit: str | None = None) -> list[Template]:
        """What a notice of that unit may be drafted from by itself; of the actor's own, where none is named."""
        unit = unit or actor.unit
        require(actor, Action.SCHEDULE_WRITE, [unit], await self._known())
        return await self._templates.of_unit(unit)

    # ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def look(self, wanted: Wanted) -> Looked:
        """In words, and the next five times; it keeps nothing."""
        return await self._fitting.look(wanted)

    async def check(self, wanted: Wanted) -> None:
        """Raises Unfit for what nobody could keep."""
        await self._fitting.check(wanted)

    async def add(self, actor: Actor, wanted: Wanted, id: str | None = None) -> Seen:
        """`id`: of what we propose. Raises NotAllowed and Unfit."""
        require(actor, Action.SCHEDULE_WRITE, [wanted.unit or ""], await self._known())
        if is_chore(wanted.purpose):
            raise NotAllowed(Action.CHORE_KEEP)  # they are there from the start, and once
        await self.check(wanted)
        planned = await self._schedules.add(
            wanted.schedule,
            purpose=wanted.purpose,
            title=on_one_line(wanted.title),
            unit=wanted.unit,
            owner=actor.name,
            subject=wanted.subject,
            id=id,
            by=actor,
        )
        return await self.get(actor, planned.row.id)

    async def change(self, actor: Actor, id: str, version: int, wanted: Wanted) -> Seen:
        """What it does and where stays as it is. Raises NoSuchSchedule, NotAllowed, Unfit and Changed."""
        was = await self._own(actor, id)
        await self.check(wanted)
        await self._schedules.change(
            id,
            version,
            wanted.schedule,
            title=on_one_line(wanted.title),
            owner=actor.name,
            subject=None if is_chore(was.row.purpose) else wanted.subject,
            by=actor,
        )
        return await self.get(actor, id)

    async def pause(self, actor: Actor, id: str, version: int) -> None:
        """Raises NoSuchSchedule, NotAllowed and Changed; so do the next two."""
        await self._own(actor, id)
        await self._schedules.pause(id, version, by=actor)

    async def resume(self, actor: Actor, id: str, version: int) -> None:
        await self._own(actor, id)
        await self._schedules.resume(id, version, by=actor)

    async def end(self, actor: Actor, id: str, version: int) -> None:
        await self._own(actor, id)
        await self._schedules.end(id, version, by=actor)

    async def run(self, actor: Actor, id: str) -> DueRow:
        """Now, beside its calendar. Raises NoSuchSchedule, NotAllowed, and Changed for one that has ended."""
        seen = await self._own(actor, id)
        if seen.row.state == "ended":
            raise Changed(id)
        return await self._schedules.run_once(id, asked_by=actor.name, by=actor)

    async def run_again(self, actor: Actor, id: str, due: datetime) -> bool:
        """What was skipped or failed, once more. False: it was neither, or somebody asked before."""
        await self._own(actor, id)
        return await self._schedules.run_again(id, due, asked_by=actor.name, by=actor)

    # ── What we propose ───────────────────────────────────────────────────────────────────────────────────────

    async def proposals(self, actor: Actor) -> list[Proposal]:
        """The year as we propose it, to a province: what of it is taken already, and when the rest would happen."""
        known = await self._known()
        require(actor, Action.SCHEDULE_WRITE, [actor.unit], known)
        planned = await self._schedules.all()
        taken = {each.row.id for each in planned}
        return [
            Proposal(
                each,
                actor.unit,
                await self._schedules.foreseen(each.schedule, actor.unit, SHOWN),
                id_of(each, actor.unit) if id_of(each, actor.unit) in taken else None,
            )
            for each in proposed(actor.unit, self._today(), planned)
            if each.purpose in self._schedules.purposes
        ]

    async def take(self, actor: Actor, proposal: str) -> Seen:
        """One press. Taking it again changes nothing. Raises NotAllowed, and Unfit for what we never proposed."""
        orders = proposed(actor.unit, self._today(), await self._schedules.all())
        order = next((each for each in orders if each.id == proposal), None)
        if order is None:
            raise Unfit("Không có đề xuất này.")
        wanted = Wanted(order.purpose, order.title, actor.unit, order.schedule, order.subject)
        return await self.add(actor, wanted, id_of(order, actor.unit))

    # ── What keeps everything waiting ─────────────────────────────────────────────────────────────────────────

    async def holds(self, actor: Actor) -> list[ClockHold]:
        """For whoever sees a schedule that waits for it."""
        if not MATRIX[actor.role].get(Action.SCHEDULE_SEE):
            return []
        return await self._schedules.holds()

    async def release(self, actor: Actor, cause: str) -> bool:
        """Somebody has looked. Whether there was something to release. Raises NotAllowed."""
        require(actor, Action.SCHEDULE_RELEASE, [actor.unit], await self._known())
        return await self._schedules.release(cause, by=actor)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _own(self, actor: Actor, id: str) -> Seen:
        seen = await self.get(actor, id)
        if not seen.may_write:
            raise NotAllowed(Action.CHORE_KEEP if is_chore(seen.row.purpose) else Action.SCHEDULE_WRITE)
        return seen

    def _seen(self, actor: Actor, planned: Planned, last: DueRow | None, known: Gazetteer) -> Seen:
        return Seen(
            planned, self._schedules.coming(planned, SHOWN), last, _may_write(actor, planned.row, known)
        )

    async def _lasts(self, ids: Iterable[str]) -> dict[str, DueRow]:
        found: dict[str, DueRow] = {}
        async with self._db.reading() as tx:
            for id in ids:
                if latest := await tx.dues.of(id, 1):
                    found[id] = latest[0]
        return found

    async def _known(self) -> Gazetteer:
        async with self._db.reading() as tx:
            return await self._places.known(tx)

    def _today(self) -> date:
        return self._now().astimezone(LOCAL).date()


STATES = ("active", "paused", "ended")
FAR_AWAY = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)  # what cannot be read is seen first


def _order(seen: Seen) -> datetime:
    return LONG_AGO if seen.planned.trouble else seen.next_due or FAR_AWAY


def _may_write(actor: Actor, row: ScheduleRow, known: Gazetteer) -> bool:
    if row.unit is None or is_chore(row.purpose):
        return may(actor.role, Action.CHORE_KEEP, Reach.BELOW)
    return is_within(actor, Action.SCHEDULE_WRITE, row.unit, known)
