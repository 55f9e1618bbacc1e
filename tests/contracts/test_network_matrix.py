"""Every call that goes out × every way it can fail: what it comes to is what the declared table says, on every platform."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels import telegram_residents, zalo_bot, zalo_client
from bot.channels.contract import Outcome, RetryAfter, Sent
from bot.channels.telegram_residents import TelegramResidents
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_client import Hosts, ZaloClient
from bot.channels.zalo_errors import ERRORS, kind_of, outcome_of
from bot.channels.zalo_oa import ZaloAccount
from bot.sending.attempts import result_of
from surveys.conversation import Address, Incoming, Reply, Say
from surveys.delivery import EFFECTS, KINDS, DeliveryState, Result, Trouble, expected
from tests.broken_network.server import Broken, answer, nowhere, silent_port

TOKEN = "7000000003:AAmatrix-token_for-tests-only"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SHORT = timedelta(seconds=0.3)
OFFICE = ("don.pdf", b"%PDF-1.4 a document")


# ── The calls ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Call:
    platform: str
    name: str
    """What the server sees: the last part of the path."""
    make: Callable[[str], Awaitable[Outcome]]
    good: bytes
    """What the platform would have answered."""
    before: tuple[tuple[str, bytes], ...] = ()
    """What it answers to calls on the way to this one."""

    def __str__(self) -> str:
        return f"{self.platform}-{self.name}"


async def nobody(incoming: Incoming) -> Reply:
    raise AssertionError("nobody writes to us here")


@asynccontextmanager
async def telegram(url: str) -> AsyncIterator[TelegramResidents]:
    async with TelegramResidents(TOKEN, nobody, refusal="-", api=url) as channel:
        # So that there is a connection to wait for.
        channel._api._connector_init["limit"] = 1
        yield channel


PERSON = Address("telegram", "4001")


async def telegram_says(url: str) -> Outcome:
    async with telegram(url) as channel:
        return await channel.send(PERSON, Say("Thông báo"))


async def telegram_hands_over(url: str) -> Outcome:
    async with telegram(url) as channel:
        return await channel.send(PERSON, Say("", file=OFFICE))


async def telegram_takes_back(url: str) -> Outcome:
    async with telegram(url) as channel:
        return await channel.recall(PERSON, ("5",), Say("Đã thu hồi"))


class Tokens:
    """Always the same one: what becomes of tokens has tests of its own."""

    async def access(self) -> str:
        return "AT-1"

    async def renewed_after(self, token: str) -> str:
        return "AT-2"

    async def settle(self, within: timedelta) -> None:
        """Nothing is under way."""


@asynccontextmanager
async def zalo(url: str, mode: Any) -> AsyncIterator[ZaloAccount]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(ZaloClient("1", "s", hosts=Hosts(url, url, url)))
        tokens: Any = Tokens()
        yield await stack.enter_async_context(
            ZaloAccount("77", nobody, client, tokens, now=lambda: NOW, mode=mode)
        )


def zalo_says(mode: str) -> Callable[[str], Awaitable[Outcome]]:
    async def says(url: str) -> Outcome:
        async with zalo(url, mode) as account:
            return await account.send(Address("zalo:77", "186729651760683225"), Say("Thông báo"))

    return says


async def zalo_hands_over(url: str) -> Outcome:
    async with zalo(url, "v3") as account:
        return await account.send(Address("zalo:77", "186729651760683225"), Say("", file=OFFICE))


async def zalo_bot_says(url: str) -> Outcome:
    async with ZaloBot("1:t", nobody, refusal="-", hint="-", api=url) as channel:
        return await channel.send(Address("zalobot", "6ede9afa66b88fe6d6a9"), Say("Thông báo"))


MESSAGE = b'{"ok":true,"result":{"message_id":5,"date":1,"chat":{"id":4001,"type":"private"}}}'
NOT_EDITABLE = b'{"ok":false,"error_code":400,"description":"Bad Request: message can\'t be edited"}'
TAKEN = b'{"data":{"message_id":"m1","user_id":"1"},"error":0,"message":"Success"}'
UPLOADED = b'{"data":{"token":"T1"},"error":0,"message":"Success"}'
CALLS = (
    Call("telegram", "sendMessage", telegram_says, MESSAGE),
    Call("telegram", "sendDocument", telegram_hands_over, MESSAGE),
    Call("telegram", "editMessageText", telegram_takes_back, MESSAGE, (("deleteMessage", NOT_EDITABLE),)),
    Call(
        "telegram",
        "deleteMessage",
        telegram_takes_back,
        b'{"ok":true,"result":true}',
        (("editMessageText", NOT_EDITABLE),),
    ),
    Call("zalo", "message", zalo_says("v2"), TAKEN),
    Call("zalo", "cs", zalo_says("v3"), TAKEN),
    Call("zalo-upload", "file", zalo_hands_over, UPLOADED, (("cs", TAKEN),)),
    Call("zalobot", "sendMessage", zalo_bot_says, b'{"ok":true,"result":{"message_id":"m1","date":1}}'),
)

# ── The troubles, in each platform's own words ───────────────────────────────────────────────────────────────────


def refusal(status: int, words: str, **parameters: int) -> bytes:
    more = "".join(f',"{name}":{value}' for name, value in parameters.items())
    rest = f',"parameters":{{{more[1:]}}}' if more else ""
    return answer(status, f'{{"ok":false,"error_code":{status},"description":"{words}"{rest}}}'.encode())


PAGE = b"<html><body>502 Bad Gateway</body></html>"
TELEGRAM: dict[Trouble, tuple[bytes, ...]] = {
    Trouble.TOO_MANY: (refusal(429, "Too Many Requests: retry after 7", retry_after=7),),
    Trouble.TOO_MANY_UNTIMED: (refusal(429, "Too Many Requests"), answer(429, PAGE)),
    Trouble.UNAUTHORIZED: (refusal(401, "Unauthorized"),),
    Trouble.FORBIDDEN: (
        refusal(403, "Forbidden: bot was blocked by the user"),
        refusal(403, "Forbidden: user is deactivated"),
        refusal(403, "Forbidden: bot was kicked from the supergroup chat"),
        refusal(403, "Forbidden: bot can't initiate conversation with a user"),
    ),
    Trouble.BAD_REQUEST: (
        refusal(400, "Bad Request: message is too long"),
        refusal(400, "Bad Request: can't parse entities"),
        refusal(400, "Bad Request: BUTTON_DATA_INVALID"),
        refusal(413, "Request Entity Too Large"),
    ),
    Trouble.NOT_FOUND: (refusal(404, "Not Found"),),
    Trouble.NO_SUCH_CHAT: (
        refusal(400, "Bad Request: chat not found"),
        refusal(400, "Bad Request: PEER_ID_INVALID"),
    ),
    Trouble.MIGRATED: (
        refusal(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=-1001234567890,
        ),
    ),
}
BOT: dict[Trouble, tuple[bytes, ...]] = {
    Trouble.TOO_MANY_UNTIMED: (refusal(429, "Quota exceeded"), answer(429, PAGE)),
    Trouble.UNAUTHORIZED: (refusal(401, "Unauthorized"),),
    Trouble.FORBIDDEN: (refusal(403, "Internal server error"),),
    Trouble.BAD_REQUEST: (refusal(400, "Bad Request"),),
    Trouble.NOT_FOUND: (refusal(404, "Not Found"),),
}
HTTP: dict[Trouble, tuple[bytes, ...]] = {
    Trouble.TOO_MANY_UNTIMED: (answer(429, PAGE),),
    Trouble.UNAUTHORIZED: (answer(401, PAGE),),
    Trouble.FORBIDDEN: (answer(403, PAGE),),
    Trouble.BAD_REQUEST: (answer(400, PAGE),),
    Trouble.NOT_FOUND: (answer(404, PAGE),),
}
EVERYWHERE: dict[Trouble, tuple[bytes, ...]] = {
    Trouble.SERVER: (answer(500, b"{}"), answer(500, PAGE)),
    Trouble.GATEWAY: (answer(502, PAGE),),
    Trouble.UNAVAILABLE: (answer(503, b""),),
    Trouble.TRUNCATED: (answer(200, b'{"ok":tr', length=9999), answer(200, b'{"ok":true,"resu')),
    Trouble.NOT_JSON: (answer(200, b"OK"), answer(200, b"[]"), answer(200, b"")),
    Trouble.REDIRECT: (answer(301, b"", head="Location: http://127.0.0.1:9/elsewhere\r\n"),),
}
WORDS = {"telegram": TELEGRAM, "zalobot": BOT, "zalo": HTTP, "zalo-upload": HTTP}
ANSWERED = [
    pytest.param(call, trouble, said, id=f"{call}-{trouble}-{number}")
    for call in CALLS
    for trouble, answers in {**EVERYWHERE, **WORDS[call.platform]}.items()
    for number, said in enumerate(answers)
]
UNANSWERED = (
    *(Trouble.NAME, Trouble.REFUSED, Trouble.UNREACHABLE, Trouble.TLS),
    *(Trouble.RESET_BEFORE, Trouble.RESET_AFTER, Trouble.READ_TIMEOUT),
)


def declared(call: Call, trouble: Trouble) -> Result:
    result = expected(trouble, call.platform.partition("-")[0])
    if call.platform == "zalo-upload" and result is Result.UNKNOWN:
        return Result.NOT_SENT  # whatever became of the upload, the person has got nothing
    return result


def impatient(monkeypatch: pytest.MonkeyPatch, trouble: Trouble) -> None:
    """With what this trouble keeps waiting, and with nothing else: on a busy machine what is all right takes its time too."""
    modules = (telegram_residents, zalo_client, zalo_bot)
    if trouble in (Trouble.UNREACHABLE, Trouble.TLS):
        for module in modules:
            monkeypatch.setattr(module, "CONNECTING", SHORT)
    elif trouble is Trouble.POOL:
        monkeypatch.setattr(telegram_residents, "POOLED", SHORT)
    elif trouble is Trouble.READ_TIMEOUT:
        for module in modules:
            monkeypatch.setattr(module, "CALLING", SHORT * 3)
        _and_defaults(monkeypatch)


def _and_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults of arguments were taken when the modules were read."""
    attempt = TelegramResidents._attempt

    async def soon(self: TelegramResidents, call: Any, within: timedelta = SHORT * 3) -> Outcome:
        return await attempt(self, call, within)

    monkeypatch.setattr(TelegramResidents, "_attempt", soon)
    asked = ZaloBot._call

    async def asks(self: ZaloBot, method: str, given: Any, within: timedelta = SHORT * 3) -> Any:
        return await asked(self, method, given, within)

    monkeypatch.setattr(ZaloBot, "_call", asks)


