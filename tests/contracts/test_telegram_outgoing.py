"""What the bot says → the exact request; whatever goes wrong → what must be done about it; and no secret in either."""

import asyncio
import logging
from datetime import timedelta

import pytest
import structlog

from bot.channels import telegram_requests as requests
from bot.channels.contract import (
    ContactGone,
    Misconfigured,
    Rejected,
    RetryAfter,
    Sent,
    Unknown,
    deliver,
    parts,
)
from bot.channels.telegram_requests import Call
from bot.channels.telegram_residents import CALLING, TelegramResidents
from surveys.conversation import Address, Option, Say
from tests.contracts.conftest import REFUSAL, SECRET
from tests.telegram_server.server import TOKEN, Fault

ANN = Address("telegram", "42")
NO_PREVIEW = {"is_disabled": True}


def options(*labels: str) -> tuple[Option, ...]:
    return tuple(Option(label, f"t{place}") for place, label in enumerate(labels))


def rows(*labels: str) -> list[list[str]]:
    (call,) = requests.of(42, Say("?", options(*labels)))
    return [[button["text"] for button in row] for row in call.payload["reply_markup"]["inline_keyboard"]]


def test_a_text():
    assert requests.of(42, Say("Xin chào ông/bà.")) == (
        Call("sendMessage", {"chat_id": 42, "text": "Xin chào ông/bà.", "link_preview_options": NO_PREVIEW}),
    )


def test_a_question_with_buttons():
    (call,) = requests.of(42, Say("1/5  Thủ tục gì?", (Option("Cư trú", "aa"), Option("Căn cước", "bb"))))

    assert call.payload == {
        "chat_id": 42,
        "text": "1/5  Thủ tục gì?",
        "link_preview_options": NO_PREVIEW,
        "reply_markup": {
            "inline_keyboard": [
                [
                    {"text": "Cư trú", "callback_data": "aa"},
                    {"text": "Căn cước", "callback_data": "bb"},
                ]
            ]
        },
    }


def test_markup_stays_the_text_it_is():
    (call,) = requests.of(42, Say("<b>5 * 3 _ [x](y)</b> https://example.vn"))
    assert call.payload["text"] == "<b>5 * 3 _ [x](y)</b> https://example.vn"
    assert "parse_mode" not in call.payload


def test_short_labels_stand_side_by_side_and_long_ones_alone():
    assert rows("1", "2", "3", "4", "5", "0") == [["1", "2", "3", "4", "5"], ["0"]]
    assert rows("Có", "Không", "Không rõ", "Khác") == [["Có", "Không", "Không rõ"], ["Khác"]]
    assert rows(
        "Rất hài lòng",
        "Hài lòng",
        "Bình thường",
        "Không hài lòng",
        "Rất không hài lòng",
        "Không ý kiến",
    ) == [
        ["Rất hài lòng", "Hài lòng"],
        ["Bình thường", "Không hài lòng"],
        ["Rất không hài lòng", "Không ý kiến"],
    ]
    assert rows("Gửi nguyên văn cho Công an tỉnh", "Bỏ qua", "Quay lại") == [
        ["Gửi nguyên văn cho Công an tỉnh"],
        ["Bỏ qua", "Quay lại"],
    ]


def test_more_choices_than_a_keyboard_holds_become_numbered_lines():
    (call,) = requests.of(42, Say("Xã nào?", options(*(f"Xã {place}" for place in range(101)))))
    assert "reply_markup" not in call.payload
    assert call.payload["text"].endswith("\n101. Xã 100")


