"""What officers type arrives as they typed it, and whatever else arrives breaks nothing."""

import copy
import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from random import Random

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import Update

from bot.channels.telegram_officers_calls import OfficersBot, as_telegram_counts
from bot.channels.telegram_officers_moments import read_moment, told_moment
from bot.channels.telegram_officers_writing import text_of
from handlers.units import load_seed
from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.conversation import Entity, Style
from surveys.notices import Text, Unwritable
from surveys.rights import Role
from surveys.waves import LOCAL
from tests.conftest import Clock
from tests.contracts.test_telegram_fuzz import _places, anything
from tests.officers.conftest import LONG_DUC, PROOF_OF_ORIGIN, Office, a_bot, rooms_of
from tests.officers.test_journeys import actor, the_notice
from tests.telegram_server.asgi import post_to, request
from tests.telegram_server.server import TOKEN, TelegramServer

TEXTS, AT_A_TIME = 10_000, 10
BOT = OfficersBot.at("http://127.0.0.1:9", TOKEN)  # it is never asked for anything
KINDS = {"bold": Style.BOLD, "italic": Style.ITALIC, "underline": None, "text_link": Style.LINK}
URL = "https://congan.vinhlong.gov.vn/x"

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
typed = st.text(letters, min_size=1, max_size=60) | st.sampled_from(
    [
        "<b>Chú ý</b> & *đậm*",
        "🚨👩‍👩‍👧 Chú ý",
        "ប៉ូលិស​ប្រាប់",
        "a\u202eb",
        "e\u0302\u0323",
        "1️⃣ 🇻🇳",
        "\r\n\tx",
        "½ ｗ ﷺ",
    ]
)
spans = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 60), st.integers(1, 60)), max_size=4
)


def units(text):
    return len(text.encode("utf-16-le")) // 2


def entities_of(said, wanted):
    """The same stretches as Telegram names them and as we do."""
    theirs, ours = [], []
    for kind, start, size in wanted:
        start, end = min(start, len(said) - 1), min(start + size, len(said))
        offset = units(said[:start])
        each = {"type": kind, "offset": offset, "length": units(said[:end]) - offset}
        url = URL if kind == "text_link" else ""
        theirs.append(each | ({"url": url} if url else {}))
        if (style := KINDS[kind]) is not None:
            ours.append(Entity(style, start, max(end, start + 1) - start, url))
    return [each for each in theirs if each["length"]], [each for each in ours if each.length]


def message(said, entities, id=1):
    person = {"id": 42, "is_bot": False, "first_name": "An"}
    content = {"message_id": id, "date": 1, "chat": {"id": 42, "type": "private"}, "from": person}
    return {"update_id": id, "message": content | {"text": said, "entities": entities}}


@settings(max_examples=TEXTS // AT_A_TIME, deadline=None)
@given(st.lists(st.tuples(typed, spans), min_size=AT_A_TIME, max_size=AT_A_TIME))
def test_ten_thousand_texts_are_read_as_they_were_typed(texts):
    for said, wanted in texts:
        is_read_as_typed(said, wanted)


def is_read_as_typed(said, wanted):
    theirs, ours = entities_of(said, wanted)

    read = text_of(Update.de_json(json.loads(json.dumps(message(said, theirs))), BOT).message)

    assert read == Text.of(said, ours)
    # And out again: what Telegram is told stands out is what stands out.
    raw = read.text.encode("utf-16-le")
    shown = [each for each in read.entities if each.style is not Style.LINK]
    for each, sent in zip(shown, as_telegram_counts(read.text, shown) or [], strict=True):
        end = 2 * (sent.offset + sent.length)
        assert raw[2 * sent.offset : end].decode("utf-16-le") == read.text[each.offset : each.end]


async def test_through_the_whole_bot_too(office, an):
    """From the update to the database and to the preview, a hundred of every sort."""
    chance = Random(204)
    alphabet = "aăâđêôơư ẤỆỘ<>&*_`[]()\\\n🚨👍🏽កខគ៉​éêñ1️⃣"
    await an.says("/thongbao")
    await an.taps("Giao thông")
    await an.says("Bắt đầu.")
    await an.taps("Không kèm ảnh")
    await an.taps("Xong, bước tiếp")
    await an.taps("Ngay khi được duyệt")
    for _ in range(100):
        said = "".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 80))) + "."
        start = chance.randrange(len(said))
        theirs, ours = entities_of(said, [("bold", start, chance.randrange(1, 20))])
        wanted = Text.of(said, ours)
        await an.taps("Nội dung")
        await an.says(said, theirs)

        kept = (await the_notice(office)).draft.texts["vi"]
        assert kept == wanted
        preview = [each for each in an.phone.from_bot if "• Zalo" in str(each.get("reply_markup"))][-1]
        assert wanted.text in preview["text"]


def test_half_a_character_is_refused_in_words():
    with pytest.raises(Unwritable):
        Text.of("\ud83d")


# ── Whatever arrives ─────────────────────────────────────────────────────────────────────────────────────────────

IN_A_ROW, ROWS = 20, 100
KNOWN = {"officers.call_failed", "officers.update_unread", "officers.update_failed"}


