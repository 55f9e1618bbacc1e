"""Every address and every command there is, held beside the table of rights: what nobody declared fails here, what is not allowed is
refused, and a word that only one ward knows is found by nobody of another."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, time
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import typer
from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.app import House, _web_rooms, opened
from bot.channels.web_chat import WebChat
from bot.cli import app as commands
from bot.settings import Settings
from bot.web.app import build
from bot.web.desk_door import COOKIE, Door, action_of
from bot.web.pages import Pages
from handlers.notice_files import NoticePictures
from handlers.notice_templates import NoticeTemplates
from handlers.notices import Notices
from handlers.units import gazetteer, load_seed
from storage import rows
from surveys.notices import Audience, Category, Draft, Text
from surveys.rights import MATRIX, PROVINCIAL, Action, Actor, Reach, Role, may, reach
from surveys.schedules import Monthly, Schedule
from surveys.schedules.purposes import Purpose
from surveys.scorecard import Document
from tests.conftest import Clock
from tests.sealed_comments import Town
from tests.web.conftest import running

PROVINCE, LONG_DUC, TRA_VINH = "86", "29263", "29242"
AWAY_PROVINCE, AWAY = "01", "00004"
UNITS = (LONG_DUC, TRA_VINH, PROVINCE, AWAY, AWAY_PROVINCE)
PAGES = Pages(demo=False, telegram_url=None, k=10)
SIGNED_IN = "signed in"
DENIED = {403, 404}  # what lies out of reach may look as if it were not there

PUBLIC = {
    # What residents, auditors and counters use: no page of the desk among them.
    "/",
    "/results",
    "/results/{unit}",
    "/results.csv",
    "/results.xlsx",
    "/api/v1/results",
    "/healthz",
    "/robots.txt",
    "/static/{name}",
    "/chat/say",
    "/chat/events",
    "/ledger",
    "/ledger.jsonl",
    "/ledger.head",
    "/ledger.key",
    "/check",
    # Who holds the address holds the right: a tablet's, a clerk's, a case system's key.
    "/counter/{unit}/{number}/{door}",
    "/counter/{unit}/{number}/{door}/code.svg",
    "/phieu-giay/{link}",
    "/api/v1/tokens",
    "/zalo/callback",
    # The door itself.
    "/sign-in",
    "/sign-out",
    "/desk/enrol",
    "/desk/link/{secret}",
    "/desk/post",
    "/desk/totp",
}
LED_BACK = {"/desk/notices/{code}/edit", "/desk/notices/{code}/picture"}
"""Whoever may look at the thing and not change it is led to where it can be looked at."""
ASKED_INSIDE = {
    "/desk/notices/{code}/approve": Action.NOTICE_APPROVE,
    **{
        f"/desk/schedules/{{id}}/{deed}": Action.SCHEDULE_WRITE
        for deed in ("edit", "pause", "resume", "end", "run", "again")
    },
}
"""Addresses open to whoever sees the thing, whose use case asks for more."""
OF_ALL_WARDS = {"/scorecard/roadmap", "/scorecard/baseline", "/scorecard/report.{format}"}
TRIED_BESIDE = {
    # What a form names stands in the form, not in the address.
    "/desk/people/appoint",
    "/desk/people/assign",
    "/comments/decide",
    # A wrong time code is a “no” as well.
    "/desk/account",
    # Where there is no officers' bot nobody can try a notice out.
    "/desk/notices/{code}/test",
}


def canary(unit: str) -> str:
    """A word that stands in everything of this unit and nowhere else."""
    return f"hoàngyến{unit}"


def undeclared(routes: Iterable[Route], public: Iterable[str] = PUBLIC) -> set[str]:
    return {route.path for route in routes if action_of(route.endpoint) is None} - set(public)


# ── A house with two provinces in it, and a word of its own for every ward ────────────────────────────────────────


@dataclass
class Country:
    house: House
    routes: list[Route]
    url: str
    actors: dict[tuple[Role, str], Actor]
    notices: dict[str, str]
    """Unit → the code of a notice that waits there."""
    comments: dict[str, str]
    templates: dict[str, str]
    schedules: dict[str, str]
    """Unit → the id of one of its own."""

    async def session(self, actor: Actor) -> aiohttp.ClientSession:
        token = await self.house.people.begin(actor)
        return aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), cookies={}, headers={"cookie": f"{COOKIE}={token}"}
        )

    async def version(self, path: str) -> int:
        """Of the notice an address names, as a page would have it: a stale one is refused before anybody asks for rights."""
        code = next((code for code in self.notices.values() if code in path), None)
        async with self.house.db.reading() as tx:
            notice = await tx.notices.by_code(code) if code else None
        return notice.version if notice else 0


async def seat(house: House, clock: Clock, name: str, role: Role, unit: str) -> Actor:
    import pyotp

    from handlers.ways_in import typed_secret

    title = f"{role.value} {canary(unit)}"
    code = await house.people.appoint(None, name=f"{name} {canary(unit)}", role=role, unit=unit, title=title)
    _, secret = await house.people.opening(code)
    enrolled = await house.people.enrol(code, totp=pyotp.TOTP(typed_secret(secret)).at(clock()))
    return enrolled.actor


def a_picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, "PNG")
    return made.getvalue()


async def fill(house: House, clock: Clock) -> Country:
    await load_seed(house.db)
    async with house.db.transaction() as tx:
        long_duc, province = await tx.units.get(LONG_DUC), await tx.units.get(PROVINCE)
        assert long_duc is not None
        assert province is not None
        away = [(province, AWAY_PROVINCE, "Thành phố Xa", None), (long_duc, AWAY, "Phường Xa", AWAY_PROVINCE)]
        await tx.units.upsert_many(
            rows.Unit(**like.model_dump() | {"code": code, "name": name, "province": of})
            for like, code, name, of in away
        )
    actors: dict[tuple[Role, str], Actor] = {}
    for unit in UNITS:
        is_province = unit in (PROVINCE, AWAY_PROVINCE)
        for role in (role for role in Role if (role in PROVINCIAL) == is_province):
            actors[role, unit] = await seat(house, clock, f"Người {role.value}", role, unit)
    for unit in (LONG_DUC, TRA_VINH, AWAY):
        # Whose post is handed over and ended in these tests: nobody signs in there.
        await seat(house, clock, "Nạn nhân", Role.OFFICER, unit)
    notices = Notices(house.db, clock)
    templates = {}
    for unit in (LONG_DUC, TRA_VINH, AWAY):
        words = {"vi": Text.of(f"Mẫu {canary(unit)} lúc {{giờ:time}}")}
        chief = actors[Role.CHIEF, unit]
        kept = NoticeTemplates(house.db, clock)
        templates[unit] = (await kept.write(chief, f"Mẫu {canary(unit)}", Category.OTHER, words)).id
    codes = {}
    for unit in (LONG_DUC, TRA_VINH, AWAY):
        officer = actors[Role.OFFICER, unit]
        picture = await NoticePictures(house.db, clock).take(officer, a_picture())
        words = {"vi": Text.of(f"Cảnh báo {canary(unit)}")}
        draft = Draft(Category.SCAM, words, Audience((unit,)), image=picture)
        codes[unit] = (await notices.write(officer, draft)).code
    for unit in (LONG_DUC, TRA_VINH):
        paper = Document(f"{canary(unit)}/QĐ", date(2026, 9, 1))
        entered = await house.scorecards.enter("qd1578", unit, 2026, "T7.4", True, document=paper, by="An")
        await house.scorecards.countersign(entered.id, by="Bình")
    town = Town(house.db, house.vault, clock)
    comments = {}
    for unit in (LONG_DUC, TRA_VINH, AWAY):
        [comments[unit]] = await town.seals([f"ghế chờ {canary(unit)}"], slug=f"2026-{unit}", unit=unit)
    schedules = {}
    for unit in (LONG_DUC, TRA_VINH, AWAY):
        planned = await house.schedules.add(
            Schedule(Monthly(1), time(8), clock().date()),
            purpose=Purpose.REMIND_OFFICERS,
            title=f"Nhắc {canary(unit)}",
            unit=unit,
            owner=f"Người đặt {canary(unit)}",
            subject={"about": canary(unit)},
        )
        schedules[unit] = planned.row.id
    return Country(house, [], "", actors, codes, comments, templates, schedules)


@asynccontextmanager
async def a_country(sqlite_url: str, directory: Path, clock: Clock) -> AsyncIterator[Country]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=sqlite_url,
        keys_dir=directory / "keys",
        zalo_app_id="1",
        zalo_app_secret="-",  # type: ignore[arg-type]
        zalo_probe=True,
    )
    async with opened(settings, now=clock) as house:
        country = await fill(house, clock)
        site = build(
            results=house.waves.results,
            web_chat=WebChat(house.intake.accept),
            webhooks={},
            health=house.health,
            cookie_key=house.vault.cookie_key,
            rooms=_web_rooms(house, PAGES),
            pages=PAGES,
            provinces=house.waves.provinces,
            postponements=house.waves.postponements,
        )
        async with running(site) as url:
            yield replace(country, routes=list(site._pages.routes), url=url)  # type: ignore[attr-defined]


@pytest.fixture
async def country(sqlite_url: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Country]:
    async with a_country(sqlite_url, tmp_path, clock) as country:
        yield country


# ── Every address is declared ────────────────────────────────────────────────────────────────────────────────────


async def test_every_address_is_behind_the_door_or_declared_public(country: Country) -> None:
    assert undeclared(country.routes) == set()
    assert {route.path for route in country.routes} >= PUBLIC, "what is declared public is there"
    assert len({route.path for route in country.routes}) > len(PUBLIC) + 20


async def test_what_nobody_declared_is_found() -> None:
    async def bare(request: Request) -> Response:
        return PlainTextResponse("")

    async def inside(request: Request, actor: Actor) -> Response:
        return PlainTextResponse("")

    door = Door(None, PAGES, secure=False)  # type: ignore[arg-type]  # nobody comes
    routes = [Route("/desk/new", bare), Route("/desk/old", door.guarded(Action.NOTICE_SEE, inside))]

    assert undeclared(routes) == {"/desk/new"}


async def test_nobody_who_is_not_signed_in_sees_a_page_of_the_desk(country: Country) -> None:
    async with aiohttp.ClientSession() as nobody:
        for method, _, path in requests(country):
            async with nobody.request(
                method,
                country.url + path,
                headers={"origin": country.url},
                data={"a": "b"},
                allow_redirects=False,
            ) as response:
                where = response.headers.get("location", "")
                assert response.status == 403 or (response.status == 303 and where.startswith("/sign-in")), (
                    path
                )
                assert "hoàngyến" not in await response.text(), path


# ── Every address beside the table ───────────────────────────────────────────────────────────────────────────────


def requests(country: Country) -> Iterator[tuple[str, Route, str]]:
    """Method, route and path of everything behind the door, with each unit's things in the places of a path."""
    for route in country.routes:
        if action_of(route.endpoint) is None:
            continue
        methods = (route.methods or set()) - {"HEAD"}
        for method in sorted(methods):
            for _, path in places(country, route):
                yield method, route, path


