"""The webhook: proven, capped, handled, and only then acknowledged; what follows goes out in order."""

import asyncio
import json

import pytest

from bot.channels.errands import DRAIN, Errands
from bot.web.server import GRACE
from storage.database import Unavailable
from surveys.conversation import Option, Reply, Say
from tests.contracts.conftest import REFUSAL, SECRET, SORRY, telegram
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to, request
from tests.telegram_server.server import Fault

PROOF = (b"x-telegram-bot-api-secret-token", SECRET.encode())
QUESTION = Say("1/5  Ông/bà làm thủ tục gì?", (Option("Cư trú", "t-cu-tru"), Option("Căn cước", "t-cc")))
NEXT = Say("2/5  Kết quả được trả thế nào?", (Option("Đúng hạn", "t-dung"),))


async def test_one_message_goes_back_in_the_answer_itself(server, hooked, residents):
    residents.answer = lambda incoming: Reply((QUESTION,))
    ann = server.world.person(42)
    ann.starts("abc")

    assert await server.bring() == [200]

    assert ann.heard == [QUESTION.text]
    assert ann.buttons == ["Cư trú", "Căn cước"]
    assert [(made.method, made.in_webhook_answer) for made in server.made] == [
        ("setWebhook", False),
        ("sendMessage", True),
    ]


async def test_a_tap_is_answered_its_message_stamped_and_the_next_question_comes(server, hooked, residents):
    residents.answer = lambda incoming: (
        Reply((NEXT,), stamp="1/5  Đã ghi.") if incoming.tap else Reply((QUESTION,))
    )
    ann = server.world.person(42)
    ann.starts()
    await server.bring()
    server.time.pass_by(1)

    ann.taps("Cư trú")
    assert await server.bring() == [200]
    await server.until(lambda: len(server.calls("editMessageText")) == 1)

    assert residents.received[-1].tap == "t-cu-tru"
    assert ann.heard == ["1/5  Đã ghi.", NEXT.text]
    assert ann.buttons == ["Đúng hạn"]
    assert [set(given) for given in server.world.answered] == [{"callback_query_id"}]


async def test_several_messages_arrive_in_order(server, hooked, residents):
    residents.answer = lambda incoming: Reply((Say("một"), Say("hai"), Say("ba")))
    ann = server.world.person(42)
    ann.says("chào")

    assert await server.bring() == [200]
    await server.until(lambda: len(server.calls("sendMessage")) == 3)

    assert ann.heard == ["một", "hai", "ba"]
    assert [made.status for made in server.made if made.method == "sendMessage"].count(429) == 2


async def test_the_acknowledgement_does_not_wait_for_what_goes_out(server, hooked, residents):
    slow = asyncio.Event()
    server.fails("sendMessage", Fault(until=slow))
    residents.answer = lambda incoming: Reply((Say("một"), Say("hai")))
    server.world.person(42).says("chào")

    assert await server.bring() == [200]

    assert not slow.is_set()
    slow.set()


async def test_a_quick_second_answer_does_not_overtake_what_is_on_its_way(server, hooked, residents):
    slow = asyncio.Event()
    server.fails("sendMessage", Fault(until=slow))
    residents.answer = lambda incoming: (
        Reply((Say("một"), Say("hai"))) if incoming.text == "a" else Reply((Say("ba"),))
    )
    ann = server.world.person(42)
    ann.says("a")
    await server.bring()
    ann.says("b")
    await server.bring()

    slow.set()
    await server.until(lambda: len(server.calls("sendMessage")) == 3)

    assert ann.heard == ["một", "hai", "ba"]


