"""After the survey: receipts, notices, stop."""

from surveys.entry import Stream
from surveys.waves import Audience
from tests.journeys.town import LONG_DUC, Resident, Town


async def finishes(resident: Resident) -> str:
    await resident.agrees_at_the_counter()
    for words in ("1", "1", "1", "1", "bỏ qua"):
        await resident.says(words)
    return resident.heard.text.split("Mã biên nhận: ")[1].splitlines()[0]


async def test_a_receipt_says_kept_then_counted(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    receipt = await finishes(resident)

    assert "chưa niêm phong" in await resident.says(f"/kiemtra {receipt}")
    assert "chưa niêm phong" in await resident.says(f"kiểm tra {receipt.lower().replace('-', ' ')}")
    assert "Không có phiếu nào" in await Resident(town, "nguoi-khac").says(f"/kiemtra {receipt}")

    town.clock.advance(days=38)
    await town.waves.advance()
    await town.residents.refresh()

    assert "đã được niêm phong và được tính" in await resident.says(f"/kiemtra {receipt}")
    assert "đã được niêm phong và được tính" in await Resident(town, "nguoi-khac").says(f"/kiemtra {receipt}")


async def test_a_receipt_nobody_got_is_not_found(town: Town, resident: Resident) -> None:
    await town.opens_visits()

    assert "Không có phiếu nào" in await resident.says("/kiemtra K7QF-3M2X-9TWA-5H8C")
    assert "/kiemtra K7QF" in await resident.says("/kiemtra")
    assert "/kiemtra K7QF" in await resident.says("kiemtra abc")


async def test_the_receipt_stays_when_answers_change(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    receipt = await finishes(resident)

    await resident.taps("Xem lại và sửa")
    await resident.taps("Câu 3")
    heard = await resident.taps("Không hài lòng")

    assert receipt in heard


async def test_notices_are_a_consent_of_their_own(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await finishes(resident)

    heard = await resident.taps("Nhận thông báo của phường")
    assert "tách riêng với phiếu" in heard
    assert await town.arrivals.flush(town.database) == 0
    heard = await resident.taps("Đồng ý nhận thông báo")
    assert "Công an phường Long Đức" in heard

    async with town.database.reading() as tx:
        assert await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address)) is None
    assert await town.arrivals.flush(town.database) == 1
    async with town.database.reading() as tx:
        contact = await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address))
    assert contact is not None
    assert contact.unit == LONG_DUC
    assert "tách riêng với phiếu" in contact.consent_text


async def test_stop_means_everything(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await finishes(resident)
    await resident.taps("Nhận thông báo của phường")
    await resident.taps("Đồng ý nhận thông báo")
    await town.arrivals.flush(town.database)

    await resident.says("DUNG")
    await town.arrivals.flush(town.database)

    async with town.database.reading() as tx:
        assert await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address)) is None


async def test_stop_in_the_middle_of_a_survey_ends_notices_too(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await resident.says("Long Đức")
    await resident.says("nhận thông báo")
    await resident.taps("Đồng ý nhận thông báo")
    await town.arrivals.flush(town.database)
    await resident.agrees_at_the_counter()

    await resident.says("dừng")
    await town.arrivals.flush(town.database)

    async with town.database.reading() as tx:
        assert await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address)) is None


async def test_a_new_month_is_a_new_survey(town: Town, resident: Resident) -> None:
    await town.opens_visits()
    await finishes(resident)

    town.clock.advance(days=31)
    await town.opens("tham-12-2026", "tham_luot", Audience.VISITS)
    heard = await resident.starts(town.link(LONG_DUC, Stream.VISIT))

    assert "Đồng ý, bắt đầu" in heard.buttons
    assert (await resident.taps("Đồng ý, bắt đầu")).text.startswith("1/5")
    town.clock.advance(days=1)
    assert (await resident.says("1")).text.startswith("2/5")
