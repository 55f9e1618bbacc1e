"""The verifier: what it says of an honest package, what each lie is called, and what only a witness can see."""

import json
from dataclasses import replace
from typing import Any

import pytest

from surveys import cards, documents, package, preregistration, releasing, results
from surveys.ballots import read_answers
from surveys.disclosure import TooSmall
from surveys.forms.published import form_to_json
from surveys.heads import Head
from surveys.ledger import read_entry
from surveys.records import (
    Exclusion,
    KeyDestroyed,
    Record,
    ReleasePublished,
    ScorecardFrozen,
    Sealed,
    WaveOpened,
    Withdrawals,
)
from surveys.releases import ReleasedWard
from surveys.scorecard import Frozen, Records, fed_by_release, freeze, load_set, score
from surveys.scorecard import Terms as CardTerms
from surveys.signatures import PublicKey
from surveys.verify import DoesNotFollow, Verified, verify
from tests.surveys.seal import province
from tests.surveys.seal.forgers import changed
from tests.surveys.seal.province import BLANK, OURS, PLACES, SLUG, TERMS, UNITS, Parts, honest, opened


def checked(parts: Parts, key: PublicKey = OURS.key, **witnesses: str) -> Verified:
    return verify(opened(parts.bytes()), key, witnesses)


def fault(parts: Parts, **witnesses: str) -> DoesNotFollow:
    with pytest.raises(DoesNotFollow) as found:
        checked(parts, **witnesses)
    return found.value


def retold(parts: Parts, *things: Record) -> Parts:
    """Another history, signed with the real key: what only the key's owner can do."""
    chain = province.ledger(things)
    return replace(parts, ledger=chain, head=province.head(chain))


def history(parts: Parts | None = None) -> list[Record]:
    return [read_entry(line).record for line in (parts or honest()).ledger]


def with_record(old: type[Record], new: Record | None) -> list[Record]:
    """The history with one kind of record of our wave replaced or gone."""
    found = []
    for record in history():
        ours = isinstance(record, old) and getattr(record, "wave", None) == SLUG
        found += [record] if not ours else [new] if new else []
    return found


def told(kind: type[Record]) -> Any:
    return next(
        record for record in history() if isinstance(record, kind) and getattr(record, "wave", SLUG) == SLUG
    )


# ── Honest ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_follows_in_an_honest_package() -> None:
    found = checked(honest(), mttq=honest().head)

    assert found == Verified(
        wave=SLUG,
        root=told(Sealed).root,
        leaves=PLACES,
        withdrawn=len(BLANK),
        receipts=PLACES - len(BLANK),
        excluded=told(Exclusion).count,
        units=6,
        scorecards=2,
        entries=13,
        fingerprint=OURS.key.fingerprint,
        witnesses=("mttq",),
        is_worded_otherwise=False,
    )
    assert found.excluded > 0


def test_the_package_is_worth_checking() -> None:
    """It has all that could go wrong: hidden and shown figures, bounds, several verdicts, three streams."""
    wards = [ReleasedWard.from_json(line) for line in honest().release]

    assert {ward.index.figure is None for ward in wards} == {True, False}
    assert len({conclusion.verdict for ward in wards for conclusion in ward.conclusions}) >= 2
    assert {ballot.stream for ballot in province.ballots()} >= {"invited", "open"}
    assert any(ward.answered is None for ward in wards)


def test_a_wave_in_which_nobody_answered_follows() -> None:
    box = ()
    lines = province.released(box)
    nobody = province.parts(box)
    quiet = [
        replace(record, count=PLACES) if isinstance(record, Withdrawals) else record
        for record in history(nobody)
    ]

    found = checked(replace(retold(nobody, *quiet), release=lines))

    assert (found.leaves, found.withdrawn, found.excluded) == (PLACES, PLACES, 0)


def test_a_ledger_may_have_gone_on_since() -> None:
    later = WaveOpened("hang-nam-2027", "1" * 64, "2" * 64, "3" * 64, "4" * 64, "none")

    found = checked(retold(honest(), *history(), later), mttq=honest().head)

    assert found.entries == 14


