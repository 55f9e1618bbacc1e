"""What keeps the house in order by itself: forgetting, counting again, copies. Schedules like any other, so that somebody sees each time
that it was done, and may choose another hour. A chore concerns no person and disturbs nobody; done twice it does the same."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from handlers.audit import Audit
from handlers.comments import Comments
from handlers.noting import AuditTrail
from handlers.occasions import Found, NotNow, Occasion
from handlers.people import People
from handlers.witnessing import Rewritten, written_down
from storage.backup import backed_up, thinned_out
from storage.database import Database
from surveys.ledger import BadEntry, Broken, verify_chain
from surveys.schedules.purposes import CHORE
from surveys.waves import LOCAL

__all__ = ["Backup", "Flush", "Heads", "Purge", "Reconciliation", "Renewal"]

LOBBY_KEPT = timedelta(days=30)  # a conversation that led nowhere
QUARANTINE_KEPT = timedelta(days=90)
CHORES_KEPT = timedelta(days=90)  # that a chore was done, and what came of it


class Purge:
    """Forgets conversations that led nowhere, and what broke long ago; comments when their days are over, where somebody said how many."""

    def __init__(
        self,
        db: Database,
        comments: Comments,
        people: People,
        now: Callable[[], datetime],
        comments_kept: timedelta | None,
    ) -> None:
        self._db = db
        self._comments = comments
        self._people = people
        self._now = now
        self._comments_kept = comments_kept

    async def __call__(self, occasion: Occasion) -> str:
        now = self._now()
        today = now.astimezone(LOCAL).date()
        async with self._db.transaction() as tx:
            lobbies = await tx.lobbies.purge(today - LOBBY_KEPT)
            broken = await tx.quarantine.purge(today - QUARANTINE_KEPT)
            await tx.dues.purge(CHORE, now - CHORES_KEPT)
        if self._comments_kept is not None:
            await self._comments.purge(now - self._comments_kept)
        await self._people.purge()
        return (
            f"Đã xóa {lobbies} cuộc trò chuyện dở dang, {broken} tin không đọc được và những gì hết hạn giữ."
        )


class Flush:
    """Writes down what was said to this process and rests beside the keys."""

    def __init__(self, flush: Callable[[], Awaitable[None]]) -> None:
        self._flush = flush

    async def __call__(self, occasion: Occasion) -> str:
        await self._flush()
        return "Đã ghi số liệu hoạt động và các lượt đăng ký."


class Renewal:
    """Platforms' tokens; whoever serves a platform says how, as soon as it is there."""

    def __init__(self) -> None:
        self.how: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, occasion: Occasion) -> str:
        if self.how is None:
            raise NotNow("Chưa kết nối nền tảng nào có khóa cần gia hạn.")
        await self.how()
        return "Đã gia hạn những khóa đến hạn."


class Reconciliation:
    """Walks along the audit trail and the ledger, and counts the outbox again. Whatever does not agree is for a person."""

    def __init__(self, db: Database, trail: AuditTrail, audit: Audit) -> None:
        self._db = db
        self._trail = trail
        self._audit = audit

    async def __call__(self, occasion: Occasion) -> str:
        verified = await self._trail.verified()
        if verified.broken is not None:
            raise Found(f"Nhật ký thao tác không liền mạch từ dòng {verified.broken}.")
        lines = await self._audit.lines()
        try:
            await asyncio.to_thread(self._walked, lines)
        except (BadEntry, Broken) as trouble:
            raise Found(f"Sổ cái không liền mạch: {trouble}") from None
        async with self._db.reading() as tx:
            miscounted = await tx.recounting.miscounted()
        if miscounted:
            raise Found(f"Số đếm của đợt gửi không khớp: {', '.join(map(str, miscounted))}.")
        return f"Nhật ký thao tác {verified.rows} dòng, sổ cái {len(lines)} dòng, đều liền mạch; số đếm các đợt gửi đều khớp."

    def _walked(self, lines: tuple[str, ...]) -> None:
        for _ in verify_chain(lines, self._audit.key):
            pass


class Heads:
    """The ledger and its signed head, to where witnesses fetch them."""

    def __init__(self, audit: Audit, directory: Path | None) -> None:
        self._audit = audit
        self._directory = directory

    async def __call__(self, occasion: Occasion) -> str:
        if self._directory is None:
            raise NotNow("Chưa đặt WITNESS_DIR.")
        lines = await self._audit.lines()
        if not lines:
            return "Sổ cái chưa có dòng nào."
        head = self._audit.head_over(lines)
        try:
            kept = await asyncio.to_thread(written_down, self._directory, lines, head, self._audit.key.text)
        except Rewritten as trouble:
            raise Found(str(trouble)) from None
        return f"Đã ghi {kept.name} cho bên chứng kiến."


class Backup:
    """A copy of the database, named by when it was due, and the oldest ones away."""

    def __init__(self, url: str, directory: Path | None, kept: int) -> None:
        self._url = url
        self._directory = directory
        self._kept = kept

    async def __call__(self, occasion: Occasion) -> str:
        if self._directory is None:
            raise NotNow("Chưa đặt BACKUP_DIR.")
        file = await backed_up(self._url, self._directory, occasion.due)
        await asyncio.to_thread(thinned_out, self._directory, self._kept)
        return f"Đã sao lưu vào {file.name}, {_size(file)}."


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1_000_000:.1f} MB".replace(".", ",")
