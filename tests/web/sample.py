"""A released wave, made by the real release from made-up ballots: wards with figures, one with a bound, one with too few."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from random import Random

from surveys.assessment import load_criteria
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.forms.library import load
from surveys.forms.session import Mode
from surveys.releases import ReleasedWard, Terms
from surveys.releasing import release, tally_for
from surveys.results import counted_questions, is_scale

RELEASED_AT = datetime(2026, 12, 17, 18, 30, tzinfo=UTC)

# Ward → name, invited, ballots, weights of the five steps from Rất hài lòng down.
WARDS = {
    "29512": ("Phường Duyên Hải", 1310, 104, (38, 44, 10, 5, 3)),
    "29398": ("Phường Hòa Thuận", 988, 92, (24, 46, 16, 9, 5)),
    "29263": ("Phường Long Đức", 1904, 230, (47, 44, 6, 2, 1)),
    "29254": ("Phường Nguyệt Hóa", 1120, 100, (60, 38, 2, 0, 0)),
    "29242": ("Phường Trà Vinh", 2417, 340, (40, 48, 8, 3, 1)),
    "29516": ("Phường Trường Long Hòa", 402, 6, (50, 40, 10, 0, 0)),
}


@cache
def released() -> Sequence[ReleasedWard]:
    return made(WARDS)


@cache
def years() -> Sequence[ReleasedWard]:
    """The yearly survey of six years, the latest first; in one of them one ward fell far below what it was used to."""
    found: list[ReleasedWard] = list(released())
    for year in range(2025, 2020, -1):
        wards = dict(WARDS)
        if year == 2024:
            wards["29242"] = ("Phường Trà Vinh", 2417, 340, (20, 33, 25, 14, 8))
        found += made(wards, year)
    return tuple(found)


@cache
def province() -> Sequence[ReleasedWard]:
    """As many wards and communes as the whole province has."""
    chance = Random(124)
    wards = {}
    for number in range(124):
        kind = "Phường" if number < 19 else "Xã"
        weights = (chance.randint(20, 60), chance.randint(30, 50), chance.randint(2, 20), 4, 2)
        wards[f"9{number:04}"] = (
            f"{kind} Tân Hòa Thạnh số {number + 1}",
            900,
            chance.choice((6, 40, 90)),
            weights,
        )
    return made(wards)


def made(wards: dict[str, tuple[str, int, int, tuple[int, ...]]], year: int = 2026) -> Sequence[ReleasedWard]:
    form = load("hang_nam_nguoi_dan")
    tally = tally_for(form)
    chance = Random(year)
    for unit, (_, _, ballots, weights) in wards.items():
        for number in range(ballots):
            mode = Mode.ASSISTED if number % 4 == 0 else Mode.SELF
            tally.add(unit, Stream.INVITED, answers(form, chance, weights), mode)
        for _ in range(ballots // 6):
            tally.add(unit, Stream.OPEN, answers(form, chance, weights))
    terms = Terms(
        slug=f"nam-{year}",
        title=f"Công an lắng nghe ý kiến của Nhân dân, năm {year}",
        audience="residents",
        k=10,
        threshold="0.9",
        units={unit: (name, invited) for unit, (name, invited, _, _) in wards.items()},
        minimum=10,
    )
    comments = dict.fromkeys(wards, 0) | {"29263": 34}
    found = release(form, tally, comments, terms, load_criteria("qd1578"))
    released_at = RELEASED_AT.replace(year=year)
    return tuple(
        replace(ward, wave=replace(ward.wave, released_at=released_at))
        for ward in found.values()
        if isinstance(ward, ReleasedWard)
    )


def answers(form: Form, chance: Random, weights: tuple[int, ...]) -> dict[str, str]:
    given = {}
    for question in counted_questions(form):
        if chance.random() < 0.05:
            given[question.name] = "0" if is_scale(question) else ""
        elif is_scale(question):
            given[question.name] = chance.choices("54321", weights)[0]
        else:
            given[question.name] = chance.choice(question.choices).name
    return given