# ── Other keys, other histories ──────────────────────────────────────────────────────────────────────────────────


def test_a_package_that_follows_from_itself_is_found_when_another_key_signed_it() -> None:
    forged = province.parts(province.ballots()[:90], by=province.FORGER)

    with pytest.raises(DoesNotFollow):
        checked(forged)
    in_our_name = fault(replace(forged, key=OURS.key.text))
    assert (in_our_name.file, in_our_name.line) == ("ledger.jsonl", 1)
    assert OURS.key.fingerprint in in_our_name.sentence


def rewritten() -> Parts:
    """Every ballot of a ward is content, and everything else is made to follow, with the real key."""
    box = tuple(
        changed(
            ballot,
            answers=documents.written(
                {
                    name: "5" if value in "54321" else value
                    for name, value in read_answers(ballot.answers).items()
                }
            ),
        )
        if ballot.unit == UNITS[1]
        else ballot
        for ballot in province.ballots()
    )
    return province.parts(box)


def test_whoever_owns_the_key_can_rewrite_history_unseen_without_a_witness() -> None:
    """An honest limit: said in the docstring, in the package's own words nothing can be wrong."""
    assert checked(rewritten()).witnesses == ()


def test_a_witness_finds_that_history_was_rewritten_with_the_real_key() -> None:
    found = fault(rewritten(), mttq=honest().head)

    assert (found.file, found.line) == ("mttq", 3)
    assert "history was rewritten" in found.sentence


@pytest.mark.parametrize("size", range(1, 14))
def test_any_earlier_head_finds_it_from_the_first_changed_entry_on(size: int) -> None:
    kept = Head.over(honest().ledger[:size], OURS.key).signed(OURS)
    first_changed = next(
        at
        for at, (ours, theirs) in enumerate(zip(honest().ledger, rewritten().ledger, strict=True))
        if ours != theirs
    )

    if size <= first_changed:
        assert checked(rewritten(), mttq=kept)
    else:
        assert "rewritten" in fault(rewritten(), mttq=kept).sentence
    assert checked(honest(), mttq=kept)


def test_a_witness_who_has_seen_more_asks_for_a_newer_package() -> None:
    longer = (*history(), history()[-1])
    kept = province.head(province.ledger(longer))

    assert "some are missing" in fault(honest(), mttq=kept).sentence


def test_a_ledger_cut_short_with_the_real_key_is_found_by_its_witness_only() -> None:
    short = retold(honest(), *history()[:-1])

    assert checked(short).entries == 12
    assert "some are missing" in fault(short, mttq=honest().head).sentence


def test_a_ledger_cut_short_without_the_key_is_found_by_its_own_head() -> None:
    found = fault(replace(honest(), ledger=honest().ledger[:-1]))

    assert (found.file, found.line) == ("head.txt", 2)


@pytest.mark.parametrize("text", ["", "nothing", province.head(("x",), province.FORGER)])
def test_a_witness_head_that_is_none_is_not_passed_over(text: str) -> None:
    found = fault(honest(), mttq=text)

    assert (found.file, found.line) == ("mttq", 1)


# ── What the owner of the key cannot make follow, witness or not ─────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (ReleasePublished, "released"),
        (Sealed, "never"),
        (WaveOpened, "never opened"),
        (KeyDestroyed, "key is destroyed"),
    ],
)
def test_a_story_with_a_hole_does_not_follow(kind: type[Record], missing: str) -> None:
    told_without = with_record(kind, None)
    if kind is Sealed:
        told_without = [
            record
            for record in told_without
            if SLUG not in (getattr(record, "wave", None), *getattr(record, "waves", ()))
        ]
        missing = "opened"

    found = fault(retold(honest(), *told_without))

    assert found.file == "ledger.jsonl"
    assert missing in found.sentence


def test_a_root_over_other_ballots_does_not_follow() -> None:
    found = fault(retold(honest(), *with_record(Sealed, replace(told(Sealed), root="0" * 64))))

    assert (found.file, found.line) == ("ballots.jsonl", 0)
    assert "line 7 of ledger.jsonl" in found.sentence


