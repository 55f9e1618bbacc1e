"""SQL as the repositories use it: Core statements, compiled once for each database, then plain text and values.

Between a repository and the driver nothing is left but a lookup: SQLAlchemy's execution layer costs more than
SQLite itself. It knows types and text, not what a statement is for.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import BindParameter, Dialect, Table, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

__all__ = ["Compiled", "Connection", "Prepared", "insert", "upsert"]

Convert = Callable[[Any], Any]


class Compiled:
    """One statement in one database's words."""

    __slots__ = ("_binds", "_converts", "_fixed", "_names", "_results", "text")

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.text: str = compiled.string
        names = compiled.positiontup or []
        self._names = tuple(compiled.binds[name].key for name in names)
        self._binds = tuple(_bind(compiled.binds[name], dialect) for name in names)
        self._converts = any(convert is not None for convert in self._binds)
        # What the statement itself says (`state = 'open'`) is also bound, under a name nobody has to know.
        self._fixed = {bind.key: bind.value for bind in compiled.binds.values() if bind.unique}
        self._results = _results(statement, dialect)

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """In the order of the text's places. Raises KeyError for a missing one."""
        if self._fixed:
            given = {**self._fixed, **given}
        if not self._converts:
            return [given[name] for name in self._names]
        return [
            given[name] if convert is None else convert(given[name])
            for name, convert in zip(self._names, self._binds, strict=True)
        ]

    def rows(self, fetched: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        """What the driver gave, in Python's types."""
        if self._results is None:
            return fetched
        return [
            tuple(
                value if convert is None else convert(value)
                for value, convert in zip(row, self._results, strict=True)
            )
            for row in fetched
        ]


class Prepared:
    """A Core statement whose values come later, by the names of its bind parameters."""

    __slots__ = ("_compiled", "_statement")

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = Compiled(self._statement, dialect)
        return compiled


class Connection(Protocol):
    """What a unit of work speaks through, on either database."""

    @property
    def dialect(self) -> Dialect: ...

    async def fetch(self, statement: Prepared, **values: Any) -> Sequence[tuple[Any, ...]]:
        """All rows."""
        ...

    def each(self, statement: Prepared, **values: Any) -> AsyncIterator[tuple[Any, ...]]:
        """Row by row, without holding them all; other tasks get their turn in between."""
        ...

    async def run(self, statement: Prepared, **values: Any) -> int:
        """The number of rows it touched."""
        ...

    async def run_long(self, statement: Prepared, **values: Any) -> int:
        """As `run`, for a statement that takes seconds: other tasks go on meanwhile."""
        ...

    async def run_many(self, statement: Prepared, many: Iterable[Mapping[str, Any]]) -> None:
        """Once for each set of values, which may come from a generator."""
        ...

    async def lock(self, number: int) -> None:
        """An advisory lock until the unit of work ends, where other processes might be at work."""
        ...


def insert(table: Table, *left_to_the_database: str) -> Prepared:
    """A new row; its values by column name."""
    return Prepared(_insert(table, left_to_the_database))


def upsert(table: Table, *key: str, keeping: tuple[str, ...] = ()) -> Prepared:
    """A new row, or the row of that key with every other column (but those to keep) as given."""
    statement = _insert(table, ())
    changed = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in key and column.name not in keeping
    }
    if not changed:
        return Prepared(statement.on_conflict_do_nothing(index_elements=key))
    return Prepared(statement.on_conflict_do_update(index_elements=key, set_=changed))


def _insert(table: Table, left_out: tuple[str, ...]) -> postgresql.Insert:
    # PostgreSQL's ON CONFLICT is also SQLite's, word for word; its construct compiles on both.
    given = {
        column.name: bindparam(column.name, type_=column.type)
        for column in table.columns
        if column.name not in left_out
    }
    return postgresql.insert(table).values(given).inline()


def _bind(parameter: BindParameter[Any], dialect: Dialect) -> Convert | None:
    # SQLite's and psycopg's drivers take bytes as they are.
    convert: Convert | None = parameter.type.dialect_impl(dialect).bind_processor(dialect)
    return None if parameter.type.python_type is bytes else convert


def _results(statement: ClauseElement, dialect: Dialect) -> tuple[Convert | None, ...] | None:
    columns = getattr(statement, "selected_columns", None)
    if columns is None:
        return None
    found = tuple(
        None if column.type._type_affinity is None else _result(column.type, dialect) for column in columns
    )
    return found if any(convert is not None for convert in found) else None


def _result(kind: Any, dialect: Dialect) -> Convert | None:
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return convert
