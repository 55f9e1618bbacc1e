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
from storage.database import Database, Unavailable
from storage.vault import Tampered, Vault

__all__ = ["Ask", "NotAsked", "NotConnected", "Pair", "Tokens", "Unclear", "error_of", "pair_from"]

log = structlog.get_logger(__name__)

LEASE = timedelta(
    seconds=30
)  # longer than the call that renews may take, so that Zalo has settled when it runs out
LOOK_AGAIN = timedelta(milliseconds=200)  # while another process renews, or the database is away
KEEPING = 20  # tries to write down an answer of Zalo's before it stays in memory for the time being
AHEAD = timedelta(hours=2)  # what is left of a token's life when it is renewed
OF_ITS_LIFE = 0.8  # or so much of it is over
AT_LEAST_EVERY = timedelta(days=7)
JUST_NOW = timedelta(
    minutes=1
)  # a pair this young is not renewed for being refused: the next would fare no better
UNTOLD = timedelta(hours=1)  # how long a token is taken to live of which Zalo does not say it
LONGEST_LIFE = timedelta(days=90)
HASTE = -32
CONNECT = "python -m bot zalo connect"
LOST = "A renewed pair of tokens was lost between Zalo and here."

Ask = Callable[[str], Awaitable[bytes]]
"""Renews with this refresh token: Zalo's answer as it came. Raises Unclear when none came, NotAsked when nothing was asked."""
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
    expires_in: Any = None
    """Seconds: written as a text, once in a while as a number. A pair is never thrown away for the sake of this field."""

    @property
    def lives(self) -> timedelta:
        try:
            seconds = int(str(self.expires_in))
        except ValueError:
            return UNTOLD
        return min(timedelta(seconds=seconds), LONGEST_LIFE) if 0 < seconds < 10**9 else UNTOLD


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
        self._renewals: dict[int, asyncio.Task[Pair]] = {}
        self._unwritten: tuple[int, bytes] | None = None
        """Zalo's answer to the renewal of this generation, while the database cannot keep it."""

    async def access(self) -> str:
        """A token to call with. Raises NotConnected, Unclear when nobody can tell just now, Unavailable when the database is
        away."""
        if self._known is not None and self._known[1].is_young(self._now()):
            return self._known[1].access
        row = await self._row()
        pair = self._pair(row)
        self._learn(row.generation, pair)
        now = self._now()
        if row.lease_until is None and pair.is_young(now):
            return pair.access
        if row.lease_until is not None and row.lease_until >= now and pair.expires_at > now:
            return (
                pair.access
            )  # somebody renews; should Zalo refuse this one meanwhile, the caller waits for the next
        try:
            return (await self._renewal(row.generation)).access
        except Unclear:
            if pair.expires_at > self._now():
                return pair.access  # it may still work; the next call sees
            raise

    async def renewed_after(self, access: str) -> str:
        """Another token than this one, which Zalo has just refused. Raises as `access` does."""
        row = await self._row()
        pair = self._pair(row)
        if row.lease_until is None:
            if pair.access != access:
                self._learn(row.generation, pair)
                return pair.access
            if self._now() - pair.issued_at < JUST_NOW:
                raise NotConnected(f"{self._account}: Zalo refuses a token that it has just given.")
        return (await self._renewal(row.generation)).access

    async def settle(self, within: timedelta) -> None:
        """Before the process ends: a renewal that is under way is waited for, because its answer comes only once."""
        if self._renewals:
            await asyncio.wait(self._renewals.values(), timeout=within.total_seconds())

    # ── Renewing ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _renewal(self, generation: int) -> Pair:
        """One for everybody in this process, and cut short by nobody who stops waiting for it."""
        renewal = self._renewals.get(generation)
        if renewal is None:
            renewal = self._renewals[generation] = asyncio.create_task(self._renewed(generation))
            renewal.add_done_callback(lambda done: self._ended(generation, done))
        return await asyncio.shield(renewal)

    def _ended(self, generation: int, done: "asyncio.Task[Pair]") -> None:
        del self._renewals[generation]
        if not done.cancelled():
            done.exception()  # seen, even where everybody who waited has gone

    async def _renewed(self, generation: int) -> Pair:
        """The pair after this one, whoever makes it. Raises Unclear and NotConnected."""
        while True:
            row = await self._row()
            if row.generation != generation:
                return self._learn(row.generation, self._pair(row))
            now = self._now()
            if self._unwritten is not None and self._unwritten[0] == generation:
                return await self._kept(row, self._unwritten[1], now)
            if row.journal is not None:
                # A process ended between writing the answer down and reading it.
                begun = now if row.lease_until is None else row.lease_until - LEASE
                return await self._read(row, self._open(row.journal), begun)
            if row.lease_until is not None and row.lease_until >= now:
                await self._pause(LOOK_AGAIN.total_seconds())
                continue
            async with self._db.transaction() as tx:
                is_ours = await tx.zalo_accounts.lease(self._account, generation, now, now + LEASE)
            if is_ours:
                return await self._renew(row, now)

    async def _renew(self, row: rows.ZaloAccount, now: datetime) -> Pair:
        pair = self._pair(row)
        if row.lease_until is not None and not await self._still_works(pair):
            return await self._stopped(row, LOST)
        try:
            answer = await self._ask(pair.refresh)
        except NotAsked as trouble:
            async with self._db.transaction() as tx:
                await tx.zalo_accounts.release(self._account, row.generation)
            raise Unclear(str(trouble)) from None
        # Where no answer came, the lease stays: whoever comes when it has run out asks first what became of it.
        return await self._kept(row, answer, now)

    async def _still_works(self, pair: Pair) -> bool:
        """Whether the pair from before an unclear renewal is still good: then nothing was renewed."""
        log.warning("zalo.renewal_unclear", account=self._account)
        if pair.expires_at <= self._now():
            return True  # it would not work either way; the refresh token itself will tell
        return await self._probe(pair.access)

    async def _kept(self, row: rows.ZaloAccount, answer: bytes, begun: datetime) -> Pair:
        """Writes the answer down before anybody reads it. Until then the pair is nowhere but in this process."""
        self._unwritten = row.generation, answer
        sealed = self._vault.seal_tokens(self._account, answer)
        for left in reversed(range(KEEPING)):
            try:
                async with self._db.transaction() as tx:
                    await tx.zalo_accounts.journal(self._account, row.generation, sealed)
                break
            except Unavailable:
                if not left:
                    raise
                await self._pause(LOOK_AGAIN.total_seconds())
        self._unwritten = None
        return await self._read(row, answer, begun)

    async def _read(self, row: rows.ZaloAccount, answer: bytes, begun: datetime) -> Pair:
        """Makes the journal the pair."""
        try:
            pair = pair_from(answer, begun)
        except ValueError:
            return await self._refused(row, answer)
        async with self._db.transaction() as tx:
            await tx.zalo_accounts.renew(
                self._account, row.generation, self._vault.seal_tokens(self._account, pair.to_json())
            )
        log.info("zalo.renewed", account=self._account, generation=row.generation + 1)
        return self._learn(row.generation + 1, pair)

    async def _refused(self, row: rows.ZaloAccount, answer: bytes) -> Pair:
        error = error_of(answer)
        if not error or error == HASTE:
            # A proxy's page, half an answer, or too many calls: it may have happened or not, so the lease runs out first.
            async with self._db.transaction() as tx:
                await tx.zalo_accounts.doubt(self._account, row.generation)
            raise Unclear(f"{self._account}: the token service gave no readable answer.")
        refused = f"Zalo refused to renew the token ({error})."
        return await self._stopped(row, refused if row.lease_until is None else f"{refused} {LOST}")

    async def _stopped(self, row: rows.ZaloAccount, trouble: str) -> Pair:
        async with self._db.transaction() as tx:
            await tx.zalo_accounts.stop(self._account, row.generation, trouble)
        log.error("zalo.not_connected", account=self._account, reason=trouble, do=CONNECT)
        raise NotConnected(f"{self._account}: {trouble} Connect it again: {CONNECT}")

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _row(self) -> rows.ZaloAccount:
        async with self._db.reading() as tx:
            row = await tx.zalo_accounts.get(self._account)
        if row is None:
            raise NotConnected(f"{self._account} was never connected: {CONNECT}")
        if row.trouble is not None:
            raise NotConnected(f"{self._account}: {row.trouble} Connect it again: {CONNECT}")
        return row

    def _pair(self, row: rows.ZaloAccount) -> Pair:
        return Pair.from_json(self._open(row.pair))

    def _open(self, sealed: bytes) -> bytes:
        try:
            return self._vault.open_tokens(self._account, sealed)
        except Tampered:
            raise NotConnected(
                f"{self._account}: its tokens cannot be opened with the keys that are here. Connect it again: {CONNECT}"
            ) from None

    def _learn(self, generation: int, pair: Pair) -> Pair:
        if self._known is None or self._known[0] <= generation:
            self._known = generation, pair
        return pair


def pair_from(answer: bytes, now: datetime) -> Pair:
    """Raises ValueError when there is no pair in it."""
    try:
        grant = Grant.model_validate_json(answer)
    except ValidationError:
        # Without its cause: it quotes what it has read.
        raise ValueError("There is no pair of tokens in the answer.") from None
    return Pair(grant.access_token, grant.refresh_token, now, now + grant.lives)


def error_of(answer: bytes) -> int | None:
    """The number of a refusal; None when it is none of the token service's answers."""
    try:
        body: Any = json.loads(answer)
        return Refusal.model_validate(body).error
    except (ValueError, RecursionError):
        return None