@pytest.mark.parametrize("count", [0, 2, 4])
def test_other_withdrawals_than_blank_leaves_do_not_follow(count: int) -> None:
    found = fault(retold(honest(), *with_record(Withdrawals, Withdrawals(SLUG, count))))

    assert found.sentence == f"3 leaves are blank, but {count} withdrawals were counted."


def test_withdrawals_that_nobody_counted_do_not_follow() -> None:
    assert "0 withdrawals" in fault(retold(honest(), *with_record(Withdrawals, None))).sentence


def test_an_exclusion_of_another_number_does_not_follow() -> None:
    exclusion = replace(told(Exclusion), count=told(Exclusion).count + 1)

    found = fault(retold(honest(), *with_record(Exclusion, exclusion)))

    assert (found.file, found.line) == ("ledger.jsonl", 8)
    assert "takes out" in found.sentence


def test_an_exclusion_that_was_not_published_does_not_follow() -> None:
    """The release left ballots out; the ledger no longer says so: the figures show it."""
    found = fault(retold(honest(), *with_record(Exclusion, None)))

    assert found.file == "release.jsonl"
    assert "the ballots come to" in found.sentence


@pytest.mark.parametrize("kind", ["stream", "unit", "mode"])
def test_an_exclusion_of_others_does_not_follow(kind: str) -> None:
    other: dict[str, Any] = {"stream": "open", "unit": UNITS[0], "mode": None}
    exclusion = replace(told(Exclusion), **{kind: other[kind]})

    assert fault(retold(honest(), *with_record(Exclusion, exclusion))).file in (
        "ledger.jsonl",
        "release.jsonl",
    )


def republished(lines: list[str]) -> Parts:
    """A release that does not follow, signed all the same."""
    fingerprint = documents.fingerprint(package.lines(lines))
    things = with_record(ReleasePublished, ReleasePublished(SLUG, fingerprint))
    return replace(retold(honest(), *things), release=tuple(lines))


def with_cards(parts: Parts, *frozen: Frozen, sets: tuple[str, ...] | None = None) -> Parts:
    """Other scorecards, frozen and signed."""
    things = [record for record in history(parts) if not isinstance(record, ScorecardFrozen)]
    told_anew = retold(parts, *things, *map(cards.recorded, frozen))
    bodies = tuple(card.body for card in frozen)
    return replace(told_anew, scorecards=bodies, sets=parts.sets if sets is None else sets)


def edited(at: int, edit: Any) -> list[str]:
    body = json.loads(honest().release[at])
    edit(body)
    lines = list(honest().release)
    lines[at] = documents.written(body)
    return lines


def test_a_figure_that_does_not_follow_is_named_though_it_was_signed() -> None:
    def better(body: dict[str, Any]) -> None:
        body["index"]["figure"][0] += 1

    found = fault(republished(edited(1, better)))

    assert (found.file, found.line) == ("release.jsonl", 2)
    assert found.sentence.startswith("Of unit 29242, “index.figure.1” is published as ")


def test_a_verdict_that_does_not_follow_is_named_though_it_was_signed() -> None:
    def kinder(body: dict[str, Any]) -> None:
        body["conclusions"][0]["verdict"] = "chua_co_can_cu"

    found = fault(republished(edited(2, kinder)))

    assert (found.line, "“conclusions.1.verdict”" in found.sentence) == (3, True)


def test_a_suppressed_figure_that_was_shown_is_named_though_it_was_signed() -> None:
    def careless(body: dict[str, Any]) -> None:
        body["answered"] = 4

    found = fault(republished(edited(5, careless)))

    assert "“answered” is published as 4, but the ballots come to nothing" in found.sentence


def test_comments_below_k_that_were_shown_are_named() -> None:
    def careless(body: dict[str, Any]) -> None:
        body["comments"] = 3

    assert "“comments”" in fault(republished(edited(0, careless))).sentence


def test_the_same_figures_in_other_words_follow_and_it_is_said_that_the_words_differ() -> None:
    def reworded(body: dict[str, Any]) -> None:
        body["index"]["label"]["vi"] = "Mức hài lòng"
        body["conclusions"][0]["reason"] = {"vi": "khác"}

    lines = tuple(edited(0, reworded))
    found = checked(with_cards(republished(list(lines)), *province.scorecards(lines)))

    assert found.is_worded_otherwise


