"""Who sees the officers' desk: whoever has shown who they are, at their post, for as long as they hold it; and nobody else."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pyotp
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web.app import build
from bot.web.desk_door import COOKIE, Door
from bot.web.pages import Pages
from bot.web.slow_down import AT_ONCE, FAILS_AFTER, FREE_TRIES, SlowDown
from handlers.people import ABSOLUTE, IDLE
from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.rights import Action, Actor, NotAllowed, Role
from tests.conftest import Clock
from tests.offices import HUNG, LAN, LONG_DUC, TRA_VINH, Office, Visitor, carrying, visitor
from tests.web import conftest
from tests.web.conftest import running

PAGES = Pages(demo=False, telegram_url=None, k=10)
WRONG = "Chưa đúng, hoặc đã hết hạn"
PLACE = "/desk/secrets"


class Desk(Office):
    """An office with a site in front of it, and one page behind its door."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        super().__init__(db, vault, clock)
        self.seconds = 1000.0
        self.waits: list[float] = []
        self.slow = SlowDown(lambda: self.seconds, self.pause)
        self.url = ""

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def page(self, request: Request, actor: Actor) -> Response:
        if request.query_params.get("unit", actor.unit) != actor.unit:
            raise NotAllowed(Action.NOTICE_SEE)
        return PlainTextResponse(f"for {actor.name}", headers={"cache-control": "public"})

    @asynccontextmanager
    async def open(self, *, secure: bool = False) -> AsyncIterator[Visitor]:
        door = Door(self.people, PAGES, secure=secure, slow=self.slow)
        routes = [
            Route(PLACE, door.guarded(Action.NOTICE_SEE, self.page), methods=["GET", "POST"]),
            Route("/desk/approvals", door.guarded(Action.NOTICE_APPROVE, self.page)),
        ]
        site = build(
            results=conftest.results,
            web_chat=None,
            webhooks={},
            health=conftest.health,
            cookie_key=conftest.KEY,
            rooms=[*door.routes, *routes],
            pages=PAGES,
        )
        async with running(site) as url, visitor(url) as browser:
            self.url = url
            yield browser

    async def sends_codes(self, browser: Visitor, name: str) -> aiohttp.ClientResponse:
        self.clock.advance(seconds=60)
        return await browser.posts("/sign-in", personal=self.personal[name], totp=self.digits(name))


@pytest.fixture
async def desk(sqlite_database: Database, vault: Vault, clock: Clock) -> Desk:
    await load_seed(sqlite_database)
    return Desk(sqlite_database, vault, clock)


# ── Outside ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_outside_one_is_led_to_the_door_and_back_again(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        turned = await browser.asks(f"{PLACE}?year=2026")
        assert (turned.status, turned.headers["location"]) == (
            303,
            "/sign-in?next=%2Fdesk%2Fsecrets%3Fyear%3D2026",
        )
        desk.clock.advance(seconds=60)
        back = await browser.posts(
            turned.headers["location"], personal=desk.personal[HUNG], totp=desk.digits(HUNG)
        )
        assert (back.status, back.headers["location"]) == (303, f"{PLACE}?year=2026")
        assert await browser.opens(PLACE) == f"for {HUNG}"


