"""The life of a wave: opened, closed, sealed, its key destroyed, released. Each step is one transaction, may be repeated after a
crash at any point, and does nothing where it was done before. What a step changes and what the ledger says of it are kept together."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime

import structlog

from handlers import noting
from handlers.ledger import Ledger
from handlers.opening import Opening, Plan
from handlers.postponing import Postponement, Postponing
from handlers.published import form_of, id_of
from handlers.publishing import Exposed, excluded, gathered, lines_of, published, told
from handlers.sealing import Changed, LaidOut, Sealed, Sealing, Superseded, Unreadable
from handlers.showing import Showing
from handlers.tokens import enter_issued
from handlers.units import lineage
from storage import rows
from storage.database import Database
from storage.transaction import Tx
from storage.vault import KeyGone, Tampered, Vault
from surveys import records
from surveys.assessment import criteria_text, read_threshold
from surveys.disclosure import DEFAULT_K, checked_k
from surveys.merged import AskedTwice, asked_apart
from surveys.preregistration import NOBODY_DRAWN
from surveys.waves import FLAGGED, State, Step, Times, TooEarly, next_step

__all__ = [
    "AskedTwice",
    "Exposed",
    "KeyStillThere",
    "NoSuchWave",
    "Plan",
    "Postponement",
    "Sealed",
    "Superseded",
    "Unreadable",
    "Waves",
]

log = structlog.get_logger()

TRIES = 3  # to lay a wave out while its sessions stay as they are; they do, once nobody can withdraw
PROBE = bytes(16)
"""The nullifier of nobody, by which it is tried whether a key still opens anything."""
TROUBLE = (Unreadable, TooEarly, ValueError, LookupError, AssertionError)
"""What keeps one wave where it is, and no other. What is nobody's fault here – the database is away – keeps them all."""


class NoSuchWave(LookupError):
    """There is no wave of that name."""


class KeyStillThere(ValueError):
    """A wave's key was to be destroyed, and still something can be computed with it. Nothing was recorded."""