async def test_however_fast_a_person_taps_no_question_is_lost(server, residents, quarantine):
    """A message refused for haste in a webhook's answer is refused silently; so beyond the burst we send it ourselves."""
    questions = iter(f"{number}/9" for number in range(1, 10))
    residents.answer = lambda incoming: Reply((Say(next(questions), (Option("Có", "t"),)),))
    ann = server.world.person(42)
    async with telegram(server, residents, quarantine, burst=1) as channel:
        await channel.set_webhook("https://bot.test/telegram")
        server.post = post_to(channel.webhook)
        for _ in range(9):
            ann.says("3")
            await server.bring()
        await server.until(lambda: len(ann.heard) == 9)

    assert ann.heard == [f"{number}/9" for number in range(1, 10)]
    assert [made.status for made in server.made if made.in_webhook_answer] == [200]


async def test_one_slow_chat_holds_up_nobody_else(server, hooked, residents):
    slow = asyncio.Event()
    server.fails("sendMessage", Fault(until=slow))
    residents.answer = lambda incoming: Reply((Say("một"), Say("hai")))
    ann, binh = server.world.person(42), server.world.person(43)
    ann.says("a")
    await server.bring()
    await server.until(lambda: len(server.made) == 2)
    binh.says("b")
    await server.bring()
    await server.until(lambda: len(binh.heard) == 2)

    assert not slow.is_set()
    slow.set()


async def test_a_document_goes_out_directly(server, hooked, residents):
    residents.answer = lambda incoming: Reply((Say("Dữ liệu.", file=("toi.json", b"{}")),))
    ann = server.world.person(42)
    ann.says("/dulieu")

    assert await server.bring() == [200]
    await server.until(lambda: bool(ann.files))

    assert ann.files == [("toi.json", b"{}")]


async def test_a_reply_is_repeated_when_its_connection_breaks(server, hooked, residents):
    server.fails("sendMessage", Fault(drop=True), Fault(502, b"<html>"))
    residents.answer = lambda incoming: Reply((Say("một"), Say("hai")))
    ann = server.world.person(42)
    ann.says("chào")
    await server.bring()
    await server.until(lambda: len(ann.heard) == 2)

    assert ann.heard == ["một", "hai"]


async def test_stopping_drains_what_is_on_its_way(server, residents, quarantine):
    residents.answer = lambda incoming: Reply((Say("một"), Say("hai"), Say("ba")))
    ann = server.world.person(42)
    async with telegram(server, residents, quarantine) as channel:
        await channel.set_webhook("https://bot.test/telegram")
        await request(channel.webhook, [PROOF], [json.dumps(ann.says("chào")).encode()])

    assert ann.heard == ["một", "hai", "ba"]


async def test_stopping_does_not_wait_for_ever():
    never = asyncio.Event()

    async with asyncio.timeout(PATIENCE), Errands() as errands:
        errands.add(42, [never.wait])

    assert len(errands) == 0
    assert (DRAIN + GRACE).total_seconds() <= 2, "Ctrl-C has two seconds in all"


async def test_while_the_database_is_away_nothing_is_acknowledged(server, hooked, residents):
    away = [True, True, False]

    def answer(incoming):
        if away.pop(0):
            raise Unavailable("the database is away")
        return Reply((QUESTION,))

    residents.answer = answer
    ann = server.world.person(42)
    ann.says("chào")

    assert await server.bring() == [503, 503, 200]
    assert ann.heard == [QUESTION.text]


async def test_a_message_that_breaks_us_is_set_aside_and_everybody_goes_on(
    server, hooked, residents, quarantine
):
    def answer(incoming):
        if incoming.text == "poison":
            raise ZeroDivisionError("the secret is 42")
        return Reply((QUESTION,))

    residents.answer = answer
    ann, binh = server.world.person(42), server.world.person(43)
    ann.says("poison")
    binh.says("chào")

    assert await server.bring() == [200, 200]

    assert (ann.heard, binh.heard) == ([SORRY], [QUESTION.text])
    ((sender, error),) = quarantine.kept
    assert sender.id == "42"
    assert error.startswith("ZeroDivisionError at ")
    assert "secret" not in error


