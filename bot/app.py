"""Everything is built here, once, and closed in reverse. The only place that knows all the rooms."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from socket import socket
from typing import TYPE_CHECKING

import structlog
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.channels.pacing import Window
from bot.channels.web_chat import WebChat
from bot.clock import Clock, Tick
from bot.deeds import deeds_of, made_chores
from bot.demo_notices import with_dice
from bot.desk import desk_rooms
from bot.intake import Intake
from bot.lanes import Lanes
from bot.officers import WEBHOOK as OFFICERS_WEBHOOK
from bot.officers import listen as listen_to_officers
from bot.officers import officers_bot
from bot.outgoing import articles_of, pushing, sender_of
from bot.outgoing import told as outbox_told
from bot.parts import ALL, Part
from bot.sender import Epochs, Sender
from bot.settings import Settings
from bot.snoozing import Snoozing
from bot.web.app import build
from bot.web.check import CheckPage
from bot.web.counter import CounterPage
from bot.web.demo_clock import clock_rooms
from bot.web.figures import Figures
from bot.web.issuing import IssuingApi
from bot.web.ledger_page import LedgerPage
from bot.web.notices import TryOut
from bot.web.pages import Pages
from bot.web.paper import PaperPages
from bot.web.server import serve_on
from bot.web.zalo_callback import ZaloCallback
from handlers.audit import Audit
from handlers.chores import Renewal
from handlers.comments import Comments
from handlers.evenings import Evenings
from handlers.inviting import Invitations
from handlers.ledger import Ledger
from handlers.notices import Notices
from handlers.noting import AuditTrail
from handlers.occasions import Deed
from handlers.papers import Papers
from handlers.people import People
from handlers.quarantine import Quarantine
from handlers.reporting import Reporting
from handlers.residents import Residents, ResidentsSettings
from handlers.schedules import Schedules
from handlers.scorecards import Scorecards
from handlers.tokens import Issuing
from handlers.waves import Waves
from storage import migrate
from storage.arrivals import Arrivals
from storage.database import Database, Unavailable
from storage.keys import FileKeys
from storage.leading import leader_for
from storage.links import Links
from storage.seen import SeenNotices
from storage.snoozes import Snoozes
from storage.vault import Vault
from surveys import texts
from surveys.doors import Doors
from surveys.notices import Policies
from surveys.report import Letterhead, Report, report
from surveys.schedules.quiet import QuietCalendar
from surveys.waves import GRACE

if TYPE_CHECKING:
    from bot.channels.telegram_residents import TelegramResidents
    from bot.channels.zalo_bot import ZaloBot
    from bot.demo_year import Year
    from bot.zalo import Zalo

__all__ = ["House", "opened", "serve", "utc_now"]

log = structlog.get_logger(__name__)

STEPS_EVERY = timedelta(minutes=1)
SCHEDULES_EVERY = timedelta(seconds=20)
ARRIVALS_EVERY = timedelta(hours=1)  # the hour is the finest time a contact may carry
ZALO_LOOK_EVERY = timedelta(minutes=1)  # so soon an account that was connected meanwhile is served
ZALO_RENEW_EVERY = timedelta(hours=1)  # it renews what is due: daily, and weekly at the least
ZALO_RATINGS_EVERY = timedelta(hours=1)  # far below the week after which a rating is too old
SCHEDULES = "schedules"
"""Where their epoch lies, beside the keys: a database that was put back is known by it."""
TELEGRAM_WEBHOOK = "/telegram"
ZALO_WEBHOOK = "/zalo"
ZALO_BOT_WEBHOOK = "/zalo-bot"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class House:
    """What is opened once and shared: the rooms, furnished."""

    settings: Settings
    db: Database
    vault: Vault
    ledger: Ledger
    arrivals: Arrivals
    residents: Residents
    waves: Waves
    intake: Intake
    now: Callable[[], datetime]
    scorecards: Scorecards
    comments: Comments
    links: Links
    people: People
    trail: AuditTrail
    schedules: Schedules
    notices: Notices
    seen: SeenNotices
    renewal: Renewal
    snoozes: Snoozes
    evenings: Evenings

    @property
    def threshold(self) -> str | None:
        """The satisfaction that passes, as a share (`0.9`); None while nobody has set one."""
        percent = self.settings.satisfaction_threshold
        return None if percent is None else str(percent / Decimal(100))

    async def flush_arrivals(self) -> None:
        await self.arrivals.flush(self.db)
        await self.links.flush(self.db, self.now())
        await self.seen.flush(self.db)

    async def advance_waves(self) -> None:
        if await self.waves.advance():
            await self.residents.refresh()

    async def tick_schedules(self) -> None:
        if await self.schedules.tick_for_people():
            await self.residents.refresh()

    async def tick_chores(self) -> None:
        await self.schedules.tick_for_the_house()

    async def yearly_report(self, set_id: str, year: int) -> Report:
        """As `langnghe report` writes it, without number and signer: those are an office's to fill in."""
        settings = self.settings
        reporting = Reporting(self.db, self.scorecards, self.waves, self.ledger)
        gathered = await reporting.gather(set_id, year, k=settings.privacy_k)
        return report(gathered.sources, Letterhead(office=settings.province_name), self.now())

    async def unit_name(self, code: str) -> str | None:
        async with self.db.reading() as tx:
            unit = await tx.units.get(code)
        return unit.name if unit else None

    async def unit_names(self) -> Mapping[str, str]:
        async with self.db.reading() as tx:
            return {unit.code: unit.name for unit in await tx.units.all()}

    async def health(self) -> Mapping[str, object]:
        begun = time.perf_counter()
        try:
            async with self.db.reading() as tx:
                waves = await tx.waves.all()
        except Unavailable:
            return {"status": "unavailable", "database": "away"}
        milliseconds = round(1000 * (time.perf_counter() - begun), 1)
        states: dict[str, int] = {}
        for wave in waves:
            states[wave.state] = states.get(wave.state, 0) + 1
        return {"status": "ok", "database": "ok", "database_ms": milliseconds, "waves": states}


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    passed: Callable[[], float] = time.monotonic,
) -> AsyncIterator[House]:
    """The house, its database brought up to date. `passed`: seconds beside which `now` is held for leaps. Raises Unavailable when the
    database cannot be opened."""
    await migrate.up(settings.database_url)
    db = await Database.open(settings.database_url)
    try:
        vault = Vault(FileKeys(settings.keys_dir))
        arrivals = Arrivals(settings.keys_dir / "arrivals", vault)
        doors = Doors(
            duty_phone=settings.duty_phone,
            province=settings.province_name,
            province_contact=settings.province_contact,
        )
        links = Links(settings.keys_dir / "links", vault)
        notices = Notices(db, now, _policies(settings), arrivals.leaving)
        seen, snoozes = SeenNotices(), Snoozes(settings.keys_dir / "snoozes", vault)
        conversing = ResidentsSettings(doors=doors, grace=GRACE)
        residents = Residents(
            db,
            vault,
            arrivals,
            conversing,
            now=now,
            links=links,
            notices=notices.told,
            verified=notices.verified,
            seen=seen,
            snoozes=snoozes,
        )
        intake = Intake(residents, Lanes(), Quarantine(db, now), _sorry)
        ledger = Ledger(vault.ledger_signer(settings.ledger_name))
        waves = Waves(db, vault, now, ledger=ledger)
        scorecards = Scorecards(db, ledger, now)
        deeds: dict[str, Deed] = {}
        house = House(
            settings,
            db,
            vault,
            ledger,
            arrivals,
            residents,
            waves,
            intake,
            now,
            scorecards,
            Comments(db, vault, now),
            links,
            People(db, vault, now),
            AuditTrail(db),
            Schedules(
                db,
                deeds,
                now,
                quiet=_quiet(settings),
                passed=passed,
                epochs=Epochs(settings.keys_dir / SCHEDULES),
            ),
            notices,
            seen,
            Renewal(),
            snoozes,
            Evenings(db, vault, conversing, now=now, links=links),
        )
        # A deed may write a schedule of its own, so schedules are there before it.
        deeds |= deeds_of(house)
        # What a crash left waiting, and what waits still when we go.
        await house.flush_arrivals()
        yield house
        await house.flush_arrivals()
    finally:
        await db.close()


