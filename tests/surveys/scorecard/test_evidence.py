"""What a verdict may rest on, and who stands for it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    load_set,
    withdraw,
)
from surveys.scorecard.criteria import Basis
from surveys.scorecard.evidence import same_officer
from tests.surveys.scorecard.made import HOUR, NOON, entry, fed, share, signed, standing

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
    [
        ("an", "binh", False),
        ("an", "An ", True),
        ("", "an", True),
        ("an", " ", True),
        ("Nguyễn Văn An", "nguyễn  văn\tan", True),
        ("Bình", "Bi\N{COMBINING GRAVE ACCENT}nh", True),  # as some keyboards put it together
        ("Bình", "Binh", True),  # as a telephone without marks
        ("An", "A\N{ZERO WIDTH SPACE}n", True),
        ("Bình", "Bính", True),  # who is really somebody else adds their rank
        ("Đại úy Bình", "Bính", False),
    ],
)
def test_who_is_another_person(one, other, same):
    assert same_officer(one, other) is same


def test_true_is_not_one_to_a_digest():
    one, true = entry("T2.3", 1, id="e"), entry("T2.3", True, id="e")

    assert one == true  # to Python
    assert one.digest != true.digest
    assert replace(one, value=2).digest not in (one.digest, true.digest)
