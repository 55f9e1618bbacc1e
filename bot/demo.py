"""A small province to play with: last year's survey answered by simulated residents through the real intake, sealed and
released; this year's survey and this month's visit rating open for whoever is at the keyboard.

The residents are dice, the rest is real: entry links, consent, questions, commits, sealing, suppression. It knows no port."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from random import Random

from bot.app import House, opened, utc_now
from bot.demo_crowd import WARDS, Resident, Ward, spread
from bot.demo_notices import find_listeners, put_up, send_now
from bot.demo_people import take_their_posts
from bot.demo_schedules import invite_to_what_is_open, take_standing_orders
from bot.demo_scorecards import put_on_record
from bot.settings import Settings
from handlers.tokens import Issuing
from handlers.units import load_seed
from handlers.waves import Plan
from storage.sqlite import SqliteDatabase, path_of
from surveys import tokens
from surveys.forms import library
from surveys.waves import FLAGGED, GRACE, LAST_ONES, LOCAL, Audience

__all__ = ["WARDS", "Progress", "directories", "prepare", "settings_for"]

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, how much there is."""

ROOMS = ("bot", "handlers", "storage", "surveys")
AT_ONCE = 100  # residents with a conversation under way
SLIPS_A_WEEK = 1 / 45  # of one ward, for each resident the demo was asked for
SHARE_USING_A_SLIP = 0.45
WEEKS = 4
OPEN_FOR = timedelta(days=3)  # this year's survey, when the demo begins
OPEN_HOURS = (8, 9, 10, 14, 15, 16)
DEMO_THRESHOLD = "0.9"  # QĐ 04/2022/QĐ-TTg's 90 %, the nearest official number; an office sets its own


@dataclass(frozen=True, slots=True)
class Directories:
    """`fresh` is the province as it was made; `live` is the copy that is played with, and thrown away at the next start."""

    fresh: Path
    live: Path

    @property
    def made_for(self) -> Path:
        return self.fresh / "made-for"


def directories(root: Path) -> Directories:
    return Directories(root / "fresh", root / "live")


def settings_for(settings: Settings, directory: Path) -> Settings:
    """The settings of the operator, with the demo's own files and no platform."""
    return settings.model_copy(
        update={
            "database_url": f"sqlite:///{directory / 'langnghe.sqlite'}",
            "keys_dir": directory / "keys",
            "telegram_token": None,
            "zalo_app_id": None,
            "web_chat": True,
        }
    )


async def prepare(settings: Settings, root: Path, residents: int, progress: Progress) -> Settings:
    """The settings of a province ready to be played with. A province made by this very code, today, is used again as it was."""
    places = directories(root)
    wanted = _fingerprint(residents)
    if not places.made_for.exists() or places.made_for.read_text() != wanted:
        shutil.rmtree(places.fresh, ignore_errors=True)
        places.fresh.mkdir(parents=True)
        made = settings_for(settings, places.fresh)
        await _make(made, residents, progress)
        _onto_the_disk(path_of(made.database_url))
        places.made_for.write_text(wanted)
    # Whatever was said in the last demo is gone: nobody finds somebody else's conversation.
    shutil.rmtree(places.live, ignore_errors=True)
    shutil.copytree(places.fresh, places.live)
    live = settings_for(settings, places.live)
    async with opened(live) as house:
        await send_now(house)
    return live


def _onto_the_disk(path: Path) -> None:
    """Nobody waited for the disk while the province was made; what is called made has to be there after a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _fingerprint(residents: int) -> str:
    """Changes with the code, the day and what was asked for: a province that is one of these behind is stale."""
    digest = hashlib.sha256(f"{residents} {utc_now().astimezone(LOCAL).date()}".encode())
    house = Path(__file__).parent.parent
    for room in ROOMS:
        for path in sorted((house / room).rglob("*")):
            if path.suffix in {".py", ".json", ".toml", ".po"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()


class _Clock:
    """The demo's year: set by hand while the past is made."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


