"""An Official Account belongs to a unit: what can be answered, seen and subscribed to through it is there and below, and nowhere else."""

import pytest

from storage import rows
from surveys.entry import Stream
from tests.journeys.town import LONG_DUC, TRA_VINH, Heard, Resident, Town

WARD, PROVINCE, NEXT_DOOR = "zalo:100", "zalo:200", "zalo:300"
VINH_LONG = "86"
OLD_TRA_VINH = "TV"  # the province that went into Vĩnh Long


async def connected(town: Town, account: str, name: str, unit: str | None) -> None:
    """As `zalo connect` leaves it, seen by a process that was running before."""
    row = rows.ZaloAccount(
        id=account.removeprefix("zalo:"), name=name, kind=4, unit=unit, pair=b"-", generation=1
    )
    async with town.database.transaction() as tx:
        await tx.zalo_accounts.save(row)
    await town.residents.refresh()


@pytest.fixture
async def accounts(town: Town) -> None:
    await connected(town, WARD, "Công an phường Trà Vinh", TRA_VINH)
    await connected(town, PROVINCE, "Công an tỉnh Vĩnh Long", VINH_LONG)


def at(town: Town, account: str, name: str = "7001") -> Resident:
    return Resident(town, name, account=account)


async def test_at_a_wards_account_nobody_is_asked_which_ward(town: Town, accounts: None) -> None:
    await town.opens_yearly()

    heard = await at(town, WARD).says("xin chào")

    assert "phường Trà Vinh" in heard
    assert "Đồng ý, bắt đầu" in heard.buttons
    assert "Chọn phường khác" not in (await at(town, WARD).says("menu")).buttons
    assert "Chọn phường khác" in (await in_long_duc(at(town, "telegram"))).buttons


async def in_long_duc(resident: Resident) -> Heard:
    await resident.says("xin chào")
    await resident.says("Long Đức")
    return await resident.says("menu")


@pytest.mark.parametrize("typed", ["Long Đức", "phường Long Đức", "Phường 4 Trà Vinh", "Nguyệt Hóa"])
async def test_another_ward_is_refused_with_where_to_turn(town: Town, accounts: None, typed: str) -> None:
    await town.opens_yearly()
    resident = at(town, WARD)
    await resident.says("xin chào")
    await resident.says("chọn phường")

    heard = await resident.says(typed)

    assert "Tài khoản này chỉ nhận ý kiến về phường Trà Vinh, tỉnh Vĩnh Long." in heard
    assert "xin ông/bà nhắn cho tài khoản Zalo “Công an tỉnh Vĩnh Long”" in heard


async def test_a_code_of_another_ward_says_so_and_is_not_used_up(town: Town, accounts: None) -> None:
    wave = await town.opens_visits()
    resident = at(town, WARD)

    heard = await resident.starts(town.link(LONG_DUC, Stream.VISIT))

    assert (
        "Về phường Long Đức, tỉnh Vĩnh Long, xin ông/bà nhắn cho tài khoản Zalo “Công an tỉnh Vĩnh Long”."
        in heard
    )
    await resident.taps("Đồng ý, bắt đầu")
    assert [session.unit for session in await town.sessions(wave)] == [TRA_VINH]


async def test_an_old_button_of_another_ward_does_nothing_any_more(town: Town) -> None:
    """It was given before the account belonged to a unit."""
    wave = await town.opens_yearly()
    resident = at(town, WARD)
    await resident.says("xin chào")
    card = await resident.says("Long Đức")
    agree = card.token("Đồng ý, bắt đầu")
    await resident.says("chọn phường")
    await resident.says("Long Đức")
    await connected(town, WARD, "Công an phường Trà Vinh", TRA_VINH)

    heard = await resident.sends(resident.message(tap=agree))

    assert "phường Trà Vinh" in heard.text or "chọn" in heard.text.lower()
    assert await town.sessions(wave) == []


async def test_notices_can_be_had_of_the_accounts_own_wards_only(town: Town) -> None:
    resident = at(town, WARD)
    await resident.says("xin chào")
    await resident.says("Long Đức")
    enrol = (await resident.says("nhận thông báo")).token("Đồng ý nhận thông báo")
    await connected(town, WARD, "Công an phường Trà Vinh", TRA_VINH)

    heard = await resident.sends(resident.message(tap=enrol))
    await town.arrivals.flush(town.database)

    assert "chỉ nhận ý kiến về phường Trà Vinh" in heard
    async with town.database.reading() as tx:
        assert await tx.contacts.by_fingerprint(town.vault.fingerprint(resident.address)) is None


