"""Whom a campaign is for, as pages of contacts in a fixed order. It knows contacts and who asked for what, no text and no outcome.

An audience is walked in cells – a unit each, or a unit and a topic – so that a ward's notice costs what its ward weighs, not what the
country does; whoever stands in two cells is written down once, because the database takes them once. The order is that of
fingerprints or ids, which are random: it tells nothing of anybody."""

import heapq
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Integer, bindparam, func, literal, literal_column, or_, select, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.expression import ColumnElement, Select

from storage import notice_rows, outbox_rows, rows
from storage.statements import Prepared
from surveys.delivery import Audience, DeliveryState
from surveys.sampling import lot

__all__ = ["FIXED", "Cell", "Drawing", "as_json", "cells_of", "from_json"]

FIXED = "audiences"
"""The marker that moves when a campaign fixes its audience: who comes later came later."""

_contacts = rows.table(rows.Contact)
_entries = rows.table(outbox_rows.ContactEntry)
_deliveries = rows.table(outbox_rows.Delivery)
_subscriptions = rows.table(notice_rows.Subscription)


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of an audience, and the statements that walk it in the order of its keys. Beside `values`, each wants some of `of` (the
    campaign), `fixed` (before which number), `after`, `last` and `some`."""

    last_of_page: Prepared
    """The key at which a page of `some` after `after` ends; nothing behind the end."""
    write: Prepared
    """Writes down who stands between `after` and `last` and is not; gives back the account of each that is new."""
    missing: Prepared
    """How many there are between `after` and `last` who are not written down."""
    everybody: Prepared
    """A page of `some` after `after` as it is: key, contact, account."""
    values: Mapping[str, Any]
    is_numbered: bool = False
    """Its keys are numbers, not bytes."""

    def key(self, kept: bytes) -> bytes | int:
        """A key as it was kept in `campaigns.after`."""
        return int.from_bytes(kept, "big") if self.is_numbered else kept

    def kept(self, key: bytes | int) -> bytes:
        return key.to_bytes(8, "big") if isinstance(key, int) else bytes(key)


def as_json(audience: Audience) -> str:
    plain: dict[str, Any] = {
        "units": list(audience.units),
        "languages": list(audience.languages),
        "topics": list(audience.topics),
        "of": audience.of,
    }
    if audience.is_own:
        plain["own"] = True
    if audience.sample is not None:
        plain |= {"sample": audience.sample, "seed": audience.seed}
    return json.dumps(plain, ensure_ascii=False)


def from_json(text: str) -> Audience:
    plain = json.loads(text)
    return Audience(
        tuple(plain["units"]),
        tuple(plain["languages"]),
        tuple(plain["topics"]),
        plain.get("of"),
        bool(plain.get("own")),
        plain.get("sample"),
        plain.get("seed", ""),
    )


@lru_cache(256)
def cells_of(audience: Audience) -> tuple[Cell, ...]:
    """In the order they are walked. None for an audience of named recipients, whose rows were written when it was created."""
    if audience.of is not None:
        return (Cell(*_of_campaign(), {"original": audience.of}, is_numbered=True),)
    units = sorted(set(audience.units))
    if audience.topics:
        statements = _of_topic(audience.languages, audience.is_own)
        topics = sorted(set(audience.topics))
        return tuple(Cell(*statements, {"unit": unit, "topic": topic}) for unit in units for topic in topics)
    statements = _of_unit(audience.languages)
    return tuple(Cell(*statements, {"unit": unit}) for unit in units)


Statements = tuple[Prepared, Prepared, Prepared, Prepared]


@lru_cache(64)
def _of_topic(languages: tuple[str, ...], is_own: bool) -> Statements:
    """Those who asked for a topic of a unit, wherever they live or there alone. Who had come before and asks for it while it is being
    written down may get it: once, like everybody."""
    wanted = _subscriptions.c
    chosen = _in_time(languages).join(_subscriptions, wanted.fingerprint == _contacts.c.fingerprint)
    chosen = chosen.where(
        wanted.unit == bindparam("unit"),
        wanted.topic == bindparam("topic"),
        _contacts.c.unit == wanted.unit if is_own else true(),
    )
    return _walk(chosen, wanted.fingerprint)


@lru_cache(64)
def _of_unit(languages: tuple[str, ...]) -> Statements:
    """Those whose own unit it is."""
    chosen = _in_time(languages).where(_contacts.c.unit == bindparam("unit"))
    return _walk(chosen, _contacts.c.fingerprint)


@lru_cache(1)
def _of_campaign() -> Statements:
    """Those who got another campaign's message, or perhaps did."""
    reached = (DeliveryState.SENT, DeliveryState.UNKNOWN)
    original = _deliveries.alias("original")
    chosen = select(original.c.contact, original.c.account).where(
        original.c.campaign == bindparam("original", type_=Integer), _is_one_of(original.c.state, reached)
    )
    return _walk(chosen, original.c.id)


