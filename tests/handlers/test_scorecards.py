"""Scorecards as they are kept: evidence by two persons, as of any moment, frozen into the ledger, contested and replaced."""

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from handlers.ledger import Ledger
from handlers.scorecards import NoSuchRecord, NoSuchSet, NoSuchUnit, NotReady, Scorecards, TooLate
from handlers.units import load_seed
from storage import rows
from storage.database import Database
from storage.scorecards import ADD_RECORD
from storage.statements import Prepared
from surveys import cards, documents
from surveys.assessment import Verdict
from surveys.ledger import read_entry
from surveys.releases import ReleasedWard
from surveys.results import Proportion
from surveys.scorecard import (
    Document,
    Faults,
    FixedBySource,
    NotFitting,
    NotInForce,
    NotYet,
    Outcome,
    Records,
    SamePerson,
    State,
    Terms,
    Threshold,
    countersign,
    fed_by_release,
    load_set,
    recompute,
    score,
    withdraw,
)
from surveys.scorecard.deeds import BadDeed
from surveys.scorecard.evidence import Entered, Value
from surveys.scorecard.reading import IDS
from surveys.verify import verify
from tests.conftest import Clock
from tests.released import a_released_wave
from tests.surveys.scorecard.test_framework import ONE, workbook
from tests.surveys.seal import province

QD1578 = load_set("qd1578")
WARD, OTHER_WARD = "29242", "29263"
PAPER = Document("125/QĐ-CAT", date(2026, 9, 1), "Quyết định công nhận")
REGISTER = "Mã đơn vị,Tháng,Đã giải quyết,Trước hạn,Trễ hạn\n{rows}\n"


