"""What everybody may know: units, forms, waves. Few rows, rarely changed; `tx.markers` says when, so that they can be kept in memory."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from storage import rows
from storage.statements import Connection, Prepared, insert, upsert

__all__ = ["CATALOGUE", "Forms", "Markers", "Units", "WaveUnits", "Waves"]

CATALOGUE = "waves"
"""The marker that moves whenever a unit, a form or a wave changes."""

_waves = rows.table(rows.Wave).c
_forms = rows.table(rows.Form).c
_units = rows.table(rows.Unit).c
_wave_units = rows.table(rows.WaveUnit).c
_successors = rows.table(rows.UnitSuccessor).c
_aliases = rows.table(rows.UnitAlias).c
_markers = rows.table(rows.Marker).c


class Markers:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def value(self, name: str) -> int:
        """0 for a marker that never moved."""
        found = await self._connection.fetch(MARKER, name=name)
        return int(found[0][0]) if found else 0

    async def bump(self, name: str) -> None:
        await self._connection.run(START_MARKER, name=name, value=0)
        await self._connection.run(BUMP_MARKER, moved=name)

    async def move(self, name: str, was: int, to: int) -> bool:
        """Whether this call moved it there: only if it still stands where it was."""
        await self._connection.run(START_MARKER, name=name, value=0)
        return bool(await self._connection.run(MOVE_MARKER, moved=name, was=was, to=to))


class Waves:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open_at(self, now: datetime) -> list[rows.Wave]:
        """Those that take answers at that moment, by id."""
        return rows.all_of(rows.Wave, await self._connection.fetch(WAVES_OPEN_AT, now=now))

    async def all(self) -> list[rows.Wave]:
        return rows.all_of(rows.Wave, await self._connection.fetch(WAVES))

    async def by_slug(self, slug: str) -> rows.Wave | None:
        return rows.first_of(rows.Wave, await self._connection.fetch(WAVE_BY_SLUG, slug=slug))

    async def by_id(self, id: int) -> rows.Wave | None:
        return rows.first_of(rows.Wave, await self._connection.fetch(WAVE_BY_ID, id=id))

    async def add(self, wave: rows.Wave) -> int:
        """Its new id, which it also carries from now on."""
        await self._connection.run(ADD_WAVE, **wave.model_dump(exclude={"id"}))
        [row] = await self._connection.fetch(WAVE_BY_SLUG, slug=wave.slug)
        wave.id = int(row[0])
        await Markers(self._connection).bump(CATALOGUE)
        return wave.id

    async def set_state(self, id: int, state: str, at: datetime | None = None) -> None:
        """`at` becomes `closed_at`, `sealed_at` or `released_at`, whichever the state has. Raises LookupError."""
        changed = await self._connection.run(SET_STATE[state], wave=id, state=state, at=at)
        if not changed:
            raise LookupError(f"There is no wave {id}.")
        await Markers(self._connection).bump(CATALOGUE)

    async def set_key_destroyed(self, id: int, at: datetime) -> None:
        await self._connection.run(SET_KEY_DESTROYED, wave=id, at=at)
        await Markers(self._connection).bump(CATALOGUE)


class WaveUnits:
    """Which units take part in a wave."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_wave(self, wave_id: int) -> list[rows.WaveUnit]:
        return rows.all_of(rows.WaveUnit, await self._connection.fetch(UNITS_OF_WAVE, wave_id=wave_id))

    async def all(self) -> list[rows.WaveUnit]:
        return rows.all_of(rows.WaveUnit, await self._connection.fetch(WAVE_UNITS))

    async def add_many(self, wave_units: Iterable[rows.WaveUnit]) -> None:
        """Those that are there already get the new number of invited."""
        await self._connection.run_many(UPSERT_WAVE_UNIT, (each.model_dump() for each in wave_units))
        await Markers(self._connection).bump(CATALOGUE)