def test_words_are_only_words() -> None:
    def sly(body: dict[str, Any]) -> None:
        body["index"]["label"] = {"vi": {"figure": 1}}

    assert fault(republished(edited(0, sly))).line == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        list(honest().release[:-1]),
        [*honest().release, honest().release[0]],
        [honest().release[1], honest().release[0], *honest().release[2:]],
        ["null", *honest().release[1:]],
        ["{}", *honest().release[1:]],
        ['{"unit":[]}', *honest().release[1:]],
        ["not json", *honest().release[1:]],
    ],
)
def test_a_release_of_other_wards_does_not_follow(lines: list[str]) -> None:
    assert fault(republished(lines)).file == "release.jsonl"


def reopened(terms: Any = TERMS, **documents_of: str) -> Parts:
    """Other documents, signed as if they had been there from the opening."""
    fixed = {
        "form": honest().form,
        "terms": preregistration.terms_document(terms),
        "weights": honest().weights,
    }
    fixed |= {"formulas": honest().formulas, "criteria": honest().criteria} | documents_of
    fingerprints = {name: documents.fingerprint(text) for name, text in fixed.items()}
    criteria = fingerprints.pop("criteria")
    things: list[Record] = []
    for record in history():
        if isinstance(record, WaveOpened) and record.wave == SLUG:
            record = replace(record, **fingerprints)
        if isinstance(record, Sealed):
            record = replace(record, **fingerprints, criteria=criteria)
        things.append(record)
    return replace(retold(honest(), *things), **fixed)


def test_other_formulas_ask_for_another_version_of_the_program() -> None:
    found = fault(reopened(formulas='{"version":0}'))

    assert (found.file, "other formulas" in found.sentence) == ("formulas.json", True)


def test_other_weights_than_this_program_applies_are_refused() -> None:
    generous = honest().weights.replace('"open":"0"', '"open":"1"')

    assert fault(reopened(weights=generous)).file == "weights.json"


@pytest.mark.parametrize(
    "text", ["", "null", "{}", '{"plans":{},"streams":{}}', '{"plans":{"a":{}},"streams":{}}']
)
def test_weights_that_are_none_are_refused(text: str) -> None:
    assert fault(reopened(weights=text)).file == "weights.json"


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"units":[]}', '{"questions":[{}]}'])
def test_a_form_that_is_none_is_refused(text: str) -> None:
    assert fault(reopened(form=text)).file == "form.json"


@pytest.mark.parametrize(
    "text", ["", "=", 'id = "x"', "id = 1\nname = 1\nsource = 1\nvalid_from = 1\nitem = [1]"]
)
def test_criteria_that_are_none_are_refused(text: str) -> None:
    assert fault(reopened(criteria=text)).file == "criteria.toml"


@pytest.mark.parametrize(
    "what",
    [
        {"k": 4},
        {"threshold": "much"},
        {"threshold": "2"},
        {"slug": "another-wave"},
        {"units": {}},
        {"k": "ten"},
        {"units": {"29242": ("Long Đức", -1)}},
        {"title": None},
    ],
)
def test_terms_that_cannot_be_are_refused(what: dict[str, Any]) -> None:
    found = fault(reopened(terms=replace(TERMS, **what)))

    assert found.file in ("terms.json", "ballots.jsonl")


def test_a_floor_under_k_is_not_for_the_owner_of_the_key_to_lower() -> None:
    with pytest.raises(TooSmall):
        releasing.release(
            province.form(), results.Tally(province.form()), {}, replace(TERMS, k=4), province.criteria()
        )

    assert fault(reopened(terms=replace(TERMS, k=4))).file == "terms.json"


def with_box(box: list[Any], count: int = PLACES) -> Parts:
    """Ballots that were sealed so, though no form could have given them."""
    return province.parts(tuple(box))


