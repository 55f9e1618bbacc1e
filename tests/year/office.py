"""The people who run it: they take the year as it is proposed, look when something is held up, and let it go on. They touch nothing else."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from handlers.units import load_seed
from storage.arrivals import Arrival
from storage.database import Unavailable
from surveys.delivery import CampaignState
from surveys.notices import Push
from surveys.schedules import Daily
from surveys.schedules.household import chores
from surveys.schedules.purposes import Purpose as Purposes
from surveys.schedules.standard import standing_orders
from surveys.waves import LOCAL
from surveys.windows import Purpose
from tests.year.process import Gone

if TYPE_CHECKING:
    from bot.app import House
    from tests.year.people import Resident
    from tests.year.world import World

__all__ = ["PROVINCE", "WARDS", "Office"]

PROVINCE = "86"
WARDS = ("29242", "29263", "29254", "29398", "29512", "29516")
LOOKS_EVERY = timedelta(hours=18)
WHO = "Lê Văn Chính"


CHORES_EVERY = 12  # days


class Office:
    def __init__(self, world: "World") -> None:
        self.world = world
        self.entry_key = b""
        self.released: list[str] = []
        self._has_settled = False

    async def settle_in(self, house: "House") -> None:
        """Once, and again where it was cut short."""
        self.entry_key = house.vault.entry_key
        if self._has_settled:
            return
        await load_seed(house.db)
        today = self.world.now().astimezone(LOCAL).date()
        for order in standing_orders(today):
            if order.purpose in house.schedules.purposes:
                await house.schedules.add(
                    order.schedule,
                    purpose=order.purpose,
                    title=order.title,
                    unit=PROVINCE,
                    owner=WHO,
                    subject=order.subject,
                    id=order.id,
                )
        for chore in chores(Purposes.PURGE, Purposes.FLUSH, Purposes.RECONCILE):
            # Every so many days instead of daily: a night's chores cost as much as all else that a day brings.
            await house.schedules.add(
                replace(chore.schedule(today), rule=Daily(today, CHORES_EVERY)),
                purpose=chore.purpose,
                title=chore.title,
                unit=None,
                owner=WHO,
                id=chore.id,
            )
        for resident in self.world.residents:
            if resident.agrees or resident.answers_for_a_business:
                await house.arrivals.add(_agrees(resident, today))
            if resident.agrees:
                self.world.model.subscribed.add(resident.name)
            if resident.answers_for_a_business:
                self.world.model.businesses.add(resident.name)
        await house.flush_arrivals()
        self._has_settled = True

    async def looks_after_it(self) -> None:
        """Every few hours somebody looks whether a person is waited for."""
        while True:
            await asyncio.sleep(LOOKS_EVERY.total_seconds() * self.world.chance.uniform(0.5, 1.5))
            try:
                await self.world.receiver().call(self._looks)
            except (Gone, Unavailable):
                continue

    async def _looks(self, house: "House") -> None:
        for hold in await house.schedules.holds():
            if await house.schedules.release(hold.cause):
                self.released.append(hold.cause)
                self.world.tells(f"the office lets go: {hold.cause}, {hold.reason}")
        self.world.is_held(bool(await house.schedules.holds()))
        async with house.db.reading() as tx:
            paused = [each for each in await tx.outbox.unfinished() if each.state is CampaignState.PAUSED]
        for campaign in paused:
            self.world.tells(f"the office lets campaign {campaign.id} go on: {campaign.why}")
            async with house.db.transaction() as tx:
                await tx.outbox.resume(campaign.id)


def _agrees(resident: "Resident", today: date) -> Arrival:
    """To be asked, in their own ward; how one agrees by tapping is shown by the journeys."""
    wants = [(Push.SURVEYS, resident.agrees), (Push.BUSINESSES, resident.answers_for_a_business)]
    return Arrival(
        resident.address,
        resident.ward,
        "vi",
        (Purpose.NOTICE.value,),
        today,
        "Đồng ý nhận phiếu khảo sát và kết quả",
        tuple((resident.ward, topic.value) for topic, is_wanted in wants if is_wanted),
    )
