"""Days on which a province wants nobody disturbed, and holidays on which things happen there all the same. Whoever keeps a province's
schedules keeps these; what lies ahead of its schedules moves in the same transaction. What is past stays: it has happened."""

from collections.abc import Callable
from datetime import date, datetime

from handlers.noting import at_the_machine, note
from handlers.schedules import Schedules
from handlers.units import Places
from storage.database import Database
from storage.schedule_rows import QuietDayRow
from storage.transaction import Tx
from surveys.audited import on_one_line
from surveys.rights import Action, Actor, require
from surveys.waves import LOCAL

__all__ = ["NotThatDay", "QuietDays"]

LONGEST_NAME = 80


class NotThatDay(ValueError):
    """That day cannot be changed; the message says why, for people to read."""


class QuietDays:
    def __init__(self, db: Database, schedules: Schedules, now: Callable[[], datetime]) -> None:
        self._db = db
        self._schedules = schedules
        self._now = now
        self._places = Places()

    async def of(self, province: str) -> list[QuietDayRow]:
        """What was changed there, from today on."""
        today = self._today()
        async with self._db.reading() as tx:
            return [row for row in await tx.quiet_days.all() if row.unit == province and row.day >= today]

    async def add(self, actor: Actor | None, province: str, day: date, name: str, *, by: str = "") -> None:
        """Nobody is disturbed on it; `name`: what people call it. `actor` None: somebody at the machine, `by` that name.
        Raises NotAllowed and NotThatDay."""
        await self._put(actor, province, day, name, by, is_quiet=1, told="không làm phiền")

    async def take_away(
        self, actor: Actor | None, province: str, day: date, why: str, *, by: str = ""
    ) -> None:
        """A holiday, or a day that was added, on which things happen as on any other. Raises NotAllowed and NotThatDay."""
        await self._put(actor, province, day, why, by, is_quiet=0, told="như ngày thường")

    async def forget(self, actor: Actor | None, province: str, day: date, *, by: str = "") -> bool:
        """The day is again what the calendar says. Whether anything was said of it. Raises NotAllowed and NotThatDay."""
        async with self._db.transaction() as tx:
            await self._allow(tx, actor, province, day)
            is_gone = await tx.quiet_days.remove(province, day)
            if is_gone:
                await self._changed(tx, actor, province, day, "theo lịch nghỉ lễ chung", by)
        return is_gone

    async def _put(
        self, actor: Actor | None, province: str, day: date, name: str, by: str, *, is_quiet: int, told: str
    ) -> None:
        name = on_one_line(name)[:LONGEST_NAME]
        if not name:
            raise NotThatDay("Xin ghi tên ngày hoặc lý do.")
        async with self._db.transaction() as tx:
            await self._allow(tx, actor, province, day)
            await tx.quiet_days.put(QuietDayRow(unit=province, day=day, is_quiet=is_quiet, name=name))
            await self._changed(tx, actor, province, day, f"{told}: {name}", by)

    async def _allow(self, tx: Tx, actor: Actor | None, province: str, day: date) -> None:
        known = await self._places.known(tx)
        if actor is not None:
            require(actor, Action.SCHEDULE_WRITE, [province], known)
        try:
            is_province = known.unit(province).kind.is_province
        except KeyError:
            is_province = False
        if not is_province:
            raise NotThatDay("Ngày không làm phiền do Công an tỉnh đặt cho cả tỉnh.")
        if day < self._today():
            raise NotThatDay(f"Ngày {day:%d/%m/%Y} đã qua.")

    async def _changed(
        self, tx: Tx, actor: Actor | None, province: str, day: date, told: str, by: str
    ) -> None:
        await self._schedules.days_moved(tx)
        who, object = actor or at_the_machine(by), f"quiet_day:{day.isoformat()}"
        reason = f"{day:%d/%m/%Y}: {told}"
        await note(tx, who, "quiet_days.change", object, unit=province, reason=reason, at=self._now())

    def _today(self) -> date:
        return self._now().astimezone(LOCAL).date()
