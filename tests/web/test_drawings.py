"""Released wards as they are drawn: where marks stand, who stands above whom, what moved by more than chance."""

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import aiohttp
import pytest

from bot.web.board import boards, histories, latest, period, plot_of
from bot.web.charts import Axis, Mark
from bot.web.pages import Pages
from surveys.disclosure import Bound, Side
from surveys.releases import Flagged, LeftOut, Line, Part, ReleasedProvince, WeightedLine
from surveys.results import Proportion
from tests.web import sample
from tests.web.conftest import Server

PAGES = Pages(demo=False, telegram_url=None, k=10)


def line(numerator: int, denominator: int) -> Line:
    return Line("index", {}, Proportion(numerator, denominator))


@pytest.mark.parametrize(
    ("shares", "ends"),
    [
        ((), (0, 100)),
        ((0.87, 0.93), (80, 100)),
        ((0.9, 1.0), (80, 100)),
        ((0.03, 0.04), (0, 20)),
        ((0.0, 1.0), (0, 100)),
        ((0.41, 0.79), (40, 80)),
        ((0.3, 0.3), (10, 30)),
    ],
)
def test_an_axis_is_as_narrow_as_its_marks_allow_but_never_a_magnifying_glass(shares, ends):
    axis = Axis.around(shares)

    assert (axis.low, axis.high) == ends
    assert axis.high - axis.low >= 20
    assert all(0 <= axis.at(share) <= 100 for share in shares)
    assert (axis.ticks[0].at, axis.ticks[-1].at) == (0, 100)


def test_a_mark_stands_where_its_share_is():
    mark = Mark.of(line(90, 100), Axis(80, 100))

    assert mark is not None
    assert mark.at == 50
    assert mark.low < 50 < mark.high


def test_a_bound_is_from_where_to_where_and_no_point():
    bound = Line("index", {}, None, Bound(Side.AT_LEAST, 90))

    assert Mark.of(bound, Axis(80, 100)) == Mark(50, 100, None)


def test_what_may_not_be_shown_has_no_mark():
    assert Mark.of(Line("index", {}), Axis(0, 100)) is None


def test_wards_are_in_different_bands_only_where_their_difference_says_so():
    [board] = boards(sample.made(APART))

    plot = plot_of(board)

    assert [[row.name for row in band] for band in plot.bands] == [["1", "2"], ["3"]]
    assert [row.places for band in plot.bands for row in band] == [(1, 2), (1, 2), (3, 3)]
    assert [row.name for row in plot.aside] == ["4"]
    assert plot.aside[0].places is None


APART = {
    "1": ("Phường A", 900, 300, (45, 45, 5, 3, 2)),
    "2": ("Phường B", 900, 300, (46, 45, 4, 3, 2)),
    "3": ("Phường C", 900, 300, (20, 30, 25, 15, 10)),
    "4": ("Phường D", 900, 5, (20, 30, 25, 15, 10)),
}


def test_within_a_band_wards_stand_by_name_and_the_page_claims_no_rank():
    page = PAGES.results("vi", boards(sample.made(APART)))

    assert "Nhóm 1" in page
    assert "Nhóm 2" in page
    assert page.index("Phường A") < page.index("Phường B") < page.index("Phường C") < page.index("Phường D")
    assert "không xếp hạng" in page


def test_where_no_bands_can_be_told_the_page_says_so():
    page = PAGES.results("vi", boards(sample.released()))

    assert "chưa tách được nhóm cao hẳn và nhóm thấp hẳn" in page


def test_a_suppressed_ward_is_drawn_like_an_empty_one():
    few = {**APART, "4": ("Phường D", 900, 3, (50, 50, 0, 0, 0))}
    none = {**APART, "4": ("Phường D", 900, 0, (50, 50, 0, 0, 0))}

    for page in (lambda made: PAGES.results("vi", boards(made)), lambda made: ward_page(made, "4")):
        assert page(sample.made(few)) == page(sample.made(none))


def ward_page(released, unit: str) -> str | None:
    pages = Pages(demo=False, telegram_url=None, k=10)  # what was drawn before is not asked for again
    return pages.ward("vi", unit, boards(released))


def test_one_year_far_below_the_others_is_marked_and_named():
    [past] = histories(ward for ward in sample.years() if ward.unit == "29242")

    assert past.labels == ("2021", "2022", "2023", "2024", "2025", "2026")
    assert "2024" in past.outside_labels
    page = ward_page(sample.years(), "29242")
    assert page is not None
    assert 'class="outside"' in page
    assert f"Ra ngoài mức dao động bình thường: {', '.join(past.outside_labels)}." in page
    assert "còn tạm tính, vì mới có 6 đợt" in page


def test_two_waves_make_no_limits():
    two = [ward for ward in sample.years() if ward.unit == "29242"][:2]

    [past] = histories(two)

    assert past.chart is None
    assert "Có từ 3 đợt" in (ward_page(two, "29242") or "")


def test_the_trend_of_a_ward_says_in_words_and_in_a_table_what_it_draws():
    page = ward_page(sample.years(), "29263")
    assert page is not None

    drawing = page.partition('<figure class="trend">')[2].partition("</figure>")[0]
    assert re.search(r"<title id=\"trend-1-title\">Phường Long Đức: ", drawing)
    assert "6 đợt, từ 2021 đến 2026" in drawing
    table = page.partition("Bảng số liệu của hình này")[2].partition("</table>")[0]
    for ward in sample.years():
        if ward.unit == "29263" and ward.index.figure:
            assert f"{ward.index.figure.numerator}/{ward.index.figure.denominator}" in table


