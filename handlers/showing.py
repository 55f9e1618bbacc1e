"""What there is to see of waves: the lines that were released, and whether a ballot is sealed. It shows nothing else of a ballot, and takes
no step."""

from storage import rows
from storage.database import Database
from surveys.releases import Released, ReleasedProvince, ReleasedWard, read_release

__all__ = ["Showing"]


class Showing:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._read: dict[tuple[int, str], Released] = {}

    async def is_included(self, receipt: str) -> bool:
        """Whether a ballot with that receipt is sealed and counted. Nobody can tell which one it is."""
        async with self._db.reading() as tx:
            return await tx.receipts.wave_of(receipt) is not None

    async def results(self, *, wave: str | None = None, unit: str | None = None) -> tuple[ReleasedWard, ...]:
        """What is released, the latest first: of all wards, of one, of one wave. Nothing else is ever shown of a ballot."""
        return tuple(line for line in await self._lines(wave, unit) if isinstance(line, ReleasedWard))

    async def provinces(
        self, *, wave: str | None = None, unit: str | None = None
    ) -> tuple[ReleasedProvince, ...]:
        """The same of provinces: how satisfied people were with each service."""
        return tuple(line for line in await self._lines(wave, unit) if isinstance(line, ReleasedProvince))

    async def released(self) -> tuple[Released, ...]:
        """All of it, wards and provinces."""
        return tuple(await self._lines(None, None))

    async def _lines(self, wave: str | None, unit: str | None) -> list[Released]:
        async with self._db.reading() as tx:
            found = await (tx.releases.of_unit(unit) if unit else tx.releases.all())
        return [line for line in map(self._line, found) if wave is None or line.wave.slug == wave]

    def _line(self, row: rows.Release) -> Released:
        # A release never changes, so it is read once.
        key = row.wave_id, row.unit
        if key not in self._read:
            self._read[key] = read_release(row.body, row.released_at)
        return self._read[key]