@pytest.mark.parametrize(("call", "trouble", "said"), ANSWERED)
async def test_what_an_answer_comes_to(call: Call, trouble: Trouble, said: bytes):
    async with Broken({**answers_before(call), call.name: said}).listening() as server:
        outcome = await call.make(server.url)

    assert result_of(outcome) is declared(call, trouble), outcome
    if trouble is Trouble.TOO_MANY:
        assert outcome == RetryAfter(timedelta(seconds=7))


def answers_before(call: Call) -> dict[str, bytes]:
    return {name: answer(400 if b'"ok":false' in body else 200, body) for name, body in call.before}


@pytest.mark.parametrize("trouble", UNANSWERED, ids=str)
@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_what_no_answer_comes_to(call: Call, trouble: Trouble, monkeypatch: pytest.MonkeyPatch):
    impatient(monkeypatch, trouble)
    async with AsyncExitStack() as stack:
        outcome = await call.make(await address(stack, call, trouble))

    # A call on the way to this one has met the same trouble first; what it comes to is the same.
    assert result_of(outcome) is declared(call, trouble), outcome


async def address(stack: AsyncExitStack, call: Call, trouble: Trouble) -> str:
    match trouble:
        case Trouble.NAME:
            return "http://nobody-has-this-name.invalid"
        case Trouble.REFUSED:
            return nowhere()
        case Trouble.UNREACHABLE:
            return await stack.enter_async_context(silent_port())
    broken = Broken(
        resets=trouble is Trouble.RESET_BEFORE,
        resets_after=trouble is Trouble.RESET_AFTER,
        is_silent=trouble is Trouble.READ_TIMEOUT,
        answers={"*": answer(200, call.good)},
    )
    await stack.enter_async_context(broken.listening())
    return broken.url.replace("http:", "https:") if trouble is Trouble.TLS else broken.url


