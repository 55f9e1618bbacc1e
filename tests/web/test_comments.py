"""The pages on which moderators read comments: only theirs, with one tap, without a script."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.web.app import build
from bot.web.comments import CommentPages
from bot.web.desk_door import Door
from bot.web.pages import Pages
from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.comments import TEN
from surveys.rights import Role
from tests.conftest import Clock
from tests.offices import PROVINCE, Office, Visitor, carrying, visitor
from tests.sealed_comments import HUNG, LAN, LONG_DUC, Town, remarks
from tests.web import conftest
from tests.web.conftest import running

HEAP = f"/comments/2026/{LONG_DUC}"


@asynccontextmanager
async def site_with_comments(town: Town) -> AsyncIterator[tuple[str, Office]]:
    office = Office(town.db, town.vault, town.clock)
    pages = Pages(demo=False, telegram_url=None, k=10)
    door = Door(office.people, pages, secure=False)
    room = CommentPages(town.comments, pages, door.guarded, office.people.within)
    site = build(
        results=conftest.results,
        web_chat=None,
        webhooks={},
        health=conftest.health,
        cookie_key=conftest.KEY,
        rooms=[*door.routes, *room.routes],
        pages=pages,
    )
    async with running(site) as url:
        yield url, office


@asynccontextmanager
async def reading(town: Town, name: str, role: Role, unit: str) -> AsyncIterator[Visitor]:
    """Somebody at that post, signed in."""
    async with site_with_comments(town) as (url, office), visitor(url) as browser:
        carrying(browser.session, url, await office.people.begin(await office.serves(name, role, unit)))
        yield browser


@pytest.fixture
async def town(sqlite_database: Database, vault: Vault, clock: Clock) -> Town:
    await load_seed(sqlite_database)
    return Town(sqlite_database, vault, clock)


@pytest.fixture
async def reader(town: Town) -> AsyncIterator[Visitor]:
    async with reading(town, LAN, Role.MODERATOR, PROVINCE) as reader:
        yield reader


async def test_nobody_else_sees_or_decides_anything(town: Town) -> None:
    [id] = await town.seals(remarks(1))
    async with site_with_comments(town) as (url, _), visitor(url) as stranger:
        for path in ("/comments", HEAP, f"{HEAP}/decided"):
            assert "ghế chờ" not in await stranger.opens(path)
        await stranger.sends("/comments/decide", 403, id=id, decision="pass")
        await stranger.sends("/comments/hand-over", 403)

    assert (await town.comments.read(id)).state is None


@pytest.mark.parametrize(
    ("role", "unit"),
    [
        (Role.SUPERVISOR, PROVINCE),
        (Role.AUDITOR, PROVINCE),
        (Role.OPERATOR, PROVINCE),
        (Role.CHIEF, LONG_DUC),
        (Role.OFFICER, LONG_DUC),
    ],
)
async def test_reading_first_is_the_moderator_s_alone(town: Town, role: Role, unit: str) -> None:
    [id] = await town.seals(remarks(1))
    async with reading(town, HUNG, role, unit) as other:
        for path in ("/comments", HEAP, f"{HEAP}/decided"):
            assert "ghế chờ" not in await other.opens(path, 403)
        await other.sends("/comments/decide", 403, id=id, decision="pass")
        await other.sends("/comments/hand-over", 403)

    assert (await town.comments.read(id)).state is None


async def test_every_decision_is_one_row_of_the_trail_which_the_ward_does_not_read(town: Town) -> None:
    ids = await town.seals(remarks(2))
    async with site_with_comments(town) as (url, office), visitor(url) as browser:
        moderator = await office.serves(LAN, Role.MODERATOR, PROVINCE)
        chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
        carrying(browser.session, url, await office.people.begin(moderator))
        before = len(await office.rows())
        for decision in ("pass", "undo", "withhold"):
            await browser.sends("/comments/decide", id=ids[0], decision=decision)

        rows = (await office.rows())[before:]
        assert [(row.action, row.name) for row in rows] == [
            ("comments.passed", LAN),
            ("comments.take_back", LAN),
            ("comments.withheld", LAN),
        ]
        assert {row.object for row in rows} == {f"comment:{ids[0]}"}
        assert not [row for row in await office.trail.page(chief) if row.action.startswith("comments.")]


async def test_a_form_of_another_site_decides_nothing(town: Town, reader: Visitor) -> None:
    [id] = await town.seals(remarks(1))

    await reader.sends("/comments/decide", 403, "https://evil.example", id=id, decision="pass")

    assert (await town.comments.read(id)).state is None


async def test_one_tap_passes_and_the_next_one_comes(town: Town, reader: Visitor) -> None:
    ids = await town.seals(remarks(2))
    first = re.search(r'name="id" value="([0-9a-f]{32})"', await reader.opens(HEAP))
    assert first is not None

    page = await reader.sends("/comments/decide", id=first[1], decision="pass")

    assert f"Đã cho qua ({LAN}, 22/11/2026)." in page
    [other] = set(ids) - {first[1]}
    assert f'name="id" value="{other}"' in page


async def test_what_was_decided_is_taken_back_with_one_tap_and_read_again(
    town: Town, reader: Visitor
) -> None:
    ids = await town.seals(remarks(3))
    await reader.sends("/comments/decide", id=ids[0], decision="withhold")
    assert "Đã giữ lại" in await reader.opens(f"{HEAP}/decided")

    page = await reader.sends("/comments/decide", id=ids[0], decision="undo")

    assert f'name="id" value="{ids[0]}"' in page
    assert "Đã giữ lại" not in page
    assert (await town.comments.read(ids[0])).state is None


async def test_a_comment_about_the_chief_has_no_button_to_pass_it_and_no_way_round(
    town: Town, reader: Visitor
) -> None:
    [id] = await town.seals(["Trưởng công an phường hách dịch"])

    page = await reader.opens(HEAP)
    forced = await reader.sends("/comments/decide", id=id, decision="pass")

    assert 'value="pass"' not in page
    assert "không ai chuyển cho phường này được" in page
    assert "chỉ dành cho tỉnh" in forced


async def test_two_moderators_learn_of_each_other(town: Town, reader: Visitor) -> None:
    [id] = await town.seals(remarks(1))
    await town.comments.withhold(id, by=HUNG)

    page = await reader.sends("/comments/decide", id=id, decision="pass")

    assert "Người khác đã quyết định" in page
    assert HUNG in page


async def test_progress_and_handing_over(town: Town) -> None:
    await town.passes(await town.seals(remarks(TEN + 1)))
    town.clock.advance(days=7)

    async with reading(town, LAN, Role.MODERATOR, PROVINCE) as reader:
        assert "chưa đọc 0 · cho qua 11 · giữ lại 0 · đã giao 0" in await reader.opens("/comments")
        assert "Đã giao 10 góp ý." in await reader.sends("/comments/hand-over")
        assert "Chưa có nhóm nào" in await reader.sends("/comments/hand-over")


async def test_what_people_wrote_is_text_and_never_markup(town: Town, reader: Visitor) -> None:
    await town.seals(["<script>alert(1)</script><b>đậm</b> gọi 0912345678"], whole=True)

    page = await reader.opens(HEAP)

    assert "<script>alert" not in page
    assert "&lt;b&gt;đậm" in page
    assert "Phường sẽ thấy" in page


@pytest.mark.parametrize("path", ["/comments/none/29263", "/comments/2026/00000"])
async def test_where_there_are_no_comments_there_is_no_page(reader: Visitor, path: str) -> None:
    await reader.opens(path, 404)


async def test_what_no_form_of_ours_sends_is_refused(town: Town, reader: Visitor) -> None:
    [id] = await town.seals(remarks(1))

    await reader.sends("/comments/decide", 400, id=id, decision="publish")
    await reader.sends("/comments/decide", 404, id="0" * 32, decision="pass")
    await reader.sends("/comments/decide", 413, id=id, decision="pass", more="x" * 5000)
