"""Between Telegram and the desk: nothing acknowledged before it is done, nothing done twice, nothing told that is secret."""

import asyncio
import json
import logging
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import structlog
from telegram.error import TelegramError

from bot.channels.contract import ContactGone, Misconfigured, Rejected, RetryAfter, Unknown
from bot.channels.telegram_officers import TelegramOfficers
from bot.channels.telegram_officers_calls import IN_A_SECOND, OfficersBot, quieted, translate
from storage.database import Unavailable
from surveys.notices import State
from tests.officers.conftest import SECRET, a_bot
from tests.officers.test_journeys import WORDS, the_notice, written
from tests.patience import PATIENCE
from tests.telegram_server.asgi import post_to, request
from tests.telegram_server.server import TOKEN, Fault

PROOF = (b"x-telegram-bot-api-secret-token", SECRET.encode())


# ── By webhook ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "pieces", "method", "status"),
    [
        ([], [b"{}"], "POST", 401),
        ([(PROOF[0], b"wrong")], [b"{}"], "POST", 401),
        ([PROOF, PROOF], [b"{}"], "POST", 401),
        ([PROOF], [b"{}"], "GET", 405),
        ([PROOF], [b"not json"], "POST", 400),
        ([PROOF], [b"[]"], "POST", 400),
        ([PROOF], [b"x" * (300 * 1024)], "POST", 413),
        ([PROOF], [b"{}"], "POST", 200),
    ],
)
async def test_what_is_not_telegram_s_is_not_looked_at(office, headers, pieces, method, status):
    assert (await request(office.bot.webhook, headers, pieces, method=method))[0] == status


async def test_while_the_database_is_away_telegram_keeps_the_update(office, an, monkeypatch):
    actor_of = office.people.actor_of
    away = 2

    async def tired(address):
        nonlocal away
        if away:
            away -= 1
            raise Unavailable("away")
        return await actor_of(address)

    monkeypatch.setattr(
        office.people, "actor_of", tired
    )  # a database that comes back is hard to have at a certain moment
    before = len(an.heard)
    an.phone.says("/danhsach")

    assert await office.server.bring() == [503, 503, 200]
    await office.quiet()

    assert len(an.heard) == before + 1


async def test_in_the_middle_of_a_draft_too(office, an, monkeypatch):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    write = office.notices.write
    away = 1

    async def tired(*given):
        nonlocal away
        if away:
            away -= 1
            raise Unavailable("away")
        return await write(*given)

    monkeypatch.setattr(office.notices, "write", tired)
    an.phone.says(WORDS)

    assert await office.server.bring() == [503, 200]
    await office.quiet()

    assert (await the_notice(office)).draft.texts["vi"].text == WORDS
    assert "bước 3/5" in an.last


async def test_a_surprise_is_said_logged_with_an_id_and_let_go(office, an, monkeypatch):
    async def broken(*given):
        raise RuntimeError(f"{WORDS} {TOKEN}")

    monkeypatch.setattr(office.notices, "of", broken)
    with structlog.testing.capture_logs() as logs:
        update = an.phone.says("/danhsach")
        assert await office.server.bring() == [200]
        await office.quiet()

    assert "Xin lỗi, có trục trặc" in an.last
    [failed] = [each for each in logs if each["event"] == "officers.update_failed"]
    assert failed["update_id"] == update["update_id"]
    assert failed["error"].startswith("RuntimeError at ")
    assert WORDS not in str(logs)
    assert TOKEN not in str(logs)
    assert "không có việc nào" in (await an.says("/huy"))[0].lower()


