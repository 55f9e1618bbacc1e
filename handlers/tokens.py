"""Tokens for visits: issued in batches with an entry in the ledger, looked at when somebody brings one, spent when they agree. It knows
no page, no PDF and no HTTP."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers import noting
from handlers.ledger import Ledger
from handlers.published import id_of
from storage import rows
from storage.database import Database
from storage.transaction import Tx
from storage.vault import KeyGone, Vault
from surveys import counter, entry, tokens
from surveys.entry import Entry, Stream
from surveys.records import TokensIssued
from surveys.running import Running, open_in
from surveys.stuffing import Circumstances
from surveys.tokens import Trouble
from surveys.waves import Audience, State

__all__ = [
    "Batch",
    "CannotIssue",
    "Conflict",
    "Gate",
    "Issuing",
    "NotAllowed",
    "circumstances",
    "enter_issued",
]

TEN = 10  # tokens of a unit at the least in an entry: a case system that issues one a visit must not publish when people came
KEY_BYTES = 32
KEY_MARK = "ln_"
BATCH_BYTES = 12
WEEK = timedelta(weeks=1)


class CannotIssue(ValueError):
    """What was asked for cannot be issued; the message says why and what to do."""


class NotAllowed(PermissionError):
    """This issuer may not issue for that unit."""


class Conflict(ValueError):
    """The same request key came before with another request."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens that were issued together."""

    id: str
    wave: str
    title: str
    unit: str
    unit_name: str
    payloads: tuple[str, ...]
    """What links carry, one a token."""
    expires_at: datetime
    is_new: bool
    """False when this very request was answered before."""


async def enter_issued(tx: Tx, ledger: Ledger, wave: rows.Wave, now: datetime, *, least: int = 1) -> None:
    """What the ledger does not know yet of the tokens of a wave, an entry a unit; no unit with fewer than `least`."""
    for unit, count in (await tx.tokens.not_entered(id_of(wave))).items():
        if count >= least:
            await tx.tokens.enter(id_of(wave), unit, now)
            await ledger.append(tx, TokensIssued(wave.slug, unit, count), now)