def places(country: Country, route: Route) -> Iterator[tuple[str | None, str]]:
    """A path for every unit whose things the address can name; (None, the path) where it names none."""
    if "{" not in route.path or route.path == "/scorecard/report.{format}":
        yield None, route.path.replace("{format}", "pdf")
        return
    is_a_schedule = route.path.startswith("/desk/schedules/")
    for unit in UNITS:
        filled = {
            "{unit}": unit,
            "{post}": f"{unit}-officer-2",
            "{code}": country.notices.get(unit, ""),
            "{wave}": f"2026-{unit}",
            "{id}": (country.schedules if is_a_schedule else country.templates).get(unit, ""),
        }
        path = route.path
        for name, value in filled.items():
            path = path.replace(name, value)
        if "//" not in path and not path.endswith("/") and (unit not in (PROVINCE, AWAY_PROVINCE)):
            assert "{" not in path, f"nobody says what stands for {path}"
            yield unit, path


def allowed(actor: Actor, route: Route, where: Reach | None) -> bool:
    """As the table has it. `where` None: an address that names no unit is for whoever has its right anywhere."""
    action = ASKED_INSIDE.get(route.path) or action_of(route.endpoint)
    if action == SIGNED_IN:
        return True
    assert isinstance(action, Action)
    if route.path in OF_ALL_WARDS:
        return may(actor.role, action, Reach.BELOW)
    if where is None:
        return bool(MATRIX[actor.role].get(action))
    if route.path == "/desk/notices/{code}/approve" and actor.role is Role.DUTY:
        # The use case tells them whose words they may approve.
        return may(actor.role, Action.NOTICE_APPROVE_OWN, where)
    return may(actor.role, action, where)