async def test_a_crash_between_handling_and_acknowledging(office, binh, an):
    """The process dies after the approval is on disk and before Telegram hears of it: it comes again, to another process."""
    await written(an)
    await an.taps("Trình duyệt")
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    update = binh.phone.taps("Duyệt")
    await office.settled()
    notice = await the_notice(office)
    said = len(binh.heard)

    async with a_bot(office.server, office.rooms) as again:
        office.bot, office.server.post = again, post_to(again.webhook)
        assert await office.server.deliver(update) == 200
        await office.quiet()

    assert (await the_notice(office)).version == notice.version
    assert (await the_notice(office)).state is State.APPROVED
    assert len(binh.heard) == said
    assert "Duyệt: Trần Thị Bình" in binh.last


async def test_words_that_come_again_to_another_process_are_one_draft(office, an):
    await an.says("/thongbao")
    await an.taps("Giao thông")
    update = an.phone.says(WORDS)
    await office.settled()

    async with a_bot(office.server, office.rooms) as again:
        office.bot, office.server.post = again, post_to(again.webhook)
        assert await office.server.deliver(update) == 200
        await office.quiet()

    assert (await the_notice(office)).draft.texts["vi"].text == WORDS


async def test_where_telegram_does_not_know_the_token_nothing_names_it(server, office):
    wrong = "7000000001:AAanother-token_that-nobody-knows"
    bot = TelegramOfficers(wrong, office.rooms, secret=SECRET, api=server.url)
    with structlog.testing.capture_logs() as logs:
        outcome = await bot.set_webhook("https://bot.test/officers")

    assert isinstance(outcome, Misconfigured)
    assert wrong not in f"{outcome!r} {logs}"


def test_a_short_secret_is_refused(office):
    with pytest.raises(ValueError, match="16 to 256"):
        TelegramOfficers(TOKEN, office.rooms, secret="short")


