"""What residents are told of notices without being written to: what is new in their wards, and whether a notice somebody passed on to
them is real. It writes nothing, and knows of none that has not left."""

from collections.abc import Callable, Iterable
from datetime import datetime

from handlers.notice_checks import Checks, is_for
from storage.database import Database
from storage.transaction import Tx
from surveys.notices import Notice, Occasion, Telling, read_code, told
from surveys.notices.verifying import verified
from surveys.units import Gazetteer

__all__ = ["NoticeBoard"]


class NoticeBoard:
    def __init__(self, db: Database, now: Callable[[], datetime], checks: Checks) -> None:
        self._db = db
        self._now = now
        self._checks = checks

    async def by_code(self, code: str) -> tuple[Notice, str] | None:
        """The notice, and its unit's name within a sentence; None for what is none of ours, or has not left."""
        readable = read_code(code)
        if readable is None:
            return None
        async with self._db.reading() as tx:
            notice = await tx.notices.by_code(readable)
            if notice is None or not notice.has_left:
                return None
            return notice, await self._checks.office(tx, notice.unit)

    async def verified(self, code: str, language: str) -> str:
        """What whoever asks about a code is told: that it is real, or what to do."""
        found = await self.by_code(code)
        if found is None:
            return verified(language, None, "", self._now())
        return verified(language, *found, self._now())

    async def told(
        self, units: Iterable[str], language: str, now: datetime, kind: str = "web", some: int = 5
    ) -> tuple[Telling, ...]:
        """What is new in these wards, the latest first."""
        units = tuple(units)
        async with self._db.reading() as tx:
            known = await self._checks.known(tx)
            issuers = sorted({*units, *(_province(known, unit) for unit in units)})
            found = await tx.notices.news(issuers, now - self._checks.policies.news, now, MANY * some)
            meant = [notice for notice in found if is_for(notice, units, known)][:some]
            offices = await self._offices(tx, meant)
        return tuple(
            told(notice, language, kind, office=offices[notice.unit], occasion=Occasion.ASKED)
            for notice in meant
        )

    async def _offices(self, tx: Tx, notices: Iterable[Notice]) -> dict[str, str]:
        return {notice.unit: await self._checks.office(tx, notice.unit) for notice in notices}


MANY = 4  # a province's notices may be for other wards


def _province(known: Gazetteer, unit: str) -> str:
    try:
        return known.unit(unit).province or unit
    except KeyError:
        return unit