@pytest.mark.parametrize("role", Role)
async def test_every_address_answers_as_the_table_has_it(country: Country, role: Role) -> None:
    actor = country.actors[role, PROVINCE if role in PROVINCIAL else LONG_DUC]
    async with country.house.db.reading() as tx:
        known = await gazetteer(tx)
    asked: dict[bool, int] = {True: 0, False: 0}
    for route in country.routes:
        if action_of(route.endpoint) is None or route.path in TRIED_BESIDE:
            continue
        for method in sorted((route.methods or set()) - {"HEAD"}):
            for unit, path in places(country, route):
                where = reach(actor.unit, unit, known) if unit else None
                expected = allowed(actor, route, where)
                status = await answer(country, actor, method, path)
                denied = DENIED | {303} if route.path in LED_BACK else DENIED
                assert (status not in denied) == expected, f"{role} {method} {path} ({where}): {status}"
                asked[expected] += 1
    assert asked[True] > 1
    assert asked[False] > 20, "there is much that is not allowed"


async def answer(country: Country, actor: Actor, method: str, path: str) -> int:
    # A session for each: some of these deeds end sessions.
    async with (
        await country.session(actor) as browser,
        browser.request(
            method,
            country.url + path,
            headers={"origin": country.url},
            data={"version": str(await country.version(path))} if method == "POST" else None,
            allow_redirects=False,
        ) as response,
    ):
        await response.read()
        assert response.status < 500, f"{actor.role} {method} {path}: {response.status}"
        return response.status


