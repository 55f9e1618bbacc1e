"""What is put on record is read back into the very value it was, or refused."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from surveys.canonical import canonical
from surveys.results import Proportion
from surveys.scorecard import (
    Appeal,
    Decision,
    Document,
    Outcome,
    Signature,
    Terms,
    Threshold,
    Withdrawal,
    freeze,
    load_set,
)
from surveys.scorecard.book import Book
from surveys.scorecard.criteria import Quote
from surveys.scorecard.deeds import (
    Appealed,
    BadDeed,
    CardFrozen,
    Decided,
    Deed,
    EvidenceEntered,
    EvidenceSigned,
    EvidenceWithdrawn,
    RegisterHandedIn,
    TermsSet,
    line_of,
    read_deed,
    wording_of,
)
from surveys.scorecard.dossiers import Dossiers, Month, Register
from tests.surveys.scorecard.made import HOUR, LATER, NOON, card, entry, signed

QD1578 = load_set("qd1578")
ENTERED = entry("R2.4", Proportion(17, 18))
FROZEN = freeze(card(QD1578, signed(entry("R1.1"))), "giam-doc", LATER, countersigned_by="chanh-vp")
DEEDS: list[Deed] = [
    EvidenceEntered("qd1578", wording_of(QD1578.criterion("R2.4")), ENTERED),
    EvidenceSigned(Signature(ENTERED.digest, "binh", NOON + HOUR)),
    EvidenceWithdrawn(Withdrawal(ENTERED.digest, "an", "binh", NOON + 2 * HOUR, "nhầm")),
    RegisterHandedIn(
        Register("ab" * 32, (Dossiers("29242", Month(2026, 3), "cư trú", 10, 1, 0),)),
        Document("12/BC", NOON.date(), "Sổ hồ sơ", "ab" * 32),
        "an",
        NOON,
    ),
    TermsSet("qd1578", 2026, Terms(30, {"R7.1": Threshold(Fraction(37, 40))}), "an", "KH 7", NOON),
    CardFrozen(FROZEN, 7),
    Appealed(Appeal("kn-1", FROZEN.digest, "29242", "R1.1", "truong-cap", "Thiếu “văn bản”", LATER + HOUR)),
    Decided(Decision("kn-1", Outcome.ACCEPTED, "giam-doc", "Đúng", LATER + 2 * HOUR)),
]
EACH = pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.kind)


@EACH
def test_a_deed_reads_back_as_it_was_with_its_moment(deed: Deed) -> None:
    again = read_deed(deed.kind, line_of(deed))

    assert again == deed
    assert again.at == deed.at


@EACH
def test_a_line_that_lacks_something_has_more_or_is_written_otherwise_is_refused(deed: Deed) -> None:
    plain = json.loads(line_of(deed))
    lacking = [{name: value for name, value in plain.items() if name != gone} for gone in plain]
    wrong = [{**plain, name: {"x": []}} for name in plain]

    for line in (*map(canonical, [*lacking, *wrong, {**plain, "more": 1}]), json.dumps(plain), "[]", "1", ""):
        with pytest.raises(BadDeed):
            read_deed(deed.kind, line)


@EACH
def test_a_line_of_one_kind_is_none_of_another(deed: Deed) -> None:
    for other in DEEDS:
        if other.kind != deed.kind:
            with pytest.raises(BadDeed):
                read_deed(other.kind, line_of(deed))
    with pytest.raises(BadDeed):
        read_deed("survey_fed", line_of(deed))


def test_the_order_in_which_deeds_are_read_changes_nothing() -> None:
    forwards, backwards = (Book.of(2026, LATER + 3 * HOUR, deeds) for deeds in (DEEDS, DEEDS[::-1]))

    assert forwards == backwards
    assert forwards.frozen("qd1578")["29242"].replacement() is not None


def test_what_came_later_does_not_exist_yet() -> None:
    book = Book.of(2026, LATER + HOUR, DEEDS)

    assert [contest.is_open for contest in book.frozen("qd1578")["29242"].appeals] == [True]
    assert Book.of(2026, LATER - HOUR, DEEDS).frozen("qd1578") == {}
    assert Book.of(2026, NOON, DEEDS).waiting() == (DEEDS[0],)
    assert Book.of(2026, NOON + HOUR, DEEDS).waiting() == ()


def test_another_wording_or_measure_is_another_criterion_a_shorter_label_is_not() -> None:
    criterion = QD1578.criterion("R2.4")

    assert wording_of(replace(criterion, short="Cán bộ")) == wording_of(criterion)
    assert wording_of(replace(criterion, quotes=(Quote(1, "Khác"),))) != wording_of(criterion)
    assert wording_of(replace(criterion, counted="người")) != wording_of(criterion)
