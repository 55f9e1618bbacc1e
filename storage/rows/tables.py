"""What our tables are made of: the one metadata, keys, columns and checks; and how what a statement found becomes whole rows. It knows
no table's meaning."""

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.orm import class_mapper
from sqlalchemy.orm.base import instance_dict, manager_of_class
from sqlmodel import Field, SQLModel

from storage.moments import Day, Moment

__all__ = ["Row", "all_of", "column", "first_of", "keep_types", "key", "metadata", "one_of", "table"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """The base of every table of ours."""

    metadata = metadata


def table(row: type[Row]) -> Table:
    """The table behind a row class, for Core statements."""
    return row.__table__  # type: ignore[attr-defined, no-any-return]


R = TypeVar("R", bound=Row)


def all_of(row: type[R], found: Iterable[tuple[Any, ...]]) -> list[R]:
    """Whole rows as a statement gave them, of that class.

    Made as SQLAlchemy's own loading makes them, past the constructor: that one sets field by field, and cost more than reading did."""
    # Whoever starts on a database that is there reads before anything was constructed, which would have done this.
    class_mapper(row)
    names = table(row).c.keys()
    return [_made(row, dict(zip(names, each, strict=True))) for each in found]


def _made(row: type[R], values: dict[str, Any]) -> R:
    made: R = manager_of_class(row).new_instance()
    instance_dict(made).update(values)
    return made


def first_of(row: type[R], found: Iterable[tuple[Any, ...]]) -> R | None:
    return next(iter(all_of(row, found)), None)


def one_of(column: str, words: tuple[str, ...], *, name: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=name)


def key(kind: Any, **options: Any) -> Any:
    return Field(sa_column=Column(kind, primary_key=True, nullable=False, **options))


def column(kind: Any, *constraints: Any, nullable: bool = False, **options: Any) -> Any:
    made = Column(kind, *constraints, nullable=nullable, **options)
    return Field(default=None, sa_column=made) if nullable else Field(sa_column=made)


# ── SQLite takes any value in any column: a check per table makes it as strict as PostgreSQL is by nature ────────

STORED_AS = {
    Integer: "integer",
    BigInteger: "integer",
    Text: "text",
    LargeBinary: "blob",
    Moment: "text",
    Day: "text",
}


def only_its_own_types(columns: Any) -> str:
    """SQL that is true when every value is of its column's type."""
    parts = []
    for each in columns:
        stored = STORED_AS[type(each.type)]
        # The id of a rowid table is an integer by construction.
        if each.autoincrement is True:
            continue
        wanted = f"IN ('{stored}', 'null')" if each.nullable else f"= '{stored}'"
        parts.append(f"typeof({each.name}) {wanted}")
    return " AND ".join(parts)


def keep_types(tables: Iterable[Table]) -> None:
    """For each module of rows to call once, when its tables are there."""
    for each in tables:
        each.append_constraint(
            CheckConstraint(only_its_own_types(each.columns), name="types").ddl_if(dialect="sqlite")
        )