@pytest.mark.parametrize("role", Role)
async def test_what_a_form_names_is_held_to_the_table_too(country: Country, role: Role) -> None:
    actor = country.actors[role, PROVINCE if role in PROVINCIAL else LONG_DUC]
    appoints = role is Role.SUPERVISOR
    passes = role is Role.MODERATOR
    async with await country.session(actor) as browser:

        async def sends(path: str, **fields: str) -> int:
            async with browser.post(
                country.url + path, data=fields, headers={"origin": country.url}, allow_redirects=False
            ) as response:
                return response.status

        post = {"role": "officer", "title": "Cán bộ", "name": "Nguyễn Văn Mới"}
        far = country.actors[Role.OFFICER, AWAY].person
        near = country.actors[Role.OFFICER, TRA_VINH].person
        assert (await sends("/desk/people/appoint", unit=LONG_DUC, **post) == 200) == appoints
        assert (await sends("/desk/people/assign", unit=LONG_DUC, person=near, **post) == 303) == appoints
        assert await sends("/desk/people/assign", unit=LONG_DUC, person=far, **post) == (
            400 if appoints else 403
        )
        for unit in (AWAY, AWAY_PROVINCE, "nowhere"):
            assert await sends("/desk/people/appoint", unit=unit, **post) == 403
        equal = post | {"role": "supervisor"}
        assert await sends("/desk/people/appoint", unit=PROVINCE, **equal) == 403
        for unit in (AWAY, LONG_DUC):
            done = await sends("/comments/decide", id=country.comments[unit], decision="withhold")
            assert (done == 303) == (passes and unit == LONG_DUC), unit
    assert (await country.house.comments.read(country.comments[AWAY])).state is None


# ── Canaries ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def crawled(country: Country, actor: Actor) -> dict[str, str]:
    """Everything this actor can get: every address there is with everything in it, and whatever those lead to."""
    waiting = [path for method, _, path in requests(country) if method == "GET"]
    waiting += [
        f"{path}?unit={unit}" for path in ("/desk/audit", "/desk/audit.csv", "/desk/people") for unit in UNITS
    ]
    waiting += [f"/desk/audit?object=notice:{code}" for code in country.notices.values()]
    waiting += [f"/comments/2026-{unit}/{other}" for unit in UNITS for other in UNITS]
    waiting += [f"/scorecard/units/{unit}?year=2026" for unit in UNITS] + ["/scorecard?year=2026", "/results"]
    found: dict[str, str] = {}
    async with await country.session(actor) as browser:
        while waiting:
            path = waiting.pop()
            if path in found or len(found) > 600:
                continue
            async with browser.get(country.url + path, allow_redirects=False) as response:
                kind = response.headers.get("content-type", "")
                text = (await response.read()).decode("utf-8", "replace")
                found[path] = unescape(text) + response.headers.get("location", "")
            if kind.startswith("text/html"):
                waiting += [
                    unescape(link)
                    for link in re.findall(r'href="(/[^"#]*)', text)
                    # After each month there is another one.
                    if "/static/" not in link and ("month=" not in link or path == "/desk/calendar")
                ]
    return found