class Waves(Showing):
    def __init__(
        self,
        db: Database,
        vault: Vault,
        now: Callable[[], datetime],
        *,
        ledger: Ledger | None = None,
        criteria: str | None = None,
        minimum: int = DEFAULT_K,
    ) -> None:
        """`criteria`: the text of the set that waves opened from now on are judged by. `minimum`: how many valid ballots
        a survey needs to count as held."""
        super().__init__(db)
        self._vault = vault
        self._now = now
        self._ledger = ledger or Ledger(vault.ledger_signer("langnghe"))
        self._opening = Opening(criteria or criteria_text("qd1578"), minimum)
        self._sealing = Sealing(db, vault)
        self._postponing = Postponing(db, self._ledger, now)
        self._troubles: dict[str, str] = {}

    # ── The steps ─────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self, plan: Plan) -> int:
        """The wave's id. It takes answers from `opens_at` on. Opening the same plan again changes nothing.

        Raises TooSmall for a k under the floor, AskedTwice when a unit would be asked beside what it became, and ValueError
        when another wave has that slug.
        """
        checked_k(plan.k)
        read_threshold(plan.threshold)
        async with self._db.transaction() as tx:
            asked_apart(plan.units, await lineage(tx))
            wave = await tx.waves.by_slug(plan.slug) or await self._opening.draft(tx, plan)
            if (wave.form_id, wave.form_version) != (plan.form.id, plan.form.version):
                raise ValueError(f"There is another wave {plan.slug}, of {wave.form_id} {wave.form_version}.")
        wave_id = id_of(wave)
        if wave.state == State.DRAFT:
            # The key is on disk before the wave takes its first answer.
            self._vault.create_wave(wave_id)
            async with self._db.transaction() as tx:
                opened = await self._opening.fix(tx, wave, plan.form, plan.seed, tuple(plan.weights))
                await self._ledger.append(tx, opened, self._now())
                await tx.waves.set_state(wave_id, State.OPEN)
                await self._note(tx, "wave.open", wave)
            log.info("wave.opened", wave=plan.slug)
        return wave_id

    async def close(self, slug: str) -> bool:
        """No answer changes any more; withdrawing stays possible until it is sealed. Whether this call closed it.

        Raises TooEarly before `closes_at`.
        """
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not await self._is_next(tx, wave, Step.CLOSE):
                return False
            await tx.waves.set_state(id_of(wave), State.CLOSED, self._now())
            await self._note(tx, "wave.close", wave)
        log.info("wave.closed", wave=slug)
        return True

    async def seal(self, slug: str) -> Sealed | None:
        """Every session becomes a ballot without its nullifier, its comments and its receipt apart from it, and the ledger holds
        the root over all of them: all of it or nothing. None when it was sealed before.

        Raises TooEarly within the days of grace, Unreadable when a session cannot be opened, and Superseded when another
        process is at it.
        """
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
            if not await self._is_next(tx, wave, Step.SEAL):
                return None
        await self._adopt(slug)
        with self._vault.alone_with_wave(id_of(wave)) as is_alone:
            if not is_alone:
                raise Superseded(f"{slug} is being sealed by another process.")
            for _ in range(TRIES):
                with suppress(Changed):
                    return await self._shut(slug, await self._sealing.lay_out(wave))
        raise Unreadable(f"{slug}: its sessions still change, though nobody can answer or withdraw any more.")

    async def destroy_key(self, slug: str) -> bool:
        """From here on not even we can tell whose ballot any ballot is. Whether this call recorded it.

        Raises TooEarly before the wave is sealed or while its key is kept, and KeyStillThere when it does not go.
        """
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
            if not await self._is_next(tx, wave, Step.DESTROY_KEY):
                return False
        # First the key, then the record of it: a record without the deed would be a lie.
        self._vault.destroy_wave(id_of(wave))
        self._probe(wave)
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if wave.key_destroyed_at is not None:
                return False  # another process was quicker
            now = self._now()
            # A wave that was sealed before there was a ledger stays outside of it.
            if await tx.wave_seals.of(id_of(wave)) is not None:
                await self._ledger.append(tx, records.KeyDestroyed(slug), now)
            await tx.waves.set_key_destroyed(id_of(wave), now)
            await self._note(tx, "wave.destroy_key", wave)
        log.info("wave.key_destroyed", wave=slug)
        return True

    async def release(self, slug: str) -> bool:
        """Publishes what may be seen, computed once from the sealed ballots. Whether this call did.

        Raises TooEarly before the wave is sealed, its key destroyed and a flagged stratum decided on, and Exposed when what
        would be published tells of a count that must stay hidden; then nothing is.
        """
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
            if not await self._is_next(tx, wave, Step.RELEASE):
                return False
            material = await gathered(tx, wave)
        lines = lines_of(await published(material))
        async with self._db.transaction() as tx:
            # From here on nobody confirms an exclusion: what is read next is still so when it is published.
            await tx.ledger.writing()
            wave = await self._wave(tx, slug)
            if not await self._is_next(tx, wave, Step.RELEASE):
                return False  # another process was quicker; it computed the same
            if await excluded(tx, slug) != material.findings.exclusions:
                return False  # somebody confirmed an exclusion meanwhile; the next attempt counts without those ballots
            now = self._now()
            for unit, line in lines.items():
                await tx.releases.add(id_of(wave), unit, line, now)
            # A wave that was sealed before there was a ledger stays outside of it.
            if await tx.wave_seals.of(id_of(wave)) is not None:
                await self._ledger.append(tx, told(slug, lines), now)
            await tx.waves.set_state(id_of(wave), State.RELEASED, now)
            await self._note(tx, "wave.release", wave)
        log.info("wave.released", wave=slug, lines=len(lines))
        return True

    async def advance(self) -> list[tuple[str, Step]]:
        """Takes every step of every wave that is due: what the clock calls, and what finishes after a crash what was begun.
        A wave that cannot go on is logged, and keeps no other from going on."""
        taken: list[tuple[str, Step]] = []
        async with self._db.reading() as tx:
            waiting = [wave.slug for wave in await tx.waves.all() if await self._has_something_due(tx, wave)]
        for slug in self._troubles.keys() - set(waiting):
            del self._troubles[slug]
        for slug in waiting:
            try:
                await self._adopt(slug)
                while step := await self._due(slug):
                    await self._take(step, slug)
                    taken.append((slug, step))
                self._troubles.pop(slug, None)
            except Superseded as another:
                log.info("wave.left_to_another", wave=slug, why=str(another))
            except TROUBLE as trouble:
                self._report(slug, trouble)
        return taken

    # ── Keeping a key for longer ──────────────────────────────────────────────────────────────────────────────

    async def propose_keeping_key(self, slug: str, until: date, reason: str, *, by: str) -> str:
        """The id by which another person confirms it. Raises NoSuchWave, and ValueError for what cannot be."""
        async with self._db.reading() as tx:
            wave = await self._wave(tx, slug)
        return await self._postponing.propose(wave, until, reason, by=by)

    async def confirm_keeping_key(self, proposal: str, *, by: str) -> Postponement:
        """From now on the key is kept until then. Raises NoSuchProposal, SamePerson, and ValueError when it is too late."""
        return await self._postponing.confirm(proposal, by=by)

    async def postponements(self) -> list[Postponement]:
        """Every one there ever was, with its reason, as the ledger has it; the latest first."""
        return await self._postponing.all()

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _has_something_due(self, tx: Tx, wave: rows.Wave) -> bool:
        if wave.state == State.RELEASED:
            return False
        try:
            return await self._is_to_adopt(tx, wave) or await self._step_due(tx, wave) is not None
        except TROUBLE:
            return True  # it is met again where it is reported

    async def _due(self, slug: str) -> Step | None:
        async with self._db.reading() as tx:
            return await self._step_due(tx, await self._wave(tx, slug))

    async def _step_due(self, tx: Tx, wave: rows.Wave) -> Step | None:
        following = next_step(await _times(tx, wave))
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

    async def _note(self, tx: Tx, action: str, wave: rows.Wave) -> None:
        """By the clock, or by whoever has the machine: a wave's steps follow from its days, not from a person."""
        await noting.note(tx, None, action, f"wave:{wave.slug}", unit=None, at=self._now())

    async def _wave(self, tx: Tx, slug: str) -> rows.Wave:
        wave = await tx.waves.by_slug(slug)
        if wave is None:
            raise NoSuchWave(slug)
        return wave

    async def _is_next(self, tx: Tx, wave: rows.Wave, step: Step) -> bool:
        """Whether the wave is at this step; False when it is past it. Raises TooEarly."""
        following = next_step(await _times(tx, wave))
        if following is None or _place(following[0]) > _place(step):
            return False
        if following[0] is not step:
            raise TooEarly(f"{wave.slug} is {wave.state}; {following[0]} comes before {step}.")
        if following[1] is not None and self._now() < following[1]:
            raise TooEarly(f"{wave.slug}: {step} not before {following[1]:%Y-%m-%d %H:%M %Z}.")
        return True

    async def _shut(self, slug: str, laid_out: LaidOut) -> Sealed | None:
        done = laid_out.sealed
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not await self._is_next(tx, wave, Step.SEAL):
                return None
            await self._sealing.move(tx, wave, laid_out)
            now = self._now()
            await tx.strata.add_many(
                rows.Stratum(wave_id=id_of(wave), unit=unit, stream=stream, mode=mode, body=watched.to_json())
                for (unit, stream, mode), watched in sorted(laid_out.strata.items())
            )
            is_flagged = any(watched.flags for watched in laid_out.strata.values())
            await tx.wave_seals.add(
                rows.WaveSeal(
                    wave_id=id_of(wave),
                    root=laid_out.root,
                    places=laid_out.places,
                    withdrawn=done.withdrawn,
                    release_due=now + FLAGGED if is_flagged else now,
                )
            )
            await enter_issued(tx, self._ledger, wave, now)
            if done.withdrawn:
                await self._ledger.append(tx, records.Withdrawals(slug, done.withdrawn), now)
            await self._ledger.append(tx, await _sealed_record(tx, wave, laid_out), now)
            await tx.waves.set_state(id_of(wave), State.SEALED, now)
            await self._note(tx, "wave.seal", wave)
        log.info(
            "wave.sealed",
            wave=slug,
            ballots=done.ballots,
            comments=done.comments,
            withdrawn=done.withdrawn,
            flagged=is_flagged,
        )
        return done

    def _probe(self, wave: rows.Wave) -> None:
        """Tries what must fail now. Raises KeyStillThere."""
        tries: tuple[Callable[[], object], ...] = (
            lambda: self._vault.nullifier(id_of(wave), PROBE),
            lambda: self._vault.open_body(id_of(wave), PROBE, PROBE),
        )
        for probe in tries:
            try:
                probe()
            except KeyGone:
                continue
            except Tampered:
                pass  # it looked, so it had a key to look with
            raise KeyStillThere(f"{wave.slug}: its key was destroyed, and is still there.")

    def _report(self, slug: str, trouble: BaseException) -> None:
        """Once for each trouble: a wave that waits for a person is tried again every minute."""
        said = f"{type(trouble).__name__}: {trouble}"
        if self._troubles.get(slug) != said:
            self._troubles[slug] = said
            log.error("wave.held_up", wave=slug, reason=said)

    async def _adopt(self, slug: str) -> None:
        """A wave that was opened by a version without a ledger is entered in it late, and said so. One that was sealed by such a
        version stays outside: its ballots are bound otherwise; it only gets the terms it is released on."""
        async with self._db.reading() as tx:
            if not await self._is_to_adopt(tx, await self._wave(tx, slug)):
                return
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not await self._is_to_adopt(tx, wave):
                return
            opened = await self._opening.fix(tx, wave, await form_of(tx, wave), NOBODY_DRAWN, ())
            if wave.state != State.SEALED:
                await self._ledger.append(tx, opened, self._now())
        log.warning("wave.adopted", wave=slug, in_ledger=wave.state != State.SEALED)

    async def _is_to_adopt(self, tx: Tx, wave: rows.Wave) -> bool:
        return wave.state not in (State.DRAFT, State.RELEASED) and await tx.wave_terms.of(id_of(wave)) is None


async def _times(tx: Tx, wave: rows.Wave) -> Times:
    is_sealed = wave.state == State.SEALED
    seal = await tx.wave_seals.of(id_of(wave)) if is_sealed else None
    return Times(
        State(wave.state),
        wave.closes_at,
        wave.key_destroyed_at is not None,
        await tx.wave_seals.key_kept_until(id_of(wave)) if is_sealed else None,
        seal.release_due if seal is not None else None,
    )


async def _sealed_record(tx: Tx, wave: rows.Wave, laid_out: LaidOut) -> records.Sealed:
    """On what was fixed at the opening, also where a later version of this program would fix something else."""
    fixed = await tx.wave_terms.of(id_of(wave))
    form = await tx.forms.get(wave.form_id, wave.form_version)
    assert fixed is not None, "a wave that is sealed has its terms"
    assert form is not None, "a wave's form is held by a foreign key"
    return records.Sealed(
        wave=wave.slug,
        root=laid_out.root.hex(),
        receipts=laid_out.receipts,
        form=form.digest,
        terms=fixed.terms,
        weights=fixed.weights,
        criteria=fixed.criteria,
        formulas=fixed.formulas,
    )


def _place(step: Step) -> int:
    return list(Step).index(step)
