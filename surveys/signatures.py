"""Who signed: a named public key, and short signed texts that anybody's tools can check. It never holds a private key.

Keys and texts are those of C2SP signed-note (c2sp.org/signed-note), which Go's module mirror and transparency logs use: a
published key is one line, `vinhlong.langnghe+<key id>+<base64>`, and a signature stands under the text it signs.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["BadKey", "BadNote", "PublicKey", "Signer", "open_note", "signed_note"]

ED25519 = b"\x01"  # the algorithm byte of signed-note
KEY_BYTES = 32
ID_BYTES = 4
SIGNATURE_BYTES = 64
DASH = "— "
LONGEST_NOTE = 100_000  # characters; a head has some hundred, and each witness adds as many


class BadKey(ValueError):
    """This is not a public key as we publish them."""


class BadNote(ValueError):
    """This is not a text signed by that key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 key and the name it is published under. Raises BadKey."""

    name: str
    raw: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(letter.isspace() for letter in self.name):
            raise BadKey(f"{self.name!r} cannot be the name of a key: no spaces and no plus.")
        if not self.name.isprintable() or len(self.raw) != KEY_BYTES:
            raise BadKey(f"An Ed25519 key has {KEY_BYTES} bytes and a name that can be read.")

    @classmethod
    def read(cls, text: str) -> "PublicKey":
        """From the line it is published as. Raises BadKey."""
        name, _, rest = text.strip().partition("+")
        _, _, encoded = rest.partition("+")
        try:
            kind, raw = (decoded := b64decode(encoded, validate=True))[:1], decoded[1:]
        except ValueError:
            raise BadKey("The key is not base64.") from None
        key = cls(name, raw)
        if kind != ED25519 or key.text != text.strip():
            raise BadKey("The key's id does not belong to its name and bytes: it was not copied whole.")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys apart; they prove nothing."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:ID_BYTES]

    @property
    def text(self) -> str:
        """The line to publish."""
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.raw).decode()}"

    @property
    def fingerprint(self) -> str:
        """160 bits to compare by eye or over the telephone: `3f2a 91bc …`, ten groups of four."""
        letters = sha256(self.text.encode()).hexdigest()[:40]
        return " ".join(letters[start : start + 4] for start in range(0, 40, 4))

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made that signature over that message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A public key, and the one thing its owner lets us do: `sign` gives 64 bytes for a message."""

    key: PublicKey
    sign: Callable[[bytes], bytes]


def signed_note(text: str, signer: Signer) -> str:
    """`text` ends with a line break and has no empty line. Raises ValueError."""
    if not text.endswith("\n") or "\n\n" in text or text == "\n":
        raise ValueError("A note is some lines, none of them empty.")
    signature = signer.key.id + signer.sign(text.encode())
    return f"{text}\n{DASH}{signer.key.name} {b64encode(signature).decode()}\n"


def open_note(note: str, key: PublicKey) -> str:
    """The text that the key signed; others may have signed it too. Raises BadNote."""
    text, gap, signatures = note.rpartition("\n\n")
    if len(note) > LONGEST_NOTE or not gap or not signatures.endswith("\n"):
        raise BadNote("This is not a signed text: a text, an empty line, and who signed it.")
    text += "\n"
    ours = [
        signature
        for name, signature in map(_signature, signatures.removesuffix("\n").split("\n"))
        if (name, signature[:ID_BYTES]) == (key.name, key.id)
    ]
    if not ours:
        raise BadNote(f"{key.name} with the fingerprint {key.fingerprint} has not signed this.")
    if not all(key.signed(text.encode(), signature[ID_BYTES:]) for signature in ours):
        raise BadNote(f"The signature of {key.name} is not over this text.")
    return text


def _signature(line: str) -> tuple[str, bytes]:
    """Who signed, and the id of the key with the signature. Raises BadNote."""
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    try:
        signature = b64decode(encoded, validate=True)
    except ValueError:
        signature = b""
    # Base64 leaves bits unused at its end; whoever flips them has the same signature in another text.
    is_canonical = b64encode(signature).decode() == encoded
    if not line.startswith(DASH) or not name or len(signature) <= ID_BYTES or not is_canonical:
        raise BadNote("A line under the text is not a signature.")
    return name, signature
