"""Somebody agreed to be asked, and is: one tap or one number is an answer, exactly once, whatever else they are in the middle of."""

import asyncio
from pathlib import Path

import pytest

from surveys import taps
from surveys.entry import Stream
from surveys.waves import Audience
from tests.journeys.invitations import (
    BUSINESSES,
    SURVEYS,
    LetterBox,
    agrees,
    all_settled,
    brought,
    invited,
    invites,
    sending,
)
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import LONG_DUC, TRA_VINH, Heard, Resident, Town

ACCOUNTS = ["telegram", "zalo:579745863508352884", "zalobot"]
YEARLY = "nam-2026"


async def session_of(town: Town, wave: int) -> tuple[str, Stream, dict[str, str | None]]:
    [session] = await town.sessions(wave)
    return session.unit, session.stream, dict(session.answers)


# ── Consent ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_surveys_are_never_proposed_and_agreed_to_in_their_own_words(town: Town, account: str) -> None:
    resident = Resident(town, "7", account=account)
    await in_ward(town, resident)

    asked = await resident.says("nhận thông báo")
    assert SURVEYS in asked.buttons
    assert "phiếu khảo sát" not in asked.text.lower()
    shown = await resident.taps(SURVEYS)
    assert "Ông/bà có thể được mời trả lời phiếu khảo sát về Công an phường Long Đức" in shown
    assert shown.buttons[0] == "Đồng ý nhận"
    await resident.says("đồng ý")
    await town.arrivals.flush(town.database)

    async with town.database.reading() as tx:
        contact = await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address))
        wants = set(await tx.subscriptions.of(town.vault.fingerprint(resident.address)))
    assert contact is not None
    assert contact.purposes == '["notices", "surveys"]'
    assert "có thể được mời trả lời phiếu khảo sát về Công an phường Long Đức" in contact.consent_text
    assert (LONG_DUC, "surveys") in wants


async def test_one_may_agree_to_surveys_alone(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    for button in [each for each in resident.heard.buttons if each.startswith("✓")]:
        await resident.taps(button)
    await resident.taps(SURVEYS)

    done = await resident.says("đồng ý")

    await town.arrivals.flush(town.database)
    async with town.database.reading() as tx:
        contact = await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address))
    assert "phiếu khảo sát và kết quả" in done
    assert contact is not None
    assert contact.purposes == '["surveys"]'
    assert "thông báo cho ông/bà" not in contact.consent_text


async def test_after_the_thanks_it_is_asked_once_and_never_of_who_has_agreed(
    town: Town, resident: Resident
) -> None:
    await town.opens_visits()
    await resident.agrees_at_the_counter()
    for _ in range(5):
        ended = await resident.says("bỏ qua")

    assert "Ông/bà có muốn được mời những lần sau" in ended
    again = await resident.says("xem lại")
    again = await resident.taps("Xong")
    assert "Ông/bà có muốn được mời" not in again

    resident.heard = ended
    page = await resident.taps("Nhận phiếu và kết quả")
    assert "có thể được mời trả lời phiếu khảo sát" in page
    assert "thông báo cho ông/bà" not in page
    await resident.says("đồng ý")
    await town.opens_yearly()
    await resident.says("phiếu đang mở")
    await resident.says("1")
    await resident.says("1")
    for _ in range(13):
        last = await resident.says("0")
        last = await resident.says("bỏ qua") if "Bỏ qua" in last.buttons else last
    assert "Xin cảm ơn" in last
    assert "Ông/bà có muốn được mời" not in last


