"""Sealing: every session of a wave becomes a ballot without its nullifier, its comments and its receipt apart from it.

The three heaps are laid out page by page beside everybody's work, each in an order of its own that only the wave's key can
compute, and then moved in one transaction. Memory does not grow with the number of sessions: an order is worked out bucket by
bucket, over nullifiers alone, and bodies are fetched a page at a time."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from handlers.published import form_of, id_of
from handlers.tokens import circumstances
from storage import rows
from storage.ballots import SealedBallot
from storage.database import Database
from storage.staging import Superseded
from storage.transaction import Tx
from storage.vault import KeyGone, Tampered, Vault
from surveys.ballot_box import ReceiptsDigest, leaf_of
from surveys.ballots import SALT_BYTES, Comment, Parts, commitment, may_be_written, written_answers
from surveys.comments import ID_BYTES, new_id
from surveys.dividing import Divider
from surveys.forms.form import Form
from surveys.forms.session import Mode, Said
from surveys.merkle import Accumulator
from surveys.stuffing import Circumstances, Key, Watch, Watched
from surveys.waves import LOCAL, week_of

__all__ = ["Changed", "LaidOut", "Sealed", "Sealing", "Superseded", "Unreadable"]

PAGE = 500  # rows written in one transaction, sessions opened for them
AT_ONCE = 50  # sessions opened between two turns of the event loop: some milliseconds
LOOKED_THROUGH = 2000  # nullifiers read at a time
SLOTS_IN_A_BUCKET = 512  # pages whose order is held in memory at a time: 256,000 places, some 20 MB
CLEARED = 5000  # rows of an unfinished sealing deleted in one transaction
PLACE_BYTES = 16
SLOT_BITS = 32  # of a place: which slot it falls into


class Unreadable(Exception):
    """A session cannot be opened with the wave's key, so sealing would lose somebody's answers. Nothing was sealed."""


class Changed(Exception):
    """The sessions are not those that were laid out: it must be done anew."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing did."""

    ballots: int
    comments: int
    blank: int
    """Sessions in which nothing was answered; they leave no ballot."""
    withdrawn: int = 0
    """Places that stay blank, because their ballots were withdrawn."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A wave whose three heaps wait to be moved."""

    number: int
    """Which laying out it is: a later one of another process makes it void."""
    sessions: int
    sealed: Sealed
    root: bytes
    receipts: str
    """The digest of all receipts."""
    strata: dict[Key, Watched]

    @property
    def places(self) -> int:
        return self.sealed.ballots + self.sealed.withdrawn


class Sealing:
    def __init__(self, db: Database, vault: Vault) -> None:
        self._db = db
        self._vault = vault

    async def lay_out(self, wave: rows.Wave) -> LaidOut:
        """Raises Unreadable, Changed and Superseded; what was laid out by then is cleared away by whoever begins again."""
        async with self._db.transaction() as tx:
            number = await tx.staging.begin(id_of(wave))
        async with self._db.reading() as tx:
            form = await form_of(tx, wave)
            sessions = await tx.sessions.count(id_of(wave))
            known = await circumstances(tx, wave)
        job = _Job(self._db, self._vault, wave, form, number, sessions)
        await job.clear()
        try:
            return await job.laid_out(known)
        except KeyGone:
            raise Unreadable(f"{wave.slug}: its key is gone, and with it every answer in it.") from None

    async def move(self, tx: Tx, wave: rows.Wave, laid_out: LaidOut) -> None:
        """In the transaction that seals. Raises Superseded, and Changed when a session came or went since."""
        wave_id = id_of(wave)
        await tx.staging.go_on(wave_id, laid_out.number)
        done = laid_out.sealed
        if await tx.sessions.count(wave_id) != laid_out.sessions:
            raise Changed
        if await tx.staging.counts(wave_id) != (done.ballots, done.ballots, done.comments):
            raise Changed
        await tx.staging.move(wave_id)
        await tx.sessions.delete_wave(wave_id)


