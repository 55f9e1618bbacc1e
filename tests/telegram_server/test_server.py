"""The server is worth something only if it says no: what Telegram refuses, it refuses, and what no Bot API knows, it remembers."""

import asyncio

import pytest
from aiohttp import ClientSession

from tests.telegram_server.schema import bot_api
from tests.telegram_server.server import TOKEN, TelegramServer


@pytest.fixture
async def server():
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def call(server):
    async with ClientSession() as session:

        async def call(method, given=None, token=TOKEN):
            async with session.post(f"{server.url}/bot{token}/{method}", json=given or {}) as response:
                return response.status, await response.json()

        yield call


@pytest.mark.parametrize(
    ("method", "given", "violation"),
    [
        ("sendMessage", {"chat_id": 42}, "'text' is missing"),
        ("sendMessage", {"chat_id": 42, "text": "x", "parsemode": "HTML"}, "unknown field 'parsemode'"),
        ("sendMessage", {"chat_id": 42, "text": 7}, "7 is not String"),
        ("sendMessage", {"chat_id": True, "text": "x"}, "True is not Integer"),
        (
            "sendMessage",
            {"chat_id": 42, "text": "x", "link_preview_options": {"disabled": True}},
            "unknown field 'disabled'",
        ),
        (
            "sendMessage",
            {"chat_id": 42, "text": "x", "reply_markup": {"inline_keyboard": [{"text": "Có"}]}},
            "is not an array",
        ),
        (
            "sendMessage",
            {"chat_id": 42, "text": "x", "reply_markup": {"inline_keyboard": [[{"txt": "Có"}]]}},
            "unknown field 'txt'",
        ),
        ("answerCallbackQuery", {"callback_query_id": 5}, "5 is not String"),
        ("getUpdates", {"allowed_updates": ["message", 1]}, "1 is not String"),
        ("sendDocument", {"chat_id": 42, "document": {"a": 1}}, "document"),
        ("sendMesage", {}, "no such method: sendMesage"),
    ],
)
async def test_what_the_bot_api_does_not_know_is_remembered(server, call, method, given, violation):
    status, answer = await call(method, given)
    assert status in (400, 404)
    assert answer["ok"] is False
    assert any(violation in said for said in server.violations), server.violations


def test_the_description_is_whole():
    """Every type that a method or a type names is there."""
    api = bot_api()
    known = set(api._types) | {"Integer", "Float", "String", "Boolean"}
    definitions = [*api._types.values(), *api._methods.values()]
    named = {
        name.replace("Array of ", "")
        for definition in definitions
        for field in definition["fields"].values()
        for name in field["types"]
    }
    assert named <= known
    subtypes = {
        name.replace("Array of ", "") for definition in definitions for name in definition.get("subtypes", [])
    }
    assert subtypes <= known


async def test_a_wrong_token_is_nobody_s(server, call):
    assert (await call("getMe", token="7:wrong"))[0] == 401
    assert server.wrong_tokens == 1


async def test_only_who_has_written_can_be_written_to(server, call):
    ann = server.world.person(42)
    assert (await call("sendMessage", {"chat_id": 42, "text": "x"}))[0] == 400
    ann.says("chào")
    assert (await call("sendMessage", {"chat_id": 42, "text": "x"}))[0] == 200
    ann.blocks()
    server.time.pass_by(1)
    assert (await call("sendMessage", {"chat_id": 42, "text": "x"}))[0] == 403


async def test_a_group_that_moved_says_where_to(server, call):
    group = server.world.group(-5)
    group.has_bot = True
    group.moved_to = -1005
    status, answer = await call("sendMessage", {"chat_id": -5, "text": "x"})
    assert (status, answer["parameters"]) == (400, {"migrate_to_chat_id": -1005})


@pytest.mark.parametrize(
    ("text", "status"), [("x" * 4096, 200), ("x" * 4097, 400), ("👍" * 2049, 400), (" ", 400)]
)
async def test_a_text_has_its_length(server, call, text, status):
    server.world.person(42).says("chào")
    assert (await call("sendMessage", {"chat_id": 42, "text": text}))[0] == status