@pytest.mark.parametrize(
    "answers",
    [
        {"gop_y": "tôi tên là A"},
        {"chung": "5", "so_dien_thoai": "0900000000"},
        {"chung": ""},
    ],
)
def test_a_ballot_that_says_more_than_its_form_may_is_refused_though_it_was_sealed(
    answers: dict[str, str],
) -> None:
    box = list(province.ballots())
    box[3] = changed(box[3], answers=documents.written(answers))

    found = fault(with_box(box))

    assert (found.file, found.line) == ("ballots.jsonl", box[3].position + 1)
    assert found.sentence == "It holds what this form's ballots cannot."


def test_a_ballot_of_a_ward_that_took_no_part_is_refused_though_it_was_sealed() -> None:
    box = list(province.ballots())
    box[3] = changed(box[3], unit="10000")

    assert "took no part" in fault(with_box(box)).sentence


# ── Receipts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def with_receipts(receipts: tuple[str, ...], digest: str | None = None) -> Parts:
    """Another list, signed as if it had been sealed."""
    digest = digest or documents.fingerprint(package.lines(receipts))
    return replace(
        retold(honest(), *with_record(Sealed, replace(told(Sealed), receipts=digest))), receipts=receipts
    )


def test_a_receipt_less_or_more_than_ballots_is_found_though_it_was_sealed() -> None:
    fewer, more = province.receipts_of(149), province.receipts_of(151)

    for receipts in (fewer, more, ()):
        found = fault(with_receipts(receipts))
        assert (found.file, found.line) == ("receipts.txt", len(receipts))
        assert found.sentence == f"There are {len(receipts)} receipts for 150 ballots."


def test_other_receipts_than_were_sealed_are_found() -> None:
    one_exchanged = tuple(sorted((*honest().receipts[1:], "0000-0000-0000-0000")))

    found = fault(replace(honest(), receipts=one_exchanged))

    assert (found.file, found.line) == ("receipts.txt", 0)
    assert "line 7 of ledger.jsonl" in found.sentence


@pytest.mark.parametrize(
    ("at", "receipt", "reason"),
    [
        (9, honest().receipts[8], "twice"),
        (9, honest().receipts[3], "not sorted"),
        (9, honest().receipts[9].lower(), "no receipt"),
        (9, "", "no receipt"),
        (0, f'{{"receipt":"{honest().receipts[0]}"}}', "no receipt"),
    ],
)
def test_a_line_that_cannot_stand_in_the_list_is_named_though_it_was_sealed(
    at: int, receipt: str, reason: str
) -> None:
    receipts = (*honest().receipts[:at], receipt, *honest().receipts[at + 1 :])

    found = fault(with_receipts(receipts))

    assert (found.file, found.line) == ("receipts.txt", at + 1)
    assert reason in found.sentence


def test_receipts_stand_in_no_order_of_the_ballots() -> None:
    """Whoever holds a receipt and the package learns *included*. Any list of as many would do as well for all ballots say."""
    others = tuple(sorted(f"{receipt[5:]}-0000" for receipt in honest().receipts))

    assert checked(with_receipts(others)).root == checked(honest()).root


# ── From the release to the criterion ────────────────────────────────────────────────────────────────────────────


def card_with(edit: Any, at: int = 0) -> Frozen:
    body = json.loads(honest().scorecards[at])
    edit(body)
    return Frozen(documents.written(body))


def test_a_wave_without_scorecards_follows() -> None:
    assert checked(with_cards(honest(), sets=())).scorecards == 0


def test_a_card_may_rest_on_another_wave_alone() -> None:
    """It is in that wave's package, not in this one."""
    other = ScorecardFrozen("29242", 2026, "1" * 64, "2" * 64, ())

    assert checked(retold(honest(), *history(), other)).scorecards == 2


def test_a_verdict_of_a_card_that_does_not_follow_is_named_though_it_was_signed() -> None:
    def kinder(body: dict[str, Any]) -> None:
        line = next(line for line in body["lines"] if line["verdict"] != "dat")
        line["verdict"] = "dat"

    found = fault(with_cards(honest(), card_with(kinder), Frozen(honest().scorecards[1])))

    assert (found.file, found.line) == ("scorecards.jsonl", 1)
    assert "/verdict does not follow from its evidence" in found.sentence


