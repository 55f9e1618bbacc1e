"""In the officers' bot: what people outside Zalo's window cost stands on the card, and in the button that agrees to it."""

from dataclasses import replace

import pytest

from storage.arrivals import Arrival, Arrivals
from surveys.conversation import Address
from surveys.notices import State
from surveys.outside import Fact, Template, Terms, Way
from tests.officers.conftest import LONG_DUC
from tests.officers.test_journeys import the_notice, written

PAID = Terms(Way.TEMPLATE, 120, templates={"*": {"notice": Template("123456", {"ma": Fact.CODE})}})
PRICED = "Duyệt, chi tới 360 đ"


@pytest.fixture
async def submitted(office, an, vault, tmp_path):
    checks = office.notices._checks  # as an operator would have set it before the house was opened
    checks.policies = replace(checks.policies, outside=PAID)
    arrivals, database = Arrivals(tmp_path / "silent", vault), office.people._db
    for number in range(3):
        address = Address("zalo:579745863508352884", str(number))
        wants = ((LONG_DUC, "scam"),)
        await arrivals.add(
            Arrival(address, LONG_DUC, "vi", ("notices",), office.clock().date(), "Đồng ý", wants)
        )
    await arrivals.flush(database)
    await written(an)
    await an.taps("Trình duyệt")
    return await the_notice(office)


async def order(office, notice):
    async with office.people._db.reading() as tx:
        return await tx.outside.order("notice", notice.id)


async def test_the_card_says_what_it_costs_and_a_button_of_its_own_agrees(office, binh, submitted):
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    assert "3 × 120 đ = 360 đ" in binh.last
    assert PRICED in binh.buttons

    await binh.taps(PRICED)

    assert (await the_notice(office)).approved is not None
    agreed = await order(office, submitted)
    assert (agreed.agreed, agreed.price) == (3, 120)
    assert agreed.agreed_by.startswith("Trần Thị Bình")


async def test_the_plain_button_buys_nothing(office, binh, submitted):
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])

    await binh.taps("Duyệt")

    assert (await the_notice(office)).approved is not None
    assert await order(office, submitted) is None


async def test_a_button_with_another_price_is_refused(office, binh, submitted):
    [no] = await binh.forges(f"ap.{submitted.id}.{submitted.version}.3.1")

    assert "Giá tin mẫu vừa thay đổi" in no
    assert (await the_notice(office)).state is State.SUBMITTED
    assert await order(office, submitted) is None


async def test_who_only_writes_is_not_shown_what_it_costs_to_approve(office, an, submitted):
    await an.says("/danhsach")
    await an.taps(an.buttons[0])

    assert PRICED not in an.buttons