def _policies(settings: Settings) -> Policies:
    domains = (domain.strip() for domain in settings.notice_domains.split(","))
    return Policies(
        domains=tuple(domain for domain in domains if domain),
        daily_cap=settings.notice_daily_cap,
        zalo_price=settings.zalo_message_price,
        outside=settings.outside,
    )


def _quiet(settings: Settings) -> QuietCalendar:
    return QuietCalendar(settings.days_added, settings.days_taken_away)


async def serve(
    house: House,
    listener: socket | None,
    stop: asyncio.Event,
    *,
    parts: frozenset[Part] = ALL,
    demo: bool = False,
    phone: Callable[[Pages], list[Route]] | None = None,
    year: "Year | None" = None,
) -> None:
    """Serves until `stop` is set: the web, Telegram if it has a token, Zalo if it has an app, and the clock; or those parts of it.
    `listener`: needed for the web only. `phone`: rooms in which the demo plays a phone with Zalo on it. `year`: the demo's, which goes by
    when somebody asks for it."""
    settings = house.settings
    async with AsyncExitStack() as stack:
        telegram = await _telegram(house, stack)
        zalo = await _zalo(house, stack)
        webhooks: dict[str, ASGIApp] = {}
        if zalo is not None:
            webhooks[ZALO_WEBHOOK] = zalo
        if telegram is not None and settings.telegram_mode == "webhook":
            webhooks[TELEGRAM_WEBHOOK] = telegram.webhook
        zalo_bot = await _zalo_bot(house, stack)
        if zalo_bot is not None and settings.zalo_bot_mode == "webhook":
            webhooks[ZALO_BOT_WEBHOOK] = zalo_bot.webhook
        officers = await officers_bot(house, stack)
        if officers is not None and settings.officers_mode == "webhook":
            webhooks[OFFICERS_WEBHOOK] = officers.webhook
        name = await telegram.username() if telegram is not None else None
        pages = Pages(
            demo=demo,
            telegram_url=f"https://t.me/{name}" if name else None,
            k=settings.privacy_k,
            has_phone=phone is not None,
            demo_desk=demo,
            has_clock=year is not None,
        )
        web = WebChat(house.intake.accept) if settings.web_chat else None
        channels = partial(pushing, telegram, zalo, zalo_bot, web)
        sender = sender_of(house, with_dice(channels, year.dice) if year is not None else channels, zalo)
        site = build(
            results=house.waves.results,
            web_chat=web,
            webhooks=webhooks,
            health=partial(_health, house, zalo, sender),
            cookie_key=house.vault.cookie_key,
            secure=settings.public_url.startswith("https://"),
            rooms=_web_rooms(house, pages, officers.try_out if officers is not None else None, demo=demo)
            + (phone(pages) if phone is not None else [])
            + (clock_rooms(house, year, pages) if year is not None else []),
            pages=pages,
            provinces=house.waves.provinces,
            postponements=house.waves.postponements,
        )
        if zalo is not None:
            house.renewal.how = zalo.renew
        if Part.CLOCK in parts:
            await made_chores(house)
        leads = await _leading(house, stack) if Part.CLOCK in parts else _never
        ticks = _ticks(house) + _zalo_ticks(house, zalo)
        await stack.enter_async_context(Clock(ticks, leads))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stop.wait())
            if Part.SENDERS in parts:
                tasks.create_task(sender.run(stop))
                snoozing = Snoozing(house.snoozes, house.evenings, channels, house.now)
                tasks.create_task(snoozing.run(stop))
            if Part.WEB not in parts or listener is None:
                return
            tasks.create_task(serve_on(listener, site, stop))
            if year is not None:
                tasks.create_task(year.run(house, ticks, stop))
            if telegram is not None:
                tasks.create_task(_listen(telegram, settings, stop))
            if zalo_bot is not None:
                tasks.create_task(_listen_to_bot(zalo_bot, settings, stop))
            if officers is not None:
                tasks.create_task(listen_to_officers(officers, settings, stop))