def test_a_card_on_other_figures_than_were_released_is_named_though_it_follows_from_them() -> None:
    other = edited(1, lambda body: body.update(answered=body["answered"] + 1))[1]
    card = province.scorecard(other, digest=documents.fingerprint(honest().release[1]))

    found = fault(with_cards(honest(), Frozen(honest().scorecards[1]), card))

    assert (found.file, found.line) == ("scorecards.jsonl", 2)
    assert "is not what was released" in found.sentence


def test_a_card_that_leaves_out_what_the_release_shows_is_named() -> None:
    line = honest().release[1]
    fed = fed_by_release(
        province.SET, ReleasedWard.from_json(line), 2026, documents.fingerprint(line), province.OPENED
    )
    standing = Records(surveys=fed[1:]).standing("29242", 2026, province.OPENED)
    judged = score(province.SET, standing, CardTerms(minimum=10))
    card = freeze(judged, "an", province.OPENED, countersigned_by="binh")

    assert "is not what was released" in fault(with_cards(honest(), card)).sentence


@pytest.mark.parametrize(
    "lines",
    [
        (),
        honest().scorecards[:1],
        honest().scorecards[::-1],
        (*honest().scorecards, honest().scorecards[0]),
        (honest().scorecards[0], "null"),
        (honest().scorecards[0], "{}"),
        (honest().scorecards[0], "[" * 2000),
    ],
)
def test_other_cards_than_the_ledger_names_are_found(lines: tuple[str, ...]) -> None:
    assert fault(replace(honest(), scorecards=lines)).file == "scorecards.jsonl"


@pytest.mark.parametrize(
    ("sets", "file"),
    [
        ((), "scorecards.jsonl"),
        (honest().sets * 2, "sets.jsonl"),
        ((cards.set_line(load_set("khung-5764")),), "sets.jsonl"),
        (("null",), "sets.jsonl"),
        (("{}",), "sets.jsonl"),
        (("not json",), "sets.jsonl"),
        ((honest().sets[0].replace("survey-held", "entered", 1),), "sets.jsonl"),
        ((honest().sets[0].replace('"1/10"', '"2/20"', 1),), "sets.jsonl"),
        ((honest().sets[0].replace('"1/10"', '"1/0"', 1),), "sets.jsonl"),
    ],
)
def test_other_criteria_than_the_cards_are_by_are_found(sets: tuple[str, ...], file: str) -> None:
    assert honest().sets != sets
    assert fault(replace(honest(), sets=sets)).file == file


@pytest.mark.parametrize("id", ["qd1578", "khung-5764"])
def test_a_criteria_set_is_read_back(id: str) -> None:
    assert cards.read_set_line(cards.set_line(load_set(id))) == load_set(id)


# ── What is fixed before opening ─────────────────────────────────────────────────────────────────────────────────


def test_terms_and_weights_are_read_back() -> None:
    assert preregistration.terms_from(preregistration.terms_document(TERMS)) == TERMS
    assert preregistration.plans_from(preregistration.weights_document(province.PLANS)) == province.PLANS
    assert preregistration.plans_from(preregistration.weights_document()) == ()


def test_sealing_says_what_opening_said() -> None:
    opening = preregistration.opened(province.form(), TERMS, seed="5eed", plans=province.PLANS)
    sealing = preregistration.sealed(
        province.form(),
        TERMS,
        province.CRITERIA,
        root=bytes(32),
        receipts="4" * 64,
        plans=province.PLANS,
    )

    for name in ("wave", "form", "terms", "weights", "formulas"):
        assert getattr(opening, name) == getattr(sealing, name)
    assert (opening.seed, sealing.root) == ("5eed", "0" * 64)
    assert sealing.receipts == "4" * 64
    assert opening.form == documents.fingerprint(form_to_json(province.form()))


def test_the_formulas_say_what_the_program_counts_by() -> None:
    body = json.loads(preregistration.formulas_document())

    assert body["index"] == {"of": list(results.SATISFIED), "among": list(results.SCALE)}
    assert body["suppression"]["scale"] == [[["5"], ["4"]], [["3"], [["2"], ["1"]]]]
