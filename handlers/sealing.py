"""Sealing: every session of a wave becomes a ballot without its nullifier, its comments and its receipt apart from it."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

from handlers.published import form_of, id_of
from storage import rows
from storage.ballots import SealedBallot
from storage.transaction import Tx
from storage.vault import Tampered, Vault
from surveys.ballots import SALT_BYTES, Comment, Parts, commitment, divide, written_answers
from surveys.forms.form import Form
from surveys.forms.session import Session
from surveys.forms.walk import Walk
from surveys.waves import LOCAL, week_of

__all__ = ["Sealed", "Sealing", "Unreadable"]

PAGE = 500  # ballots written at a time


class Unreadable(Exception):
    """A session cannot be opened with the wave's key, so sealing would lose somebody's answers. Nothing was sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing did."""

    ballots: int
    comments: int
    blank: int
    """Sessions in which nothing was answered; they leave no ballot."""


class Sealing:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def rewrite(self, tx: Tx, wave: rows.Wave) -> Sealed:
        """Sessions in nullifier order become ballots in that order, so that a ballot's place says nothing about when it came."""
        form = await form_of(tx, wave)
        page: list[SealedBallot] = []
        receipts: list[str] = []
        comments: list[rows.Comment] = []
        ballots = blank = 0
        async for session in self._sessions(tx, wave):
            parts = _parts(form, session, wave)
            if parts.is_empty:
                blank += 1
                continue
            page.append(_ballot(wave, session, parts, position=ballots))
            receipts.append(session.receipt)
            comments.extend(self._comment(wave, session.unit, comment) for comment in parts.comments)
            ballots += 1
            if len(page) == PAGE:
                await tx.ballots.add_many(id_of(wave), page)
                page.clear()
        await tx.ballots.add_many(id_of(wave), page)
        await tx.receipts.add_many(id_of(wave), sorted(receipts))
        # The order in which comments are written must not be the order of the ballots they came with.
        secrets.SystemRandom().shuffle(comments)
        await tx.comments.add_many(comments)
        return Sealed(ballots, len(comments), blank)

    async def _sessions(self, tx: Tx, wave: rows.Wave) -> AsyncIterator[Session]:
        async for nullifier, body in tx.sessions.of_wave(id_of(wave)):
            try:
                yield Session.from_json(self._vault.open_body(id_of(wave), nullifier, body))
            except (Tampered, ValueError, KeyError) as problem:
                raise Unreadable(f"{wave.slug}: {type(problem).__name__}") from None

    def _comment(self, wave: rows.Wave, unit: str, comment: Comment) -> rows.Comment:
        id = secrets.token_hex(16)
        body = written_answers(
            {"question": comment.question, "text": comment.text, "whole": "yes" if comment.is_whole else ""}
        )
        # All comments of a wave carry the week it closed: less than the week they came in, and enough to be read by.
        return rows.Comment(
            id=id,
            wave_id=id_of(wave),
            unit=unit,
            week=week_of(wave.closes_at),
            body=self._vault.seal_comment(id, body),
        )


def _parts(form: Form, session: Session, wave: rows.Wave) -> Parts:
    # “today” is the last day of the wave: sealing on another day must not change what counts.
    last_day = wave.closes_at.astimezone(LOCAL).date()
    walk = Walk(form, session.values, seed=session.seed, today=last_day)
    return divide(form, walk.values(), session.whole)


def _ballot(wave: rows.Wave, session: Session, parts: Parts, *, position: int) -> SealedBallot:
    answers = written_answers(parts.answers)
    salt = secrets.token_bytes(SALT_BYTES)
    committed = commitment(
        wave=wave.slug,
        unit=session.unit,
        stream=session.stream,
        mode=session.mode,
        answers=answers,
        salt=salt,
    )
    return SealedBallot(position, session.unit, session.stream, session.mode, answers, salt, committed)