async def _leading(house: House, stack: AsyncExitStack) -> Callable[[], bool]:
    settings = house.settings
    leader = await stack.enter_async_context(leader_for(settings.database_url, settings.keys_dir))
    return lambda: leader.is_leading


def _never() -> bool:
    return False


async def _telegram(house: House, stack: AsyncExitStack) -> "TelegramResidents | None":
    settings = house.settings
    if settings.telegram_token is None:
        return None
    # Importing aiogram takes seconds and a hundred megabytes: only where Telegram is spoken to.
    from bot.channels.telegram_residents import TelegramResidents

    secret = settings.telegram_secret
    return await stack.enter_async_context(
        TelegramResidents(
            settings.telegram_token.get_secret_value(),
            house.intake.accept,
            refusal=texts.say(texts.DEFAULT, "group.refusal"),
            secret=secret.get_secret_value() if secret and settings.telegram_mode == "webhook" else None,
            api=settings.telegram_api,
            # Whoever blocks the bot wants nothing more from it.
            left=house.arrivals.leave,
            window=Window(settings.telegram_a_second),
        )
    )


async def _zalo(house: House, stack: AsyncExitStack) -> "Zalo | None":
    if house.settings.zalo_app_id is None:
        return None
    from bot.zalo import Zalo

    return await stack.enter_async_context(Zalo(house))


