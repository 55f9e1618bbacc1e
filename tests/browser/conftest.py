"""A real Chromium in front of the real site. Everything here needs it, so everything here carries the marker; and shares one
Chromium, which takes seconds to start, and therefore one event loop."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from storage.vault import Vault
from tests.browser.telephones import Telephone, Telephones
from tests.conftest import CHROMIUM, Clock
from tests.journeys.town import Town, a_town
from tests.patience import PATIENCE
from tests.web.conftest import Server, serving
from tests.web.talker import Talker

SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
expect.set_options(timeout=PATIENCE * 1000)

Open = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.chromium)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def telephones(browser: Browser) -> Telephones:
    return Telephones(browser)


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(telephones: Telephones) -> AsyncIterator[Open]:
    """Opens an address as somebody new, on a phone unless told otherwise. What the page complains about fails the test."""
    complaints: list[str] = []
    lent: list[Telephone] = []

    async def opened(url: str, *, viewport: dict[str, int] = PHONE, **settings: object) -> Page:
        telephone = await telephones.lent({"has_touch": True, **settings})
        lent.append(telephone)
        page = await telephone.page(viewport)
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if "Security" in message.text else None,
        )
        await page.goto(url)
        return page

    yield opened
    for telephone in lent:
        await telephones.given_back(telephone)
    assert complaints == []


@pytest.fixture
def talker() -> Talker:
    return Talker()


@pytest_asyncio.fixture(loop_scope="session")
async def server(talker: Talker) -> AsyncIterator[Server]:
    async with serving(talker) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(server: Server, open_page: Open) -> Page:
    """The first page on a phone, with the first question on it."""
    page = await open_page(server.url)
    await page.wait_for_selector(".option")
    return page


def offered(page: Page, choice: str) -> Locator:
    """A choice under a question of the chat. Its words alone may stand in the results too, which a phone does not show: whoever looks
    for them before the question is there would wait in the wrong place for ever."""
    return page.locator(".log").get_by_role("button", name=choice, exact=True)


async def taps(page: Page, choice: str) -> None:
    await offered(page, choice).click()


async def says(page: Page, text: str) -> None:
    await page.fill("#said", text)
    await page.press("#said", "Enter")


@pytest_asyncio.fixture(loop_scope="session")
async def town(sqlite_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        yield town
