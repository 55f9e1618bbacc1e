"""Notices, their pictures and templates, who wants which, and who has seen one. Every change of a notice names the version it starts
from: of two at the same moment the database lets one win."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Integer, and_, bindparam, cast, delete, func, not_, or_, select, update

from storage import rows
from storage.notice_rows import NoticeRow, NoticeTemplate, Picture, Seen, Subscription
from storage.outbox_rows import CampaignRow, Delivery
from storage.statements import Connection, Prepared, insert, upsert
from surveys.delivery import DeliveryState
from surveys.notices import Category, Draft, Notice, Push, State
from surveys.windows import Purpose

__all__ = ["Listener", "Notices", "Pictures", "Sightings", "Subscriptions", "Templates"]

PUSHED = tuple(each.value for each in Push)
"""Topics of no notice."""
BEGINNING = 0x6E6F7469 << 32  # “noti”: the advisory locks of units whose caps are being counted

_notices = rows.table(NoticeRow).c
_pictures = rows.table(Picture).c
_templates = rows.table(NoticeTemplate).c
_wants = rows.table(Subscription).c
_seen = rows.table(Seen).c
_contacts = rows.table(rows.Contact).c
_heard = rows.table(rows.HeardAt).c
_deliveries = rows.table(Delivery).c
_campaigns = rows.table(CampaignRow).c


class Notices:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def is_taken(self, code: str) -> bool:
        return bool(await self._connection.fetch(TAKEN, code=code))

    async def add(self, notice: Notice, at: datetime) -> None:
        """Raises the driver's IntegrityError when its code is taken."""
        await self._connection.run(ADD, **_row(notice), written_at=at, changed_at=at, seen=0)

    async def save(self, notice: Notice, at: datetime) -> bool:
        """Whether this call changed it: only if it is still as it was one version before."""
        row = _row(notice)
        was, id = notice.version - 1, row.pop("id")
        return bool(await self._connection.run(SAVE, **row, changed_at=at, was=was, of=id))

    async def get(self, id: str) -> Notice | None:
        return _first(await self._connection.fetch(BY_ID, id=id))

    async def by_code(self, code: str) -> Notice | None:
        return _first(await self._connection.fetch(BY_CODE, code=code))

    async def of_units(
        self, units: Iterable[str], state: State | None = None, *, some: int = 200
    ) -> list[Notice]:
        """The ones changed last first."""
        statement = _of_units(len(tuple(units := tuple(units))), state is not None)
        values: dict[str, Any] = {f"unit_{place}": unit for place, unit in enumerate(units)}
        if state is not None:
            values["state"] = state.value
        return _every(await self._connection.fetch(statement, **values, some=some)) if units else []

    async def of_province(
        self, province: str, state: State | None = None, *, some: int = 200
    ) -> list[Notice]:
        """Its own and its wards', the ones changed last first."""
        values = {} if state is None else {"state": state.value}
        found = await self._connection.fetch(
            _of_province(state is not None), province=province, some=some, **values
        )
        return _every(found)

    async def due(self, now: datetime, some: int) -> list[str]:
        """Ids of what was approved and whose time has come."""
        return [str(row[0]) for row in await self._connection.fetch(DUE, now=now, some=some)]

    async def in_state(self, state: State) -> list[str]:
        return [str(row[0]) for row in await self._connection.fetch(IN_STATE, state=state.value)]

    async def expired(self, now: datetime, some: int) -> list[str]:
        """Ids of what has run out, and does not say so yet."""
        return [str(row[0]) for row in await self._connection.fetch(EXPIRED, now=now, some=some)]

    async def begun_between(self, unit: str, since: datetime, until: datetime) -> int:
        """How many of a unit have left in that time; urgent ones that two persons let pass too."""
        found = await self._connection.fetch(BEGUN_BETWEEN, unit=unit, since=since, until=until)
        return int(found[0][0])

    async def waiting_between(self, unit: str, since: datetime, until: datetime) -> int:
        """How many of a unit are approved and due in that time, and have not left."""
        found = await self._connection.fetch(WAITING_BETWEEN, unit=unit, since=since, until=until)
        return int(found[0][0])

    async def news(self, units: Iterable[str], since: datetime, now: datetime, some: int) -> list[Notice]:
        """What has left for these units since then and still holds, the latest first."""
        units = tuple(units)
        if not units:
            return []
        values = {f"unit_{place}": unit for place, unit in enumerate(units)}
        return _every(
            await self._connection.fetch(_news(len(units)), **values, since=since, now=now, some=some)
        )

    async def around(self, units: Iterable[str], since: datetime, until: datetime, some: int) -> list[Notice]:
        """What of these units has left in that time, or is approved to, the earliest first."""
        units = tuple(units)
        if not units:
            return []
        values = {f"unit_{place}": unit for place, unit in enumerate(units)}
        return _every(
            await self._connection.fetch(_around(len(units)), **values, since=since, until=until, some=some)
        )

    async def alone_in(self, unit: str) -> None:
        """Until this unit of work ends nobody else approves or begins a notice of this unit: a cap is counted, then used."""
        named = blake2b(unit.encode(), digest_size=4, person=b"notices").digest()
        await self._connection.lock(BEGINNING | int.from_bytes(named, "big"))