async def _zalo_bot(house: House, stack: AsyncExitStack) -> "ZaloBot | None":
    settings = house.settings
    if settings.zalo_bot_token is None:
        return None
    from bot.channels.zalo_bot import ZaloBot

    secret = settings.zalo_bot_secret
    return await stack.enter_async_context(
        ZaloBot(
            settings.zalo_bot_token.get_secret_value(),
            house.intake.accept,
            refusal=texts.say(texts.DEFAULT, "group.refusal"),
            hint=texts.say(texts.DEFAULT, "unsupported"),
            secret=secret.get_secret_value() if secret and settings.zalo_bot_mode == "webhook" else None,
            api=settings.zalo_bot_api,
        )
    )


async def _listen_to_bot(zalo_bot: "ZaloBot", settings: Settings, stop: asyncio.Event) -> None:
    if settings.zalo_bot_mode == "polling":
        await zalo_bot.poll(stop)
        return
    outcome = await zalo_bot.set_webhook(settings.public_url.rstrip("/") + ZALO_BOT_WEBHOOK)
    log.info("zalo_bot.webhook", outcome=repr(outcome))


async def _health(house: House, zalo: "Zalo | None", sender: Sender) -> Mapping[str, object]:
    found = await house.health()
    if found.get("status") != "ok":
        return found
    try:
        found = {**found, "outbox": await outbox_told(house, sender)}
        if zalo is None:
            return found
        # An account in trouble is an operator's matter: the process is well, and restarting it would mend nothing.
        return {
            **found,
            "zalo": await zalo.told(),
            "zalo_unknown_events": zalo.unknown_events,
            "zalo_ratings": zalo.ratings,
        }
    except Unavailable:
        return {"status": "unavailable", "database": "away"}


async def _listen(telegram: "TelegramResidents", settings: Settings, stop: asyncio.Event) -> None:
    if settings.telegram_mode == "polling":
        await telegram.poll(stop)
        return
    outcome = await telegram.set_webhook(settings.public_url.rstrip("/") + TELEGRAM_WEBHOOK)
    log.info("telegram.webhook", outcome=repr(outcome))


def _web_rooms(
    house: House, pages: Pages, try_out: TryOut | None = None, *, demo: bool = False
) -> list[Route]:
    """What the web shows beside the page and the chat, each room from its own module."""
    rooms: list[Route] = []
    settings = house.settings
    audit = Audit(house.db, house.ledger)
    secure = settings.public_url.startswith("https://")
    rooms += LedgerPage(audit.told, pages, secure=secure).routes
    rooms += CheckPage(house.waves.is_included, pages, secure=secure).routes
    links = f"{settings.public_url.rstrip('/')}/?start=" if settings.public_url else ""
    key = house.vault.entry_key
    rooms += CounterPage(key, pages, naming=house.unit_name, now=house.now, address=links).routes
    rooms += IssuingApi(Issuing(house.db, house.vault, house.ledger, house.now), address=links).routes
    rooms += PaperPages(Papers(house.db, house.vault, house.now), key, pages, house.now).routes
    rooms += Figures(house.waves.released).routes
    if settings.zalo_app_id is not None:
        rooms += ZaloCallback(pages).routes
    rooms += desk_rooms(house, pages, try_out=try_out, demo=demo)
    return rooms


def _ticks(house: House) -> tuple[Tick, ...]:
    return (
        Tick("waves", STEPS_EVERY, house.advance_waves),
        Tick("schedules", SCHEDULES_EVERY, house.tick_schedules),
        Tick("chores", SCHEDULES_EVERY, house.tick_chores),
        Tick("notices", STEPS_EVERY, house.notices.step),
        Tick("invitations", STEPS_EVERY, Invitations(house.db, house.ledger, house.now).step),
        # Not a schedule, though there is one before the night's backup: each process holds words of its own, and what people said of
        # their notices must not wait for whoever leads, nor for a hold.
        Tick("arrivals", ARRIVALS_EVERY, house.flush_arrivals, is_shared=False),
    )


def _zalo_ticks(house: "House", zalo: "Zalo | None") -> tuple[Tick, ...]:
    if zalo is None:
        return ()
    return (
        Tick("zalo.look", ZALO_LOOK_EVERY, zalo.look, is_shared=False),
        # By the hour beside the night's chore: a hold of some weeks, and the tokens would be dead of age.
        Tick("zalo.renew", ZALO_RENEW_EVERY, zalo.renew),
        Tick("zalo.ratings", ZALO_RATINGS_EVERY, zalo.read_ratings),
        Tick("zalo.articles", STEPS_EVERY, articles_of(house, zalo).step),
    )


def _sorry(language: str | None) -> str:
    wish = (language or "")[:2].lower()
    return texts.say(wish if wish in texts.LANGUAGES else texts.DEFAULT, "sorry")
