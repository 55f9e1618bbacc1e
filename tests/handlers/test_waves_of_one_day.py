"""Several waves whose day it is on one occasion: one that cannot be served leaves the others nothing less, and is not passed over in silence."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from handlers.happenings import ResultsTold
from handlers.inviting import Inviting, Reminding
from handlers.occasions import NotNow, Occasion, each_of
from handlers.schedules import Schedules
from storage.vault import Vault
from surveys.reminding import INVITE, REMIND
from surveys.schedules import ANY, Event, Relative, Schedule
from surveys.schedules.purposes import Purpose
from surveys.waves import LOCAL, Audience
from tests.conftest import Clock
from tests.handlers.test_inviting import live_there, nothing_waits
from tests.journeys.town import LONG_DUC, Town, a_town

VISITS, YEARLY, GONE = "tham-11-2026", "nam-2026", "nam-2025"


@pytest.fixture
async def town(database_url: str, tmp_path: Path, vault: Vault, clock: Clock) -> AsyncIterator[Town]:
    async with a_town(database_url, tmp_path, vault, clock) as town:
        yield town


def due(town: Town, *waves: str) -> Occasion:
    return Occasion("s", town.clock(), "", "Lịch", "", {}, timedelta(0), waves=waves)


async def made(town: Town) -> list[tuple[str, str]]:
    async with town.database.reading() as tx:
        return sorted((each.campaign.kind, each.campaign.subject) for each in await tx.outbox.latest())


async def test_a_wave_that_invites_nobody_leaves_the_others_their_invitations(town: Town) -> None:
    await town.opens_visits()
    await town.opens_yearly()
    await live_there(town, range(3), LONG_DUC)
    inviting = Inviting(town.database, town.clock, nothing_waits)

    told = await inviting(due(town, VISITS, GONE, YEARLY))

    assert await made(town) == [(INVITE, YEARLY)]
    assert told.startswith(f"Gửi lời mời trả lời đợt {YEARLY} cho mọi người đã đồng ý nhận")
    assert f"Đợt {VISITS} là đánh giá sau mỗi lần đến trụ sở: không mời ai." in told
    assert f"Không có đợt {GONE}." in told


async def test_reminders_likewise(town: Town) -> None:
    await town.opens_visits()
    await town.opens_yearly()
    await Inviting(town.database, town.clock, nothing_waits)(due(town, YEARLY))

    told = await Reminding(town.database, town.clock)(due(town, VISITS, YEARLY))

    assert await made(town) == [(INVITE, YEARLY), (REMIND, f"{YEARLY}.1")]
    assert f"Nhắc lần 1 đợt {YEARLY}" in told
    assert f"Đợt {VISITS} là đánh giá" in told


@pytest.mark.parametrize(
    "deed",
    [
        lambda town: Inviting(town.database, town.clock, nothing_waits),
        lambda town: Reminding(town.database, town.clock),
        lambda town: ResultsTold(town.database, town.clock),
    ],
    ids=["invite", "remind", "results"],
)
async def test_where_none_can_be_served_it_is_skipped_and_says_why_of_each(
    town: Town, deed: Callable[[Town], Callable[[Occasion], Awaitable[str]]]
) -> None:
    await town.opens_visits()

    with pytest.raises(NotNow) as why:
        await deed(town)(due(town, VISITS, GONE))

    assert VISITS in str(why.value)
    assert GONE in str(why.value)
    assert await made(town) == []


async def test_what_came_of_every_one_stands_in_the_history(town: Town) -> None:
    """However many they are: what was left undone is not cut off."""
    slugs = [f"dot-lay-y-kien-so-{number}" for number in range(3)]
    for slug in slugs:
        await town.opens(slug, "hang_nam_nguoi_dan", Audience.RESIDENTS)
    await town.opens_visits()
    schedules = Schedules(
        town.database,
        {Purpose.INVITE: Inviting(town.database, town.clock, nothing_waits)},
        town.clock,
        passed=lambda: town.clock().timestamp(),
    )
    today = town.clock().astimezone(LOCAL).date()
    made = await schedules.add(
        Schedule(Relative(0, Event("opening", ANY)), time(9), today, lateness=timedelta(hours=5)),
        purpose=Purpose.INVITE,
        title="Mời",
        unit=None,
        owner="An",
    )
    town.clock.advance(hours=1)

    await schedules.tick()

    [due] = await schedules.history(made.row.id)
    assert due.state == "done"
    assert due.reason is not None
    assert all(f"Gửi lời mời trả lời đợt {slug} " in due.reason for slug in slugs)
    assert due.reason.endswith(f"Đợt {VISITS} là đánh giá sau mỗi lần đến trụ sở: không mời ai.")


async def test_what_breaks_is_no_reason_of_a_wave_and_is_tried_again() -> None:
    async def breaks(wave: str) -> str:
        if wave == "b":
            raise ZeroDivisionError
        return wave

    with pytest.raises(ZeroDivisionError):
        await each_of(("a", "b", "c"), breaks)
