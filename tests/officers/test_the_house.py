"""The bot in the house: every command and button behind a right, every sentence there, results with their picture, and the whole process
with nothing but a token."""

import asyncio
import re
from pathlib import Path

import pytest
from telegram.ext import CallbackQueryHandler, CommandHandler, ConversationHandler, MessageHandler

from bot.app import opened, serve
from bot.channels.telegram_officers_cards import BUTTONS
from bot.channels.telegram_officers_desk import BEGINS
from bot.channels.telegram_officers_reception import action_of
from bot.channels.telegram_officers_words import COMMANDS, words
from bot.demo import settings_for
from bot.demo_officers import codes_for_the_bot
from bot.settings import InvalidSettings, Settings, load
from bot.web.server import listen
from handlers.ledger import Ledger
from handlers.schedules import CLOCK_LEAPT, RESTORED
from handlers.tidings import BY_THE_CLOCK, TO_DECIDERS, TO_WRITERS
from handlers.units import load_seed
from storage.schedule_rows import DUE_STATES, SCHEDULE_STATES
from surveys.notices import State
from surveys.rights import MATRIX, PROVINCIAL, Action, Role
from tests.officers.conftest import LONG_DUC, PROVINCE, SECRET
from tests.officers.test_journeys import WORDS, actor, the_notice, written
from tests.patience import PATIENCE
from tests.released import a_released_wave
from tests.telegram_server.server import TOKEN, TelegramServer

CODE = Path("bot/channels")
OPEN = {"start", "anything"}
"""What anybody may call: the way in."""


# ── Rights ───────────────────────────────────────────────────────────────────────────────────────────────────────


def handlers_of(office):
    """Every handler there is, those inside the conversation too."""
    for handler in office.bot._application.handlers[0]:
        if isinstance(handler, ConversationHandler):
            yield from handler.entry_points
            yield from handler.fallbacks
            for each in handler.states.values():
                yield from each
        else:
            yield handler


async def test_every_command_and_button_is_behind_a_right_or_is_the_way_in(office):
    found = list(handlers_of(office))
    unguarded = {each.callback.__name__ for each in found if action_of(each.callback) is None}

    assert unguarded == OPEN
    assert all(isinstance(each, CommandHandler | CallbackQueryHandler | MessageHandler) for each in found)
    asked = {action_of(each.callback) for each in found} - {None, "signed in"}
    assert all(isinstance(each, Action) for each in asked)
    assert len(asked) >= 8


async def test_every_command_is_known_and_in_the_menu(office):
    commands = {
        name for each in handlers_of(office) if isinstance(each, CommandHandler) for name in each.commands
    }

    assert commands - {"start", "help"} == set(COMMANDS)


async def test_every_button_on_a_card_leads_somewhere(office):
    patterns = [
        each.pattern
        for each in handlers_of(office)
        if isinstance(each, CallbackQueryHandler) and each.pattern
    ]
    for key in ("n", "pv", "pg", *(key for key, *_ in BUTTONS), *BEGINS):
        assert any(pattern.match(f"{key}.x.1") for pattern in patterns), key


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
async def test_what_a_post_may_not_is_refused_by_every_command_and_button(office, an, role):
    """Role × every command, every button: whoever has not the right reads so, and nothing of the ward's is in what they read."""
    await written(an)
    await an.taps("Trình duyệt")
    notice = await the_notice(office)
    unit = PROVINCE if role in PROVINCIAL else "29242"
    somebody = await office.officer("Võ Văn Em", role, unit, "Một chức vụ")
    rights = MATRIX[role]
    for name, action in {
        "thongbao": Action.NOTICE_WRITE,
        "bannhap": Action.NOTICE_WRITE,
        "danhsach": Action.NOTICE_SEE,
        "choduyet": Action.NOTICE_SEE,
        "ketqua": Action.RESULTS_READ,
        "bangdiem": Action.SCORECARD_READ,
        "lich": Action.SCHEDULE_SEE,
        "datlich": Action.SCHEDULE_WRITE,
    }.items():
        heard = await somebody.says(f"/{name}")
        assert ("không có quyền" in str(heard)) == (action not in rights), name
        assert (name in office.server.world.commands[somebody.phone.id]) == (
            action in rights
            and (name != "choduyet" or bool({Action.NOTICE_APPROVE, Action.NOTICE_URGE} & rights.keys()))
        ), name
    sees = any(reach.value == "below" for reach in rights.get(Action.NOTICE_SEE, ()))
    for key, deed, actions in BUTTONS:
        if key == "ed" or sees:
            continue
        heard = await somebody.forges(f"{key}.{notice.id}.{notice.version}")
        assert heard, key
        assert "không có quyền" in str(heard) or "Không có thông báo này" in str(heard), (key, deed, actions)
    if not sees:
        assert notice.code not in str(somebody.heard)
        assert WORDS not in str(somebody.heard)
    assert (await the_notice(office)).state is State.SUBMITTED


# ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_sentence_that_is_said_is_there_and_every_one_there_is_said():
    code = "".join(path.read_text("utf-8") for path in CODE.glob("telegram_officers*.py"))
    said = set(re.findall(rf'"((?:{"|".join(words())})\.[a-z_]+)"', code))
    there = {f"{section}.{name}" for section, texts in words().items() for name in texts}
    # Those whose key is put together.
    made = {f"command.{name}" for name in COMMANDS}
    made |= {f"button.{key}" for key, *_ in BUTTONS} | {"button.pv", "button.pg"}
    made |= {f"{section}.{deed}" for section in ("reason", "done") for deed in ("rj", "cl", "st", "rc")}
    made |= {"done.ca", *(f"sure.{deed}{end}" for deed in ("st", "rc", "ca") for end in ("", "_yes"))}
    made |= {f"tiding.{action.removeprefix('notice.')}_decide" for action in TO_DECIDERS}
    made |= {f"tiding.{action.removeprefix('notice.')}" for action in TO_WRITERS}
    made |= {name for name in there if name.startswith(("hand.", "progress.", "change."))}
    made |= {f"list.{name}_none" for name in ("all", "drafts", "waiting")}
    made |= {"writing.submitted", "writing.submitted_urgent"}
    made |= {f"timetable.state_{state}" for state in SCHEDULE_STATES}
    made |= {f"timetable.due_{state}" for state in DUE_STATES}
    made |= {f"timetable.held_{cause}" for cause in (CLOCK_LEAPT, RESTORED)}
    made |= {f"clock.{action.replace('.', '_')}" for action in BY_THE_CLOCK}

    assert made <= there
    assert said <= there
    assert there <= said | made


# ── Results ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def released(office, vault):
    await a_released_wave(office.people._db, Ledger(vault.ledger_signer("tests")), office.clock)


async def test_a_ward_reads_its_results_with_a_picture(office, vault, an):
    assert "Chưa có kết quả" in (await an.says("/ketqua"))[0]
    await released(office, vault)

    heard = await an.says("/ketqua")

    photos = [each for each in an.phone.from_bot if "photo" in each]
    assert photos
    assert an.phone.files[-1][1].startswith(b"\x89PNG")
    assert re.search(r"\d+/\d+|Từ|–", heard[-1])


async def test_a_province_reads_each_of_its_wards_and_no_other(office, vault, dung):
    await released(office, vault)
    await dung.says("/ketqua")
    units = {each.unit for each in await office.rooms.results()}
    seen = await office.people.within(await actor(office, dung), Action.RESULTS_READ, units)
    assert len(dung.buttons) == len(seen) > 1

    await dung.taps(dung.buttons[0])

    assert len([each for each in dung.phone.from_bot if "photo" in each]) == 2


async def test_another_ward_s_results_are_not_read_here(office, vault, binh):
    await released(office, vault)
    other = next(each.unit for each in await office.rooms.results() if each.unit != LONG_DUC)

    assert await binh.forges(f"rs.{other}.0") == ["Chức vụ của đồng chí không có quyền làm việc này."]


async def test_a_scorecard_in_a_few_lines(office, vault, binh, dung):
    assert "Chưa có bảng điểm" in (await binh.says("/bangdiem"))[0]
    await released(office, vault)

    ward, province = (await binh.says("/bangdiem"))[0], (await dung.says("/bangdiem"))[0]

    assert "năm 2026" in ward
    assert "Kết luận:" in ward
    assert "Phường Long Đức" in province
    assert "Phường Trà Vinh" in province


# ── The whole process ────────────────────────────────────────────────────────────────────────────────────────────


def settings(tmp_path, server, **more):
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{tmp_path}/house.sqlite",
        keys_dir=tmp_path / "keys",
        officers_token=TOKEN,
        officers_api=server.url,
        **more,
    )


async def test_by_polling_somebody_enrols(tmp_path):
    async with TelegramServer() as server, opened(settings(tmp_path, server)) as house:
        await load_seed(house.db)
        code = await house.people.appoint(
            None, name="Nguyễn Văn An", role=Role.OFFICER, unit=LONG_DUC, title="Cán bộ"
        )
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(house, listen("127.0.0.1", 0), stop))
        phone = server.world.person(42)
        phone.says(code)
        await server.until(lambda: any("Chào đồng chí" in each for each in phone.heard))
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await serving

    assert server.violations == []


async def test_by_webhook_telegram_is_told_where(tmp_path):
    hooked = {"officers_mode": "webhook", "officers_secret": SECRET, "public_url": "https://bot.test"}
    async with TelegramServer() as server, opened(settings(tmp_path, server, **hooked)) as house:
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(house, listen("127.0.0.1", 0), stop))
        await server.until(lambda: server.webhook is not None)
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await serving

    assert (server.webhook.url, server.webhook.secret) == ("https://bot.test/telegram-officers", SECRET)


async def test_the_demo_hands_out_codes_for_it(office, tmp_path):
    told = await codes_for_the_bot(office.people)
    [(_, writes), (_, decides)] = told
    one, other = office.stranger(), office.stranger()

    assert "Chào đồng chí Ngô Thị Soạn" in (await one.says(f"/start {writes}"))[0]
    assert "Chào đồng chí Hồ Văn Duyệt" in (await other.says(f"/start {decides}"))[0]
    demo = settings_for(settings(tmp_path, office.server, telegram_token="1:x"), tmp_path)
    assert demo.officers_token is not None
    assert demo.telegram_token is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"officers_token": "1:x", "officers_mode": "webhook"}, "PUBLIC_URL"),
        (
            {"officers_token": "1:x", "officers_mode": "webhook", "public_url": "https://a.vn"},
            "OFFICERS_SECRET",
        ),
        ({"officers_token": "1:x", "telegram_token": "1:x"}, "a bot of their own"),
    ],
)
def test_settings_that_do_not_fit_are_named(given, named):
    with pytest.raises(InvalidSettings, match=named):
        load(**given)