# ── By asking ────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def polling(office):
    stop = asyncio.Event()
    task = asyncio.create_task(office.bot.poll(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def test_by_asking_it_confirms_what_is_handled(office, an):
    before = len(an.heard)
    an.phone.says("/danhsach")
    async with polling(office):
        await office.server.until(lambda: len(an.heard) == before + 1)
        await office.server.until(lambda: office.server.is_listened_to and not office.server.world.updates)

    assert office.server.webhook is None


async def test_by_asking_nothing_is_confirmed_before_it_is_handled(office, an, monkeypatch):
    gate, begun = asyncio.Event(), asyncio.Event()
    actor_of = office.people.actor_of

    async def slow(address):
        begun.set()
        await gate.wait()
        return await actor_of(address)

    monkeypatch.setattr(office.people, "actor_of", slow)
    an.phone.says("/danhsach")
    async with polling(office):
        await begun.wait()
        assert len(office.server.world.updates) == 1
        gate.set()
        await office.server.until(lambda: office.server.is_listened_to and not office.server.world.updates)


async def test_an_update_the_library_cannot_read_is_let_go(office, an):
    """A message without a date is none to the library: brought again, it would not be one either."""
    broken = an.phone.says("/danhsach")
    office.server.world.updates.clear()
    del broken["message"]["date"]
    with structlog.testing.capture_logs() as logs:
        status, _, _ = await request(office.bot.webhook, [PROOF], [json.dumps(broken).encode()])

    assert status == 200
    [unread] = [each for each in logs if each["event"] == "officers.update_unread"]
    assert unread["update_id"] == broken["update_id"]
    assert "chưa có thông báo nào" in (await an.says("/danhsach"))[0]


async def test_a_telegram_that_is_away_at_first_is_asked_again(office, an):
    async with a_bot(office.server, office.rooms) as again:
        office.bot = again
        office.server.fails("getMe", Fault(drop=True), Fault(502, b"<html>"))
        before = len(an.heard)
        an.phone.says("/danhsach")
        async with polling(office):
            await office.server.until(lambda: len(an.heard) == before + 1)


async def test_before_it_knows_who_it_is_telegram_keeps_the_update(office, an):
    async with a_bot(office.server, office.rooms) as again:
        office.bot, office.server.post = again, post_to(again.webhook)
        office.server.fails("getMe", Fault(502, b"<html>"))
        an.phone.says("/danhsach")

        assert await office.server.bring() == [503, 200]
        await office.quiet()


# ── What goes out ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_crowd_is_answered_at_telegram_s_pace(office):
    strangers = [office.stranger() for _ in range(120)]
    for stranger in strangers:
        stranger.phone.says("xin chào")
    await office.server.bring_at_once()
    await office.quiet()

    assert all(len(stranger.heard) == 1 for stranger in strangers)
    assert [made.status for made in office.server.made if made.method == "sendMessage"].count(429) == 0
    assert IN_A_SECOND < 30


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(429, b'{"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":7}}'), RetryAfter(timedelta(seconds=7))),
        (Fault(403, b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}'), ContactGone),
        (Fault(400, b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'), ContactGone),
        (Fault(400, b'{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}'), Rejected),
        (Fault(400, b'{"ok":false,"error_code":400,"description":"x","parameters":{"migrate_to_chat_id":-1001}}'), ContactGone),
        (Fault(401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}'), Misconfigured),
        (Fault(404, b'{"ok":false,"error_code":404,"description":"Not Found"}'), Misconfigured),
        (Fault(409, b'{"ok":false,"error_code":409,"description":"Conflict"}'), Misconfigured),
        (Fault(500, b"oh"), Unknown),
        (Fault(502, b"<html>"), Unknown),
        (Fault(503, b""), Unknown),
        (Fault(301, b""), Unknown),
        (Fault(200, b'{"ok":'), Unknown),
        (Fault(200, b'[]'), Unknown),
        (Fault(drop=True), Unknown),
    ],
)  # fmt: skip
async def test_every_way_to_fail_has_its_kind_and_names_no_secret(server, fault, outcome):
    server.world.person(42).says("chào")
    server.fails("sendMessage", fault)
    bot = OfficersBot.at(server.url, TOKEN)
    try:
        await bot.send_message(42, "xin chào")
    except Exception as trouble:
        found = translate(trouble)
        chain = [repr(trouble), repr(trouble.__cause__), repr(trouble.__context__)]
        request = getattr(trouble.__context__, "request", None)
        assert request is None
        assert TOKEN not in " ".join(chain) + repr(found)
    else:
        found = Unknown("nothing was raised")
    await bot.shutdown()

    assert found == outcome if isinstance(outcome, RetryAfter) else isinstance(found, outcome)


async def test_what_was_never_connected_was_never_sent():
    bot = OfficersBot.at("http://127.0.0.1:9", TOKEN)
    with pytest.raises(TelegramError) as trouble:
        await bot.send_message(42, "x")

    assert isinstance(translate(trouble.value), RetryAfter)
    assert "127.0.0.1" not in repr(trouble.value)


async def test_the_token_is_in_no_log_however_much_is_logged(office, an, caplog):
    """httpx notes the address of every request at INFO, and the library whole updates at DEBUG."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    quieted()
    with structlog.testing.capture_logs() as logs:
        office.server.fails("sendMessage", Fault(drop=True), Fault(502, b"<html>"))
        await an.says("/thongbao")
        await an.taps("Giao thông")
        await an.says(WORDS)
        async with httpx.AsyncClient() as client:
            await client.get(f"{office.server.url}/bot{TOKEN}/getMe")

    assert TOKEN not in caplog.text
    assert TOKEN.partition(":")[2] not in caplog.text + str(logs)
    assert WORDS not in caplog.text + str(logs)


async def test_a_reply_is_tried_again_and_in_order(office, an):
    office.server.fails("sendMessage", Fault(502, b"<html>"), Fault(drop=True))
    before = len(an.heard)
    await written(an)

    assert [each[:8] for each in an.heard[before:]][:2] == ["Soạn thô", "Soạn thô"]
    assert "bước 1/5" in an.heard[before]


def test_without_a_token_the_library_is_not_imported():
    code = (
        "import sys, bot.app, bot.officers, bot.cli\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] in ('telegram', 'httpx')], sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