async def test_who_wants_notices_keeps_them_when_surveys_are_added(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("đồng ý")
    await town.opens_visits()
    await resident.agrees_at_the_counter()
    for _ in range(5):
        await resident.says("bỏ qua")

    await resident.taps("Nhận phiếu và kết quả")
    await resident.says("đồng ý")

    await town.arrivals.flush(town.database)
    async with town.database.reading() as tx:
        wants = await tx.subscriptions.of(town.vault.fingerprint(resident.address))
    assert {topic for _, topic in wants} == {"scam", "traffic", "procedure", "fire", "other", "surveys"}


async def test_stop_ends_it_at_once(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    await resident.says("/dung")
    await town.opens_yearly()
    before = resident.heard

    await invited(town, YEARLY, tmp_path, resident)

    assert resident.heard is before


async def test_the_web_is_not_asked_what_it_could_not_keep(town: Town) -> None:
    resident = Resident(town, account="web")
    await town.opens_visits()
    await resident.agrees_at_the_counter()
    for _ in range(5):
        ended = await resident.says("bỏ qua")

    assert "Xin cảm ơn" in ended
    assert "Nhận phiếu và kết quả" not in ended.buttons


# ── One tap, one number ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_one_tap_is_already_an_answer(town: Town, account: str, tmp_path: Path) -> None:
    resident = await agrees(Resident(town, "7", account=account))
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)

    heard = await resident.taps("Hài lòng")

    assert heard.text.startswith("2/13")
    assert heard.stamp == "1/13  Đã ghi."
    assert await session_of(town, wave) == (LONG_DUC, Stream.INVITED, {"kip_thoi": "4"})


@pytest.mark.parametrize("typed", ["2", "Hài lòng", "hai long"])
@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_number_typed_after_it_is_one_too(
    town: Town, account: str, typed: str, tmp_path: Path
) -> None:
    resident = await agrees(Resident(town, "7", account=account))
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)

    heard = await resident.says(typed)

    assert heard.text.startswith("2/13")
    assert await session_of(town, wave) == (LONG_DUC, Stream.INVITED, {"kip_thoi": "4"})


