"""Where a post sits and what lies beneath it: the places a notice of its unit can be for. It knows no right and no notice."""

from handlers.units import Places
from storage.database import Database
from surveys.rights import Actor
from surveys.units import Unit

__all__ = ["Beneath"]


class Beneath:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._places = Places()

    async def own(self, actor: Actor) -> Unit:
        async with self._db.reading() as tx:
            return (await self._places.known(tx)).unit(actor.unit)

    async def of(self, actor: Actor) -> tuple[Unit, ...]:
        """A province and its wards of today; of a ward, itself."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
        return (known.unit(actor.unit), *known.wards(actor.unit))
