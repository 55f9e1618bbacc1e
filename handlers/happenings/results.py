"""What was released of a ward goes to everybody who asked for it there, alike: whether they answered is not looked at. It decides who
and when; the words are made when it is sent."""

from collections.abc import Callable
from datetime import datetime, timedelta

from handlers.occasions import NotNow, Occasion, each_of
from handlers.published import id_of
from handlers.units import Places
from storage import rows
from storage.database import Database
from storage.transaction import Tx
from surveys.delivery import Audience, Campaign
from surveys.notices import Push
from surveys.releases import ReleasedWard, read_release
from surveys.reminding import topic_asked
from surveys.waves import State
from surveys.windows import Purpose

__all__ = ["KIND", "ResultsTold", "subject_of", "wave_and_unit"]

KIND = "results"
"""Of the campaigns whose words are a release."""
NEWS = timedelta(days=14)
"""After so long a result is on the page and under /ketqua, and no news any more. Ours."""


def subject_of(slug: str, unit: str) -> str:
    """A ward's results of a wave: there is one campaign of them, whoever asks for it and however often."""
    return f"{slug}.{unit}"


def wave_and_unit(subject: str) -> tuple[str, str]:
    slug, _, unit = subject.rpartition(".")
    return slug, unit


class ResultsTold:
    """Tells what was released of the waves it follows, or of the `wave` that its subject names."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now
        self._places = Places()

    async def __call__(self, occasion: Occasion) -> str:
        named = occasion.subject.get("wave")
        slugs = (str(named),) if named else occasion.waves
        if not slugs:
            raise NotNow("Lịch báo kết quả chưa theo đợt nào.")
        return await each_of(slugs, lambda slug: self._told(occasion, slug))

    async def _told(self, occasion: Occasion, slug: str) -> str:
        async with self._db.transaction() as tx:
            wave = await tx.waves.by_slug(slug)
            if wave is None or wave.state != State.RELEASED:
                raise NotNow(f"Đợt {slug} chưa công bố kết quả.")
            released = await self._released(tx, wave, occasion.unit)
            wards = [each.unit for each in released if not each.rates_nothing]
            if released and not wards:
                return f"Đợt {slug} chỉ nhận câu hỏi, không hỏi mức hài lòng: không có kết quả để báo."
            for ward in wards:
                await tx.outbox.create(self._campaign(wave, ward, occasion.over))
        return f"Đã chuyển kết quả đợt {slug} cho người đăng ký ở {len(wards)} đơn vị."

    async def _released(self, tx: Tx, wave: rows.Wave, unit: str) -> list[ReleasedWard]:
        """What was released, within the unit."""
        found = [_read(row) for row in await tx.releases.of_wave(id_of(wave))]
        wards = [each for each in found if isinstance(each, ReleasedWard)]
        if not unit:
            return wards
        known = await self._places.known(tx)
        within = {unit, *(ward.code for ward in known.wards(unit))}
        return [each for each in wards if each.unit in within]

    def _campaign(self, wave: rows.Wave, ward: str, over: timedelta) -> Campaign:
        now = self._now()
        topics = {Push.SURVEYS, topic_asked(wave.audience)}
        return Campaign(
            kind=KIND,
            subject=subject_of(wave.slug, ward),
            purpose=Purpose.INVITATION,
            audience=Audience(units=(ward,), topics=tuple(sorted(topics))),
            not_before=now,
            over=over,
            expires_at=now + max(NEWS, over),
        )


def _read(row: rows.Release) -> object:
    return read_release(row.body, row.released_at)
