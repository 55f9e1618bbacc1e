"""“Để tối nay”: asked once more at seven in the evening, at the question they are at, unless they have answered meanwhile."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.contract import ContactGone, Outcome, RetryAfter, Unknown
from surveys.entry import Stream
from tests.journeys.invitations import LetterBox, agrees, brought, invited, snoozing
from tests.journeys.town import LONG_DUC, Heard, Resident, Town

YEARLY = "nam-2026"
ACCOUNTS = ["telegram", "zalo:579745863508352884", "zalobot"]
UNTIL_SEVEN = 10.5  # hours, from half past eight


async def evening(town: Town, resident: Resident, *, hours: float = UNTIL_SEVEN) -> Heard | None:
    """What lies in their letter-box by then."""
    town.clock.advance(hours=hours)
    box = LetterBox(resident.account)
    await snoozing(town, {resident.account: box}).step()
    return brought(resident, box)


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("said", ["Để tối nay", "SAU", "6"])
async def test_put_off_at_the_invitation_it_comes_again_and_a_number_answers_it(
    town: Town, account: str, said: str, tmp_path: Path
) -> None:
    resident = await agrees(Resident(town, "7", account=account))
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    invitation = resident.heard

    put_off = await (resident.taps(said) if said in invitation.buttons else resident.says(said))
    assert put_off.text == "Chúng tôi sẽ nhắc một lần lúc 19:00 ngày 22/11/2026."
    assert await town.sessions(wave) == []
    heard = await evening(town, resident)

    assert heard is not None
    assert heard.text.startswith("Như ông/bà đã hẹn:\n")
    assert heard.buttons == invitation.buttons
    assert (await resident.says("2")).text.startswith("2/13")
    [session] = await town.sessions(wave)
    assert (session.unit, session.stream, dict(session.answers)) == (
        LONG_DUC,
        Stream.INVITED,
        {"kip_thoi": "4"},
    )


async def test_it_comes_once(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Để tối nay")

    assert await evening(town, resident) is not None
    assert await evening(town, resident, hours=0.1) is None
    assert await evening(town, resident, hours=24) is None


async def test_who_answered_meanwhile_is_left_alone(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    invitation = resident.heard
    await resident.taps("Để tối nay")
    resident.heard = invitation
    await resident.taps("Hài lòng")
    for _ in range(11):
        await resident.says("2")
    assert "Xin cảm ơn" in await resident.says("bỏ qua")

    assert await evening(town, resident) is None


async def test_who_took_their_answers_back_is_left_alone(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Hài lòng")
    await resident.says("sau")
    await resident.says("dữ liệu của tôi")
    await resident.taps("Rút lại và xóa câu trả lời")
    await resident.taps(resident.heard.buttons[0])

    assert await evening(town, resident) is None


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_put_off_on_the_way_it_comes_where_they_stopped(town: Town, account: str) -> None:
    resident = Resident(town, "7", account=account)
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    await resident.says("1")

    put_off = await resident.says("sau")
    assert "19:00 ngày 22/11/2026" in put_off
    assert put_off.buttons == []
    heard = await evening(town, resident)

    assert heard is not None
    assert heard.text.startswith("Như ông/bà đã hẹn:\n2/5")
    await resident.says("2")
    [answers] = await town.answers(wave)
    assert answers == {"thu_tuc": "cu_tru", "thoi_han": "dung_han"}


async def test_put_off_on_the_way_a_number_goes_on_answering(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    await resident.says("1")
    await resident.says("sau")

    await resident.says("2")

    [answers] = await town.answers(wave)
    assert answers == {"thu_tuc": "cu_tru", "thoi_han": "dung_han"}


async def test_put_off_at_the_card_it_is_the_card_again_and_counts_as_the_visit(
    town: Town, resident: Resident
) -> None:
    wave = await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    await resident.taps("Để tối nay")

    heard = await evening(town, resident)

    assert heard is not None
    assert heard.buttons[:3] == ["Đồng ý, bắt đầu", "Để tối nay", "Không tham gia"]
    await resident.says("1")
    await resident.says("1")
    [session] = await town.sessions(wave)
    assert session.stream is Stream.VISIT


async def test_whoever_is_elsewhere_gets_no_numbers_beside_those_they_see(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    visits = await town.opens_visits()
    await agrees(resident)
    yearly = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Để tối nay")
    await resident.agrees_at_the_counter()

    heard = await evening(town, resident)

    assert heard is not None
    assert heard.messages[0].is_aside
    assert heard.buttons[0] == "Trả lời"
    await resident.says("1")
    assert (await town.answers(visits), await town.answers(yearly)) == ([{"thu_tuc": "cu_tru"}], [])


async def test_no_more_means_no_more(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    invitation = resident.heard
    await resident.taps("Để tối nay")
    resident.heard = invitation

    assert "không nhắc về phiếu này nữa" in await resident.taps("Không tham gia")

    assert await evening(town, resident) is None
    known = town.snoozes.of(town.vault.fingerprint(resident.address), wave)
    assert known is not None
    assert known.is_quiet


@pytest.mark.parametrize("how", ["/dung", "forget"])
async def test_stop_and_being_forgotten_end_it(
    town: Town, resident: Resident, how: str, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Để tối nay")

    if how == "forget":
        await town.residents.forget(resident.address)
    else:
        await resident.says(how)

    assert await evening(town, resident) is None
    assert town.snoozes.of(town.vault.fingerprint(resident.address), wave) is None


async def test_by_night_nobody_is_asked_and_not_at_breakfast_either(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    """The process was away in the evening."""
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Để tối nay")

    assert await evening(town, resident, hours=UNTIL_SEVEN + 3) is None
    assert await evening(town, resident, hours=10) is None
    assert await evening(town, resident, hours=11) is not None


async def test_a_wave_that_closed_is_not_asked_about(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    town.clock.advance(days=17.9)

    assert "lúc nào tiện" in await resident.taps("Để tối nay")
    assert await evening(town, resident) is None


@pytest.mark.parametrize(
    ("outcome", "comes_after_all"),
    [
        (RetryAfter(timedelta(minutes=5)), True),
        (Unknown("cut"), False),
        (ContactGone("blocked"), False),
    ],
)
async def test_what_certainly_did_not_leave_is_tried_again_and_nothing_else(
    town: Town, resident: Resident, tmp_path: Path, outcome: Outcome, comes_after_all: bool
) -> None:
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Để tối nay")
    town.clock.advance(hours=UNTIL_SEVEN)
    box = LetterBox(resident.account)
    box.outcome = outcome
    await snoozing(town, {resident.account: box}).step()

    heard = await evening(town, resident, hours=0.2)

    assert (heard is not None) is comes_after_all


async def test_on_the_web_nothing_is_promised(town: Town) -> None:
    resident = Resident(town, account="web")
    await town.opens_visits()
    await resident.starts(town.link(LONG_DUC, Stream.VISIT))
    assert "Để tối nay" not in resident.heard.buttons
    await resident.taps("Đồng ý, bắt đầu")

    heard = await resident.says("sau")

    assert "19:00" not in heard
    assert heard.buttons == ["Tiếp tục"]


async def test_the_database_knows_nothing_of_it(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    async with town.database.reading() as tx:
        before = await tx.lobbies.at(town.vault.lobby(resident.address.person))

    await resident.taps("Để tối nay")
    await evening(town, resident)

    async with town.database.reading() as tx:
        assert await tx.lobbies.at(town.vault.lobby(resident.address.person)) == before
