"""Whoever answers for a shop or an office says so by themselves, and is invited to the businesses' survey alone; nobody else is."""

import json
from pathlib import Path

import pytest

from surveys.waves import Audience
from tests.journeys.invitations import BUSINESSES, SURVEYS, agrees, invited, reminded
from tests.journeys.test_pulling import in_ward
from tests.journeys.town import LONG_DUC, Heard, Resident, Town

ACCOUNTS = ["telegram", "zalo:579745863508352884", "zalobot"]
BUSINESS, YEARLY = "dn-2026", "nam-2026"


async def opens(town: Town) -> int:
    return await town.opens(BUSINESS, "hang_nam_doanh_nghiep", Audience.BUSINESSES, days=18)


async def wants(town: Town, resident: Resident) -> set[str]:
    await town.arrivals.flush(town.database)
    async with town.database.reading() as tx:
        found = await tx.subscriptions.of(town.vault.fingerprint(resident.address))
    return {topic for unit, topic in found if unit == LONG_DUC}


async def to_the_end(resident: Resident, heard: Heard) -> Heard:
    """Every question is passed over until the thanks come."""
    for _ in range(40):
        if "Xin cảm ơn" in heard:
            return heard
        heard = await resident.says("bỏ qua" if "Bỏ qua" in heard.buttons else "0")
    raise AssertionError(f"no end: {heard}")


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_it_is_never_proposed_and_agreed_to_in_its_own_words(town: Town, account: str) -> None:
    resident = Resident(town, "7", account=account)
    await in_ward(town, resident)
    asked = await resident.says("nhận thông báo")
    assert BUSINESSES in asked.buttons, "not chosen, like the surveys beside it"
    assert "trả lời thay" not in asked

    shown = await resident.taps(BUSINESSES)
    assert "Nếu ông/bà trả lời thay một cơ quan, doanh nghiệp hoặc hộ kinh doanh" in shown
    assert "Chúng tôi không hỏi tên cơ sở." in shown
    assert "Ông/bà có thể được mời trả lời phiếu khảo sát" not in shown, "that is another wish"
    assert shown.buttons[0] == "Đồng ý nhận"
    await resident.says("đồng ý")

    assert {"surveys", "businesses"} & await wants(town, resident) == {"businesses"}
    async with town.database.reading() as tx:
        contact = await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address))
    assert contact is not None
    assert "trả lời thay một cơ quan, doanh nghiệp" in contact.consent_text, "kept as it was shown"


async def test_it_stands_in_ones_own_data_and_is_given_up_with_a_tap(town: Town, resident: Resident) -> None:
    await agrees(resident, to=BUSINESSES)
    await resident.says("dulieu")
    await resident.taps("Xem dữ liệu đang giữ")
    heard = await resident.taps("Gửi tệp cho tôi")
    assert heard.file is not None
    held = json.loads(heard.file[1])
    assert "businesses" in json.dumps(held["notices"])

    await resident.says("/dung")

    assert await wants(town, resident) == set()


async def test_each_is_invited_to_what_they_agreed_to_and_reminded_of_that(
    town: Town, tmp_path: Path
) -> None:
    shop = await agrees(Resident(town, "7", account="telegram"), to=BUSINESSES)
    home = await agrees(Resident(town, "8", account="telegram"), to=SURVEYS)
    await opens(town)
    before = home.heard
    await invited(town, BUSINESS, tmp_path, shop, home)
    assert "1/" in shop.heard.text
    assert home.heard is before, "who answers for themselves is not asked as a business"
    invitation = shop.heard

    await reminded(town, BUSINESS, tmp_path, shop, home)
    assert shop.heard is not invitation
    assert home.heard is before
    last = shop.heard

    await town.opens_yearly()
    await invited(town, YEARLY, tmp_path, shop, home)

    assert shop.heard is last, "who answers for a business alone is not asked as a resident"
    assert "1/13" in home.heard.text


async def test_after_the_businesses_survey_one_is_asked_about_that_and_after_another_about_the_other(
    town: Town, resident: Resident
) -> None:
    await opens(town)
    await in_ward(town, resident)
    await resident.says("phiếu đang mở")
    await resident.says("1")
    ended = await to_the_end(resident, await resident.says("1"))
    assert "Ông/bà có muốn được mời những lần sau" in ended

    page = await resident.taps("Nhận phiếu và kết quả")
    assert "trả lời thay một cơ quan, doanh nghiệp" in page
    assert "có thể được mời trả lời phiếu khảo sát" not in page
    await resident.says("đồng ý")
    assert await wants(town, resident) == {"businesses"}

    await town.opens_visits()
    await resident.agrees_at_the_counter()
    for _ in range(5):
        ended = await resident.says("bỏ qua")
    assert "Ông/bà có muốn được mời những lần sau" in ended, "as a resident they were never asked"
    await resident.taps("Nhận phiếu và kết quả")
    await resident.says("đồng ý")
    assert await wants(town, resident) == {"businesses", "surveys"}