class Desk:
    """Two officers at work: what one enters the other signs."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self.db = db
        self.clock = clock
        self.ledger = Ledger(province.OURS)
        self.cards = Scorecards(db, self.ledger, clock)

    async def enters(
        self, criterion: str, value: Value = True, unit: str = WARD, year: int = 2026
    ) -> Entered:
        return await self.cards.enter("qd1578", unit, year, criterion, value, document=PAPER, by="An")

    async def has_signed(
        self, criterion: str, value: Value = True, unit: str = WARD, year: int = 2026
    ) -> Entered:
        entered = await self.enters(criterion, value, unit, year)
        await self.cards.countersign(entered.id, by="Bình")
        return entered

    async def verdict(self, criterion: str, **when: datetime) -> Verdict:
        return (await self.cards.card("qd1578", WARD, 2026, **when)).line(criterion).verdict

    async def freezes(self, unit: str = WARD, year: int = 2026):
        return await self.cards.freeze(
            "qd1578", unit, year, by="Giám đốc", countersigned_by="Chánh văn phòng"
        )

    async def entries(self) -> list[str]:
        async with self.db.reading() as tx:
            return await tx.ledger.after(0)

    async def records(self) -> int:
        async with self.db.reading() as tx:
            return len(await tx.scorecards.of_year(2026))


@pytest.fixture
async def desk(database: Database, clock: Clock) -> Desk:
    await load_seed(database)
    return Desk(database, clock)


@pytest.fixture
async def lite(sqlite_database: Database, clock: Clock) -> Desk:
    await load_seed(sqlite_database)
    return Desk(sqlite_database, clock)


# ── Sets and units ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_wards_of_a_year_are_those_that_stood_at_its_end(desk: Desk) -> None:
    assert len(await desk.cards.units(2023)) == 11
    assert len(await desk.cards.units(2024)) == 11
    assert [unit.code for unit in await desk.cards.units(2025)] == sorted(
        ("29242", "29254", "29263", "29398", "29512", "29516")
    )


async def test_what_ships_is_there_from_the_start(lite: Desk) -> None:
    assert tuple(criteria.id for criteria in await lite.cards.sets()) == IDS
    with pytest.raises(NoSuchSet):
        await lite.cards.card("qd1579", WARD, 2026)


async def test_the_22_come_in_by_workbook_and_a_corrected_one_replaces_them(desk: Desk) -> None:
    about = {"id": "5764-2026", "source": "Văn bản 99/HD-BCA", "valid_from": date(2026, 1, 1)}
    await desk.cards.import_set("khung.xlsx", workbook(ONE), **about)
    desk.clock.advance(minutes=1)
    await desk.cards.import_set("khung.xlsx", workbook([*ONE[:2], "Đảng bộ phường …", *ONE[3:]]), **about)

    found = [criteria for criteria in await desk.cards.sets() if criteria.id == "5764-2026"]

    assert [each.criterion("5764.1").quotes[0].text for each in found] == ["Đảng bộ phường …"]
    assert found[0].pass_rule is not None
    assert found[0].pass_rule.is_assumed
    assert "giả định" in (await desk.cards.card("5764-2026", WARD, 2026)).overall.text


async def test_a_workbook_with_faults_is_refused_with_rows_and_nothing_is_added(lite: Desk) -> None:
    with pytest.raises(Faults) as refused:
        await lite.cards.import_set(
            "khung.xlsx", workbook([99, *ONE[1:]]), id="x", source="y", valid_from=date(2026, 1, 1)
        )

    assert "dòng 2" in str(refused.value)
    assert len(await lite.cards.sets()) == len(IDS)


async def test_a_set_that_ships_is_not_replaced(lite: Desk) -> None:
    with pytest.raises(ValueError, match="an id of its own"):
        await lite.cards.add_set(replace(QD1578, name="Một bộ khác"))


async def test_evidence_for_one_wording_does_not_speak_of_another(desk: Desk) -> None:
    about = {"id": "5764-2026", "source": "Văn bản 99/HD-BCA", "valid_from": date(2026, 1, 1)}
    await desk.cards.import_set("khung.xlsx", workbook(ONE), **about)
    entered = await desk.cards.enter("5764-2026", WARD, 2026, "5764.1", True, document=PAPER, by="An")
    await desk.cards.countersign(entered.id, by="Bình")
    desk.clock.advance(minutes=1)
    before = await desk.cards.card("5764-2026", WARD, 2026)

    desk.clock.advance(minutes=1)
    await desk.cards.import_set("khung.xlsx", workbook([*ONE[:2], "Chi bộ phường …", *ONE[3:]]), **about)

    assert before.line("5764.1").verdict is Verdict.MET
    assert (await desk.cards.card("5764-2026", WARD, 2026)).line("5764.1").verdict is Verdict.NO_BASIS
    then = await desk.cards.card("5764-2026", WARD, 2026, as_of=desk.clock() - timedelta(seconds=30))
    assert then.line("5764.1").verdict is Verdict.MET


# ── Evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_one_person_entered_counts_once_another_has_signed(desk: Desk) -> None:
    entered = await desk.enters("R1.1")
    assert await desk.verdict("R1.1") is Verdict.NO_BASIS
    assert [each.entered for each in await desk.cards.waiting(2026)] == [entered]

    await desk.cards.countersign(entered.id, by="Bình")

    assert await desk.verdict("R1.1") is Verdict.MET
    assert await desk.cards.waiting(2026) == ()


async def test_it_is_another_person(desk: Desk) -> None:
    entered = await desk.enters("R1.1")

    with pytest.raises(SamePerson):
        await desk.cards.countersign(entered.id, by=" AN ")
    with pytest.raises(SamePerson):
        await desk.cards.withdraw(entered.id, by="An", confirmed_by="an", reason="nhầm")
    assert await desk.records() == 1


async def test_a_withdrawal_says_why_and_leaves_what_was_entered_on_record(desk: Desk) -> None:
    entered = await desk.has_signed("R1.1")
    before = desk.clock()
    desk.clock.advance(hours=1)
    with pytest.raises(NotFitting):
        await desk.cards.withdraw(entered.id, by="An", confirmed_by="Bình", reason="  ")

    await desk.cards.withdraw(entered.id, by="An", confirmed_by="Bình", reason="nhập nhầm phường")

    assert await desk.verdict("R1.1") is Verdict.NO_BASIS
    assert await desk.verdict("R1.1", as_of=before) is Verdict.MET
    assert await desk.records() == 3


async def test_nothing_is_signed_or_withdrawn_twice(desk: Desk) -> None:
    entered = await desk.has_signed("R1.1")
    with pytest.raises(NotReady):
        await desk.cards.countersign(entered.id, by="Chi")
    await desk.cards.withdraw(entered.id, by="An", confirmed_by="Bình", reason="nhầm")

    with pytest.raises(NotReady):
        await desk.cards.withdraw(entered.id, by="An", confirmed_by="Bình", reason="nhầm")
    with pytest.raises(NoSuchRecord):
        await desk.cards.countersign("00000000", by="Chi")


@pytest.mark.parametrize(
    ("criterion", "value", "unit", "year", "refusal"),
    [
        ("R1.1", 3, WARD, 2026, NotFitting),
        ("R4.1", True, WARD, 2026, NotFitting),
        ("R7.1", Proportion(9, 10), WARD, 2026, NotFitting),  # only a survey shows it
        ("T7.3", Proportion(9, 10), WARD, 2026, NotFitting),  # only the register does
        ("R9.9", True, WARD, 2026, KeyError),
        ("R1.1", True, "00000", 2026, NoSuchUnit),
        ("R1.1", True, "86", 2026, NoSuchUnit),
        ("R1.1", True, "TV-P4", 2026, NoSuchUnit),
        ("R1.1", True, WARD, 2024, NoSuchUnit),
        ("R1.1", True, WARD, 2027, NotYet),
        ("R1.1", True, "TV-P4", 2022, NoSuchUnit),
    ],
)
async def test_what_does_not_fit_is_refused_and_not_written(
    lite: Desk, criterion: str, value: Value, unit: str, year: int, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await lite.enters(criterion, value, unit, year)

    assert await lite.records() == 0


async def test_a_set_out_of_force_takes_nothing(lite: Desk) -> None:
    ended = replace(QD1578, id="cu", valid_to=date(2025, 6, 1))
    await lite.cards.add_set(ended)

    with pytest.raises(NotInForce):
        await lite.cards.enter("cu", WARD, 2026, "R1.1", True, document=PAPER, by="An")
    with pytest.raises(NotInForce):
        await lite.cards.card("cu", WARD, 2026)


async def test_a_document_from_the_future_is_refused(lite: Desk) -> None:
    tomorrow = Document("1/QĐ", date(2026, 11, 23))

    with pytest.raises(NotFitting):
        await lite.cards.enter("qd1578", WARD, 2026, "R1.1", True, document=tomorrow, by="An")


async def test_the_database_itself_refuses_to_change_or_forget_a_record(desk: Desk) -> None:
    await desk.enters("R1.1")
    for deed in (update(rows.Record).values(body="{}"), delete(rows.Record)):
        with pytest.raises(Exception, match="records is append-only"):
            async with desk.db.transaction() as tx:
                await tx._connection.run(Prepared(deed))
    assert await desk.records() == 1


async def test_a_line_that_is_not_as_we_write_it_is_not_judged_by(lite: Desk) -> None:
    entered = await lite.enters("R1.1")
    async with lite.db.transaction() as tx:
        forged = (
            f'{{"evidence": "{entered.digest}", "officer": "x", "signed_at": "2026-11-22T01:30:00+00:00"}}'
        )
        await tx._connection.run(
            ADD_RECORD, id="forged", kind="signature", unit=WARD, year=2026, body=forged, at=lite.clock()
        )

    with pytest.raises(BadDeed):
        await lite.verdict("R1.1")


# ── The dossier register ─────────────────────────────────────────────────────────────────────────────────────────


def register(*lines: str) -> bytes:
    return REGISTER.format(rows="\n".join(lines)).encode()


async def test_a_register_gives_the_tenth_early_and_waits_for_another_person(desk: Desk) -> None:
    made = await desk.cards.import_register(
        "so.csv", register(f"{WARD},2026-01,1000,99,5", f"{OTHER_WARD},2026-01,1000,100,5"), 2026,
        document=PAPER, by="An",
    )  # fmt: skip
    early = {entered.unit: entered for entered in made if entered.criterion == "T7.3"}
    assert await desk.verdict("T7.3") is Verdict.NO_BASIS

    for entered in made:
        await desk.cards.countersign(entered.id, by="Bình")

    assert early[WARD].value == Proportion(99, 1000)
    assert await desk.verdict("T7.3") is Verdict.NOT_MET  # 9.9 % is not 10 %
    other = await desk.cards.card("qd1578", OTHER_WARD, 2026)
    assert other.line("T7.3").verdict is Verdict.MET
    shown = await desk.cards.register(WARD, 2026)
    totals = shown and shown.of(WARD, 2026)
    assert totals
    assert (totals.resolved, totals.early, totals.late) == (1000, 99, 5)
    assert await desk.cards.register("29512", 2026) is None


async def test_one_bad_row_refuses_the_whole_register(lite: Desk) -> None:
    with pytest.raises(Faults) as refused:
        await lite.cards.import_register(
            "so.csv", register(f"{WARD},2026-01,10,1,0", "99999,2026-01,10,1,0", f"{WARD},2026-02,10,x,0"), 2026,
            document=PAPER, by="An",
        )  # fmt: skip

    assert [fault.row for fault in refused.value.faults] == [3, 4]
    assert await lite.records() == 0


async def test_the_same_file_is_not_counted_twice_and_a_newer_one_replaces_it_when_signed(desk: Desk) -> None:
    first = await desk.cards.import_register(
        "so.csv", register(f"{WARD},2026-01,100,50,0"), 2026, document=PAPER, by="An"
    )
    for entered in first:
        await desk.cards.countersign(entered.id, by="Bình")
    with pytest.raises(NotReady):
        await desk.cards.import_register(
            "so.csv", register(f"{WARD},2026-01,100,50,0"), 2026, document=PAPER, by="An"
        )
    desk.clock.advance(days=1)
    second = await desk.cards.import_register(
        "so.csv", register(f"{WARD},2026-01,100,5,0"), 2026, document=PAPER, by="An"
    )

    # What stands is still the first one, on the card and beside it.
    shown = await desk.cards.register(WARD, 2026)
    assert shown is not None
    assert shown.of(WARD, 2026).early == 50
    assert await desk.verdict("T7.3") is Verdict.MET
    for entered in second:
        await desk.cards.countersign(entered.id, by="Bình")
    shown = await desk.cards.register(WARD, 2026)
    assert shown is not None
    assert shown.of(WARD, 2026).early == 5
    assert await desk.verdict("T7.3") is Verdict.NOT_MET


# ── What surveys feed ────────────────────────────────────────────────────────────────────────────────────────────


def released_of(lines: tuple[str, ...], unit: str) -> str:
    return next(line for line in lines if documents.read(line)["unit"] == unit)


async def test_a_release_feeds_its_criteria_by_itself_and_from_its_own_moment(desk: Desk) -> None:
    before = desk.clock()
    desk.clock.advance(hours=1)

    lines = await a_released_wave(desk.db, desk.ledger, desk.clock)

    line = released_of(lines, WARD)
    card = await desk.cards.card("qd1578", WARD, 2026)
    expected = fed_by_release(
        QD1578, ReleasedWard.from_json(line), 2026, documents.fingerprint(line), desk.clock()
    )
    assert sorted(map(repr, card.standing.surveys)) == sorted(map(repr, expected))
    assert card.line("T2.1").verdict is Verdict.MET
    assert (await desk.cards.card("qd1578", WARD, 2026, as_of=before)).standing.surveys == ()
    assert (await desk.cards.card("qd1578", WARD, 2025)).standing.surveys == ()


async def test_a_set_imported_later_sees_earlier_releases_too(lite: Desk) -> None:
    await a_released_wave(lite.db, lite.ledger, lite.clock)
    lite.clock.advance(hours=1)

    await lite.cards.add_set(replace(QD1578, id="qd-moi"))

    assert (await lite.cards.card("qd-moi", WARD, 2026)).line("T2.1").verdict is Verdict.MET


async def test_a_line_of_a_release_that_is_no_wards_feeds_nothing(lite: Desk) -> None:
    lines = await a_released_wave(lite.db, lite.ledger, lite.clock)
    async with lite.db.transaction() as tx:
        [wave] = await tx.waves.all()
        assert wave.id is not None
        whole = released_of(lines, WARD).replace(f'"unit":"{WARD}"', '"unit":"86"')
        await tx.releases.add(wave.id, "86", whole, lite.clock())

    cards_of_all = await lite.cards.cards("qd1578", 2026)

    assert "86" not in cards_of_all
    assert {one.unit for card in cards_of_all.values() for one in card.standing.surveys} <= set(cards_of_all)


# ── Terms and what-if ────────────────────────────────────────────────────────────────────────────────────────────


async def test_terms_hold_for_all_wards_from_when_they_were_set(desk: Desk) -> None:
    await a_released_wave(desk.db, desk.ledger, desk.clock)
    desk.clock.advance(hours=1)
    before = await desk.cards.card("qd1578", WARD, 2026)

    await desk.cards.set_terms(
        "qd1578", 2026, {"R7.1": Fraction(1, 100)}, by="Giám đốc", source="KH 7/KH-CAT", minimum=30
    )

    after = await desk.cards.card("qd1578", WARD, 2026)
    assert before.terms == Terms(10)
    assert after.terms == Terms(30, {"R7.1": Threshold(Fraction(1, 100))})
    assert (before.line("R7.1").reason, after.line("R7.1").verdict) == ("no_threshold", Verdict.MET)
    then = await desk.cards.card("qd1578", WARD, 2026, as_of=desk.clock() - timedelta(minutes=1))
    assert then.terms == before.terms
    set_last = (await desk.cards.book(2026)).terms_set("qd1578")
    assert set_last is not None
    assert set_last.source == "KH 7/KH-CAT"


async def test_what_the_source_sets_is_not_ours_to_set(lite: Desk) -> None:
    with pytest.raises(FixedBySource):
        await lite.cards.set_terms("qd1578", 2026, {"T7.3": Fraction(1, 20)}, by="An", source="KH 7")
    with pytest.raises(KeyError):
        await lite.cards.set_terms("qd1578", 2026, {"X": Fraction(1, 20)}, by="An", source="KH 7")
    with pytest.raises(NotFitting):
        await lite.cards.set_terms("qd1578", 2026, {"R7.1": Fraction(9, 10)}, by="An", source=" ")
    assert await lite.records() == 0


async def test_a_what_if_saves_nothing(lite: Desk) -> None:
    await lite.has_signed("T2.3", 9)

    tried = await lite.cards.what_if("qd1578", WARD, 2026, {"T2.3": Fraction(9)})

    assert [(change.criterion, change.after) for change in tried.changes] == [("T2.3", Verdict.MET)]
    assert tried.after.is_what_if
    assert await lite.verdict("T2.3") is Verdict.NOT_MET
    assert await lite.records() == 2


# ── Freezing ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_frozen_card_is_in_the_ledger_with_its_hash_and_can_be_concluded_again(desk: Desk) -> None:
    await desk.has_signed("R1.1")

    frozen = await desk.freezes()

    entry = read_entry((await desk.entries())[-1])
    assert entry.number == frozen.entry
    assert entry.record == cards.recorded(frozen.frozen)
    assert recompute(frozen.frozen, QD1578).line("R1.1").verdict is Verdict.MET
    assert frozen.signed_by == ("Giám đốc", "Chánh văn phòng")
    kept = (await desk.cards.frozen("qd1578", 2026))[WARD]
    assert kept == frozen
    async with desk.db.reading() as tx:
        assert await tx.scorecards.set_line(QD1578.digest) == cards.set_line(QD1578)
        assert await tx.scorecards.card(frozen.frozen.digest) is not None


async def test_cards_that_rest_on_a_release_pass_the_auditors_check(desk: Desk) -> None:
    lines = await a_released_wave(desk.db, desk.ledger, desk.clock)
    desk.clock.advance(days=1)
    await desk.has_signed("R1.1")
    frozen = [await desk.freezes(unit) for unit in (OTHER_WARD, WARD)]

    ledger = tuple(await desk.entries())
    package = replace(
        province.honest(),
        ledger=ledger,
        head=province.head(ledger),
        scorecards=tuple(each.frozen.body for each in frozen),
        sets=(cards.set_line(QD1578),),
    )

    assert released_of(lines, WARD) in package.release
    assert verify(province.opened(package.bytes()), province.OURS.key).scorecards == 2


async def test_nobody_freezes_a_card_alone_and_then_the_ledger_says_nothing(desk: Desk) -> None:
    with pytest.raises(SamePerson):
        await desk.cards.freeze("qd1578", WARD, 2026, by="Giám đốc", countersigned_by=" giám đốc")

    assert await desk.entries() == []
    assert await desk.records() == 0


async def test_what_waits_for_a_signature_is_settled_first(desk: Desk) -> None:
    entered = await desk.enters("R1.1")
    with pytest.raises(NotReady, match=entered.id):
        await desk.freezes()
    await desk.cards.withdraw(entered.id, by="An", confirmed_by="Bình", reason="nhầm")

    assert (await desk.freezes()).entry == 1


async def test_a_yearly_survey_under_way_is_waited_for_a_visit_rating_is_not(lite: Desk) -> None:
    await a_released_wave(lite.db, lite.ledger, lite.clock, state="closed")

    with pytest.raises(NotReady, match=province.SLUG):
        await lite.freezes()


async def test_visit_ratings_are_not_waited_for(lite: Desk) -> None:
    await a_released_wave(lite.db, lite.ledger, lite.clock, audience="visits", state="open")

    assert (await lite.freezes()).entry == 1


async def test_after_freezing_it_is_too_late(desk: Desk) -> None:
    entered = await desk.has_signed("R1.1")
    await desk.freezes()
    desk.clock.advance(days=1)

    for late in (
        desk.enters("R1.2"),
        desk.cards.withdraw(entered.id, by="An", confirmed_by="Bình", reason="nhầm"),
        desk.cards.set_terms("qd1578", 2026, {}, by="An", source="KH 7", minimum=5),
        desk.cards.import_register(
            "so.csv", register(f"{WARD},2026-01,9,1,0"), 2026, document=PAPER, by="An"
        ),
        desk.freezes(),
    ):
        with pytest.raises(TooLate):
            await late
    assert len(await desk.entries()) == 1
    await desk.enters("R1.2", unit=OTHER_WARD)  # another ward's card is still open


async def test_a_year_to_come_is_not_frozen(lite: Desk) -> None:
    with pytest.raises(NotYet):
        await lite.freezes(year=2027)


# ── Appeals ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_granted_appeal_leads_to_another_card_that_says_so(desk: Desk) -> None:
    await desk.has_signed("R1.1", False)
    first = await desk.freezes()
    desk.clock.advance(days=1)
    appeal = await desk.cards.appeal(
        "qd1578", WARD, 2026, "R1.1", by="Trưởng CAP", reason="Có quyết định mới"
    )
    with pytest.raises(NotReady):
        await desk.freezes()
    await desk.cards.decide(appeal.id, Outcome.ACCEPTED, by="Giám đốc", reason="Đúng")
    await desk.has_signed("R1.1", True)

    second = await desk.freezes()

    assert second.supersedes is not None
    assert (second.supersedes.scorecard, second.supersedes.appeal) == (first.frozen.digest, appeal.id)
    newest = (await desk.cards.frozen("qd1578", 2026))[WARD]
    assert newest == second
    assert newest.card(QD1578).line("R1.1").verdict is Verdict.MET
    assert len(await desk.entries()) == 2
    old = (await desk.cards.book(2026)).frozen_card(first.frozen.digest)
    assert old is not None
    assert [contest.is_granted for contest in old.appeals] == [True]
    with pytest.raises(TooLate):
        await desk.freezes()


async def test_a_rejected_appeal_leaves_the_card_as_it_stands(desk: Desk) -> None:
    await desk.freezes()
    appeal = await desk.cards.appeal("qd1578", WARD, 2026, "R1.1", by="Trưởng CAP", reason="Thiếu văn bản")

    await desk.cards.decide(appeal.id, Outcome.REJECTED, by="Giám đốc", reason="Văn bản không thuộc năm nay")

    with pytest.raises(TooLate):
        await desk.freezes()
    [contest] = (await desk.cards.frozen("qd1578", 2026))[WARD].appeals
    assert (contest.is_open, contest.is_granted) == (False, False)


async def test_whoever_appeals_does_not_decide_and_nothing_is_decided_twice(desk: Desk) -> None:
    await desk.freezes()
    appeal = await desk.cards.appeal("qd1578", WARD, 2026, "R1.1", by="Trưởng CAP", reason="Thiếu văn bản")

    with pytest.raises(SamePerson):
        await desk.cards.decide(appeal.id, Outcome.ACCEPTED, by="trưởng cap", reason="Tôi thấy đúng")
    await desk.cards.decide(appeal.id, Outcome.WITHDRAWN, by="Trưởng CAP", reason="Đã rõ")
    with pytest.raises(NotReady):
        await desk.cards.decide(appeal.id, Outcome.ACCEPTED, by="Giám đốc", reason="Đúng")
    with pytest.raises(NoSuchRecord):
        await desk.cards.decide("00000000", Outcome.ACCEPTED, by="Giám đốc", reason="Đúng")


async def test_there_is_no_appeal_against_what_is_not_frozen(lite: Desk) -> None:
    with pytest.raises(NoSuchRecord):
        await lite.cards.appeal("qd1578", WARD, 2026, "R1.1", by="Trưởng CAP", reason="Sai")
    await lite.freezes()
    with pytest.raises(KeyError):
        await lite.cards.appeal("qd1578", WARD, 2026, "R9.9", by="Trưởng CAP", reason="Sai")


# ── Roadmap and lineage ──────────────────────────────────────────────────────────────────────────────────────────


async def test_the_roadmap_is_held_against_what_is_scored_and_concludes_nothing_over_another_denominator(
    lite: Desk,
) -> None:
    await lite.enters("R1.1")

    held = {each.roadmap.id: each for each in await lite.cards.roadmap(2026, "khung-5764")}

    states = {step.target.year: step.state for step in held["tra-vinh"].steps}
    assert states[2026] is State.OTHER_DENOMINATOR  # eleven wards are six today
    assert states[2024] is states[2027] is State.NO_SCORES
    assert {step.state for step in held["ha-tinh"].steps} == {State.NO_SCORES}  # another province's
    assert held["ca-nuoc"].steps[0].state is State.NO_SCORES


async def test_earlier_wards_are_read_as_todays_only_when_asked(lite: Desk) -> None:
    lite.clock.moment = datetime(2024, 11, 1, tzinfo=UTC)
    paper = replace(PAPER, issued_on=date(2024, 9, 1))
    for unit, value in (("TV-P7", True), ("TV-P8", False)):
        entered = await lite.cards.enter("qd1578", unit, 2024, "R1.1", value, document=paper, by="An")
        await lite.cards.countersign(entered.id, by="Bình")
    await lite.freezes("TV-P7", 2024)
    lite.clock.moment = datetime(2026, 11, 1, tzinfo=UTC)

    read = await lite.cards.restated("qd1578", "29254", date(2024, 6, 1))

    line = next(line for line in read.lines if line.criterion == "R1.1")
    assert (line.verdict, line.met, line.failed) == (Verdict.NOT_MET, 1, 1)
    assert set(read.parts) >= {"TV-P7", "TV-P8"}
    with pytest.raises(ValueError, match="existed"):
        await lite.cards.restated("qd1578", "29254", date(2026, 6, 1))


# ── Any order of deeds ───────────────────────────────────────────────────────────────────────────────────────────

VALUES: dict[str, st.SearchStrategy[Value]] = {
    "R1.1": st.booleans(),
    "T2.3": st.integers(0, 20),
    "R2.4": st.builds(lambda n, more: Proportion(n, n + more), st.integers(0, 9), st.integers(1, 5)),
}
OFFICERS = st.sampled_from(("An", "an ", "Bình", "Chi"))
DEEDS = st.one_of(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda criterion: st.tuples(st.just("enter"), st.just(criterion), VALUES[criterion], OFFICERS)
    ),
    st.tuples(st.just("sign"), st.integers(0, 5), OFFICERS),
    st.tuples(st.just("withdraw"), st.integers(0, 5), OFFICERS, OFFICERS),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(DEEDS, min_size=1, max_size=12), st.integers())
def test_any_order_of_deeds_gives_the_card_that_follows_from_the_same_records(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple], seed: int
) -> None:
    path = tmp_path_factory.mktemp("deeds") / "langnghe.sqlite"
    shutil.copyfile(sqlite_template, path)

    async def live() -> None:
        db = await Database.open(f"sqlite:///{path}")
        clock = Clock(datetime(2026, 11, 22, 1, 30, tzinfo=UTC))
        await load_seed(db)
        desk = Desk(db, clock)
        entered: list[Entered] = []
        signatures, withdrawals = [], []
        moments = [clock()]
        for deed in deeds:
            clock.advance(minutes=1)
            moments.append(clock())
            match deed:
                case ("enter", criterion, value, officer):
                    entered.append(
                        await desk.cards.enter(
                            "qd1578", WARD, 2026, criterion, value, document=PAPER, by=officer
                        )
                    )
                case ("sign", place, officer) if place < len(entered):
                    try:
                        signatures.append(countersign(entered[place], officer, clock()))
                        await desk.cards.countersign(entered[place].id, by=officer)
                    except (SamePerson, NotReady):
                        pass
                case ("withdraw", place, officer, other) if place < len(entered):
                    try:
                        withdrawals.append(withdraw(entered[place], officer, other, clock(), "nhầm"))
                        await desk.cards.withdraw(
                            entered[place].id, by=officer, confirmed_by=other, reason="nhầm"
                        )
                    except (SamePerson, NotReady):
                        pass
        shuffled = [list(each) for each in (entered, signatures, withdrawals)]
        for each in shuffled:
            Random(seed).shuffle(each)
        records = Records(*map(tuple, shuffled))
        for moment in moments:
            kept = await desk.cards.card("qd1578", WARD, 2026, as_of=moment)
            followed = score(QD1578, records.standing(WARD, 2026, moment), Terms(10))
            assert kept.lines == followed.lines
            assert kept.overall == followed.overall
        await db.close()

    asyncio.run(live())
