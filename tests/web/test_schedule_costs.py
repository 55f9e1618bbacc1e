"""Before a wave is taken to its people: the page that says what that costs on Zalo, and takes somebody's word for it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from storage.arrivals import Arrival
from surveys.conversation import Address
from surveys.schedules import ANY, Event, Relative, Schedule, Yearly
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, PROVINCE, DeskTown, Furnished, Seat, a_desk_town

SLUG = "lang-nghe-2027"
SUBJECT = {
    "form": "hang_nam_nguoi_dan",
    "slug": "lang-nghe-{year}",
    "title": "Công an lắng nghe {year}",
    "audience": "residents",
    "days": 21,
    "invite": "all",
}


@pytest.fixture
async def town(
    furnished_desk: Furnished, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DeskTown]:
    for name, value in {
        "ZALO_APP_ID": "1",
        "ZALO_APP_SECRET": "s",
        "ZALO_OA_KEYS": "k",
        "ZALO_OUTSIDE": "template",
        "ZALO_OUTSIDE_TEMPLATES": '{"*": {"invite": {"id": "9", "fields": {"dot": "title"}}}}',
        "ZALO_TEMPLATE_PRICE": "120",
    }.items():
        monkeypatch.setenv(name, value)
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        for number in range(3):
            address, wants = Address("zalo:579745863508352884", str(number)), ((LONG_DUC, "surveys"),)
            await town.house.arrivals.add(
                Arrival(address, LONG_DUC, "vi", ("notices",), clock().date(), "Đồng ý", wants)
            )
        await town.house.arrivals.flush(town.house.db)
        yield town


async def planned(town: DeskTown, **subject: object) -> str:
    made = await town.house.schedules.add(
        Schedule(Yearly(9, 1), time(8), starts_on=date(2027, 1, 1)),
        purpose="wave.open",
        title="Đợt hằng năm",
        unit=PROVINCE,
        owner="Phạm Thị Dung",
        subject={**SUBJECT, **subject},
    )
    return f"/desk/schedules/{made.row.id}"


@pytest.fixture
async def dung(town: DeskTown) -> Seat:
    """The province's supervisor."""
    return await town.seat("dung")


async def test_what_it_costs_is_read_then_agreed_to_and_stands_there(town: DeskTown, dung: Seat) -> None:
    place = await planned(town)
    assert f"{place}/cost" in await dung.opens(place)

    page = await dung.opens(f"{place}/cost")
    assert SLUG in page
    assert "Zalo: 0 tin miễn phí, 0 tin tính phí, 3 người ngoài cửa sổ." in page
    assert "3 × 120 đ = 360 đ" in page
    assert 'name="agreed" value="3x120"' in page
    assert f'name="wave" value="{SLUG}"' in page
    led = await dung.sends(f"{place}/agree", 303, wave=SLUG, agreed="3x120")

    page = await dung.opens(led)
    assert "Đã ghi nhận đồng ý chi." in page
    assert "Đã đồng ý chi nhiều nhất 3 tin mẫu, mỗi tin 120 đ: Phạm Thị Dung" in page
    async with town.house.db.reading() as tx:
        order = await tx.outside.order("invite", SLUG)
    assert order is not None
    assert (order.agreed, order.taken) == (3, 0)


async def test_without_the_tick_or_at_another_price_nothing_is_agreed_to(town: DeskTown, dung: Seat) -> None:
    place = await planned(town)

    assert "Xin đánh dấu ô đồng ý" in await dung.sends(f"{place}/agree", 422)
    for agreed in ("3x1", "nhiều"):
        page = await dung.sends(f"{place}/agree", 422, wave=SLUG, agreed=agreed)
        assert "giá tin mẫu vừa thay đổi" in page

    async with town.house.db.reading() as tx:
        assert await tx.outside.order("invite", SLUG) is None


async def test_what_was_read_of_one_wave_is_not_agreed_to_of_the_next(
    town: DeskTown, dung: Seat, clock: Clock
) -> None:
    place = await planned(town)
    assert f'name="wave" value="{SLUG}"' in await dung.opens(f"{place}/cost")

    clock.moment = datetime(2027, 9, 1, 1, tzinfo=UTC)  # eight in the morning there: it opens
    await town.house.schedules.tick()
    dung = await town.seat("dung")
    page = await dung.sends(f"{place}/agree", 422, wave=SLUG, agreed="3x120")

    assert "đợt kế tiếp vừa đổi" in page
    assert 'name="wave" value="lang-nghe-2028"' in page
    async with town.house.db.reading() as tx:
        assert [await tx.outside.order("invite", slug) for slug in (SLUG, "lang-nghe-2028")] == [None, None]


