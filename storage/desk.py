"""Posts and who holds them, codes, sessions at the desk, the audit trail. It knows no rule of who may, and no resident."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, delete, select, update

from storage import rows
from storage.desk_rows import Appointment, AuditRow, DeskCode, DeskSession, Post
from storage.desk_rows import Staff as Person
from storage.statements import Connection, Prepared, insert
from surveys import audited

__all__ = ["AuditTrail", "Codes", "DeskSessions", "Held", "Holder", "Posts", "Staff"]

WRITING = 0x61756469742E2E2E  # “audit...”: the advisory lock of whoever adds a row
APPOINTING = 0x706F7374732E2E2E  # “posts...”: of whoever changes who holds what

_staff = rows.table(Person).c
_posts = rows.table(Post).c
_appointments = rows.table(Appointment).c
_codes = rows.table(DeskCode).c
_sessions = rows.table(DeskSession).c
_audit = rows.table(AuditRow).c


@dataclass(frozen=True, slots=True)
class Holder:
    """A post with whoever holds it now."""

    post: str
    role: str
    unit: str
    title: str
    person: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """That somebody held a post, from then until then; until None: they do."""

    post: str
    role: str
    unit: str
    title: str
    person: str
    name: str
    since: datetime
    until: datetime | None
    is_enrolled: bool
    """They have a way to sign in."""
    has_account: bool
    """One of them is the officers' bot."""


class Staff:
    """Those who serve, and what they are known again by."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, person: Person) -> None:
        await self._connection.run(ADD_STAFF, **person.model_dump())

    async def get(self, id: str) -> Person | None:
        return rows.first_of(Person, await self._connection.fetch(STAFF_BY_ID, id=id))

    async def by_code(self, code: bytes) -> Person | None:
        return rows.first_of(Person, await self._connection.fetch(STAFF_BY_CODE, code=code))

    async def by_account(self, fingerprint: bytes) -> Person | None:
        return rows.first_of(Person, await self._connection.fetch(STAFF_BY_ACCOUNT, fingerprint=fingerprint))

    async def set_totp(self, id: str, totp: bytes, step: int, code: bytes) -> None:
        """The secret, the step whose code proved it, and the hash of the personal code that goes with it."""
        await self._connection.run(SET_TOTP, person=id, totp=totp, step=step, code=code)

    async def set_account(self, id: str, fingerprint: bytes, address: bytes) -> None:
        await self._connection.run(SET_ACCOUNT, person=id, fingerprint=fingerprint, address=address)

    async def forget_account(self, id: str) -> None:
        await self._connection.run(FORGET_ACCOUNT, person=id)

    async def use_step(self, id: str, step: int) -> bool:
        """Whether this call used it: no later one was used before. Wrong tries are forgotten with it."""
        return bool(await self._connection.run(USE_STEP, person=id, step=step))

    async def was_wrong(self, id: str, at: datetime) -> None:
        await self._connection.run(WAS_WRONG, person=id, at=at)

    async def forget_wrong(self, id: str) -> None:
        await self._connection.run(FORGET_WRONG, person=id)

    async def strip(self, id: str) -> None:
        """Nothing they were known by opens anything any more."""
        await self._connection.run(STRIP, person=id)


class Posts:
    """Posts, and who holds them since when."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def changing(self) -> None:
        """Until this unit of work ends, nobody else changes who holds what."""
        await self._connection.lock(APPOINTING)

    async def add(self, post: Post) -> None:
        await self._connection.run(ADD_POST, **post.model_dump())

    async def get(self, id: str) -> Post | None:
        return rows.first_of(Post, await self._connection.fetch(POST, id=id))

    async def of_unit(self, unit: str) -> list[Post]:
        return rows.all_of(Post, await self._connection.fetch(POSTS_OF_UNIT, unit=unit))

    async def appoint(self, appointment: Appointment) -> None:
        """Raises the driver's IntegrityError when somebody holds the post."""
        await self._connection.run(ADD_APPOINTMENT, **appointment.model_dump())

    async def end(self, post: str, at: datetime) -> None:
        await self._connection.run(END_APPOINTMENT, held=post, at=at)

    async def move(self, post: str, person: str, to: str) -> None:
        """The post's holder turned out to be somebody we know already."""
        await self._connection.run(MOVE_APPOINTMENT, held=post, was=person, to=to)

    async def holder(self, post: str) -> Holder | None:
        found = await self._connection.fetch(HOLDER, post=post)
        return Holder(*found[0]) if found else None

    async def held_by(self, person: str) -> list[Holder]:
        """The posts somebody holds now."""
        return [Holder(*each) for each in await self._connection.fetch(HELD_BY, person=person)]

    async def all(self) -> list[Held]:
        """Every post with everybody who ever held it, the latest first."""
        found = await self._connection.fetch(EVERYBODY)
        return [_held(*each) for each in found]