class Forms:
    """Published forms: added, never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, id: str, version: str) -> rows.Form | None:
        return rows.first_of(rows.Form, await self._connection.fetch(FORM, id=id, version=version))

    async def all(self) -> list[rows.Form]:
        return rows.all_of(rows.Form, await self._connection.fetch(FORMS))

    async def add(self, form: rows.Form) -> None:
        """Raises ValueError when that version was published with other words; the same form again changes nothing."""
        known = await self.get(form.id, form.version)
        if known is None:
            await self._connection.run(ADD_FORM, **form.model_dump())
            await Markers(self._connection).bump(CATALOGUE)
        elif known.digest != form.digest:
            raise ValueError(f"{form.id} {form.version} is published already, and says something else.")


class Units:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def all(self) -> list[rows.Unit]:
        return rows.all_of(rows.Unit, await self._connection.fetch(UNITS))

    async def get(self, code: str) -> rows.Unit | None:
        return rows.first_of(rows.Unit, await self._connection.fetch(UNIT, code=code))

    async def successors(self) -> list[rows.UnitSuccessor]:
        return rows.all_of(rows.UnitSuccessor, await self._connection.fetch(SUCCESSORS))

    async def aliases(self) -> list[rows.UnitAlias]:
        return rows.all_of(rows.UnitAlias, await self._connection.fetch(ALIASES))

    async def upsert_many(
        self,
        units: Iterable[rows.Unit],
        successors: Iterable[rows.UnitSuccessor] = (),
        aliases: Iterable[rows.UnitAlias] = (),
    ) -> None:
        """Units first: successors and aliases name them."""
        await self._connection.run_many(UPSERT_UNIT, (each.model_dump() for each in units))
        await self._connection.run_many(UPSERT_SUCCESSOR, (each.model_dump() for each in successors))
        await self._connection.run_many(ADD_ALIAS, (each.model_dump() for each in aliases))
        await Markers(self._connection).bump(CATALOGUE)


def _set_state(column: str | None) -> Prepared:
    values: dict[str, Any] = {"state": bindparam("state")}
    if column:
        values[column] = bindparam("at", type_=_waves[column].type)
    return Prepared(update(rows.Wave).where(_waves.id == bindparam("wave")).values(values))


WAVES = Prepared(select(rows.table(rows.Wave)).order_by(_waves.id))
WAVES_OPEN_AT = Prepared(
    select(rows.table(rows.Wave))
    .where(_waves.state == "open", _waves.opens_at <= bindparam("now"), _waves.closes_at > bindparam("now"))
    .order_by(_waves.id)
)
WAVE_BY_SLUG = Prepared(select(rows.table(rows.Wave)).where(_waves.slug == bindparam("slug")))
WAVE_BY_ID = Prepared(select(rows.table(rows.Wave)).where(_waves.id == bindparam("id")))
ADD_WAVE = insert(rows.table(rows.Wave), "id")
SET_STATE = {
    "draft": _set_state(None),
    "open": _set_state(None),
    "closed": _set_state("closed_at"),
    "sealed": _set_state("sealed_at"),
    "released": _set_state("released_at"),
}
SET_KEY_DESTROYED = Prepared(
    update(rows.Wave)
    .where(_waves.id == bindparam("wave"))
    .values(key_destroyed_at=bindparam("at", type_=_waves.key_destroyed_at.type))
)
WAVE_UNITS = Prepared(select(rows.table(rows.WaveUnit)).order_by(_wave_units.wave_id, _wave_units.unit))
UNITS_OF_WAVE = Prepared(
    select(rows.table(rows.WaveUnit))
    .where(_wave_units.wave_id == bindparam("wave_id"))
    .order_by(_wave_units.unit)
)
UPSERT_WAVE_UNIT = upsert(rows.table(rows.WaveUnit), "wave_id", "unit")
FORMS = Prepared(select(rows.table(rows.Form)).order_by(_forms.id, _forms.version))
FORM = Prepared(
    select(rows.table(rows.Form)).where(_forms.id == bindparam("id"), _forms.version == bindparam("version"))
)
ADD_FORM = insert(rows.table(rows.Form))
UNITS = Prepared(select(rows.table(rows.Unit)).order_by(_units.code))
UNIT = Prepared(select(rows.table(rows.Unit)).where(_units.code == bindparam("code")))
SUCCESSORS = Prepared(
    select(rows.table(rows.UnitSuccessor)).order_by(_successors.unit, _successors.successor)
)
ALIASES = Prepared(select(rows.table(rows.UnitAlias)).order_by(_aliases.unit, _aliases.alias))
UPSERT_UNIT = upsert(rows.table(rows.Unit), "code")
UPSERT_SUCCESSOR = upsert(rows.table(rows.UnitSuccessor), "unit", "successor")
ADD_ALIAS = upsert(rows.table(rows.UnitAlias), "unit", "alias")
MARKER = Prepared(select(_markers.value).where(_markers.name == bindparam("name")))
START_MARKER = upsert(rows.table(rows.Marker), "name", keeping=("value",))
BUMP_MARKER = Prepared(
    update(rows.Marker).where(_markers.name == bindparam("moved")).values(value=_markers.value + 1)
)
MOVE_MARKER = Prepared(
    update(rows.Marker)
    .where(_markers.name == bindparam("moved"), _markers.value == bindparam("was", type_=_markers.value.type))
    .values(value=bindparam("to", type_=_markers.value.type))
)
