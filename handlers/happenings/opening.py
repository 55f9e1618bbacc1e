"""A wave that opens by itself. It knows no sender: whoever invites and reminds is given to it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers.schedules import NotNow, Occasion
from handlers.units import gazetteer
from handlers.waves import Plan, Waves
from storage.database import Database
from surveys.disclosure import DEFAULT_K
from surveys.forms import library
from surveys.forms.form import Form
from surveys.forms.published import form_from_json
from surveys.schedules.opening import MONTH_END, closes_at, filled
from surveys.schedules.standard import OPEN_WAVE
from surveys.units import Unit
from surveys.waves import LOCAL, Audience

__all__ = ["OPEN_WAVE", "WaveOpening", "checked_wave"]

LONGEST_WAVE = 366  # days


class WaveOpening:
    """Opens a wave of a form in the wards of a unit: `form`, `slug`, `title`, `audience`, and `days` or `until: month_end`.

    `{year}`, `{month}`, `{day}` in slug and title are those of the day it was due. The wards are those of today, when it happens."""

    def __init__(
        self, db: Database, waves: Waves, *, k: int = DEFAULT_K, threshold: str | None = None
    ) -> None:
        self._db = db
        self._waves = waves
        self._k = k
        self._threshold = threshold

    async def __call__(self, occasion: Occasion) -> str:
        wanted = checked_wave(occasion.subject)
        due = occasion.due.astimezone(LOCAL)
        slug, title = (filled(wanted[name], due) for name in ("slug", "title"))
        wards = await self._wards(occasion.unit)
        if not wards:
            raise NotNow("Không có phường, xã nào thuộc đơn vị này.")
        form = await self._form(wanted)
        ends_at = closes_at(wanted, due)
        try:
            await self._waves.open(
                Plan(
                    slug=slug,
                    form=form,
                    title=title,
                    audience=Audience(wanted["audience"]),
                    opens_at=occasion.due,
                    closes_at=ends_at,
                    units={ward.code: None for ward in wards},
                    k=self._k,
                    threshold=self._threshold,
                )
            )
        except ValueError as taken:
            # Another wave of that name, or a ward that is asked beside what it became: nothing that repeating would mend.
            raise NotNow(f"Không mở được đợt {slug}: {taken}") from taken
        return f"Đã mở đợt {slug} ở {len(wards)} đơn vị, đến hết {ends_at - timedelta(minutes=1):%d/%m/%Y}."

    async def _wards(self, unit: str) -> tuple[Unit, ...]:
        """The unit itself; of a province its wards and communes of today."""
        async with self._db.reading() as tx:
            known = await gazetteer(tx)
        try:
            own = known.unit(unit)
        except KeyError:
            return ()
        return known.wards(unit) if own.kind.is_province else known.today(unit)

    async def _form(self, wanted: Mapping[str, Any]) -> Form:
        """The version that is named, as it was published here; without one, the form that ships."""
        id, version = wanted["form"], wanted.get("version")
        if version is None and id in library.IDS:
            return library.load(id)
        async with self._db.reading() as tx:
            row = await tx.forms.get(id, str(version))
        if row is None:
            raise NotNow(f"Chưa có phiếu {id} {version or ''}".strip() + ".")
        return form_from_json(row.body)


def checked_wave(subject: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a wave is opened by. Raises NotNow, in words for people, for anything else."""
    for name in ("form", "slug", "title", "audience"):
        if not isinstance(subject.get(name), str) or not subject[name].strip():
            raise NotNow(f"Lịch mở đợt thiếu “{name}”.")
    if subject["audience"] not in list(Audience):
        raise NotNow(f"Không có đối tượng “{subject['audience']}”.")
    days = subject.get("days")
    if subject.get("until") != MONTH_END and not (isinstance(days, int) and 1 <= days <= LONGEST_WAVE):
        raise NotNow(f"Đợt phải có “days” từ 1 đến {LONGEST_WAVE}, hoặc “until” là “{MONTH_END}”.")
    for name in ("slug", "title"):
        try:
            filled(subject[name], datetime(2026, 1, 1, tzinfo=LOCAL))
        except (KeyError, IndexError, ValueError, AttributeError) as problem:
            raise NotNow(f"“{name}” chỉ dùng được {{year}}, {{month}}, {{day}}: {problem}") from problem
    return subject