def _is_one_of(column: ColumnElement[str], words: Iterable[str]) -> ColumnElement[bool]:
    # Not `in_`: its list is only written when the values are known, and ours are compiled before.
    return or_(*(column == str(word) for word in words))


def _in_time(languages: tuple[str, ...]) -> Select[Any]:
    """Contacts of these languages that were there when the audience was fixed."""
    chosen = (
        select(_contacts.c.id.label("contact"), _contacts.c.account)
        .select_from(_contacts.join(_entries, _entries.c.contact == _contacts.c.id))
        .where(_entries.c.number < bindparam("fixed", type_=_entries.c.number.type))
    )
    return chosen.where(_is_one_of(_contacts.c.language, languages)) if languages else chosen


def _walk(chosen: Select[Any], key: ColumnElement[Any]) -> Statements:
    after, last = bindparam("after", type_=key.type), bindparam("last", type_=key.type)
    some = bindparam("some", type_=Integer)
    page = chosen.with_only_columns(key.label("key")).where(key > after)
    ends = page.order_by(key).limit(some).subquery("page")
    who = chosen.selected_columns
    everybody = chosen.with_only_columns(key.label("key"), who.contact, who.account).where(key > after)
    between = chosen.where(key > after, key <= last).order_by(key)
    new: dict[str, ColumnElement[Any]] = {
        "campaign": bindparam("of", type_=Integer),
        "state": literal(DeliveryState.PENDING.value),
        "reason": literal(""),
        "attempts": literal(0, Integer),
        "repeated": literal(0, Integer),
    }
    values = between.add_columns(*new.values())
    insert = (
        postgresql.insert(_deliveries)
        .from_select(["contact", "account", *new], values)
        .on_conflict_do_nothing()
        .returning(_deliveries.c.account)
    )
    there = _deliveries.alias("there")
    written = select(there.c.id).where(
        there.c.campaign == bindparam("of", type_=Integer), there.c.contact == chosen.selected_columns.contact
    )
    absent = chosen.where(key > after, key <= last, ~written.exists())
    return (
        Prepared(select(ends.c.key).order_by(ends.c.key.desc()).limit(literal_column("1"))),
        Prepared(insert),
        Prepared(select(func.count()).select_from(absent.subquery("absent"))),
        Prepared(everybody.order_by(key).limit(some)),
    )


class Drawing:
    """Draws so many of those that pass by, and holds no more of them than that."""

    def __init__(self, audience: Audience) -> None:
        assert audience.sample is not None
        self._seed, self._some = audience.seed, audience.sample
        self._lowest: list[tuple[bytes, str, str]] = []

    def passes(self, people: Iterable[tuple[bytes, str, str]]) -> None:
        """Fingerprint, contact and account of some more."""
        lots = ((lot(self._seed, bytes(who)), contact, account) for who, contact, account in people)
        self._lowest = heapq.nsmallest(self._some, chain(self._lowest, lots))

    @property
    def drawn(self) -> list[tuple[str, str]]:
        """Contact and account, by contact: an order that says nothing of their lots."""
        return sorted((contact, account) for _, contact, account in self._lowest)
