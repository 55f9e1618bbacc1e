"""The web chat over a real socket: what is said is handled before 200, what is heard is never lost."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from tests.patience import PATIENCE
from tests.web.conftest import Server, serving
from tests.web.talker import GREETING, STEPS, THANKS, Talker


@dataclass
class Heard:
    name: str
    id: str
    data: dict


class Stream:
    """Reads server-sent events as a browser does."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self) -> Heard:
        fields: dict[str, str] = {}
        while True:
            async with asyncio.timeout(PATIENCE):
                line = (await self.response.content.readline()).decode().rstrip("\n")
            if line == "" and "data" in fields:
                return Heard(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
            if line == "":
                assert not self.response.content.at_eof(), "the stream has ended"
                fields = {}
                continue
            name, _, value = line.partition(": ")
            fields[name] = value


class Visitor:
    """A browser with the page open."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def opens_the_page(self) -> None:
        async with self.session.get(self.url + "/") as response:
            assert response.status == 200

    async def posts(self, headers: dict[str, str] | None = None, **said: object) -> tuple[int, dict]:
        said.setdefault("key", secrets.token_hex(12))
        async with self.session.post(
            self.url + "/chat/say",
            data=json.dumps(said).encode(),
            headers={"content-type": "application/json", **(headers or {})},
        ) as response:
            return response.status, await response.json()

    async def says(self, **said: object) -> list[dict]:
        status, answer = await self.posts(**said)
        assert status == 200, answer
        return answer["events"]

    @asynccontextmanager
    async def listening(self, after: str = "", **headers: str) -> AsyncIterator[Stream]:
        async with self.session.get(
            self.url + "/chat/events", params={"after": after}, headers=headers
        ) as response:
            assert response.status == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Stream(response)


@pytest.fixture
async def visitor(server: Server, browser_like: aiohttp.ClientSession) -> Visitor:
    visitor = Visitor(browser_like, server.url)
    await visitor.opens_the_page()
    return visitor


async def test_what_is_said_is_answered_on_the_stream_and_with_the_post(visitor):
    async with visitor.listening() as stream:
        hello = await stream.next()
        [event] = await visitor.says(start="")
        heard = await stream.next()

    assert (hello.name, hello.data) == ("hello", {"again": True})
    assert heard.name == "reply"
    assert (heard.id, heard.data) == (event["id"], event["data"])
    assert heard.data["messages"][0]["text"] == GREETING
    assert [option["number"] for option in heard.data["messages"][0]["options"]] == [1, 2, 3]


async def test_it_is_handled_before_it_is_acknowledged(visitor, talker):
    await visitor.says(start="payload", language="km")

    [incoming] = talker.heard
    assert incoming.start == "payload"
    assert incoming.language == "km"
    assert incoming.sender.account == "web"


async def test_a_survey_from_beginning_to_receipt(visitor):
    await visitor.says(start="")
    await visitor.says(tap="0:0")
    [second] = await visitor.says(text="1")
    await visitor.says(tap="2:1")
    await visitor.says(tap="3:5")
    [last] = await visitor.says(text="thêm ghế chờ")

    assert second["data"]["stamp"] == "1/4  Đã ghi."
    assert last["data"]["messages"][0]["text"] == THANKS


async def test_a_post_repeated_with_its_key_changes_nothing(visitor, talker):
    await visitor.says(start="")

    first = await visitor.says(tap="0:0", key="a-key-of-this-page")
    again = await visitor.says(tap="0:0", key="a-key-of-this-page")

    assert first[-1]["data"]["messages"] == again[-1]["data"]["messages"]
    [person] = talker.people.values()
    assert person.answers == ["Đồng ý, bắt đầu"]


async def test_a_page_that_comes_back_hears_what_it_missed(visitor):
    [first] = await visitor.says(start="")
    [second] = await visitor.says(tap="0:0")

    async with visitor.listening(after=first["id"]) as stream:
        hello, missed = await stream.next(), await stream.next()

    assert hello.data == {"again": False}
    assert missed.id == second["id"]


async def test_the_browsers_own_header_counts_more_than_the_address(visitor):
    [first] = await visitor.says(start="")
    [second] = await visitor.says(tap="0:0")

    async with visitor.listening(after=first["id"], **{"Last-Event-ID": second["id"]}) as stream:
        await stream.next()
        [third] = await visitor.says(tap="1:0")
        heard = await stream.next()

    assert heard.id == third["id"]


async def test_a_post_brings_what_the_page_has_not_read(visitor):
    [first] = await visitor.says(start="")
    [second] = await visitor.says(tap="0:0")

    events = await visitor.says(again=True, after=first["id"])

    assert events[0]["id"] == second["id"]
    assert len(events) == 2


async def test_after_a_restart_the_page_is_told_to_ask_again(talker, browser_like):
    async with serving(talker) as server:
        visitor = Visitor(browser_like, server.url)
        await visitor.opens_the_page()
        await visitor.says(start="")
        [read] = await visitor.says(tap="0:0")
        port = int(server.url.rpartition(":")[2])
    async with serving(talker, port):
        async with visitor.listening(after=read["id"]) as stream:
            hello = await stream.next()
        [again] = await visitor.says(again=True, after=read["id"])

    assert hello.data == {"again": True}
    assert again["data"]["messages"][0]["text"] == STEPS[1][0]


async def test_two_open_pages_of_one_visitor_hear_the_same(visitor):
    async with visitor.listening() as one, visitor.listening() as other:
        await one.next(), await other.next()
        await visitor.says(start="")
        heard = await one.next(), await other.next()

    assert heard[0] == heard[1]


async def test_a_fifth_page_closes_the_first(visitor):
    async with visitor.listening() as first:
        await first.next()
        async with visitor.listening() as a, visitor.listening() as b, visitor.listening() as c:
            await a.next(), await b.next(), await c.next()
            async with visitor.listening() as fifth:
                await fifth.next()
                async with asyncio.timeout(PATIENCE):
                    rest = await first.response.content.read()

    assert b"data:" not in rest


async def test_visitors_never_hear_each_other(server, visitor):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        other = Visitor(session, server.url)
        await other.opens_the_page()
        async with visitor.listening() as stream:
            await stream.next()
            await other.says(start="")
            [mine] = await visitor.says(start="")
            heard = await stream.next()

    assert heard.id == mine["id"]


async def test_the_cookie_is_random_signed_and_out_of_the_scripts_reach(server):
    cookies = []
    for _ in range(2):
        async with aiohttp.ClientSession() as session, session.get(server.url + "/") as response:
            cookies.append(response.headers["set-cookie"])

    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
    assert cookies[0] != cookies[1]


async def test_who_has_a_cookie_keeps_it(visitor):
    async with visitor.session.get(visitor.url + "/") as response:
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    "cookie",
    ["", "langnghe_visitor=x", "langnghe_visitor=" + "A" * 22 + "." + "0" * 32],
)
async def test_a_forged_cookie_is_nobody(server, talker, cookie):
    async with aiohttp.ClientSession(headers={"cookie": cookie}) as session:
        visitor = Visitor(session, server.url)
        status, answer = await visitor.posts(start="")
        async with session.get(server.url + "/chat/events") as response:
            listened = response.status

    assert (status, answer, listened) == (401, {"reason": "visitor"}, 401)
    assert talker.heard == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
    ],
)
async def test_a_post_from_another_site_is_refused(visitor, talker, headers):
    assert await visitor.posts(headers, start="") == (403, {"reason": "foreign"})
    assert talker.heard == []


async def test_a_post_from_our_own_page_is_taken_behind_a_tls_proxy_too(visitor):
    host = visitor.url.partition("//")[2]

    status, _ = await visitor.posts({"origin": f"https://{host}"}, start="")

    assert status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b"[" * 5000, 400),
        (b'{"key":"12345678"}', 400),
        (b'{"key":"12345678","text":""}', 400),
        (b'{"key":"12345678","text":"  "}', 400),
        (b'{"key":"12345678","text":5}', 400),
        (b'{"key":"12345678","text":"a","tap":"b"}', 400),
        (b'{"key":"short","text":"a"}', 400),
        (b'{"key":"1234 5678","text":"a"}', 400),
        (b'{"text":"a"}', 400),
        (b'{"key":"12345678","tap":"' + b"a" * 300 + b'"}', 400),
        (b'{"key":"12345678","tap":"\xc4\x91"}', 400),
        (b'{"key":"12345678","after":5,"tap":"a"}', 400),
        (b'{"key":"12345678","text":"' + b"a" * 2001 + b'"}', 413),
        (b'{"key":"12345678","text":"' + b"a" * 20_000 + b'"}', 413),
    ],
)
async def test_what_our_page_would_never_post_is_refused_and_not_handled(visitor, talker, body, status):
    async with visitor.session.post(
        visitor.url + "/chat/say", data=body, headers={"content-type": "application/json"}
    ) as response:
        assert response.status == status

    assert talker.heard == []


async def test_a_body_without_a_length_is_capped_all_the_same(visitor, talker):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    async with visitor.session.post(
        visitor.url + "/chat/say", data=endless(), headers={"content-type": "application/json"}
    ) as response:
        assert response.status == 413

    assert talker.heard == []


async def test_the_database_away_is_503_and_the_same_key_works_later(visitor, talker):
    talker.is_away = True
    refused, answer = await visitor.posts(start="", key="one-and-the-same")
    talker.is_away = False
    [event] = await visitor.says(start="", key="one-and-the-same")

    assert (refused, answer) == (503, {"reason": "unavailable"})
    assert event["data"]["messages"][0]["text"] == GREETING


async def test_faster_than_a_person_is_asked_to_wait(talker, browser_like):
    # Its clock stands still: on a busy machine sixty posts could take as long as a person would.
    async with serving(talker, clock=lambda: 0.0) as server:
        visitor = Visitor(browser_like, server.url)
        await visitor.opens_the_page()
        statuses = [(await visitor.posts(again=True))[0] for _ in range(60)]

    assert statuses[:40] == [200] * 40
    assert 429 in statuses


async def test_a_document_is_handed_over(visitor):
    [event] = await visitor.says(text="dữ liệu của tôi")

    [message] = event["data"]["messages"]
    assert message["file"]["name"] == "du-lieu.json"


async def test_ctrl_c_ends_open_streams_at_once_and_cuts_none(talker, browser_like, caplog):
    async with serving(talker) as server:
        visitor = Visitor(browser_like, server.url)
        await visitor.opens_the_page()
        responses = [await browser_like.get(server.url + "/chat/events") for _ in range(3)]
        for response in responses:
            await Stream(response).next()

    for response in responses:
        await response.content.read()  # to an orderly end
    assert "graceful shutdown exceeded" not in caplog.text, "the server waited out its grace, and cut them"


async def test_a_restarted_server_takes_the_same_port_at_once(browser_like):
    async with serving(Talker()) as server:
        port = int(server.url.rpartition(":")[2])
        await Visitor(browser_like, server.url).opens_the_page()
    async with serving(Talker(), port) as server:
        await Visitor(browser_like, server.url).opens_the_page()