def test_a_long_text_is_cut_at_sentences_and_the_buttons_stand_under_its_end():
    text = " ".join(f"Câu thứ {place} của một bài rất dài." for place in range(400))

    calls = requests.of(42, Say(text, options("Có")))

    assert len(calls) > 1
    assert all(len(call.payload["text"]) <= 4096 for call in calls)
    assert all(call.payload["text"].endswith(".") for call in calls)
    assert ["reply_markup" in call.payload for call in calls] == [False] * (len(calls) - 1) + [True]
    assert " ".join(call.payload["text"] for call in calls) == text


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, ()),
        ("  \n ", 10, ()),
        ("vừa đủ", 6, ("vừa đủ",)),
        ("Một. Hai. Ba.", 9, ("Một. Hai.", "Ba.")),
        ("Đoạn một.\n\nĐoạn hai.", 12, ("Đoạn một.", "Đoạn hai.")),
        ("không có dấu chấm", 8, ("không có", "dấu chấm")),
        ("abcdefghij", 4, ("abcd", "efgh", "ij")),
        ("👍👍👍", 4, ("👍👍", "👍")),
        ("👍👍", 1, ("👍", "👍")),
        ("កករ\u17b6រ", 3, ("កក", "រ\u17b6រ")),
    ],
)
def test_where_a_text_is_cut(text, limit, pieces):
    assert parts(text, limit) == pieces


def test_a_document_carries_a_short_text_as_its_caption():
    (call,) = requests.of(42, Say("Dữ liệu của ông/bà.", options("Xóa"), file=("toi.json", b"{}")))
    assert call.method == "sendDocument"
    assert call.payload["caption"] == "Dữ liệu của ông/bà."
    assert call.file == ("toi.json", b"{}")

    long, document = requests.of(42, Say("Dài. " * 300, file=("toi.json", b"{}")))
    assert (long.method, document.method) == ("sendMessage", "sendDocument")
    assert "caption" not in document.payload


async def test_what_is_said_arrives(server, channel):
    ann = server.world.person(42)
    ann.says("chào")

    outcome = await channel.send(ANN, Say("Xin chào ông/bà.", options("Có", "Không")))

    assert outcome == Sent("2")
    assert ann.heard == ["Xin chào ông/bà."]
    assert ann.buttons == ["Có", "Không"]


async def test_a_document_arrives_whole(server, channel):
    ann = server.world.person(42)
    ann.says("chào")
    content = bytes(range(256))

    outcome = await channel.send(ANN, Say("Dữ liệu.", options("Xóa"), file=("dữ liệu.json", content)))

    assert isinstance(outcome, Sent)
    assert ann.files == [("dữ liệu.json", content)]
    assert ann.heard == ["Dữ liệu."]
    assert ann.buttons == ["Xóa"]


async def test_nothing_to_say_is_rejected_before_anybody_is_asked(server, channel):
    assert isinstance(await channel.send(ANN, Say("  ")), Rejected)
    assert server.made == []


async def test_several_messages_stop_at_the_first_not_taken(server, channel):
    ann = server.world.person(42)
    ann.says("chào")

    outcome = await deliver(channel, ANN, (Say("một"), Say("hai"), Say("ba")))

    assert outcome == RetryAfter(timedelta(seconds=1))
    assert ann.heard == ["một"]


async def test_half_a_long_text_is_neither_sent_nor_unsent(server, channel):
    server.world.person(42).says("chào")

    outcome = await channel.send(ANN, Say("Một câu. " * 1000))

    assert outcome == Unknown("only its beginning was sent")


