"""What residents have of notices: they choose topics and wards, change and stop; ask whether one is real; and say that they have seen it."""

import json
from datetime import timedelta

import pytest

from handlers.notice_words import NoticeWords
from storage import rows
from surveys import taps
from surveys.conversation import Say
from surveys.delivery import Campaign, DeliveryState
from surveys.notices import Notice, State
from tests.handlers.notice_desk import CHIEF, OFFICER, a_draft
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import LONG_DUC, TRA_VINH, Resident, Town

ACCOUNTS = ["telegram", "zalo:579745863508352884", "zalobot", "web"]


async def sent(town: Town, words: str = "Đang có người giả danh công an gọi điện.\nXin cảnh giác.") -> Notice:
    draft = await town.notices.write(OFFICER, a_draft(words))
    submitted = await town.notices.submit(OFFICER, draft.id, draft.version)
    await town.notices.approve(CHIEF, draft.id, submitted.version)
    await town.notices.step()
    return await town.notices.get(CHIEF, draft.id)


async def wanted(town: Town, resident: Resident) -> set[tuple[str, str]]:
    await town.arrivals.flush(town.database)
    async with town.database.reading() as tx:
        return set(await tx.subscriptions.of(town.vault.fingerprint(resident.address)))


async def contact(town: Town, resident: Resident) -> rows.Contact | None:
    async with town.database.reading() as tx:
        return await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address))


async def delivered(town: Town, resident: Resident, notice: Notice) -> Say:
    """The message as the sender would bring it to this person."""
    assert notice.campaign is not None
    async with town.database.reading() as tx:
        campaign: Campaign = (await tx.outbox.get(notice.campaign)).campaign
    words = NoticeWords(town.database, lambda: town.vault.tap_key)
    fingerprint = town.vault.fingerprint(resident.address)
    say = await words.say(campaign, resident.account, "vi", fingerprint, is_again=False)
    assert say is not None
    return say


# ── Choosing ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_topics_are_chosen_one_by_one_and_agreed_to_as_they_stand(town: Town, account: str) -> None:
    resident = Resident(town, "7", account=account)
    await in_ward(town, resident)

    asked = await resident.says("nhận thông báo")
    assert "cảnh báo lừa đảo, giao thông, thủ tục, phòng cháy, chữa cháy, tin khác" in asked
    assert "mã hóa" in asked
    await resident.taps("✓ Giao thông")
    asked = await resident.taps("✓ Tin khác")
    assert "giao thông" not in asked.text
    assert await wanted(town, resident) == set()
    assert "đồng ý nhận thông báo của Công an phường Long Đức" in await resident.says("1")

    assert await wanted(town, resident) == {(LONG_DUC, topic) for topic in ("scam", "procedure", "fire")}
    kept = await contact(town, resident)
    assert kept is not None
    assert "cảnh báo lừa đảo, thủ tục, phòng cháy, chữa cháy" in kept.consent_text
    assert "giao thông" not in kept.consent_text


