"""What the outbox's statements are put together from: many ids at once, states in words, values that come later, rows in one hand only.

States stand in statements as literals, not as values to bind: a partial index is used only where the statement itself says that its
condition holds, on SQLite always and on PostgreSQL as soon as a plan is kept."""

from typing import Any

from sqlalchemy import CTE, Dialect, Integer, Text, and_, bindparam, column, literal_column, select, text
from sqlalchemy.sql.expression import ClauseElement, ColumnElement, TextualSelect

from storage import outbox_rows, rows
from storage.statements import Compiled, Prepared
from surveys.delivery import CampaignState, DeliveryState

__all__ = [
    "DONE",
    "ODD",
    "OF",
    "OPEN",
    "PAUSED",
    "STOPPED",
    "Listed",
    "given",
    "in_one_hand",
    "is_in",
    "some",
    "word",
]

_d = rows.table(outbox_rows.Delivery).c
_c = rows.table(outbox_rows.CampaignRow).c


class Listed(Prepared):
    """A statement about many ids at once, which come as one JSON list: one round trip and one plan, however many they are."""

    def __init__(self, make: Any) -> None:
        self._make = make
        super().__init__(make(IDS["sqlite"]))

    def on(self, dialect: Dialect) -> Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            statement: ClauseElement = self._make(IDS[dialect.name])
            compiled = self._compiled[dialect.name] = Compiled(statement, dialect)
        return compiled


IDS: dict[str, TextualSelect] = {
    "sqlite": text("SELECT value FROM json_each(:ids)").columns(column("value", Integer)),
    "postgresql": text("SELECT value::integer FROM json_array_elements_text(CAST(:ids AS json))").columns(
        column("value", Integer)
    ),
}


def word(state: DeliveryState | CampaignState) -> ColumnElement[str]:
    return literal_column(f"'{state.value}'", Text)


def is_in(state: DeliveryState, column: ColumnElement[str] = _d.state) -> ColumnElement[bool]:
    """In words the partial indexes know."""
    if state in (DeliveryState.PENDING, DeliveryState.SENT):
        return column == word(state)
    return and_(column == word(state), ODD)


ODD: Any = text("deliveries.state NOT IN ('pending', 'sent')")


def given(name: str, like: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=like.type)


def some(name: str = "some") -> Any:
    return bindparam(name, type_=Integer)


def in_one_hand(*conditions: Any) -> CTE:
    """So many rows by id, each in one hand only: who comes at the same moment looks past them."""
    return (
        select(_d.id)
        .where(*conditions)
        .order_by(_d.id)
        .limit(some())
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )


OF = given("of", _c.id)
OPEN, PAUSED, STOPPED, DONE = (_c.state == word(state) for state in CampaignState)