@pytest.mark.parametrize(
    ("button", "status"),
    [
        ({"text": "Có", "callback_data": "x" * 64}, 200),
        ({"text": "Có", "callback_data": "x" * 65}, 400),
        ({"text": "Có", "callback_data": "ế" * 33}, 400),
        ({"text": "Có", "callback_data": ""}, 400),
        ({"text": "Có"}, 400),
        ({"text": "Có", "callback_data": "x", "url": "https://a.vn"}, 400),
        ({"text": " ", "callback_data": "x"}, 400),
    ],
)
async def test_a_button_carries_one_thing_of_64_bytes(server, call, button, status):
    server.world.person(42).says("chào")
    given = {"chat_id": 42, "text": "?", "reply_markup": {"inline_keyboard": [[button]]}}
    assert (await call("sendMessage", given))[0] == status


async def test_a_tap_is_answered_once(server, call):
    ann = server.world.person(42)
    id = ann.taps_data("x", ann.keep(text="?"))["callback_query"]["id"]
    assert (await call("answerCallbackQuery", {"callback_query_id": "1"}))[0] == 400
    assert (await call("answerCallbackQuery", {"callback_query_id": id}))[0] == 200
    assert (await call("answerCallbackQuery", {"callback_query_id": id}))[0] == 400


async def test_only_its_own_messages_can_be_edited_and_only_to_something_else(server, call):
    ann = server.world.person(42)
    ann.says("chào")
    ann.keep(text="?")

    async def edit(message, text):
        status, answer = await call("editMessageText", {"chat_id": 42, "message_id": message, "text": text})
        return answer.get("description", status)

    assert await edit(1, "x") == "Bad Request: message can't be edited"
    assert await edit(9, "x") == "Bad Request: message to edit not found"
    assert (await edit(2, "?")).startswith("Bad Request: message is not modified")
    assert await edit(2, "!") == 200
    assert ann.heard == ["!"]


async def test_an_offset_confirms_and_nothing_else_does(server, call):
    ann = server.world.person(42)
    first, second = (ann.says(text)["update_id"] for text in ("một", "hai"))

    async def ask(**given):
        return [update["update_id"] for update in (await call("getUpdates", given))[1]["result"]]

    assert await ask() == [first, second]
    assert await ask(limit=1) == [first]
    assert await ask(offset=first) == [first, second]
    assert await ask(offset=second) == [second]
    assert await ask() == [second]
    assert await ask(offset=second + 1) == []


async def test_two_who_listen_at_once_are_in_conflict(server, call):
    first = asyncio.create_task(call("getUpdates", {"timeout": 25}))
    await server.until(lambda: server.is_listened_to)
    second = asyncio.create_task(call("getUpdates", {"timeout": 25}))

    assert (await first)[0] == 409
    await server.until(lambda: server.is_listened_to)
    server.world.person(42).says("chào")
    assert (await second)[0] == 200


async def test_there_is_no_asking_while_a_webhook_is_set(server, call):
    assert (await call("setWebhook", {"url": "ftp://bot.test"}))[0] == 400
    assert (await call("setWebhook", {"url": "https://bot.test", "secret_token": "no spaces!"}))[0] == 400
    assert (await call("setWebhook", {"url": "https://bot.test", "secret_token": "s"}))[0] == 200
    assert (await call("getWebhookInfo"))[1]["result"]["url"] == "https://bot.test"
    assert (await call("getUpdates"))[0] == 409
    assert (await call("deleteWebhook"))[0] == 200
    assert (await call("getUpdates"))[0] == 200


@pytest.mark.parametrize(
    ("content_type", "body", "violation"),
    [
        ("text/plain", b'{"method":"sendMessage","chat_id":42,"text":"x"}', "not JSON"),
        ("application/json", b'{"chat_id":42,"text":"x"}', "names no method"),
        ("application/json", b'{"method":"sendMessage","chat_id":42,"txt":"x"}', "unknown field 'txt'"),
    ],
)
async def test_a_method_in_a_webhook_s_answer_is_judged_too(server, call, content_type, body, violation):
    await call("setWebhook", {"url": "https://bot.test"})

    async def post(update, headers):
        return 200, {"content-type": content_type}, body

    server.post = post
    server.world.person(42).says("chào")

    await server.bring()

    assert any(violation in said for said in server.violations)
