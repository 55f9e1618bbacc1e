"""The pages on which officers appoint and read the trail: what they show, what they take, and that a code is shown once."""

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

import pytest

from bot.web.app import build
from bot.web.audit import AuditPages, table_of
from bot.web.desk_door import Door
from bot.web.pages import Pages
from bot.web.people import PeoplePages
from handlers.people import Problem
from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.rights import Role
from tests.conftest import Clock
from tests.offices import BINH, HUNG, LAN, LONG_DUC, MAI, PROVINCE, Office, Visitor, carrying, visitor
from tests.web import conftest
from tests.web.conftest import running

PAGES = Pages(demo=False, telegram_url=None, k=10)
CODE = re.compile(r'id="code">((?:[0-9A-Z]{5}-){5}[0-9A-Z]{5})<')
POST = {"role": "chief", "unit": LONG_DUC, "title": "Trưởng Công an phường Long Đức"}


@asynccontextmanager
async def site_with_people(office: Office) -> AsyncIterator[str]:
    async def naming() -> dict[str, str]:
        async with office.db.reading() as tx:
            return {unit.code: unit.name for unit in await tx.units.all()}

    door = Door(office.people, PAGES, secure=False)
    people = PeoplePages(office.people, PAGES, door.guarded, naming=naming)
    audit = AuditPages(office.trail, PAGES, door.guarded, naming=naming)
    site = build(
        results=conftest.results,
        web_chat=None,
        webhooks={},
        health=conftest.health,
        cookie_key=conftest.KEY,
        rooms=[*door.routes, *people.routes, *audit.routes],
        pages=PAGES,
    )
    async with running(site) as url:
        yield url


@pytest.fixture
async def office(sqlite_database: Database, vault: Vault, clock: Clock) -> Office:
    await load_seed(sqlite_database)
    return Office(sqlite_database, vault, clock)


@pytest.fixture
async def supervisor(office: Office) -> AsyncIterator[Visitor]:
    actor = await office.serves(BINH, Role.SUPERVISOR, PROVINCE)
    async with site_with_people(office) as url, visitor(url) as browser:
        carrying(browser.session, url, await office.people.begin(actor))
        yield browser


async def test_somebody_is_appointed_and_enrols_with_what_the_page_shows_once(
    office: Office, supervisor: Visitor
) -> None:
    page = await supervisor.sends("/desk/people/appoint", name=HUNG, **POST)
    [code] = CODE.findall(page)

    assert code not in await supervisor.opens("/desk/people")
    assert "chờ đăng ký" in await supervisor.opens("/desk/people")
    chief = await office.enrols(code)
    assert (chief.name, chief.title) == (HUNG, POST["title"])
    assert "đã đăng ký trên web" in await supervisor.opens("/desk/people/29263-chief")


async def test_a_post_is_handed_over_renewed_and_ended(office: Office, supervisor: Visitor) -> None:
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    token = await office.people.begin(chief)
    place = f"/desk/people/{chief.post}"

    assert CODE.search(await supervisor.sends(f"{place}/code"))
    assert await office.people.session(token) is None
    assert CODE.search(await supervisor.sends(f"{place}/hand-over", to_name=MAI, reason="luân chuyển"))
    page = await supervisor.opens(place)
    assert MAI in page
    assert f"{HUNG}, từ" in page
    assert "Đã thôi giữ" in await supervisor.sends(f"{place}/end", reason="nghỉ")
    assert "chưa có ai giữ" in await supervisor.opens(place)
    assert [deed for deed in await office.deeds() if deed.startswith("people.")][-3:] == [
        "people.new_code",
        "people.hand_over",
        "people.end",
    ]


async def test_what_is_wrong_is_said_and_what_was_typed_is_kept(office: Office, supervisor: Visitor) -> None:
    given = {"name": HUNG, **POST, "title": "<b>Trưởng</b>", "unit": PROVINCE}

    page = await supervisor.sends("/desk/people/appoint", 400, **given)

    assert "vai trò của tỉnh phải giao ở tỉnh" in page
    assert f'value="{HUNG}"' in page
    assert 'value="&lt;b&gt;Trưởng&lt;/b&gt;"' in page
    assert "<b>Trưởng" not in page


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_has_its_words(problem: Problem) -> None:
    from bot.cli.people_work import TOLD
    from bot.web.words import Words

    assert Words("vi", "people")(f"people.problem_{problem.value}")
    assert TOLD[problem.value]


