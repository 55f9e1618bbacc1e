"""What people answered to rating templates: the event row by row, the results page by page; whatever Zalo says instead."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.contract import Misconfigured, Rejected, RetryAfter, Unknown
from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_events import KNOWN, Nothing, Rated, read
from bot.channels.zalo_ratings import PAGE, Results, Verb
from surveys.ratings import Rating
from tests.contracts.test_zalo_errors import TABLE, TEMPLATES
from tests.zalo_server.server import Fault, ZaloServer

OA, APP, TEMPLATE = "579745863508352884", "431111111111111111", "123456"
ASKED = "/rating/get"
MOMENT = datetime(2026, 6, 21, 0, 0, 1, tzinfo=UTC)
STAMP = str(int(MOMENT.timestamp() * 1000))
DAY = timedelta(days=1)


# ── The event ────────────────────────────────────────────────────────────────────────────────────────────────────


def feedback(**message: Any) -> dict[str, Any]:
    said = {
        "rating_type": "csat",
        "option": "five_emotions",
        "note": "Làm nhanh",
        "rate": 5,
        "submit_time": STAMP,
        "msg_id": "96d3cdf3af150460909",
        "feedbacks": ["Thái độ tốt", "Đúng hẹn"],
        "tracking_id": "",
    }
    stated = {name: value for name, value in (said | message).items() if value is not None}
    return {"event_name": "user_feedback", "message": stated, "app_id": APP, "oa_id": OA, "timestamp": STAMP}


# Section A9 of what is known of Zalo: what comes, what is read of it.
ROWS: list[tuple[dict[str, Any], Rating]] = [
    (feedback(), Rating("96d3cdf3af150460909", 5, MOMENT, "Thái độ tốt\nĐúng hẹn\nLàm nhanh")),
    (feedback(rate="3"), Rating("96d3cdf3af150460909", 3, MOMENT, "Thái độ tốt\nĐúng hẹn\nLàm nhanh")),
    (feedback(note="", feedbacks=[]), Rating("96d3cdf3af150460909", 5, MOMENT)),
    (feedback(note=None, feedbacks=None), Rating("96d3cdf3af150460909", 5, MOMENT)),
    (feedback(note=" \n ", feedbacks=[None, 7, " "]), Rating("96d3cdf3af150460909", 5, MOMENT, "7")),
    (feedback(submit_time=int(STAMP), note=None, feedbacks=None), Rating("96d3cdf3af150460909", 5, MOMENT)),
    (feedback(msg_id=96, note=None, feedbacks=None), Rating("96", 5, MOMENT)),
]


@pytest.mark.parametrize(("event", "rating"), ROWS)
def test_each_event_is_the_rating_that_the_reference_says(event: dict[str, Any], rating: Rating) -> None:
    happened = read(event, "")

    assert isinstance(happened, Rated)
    assert happened.rating == rating
    assert (happened.event.account, happened.event.person) == (OA, "")
    assert happened.event.key == f"user_feedback:{rating.message}"


@pytest.mark.parametrize(
    "event",
    [
        feedback(rate=0),
        feedback(rate=6),
        feedback(rate=True),
        feedback(rate="năm"),
        feedback(rate="²"),
        feedback(rate=None),
        feedback(msg_id=None),
        feedback(submit_time=None),
        feedback(submit_time="hôm qua"),
        feedback(submit_time="9" * 30),
        {"event_name": "user_feedback", "oa_id": OA},
        {"event_name": "user_feedback", "oa_id": OA, "message": []},
    ],
)
def test_an_event_that_is_no_rating_is_counted_as_one_that_nobody_knows(event: dict[str, Any]) -> None:
    happened = read(event, "")

    assert isinstance(happened, Nothing)
    assert happened.event.name not in KNOWN


@given(
    st.dictionaries(
        st.sampled_from(["rate", "note", "feedbacks", "msg_id", "submit_time"]),
        st.none() | st.integers() | st.text() | st.lists(st.text() | st.integers()) | st.booleans(),
    )
)
def test_no_odd_event_breaks_anything(message: dict[str, Any]) -> None:
    happened = read({"event_name": "user_feedback", "oa_id": OA, "message": message}, "")

    if isinstance(happened, Rated):
        assert 1 <= happened.rating.stars <= 5


# ── The results ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloServer]:
    async with ZaloServer() as server:
        server.oa.rating_templates[TEMPLATE] = []
        yield server
    assert server.violations == []


Reader = Callable[..., Results]


@pytest.fixture
async def results(zalo: ZaloServer) -> AsyncIterator[Reader]:
    token = zalo.oauth.issue(zalo.oa.id)["access_token"]

    async def access() -> str:
        return token

    async def renew(old: str) -> str:
        nonlocal token
        token = zalo.oauth.issue(zalo.oa.id)["access_token"]
        return token

    def now() -> datetime:
        return datetime.fromtimestamp(zalo.time(), UTC)

    hosts = Hosts(zalo.oauth_url, zalo.openapi_url, zalo.business_url)
    async with ZaloClient(zalo.app.id, zalo.app.secret, hosts=hosts) as client:

        def made(verb: Verb = "POST") -> Results:
            zalo.rating_verb = verb
            return Results(client, access, renew, now=now, verb=verb)

        yield made


async def all_of(results: Results, zalo: ZaloServer, template: str = TEMPLATE) -> Any:
    now = datetime.fromtimestamp(zalo.time(), UTC)
    return await results.of(template, now - 7 * DAY, now)


@pytest.mark.parametrize("verb", ["POST", "GET"])
async def test_every_rating_of_every_page_is_read_once(zalo: ZaloServer, results: Reader, verb: Verb) -> None:
    zalo.world.most_on_a_page = 7  # fewer than we ask for: a short page is no end
    for number in range(23):
        zalo.world.rated(zalo.oa, TEMPLATE, 1 + number % 5, note=f"số {number}")

    found = await all_of(results(verb), zalo)

    assert len(found) == 23
    assert sorted(each.written for each in found) == sorted(f"số {number}" for number in range(23))
    assert len(zalo.calls(ASKED)) == 4


async def test_as_many_as_fill_a_page_exactly_are_one_page(zalo: ZaloServer, results: Reader) -> None:
    for _ in range(PAGE):
        zalo.world.rated(zalo.oa, TEMPLATE, 4)

    assert len(await all_of(results(), zalo)) == PAGE
    assert len(zalo.calls(ASKED)) == 1


async def test_one_that_is_listed_twice_is_one(zalo: ZaloServer, results: Reader) -> None:
    zalo.world.most_on_a_page = 2
    zalo.world.rated(zalo.oa, TEMPLATE, 4, message="m1")
    zalo.world.rated(zalo.oa, TEMPLATE, 2, message="m2")
    lines = zalo.oa.rating_templates[TEMPLATE]
    lines += lines.copy()

    assert {each.message for each in await all_of(results(), zalo)} == {"m1", "m2"}
    assert len(await all_of(results(), zalo)) == 2


async def test_only_what_was_submitted_between_the_two_moments_is_asked_for(
    zalo: ZaloServer, results: Reader
) -> None:
    zalo.world.rated(zalo.oa, TEMPLATE, 4, message="old", at=zalo.time() - 8 * 86_400)
    zalo.world.rated(zalo.oa, TEMPLATE, 4, message="new")

    assert [each.message for each in await all_of(results(), zalo)] == ["new"]


async def test_no_ratings_are_none(zalo: ZaloServer, results: Reader) -> None:
    assert await all_of(results(), zalo) == ()


async def test_a_line_that_is_no_rating_is_passed_over(zalo: ZaloServer, results: Reader) -> None:
    zalo.world.rated(zalo.oa, TEMPLATE, 4, message="m1")
    stamp = zalo.oa.rating_templates[TEMPLATE][0]["submitDate"]
    zalo.oa.rating_templates[TEMPLATE] += [{"submitDate": stamp, "rate": "?"}, {"submitDate": stamp}]

    assert [each.message for each in await all_of(results(), zalo)] == ["m1"]


async def test_a_template_that_is_not_ours_is_said_to_be(zalo: ZaloServer, results: Reader) -> None:
    assert await all_of(results(), zalo, "999") == Misconfigured("Zalo -117: no right to this template")


@pytest.mark.parametrize(("error", "wanted"), ((TABLE | TEMPLATES) | {-99999: Rejected}).items())
async def test_each_number_says_what_we_must_do(
    zalo: ZaloServer, results: Reader, error: int, wanted: Any
) -> None:
    zalo.fails(ASKED, *[Fault(error=error)] * 2)

    outcome = await all_of(results(), zalo)

    assert isinstance(outcome, wanted) if isinstance(wanted, type) else outcome == wanted


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault(status=502), Unknown),
        (Fault(drop=True), Unknown),
        (Fault(status=429, body=b"slow down"), RetryAfter),
        (Fault(status=200, body=b"no JSON"), Unknown),
        (Fault(status=200, body=json.dumps({"error": 0, "data": []}).encode()), Unknown),
        (Fault(status=200, body=json.dumps({"error": 0, "data": {"data": []}}).encode()), Unknown),
        (
            Fault(status=200, body=json.dumps({"error": 0, "data": {"total": 3, "data": {}}}).encode()),
            Unknown,
        ),
    ],
)
async def test_an_answer_that_is_none_is_not_taken_for_no_ratings(
    zalo: ZaloServer, results: Reader, fault: Fault, wanted: type
) -> None:
    zalo.fails(ASKED, fault)

    assert isinstance(await all_of(results(), zalo), wanted)


async def test_a_page_that_fails_makes_all_of_them_unread(zalo: ZaloServer, results: Reader) -> None:
    zalo.world.most_on_a_page = 2
    for _ in range(5):
        zalo.world.rated(zalo.oa, TEMPLATE, 4)
    answered = asyncio.Event()
    answered.set()
    zalo.fails(ASKED, Fault(until=answered), Fault(status=502))  # the first is answered as it should be

    assert isinstance(await all_of(results(), zalo), Unknown)


async def test_an_old_token_is_renewed_once(zalo: ZaloServer, results: Reader) -> None:
    zalo.world.rated(zalo.oa, TEMPLATE, 4)
    zalo.fails(ASKED, Fault(error=-124))

    assert len(await all_of(results(), zalo)) == 1