@pytest.mark.parametrize("role", Role)
async def test_nobody_finds_a_word_of_another_ward(country: Country, role: Role) -> None:
    actor = country.actors[role, PROVINCE if role in PROVINCIAL else LONG_DUC]

    pages = await crawled(country, actor)

    foreign = {AWAY, AWAY_PROVINCE} | (set() if role in PROVINCIAL else {TRA_VINH, PROVINCE})
    leaks = {path: unit for path, page in pages.items() for unit in foreign if canary(unit) in page}
    assert leaks == {}
    assert any(canary(actor.unit) in page for page in pages.values()), "their own is to be seen"


async def test_the_crawl_would_see_a_leak(country: Country) -> None:
    """A supervisor's session finds every canary of the province: the crawl reaches what there is."""
    pages = await crawled(country, country.actors[Role.SUPERVISOR, PROVINCE])
    everything = "\n".join(pages.values())

    for unit in (LONG_DUC, TRA_VINH, PROVINCE):
        assert canary(unit) in everything
    for kind in ("/scorecard/units/", "/desk/people/", "/desk/audit", "/desk/notices/"):
        assert any(canary(TRA_VINH) in page for path, page in pages.items() if path.startswith(kind)), kind


# ── Every command ────────────────────────────────────────────────────────────────────────────────────────────────

READS = {
    "verify", "report", "links", "settings", "forms check", "units find",
    "waves list", "waves flags", "waves show", "ledger key", "ledger export", "ledger show", "ledger package",
    "comments list", "comments read", "comments handed", "comments leaders list",
    "scorecard sets", "scorecard template", "scorecard show", "scorecard matrix", "scorecard waiting",
    "scorecard what-if", "scorecard roadmap", "scorecard baseline", "scorecard restate",
    "release list", "release show", "release lines",
    "schedules list", "schedules next", "schedules show", "schedules holds", "schedules days",
    "outbox status", "outbox dead", "outbox quote", "zalo accounts", "zalo check", "people list", "people audit", "people verify", "tokens issuer list",
}  # fmt: skip
KEEPS = {
    # The machine's own upkeep, and what needs no name because the ledger or a printed paper says it.
    "run", "demo", "chat", "migrate", "backup", "units import",
    "waves open", "waves close", "waves seal", "waves release",
    "comments undo", "comments hand-over", "comments purge",
    "comments leaders add", "comments leaders remove", "comments leaders import",
    "scorecard import", "schedules pause", "schedules resume", "schedules end", "schedules release",
    "outbox pause", "outbox resume", "outbox stop", "outbox retry", "outbox release",
    "zalo connect", "zalo forget",
    "tokens issue", "tokens counter", "tokens clerk", "tokens issuer add", "tokens issuer revoke",
    "officers add", "officers import", "officers remove",
}  # fmt: skip
NAMES_WHO = {
    "waves keep-key", "waves confirm", "waves exclude", "waves let-stand",
    "comments pass", "comments withhold",
    "scorecard enter", "scorecard sign", "scorecard withdraw", "scorecard register", "scorecard terms",
    "scorecard freeze", "scorecard appeal", "scorecard decide",
    "schedules add", "schedules propose", "schedules run", "schedules day",
    "people appoint", "people hand-over", "people end", "people code", "outbox agree",
}  # fmt: skip


def every_command(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


ALL_COMMANDS = dict(every_command(typer.main.get_command(commands)))


def test_every_command_is_declared() -> None:
    """The command line is the operator's at the machine. What changes something people answer for asks who they are."""
    assert ALL_COMMANDS.keys() - (READS | KEEPS | NAMES_WHO) == set()
    assert (READS | KEEPS | NAMES_WHO) - ALL_COMMANDS.keys() == set()
    assert len(READS) + len(KEEPS) + len(NAMES_WHO) == len(READS | KEEPS | NAMES_WHO)


@pytest.mark.parametrize("name", sorted(NAMES_WHO))
def test_a_command_that_people_answer_for_asks_who_they_are(name: str) -> None:
    command = ALL_COMMANDS.get(name)
    assert command is not None
    assert "by" in {each.name for each in command.params}


def test_no_command_speaks_as_somebody_at_a_post() -> None:
    """They act without an actor, and so without a right of the desk: nobody is signed in at the machine."""
    for path in (Path(__file__).parents[2] / "bot" / "cli").glob("*.py"):
        text = path.read_text("utf-8")
        assert "Actor(" not in text, path
        assert "people.begin" not in text, path