async def test_results_and_what_is_open_are_those_of_the_account(town: Town, accounts: None) -> None:
    await town.opens_yearly()
    resident = at(town, WARD)

    assert "phường Trà Vinh" in await resident.says("kết quả")
    assert "phường Trà Vinh" in await resident.says("phiếu đang mở")
    assert "phường Trà Vinh" in await resident.says("thông báo mới")


async def test_a_provinces_account_serves_all_its_wards_and_no_other_province(
    town: Town, accounts: None
) -> None:
    wave = await town.opens_yearly()
    for number, ward in enumerate(("Long Đức", "Trà Vinh")):
        resident = at(town, PROVINCE, f"800{number}")
        await resident.says("xin chào")
        assert "Đồng ý, bắt đầu" in (await resident.says(f"phường {ward}")).buttons
        await resident.taps("Đồng ý, bắt đầu")

    assert sorted(session.unit for session in await town.sessions(wave)) == sorted([LONG_DUC, TRA_VINH])


async def test_who_follows_a_provinces_account_is_asked_which_of_its_wards(
    town: Town, accounts: None
) -> None:
    await town.opens_yearly()
    resident = at(town, PROVINCE)

    heard = await resident.starts(town.link(VINH_LONG, Stream.OPEN))
    assert "Ông/bà ở phường, xã nào?" in heard
    await resident.taps("Chọn theo tỉnh")
    await resident.taps("Phường Long Đức")
    await resident.taps("Đồng ý, bắt đầu")

    heard = await resident.starts(town.link(VINH_LONG, Stream.OPEN))
    assert "Ông/bà ở phường, xã nào?" not in heard, "who has chosen is not asked again"


async def test_an_account_of_a_province_that_is_no_more_serves_what_it_became(town: Town) -> None:
    await connected(town, PROVINCE, "Công an tỉnh Trà Vinh", OLD_TRA_VINH)
    await town.opens_yearly()
    resident = at(town, PROVINCE)
    await resident.says("xin chào")

    assert "Đồng ý, bắt đầu" in (await resident.says("Long Đức")).buttons


async def test_whoever_joins_two_accounts_has_what_both_serve(town: Town) -> None:
    await connected(town, WARD, "Công an phường Trà Vinh", TRA_VINH)
    await connected(town, NEXT_DOOR, "Công an phường Long Đức", LONG_DUC)
    await town.opens_yearly()
    here, there = at(town, WARD), at(town, NEXT_DOOR, "9001")
    await here.says("xin chào")
    await here.says("chọn phường")
    assert "chỉ nhận ý kiến về phường Trà Vinh" in await here.says("Long Đức")

    code = (await there.says("/lienket")).text.split("LK-")[1][:9]
    assert "Đã nối" in await here.says(f"/lienket LK-{code}")
    await here.says("chọn phường")

    assert "Đồng ý, bắt đầu" in (await here.says("Long Đức")).buttons
    await here.says("/huylienket")
    await here.says("chọn phường")
    assert "chỉ nhận ý kiến về phường Trà Vinh" in await here.says("Long Đức")


async def test_what_was_begun_before_can_be_finished_and_withdrawn(town: Town) -> None:
    wave = await town.opens_yearly()
    resident = at(town, WARD)
    await resident.says("xin chào")
    await resident.says("Long Đức")
    await resident.taps("Đồng ý, bắt đầu")
    await connected(town, WARD, "Công an phường Trà Vinh", TRA_VINH)

    await resident.says("2")
    assert len((await town.answers(wave))[0]) == 1
    await resident.says("/dulieu")
    await resident.taps("Rút lại và xóa câu trả lời")
    await resident.taps("Xóa, tôi chắc chắn")

    assert await town.sessions(wave) == []


@pytest.mark.parametrize("account", ["telegram", "web", "zalo:400"])
async def test_channels_that_belong_to_no_unit_reach_everywhere(
    town: Town, accounts: None, account: str
) -> None:
    await connected(town, "zalo:400", "Một tài khoản chung", None)
    await town.opens_yearly()
    resident = at(town, account)
    await resident.says("xin chào")

    assert "Đồng ý, bắt đầu" in (await resident.says("Long Đức")).buttons


async def test_a_forgotten_account_is_nobodys_again(town: Town, accounts: None) -> None:
    await town.opens_yearly()
    async with town.database.transaction() as tx:
        await tx.zalo_accounts.forget("100")
    await town.residents.refresh()
    resident = at(town, WARD)
    await resident.says("xin chào")

    assert "Đồng ý, bắt đầu" in (await resident.says("Long Đức")).buttons