class Issuing:
    """Who issues tokens, and the issuing itself."""

    def __init__(self, db: Database, vault: Vault, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._db = db
        self._vault = vault
        self._ledger = ledger
        self._now = now

    # ── Batches ───────────────────────────────────────────────────────────────────────────────────────────────

    async def issue(
        self,
        unit: str,
        count: int,
        *,
        slug: str | None = None,
        issuer: rows.Issuer | None = None,
        request: str | None = None,
    ) -> Batch:
        """So many tokens of a unit in a wave of visits; without a slug in the newest one. The same `request` of the same issuer
        gives the same batch again.

        Raises CannotIssue, NotAllowed, Conflict.
        """
        if not 1 <= count <= tokens.LARGEST_BATCH:
            raise CannotIssue(f"A batch has 1 to {tokens.LARGEST_BATCH} tokens, not {count}.")
        if issuer is not None and unit not in json.loads(issuer.units):
            raise NotAllowed(f"{issuer.name} may not issue for unit {unit}.")
        now = self._now()
        id = _batch_id(issuer, request)
        async with self._db.transaction() as tx:
            # Two requests with one key at the same moment: the second sees what the first did.
            await tx.alone_with(hashlib.sha256(id.encode()).digest())
            before = await tx.tokens.batch(id)
            if before is not None:
                return await self._again(tx, before, unit, count, slug)
            wave = await self._wave(tx, unit, slug, now)
            expires_at = min((now + tokens.LIFE).replace(microsecond=0), wave.closes_at)
            batch = rows.TokenBatch(
                id=id,
                wave_id=id_of(wave),
                unit=unit,
                issuer=issuer.id if issuer else None,
                size=count,
                issued_at=now,
                expires_at=expires_at,
            )
            made = self._made(batch)
            await tx.tokens.add(batch, map(tokens.hash_of, made))
            await enter_issued(tx, self._ledger, wave, now, least=TEN)
            return await self._batch(tx, batch, wave, made, is_new=True)

    async def _again(self, tx: Tx, before: rows.TokenBatch, unit: str, count: int, slug: str | None) -> Batch:
        wave = await tx.waves.by_id(before.wave_id)
        assert wave is not None
        if (before.unit, before.size) != (unit, count) or slug not in (None, wave.slug):
            raise Conflict(
                "This request key was used for another batch. Use a new one for every new request."
            )
        return await self._batch(tx, before, wave, self._made(before), is_new=False)

    def _made(self, batch: rows.TokenBatch) -> list[bytes]:
        return [tokens.derive(self._vault.entry_key, batch.id, number) for number in range(batch.size)]

    async def _batch(
        self, tx: Tx, batch: rows.TokenBatch, wave: rows.Wave, made: Iterable[bytes], *, is_new: bool
    ) -> Batch:
        unit = await tx.units.get(batch.unit)
        return Batch(
            id=batch.id,
            wave=wave.slug,
            title=wave.title,
            unit=batch.unit,
            unit_name=unit.name if unit else batch.unit,
            payloads=tuple(map(tokens.payload, made)),
            expires_at=batch.expires_at,
            is_new=is_new,
        )

    async def _wave(self, tx: Tx, unit: str, slug: str | None, now: datetime) -> rows.Wave:
        if await tx.units.get(unit) is None:
            raise CannotIssue(f"No unit has the code {unit}.")
        taking_part = {each.wave_id for each in await tx.wave_units.all() if each.unit == unit}
        open_waves = [
            wave
            for wave in await tx.waves.all()
            if wave.state == State.OPEN
            and wave.audience == Audience.VISITS
            and wave.opens_at <= now < wave.closes_at
            and wave.id in taking_part
            and slug in (None, wave.slug)
        ]
        if not open_waves:
            which = f"{slug} is no wave of visits that is" if slug else "No wave of visits is"
            raise CannotIssue(f"{which} open now for unit {unit}. See: langnghe waves list")
        return max(open_waves, key=lambda wave: (wave.opens_at, id_of(wave)))

    # ── Issuers ───────────────────────────────────────────────────────────────────────────────────────────────

    async def add_issuer(self, name: str, units: Iterable[str]) -> str:
        """The key, which is shown this once. Raises CannotIssue."""
        name = name.strip()
        key = KEY_MARK + secrets.token_urlsafe(KEY_BYTES)
        async with self._db.transaction() as tx:
            listed = sorted(set(units))
            unknown = [code for code in listed if await tx.units.get(code) is None]
            if unknown or not listed:
                raise CannotIssue(f"No unit has the code {', '.join(unknown) or '(none given)'}.")
            if not name or await tx.issuers.by_name(name) is not None:
                raise CannotIssue(f"There is an issuer “{name}” already. Revoke it, or take another name.")
            await tx.issuers.add(
                rows.Issuer(
                    id=secrets.token_hex(BATCH_BYTES),
                    name=name,
                    key_hash=_hashed(key),
                    units=json.dumps(listed),
                    created_at=self._now(),
                )
            )
            await self._note(tx, "tokens.add_issuer", f"issuer:{name}", None)
        return key

    async def issuer(self, key: str) -> rows.Issuer | None:
        """Whose key this is; None for one that is unknown or revoked."""
        async with self._db.reading() as tx:
            found = await tx.issuers.by_key(_hashed(key))
        return found if found is not None and found.revoked_at is None else None

    async def issuers(self) -> list[rows.Issuer]:
        async with self._db.reading() as tx:
            return await tx.issuers.all()

    async def revoke(self, name: str) -> bool:
        """Whether this call did. What it issued stays good: people have it in their hands."""
        async with self._db.transaction() as tx:
            is_revoked = await tx.issuers.revoke(name, self._now())
            if is_revoked:
                await self._note(tx, "tokens.revoke_issuer", f"issuer:{name}", None)
        return is_revoked

    async def _note(self, tx: Tx, action: str, object: str, unit: str | None) -> None:
        """Batches are not noted: that somebody was given a slip, and when, is nobody's business."""
        await noting.note(tx, noting.at_the_machine(""), action, object, unit=unit, at=self._now())

    # ── Counters ──────────────────────────────────────────────────────────────────────────────────────────────

    async def counter_door(self, unit: str, number: int, hours_a_week: int) -> str:
        """What stands in the address of that counter's tablet. Raises CannotIssue."""
        try:
            counter.mint(counter.Counter(unit, number), self._now(), self._vault.entry_key)
        except ValueError as trouble:
            raise CannotIssue(str(trouble)) from None
        async with self._db.transaction() as tx:
            if await tx.units.get(unit) is None:
                raise CannotIssue(f"No unit has the code {unit}.")
            await tx.counters.save(rows.Counter(unit=unit, number=number, hours_a_week=hours_a_week))
            await self._note(tx, "tokens.counter", f"counter:{unit}-{number}", unit)
        return counter.door(counter.Counter(unit, number), self._vault.entry_key)


# ── Whoever brings one ───────────────────────────────────────────────────────────────────────────────────────────


class Gate:
    """Looks at what somebody came with, without changing anything; and spends a token when they agree."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def entry(
        self, tx: Tx, payload: str, running: Iterable[Running], now: datetime
    ) -> tuple[Entry, Trouble | None]:
        """How they came, and why it does not count, if it does not. Whoever brings what cannot count may still answer openly."""
        token = tokens.read(payload)
        if token is not None:
            return await self._by_token(tx, tokens.hash_of(token), running, now)
        code = counter.read(payload, now, self._vault.entry_key)
        if code is None:
            named = counter.unit_named(payload)
            return Entry(named) if named else entry.read(payload, self._vault.entry_key), None
        unit = code.counter.unit
        visits = [wave for wave in open_in(running, unit, now) if wave.audience == Audience.VISITS]
        if not visits:
            return Entry(unit), None
        if not code.is_in_time:
            return Entry(unit, Stream.OPEN, visits[0].slug), Trouble.LATE
        return Entry(unit, Stream.VISIT, visits[0].slug), None

    async def _by_token(
        self, tx: Tx, hash: bytes, running: Iterable[Running], now: datetime
    ) -> tuple[Entry, Trouble | None]:
        found = await tx.tokens.find(hash)
        if found is None:
            return Entry(), Trouble.UNKNOWN
        # An officer's own ward is in no wave: they hear what everybody hears whose wave is over.
        waves = (each for each in running if each.id == found.wave_id and found.unit in each.units)
        wave = next((each for each in waves if each.is_open(now)), None)
        if wave is None or now >= found.expires_at:
            return Entry(found.unit, Stream.OPEN, wave.slug if wave else None), Trouble.EXPIRED
        try:
            mark = self._vault.spent_mark(found.wave_id, hash)
        except KeyGone:
            return Entry(found.unit), Trouble.EXPIRED
        if await tx.tokens.is_spent(mark):
            return Entry(found.unit, Stream.OPEN, wave.slug), Trouble.SPENT
        return Entry(found.unit, Stream.VISIT, wave.slug, hash), None

    async def spend(self, tx: Tx, wave_id: int, hash: bytes) -> bool:
        """Whether it is theirs. It is part of the unit of work in which they begin: one without the other never rests."""
        return await tx.tokens.spend(self._vault.spent_mark(wave_id, hash), wave_id)


# ── For the detectors ────────────────────────────────────────────────────────────────────────────────────────────


async def circumstances(tx: Tx, wave: rows.Wave) -> Circumstances:
    """What the detectors must know of a wave besides its ballots."""
    taking_part = await tx.wave_units.of_wave(id_of(wave))
    invited = {each.unit: each.invited for each in taking_part if each.invited is not None}
    if wave.audience != Audience.VISITS:
        return Circumstances(invited=invited)
    weeks = (wave.closes_at - wave.opens_at) / WEEK
    hours, issued = await tx.counters.hours_a_week(), await tx.tokens.issued(id_of(wave))
    return Circumstances(
        invited=invited,
        issued={each.unit: issued.get(each.unit, 0) for each in taking_part},
        counter_hours={each.unit: hours[each.unit] * weeks for each in taking_part if each.unit in hours},
    )


def _batch_id(issuer: rows.Issuer | None, request: str | None) -> str:
    if request is None:
        return secrets.token_hex(BATCH_BYTES)
    whose = issuer.id if issuer else ""
    return hashlib.sha256(f"{whose}\0{request}".encode()).hexdigest()[: 2 * BATCH_BYTES]


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
