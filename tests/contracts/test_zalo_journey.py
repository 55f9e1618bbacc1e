"""The golden journeys on an Official Account: the same conversations as everywhere, through signed events and Zalo's own buttons.
Only the wording of choices differs: they stand numbered in the text, too."""

import asyncio
import io
import json
from collections.abc import AsyncIterator

import docx
import pytest

from bot.intake import Intake
from bot.lanes import Lanes
from surveys.conversation import Incoming, Option, Reply, Say
from surveys.entry import Stream
from surveys.waves import Audience
from tests.contracts.conftest import SORRY, RecordingQuarantine, door_to, official_account
from tests.journeys import test_visit, test_yearly
from tests.journeys.town import LONG_DUC, Heard, Resident, Town, a_town
from tests.patience import PATIENCE
from tests.telegram_server.server import Timepiece
from tests.zalo_server.server import ZaloServer

TAP = "#t:"


class TownTime(Timepiece):
    """The town's clock is Zalo's."""

    def __init__(self, clock) -> None:
        self.clock = clock

    def __call__(self) -> float:
        return self.clock().timestamp()

    def pass_by(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)


class OnZalo(Resident):
    """A person with Zalo on their phone. What they hear is what the phone shows."""

    def connect(self, zalo: ZaloServer, account) -> "OnZalo":
        self.zalo, self.channel = zalo, account
        self.phone = zalo.world.resident(zalo.oa)
        self.account, self.name = account.account, self.phone.id
        return self

    async def sends(self, incoming: Incoming) -> Heard:
        before = len(self.phone.heard)
        self.zalo.time.pass_by(1)  # what has no number, such as following, is known by its moment
        self.does(incoming)
        await self.zalo.bring()
        await self.rest()
        self.heard = Heard(Reply(tuple(map(shown, self.phone.heard[before:]))))
        return self.heard

    def does(self, incoming: Incoming) -> None:
        if incoming.start is not None:
            self.channel.started = incoming.start
            self.phone.follows()
        elif incoming.tap is not None and incoming.tap.startswith("number "):
            self.phone.says(incoming.tap.removeprefix("number "))  # beyond the five buttons
        elif incoming.tap is not None:
            self.phone.says(TAP + incoming.tap)
        elif incoming.location is not None:
            self.phone.sends_location(*incoming.location)
        elif incoming.photo is not None:
            self.phone.sends_image(incoming.photo)
        else:
            self.phone.says(incoming.text)

    async def rest(self) -> None:
        """Until everything for this person has gone out."""
        async with asyncio.timeout(PATIENCE):
            while len(self.channel._replies):  # noqa: ASYNC110
                await asyncio.sleep(0.001)


def shown(message) -> Say:
    """What the phone shows, as a `Say`: the numbered lines at the end are the choices, the first five of them buttons too."""
    if message.get("attachment", {}).get("type") == "file":
        return Say("(một tệp)")
    buttons = message.get("attachment", {}).get("payload", {}).get("buttons", [])
    lines = message["text"].split("\n")
    if not buttons:
        return Say(message["text"])
    begin = max(place for place, line in enumerate(lines) if line == buttons[0]["title"])
    options = []
    for place, line in enumerate(lines[begin:]):
        number, _, label = line.partition(". ")
        token = f"number {number}"
        if place < len(buttons):
            assert buttons[place]["title"] == line
            token = buttons[place]["payload"].removeprefix(TAP)
        options.append(Option(label, token, int(number)))
    return Say("\n".join(lines[:begin]), tuple(options))


@pytest.fixture
async def town(sqlite_url, tmp_path, vault, clock) -> AsyncIterator[Town]:
    async with a_town(sqlite_url, tmp_path, vault, clock) as town:
        yield town


@pytest.fixture
async def zalo(clock) -> AsyncIterator[ZaloServer]:
    async with ZaloServer(time=TownTime(clock)) as zalo:
        yield zalo
    assert zalo.violations == []


@pytest.fixture
async def channel(zalo, town, vault):
    class Now:
        async def receive(self, incoming):
            return await town.residents.receive(incoming)  # the town may have restarted

    quarantine = RecordingQuarantine()
    intake = Intake(Now(), Lanes(), quarantine, sorry=lambda language: SORRY)
    async with official_account(
        zalo,
        intake.accept,
        town.database,
        vault,
        left=town.arrivals.leave,
        forgotten=lambda address: town.residents.forget(address),
    ) as account:
        door_to(zalo, account)
        yield account
    assert quarantine.kept == []


