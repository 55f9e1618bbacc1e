"""What goes to people whose window is closed: an article to all, a template to one, its cost agreed to before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.contract import Misconfigured, Rejected, RetryAfter, Sent, Unknown
from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_outside import Outside
from surveys.outside import Article, Quote, Target, quote
from tests.contracts.test_zalo_errors import TABLE, TEMPLATES
from tests.zalo_server.server import Fault, ZaloServer

TEMPLATE = "123456"
NEWS = Article(
    "Lịch cấp căn cước lưu động",
    "Công an phường Long Đức",
    "Ngày 5/12, từ 8 giờ, tại nhà văn hóa khóm 3.",
    "https://langnghe.test/lich.jpg",
    ("Ông/bà mang theo giấy tờ cũ.", "Không thu tiền, không hỏi mã OTP."),
)


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


async def published(zalo: ZaloServer, outside: Outside) -> str:
    """The id of an article that may be broadcast."""
    token = await outside.create(NEWS)
    assert isinstance(token, str)
    zalo.oa.articles[token] = 0
    id = await outside.article(token)
    assert isinstance(id, str)
    return id


async def test_an_article_is_created_processed_and_then_goes_to_everybody_who_follows(zalo, outside):
    at_vietnams(zalo, 9)

    token = await outside.create(NEWS)
    first = await outside.article(token)
    id = await outside.article(token)
    sent = await outside.broadcast(id)

    assert first == RetryAfter(timedelta(minutes=1))  # still processed
    assert isinstance(sent, Sent)
    assert zalo.oa.written[id]["title"] == NEWS.title
    assert zalo.oa.written[id]["body"] == [{"type": "text", "content": each} for each in NEWS.paragraphs]
    assert len(zalo.oa.broadcasts) == 1


async def test_what_is_created_is_sent_to_nobody(zalo, outside):
    await published(zalo, outside)

    assert zalo.oa.broadcasts == []


@pytest.mark.parametrize(
    "fault",
    [
        {"title": " "},
        {"title": "a" * 151},
        {"author": "a" * 51},
        {"description": ""},
        {"description": "a" * 301},
        {"cover": "http://langnghe.test/a.jpg"},
        {"paragraphs": ()},
        {"paragraphs": ("Thông báo.", " ")},
        {"paragraphs": ("<b>Thông báo</b>",)},
    ],
)
def test_an_article_that_zalo_would_refuse_or_read_otherwise_is_none(fault):
    with pytest.raises(ValueError, match="article"):
        replace(NEWS, **fault)


@pytest.mark.parametrize(("error", "wanted"), ((TABLE | TEMPLATES) | {-99999: Rejected}).items())
@pytest.mark.parametrize("step", ["create", "article", "broadcast"])
async def test_each_number_says_at_each_step_what_we_must_do(zalo, outside, step, error, wanted):
    at_vietnams(zalo, 9)
    path, do = {
        "create": ("/v2.0/article/create", lambda: outside.create(NEWS)),
        "article": ("/v2.0/article/verify", lambda: outside.article("the-token")),
        "broadcast": ("/v2.0/oa/message", lambda: outside.broadcast("the-article")),
    }[step]
    zalo.fails(path, *[Fault(error=error)] * 2)

    outcome = await do()

    assert isinstance(outcome, wanted) if isinstance(wanted, type) else outcome == wanted
    assert zalo.oa.broadcasts == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True, done_first=True),
        Fault(status=502, done_first=True),
        Fault(error=-200, done_first=True),
    ],
    ids=["lost", "bad gateway", "error but delivered"],
)
async def test_an_unclear_answer_to_a_broadcast_stays_unknown_and_is_never_asked_again(zalo, outside, fault):
    at_vietnams(zalo, 9)
    id = await published(zalo, outside)
    zalo.fails("/v2.0/oa/message", fault)

    assert isinstance(await outside.broadcast(id), Unknown)

    assert len(zalo.oa.broadcasts) == 1


async def test_an_article_whose_answer_is_lost_is_not_created_twice(zalo, outside):
    zalo.fails("/v2.0/article/create", Fault(drop=True, done_first=True))

    assert isinstance(await outside.create(NEWS), Unknown)

    assert len(zalo.oa.written) == 1


async def test_an_article_that_nobody_made_goes_to_nobody(zalo, outside):
    at_vietnams(zalo, 9)

    assert isinstance(await outside.broadcast("no-such-article"), Rejected)
    assert isinstance(await outside.article("no-such-token"), Rejected)


async def test_an_article_goes_to_everybody_where_no_target_is_named(zalo, outside):
    at_vietnams(zalo, 9)

    assert isinstance(await outside.broadcast(await published(zalo, outside)), Sent)

    [body] = zalo.oa.broadcasts
    assert body["recipient"] == {"target": {}}


async def test_a_target_is_text_and_only_what_was_asked_for(zalo, outside):
    at_vietnams(zalo, 9)

    id = await published(zalo, outside)
    assert isinstance(await outside.broadcast(id, Target(cities="4", ages="0,1")), Sent)

    assert zalo.oa.broadcasts[0]["recipient"] == {"target": {"ages": "0,1", "cities": "4"}}


@pytest.mark.parametrize(("hour", "hours"), [(22, 8), (23, 7), (0, 6), (5, 1)])
async def test_at_night_it_waits_for_five_past_six_and_zalo_is_not_asked(zalo, outside, hour, hours):
    id = await published(zalo, outside)
    at_vietnams(zalo, hour)
    asked = len(zalo.made)

    outcome = await outside.broadcast(id)

    assert isinstance(outcome, RetryAfter)
    assert timedelta(hours=hours) < outcome.delay <= timedelta(hours=hours, minutes=5)
    assert len(zalo.made) == asked
    zalo.time.pass_by(outcome.delay.total_seconds())
    assert isinstance(await outside.broadcast(id), Sent)


@pytest.mark.parametrize("hour", [6, 21])
async def test_from_six_to_ten_it_goes(zalo, outside, hour):
    id = await published(zalo, outside)
    at_vietnams(zalo, hour)

    assert isinstance(await outside.broadcast(id), Sent)


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