async def test_redelivered_and_reordered_updates_keep_their_keys(server, hooked, residents):
    ann = server.world.person(42)
    updates = [ann.says("một"), ann.says("hai"), ann.says("ba")]

    await server.bring(order=lambda waiting: [*reversed(waiting), *waiting])

    assert [incoming.text for incoming in residents.received] == ["ba", "hai", "một", "một", "hai", "ba"]
    assert len({incoming.key for incoming in residents.received}) == len(updates)


async def test_one_person_s_messages_that_arrive_at_once_are_taken_one_by_one(server, hooked, residents):
    under_way: set[str] = set()
    met: list[str] = []

    async def receive(incoming):
        assert incoming.sender.id not in under_way
        under_way.add(incoming.sender.id)
        await asyncio.sleep(0)
        met.append(incoming.text)
        under_way.remove(incoming.sender.id)
        return Reply((Say(incoming.text),))

    residents.receive = receive
    people = [server.world.person(id) for id in range(100, 105)]
    for round in range(4):
        for person in people:
            person.says(f"{person.id}.{round}")

    assert set(await server.bring_at_once()) == {200}
    for person in people:
        assert [text for text in met if text.startswith(f"{person.id}.")] == [
            f"{person.id}.{n}" for n in range(4)
        ]


async def test_a_group_reads_why_and_is_left(server, hooked, residents):
    ann, group = server.world.person(42), server.world.group(-100123)
    group.adds_bot(ann)

    assert await server.bring() == [200]
    await server.until(lambda: not group.has_bot)

    assert group.heard == [REFUSAL]
    assert residents.received == []


async def test_a_button_pressed_in_a_group_is_let_go_of(server, hooked, residents):
    ann, group = server.world.person(42), server.world.group(-100123)
    group.has_bot = True
    ann.taps_data("t", group.keep(text="?"))

    await server.bring()
    await server.until(lambda: not group.has_bot)

    assert len(server.world.answered) == 1
    assert residents.received == []


async def test_a_busy_group_is_left_once(server, hooked):
    ann, group = server.world.person(42), server.world.group(-100123)
    group.has_bot = True
    for _ in range(20):
        group.hears(ann, "ồn ào")

    await server.bring_at_once()
    await server.until(lambda: not group.has_bot)

    assert len(server.calls("leaveChat")) == 1
    assert group.heard == []


async def test_blocking_reaches_whoever_keeps_contacts(server, residents, quarantine):
    gone = []

    async def left(address):
        gone.append(address)

    ann = server.world.person(42)
    ann.says("chào")
    async with telegram(server, residents, quarantine, left=left) as channel:
        await request(channel.webhook, [PROOF], [json.dumps(ann.blocks()).encode()])

    assert [address.id for address in gone] == ["42"]


async def test_a_stamp_that_changes_nothing_harms_nothing(server, hooked, residents):
    residents.answer = lambda incoming: Reply((), stamp="Đã ghi.")
    ann = server.world.person(42)
    ann.says("chào")
    message = ann.keep(text="Đã ghi.")
    ann.taps_data("old", message)

    assert set(await server.bring()) == {200}
    await server.until(lambda: any(made.method == "editMessageText" for made in server.made))

    assert ann.heard == ["Đã ghi."]


async def test_the_webhook_asks_only_for_what_it_reads(server, hooked):
    assert server.webhook.secret == SECRET
    assert server.webhook.allowed == ["message", "callback_query", "my_chat_member"]


# What is refused before a word of it is believed


async def status_of(channel, headers, *pieces, method="POST"):
    status, _, body = await request(channel.webhook, headers, pieces, method=method)
    assert body == b"" or status == 200
    return status


