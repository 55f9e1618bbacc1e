"""What supervisors read of the scorecards, and how it is asked for: plain links and forms that save nothing."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date
from html import unescape
from pathlib import Path

import aiohttp
import pytest

from bot.app import _web_rooms, opened
from bot.settings import Settings
from bot.web.app import build
from bot.web.desk_door import Door
from bot.web.matrix import UNGROUPED, matrix, missing, short_name
from bot.web.pages import Pages
from bot.web.scorecard import Asked, ScorecardPages
from handlers.units import load_seed
from surveys.assessment import Verdict
from surveys.rights import PROVINCIAL, Action, Actor, Role
from surveys.scorecard import Document, load_set
from tests.conftest import Clock
from tests.offices import PROVINCE, SUPERVISOR, Office, Visitor, carrying, everywhere, seated, visitor
from tests.web import cabinet, conftest
from tests.web.cabinet import Cabinet
from tests.web.conftest import running

PAGES = Pages(demo=False, telegram_url=None, k=10)
PAPER_OF_2024 = Document("9/QĐ-CAP", date(2024, 5, 2))


@asynccontextmanager
async def office(
    crowd: int = 0, *, behind_the_door: bool = False, actor: Actor = SUPERVISOR
) -> AsyncIterator[str]:
    # Nobody is signed in, so nobody is asked who they are.
    door = Door(None, PAGES, secure=False)  # type: ignore[arg-type]
    guarded = door.guarded if behind_the_door else seated(actor)
    cards = ScorecardPages(
        Cabinet(crowd),  # type: ignore[arg-type]
        PAGES,
        guarded,
        everywhere if actor.role in PROVINCIAL else at_home,
        lambda: cabinet.NOW,
        results=conftest.results,
    )
    site = build(
        results=conftest.results,
        web_chat=None,
        webhooks={},
        health=conftest.health,
        cookie_key=conftest.KEY,
        rooms=[*door.routes, *cards.routes],
        pages=PAGES,
    )
    async with running(site) as url:
        yield url


CHIEF = Actor("c", "Trần Văn Hùng", "29242-chief", Role.CHIEF, "29242", "Trưởng Công an phường Trà Vinh")


async def at_home(actor: Actor, action: Action, units: Iterable[str]) -> frozenset[str]:
    return frozenset(units) & {actor.unit}


async def get(url: str, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url + path) as response:
        return response.status, unescape(await response.text())


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize(
    "path",
    [
        "/scorecard",
        "/scorecard/units/29242",
        "/scorecard/units/29242/what-if",
        "/scorecard/roadmap",
        "/scorecard/baseline",
    ],
)
async def test_nobody_sees_a_scorecard_without_signing_in(path):
    async with (
        office(behind_the_door=True) as url,
        aiohttp.ClientSession() as session,
        session.get(url + path, allow_redirects=False) as response,
    ):
        assert response.status == 303
        assert response.headers["location"].startswith("/sign-in?next=%2Fscorecard")


async def test_the_matrix_has_every_criterion_once_and_every_ward():
    async with office() as url:
        status, page = await get(url, "/scorecard")

    assert status == 200
    criteria = load_set("qd1578")
    assert page.count('class="item-row"') == len(criteria.criteria) == 59
    for criterion in criteria.criteria:
        assert page.count(f'<span class="id">{criterion.id}</span>') == 1
    assert page.count('<td class="v ') == (59 + len(criteria.groups) + 1) * 6
    assert "Trường Long Hòa" in page


async def test_a_verdict_is_never_colour_alone():
    async with office() as url:
        _, page = await get(url, "/scorecard")

    for verdict, cell in re.findall(r'<td class="v (\w+)">(.*?)</td>', page, re.S):
        assert PAGES_WORDS[verdict] in cell


PAGES_WORDS = {
    "dat": "Đạt",
    "chua_dat": "Chưa đạt",
    "chua_du_phieu": "Chưa đủ phiếu",
    "chua_co_can_cu": "Chưa có căn cứ",
}


async def test_one_group_or_one_verdict_can_be_asked_for_by_a_plain_link():
    async with office() as url:
        _, whole = await get(url, "/scorecard")
        links = dict(re.findall(r'<a href="(/scorecard\?[^"]+)"[^>]*>([^<]+)</a>', whole))
        group = next(link for link, text in links.items() if text == "III.7")
        failed = next(link for link, text in links.items() if text == "Chưa đạt")
        _, of_group = await get(url, group)
        _, of_verdict = await get(url, failed)

    assert of_group.count('class="item-row"') == 7
    rows = of_verdict.split('<tr class="item-row">')[1:]
    assert 0 < len(rows) < 59
    assert all("v chua_dat" in row for row in rows)
    assert f"Đang xem {len(rows)}/59 tiêu chí." in of_verdict


async def test_a_frozen_card_is_marked_in_the_matrix():
    async with office() as url:
        _, page = await get(url, "/scorecard")

    assert page.count("đã chốt") == 2


async def test_the_card_is_shown_as_it_was_known_on_a_day():
    async with office() as url:
        _, before = await get(url, "/scorecard/units/29263?as_of=2026-09-30")
        _, after = await get(url, "/scorecard/units/29263?as_of=2026-10-01")

    assert "Tính đến hết ngày 30/9/2026, đúng như khi đó đã biết" in before
    assert "Trần Thị An" not in before
    assert "Trần Thị An" in after
    assert "Bảng điểm đã chốt" not in after  # that came in December


async def test_a_ward_shows_each_criterion_with_words_source_evidence_and_both_persons():
    async with office() as url:
        _, page = await get(url, "/scorecard/units/29242")

    t73 = page.partition('id="T7.3"')[2].partition("</article>")[0]
    said = words(t73)
    assert "có ít nhất 10% hồ sơ được giải quyết trước thời gian quy định" in said
    assert "Nguồn: S1:L121" in said
    assert "Mức phải đạt theo văn bản: ≥\N{NO-BREAK SPACE}10\N{NO-BREAK SPACE}%" in t73
    assert "13,00" in said
    assert "(52/400)" in said
    assert "Văn bản 125/QĐ-CAT-PV01 ngày 1/9/2026" in said
    assert "an nhập ngày 1/10/2026; bình xác nhận ngày 1/10/2026" in said
    assert "Sổ hồ sơ" in said


async def test_what_surveys_show_links_to_the_release():
    async with office() as url:
        _, page = await get(url, "/scorecard/units/29242")

    t21 = page.partition('id="T2.1"')[2].partition("</article>")[0]
    assert 'href="/results/29242"' in t21
    assert "Lấy phiếu" in t21
    assert "Công an lắng nghe ý kiến của Nhân dân, năm 2026" in t21
    assert "gan_dan" not in t21  # a question is called by the words it was asked in


async def test_a_threshold_the_province_set_says_who_and_by_which_paper():
    async with office() as url:
        _, page = await get(url, "/scorecard/units/29242")

    r71 = page.partition('id="R7.1"')[2].partition("</article>")[0]
    assert (
        "do tỉnh đặt: ≥\N{NO-BREAK SPACE}90\N{NO-BREAK SPACE}%, theo CV 88/CAT, hoa ghi ngày 1/10/2026" in r71
    )


async def test_what_is_missing_is_said():
    async with office() as url:
        _, page = await get(url, "/scorecard/units/29516?as_of=2026-01-01")

    assert "Văn bản làm căn cứ do cán bộ nhập, và một người thứ hai xác nhận." in page
    assert "Sổ hồ sơ của cả năm, nhập bằng tệp, và một người thứ hai xác nhận." in page


async def test_a_frozen_card_names_its_date_signers_digest_ledger_entry_and_appeals():
    async with office() as url:
        _, page = await get(url, "/scorecard/units/29512")

    assert "Chốt ngày 18/12/2026; Nguyễn Văn Cường chốt, Phạm Thị Dung cùng ký." in page
    assert re.search(r"<code>[0-9a-f]{64}</code>", page)
    assert "mục 17 của sổ cái" in page
    assert "R1.1: Võ Minh Đạt kiến nghị ngày 18/12/2026" in page
    assert "Không chấp nhận" in page


async def test_other_thresholds_are_tried_and_the_page_says_that_nothing_is_saved():
    async with office() as url:
        _, page = await get(url, "/scorecard/units/29242/what-if?set=qd1578&year=2026&t.T7.3=15")
        _, afterwards = await get(url, "/scorecard/units/29242")

    said = words(page)
    assert "Không lưu gì" in said
    assert "Đổi kết luận ở 1 tiêu chí" in said
    assert re.search(r"T7\.3 Ít nhất 10% hồ sơ giải quyết trước hạn Đạt Chưa đạt", said)
    assert "≥\N{NO-BREAK SPACE}10\N{NO-BREAK SPACE}%" in afterwards


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("t.T7.3=nhiều", "Chưa phải là số"),
        ("t.T7.3=-5", "Chưa phải là số"),
        ("t.T7.3=101", "Tỷ lệ nhiều nhất là 100."),
        ("t.T7.3=NaN", "Chưa phải là số"),
        ("t.T7.3=1e999", "Chưa phải là số"),
        ("minimum=0", "Cần một số nguyên"),
        ("minimum=12,5", "Cần một số nguyên"),
        ("needed=23", "Cần một số nguyên"),
        ("minimum=٣", "Cần một số nguyên"),
        ("", "Ông/bà chưa điền ô nào."),
        ("t.T7.3=12,5 %25", "Không lưu gì"),
        ("t.T7.3=<script>", "Chưa phải là số"),
    ],
)
async def test_what_cannot_be_tried_is_said_beside_its_field(query, said):
    frame = "khung-5764" if "needed" in query else "qd1578"
    async with office() as url:
        status, page = await get(url, f"/scorecard/units/29242/what-if?set={frame}&year=2026&{query}")

    assert status == 200
    assert said in page
    assert "<script>" not in page.replace("&lt;script&gt;", "").replace('value="<script>"', "")


async def test_a_frame_without_wording_has_22_empty_slots_and_an_assumed_rule():
    async with office() as url:
        _, page = await get(url, "/scorecard?set=khung-5764")
        _, unit = await get(url, "/scorecard/units/29242?set=khung-5764")

    assert page.count('class="item-row"') == 22
    assert "giả định" in page
    assert "Quy tắc 20/22 là giả định" in page
    assert set(re.findall(r'<td class="v (\w+)">', page)) == {"chua_co_can_cu"}
    assert unit.count("Chưa ai tìm được nội dung tiêu chí này") == 22


async def test_the_deadline_stands_on_every_card_page():
    async with office() as url:
        for path in ("/scorecard", "/scorecard/units/29242"):
            _, page = await get(url, path)
            assert "hạn cuối 14/11/2026 đã qua 36 ngày" in page
        _, page = await get(url, "/scorecard?year=2027")
        assert "hạn cuối 14/11/2027, còn 329 ngày" in page


async def test_the_roadmap_divides_nothing_that_has_another_denominator():
    async with office() as url:
        _, page = await get(url, "/scorecard/roadmap")

    for name in ("Trà Vinh", "Hà Tĩnh", "30"):
        assert name in page
    assert "“Năm 2026, có thêm 01 phường đạt tiêu chí” (S1:L76)" in page
    of_2026 = page.partition("Hết năm 2026")[2].partition("</li>")[0]
    assert "Mẫu số đã khác: lộ trình tính trên 11 đơn vị, nay chấm 6" in of_2026
    assert 'class="share"' not in of_2026
    assert "Quy tắc 20/22 là giả định" in page


async def test_2023_has_54_failing_cells_with_their_sums():
    async with office() as url:
        _, page = await get(url, "/scorecard/baseline")

    assert page.count('class="fails"') == 54
    assert "Phường 1 (TP Trà Vinh)" in page
    assert [int(each) for each in re.findall(r'class="sum">(\d+)<', page)] == [
        *(6, 9, 3, 10, 11, 3, 7, 5),
        *(7, 6, 2, 7, 7, 4, 4, 2, 4, 6, 5),
    ]
    assert "<strong>54</strong>" in page
    assert "không có nghĩa là đạt" in page


@pytest.mark.parametrize(
    "path",
    ["/scorecard?set=none", "/scorecard/units/nowhere", "/scorecard/units/TV-P1?year=2026", "/scorecard/x"],
)
async def test_what_there_is_not_is_404(path):
    async with office() as url:
        status, _ = await get(url, path)

    assert status == 404


@pytest.mark.parametrize(
    "query", ["year=abc", "year=99999", "as_of=gestern", "as_of=2026-13-01", "verdict=x", "group=99"]
)
async def test_a_broken_address_is_read_as_far_as_it_can_be(query):
    async with office() as url:
        status, _ = await get(url, f"/scorecard?{query}")

    assert status == 200


async def test_a_year_before_the_set_was_in_force_says_so():
    async with office() as url:
        _, page = await get(url, "/scorecard?set=qd1578&year=2020")

    assert "không có hiệu lực trong năm 2020" in page or "chưa có phường nào" in page


async def test_nothing_needs_a_script_or_a_style_of_its_own():
    async with office() as url:
        for path in ("/scorecard", "/scorecard/units/29242", "/scorecard/roadmap", "/scorecard/baseline"):
            _, page = await get(url, path)
            assert "<script" not in page
            assert " style=" not in page
            assert "https://" not in page


def test_an_address_keeps_what_was_asked():
    asked = Asked("qd1578", 2026, date(2026, 11, 14), "7", Verdict.NOT_MET)

    assert asked.to() == "/scorecard?set=qd1578&year=2026&as_of=2026-11-14&group=7&verdict=chua_dat"
    assert asked.to(group=None) == "/scorecard?set=qd1578&year=2026&as_of=2026-11-14&verdict=chua_dat"
    assert asked.to_unit("a/b", "T7.3") == "/scorecard/units/a%2Fb?set=qd1578&year=2026&as_of=2026-11-14#T7.3"


def test_a_day_ends_at_midnight_here():
    as_of = Asked("qd1578", 2026, date(2026, 11, 14)).as_of

    assert as_of is not None
    assert as_of.isoformat() == "2026-11-14T23:59:59.999999+07:00"


async def test_a_criterion_of_two_groups_stands_once_and_is_named_in_the_other():
    found = Cabinet()
    criteria = load_set("qd1578")
    laid = matrix(criteria, await found.units(2026), await found.cards("qd1578", 2026), {})

    eighth = next(group for group in laid.groups if group.id == "8")

    assert [each.id for each in eighth.elsewhere] == ["R6.1"]
    assert laid.shown == laid.count == 59


async def test_criteria_without_groups_are_one_group_of_their_own():
    found = Cabinet()
    laid = matrix(load_set("khung-5764"), await found.units(2026), await found.cards("khung-5764", 2026), {})

    assert [group.id for group in laid.groups] == [UNGROUPED]
    assert laid.groups[0].verdicts == ()


async def test_something_is_missing_exactly_where_nothing_is_concluded():
    found = Cabinet()
    criteria = load_set("qd1578")
    for card in (await found.cards("qd1578", 2026)).values():
        for line in card.lines:
            open_ = line.verdict in (Verdict.TOO_FEW, Verdict.NO_BASIS) and line.reason != "none_arose"
            assert (missing(criteria.criterion(line.criterion), line) is not None) is open_


async def test_a_column_is_headed_by_what_tells_wards_apart():
    units = await Cabinet().units(2026)

    assert "Long Đức" in map(short_name, units)
    assert "Phường 1 (TP Trà Vinh)" in map(short_name, await Cabinet().units(2023))


async def test_a_province_of_124_wards_fits_a_page():
    async with office(118) as url:
        status, page = await get(url, "/scorecard")

    assert status == 200
    assert page.count('<td class="v ') == (59 + 11 + 1) * 124
    assert len(page) < 1_000_000


@pytest.fixture
async def real_office(tmp_path: Path) -> AsyncIterator[Visitor]:
    """The house as it is served, its database empty but for the units and one ward's evidence; and a supervisor's browser."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=f"sqlite:///{tmp_path / 'house.sqlite'}",
        keys_dir=tmp_path / "keys",
    )
    async with opened(settings, now=lambda: cabinet.NOW) as house:
        await load_seed(house.db)
        entered = await house.scorecards.enter(
            "qd1578", "29242", 2026, "T7.4", True, document=cabinet.PAPER, by="Trần Thị An"
        )
        await house.scorecards.countersign(entered.id, by="Lê Văn Bình")
        await house.scorecards.enter(
            "qd1578", "TV-P3", 2024, "T7.4", True, document=PAPER_OF_2024, by="Trần Thị An"
        )
        await house.scorecards.freeze(
            "qd1578", "29242", 2026, by="Nguyễn Văn Cường", countersigned_by="Phạm Thị Dung"
        )
        site = build(
            results=house.waves.results,
            web_chat=None,
            webhooks={},
            health=house.health,
            cookie_key=house.vault.cookie_key,
            rooms=_web_rooms(house, PAGES),
            pages=PAGES,
            provinces=house.waves.provinces,
            postponements=house.waves.postponements,
        )
        clock = Clock(cabinet.NOW)
        office = Office(house.db, house.vault, clock)
        supervisor = await office.serves("Trần Thị An", Role.SUPERVISOR, PROVINCE)
        async with running(site) as url, visitor(url) as browser:
            carrying(browser.session, url, await house.people.begin(supervisor))
            yield browser


