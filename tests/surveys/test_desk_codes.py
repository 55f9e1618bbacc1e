"""Codes that let officers in: read as people type them, and enough of them that nobody guesses one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import desk_codes

RANDOM = st.binary(min_size=desk_codes.CODE_BYTES, max_size=desk_codes.CODE_BYTES)


@given(RANDOM)
def test_a_code_is_read_again_however_it_is_typed(random: bytes) -> None:
    code = desk_codes.code_from(random)

    for typed in (
        code.text,
        code.plain,
        code.text.lower(),
        code.text.replace("-", " "),
        f"  {code.text}\n",
        code.text.replace("0", "O").replace("1", "l"),
    ):
        assert desk_codes.read_code(typed) == code


@given(RANDOM, RANDOM)
def test_every_bit_that_is_kept_counts(one: bytes, other: bytes) -> None:
    kept = 150  # bits of the 152
    same = int.from_bytes(one, "big") % 2**kept == int.from_bytes(other, "big") % 2**kept

    assert (desk_codes.code_from(one) == desk_codes.code_from(other)) == same


def test_the_secret_part_has_at_least_128_bits() -> None:
    assert 5 * len(desk_codes.code_from(bytes(desk_codes.CODE_BYTES)).secret) >= 128


@pytest.mark.parametrize("text", ["", "-", "x" * 29, "u" * 30, "0" * 31, "é" * 30, "0" * 5000, "０" * 30])
def test_what_is_no_code_is_none(text: str) -> None:
    assert desk_codes.read_code(text) is None


@given(st.text(max_size=120))
def test_nothing_anybody_types_breaks_it(text: str) -> None:
    desk_codes.read_code(text)
    desk_codes.read_personal(text)


@given(st.binary(min_size=desk_codes.PERSONAL_BYTES, max_size=desk_codes.PERSONAL_BYTES))
def test_a_personal_code_is_eighty_bits_in_groups_of_four(random: bytes) -> None:
    written = desk_codes.personal_from(random)

    letters = desk_codes.read_personal(written.lower())
    assert letters is not None
    assert len(letters) == 16
    assert written == "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="randomness"):
        desk_codes.code_from(bytes(18))
