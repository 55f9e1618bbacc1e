"""Seals and opens what rests in the database, and makes the names that tell nobody who it is. It knows keys, not questions.

Every use has a key of its own, derived with HMAC-SHA-256 under a label (NIST SP 800-108, counter mode, one block),
so that a nullifier, a body and a mark of the same wave cannot be confused. Ciphertexts are AES-256-GCM
(NIST SP 800-38D) with a random 96-bit nonce before them: nonce ‖ ciphertext ‖ tag.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys import FileKeys, KeyGone
from surveys.conversation import Address
from surveys.signatures import PublicKey, Signer

__all__ = ["PAD", "KeyGone", "Tampered", "Vault"]

NULLIFIER_SIZE = 16  # bytes
MARK_SIZE = 8  # bytes
NONCE_SIZE = 12  # bytes
BLOCK = 64  # bytes of SHA-256; our keys are shorter, as RFC 2104 wants them
PAD = 512  # bytes: a body's size tells at most how many such blocks it fills


LOBBY = "lobby"
RING = "ring-"


class Tampered(ValueError):
    """This was not sealed here, not for this place, or it was changed since."""


class _Hmac:
    """HMAC-SHA-256 (RFC 2104) under one key, its two padded blocks hashed beforehand: half the time of `hmac.digest`,
    which looks its algorithm up anew for every message."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


@dataclass(frozen=True, slots=True)
class _Box:
    """The keys that come from one secret."""

    secret: bytes
    nullifier: _Hmac
    mark: _Hmac
    body: AESGCM


