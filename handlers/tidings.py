"""What officers are told without asking: that a notice waits for them, that theirs was approved, handed back, sent; of what a schedule
reminds them, and what of theirs did not happen. Read off the audit trail, so it does not matter whether the deed was done at the desk,
in the bot or by the clock. It sends nothing.

Each row is taken once, by whichever process comes first, and taken before it is told: a crash in between costs a message, which the
list of what waits makes good; nobody is told twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from handlers.notices import NoSuchNotice, Notices
from handlers.units import Places
from storage.database import Database
from storage.desk import Held
from storage.keys import KeyGone
from storage.transaction import Tx
from storage.vault import Tampered, Vault
from surveys.audited import AuditRow
from surveys.conversation import Address
from surveys.notices import Deed, Notice, possible
from surveys.rights import Action, Actor, Reach, Role, is_within, may
from surveys.units import Gazetteer

__all__ = ["TOLD", "Tiding", "Tidings", "Word"]

log = structlog.get_logger(__name__)

CURSOR = "tidings"
"""The marker that stands at the last row of the trail that was taken."""
AT_ONCE = 200  # rows looked at in one step
STALE = timedelta(days=1)  # what happened before that is not news: the bot was not there
NOTICE = "notice:"

TO_DECIDERS = frozenset({"notice.submit", "notice.clear", "notice.miss", "notice.hold", "notice.urge"})
TO_WRITERS = frozenset(
    {
        *("notice.approve", "notice.approve_own", "notice.reject", "notice.clear", "notice.finish"),
        *("notice.stop", "notice.recall", "notice.miss", "notice.hold", "notice.expire"),
    }
)
SCHEDULE = "schedule:"
TO_EVERYBODY = frozenset({"officers.remind"})
"""To whoever serves at the unit, and beneath it."""
TO_OWNERS = frozenset({"schedule.skip", "schedule.fail", "schedule.draft"})
"""To whoever may keep schedules there; of the house itself, to whoever keeps it."""
TO_KEEPERS = frozenset({"schedule.hold"})
BY_THE_CLOCK = TO_EVERYBODY | TO_OWNERS | TO_KEEPERS
TOLD = TO_DECIDERS | TO_WRITERS | BY_THE_CLOCK
"""The actions of the trail that somebody is told of."""
REMINDED = frozenset({Role.OFFICER, Role.CHIEF, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Tiding:
    """One thing that happened, for one officer."""

    address: Address
    """Their account at the officers' bot."""
    actor: Actor
    """Them, at the post it concerns."""
    action: str
    notice: Notice
    by: str
    """The name and title of whoever did it; empty for the clock."""
    reason: str
    is_to_decide: bool
    """They may do something about it."""


@dataclass(frozen=True, slots=True)
class Word:
    """One line of the clock's, for one officer."""

    address: Address
    actor: Actor
    action: str
    title: str
    """Of the schedule it is about; of what keeps everything waiting its cause."""
    reason: str
    schedule: str = ""
    """Its id, where there is one to look at."""


