"""Every route and every form, asked by everybody with everything: nothing breaks, and nobody reads a word of a ward that is none of theirs.
The schema that Schemathesis makes requests from is drawn from the application's own routes and from the forms on its pages, so it
cannot fall behind them. `--long` asks thirty times as much."""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from bot.app import _web_rooms, opened
from bot.channels.web_chat import WebChat
from bot.web import slow_down
from bot.web.app import Site, build
from bot.web.desk_door import COOKIE
from bot.web.pages import Pages
from handlers.notice_templates import NoticeTemplates
from handlers.schedules import CLOCK_LEAPT, Changed
from storage.schedule_rows import DueRow
from surveys.notices import Category, Text
from surveys.rights import MATRIX, Action, Role
from surveys.schedules import Monthly, Schedule
from surveys.schedules.purposes import Purpose
from tests.conftest import MORNING, Clock
from tests.patience import PATIENCE
from tests.web.conftest import KEY, running
from tests.web.crawler import Atlas, route_of
from tests.web.desk_town import LONG_DUC, TRA_VINH, DeskTown, Furnished

T = TypeVar("T")

NOBODY = "nobody"
CANARIES = {LONG_DUC: "chim-hoàng-yến-Long-Đức", TRA_VINH: "chim-hoàng-yến-Trà-Vinh"}
"""Words that stand in the notices of a ward, and nowhere else."""
EXAMPLES, LONG = 8, 250  # of each way to ask a route; who asks is part of the example
SAMPLES = 12  # values of a field that were seen on a page
ENOUGH = 2  # pages of one kind that one person looks at
SPARE = ("Nguyễn Dự Bị Một", "Nguyễn Dự Bị Hai")
"""Hold posts that may be ended and handed over, so that whoever asks keeps theirs."""
BINARY = {"type": "string", "format": "binary"}
ENDLESS = ("/chat/events",)