async def test_the_cookie_is_for_our_pages_alone_and_no_script_sees_it(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        cookie = (await desk.sends_codes(browser, HUNG)).cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"
        assert int(cookie["max-age"]) == ABSOLUTE.total_seconds()
        assert not cookie["secure"]
    async with desk.open(secure=True) as browser:
        assert (await desk.sends_codes(browser, HUNG)).cookies[COOKIE]["secure"]


async def test_nothing_behind_the_door_is_kept_by_a_browser(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        for path in (
            PLACE,
            "/desk/account",
            "/desk/post",
            "/desk/enrol",
            "/sign-in",
            "/desk/approvals",
            "/desk",
        ):
            assert (await browser.asks(path)).headers["cache-control"] == "no-store", path


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a b"],
)
async def test_signing_in_leads_to_no_other_site(desk: Desk, elsewhere: str) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        desk.clock.advance(seconds=60)
        async with browser.session.post(
            desk.url + "/sign-in",
            params={"next": elsewhere},
            data={"personal": desk.personal[HUNG], "totp": desk.digits(HUNG)},
            headers={"origin": desk.url},
            allow_redirects=False,
        ) as response:
            assert response.headers["location"] == "/desk"


# ── The same “no” for every reason ───────────────────────────────────────────────────────────────────────────────


async def test_every_failure_has_the_same_words_and_the_same_time(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    await desk.serves(LAN, Role.OFFICER, LONG_DUC)
    told = set()
    async with desk.open() as browser:
        for personal, totp in (
            (desk.personal[HUNG], "000000"),
            (desk.personal[HUNG], desk.digits(LAN)),
            ("0000-0000-0000-0000", desk.digits(HUNG)),
            ("", ""),
            ("x" * 50, "y" * 9),
        ):
            desk.seconds += 3600  # forgotten: no try waits for those before
            desk.waits.clear()
            response = await browser.posts("/sign-in", personal=personal, totp=totp)
            told.add((response.status, await response.text()))
            assert desk.waits == [FAILS_AFTER]
            assert COOKIE not in response.cookies

    assert len(told) == 1
    status, page = told.pop()
    assert status == 403
    assert WRONG in page


async def test_wrong_tries_make_everybody_wait_and_are_forgotten_in_time(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        for path in ("/sign-in", "/desk/enrol", "/desk/link/none"):
            for _ in range(3):
                await browser.posts(path, personal="wrong", totp="1", code="wrong")
        assert [wait for wait in desk.waits if wait != FAILS_AFTER] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0][
            : 9 - FREE_TRIES
        ]

        desk.waits.clear()
        assert (await desk.sends_codes(browser, HUNG)).status == 303
        assert desk.waits == [8.0]
        desk.seconds += 3600
        desk.waits.clear()
        await desk.sends_codes(browser, HUNG)
        assert desk.waits == []


async def test_a_crowd_of_tries_is_asked_to_come_again(desk: Desk) -> None:
    desk.slow._wrong, desk.slow._last, desk.slow._waiting = 99, desk.seconds, AT_ONCE
    async with desk.open() as browser:
        assert (await browser.posts("/sign-in", personal="x", totp="1")).status == 429


async def test_a_huge_form_is_not_read(desk: Desk) -> None:
    async with desk.open() as browser:
        assert (await browser.posts("/sign-in", personal="x" * 10_000)).status == 413


# ── Inside ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_page_is_for_whoever_has_its_right_and_there(desk: Desk) -> None:
    await desk.serves(LAN, Role.OFFICER, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, LAN)

        assert await browser.opens(f"{PLACE}?unit={LONG_DUC}") == f"for {LAN}"
        for path in (f"{PLACE}?unit={TRA_VINH}", "/desk/approvals"):
            assert "không có quyền" in await browser.opens(path, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_no_other_page_signs_anybody_in_or_changes_anything(
    desk: Desk, headers: dict[str, str]
) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        for path in (
            "/sign-in",
            "/sign-out",
            "/desk/enrol",
            "/desk/link/x",
            "/desk/post",
            "/desk/account",
            PLACE,
        ):
            response = await browser.posts(path, headers, personal=desk.personal[HUNG], totp="1")
            assert response.status == 403, path
            assert "không gửi từ trang" in await response.text()
        assert await browser.opens(PLACE) == f"for {HUNG}", "and nobody was signed out"


async def test_what_is_sent_after_signing_out_is_not_taken(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        await browser.sends("/sign-out")

        assert (await browser.asks(PLACE)).status == 303
        assert "Phiên đăng nhập đã hết" in await browser.sends(PLACE, 403)
    assert (await desk.deeds())[-1] == "people.sign_out"


async def test_a_stolen_cookie_is_worth_nothing_after_signing_out(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        stolen = (await desk.sends_codes(browser, HUNG)).cookies[COOKIE].value
        await browser.sends("/sign-out")
        carrying(browser.session, desk.url, stolen)

        assert (await browser.asks(PLACE)).status == 303


@pytest.mark.parametrize("how", ["hand_over", "end", "new_code", "idle", "absolute"])
async def test_from_the_moment_a_post_is_lost_the_next_click_finds_the_door(desk: Desk, how: str) -> None:
    chief = await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        assert await browser.opens(PLACE)

        match how:
            case "hand_over":
                await desk.people.hand_over(None, chief.post, to_name=LAN)
            case "end":
                await desk.people.end(None, chief.post, "nghỉ")
            case "new_code":
                await desk.people.new_code(None, chief.post)
            case "idle":
                desk.clock.advance(seconds=IDLE.total_seconds())
            case "absolute":
                desk.clock.advance(seconds=ABSOLUTE.total_seconds())

        assert (await browser.asks(PLACE)).status == 303
        assert (await browser.posts(PLACE)).status == 403


# ── Enrolling, the link, several posts ───────────────────────────────────────────────────────────────────────────


def secret_on(page: str) -> str:
    [found] = re.findall(r'<code class="secret">([A-Z2-7 ]+)</code>', page)
    return str(found).replace(" ", "")


async def test_enrolling_on_the_web_from_the_code_to_the_personal_code(desk: Desk) -> None:
    code = await desk.code_for(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        page = await browser.sends("/desk/enrol", code=code)
        assert HUNG in page
        assert "<svg" in page
        telephone = pyotp.TOTP(secret_on(page))
        assert secret_on(await browser.sends("/desk/enrol", code=code)) == telephone.secret, (
            "a reload is no harm"
        )

        wrong = await browser.sends("/desk/enrol", 403, code=code, totp="000000")
        assert WRONG in wrong
        assert code in wrong, "nobody types thirty letters twice"
        welcome = await browser.sends("/desk/enrol", code=code, totp=telephone.at(desk.clock()))

        assert re.search(r'id="personal">(\w{4}-){3}\w{4}<', welcome)
        assert await browser.opens(PLACE) == f"for {HUNG}"
        assert WRONG in await browser.sends("/desk/enrol", 403, code=code)


async def test_the_telephone_gets_the_same_secret_by_picture_and_by_hand(desk: Desk) -> None:
    """What the QR code says is what stands beside it, and what its name is."""
    from bot.qr import svg

    code = await desk.code_for(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        page = await browser.sends("/desk/enrol", code=code)

    from urllib.parse import quote

    issuer = quote("Lắng Nghe")
    wanted = f"otpauth://totp/{quote(f'Lắng Nghe:{HUNG}')}?secret={secret_on(page)}&issuer={issuer}"
    assert svg(wanted) in page
    assert pyotp.parse_uri(wanted).secret == secret_on(page)


async def test_a_preview_of_a_link_does_not_spend_it(desk: Desk) -> None:
    officer = await desk.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    place = f"/desk/link/{await desk.people.link_for(officer)}"
    async with desk.open() as browser:
        for _ in range(3):
            page = await browser.opens(place)
            assert LAN not in page, "a preview is shown to whoever asks"
            assert 'name="totp"' not in page
        async with browser.session.head(desk.url + place) as response:
            assert response.status == 200

        went = await browser.posts(place)
        assert (went.status, went.headers["location"]) == (303, "/desk")
        assert await browser.opens(PLACE) == f"for {LAN}"
        assert WRONG in await browser.sends(place, 403)


async def test_a_link_that_opens_nothing_looks_like_one_that_does(desk: Desk) -> None:
    officer = await desk.serves_by_bot(LAN, Role.OFFICER, LONG_DUC, "42")
    secret = await desk.people.link_for(officer)
    async with desk.open() as browser:
        real = await browser.opens(f"/desk/link/{secret}")
        none = await browser.opens(f"/desk/link/{'0' * 30}")

    assert real.replace(secret, "…") == none.replace("0" * 30, "…")


async def test_a_chief_who_comes_by_the_bot_s_link_sets_a_telephone_up_first(desk: Desk) -> None:
    chief = await desk.serves_by_bot(HUNG, Role.CHIEF, LONG_DUC, "42")
    async with desk.open() as browser:
        await browser.posts(f"/desk/link/{await desk.people.link_for(chief)}")
        assert (await browser.asks(PLACE)).headers["location"] == "/desk/totp"

        page = await browser.opens("/desk/totp")
        assert WRONG in await browser.sends("/desk/totp", 403, totp="000000")
        await browser.sends("/desk/totp", totp=pyotp.TOTP(secret_on(page)).at(desk.clock()))

        assert await browser.opens(PLACE) == f"for {HUNG}"
        desk.clock.advance(seconds=60)
        again = f"/desk/link/{await desk.people.link_for(chief)}"
        assert 'name="totp"' in await browser.opens(again)
        assert (await browser.posts(again)).status == 403
        assert (await browser.posts(again, totp=pyotp.TOTP(secret_on(page)).at(desk.clock()))).status == 303


async def test_somebody_with_several_posts_chooses_and_has_one_at_a_time(desk: Desk) -> None:
    chief = await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    await desk.people.assign(
        None, chief.person, role=Role.OFFICER, unit=TRA_VINH, title="Tăng cường Trà Vinh"
    )
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        assert (await browser.asks(PLACE)).headers["location"] == "/desk/post"
        assert "Tăng cường Trà Vinh" in await browser.opens("/desk/post")
        assert (await browser.posts("/desk/post", post="86-supervisor")).status == 403

        await browser.posts("/desk/post", post="29242-officer")
        assert await browser.opens(f"{PLACE}?unit={TRA_VINH}")
        assert await browser.opens(f"{PLACE}?unit={LONG_DUC}", 403)
        assert await browser.opens("/desk/approvals", 403)
        await browser.posts("/desk/post", post="29263-chief")
        assert await browser.opens("/desk/approvals")
        assert await browser.opens(f"{PLACE}?unit={TRA_VINH}", 403)


async def test_the_account_page_hands_out_a_code_for_the_bot(desk: Desk) -> None:
    chief = await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        desk.clock.advance(seconds=60)
        assert HUNG in await browser.opens("/desk/account")
        assert WRONG in await browser.sends("/desk/account", 403, totp="000000")
        page = await browser.sends("/desk/account", totp=desk.digits(HUNG))

        [code] = re.findall(r'<code class="secret">([0-9A-Z-]{35})</code>', page)
        assert (await desk.people.opening(code))[0] == chief


async def test_the_navigation_shows_what_there_is_to_do(desk: Desk) -> None:
    await desk.serves(HUNG, Role.CHIEF, LONG_DUC)
    await desk.serves(LAN, Role.OFFICER, LONG_DUC)
    async with desk.open() as browser:
        await desk.sends_codes(browser, LAN)
        officers = await browser.opens("/desk/account")
    async with desk.open() as browser:
        await desk.sends_codes(browser, HUNG)
        chiefs = await browser.opens("/desk/account")

    assert 'href="/scorecard"' in officers
    assert 'href="/desk/audit"' in chiefs
    for place in ("/desk/audit", "/desk/people", "/comments"):
        assert f'href="{place}"' not in officers
    assert 'href="/comments"' not in chiefs


async def test_the_door_is_vietnamese_and_not_for_search_engines(desk: Desk) -> None:
    async with desk.open() as browser:
        page = await browser.opens("/sign-in?lang=en")

    assert '<html lang="vi">' in page
    assert 'name="robots" content="noindex"' in page
    assert "Mã cá nhân" in page