def test_every_deed_of_the_trail_has_its_words() -> None:
    from bot.web.words import Words
    from surveys.notices import Deed

    house = Path(__file__).parents[2]
    rooms = [*house.glob("handlers/*.py"), *house.glob("bot/cli/*.py"), house / "bot" / "zalo_connecting.py"]
    code = "\n".join(path.read_text("utf-8") for path in rooms)
    code = re.sub(r"log\.\w+\(\s*\"[^\"]*\"", "", code)
    groups = "people|comments|notice|template|wave|scorecard|schedule|tokens|officers|zalo|outbox"
    deeds = set(re.findall(rf'"((?:{groups})\.[a-z_]+)"', code)) - {"notice.head"}
    deeds |= {f"notice.{deed.value}" for deed in Deed} | {"comments.passed", "comments.withheld"}
    assert len(deeds) > 25
    say = Words("vi", "audit")

    assert {deed for deed in deeds if say.or_key(f"audit.did_{deed}") == deed} == set()


async def test_a_chief_sees_their_own_people_and_no_form(office: Office) -> None:
    chief = await office.serves(HUNG, Role.CHIEF, LONG_DUC)
    await office.serves(LAN, Role.OFFICER, LONG_DUC)
    other = await office.serves(MAI, Role.CHIEF, "29242")
    async with site_with_people(office) as url, visitor(url) as browser:
        carrying(browser.session, url, await office.people.begin(chief))
        page = await browser.opens("/desk/people")
        assert LAN in page
        assert MAI not in page
        assert "/desk/people/appoint" not in page
        assert "hand-over" not in await browser.opens(f"/desk/people/{chief.post}")
        await browser.opens(f"/desk/people/{other.post}", 404)


async def test_the_trail_is_read_filtered_turned_and_taken_along(office: Office, supervisor: Visitor) -> None:
    for number in range(60):
        await office.code_for(f"Cán bộ {number}", Role.OFFICER, LONG_DUC)

    page = await supervisor.opens("/desk/audit")
    assert "nối tiếp nhau nguyên vẹn" in page
    assert page.count("<time") == 50
    [older] = re.findall(r'href="(/desk/audit\?before=\d+)"', unescape(page))
    assert 10 <= (await supervisor.opens(older)).count("<time") <= 15
    one = await supervisor.opens("/desk/audit?object=post:29263-officer-7")
    assert one.count("<time") == 1
    assert "Giao chức vụ" in one
    file = await supervisor.opens(f"/desk/audit.csv?unit={LONG_DUC}")
    rows = list(csv.DictReader(io.StringIO(file.lstrip("\ufeff"))))
    assert len(rows) == 60
    assert {row["unit"] for row in rows} == {LONG_DUC}
    await supervisor.opens("/desk/audit?unit=nowhere", 403)


async def test_a_broken_chain_is_said_on_top(office: Office, supervisor: Visitor) -> None:
    await supervisor.opens("/desk/audit")
    last = (await office.rows())[-1]
    async with office.db.transaction() as tx:
        from dataclasses import replace

        await tx.audit.add(replace(last, number=last.number + 1, name="Ai đó"))

    page = await supervisor.opens("/desk/audit")

    assert f"Chuỗi đứt ở dòng {last.number + 1}" in page
    assert 'role="alert"' in page


async def test_a_spreadsheet_finds_no_formula_in_the_trail(office: Office) -> None:
    await office.people.appoint(
        None, name='=HYPERLINK("http://x")', role=Role.OFFICER, unit=LONG_DUC, title="+1", by="@ai"
    )

    [row] = csv.DictReader(io.StringIO(table_of(await office.rows())))

    assert row["name"] == "'@ai"
    assert row["reason"].startswith("'=HYPERLINK")


async def test_nobody_is_named_on_the_page_of_a_code_but_whom_it_is_for(supervisor: Visitor) -> None:
    page = await supervisor.sends("/desk/people/appoint", name="<script>alert(1)</script>", **POST)

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
