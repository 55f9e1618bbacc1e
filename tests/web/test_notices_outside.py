"""Whoever approves a notice reads beforehand what people outside Zalo's window get and cost, and agrees to it by itself; and reads afterwards
what was spent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.arrivals import Arrival
from surveys.conversation import Address
from surveys.outside import Fact, Quote, Template, Terms, Way
from tests.conftest import Clock
from tests.web.desk_town import LONG_DUC, DeskTown, Furnished, Seat, a_desk_town

PAID = Terms(Way.TEMPLATE, 120, templates={"*": {"notice": Template("123456", {"ma": Fact.CODE})}})


@pytest.fixture
async def town(furnished_desk: Furnished, tmp_path: Path, clock: Clock) -> AsyncIterator[DeskTown]:
    async with a_desk_town(furnished_desk, tmp_path, clock) as town:
        yield town


@pytest.fixture
async def binh(town: DeskTown) -> Seat:
    """The chief of Long Đức."""
    return await town.seat("binh")


def outside_gets(town: DeskTown, terms: Terms) -> None:
    """As an operator would have set it before the house was opened."""
    checks = town.notices._checks
    checks.policies = replace(checks.policies, outside=terms)


async def long_silent(town: DeskTown, number: int) -> None:
    """People of the ward who wrote to its Official Account once, and not for weeks."""
    arrivals = town.house.arrivals
    for each in range(number):
        address, today = Address("zalo:579745863508352884", str(each)), town.house.now().date()
        wants = ((LONG_DUC, "scam"),)
        await arrivals.add(Arrival(address, LONG_DUC, "vi", ("notices",), today, "Đồng ý", wants))
    await arrivals.flush(town.house.db)


async def test_what_people_outside_the_window_cost_is_read_before_it_is_agreed_to(
    town: DeskTown, binh: Seat
) -> None:
    outside_gets(town, PAID)
    await long_silent(town, 3)
    notice = await town.submitted()
    place = f"/desk/notices/{notice.code}"

    page = await binh.opens(place)
    reach = await binh.opens(f"{place}/reach")
    assert "Tôi đồng ý chi nhiều nhất 360 đ cho 3 tin mẫu" in page
    assert 'name="agreed" value="3x120"' in page
    assert "checked" not in page.partition('name="agreed"')[2][:40]
    assert "Zalo: 0 tin miễn phí, 0 tin tính phí, 3 người ngoài cửa sổ." in reach
    assert "3 × 120 đ = 360 đ" in reach
    await binh.sends(f"{place}/approve", 422, version=str(notice.version), agreed="3x1")
    await binh.sends(f"{place}/approve", version=str(notice.version), agreed="3x120")

    page = await binh.opens(place)
    assert "Đồng ý chi nhiều nhất 3 tin mẫu × 120 đ = 360 đ." in page  # in its history
    async with town.house.db.reading() as tx:
        order = await tx.outside.order("notice", notice.id)
    assert order is not None
    assert (order.agreed, order.price) == (3, 120)
    assert order.agreed_by.startswith("Trần Thị Bình")


async def test_who_does_not_tick_it_approves_and_buys_nothing(town: DeskTown, binh: Seat) -> None:
    outside_gets(town, PAID)
    await long_silent(town, 3)
    notice = await town.submitted()

    await binh.sends(f"/desk/notices/{notice.code}/approve", version=str(notice.version))

    async with town.house.db.reading() as tx:
        assert await tx.outside.order("notice", notice.id) is None


async def test_while_no_price_is_set_it_says_so_and_there_is_nothing_to_tick(
    town: DeskTown, binh: Seat
) -> None:
    outside_gets(town, replace(PAID, price=None))
    await long_silent(town, 3)
    notice = await town.submitted()

    page = await binh.opens(f"/desk/notices/{notice.code}")

    assert "Chưa đặt giá tin mẫu (ZALO_TEMPLATE_PRICE)" in page
    assert 'name="agreed"' not in page


async def test_what_went_by_which_way_and_its_cost_are_on_the_page(town: DeskTown, binh: Seat) -> None:
    outside_gets(town, PAID)
    notice = await town.approved()
    await town.notices.step()
    async with town.house.db.transaction() as tx:
        begun = await tx.notices.get(notice.id)
        assert begun is not None
        assert begun.campaign is not None
        await tx.outside.agree("notice", notice.id, Quote(3, 120), "Trần Thị Bình", town.house.now())
        for _ in range(2):
            assert await tx.outside.take("notice", notice.id)
        await tx.outside.were_sent("notice", notice.id, 1)
        await tx.outside.want(begun.campaign, "zalo:1", town.house.now())

    page = await binh.opens(f"/desk/notices/{notice.code}")

    assert "Bằng tin mẫu: 1; không rõ: 1. Đồng ý chi nhiều nhất 3 tin: Trần Thị Bình." in page
    assert "Bằng bài viết: chờ tạo." in page
    assert "Chi phí: 240 đồng" in page
