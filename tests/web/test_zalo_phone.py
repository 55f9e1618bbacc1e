"""The demo's phone with Zalo on it: the real channel, a strict local Zalo, one process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import demo_zalo
from bot.app import utc_now
from bot.demo_zalo import ACCOUNTS, local_zalo
from bot.web.visitor import COOKIE
from bot.web.zalo_phone import MENU, PHONE
from tests.patience import PATIENCE
from tests.web.zalo_town import WARD, Played, a_phone

THE_WARDS, THE_PROVINCES = (account[0] for account in ACCOUNTS)
OURS = {"sec-fetch-site": "same-origin"}

Talk = dict[str, Any]


@pytest.fixture
async def played(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Played]:
    async with a_phone(sqlite_url, tmp_path / "keys") as played:
        yield played


class Person:
    """Somebody with a browser, and in it a phone."""

    def __init__(self, http: aiohttp.ClientSession, url: str, account: str) -> None:
        self._http = http
        self._address = f"{url}{PHONE}/{account}"

    async def looks(self) -> Talk:
        async with self._http.get(self._address) as response:
            return await response.json()

    async def does(self, headers: dict[str, str] = OURS, **what: object) -> tuple[int, Talk]:
        async with self._http.post(self._address, json=what, headers=headers) as response:
            return response.status, await response.json() if response.status == 200 else {}

    async def hears(self, is_it: Callable[[Talk], bool]) -> Talk:
        async with asyncio.timeout(PATIENCE):
            while True:
                talk = await self.looks()
                if is_it(talk):
                    return talk
                await asyncio.sleep(0.02)


@pytest.fixture
async def person(played: Played) -> AsyncIterator[Callable[[str], Person]]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.get(played.url + PHONE) as response:
            assert response.status == 200
        yield lambda account: Person(http, played.url, account)


def said(talk: Talk) -> list[str]:
    return [line["text"] for line in talk["lines"] if line["by"] == "oa"]


async def test_whoever_follows_a_wards_account_begins_in_that_ward(played, person):
    phone = person(THE_WARDS)
    await phone.does(act="follow")

    talk = await phone.hears(said)

    assert talk["is_follower"]
    assert "trợ lý tự động “Lắng Nghe” của Công an phường Trà Vinh" in said(talk)[0]
    assert "không bao giờ hỏi mã OTP" in said(talk)[0]
    assert "không bảo cài ứng dụng" in said(talk)[0]
    assert talk["lines"][0]["buttons"][0].startswith("1. ")


async def test_whoever_follows_the_provinces_account_is_asked_where_they_live(played, person):
    phone = person(THE_PROVINCES)
    await phone.does(act="follow")

    assert "phường" in said(await phone.hears(said))[0]


async def test_each_account_learns_which_address_it_needs(played, person):
    for account in (THE_WARDS, THE_PROVINCES):
        await person(account).does(act="follow")
        await person(account).hears(said)

    async with played.house.db.reading() as tx:
        found = {row.id: row.address for row in await tx.zalo_accounts.all()}

    assert found[THE_WARDS] == "v2"
    assert found[THE_PROVINCES] in (None, "v3")


async def test_a_tap_shows_nothing_and_an_old_button_changes_nothing(played, person):
    phone = person(THE_WARDS)
    await phone.does(act="follow")
    await phone.hears(said)
    await phone.does(act="tap", line=0, button=0)
    first = await phone.hears(lambda talk: len(said(talk)) >= 2)
    assert [line for line in first["lines"] if line["by"] == "you"] == []

    await phone.does(act="tap", line=0, button=0)
    again = await phone.hears(lambda talk: len(said(talk)) > len(said(first)))

    assert len(said(again)) > len(said(first))


async def test_what_is_typed_stands_on_the_screen(played, person):
    phone = person(THE_WARDS)
    await phone.does(act="say", text="  menu ")
    talk = await phone.hears(said)

    assert talk["lines"][0] == {"by": "you", "text": "menu", "buttons": [], "has": ""}


async def test_the_menu_sends_what_the_guide_says_and_shows_nothing(played, person):
    phone = person(THE_WARDS)
    await phone.does(act="pick", item=0)

    assert {line["by"] for line in (await phone.hears(said))["lines"]} == {"oa"}


def test_the_guides_have_the_menu_of_the_phone():
    guides = Path(__file__).parents[2] / "docs"
    for guide in ("zalo.md", "zalo.vi.md"):
        text = (guides / guide).read_text("utf-8")
        assert all(f"| {title} | `{sends}` |" in text for title, sends in MENU)


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"act": "tap", "line": 0, "button": 0}, 404),
        ({"act": "tap", "line": -1, "button": 0}, 400),
        ({"act": "tap", "line": True, "button": 0}, 400),
        ({"act": "say", "text": " "}, 400),
        ({"act": "say", "text": "a" * 2001}, 400),
        ({"act": "pick", "item": 99}, 404),
        ({"act": "wait", "hours": 0}, 400),
        ({"act": "wait", "hours": 721}, 400),
        ({"act": "wait", "hours": "1"}, 400),
        ({"act": "shout"}, 400),
        ({}, 400),
    ],
)
async def test_only_what_is_on_the_screen_can_be_done(person, what, status):
    assert (await person(THE_WARDS).does(**what))[0] == status


async def test_another_site_moves_no_finger(person):
    assert (await person(THE_WARDS).does({"sec-fetch-site": "cross-site"}, act="follow"))[0] == 403


async def test_whoever_has_no_cookie_has_no_phone_and_strange_accounts_are_nowhere(played, person):
    async with aiohttp.ClientSession() as stranger, stranger.get(f"{played.url}{PHONE}/{THE_WARDS}") as seen:
        assert seen.status == 401
    assert (await person("1").does(act="follow"))[0] == 404


async def test_health_names_the_accounts_and_no_secret(played):
    async with aiohttp.ClientSession() as http, http.get(played.url + "/healthz") as response:
        text = await response.text()
        told = await response.json()

    assert response.status == 200
    assert [(each["name"], each["type"], each["state"]) for each in told["zalo"]] == [
        ("Công an phường Trà Vinh", "government", "ok"),
        ("Công an tỉnh Vĩnh Long", "enterprise", "ok"),
    ]
    assert "AT-" not in text
    assert "RT-" not in text


async def test_an_account_in_trouble_is_named_and_the_process_is_well(played):
    async with played.house.db.transaction() as tx:
        row = await tx.zalo_accounts.get(THE_WARDS)
        await tx.zalo_accounts.stop(THE_WARDS, row.generation, "Zalo refused to renew the token (-14014).")

    async with aiohttp.ClientSession() as http, http.get(played.url + "/healthz") as response:
        told = await response.json()

    assert response.status == 200
    assert told["zalo"][0]["state"] == "trouble"
    assert "-14014" in told["zalo"][0]["reason"]
    assert told["zalo"][1]["state"] == "ok"


async def test_an_unsigned_event_is_not_believed(played):
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{played.url}/zalo", json={"event_name": "follow"}) as response:
            assert response.status == 401
        async with http.get(f"{played.url}/zalo") as response:
            assert response.status == 405


async def test_the_callback_page_hands_the_code_over_and_keeps_nothing(played):
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{played.url}/zalo/callback?code=abc%3Cb%3E&oa_id=1&state=s") as response:
            page = await response.text()
            assert response.status == 200
            assert "no-store" in response.headers["cache-control"]
            assert COOKIE not in response.cookies
        async with http.get(f"{played.url}/zalo/callback") as response:
            assert response.status == 400

    assert "/zalo/callback?code=abc%3Cb%3E&amp;oa_id=1&amp;state=s" in page


async def test_the_page_has_the_tab_only_where_there_is_a_phone(played, monkeypatch, tmp_path):
    async with aiohttp.ClientSession() as http, http.get(played.url) as response:
        assert f'href="{PHONE}"' in await response.text()

    monkeypatch.setattr(demo_zalo, "REPOSITORY", tmp_path)
    async with local_zalo(1, utc_now) as zalo:
        assert zalo is None


async def test_the_unit_of_an_account_is_where_its_followers_begin(played):
    async with played.house.db.reading() as tx:
        assert (await tx.zalo_accounts.get(THE_WARDS)).unit == WARD


# ── What else a phone does, and the office ───────────────────────────────────────────────────────────────────────


def notes(talk: Talk) -> list[str]:
    return [line["text"] for line in talk["lines"] if line["by"] == "note"]


@pytest.mark.parametrize("act", ["picture", "place"])
async def test_a_picture_and_a_place_stand_on_the_screen_and_are_answered(played, person, act):
    phone = person(THE_WARDS)
    await phone.does(act="follow")
    before = await phone.hears(said)

    await phone.does(act=act)
    talk = await phone.hears(lambda talk: len(said(talk)) > len(said(before)))

    assert [line["has"] for line in talk["lines"] if line["by"] == "you"] == [act]


async def test_while_an_officer_answers_the_assistant_keeps_quiet_until_the_menu_is_tapped(played, person):
    phone = person(THE_WARDS)
    await phone.does(act="follow")
    before = await phone.hears(said)
    await phone.does(act="officer")

    await phone.does(act="say", text="bao giờ thì xong ạ?")
    await phone.does(act="pick", item=0)
    talk = await phone.hears(lambda talk: len(said(talk)) > len(said(before)))

    assert notes(talk) == ["officer"]
    assert [line["by"] for line in talk["lines"]] == ["oa", "officer", "note", "you", "oa"], (
        "one answer, to the menu"
    )
    assert "đang mở ở phường Trà Vinh" in said(talk)[-1]


async def test_who_asks_zalo_to_delete_their_data_has_left_nothing(played, person):
    phone = person(THE_WARDS)
    await phone.does(act="follow")
    await phone.hears(said)
    await phone.does(act="tap", line=0, button=0)
    await phone.hears(lambda talk: len(said(talk)) > 1)
    assert await with_answers(played) == 1

    await phone.does(act="withdraw")
    async with asyncio.timeout(PATIENCE):
        while True:
            if not await with_answers(played):
                break
            await asyncio.sleep(0.02)

    talk = await phone.looks()
    assert notes(talk) == ["withdrawn"]
    assert len(said(talk)) == 2, "who wants to be forgotten is not written to"


async def with_answers(played: Played) -> int:
    """Sessions in which there is anything."""
    house = played.house
    async with house.db.reading() as tx:
        [wave] = [wave.id for wave in await tx.waves.all() if wave.slug == "nguoi-dan"]
        rests = [
            house.vault.open_body(wave, nullifier, body)
            async for nullifier, body in tx.sessions.of_wave(wave)
        ]
    return sum(bool(body) for body in rests)


async def test_the_window_is_free_then_billed_then_closed_and_the_menu_opens_it_again(played, person):
    phone = person(THE_WARDS)
    assert (await phone.looks())["window"] == {"state": "never", "hours": 0}
    await phone.does(act="follow")
    assert (await phone.hears(said))["window"] == {"state": "free", "hours": 48}

    await phone.does(act="wait", hours=49)
    assert (await phone.looks())["window"] == {"state": "billed", "hours": 119}
    await phone.does(act="notify")
    talk = await phone.looks()
    assert "chủ động nhắn" in said(talk)[-1]

    await phone.does(act="wait", hours=24 * 7)
    await phone.does(act="notify")
    refused = await phone.looks()
    assert (refused["window"]["state"], notes(refused)) == ("closed", ["waited.49", "waited.168", "closed"])
    assert said(refused) == said(talk)
    assert refused["clock"] != talk["clock"]

    await phone.does(act="pick", item=1)
    talk = await phone.hears(lambda talk: len(said(talk)) > 2)
    assert "thông báo mới" in said(talk)[-1]
    assert talk["window"] == {"state": "free", "hours": 48}
    await phone.does(act="notify")
    assert "chủ động nhắn" in said(await phone.looks())[-1]


async def test_time_passes_for_one_phone_alone(played, person):
    mine, other = person(THE_WARDS), person(THE_PROVINCES)
    for phone in (mine, other):
        await phone.does(act="follow")
        await phone.hears(said)

    await mine.does(act="wait", hours=200)

    assert (await mine.looks())["window"]["state"] == "closed"
    assert (await other.looks())["window"]["state"] == "free"