class _Job:
    """One wave being laid out."""

    def __init__(
        self, db: Database, vault: Vault, wave: rows.Wave, form: Form, number: int, sessions: int
    ) -> None:
        self._db = db
        self._vault = vault
        self._wave = wave
        self._wave_id = id_of(wave)
        self._form = form
        self._number = number
        self._sessions = sessions
        # “today” is the last day of the wave: sealing on another day must not change what counts.
        self._divider = Divider(form, wave.closes_at.astimezone(LOCAL).date())
        # All comments of a wave carry the week it closed: less than the week they came in, and enough to be read by.
        self._week = week_of(wave.closes_at)

    async def clear(self) -> None:
        """What a crash left behind."""
        gone = 1
        while gone:
            async with self._writing() as tx:
                gone = await tx.staging.clear_some(self._wave_id, CLEARED)

    async def laid_out(self, known: Circumstances) -> LaidOut:
        tree, watch = Accumulator(), Watch(self._form)
        ballots, withdrawn, blank = await self._ballots(tree, watch)
        await self._receipts()
        comments = await self._comments()
        sealed = Sealed(ballots, comments, blank, withdrawn)
        digest = await self._digest()
        strata = watch.strata(known)
        return LaidOut(self._number, self._sessions, sealed, tree.root(), digest, strata)

    # ── The three heaps ───────────────────────────────────────────────────────────────────────────────────────

    async def _ballots(self, tree: Accumulator, watch: Watch) -> tuple[int, int, int]:
        """Ballots, blank places, sessions that leave none."""
        withdrawn = blank = 0
        async for page in self._pages(["ballot"]):
            ballots: list[SealedBallot] = []
            async for session, _ in self._opened(page):
                if session is None:
                    withdrawn += 1
                    tree.add(leaf_of(None))
                    continue
                parts = self._parts(session)
                if parts.is_empty:
                    blank += 1
                    continue
                ballot = self._ballot(session, parts, position=tree.size)
                tree.add(leaf_of(ballot))
                ballots.append(ballot)
                watch.add(
                    session.unit,
                    session.stream,
                    session.mode,
                    session.begun_hour,
                    session.seconds,
                    parts.answers,
                )
            async with self._writing() as tx:
                await tx.staging.add_ballots(self._wave_id, ballots)
        return tree.size - withdrawn, withdrawn, blank

    async def _receipts(self) -> None:
        async for page in self._pages(["receipt"]):
            receipts = [
                session.receipt
                async for session, _ in self._opened(page)
                if session is not None and not self._divider.is_empty(session.answers, session.seed)
            ]
            async with self._writing() as tx:
                await tx.staging.add_receipts(self._wave_id, receipts)

    async def _comments(self) -> int:
        """Two comments of one person are as far from one another as those of two."""
        number = 0
        questions = [question.name for question in self._form.questions if may_be_written(question)]
        async for page in self._pages([f"comment/{name}" for name in questions]):
            comments = [
                self._comment(session, comment)
                async for session, heap in self._opened(page)
                if session is not None and session.answers.get(questions[heap])
                for comment in self._parts(session).comments
                if comment.question == questions[heap]
            ]
            number += len(comments)
            if comments:
                async with self._writing() as tx:
                    await tx.staging.add_comments(comments)
        return number

    async def _digest(self) -> str:
        digest, last, some = ReceiptsDigest(), "", [""]
        while some:
            async with self._db.reading() as tx:
                some = await tx.staging.receipts_after(self._wave_id, last, LOOKED_THROUGH)
            for receipt in some:
                digest.add(receipt)
            last = some[-1] if some else last
            await asyncio.sleep(0)
        return digest.hexdigest()

    # ── In a secret order ─────────────────────────────────────────────────────────────────────────────────────

    async def _pages(self, heaps: Sequence[str]) -> AsyncIterator[list[tuple[int, bytes]]]:
        """Every session once for each heap, as heap and nullifier, by place. A place is a number nobody can foretell, so its
        first bits part all of them into slots of about a page; a bucket of slots is held at a time."""
        slots = -(-max(1, self._sessions * len(heaps)) // PAGE)
        page: list[tuple[int, bytes]] = []
        for first in range(0, slots if heaps else 0, SLOTS_IN_A_BUCKET):
            bucket = await self._bucket(heaps, slots, first)
            for number, slot in enumerate(bucket):
                bucket[number] = []
                slot.sort()
                for entry in slot:
                    page.append((entry[PLACE_BYTES], entry[PLACE_BYTES + 1 :]))
                    if len(page) == PAGE:
                        yield page
                        page = []
        if page:
            yield page

    async def _bucket(self, heaps: Sequence[str], slots: int, first: int) -> list[list[bytes]]:
        """Place ‖ heap ‖ nullifier of all that fall into this bucket, by slot. One bytes each: a million tuples would be 200 MB."""
        bucket: list[list[bytes]] = [[] for _ in range(min(SLOTS_IN_A_BUCKET, slots - first))]
        last, some = b"", [b""]
        while some:
            async with self._db.reading() as tx:
                some = await tx.sessions.nullifiers_after(self._wave_id, last, LOOKED_THROUGH)
            for number, heap in enumerate(heaps):
                places = self._vault.places(self._wave_id, heap, some)
                for place, nullifier in zip(places, some, strict=True):
                    slot = (int.from_bytes(place[: SLOT_BITS // 8], "big") * slots >> SLOT_BITS) - first
                    if 0 <= slot < len(bucket):
                        bucket[slot].append(place + bytes([number]) + nullifier)
            last = some[-1] if some else last
            await asyncio.sleep(0)
        return bucket

    # ── One session ───────────────────────────────────────────────────────────────────────────────────────────

    async def _opened(self, page: list[tuple[int, bytes]]) -> AsyncIterator[tuple[Said | None, int]]:
        """Each session of the page, None where it was withdrawn, and the heap it is wanted for."""
        async with self._db.reading() as tx:
            bodies = await tx.sessions.bodies([nullifier for _, nullifier in page], PAGE)
        for number, (heap, nullifier) in enumerate(page):
            if nullifier not in bodies:
                raise Changed
            yield self._session(nullifier, bodies[nullifier]), heap
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _session(self, nullifier: bytes, body: bytes) -> Said | None:
        try:
            opened = self._vault.open_body(self._wave_id, nullifier, body)
            return Said.from_json(opened) if opened else None
        except (Tampered, ValueError, KeyError, TypeError) as problem:
            raise Unreadable(
                f"{self._wave.slug}: a session cannot be opened ({type(problem).__name__})."
            ) from None

    def _parts(self, session: Said) -> Parts:
        return self._divider.parts(session.answers, session.seed, session.whole)

    def _ballot(self, session: Said, parts: Parts, *, position: int) -> SealedBallot:
        answers = written_answers(parts.answers)
        salt = secrets.token_bytes(SALT_BYTES)
        committed = commitment(
            wave=self._wave.slug,
            unit=session.unit,
            stream=session.stream,
            mode=session.mode,
            answers=answers,
            salt=salt,
        )
        return SealedBallot(position, session.unit, session.stream, session.mode, answers, salt, committed)

    def _comment(self, session: Said, comment: Comment) -> rows.Comment:
        id = new_id(secrets.token_bytes(ID_BYTES), by_template=session.mode is Mode.ZBS)
        body = written_answers(
            {"question": comment.question, "text": comment.text, "whole": "yes" if comment.is_whole else ""}
        )
        return rows.Comment(
            id=id,
            wave_id=self._wave_id,
            unit=session.unit,
            week=self._week,
            body=self._vault.seal_comment(id, body),
        )

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Tx]:
        async with self._db.transaction() as tx:
            await tx.staging.go_on(self._wave_id, self._number)
            yield tx
