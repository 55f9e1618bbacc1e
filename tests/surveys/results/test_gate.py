"""The gate before a release: every form we ship passes it, whatever its wards answered; what does not pass goes out with less
detail, or not at all."""

from datetime import date
from random import Random

import pytest

from handlers import publishing
from handlers.publishing import Exposed, Material
from surveys import attacker
from surveys.attacker import Exposure, exposures
from surveys.ballots import divide, written_answers
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.form import Form, Kind
from surveys.forms.walk import Walk
from surveys.releases import Detail, Terms
from surveys.releasing import Findings, release, tally_for
from surveys.results import ANONYMOUS, Tally
from tests.surveys.results.years import CRITERIA, year

SOME_DAY = date(2026, 11, 22)


def answered(form: Form, chance: Random, satisfied: float) -> dict[str, str]:
    """What a session of this form leaves behind: relevant answers only, as sealing keeps them."""
    given: dict[str, str | None] = {}
    for question in form.questions:
        names = [choice.name for choice in question.choices]
        if not names or chance.random() < 0.05:
            continue
        if question.kind is Kind.SELECT_MULTIPLE:
            given[question.name] = " ".join(chance.sample(names, chance.randint(1, len(names))))
        elif "5" in names:
            given[question.name] = chance.choice("54" if chance.random() < satisfied else "3210")
        else:
            given[question.name] = chance.choices(names, (80, 12, 5, 2, 1)[: len(names)])[0]
    return dict(divide(form, Walk(form, given, seed="", today=SOME_DAY).values()).answers)


def wave(form: Form, seed: int) -> tuple[Tally, Terms]:
    chance = Random(seed)
    units: dict[str, tuple[str, int | None]] = {
        f"{ward}": (f"Phường {ward}", chance.choice((None, 400))) for ward in range(6)
    }
    terms = Terms("w", "Đợt", "residents", 10, "0.9", units, 10, {"t": ("Tỉnh", tuple(units))})
    tally = tally_for(form)
    for unit in units:
        satisfied = min(1.0, chance.gauss(0.94, 0.05))
        for _ in range(chance.choice((0, 7, 40, 150))):
            stream = chance.choices(list(Stream), (6, 3, 1))[0]
            mode = chance.choices(ANONYMOUS, (8, 1, 1))[0]
            tally.add_text(unit, stream, mode, written_answers(answered(form, chance, satisfied)))
    return tally, terms


@pytest.mark.parametrize("id", library.IDS)
@pytest.mark.parametrize("seed", range(3))
def test_every_form_we_ship_passes(id: str, seed: int) -> None:
    form = library.load(id)
    tally, terms = wave(form, seed)

    found = exposures(release(form, tally, {}, terms, CRITERIA).values(), form, tally)

    assert not found, [str(each) for each in found[:5]]


async def test_a_wave_without_a_ballot_passes() -> None:
    form = library.load("hang_nam_nguoi_dan")
    _, terms = wave(form, 1)

    assert await publishing.published(Material(form, tally_for(form), {}, terms, CRITERIA, (), Findings()))


def material() -> Material:
    case = year(3)
    form = case.form
    _, terms = wave(form, 1)
    return Material(form, tally_for(form), {}, terms, CRITERIA, (), Findings())


async def test_what_would_expose_somebody_goes_out_with_less_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attacker is told to object to everything but rows: our own suppression gives them nothing to object to."""
    asked: list[Detail] = []

    def objects(released: object, *_: object) -> tuple[Exposure, ...]:
        detail = next(iter(released)).wave.detail  # type: ignore[call-overload]
        asked.append(detail)
        return () if detail is Detail.ROWS else (Exposure("a", "chung", ("5",), 2, 4),)

    monkeypatch.setattr(attacker, "exposures", objects)

    lines = await publishing.published(material())

    assert asked == [Detail.ALL, Detail.TABLES, Detail.ROWS]
    assert {line.wave.detail for line in lines.values()} == {Detail.ROWS}


async def test_what_exposes_somebody_all_the_same_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacker, "exposures", lambda *_: (Exposure("29263", "chung", ("5", "4"), 2, 4),))

    with pytest.raises(Exposed, match=r"w would expose 29263 × chung × 5\+4: 2 to 4"):
        await publishing.published(material())
