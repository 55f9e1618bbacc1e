"""A scorecard on record: the same bytes, and nothing in them that does not follow."""

import json
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.assessment import Seen, Verdict
from surveys.canonical import canonical
from surveys.results import Proportion
from surveys.scorecard import (
    DoesNotFollow,
    Frozen,
    NotYet,
    Records,
    SamePerson,
    Supersedes,
    Terms,
    Threshold,
    freeze,
    load_set,
    recompute,
    what_if,
)
from surveys.scorecard.criteria import Basis
from surveys.scorecard.freezing import Untried
from tests.surveys.scorecard.made import HOUR, LATER, NOON, TERMS, all_met, card, entry, fed, share, signed

QD1578 = load_set("qd1578")
TERMS_SET = Terms(30, {"R7.1": Threshold(Fraction(9, 10)), "T7.2": Threshold(Fraction(1, 2), Fraction(1))})
RICH = Records(
    (*all_met(QD1578).entered, entry("R1.2", False, id="second", at=NOON + 9 * HOUR)),
    all_met(QD1578).signatures,
    (),
    (
        fed("T2.1"),
        fed("R7.1", seen=(350, 400)),
        fed("T7.3", seen=(30, 80), audience="visits"),
        fed("T7.1", seen=Seen(Proportion(90, 100), Proportion(100, 100))),
        fed("T7.5", n=None),
    ),
)  # fmt: skip


def frozen(records: Records = RICH, terms: Terms = TERMS_SET, **more: Any) -> Frozen:
    return freeze(card(QD1578, records, terms), "giam-doc", LATER, countersigned_by="chanh-vp", **more)


def edited(change: Any) -> Frozen:
    content = json.loads(frozen().body)
    change(content)
    return Frozen(canonical(content))


def place_of(bad: Frozen) -> str:
    with pytest.raises(DoesNotFollow) as refused:
        recompute(bad, QD1578)
    return refused.value.place


def test_the_same_card_is_the_same_bytes_and_hash():
    assert frozen() == frozen()
    assert frozen().digest == sha256(b"langnghe/scorecard/1\0" + frozen().body.encode()).hexdigest()
    other = freeze(card(QD1578, RICH, TERMS_SET), "pho-giam-doc", LATER, countersigned_by="chanh-vp")
    assert other.digest != frozen().digest


def test_what_is_frozen_can_be_concluded_again():
    found = recompute(frozen(), QD1578)

    assert found.lines == card(QD1578, RICH, TERMS_SET).lines
    assert found.overall == card(QD1578, RICH, TERMS_SET).overall
    assert found.standing == card(QD1578, RICH, TERMS_SET).standing
    assert recompute(frozen(Records(), TERMS), QD1578).line("R1.1").verdict is Verdict.NO_BASIS


def test_it_holds_the_evidence_not_only_the_verdicts():
    content = frozen().content

    assert {line["criterion"] for line in content["lines"]} == {criterion.id for criterion in QD1578.criteria}
    assert any(
        signed[0]["document"][0] == "125/QĐ-CAT" and signed[1] == "binh"
        for signed in content["evidence"]["signed"]
    )
    assert content["evidence"]["unsigned"][0]["id"] == "second"
    assert content["evidence"]["surveys"][0]["release"][2] == "ab" * 32
    assert content["supersedes"] is None


def test_a_what_if_cannot_be_frozen():
    tried = what_if(QD1578, card(QD1578, RICH), minimum=1).after

    with pytest.raises(Untried):
        freeze(tried, "giam-doc", LATER, countersigned_by="chanh-vp")


@pytest.mark.parametrize("other", ["giam-doc", " Giam-Doc ", ""])
def test_nobody_freezes_a_card_alone(other):
    with pytest.raises(SamePerson):
        freeze(card(QD1578, RICH), "giam-doc", LATER, countersigned_by=other)

    alone = edited(lambda content: content.update(countersigned_by=other))

    assert place_of(alone) == "form"


def test_a_card_cannot_be_frozen_before_the_moment_it_speaks_of():
    with pytest.raises(NotYet):
        freeze(card(QD1578, RICH, TERMS_SET), "giam-doc", LATER - HOUR, countersigned_by="chanh-vp")