async def test_nothing_chosen_is_nothing_to_agree_to(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")

    for topic in ("Cảnh báo lừa đảo", "Giao thông", "Thủ tục", "Phòng cháy, chữa cháy", "Tin khác"):
        await resident.taps(f"✓ {topic}")

    assert "chưa chọn loại thông báo nào" in resident.heard
    assert "Đồng ý nhận thông báo" not in resident.heard.buttons
    assert "Không" not in await resident.says("đồng ý")
    assert await wanted(town, resident) == set()


async def test_another_ward_is_added_and_the_first_one_stays(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")

    assert "Công an phường Long Đức: cảnh báo" in await resident.says("nhận thông báo")
    assert "nơi cha mẹ ở" in await resident.taps("Thêm phường, xã khác")
    asked = await resident.says("phường Trà Vinh")
    assert "Công an phường Trà Vinh có thể gửi" in asked
    await resident.taps("✓ Tin khác")
    await resident.says("đồng ý")

    wants = await wanted(town, resident)
    assert {unit for unit, _ in wants} == {LONG_DUC, TRA_VINH}
    assert (TRA_VINH, "other") not in wants
    kept = await contact(town, resident)
    assert kept is not None
    assert kept.unit == LONG_DUC
    # Where they answer surveys has not changed.
    assert "phường Long Đức" in await resident.says("phiếu đang mở")


async def test_one_ward_is_left_and_the_other_stays(town: Town, resident: Resident) -> None:
    await test_another_ward_is_added_and_the_first_one_stays(town, resident)

    await resident.says("nhận thông báo")
    await resident.taps("Sửa: Phường Long Đức")
    assert "không nhận thông báo của Công an phường Long Đức nữa" in await resident.taps(
        "Thôi nhận của Phường Long Đức"
    )

    assert {unit for unit, _ in await wanted(town, resident)} == {TRA_VINH}


async def test_the_last_ward_left_leaves_nothing(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    assert await wanted(town, resident)

    await resident.says("nhận thông báo")
    await resident.taps("Sửa: Phường Long Đức")
    await resident.taps("Thôi nhận của Phường Long Đức")

    assert await wanted(town, resident) == set()
    assert await contact(town, resident) is None


async def test_stop_holds_at_once(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    await town.arrivals.flush(town.database)

    await resident.says("/dung")

    assert town.arrivals.has_left(town.vault.fingerprint(resident.address))
    assert await wanted(town, resident) == set()


async def test_what_is_held_of_them_says_what_they_want(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.taps("✓ Tin khác")
    await resident.says("1")
    await town.arrivals.flush(town.database)

    await resident.says("dữ liệu")
    await resident.taps("Xem dữ liệu đang giữ")
    heard = await resident.says("1")

    assert heard.file is not None
    held = json.loads(heard.file[1])["notices"]
    assert held["subscriptions"] == {LONG_DUC: ["fire", "procedure", "scam", "traffic"]}


# ── Whether it is real ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_real_notice_is_told_by_its_first_line(town: Town, account: str) -> None:
    notice = await sent(town)
    resident = Resident(town, "9", account=account)

    heard = await resident.says(f"/xacthuc {notice.code}")

    assert "là THẬT" in heard
    assert "Công an phường Long Đức · Cảnh báo lừa đảo · gửi ngày 22/11/2026" in heard
    assert "“Đang có người giả danh công an gọi điện.”" in heard
    assert "Đang có giá trị" in heard
    assert heard == await resident.says(f"xác thực {notice.code.lower().replace('-', ' ')}")


async def test_what_is_none_of_ours_says_what_to_do(town: Town, resident: Resident) -> None:
    for code in ("Q7-204", "ABC", "https://vneid-xacthuc.top/q7"):
        heard = await resident.says(f"/xacthuc {code}")

        assert "KHÔNG có thông báo nào" in heard
        assert "113" in heard


async def test_a_draft_is_not_known_to_anybody(town: Town, resident: Resident) -> None:
    draft = await town.notices.write(OFFICER, a_draft("Bí mật"))

    heard = await resident.says(f"/xacthuc {draft.code}")

    assert "KHÔNG có thông báo nào" in heard
    assert "Bí mật" not in heard


async def test_a_recalled_one_says_so(town: Town, resident: Resident) -> None:
    notice = await sent(town)
    await town.notices.recall(CHIEF, notice.id, "Sai ngày")

    assert "ĐÃ THU HỒI ngày 22/11/2026" in await resident.says(f"/xacthuc {notice.code}")


async def test_asking_writes_nothing_and_leaves_them_where_they_are(town: Town, resident: Resident) -> None:
    notice = await sent(town)
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    await resident.says("1")
    before = await everything(town)

    await resident.says(f"/xacthuc {notice.code}")
    await resident.says("/xacthuc")

    assert await everything(town) == before
    assert (await resident.says("tiếp tục")).text.startswith("2/5")
    assert len(await town.answers(wave)) == 1


async def everything(town: Town) -> list[object]:
    async with town.database.reading() as tx:
        sessions = [each async for each in tx.sessions.of_wave(1)]
        return [*sorted(sessions), await tx.notices.in_state(State.SENDING)]


# ── Reading one, and having seen it ──────────────────────────────────────────────────────────────────────────────


async def test_it_waits_for_whoever_asks(town: Town, resident: Resident) -> None:
    notice = await sent(town)
    await in_ward(town, resident)

    heard = await resident.says("thông báo mới")

    assert "Cảnh báo lừa đảo" in " ".join(heard.buttons)
    whole = await resident.taps(heard.buttons[0])
    assert "Đang có người giả danh công an gọi điện.\nXin cảnh giác." in whole
    assert f"/xacthuc {notice.code}" in whole


@pytest.mark.parametrize("account", ACCOUNTS[:3])
async def test_what_is_brought_to_them_can_be_seen_or_stopped(town: Town, account: str) -> None:
    resident = Resident(town, "11", account=account)
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    await town.arrivals.flush(town.database)
    notice = await sent(town)

    say = await delivered(town, resident, notice)

    assert say.is_aside
    assert say.text.startswith(f"Công an phường Long Đức · Cảnh báo lừa đảo · mã {notice.code}\n\n")
    if say.options:
        heard = await resident.taps_token(say.options[0].token)
        assert "nhận thông báo" not in heard
        assert "Công an phường Long Đức: " in await resident.taps_token(say.options[1].token)
    else:
        heard = await resident.says(f"DAXEM {notice.code}")
    assert "đã xem thông báo" in heard
    await town.seen.flush(town.database)
    await resident.says(f"daxem {notice.code}")
    await town.seen.flush(town.database)
    assert (await town.notices.get(CHIEF, notice.id)).seen == 1


async def test_a_button_made_for_another_does_nothing(town: Town, resident: Resident) -> None:
    notice = await sent(town)
    other = Resident(town, "12")
    await in_ward(town, other)
    await in_ward(town, resident)
    say = await delivered(town, resident, notice)

    await other.taps_token(say.options[0].token)

    await town.seen.flush(town.database)
    assert (await town.notices.get(CHIEF, notice.id)).seen == 0


async def test_having_seen_it_proves_that_it_came(town: Town, resident: Resident) -> None:
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    await town.arrivals.flush(town.database)
    notice = await sent(town)
    campaign = notice.campaign or 0
    async with town.database.transaction() as tx:
        await tx.outbox.fix(campaign)
        while not (standing := await tx.outbox.get(campaign)).is_written_down:
            await tx.outbox.expand(standing, 10)
    await lost_on_its_way(town, campaign)
    say = await delivered(town, resident, notice)

    await resident.taps_token(say.options[0].token)
    assert (await town.notices.progress(CHIEF, notice.id)).counts == {DeliveryState.UNKNOWN: 1}
    await town.seen.flush(town.database)

    progress = await town.notices.progress(CHIEF, notice.id)
    assert progress.counts == {DeliveryState.SENT: 1}
    assert progress.seen == 1


async def lost_on_its_way(town: Town, campaign: int) -> None:
    """A sender took it, and was not heard of again."""
    now, lease = town.clock(), town.clock() + timedelta(minutes=1)
    async with town.database.transaction() as tx:
        assert await tx.outbox.lease("telegram", "gone", now=now, until=lease)
    async with town.database.transaction() as tx:
        claimed = await tx.outbox.claim(campaign, "telegram", "gone", now=now, until=lease, some=1, cap=None)
        await tx.outbox.sending("telegram", "gone", [each.id for each in claimed], now=now)
    later = lease + timedelta(minutes=1)
    async with town.database.transaction() as tx:
        assert await tx.outbox.end_leases(later, later, 10) == 1


async def test_the_press_is_in_memory_until_it_is_written_in_bulk(town: Town, resident: Resident) -> None:
    notice = await sent(town)
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    await resident.says("1")
    await town.arrivals.flush(town.database)
    say = await delivered(town, resident, notice)
    writes = 0
    transaction = town.database.transaction

    def counted():
        nonlocal writes
        writes += 1
        return transaction()

    town.database.transaction = counted  # type: ignore[method-assign]  # to see that nothing is written besides
    await resident.taps_token(say.options[0].token)
    town.database.transaction = transaction  # type: ignore[method-assign]

    assert writes == 1  # the one in which every message is looked at; it holds no row of theirs
    async with town.database.reading() as tx:
        found = await tx.notices.get(notice.id)
    assert found is not None
    assert found.seen == 0


def test_a_button_fits_into_what_telegram_takes() -> None:
    assert len(taps.mint("l.seen.Q7-20412", b"k" * 32, b"f" * 16)) <= taps.LONGEST_TOKEN


async def test_who_agreed_to_surveys_alone_is_neither_reached_nor_missed_by_a_notice(town: Town) -> None:
    resident = Resident(town, "7")
    await in_ward(town, resident)
    await resident.says("nhận thông báo")
    for button in [each for each in resident.heard.buttons if each.startswith("✓")]:
        await resident.taps(button)
    await resident.taps("○ Phiếu khảo sát và kết quả")
    await resident.says("đồng ý")
    await town.arrivals.flush(town.database)

    draft = await town.notices.write(OFFICER, a_draft())
    found = await town.notices.reckon(OFFICER, draft.id)

    assert (found.count, dict(found.why_not)) == (0, {})
