"""The demo's year as it was planned: the standing orders we propose, all of them taken by the province's supervisor, and whatever is asked
of people brought to them and reminded of."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.demo_people import PROVINCE, SUPERVISOR
from surveys.schedules.purposes import Purpose
from surveys.schedules.standard import Standing, standing_orders
from surveys.waves import LOCAL, Audience

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["take_standing_orders"]

INVITING: Mapping[str, Any] = {"invite": "all", "remind_after_days": [3, 7]}
"""What an order that says nothing of it is given here, so that there is something to watch."""


async def take_standing_orders(house: "House", on: datetime) -> None:
    for order in standing_orders(on.astimezone(LOCAL).date()):
        await house.schedules.add(
            order.schedule,
            purpose=order.purpose,
            title=order.title,
            unit=PROVINCE,
            owner=SUPERVISOR,
            subject=_about(order),
            id=order.id,
        )


def _about(order: Standing) -> Mapping[str, Any]:
    is_pushed = order.purpose == Purpose.OPEN_WAVE and order.subject["audience"] != Audience.VISITS
    return {**INVITING, **order.subject} if is_pushed else order.subject
