"""What anybody may open, and what every answer of the site carries."""

import string
from collections.abc import AsyncIterator, Sequence

import aiohttp
import pytest

from bot.web.app import build
from bot.web.board import boards
from bot.web.pages import Pages
from bot.web.words import LANGUAGES, Words, catalogue
from storage.database import Unavailable
from surveys.releases import ReleasedWard
from tests.web import conftest, sample
from tests.web.conftest import Server


async def text_of(server: Server, path: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.url + path, headers=headers) as response,
    ):
        return response, await response.text()


async def test_the_first_page_has_the_chat_and_what_the_ward_sees(server):
    response, page = await text_of(server, "/")

    assert response.status == 200
    assert 'role="log"' in page
    for name, *_ in sample.WARDS.values():
        assert name in page


async def test_every_figure_stands_beside_its_n_and_its_interval(server):
    _, page = await text_of(server, "/results")

    cards = page.split('class="ward"')[1:]
    assert len(cards) == len(sample.WARDS)
    for ward, card in zip(boards(sample.released())[0].wards, cards, strict=True):
        head = card.partition("<details>")[0]
        figure = ward.index.figure
        assert ward.unit_name in head
        if figure is None:
            assert "khoảng tin cậy" not in head
            continue
        assert f"{figure.numerator}/{figure.denominator} phiếu" in head
        assert "khoảng tin cậy 95\N{NO-BREAK SPACE}%: " in head
        assert Words("vi").percent(figure.share) in head


def test_wards_stand_by_name_as_vietnamese_is_spelt():
    [board] = boards(sample.released())

    names = [ward.unit_name for ward in board.wards]
    assert names == [name for name, *_ in sample.WARDS.values()]


def test_too_few_and_none_at_all_are_the_same_page():
    few = sample.made(sample.WARDS)
    name, invited, _, weights = sample.WARDS["29516"]
    none = sample.made(sample.WARDS | {"29516": (name, invited, 0, weights)})

    assert drawn(few) == drawn(none)


def drawn(released: Sequence[ReleasedWard]) -> str:
    return Pages(demo=False, telegram_url=None, k=10).results("vi", boards(released))


def test_a_small_group_that_agrees_has_a_bound_and_no_figure():
    page = drawn(sample.released())
    card = page.partition('id="nam-2026-29254"')[2].partition("<details>")[0]

    assert "≥ 90 %" in card
    assert "dưới 10 người" in card
    assert "khoảng tin cậy 95" not in card


def test_before_anything_is_released_the_page_says_so():
    assert "Chưa có đợt nào được công bố" in drawn([])


def test_a_later_release_is_seen_at_once():
    pages = Pages(demo=False, telegram_url=None, k=10)
    before = pages.results("vi", ())

    after = pages.results("vi", boards(sample.released()))

    assert before != after
    assert pages.results("vi", ()) == before


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_speaks_every_language(server, language):
    response, page = await text_of(server, f"/?lang={language}")

    assert f'<html lang="{language}">' in page
    assert Words(language)("results.never_title") in page
    assert response.cookies["langnghe_language"].value == language


async def test_a_language_of_nobody_is_vietnamese(server):
    _, page = await text_of(server, "/?lang=xx")

    assert '<html lang="vi">' in page


def test_every_catalogue_is_complete_and_takes_the_same_values():
    def values(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    original = catalogue("vi")
    for language in LANGUAGES:
        other = catalogue(language)
        assert other.keys() == original.keys()
        for key, text in original.items():
            assert values(other[key]) == values(text), (language, key)


@pytest.mark.parametrize(
    "path", ["/", "/results", "/healthz", "/nothing", "/static/nothing.js", "/chat/events"]
)
async def test_every_answer_forbids_what_the_page_does_not_need(server, path):
    response, _ = await text_of(server, path)

    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["cache-control"] == "no-store"
    assert "server" not in response.headers


async def test_the_page_loads_nothing_from_elsewhere(server):
    _, page = await text_of(server, "/")

    assert "https://" not in page
    assert 'src="http' not in page
    assert " style=" not in page  # the policy would drop it
    assert "<script>" not in page


async def test_files_are_named_by_their_content_and_kept_for_ever(server):
    _, page = await text_of(server, "/")
    script = page.partition('<script src="')[2].partition('"')[0]

    response, content = await text_of(server, script)

    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in response.headers["cache-control"]
    assert "EventSource" in content


async def test_the_script_is_small_and_old_phones_can_read_it(server):
    _, page = await text_of(server, "/")
    script = page.partition('<script src="')[2].partition('"')[0]

    _, content = await text_of(server, script)

    assert len(content) < 20_000
    for newer_than_2017 in ("?.", "??", "...", "||=", "replaceAll", "AbortController", ".at(", "static {"):
        assert newer_than_2017 not in content


async def test_what_is_not_there_is_said_in_a_sentence(server):
    response, page = await text_of(server, "/nothing")

    assert response.status == 404
    assert "Không có trang này." in page


async def test_health_is_json(server):
    response, content = await text_of(server, "/healthz")

    assert response.status == 200
    assert content == '{"status":"ok"}'


async def asked(app: object, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    sent: list[dict] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [], "root_path": "",
    }  # fmt: skip

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[operator]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


async def test_an_ill_process_says_so_with_its_status():
    async def ill() -> dict[str, object]:
        return {"status": "ill", "database": "away"}

    app = build(results=conftest.results, web_chat=None, webhooks={}, health=ill, cookie_key=conftest.KEY)

    status, _, body = await asked(app, "/healthz")

    assert status == 503
    assert b"away" in body


async def test_a_database_away_is_a_page_that_says_to_come_back():
    async def away() -> AsyncIterator[object]:
        raise Unavailable("away")

    app = build(
        results=away, web_chat=None, webhooks={}, health=conftest.health, cookie_key=conftest.KEY, secure=True
    )

    status, headers, body = await asked(app, "/")

    assert status == 503
    assert headers["retry-after"] == "30"
    assert "bảo trì" in body.decode()
    assert "strict-transport-security" in headers


async def test_a_webhook_goes_straight_to_its_channel():
    async def channel(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"taken"})

    app = build(
        results=conftest.results,
        web_chat=None,
        webhooks={"/telegram": channel},
        health=conftest.health,
        cookie_key=conftest.KEY,
    )

    assert await asked(app, "/telegram", "POST") == (200, {}, b"taken")
    assert (await asked(app, "/telegram/more", "POST"))[0] == 404


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (210 / 230, "91,30 %"),
        (0.9, "90,00 %"),
        (0.89996, "89,996 %"),
        (1.0, "100,00 %"),
        (2 / 3, "66,67 %"),
    ],
)
def test_no_share_is_written_as_a_whole_per_cent_it_does_not_reach(share, written):
    assert Words("vi").percent(share).replace("\N{NO-BREAK SPACE}", " ") == written
