"""The life of a wave: opened, closed, sealed, its key destroyed, released. Each step is one transaction, may be repeated after a
crash at any point, and does nothing where it was done before."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from storage import rows
from storage.ballots import SealedBallot
from storage.database import Database
from storage.transaction import Tx
from storage.vault import Tampered, Vault
from surveys.assessment import CriteriaSet, load_criteria, read_threshold
from surveys.ballots import (
    SALT_BYTES,
    Comment,
    Parts,
    commitment,
    divide,
    read_answers,
    written_answers,
)
from surveys.disclosure import DEFAULT_K, checked_k
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.forms.published import form_from_json, form_to_json
from surveys.forms.session import Session
from surveys.forms.walk import Walk
from surveys.releases import ReleasedWard, Terms
from surveys.releasing import release
from surveys.results import Tally
from surveys.waves import LOCAL, Audience, State, Step, Times, TooEarly, next_step, week_of

__all__ = ["NoSuchWave", "Plan", "Sealed", "Unreadable", "Waves"]

log = structlog.get_logger()

PAGE = 500  # ballots written at a time


class NoSuchWave(LookupError):
    """There is no wave of that name."""


class Unreadable(Exception):
    """A session cannot be opened with the wave's key, so sealing would lose somebody's answers. Nothing was sealed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A wave before it exists."""

    slug: str
    form: Form
    title: str
    audience: Audience
    opens_at: datetime
    closes_at: datetime
    units: Mapping[str, int | None]
    """Code of each unit that takes part → how many persons are invited there, if anybody counted."""
    k: int = DEFAULT_K
    threshold: str | None = None
    """A share such as `0.9`; None while nobody has set one."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing did."""

    ballots: int
    comments: int
    blank: int
    """Sessions in which nothing was answered; they leave no ballot."""