@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_what_is_slow_and_right_is_sent(call: Call):
    answers = {**answers_before(call), call.name: answer(200, call.good), "*": answer(200, call.good)}
    async with Broken(answers, waits=0.1).listening() as server:
        assert isinstance(await call.make(server.url), Sent)


async def test_who_waits_for_a_connection_has_sent_nothing(monkeypatch: pytest.MonkeyPatch):
    impatient(monkeypatch, Trouble.POOL)
    broken = Broken(is_silent=True)
    async with broken.listening(), telegram(broken.url) as channel:
        first = asyncio.ensure_future(channel.send(PERSON, Say("một")))
        await broken.heard.wait()
        second = await channel.send(PERSON, Say("hai"))
        first.cancel()

    assert result_of(second) is declared(CALLS[0], Trouble.POOL)
    assert broken.arrived == ["sendMessage"]


@pytest.mark.parametrize("number", [*ERRORS, -99_999])
def test_every_number_of_zalos(number: int):
    assert result_of(outcome_of(number, NOW)) is KINDS[kind_of(number).value]


@pytest.mark.parametrize("call", [each for each in CALLS if each.platform == "zalo"], ids=str)
@pytest.mark.parametrize("number", [-32, -201, -211, -216, -213, -217, -230, -200, -234, -244, -12_345])
async def test_numbers_of_zalos_over_http(call: Call, number: int):
    said = answer(200, f'{{"error":{number},"message":"không"}}'.encode())
    async with Broken({"*": said}).listening() as server:
        outcome = await call.make(server.url)

    assert result_of(outcome) is KINDS[kind_of(number).value]


def test_the_table_leaves_no_trouble_and_no_result_out():
    seen = (
        {trouble for words in (EVERYWHERE, *WORDS.values()) for trouble in words}
        | set(UNANSWERED)
        | {Trouble.POOL}
    )
    assert seen == set(Trouble)
    assert set(EFFECTS) == set(Result)
    assert {effect.state for effect in EFFECTS.values()} <= set(DeliveryState)