class Codes:
    """Codes that work once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, code: DeskCode) -> None:
        await self._connection.run(ADD_CODE, **code.model_dump())

    async def get(self, handle: str) -> DeskCode | None:
        return rows.first_of(DeskCode, await self._connection.fetch(CODE, handle=handle))

    async def was_wrong(self, handle: str) -> None:
        await self._connection.run(CODE_WAS_WRONG, found=handle)

    async def spend(self, handle: str) -> bool:
        """Whether this call spent it: of two at the same moment one does."""
        return bool(await self._connection.run(SPEND_CODE, handle=handle))

    async def drop(self, person: str, post: str | None = None) -> None:
        """Those of a person; of one of their posts."""
        if post is None:
            await self._connection.run(DROP_CODES, person=person)
            return
        await self._connection.run(DROP_CODES_OF_POST, person=person, post=post)

    async def drop_links(self, person: str) -> None:
        await self._connection.run(DROP_LINKS, person=person)

    async def waiting(self) -> dict[str, datetime]:
        """Post → until when somebody may enrol with the code that was made for it."""
        found = await self._connection.fetch(CODES_WAITING)
        return {str(post): until for post, until in found}

    async def purge(self, now: datetime) -> int:
        return await self._connection.run(PURGE_CODES, now=now)


class DeskSessions:
    """Who is signed in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, session: DeskSession) -> None:
        await self._connection.run(ADD_SESSION, **session.model_dump())

    async def get(self, hash: bytes) -> DeskSession | None:
        return rows.first_of(DeskSession, await self._connection.fetch(SESSION, hash=hash))

    async def seen(self, hash: bytes, at: datetime) -> None:
        await self._connection.run(SEEN, found=hash, at=at)

    async def choose(self, hash: bytes, post: str) -> None:
        await self._connection.run(CHOOSE, found=hash, post=post)

    async def end(self, hash: bytes) -> None:
        await self._connection.run(END_SESSION, hash=hash)

    async def end_of_post(self, post: str) -> None:
        await self._connection.run(END_OF_POST, post=post)

    async def end_of(self, person: str) -> None:
        await self._connection.run(END_OF_PERSON, person=person)

    async def purge(self, begun_before: datetime, seen_before: datetime) -> int:
        return await self._connection.run(PURGE_SESSIONS, begun_before=begun_before, seen_before=seen_before)


