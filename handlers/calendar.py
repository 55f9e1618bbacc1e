"""Everything that is coming and that has happened, put side by side: schedules, waves, notices, pushes, days off. It reads what others
decided and decides nothing; of everything it shows an actor what lies within their reach, and of that no number of people."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import takewhile

from handlers.calendar_waves import WaveDays, ahead_of, days_of, expected_days
from handlers.schedules import Planned, Schedules
from handlers.units import Places, reach_of
from storage.database import Database
from storage.outbox import Standing as CampaignStanding
from storage.schedule_rows import ClockHold, DueRow
from storage.transaction import Tx
from surveys.calendar import APART, Collision, Happening, Kind, Standing, collisions, day_of
from surveys.delivery import CampaignState
from surveys.notices import Notice
from surveys.notices import State as NoticeState
from surveys.rights import PROVINCIAL, Action, Actor, is_within, require
from surveys.schedules import dues, met
from surveys.schedules.purposes import Purpose, is_chore
from surveys.units import Gazetteer, Unit

__all__ = ["Calendar", "Shown"]

KINDS: Mapping[str, Kind] = {
    Purpose.OPEN_WAVE: Kind.OPEN,
    Purpose.INVITE: Kind.PUSH,
    Purpose.REMIND: Kind.REMIND,
    Purpose.TELL_RESULTS: Kind.RESULTS,
    Purpose.REMIND_OFFICERS: Kind.OFFICERS,
}
CAMPAIGNS: Mapping[str, Kind] = {"invite": Kind.PUSH, "remind": Kind.REMIND, "results": Kind.RESULTS}
"""What campaigns of the outbox are about a survey. Those of notices are seen by their notices."""
MOST_CAMPAIGNS = 500
MOST_NOTICES = 1000
A_DAY, A_SECOND = timedelta(days=1), timedelta(seconds=1)
LONGEST = 366 * A_DAY
"""A wave's life: so far back something may still collide with what is looked at."""
DUE: Mapping[str, Standing] = {
    "due": Standing.UNDER_WAY,
    "running": Standing.UNDER_WAY,
    "done": Standing.DONE,
    "skipped": Standing.SKIPPED,
    "failed": Standing.FAILED,
}
HELD = "Chưa làm: mọi lịch đang tạm giữ, chờ người xem."
STOPPED = "Có người đã dừng."
UNAPPROVED = "Chưa được duyệt; chưa duyệt thì không gửi."


@dataclass(frozen=True, slots=True)
class Shown:
    """Some days, as an actor sees them."""

    happenings: tuple[Happening, ...]
    collisions: tuple[Collision, ...]
    quiet: Mapping[date, str]
    """Days off by their names."""
    holds: tuple[ClockHold, ...]
    """Why nothing happens by itself at present."""
    places: tuple[Unit, ...]
    """Whose calendar it is: the actor's unit and what lies beneath it."""


