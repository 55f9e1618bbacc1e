"""The pages on which supervisors read comments: only theirs, with one tap, without a script."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.web.app import build
from bot.web.comments import CommentPages
from bot.web.pages import Pages
from bot.web.supervisors import Supervisors
from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.comments import TEN
from tests.conftest import Clock
from tests.sealed_comments import HUNG, LAN, LONG_DUC, Town, remarks
from tests.web import conftest
from tests.web.conftest import running

TOKEN = "a-token-from-a-password-manager"
HEAP = f"/comments/2026/{LONG_DUC}"


@asynccontextmanager
async def site_with_comments(town: Town) -> AsyncIterator[str]:
    pages = Pages(demo=False, telegram_url=None, k=10)
    supervisors = Supervisors(TOKEN, conftest.KEY, secure=False, pages=pages)
    room = CommentPages(town.comments, pages, supervisors.guarded)
    site = build(
        results=conftest.results,
        web_chat=None,
        webhooks={},
        health=conftest.health,
        cookie_key=conftest.KEY,
        rooms=[*supervisors.routes, *room.routes],
        pages=pages,
    )
    async with running(site) as url:
        yield url


class Reader:
    """A supervisor's browser, as far as it matters here."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url, self._session = url, session

    async def opens(self, path: str, status: int = 200) -> str:
        async with self._session.get(self.url + path) as response:
            assert response.status == status, await response.text()
            return await response.text()

    async def sends(self, path: str, status: int = 200, origin: str | None = None, **fields: str) -> str:
        headers = {"origin": origin or self.url}
        async with self._session.post(self.url + path, data=fields, headers=headers) as response:
            assert response.status == status, await response.text()
            return await response.text()


@pytest.fixture
async def town(sqlite_database: Database, vault: Vault, clock: Clock) -> Town:
    await load_seed(sqlite_database)
    return Town(sqlite_database, vault, clock)


@pytest.fixture
async def reader(town: Town) -> AsyncIterator[Reader]:
    async with (
        site_with_comments(town) as url,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        reader = Reader(url, session)
        await reader.sends("/sign-in?next=%2Fcomments", token=TOKEN)
        yield reader


async def test_nobody_else_sees_or_decides_anything(town: Town) -> None:
    [id] = await town.seals(remarks(1))
    async with site_with_comments(town) as url, aiohttp.ClientSession() as session:
        stranger = Reader(url, session)

        for path in ("/comments", HEAP, f"{HEAP}/decided"):
            assert "ghế chờ" not in await stranger.opens(path)
        await stranger.sends("/comments/decide", 403, id=id, decision="pass", by=LAN)
        await stranger.sends("/comments/hand-over", 403)

    assert (await town.comments.read(id)).state is None


async def test_a_form_of_another_site_decides_nothing(town: Town, reader: Reader) -> None:
    [id] = await town.seals(remarks(1))

    await reader.sends("/comments/decide", 403, "https://evil.example", id=id, decision="pass", by=LAN)

    assert (await town.comments.read(id)).state is None


async def test_one_tap_passes_and_the_next_one_comes(town: Town, reader: Reader) -> None:
    ids = await town.seals(remarks(2))
    first = re.search(r'name="id" value="([0-9a-f]{32})"', await reader.opens(HEAP))
    assert first is not None

    page = await reader.sends("/comments/decide", id=first[1], decision="pass", by=LAN)

    assert f"Đã cho qua ({LAN}, 22/11/2026)." in page
    assert f'value="{LAN}"' in page  # the name is typed once
    [other] = set(ids) - {first[1]}
    assert f'name="id" value="{other}"' in page


async def test_what_was_decided_is_taken_back_with_one_tap_and_read_again(town: Town, reader: Reader) -> None:
    ids = await town.seals(remarks(3))
    await reader.sends("/comments/decide", id=ids[0], decision="withhold", by=LAN)
    assert "Đã giữ lại" in await reader.opens(f"{HEAP}/decided")

    page = await reader.sends("/comments/decide", id=ids[0], decision="undo")

    assert f'name="id" value="{ids[0]}"' in page
    assert "Đã giữ lại" not in page
    assert (await town.comments.read(ids[0])).state is None


async def test_a_comment_about_the_chief_has_no_button_to_pass_it_and_no_way_round(
    town: Town, reader: Reader
) -> None:
    [id] = await town.seals(["Trưởng công an phường hách dịch"])

    page = await reader.opens(HEAP)
    forced = await reader.sends("/comments/decide", id=id, decision="pass", by=LAN)

    assert 'value="pass"' not in page
    assert "không ai chuyển cho phường này được" in page
    assert "chỉ dành cho tỉnh" in forced


async def test_two_supervisors_learn_of_each_other(town: Town, reader: Reader) -> None:
    [id] = await town.seals(remarks(1))
    await town.comments.withhold(id, by=HUNG)

    page = await reader.sends("/comments/decide", id=id, decision="pass", by=LAN)

    assert "Người khác đã quyết định" in page
    assert HUNG in page


async def test_without_a_name_nothing_is_decided(town: Town, reader: Reader) -> None:
    [id] = await town.seals(remarks(1))

    page = await reader.sends("/comments/decide", id=id, decision="pass", by="  ")

    assert "Xin ghi họ và tên" in page
    assert f'name="id" value="{id}"' in page


async def test_progress_and_handing_over(town: Town, reader: Reader) -> None:
    await town.passes(await town.seals(remarks(TEN + 1)))
    town.clock.advance(days=7)

    assert "chưa đọc 0 · cho qua 11 · giữ lại 0 · đã giao 0" in await reader.opens("/comments")
    assert "Đã giao 10 góp ý." in await reader.sends("/comments/hand-over")
    assert "Chưa có nhóm nào" in await reader.sends("/comments/hand-over")


async def test_what_people_wrote_is_text_and_never_markup(town: Town, reader: Reader) -> None:
    await town.seals(["<script>alert(1)</script><b>đậm</b> gọi 0912345678"], whole=True)

    page = await reader.opens(HEAP)

    assert "<script>alert" not in page
    assert "&lt;b&gt;đậm" in page
    assert "Phường sẽ thấy" in page


@pytest.mark.parametrize("path", ["/comments/none/29263", "/comments/2026/00000"])
async def test_where_there_are_no_comments_there_is_no_page(reader: Reader, path: str) -> None:
    await reader.opens(path, 404)


async def test_what_no_form_of_ours_sends_is_refused(town: Town, reader: Reader) -> None:
    [id] = await town.seals(remarks(1))

    await reader.sends("/comments/decide", 400, id=id, decision="publish", by=LAN)
    await reader.sends("/comments/decide", 404, id="0" * 32, decision="pass", by=LAN)
    await reader.sends("/comments/decide", 413, id=id, decision="pass", by="x" * 5000)
