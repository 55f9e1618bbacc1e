"""Papers typed in over the web: nothing lost, nothing twice, and on the disk before it says so."""

import re
from collections.abc import AsyncIterator
from datetime import date
from urllib.parse import urlencode

import aiohttp
import pytest

from surveys import clerks
from surveys.clerks import ClerkLink
from surveys.forms.session import Mode
from tests.journeys.conftest import town as town  # the same town, as a fixture
from tests.journeys.town import LONG_DUC, TRA_VINH, Town
from tests.web.visits import site_of

RECEIPT = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}")
SLUG = "nam-2026"
GOOD = {"q.kip_thoi": "5", "q.chung": "4", "q.gop_y": "Ghế chờ ít quá"}


@pytest.fixture
async def url(town: Town) -> AsyncIterator[str]:
    await town.opens_yearly()
    async with site_of(town) as url:
        yield url


def link_of(town: Town, mode: Mode = Mode.PAPER, **changed: object) -> str:
    made = {"id": "l1", "wave": SLUG, "unit": LONG_DUC, "by": TRA_VINH, "until": date(2026, 11, 30)} | changed
    return "/phieu-giay/" + clerks.mint(ClerkLink(mode=mode, **made), town.vault.entry_key)  # type: ignore[arg-type]


async def posts(url: str, fields: dict[str, str], site: str = "same-origin") -> tuple[int, str]:
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": site}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=urlencode(fields), headers=headers) as response,
    ):
        return response.status, await response.text()


async def gets(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_a_paper_becomes_a_session_with_its_mode(town: Town, url: str) -> None:
    status, page = await posts(url + link_of(town), GOOD | {"number": "17"})

    assert status == 200
    assert "Đã lưu phiếu số 17." in page
    [session] = await town.sessions(1)
    assert (session.unit, session.mode, session.stream) == (LONG_DUC, "paper", "invited")
    assert {name: value for name, value in session.answers if value} == {
        "kip_thoi": "5",
        "chung": "4",
        "gop_y": "Ghế chờ ít quá",
    }
    assert (session.begun_hour, session.seconds) != (None, 0)
    assert session.seed == "17"  # by which it was judged: at sealing the same questions arise


async def test_the_same_number_replaces_and_another_one_adds(town: Town, url: str) -> None:
    place = url + link_of(town)
    await posts(place, GOOD | {"number": "17"})
    [before] = await town.sessions(1)

    _, page = await posts(place, GOOD | {"number": "17", "q.chung": "2"})
    assert "thay cho phiếu số 17" in page
    [after] = await town.sessions(1)
    assert (after.receipt, dict(after.answers)["chung"]) == (before.receipt, "2")

    await posts(place, GOOD | {"number": "18"})
    await posts(url + link_of(town, id="l2"), GOOD | {"number": "17"})
    assert len(await town.sessions(1)) == 3


async def test_what_is_wrong_is_shown_beside_its_question_and_nothing_is_lost(town: Town, url: str) -> None:
    status, page = await posts(
        url + link_of(town), GOOD | {"number": "3", "q.gop_y": "gọi <b>0912345678</b>", "q.kip_thoi": "nine"}
    )

    assert status == 422
    assert "Chưa lưu: còn 2 chỗ" in page
    assert "gọi &lt;b&gt;0912345678&lt;/b&gt;</textarea>" in page
    assert 'name="q.chung" value="4" checked' in page
    assert 'name="whole.gop_y"' in page
    assert await town.sessions(1) == []


async def test_an_empty_paper_or_one_without_a_number_is_not_saved(town: Town, url: str) -> None:
    for fields in ({"number": "1"}, dict(GOOD), GOOD | {"number": "x" * 21}):
        status, page = await posts(url + link_of(town), fields)
        assert status == 422
        assert 'class="fault"' in page
    assert await town.sessions(1) == []


async def test_whoever_is_read_to_gets_a_receipt_and_is_counted_once(town: Town, url: str) -> None:
    place = url + link_of(town, Mode.ASSISTED)
    _, page = await gets(place)
    number = re.search(r'name="number" value="([0-9a-f]+)"', page)
    opened = re.search(r'name="opened" value="(\d+)"', page)
    assert number
    assert opened
    town.clock.advance(minutes=4)
    fields = GOOD | {"number": number[1], "opened": opened[1]}

    _, page = await posts(place, fields)
    again = (await posts(place, fields))[1]

    [session] = await town.sessions(1)
    assert (session.mode, session.seconds) == ("assisted", 240)
    assert RECEIPT.search(page)
    assert RECEIPT.findall(page) == RECEIPT.findall(again) == [session.receipt]
    following = re.search(r'name="number" value="([0-9a-f]+)"', page)
    assert following
    assert following[1] != number[1]


async def test_a_form_on_another_site_types_nothing_in(town: Town, url: str) -> None:
    status, page = await posts(url + link_of(town), GOOD | {"number": "1"}, site="cross-site")

    assert (status, await town.sessions(1)) == (403, [])
    assert "Chưa lưu" in page


async def test_a_link_ends_with_its_last_day_and_with_its_wave(town: Town, url: str) -> None:
    assert (await gets(url + link_of(town, until=date(2026, 11, 22))))[0] == 200
    town.clock.advance(days=1)
    assert (await gets(url + link_of(town, until=date(2026, 11, 22))))[0] == 410
    assert (await posts(url + link_of(town, until=date(2026, 11, 22)), GOOD | {"number": "1"}))[0] == 410
    town.clock.advance(days=18)
    assert (await gets(url + link_of(town, until=date(2026, 12, 31))))[0] == 410


@pytest.mark.parametrize("changed", [{"wave": "nirgends"}, {"unit": "29999"}])
async def test_a_link_to_what_is_not_asked_is_closed(
    town: Town, url: str, changed: dict[str, object]
) -> None:
    assert (await gets(url + link_of(town, **changed)))[0] == 410


async def test_a_link_of_nobody_is_nowhere(url: str) -> None:
    for place in ("x", "x" * 399, "x" * 2000):
        assert (await gets(f"{url}/phieu-giay/{place}"))[0] == 404


async def test_what_is_too_large_is_not_read(town: Town, url: str) -> None:
    assert (await posts(url + link_of(town), GOOD | {"number": "1", "q.gop_y": "x" * 300_000}))[0] == 413