async def test_twice_tapped_redelivered_and_at_once_it_counts_once(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    token = resident.heard.token("Hài lòng")
    tap = resident.message(tap=token)

    await asyncio.gather(*(resident.sends(each) for each in (tap, tap, resident.message(tap=token))))
    await resident.sends(tap)

    assert await session_of(town, wave) == (LONG_DUC, Stream.INVITED, {"kip_thoi": "4"})
    assert "câu 2" in (await resident.taps_token(token))


async def test_an_old_button_shows_where_they_are_and_changes_nothing(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    old = resident.heard.token("Rất không hài lòng")
    await resident.taps("Hài lòng")
    await resident.says("1")

    heard = await resident.taps_token(old)

    assert heard.text == "Ông/bà đang ở câu 3/13."
    assert heard.buttons == ["Tiếp tục câu 3", "Sửa câu 1"]
    [answers] = await town.answers(wave)
    assert answers == {"kip_thoi": "4", "trach_nhiem": "5"}


async def test_after_closing_it_says_so_and_nothing_begins(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    token = resident.heard.token("Hài lòng")
    town.clock.advance(days=19)
    await town.waves.advance()
    await town.residents.refresh()

    heard = await resident.taps_token(token)

    assert "đã kết thúc" in heard
    assert await town.sessions(wave) == []


async def test_somebody_elses_button_is_nothing(town: Town, resident: Resident, tmp_path: Path) -> None:
    other = await agrees(Resident(town, "other"))
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, other)

    await resident.taps_token(other.heard.token("Hài lòng"))

    assert await town.sessions(wave) == []


async def test_an_officer_is_not_asked_about_their_own_ward(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    invitation = resident.heard
    async with town.database.transaction() as tx:
        await tx.officers.add_many([(town.vault.fingerprint(resident.address), LONG_DUC)])
    await town.residents.refresh()

    heard = await resident.taps("Hài lòng")

    assert "không mở cho ông/bà ở đây" in heard
    assert await town.sessions(wave) == []
    resident.heard = invitation
    await resident.says("2")
    assert await town.sessions(wave) == []


async def test_a_wave_of_another_ward_is_not_theirs_by_a_button_we_did_not_make(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    """Even our own token leads nowhere where the ward takes no part."""
    await agrees(resident)
    wave = await town.opens_yearly()
    token = taps.mint(f"v.{wave}.01.answer.0.1", town.vault.tap_key, resident.address.person)

    assert "không mở cho ông/bà ở đây" in await resident.taps_token(token)
    assert await town.sessions(wave) == []


# ── What else they are in the middle of ──────────────────────────────────────────────────────────────────────────


async def test_a_survey_in_progress_is_never_destroyed_and_is_gone_on_with(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    visits, yearly = await town.opens_visits(), await town.opens_yearly()
    await resident.agrees_at_the_counter()
    await resident.taps("Cư trú")
    await invited(town, YEARLY, tmp_path, resident)

    assert "PHIẾU ĐANG MỞ" in resident.heard
    assert resident.heard.buttons == ["Trả lời", "Để tối nay", "Không tham gia"]
    invitation = resident.heard
    assert (await resident.says("1")).text.startswith("3/5")
    resident.heard = invitation
    assert (await resident.taps("Trả lời")).text.startswith("1/13")
    for _ in range(12):
        await resident.says("2")
    ended = await resident.says("bỏ qua")

    assert "Trả lời tiếp: Đánh giá lượt làm việc tháng 11/2026" in ended.buttons
    assert (await resident.taps("Trả lời tiếp: Đánh giá lượt làm việc tháng 11/2026")).text.startswith("3/5")
    assert (await town.answers(visits))[0] == {"thu_tuc": "cu_tru", "thoi_han": "truoc_han"}
    assert len((await town.answers(yearly))[0]) == 13


async def test_a_number_means_the_page_they_opened_after_the_invitation(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.says("menu")

    heard = await resident.says("1")

    assert await town.sessions(wave) == []
    assert "Đồng ý, bắt đầu" in heard.buttons


@pytest.mark.parametrize(("hours_before", "is_theirs"), [(2, True), (0, False)])
async def test_of_a_campaign_that_is_spread_over_hours_their_own_hour_counts(
    town: Town, resident: Resident, tmp_path: Path, hours_before: int, is_theirs: bool
) -> None:
    """They looked at a page after the first invitations had left, and before theirs: long before, or in that very hour."""
    await agrees(resident)
    wave = await town.opens_yearly()
    town.clock.advance(minutes=1)
    await invites(town, YEARLY)
    town.clock.advance(hours=1)
    await resident.says("menu")
    town.clock.advance(hours=hours_before)
    box = LetterBox(resident.account)
    async with sending(town, {resident.account: box}, tmp_path):
        await all_settled(town)
    brought(resident, box)
    town.clock.advance(minutes=1)

    await resident.says("2")

    assert bool(await town.sessions(wave)) is is_theirs


async def test_looking_at_a_page_again_is_enough_for_its_numbers(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    """Nothing else changes, so nothing else would have been kept of it."""
    await agrees(resident)
    before = await resident.says("thông báo mới")
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    assert await resident.says("thông báo mới") == before
    town.restarts()

    await resident.says("2")

    assert await town.sessions(wave) == []


async def test_a_number_without_an_invitation_is_none(town: Town, resident: Resident, tmp_path: Path) -> None:
    """Not of who was not invited, nor where it was not brought to: nobody gets into the invited by typing."""
    asked = await agrees(Resident(town, "asked"))
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, asked)

    for other in (
        resident,
        Resident(town, "asked", account="web"),
        Resident(town, "asked", account="zalobot"),
    ):
        await other.says("2")

    assert await town.sessions(wave) == []


async def test_who_was_invited_counts_as_that_by_whichever_door_they_come(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)

    await resident.says("phiếu đang mở")
    await resident.says("1")
    await resident.taps("Đồng ý, bắt đầu")
    await resident.taps("Hài lòng")

    assert (await session_of(town, wave))[1] is Stream.INVITED


async def test_in_another_ward_they_are_like_anybody(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)

    await resident.starts(town.link(TRA_VINH, Stream.OPEN, YEARLY))
    await resident.taps("Đồng ý, bắt đầu")
    await resident.taps("Hài lòng")

    assert (await session_of(town, wave))[:2] == (TRA_VINH, Stream.OPEN)


async def test_a_business_answers_several_at_once_by_typing(
    town: Town, resident: Resident, tmp_path: Path
) -> None:
    await agrees(resident, to=BUSINESSES)
    wave = await town.opens("dn-2026", "hang_nam_doanh_nghiep", Audience.BUSINESSES)
    await invited(town, "dn-2026", tmp_path, resident)

    heard = await resident.says("1,3")

    assert heard.text.startswith("2/")
    [answers] = await town.answers(wave)
    assert len(next(iter(answers.values())) or "") > 2


@pytest.mark.parametrize("typed", ["113", "cháy nhà", "/kiemtra"])
async def test_what_is_no_answer_is_heard_as_ever(
    town: Town, resident: Resident, typed: str, tmp_path: Path
) -> None:
    await agrees(resident)
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)

    heard: Heard = await resident.says(typed)

    assert ("113" in heard) is (typed != "/kiemtra")
    assert await town.sessions(wave) == []


async def test_a_person_at_two_addresses_answers_once(town: Town, resident: Resident, tmp_path: Path) -> None:
    await agrees(resident)
    second = Resident(town, "0912", account="zalo:579745863508352884")
    code = next(word for word in (await resident.says("liên kết")).text.split() if "-" in word).strip(".,")
    await second.says(f"liên kết {code}")
    wave = await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, resident)
    await resident.taps("Hài lòng")

    heard = await second.says("/start")

    assert heard.text.startswith("2/13")
    assert len(await town.sessions(wave)) == 1