HTML = b"<html><body>502 Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (
            429,
            b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}',
            RetryAfter(timedelta(seconds=7)),
        ),
        (
            403,
            b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}',
            ContactGone("Forbidden: bot was blocked by the user"),
        ),
        (
            403,
            b'{"ok":false,"error_code":403,"description":"Forbidden: user is deactivated"}',
            ContactGone("Forbidden: user is deactivated"),
        ),
        (
            400,
            b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
            ContactGone("Bad Request: chat not found"),
        ),
        (
            400,
            b'{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat",'
            b'"parameters":{"migrate_to_chat_id":-100123456789}}',
            ContactGone("the chat has moved"),
        ),
        (
            400,
            b'{"ok":false,"error_code":400,"description":"Bad Request: BUTTON_DATA_INVALID"}',
            Rejected("Bad Request: BUTTON_DATA_INVALID"),
        ),
        (
            400,
            b'{"ok":false,"error_code":400,"description":"Bad Request: strange user 123456789"}',
            Rejected("Bad Request: strange user …"),
        ),
        (
            413,
            b'{"ok":false,"error_code":413,"description":"Request Entity Too Large"}',
            Rejected("Request Entity Too Large"),
        ),
        (
            401,
            b'{"ok":false,"error_code":401,"description":"Unauthorized"}',
            Misconfigured("Unauthorized"),
        ),
        (404, b'{"ok":false,"error_code":404,"description":"Not Found"}', Misconfigured("Not Found")),
        (
            409,
            b'{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request"}',
            Misconfigured("Conflict: terminated by other getUpdates request"),
        ),
        (
            500,
            b'{"ok":false,"error_code":500,"description":"Internal Server Error"}',
            Unknown("Internal Server Error"),
        ),
        (
            502,
            b'{"ok":false,"error_code":502,"description":"Bad Gateway: restart"}',
            Unknown("Bad Gateway: restart"),
        ),
        (502, HTML, Unknown("ClientDecodeError")),
        (200, HTML, Unknown("ClientDecodeError")),
        (200, b"\xff\xfe", Unknown("ClientDecodeError")),
        (200, b"[1]", Unknown("ClientDecodeError")),
        (200, b"[" * 5000, Unknown("ClientDecodeError")),
        (200, b'{"ok":"yes"}', Unknown("HTTP status 200")),
        (301, b'{"ok":true}', Unknown("HTTP status 301")),
        (200, b'{"ok":false}', Unknown("HTTP status 200")),
        (500, b'{"ok":false}', Unknown("HTTP status 500")),
    ],
)
async def test_every_answer_has_its_outcome(server, channel, status, answer, outcome):
    server.fails("sendMessage", Fault(status, answer))
    assert await channel.send(ANN, Say("xin chào")) == outcome


async def test_telegram_s_own_refusals(server, channel):
    ann, stranger = server.world.person(42), Address("telegram", "43")
    assert isinstance(await channel.send(stranger, Say("xin chào")), ContactGone)
    ann.says("chào")
    ann.blocks()
    assert await channel.send(ANN, Say("xin chào")) == ContactGone("Forbidden: bot was blocked by the user")
    ann.unblocks()
    ann.is_deleted = True
    assert await channel.send(ANN, Say("xin chào")) == ContactGone("Forbidden: user is deactivated")
    too_long = Say("?", (Option("Có", "x" * 65),))
    ann.is_deleted = False
    assert await channel.send(ANN, too_long) == Rejected("Bad Request: BUTTON_DATA_INVALID")


async def test_more_than_one_a_second_must_wait(server, channel):
    server.world.person(42).says("chào")
    assert isinstance(await channel.send(ANN, Say("một")), Sent)
    assert await channel.send(ANN, Say("hai")) == RetryAfter(timedelta(seconds=1))
    server.time.pass_by(1)
    assert isinstance(await channel.send(ANN, Say("hai")), Sent)


async def test_more_than_thirty_a_second_must_wait(server, channel):
    for id in range(100, 131):
        server.world.person(id).says("chào")
    outcomes = [await channel.send(Address("telegram", str(id)), Say("tin")) for id in range(100, 131)]
    assert all(isinstance(outcome, Sent) for outcome in outcomes[:30])
    assert outcomes[30] == RetryAfter(timedelta(seconds=1))


@pytest.mark.parametrize("done_first", [False, True])
async def test_a_broken_connection_leaves_it_unknown(server, channel, done_first):
    ann = server.world.person(42)
    ann.says("chào")
    server.fails("sendMessage", Fault(drop=True, done_first=done_first))

    outcome = await channel.send(ANN, Say("xin chào"))

    assert isinstance(outcome, Unknown)
    assert ann.heard == ["xin chào"] * done_first


