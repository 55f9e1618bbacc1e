"""What residents are told of notices without being written to: what is new in their wards, and whether a notice somebody passed on to
them is real. It writes nothing, and knows of none that has not left."""

from collections.abc import Callable, Iterable
from datetime import datetime

from handlers.notice_checks import Checks, is_for
from storage.transaction import Tx
from surveys.notices import Notice, read_code
from surveys.notices.telling import listed
from surveys.notices.verifying import verified
from surveys.told_notices import MOST, ToldNotice
from surveys.units import Gazetteer

__all__ = ["NoticeBoard"]


MANY = 4  # times as many are looked at: a province's may be for other wards


class NoticeBoard:
    """Asked in whatever transaction is open: it only reads."""

    def __init__(self, now: Callable[[], datetime], checks: Checks) -> None:
        self._now = now
        self._checks = checks

    async def by_code(self, tx: Tx, code: str) -> tuple[Notice, str] | None:
        """The notice, and its unit's name within a sentence; None for what is none of ours, or has not left."""
        readable = read_code(code)
        if readable is None:
            return None
        notice = await tx.notices.by_code(readable)
        if notice is None or not notice.has_left:
            return None
        return notice, await self._checks.office(tx, notice.unit)

    async def verified(self, tx: Tx, code: str, language: str) -> str:
        """What whoever asks about a code is told: that it is real, or what to do."""
        found = await self.by_code(tx, code)
        if found is None:
            return verified(language, None, "", self._now())
        return verified(language, *found, self._now())

    async def told(
        self,
        tx: Tx,
        units: Iterable[str],
        language: str,
        now: datetime,
        some: int = MOST,
    ) -> tuple[ToldNotice, ...]:
        """What is new in these wards, the latest first."""
        units = tuple(units)
        known = await self._checks.known(tx)
        issuers = sorted({*units, *(_province(known, unit) for unit in units)})
        found = await tx.notices.news(issuers, now - self._checks.policies.news, now, MANY * some)
        meant = [notice for notice in found if is_for(notice, units, known)][:some]
        offices = await self._offices(tx, meant)
        return tuple(listed(notice, language, office=offices[notice.unit]) for notice in meant)

    async def _offices(self, tx: Tx, notices: Iterable[Notice]) -> dict[str, str]:
        return {notice.unit: await self._checks.office(tx, notice.unit) for notice in notices}


def _province(known: Gazetteer, unit: str) -> str:
    try:
        return known.unit(unit).province or unit
    except KeyError:
        return unit
