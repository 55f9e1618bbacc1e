"""What a verdict may rest on, and who stands for it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.assessment import Seen
from surveys.disclosure import Bound, Side
from surveys.releases import Line, QuestionTable, ReleasedWard, ReleasedWave
from surveys.results import Grade, Proportion
from surveys.scorecard import (
    Document,
    NotFitting,
    NotYet,
    Records,
    SamePerson,
    Signature,
    Withdrawal,
    countersign,
    enter,
    fed_by_release,
    load_set,
    withdraw,
)
from surveys.scorecard.criteria import Basis
from surveys.scorecard.evidence import same_officer
from tests.surveys.scorecard.made import HOUR, LATER, NOON, WARD, entry, fed, share, signed, standing

QD1578 = load_set("qd1578")
MINUTE = timedelta(minutes=1)

# ── Entering ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("criterion", "value"),
    [
        ("R1.1", True),
        ("R1.1", False),
        ("R4.1", 0),
        ("T2.3", 10),
        ("R2.4", share(18, 18)),
        ("T5.2", None),
        ("T2.1", True),
    ],
)
def test_a_value_that_fits_its_criterion_is_taken(criterion, value):
    assert enter(QD1578, entry(criterion, value)).value == value


@pytest.mark.parametrize(
    ("criterion", "value"),
    [
        ("R1.1", 1),
        ("R1.1", None),
        ("R1.1", share(1, 1)),
        ("R4.1", True),
        ("R4.1", -1),
        ("R4.1", None),
        ("R4.1", share(0, 1)),
        ("R2.4", True),
        ("R2.4", 18),
        ("T7.1", share(1, 2)),  # residents say whether procedures are posted, not officers
        ("T7.3", share(1, 2)),  # only the register
    ],
)
def test_a_value_that_does_not_fit_is_refused(criterion, value):
    with pytest.raises(NotFitting):
        enter(QD1578, entry(criterion, value))


def test_the_register_speaks_for_what_is_the_registers():
    assert enter(QD1578, entry("T7.3", share(1, 2), basis=Basis.REGISTER)).basis is Basis.REGISTER
    with pytest.raises(NotFitting):
        enter(QD1578, entry("R2.4", share(1, 2), basis=Basis.REGISTER))
    with pytest.raises(NotFitting):
        enter(QD1578, entry("T2.1", True, basis=Basis.SURVEY_HELD))


def test_a_slot_takes_nothing_before_its_wording_is_known():
    with pytest.raises(NotFitting, match="wording"):
        enter(load_set("khung-5764"), entry("5764.1"))


def test_an_unknown_criterion_is_refused():
    with pytest.raises(KeyError):
        enter(QD1578, entry("R9.9"))


@pytest.mark.parametrize(
    "change", [{"id": " "}, {"officer": ""}, {"document": Document(" ", date(2026, 9, 1))}, {"document": Document("1", date(2026, 10, 2))}]
)  # fmt: skip
def test_evidence_has_an_id_an_officer_and_a_document_that_was_there(change):
    with pytest.raises(NotFitting):
        enter(QD1578, replace(entry("R1.1"), **change))


def test_a_document_of_today_is_today_in_vietnam():
    early_morning = datetime(2026, 11, 14, 23, 30, tzinfo=UTC)  # 15/11, 06:30 in Trà Vinh
    paper = Document("1", date(2026, 11, 15))

    assert enter(QD1578, replace(entry("R1.1"), document=paper, entered_at=early_morning))


# ── Two persons ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("officer", ["an", "AN", " an ", "", "  "])
def test_nobody_countersigns_what_they_entered(officer):
    with pytest.raises(SamePerson):
        countersign(entry("R1.1"), officer, NOON)


def test_another_person_countersigns_exactly_what_was_entered():
    entered = entry("R1.1")

    assert countersign(entered, "binh", NOON) == Signature(entered.digest, "binh", NOON)
    with pytest.raises(NotYet):
        countersign(entered, "binh", NOON - MINUTE)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"criterion": "R1.2"},
        {"unit": "29263"},
        {"year": 2025},
        {"value": False},
        {"value": 1},
        {"document": Document("126/QĐ-CAT", date(2026, 9, 1), "Quyết định công nhận")},
        {"document": Document("125/QĐ-CAT", date(2026, 9, 2), "Quyết định công nhận")},
        {"document": Document("125/QĐ-CAT", date(2026, 9, 1), "?")},
        {"document": Document("125/QĐ-CAT", date(2026, 9, 1), "Quyết định công nhận", "ab")},
        {"officer": "chi"},
        {"entered_at": NOON + MINUTE},
        {"basis": Basis.REGISTER},
        {"note": "x"},
    ],
)
def test_a_signature_covers_every_word(change):
    entered = entry("R1.1", True)

    assert replace(entered, **change).digest != entered.digest


def test_the_digest_does_not_hang_on_the_time_zone():
    hanoi = timezone(timedelta(hours=7))

    assert replace(entry("R1.1"), entered_at=NOON.astimezone(hanoi)).digest == entry("R1.1").digest


def test_only_another_persons_signature_makes_evidence_stand():
    entered = entry("R1.1")
    right = countersign(entered, "binh", NOON + HOUR)
    wrong = [
        replace(right, officer="An"),
        replace(right, officer=""),
        replace(right, evidence=entry("R1.2").digest),
        replace(right, signed_at=NOON - MINUTE),
    ]

    for signature in wrong:
        found = standing(Records((entered,), (signature,)))
        assert found.signed == ()
        assert found.unsigned == (entered,)
    assert standing(Records((entered,), (*wrong, right))).entry("R1.1", Basis.ENTERED).signature == right


def test_the_first_signature_that_holds_is_the_signature():
    entered = entry("R1.1")
    first, second = countersign(entered, "binh", NOON + HOUR), countersign(entered, "chi", NOON + 2 * HOUR)

    assert standing(Records((entered,), (second, first))).signed[0].signature == first


# ── What stood when ──────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_not_yet_entered_or_signed_did_not_stand():
    records = signed(entry("R1.1"))

    assert standing(records, as_of=NOON - MINUTE).unsigned == ()
    assert standing(records, as_of=NOON).unsigned == records.entered
    assert standing(records, as_of=NOON + HOUR - MINUTE).signed == ()
    assert standing(records, as_of=NOON + HOUR).signed[0].entered == records.entered[0]
    assert standing(records, as_of=NOON + HOUR).unsigned == ()


def test_a_new_entry_replaces_the_old_one_only_once_it_is_countersigned():
    old, new = entry("R1.1", True, id="old"), entry("R1.1", False, id="new", at=NOON + 5 * HOUR)
    records = signed(old, new)

    before, after = (standing(records, as_of=NOON + hours * HOUR) for hours in (5, 6))

    assert before.signed[0].entered == old
    assert before.unsigned == (new,)
    assert before.is_waiting("R1.1", Basis.ENTERED)
    assert after.signed[0].entered == new
    assert len(after.signed) == 1
    assert not after.is_waiting("R1.1", Basis.ENTERED)
    assert not before.is_waiting("R1.2", Basis.ENTERED)
    assert not before.is_waiting("R1.1", Basis.REGISTER)


def test_the_one_countersigned_last_stands_even_if_it_was_entered_first():
    first, second = entry("R1.1", True, id="first"), entry("R1.1", False, id="second", at=NOON + HOUR)
    records = Records(
        (first, second),
        (countersign(second, "binh", NOON + 2 * HOUR), countersign(first, "binh", NOON + 3 * HOUR)),
    )

    assert standing(records).signed[0].entered == first


@given(st.permutations(["a", "b", "c", "d"]))
def test_what_stands_does_not_hang_on_the_order_of_records(order):
    entries = {
        id: entry("R1.1", id in "ac", id=id, at=NOON + (HOUR if id in "ab" else 2 * HOUR)) for id in "abcd"
    }
    records = signed(*(entries[id] for id in order), after=3 * HOUR)
    shuffled = Records(records.entered, tuple(reversed(records.signatures)))

    assert standing(records) == standing(shuffled) == standing(signed(*entries.values(), after=3 * HOUR))
    assert standing(records).signed[0].entered.id == "d"


def test_evidence_of_another_unit_or_year_is_not_ours():
    records = signed(
        entry("R1.1", unit="29263"), entry("R1.2", year=2025),
        surveys=(fed("T2.1", unit="29263"), fed("T2.1", year=2025)),
    )  # fmt: skip

    assert standing(records).signed == standing(records).surveys == ()
    assert standing(records, unit="29263").signed
    assert standing(records, year=2025).surveys


def test_a_release_stands_from_the_moment_it_was_published():
    records = Records(surveys=(fed("T2.1", at=NOON), fed("T2.1", wave="b", at=NOON)))

    assert standing(records, as_of=NOON - MINUTE).surveys == ()
    assert standing(records, as_of=NOON).fed("T2.1") == records.surveys[::-1]
    assert standing(records).fed("T2.2") == ()


# ── Withdrawing ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_two_persons_withdraw_no_longer_stands_from_then_on():
    entered = entry("R1.1")
    gone = withdraw(entered, "an", "binh", NOON + 9 * HOUR, "nhập nhầm phường")
    records = replace(signed(entered), withdrawals=(gone,))

    assert standing(records, as_of=NOON + 9 * HOUR - MINUTE).signed
    after = standing(records, as_of=NOON + 9 * HOUR)
    assert after.signed == after.unsigned == ()


def test_a_withdrawal_needs_another_person_a_reason_and_something_to_withdraw():
    with pytest.raises(SamePerson):
        withdraw(entry("R1.1"), "an", "AN", NOON, "x")
    with pytest.raises(NotFitting):
        withdraw(entry("R1.1"), "an", "binh", NOON, " ")
    with pytest.raises(NotYet):
        withdraw(entry("R1.1"), "an", "binh", NOON - MINUTE, "x")
    assert withdraw(entry("R1.1"), "an", "binh", NOON, "x").reason == "x"


def test_a_withdrawal_that_one_person_made_up_withdraws_nothing():
    entered = entry("R1.1")
    alone = Withdrawal(entered.digest, "an", " An", NOON + HOUR, "x")

    assert standing(replace(signed(entered), withdrawals=(alone,))).signed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("an", "binh", False), ("an", "An ", True), ("", "an", True), ("an", " ", True)],
)
def test_who_is_another_person(one, other, same):
    assert same_officer(one, other) is same


# ── From a release ───────────────────────────────────────────────────────────────────────────────────────────────


def line(name: str, counts: tuple[int, int] | None = None, bound: Bound | None = None) -> Line:
    return Line(name, {"vi": name}, Proportion(*counts) if counts else None, bound)


def scale(feeds: str | None, index: Line, n: int | None = 100) -> QuestionTable:
    return QuestionTable("thai_do", {"vi": "?"}, "satisfaction", feeds, n, index, None, ())


def choices(role: str, *answers: Line, n: int | None = 100, feeds: str = "S1:L121:niem-yet") -> QuestionTable:
    return QuestionTable("niem_yet", {"vi": "?"}, role, feeds, n, None, None, answers)


def released(*questions: QuestionTable, audience: str = "residents") -> ReleasedWard:
    wave = ReleasedWave("nam-2026", "Năm 2026", audience, 10, Decimal("0.9"), "f 1", line("index"), ())
    nothing = line("x")
    return ReleasedWard(
        wave, WARD, "phường Trà Vinh", 400, 100, Grade.B, nothing, nothing, nothing, questions, (), (), None
    )


def seen_of(*questions: QuestionTable) -> list[Seen | None]:
    return [one.seen for one in fed_by_release(QD1578, released(*questions), 2026, "cd" * 32, NOON)]


def test_a_release_feeds_the_criteria_its_questions_name():
    found = fed_by_release(
        QD1578,
        released(scale("S1:L96 S1:L88", line("index", (90, 100))), scale(None, line("index"))),
        2026,
        "cd" * 32,
        NOON,
    )

    assert [one.criterion for one in found] == ["T2.1", "R7.1"]
    assert found[0].release.wave == "nam-2026"
    assert found[0].release.digest == "cd" * 32
    assert (found[0].n, found[0].audience, found[0].question, found[0].unit) == (
        100,
        "residents",
        "thai_do",
        WARD,
    )
    assert found[0].seen == Seen.exactly(Proportion(90, 100))


def test_a_bound_is_known_as_a_bound_and_the_hidden_as_nothing():
    at_least = line("index", bound=Bound(Side.AT_LEAST, 90))

    assert seen_of(scale("S1:L88", at_least)) == [Seen(Proportion(90, 100), Proportion(100, 100))]
    assert seen_of(scale("S1:L88", at_least, n=None)) == [None]
    assert seen_of(scale("S1:L88", line("index"))) == [None]


def test_who_did_not_notice_is_no_denominator():
    answers = line("co", (60, 100)), line("khong", (20, 100)), line("0", (20, 100))

    assert seen_of(choices("posted", *answers)) == [Seen.exactly(Proportion(60, 80))]


def test_residents_word_on_time_is_the_early_ones_among_those_who_know():
    answers = (
        line("truoc_han", (30, 100)),
        line("dung_han", (40, 100)),
        line("tre_han", (10, 100)),
        line("0", (20, 100)),
    )

    assert seen_of(choices("timeliness", *answers, feeds="S1:L121:truoc-han")) == [
        Seen.exactly(Proportion(30, 80))
    ]


def test_of_choices_that_are_hidden_no_more_is_said_than_is_known():
    nearly_all = line("co", bound=Bound(Side.AT_LEAST, 90))
    hardly_any = line("co", bound=Bound(Side.AT_MOST, 10))
    hidden = line("khong")

    assert seen_of(choices("posted", nearly_all, hidden)) == [Seen(Proportion(90, 100), Proportion(100, 100))]
    assert seen_of(choices("posted", nearly_all, hidden, n=None)) == [None]
    assert seen_of(choices("posted", hardly_any, hidden)) == [None]
    assert seen_of(choices("posted", line("co", (60, 100)), hidden)) == [None]
    assert seen_of(choices("posted", hidden)) == [None]
    assert seen_of(choices("posted", line("co", (0, 100)), line("khong", (0, 100)))) == [None]
    assert seen_of(choices("conduct", line("co", (60, 100)), line("khong", (40, 100)), feeds="S1:L122")) == [
        None
    ]


def test_what_surveys_feed_has_a_digest_of_every_word():
    one = fed("T2.1", seen=(90, 100))

    assert one.digest == fed("T2.1", seen=(90, 100)).digest
    for change in (
        {"criterion": "T6.1"},
        {"unit": "29263"},
        {"year": 2025},
        {"n": None},
        {"seen": None},
        {"question": "x"},
        {"audience": "forum"},
        {"release": replace(one.release, digest="cd" * 32)},
        {"release": replace(one.release, wave="x")},
        {"release": replace(one.release, released_at=LATER)},
    ):
        assert replace(one, **change).digest != one.digest


def test_visits_are_no_yearly_survey():
    assert fed("T2.1", audience="businesses").is_yearly
    assert not fed("T2.1", audience="visits").is_yearly