class Waves:
    def __init__(
        self,
        db: Database,
        vault: Vault,
        now: Callable[[], datetime],
        *,
        criteria: CriteriaSet | None = None,
        minimum: int = DEFAULT_K,
    ) -> None:
        """`minimum`: how many valid ballots a survey needs to count as held."""
        self._db = db
        self._vault = vault
        self._now = now
        self._criteria = criteria or load_criteria("qd1578")
        self._minimum = minimum
        self._read: dict[tuple[int, str], ReleasedWard] = {}

    # ── The steps ─────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self, plan: Plan) -> int:
        """The wave's id. It takes answers from `opens_at` on. Opening the same plan again changes nothing.

        Raises TooSmall for a k under the floor, and ValueError when another wave has that slug.
        """
        checked_k(plan.k)
        read_threshold(plan.threshold)
        async with self._db.transaction() as tx:
            wave = await tx.waves.by_slug(plan.slug) or await self._drafted(tx, plan)
            if (wave.form_id, wave.form_version) != (plan.form.id, plan.form.version):
                raise ValueError(f"There is another wave {plan.slug}, of {wave.form_id} {wave.form_version}.")
        wave_id = _id(wave)
        if wave.state == State.DRAFT:
            # The key is on disk before the wave takes its first answer.
            self._vault.create_wave(wave_id)
            async with self._db.transaction() as tx:
                await tx.waves.set_state(wave_id, State.OPEN)
            log.info("wave.opened", wave=plan.slug)
        return wave_id

    async def close(self, slug: str) -> bool:
        """No answer changes any more; withdrawing stays possible until it is sealed. Whether this call closed it.

        Raises TooEarly before `closes_at`.
        """
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not self._is_next(wave, Step.CLOSE):
                return False
            await tx.waves.set_state(_id(wave), State.CLOSED, self._now())
        log.info("wave.closed", wave=slug)
        return True

    async def seal(self, slug: str) -> Sealed | None:
        """Rewrites every session as a ballot without its nullifier, comments apart and shuffled, and deletes the sessions:
        all of it or nothing. None when it was sealed before.

        Raises TooEarly within the days of grace, and Unreadable when a session cannot be opened.
        """
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not self._is_next(wave, Step.SEAL):
                return None
            sealed = await self._rewrite(tx, wave)
            await tx.sessions.delete_wave(_id(wave))
            await tx.waves.set_state(_id(wave), State.SEALED, self._now())
        log.info("wave.sealed", wave=slug, ballots=sealed.ballots, comments=sealed.comments)
        return sealed

    async def destroy_key(self, slug: str) -> bool:
        """From here on not even we can tell whose ballot any ballot is. Whether this call recorded it.

        Raises TooEarly before the wave is sealed.
        """
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
        if not self._is_next(wave, Step.DESTROY_KEY):
            return False
        # First the key, then the record of it: a record without the deed would be a lie.
        self._vault.destroy_wave(_id(wave))
        async with self._db.transaction() as tx:
            await tx.waves.set_key_destroyed(_id(wave), self._now())
        log.info("wave.key_destroyed", wave=slug)
        return True

    async def release(self, slug: str) -> bool:
        """Publishes what wards may see, computed once from the sealed ballots. Whether this call did.

        Raises TooEarly before the wave is sealed and its key destroyed.
        """
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
            if not self._is_next(wave, Step.RELEASE):
                return False
            released = await self._computed(tx, wave)
        now = self._now()
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not self._is_next(wave, Step.RELEASE):
                return False  # another process was quicker; it computed the same
            for unit, ward in released.items():
                await tx.releases.add(_id(wave), unit, ward.to_json(), now)
            await tx.waves.set_state(_id(wave), State.RELEASED, now)
        log.info("wave.released", wave=slug, units=len(released))
        return True

    async def advance(self) -> list[tuple[str, Step]]:
        """Takes every step of every wave that is due: what the clock calls, and what finishes after a crash what was begun."""
        taken: list[tuple[str, Step]] = []
        async with self._db.reading() as tx:
            waves = await tx.waves.all()
        for wave in waves:
            while step := await self._due(wave.slug):
                await self._take(step, wave.slug)
                taken.append((wave.slug, step))
        return taken

    async def results(self, *, wave: str | None = None, unit: str | None = None) -> tuple[ReleasedWard, ...]:
        """What is released, the latest first: of all wards, of one, of one wave. Nothing else is ever shown of a ballot."""
        async with self._db.reading() as tx:
            found = await (tx.releases.of_unit(unit) if unit else tx.releases.all())
        return tuple(ward for ward in map(self._ward, found) if wave is None or ward.wave.slug == wave)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _ward(self, row: rows.Release) -> ReleasedWard:
        # A release never changes, so it is read once.
        key = row.wave_id, row.unit
        if key not in self._read:
            self._read[key] = ReleasedWard.from_json(row.body, row.released_at)
        return self._read[key]

    async def _due(self, slug: str) -> Step | None:
        async with self._db.reading() as tx:
            following = next_step(_times(await self._wave(tx, slug)))
        if following is None:
            return None
        step, due = following
        # A draft waits for whoever is writing it.
        return step if step is not Step.OPEN and (due is None or due <= self._now()) else None

    async def _take(self, step: Step, slug: str) -> None:
        match step:
            case Step.CLOSE:
                await self.close(slug)
            case Step.SEAL:
                await self.seal(slug)
            case Step.DESTROY_KEY:
                await self.destroy_key(slug)
            case Step.RELEASE:
                await self.release(slug)

    async def _wave(self, tx: Tx, slug: str) -> rows.Wave:
        wave = await tx.waves.by_slug(slug)
        if wave is None:
            raise NoSuchWave(slug)
        return wave

    def _is_next(self, wave: rows.Wave, step: Step) -> bool:
        """Whether the wave is at this step; False when it is past it. Raises TooEarly."""
        following = next_step(_times(wave))
        if following is None or _place(following[0]) > _place(step):
            return False
        if following[0] is not step:
            raise TooEarly(f"{wave.slug} is {wave.state}; {following[0]} comes before {step}.")
        if following[1] is not None and self._now() < following[1]:
            raise TooEarly(f"{wave.slug}: {step} not before {following[1]:%Y-%m-%d %H:%M %Z}.")
        return True

    async def _drafted(self, tx: Tx, plan: Plan) -> rows.Wave:
        form = plan.form
        await tx.forms.add(
            rows.Form(id=form.id, version=form.version, digest=form.digest, body=form_to_json(form))
        )
        wave = rows.Wave(
            slug=plan.slug,
            form_id=form.id,
            form_version=form.version,
            title=plan.title,
            audience=plan.audience.value,
            state=State.DRAFT.value,
            opens_at=plan.opens_at,
            closes_at=plan.closes_at,
            k=plan.k,
            threshold=plan.threshold,
        )
        wave_id = await tx.waves.add(wave)
        await tx.wave_units.add_many(
            rows.WaveUnit(wave_id=wave_id, unit=unit, invited=invited) for unit, invited in plan.units.items()
        )
        return wave

    # ── Sealing ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _rewrite(self, tx: Tx, wave: rows.Wave) -> Sealed:
        """Sessions in nullifier order become ballots in that order, so that a ballot's place says nothing about when it came."""
        form = await _form(tx, wave)
        page: list[SealedBallot] = []
        comments: list[rows.Comment] = []
        ballots = blank = 0
        async for session in self._sessions(tx, wave):
            parts = _parts(form, session, wave)
            if parts.is_empty:
                blank += 1
                continue
            page.append(_ballot(wave, session, parts, position=ballots))
            comments.extend(self._comment(wave, session.unit, comment) for comment in parts.comments)
            ballots += 1
            if len(page) == PAGE:
                await tx.ballots.add_many(_id(wave), page)
                page.clear()
        await tx.ballots.add_many(_id(wave), page)
        # The order in which comments are written must not be the order of the ballots they came with.
        secrets.SystemRandom().shuffle(comments)
        await tx.comments.add_many(comments)
        return Sealed(ballots, len(comments), blank)

    async def _sessions(self, tx: Tx, wave: rows.Wave) -> AsyncIterator[Session]:
        async for nullifier, body in tx.sessions.of_wave(_id(wave)):
            try:
                yield Session.from_json(self._vault.open_body(_id(wave), nullifier, body))
            except (Tampered, ValueError, KeyError) as problem:
                raise Unreadable(f"{wave.slug}: {type(problem).__name__}") from None

    def _comment(self, wave: rows.Wave, unit: str, comment: Comment) -> rows.Comment:
        id = secrets.token_hex(16)
        body = written_answers(
            {"question": comment.question, "text": comment.text, "whole": "yes" if comment.is_whole else ""}
        )
        # All comments of a wave carry the week it closed: less than the week they came in, and enough to be read by.
        return rows.Comment(
            id=id,
            wave_id=_id(wave),
            unit=unit,
            week=week_of(wave.closes_at),
            body=self._vault.seal_comment(id, body),
        )

    # ── Releasing ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _computed(self, tx: Tx, wave: rows.Wave) -> dict[str, ReleasedWard]:
        form = await _form(tx, wave)
        tally = Tally(form)
        async for ballot in tx.ballots.of_wave(_id(wave)):
            tally.add(ballot.unit, Stream(ballot.stream), read_answers(ballot.answers))
        comments: dict[str, int] = {}
        for comment in await tx.comments.of_wave(_id(wave)):
            comments[comment.unit] = comments.get(comment.unit, 0) + 1
        names = {unit.code: unit.name for unit in await tx.units.all()}
        terms = Terms(
            wave.slug,
            wave.title,
            wave.audience,
            wave.k,
            wave.threshold,
            {each.unit: (names[each.unit], each.invited) for each in await tx.wave_units.of_wave(_id(wave))},
            self._minimum,
        )
        return release(form, tally, comments, terms, self._criteria)