async def test_the_house_serves_its_scorecards_to_whoever_signed_in(real_office):
    async def page(path: str) -> str:
        async with real_office.session.get(real_office.url + path) as response:
            assert response.status == 200, path
            assert response.headers["cache-control"] == "no-store"
            return unescape(await response.text())

    assert "Trường Long Hòa" in await page("/scorecard?year=2026")
    unit = await page("/scorecard/units/29242?year=2026")
    assert "Lê Văn Bình xác nhận ngày 20/12/2026" in unit
    assert "Nguyễn Văn Cường chốt, Phạm Thị Dung cùng ký" in unit
    assert "Không lưu gì" in await page("/scorecard/units/29242/what-if?year=2026&minimum=50")
    assert "giả định" in await page("/scorecard/roadmap?year=2026")
    assert "Phường 1 (TP Trà Vinh)" in await page("/scorecard/baseline")


@pytest.mark.parametrize(("format", "begins"), [("docx", b"PK"), ("xlsx", b"PK"), ("pdf", b"%PDF")])
async def test_the_yearly_report_can_be_taken_along(real_office, format, begins):
    place = f"{real_office.url}/scorecard/report.{format}?set=qd1578&year=2026"
    async with real_office.session.get(place) as response:
        content = await response.read()

    assert response.status == 200
    assert f'filename="bao-cao-2026-qd1578.{format}"' in response.headers["content-disposition"]
    assert content.startswith(begins)