async def _make(settings: Settings, residents: int, progress: Progress) -> None:
    today = utc_now().astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    opening = today - timedelta(days=365)
    clock = _Clock(opening + timedelta(hours=9))
    async with opened(settings, now=clock) as house:
        if isinstance(house.db, SqliteDatabase):
            house.db.hurry()
        await load_seed(house.db)
        await take_their_posts(house.people, [ward.code for ward in WARDS], clock)
        await _survey_of(house, opening)
        await house.residents.refresh()
        await _answer_all(house, f"{opening.year}-nguoi-dan", residents, progress)
        clock.at = opening + timedelta(days=21) + GRACE + LAST_ONES
        progress("seal", 0, 1)
        await house.waves.advance()
        progress("seal", 1, 1)
        clock.at += timedelta(days=1)
        await put_on_record(
            house.scorecards, [ward.code for ward in WARDS], opening.year, clock.at.astimezone(LOCAL).date()
        )
        await _past_visits(house, clock, _month_before(_month_before(today)), residents)
        clock.at = utc_now()
        await _survey_of(house, today - OPEN_FOR)
        await _visits_of(house, today.replace(day=1))
        await find_listeners(house, clock.at)
        await take_standing_orders(house, today - OPEN_FOR)
        await invite_to_what_is_open(house)
        await put_up(house, clock)


async def _survey_of(house: House, opening: datetime) -> None:
    """The yearly survey, three weeks of it."""
    invited: dict[str, int | None] = {ward.code: ward.invited for ward in WARDS}
    await house.waves.open(
        Plan(
            slug=f"{opening.year}-nguoi-dan",
            form=library.load("hang_nam_nguoi_dan"),
            title=f"Công an lắng nghe ý kiến của Nhân dân, năm {opening.year}",
            audience=Audience.RESIDENTS,
            opens_at=opening,
            closes_at=opening + timedelta(days=21),
            units=invited,
            k=house.settings.privacy_k,
            threshold=house.threshold or DEMO_THRESHOLD,
        )
    )


async def _visits_of(house: House, first: datetime) -> str:
    """The visit rating of a month: it opens on the first, and closes by itself when the last slips have expired."""
    slug = f"{first:%Y-%m}-tham-luot"
    await house.waves.open(
        Plan(
            slug=slug,
            form=library.load("tham_luot"),
            title=f"Đánh giá lượt đến làm việc, tháng {first.month}/{first.year}",
            audience=Audience.VISITS,
            opens_at=first,
            closes_at=_visits_close(first),
            units={ward.code: None for ward in WARDS},
            k=house.settings.privacy_k,
        )
    )
    return slug


def _visits_close(first: datetime) -> datetime:
    return (first + timedelta(days=32)).replace(day=1) + tokens.LIFE


def _month_before(day: datetime) -> datetime:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


async def _past_visits(house: House, clock: _Clock, first: datetime, residents: int) -> None:
    """A month of visits: each week every ward hands slips out, and some of the people use theirs, at the hours offices are open."""
    clock.at = first + timedelta(hours=7)
    slug = await _visits_of(house, first)
    await house.residents.refresh()
    issuing = Issuing(house.db, house.vault, house.ledger, clock)
    chance = Random(2026)
    slips = max(2, round(residents * SLIPS_A_WEEK))
    for week in range(WEEKS):
        monday = first + timedelta(days=7 * week)
        clock.at = monday + timedelta(hours=7)
        batches = [(ward, await issuing.issue(ward.code, slips, slug=slug)) for ward in WARDS[:-1]]
        visits = [
            (chance.randrange(5), chance.choice(OPEN_HOURS), ward, payload)
            for ward, batch in batches
            for payload in batch.payloads
            if chance.random() < SHARE_USING_A_SLIP
        ]
        for (day, hour), group in groupby(sorted(visits, key=itemgetter(0, 1)), key=itemgetter(0, 1)):
            clock.at = monday + timedelta(days=day, hours=hour)
            await asyncio.gather(
                *(_visitor(ward, payload).visits(house, payload, clock) for *_, ward, payload in group)
            )
    clock.at = _visits_close(first) + GRACE + LAST_ONES
    await house.waves.advance()
    clock.at += FLAGGED
    await house.waves.advance()


def _visitor(ward: Ward, payload: str) -> Resident:
    return Resident(payload, ward, Random(payload))


async def _answer_all(house: House, slug: str, residents: int, progress: Progress) -> None:
    """Everybody answers, a hundred at a time, as fast as the intake takes them."""
    chance = Random(1578)
    people = [
        Resident(number, ward, Random(chance.random())) for number, ward in enumerate(spread(residents))
    ]
    chance.shuffle(people)
    waiting = iter(people)
    done = 0

    async def answer() -> None:
        nonlocal done
        for resident in waiting:
            await resident.answers(house, slug)
            done += 1
            progress("residents", done, residents)

    progress("residents", 0, residents)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(answer())