class Pictures:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def save(self, picture: Picture) -> None:
        """One that is there already stays."""
        await self._connection.run(SAVE_PICTURE, **picture.model_dump())

    async def content(self, digest: str) -> bytes | None:
        found = await self._connection.fetch(PICTURE, digest=digest)
        return bytes(found[0][0]) if found else None

    async def has(self, digest: str) -> bool:
        return bool(await self._connection.fetch(HAS_PICTURE, digest=digest))


class Templates:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, template: NoticeTemplate) -> None:
        await self._connection.run(ADD_TEMPLATE, **template.model_dump())

    async def change(self, template: NoticeTemplate) -> bool:
        """Whether this call changed it: only if it is still as it was one version before."""
        values = template.model_dump()
        id = values.pop("id")
        return bool(await self._connection.run(CHANGE_TEMPLATE, **values, was=template.version - 1, of=id))

    async def remove(self, id: str) -> bool:
        return bool(await self._connection.run(REMOVE_TEMPLATE, id=id))

    async def get(self, id: str) -> NoticeTemplate | None:
        return rows.first_of(NoticeTemplate, await self._connection.fetch(TEMPLATE, id=id))

    async def of(self, unit: str, province: str | None) -> list[NoticeTemplate]:
        """The unit's own and its province's."""
        found = await self._connection.fetch(TEMPLATES, unit=unit, province=province or unit)
        return rows.all_of(NoticeTemplate, found)


class Listener(NamedTuple):
    """A contact of a ward, as far as a reckoning needs it. Nothing in it names anybody."""

    fingerprint: bytes
    account: str
    language: str
    last: datetime | None
    contact: str
    """Its random id, by which its deliveries are counted."""
    wants: int
    """How many of the topics in question they want."""
    recent: int
    """How many notices they had of late."""


class Subscriptions:
    """Which topics of which wards somebody wants."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, fingerprint: bytes) -> list[tuple[str, str]]:
        """Unit and topic."""
        found = await self._connection.fetch(WANTS, fingerprint=fingerprint)
        return [(str(unit), str(topic)) for unit, topic in found]

    async def replace(self, fingerprint: bytes, wants: Iterable[tuple[str, str]]) -> None:
        """From now on these and no others."""
        await self.delete(fingerprint)
        await self._connection.run_many(
            WANT,
            (
                {"fingerprint": fingerprint, "unit": unit, "topic": topic}
                for unit, topic in sorted(set(wants))
            ),
        )

    async def delete(self, fingerprint: bytes) -> None:
        await self._connection.run(UNWANT, fingerprint=fingerprint)

    def listeners(
        self, units: Iterable[str], topics: Iterable[str], since: datetime
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Everybody who has agreed to notices of one of these units, once, as the fields of `Listener`: whoever wants one of the
        topics, and whoever wants none of them."""
        units, topics = tuple(units), tuple(topics)
        values = {f"unit_{place}": unit for place, unit in enumerate(units)}
        values |= {f"topic_{place}": topic for place, topic in enumerate(topics)}
        return self._connection.each(_listeners(len(units), len(topics)), **values, since=since)


