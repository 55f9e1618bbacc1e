"""What goes to people whose window is closed: an article to all, a template to one, its cost agreed to before."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.contract import Misconfigured, Rejected, RetryAfter, Sent, Unknown
from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_outside import Outside, Quote, Target, quote
from tests.zalo_server.server import Fault, ZaloServer

TEMPLATE = "123456"


@pytest.fixture
async def zalo():
    async with ZaloServer() as server:
        server.oa.templates.add(TEMPLATE)
        yield server
    assert server.violations == []


@pytest.fixture
async def outside(zalo):
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
        yield Outside(client, access, renew, now=now)


def at_vietnams(zalo: ZaloServer, hour: int) -> None:
    now = datetime.fromtimestamp(zalo.time(), UTC) + timedelta(hours=7)
    zalo.time.pass_by(((hour - now.hour) % 24) * 3600 - now.minute * 60)


# ── Articles ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_article_goes_to_everybody_who_follows(zalo, outside):
    at_vietnams(zalo, 9)

    assert isinstance(await outside.broadcast("4402c73f7e7a9724ce6b"), Sent)

    [body] = zalo.oa.broadcasts
    assert body["recipient"] == {"target": {}}


async def test_a_target_is_text_and_only_what_was_asked_for(zalo, outside):
    at_vietnams(zalo, 9)

    assert isinstance(await outside.broadcast("4402c73f7e7a9724ce6b", Target(cities="4", ages="0,1")), Sent)

    assert zalo.oa.broadcasts[0]["recipient"] == {"target": {"ages": "0,1", "cities": "4"}}


async def test_at_night_it_waits_for_the_morning(zalo, outside):
    at_vietnams(zalo, 23)

    outcome = await outside.broadcast("4402c73f7e7a9724ce6b")

    assert isinstance(outcome, RetryAfter)
    assert timedelta(hours=6) < outcome.delay < timedelta(hours=8)
    assert zalo.oa.broadcasts == []


async def test_a_lost_answer_to_a_broadcast_is_never_asked_again(zalo, outside):
    at_vietnams(zalo, 9)
    zalo.faults["/v2.0/oa/message"].append(Fault(drop=True, done_first=True))

    assert isinstance(await outside.broadcast("4402c73f7e7a9724ce6b"), Unknown)

    assert len(zalo.oa.broadcasts) == 1


async def test_an_article_is_waited_for(zalo, outside):
    zalo.oa.articles["the-token"] = 1

    assert await outside.article("the-token") == RetryAfter(timedelta(minutes=1))
    assert await outside.article("the-token") == "the-token"


# ── Templates ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_cost_is_count_times_price_and_none_without_a_price():
    assert quote(1200, 120) == Quote(1200, 120)
    assert Quote(1200, 120).total == 144_000
    assert quote(1200, None) is None
    assert quote(1200, 0) == Quote(1200, 0)


def test_nobody_is_nobody_who_agrees():
    with pytest.raises(ValueError, match="by name"):
        Quote(1, 120).agreed(" ")


async def test_a_template_reaches_who_has_not_written_for_long(zalo, outside):
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")
    zalo.time.pass_by(30 * 86_400)
    order = Quote(1, 120).agreed("Nguyễn Văn A")

    assert isinstance(await outside.template(order, resident.id, TEMPLATE, {"ten": "ông/bà"}), Sent)

    [bought] = zalo.oa.bought
    assert (bought["user_id"], bought["template_data"]) == (resident.id, {"ten": "ông/bà"})


async def test_not_one_more_than_was_agreed_to(zalo, outside):
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")
    order = Quote(2, 120).agreed("Nguyễn Văn A")

    outcomes = [await outside.template(order, resident.id, TEMPLATE, {}) for _ in range(3)]

    assert [type(each) for each in outcomes] == [Sent, Sent, Misconfigured]
    assert len(zalo.oa.bought) == 2


async def test_what_was_refused_is_not_taken_off(zalo, outside):
    resident = zalo.world.resident(zalo.oa)
    order = Quote(1, 120).agreed("Nguyễn Văn A")

    assert isinstance(await outside.template(order, resident.id, "999", {}), Rejected)
    assert order.left == 1


async def test_what_may_have_been_sent_is_taken_off(zalo, outside):
    resident = zalo.world.resident(zalo.oa)
    resident.says("chào")
    order = Quote(1, 120).agreed("Nguyễn Văn A")
    zalo.faults["/v3.0/oa/message/template"].append(Fault(drop=True, done_first=True))

    assert isinstance(await outside.template(order, resident.id, TEMPLATE, {}), Unknown)
    assert order.left == 0
    assert len(zalo.oa.bought) == 1