async def test_a_schedule_that_invites_nobody_costs_nothing(town: DeskTown, dung: Seat) -> None:
    place = await planned(town, invite=None)

    assert f"{place}/cost" not in await dung.opens(place)
    assert "Lịch này không mời ai" in await dung.opens(f"{place}/cost")
    await dung.sends(f"{place}/agree", 422, agreed="3x120")


async def test_a_ward_reads_what_its_province_pays_and_agrees_to_nothing(town: DeskTown) -> None:
    place = await planned(town)
    binh = await town.seat("binh")

    page = await binh.opens(f"{place}/cost")
    await binh.sends(f"{place}/agree", 403, agreed="3x120")

    assert "3 × 120 đ = 360 đ" in page
    assert 'name="agreed"' not in page


# ── What we propose ──────────────────────────────────────────────────────────────────────────────────────────────


WAVE = re.compile(r'name="wave" value="([^"]+)"')


async def takes(dung: Seat, *proposals: str) -> str:
    """The place of the last one."""
    for each in proposals:
        await dung.sends("/desk/schedules/proposals", take=each)
    return f"/desk/schedules/{PROVINCE}-{proposals[-1]}"


async def test_what_we_propose_to_invite_to_is_reckoned_before_there_is_a_wave_and_agreed_to(
    town: DeskTown, dung: Seat
) -> None:
    place = await takes(dung, "residents", "residents-invite")
    assert f"{place}/cost" in await dung.opens(place)

    page = await dung.opens(f"{place}/cost")
    [slug] = WAVE.findall(page)
    assert "3 × 120 đ = 360 đ" in page
    await dung.sends(f"{place}/agree", 303, wave=slug, agreed="3x120")

    assert "Đã đồng ý chi nhiều nhất 3 tin mẫu" in await dung.opens(f"{place}/cost")
    async with town.house.db.reading() as tx:
        order = await tx.outside.order("invite", slug)
    assert order is not None
    assert order.agreed == 3


async def test_the_wave_that_then_opens_is_the_one_that_was_agreed_to(
    town: DeskTown, dung: Seat, clock: Clock
) -> None:
    place = await takes(dung, "residents", "residents-invite")
    [slug] = WAVE.findall(await dung.opens(f"{place}/cost"))
    await dung.sends(f"{place}/agree", 303, wave=slug, agreed="3x120")

    opens = await town.house.schedules.get(f"{PROVINCE}-residents")
    [due] = town.house.schedules.coming(opens, 1)
    clock.moment = due + timedelta(minutes=1)
    await town.house.schedules.tick()
    dung = await town.seat("dung")

    page = await dung.opens(f"{place}/cost")
    assert WAVE.findall(page) == [slug], "it is open, and its invitations leave within the hour"
    assert "Đã đồng ý chi nhiều nhất 3 tin mẫu" in page
    async with town.house.db.reading() as tx:
        assert await tx.waves.by_slug(slug) is not None


async def test_without_a_wave_to_come_there_is_nothing_to_agree_to(town: DeskTown, dung: Seat) -> None:
    place = await takes(dung, "residents-invite")

    assert "chưa biết đợt nào sẽ mở" in await dung.opens(f"{place}/cost")
    await dung.sends(f"{place}/agree", 422, wave="2027-nguoi-dan", agreed="3x120")


async def test_of_two_waves_of_one_day_each_is_agreed_to_by_itself(town: DeskTown, dung: Seat) -> None:
    for slug in ("mot-{year}", "hai-{year}"):
        await planned(town, invite=None, slug=slug)
    made = await town.house.schedules.add(
        Schedule(Relative(0, Event("opening", ANY)), time(9), starts_on=date(2027, 1, 1)),
        purpose="wave.invite",
        title="Mời",
        unit=LONG_DUC,
        owner="Phạm Thị Dung",
    )
    place = f"/desk/schedules/{made.row.id}"

    page = await dung.opens(f"{place}/cost")
    assert sorted(WAVE.findall(page)) == ["hai-2027", "mot-2027"]
    assert page.count("ở 1 đơn vị.") == 2, "the ward whose schedule it is"
    await dung.sends(f"{place}/agree", 303, wave="hai-2027", agreed="3x120")

    async with town.house.db.reading() as tx:
        orders = [await tx.outside.order("invite", slug) for slug in ("mot-2027", "hai-2027")]
    assert [each is not None and each.agreed for each in orders] == [False, 3]