class Calendar:
    def __init__(self, db: Database, schedules: Schedules, now: Callable[[], datetime]) -> None:
        self._db = db
        self._schedules = schedules
        self._now = now
        self._places = Places()

    async def between(self, actor: Actor, begin: datetime, end: datetime) -> Shown:
        """Raises NotAllowed."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            require(actor, Action.SCHEDULE_SEE, [actor.unit], known)
            notices = await self._notices(tx, actor, known, begin, end)
        seen = [*await self._surveys(known, begin, end), *notices]
        seen = [each for each in (_within(actor, one, known) for one in seen) if each is not None]
        quiet = await self._schedules.quiet_at(actor.unit)
        clashes = collisions(seen, quiet.name)
        return Shown(
            tuple(sorted((each for each in seen if begin <= each.at < end), key=lambda each: each.order)),
            tuple(each for each in clashes if any(begin <= one.at < end for one in each.happenings)),
            {day: name for day in _days(begin, end) if (name := quiet.name(day))},
            tuple(await self._schedules.holds()),
            (known.unit(actor.unit), *known.wards(actor.unit)),
        )

    async def next_after(self, actor: Actor, moment: datetime, within: timedelta) -> Happening | None:
        """What comes first, chores aside. Raises NotAllowed."""
        shown = await self.between(actor, moment, moment + within)
        ahead = (each for each in shown.happenings if each.at > moment and each.standing is Standing.AHEAD)
        return next((each for each in ahead if each.kind is not Kind.CHORE), None)

    # ── Surveys and whatever else is scheduled ────────────────────────────────────────────────────────────────

    async def _surveys(self, known: Gazetteer, begin: datetime, end: datetime) -> list[Happening]:
        """Farther than asked for at both ends, for what collides across them."""
        planned = {each.row.id: each for each in await self._schedules.all()}
        noted = await self._schedules.between(begin, end)
        is_held = bool(await self._schedules.holds())
        async with self._db.reading() as tx:
            waves = await days_of(tx, self._now())
            campaigns = await tx.outbox.latest(MOST_CAMPAIGNS)
        found = [each for wave in waves.values() for each in wave.happenings]
        pushed = list(_pushes(campaigns, waves, self._now()))
        found += pushed
        there = {(each.kind, each.wave) for each in pushed}
        for due in noted:
            own, *_ = self._of(planned[due.schedule], due.due, known)
            if not _is_shown_itself(own, due, waves, there):
                found.append(_noted(own, due, is_held=is_held))
        opened = [each for each in planned.values() if each.row.purpose == Purpose.OPEN_WAVE]
        for each in opened:
            found += self._coming(each, known, waves, begin - LONGEST, end + APART)
        # Whatever follows a wave follows one that will be, too.
        lives = [each for each in found if each.asks]
        for each in planned.values():
            if each.row.purpose != Purpose.OPEN_WAVE:
                days = expected_days(_met_there(lives, each.row.unit, known))
                schedule = replace(each.schedule, known={**days, **each.schedule.known})
                foreseen = replace(each, schedule=schedule)
                found += self._coming(foreseen, known, waves, begin - LONGEST, end + APART)
        titles = {each.wave: each.title for each in found if each.kind is Kind.OPEN}
        return [
            replace(each, about=titles.get(each.wave, "")) if each.title != titles.get(each.wave) else each
            for each in found
        ]

    def _coming(
        self,
        planned: Planned,
        known: Gazetteer,
        waves: Mapping[str, WaveDays],
        begin: datetime,
        end: datetime,
    ) -> Iterator[Happening]:
        row = planned.row
        if row.state != "active":
            return
        after = max(begin, (row.next_due or self._now()) - A_SECOND)
        for moment in takewhile(lambda due: due < end, dues(planned.schedule, after, planned.quiet)):
            own, *following = self._of(planned, moment, known)
            if own.kind is Kind.OPEN and own.wave in waves:
                continue  # it is there already, and shows its days itself
            is_reckoned = bool(own.wave) and own.kind is not Kind.OPEN and own.wave not in waves
            yield from (replace(own, is_reckoned=is_reckoned), *following)

    def _of(self, planned: Planned, moment: datetime, known: Gazetteer) -> Sequence[Happening]:
        """What a schedule's moment is, and whatever follows from it; the first one is the moment itself."""
        row = planned.row
        kind = Kind.CHORE if is_chore(row.purpose) else KINDS.get(row.purpose, Kind.OTHER)
        own = Happening(
            kind,
            moment,
            row.title,
            _wards(row.unit, known) if row.unit else (),
            of=f"schedule:{row.id}",
            wave=next(iter(met(planned.schedule, moment, planned.quiet)), ""),
            until=moment + planned.schedule.over if planned.schedule.over else None,
        )
        return ahead_of(own, planned.about)

    # ── Notices ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _notices(
        self, tx: Tx, actor: Actor, known: Gazetteer, begin: datetime, end: datetime
    ) -> list[Happening]:
        sees = [
            unit.code
            for unit in (known.unit(actor.unit), *known.wards(actor.unit))
            if is_within(actor, Action.NOTICE_SEE, unit.code, known)
        ]
        if not sees:
            return []
        found = await tx.notices.around(sees, begin, end, some=MOST_NOTICES)
        waiting = await tx.notices.of_units(sees, NoticeState.SUBMITTED)
        told = [_notice(each) for each in found]
        told += [
            replace(_notice(each), at=each.draft.send_at, standing=Standing.WAITS, why=UNAPPROVED)
            for each in waiting
            if each.draft.send_at is not None
        ]
        return told


def _is_shown_itself(
    own: Happening, due: DueRow, waves: Mapping[str, WaveDays], there: set[tuple[Kind, str]]
) -> bool:
    """What was done is shown by what it made, where that can be seen."""
    return due.state == "done" and (
        own.wave in waves if own.kind is Kind.OPEN else (own.kind, own.wave) in there
    )