class Backstage:
    """The desk in a thread of its own: requests are made one after the other, as Hypothesis wants them."""

    def __init__(self, furnished: Furnished, directory: Path) -> None:
        self._furnished, self._directory = furnished, directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stop = asyncio.Event()
        self._ready: Future[None] = Future()
        self.town: DeskTown
        self.tokens: dict[str, str] = {}

    def __enter__(self) -> "Backstage":
        self._thread.start()
        self._playing = asyncio.run_coroutine_threadsafe(self._play(), self._loop)
        self._ready.result(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._playing.result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def does(self, deed: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(deed, self._loop).result(PATIENCE)

    async def _play(self) -> None:
        clock = Clock(MORNING)
        async with opened(self._furnished.copied(self._directory / "desk"), now=clock) as house:
            pages = Pages(demo=False, telegram_url=None, k=10)
            self.rooms = _web_rooms(house, pages)
            site = build(
                results=house.waves.results,
                web_chat=WebChat(house.intake.accept),
                webhooks={},
                health=house.health,
                cookie_key=KEY,
                rooms=self.rooms,
                pages=pages,
                provinces=house.waves.provinces,
            )
            for name in SPARE:
                await house.people.appoint(None, name=name, role=Role.OFFICER, unit=LONG_DUC, title=name)
            async with running(site) as url:
                self.town = DeskTown(house, clock, site, url, self._furnished.actors)
                self.routes = routes_of(site)
                await self.fresh()
                self._ready.set_result(None)
                await self._stop.wait()
                await self.town.close()

    async def fresh(self) -> None:
        """Everybody is signed in, and both wards have notices with their canary in them."""
        for name in self.town.actors:
            self.tokens[name] = await self.town.token(name)
        templates = NoticeTemplates(self.town.house.db, self.town.clock)
        for by, unit in (("binh", LONG_DUC), ("em", TRA_VINH)):
            words = Text.of(f"{CANARIES[unit]} {{giờ:time}}")
            await templates.write(self.town.actors[by], CANARIES[unit], Category.FIRE, {"vi": words})
        for by, unit in (("an", LONG_DUC), ("em", TRA_VINH)):
            draft = await self.town.wrote(CANARIES[unit], by=by)
            await self.town.submitted(CANARIES[unit], by=by, is_urgent=True)
            kept = replace(draft.draft, texts={"vi": Text.of(f"{CANARIES[unit]} lần hai")})
            await self.town.notices.change(self.town.actors[by], draft.code, 1, kept)
        for unit in (LONG_DUC, TRA_VINH):
            await self._schedule(unit)
        with suppress(Changed):  # it is paused already, when everybody is made anew
            await self.town.house.schedules.pause(LONG_DUC, 1)
        await self.town.house.schedules.hold(CLOCK_LEAPT, "the clock leapt")

    async def _schedule(self, unit: str) -> None:
        """One of which something was skipped. A province reads it as well, so no ward's word is in it."""
        now = self.town.clock()
        await self.town.house.schedules.add(
            Schedule(Monthly(1), time(8), now.date()),
            purpose=Purpose.REMIND_OFFICERS,
            title="Nhắc",
            unit=unit,
            owner="An",
            id=unit,
        )
        async with self.town.house.db.transaction() as tx:
            await tx.dues.add(DueRow(schedule=unit, due=now, state="skipped", tries=0, reason="Trễ"))


def routes_of(site: Site) -> tuple[Route, ...]:
    """The route table, as the application has it. The chat's stream never ends, so nobody waits for it here."""
    pages: Any = site._pages
    return tuple(route for route in pages.routes if isinstance(route, Route) and route.path not in ENDLESS)


@pytest.fixture(scope="module")
def backstage(furnished_desk: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    with ExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        # Whoever guesses codes waits longer and longer; that has tests of its own, and would make this one last a day.
        for wait in ("FIRST_WAIT", "LONGEST_WAIT", "FAILS_AFTER"):
            patched.setattr(slow_down, wait, 0.0)
        yield stack.enter_context(Backstage(furnished_desk, tmp_path_factory.mktemp("fuzz")))


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture(scope="module")
def atlas(backstage: Backstage, session: requests.Session) -> Atlas:
    """What everybody finds who clicks on everything."""
    atlas = Atlas(backstage.routes)
    for who in (NOBODY, *backstage.town.actors):
        looks_around(backstage, session, atlas, who)
    atlas.steps["post"] = {
        seat.held.post
        for seat in backstage.does(backstage.town.house.people.posts(None))
        if seat.held.name in SPARE
    }
    return atlas


def looks_around(backstage: Backstage, session: requests.Session, atlas: Atlas, who: str) -> None:
    """A few pages of each kind; then those that only a button leads to."""
    looked: Counter[str] = Counter()

    def looks(place: str) -> set[str]:
        route = route_of(atlas.routes, urlsplit(place).path)
        if route is None or "GET" not in (route.methods or ()) or looked[route.path] >= ENOUGH:
            return set()
        looked[route.path] += 1
        answer = asks(backstage, session, who, "GET", place)
        if "html" not in answer.headers.get("content-type", ""):
            return set()
        return atlas.note(backstage.town.url + place, answer.text)

    waiting = ["/", "/desk", "/sign-in", "/desk/enrol", "/desk/account", "/check", "/scorecard"]
    seen: set[str] = set()
    while waiting:
        place = waiting.pop(0)
        if place not in seen:
            seen.add(place)
            waiting += sorted(looks(place) - seen)
    for route in atlas.routes:
        if not looked[route.path]:
            looks(filled_in(atlas, route))


def filled_in(atlas: Atlas, route: Route) -> str:
    path = route.path
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", next(iter(sorted(atlas.steps[name])), "x"))
    return path


def asks(
    backstage: Backstage, session: requests.Session, who: str, method: str, path: str, **more: Any
) -> requests.Response:
    return session.request(
        method,
        backstage.town.url + path,
        headers=signed_in(backstage, who),
        allow_redirects=False,
        timeout=PATIENCE,
        **more,
    )


def signed_in(backstage: Backstage, who: str) -> dict[str, str]:
    """As their browser says it of a form on our own page."""
    token = backstage.tokens.get(who)
    return {"sec-fetch-site": "same-origin", **({"cookie": f"{COOKIE}={token}"} if token else {})}


# ── What may be asked ────────────────────────────────────────────────────────────────────────────────────────────


def schema_of(atlas: Atlas) -> dict[str, Any]:
    """OpenAPI, written from the routes and from what stands on the pages."""
    paths: dict[str, Any] = {}
    for route in atlas.routes:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = operation(atlas, route, method)
    return {"openapi": "3.0.3", "info": {"title": "Lắng Nghe", "version": "1"}, "paths": paths}


def operation(atlas: Atlas, route: Route, method: str) -> dict[str, Any]:
    asked = atlas.asked[route.path, method]
    steps = [
        {"name": name, "in": "path", "required": True, "schema": like(atlas.steps[name])}
        for name in route.param_convertors
    ]
    described: dict[str, Any] = {"responses": {"default": {"description": "anything but a failure"}}}
    if method == "GET":
        queries = [{"name": name, "in": "query", "schema": like(seen)} for name, seen in asked.fields.items()]
        return described | {"parameters": steps + queries}
    properties: dict[str, Any] = {name: like(seen) for name, seen in asked.fields.items()}
    form = {"type": "object", "properties": properties}
    content: dict[str, Any] = {"application/x-www-form-urlencoded": {"schema": form}}
    if asked.files:
        content = {
            "multipart/form-data": {
                "schema": {**form, "properties": {**properties, **dict.fromkeys(asked.files, BINARY)}}
            }
        }
    if not properties:
        content["application/json"] = {"schema": {}}
    return described | {"parameters": steps, "requestBody": {"content": content}}


def like(seen: set[str]) -> dict[str, Any]:
    """Something that was there, or anything; never a canary, for who is told what they said themselves has learned nothing."""
    anything: dict[str, Any] = {"type": "string", "maxLength": 80}
    known = sorted(each for each in seen if each and not any(word in each for word in CANARIES.values()))
    known = known[:SAMPLES]
    return {"anyOf": [{"type": "string", "enum": known}, anything]} if known else anything


# ── What must hold ───────────────────────────────────────────────────────────────────────────────────────────────


def may_read(backstage: Backstage, who: str, unit: str) -> bool:
    if who == NOBODY:
        return False
    actor = backstage.town.actors[who]
    if not MATRIX[actor.role].get(Action.NOTICE_SEE):
        return False
    return actor.unit == unit or actor.role is Role.SUPERVISOR


def holds(backstage: Backstage, who: str, answer: requests.Response) -> None:
    asked = answer.request
    what = f"{who}: {asked.method} {asked.url} {asked.body!r:.300}"
    assert answer.status_code < 500, what
    for unit, canary in CANARIES.items():
        if not may_read(backstage, who, unit):
            assert canary not in answer.text, what
    if "html" in answer.headers.get("content-type", ""):
        assert "unsafe" not in answer.headers["content-security-policy"], what
    if "/desk" in str(asked.url) and answer.status_code == 200:
        assert answer.headers["cache-control"] == "no-store", what


def test_the_canaries_sing_for_those_who_may_hear_them(
    backstage: Backstage, session: requests.Session
) -> None:
    """Or none of the others would prove anything."""
    heard = {
        (who, unit)
        for who in backstage.town.actors
        for unit, canary in CANARIES.items()
        if canary in asks(backstage, session, who, "GET", "/desk/notices").text
    }

    assert heard == {
        *((who, LONG_DUC) for who in ("an", "binh", "cuong", "dung")),
        *((who, TRA_VINH) for who in ("em", "dung")),
    }


def test_every_form_leads_somewhere_and_every_page_of_the_desk_that_takes_one_has_been_found(
    atlas: Atlas,
) -> None:
    taking = {
        route.path for route in atlas.routes if "POST" in (route.methods or ()) and "/desk" in route.path
    }
    found = {path for path, method in atlas.asked if method == "POST"}

    assert atlas.lost == set()
    # Reached with a link from the bot, with several posts, without a telephone, in a state or with a bot that nobody here has.
    rare = {"/desk/link/{secret}", "/desk/post", "/desk/totp", "/desk/notices/{code}/test"}
    rare |= {f"/desk/notices/{{code}}/{deed}" for deed in ("clear", "stop", "recall", "archive")}
    rare |= {"/desk/schedules/{id}/agree"}
    assert taking - found <= rare


def test_every_address_answers_everybody(
    backstage: Backstage, session: requests.Session, atlas: Atlas
) -> None:
    """Once as it is meant, by each role and by nobody."""
    for route in atlas.routes:
        path = filled_in(atlas, route)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            for who in (NOBODY, *backstage.town.actors):
                asked = atlas.asked[route.path, method].fields
                fields = {
                    name: like(seen).get("anyOf", [{"enum": [""]}])[0]["enum"][0]
                    for name, seen in asked.items()
                }
                sent = {"params": fields} if method == "GET" else {"data": fields}
                holds(backstage, who, asks(backstage, session, who, method, path, **sent))
                if route.path in ("/sign-out", "/desk/post"):
                    backstage.does(backstage.fresh())


def test_nothing_breaks_and_nothing_leaks_whatever_is_asked(
    backstage: Backstage, session: requests.Session, atlas: Atlas, pytestconfig: pytest.Config
) -> None:
    is_long = pytestconfig.getoption("--long")
    schema = schemathesis.openapi.from_dict(schema_of(atlas))
    count, heard = 0, Counter[int]()
    for found in schema.get_all_operations():
        asked = found.ok()
        count += 1
        backstage.does(backstage.fresh())

        @settings(
            max_examples=LONG if is_long else EXAMPLES,
            derandomize=not is_long,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=asked.as_strategy(), who=st.sampled_from([NOBODY, *backstage.town.actors]))
        def ask(case: schemathesis.Case, who: str) -> None:
            request = case.as_transport_kwargs(base_url=backstage.town.url)
            request["headers"] = {**request["headers"], **signed_in(backstage, who)}
            answer = session.request(**request, allow_redirects=False, timeout=PATIENCE)
            heard[answer.status_code] += 1
            holds(backstage, who, answer)

        ask()
    assert count == sum(len((route.methods or set()) - {"HEAD"}) for route in atlas.routes)
    # Not everything was turned away at the door.
    assert heard[200] > count
    assert heard[303] > count / 2
