"""What rests today must open tomorrow: each use of a key, worked out by another program than the vault.

The key material is written down here, and so is every label: a vault that names something otherwise would find nobody again."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys import FileKeys
from storage.vault import Tampered, Vault
from surveys.conversation import Address

WAVE_KEY = bytes(range(32))
PERSON = Address("telegram", "42")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    for name in ("wave-7", "lobby", "contacts", "content", "tap", "entry", "cookie", "ring-1"):
        secret = WAVE_KEY if name == "wave-7" else hashlib.sha256(name.encode()).digest()
        (directory / f"{name}.key").write_bytes(secret)
    return directory


@pytest.fixture
def known(directory: Path) -> Vault:
    return Vault(FileKeys(directory))


def derived(secret: bytes, label: str) -> bytes:
    """SP 800-108 in counter mode, one block of HMAC-SHA-256."""
    message = b"\x01" + label.encode() + b"\x00langnghe\x00\x01\x00"
    return hmac.new(secret, message, hashlib.sha256).digest()


def of(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def mac(secret: bytes, label: str, message: bytes) -> bytes:
    return hmac.new(derived(secret, label), message, hashlib.sha256).digest()


def opened(secret: bytes, label: str, sealed: bytes, place: bytes) -> bytes:
    padded = AESGCM(derived(secret, label)).decrypt(sealed[:12], sealed[12:], place)
    return padded[: padded.rindex(b"\x80")]


def test_who_somebody_is_in_a_wave(known: Vault):
    nullifier = known.nullifier(7, PERSON.person)

    assert nullifier == mac(WAVE_KEY, "nullifier", PERSON.person)[:16]
    assert known.place(7, "ballot", nullifier) == mac(WAVE_KEY, "mark", b"place\0ballot\0" + nullifier)[:16]
    assert known.spent_mark(7, b"token") == mac(WAVE_KEY, "mark", b"spent\0token")[:16]


def test_who_somebody_is_elsewhere(known: Vault):
    fingerprint = hmac.new(of("contacts"), b"fingerprint\0" + PERSON.person, hashlib.sha256).digest()

    assert known.lobby(PERSON.person) == mac(of("lobby"), "nullifier", PERSON.person)[:16]
    assert known.lobby_mark("9") == mac(of("lobby"), "mark", b"9")[:8]
    assert known.fingerprint(PERSON) == fingerprint[:16]


def test_what_is_sealed_opens_with_the_key_its_label_and_its_place(known: Vault):
    place = bytes(16)

    assert opened(WAVE_KEY, "body", known.seal_body(7, place, b"answers"), place) == b"answers"
    assert opened(of("lobby"), "body", known.seal_lobby(place, b"waits"), place) == b"waits"
    assert opened(of("content"), "comment", known.seal_comment("c", "góp ý"), b"c") == "góp ý".encode()
    assert opened(of("content"), "arrival", known.seal_arrival(place, b"came"), place) == b"came"
    assert opened(of("content"), "tokens", known.seal_tokens("oa", b"pair"), b"oa") == b"pair"


def test_an_address_names_the_key_of_the_ring_and_is_padded_to_128_bytes(known: Vault):
    sealed = known.seal_address(PERSON)

    assert sealed[0] == 1
    assert len(sealed) == 1 + 12 + 128 + 16
    content = opened(of("ring-1"), "address", sealed[1:], known.fingerprint(PERSON))
    assert json.loads(content) == ["telegram", "42"]


def test_the_keys_that_are_handed_out(known: Vault):
    assert (known.tap_key, known.entry_key, known.cookie_key) == (of("tap"), of("entry"), of("cookie"))


def test_the_ring_has_255_keys_and_no_more(directory: Path):
    (directory / "ring-254.key").write_bytes(of("ring-254"))
    vault = Vault(FileKeys(directory))

    assert vault.turn_ring() == 255
    with pytest.raises(ValueError, match="full"):
        vault.turn_ring()


def test_a_wave_s_box_is_made_once_and_goes_with_its_key(known: Vault):
    first = known._box("wave-7")

    assert known._box("wave-7") is first
    known.destroy_wave(7)
    assert "wave-7" not in known._boxes


def test_what_was_not_sealed_here_says_so(known: Vault):
    with pytest.raises(Tampered, match="Nothing was sealed here"):
        known.open_address(bytes(16), b"")
    with pytest.raises(Tampered, match="not sealed here, or it was changed"):
        known.open_body(7, bytes(16), bytes(40))