def _noted(own: Happening, due: DueRow, *, is_held: bool) -> Happening:
    """A moment that has come."""
    standing, why = DUE[due.state], due.reason or ""
    if is_held and standing is Standing.UNDER_WAY:
        standing, why = Standing.WAITS, HELD
    return replace(own, standing=standing, why=why, is_reckoned=False)


def _pushes(
    campaigns: Iterable[CampaignStanding], waves: Mapping[str, WaveDays], now: datetime
) -> Iterator[Happening]:
    """Campaigns of one wave that leave at the same moment are one thing: each ward has its own words of its results."""
    together: dict[tuple[Kind, str, datetime], list[CampaignStanding]] = defaultdict(list)
    for each in campaigns:
        kind = CAMPAIGNS.get(each.campaign.kind)
        if kind is not None:
            slug = _slug_of(each.campaign.subject, waves)
            together[kind, slug, each.campaign.not_before].append(each)
    for (kind, slug, at), group in together.items():
        units = tuple(sorted({unit for each in group for unit in each.campaign.audience.units}))
        standing, why = _farthest_behind(group, now)
        yield Happening(
            kind,
            at,
            waves[slug].title if slug in waves else slug,
            units or (waves[slug].units if slug in waves else ()),
            standing,
            why,
            of=f"wave:{slug}",
            wave=slug,
            until=max(at + each.campaign.over for each in group),
        )


def _farthest_behind(group: Sequence[CampaignStanding], now: datetime) -> tuple[Standing, str]:
    """What several of them come to, and why: whatever waits for a person is said first."""
    for each in group:
        if each.state is CampaignState.PAUSED:
            return Standing.WAITS, each.why
    if any(each.state is CampaignState.OPEN for each in group):
        return (Standing.AHEAD if now < group[0].campaign.not_before else Standing.UNDER_WAY), ""
    if all(each.was_stopped for each in group):
        return Standing.SKIPPED, STOPPED
    return Standing.DONE, ""


def _slug_of(subject: str, waves: Mapping[str, WaveDays]) -> str:
    """The wave a campaign is about: by its name alone, or with what it tells more of behind a dot."""
    return subject if subject in waves else subject.rpartition(".")[0] or subject


LEFT: Mapping[NoticeState, tuple[Standing, str]] = {
    NoticeState.APPROVED: (Standing.AHEAD, ""),
    NoticeState.SCHEDULED: (Standing.AHEAD, ""),
    NoticeState.SENDING: (Standing.UNDER_WAY, ""),
    NoticeState.STOPPED: (Standing.DONE, STOPPED),
    NoticeState.RECALLED: (Standing.DONE, "Đã thu hồi."),
}


def _notice(notice: Notice) -> Happening:
    at = notice.begun_at or notice.due_at or notice.writers[0].at
    standing, why = LEFT.get(notice.state, (Standing.DONE, ""))
    return Happening(
        Kind.NOTICE,
        at,
        notice.draft.in_language("vi").first_line,
        (notice.unit,),
        standing,
        why,
        of=f"notice:{notice.code}",
        until=at + notice.over,
        is_urgent=notice.overrides,
    )


def _wards(unit: str, known: Gazetteer) -> tuple[str, ...]:
    """Whom something of a unit is for: itself, or a province's wards of today."""
    try:
        own = known.unit(unit)
    except KeyError:
        return (unit,)
    return tuple(ward.code for ward in (known.wards(unit) if own.kind.is_province else known.today(unit)))


def _met_there(lives: Iterable[Happening], unit: str | None, known: Gazetteer) -> Iterator[Happening]:
    """Of what waves live through, whatever touches a unit."""
    try:
        reach = reach_of(known, unit) if unit is not None else None
    except KeyError:
        reach = None
    for each in lives:
        if reach is None or not each.units or not reach.isdisjoint(each.units):
            yield each


def _within(actor: Actor, happening: Happening, known: Gazetteer) -> Happening | None:
    """What of it the actor sees. Notices have been asked for by their own right; what concerns no unit is for whoever serves a
    province."""
    if happening.kind is Kind.NOTICE or (not happening.units and actor.role in PROVINCIAL):
        return happening
    units = tuple(unit for unit in happening.units if is_within(actor, Action.SCHEDULE_SEE, unit, known))
    return replace(happening, units=units) if units else None


def _days(begin: datetime, end: datetime) -> Iterator[date]:
    day = day_of(begin)
    while day <= day_of(end):
        yield day
        day += A_DAY