class Sightings:
    """Who pressed “Đã xem”. Written in bulk, never beside an answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_many(self, seen: Iterable[tuple[str, bytes]]) -> dict[str, int]:
        """Notice → how many had not been counted before."""
        fresh: dict[str, int] = {}
        for notice, fingerprint in seen:
            added = await self._connection.run(SEE, notice=notice, fingerprint=fingerprint)
            if added:
                fresh[notice] = fresh.get(notice, 0) + 1
        for notice, number in sorted(fresh.items()):
            await self._connection.run(COUNT_SEEN, of=notice, number=number)
        return fresh

    async def forget(self, notice: str) -> None:
        """Who it was; the number stays."""
        await self._connection.run(FORGET_SEEN, notice=notice)

    async def delete(self, fingerprint: bytes) -> None:
        await self._connection.run(UNSEE, fingerprint=fingerprint)


# ── Rows and values ──────────────────────────────────────────────────────────────────────────────────────────────


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "code": notice.code,
        "unit": notice.unit,
        "category": notice.category.value,
        "state": notice.state.value,
        "version": notice.version,
        "is_urgent": int(notice.is_urgent),
        "is_self_approved": int(notice.is_self_approved),
        "written_by": notice.written_by.person,
        "approved_by": notice.approved.person if notice.approved else None,
        "due_at": notice.due_at,
        "begun_at": notice.begun_at,
        "recalled_at": notice.recalled_at,
        "expires_at": notice.expires_at,
        "campaign": notice.campaign,
        "body": notice.body(),
    }


READ = (
    _notices.id,
    _notices.code,
    _notices.unit,
    _notices.state,
    _notices.version,
    _notices.is_self_approved,
    _notices.due_at,
    _notices.begun_at,
    _notices.recalled_at,
    _notices.campaign,
    _notices.seen,
    _notices.body,
)


def _read(row: tuple[Any, ...]) -> Notice:
    id, code, unit, state, version, is_self_approved, due, begun, recalled, campaign, seen, body = row
    bare = Notice(
        id=id,
        code=code,
        unit=unit,
        draft=Draft(Category.OTHER),
        state=State(state),
        version=version,
        writers=(),
        is_self_approved=bool(is_self_approved),
        due_at=due,
        begun_at=begun,
        recalled_at=recalled,
        campaign=campaign,
        seen=seen,
    )
    return bare.with_body(body)


def _every(found: Iterable[tuple[Any, ...]]) -> list[Notice]:
    return [_read(row) for row in found]


def _first(found: Iterable[tuple[Any, ...]]) -> Notice | None:
    return next((_read(row) for row in found), None)


# ── Statements ───────────────────────────────────────────────────────────────────────────────────────────────────


def _any_of(column: Any, words: tuple[str, ...]) -> Any:
    """As `in_` would say it, which SQLAlchemy compiles only when it is executed."""
    return or_(*(column == word for word in words))


def _among(column: Any, name: str, number: int) -> Any:
    """Any of so many values that come later, as `name_0`, `name_1` …"""
    return or_(*(column == bindparam(f"{name}_{place}", type_=column.type) for place in range(number)))


_some = bindparam("some", type_=Integer)
NAMES_OF_A_NOTICE = [column.name for column in rows.table(NoticeRow).columns]
NAMES_OF_A_TEMPLATE = [column.name for column in rows.table(NoticeTemplate).columns]
ADD = insert(rows.table(NoticeRow))
SAVE = Prepared(
    update(NoticeRow)
    .where(_notices.id == bindparam("of"), _notices.version == bindparam("was"))
    .values(
        {
            name: bindparam(name, type_=_notices[name].type)
            for name in NAMES_OF_A_NOTICE
            if name not in ("id", "seen", "written_at")
        }
    )
)
TAKEN = Prepared(select(_notices.id).where(_notices.code == bindparam("code")))
BY_ID = Prepared(select(*READ).where(_notices.id == bindparam("id")))
BY_CODE = Prepared(select(*READ).where(_notices.code == bindparam("code")))
WAITING_STATES = (State.APPROVED.value, State.SCHEDULED.value)
DUE = Prepared(
    select(_notices.id)
    .where(_any_of(_notices.state, WAITING_STATES), _notices.due_at <= bindparam("now"))
    .order_by(_notices.is_urgent.desc(), _notices.due_at, _notices.id)
    .limit(_some)
)
IN_STATE = Prepared(select(_notices.id).where(_notices.state == bindparam("state")))
RUNS_OUT = (
    *(State.SUBMITTED.value, State.APPROVED.value, State.SCHEDULED.value),
    *(State.SENDING.value, State.SENT.value, State.STOPPED.value),
)
EXPIRED = Prepared(
    select(_notices.id)
    .where(_any_of(_notices.state, RUNS_OUT), _notices.expires_at <= bindparam("now"))
    .limit(_some)
)
BEGUN_BETWEEN = Prepared(
    select(func.count()).where(
        _notices.unit == bindparam("unit"),
        _notices.begun_at >= bindparam("since", type_=_notices.begun_at.type),
        _notices.begun_at < bindparam("until", type_=_notices.begun_at.type),
    )
)
WAITING_BETWEEN = Prepared(
    select(func.count()).where(
        _notices.unit == bindparam("unit"),
        _any_of(_notices.state, WAITING_STATES),
        _notices.due_at >= bindparam("since", type_=_notices.due_at.type),
        _notices.due_at < bindparam("until", type_=_notices.due_at.type),
    )
)


@cache
def _of_units(number: int, by_state: bool) -> Prepared:
    found = select(*READ).where(_among(_notices.unit, "unit", number))
    if by_state:
        found = found.where(_notices.state == bindparam("state"))
    return Prepared(found.order_by(_notices.changed_at.desc(), _notices.id).limit(_some))


@cache
def _of_province(by_state: bool) -> Prepared:
    units = rows.table(rows.Unit).c
    wards = select(units.code).where(units.province == bindparam("province"))
    found = select(*READ).where((_notices.unit == bindparam("province")) | _notices.unit.in_(wards))
    if by_state:
        found = found.where(_notices.state == bindparam("state"))
    return Prepared(found.order_by(_notices.changed_at.desc(), _notices.id).limit(_some))


@cache
def _news(number: int) -> Prepared:
    moment = _notices.begun_at.type
    return Prepared(
        select(*READ)
        .where(
            _among(_notices.unit, "unit", number),
            _any_of(_notices.state, (State.SENDING.value, State.SENT.value)),
            _notices.begun_at >= bindparam("since", type_=moment),
            _notices.expires_at.is_(None) | (_notices.expires_at > bindparam("now", type_=moment)),
        )
        .order_by(_notices.begun_at.desc(), _notices.id)
        .limit(_some)
    )


@cache
def _around(number: int) -> Prepared:
    since, until = (bindparam(name, type_=_notices.due_at.type) for name in ("since", "until"))
    has_left = and_(_notices.begun_at >= since, _notices.begun_at < until)
    will_leave = and_(
        _any_of(_notices.state, WAITING_STATES), _notices.due_at >= since, _notices.due_at < until
    )
    return Prepared(
        select(*READ)
        .where(_among(_notices.unit, "unit", number), or_(has_left, will_leave))
        .order_by(func.coalesce(_notices.begun_at, _notices.due_at), _notices.id)
        .limit(_some)
    )


@cache
def _listeners(units: int, topics: int) -> Prepared:
    """Of each contact who subscribes to notices in one of the units: how many are of the topics. Surveys are agreed to by themselves."""
    is_wanted = _among(_wants.topic, "topic", topics)
    wanted = (
        select(_wants.fingerprint, func.sum(cast(is_wanted, Integer)).label("wanted"))
        .where(_among(_wants.unit, "unit", units), not_(_any_of(_wants.topic, PUSHED)))
        .group_by(_wants.fingerprint)
        .subquery()
    )
    return Prepared(
        select(
            _contacts.fingerprint,
            _contacts.account,
            _contacts.language,
            _heard.at,
            _contacts.id,
            wanted.c.wanted,
            _recent(),
        )
        .join(wanted, wanted.c.fingerprint == _contacts.fingerprint)
        .join(rows.table(rows.HeardAt), _heard.fingerprint == _contacts.fingerprint, isouter=True)
    )


def _recent() -> Any:
    """As the outbox counts before it sends: what a contact has got, or perhaps has, of campaigns since then."""
    had = (DeliveryState.SENT.value, DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value)
    return (
        select(func.count())
        .select_from(
            rows.table(Delivery).join(rows.table(CampaignRow), _campaigns.id == _deliveries.campaign)
        )
        .where(
            _deliveries.contact == _contacts.id,
            _any_of(_deliveries.state, had),
            _campaigns.purpose == Purpose.NOTICE.value,
            _campaigns.not_before >= bindparam("since", type_=_campaigns.not_before.type),
        )
        .scalar_subquery()
    )


SAVE_PICTURE = upsert(rows.table(Picture), "digest", keeping=("content", "width", "height", "taken_on"))
PICTURE = Prepared(select(_pictures.content).where(_pictures.digest == bindparam("digest")))
HAS_PICTURE = Prepared(select(_pictures.width).where(_pictures.digest == bindparam("digest")))
ADD_TEMPLATE = insert(rows.table(NoticeTemplate))
CHANGE_TEMPLATE = Prepared(
    update(NoticeTemplate)
    .where(_templates.id == bindparam("of"), _templates.version == bindparam("was"))
    .values({name: bindparam(name) for name in NAMES_OF_A_TEMPLATE if name != "id"})
)
REMOVE_TEMPLATE = Prepared(delete(NoticeTemplate).where(_templates.id == bindparam("id")))
TEMPLATE = Prepared(select(rows.table(NoticeTemplate)).where(_templates.id == bindparam("id")))
TEMPLATES = Prepared(
    select(rows.table(NoticeTemplate))
    .where((_templates.unit == bindparam("unit")) | (_templates.unit == bindparam("province")))
    .order_by(_templates.name, _templates.id)
)
WANTS = Prepared(
    select(_wants.unit, _wants.topic)
    .where(_wants.fingerprint == bindparam("fingerprint"))
    .order_by(_wants.unit, _wants.topic)
)
WANT = upsert(rows.table(Subscription), "fingerprint", "unit", "topic")
UNWANT = Prepared(delete(Subscription).where(_wants.fingerprint == bindparam("fingerprint")))
SEE = upsert(rows.table(Seen), "notice", "fingerprint")
COUNT_SEEN = Prepared(
    update(NoticeRow)
    .where(_notices.id == bindparam("of"))
    .values(seen=_notices.seen + bindparam("number", type_=Integer))
)
FORGET_SEEN = Prepared(delete(Seen).where(_seen.notice == bindparam("notice")))
UNSEE = Prepared(delete(Seen).where(_seen.fingerprint == bindparam("fingerprint")))
