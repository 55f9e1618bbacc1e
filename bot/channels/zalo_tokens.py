"""The tokens of connected accounts: handed out while they are young, renewed by one process at a time, never lost by us.

A refresh token works once, and with it goes the pair before. So the one that holds the lease renews; Zalo's answer is journalled
before anybody reads it; and a renewal of which nobody knows how it ended is cleared up by asking with the old access token:
if that still works, nothing happened; if not, the new pair was lost on its way to us, and a person must connect the account again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from storage import rows
from storage.database import Database
from storage.vault import Vault

__all__ = ["Ask", "NotAsked", "NotConnected", "Pair", "Tokens", "Unclear", "error_of", "pair_from"]

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)  # longer than the call that renews may take
LOOK_AGAIN = timedelta(milliseconds=200)  # while another process renews
AHEAD = timedelta(hours=2)  # what is left of a token's life when it is renewed
OF_ITS_LIFE = 0.8  # or so much of it is over
LASTS = timedelta(days=90)  # a refresh token
WARNED = timedelta(days=60)
AT_LEAST_EVERY = timedelta(days=7)

Ask = Callable[[str], Awaitable[bytes]]
"""Renews with this refresh token: Zalo's answer as it came. Raises Unclear when none came, Refused when nothing was asked."""
Probe = Callable[[str], Awaitable[bool]]
"""Whether an access token still works. Raises Unclear when nobody can tell."""


class NotConnected(Exception):
    """The account has no tokens that work: a person must connect it again."""


class Unclear(Exception):
    """It was asked, and no answer came: it may have happened or not."""


class NotAsked(Exception):
    """It certainly did not reach Zalo."""


class Grant(BaseModel):
    """Zalo's answer to a code or a refresh token; it comes with HTTP 200 whatever it says."""

    model_config = ConfigDict(extra="allow")

    access_token: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    expires_in: int = Field(gt=0)
    """Seconds: written as a text, once in a while as a number."""


class Refusal(BaseModel):
    """Zalo's answer when there is no pair."""

    model_config = ConfigDict(extra="allow")

    error: int


@dataclass(frozen=True, slots=True)
class Pair:
    access: str
    refresh: str
    issued_at: datetime
    expires_at: datetime

    def is_young(self, now: datetime) -> bool:
        """Whether it need not be renewed yet."""
        life = self.expires_at - self.issued_at
        return now < min(
            max(self.issued_at + life * OF_ITS_LIFE, self.expires_at - AHEAD),
            self.issued_at + AT_LEAST_EVERY,
        )

    def to_json(self) -> bytes:
        moments = [self.issued_at.timestamp(), self.expires_at.timestamp()]
        return json.dumps([self.access, self.refresh, *moments]).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Pair":
        access, refresh, issued, expires = json.loads(text)
        return cls(access, refresh, datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC))

    def __repr__(self) -> str:
        # A pair printed by accident must open nothing.
        return f"Pair(…, expires_at={self.expires_at:%Y-%m-%dT%H:%MZ})"


