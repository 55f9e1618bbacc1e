"""Where people are before a wave is sealed: ciphertext under nullifiers. No table here knows a person, a time or a ward."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    union_all,
)

from storage import rows
from storage.statements import Connection, Prepared, upsert

__all__ = ["Lobbies", "People", "Person", "Sessions"]

_sessions = rows.table(rows.Session).c
_lobbies = rows.table(rows.Lobby).c

NOT_A_WAVE = 0  # stands for the lobby where both are read at once; a wave's id is never below 1


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that rests about one person whose nullifiers we were given."""

    lobby: bytes | None
    sessions: dict[bytes, tuple[int, bytes]]
    """Nullifier → wave id, body."""


class People:
    """The lobby and the sessions of one person in one read: what the hot path begins with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def at(self, lobby: bytes, sessions: Sequence[bytes]) -> Person:
        """One nullifier per open wave; the order does not matter."""
        values = {f"session_{place}": nullifier for place, nullifier in enumerate(sessions)}
        found = await self._connection.fetch(_person(len(sessions)), lobby=lobby, **values)
        waiting: bytes | None = None
        answering: dict[bytes, tuple[int, bytes]] = {}
        for nullifier, wave_id, body in found:
            if wave_id == NOT_A_WAVE:
                waiting = body
            else:
                answering[nullifier] = (wave_id, body)
        return Person(waiting, answering)


class Sessions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, nullifiers: Sequence[bytes]) -> dict[bytes, tuple[int, bytes]]:
        """Nullifier → wave id, body."""
        if not nullifiers:
            return {}
        values = {f"session_{place}": nullifier for place, nullifier in enumerate(nullifiers)}
        found = await self._connection.fetch(_several(len(nullifiers)), **values)
        return {nullifier: (wave_id, body) for nullifier, wave_id, body in found}

    async def save(self, nullifier: bytes, wave_id: int, body: bytes) -> None:
        await self._connection.run(SAVE_SESSION, nullifier=nullifier, wave_id=wave_id, body=body)

    async def delete(self, nullifier: bytes) -> None:
        await self._connection.run(DELETE_SESSION, nullifier=nullifier)

    async def of_wave(self, wave_id: int) -> AsyncIterator[tuple[bytes, bytes]]:
        """Nullifier and body, in nullifier order, one by one."""
        async for nullifier, body in self._connection.each(OF_WAVE, wave_id=wave_id):
            yield nullifier, body

    async def count(self, wave_id: int) -> int:
        [(number,)] = await self._connection.fetch(COUNT, wave_id=wave_id)
        return int(number)

    async def nullifiers_after(self, wave_id: int, nullifier: bytes, some: int) -> list[bytes]:
        """The next ones of a wave, in order, without their bodies."""
        found = await self._connection.fetch(NULLIFIERS_AFTER, wave_id=wave_id, after=nullifier, some=some)
        return [each for (each,) in found]

    async def bodies(self, nullifiers: Sequence[bytes], of: int) -> dict[bytes, bytes]:
        """Nullifier → body, for at most `of` of them: pages of one size share one statement."""
        asked = [*nullifiers, *list(nullifiers[:1]) * (of - len(nullifiers))]
        return {nullifier: body for nullifier, (_, body) in (await self.of(asked)).items()}

    async def delete_wave(self, wave_id: int) -> int:
        """How many there were. The marks of spent tokens go with them: only the wave's key could read either."""
        await self._connection.run_long(DELETE_SPENT, wave_id=wave_id)
        return await self._connection.run_long(DELETE_OF_WAVE, wave_id=wave_id)


class Lobbies:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def at(self, nullifier: bytes) -> bytes | None:
        found = await self._connection.fetch(LOBBY, nullifier=nullifier)
        return found[0][0] if found else None

    async def save(self, nullifier: bytes, body: bytes, touched_on: date) -> None:
        await self._connection.run(SAVE_LOBBY, nullifier=nullifier, body=body, touched_on=touched_on)

    async def delete(self, nullifier: bytes) -> None:
        await self._connection.run(DELETE_LOBBY, nullifier=nullifier)

    async def purge(self, before: date) -> int:
        """Forgets who has not been here since. Returns how many."""
        return await self._connection.run(PURGE_LOBBIES, before=before)


SAVE_SESSION = upsert(rows.table(rows.Session), "nullifier")
DELETE_SESSION = Prepared(delete(rows.Session).where(_sessions.nullifier == bindparam("nullifier")))
DELETE_OF_WAVE = Prepared(delete(rows.Session).where(_sessions.wave_id == bindparam("wave_id")))
DELETE_SPENT = Prepared(delete(rows.Spent).where(rows.table(rows.Spent).c.wave_id == bindparam("wave_id")))
NULLIFIERS_AFTER = Prepared(
    select(_sessions.nullifier)
    .where(_sessions.wave_id == bindparam("wave_id"), _sessions.nullifier > bindparam("after"))
    .order_by(_sessions.nullifier)
    .limit(bindparam("some", type_=Integer))
)
OF_WAVE = Prepared(
    select(_sessions.nullifier, _sessions.body)
    .where(_sessions.wave_id == bindparam("wave_id"))
    .order_by(_sessions.nullifier)
)
COUNT = Prepared(select(func.count()).where(_sessions.wave_id == bindparam("wave_id")))
LOBBY = Prepared(select(_lobbies.body).where(_lobbies.nullifier == bindparam("nullifier")))
SAVE_LOBBY = upsert(rows.table(rows.Lobby), "nullifier")
DELETE_LOBBY = Prepared(delete(rows.Lobby).where(_lobbies.nullifier == bindparam("nullifier")))
PURGE_LOBBIES = Prepared(delete(rows.Lobby).where(_lobbies.touched_on < bindparam("before")))


@cache
def _several(count: int) -> Prepared:
    return Prepared(_sessions_of(count))


@cache
def _person(count: int) -> Prepared:
    waiting = select(_lobbies.nullifier, literal_column(str(NOT_A_WAVE), Integer), _lobbies.body).where(
        _lobbies.nullifier == bindparam("lobby")
    )
    return Prepared(union_all(waiting, _sessions_of(count)) if count else waiting)


def _sessions_of(count: int) -> Select[bytes, int, bytes]:
    places: list[BindParameter[bytes]] = [bindparam(f"session_{place}") for place in range(count)]
    return select(_sessions.nullifier, _sessions.wave_id, _sessions.body).where(
        _sessions.nullifier.in_(places)
    )
