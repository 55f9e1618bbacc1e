"""A small town to talk in: real SQLite, real keys, the real use case, the shipped forms; only the clock is ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from handlers.notices import Notices
from handlers.residents import Residents, ResidentsSettings
from handlers.units import load_seed
from handlers.waves import Plan, Waves
from storage.arrivals import Arrivals
from storage.database import Database
from storage.links import Links
from storage.seen import SeenNotices
from storage.snoozes import Snoozes
from storage.vault import Vault
from surveys import counter, entry
from surveys.conversation import Address, Incoming, Option, Reply, Say
from surveys.counter import Counter
from surveys.doors import Doors
from surveys.entry import Entry, Stream
from surveys.forms import library
from surveys.forms.form import Form
from surveys.forms.session import Session
from surveys.taps import LONGEST_TOKEN
from surveys.texts import LONGEST, length
from surveys.waves import Audience
from tests.conftest import Clock

LONG_DUC = "29263"
TRA_VINH = "29242"
WARDS = {LONG_DUC: 1904, TRA_VINH: 2400, "29254": None, "29398": None, "29512": None, "29516": None}
DOORS = Doors(
    duty_phone="0294 000 000",
    province="Công an tỉnh Vĩnh Long",
    province_contact="số 1, phường Long Châu; 0270 000 000",
)


@dataclass
class Town:
    database: Database
    vault: Vault
    arrivals: Arrivals
    clock: Clock
    residents: Residents
    waves: Waves
    links: Links
    notices: Notices
    seen: SeenNotices
    snoozes: Snoozes

    async def opens(self, slug: str, form: Form | str, audience: Audience, *, days: float = 30) -> int:
        now = self.clock()
        form = library.load(form) if isinstance(form, str) else form
        title = TITLES.get(slug, "Phiếu lấy ý kiến")
        plan = Plan(slug, form, title, audience, now, now + timedelta(days=days), dict(WARDS))
        wave = await self.waves.open(plan)
        await self.residents.refresh()
        return wave

    async def opens_visits(self) -> int:
        return await self.opens("tham-11-2026", "tham_luot", Audience.VISITS)

    async def opens_yearly(self) -> int:
        return await self.opens("nam-2026", "hang_nam_nguoi_dan", Audience.RESIDENTS, days=18)

    def restarts(self) -> None:
        """The process dies and another one starts on what is on the disk."""
        self.residents = Residents(
            self.database,
            self.vault,
            self.arrivals,
            ResidentsSettings(doors=DOORS),
            now=self.clock,
            links=self.links,
            notices=self.notices.told,
            verified=self.notices.verified,
            seen=self.seen,
            snoozes=self.snoozes,
        )

    def link(self, unit: str, stream: Stream, wave: str | None = None) -> str:
        """For a visit what the counter's tablet shows at this moment: no link of that stream stays."""
        if stream is Stream.VISIT:
            return counter.mint(Counter(unit, 1), self.clock(), self.vault.entry_key)
        return entry.mint(Entry(unit, stream, wave), self.vault.entry_key)

    async def sessions(self, wave: int) -> list[Session]:
        """Those that were not withdrawn."""
        async with self.database.reading() as tx:
            opened = [
                self.vault.open_body(wave, nullifier, body)
                async for nullifier, body in tx.sessions.of_wave(wave)
            ]
        return [Session.from_json(each) for each in opened if each]

    async def answers(self, wave: int) -> list[dict[str, str | None]]:
        return [dict(session.answers) for session in await self.sessions(wave)]


TITLES = {
    "tham-11-2026": "Đánh giá lượt làm việc tháng 11/2026",
    "nam-2026": "Công an lắng nghe ý kiến của Nhân dân năm 2026",
}