class Tokens:
    """Of one account, in one process; others may be at the same account."""

    def __init__(
        self,
        account: str,
        db: Database,
        vault: Vault,
        ask: Ask,
        probe: Probe,
        now: Callable[[], datetime],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._account = account
        self._db = db
        self._vault = vault
        self._ask = ask
        self._probe = probe
        self._now = now
        self._pause = pause
        self._known: tuple[int, Pair] | None = None

    async def access(self) -> str:
        """A token to call with. Raises NotConnected, and Unavailable when the database is away."""
        if self._known is not None and self._known[1].is_young(self._now()):
            return self._known[1].access
        row = await self._row()
        generation, pair = row.generation, self._pair(row)
        self._known = generation, pair
        if pair.is_young(self._now()) and row.lease_until is None:
            return pair.access
        try:
            return (await self._renewed(generation)).access
        except Unclear:
            if pair.expires_at > self._now():
                return pair.access  # it may still work; the next call sees
            raise NotConnected(f"{self._account}: its token could not be renewed.") from None

    async def renewed_after(self, access: str) -> str:
        """Another token than this one, which Zalo has just refused. Raises NotConnected."""
        row = await self._row()
        pair = self._pair(row)
        if pair.access != access and row.lease_until is None:
            self._known = row.generation, pair
            return pair.access
        try:
            return (await self._renewed(row.generation)).access
        except Unclear:
            raise NotConnected(f"{self._account}: its token could not be renewed.") from None

    # ── Renewing ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _renewed(self, generation: int) -> Pair:
        """The pair after this one, whoever makes it. Raises Unclear and NotConnected."""
        while True:
            row = await self._row()
            if row.generation != generation:
                self._known = row.generation, self._pair(row)
                return self._known[1]
            now = self._now()
            if row.journal is not None:
                return await self._read(row)
            if row.lease_until is not None and row.lease_until >= now:
                await self._pause(LOOK_AGAIN.total_seconds())
                continue
            ended_unclear = row.lease_until is not None
            async with self._db.transaction() as tx:
                is_ours = await tx.zalo_accounts.lease(self._account, generation, now, now + LEASE)
            if is_ours:
                return await self._renew(row, ended_unclear=ended_unclear)

    async def _renew(self, row: rows.ZaloAccount, *, ended_unclear: bool) -> Pair:
        pair = self._pair(row)
        if ended_unclear and not await self._still_works(row, pair):
            return await self._lost(row)
        try:
            answer = await self._ask(pair.refresh)
        except NotAsked as trouble:
            async with self._db.transaction() as tx:
                await tx.zalo_accounts.release(self._account, row.generation)
            raise Unclear(str(trouble)) from None
        # From here until the journal is on disk the pair is nowhere but in this process.
        async with self._db.transaction() as tx:
            await tx.zalo_accounts.journal(
                self._account, row.generation, self._vault.seal_tokens(self._account, answer)
            )
        return await self._read(await self._row())

    async def _still_works(self, row: rows.ZaloAccount, pair: Pair) -> bool:
        """Whether the pair from before an unclear renewal is still good: then nothing was renewed."""
        log.warning("zalo.renewal_unclear", account=self._account)
        if pair.expires_at <= self._now():
            return True  # it would not work either way; the refresh token itself will tell
        return await self._probe(pair.access)

    async def _read(self, row: rows.ZaloAccount) -> Pair:
        """Makes the journal the pair."""
        if row.journal is None:  # another process has just done so
            return self._pair(row)
        answer = self._vault.open_tokens(self._account, row.journal)
        now = self._now()
        try:
            pair = pair_from(answer, now)
        except ValueError:
            return await self._refused(row, answer)
        async with self._db.transaction() as tx:
            await tx.zalo_accounts.renew(
                self._account, row.generation, self._vault.seal_tokens(self._account, pair.to_json())
            )
        log.info("zalo.renewed", account=self._account, generation=row.generation + 1)
        self._known = row.generation + 1, pair
        return pair

    async def _refused(self, row: rows.ZaloAccount, answer: bytes) -> Pair:
        error = error_of(answer)
        if error is None or error == -32:
            # Not the token service speaking, or only its rate limit: nothing was renewed.
            async with self._db.transaction() as tx:
                await tx.zalo_accounts.release(self._account, row.generation)
            raise Unclear(f"{self._account}: the token service gave no readable answer.")
        return await self._stopped(row, f"Zalo refused to renew the token ({error}).")

    async def _lost(self, row: rows.ZaloAccount) -> Pair:
        return await self._stopped(row, "A renewed token was lost between Zalo and here.")

    async def _stopped(self, row: rows.ZaloAccount, trouble: str) -> Pair:
        async with self._db.transaction() as tx:
            await tx.zalo_accounts.stop(self._account, row.generation, trouble)
        log.error(
            "zalo.not_connected", account=self._account, reason=trouble, do="python -m bot zalo connect"
        )
        raise NotConnected(f"{self._account}: {trouble} Connect it again: python -m bot zalo connect")

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _row(self) -> rows.ZaloAccount:
        async with self._db.reading() as tx:
            row = await tx.zalo_accounts.get(self._account)
        if row is None:
            raise NotConnected(f"{self._account} was never connected: python -m bot zalo connect")
        if row.trouble is not None:
            raise NotConnected(f"{self._account}: {row.trouble} Connect it again: python -m bot zalo connect")
        return row

    def _pair(self, row: rows.ZaloAccount) -> Pair:
        return Pair.from_json(self._vault.open_tokens(self._account, row.pair))


def pair_from(answer: bytes, now: datetime) -> Pair:
    """Raises ValueError when there is no pair in it."""
    try:
        grant = Grant.model_validate_json(answer)
    except ValidationError:
        # Without its cause: it quotes what it has read.
        raise ValueError("There is no pair of tokens in the answer.") from None
    return Pair(grant.access_token, grant.refresh_token, now, now + timedelta(seconds=grant.expires_in))


def error_of(answer: bytes) -> int | None:
    """The number of a refusal; None when it is none of the token service's answers."""
    try:
        body: Any = json.loads(answer)
        return Refusal.model_validate(body).error
    except (ValueError, RecursionError):
        return None