def _id(wave: rows.Wave) -> int:
    assert wave.id is not None, "a stored wave has an id"
    return wave.id


def _times(wave: rows.Wave) -> Times:
    return Times(State(wave.state), wave.closes_at, wave.key_destroyed_at is not None)


def _place(step: Step) -> int:
    return list(Step).index(step)


async def _form(tx: Tx, wave: rows.Wave) -> Form:
    row = await tx.forms.get(wave.form_id, wave.form_version)
    assert row is not None, "a wave's form is held by a foreign key"
    return form_from_json(row.body)


def _parts(form: Form, session: Session, wave: rows.Wave) -> Parts:
    # “today” is the last day of the wave: sealing on another day must not change what counts.
    last_day = wave.closes_at.astimezone(LOCAL).date()
    walk = Walk(form, session.values, seed=session.seed, today=last_day)
    return divide(form, walk.values(), session.whole)


def _ballot(wave: rows.Wave, session: Session, parts: Parts, *, position: int) -> SealedBallot:
    answers = written_answers(parts.answers)
    salt = secrets.token_bytes(SALT_BYTES)
    committed = commitment(
        wave=wave.slug,
        receipt=session.receipt,
        unit=session.unit,
        stream=session.stream,
        mode=session.mode,
        answers=answers,
        salt=salt,
    )
    return SealedBallot(
        position, session.receipt, session.unit, session.stream, session.mode, answers, salt, committed
    )