@pytest.fixture
def resident(zalo, town, channel) -> OnZalo:
    return OnZalo(town).connect(zalo, channel)


GOLDEN = [
    test_yearly.test_every_question_can_be_answered_by_typing,
    test_yearly.test_words_that_answer_nothing_get_the_question_again_and_a_hint,
    test_yearly.test_back_skip_help_and_language_work_at_any_question,
    test_yearly.test_machine_made_khmer_says_so,
    test_yearly.test_going_back_and_keeping_changes_nothing,
    test_yearly.test_days_later_and_after_a_restart_an_old_button_still_knows_its_place,
    test_yearly.test_a_bare_start_in_the_middle_goes_on,
    test_yearly.test_stop_keeps_what_was_said_and_lets_go_on,
    test_yearly.test_later_is_no_answer,
    test_yearly.test_a_button_of_the_question_itself_leads_out_and_back,
    test_yearly.test_review_lists_questions_and_never_answers,
    test_yearly.test_a_wave_that_closes_in_the_middle_loses_nothing,
    test_yearly.test_an_emergency_comes_before_the_news_that_a_wave_has_closed,
    test_yearly.test_the_card_of_a_wave_that_closed_meanwhile_is_too_late,
    test_yearly.test_two_surveys_are_kept_apart,
    test_visit.test_a_choice_called_like_a_command_is_the_choice,
    test_visit.test_who_declines_leaves_no_ballot,
    test_visit.test_nothing_is_asked_before_consent,
    test_visit.test_a_typed_yes_is_consent,
]


@pytest.mark.parametrize("journey", GOLDEN, ids=lambda journey: journey.__name__)
async def test_the_same_conversation_as_everywhere(journey, town, resident):
    await journey(town, resident)


async def test_a_visit_is_rated_on_zalo(town, resident):
    wave = await town.opens_visits()

    heard = await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    assert "Công an phường Long Đức" in heard
    assert "Zalo vẫn thấy" in heard
    heard = await resident.taps("Đồng ý, bắt đầu")
    assert heard.text == "1/5  Ông/bà làm thủ tục gì?"
    for label, following in (
        ("Cư trú", "2/5"),
        ("Trước hạn", "3/5"),
        ("Hài lòng", "4/5"),
        ("Rất hài lòng", "5/5"),
    ):
        heard = await resident.taps(label)
        assert heard.text.startswith(following)
    heard = await resident.says("ghế chờ ít quá")

    [session] = await town.sessions(wave)
    assert session.values["thai_do"] == "4"
    assert session.values["gop_y"] == "ghế chờ ít quá"
    assert session.receipt in heard


async def test_my_data_comes_as_a_file_zalo_takes_and_can_be_taken_back(town, zalo, resident):
    wave = await town.opens_yearly()
    await test_yearly.agrees(town, resident)
    await resident.says("2")

    await resident.says("/dulieu")
    await resident.taps("Xem dữ liệu đang giữ")
    await resident.taps("Gửi tệp cho tôi")
    [(name, content)] = zalo.oa.files.values()
    opened = docx.Document(io.BytesIO(content))
    [survey] = json.loads("\n".join(each.text for each in opened.paragraphs))["surveys"]
    assert name == "du-lieu-cua-toi.docx"
    assert survey["answers"][0]["label"] == "Hài lòng"
    assert "(một tệp)" in resident.heard

    await resident.says("/dulieu")
    await resident.taps("Rút lại và xóa câu trả lời")
    await resident.taps("Xóa, tôi chắc chắn")
    assert await town.sessions(wave) == []


async def test_who_asks_zalo_to_be_forgotten_has_left_nothing(town, zalo, resident):
    waves = [await town.opens_yearly(), await town.opens_visits()]
    await test_yearly.agrees(town, resident)
    await resident.says("2")
    await resident.agrees_at_the_counter()
    assert [len(await town.sessions(wave)) for wave in waves] == [1, 1]

    resident.phone.withdraws()
    await zalo.bring()

    assert zalo.sender.answers[-1] == 200
    assert [await town.sessions(wave) for wave in waves] == [[], []]
    async with town.database.reading() as tx:
        rests = await tx.people.at(town.vault.lobby(resident.address.person), ())
    assert rests.lobby is None
    assert (await resident.starts(town.link(LONG_DUC, Stream.INVITED, "nam-2026"))).messages


