"""The Bot Platform, row by row of its tables: what comes in, what goes out, what every error asks of us."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest
import structlog

from bot.channels.contract import Misconfigured, Rejected, RetryAfter, Sent, Unknown
from bot.channels.zalo_bot import Heard, InGroup, Quota, Unreadable, ZaloBot, outcome_of, read, texts_of
from storage.database import Unavailable
from surveys.conversation import Address, Incoming, Option, Reply, Say
from tests.contracts.conftest import REFUSAL, RecordingResidents
from tests.contracts.zalo_bots import HINT, SECRET, until, zalo_bot
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to, request
from tests.zalo_server.server import Fault, ZaloServer

PROOF = (b"x-bot-api-secret-token", SECRET.encode())
QUESTION = Say(
    "1/5  Ông/bà hài lòng không?",
    (Option("Hài lòng", "t-1"), Option("Không hài lòng", "t-2"), Option("Không ý kiến", "t-0", 0)),
)
TOKEN_PARTS = ("12345689", "abc-that_must-never-be-seen")


@pytest.fixture
async def zalo():
    async with ZaloServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def bot(zalo, residents):
    async with zalo_bot(zalo, residents) as channel:
        yield channel


@pytest.fixture
async def hooked(zalo, bot):
    await bot.set_webhook("https://bot.test/zalo-bot")
    return bot


def update(name: str = "message.text.received", chat_type: str = "PRIVATE", **message: object):
    return {
        "event_name": name,
        "message": {
            "from": {"id": "6ede9afa66b88fe6d6a9", "display_name": "Nguyễn A", "is_bot": False},
            "chat": {"id": "6ede9afa66b88fe6d6a9", "chat_type": chat_type},
            "message_id": "2d758cb5e222177a4e35",
            "message_type": "CHAT_MESSAGE",
            "date": 1782000000123,
            **message,
        },
    }


# ── B3: the webhook ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_documented_body_and_the_flat_one_say_the_same():
    wrapped = {"ok": True, "result": update(text="4")}

    assert read(wrapped) == read(update(text="4"))
    assert read(wrapped) == Heard(
        Incoming(
            Address("zalobot", "6ede9afa66b88fe6d6a9"),
            "message.text.received:2d758cb5e222177a4e35",
            text="4",
        )
    )


def test_what_is_not_ok_is_not_unwrapped():
    assert read({"ok": False, "result": update(text="4")}) is None


@pytest.mark.parametrize("field", ["photo", "photo_url"])
def test_a_picture_is_read_from_either_field(field):
    seen = read(update("message.image.received", caption="Đây", **{field: "https://photo.zdn.vn/b.jpg"}))

    assert isinstance(seen, Heard)
    assert (seen.incoming.photo, seen.incoming.text) == ("https://photo.zdn.vn/b.jpg", "Đây")


@pytest.mark.parametrize("date", [1782000000123, "1782000000123", None])
def test_a_date_is_a_number_and_nothing_hangs_on_it(date):
    assert isinstance(read(update(text="4", date=date)), Heard)


@pytest.mark.parametrize("kind", ["sticker", "voice"])
def test_a_sticker_or_a_voice_brings_the_question_again(kind):
    seen = read(update(f"message.{kind}.received", url="https://zalo-api.zadn.vn/1"))

    assert isinstance(seen, Heard)
    assert seen.incoming.text == ""


def test_what_the_platform_does_not_show_is_told_apart():
    assert isinstance(read(update("message.unsupported.received")), Unreadable)


def test_a_group_is_told_apart():
    assert isinstance(read(update(chat_type="GROUP", text="4")), InGroup)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"ok": True, "result": []},
        update("message.poll.received"),
        update("something.new"),
        {"event_name": "message.text.received", "message": None},
        update(text="4", chat=None),
        update(text="4", chat={"id": {"a": 1}}),
        update(text="4", message_id=None),
        {**update(text="4"), "event_name": 7},
    ],
)
def test_an_odd_update_is_nothing_to_us(odd):
    assert read(odd) is None


def test_another_bot_is_not_answered():
    assert read(update(text="4", **{"from": {"id": "1", "is_bot": True}})) is None


async def test_each_body_is_acknowledged_and_answered(zalo, hooked, residents):
    chatter = zalo.bots.chatter()
    for flat in (False, True):
        zalo.bots.is_flat = flat
        chatter.says("chào")

        assert await zalo.bots.bring(post_to(hooked.webhook)) == [200]

    await until(lambda: chatter.texts == ["Đã nhận."] * 2)
    assert [incoming.text for incoming in residents.received] == ["chào", "chào"]


@pytest.mark.parametrize(
    "header", [[], [(PROOF[0], b"another-secret")], [PROOF, PROOF], [(PROOF[0], PROOF[1] + b"x")]]
)
async def test_without_the_secret_nothing_is_believed(hooked, residents, header):
    status, _, _ = await request(hooked.webhook, header, [json.dumps(update(text="4")).encode()])

    assert status == 401
    assert residents.received == []


async def test_without_a_secret_of_our_own_the_door_stays_shut(zalo, residents):
    async with zalo_bot(zalo, residents, secret=None) as channel:
        status, _, _ = await request(channel.webhook, [PROOF], [json.dumps(update(text="4")).encode()])

    assert status == 401


@pytest.mark.parametrize(
    ("body", "method", "wanted"),
    [
        (b"", "POST", 200),  # the platform's own test call
        (b"{}", "POST", 200),
        (b"{", "POST", 400),
        (b"[]", "POST", 400),
        (b" " * (257 * 1024), "POST", 413),
        (b"{}", "GET", 405),
    ],
)
async def test_odd_requests_get_plain_answers(hooked, body, method, wanted):
    status, _, _ = await request(hooked.webhook, [PROOF], [body], method=method)

    assert status == wanted


async def test_a_message_brought_three_times_is_taken_and_answered_once(zalo, hooked, residents):
    chatter = zalo.bots.chatter()
    chatter.says("chào")

    assert await zalo.bots.bring(post_to(hooked.webhook), times=3) == [200] * 3

    await until(lambda: len(chatter.texts) == 1)
    assert len(residents.received) == 1


async def test_the_same_message_id_in_another_chat_or_event_is_another_message(hooked, residents):
    for each in (
        update(text="4"),
        update(text="4", chat={"id": "another", "chat_type": "PRIVATE"}),
        update("message.image.received", photo="https://photo.zdn.vn/b.jpg"),
    ):
        await request(hooked.webhook, [PROOF], [json.dumps(each).encode()])

    assert len(residents.received) == 3


async def test_while_the_first_is_being_handled_the_second_must_wait(zalo, hooked, residents):
    gate = asyncio.Event()
    received: list[Incoming] = []

    async def slow(incoming):
        received.append(incoming)
        await gate.wait()
        return Reply((Say("Đã nhận."),))

    residents.receive = slow
    first = asyncio.create_task(request(hooked.webhook, [PROOF], [json.dumps(update(text="4")).encode()]))
    await until(lambda: len(received) == 1)

    second, _, _ = await request(hooked.webhook, [PROOF], [json.dumps(update(text="4")).encode()])
    gate.set()

    assert second == 503
    assert (await first)[0] == 200
    assert len(received) == 1


async def test_a_database_that_is_away_is_never_acknowledged(zalo, hooked, residents):
    def away(incoming):
        raise Unavailable("the database is away")

    chatter = zalo.bots.chatter()
    chatter.says("chào")
    residents.answer = away
    assert await zalo.bots.bring(post_to(hooked.webhook)) == [503]

    residents.answer = lambda incoming: Reply((QUESTION,))
    assert await zalo.bots.bring(post_to(hooked.webhook)) == [200]

    await until(lambda: len(chatter.texts) == 1)


async def test_an_unsupported_message_is_acknowledged_with_a_hint(zalo, hooked, residents):
    chatter = zalo.bots.chatter()
    chatter.sends_something()

    assert await zalo.bots.bring(post_to(hooked.webhook)) == [200]

    await until(lambda: chatter.texts == [HINT])
    assert residents.received == []


async def test_a_group_is_refused_politely_and_nobody_there_is_heard(zalo, hooked, residents):
    group = zalo.bots.chatter("g-1")
    group.has_written = True
    zalo.bots.chatter().says_in_group("@bot 4")

    assert await zalo.bots.bring(post_to(hooked.webhook)) == [200]

    await until(lambda: group.texts == [REFUSAL])
    assert residents.received == []


async def test_an_unknown_event_is_acknowledged_and_counted(hooked):
    status, _, _ = await request(
        hooked.webhook, [PROOF], [json.dumps(update("message.poll.received")).encode()]
    )

    assert status == 200
    assert hooked.unknown == {"message.poll.received": 1}


async def test_two_quick_messages_are_answered_in_order(zalo, hooked, residents):
    gate = asyncio.Event()
    zalo.faults["/bots/sendMessage"].append(Fault(until=gate, status=500))
    residents.answer = lambda incoming: Reply((Say(f"{incoming.text}-1"), Say(f"{incoming.text}-2")))
    chatter = zalo.bots.chatter()
    chatter.says("a")
    chatter.says("b")

    assert await zalo.bots.bring(post_to(hooked.webhook)) == [200, 200]
    gate.set()

    await until(lambda: chatter.texts == ["a-1", "a-2", "b-1", "b-2"])


# ── B2: setting the webhook, sending ─────────────────────────────────────────────────────────────────────────────


async def test_the_webhook_is_set_with_our_secret(zalo, bot):
    assert isinstance(await bot.set_webhook("https://bot.test/zalo-bot"), Sent)
    assert zalo.bots.webhook == ("https://bot.test/zalo-bot", SECRET)


async def test_an_older_platform_says_nothing_of_its_test_call(zalo, bot):
    zalo.bots.verification = None

    assert isinstance(await bot.set_webhook("https://bot.test/zalo-bot"), Sent)


@pytest.mark.parametrize("outcome", ["webhook.http.403", "webhook.http.5xx", "webhook.err.tls"])
async def test_a_failed_test_call_is_ours_to_mend(zalo, bot, outcome):
    zalo.bots.verification = {"ok": False, "outcome": outcome, "hint": "…"}

    assert await bot.set_webhook("https://bot.test/zalo-bot") == Misconfigured(
        f"the platform's test call failed: {outcome}"
    )


async def test_plain_http_is_refused(bot):
    assert isinstance(await bot.set_webhook("http://bot.test/zalo-bot"), Rejected)


@pytest.mark.parametrize("secret", ["short", "x" * 257, "with a space in it!"])
def test_a_weak_secret_is_refused_at_once(secret):
    with pytest.raises(ValueError, match="secret"):
        ZaloBot("1:a", None, refusal="", hint="", secret=secret)


async def test_choices_are_numbered_lines(zalo, bot):
    chatter = zalo.bots.chatter()
    chatter.says("chào")

    outcome = await bot.send(Address("zalobot", chatter.id), QUESTION)

    assert outcome == Sent(chatter.heard[0]["message_id"])
    assert chatter.texts == [
        "1/5  Ông/bà hài lòng không?\n1. Hài lòng\n2. Không hài lòng\n0. Không ý kiến",
    ]


@pytest.mark.parametrize("letter", ["a", "ệ", "😀", "ខ្មែរ"])
async def test_a_long_text_goes_in_parts_that_the_platform_takes(zalo, bot, letter):
    chatter = zalo.bots.chatter()
    chatter.says("chào")

    await bot.send(Address("zalobot", chatter.id), Say(f"{letter * 40}. " * 120))

    assert len(chatter.texts) > 1
    assert "".join(chatter.texts).count(letter) == 4800


def test_two_thousand_go_in_one_and_one_more_in_two():
    assert [len(texts_of(Say("a" * number))) for number in (1, 2000, 2001)] == [1, 1, 2]


def test_a_persons_own_data_comes_as_text_where_no_file_can():
    made = texts_of(Say("Đây là dữ liệu của ông/bà.", file=("du-lieu.json", '{"a": "ệ"}'.encode())))

    assert made == ("Đây là dữ liệu của ông/bà.", '── du-lieu.json\n{"a": "ệ"}')


async def test_nothing_to_say_is_not_sent(zalo, bot):
    assert isinstance(await bot.send(Address("zalobot", "x"), Say(" ")), Rejected)
    assert zalo.made == []


async def test_when_a_later_part_fails_we_cannot_say_it_was_not_sent(zalo, bot):
    chatter = zalo.bots.chatter()
    chatter.says("chào")
    zalo.bots.quota = 1

    outcome = await bot.send(Address("zalobot", chatter.id), Say("a " * 1500))

    assert isinstance(outcome, Unknown)


# ── B4: errors ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (400, Rejected),
        (401, Misconfigured),
        (403, Unknown),
        (404, Misconfigured),
        (408, Unknown),
        (426, RetryAfter),
        (429, RetryAfter),
        (418, Rejected),
        (500, Unknown),
    ],
)
@pytest.mark.parametrize("status", [200, None])
async def test_every_error_has_its_outcome_whatever_the_http_status(zalo, bot, code, wanted, status):
    body = json.dumps({"ok": False, "error_code": code, "description": "x"}).encode()
    zalo.faults["/bots/sendMessage"].append(Fault(status=status or code, body=body))

    outcome = await bot.send(Address("zalobot", "6ede"), Say("a"))

    assert isinstance(outcome, wanted)
    assert isinstance(outcome_of(code), wanted)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (Fault(drop=True), Unknown),
        (Fault(status=502), Unknown),
        (Fault(status=200, body=b"<html>"), Unknown),
        (Fault(status=200, body=b"[]"), Unknown),
        (Fault(status=403, body=b"<html>a firewall"), Unknown),
        (Fault(status=413, body=b"<html>"), Rejected),
    ],
)
async def test_what_is_no_answer_of_the_platforms(zalo, bot, fault, wanted):
    zalo.faults["/bots/sendMessage"].append(fault)

    assert isinstance(await bot.send(Address("zalobot", "6ede"), Say("a")), wanted)


async def test_where_nobody_listens_it_was_certainly_not_sent(residents):
    async with ZaloBot("1:a", None, refusal="", hint="", api="http://127.0.0.1:9") as channel:
        assert isinstance(await channel.send(Address("zalobot", "x"), Say("a")), RetryAfter)


async def test_nobody_who_never_wrote_can_be_written_to(zalo, bot):
    chatter = zalo.bots.chatter()

    assert isinstance(await bot.send(Address("zalobot", chatter.id), Say("a")), Rejected)


async def test_a_wrong_token_is_ours_to_mend(zalo, residents):
    async with zalo_bot(zalo, residents, token="1:wrong") as channel:
        assert isinstance(await channel.send(Address("zalobot", "x"), Say("a")), Misconfigured)


async def test_a_quota_without_numbers_is_backed_off_then_stopped_with_an_alarm(zalo, bot):
    chatter = zalo.bots.chatter()
    chatter.says("chào")
    address = Address("zalobot", chatter.id)
    zalo.bots.quota = 0
    delays = []
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            outcome = await bot.send(address, Say("a"))
            assert isinstance(outcome, RetryAfter)
            delays.append(outcome.delay)
            zalo.time.pass_by(outcome.delay.total_seconds())
        stopped = await bot.send(address, Say("a"))

    assert delays == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5)]
    assert isinstance(stopped, Misconfigured)
    assert [(each["event"], each["log_level"]) for each in logs] == [("zalo_bot.quota_exceeded", "error")]


async def test_while_it_waits_nobody_else_makes_a_call(zalo, bot):
    chatter = zalo.bots.chatter()
    chatter.says("chào")
    zalo.bots.quota = 0
    await bot.send(Address("zalobot", chatter.id), Say("a"))

    outcome = await bot.send(Address("zalobot", chatter.id), Say("b"))

    assert isinstance(outcome, RetryAfter)
    assert len(zalo.made) == 1


async def test_once_an_hour_it_is_asked_whether_there_is_quota_again(zalo, bot):
    chatter = zalo.bots.chatter()
    chatter.says("chào")
    address = Address("zalobot", chatter.id)
    zalo.bots.quota = 0
    for minutes in (1, 2, 5, 0):
        await bot.send(address, Say("a"))
        zalo.time.pass_by(minutes * 60)
    zalo.bots.quota = 10
    assert isinstance(await bot.send(address, Say("a")), Misconfigured)

    zalo.time.pass_by(3600)

    assert isinstance(await bot.send(address, Say("a")), Sent)
    assert isinstance(await bot.send(address, Say("a")), Sent)


def test_one_message_taken_ends_the_waiting():
    now = [0.0]
    quota = Quota(lambda: now[0])
    quota.refused()
    quota.refused()

    quota.taken()

    assert quota.closed() is None
    assert quota.refused() == RetryAfter(timedelta(minutes=1))


async def test_the_fifty_first_person_of_a_free_plan_meets_the_quota(zalo, bot):
    zalo.bots.most_people = 1
    first, second = zalo.bots.chatter(), zalo.bots.chatter()
    first.says("a"), second.says("a")

    assert isinstance(await bot.send(Address("zalobot", first.id), Say("a")), Sent)
    assert isinstance(await bot.send(Address("zalobot", second.id), Say("a")), RetryAfter)


async def test_a_reply_is_tried_again_where_that_may_help(zalo, hooked, residents):
    for fault in (Fault(status=502), Fault(status=200, body=b'{"ok":false,"error_code":403}')):
        zalo.faults["/bots/sendMessage"].append(fault)
    chatter = zalo.bots.chatter()
    chatter.says("chào")

    await zalo.bots.bring(post_to(hooked.webhook))

    await until(lambda: chatter.texts == ["Đã nhận."])


# ── Polling ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def polled(zalo: ZaloServer, residents: RecordingResidents, done):
    async with zalo_bot(zalo, residents, secret=None) as channel:
        stop = asyncio.Event()
        polling = asyncio.create_task(channel.poll(stop))
        await until(done)
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await polling


async def test_a_webhook_is_taken_away_before_the_first_question(zalo, residents):
    zalo.bots.webhook = ("https://bot.test/zalo-bot", SECRET)
    zalo.bots.chatter().says("chào")

    await polled(zalo, residents, lambda: len(residents.received) == 1)

    assert [made.path for made in zalo.made][:2] == ["/bots/deleteWebhook", "/bots/getUpdates"]
    assert zalo.bots.webhook is None


async def test_one_at_a_time_in_order_and_408_is_no_trouble(zalo, residents):
    chatter = zalo.bots.chatter()
    for text in ("một", "hai", "ba"):
        chatter.says(text)
    with structlog.testing.capture_logs() as logs:
        await polled(zalo, residents, lambda: any(made.error == 408 for made in zalo.made))

    assert [incoming.text for incoming in residents.received] == ["một", "hai", "ba"]
    assert [each["event"] for each in logs] == ["zalo_bot.polling"]
    assert "At most once" in logs[0]["note"]


async def test_somebody_sets_a_webhook_meanwhile(zalo, residents):
    def answer(incoming):
        zalo.bots.webhook = ("https://elsewhere.test", SECRET)
        return Reply(())

    residents.answer = answer
    chatter = zalo.bots.chatter()
    chatter.says("một")
    chatter.says("hai")

    await polled(zalo, residents, lambda: len(residents.received) == 2)

    assert [made.path for made in zalo.made].count("/bots/deleteWebhook") == 2


async def test_what_was_given_is_tried_until_it_is_kept(zalo, residents):
    tries = []

    def answer(incoming):
        tries.append(incoming)
        if len(tries) < 4:
            raise Unavailable("the database is away")
        return Reply((QUESTION,))

    residents.answer = answer
    chatter = zalo.bots.chatter()
    chatter.says("chào")

    await polled(zalo, residents, lambda: len(chatter.texts) == 1)

    assert len({each.key for each in tries}) == 1


async def test_what_a_stop_loses_is_said(zalo, residents):
    def away(incoming):
        raise Unavailable("the database is away")

    residents.answer = away
    zalo.bots.chatter().says("chào")
    with structlog.testing.capture_logs() as logs:
        await polled(zalo, residents, lambda: len(residents.received) > 1)

    assert "zalo_bot.update_lost" in [each["event"] for each in logs]


async def test_polling_outlives_faults(zalo, residents):
    for fault in (Fault(status=502), Fault(drop=True), Fault(status=200, body=b"[")):
        zalo.faults["/bots/getUpdates"].append(fault)
    zalo.bots.chatter().says("chào")

    await polled(zalo, residents, lambda: len(residents.received) == 1)


# ── The token ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_token_is_in_no_log_and_no_outcome(zalo, residents, caplog):
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    faults = [Fault(drop=True), Fault(status=502), Fault(status=401), Fault(status=302)]
    with structlog.testing.capture_logs() as logs:
        async with zalo_bot(zalo, residents) as channel:
            for fault in faults:
                for path in ("/bots/sendMessage", "/bots/setWebhook"):
                    zalo.faults[path].append(fault)
                seen.append(repr(await channel.send(Address("zalobot", "a-person"), Say("a"))))
                seen.append(repr(await channel.set_webhook("https://bot.test/zalo-bot")))
        for api in ("http://127.0.0.1:9", "no address", "http://[", "http://\x00"):
            bad = ZaloBot(":".join(TOKEN_PARTS), None, refusal="", hint="", api=api)
            async with bad:
                seen.append(repr(await bad.send(Address("zalobot", "a-person"), Say("a"))))
                stop = asyncio.Event()
                polling = asyncio.create_task(bad.poll(stop))
                await asyncio.sleep(0.02)
                stop.set()
                await polling

    everything = "\n".join([*seen, repr(logs), caplog.text])
    for part in TOKEN_PARTS:
        assert part not in everything
    assert "a-person" not in everything
