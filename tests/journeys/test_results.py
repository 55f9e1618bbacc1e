"""“Kết quả của phường”: what was published of one's ward, in the chat, and nothing else."""

from dataclasses import replace

from surveys.releases import ReleasedWard
from tests.journeys.town import LONG_DUC, Resident, Town
from tests.web.test_figures import published


async def publishes(town: Town, wave: int) -> None:
    ward = published({})[0]
    assert isinstance(ward, ReleasedWard)
    line = replace(ward, unit=LONG_DUC, unit_name="Phường Long Đức").to_json()
    async with town.database.transaction() as tx:
        await tx.releases.add(wave, LONG_DUC, line, town.clock())


async def test_a_resident_asks_for_the_results_of_their_ward(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await resident.starts(LONG_DUC)

    before = await resident.says("/ketqua")
    await publishes(town, wave)
    heard = await resident.says("kết quả")

    assert "Chưa có kết quả nào của phường Long Đức" in before
    assert heard.text.splitlines()[0] == "Đợt 2026 – Phường Long Đức"
    assert "40/60 người" in heard


async def test_looking_at_results_interrupts_no_survey(town: Town, resident: Resident) -> None:
    wave = await town.opens_visits()
    await resident.agrees_at_the_counter()
    await resident.says("1")
    given = await town.answers(wave)

    await resident.says("/ketqua")

    assert await town.answers(wave) == given
    await resident.says("1")
    assert len((await town.answers(wave))[0]) == 2


async def test_the_menu_leads_there_too(town: Town, resident: Resident) -> None:
    wave = await town.opens_yearly()
    await publishes(town, wave)
    await resident.starts(LONG_DUC)
    await resident.says("menu")

    heard = await resident.taps("Kết quả của phường")

    assert "40/60 người" in heard


async def test_whoever_has_no_ward_is_asked_for_it(town: Town, resident: Resident) -> None:
    await town.opens_yearly()

    heard = await resident.says("/ketqua")

    assert "phường" in heard.text.lower()
    assert "–" not in heard.text
