"""The local Zalo is as strict as the real one: what it refuses, we may not send. The official vectors hold."""

import hmac
import json
import random
from hashlib import sha256

import aiohttp
import pytest

from tests.zalo_server.events import VECTOR, mac, written
from tests.zalo_server.oauth import PKCE_VECTOR, challenge_of
from tests.zalo_server.server import VIOLATION, ZaloServer
from tests.zalo_server.world import ENTERPRISE, PERSONAL


@pytest.fixture
async def zalo():
    async with ZaloServer() as server:
        yield server


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


def test_the_signature_vector():
    raw = VECTOR["body"].encode()

    assert len(raw) == 266
    assert f"mac={mac(VECTOR['app_id'], raw, VECTOR['timestamp'], VECTOR['oa_key'])}" == VECTOR["header"]


def test_the_pkce_vector():
    assert challenge_of(PKCE_VECTOR[0]) == PKCE_VECTOR[1]


def test_the_proof_vector():
    proof = hmac.new(b"appSecretKey", b"accessToken", sha256).hexdigest()

    assert proof == "0584869ec908cfecf20763760e69c4baca98ac64aaeb6a938f47ca758dfe779f"


def test_an_event_is_written_in_many_ways_and_means_the_same():
    event = {"a": "Xin chào", "b": {"c": "1"}, "timestamp": "1782000000123"}
    dice = random.Random(1)

    ways = {written(event, dice) for _ in range(50)}

    assert len(ways) > 5
    assert all(json.loads(way) == event for way in ways)


async def send(
    http: aiohttp.ClientSession, zalo: ZaloServer, path: str, body: object, token: str | None = None
):
    token = token or zalo.oauth.issue(zalo.oa.id)["access_token"]
    async with http.post(f"{zalo.openapi_url}{path}", json=body, headers={"access_token": token}) as response:
        return response.status, await response.json(content_type=None) if response.status == 200 else {}


def to(resident: str, **message: object) -> dict[str, object]:
    return {"recipient": {"user_id": resident}, "message": message}


@pytest.mark.parametrize(
    ("type", "path", "error"),
    [
        (ENTERPRISE, "/v3.0/oa/message/cs", 0),
        (ENTERPRISE, "/v2.0/oa/message", -240),
        (4, "/v3.0/oa/message/cs", -235),
        (4, "/v2.0/oa/message", 0),
        (PERSONAL, "/v3.0/oa/message/cs", -235),
        (PERSONAL, "/v2.0/oa/message", -235),
    ],
)
async def test_each_type_of_account_has_its_address(zalo, http, type: int, path: str, error: int):
    zalo.oa.type = type
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")

    _, answer = await send(http, zalo, path, to(resident.id, text="Xin chào"))

    assert answer["error"] == error


async def test_the_window_closes_after_seven_days(zalo, http):
    resident = zalo.world.resident(zalo.oa)
    codes = []
    for wait in (0, 3 * 86_400, 5 * 86_400):
        zalo.time.pass_by(wait)
        if not wait:
            codes.append((await send(http, zalo, "/v2.0/oa/message", to(resident.id, text="a")))[1]["error"])
            resident.says("chào")
        codes.append((await send(http, zalo, "/v2.0/oa/message", to(resident.id, text="a")))[1]["error"])

    assert codes == [-232, 0, 0, -230]
    assert zalo.oa.billed == 1


@pytest.mark.parametrize(
    "body",
    [
        {"recipient": {"user_id": 186729651760683225}, "message": {"text": "a"}},
        {"recipient": {"user_id": "186729651760683225"}, "message": {"text": "a"}, "priority": 1},
        {"recipient": {"user_id": "186729651760683225"}, "message": {"text": 1}},
        to(
            "186729651760683225",
            text="a",
            attachment={
                "type": "template",
                "payload": {"template_type": "button", "buttons": []},
            },
        ),
        to(
            "186729651760683225",
            text="a",
            attachment={
                "type": "template",
                "payload": {"buttons": [{"title": "1", "type": "oa.query.hide", "payload": {"x": 1}}]},
            },
        ),
    ],
)
async def test_what_nobody_documents_is_a_violation(zalo, http, body):
    status, _ = await send(http, zalo, "/v2.0/oa/message", body)

    assert status == VIOLATION
    assert zalo.violations != []