class AuditTrail:
    """Rows that the database refuses to change."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def writing(self) -> None:
        """Until this unit of work ends, nobody else adds a row."""
        await self._connection.lock(WRITING)

    async def last(self) -> audited.AuditRow | None:
        return next(iter(_told(await self._connection.fetch(LAST_ROW))), None)

    async def add(self, row: audited.AuditRow) -> None:
        values = {name: getattr(row, name) for name in audited.AuditRow.__slots__}
        await self._connection.run(ADD_ROW, **values)

    async def each(self, after: int = 0) -> AsyncIterator[audited.AuditRow]:
        """All that come after that number, in order."""
        async for found in self._connection.each(ROWS_AFTER, after=after):
            yield audited.AuditRow(*found)

    async def page(
        self,
        before: int,
        some: int,
        *,
        unit: str | None = None,
        province: str | None = None,
        object: str | None = None,
    ) -> list[audited.AuditRow]:
        """The latest ones before that number. Of a province: also what concerns the whole installation."""
        given = {"unit": unit, "province": province, "object": object}
        asked = {name: value for name, value in given.items() if value is not None}
        return _told(await self._connection.fetch(_page(frozenset(asked)), before=before, some=some, **asked))


def _held(*found: Any) -> Held:
    post, role, unit, title, person, name, since, until, totp, fingerprint = found
    has_account = fingerprint is not None
    is_enrolled = has_account or totp is not None
    return Held(post, role, unit, title, person, name, since, until, is_enrolled, has_account)


def _told(found: Iterable[tuple[object, ...]]) -> list[audited.AuditRow]:
    return [audited.AuditRow(*each) for each in found]  # type: ignore[arg-type]


@cache
def _page(asked: frozenset[str]) -> Prepared:
    found: Select[tuple[object, ...]] = select(rows.table(AuditRow)).where(
        _audit.number < bindparam("before")
    )
    if "unit" in asked:
        found = found.where(_audit.unit == bindparam("unit"))
    if "object" in asked:
        found = found.where(_audit.object == bindparam("object"))
    if "province" in asked:
        found = found.where((_audit.province == bindparam("province")) | _audit.unit.is_(None))
    return Prepared(found.order_by(_audit.number.desc()).limit(bindparam("some", type_=Integer)))


_NOW_HELD = (
    select(
        _posts.id,
        _posts.role,
        _posts.unit,
        _posts.title,
        _staff.id,
        _staff.name,
        _appointments.since,
    )
    .select_from(
        rows.table(Appointment)
        .join(rows.table(Post), _posts.id == _appointments.post)
        .join(rows.table(Person), _staff.id == _appointments.person)
    )
    .where(_appointments.until.is_(None))
)

ADD_STAFF = insert(rows.table(Person))
STAFF_BY_ID = Prepared(select(rows.table(Person)).where(_staff.id == bindparam("id")))
STAFF_BY_CODE = Prepared(select(rows.table(Person)).where(_staff.code == bindparam("code")))
STAFF_BY_ACCOUNT = Prepared(select(rows.table(Person)).where(_staff.fingerprint == bindparam("fingerprint")))
SET_TOTP = Prepared(
    update(Person)
    .where(_staff.id == bindparam("person"))
    .values(
        totp=bindparam("totp"),
        totp_step=bindparam("step"),
        code=bindparam("code"),
        wrong=0,
        wrong_at=None,
    )
)
SET_ACCOUNT = Prepared(
    update(Person)
    .where(_staff.id == bindparam("person"))
    .values(fingerprint=bindparam("fingerprint"), address=bindparam("address"))
)
FORGET_ACCOUNT = Prepared(
    update(Person).where(_staff.id == bindparam("person")).values(fingerprint=None, address=None)
)
USE_STEP = Prepared(
    update(Person)
    .where(_staff.id == bindparam("person"), _staff.totp_step < bindparam("step"))
    .values(totp_step=bindparam("step"), wrong=0, wrong_at=None)
)
WAS_WRONG = Prepared(
    update(Person)
    .where(_staff.id == bindparam("person"))
    .values(wrong=_staff.wrong + 1, wrong_at=bindparam("at", type_=_staff.wrong_at.type))
)
FORGET_WRONG = Prepared(update(Person).where(_staff.id == bindparam("person")).values(wrong=0, wrong_at=None))
STRIP = Prepared(
    update(Person)
    .where(_staff.id == bindparam("person"))
    .values(code=None, totp=None, totp_step=None, wrong=0, wrong_at=None, fingerprint=None, address=None)
)
ADD_POST = insert(rows.table(Post))
POST = Prepared(select(rows.table(Post)).where(_posts.id == bindparam("id")))
POSTS_OF_UNIT = Prepared(select(rows.table(Post)).where(_posts.unit == bindparam("unit")).order_by(_posts.id))
ADD_APPOINTMENT = insert(rows.table(Appointment))
END_APPOINTMENT = Prepared(
    update(Appointment)
    .where(_appointments.post == bindparam("held"), _appointments.until.is_(None))
    .values(until=bindparam("at", type_=_appointments.until.type))
)
MOVE_APPOINTMENT = Prepared(
    update(Appointment)
    .where(
        _appointments.post == bindparam("held"),
        _appointments.person == bindparam("was"),
        _appointments.until.is_(None),
    )
    .values(person=bindparam("to"))
)
HOLDER = Prepared(_NOW_HELD.where(_posts.id == bindparam("post")))
HELD_BY = Prepared(_NOW_HELD.where(_staff.id == bindparam("person")).order_by(_posts.id))
EVERYBODY = Prepared(
    select(
        _posts.id,
        _posts.role,
        _posts.unit,
        _posts.title,
        _staff.id,
        _staff.name,
        _appointments.since,
        _appointments.until,
        _staff.totp,
        _staff.fingerprint,
    )
    .select_from(
        rows.table(Appointment)
        .join(rows.table(Post), _posts.id == _appointments.post)
        .join(rows.table(Person), _staff.id == _appointments.person)
    )
    .order_by(_posts.unit, _posts.role, _posts.id, _appointments.since.desc())
)
ADD_CODE = insert(rows.table(DeskCode))
CODE = Prepared(select(rows.table(DeskCode)).where(_codes.handle == bindparam("handle")))
CODE_WAS_WRONG = Prepared(
    update(DeskCode).where(_codes.handle == bindparam("found")).values(wrong=_codes.wrong + 1)
)
SPEND_CODE = Prepared(delete(DeskCode).where(_codes.handle == bindparam("handle")))
DROP_CODES = Prepared(delete(DeskCode).where(_codes.person == bindparam("person")))
DROP_CODES_OF_POST = Prepared(
    delete(DeskCode).where(_codes.person == bindparam("person"), _codes.post == bindparam("post"))
)
DROP_LINKS = Prepared(delete(DeskCode).where(_codes.person == bindparam("person"), _codes.kind == "link"))
CODES_WAITING = Prepared(select(_codes.post, _codes.expires_at).where(_codes.kind == "enrol"))
PURGE_CODES = Prepared(
    delete(DeskCode).where(_codes.expires_at <= bindparam("now", type_=_codes.expires_at.type))
)
ADD_SESSION = insert(rows.table(DeskSession))
SESSION = Prepared(select(rows.table(DeskSession)).where(_sessions.hash == bindparam("hash")))
SEEN = Prepared(
    update(DeskSession)
    .where(_sessions.hash == bindparam("found"))
    .values(seen_at=bindparam("at", type_=_sessions.seen_at.type))
)
CHOOSE = Prepared(
    update(DeskSession).where(_sessions.hash == bindparam("found")).values(post=bindparam("post"))
)
END_SESSION = Prepared(delete(DeskSession).where(_sessions.hash == bindparam("hash")))
END_OF_POST = Prepared(delete(DeskSession).where(_sessions.post == bindparam("post")))
END_OF_PERSON = Prepared(delete(DeskSession).where(_sessions.person == bindparam("person")))
PURGE_SESSIONS = Prepared(
    delete(DeskSession).where(
        (_sessions.begun_at <= bindparam("begun_before", type_=_sessions.begun_at.type))
        | (_sessions.seen_at <= bindparam("seen_before", type_=_sessions.seen_at.type))
    )
)
ADD_ROW = insert(rows.table(AuditRow))
LAST_ROW = Prepared(select(rows.table(AuditRow)).order_by(_audit.number.desc()).limit(1))
ROWS_AFTER = Prepared(
    select(rows.table(AuditRow)).where(_audit.number > bindparam("after")).order_by(_audit.number)
)
