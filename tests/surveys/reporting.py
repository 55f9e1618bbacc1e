"""What reports are made of, for tests: cards by the real rules, releases by the real release."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from surveys.report import Compared, LedgerMark, Letterhead, Report, Sources, report
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Entered,
    Records,
    Scorecard,
    against,
    fed_by_release,
    load_roadmaps,
    load_set,
    score,
)
from surveys.scorecard import Terms as CardTerms
from surveys.scorecard.criteria import Basis
from surveys.scorecard.dossiers import Month, Totals
from tests.surveys.scorecard.made import all_met, entry, signed
from tests.web.sample import made

NOW = datetime(2026, 11, 10, 3, 30, tzinfo=UTC)
"""Four days before the last one."""
KNOWN = datetime(2026, 11, 9, tzinfo=UTC)
RELEASED_AT = datetime(2026, 10, 20, tzinfo=UTC)
QD1578 = load_set("qd1578")
FRAME = load_set("khung-5764")
LEDGER = LedgerMark("vinhlong.langnghe", 14, "0a" * 32, "5f3c9a1e")
LETTERHEAD = Letterhead(
    superior="Bộ Công an",
    office="Công an tỉnh Vĩnh Long",
    place="Vĩnh Long",
    recipients=("Bộ Công an", "Thường trực Tỉnh ủy", "Ủy ban nhân dân tỉnh"),
)

# Ward → name, invited, ballots, weights of the five steps from Rất hài lòng down.
WARDS = {
    "29242": ("Phường Trà Vinh", 2417, 340, (40, 48, 8, 3, 1)),
    "29254": ("Phường Nguyệt Hóa", 1120, 100, (60, 38, 2, 0, 0)),
    "29263": ("Phường Long Đức", 1904, 230, (47, 44, 6, 2, 1)),
    "29398": ("Phường Hòa Thuận", 988, 92, (24, 46, 16, 9, 5)),
    "29512": ("Phường Duyên Hải", 1310, 104, (38, 44, 10, 5, 3)),
    "29516": ("Phường Trường Long Hòa", 402, 6, (50, 40, 10, 0, 0)),
}


@cache
def sources(criteria: CriteriaSet = QD1578) -> Sources:
    """Six wards: nearly all entered in the first, one thing failed in the second, little in the others."""
    return _sources(criteria, WARDS)


@cache
def province(wards: int) -> Sources:
    """So many wards, made from the six."""
    pattern = list(WARDS.values())
    return _sources(
        QD1578,
        {
            f"{30_000 + place}": (f"{pattern[place % 6][0]} {place + 1}", *pattern[place % 6][1:])
            for place in range(wards)
        },
    )


def _sources(criteria: CriteriaSet, wards: Mapping[str, tuple[str, int, int, tuple[int, ...]]]) -> Sources:
    released = [replace(each, wave=replace(each.wave, released_at=RELEASED_AT)) for each in made(dict(wards))]
    surveys = tuple(
        fed for ward in released for fed in fed_by_release(criteria, ward, 2026, "ab" * 32, RELEASED_AT)
    )
    cards: dict[str, Scorecard] = {}
    for place, unit in enumerate(wards):
        records = replace(_records(criteria, unit, place), surveys=surveys)
        cards[unit] = score(criteria, records.standing(unit, 2026, KNOWN), CardTerms(minimum=30))
    verdicts = {2026: {unit: card.overall.verdict for unit, card in cards.items()}}
    roadmap = load_roadmaps()["tra-vinh"]
    return Sources(
        criteria=criteria,
        year=2026,
        names={unit: name for unit, (name, *_) in wards.items()},
        cards=cards,
        released=tuple(released),
        dossiers={unit: Totals(1250, 150, 12, (Month(2026, 1), Month(2026, 2))) for unit in list(wards)[:2]},
        frozen={next(iter(wards)): "cd" * 32},
        roadmaps=(Compared(roadmap, criteria.id, against(roadmap, verdicts)),),
        ledger=LEDGER,
    )


def _records(criteria: CriteriaSet, unit: str, place: int) -> Records:
    if criteria.id != "qd1578" or place % 6 > 2:
        return Records()
    if place % 6 == 0:
        return all_met(criteria, {"T7.3": Proportion(150, 1250)}, unit=unit)
    entries: list[Entered] = [
        entry("R1.1", place % 6 == 1, unit=unit),
        entry("T2.3", 9, unit=unit),
        # 8.996 of 90.000 are 9,9956 %, which is not ten.
        entry("T7.3", Proportion(8_996, 90_000), unit=unit, basis=Basis.REGISTER),
    ]
    return signed(*entries)


def sample(
    criteria: CriteriaSet = QD1578, now: datetime = NOW, letterhead: Letterhead = LETTERHEAD
) -> Report:
    return report(sources(criteria), letterhead, now)


def named(name: str) -> Report:
    """A small report in which everything that somebody could name is named so."""
    small = sources()
    units = list(small.cards)[1:2]
    wards = tuple(
        replace(ward, unit_name=name, wave=replace(ward.wave, title=name))
        for ward in small.released
        if ward.unit in units
    )
    compared = small.roadmaps[0]
    return report(
        replace(
            small,
            names=dict.fromkeys(units, name),
            cards={unit: small.cards[unit] for unit in units},
            released=wards,
            roadmaps=(replace(compared, roadmap=replace(compared.roadmap, note=name)),),
        ),
        Letterhead(name, name, name, name, name, None, name, name, (name,)),
        NOW,
    )
