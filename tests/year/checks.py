"""What must have come of a year, laid beside what the oracle expects and what residents know they have said. It reads the database as an
auditor would, and changes nothing. Each check returns what is wrong, in words; nothing where nothing is."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from handlers.noting import AuditTrail
from storage import rows
from storage.database import Database
from storage.keys import FileKeys
from storage.schedule_rows import DueRow
from storage.transaction import Tx
from surveys.ballots import read_answers
from surveys.ledger import read_entry
from surveys.records import of_wave
from tests.year.oracle import SEALING_MAY_BEGIN, Expected, followed, officers_reminded
from tests.year.outboxes import outboxes
from tests.year.pushes import trouble_with_pushes

if TYPE_CHECKING:
    from tests.year.world import World

__all__ = ["what_is_wrong"]

STEPS = ("wave.open", "wave.close", "wave.seal", "wave.destroy_key", "wave.release")
ENOUGH = timedelta(hours=6)
"""So long in one piece with everything in order, and what is due has been done."""
LONGEST_HELD = timedelta(days=3, hours=1)
"""A release with a flagged stratum waits for two persons."""
TO_BE_EXPECTED = {"schedules.clock_leapt", "outbox.poison", "outbox.nobody_there"}
"""What is logged for a person to look at, and was brought about on purpose."""


async def what_is_wrong(world: "World", database: Database) -> list[str]:
    found = [f"surprise: {each}" for each in world.surprises]
    found += [f"logged: {entry}" for entry in world.logged if _tells_of_a_fault(entry)]
    async with database.reading() as tx:
        facts = await Facts.gathered(world, database, tx)
        for wave in world.expected.values():
            found += facts.trouble_with(wave)
        found += facts.unexpected_waves()
        found += facts.what_follows()
        found += [trouble async for trouble in _ballots(world, tx)]
        found += [trouble async for trouble in outboxes(world, tx)]
    found += trouble_with_pushes(world)
    return found


def _tells_of_a_fault(entry: Mapping[str, Any]) -> bool:
    return entry["log_level"] in ("error", "critical") and entry["event"] not in TO_BE_EXPECTED


class Facts:
    """What the trail, the ledger, the rows and the key store say, each by itself."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.waves: dict[str, rows.Wave] = {}
        self.steps: dict[str, list[tuple[str, datetime]]] = {}
        self.ledger: Counter[tuple[str, str]] = Counter()
        self.dues: dict[tuple[str, datetime], DueRow] = {}
        self.keys = FileKeys(world.settings.keys_dir)

    @classmethod
    async def gathered(cls, world: "World", database: Database, tx: Tx) -> "Facts":
        facts = cls(world)
        facts.waves = {wave.slug: wave for wave in await tx.waves.all()}
        async for row in AuditTrail(database).everything():
            kind, _, slug = row.object.partition(":")
            if kind == "wave":
                facts.steps.setdefault(slug, []).append((row.action, row.at))
        async for line in tx.ledger.each():
            record = read_entry(line).record
            if (slug := of_wave(record)) is not None:
                facts.ledger[slug, type(record).__name__] += 1
        for due in await tx.dues.between(world.begin, world.end + timedelta(days=1)):
            facts.dues[due.schedule, due.due] = due
        return facts

    # ── One wave ──────────────────────────────────────────────────────────────────────────────────────────────

    def trouble_with(self, expected: Expected) -> Iterator[str]:
        wave, due = self.waves.get(expected.slug), self.dues.get((expected.schedule, expected.due))
        up = self.world.longest_up(expected.due, expected.at_latest)
        if due is None:
            yield f"{expected.slug}: nobody noted that it was due"
        elif wave is None:
            yield from self._must_be_skipped(expected, due, up)
        elif due.state not in ("done", "failed"):
            yield f"{expected.slug}: it is there, and its due is {due.state}"
        if wave is not None:
            yield from self._went_its_way(expected, wave)

    def _must_be_skipped(self, expected: Expected, due: DueRow, up: timedelta) -> Iterator[str]:
        if up >= ENOUGH:
            yield f"{expected.slug}: not opened ({due.state}: {due.reason}), and there were {up} to open it in"
        if due.state not in ("skipped", "failed") or not due.reason:
            yield f"{expected.slug}: not opened, and its owner is not told why ({due.state})"

    def _went_its_way(self, expected: Expected, wave: rows.Wave) -> Iterator[str]:
        slug = expected.slug
        steps = self.steps.get(slug, [])
        if [action for action, _ in steps] != list(STEPS):
            yield f"{slug}: {wave.state}, its steps are {steps}"
            return
        for name in ("WaveOpened", "Sealed", "KeyDestroyed", "ReleasePublished"):
            if self.ledger[slug, name] != 1:
                yield f"{slug}: {self.ledger[slug, name]} times {name} in the ledger"
        if self.keys.exists(f"wave-{wave.id}"):
            yield f"{slug}: its key is still there"
        if (wave.opens_at, wave.closes_at) != (expected.due, expected.closes_at):
            yield f"{slug}: open from {wave.opens_at} to {wave.closes_at}, expected {expected}"
        yield from self._in_time(expected, dict(steps))

    def _in_time(self, expected: Expected, steps: dict[str, datetime]) -> Iterator[str]:
        earliest = {
            "wave.open": expected.due,
            "wave.close": expected.closes_at,
            "wave.seal": expected.closes_at + SEALING_MAY_BEGIN,
            "wave.destroy_key": expected.closes_at + SEALING_MAY_BEGIN,
            "wave.release": expected.closes_at + SEALING_MAY_BEGIN,
        }
        held = {"wave.release": LONGEST_HELD}
        for action, since in earliest.items():
            at = steps[action]
            if at < since:
                yield f"{expected.slug}: {action} at {at}, not before {since}"
            waited = since + held.get(action, timedelta(0))
            if at > waited and (up := self.world.longest_up(waited, at)) >= ENOUGH:
                yield f"{expected.slug}: {action} only at {at}, though for {up} nothing was in the way"
        if steps["wave.open"] > expected.at_latest:
            yield f"{expected.slug}: opened at {steps['wave.open']}, later than may be"

    def what_follows(self) -> Iterator[str]:
        """Invitations, reminders, words to officers: noted once at their moment, and done unless there was no time to."""
        for each in followed(self.world.year):
            slug = each.subject.rpartition(".")[0] if each.kind == "remind" else each.subject
            opened = dict(self.steps.get(slug, [])).get("wave.open")
            if opened is not None and opened < each.due:
                yield from self._was_done(each.schedule, each.due, timedelta(days=1))
        for schedule, due in officers_reminded(self.world.year):
            yield from self._was_done(schedule, due, timedelta(days=3))
        for due in self.dues.values():
            if due.state in ("due", "running") and due.due < self.world.end - timedelta(days=1):
                yield f"{due.schedule} of {due.due} is {due.state} still"

    def _was_done(self, schedule: str, due: datetime, lateness: timedelta) -> Iterator[str]:
        row = self.dues.get((schedule, due))
        if row is None:
            moments = [each for name, each in self.dues if name == schedule]
            yield f"{schedule}: nobody noted that it was due at {due}, but at {moments}"
        elif row.state != "done" and not row.reason:
            yield f"{schedule}: {row.state}, and its owner is not told why"
        elif (
            row.state != "done"
            and not row.tries
            and (up := self.world.longest_up(due, due + lateness)) >= ENOUGH
        ):
            yield f"{schedule}: {row.state} ({row.reason}), and there were {up} to do it in"

    def unexpected_waves(self) -> Iterator[str]:
        """But for the month after the year, which has begun."""
        further = f"tham-luot-{self.world.year + 1}-01"
        for slug in sorted(self.waves.keys() - self.world.expected.keys() - {further}):
            yield f"{slug}: nobody expected it"


# ── Everybody's answers ──────────────────────────────────────────────────────────────────────────────────────────


async def _ballots(world: "World", tx: Tx) -> AsyncIterator[str]:
    """Promise 1: each acknowledged answer is in what was sealed, once, and the last one."""
    for wave in await tx.waves.all():
        if wave.state != "released" or wave.slug not in world.expected:
            continue
        sealed = [ballot async for ballot in tx.ballots.of_wave(wave.id or 0)]
        plain = [(each.unit, frozenset(read_answers(each.answers).items())) for each in sealed]
        if trouble := world.model.trouble_with(wave.slug, plain):
            yield trouble
        receipts = [receipt async for receipt in tx.receipts.of_wave(wave.id or 0)]
        if len(receipts) != len(sealed):
            yield f"{wave.slug}: {len(sealed)} ballots, {len(receipts)} receipts"
        if trouble := world.model.trouble_with_comments(wave.slug, await tx.comments.numbers(wave.id or 0)):
            yield trouble
