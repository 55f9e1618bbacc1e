"""Signed texts are those of C2SP signed-note: the vectors of its first implementation, golang.org/x/mod/sumdb/note."""

from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.signatures import BadKey, BadNote, PublicKey, Signer, open_note, signed_note

# From note_test.go.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
OTHER_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
NOTE = f"{TEXT}\n{PETER}"

KEY = PublicKey.read(VKEY)
SIGNER = Signer(KEY, Ed25519PrivateKey.from_private_bytes(b64decode(SKEY)[1:]).sign)


def test_a_note_is_signed_as_the_first_implementation_signs_it() -> None:
    assert signed_note(TEXT, SIGNER) == NOTE


def test_a_note_is_read_back() -> None:
    assert open_note(NOTE, KEY) == TEXT


def test_others_may_have_signed_as_well() -> None:
    assert open_note(f"{TEXT}\n{PETER}{ENOCH}", PublicKey.read(OTHER_VKEY)) == TEXT


def test_a_key_is_published_as_one_line() -> None:
    assert (KEY.text, KEY.name, KEY.id.hex()) == (VKEY, "PeterNeumann", "c74f20a3")
    assert PublicKey.read(f"{VKEY}\n") == KEY


def test_a_fingerprint_is_ten_groups_of_four() -> None:
    groups = KEY.fingerprint.split()

    assert [len(group) for group in groups] == [4] * 10
    assert KEY.fingerprint != PublicKey("PeterNeumanN", KEY.raw).fingerprint


@pytest.mark.parametrize("at", range(len(VKEY)))
def test_a_key_with_one_letter_changed_is_none(at: int) -> None:
    with pytest.raises(BadKey):
        PublicKey.read(VKEY[:at] + chr(ord(VKEY[at]) + 1) + VKEY[at + 1 :])


@pytest.mark.parametrize("start", range(0, len(VKEY), 3))
def test_a_part_of_a_key_is_none(start: int) -> None:
    for end in range(start + 1, len(VKEY) + (start > 0)):
        with pytest.raises(BadKey):
            PublicKey.read(VKEY[start:end])


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, with the id for it
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another algorithm, with the id for it
        "",
        "++",
        "a+b",
    ],
)
def test_other_keys_are_none(key: str) -> None:
    with pytest.raises(BadKey):
        PublicKey.read(key)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\nbreak", "\u2028"])
def test_a_key_has_a_name_that_can_stand_in_a_note(name: str) -> None:
    with pytest.raises(BadKey):
        PublicKey(name, bytes(32))


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        f"\x01{NOTE}",
        f"{TEXT}\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
        f"{NOTE}Unexpected line.\n",
        f"{TEXT}\n{PETER[:60]}ABCD{PETER[60:]}",
        f"{TEXT}\n{ENOCH}",
        NOTE.replace("you", "You", 1),
        NOTE.replace("JnAM=", "JnAN="),  # the same signature, written with bits that base64 leaves unused
        NOTE.replace("—", "-"),
        "",
        "\n\n",
        f"{TEXT}\n" + PETER * 2000,
    ],
)
def test_what_is_not_signed_so_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        open_note(note, KEY)


@pytest.mark.parametrize("text", ["", "\n", "no end", "a\n\nb\n"])
def test_only_lines_can_be_signed(text: str) -> None:
    with pytest.raises(ValueError, match="A note is some lines"):
        signed_note(text, SIGNER)


@settings(deadline=None)
@given(st.text(), st.sampled_from([KEY, PublicKey.read(OTHER_VKEY)]))
def test_no_text_is_a_surprise(text: str, key: PublicKey) -> None:
    with pytest.raises(BadNote):
        open_note(text, key)
    with pytest.raises(BadKey):
        PublicKey.read(text)