BODY = b'{"update_id":1}'


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(PROOF[0], b"")],
        [(PROOF[0], b"a-secret_of-Telegram-43")],
        [(PROOF[0], SECRET.encode() + b" ")],
        [(PROOF[0], SECRET.upper().encode())],
        [PROOF, PROOF],
        [(PROOF[0], b"wrong"), PROOF],
        [(PROOF[0], "bí-mật".encode())],
        [(b"authorization", SECRET.encode())],
    ],
)
async def test_without_the_secret_nothing_is_read(channel, residents, headers):
    async def receive():
        raise AssertionError("the body was read")

    sent = []

    async def send(event):
        sent.append(event)

    await channel.webhook({"type": "http", "method": "POST", "headers": headers}, receive, send)

    assert sent[0]["status"] == 401
    assert residents.received == []


async def test_without_a_secret_of_ours_there_is_no_webhook(server, residents, quarantine):
    async with telegram(server, residents, quarantine) as channel:
        channel._secret = None
        assert await status_of(channel, [PROOF], BODY) == 401
        assert await status_of(channel, [(PROOF[0], b"")], BODY) == 401


CAP = 256 * 1024


@pytest.mark.parametrize(
    ("length", "pieces", "status"),
    [
        (None, [b" " * (CAP - len(BODY)) + BODY], 200),
        (None, [b" " * (CAP - len(BODY) + 1) + BODY], 413),
        (b"262145", [], 413),
        (b"9" * 5000, [], 413),
        (b"-1", [], 413),
        (b"12 ", [], 413),
        (None, [b" " * 65_536] * 5, 413),
        (None, [b" "] * 1000 + [BODY], 200),
    ],
    ids=["just fits", "a byte too long", "says so", "absurd", "negative", "odd", "in pieces", "tiny pieces"],
)
async def test_the_body_is_capped_while_it_is_read(channel, length, pieces, status):
    headers = [PROOF] if length is None else [PROOF, (b"content-length", length)]
    assert await status_of(channel, headers, *pieces) == status


BAD = {
    "empty": b"",
    "not JSON": b"update",
    "cut off": b'{"update_id":1',
    "two of them": BODY + BODY,
    "an array": b"[]",
    "a number": b"7",
    "null": b"null",
    "not UTF-8": b'{"update_id":1,"x":"\xff"}',
    "UTF-16": '{"update_id":1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + BODY,
    "a surrogate in UTF-8": b'{"x":"\xed\xa0\x80"}',
    "a lone high surrogate": b'{"x":"\\ud83d"}',
    "a lone low surrogate": b'{"x":"\\uDC4D"}',
    "a lone surrogate as a name": b'{"\\ud83d":1}',
    "NaN": b'{"x":NaN}',
    "infinite": b'{"x":-Infinity}',
    "a number of 5,000 digits": b'{"x":' + b"9" * 5000 + b"}",
    "nested too deep": b'{"x":' + b"[" * 40 + b"]" * 40 + b"}",
    "nested absurdly": b'{"x":' * 20_000 + b"1" + b"}" * 20_000,
    "opened and never closed": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_what_no_platform_writes_is_refused(channel, residents, body):
    assert await status_of(channel, [PROOF], body) == 400
    assert residents.received == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"x":"\\ud83d\\udc4d"}',
        '{"x":"👍"}'.encode(),
        b'{"x":' + b"[" * 20 + b"]" * 20 + b"}",
        b'{"x":[' + b"{}," * 500 + b"{}]}",
        b'{"x":1e999}',
        b'{"message":{"chat":{"id":1e300,"type":"private"}}}',
    ],
)
async def test_what_is_odd_but_whole_is_taken(channel, body):
    assert await status_of(channel, [PROOF], body) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post(channel, method):
    assert await status_of(channel, [PROOF], BODY, method=method) == 405


async def test_a_caller_that_hangs_up_is_nobody(channel, residents):
    assert await status_of(channel, [PROOF]) == 0
    assert residents.received == []


async def test_a_replayed_body_is_the_same_message_again(server, channel, residents):
    body = json.dumps(server.world.person(42).says("một")).encode()
    for _ in range(3):
        assert await status_of(channel, [PROOF], body) == 200
    assert len({incoming.key for incoming in residents.received}) == 1
