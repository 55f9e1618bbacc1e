"""One value, one text: what is read was written so, to the letter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys import documents
from surveys.documents import NotCanonical

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(PLAIN)
def test_what_is_written_is_read_back(value: object) -> None:
    assert documents.read(documents.written(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"b":1,"a":2}',
        '{"a": 1}',
        ' {"a":1}',
        '{"a":1}\n',
        "1.5",
        "1.0",
        "1e3",
        "-0.0",
        "01",
        "NaN",
        "Infinity",
        "-Infinity",
        '"\\u0061"',
        '"\\ud800"',
        '"\\/"',
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 10_000,
    ],
)
def test_what_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        documents.read(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_as_it_stands_or_refused(text: str) -> None:
    try:
        value = documents.read(text)
    except NotCanonical:
        return
    assert documents.written(value) == text


def test_a_fingerprint_is_what_sha256sum_says() -> None:
    assert documents.fingerprint("") == documents.fingerprint(b"")
    assert documents.fingerprint("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
