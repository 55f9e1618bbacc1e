"""What a session leaves behind: choices on the ballot, everything written apart from it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.ballots import (
    Comment,
    commitment,
    divide,
    new_receipt,
    read_answers,
    read_receipt,
    written_answers,
)
from surveys.forms.form import Kind, Role
from tests.surveys.results.forms import YEARLY, choice, form, written


def test_choices_are_counted_and_words_are_kept_apart() -> None:
    parts = divide(YEARLY, {"chung": "5", "viec": "cu_tru can_cuoc", "gop_y": "ghế chờ ít quá"})

    assert parts.answers == {"chung": "5", "viec": "cu_tru can_cuoc"}
    assert parts.comments == (Comment("gop_y", "ghế chờ ít quá"),)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.DATE, Kind.TIME, Kind.GEOPOINT, Kind.IMAGE])
def test_whatever_could_name_somebody_never_rests_on_a_ballot(kind: Kind) -> None:
    parts = divide(form(written("khi", kind)), {"khi": "2026-11-22"})

    assert parts.answers == {}
    assert parts.comments == (Comment("khi", "2026-11-22"),)


def test_a_number_as_long_as_a_telephone_is_a_comment() -> None:
    people = form(written("so_nguoi", Kind.INTEGER))

    assert divide(people, {"so_nguoi": "4"}).answers == {"so_nguoi": "4"}
    assert divide(people, {"so_nguoi": "0912345678"}).answers == {}


def test_hidden_and_calculated_values_are_left_out() -> None:
    tricky = form(
        choice("chon", "a"), written("tinh", Kind.CALCULATE), written("an", Kind.HIDDEN, Role.COMMENT)
    )

    parts = divide(tricky, {"chon": "a", "tinh": "a|0912345678", "an": "0912345678"})

    assert (parts.answers, parts.comments) == ({"chon": "a"}, ())


def test_a_writer_who_wants_every_word_read_is_heard() -> None:
    [comment] = divide(YEARLY, {"gop_y": "gọi 0912345678"}, whole=("gop_y",)).comments

    assert comment.is_whole


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40)))
def test_the_same_answers_are_the_same_bytes(answers: dict[str, str]) -> None:
    backwards = dict(reversed(answers.items()))

    assert written_answers(answers) == written_answers(backwards)
    assert read_answers(written_answers(answers)) == answers


FIELDS = {
    "wave": "2026",
    "unit": "29263",
    "stream": "invited",
    "mode": "self",
    "answers": '{"chung":"5"}',
    "salt": b"0" * 16,
}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("wave", "2027"),
        ("unit", "29254"),
        ("stream", "visit"),
        ("mode", "paper"),
        ("answers", '{"chung":"4"}'),
        ("salt", b"1" * 16),
    ],
)
def test_a_commitment_binds_everything_about_a_ballot(field: str, other: object) -> None:
    assert commitment(**FIELDS) != commitment(**{**FIELDS, field: other})  # type: ignore[arg-type]
    assert len(commitment(**FIELDS)) == 32  # type: ignore[arg-type]


def test_a_commitment_is_what_it_always_was() -> None:
    """Anybody who keeps one must be able to check it in ten years."""
    assert commitment(**FIELDS).hex() == "afedf9e8726cee64330bff341311a83e0de451bd29bfdff7706d1b2c4a991e12"  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.binary(min_size=10, max_size=10))
def test_a_receipt_is_read_back_however_it_was_copied(random: bytes) -> None:
    receipt = new_receipt(random)

    sloppy = receipt.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert read_receipt(receipt) == receipt
    assert read_receipt(f" {sloppy} ") == receipt


@settings(deadline=None)
@given(st.sets(st.binary(min_size=10, max_size=10), min_size=2, max_size=2))
def test_two_receipts_differ(randoms: set[bytes]) -> None:
    assert len({new_receipt(random) for random in randoms}) == 2


def test_a_receipt_looks_like_one() -> None:
    assert new_receipt(bytes(10)) == "0000-0000-0000-0000"
    assert new_receipt(b"\xff" * 10) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"


@pytest.mark.parametrize(
    "text", ["", "K7QF-3M2X-9TWA", "K7QF-3M2X-9TWA-5H8U", "K7QF-3M2X-9TWA-5H8C-0", "🙂" * 16]
)
def test_what_is_no_receipt_is_not_looked_for(text: str) -> None:
    assert read_receipt(text) is None


def test_a_receipt_needs_eighty_bits() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        new_receipt(b"short")
