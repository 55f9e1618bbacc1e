"""Officers have no voice about their own ward, and nothing tells anybody that they are officers."""

from datetime import timedelta
from typing import Any

import pytest

from handlers.waves import Plan
from storage.sqlite import SqliteConnection
from surveys.entry import Stream
from surveys.forms import library
from surveys.waves import Audience
from tests.journeys.test_tokens import everything, issuing
from tests.journeys.town import LONG_DUC, TRA_VINH, Heard, Resident, Town

AGREE = "Đồng ý, bắt đầu"
NAMES = {LONG_DUC: "Long Đức", TRA_VINH: "Trà Vinh"}


async def put_down(town: Town, person: Resident, unit: str) -> None:
    async with town.database.transaction() as tx:
        await tx.officers.add_many([(town.vault.fingerprint(person.address), unit)])
    await town.residents.refresh()


async def opens_in_long_duc_only(town: Town) -> int:
    now = town.clock()
    plan = Plan(
        "chi-long-duc",
        library.load("tham_luot"),
        "Đánh giá lượt làm việc",
        Audience.VISITS,
        now,
        now + timedelta(days=20),
        {LONG_DUC: None},
    )
    wave = await town.waves.open(plan)
    await town.residents.refresh()
    return wave


def without_the_place(heard: Heard) -> list[object]:
    """What a person reads, wherever they are."""
    texts = [
        text.replace(name, "…")
        for text in heard.texts
        for name in NAMES.values()
        if name in text or "…" in text
    ]
    return [texts or heard.texts, heard.buttons]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reaches SQLite. Patched, because nothing but the driver knows how many there are."""
    seen: list[str] = []
    for name in ("fetch", "run"):
        real = getattr(SqliteConnection, name)

        async def counted(self: SqliteConnection, statement: Any, *, real: Any = real, **values: Any) -> Any:
            seen.append(real.__name__)
            return await real(self, statement, **values)

        monkeypatch.setattr(SqliteConnection, name, counted)
    return seen


async def test_an_officer_hears_what_everybody_hears_where_nothing_is_open(
    town: Town, statements: list[str]
) -> None:
    wave = await opens_in_long_duc_only(town)
    officer, resident = Resident(town, "trung-úy"), Resident(town, "ba-sau")
    await put_down(town, officer, LONG_DUC)

    heard: dict[str, list[tuple[list[object], int]]] = {"officer": [], "resident": []}
    for who, person, unit in (("officer", officer, LONG_DUC), ("resident", resident, TRA_VINH)):
        visit, poster = town.link(unit, Stream.VISIT), town.link(unit, Stream.OPEN)
        for message in (
            person.message(start=visit),
            person.message(text="menu"),
            person.message(start=poster),
            person.message(text="hài lòng"),
            person.message(text="/dulieu"),
        ):
            statements.clear()
            said = await person.sends(message)
            heard[who].append((without_the_place(said), len(statements)))

    assert heard["officer"] == heard["resident"]
    assert await town.sessions(wave) == []


async def test_an_officer_with_a_slip_hears_what_everybody_hears_whose_wave_is_over(
    town: Town, statements: list[str]
) -> None:
    await town.opens("ngan", "tham_luot", Audience.VISITS, days=5)
    officer, resident = Resident(town, "trung-úy"), Resident(town, "ba-sau")
    await put_down(town, officer, LONG_DUC)
    slips = (await issuing(town).issue(LONG_DUC, 2)).payloads

    statements.clear()
    to_the_officer = await officer.starts(slips[0])
    asked_for_the_officer = len(statements)
    town.clock.advance(days=6)
    statements.clear()
    to_the_resident = await resident.starts(slips[1])

    assert to_the_officer == to_the_resident
    assert asked_for_the_officer == len(statements)


async def test_an_officer_answers_about_every_other_ward(town: Town) -> None:
    wave = await town.opens_visits()
    officer = Resident(town, "trung-úy")
    await put_down(town, officer, LONG_DUC)

    await officer.starts(town.link(TRA_VINH, Stream.VISIT))
    await officer.taps(AGREE)

    assert [each.unit for each in await town.sessions(wave)] == [TRA_VINH]


async def test_neither_a_token_nor_an_old_button_lets_an_officer_in(town: Town) -> None:
    wave = await town.opens_visits()
    officer = Resident(town, "trung-úy")
    await officer.starts(town.link(LONG_DUC, Stream.VISIT))
    agree = officer.heard.token(AGREE)
    await put_down(town, officer, LONG_DUC)

    heard = await officer.taps_token(agree)
    assert "1/5" not in heard
    [token] = (await issuing(town).issue(LONG_DUC, 1)).payloads
    assert AGREE not in (await officer.starts(token)).buttons
    assert await town.sessions(wave) == []


async def test_the_ward_does_not_stand_in_an_officers_list_of_wards(town: Town) -> None:
    await town.opens_visits()
    officer = Resident(town, "trung-úy")
    await put_down(town, officer, LONG_DUC)
    await officer.starts()

    heard = await officer.taps("Chọn theo tỉnh")

    assert "Phường Long Đức" not in heard.buttons
    assert "Phường Trà Vinh" in heard.buttons


async def test_whoever_served_at_a_part_serves_at_what_became_of_it(town: Town) -> None:
    await town.opens_visits()
    officer = Resident(town, "trung-úy")
    async with town.database.reading() as tx:
        parts = [each.unit for each in await tx.units.successors() if each.successor == LONG_DUC]
    await put_down(town, officer, parts[0])

    assert AGREE not in (await officer.starts(town.link(LONG_DUC, Stream.VISIT))).buttons


async def test_whoever_left_the_service_has_a_voice_again(town: Town) -> None:
    await town.opens_visits()
    officer = Resident(town, "trung-úy")
    await put_down(town, officer, LONG_DUC)
    async with town.database.transaction() as tx:
        assert await tx.officers.remove(town.vault.fingerprint(officer.address))
    await town.residents.refresh()

    assert AGREE in (await officer.starts(town.link(LONG_DUC, Stream.VISIT))).buttons


async def test_only_a_fingerprint_rests_of_an_account(town: Town) -> None:
    from storage import rows

    officer = Resident(town, "0912345678")
    await put_down(town, officer, LONG_DUC)

    [(fingerprint, unit)] = await everything(town, rows.OfficerAccount)
    assert (fingerprint, unit) == (town.vault.fingerprint(officer.address), LONG_DUC)
    assert b"0912345678" not in fingerprint  # type: ignore[operator]
