"""An officers' desk as it really is: the house, its rooms, people at their posts, and a browser for each of them."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pyotp

from bot.app import House, opened
from bot.desk import desk_rooms
from bot.settings import Settings
from bot.web.app import Site, build
from bot.web.desk_door import COOKIE
from bot.web.pages import Pages
from handlers.units import load_seed
from handlers.ways_in import typed_secret
from surveys.notices import Audience, Category, Draft, Notice, Text
from surveys.rights import PROVINCIAL, Actor, Role
from tests.conftest import Clock
from tests.web.conftest import KEY, running

__all__ = [
    "LONG_DUC",
    "PROVINCE",
    "TRA_VINH",
    "DeskTown",
    "Furnished",
    "Seat",
    "a_desk_town",
    "furnished",
    "site_of",
]

DATABASE = "langnghe.sqlite"
LONG_DUC, TRA_VINH, PROVINCE = "29263", "29242", "86"
PEOPLE: Mapping[str, tuple[str, Role, str]] = {
    "an": ("Nguyễn Văn An", Role.OFFICER, LONG_DUC),
    "binh": ("Trần Thị Bình", Role.CHIEF, LONG_DUC),
    "cuong": ("Lê Văn Cường", Role.DUTY, LONG_DUC),
    "em": ("Võ Văn Em", Role.CHIEF, TRA_VINH),
    "dung": ("Phạm Thị Dung", Role.SUPERVISOR, PROVINCE),
    "giang": ("Đỗ Thị Giang", Role.MODERATOR, PROVINCE),
    "hai": ("Bùi Văn Hải", Role.AUDITOR, PROVINCE),
    "khanh": ("Hồ Văn Khánh", Role.OPERATOR, PROVINCE),
}


class Seat:
    """Somebody's browser, signed in at their post (or not at all)."""

    def __init__(self, url: str, session: aiohttp.ClientSession, token: str | None) -> None:
        self.url, self.token = url, token
        self._session = session
        self._cookies = {COOKIE: token} if token else {}

    async def opens(self, path: str, status: int = 200, **headers: str) -> str:
        async with self._session.get(
            self.url + path, cookies=self._cookies, headers=headers, allow_redirects=False
        ) as response:
            text = await response.text()
            assert response.status == status, text
            return text if status != 303 else response.headers["location"]

    async def sends(
        self,
        path: str,
        status: int = 303,
        *,
        headers: Mapping[str, str] | None = None,
        units: tuple[str, ...] = (),
        **fields: str,
    ) -> str:
        """The page, or where it leads."""
        pairs = [*fields.items(), *(("units", unit) for unit in units)]
        return await self._posted(path, status, aiohttp.FormData(pairs), headers or {})

    async def uploads(self, path: str, content: bytes, status: int = 303, **fields: str) -> str:
        form = aiohttp.FormData(list(fields.items()), default_to_multipart=True)
        form.add_field("picture", content, filename="anh.png", content_type="image/png")
        return await self._posted(path, status, form, {})

    async def _posted(self, path: str, status: int, form: Any, headers: Mapping[str, str]) -> str:
        async with self._session.post(
            self.url + path,
            data=form,
            cookies=self._cookies,
            headers={"sec-fetch-site": "same-origin", **headers},
            allow_redirects=False,
        ) as response:
            text = await response.text()
            assert response.status == status, text
            return text if status != 303 else response.headers["location"]


class DeskTown:
    def __init__(self, house: House, clock: Clock, site: Site, url: str, actors: Mapping[str, Actor]) -> None:
        self.house, self.clock, self.site, self.url, self.actors = house, clock, site, url, actors
        self.notices = house.notices
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        await self._session.close()

    async def token(self, name: str) -> str:
        return await self.house.people.begin(self.actors[name])

    async def seat(self, name: str | None) -> Seat:
        return Seat(self.url, self._session, await self.token(name) if name else None)

    async def wrote(self, words: str = "Đang có người giả danh công an gọi điện.", **more: Any) -> Notice:
        """A draft of Nguyễn Văn An's."""
        by = self.actors[more.pop("by", "an")]
        units = (by.unit,)
        draft = Draft(Category.SCAM, {"vi": Text.of(words)}, Audience(units), **more)
        return await self.notices.write(by, draft)

    async def submitted(self, words: str = "Đang có người giả danh công an gọi điện.", **more: Any) -> Notice:
        notice = await self.wrote(words, **more)
        by = next(each for each in self.actors.values() if each.person == notice.written_by.person)
        return await self.notices.submit(by, notice.code, notice.version)

    async def approved(self, words: str = "Đang có người giả danh công an gọi điện.", **more: Any) -> Notice:
        notice = await self.submitted(words, **more)
        chief = next(
            each for each in self.actors.values() if each.role is Role.CHIEF and each.unit == notice.unit
        )
        return await self.notices.approve(chief, notice.code, notice.version)


def site_of(house: House) -> Site:
    pages = Pages(demo=False, telegram_url=None, k=10)
    return build(
        results=house.waves.results,
        web_chat=None,
        webhooks={},
        health=house.health,
        cookie_key=KEY,
        rooms=desk_rooms(house, pages),
        pages=pages,
        provinces=house.waves.provinces,
    )


@dataclass(frozen=True)
class Furnished:
    """A desk as it is on its first morning, to be copied: enrolling people takes seconds."""

    directory: Path
    actors: Mapping[str, Actor]

    def copied(self, to: Path) -> Settings:
        shutil.copytree(self.directory, to)
        return _settings(to)


async def furnished(database: Path, directory: Path, clock: Clock) -> Furnished:
    """`database`: one with its tables."""
    shutil.copyfile(database, directory / DATABASE)
    async with opened(_settings(directory), now=clock) as house:
        await load_seed(house.db)
        return Furnished(directory, {name: await _seated(house, *post) for name, post in PEOPLE.items()})


@asynccontextmanager
async def a_desk_town(furnished: Furnished, directory: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with opened(furnished.copied(directory / "desk"), now=clock) as house:
        site = site_of(house)
        async with running(site) as url:
            town = DeskTown(house, clock, site, url, furnished.actors)
            try:
                yield town
            finally:
                await town.close()


def _settings(directory: Path) -> Settings:
    url = f"sqlite:///{directory / DATABASE}"
    return Settings(_env_file=None, database_url=url, keys_dir=directory / "keys")  # type: ignore[call-arg]


async def _seated(house: House, name: str, role: Role, unit: str) -> Actor:
    where = (
        "tỉnh Vĩnh Long"
        if role in PROVINCIAL
        else ("phường Long Đức" if unit == LONG_DUC else "phường Trà Vinh")
    )
    code = await house.people.appoint(None, name=name, role=role, unit=unit, title=f"{TITLES[role]} {where}")
    _, secret = await house.people.opening(code)
    telephone = pyotp.TOTP(typed_secret(secret))
    return (await house.people.enrol(code, totp=telephone.at(house.now()))).actor


TITLES: Mapping[Role, str] = {
    Role.OFFICER: "Cán bộ Công an",
    Role.CHIEF: "Trưởng Công an",
    Role.DUTY: "Trực ban Công an",
    Role.SUPERVISOR: "Theo dõi, Công an",
    Role.MODERATOR: "Đọc góp ý, Công an",
    Role.AUDITOR: "Giám sát,",
    Role.OPERATOR: "Vận hành, Công an",
}