class Vault:
    """Made once, over a key store. Raises KeyGone wherever the wave's key is needed and was destroyed."""

    def __init__(self, keys: FileKeys) -> None:
        self._keys = keys
        self._boxes: dict[str, _Box] = {}
        keys.get_or_create(LOBBY)
        self._contacts = keys.get_or_create("contacts")
        content = keys.get_or_create("content")
        self._comments = AESGCM(_derive(content, b"comment"))
        self._arrivals = AESGCM(_derive(content, b"arrival"))
        self._tokens = AESGCM(_derive(content, b"tokens"))
        self._messages = AESGCM(_derive(content, b"messages"))
        self._desk = AESGCM(_derive(content, b"desk"))
        self._desk_names = _Hmac(_derive(content, b"desk names"))
        self.tap_key = keys.get_or_create("tap")
        """Signs the taps we offer."""
        self.entry_key = keys.get_or_create("entry")
        """Signs the links and QR codes we hand out."""
        self.cookie_key = keys.get_or_create("cookie")
        """Signs the cookie by which the web chat knows a visitor again."""
        if not keys.names(RING):
            keys.create(f"{RING}1")

    # ── A wave's key ──────────────────────────────────────────────────────────────────────────────────────────

    def create_wave(self, wave_id: int) -> None:
        """Makes the wave's key, on disk before this returns. A wave that has one keeps it."""
        self._keys.get_or_create(_wave(wave_id))

    def has_wave(self, wave_id: int) -> bool:
        return self._keys.exists(_wave(wave_id))

    def destroy_wave(self, wave_id: int) -> None:
        """From here on not even we can tell whose anything in this wave was."""
        self._boxes.pop(_wave(wave_id), None)
        self._keys.destroy(_wave(wave_id))

    def alone_with_wave(self, wave_id: int) -> AbstractContextManager[bool]:
        """Whether nobody else on this machine seals this wave, while the block lasts."""
        return self._keys.alone(_wave(wave_id))

    # ── The ledger's key ──────────────────────────────────────────────────────────────────────────────────────

    def ledger_signer(self, name: str) -> Signer:
        """Signs the ledger under that published name. Raises BadKey when it cannot be one."""
        private = Ed25519PrivateKey.from_private_bytes(self._keys.get_or_create("ledger"))
        return Signer(PublicKey(name, private.public_key().public_bytes_raw()), private.sign)

    # ── Sessions ──────────────────────────────────────────────────────────────────────────────────────────────

    def nullifier(self, wave_id: int, person: bytes) -> bytes:
        """The 16 bytes under which this person answers in this wave."""
        return self._box(_wave(wave_id)).nullifier(person)[:NULLIFIER_SIZE]

    def seal_body(self, wave_id: int, nullifier: bytes, plaintext: bytes) -> bytes:
        return _seal(self._box(_wave(wave_id)).body, _padded(plaintext), nullifier)

    def open_body(self, wave_id: int, nullifier: bytes, sealed: bytes) -> bytes:
        """Raises Tampered."""
        return _unpadded(_open(self._box(_wave(wave_id)).body, sealed, nullifier))

    def place(self, wave_id: int, heap: str, nullifier: bytes) -> bytes:
        """16 bytes to order a heap by. A nullifier stood in files whose order tells when it came; this never rests
        anywhere, and differs from heap to heap, so that no order leads from one heap to another or to a moment."""
        return self._box(_wave(wave_id)).mark(b"place\0" + heap.encode() + b"\0" + nullifier)[:NULLIFIER_SIZE]

    def places(self, wave_id: int, heap: str, nullifiers: Iterable[bytes]) -> list[bytes]:
        """The place of each."""
        mark, beginning = self._box(_wave(wave_id)).mark, b"place\0" + heap.encode() + b"\0"
        return [mark(beginning + nullifier)[:NULLIFIER_SIZE] for nullifier in nullifiers]

    def spent_mark(self, wave_id: int, token: bytes) -> bytes:
        """The 16 bytes by which it is known that a token of this wave is spent, and by nobody else."""
        return self._box(_wave(wave_id)).mark(b"spent\0" + token)[:NULLIFIER_SIZE]

    # ── The lobby ─────────────────────────────────────────────────────────────────────────────────────────────

    def lobby(self, person: bytes) -> bytes:
        """The 16 bytes under which this person waits in the lobby."""
        return self._box(LOBBY).nullifier(person)[:NULLIFIER_SIZE]

    def seal_lobby(self, nullifier: bytes, plaintext: bytes) -> bytes:
        return _seal(self._box(LOBBY).body, _padded(plaintext), nullifier)

    def open_lobby(self, nullifier: bytes, sealed: bytes) -> bytes:
        """Raises Tampered."""
        return _unpadded(_open(self._box(LOBBY).body, sealed, nullifier))

    def lobby_mark(self, message: str) -> bytes:
        return self._box(LOBBY).mark(message.encode())[:MARK_SIZE]

    # ── Contacts ──────────────────────────────────────────────────────────────────────────────────────────────

    def fingerprint(self, address: Address) -> bytes:
        """16 bytes that find a contact again without opening anything."""
        return hmac.digest(self._contacts, b"fingerprint\0" + address.person, "sha256")[:NULLIFIER_SIZE]

    def seal_address(self, address: Address) -> bytes:
        """Under the newest key of the ring, whose number comes first (one byte)."""
        number = self._newest()
        plaintext = _padded(json.dumps([address.account, address.id]).encode(), to=128)
        return bytes([number]) + _seal(self._ring(number), plaintext, self.fingerprint(address))

    def open_address(self, fingerprint: bytes, sealed: bytes) -> Address:
        """Raises Tampered, or KeyGone when the ring has lost that key."""
        if not sealed:
            raise Tampered("Nothing was sealed here.")
        account, id = json.loads(_unpadded(_open(self._ring(sealed[0]), sealed[1:], fingerprint)))
        return Address(account, id)

    def turn_ring(self) -> int:
        """Adds a key to the ring; new addresses are sealed with it, old ones still open. Returns its number."""
        number = self._newest() + 1
        if number > 255:
            raise ValueError("The key ring is full.")
        self._keys.create(f"{RING}{number}")
        return number

    # ── One person's several addresses ────────────────────────────────────────────────────────────────────────

    def code_name(self, code: str) -> bytes:
        """The 16 bytes under which a code waits for whoever types it."""
        return hmac.digest(self._contacts, b"code\0" + code.encode(), "sha256")[:NULLIFIER_SIZE]

    # ── Platforms' tokens ─────────────────────────────────────────────────────────────────────────────────────

    def seal_tokens(self, account: str, plaintext: bytes) -> bytes:
        return _seal(self._tokens, _padded(plaintext), account.encode())

    def open_tokens(self, account: str, sealed: bytes) -> bytes:
        """Raises Tampered."""
        return _unpadded(_open(self._tokens, sealed, account.encode()))

    # ── The officers' desk ────────────────────────────────────────────────────────────────────────────────────

    def desk_name(self, kind: str, secret: str) -> bytes:
        """The 32 bytes that stand in the database for a secret somebody else holds: a code, a session's token."""
        return self._desk_names(kind.encode() + b"\0" + secret.encode())

    def seal_totp(self, person: str, secret: bytes) -> bytes:
        return _seal(self._desk, secret, person.encode())

    def open_totp(self, person: str, sealed: bytes) -> bytes:
        """Raises Tampered."""
        return _open(self._desk, sealed, person.encode())

    # ── What was sent, while it can be taken back ─────────────────────────────────────────────────────────────

    def seal_message(self, delivery: int, id: str) -> bytes:
        return _seal(self._messages, _padded(id.encode(), to=32), delivery.to_bytes(8, "big"))

    def open_message(self, delivery: int, sealed: bytes) -> str:
        """Raises Tampered."""
        return _unpadded(_open(self._messages, sealed, delivery.to_bytes(8, "big"))).decode()

    # ── Comments and arrivals ─────────────────────────────────────────────────────────────────

    def seal_comment(self, comment_id: str, text: str) -> bytes:
        return _seal(self._comments, _padded(text.encode()), comment_id.encode())

    def open_comment(self, comment_id: str, sealed: bytes) -> str:
        """Raises Tampered."""
        return _unpadded(_open(self._comments, sealed, comment_id.encode())).decode()

    def seal_arrival(self, fingerprint: bytes, plaintext: bytes) -> bytes:
        return _seal(self._arrivals, _padded(plaintext), fingerprint)

    def open_arrival(self, fingerprint: bytes, sealed: bytes) -> bytes:
        """Raises Tampered."""
        return _unpadded(_open(self._arrivals, sealed, fingerprint))

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _box(self, name: str) -> _Box:
        # Asking the key store each time is how a key that another process destroyed is forgotten here as well.
        try:
            secret = self._keys.get(name)
        except KeyGone:
            self._boxes.pop(name, None)
            raise
        box = self._boxes.get(name)
        if box is None or box.secret is not secret:
            box = self._boxes[name] = _Box(
                secret,
                _Hmac(_derive(secret, b"nullifier")),
                _Hmac(_derive(secret, b"mark")),
                AESGCM(_derive(secret, b"body")),
            )
        return box

    def _ring(self, number: int) -> AESGCM:
        return AESGCM(_derive(self._keys.get(f"{RING}{number}"), b"address"))

    def _newest(self) -> int:
        return max(int(name.removeprefix(RING)) for name in self._keys.names(RING))


def _wave(wave_id: int) -> str:
    return f"wave-{wave_id}"


def _derive(secret: bytes, label: bytes) -> bytes:
    return hmac.digest(secret, b"\x01" + label + b"\x00langnghe\x00\x01\x00", "sha256")


def _seal(cipher: AESGCM, plaintext: bytes, place: bytes) -> bytes:
    nonce = os.urandom(NONCE_SIZE)
    return nonce + cipher.encrypt(nonce, plaintext, place)


def _open(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], place)
    except (InvalidTag, ValueError):
        raise Tampered("This was not sealed here, or it was changed since.") from None


def _padded(plaintext: bytes, to: int = PAD) -> bytes:
    """ISO/IEC 7816-4: one 0x80, then zeros to the next multiple."""
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % to)


def _unpadded(padded: bytes) -> bytes:
    return padded[: padded.rindex(b"\x80")]
