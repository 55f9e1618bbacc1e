"""The life of a wave: opened, closed, sealed, its key destroyed, released. Each step is one transaction, may be repeated after a
crash at any point, and does nothing where it was done before."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from handlers.ledger import Ledger
from handlers.published import id_of
from handlers.publishing import computed
from handlers.sealing import Sealed, Sealing, Unreadable
from storage import rows
from storage.database import Database
from storage.transaction import Tx
from storage.vault import Vault
from surveys import preregistration
from surveys.assessment import criteria_text, read_threshold
from surveys.disclosure import DEFAULT_K, checked_k
from surveys.forms.form import Form
from surveys.forms.published import form_to_json
from surveys.releases import ReleasedWard, Terms
from surveys.statistics import Plan as WeightPlan
from surveys.waves import Audience, State, Step, Times, TooEarly, next_step

__all__ = ["NoSuchWave", "Plan", "Sealed", "Unreadable", "Waves"]

log = structlog.get_logger()

NOBODY_DRAWN = "none"


class NoSuchWave(LookupError):
    """There is no wave of that name."""


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
    seed: str = NOBODY_DRAWN
    """What the sample is drawn with."""
    weights: Iterable[WeightPlan] = ()
    """The units that are weighted beside the plain figures, and how; fixed before anybody answers."""


class Waves:
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
        self._db = db
        self._vault = vault
        self._now = now
        self._ledger = ledger or Ledger(vault.ledger_signer("langnghe"))
        self._criteria = criteria or criteria_text("qd1578")
        self._sealing = Sealing(vault)
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
        wave_id = id_of(wave)
        if wave.state == State.DRAFT:
            # The key is on disk before the wave takes its first answer.
            self._vault.create_wave(wave_id)
            async with self._db.transaction() as tx:
                await self._fix(tx, wave, plan)
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
            await tx.waves.set_state(id_of(wave), State.CLOSED, self._now())
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
            sealed = await self._sealing.rewrite(tx, wave)
            await tx.sessions.delete_wave(id_of(wave))
            await tx.waves.set_state(id_of(wave), State.SEALED, self._now())
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
        self._vault.destroy_wave(id_of(wave))
        async with self._db.transaction() as tx:
            await tx.waves.set_key_destroyed(id_of(wave), self._now())
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
            released = await computed(tx, wave)
        now = self._now()
        async with self._db.transaction() as tx:
            wave = await self._wave(tx, slug)
            if not self._is_next(wave, Step.RELEASE):
                return False  # another process was quicker; it computed the same
            for unit, ward in released.items():
                await tx.releases.add(id_of(wave), unit, ward.to_json(), now)
            await tx.waves.set_state(id_of(wave), State.RELEASED, now)
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

    async def _fix(self, tx: Tx, wave: rows.Wave, plan: Plan) -> None:
        """Terms, weights, formulas and criteria are on record before the first answer: nobody chooses them after seeing one."""
        names = {unit.code: unit.name for unit in await tx.units.all()}
        taking_part = await tx.wave_units.of_wave(id_of(wave))
        terms = Terms(
            wave.slug,
            wave.title,
            wave.audience,
            wave.k,
            wave.threshold,
            {each.unit: (names[each.unit], each.invited) for each in taking_part},
            self._minimum,
        )
        plans = tuple(plan.weights)
        await tx.wave_terms.add(
            rows.WaveTerms(
                wave_id=id_of(wave),
                terms=await tx.documents.add(preregistration.terms_document(terms)),
                weights=await tx.documents.add(preregistration.weights_document(plans)),
                formulas=await tx.documents.add(preregistration.formulas_document()),
                criteria=await tx.documents.add(self._criteria),
                seed=plan.seed,
            )
        )
        opened = preregistration.opened(plan.form, terms, seed=plan.seed, plans=plans)
        await self._ledger.append(tx, opened, self._now())

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


def _times(wave: rows.Wave) -> Times:
    return Times(State(wave.state), wave.closes_at, wave.key_destroyed_at is not None)


def _place(step: Step) -> int:
    return list(Step).index(step)