async def test_no_answer_in_time_leaves_it_unknown(server, channel, monkeypatch):
    # The default is bound to the function; a test cannot wait for it.
    monkeypatch.setattr(type(channel)._attempt, "__defaults__", (timedelta(milliseconds=50),))
    assert timedelta(seconds=10) <= CALLING <= timedelta(seconds=30)
    server.world.person(42).says("chào")
    never = asyncio.Event()
    server.fails("sendMessage", Fault(until=never))

    assert await channel.send(ANN, Say("xin chào")) == Unknown("no answer in time")
    never.set()


async def test_nobody_at_the_address_is_certainly_not_sent(residents, unused_tcp_port):
    async with TelegramResidents(
        TOKEN, residents.receive, refusal=REFUSAL, api=f"http://127.0.0.1:{unused_tcp_port}"
    ) as channel:
        assert isinstance(await channel.send(ANN, Say("xin chào")), RetryAfter)


async def test_an_address_that_is_none_is_ours_to_mend(residents):
    async with TelegramResidents(
        TOKEN, residents.receive, refusal=REFUSAL, api="http://[not an address"
    ) as channel:
        outcome = await channel.send(ANN, Say("xin chào"))
    assert isinstance(outcome, Misconfigured)
    assert TOKEN not in repr(outcome)


@pytest.mark.parametrize("secret", ["", "short", "x" * 257, "with spaces and such", "dấu-không-được-phép"])
def test_a_secret_telegram_would_not_take_is_refused_at_once(residents, secret):
    with pytest.raises(ValueError, match="secret"):
        TelegramResidents(TOKEN, residents.receive, refusal=REFUSAL, secret=secret)


async def test_no_secret_and_nobody_s_words_in_logs_outcomes_or_errors(server, channel, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    ann = server.world.person(4242424242)
    ann.says("chào")
    faults = [
        Fault(drop=True),
        Fault(429, b'{"ok":false,"description":"slow","parameters":{"retry_after":3}}'),
        Fault(400, b'{"ok":false,"description":"Bad Request: no"}'),
        Fault(502, HTML),
        Fault(200, b'{"ok":true,"result":"odd"}'),
    ]
    seen = []
    with structlog.testing.capture_logs() as events:
        for fault in faults:
            server.fails("sendMessage", fault)
            seen.append(
                repr(
                    await channel.send(Address("telegram", "4242424242"), Say("RẤT-HÀI-LÒNG", options("Có")))
                )
            )
        server.fails("sendMessage", *faults[:4])
        await channel._insist(*requests.of(4242424242, Say("RẤT-HÀI-LÒNG")))
        server.fails("getMe", Fault(401, b'{"ok":false,"description":"Unauthorized"}'))
        await channel.username()

    output = capsys.readouterr()
    everything = " ".join([*seen, repr(events), caplog.text, output.out, output.err, repr(channel)])
    assert events
    for secret in (TOKEN, TOKEN.split(":")[1], SECRET, "4242424242", "RẤT-HÀI-LÒNG"):
        assert secret not in everything


async def test_errors_carry_no_secret_down_to_their_causes(server, channel):
    server.fails(
        "sendMessage", Fault(403, b'{"ok":false,"description":"Forbidden: bot was blocked by the user"}')
    )
    with pytest.raises(Exception, match="blocked") as caught:
        await channel._api.call(Call("sendMessage", {"chat_id": 42, "text": "RẤT-HÀI-LÒNG"}))

    problem: BaseException | None = caught.value
    while problem is not None:
        described = f"{problem!r} {problem} {vars(problem)}"
        assert TOKEN not in described
        assert "RẤT-HÀI-LÒNG" not in described
        problem = problem.__cause__ or problem.__context__


async def test_the_bot_s_name_is_what_links_are_made_of(server, channel):
    assert await channel.username() == "langnghe_bot"
