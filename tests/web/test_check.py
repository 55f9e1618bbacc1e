"""The page where a receipt is checked: included or not, and nothing else."""

import string
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.web.app import Site, build
from bot.web.check import CheckPage
from bot.web.pages import Pages
from bot.web.words import LANGUAGES, catalogue
from storage.database import Unavailable
from tests.web.conftest import KEY, health, results, running

SEALED = "K7QF-3M2X-9TWA-5H8C"
OTHER = "0000-1111-2222-3333"


def site_of(is_included: object) -> Site:
    pages = Pages(demo=False, telegram_url=None, k=10)
    rooms = CheckPage(is_included, pages).routes  # type: ignore[arg-type]
    return build(
        results=results,
        web_chat=None,
        webhooks={},
        health=health,
        cookie_key=KEY,
        pages=pages,
        rooms=rooms,
    )


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async def is_included(receipt: str) -> bool:
        return receipt == SEALED

    async with running(site_of(is_included)) as url:
        yield f"{url}/check"


async def asked(url: str, code: str, language: str = "vi") -> tuple[aiohttp.ClientResponse, str]:
    async with (
        aiohttp.ClientSession(cookies={"langnghe_language": language}) as session,
        session.post(url, data={"code": code}) as response,
    ):
        return response, await response.text()


async def test_the_page_is_a_form_of_one_field_without_a_script(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        page = await response.text()

    assert response.status == 200
    assert page.count("<input") == 1
    assert 'method="post"' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("language", "yes", "no"),
    [
        ("vi", "đã được niêm phong và được tính", "Không có phiếu nào mang mã"),
        ("en", "sealed and counted", "No ballot with receipt"),
        ("km", SEALED, OTHER),
    ],
)
async def test_it_says_included_or_not_in_the_chats_words(url: str, language: str, yes: str, no: str) -> None:
    _, included = await asked(url, "k7qf 3m2x 9twa 5h8c", language)
    _, unknown = await asked(url, OTHER, language)

    assert yes in included
    assert SEALED in included
    assert no in unknown
    assert included != unknown


async def test_what_is_no_receipt_is_said_kindly_and_can_be_corrected(url: str) -> None:
    response, page = await asked(url, '<b>"nhầm"')

    assert response.status == 200
    assert "Mã này chưa đúng" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


async def test_no_code_ever_stands_in_an_address_or_a_cache(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url, params={"code": SEALED}) as response:
        page = await response.text()
    answer, _ = await asked(url, SEALED)

    assert "niêm phong và được tính." not in page
    assert answer.headers["cache-control"] == "no-store"


async def test_a_flood_is_turned_away(url: str) -> None:
    response, _ = await asked(url, "A" * 5000)

    assert response.status == 413


async def test_a_database_that_is_away_is_no_answer() -> None:
    async def away(receipt: str) -> bool:
        raise Unavailable("away")

    async with running(site_of(away)) as url:
        response, page = await asked(f"{url}/check", SEALED)

    assert response.status == 503
    assert "Không có phiếu nào" not in page


def test_its_words_are_there_in_every_language() -> None:
    ours = catalogue("vi", "check")
    for language in LANGUAGES:
        words = catalogue(language, "check")
        assert words.keys() == ours.keys()
        for key, text in words.items():
            fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert fields == {name for _, name, _, _ in string.Formatter().parse(ours[key]) if name}