def originals(an, notice):
    """One honest update of every kind an officer's telephone makes."""
    phone = an.phone
    card = phone.from_bot[-1]
    return [
        phone.says("/thongbao"),
        phone.says("/toi"),
        phone.says("xin chào", [{"type": "bold", "offset": 0, "length": 3}]),
        phone.sends_photo("ổ gà"),
        phone.sends_file("a.png", b"\x89PNG"),
        phone.taps_data(f"ap.{notice.id}.{notice.version}", card),
        phone.taps_data("w.abcdef.cat.scam", card),
        phone.taps_data(f"rj.{notice.id}.1", card),
        phone.taps_data("sure.yes.st.x", card),
        phone.taps_data("rs.29263.0", card),
        phone.blocks(),
    ]


def changed(update, choices, values):
    made = json.loads(update)
    made["update_id"] = int.from_bytes(choices) % 2**40
    for place in range(choices[1] % 4):
        name, value = copy.deepcopy(values[choices[2 + place] % len(values)])
        there = list(_places(made))
        holder, key = there[(choices[6 + place] * 7) % len(there)]
        match choices[10 + place] % 3:
            case 0:
                holder[key] = value
            case 1:
                del holder[key]
            case _ if isinstance(holder, dict):
                holder[name] = value
        if not isinstance(made, dict) or not made:
            break
    return made


async def test_whatever_arrives_nothing_breaks(tmp_path):
    """2,000 updates made from honest ones: every one is answered 200 or 400, and every call they cause is one Telegram knows."""
    url = f"sqlite:///{tmp_path}/fuzz.sqlite"
    await migrate.up(url)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TelegramServer(burst=10_000))
        database = await Database.open(url)
        stack.push_async_callback(database.close)
        clock = Clock(datetime(2026, 11, 22, 1, 30, tzinfo=UTC))
        await load_seed(database)
        rooms = rooms_of(database, Vault(FileKeys(tmp_path / "keys")), clock)
        bot = await stack.enter_async_context(a_bot(server, rooms))
        await bot.set_webhook("https://bot.test/officers")
        server.post = post_to(bot.webhook)
        office = Office(server, rooms, bot, clock)
        an = await office.officer("Nguyễn Văn An", Role.CHIEF, LONG_DUC, "Trưởng Công an phường Long Đức")
        await an.says("/thongbao")
        await an.taps("Giao thông")
        await an.says("Đường đang sửa.")
        notice = await the_notice(office)
        bodies = [json.dumps(each) for each in originals(an, notice)]
        server.world.updates.clear()
        an.phone.has_blocked = False
        made: list[dict] = []
        statuses = set()

        @settings(max_examples=ROWS, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.lists(st.binary(min_size=16, max_size=16), min_size=IN_A_ROW, max_size=IN_A_ROW),
            st.lists(st.tuples(st.text(max_size=12), anything), min_size=1, max_size=6),
        )
        def updates(choices, values):
            made.extend(changed(bodies[each[0] % len(bodies)], each, values) for each in choices)

        updates()
        with structlog.testing.capture_logs() as logs:
            for update in made:
                body = json.dumps(update).encode()
                status, _, _ = await request(bot.webhook, [PROOF_OF_ORIGIN], [body])
                statuses.add(status)
            await office.quiet()
        office.clock.advance(hours=1)
        server.time.pass_by(3600)

        assert statuses <= {200, 400}
        assert server.violations == []
        assert {each["event"] for each in logs} <= KNOWN
        assert "Nguyễn Văn An" in (await an.says("/toi"))[0]
        assert len(await rooms.notices.of(await actor(office, an))) >= 1


# ── Times ────────────────────────────────────────────────────────────────────────────────────────────────────────

MORNING = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("7h30 mai", "07:30 ngày 23/11/2026"),
        ("7 giờ sáng mai", "07:00 ngày 23/11/2026"),
        ("15:00", "15:00 ngày 22/11/2026"),
        ("7:00", "07:00 ngày 23/11/2026"),
        ("25/11 07:00", "07:00 ngày 25/11/2026"),
        ("7g 25-11-2026", "07:00 ngày 25/11/2026"),
        ("ngày 25/11/2027 lúc 7h", "07:00 ngày 25/11/2027"),
        ("1/2 8g", "08:00 ngày 1/2/2027"),
        ("7h chiều", "19:00 ngày 22/11/2026"),
        ("20h ngày kia", "20:00 ngày 24/11/2026"),
        ("8h ngay mot", "08:00 ngày 24/11/2026"),
        *((each, None) for each in ("mai", "", "25:00", "7:60", "31/2 7:00", "xx 7:00", "7", "12345:00", "07:00 x")),
    ],
)  # fmt: skip
def test_a_time_is_read_as_it_is_said(said, told):
    moment = read_moment(said, MORNING)

    assert (told_moment(moment) if moment else None) == told


@given(
    st.datetimes(min_value=MORNING.replace(tzinfo=None), max_value=MORNING.replace(year=2028, tzinfo=None))
)
def test_what_it_tells_it_reads(moment):
    moment = moment.replace(second=0, microsecond=0, tzinfo=LOCAL)

    assert read_moment(told_moment(moment), MORNING) == moment


@given(st.text(max_size=40))
def test_no_words_break_it(said):
    read_moment(said, MORNING)