async def test_a_refresh_token_works_once_and_ends_the_pair_before(zalo, http):
    first = zalo.oauth.issue(zalo.oa.id)
    form = {"app_id": zalo.app.id, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    headers = {"secret_key": zalo.app.secret}
    address = f"{zalo.oauth_url}/v4/oa/access_token"
    answers = []
    for _ in range(2):
        async with http.post(address, data=form, headers=headers) as response:
            answers.append(await response.json())
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")

    _, old = await send(
        http, zalo, "/v2.0/oa/message", to(resident.id, text="a"), token=first["access_token"]
    )

    assert answers[0]["expires_in"] == "90000"
    assert answers[1]["error"] == -14014
    assert old["error"] == -216


async def test_the_ladder_brings_an_event_again_until_it_is_answered_or_dropped(zalo):
    resident = zalo.world.resident(zalo.oa)
    brought: list[tuple[bytes, str | None]] = []

    async def away(body: bytes, headers: dict[str, str]):
        brought.append((body, headers.get("num_retry")))
        return 503, {}, b""

    zalo.sender.post = away
    resident.says("chào")
    await zalo.bring()
    await zalo.passes(3 * 3600)

    assert [number for _, number in brought] == [None, "1", "2", "3", "4", "5"]
    assert len({body for body, _ in brought}) == 1
    assert len(zalo.sender.dropped) == 1


async def test_only_what_was_sent_can_be_tapped(zalo, http):
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")
    button = {"title": "1. Hài lòng", "type": "oa.query.hide", "payload": "#1"}
    await send(
        http,
        zalo,
        "/v2.0/oa/message",
        to(resident.id, text="?", attachment={"type": "template", "payload": {"buttons": [button]}}),
    )

    event = resident.taps("1. Hài lòng")

    assert event["message"]["text"] == "#1"
    with pytest.raises(AssertionError):
        resident.taps("2. Không")


async def test_the_bot_platform_gives_one_update_and_says_408_when_there_is_none(zalo, http):
    chatter = zalo.bots.chatter()
    chatter.says("4")
    address = f"{zalo.bots_url}/bot{zalo.bots.token}/getUpdates"
    answers = []
    for _ in range(2):
        async with http.post(address, json={"timeout": "30"}) as response:
            answers.append(await response.json())

    assert answers[0]["result"]["message"]["text"] == "4"
    assert answers[1]["error_code"] == 408


# ── Articles and ratings ─────────────────────────────────────────────────────────────────────────────────────────

ARTICLE = {
    "type": "normal",
    "title": "Lịch tiếp dân",
    "author": "Công an phường",
    "cover": {"cover_type": "photo", "photo_url": "https://langnghe.test/a.jpg", "status": "show"},
    "description": "Sáng thứ bảy",
    "body": [
        {"type": "text", "content": "Từ 8 giờ."},
        {"type": "image", "url": "https://langnghe.test/b.jpg"},
    ],
    "status": "show",
    "comment": "hide",
}


async def test_an_article_of_all_that_is_documented_is_taken(zalo, http):
    _, answer = await send(http, zalo, "/v2.0/article/create", ARTICLE)

    assert answer["error"] == 0
    assert zalo.violations == []


@pytest.mark.parametrize(
    "fault",
    [
        {"type": "video"},
        {"title": ""},
        {"title": "a" * 151},
        {"description": "a" * 301},
        {"author": 7},
        {"cover": "https://langnghe.test/a.jpg"},
        {"cover": {"cover_type": "photo", "photo_url": "http://langnghe.test/a.jpg", "status": "show"}},
        {"body": [{"type": "text", "text": "Từ 8 giờ."}]},
        {"body": "Từ 8 giờ."},
        {"status": 1},
        {"desc": "Sáng thứ bảy"},
    ],
)
async def test_an_article_otherwise_made_is_a_fault_of_ours(zalo, http, fault):
    status, _ = await send(http, zalo, "/v2.0/article/create", ARTICLE | fault)

    assert status == VIOLATION
    assert len(zalo.violations) == 1


async def ask_for_ratings(http: aiohttp.ClientSession, zalo: ZaloServer, method: str, **query: str):
    token = zalo.oauth.issue(zalo.oa.id)["access_token"]
    asked = {
        "template_id": "1",
        "from_time": "1" * 13,
        "to_time": "9" * 13,
        "offset": "0",
        "limit": "10",
    } | query
    asked = {name: value for name, value in asked.items() if value}
    more = {"json": {}} if method == "POST" else {}
    async with http.request(
        method, f"{zalo.business_url}/rating/get", params=asked, headers={"access_token": token}, **more
    ) as response:
        return response.status, await response.json(content_type=None) if response.status == 200 else {}


async def test_ratings_come_in_pages_that_say_how_many_there_are(zalo, http):
    zalo.oa.rating_templates["1"] = []
    for stars in (5, 4, 3):
        zalo.world.rated(zalo.oa, "1", stars)

    _, first = await ask_for_ratings(http, zalo, "POST", limit="2")
    _, second = await ask_for_ratings(http, zalo, "POST", limit="2", offset="2")

    assert (first["data"]["total"], second["data"]["total"]) == (3, 3)
    assert [line["rate"] for page in (first, second) for line in page["data"]["data"]] == [5, 4, 3]


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", {}),  # while this Zalo wants POST
        ("POST", {"from_time": "1782000000"}),  # seconds
        ("POST", {"limit": "0"}),
        ("POST", {"offset": ""}),
        ("POST", {"oa_id": "579745863508352884"}),
    ],
)
async def test_ratings_otherwise_asked_for_are_a_fault_of_ours(
    zalo, http, method: str, query: dict[str, str]
):
    zalo.oa.rating_templates["1"] = []

    status, _ = await ask_for_ratings(http, zalo, method, **query)

    assert status == VIOLATION


async def test_the_event_of_a_rating_names_neither_the_person_nor_the_template(zalo):
    zalo.oa.rating_templates["123456"] = []
    event = zalo.world.rated(zalo.oa, "123456", 5, note="Tốt")

    assert event.keys() == {"event_name", "timestamp", "oa_id", "message"}
    assert "123456" not in json.dumps(event)