async def test_two_quick_taps_leave_one_answer(town, zalo, resident):
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()

    resident.phone.taps("1. Cư trú")
    resident.phone.taps("2. Căn cước")
    zalo.sender.shuffles = True
    await zalo.bring()
    await resident.rest()

    [answers] = await town.answers(wave)
    assert answers in ({"thu_tuc": "cu_tru"}, {"thu_tuc": "can_cuoc"})
    assert any("Ông/bà đang ở câu 2/5." in text for text in resident.phone.texts)


async def test_every_event_brought_twice_changes_nothing(town, zalo, resident):
    wave = await town.opens_visits()
    zalo.sender.twice = 1.0
    await resident.agrees_at_the_counter()
    for label in ("Cư trú", "Trước hạn", "Hài lòng"):
        await resident.taps(label)

    assert await town.answers(wave) == [{"thu_tuc": "cu_tru", "thoi_han": "truoc_han", "thai_do": "4"}]
    assert [text.partition("/")[0] for text in resident.phone.texts[1:]] == ["1", "2", "3", "4"]


async def test_a_button_that_was_made_for_somebody_else_does_nothing(town, zalo, channel, resident):
    wave = await town.opens_visits()
    forger = OnZalo(town).connect(zalo, channel)
    await forger.agrees_at_the_counter()
    await resident.agrees_at_the_counter()

    heard = await resident.taps_token(forger.heard.token("Cư trú"))

    assert heard.text.startswith("1/5")
    assert await town.answers(wave) == [{}, {}]


async def test_an_office_of_two_accounts_has_two_people(town, zalo, channel, vault, resident):
    """The same person has another id at every account; only they themselves could say that both are theirs."""
    wave = await town.opens("hai", "tham_luot", Audience.VISITS)
    await resident.agrees_at_the_counter()
    other = zalo.world.account("579745863508352999", "Công an phường Trà Vinh")
    async with official_account(zalo, town.residents.receive, town.database, vault, account=other) as second:
        door_to(zalo, channel, second)
        somebody = OnZalo(town)
        somebody.zalo, somebody.channel = zalo, second
        somebody.phone = zalo.world.resident(other)
        somebody.account, somebody.name = second.account, somebody.phone.id
        await somebody.agrees_at_the_counter()

    assert somebody.phone.texts[-1].startswith("1/5")
    assert len(await town.sessions(wave)) == 2


# ── While nobody is there to receive ─────────────────────────────────────────────────────────────────────────────

MINUTE = 60.0


@pytest.mark.parametrize(
    ("minutes", "dropped"),
    [(1, False), (20, False), (180, True)],
    ids=["a minute", "twenty minutes", "three hours"],
)
async def test_after_an_outage_what_zalo_still_brings_counts_once(
    town, zalo, channel, resident, minutes, dropped
):
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    await resident.taps("Cư trú")
    post, zalo.sender.post = zalo.sender.post, away
    heard_before = list(resident.phone.texts)

    resident.phone.taps("1. Trước hạn")
    tapped = len(zalo.sender.answers)
    await zalo.bring()
    await zalo.passes(minutes * MINUTE)
    assert resident.phone.texts == heard_before, "nothing was acknowledged to the resident"
    assert set(zalo.sender.answers[tapped:]) == {0}
    zalo.sender.post = post
    await zalo.passes(3 * 3600)
    await resident.rest()

    answered = {"thu_tuc": "cu_tru"} | ({} if dropped else {"thoi_han": "truoc_han"})
    assert await town.answers(wave) == [answered]
    assert bool(zalo.sender.dropped) is dropped

    # Whoever comes back is shown the question that is open, and goes on.
    heard = await resident.says("xin chào")
    assert ("2/5" if dropped else "3/5") in heard
    await resident.taps("Trước hạn" if dropped else "Hài lòng")
    [answers] = await town.answers(wave)
    assert len(answers) == len(answered) + 1


async def away(body, headers):
    raise OSError("connection refused")
