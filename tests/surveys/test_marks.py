"""The last messages somebody had."""

from hypothesis import given
from hypothesis import strategies as st

from surveys import marks

MARK = st.binary(min_size=marks.MARK, max_size=marks.MARK)


@given(st.lists(MARK, max_size=40, unique=True))
def test_the_last_sixteen_are_known(sent: list[bytes]) -> None:
    seen = b""
    for mark in sent:
        seen = marks.with_mark(seen, mark)

    assert all(marks.holds(seen, mark) for mark in sent[-marks.KEPT :])
    assert not any(marks.holds(seen, mark) for mark in sent[: -marks.KEPT])


@given(st.lists(MARK, max_size=16), st.lists(MARK, min_size=1, max_size=16))
def test_joining_keeps_the_newer_ones(one: list[bytes], other: list[bytes]) -> None:
    joined = marks.joined(b"".join(one), b"".join(other))

    assert all(marks.holds(joined, mark) for mark in other)
    assert len(joined) <= marks.KEPT * marks.MARK


def test_a_mark_is_found_only_in_its_place() -> None:
    assert not marks.holds(b"12345678abcdefgh", b"5678abcd")