def test_a_card_that_replaces_another_says_which_and_why():
    replacing = frozen(supersedes=Supersedes("ab" * 32, "kn-1"))

    assert replacing.content["supersedes"] == ["ab" * 32, "kn-1"]
    assert recompute(replacing, QD1578)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda c: c["lines"][0].update(verdict="chua_dat"), "lines/R1.1/verdict"),
        (lambda c: c["lines"][0].update(reason="held"), "lines/R1.1/reason"),
        (lambda c: c["lines"].pop(), "lines"),
        (lambda c: c["groups"][0]["tally"].__setitem__(0, 99), "groups/1/tally/0"),
        (lambda c: c["overall"].update(verdict="dat"), "overall/verdict"),
        (lambda c: c["criteria"].__setitem__(1, "00"), "criteria/1"),
        (lambda c: c["terms"].update(minimum=401), "lines/T2.1/reason"),
        (lambda c: c["terms"]["thresholds"].update({"T7.3": ["1/20", None]}), "terms"),
        (lambda c: c["terms"]["thresholds"].update({"R7.1": ["4/5", None]}), "lines/R7.1/verdict"),
        (lambda c: c.update(year=2020), "year"),
        (lambda c: c.update(year="2026"), "form"),
        (lambda c: c.pop("terms"), "form"),
        (lambda c: c.update(extra=1), "extra"),
        (lambda c: c.update(kind="x"), "kind"),
        (lambda c: c.update(as_of="2026-10-31T12:00:00"), "form"),
        (lambda c: c["evidence"]["signed"][0].__setitem__(1, "an"), "evidence/signed"),
        (lambda c: c["evidence"]["surveys"][0]["release"].__setitem__(2, "cd" * 32), "lines/R7.1/rests_on/0"),
        (lambda c: c["evidence"]["signed"].pop(0), "lines/R1.1/verdict"),
    ],
)  # fmt: skip
def test_the_first_place_that_does_not_follow_is_named(change, place):
    found = place_of(edited(change))

    assert found == place


def test_a_body_in_another_form_is_not_the_body():
    assert place_of(Frozen(frozen().body + " ")) == "form"
    assert place_of(Frozen("")) == "form"
    assert place_of(Frozen("[]")) == "form"
    assert place_of(Frozen("[" * 100_000)) == "form"


def test_another_criteria_set_does_not_lead_there():
    with pytest.raises(DoesNotFollow):
        recompute(frozen(), replace(QD1578, name="?"))
    with pytest.raises(DoesNotFollow):
        recompute(frozen(), load_set("khung-5764"))


# What an edit may change without a verdict changing is who did something and when; the ledger's signed hash is for that.
FREE = {"frozen_by", "frozen_at", "supersedes"}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for place, each in enumerate(value) for leaf in leaves(each, (*path, place))]
    return [path]


def test_a_thousand_single_edits_are_all_found():
    random = Random(1578)
    original = frozen()
    paths = [path for path in leaves(json.loads(original.body)) if path[0] not in FREE]

    for _ in range(1000):
        bad, path = json.loads(original.body), random.choice(paths)
        holder = bad
        for step in path[:-1]:
            holder = holder[step]
        before = holder[path[-1]]
        while holder[path[-1]] == before:
            holder[path[-1]] = other(before, random)
        try:
            card = recompute(Frozen(canonical(bad)), QD1578)
        except DoesNotFollow:
            continue
        # What follows all the same is another truth with another hash: an unsigned entry, a witness, a moment.
        assert path[0] in ("evidence", "as_of")
        assert card
        assert Frozen(canonical(bad)).digest != original.digest


def other(value: Any, random: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + random.choice((-1, 1))
    if isinstance(value, str):
        place = random.randrange(len(value) + 1)
        return value[:place] + random.choice("0aZ") + value[place + 1 :] + ("" if place < len(value) else "x")
    return random.choice(("x", 1))


@given(st.text(max_size=60))
def test_no_text_does_worse_than_not_follow(text):
    with pytest.raises(DoesNotFollow):
        recompute(Frozen(text), QD1578)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [criterion.id for criterion in QD1578.criteria if criterion.basis == (Basis.ENTERED,)]
        ),
        st.sampled_from(["good", "bad", "unsigned"]),
        max_size=12,
    )
)
def test_every_card_can_be_frozen_and_concluded_again(how):
    everything = all_met(QD1578)
    records = Records(
        tuple(
            replace(entered, value=_worse(entered.value)) if how.get(entered.criterion) == "bad" else entered
            for entered in everything.entered
            if entered.criterion in how
        )
    )
    records = replace(
        records,
        signatures=signed(*[one for one in records.entered if how[one.criterion] != "unsigned"]).signatures,
    )

    whole = card(QD1578, records)
    again = recompute(freeze(whole, "giam-doc", LATER, countersigned_by="chanh-vp"), QD1578)

    assert again.lines == whole.lines
    assert again.groups == whole.groups


def _worse(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else share(1, 2)
