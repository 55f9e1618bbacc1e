"""Telephones that are lent from one test to the next, each as empty as a new one. To unpack a new one – a profile, a window, the processes
behind them – costs Chromium more than most of what a test does with it. Knows nothing of the site."""

from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, CDPSession, Page

__all__ = ["Telephone", "Telephones"]

Kind = tuple[tuple[str, str], ...]
"""What a context is made with and keeps for good, as text."""


class Telephone:
    """A browser context. One empty page stays open in it for good: with its last page its window would be gone."""

    def __init__(self, kind: Kind, context: BrowserContext, held: CDPSession, resting: Page) -> None:
        self.kind = kind
        self.context = context
        self._held = held
        self._resting = resting
        self._been_at: set[str] = set()

    @classmethod
    async def new(cls, browser: Browser, kind: Kind, settings: dict[str, Any]) -> "Telephone":
        context = await browser.new_context(**settings)
        resting = await context.new_page()
        return cls(kind, context, await context.new_cdp_session(resting), resting)

    async def page(self, viewport: dict[str, int]) -> Page:
        page = await self.context.new_page()
        page.on("framenavigated", lambda frame: self._been_at.add(_origin(frame.url)))
        await page.set_viewport_size(viewport)  # type: ignore[arg-type]
        return page

    async def wiped(self) -> None:
        """Nothing is left of whoever had it: no page, no cookie, nothing stored, nothing remembered of what was loaded."""
        for page in self.context.pages:
            if page is not self._resting:
                await page.close()
        await self.context.set_offline(False)
        await self.context.clear_cookies()
        await self.context.clear_permissions()
        for origin in self._been_at - {""}:
            await self._held.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        await self._held.send("Network.clearBrowserCache")
        self._been_at.clear()


class Telephones:
    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[Telephone] = []

    async def lent(self, settings: dict[str, Any]) -> Telephone:
        """One that is like no other in use. How large a page is, is for each page: a telephone can be turned."""
        kind = tuple(sorted((name, repr(value)) for name, value in settings.items()))
        for telephone in self._free:
            if telephone.kind == kind:
                self._free.remove(telephone)
                return telephone
        return await Telephone.new(self._browser, kind, settings)

    async def given_back(self, telephone: Telephone) -> None:
        await telephone.wiped()
        self._free.append(telephone)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
