"""The chain: what follows, what does not, and at which line that shows."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys import documents
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.ledger import BadEntry, Broken, Entry, appended, origin, read_entry, verify_chain
from surveys.records import (
    Exclusion,
    KeyDestroyed,
    KeyDestructionPostponed,
    PersonsInvited,
    Record,
    ReleasePublished,
    ScorecardFrozen,
    Sealed,
    Stories,
    TokensIssued,
    Unfit,
    WaveOpened,
    Withdrawals,
    read_record,
)
from tests.surveys.seal.province import FORGER, OPENED, OURS, ledger

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
TWO = ("Trần Văn A", "Lê Thị B")

OPEN = WaveOpened("dot-1", form=A, terms=B, weights=C, formulas=D, seed="5eed")
TOKENS = TokensIssued("dot-1", unit="29242", count=200)
INVITED = PersonsInvited("dot-1", unit="29242", count=850)
WITHDRAWN = Withdrawals("dot-1", count=2)
SEALED = Sealed("dot-1", root=A, receipts=D, form=A, terms=B, weights=C, criteria=A, formulas=D)
EXCLUDED = Exclusion(
    "dot-1", "29242", Stream.VISIT, None, count=3, reason="một máy, ba mươi giây", persons=TWO
)
POSTPONED = KeyDestructionPostponed("dot-1", until="2026-12-01", reason="thanh tra", persons=TWO)
DESTROYED = KeyDestroyed("dot-1")
PUBLISHED = ReleasePublished("dot-1", release=B)
FROZEN = ScorecardFrozen(unit="29242", year=2026, scorecard=A, criteria=B, waves=("dot-1",))
STORY = (OPEN, TOKENS, INVITED, POSTPONED, WITHDRAWN, SEALED, EXCLUDED, DESTROYED, PUBLISHED, FROZEN)


def first_broken(lines: tuple[str, ...] | list[str]) -> Broken:
    with pytest.raises(Broken) as found:
        list(verify_chain(lines, OURS.key))
    return found.value


# ── Entries ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("record", STORY, ids=lambda record: record.kind)
def test_every_kind_of_entry_is_read_back(record: Record) -> None:
    entry = appended(None, record, OPENED, OURS)

    assert read_entry(entry.line) == entry
    assert read_record(record.kind, record.body()) == record


def test_an_entry_is_one_line_that_anybody_can_check() -> None:
    first = appended(None, OPEN, OPENED, OURS)
    second = appended(first, TOKENS, OPENED + timedelta(hours=1), OURS)

    body = json.loads(second.line)

    assert body["previous"] == documents.fingerprint(first.line)
    assert (body["number"], body["kind"], body["at"]) == (2, "tokens_issued", "2026-10-01T02:00:00Z")
    assert OURS.key.signed(second.message, second.signature)


def test_the_first_entry_belongs_to_one_key() -> None:
    assert appended(None, OPEN, OPENED, OURS).previous == origin(OURS.key) != origin(FORGER.key)


def test_a_moment_is_kept_in_utc_to_the_second_and_never_runs_back() -> None:
    hanoi = datetime(2026, 10, 1, 8, 0, 0, 700, tzinfo=timezone(timedelta(hours=7)))
    first = appended(None, OPEN, hanoi, OURS)
    second = appended(first, TOKENS, hanoi - timedelta(days=1), OURS)

    assert first.at == second.at == datetime(2026, 10, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"at":1,"body":{},"kind":"sealed","number":1,"previous":"","signature":""}',
        "x" * 30_000,
    ],
)
def test_what_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(BadEntry):
        read_entry(line)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "1"),
        ("number", True),
        ("previous", None),
        ("kind", "sold"),
        ("kind", ["sealed"]),
        ("kind", None),
        ("body", []),
        ("body", {"wave": "dot-1"}),
        ("at", "2026-10-01T01:00:00+00:00"),
        ("at", "2026-13-01T01:00:00Z"),
        ("at", 5),
        ("signature", "!"),
        ("signature", None),
        ("signature", "AAA"),
    ],
)
def test_an_entry_with_a_strange_field_is_refused(name: str, value: object) -> None:
    body = {**json.loads(appended(None, OPEN, OPENED, OURS).line), name: value}

    with pytest.raises(BadEntry):
        read_entry(documents.written(body))


@settings(deadline=None)
@given(
    st.text(max_size=200) | st.dictionaries(st.text(max_size=9), st.text(max_size=9)).map(documents.written)
)
def test_no_line_is_a_surprise(line: str) -> None:
    with pytest.raises(BadEntry):
        read_entry(line)


@pytest.mark.parametrize(
    ("kind", "what", "reason"),
    [
        (Exclusion, {"persons": ("Lê Thị B", "lê thị b ")}, "two different persons"),
        (Exclusion, {"persons": ("Lê Thị B",)}, "two different persons"),
        (Exclusion, {"persons": ("a", "b", "c")}, "two different persons"),
        (Exclusion, {"reason": "  "}, "some words"),
        (Exclusion, {"reason": "x" * 1001}, "some words"),
        (Exclusion, {"count": -1}, "a count"),
        (Exclusion, {"count": True}, "a count"),
        (Exclusion, {"stream": "poster"}, "a stream"),
        (Exclusion, {"mode": "telepathy"}, "a mode"),
        (KeyDestructionPostponed, {"persons": ()}, "two different persons"),
        (KeyDestructionPostponed, {"reason": ""}, "some words"),
        (ScorecardFrozen, {"waves": ("b", "a")}, "waves in order"),
        (ScorecardFrozen, {"waves": ("a", "a")}, "waves in order"),
        (ScorecardFrozen, {"waves": (5,)}, "waves in order"),
        (ScorecardFrozen, {"waves": "a"}, "waves in order"),
        (Sealed, {"root": "A" * 64}, "a digest"),
        (Sealed, {"root": "a" * 63}, "a digest"),
        (Sealed, {"root": None}, "a digest"),
    ],
)
def test_a_record_says_what_it_must(kind: type[Record], what: dict[str, object], reason: str) -> None:
    whole = next(record for record in STORY if isinstance(record, kind))

    with pytest.raises(Unfit, match=reason):
        replace(whole, **what)
    with pytest.raises(Unfit, match=reason):
        read_record(
            kind.kind,
            {
                **whole.body(),
                **{name: list(value) if isinstance(value, tuple) else value for name, value in what.items()},
            },
        )


def test_an_exclusion_covers_its_stratum_and_no_other() -> None:
    of_paper = replace(EXCLUDED, mode=Mode.PAPER)

    assert EXCLUDED.covers("29242", "visit", "self")
    assert of_paper.covers("29242", "visit", "paper")
    assert not of_paper.covers("29242", "visit", "self")
    assert not EXCLUDED.covers("29251", "visit", "self")
    assert not EXCLUDED.covers("29242", "open", "self")


# ── What may follow what ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_story_follows() -> None:
    entries = list(verify_chain(ledger(STORY), OURS.key))

    assert [entry.record for entry in entries] == list(STORY)


def test_an_empty_ledger_follows() -> None:
    assert list(verify_chain((), OURS.key)) == []


def test_waves_do_not_get_in_each_others_way() -> None:
    other = (replace(OPEN, wave="dot-2"), replace(SEALED, wave="dot-2"))

    assert len(list(verify_chain(ledger((OPEN, other[0], SEALED, other[1])), OURS.key))) == 4


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        ((TOKENS,), "was never opened"),
        ((SEALED,), "was never opened"),
        ((OPEN, OPEN), "was opened before"),
        ((OPEN, SEALED, SEALED), "was sealed before"),
        ((OPEN, SEALED, TOKENS), "Tokens were issued"),
        ((OPEN, SEALED, INVITED), "Nobody is invited"),
        ((OPEN, INVITED, INVITED), "counted before"),
        ((OPEN, SEALED, WITHDRAWN), "Nobody can withdraw"),
        ((OPEN, WITHDRAWN, WITHDRAWN), "counted once"),
        ((OPEN, EXCLUDED), "not sealed"),
        ((OPEN, SEALED, EXCLUDED, replace(EXCLUDED, mode=Mode.PAPER)), "excluded before"),
        ((OPEN, DESTROYED), "before the wave is sealed"),
        ((OPEN, SEALED, DESTROYED, DESTROYED), "destroyed before"),
        ((OPEN, SEALED, DESTROYED, POSTPONED), "cannot be postponed"),
        ((OPEN, PUBLISHED), "before the key is destroyed"),
        ((OPEN, SEALED, PUBLISHED), "before the key is destroyed"),
        ((OPEN, SEALED, DESTROYED, PUBLISHED, EXCLUDED), "nothing may follow"),
        ((OPEN, SEALED, DESTROYED, PUBLISHED, PUBLISHED), "nothing may follow"),
        ((OPEN, SEALED, DESTROYED, PUBLISHED, OPEN), "was opened before"),
        ((OPEN, SEALED, DESTROYED, FROZEN), "which is not released"),
        ((FROZEN,), "which is not released"),
        ((OPEN, replace(SEALED, form=B)), "The form at sealing"),
        ((OPEN, replace(SEALED, terms=A)), "The terms at sealing"),
        ((OPEN, replace(SEALED, weights=A)), "The weights at sealing"),
        ((OPEN, replace(SEALED, formulas=A)), "The formulas at sealing"),
    ],
)
def test_a_story_that_cannot_be_breaks_at_its_last_entry(story: tuple[Record, ...], reason: str) -> None:
    broken = first_broken(ledger(story))

    assert broken.line == len(story)
    assert reason in broken.reason


def test_a_refused_record_leaves_the_story_as_it_was() -> None:
    stories = Stories()
    stories.tell(OPEN)
    with pytest.raises(Unfit):
        stories.tell(replace(SEALED, form=B))

    stories.tell(SEALED)


# ── Touching the chain ───────────────────────────────────────────────────────────────────────────────────────────

CHAIN = ledger(STORY)


@settings(deadline=None)
@given(st.data())
def test_a_changed_letter_breaks_the_chain_there(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(CHAIN) - 1))
    place = data.draw(st.integers(0, len(CHAIN[at]) - 1))
    letter = data.draw(st.characters(exclude_characters=CHAIN[at][place], exclude_categories=["Cs"]))
    changed = CHAIN[at][:place] + letter + CHAIN[at][place + 1 :]

    assert first_broken([*CHAIN[:at], changed, *CHAIN[at + 1 :]]).line == at + 1


@pytest.mark.parametrize("at", range(len(CHAIN) - 1))
def test_a_dropped_entry_shows_where_it_stood(at: int) -> None:
    assert first_broken([*CHAIN[:at], *CHAIN[at + 1 :]]).line == at + 1


@pytest.mark.parametrize("at", range(len(CHAIN) - 1))
def test_moved_entries_show_at_the_first_of_them(at: int) -> None:
    assert first_broken([*CHAIN[:at], CHAIN[at + 1], CHAIN[at], *CHAIN[at + 2 :]]).line == at + 1


@pytest.mark.parametrize("at", range(len(CHAIN) + 1))
def test_an_entry_said_twice_shows(at: int) -> None:
    assert first_broken([*CHAIN[:at], CHAIN[0], *CHAIN[at:]]).line == (at + 1 if at else 2)


def test_the_owner_of_the_key_cannot_change_one_entry_in_the_middle() -> None:
    """Re-signed with the real key, the entry itself stands; the next one does not follow it."""
    entry = read_entry(CHAIN[1])
    changed = Entry(entry.number, entry.at, replace(TOKENS, count=900), entry.previous, b"")
    signed = replace(changed, signature=OURS.sign(changed.message))

    broken = first_broken([CHAIN[0], signed.line, *CHAIN[2:]])

    assert (broken.line, "does not follow" in broken.reason) == (3, True)


def test_a_chain_signed_by_another_key_breaks_at_once_and_names_the_right_one() -> None:
    broken = first_broken(ledger(STORY, FORGER))

    assert broken.line == 1
    assert OURS.key.fingerprint in broken.reason


def test_the_owner_of_the_key_cannot_sign_an_older_moment() -> None:
    first = read_entry(CHAIN[0])
    back = Entry(2, first.at - timedelta(seconds=1), TOKENS, first.digest, b"")
    signed = replace(back, signature=OURS.sign(back.message))

    assert "older" in first_broken([CHAIN[0], signed.line]).reason


def test_what_comes_before_the_break_is_given_out() -> None:
    chain = verify_chain([CHAIN[0], CHAIN[2]], OURS.key)

    assert next(chain).record == OPEN
    with pytest.raises(Broken):
        next(chain)
