"""The database, as use cases see it: one unit of work at a time, kept or undone as a whole. It knows no table's meaning.

    async with db.transaction() as tx:      # on return, what was written is on disk
        …

SQLite for a laptop, PostgreSQL for several machines; the URL chooses.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from storage.transaction import Tx

__all__ = ["Database", "Unavailable"]


class Unavailable(Exception):
    """The database is away or cannot keep this now; the same unit of work may succeed later."""


class Database(ABC):
    """Opened once, closed at the end."""

    @staticmethod
    async def open(url: str) -> "Database":
        """`sqlite:///file.sqlite` or `postgresql://user@host/name`. Its schema must be there: see `storage.migrate`.

        Raises Unavailable when there is no such database, and ValueError for any other URL.
        """
        scheme = url.partition(":")[0].partition("+")[0]
        if scheme == "sqlite":
            from storage.sqlite import SqliteDatabase

            return await SqliteDatabase.at(url)
        if scheme in ("postgresql", "postgres"):
            from storage.postgres import PostgresDatabase

            return await PostgresDatabase.at(url)
        raise ValueError(f"A database URL begins with sqlite: or postgresql:, not {scheme}:")

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """One unit of work: all of it is durable when the block has been left, or none of it was ever there.

        Raises Unavailable on leaving when it could not be kept. Nothing slow may be awaited inside.
        """

    @abstractmethod
    def reading(self) -> AbstractAsyncContextManager[Tx]:
        """One unchanging picture of the database, beside whoever writes. Writing in it is an error."""

    @abstractmethod
    async def close(self) -> None:
        """Waits for the units of work under way."""
