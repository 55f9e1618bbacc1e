"""An office with its bot: people at their posts, enrolled with the codes they were given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bot.channels.telegram_officers import Rooms, TelegramOfficers
from handlers.beneath import Beneath
from handlers.happenings import NoticeDrafted, OfficersReminded, ResultsTold, WaveOpening
from handlers.inviting import Inviting, Reminding
from handlers.ledger import Ledger
from handlers.notice_files import NoticePictures
from handlers.notice_templates import NoticeTemplates
from handlers.notices import Notices
from handlers.people import People
from handlers.planning import Planning
from handlers.schedules import Schedules
from handlers.scorecards import Scorecards
from handlers.tidings import Tidings
from handlers.units import load_seed
from handlers.waves import Waves
from storage.database import Database
from storage.vault import Vault
from surveys.notices import Policies
from surveys.rights import Role
from surveys.schedules.purposes import Purpose
from tests.conftest import Clock
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to
from tests.telegram_server.server import TOKEN, TelegramServer
from tests.telegram_server.world import Json, Person

SECRET = "a-secret_of-officers-42"
PROOF_OF_ORIGIN = (b"x-telegram-bot-api-secret-token", SECRET.encode())
LONG_DUC, TRA_VINH, PROVINCE = "29263", "29242", "86"


@dataclass
class Officer:
    """Somebody with a telephone, and a post."""

    office: "Office"
    phone: Person

    async def says(self, text: str, entities: list[Json] | None = None) -> list[str]:
        """What the bot said to it."""
        before = len(self.phone.from_bot)
        self.phone.says(text, entities)
        await self.office.settled()
        return self.heard[before:]

    async def taps(self, label: str, message: Json | None = None) -> list[str]:
        before = len(self.phone.from_bot)
        self.phone.taps(label, message)
        await self.office.settled()
        return self.heard[before:]

    async def forges(self, data: str) -> list[str]:
        """Any client can send any data."""
        before = len(self.phone.from_bot)
        message = self.phone.from_bot[-1] if self.phone.from_bot else self.phone.keep(text="?")
        self.phone.taps_data(data, message)
        await self.office.settled()
        return self.heard[before:]

    @property
    def heard(self) -> list[str]:
        return self.phone.heard

    @property
    def last(self) -> str:
        return self.heard[-1]

    @property
    def buttons(self) -> list[str]:
        return self.phone.buttons

    def data_of(self, label: str) -> str:
        """What a button carries."""
        for message in reversed(self.phone.from_bot):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"] == label:
                        return str(button["callback_data"])
        raise AssertionError(f"no button {label!r}; there are {self.buttons}")


class Office:
    def __init__(self, server: TelegramServer, rooms: Rooms, bot: TelegramOfficers, clock: Clock) -> None:
        self.server = server
        self.rooms = rooms
        self.bot = bot
        self.clock = clock
        self._next = 500

    @property
    def notices(self) -> Notices:
        return self.rooms.notices

    @property
    def people(self) -> People:
        return self.rooms.people

    def stranger(self) -> Officer:
        self._next += 1
        return Officer(self, self.server.world.person(self._next))

    async def officer(self, name: str, role: Role, unit: str = LONG_DUC, title: str = "") -> Officer:
        """Appointed by the operator, enrolled by themselves."""
        code = await self.people.appoint(
            None, name=name, role=role, unit=unit, title=title or f"{role} {unit}"
        )
        officer = self.stranger()
        await officer.says(f"/start {code}")
        return officer

    async def settled(self) -> None:
        """Everything is brought, and everything that follows from it is said."""
        await self.server.bring()
        await self.quiet()

    async def quiet(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.bot._mouth._errands):  # noqa: ASYNC110 - errands tell nobody that they are done
                await asyncio.sleep(0.001)

    async def ticks(self) -> None:
        await self.bot.tick()
        await self.quiet()


async def nobody_to_settle() -> None:
    """No resident speaks in these tests."""


def rooms_of(database: Database, vault: Vault, clock: Clock, policies: Policies | None = None) -> Rooms:
    notices = Notices(database, clock, policies)
    ledger = Ledger(vault.ledger_signer("tests"))
    waves = Waves(database, vault, clock, ledger=ledger)
    templates = NoticeTemplates(database, clock)
    schedules = Schedules(
        database,
        {
            Purpose.OPEN_WAVE: WaveOpening(database, waves),
            Purpose.INVITE: Inviting(database, clock, nobody_to_settle),
            Purpose.REMIND: Reminding(database, clock),
            Purpose.TELL_RESULTS: ResultsTold(database, clock),
            Purpose.DRAFT_NOTICE: NoticeDrafted(database, notices, templates, clock),
            Purpose.REMIND_OFFICERS: OfficersReminded(database, clock),
        },
        clock,
        passed=lambda: clock().timestamp(),
    )
    return Rooms(
        people=People(database, vault, clock),
        notices=notices,
        pictures=NoticePictures(database, clock),
        templates=templates,
        beneath=Beneath(database),
        results=waves.results,
        scorecards=Scorecards(database, ledger, clock),
        tidings=Tidings(database, vault, notices, clock),
        planning=Planning(database, schedules, templates, clock),
        now=clock,
        desk="https://langnghe.test",
    )


def a_bot(server: TelegramServer, rooms: Rooms) -> TelegramOfficers:
    return TelegramOfficers(
        TOKEN, rooms, secret=SECRET, api=server.url, clock=server.time, pause=server.time.pause
    )


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Strict to the end: one malformed request fails the test. A chat takes twenty messages at once, so that pace is a matter of the
    tests about pace."""
    async with TelegramServer(burst=20) as server:
        yield server
    assert server.violations == []


@asynccontextmanager
async def an_office(
    server: TelegramServer, database: Database, vault: Vault, clock: Clock
) -> AsyncIterator[Office]:
    await load_seed(database)
    rooms = rooms_of(database, vault, clock)
    async with a_bot(server, rooms) as bot:
        await bot.set_webhook("https://bot.test/officers")
        server.post = post_to(bot.webhook)
        yield Office(server, rooms, bot, clock)


@pytest.fixture
async def office(
    server: TelegramServer, sqlite_database: Database, vault: Vault, clock: Clock
) -> AsyncIterator[Office]:
    async with an_office(server, sqlite_database, vault, clock) as office:
        yield office


@pytest.fixture
async def an(office: Office) -> Officer:
    return await office.officer("Nguyễn Văn An", Role.OFFICER, title="Cán bộ Công an phường Long Đức")


@pytest.fixture
async def binh(office: Office) -> Officer:
    return await office.officer("Trần Thị Bình", Role.CHIEF, title="Trưởng Công an phường Long Đức")


@pytest.fixture
async def dung(office: Office) -> Officer:
    return await office.officer("Phạm Thị Dung", Role.SUPERVISOR, PROVINCE, "Giám sát Công an tỉnh")
