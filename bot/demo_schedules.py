"""The demo's year as it was planned: the standing orders we propose, all of them taken by the province's supervisor."""

from datetime import datetime
from typing import TYPE_CHECKING

from bot.demo_people import PROVINCE, SUPERVISOR
from surveys.schedules.standard import standing_orders
from surveys.waves import LOCAL

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["invite_to_what_is_open", "take_standing_orders"]


async def take_standing_orders(house: "House", on: datetime) -> None:
    """In force from that day on."""
    for order in standing_orders(on.astimezone(LOCAL).date()):
        await house.schedules.add(
            order.schedule,
            purpose=order.purpose,
            title=order.title,
            unit=PROVINCE,
            owner=SUPERVISOR,
            subject=order.subject,
            id=order.id,
        )


async def invite_to_what_is_open(house: "House") -> None:
    """To the survey that opened before anybody had planned a year: it leaves as soon as the demo runs, and people are awake."""
    await house.schedules.run_once("residents-invite", asked_by=SUPERVISOR)