class Tidings:
    def __init__(self, db: Database, vault: Vault, notices: Notices, now: Callable[[], datetime]) -> None:
        self._db = db
        self._vault = vault
        self._notices = notices
        self._now = now
        self._places = Places()

    async def next(self) -> list[Tiding | Word]:
        """What happened since the last call, anybody's call."""
        found: list[Tiding | Word] = []
        for row in await self._taken():
            if row.at <= self._now() - STALE:
                continue
            if row.action in BY_THE_CLOCK:
                found += await self._words(row)
            elif row.action in TOLD and row.object.startswith(NOTICE):
                found += await self._of(row)
        return found

    async def address_of(self, person: str) -> Address | None:
        """Their account at the officers' bot; None where they have none."""
        async with self._db.reading() as tx:
            return await self._address(tx, person)

    async def _taken(self) -> list[AuditRow]:
        """The next rows of the trail, which nobody else gets from now on."""
        async with self._db.reading() as tx:
            last = await tx.markers.value(CURSOR)
            rows = await tx.audit.page(last + AT_ONCE + 1, AT_ONCE)
        new = sorted((row for row in rows if row.number > last), key=lambda row: row.number)
        if not new:
            return []
        async with self._db.transaction() as tx:
            is_ours = await tx.markers.move(CURSOR, last, new[-1].number)
        return new if is_ours else []

    async def _of(self, row: AuditRow) -> list[Tiding]:
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            notice = await tx.notices.by_code(row.object.removeprefix(NOTICE))
            if notice is None:
                return []
            held = [each for each in await tx.posts.all() if each.until is None and each.has_account]
            addresses = {each.person: await self._address(tx, each.person) for each in held}
        deciding = await self._deciding(row, notice, held, known)
        writing = [_actor(each) for each in held if _is_told_as_writer(row, notice, each)]
        by = f"{row.name}, {row.title}" if row.name else ""
        tidings = {}
        for actor, decides in [*((each, False) for each in writing), *((each, True) for each in deciding)]:
            address = addresses[actor.person]
            # Nobody is told what they did themselves.
            if address is not None and actor.person != row.person:
                tidings[actor.person] = Tiding(address, actor, row.action, notice, by, row.reason, decides)
        return list(tidings.values())

    async def _words(self, row: AuditRow) -> list[Word]:
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            id = row.object.removeprefix(SCHEDULE)
            schedule = await tx.schedules.get(id) if row.object.startswith(SCHEDULE) else None
            held = [each for each in await tx.posts.all() if each.until is None and each.has_account]
            # Somebody at two posts is told once.
            actors = {each.person: _actor(each) for each in held if _concerns(row, _actor(each), known)}
            addresses = {person: await self._address(tx, person) for person in actors}
        title = schedule.title if schedule is not None else row.object.partition(":")[2]
        known_id = schedule.id if schedule is not None else ""
        return [
            Word(address, actors[person], row.action, title, row.reason, known_id)
            for person, address in addresses.items()
            if address is not None
        ]

    async def _deciding(
        self, row: AuditRow, notice: Notice, held: list[Held], known: Gazetteer
    ) -> list[Actor]:
        """Who may now say yes or no: those of the unit itself; where it has none with an account, those above it. And whoever clears
        words, where there are some to clear."""
        if row.action not in TO_DECIDERS:
            return []
        is_urging = row.action == "notice.urge"
        action, deed = (Action.NOTICE_URGE, Deed.URGE) if is_urging else (Action.NOTICE_APPROVE, Deed.APPROVE)
        if deed not in possible(notice.state) or (is_urging and notice.overrides):
            return []  # somebody was quicker than the news
        others = [actor for each in held if not notice.was_written_by(*_named(actor := _actor(each)))]
        able = [actor for actor in others if is_within(actor, action, notice.unit, known)]
        if is_urging:
            able = [actor for actor in able if not any(hand.is_of(*_named(actor)) for hand in notice.urged)]
        near = [actor for actor in able if actor.unit == notice.unit]
        clearing = [each for each in others if is_within(each, Action.NOTICE_CLEAR, notice.unit, known)]
        return [*(near or able), *[each for each in clearing if await self._finds(each, notice)]]

    async def _finds(self, actor: Actor, notice: Notice) -> bool:
        try:
            return bool(await self._notices.findings(actor, notice.id))
        except NoSuchNotice:
            return False

    async def _address(self, tx: Tx, person: str) -> Address | None:
        staff = await tx.staff.get(person)
        if staff is None or staff.fingerprint is None or staff.address is None:
            return None
        try:
            return self._vault.open_address(staff.fingerprint, staff.address)
        except (KeyGone, Tampered) as trouble:
            # An account under a key that is gone: its owner reads the list, and is bound anew with another code.
            log.warning("tidings.address_lost", person=person, reason=type(trouble).__name__)
            return None


def _concerns(row: AuditRow, actor: Actor, known: Gazetteer) -> bool:
    if row.action in TO_KEEPERS:
        return may(actor.role, Action.SCHEDULE_RELEASE, Reach.OWN)
    if row.unit is None:
        return may(actor.role, Action.CHORE_KEEP, Reach.OWN)
    if row.action in TO_OWNERS:
        return is_within(actor, Action.SCHEDULE_WRITE, row.unit, known)
    is_beneath = actor.unit in {row.unit, *(ward.code for ward in known.wards(row.unit))}
    return actor.role in REMINDED and is_beneath


def _is_told_as_writer(row: AuditRow, notice: Notice, held: Held) -> bool:
    return row.action in TO_WRITERS and any(
        hand.person == held.person and hand.post == held.post for hand in notice.writers
    )


def _actor(held: Held) -> Actor:
    return Actor(held.person, held.name, held.post, Role(held.role), held.unit, held.title)


def _named(actor: Actor) -> tuple[str, str]:
    return actor.person, actor.name
