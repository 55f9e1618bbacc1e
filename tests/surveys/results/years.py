"""Years that could have been: wards of any size, nearly everybody satisfied, answers that came in every way, things flagged and left
out. Each as it would be published."""

from random import Random

from surveys.assessment import load_criteria
from surveys.attacker import Case
from surveys.ballots import written_answers
from surveys.entry import Stream
from surveys.forms.form import Form, Role
from surveys.forms.session import Mode
from surveys.records import Exclusion
from surveys.releases import Detail, Flagged, Terms
from surveys.releasing import Findings, release, tally_for
from surveys.results import ANONYMOUS, Stratum, Tally
from tests.surveys.results.forms import choice, form, scale

CRITERIA = load_criteria("qd1578")
FORM = form(
    choice("viec", "cu_tru", "can_cuoc", "vneid", "xe", role=Role.SERVICE),
    scale("chung", Role.OVERALL, feeds="S1:L96"),
    choice("niem_yet", "co", "khong", "0", role=Role.POSTED),
)


def year(seed: int, k: int = 10, of: Form = FORM) -> Case:
    chance = Random(seed)
    units = {f"{seed}-{ward}": (f"Phường {ward}", _invited(chance)) for ward in range(chance.randint(1, 7))}
    provinces = {f"{seed}-t": ("Tỉnh", tuple(units))} if chance.random() < 0.7 else {}
    audience = "visits" if seed % 2 else "residents"
    terms = Terms(f"nam-{seed}", "Năm", audience, k, "0.9", units, k, provinces)
    tally = tally_for(of)
    for unit in units:
        _answer(chance, tally, unit)
        if audience == "visits":
            _rate(Random(f"ratings/{unit}"), tally, unit)
    findings = _findings(chance, tally, units, k)
    detail = chance.choice((Detail.ALL, Detail.ALL, Detail.ALL, Detail.TABLES, Detail.ROWS))
    made = release(of, tally, {}, terms, CRITERIA, findings=findings, detail=detail)
    return Case(tuple(made.values()), of, tally, findings)


def _invited(chance: Random) -> int | None:
    return chance.choice((None, 400, chance.randint(0, 30)))


def _answer(chance: Random, tally: Tally, unit: str) -> None:
    size = chance.choice((0, chance.randint(1, 14), chance.randint(10, 60), chance.randint(60, 400)))
    satisfied = min(1.0, max(0.0, chance.choice((chance.gauss(0.96, 0.02), chance.random()))))
    top = chance.random()
    visits, helped = chance.choice((0.0, 0.04, 0.4)), chance.choice((0.0, 0.05, 0.3))
    for _ in range(size):
        answers = {}
        if chance.random() < 0.95:
            answers["viec"] = chance.choices(("cu_tru", "can_cuoc", "vneid", "xe"), (60, 25, 10, 2))[0]
        if chance.random() < satisfied:
            answers["chung"] = "5" if chance.random() < top else "4"
        else:
            answers["chung"] = chance.choices("3210", (5, 3, 1, 2))[0]
        answers["niem_yet"] = chance.choices(("co", "khong", "0"), (85, 8, 7))[0]
        stream = Stream.VISIT if chance.random() < visits else Stream.INVITED
        if chance.random() < 0.1:
            stream = Stream.OPEN
        mode = chance.choice((Mode.ASSISTED, Mode.PAPER)) if chance.random() < helped else Mode.SELF
        tally.add_text(unit, stream, mode, written_answers(answers))


def _rate(chance: Random, tally: Tally, unit: str) -> None:
    """By a template of Zalo, which asks one thing."""
    content = chance.random()
    for _ in range(chance.choice((0, chance.randint(1, 14), chance.randint(10, 200)))):
        step = chance.choice("54") if chance.random() < content else chance.choice("321")
        tally.add(unit, Stream.VISIT, {"chung": step}, Mode.ZBS)


def _findings(chance: Random, tally: Tally, units: object, k: int) -> Findings:
    exclusions, flags = [], {}
    for unit in list(units):  # type: ignore[call-overload]
        stratum: Stratum = chance.choice((Stream.INVITED, Stream.VISIT)), chance.choice(ANONYMOUS)
        number = tally.number(unit, [stratum])
        what = chance.random()
        if what < 0.12 and number >= k:  # fewer cannot be left out
            exclusions.append(Exclusion("w", unit, *stratum, number, "trùng", ("An", "Bình")))
        elif what < 0.3:
            flags[unit] = [Flagged(stratum[0].value, stratum[1].value, ("burst",))]
    return Findings(exclusions, flags)
