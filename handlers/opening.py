"""Opening a wave: what it asks, of whom and how long, and what is on record before its first answer. It knows no key and no ledger, and
takes no step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.published import id_of
from storage import rows
from storage.transaction import Tx
from surveys import preregistration
from surveys.disclosure import DEFAULT_K
from surveys.forms.form import Form
from surveys.forms.published import form_to_json
from surveys.preregistration import NOBODY_DRAWN
from surveys.records import WaveOpened
from surveys.releases import Terms
from surveys.statistics import Plan as WeightPlan
from surveys.waves import Audience, State

__all__ = ["Opening", "Plan"]


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


class Opening:
    """Inside the transaction of whoever opens a wave."""

    def __init__(self, criteria: str, minimum: int) -> None:
        """`criteria`: the text of the set that waves opened from now on are judged by. `minimum`: how many valid ballots
        a survey needs to count as held."""
        self._criteria = criteria
        self._minimum = minimum

    async def draft(self, tx: Tx, plan: Plan) -> rows.Wave:
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

    async def fix(
        self, tx: Tx, wave: rows.Wave, form: Form, seed: str, plans: tuple[WeightPlan, ...]
    ) -> WaveOpened:
        """Terms, weights, formulas and criteria are on record before the first answer: nobody chooses them after seeing one.
        What the ledger is to say of it."""
        units = {unit.code: unit for unit in await tx.units.all()}
        names = {code: unit.name for code, unit in units.items()}
        taking_part = await tx.wave_units.of_wave(id_of(wave))
        terms = Terms(
            wave.slug,
            wave.title,
            wave.audience,
            wave.k,
            wave.threshold,
            {each.unit: (names[each.unit], each.invited) for each in taking_part},
            self._minimum,
            _provinces_of(units, [each.unit for each in taking_part]),
        )
        await tx.wave_terms.add(
            rows.WaveTerms(
                wave_id=id_of(wave),
                terms=await tx.documents.add(preregistration.terms_document(terms)),
                weights=await tx.documents.add(preregistration.weights_document(plans)),
                formulas=await tx.documents.add(preregistration.formulas_document()),
                criteria=await tx.documents.add(self._criteria),
                seed=seed,
            )
        )
        return preregistration.opened(form, terms, seed=seed, plans=plans)


def _provinces_of(
    units: Mapping[str, rows.Unit], taking_part: Iterable[str]
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Code → name and those who take part. None at all where somebody lies in no province we know."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for code in taking_part:
        province = units.get(units[code].province or "")
        if province is None:
            return {}
        name, members = found.get(province.code, (province.name, ()))
        found[province.code] = name, (*members, code)
    return found
