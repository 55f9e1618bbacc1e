"""Officers at their posts, with telephones in their pockets: real people in a real database, whose codes are really made."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import aiohttp
import pyotp
from starlette.requests import Request
from starlette.responses import Response

from bot.web.desk_door import Endpoint, Guarded
from handlers.noting import AuditTrail
from handlers.people import People
from handlers.ways_in import typed_secret
from storage.database import Database
from storage.vault import Vault
from surveys.audited import AuditRow
from surveys.conversation import Address
from surveys.rights import Action, Actor, NotAllowed, Role
from tests.conftest import Clock

PROVINCE, LONG_DUC, TRA_VINH = "86", "29263", "29242"
LAN, HUNG, MAI, BINH = "Nguyễn Thị Lan", "Trần Văn Hùng", "Lê Thị Mai", "Phạm Thái Bình"
SUPERVISOR = Actor("of-the-tests", LAN, "86-supervisor", Role.SUPERVISOR, PROVINCE, "Cán bộ theo dõi")


def seated(actor: Actor) -> Callable[[Action | None, Guarded], Endpoint]:
    """A door that takes everybody for that one person: for pages whose door is tested elsewhere."""

    def guarded(action: Action | None, endpoint: Guarded) -> Endpoint:
        async def passed(request: Request) -> Response:
            try:
                return await endpoint(request, actor)
            except NotAllowed:
                return Response(status_code=403)

        return passed

    return guarded


async def everywhere(actor: Actor, action: Action, units: Iterable[str]) -> frozenset[str]:
    return frozenset(units)


class Office:
    """People who come in by what they have in hand."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self.db, self.vault, self.clock = db, vault, clock
        self.people = People(db, vault, clock)
        self.trail = AuditTrail(db)
        self.telephones: dict[str, pyotp.TOTP] = {}
        self.personal: dict[str, str] = {}

    def digits(self, name: str) -> str:
        """What their telephone shows now."""
        return self.telephones[name].at(self.clock())

    async def enrols(self, code: str) -> Actor:
        """On the web, with a telephone of their own."""
        actor, secret = await self.people.opening(code)
        self.telephones[actor.name] = pyotp.TOTP(typed_secret(secret))
        enrolled = await self.people.enrol(code, totp=self.digits(actor.name))
        self.personal[actor.name] = enrolled.personal
        self.clock.advance(seconds=60)  # a time code is used once
        return enrolled.actor

    async def code_for(self, name: str, role: Role, unit: str, actor: Actor | None = None) -> str:
        return await self.people.appoint(
            actor, name=name, role=role, unit=unit, title=f"{role.value} ở {unit}", by="Người vận hành"
        )

    async def serves(self, name: str, role: Role, unit: str, actor: Actor | None = None) -> Actor:
        return await self.enrols(await self.code_for(name, role, unit, actor))

    async def serves_by_bot(self, name: str, role: Role, unit: str, account: str) -> Actor:
        code = await self.code_for(name, role, unit)
        return await self.people.enrol_by_bot(code, Address("telegram", account))

    async def signs_in(self, name: str) -> str:
        """Their browser's token."""
        self.clock.advance(seconds=60)
        return await self.people.sign_in(self.personal[name], self.digits(name))

    async def rows(self) -> list[AuditRow]:
        return [row async for row in self.trail.everything()]

    async def deeds(self) -> list[str]:
        return [row.action for row in await self.rows()]


class Visitor:
    """A browser, as far as a server can tell: it keeps cookies and says which page it sends from."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url, self.session = url, session

    async def opens(self, path: str, status: int | None = 200) -> str:
        async with self.session.get(self.url + path) as response:
            text = await response.text()
            assert status is None or response.status == status, f"{path}: {response.status}\n{text}"
            return text

    async def asks(self, path: str) -> aiohttp.ClientResponse:
        """The answer itself, led on nowhere."""
        async with self.session.get(self.url + path, allow_redirects=False) as response:
            await response.read()
            return response

    async def sends(
        self, path: str, status: int | None = 200, origin: str | None = None, **fields: str
    ) -> str:
        headers = {"origin": origin or self.url}
        async with self.session.post(self.url + path, data=fields, headers=headers) as response:
            text = await response.text()
            assert status is None or response.status == status, f"{path}: {response.status}\n{text}"
            return text

    async def posts(
        self, path: str, headers: dict[str, str] | None = None, **fields: str
    ) -> aiohttp.ClientResponse:
        async with self.session.post(
            self.url + path,
            data=fields,
            headers={"origin": self.url} if headers is None else headers,
            allow_redirects=False,
        ) as response:
            await response.read()
            return response


@asynccontextmanager
async def visitor(url: str) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Visitor(url, session)


def carrying(session: aiohttp.ClientSession, url: str, token: str) -> None:
    """This browser is signed in already."""
    from yarl import URL

    from bot.web.desk_door import COOKIE

    session.cookie_jar.update_cookies({COOKIE: token}, URL(url))
