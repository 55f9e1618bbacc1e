"""Whoever takes a post at a ward through the officers' bot has, from then on, no voice in that ward's survey: nobody has to list them."""

from handlers.people import People
from surveys.conversation import Address
from surveys.entry import Stream
from surveys.rights import Role
from tests.journeys.town import LONG_DUC, TRA_VINH, Resident, Town

AGREE = "Đồng ý, bắt đầu"


async def test_an_officer_who_enrolled_by_the_bot_is_no_judge_of_their_own_ward(town: Town) -> None:
    wave = await town.opens_visits()
    people = People(town.database, town.vault, town.clock)
    code = await people.appoint(
        None, name="Nguyễn Thị Lan", role=Role.OFFICER, unit=LONG_DUC, title="Cán bộ", by="Người vận hành"
    )
    officer, neighbour = Resident(town, "4711"), Resident(town, "4712")

    # The officers' bot is another bot with another token; Telegram tells both the same number of a person.
    await people.enrol_by_bot(code, Address("telegram-officers", officer.name))
    await town.residents.refresh()

    assert AGREE not in (await officer.starts(town.link(LONG_DUC, Stream.VISIT))).buttons
    assert AGREE in (await neighbour.starts(town.link(LONG_DUC, Stream.VISIT))).buttons
    assert AGREE in (await officer.starts(town.link(TRA_VINH, Stream.VISIT))).buttons
    await officer.taps(AGREE)
    assert [each.unit for each in await town.sessions(wave)] == [TRA_VINH]
