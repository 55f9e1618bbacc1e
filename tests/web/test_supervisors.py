"""Who sees the supervisors' pages: whoever has the token, for a working day, and nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.web.app import build
from bot.web.pages import Pages
from bot.web.supervisors import AT_ONCE, COOKIE, FREE_TRIES, SIGNED_IN_FOR, Supervisors
from tests.web import conftest
from tests.web.conftest import running

TOKEN = "a-token-from-a-password-manager"
PAGES = Pages(demo=False, telegram_url=None, k=10)


class Door:
    """The site with one guarded page, at a time we set."""

    def __init__(self, token: str = TOKEN, *, secure: bool = False) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []
        self.supervisors = Supervisors(
            token, conftest.KEY, secure=secure, pages=PAGES, clock=lambda: self.now, pause=self.pause
        )

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def page(self, request: Request) -> Response:
        return PlainTextResponse("the matrix", headers={"cache-control": "public"})

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
        guarded = self.supervisors.guarded(self.page)
        site = build(
            results=conftest.results,
            web_chat=None,
            webhooks={},
            health=conftest.health,
            cookie_key=conftest.KEY,
            rooms=[*self.supervisors.routes, Route("/scorecard", guarded, methods=["GET", "POST"])],
            pages=PAGES,
        )
        async with (
            running(site) as url,
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
        ):
            yield url, browser


async def sign_in(
    url: str, browser: aiohttp.ClientSession, token: str = TOKEN, query: str = "", origin: str | None = None
) -> aiohttp.ClientResponse:
    async with browser.post(
        url + "/sign-in" + query,
        data={"token": token},
        headers={"origin": origin or url},
        allow_redirects=False,
    ) as response:
        await response.text()
        return response


async def test_without_the_token_there_is_no_way_in():
    async with Door().open() as (url, browser):
        async with browser.get(url + "/scorecard?year=2026", allow_redirects=False) as response:
            assert response.status == 303
            assert response.headers["location"] == "/sign-in?next=%2Fscorecard%3Fyear%3D2026"
        refused = await sign_in(url, browser, "another-token-altogether-wrong")
        assert refused.status == 403
        assert COOKIE not in refused.cookies
        async with browser.get(url + "/scorecard", allow_redirects=False) as response:
            assert response.status == 303


async def test_with_the_token_one_lands_where_one_wanted_to_go():
    async with Door().open() as (url, browser):
        response = await sign_in(url, browser, f" {TOKEN} ", "?next=%2Fscorecard%3Fyear%3D2026")

        assert response.status == 303
        assert response.headers["location"] == "/scorecard?year=2026"
        cookie = response.cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"
        assert int(cookie["max-age"]) == SIGNED_IN_FOR.total_seconds()
        async with browser.get(url + "/scorecard") as page:
            assert await page.text() == "the matrix"
            assert page.headers["cache-control"] == "no-store"


async def test_over_https_the_cookie_never_travels_in_the_clear():
    async with Door(secure=True).open() as (url, browser):
        assert (await sign_in(url, browser)).cookies[COOKIE]["secure"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/a b",
        "/\r\nx",
    ],
)
async def test_signing_in_leads_to_no_other_site(elsewhere):
    async with (
        Door().open() as (url, browser),
        browser.post(
            url + "/sign-in",
            params={"next": elsewhere},
            data={"token": TOKEN},
            headers={"origin": url},
            allow_redirects=False,
        ) as response,
    ):
        assert response.headers["location"] == "/scorecard"


async def test_after_a_working_day_one_signs_in_again():
    door = Door()
    async with door.open() as (url, browser):
        await sign_in(url, browser)
        door.now += SIGNED_IN_FOR.total_seconds() + 1

        async with browser.get(url + "/scorecard", allow_redirects=False) as response:
            assert response.status == 303


async def test_another_token_signs_everybody_out():
    async with Door().open() as (url, browser):
        cookie = (await sign_in(url, browser)).cookies[COOKIE].value

    async with (
        Door("the-token-after-somebody-left").open() as (url, browser),
        browser.get(url + "/scorecard", cookies={COOKIE: cookie}, allow_redirects=False) as response,
    ):
        assert response.status == 303


async def test_a_cookie_cannot_be_prolonged():
    async with Door().open() as (url, browser):
        until, nonce, signature = (await sign_in(url, browser)).cookies[COOKIE].value.split(".")
        browser.cookie_jar.clear()
        forged = f"{int(until) + 86400}.{nonce}.{signature}"

        async with browser.get(
            url + "/scorecard", cookies={COOKIE: forged}, allow_redirects=False
        ) as response:
            assert response.status == 303


async def test_signing_out_ends_it():
    async with Door().open() as (url, browser):
        await sign_in(url, browser)
        async with browser.post(
            url + "/sign-out",
            data={},
            headers={"origin": url, "content-type": "application/x-www-form-urlencoded"},
        ) as response:
            assert response.status == 200  # the form, after the redirect

        async with browser.get(url + "/scorecard", allow_redirects=False) as response:
            assert response.status == 303


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
async def test_no_other_page_signs_anybody_in_or_changes_anything(headers):
    async with Door().open() as (url, browser):
        await sign_in(url, browser)
        for path in ("/sign-in", "/sign-out", "/scorecard"):
            async with browser.post(url + path, data={"token": TOKEN}, headers=headers) as response:
                assert response.status == 403
                assert "không gửi từ trang" in await response.text()


async def test_what_is_sent_after_signing_out_is_not_taken():
    async with (
        Door().open() as (url, browser),
        browser.post(url + "/scorecard", data={"a": "b"}, headers={"origin": url}) as response,
    ):
        assert response.status == 403
        assert "Phiên đăng nhập đã hết" in await response.text()


async def test_wrong_tries_make_everybody_wait_and_are_forgotten_in_time():
    door = Door()
    async with door.open() as (url, browser):
        for _ in range(FREE_TRIES + 6):
            await sign_in(url, browser, "wrong")
        assert door.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]

        right = await sign_in(url, browser)
        assert right.status == 303
        assert door.waits[-1] == 8.0

        door.now += 3600
        door.waits.clear()
        await sign_in(url, browser)
        assert door.waits == []


async def test_a_crowd_of_tries_is_asked_to_come_again():
    door = Door()
    door.supervisors._slow._wrong, door.supervisors._slow._last = 99, door.now
    door.supervisors._slow._waiting = AT_ONCE
    async with door.open() as (url, browser):
        assert (await sign_in(url, browser)).status == 429


async def test_a_huge_form_is_not_read():
    async with Door().open() as (url, browser):
        assert (await sign_in(url, browser, "x" * 10_000)).status == 413


async def test_the_page_is_vietnamese_and_not_for_search_engines():
    async with Door().open() as (url, browser), browser.get(url + "/sign-in?lang=en") as response:
        page = await response.text()
        assert '<html lang="vi">' in page
        assert 'name="robots" content="noindex"' in page
        assert response.headers["cache-control"] == "no-store"
        assert "Mã truy cập" in page


async def test_where_no_token_is_set_there_is_no_such_address(server):
    async with aiohttp.ClientSession() as browser:
        for path in ("/sign-in", "/scorecard"):
            async with browser.get(server.url + path) as response:
                assert response.status == 404
