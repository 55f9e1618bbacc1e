"""A small stand-in for the scorecards' use case: real deeds, really judged, kept in memory instead of a database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

from handlers.scorecards import Held
from surveys.assessment import Verdict
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Document,
    Entered,
    Measure,
    Outcome,
    Scorecard,
    SurveyFed,
    Threshold,
    WhatIf,
    against,
    appeal_against,
    countersign,
    decide,
    entries,
    fed_by_release,
    freeze,
    load_roadmaps,
    load_set,
    read_register,
    score,
    what_if,
)
from surveys.scorecard.book import Book, FrozenCard
from surveys.scorecard.criteria import Basis
from surveys.scorecard.deeds import (
    Appealed,
    CardFrozen,
    Decided,
    Deed,
    EvidenceEntered,
    EvidenceSigned,
    RegisterHandedIn,
    TermsSet,
    wording_of,
)
from surveys.scorecard.judging import Terms
from surveys.units import Unit, UnitKind, tra_vinh
from tests.web import sample

YEAR = 2026
NOW = datetime(2026, 12, 20, 2, tzinfo=UTC)
ENTERED = datetime(2026, 10, 1, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAPER = Document("125/QĐ-CAT-PV01", date(2026, 9, 1), "Quyết định công nhận danh hiệu thi đua")
REGISTER = (
    "Mã đơn vị;Tháng;Đã giải quyết;Trước hạn;Trễ hạn\n29242;2026-01;400;52;3\n29263;2026-02;1250;110;20\n"
)


class Cabinet:
    """`crowd`: how many wards more than the six of the seed."""

    def __init__(self, crowd: int = 0) -> None:
        self._sets = (load_set("qd1578"), load_set("khung-5764"))
        today = {unit.code: unit for unit in tra_vinh().units}
        self._wards = tuple(today[code] for code in sorted(sample.WARDS))
        self._wards += tuple(
            Unit(
                f"9{number:04}",
                f"Phường Tân Hòa Thạnh số {number + 1}",
                UnitKind.WARD,
                "86",
                date(2025, 7, 1),
                None,
                "",
            )
            for number in range(crowd)
        )
        self._deeds: list[Deed] = list(self._put_forward())
        self._freeze("29263")
        self._freeze("29512")

    async def sets(self) -> tuple[CriteriaSet, ...]:
        return self._sets

    async def years(self) -> tuple[int, ...]:
        return (YEAR,)

    async def units(self, year: int) -> tuple[Unit, ...]:
        if year == YEAR:
            return self._wards
        return tuple(
            unit
            for unit in tra_vinh().units
            if unit.kind is UnitKind.WARD and unit.existed_on(date(year, 12, 31))
        )

    async def cards(
        self, set_id: str, year: int, *, as_of: datetime | None = None
    ) -> Mapping[str, Scorecard]:
        codes = [unit.code for unit in await self.units(year)]
        return self._cards(set_id, codes, year, as_of or NOW)

    async def card(self, set_id: str, unit: str, year: int, *, as_of: datetime | None = None) -> Scorecard:
        return self._card(set_id, unit, year, as_of or NOW)

    async def book(self, year: int, *, as_of: datetime | None = None) -> Book:
        return self._book(year, as_of or NOW)

    async def frozen(
        self, set_id: str, year: int, *, as_of: datetime | None = None
    ) -> Mapping[str, FrozenCard]:
        return self._book(year, as_of or NOW).frozen(set_id)

    async def what_if(
        self,
        set_id: str,
        unit: str,
        year: int,
        thresholds: Mapping[str, Fraction],
        *,
        minimum: int | None = None,
        needed: int | None = None,
    ) -> WhatIf:
        bounds = {id: Threshold(at_least=bound) for id, bound in thresholds.items()}
        card = self._card(set_id, unit, year, NOW)
        return what_if(self._set(set_id), card, thresholds=bounds, minimum=minimum, needed=needed)

    async def roadmap(self, year: int, set_id: str | None = None) -> tuple[Held, ...]:
        chosen = set_id or "khung-5764"
        verdicts = {
            code: card.overall.verdict
            for code, card in self._cards(chosen, [unit.code for unit in self._wards], YEAR, NOW).items()
        }
        verdicts["29242"] = verdicts["29263"] = Verdict.MET
        return tuple(Held(road, chosen, against(road, {YEAR: verdicts})) for road in load_roadmaps().values())

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _set(self, id: str) -> CriteriaSet:
        return next(each for each in self._sets if each.id == id)

    def _book(self, year: int, as_of: datetime) -> Book:
        return Book.of(year, as_of, self._deeds if year == YEAR else ())

    def _card(self, set_id: str, unit: str, year: int, as_of: datetime) -> Scorecard:
        return self._cards(set_id, [unit], year, as_of)[unit]

    def _cards(self, set_id: str, units: Sequence[str], year: int, as_of: datetime) -> dict[str, Scorecard]:
        criteria, book = self._set(set_id), self._book(year, as_of)
        records = book.records(criteria, self._surveys(criteria) if year == YEAR else ())
        terms = book.terms_of(set_id).within(criteria)
        return {unit: score(criteria, records.standing(unit, year, as_of), terms) for unit in units}

    def _surveys(self, criteria: CriteriaSet) -> tuple[SurveyFed, ...]:
        return tuple(
            fed
            for ward in sample.released()
            for fed in fed_by_release(criteria, ward, YEAR, "ab" * 32, sample.RELEASED_AT)
        )

    def _put_forward(self) -> list[Deed]:
        criteria, chance = self._set("qd1578"), Random(5764)
        deeds: list[Deed] = [
            TermsSet(
                "qd1578", YEAR, Terms(10, {"R7.1": Threshold(Fraction(9, 10))}), "hoa", "CV 88/CAT", ENTERED
            )
        ]
        for ward in self._wards:
            for criterion in criteria.criteria:
                if Basis.ENTERED in criterion.basis and chance.random() < 0.75:
                    deeds += self._entered(criteria.id, ward.code, criterion.id, chance)
        register = read_register(
            "so.csv", REGISTER.encode(), year=YEAR, units={unit.code: unit for unit in self._wards}
        )
        deeds.append(RegisterHandedIn(register, PAPER, "an", ENTERED))
        for unit in register.units:
            made = entries(criteria, register, unit, YEAR, document=PAPER, officer="an", entered_at=ENTERED)
            for entered in made:
                criterion = criteria.criterion(entered.criterion)
                deeds.append(EvidenceEntered(criteria.id, wording_of(criterion), entered))
                deeds.append(EvidenceSigned(countersign(entered, "bình", ENTERED + HOUR)))
        return deeds

    def _entered(self, set_id: str, unit: str, id: str, chance: Random) -> list[Deed]:
        criterion = self._set(set_id).criterion(id)
        value: bool | int | Proportion = chance.random() < 0.8
        if criterion.measure is Measure.COUNT:
            value = chance.choice((0, 0, 12, 2))
        elif criterion.measure is Measure.SHARE:
            value = Proportion(chance.choice((40, 39)), 40)
        entered = Entered(
            f"{unit}-{id}", id, unit, YEAR, value, PAPER, "Trần Thị An", ENTERED, Basis.ENTERED, ""
        )
        deeds: list[Deed] = [EvidenceEntered(set_id, wording_of(criterion), entered)]
        if chance.random() < 0.9:
            deeds.append(EvidenceSigned(countersign(entered, "Lê Văn Bình", ENTERED + HOUR)))
        return deeds

    def _freeze(self, unit: str) -> None:
        card = self._card("qd1578", unit, YEAR, sample.RELEASED_AT + HOUR)
        frozen = freeze(card, "Nguyễn Văn Cường", sample.RELEASED_AT + HOUR, countersigned_by="Phạm Thị Dung")
        self._deeds.append(CardFrozen(frozen, 17))
        if unit == "29512":
            appeal = appeal_against(
                frozen,
                id="kn-1",
                criterion="R1.1",
                officer="Võ Minh Đạt",
                reason="Quyết định công nhận đến sau ngày chốt",
                filed_at=sample.RELEASED_AT + 2 * HOUR,
            )
            decision = decide(
                appeal,
                Outcome.REJECTED,
                officer="Nguyễn Văn Cường",
                reason="Văn bản ghi năm 2025",
                decided_at=sample.RELEASED_AT + 3 * HOUR,
            )
            self._deeds += [Appealed(appeal), Decided(decision)]