def test_no_point_where_a_year_is_suppressed_and_no_line_across_the_gap():
    years = [ward for ward in sample.years() if ward.unit == "29254"]

    [past] = histories(years)
    marks = [column.mark for column in past.trend.columns]

    assert [mark is not None and mark.at is not None for mark in marks] == [
        ward.index.figure is not None for ward in years[::-1]
    ]


def test_a_wave_is_called_by_its_year_or_month():
    wave = sample.released()[0].wave

    assert period(wave) == "2026"
    assert period(replace(wave, title="Đánh giá lượt đến làm việc, tháng 11/2026")) == "11/2026"
    assert period(replace(wave, title="Diễn đàn")) == "12/2026"


def test_only_the_latest_wave_of_each_audience_is_on_the_page_the_others_one_click_away():
    found = boards(sample.years())

    page = PAGES.results("vi", found)

    assert [board.wave.slug for board in latest(found)] == ["nam-2026"]
    assert 'href="/results?wave=nam-2021"' in page
    assert 'id="nam-2021-29242"' not in page
    earlier = PAGES.wave("vi", found, "nam-2021")
    assert earlier is not None
    assert 'id="nam-2021-29242"' in earlier
    assert PAGES.wave("vi", found, "nam-1999") is None


def test_a_threshold_stands_with_its_source():
    assert "QĐ 04/2022/QĐ-TTg" in PAGES.results("vi", boards(sample.released()))


def test_a_province_of_124_wards_is_one_table_and_no_wall_of_cards():
    page = PAGES.results("vi", boards(sample.province()))

    assert page.count('class="plot-row"') == 124
    assert 'class="ward"' not in page
    assert len(page) < 400_000


async def get(server: Server, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(server.url + path) as response:
        return response.status, await response.text()


@pytest.mark.parametrize("language", ["vi", "en", "km"])
async def test_every_ward_has_a_page_of_its_own_in_every_language(server, language):
    status, page = await get(server, f"/results/29263?lang={language}")

    assert status == 200
    assert f'<html lang="{language}">' in page
    assert "Phường Long Đức" in page
    assert "199/217" in page or "217" in page
    assert 'href="/check"' in page
    assert 'href="/ledger"' in page


@pytest.mark.parametrize("path", ["/results/nowhere", "/results/29263/more", "/results?wave=none"])
async def test_what_is_not_released_has_no_page(server, path):
    status, _ = await get(server, path)

    assert status == 404


async def test_nothing_on_a_page_is_markup_that_came_from_data():
    name = "Phường <b>Đậm</b>"
    page = PAGES.results("vi", boards(sample.made({"1": (name, 900, 300, (45, 45, 5, 3, 2))})))

    assert "<b>Đậm" not in page
    assert "&lt;b&gt;Đậm" in page


def test_who_came_how_stands_beside_the_figure_with_too_few_like_none():
    page = ward_page(sample.released(), "29263") or ""

    parts = page.partition("Ai trả lời, bằng cách nào")[2].partition("</table>")[0]
    for name in ("Được mời", "Sau khi làm thủ tục", "Tự trả lời", "Có người giúp nhập", "Phiếu giấy"):
        assert name in parts
    assert "không có số liệu" in parts


def test_a_flag_is_a_question_with_the_figure_without_it_and_what_two_persons_left_out():
    [ward] = [ward for ward in sample.released() if ward.unit == "29263"]
    flagged = replace(
        ward,
        flags=(Flagged("invited", "assisted", ("burst", "straight")),),
        left_out=(LeftOut("visit", None, "Mã QR của quầy bị chụp gửi lên mạng"),),
        beside=Part("without_flagged", {"vi": "Không tính phiếu được đánh dấu"}, 180, line(160, 180)),
        weighted=WeightedLine(Decimal("0.912"), 150, Decimal("1.4"), "Tổng điều tra 2024"),
    )

    page = ward_page([flagged], "29263") or ""

    assert "Được mời, có người giúp nhập: nhiều phiếu dồn vào một giờ; trả lời một mức" in page
    assert "không phải là kết luận gian lận" in page
    assert "Không tính phiếu được đánh dấu: 88,89" in page
    assert "Hai người đã cùng loại: sau khi làm thủ tục. Lý do: Mã QR của quầy bị chụp gửi lên mạng." in page
    assert "91,2" in page
    assert "tương đương 150 phiếu" in page


@dataclass(frozen=True)
class Kept:
    wave: str = "nam-2026"
    until: date = date(2027, 1, 31)
    reason: str = "Tòa án yêu cầu giữ nguyên trạng"


def test_a_key_that_was_kept_longer_is_said_with_its_reason():
    found = boards(sample.released(), postponed=[Kept()])

    for page in (PAGES.results("vi", found), PAGES.ward("vi", "29263", found)):
        assert page is not None
        assert "lùi đến 31/1/2027. Lý do: Tòa án yêu cầu giữ nguyên trạng" in page


def test_services_are_compared_over_the_province():
    [first, *_] = sample.released()
    services = (
        Part("cu_tru", {"vi": "Cư trú"}, 40, line(36, 40)),
        Part("xe", {"vi": "Xe"}, None, Line("xe", {})),
    )
    province = ReleasedProvince(
        first.wave, "86", "Tỉnh Vĩnh Long", 6, (), 40, line(36, 40), services, {"vi": "Thủ tục?"}
    )

    page = PAGES.results("vi", boards(sample.released(), [province]))

    table = page.partition("Theo thủ tục, chung cả Tỉnh Vĩnh Long")[2].partition("</table>")[0]
    assert "Cư trú" in table
    assert "36/40" in table
    assert "không có số liệu" in table


def test_shares_on_an_axis_are_exact_enough_to_tell_a_threshold():
    axis = Axis(80, 100)

    assert axis.at(float(Fraction(8996, 10000))) < axis.at(0.9)