async def test_there_is_no_report_in_a_form_of_ones_own(real_office):
    for path in ("/scorecard/report.exe", "/scorecard/report.pdf?year=2020&set=qd1578"):
        await real_office.opens(path, 404)


async def test_earlier_wards_are_read_through_todays_and_never_scored(real_office):
    async def said(on: str) -> str:
        page = await real_office.opens(f"/scorecard/units/29242/restated?set=qd1578&year=2026&on={on}")
        return words(unescape(page))

    of_2024 = await said("2024-06-30")
    assert "không phải bảng điểm" in of_2024
    assert "Phường 3 (TP Trà Vinh)" in of_2024
    assert "0 đạt, 0 chưa đạt" in of_2024
    for nothing in ("2026-01-01", "x", ""):
        assert "Không có gì để đọc lại" in await said(nothing)


async def test_a_ward_sees_its_own_card_and_nothing_of_the_others():
    async with office(actor=CHIEF) as url:
        _, page = await get(url, "/scorecard")
        status, _ = await get(url, "/scorecard/units/29242")

    assert status == 200
    assert "Trà Vinh" in page
    for other in (
        "Long Đức",
        "Nguyệt Hóa",
        "Hòa Thuận",
        "Duyên Hải",
        "Trường Long Hòa",
        "/roadmap",
        "report.",
    ):
        assert other not in page


@pytest.mark.parametrize(
    "path",
    [
        "/scorecard/units/29263",
        "/scorecard/units/29263/what-if",
        "/scorecard/units/29263/restated?on=2026-01-01",
        "/scorecard/roadmap",
        "/scorecard/baseline",
        "/scorecard/report.pdf",
    ],
)
async def test_what_speaks_of_other_wards_is_not_for_a_ward(path):
    async with office(actor=CHIEF) as url:
        assert (await get(url, path))[0] == 403
