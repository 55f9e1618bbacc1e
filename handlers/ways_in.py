"""What somebody shows to be let in: one-time codes, personal codes with time codes. It checks and spends them inside the
transaction of whoever asks, and never says which part was wrong."""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime, timedelta

import pyotp

from storage.desk_rows import DeskCode, Staff
from storage.transaction import Tx
from storage.vault import Vault
from surveys import desk_codes

__all__ = ["ENROL", "LINK", "STEP", "WaysIn", "typed_secret"]

ENROL, LINK = "enrol", "link"
LIVES = {ENROL: timedelta(hours=24), LINK: timedelta(minutes=5)}
MOST_WRONG = 5  # tries at a code whose beginning is right; then it is worth nothing
STEP = 30  # seconds a time code is shown (RFC 6238)
STEPS = (-1, 0, 1)  # a telephone's clock is off by up to half a minute
WRONG_IN_A_ROW = 10  # time codes; then even the right one is not taken for a while
LOCKED_FOR = timedelta(minutes=15)  # 40 guesses an hour at a million codes, three of which are right
SECRET_BYTES = 20  # as RFC 4226 wants them
NOBODY = bytes(32)


class WaysIn:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    # ── Codes that work once ──────────────────────────────────────────────────────────────────────────────────

    async def make(self, tx: Tx, kind: str, person: str, post: str, now: datetime) -> desk_codes.Code:
        """A new one; what was made before for the same person and post is worth nothing any more."""
        await tx.codes.purge(now)
        if kind == ENROL:
            await tx.codes.drop(person, post)
        code = desk_codes.code_from(secrets.token_bytes(desk_codes.CODE_BYTES))
        while await tx.codes.get(code.handle) is not None:
            code = desk_codes.code_from(secrets.token_bytes(desk_codes.CODE_BYTES))
        await tx.codes.add(
            DeskCode(
                handle=code.handle,
                kind=kind,
                hash=self._vault.desk_name(kind, code.plain),
                person=person,
                post=post,
                expires_at=now + LIVES[kind],
                wrong=0,
            )
        )
        return code

    async def found(self, tx: Tx, kind: str, text: str, now: datetime) -> DeskCode | None:
        """The code, not spent yet. None: it is none, was used, has expired, or was tried too often; a wrong try is counted."""
        said = desk_codes.read_code(text)
        if said is None:
            return None
        row = await tx.codes.get(said.handle)
        # The same work whether there is one or not.
        is_right = hmac.compare_digest(self._vault.desk_name(kind, said.plain), row.hash if row else NOBODY)
        if row is None or row.kind != kind:
            return None
        if not is_right:
            await tx.codes.was_wrong(row.handle)
            return None
        return row if row.expires_at > now and row.wrong < MOST_WRONG else None

    # ── Time codes ────────────────────────────────────────────────────────────────────────────────────────────

    def secret_for(self, occasion: str) -> bytes:
        """What a telephone is set up with, before it has proved that it was: the same secret for the same occasion (a code, a
        session), so that nothing has to be stored and a page may be loaded anew."""
        return self._vault.desk_name("totp", occasion)[:SECRET_BYTES]

    def step_of(self, secret: bytes, digits: str, now: datetime) -> int | None:
        """The step whose time code this is, the step before and after included; None for a wrong one."""
        said = "".join(each for each in digits if each.isascii() and each.isdecimal())
        this = int(now.timestamp()) // STEP
        totp = pyotp.TOTP(typed_secret(secret))
        right = [this + off for off in STEPS if hmac.compare_digest(totp.generate_otp(this + off), said)]
        return right[0] if right and len(digits) <= LONGEST_DIGITS else None

    async def proves(self, tx: Tx, person: Staff, digits: str, now: datetime) -> bool:
        """Whether this is the person's time code of now, used for the first time. A wrong one is counted; after too many in a
        row none is taken for a while."""
        if person.totp is None:
            return False
        if person.wrong >= WRONG_IN_A_ROW:
            if person.wrong_at is not None and now < person.wrong_at + LOCKED_FOR:
                return False
            await tx.staff.forget_wrong(person.id)
        step = self.step_of(self._vault.open_totp(person.id, person.totp), digits, now)
        if step is not None and await tx.staff.use_step(person.id, step):
            return True
        await tx.staff.was_wrong(person.id, now)
        return False

    async def keep(self, tx: Tx, person: str, secret: bytes, step: int) -> str:
        """From now on this person's telephone makes their time codes. Returns their personal code, shown this once."""
        personal = desk_codes.personal_from(secrets.token_bytes(desk_codes.PERSONAL_BYTES))
        name = self._vault.desk_name("personal", desk_codes.read_personal(personal) or "")
        await tx.staff.set_totp(person, self._vault.seal_totp(person, secret), step, name)
        return personal

    async def owner(self, tx: Tx, personal: str) -> Staff | None:
        """Whose personal code this is."""
        letters = desk_codes.read_personal(personal)
        return await tx.staff.by_code(self._vault.desk_name("personal", letters or ""))


LONGEST_DIGITS = 20


def typed_secret(secret: bytes) -> str:
    """As people type it into their telephone when they cannot photograph the page."""
    return b32encode(secret).decode().rstrip("=")