@asynccontextmanager
async def a_town(url: str, directory: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    database = await Database.open(url)
    try:
        await load_seed(database)
        arrivals = Arrivals(directory / "arrivals", vault)
        links = Links(directory / "links", vault)
        notices, seen = Notices(database, clock, leaving=arrivals.leaving), SeenNotices()
        snoozes = Snoozes(directory / "snoozes", vault)
        residents = Residents(
            database,
            vault,
            arrivals,
            ResidentsSettings(doors=DOORS),
            now=clock,
            links=links,
            notices=notices.told,
            verified=notices.verified,
            seen=seen,
            snoozes=snoozes,
        )
        waves = Waves(database, vault, clock)
        yield Town(database, vault, arrivals, clock, residents, waves, links, notices, seen, snoozes)
    finally:
        await database.close()


class Heard:
    """What came back: every text, and the buttons under the last message that has some."""

    def __init__(self, reply: Reply) -> None:
        self.messages: tuple[Say, ...] = reply.messages
        self.stamp = reply.stamp
        for say in reply.messages:
            assert say.text.strip(), "an empty message"
            assert length(say.text) <= LONGEST, "a message that Zalo would not take"
            assert all(0 < len(each.token) <= LONGEST_TOKEN and each.token.isascii() for each in say.options)
            numbers = [
                place if each.number is None else each.number
                for place, each in enumerate(say.options, start=1)
            ]
            assert len(set(numbers)) == len(numbers), "two buttons under one number"

    @property
    def text(self) -> str:
        return "\n".join(say.text for say in self.messages)

    @property
    def texts(self) -> list[str]:
        return [say.text for say in self.messages]

    @property
    def options(self) -> tuple[Option, ...]:
        return next((say.options for say in reversed(self.messages) if say.options), ())

    @property
    def buttons(self) -> list[str]:
        return [option.label for option in self.options]

    @property
    def file(self) -> tuple[str, bytes] | None:
        return next((say.file for say in self.messages if say.file), None)

    def token(self, label: str) -> str:
        for option in self.options:
            if option.label == label:
                return option.token
        raise AssertionError(f"no button “{label}” among {self.buttons}")

    def __contains__(self, words: str) -> bool:
        return words in self.text

    def __eq__(self, other: object) -> bool:
        """The same to whoever reads it: tokens are made for one person and are not compared."""
        if not isinstance(other, Heard):
            return NotImplemented
        return (self.texts, self.buttons) == (other.texts, other.buttons)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Heard({self.text!r}, {self.buttons})"


@dataclass
class Resident:
    """A person with a phone."""

    town: Town
    name: str = "ba-sau"
    account: str = "telegram"
    language: str | None = None
    heard: Heard = field(default_factory=lambda: Heard(Reply()))
    sent: int = 0

    @property
    def address(self) -> Address:
        return Address(self.account, self.name)

    def message(self, **what: object) -> Incoming:
        self.sent += 1
        return Incoming(self.address, f"{self.name}-{self.sent}", language=self.language, **what)  # type: ignore[arg-type]

    async def sends(self, incoming: Incoming) -> Heard:
        """This very message, perhaps not for the first time."""
        self.heard = Heard(await self.town.residents.receive(incoming))
        return self.heard

    async def starts(self, payload: str = "") -> Heard:
        return await self.sends(self.message(start=payload))

    async def says(self, text: str) -> Heard:
        return await self.sends(self.message(text=text))

    async def taps(self, label: str) -> Heard:
        return await self.sends(self.message(tap=self.heard.token(label)))

    async def taps_token(self, token: str) -> Heard:
        return await self.sends(self.message(tap=token))

    async def shares(self, latitude: float, longitude: float) -> Heard:
        return await self.sends(self.message(location=(latitude, longitude)))

    async def photographs(self, reference: str) -> Heard:
        return await self.sends(self.message(photo=reference))

    async def agrees_at_the_counter(self) -> Heard:
        await self.starts(self.town.link(LONG_DUC, Stream.VISIT))
        return await self.taps("Đồng ý, bắt đầu")
