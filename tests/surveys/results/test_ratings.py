"""Ratings by templates beside a release: whatever they say, every other figure is the same bytes; they are suppressed and attacked
like the others; and every surface says that they are not anonymous."""

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli import desk
from bot.web.board import boards
from bot.web.figures import as_csv, as_json, as_xlsx
from bot.web.pages import Pages
from surveys.assessment import load_criteria
from surveys.attacker import exposures
from surveys.entry import Stream
from surveys.forms.session import Mode
from surveys.records import Exclusion
from surveys.releases import Line, Released, ReleasedWard, Terms, read_release, spoken_for
from surveys.releasing import Findings, release, tally_for
from surveys.report.heard import surveys
from surveys.report.words import say
from surveys.results import ANONYMOUS, Proportion, Tally
from surveys.tabled import rows
from surveys.texts import LANGUAGES
from surveys.told_results import told
from tests.surveys.results.forms import YEARLY as FORM

CRITERIA = load_criteria("qd1578")
UNITS: Mapping[str, tuple[str, int | None]] = {"a": ("Phường A", 400), "b": ("Phường B", None)}
NOT_ANONYMOUS = {"vi": "không ẩn danh", "en": "not anonymous", "km": "មិនអនាមិក"}

Ballot = tuple[str, Stream, Mode, str]
BALLOTS = st.lists(
    st.tuples(
        st.sampled_from(sorted(UNITS)),
        st.sampled_from(Stream),
        st.sampled_from(ANONYMOUS),
        st.sampled_from("54210"),
    ),
    max_size=120,
)
RATINGS = st.dictionaries(
    st.tuples(st.sampled_from(sorted(UNITS)), st.sampled_from("54321")), st.integers(0, 40), max_size=10
)


def made(
    ballots: list[Ballot],
    ratings: Mapping[tuple[str, str], int],
    audience: str = "visits",
    findings: Findings | None = None,
) -> tuple[dict[str, Released], Tally]:
    terms = Terms("w", "Đợt 11/2026", audience, 10, "0.9", UNITS, 10)
    tally = tally_for(FORM)
    for unit, stream, mode, step in ballots:
        tally.add(unit, stream, {"chung": step}, mode)
    for (unit, step), number in ratings.items():
        for _ in range(number):
            tally.add(unit, Stream.VISIT, {"chung": step}, Mode.ZBS)
    return release(FORM, tally, {}, terms, CRITERIA, findings=findings), tally


def wards(released: Mapping[str, Released]) -> dict[str, ReleasedWard]:
    return {code: line for code, line in released.items() if isinstance(line, ReleasedWard)}


def without_ratings(released: Mapping[str, Released]) -> dict[str, str]:
    return {code: replace(ward, ratings=None).to_json() for code, ward in wards(released).items()}


# ── Nothing else moves ───────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=60, deadline=None)
@given(BALLOTS, RATINGS)
def test_the_other_figures_are_the_same_bytes_whatever_the_ratings(
    ballots: list[Ballot], ratings: Mapping[tuple[str, str], int]
) -> None:
    left_out = Exclusion("w", "a", Stream.VISIT, None, 12, "trùng", ("An", "Bình"))
    for findings in (None, Findings(exclusions=(left_out,))):
        with_them, _ = made(ballots, ratings, findings=findings)
        without, _ = made(ballots, {}, findings=findings)

        assert without_ratings(with_them) == without_ratings(without)


@settings(max_examples=60, deadline=None)
@given(BALLOTS, RATINGS)
def test_the_ratings_are_the_same_whatever_else_was_answered(
    ballots: list[Ballot], ratings: Mapping[tuple[str, str], int]
) -> None:
    among_others, alone = (wards(made(each, ratings)[0]) for each in (ballots, []))

    assert {code: ward.ratings for code, ward in among_others.items()} == {
        code: ward.ratings for code, ward in alone.items()
    }


@settings(max_examples=40, deadline=None)
@given(BALLOTS, RATINGS)
def test_the_attacker_finds_nothing_in_them(
    ballots: list[Ballot], ratings: Mapping[tuple[str, str], int]
) -> None:
    released, tally = made(ballots, ratings)

    assert exposures(released.values(), FORM, tally) == ()


def test_the_attacker_does_look_at_them() -> None:
    released, tally = made([], {("a", "5"): 28, ("a", "1"): 2})
    ward = wards(released)["a"]
    [overall] = [table for table in ward.ratings or () if table.name == "chung"]
    told_too_much = replace(overall, index=Line("index", {}, Proportion(28, 30)))

    found = exposures([replace(ward, ratings=(told_too_much,))], FORM, tally)

    assert {each.question for each in found} == {"ratings:chung"}


# ── Apart and suppressed ─────────────────────────────────────────────────────────────────────────────────────────


def test_few_and_none_are_the_same_bytes() -> None:
    few, none = made([], {("a", "5"): 9}), made([], {})

    assert [line.to_json() for line in few[0].values()] == [line.to_json() for line in none[0].values()]


def test_a_dissatisfied_handful_hides_the_figure() -> None:
    ward = wards(made([], {("a", "5"): 60, ("a", "1"): 3})[0])["a"]
    overall = spoken_for(ward.ratings or ())

    assert overall is not None
    assert overall.index is not None
    assert (overall.index.figure, str(overall.index.bound)) == (None, "≥ 90 %")


def test_only_waves_of_visits_have_them() -> None:
    for audience in ("residents", "businesses", "forum"):
        released, _ = made([], {("a", "5"): 60}, audience)

        assert all(ward.ratings is None for ward in wards(released).values())
        assert all('"ratings":' not in line.to_json() for line in released.values())


def test_a_release_with_them_is_read_as_it_was_written() -> None:
    for line in made([], {("a", "5"): 20, ("a", "2"): 20})[0].values():
        assert read_release(line.to_json()) == line


def test_leaving_out_a_stream_leaves_them_in_and_leaving_them_out_leaves_the_stream() -> None:
    ballots: list[Ballot] = [("a", Stream.VISIT, Mode.SELF, "5"), ("a", Stream.VISIT, Mode.SELF, "2")] * 15
    persons = ("An", "Bình")
    stream = Exclusion("w", "a", Stream.VISIT, None, 30, "trùng", persons)
    ratings = Exclusion("w", "a", Stream.VISIT, Mode.ZBS, 40, "gửi thử", persons)
    given_ratings = {("a", "5"): 20, ("a", "2"): 20}

    without_stream = wards(made(ballots, given_ratings, findings=Findings((stream,)))[0])["a"]
    without_ratings = wards(made(ballots, given_ratings, findings=Findings((ratings,)))[0])["a"]

    rated = [spoken_for(ward.ratings or ()) for ward in (without_stream, without_ratings)]
    assert [table and table.n for table in rated] == [40, None]
    assert [ward.answered for ward in (without_stream, without_ratings)] == [None, 30]


# ── On every surface ─────────────────────────────────────────────────────────────────────────────────────────────

SHOWN = {("a", "5"): 15, ("a", "2"): 10}  # 60 per cent of 25


def page(language: str, released: Mapping[str, Released]) -> str:
    pages = Pages(demo=False, telegram_url=None, k=10)
    return pages.results(language, boards(list(wards(released).values())))


def commanded(released: Mapping[str, Released]) -> str:
    """What `langnghe waves show` prints."""
    with redirect_stdout(StringIO()) as screen:
        for ward in wards(released).values():
            desk._show(ward)
    return screen.getvalue()


SURFACES: Mapping[str, Callable[[Mapping[str, Released]], str]] = {
    "page": lambda released: page("vi", released),
    "page in English": lambda released: page("en", released),
    "page in Khmer": lambda released: page("km", released),
    "chat": lambda released: told("vi", wards(released)["a"]),
    "chat in English": lambda released: told("en", wards(released)["a"]),
    "chat in Khmer": lambda released: told("km", wards(released)["a"]),
    "csv": lambda released: as_csv(rows(released.values())).decode(),
    "api": lambda released: json.dumps(as_json(rows(released.values())), ensure_ascii=False),
    "command line": commanded,
    "report": lambda released: repr(surveys(wards(released).values())),
}


@pytest.mark.parametrize("surface", SURFACES)
def test_each_surface_says_that_they_are_not_anonymous_shown_or_not(surface: str) -> None:
    language = {"English": "en", "Khmer": "km"}.get(surface.split()[-1], "vi")

    for ratings in (SHOWN, {("a", "5"): 9}):
        assert NOT_ANONYMOUS[language] in SURFACES[surface](made([], ratings)[0])


@pytest.mark.parametrize("surface", SURFACES)
def test_each_surface_shows_enough_and_hides_too_few(surface: str) -> None:
    draw = SURFACES[surface]

    assert draw(made([], SHOWN)[0]) != draw(made([], {})[0])
    assert draw(made([], {("a", "5"): 9})[0]) == draw(made([], {})[0])


@pytest.mark.parametrize("surface", SURFACES)
def test_no_surface_names_them_where_there_can_be_none(surface: str) -> None:
    language = {"English": "en", "Khmer": "km"}.get(surface.split()[-1], "vi")

    assert NOT_ANONYMOUS[language] not in SURFACES[surface](made([], SHOWN, "residents")[0])


def test_the_workbook_holds_what_the_other_files_hold() -> None:
    few, none, enough = (as_xlsx(rows(made([], each)[0].values())) for each in ({("a", "5"): 9}, {}, SHOWN))

    assert few == none != enough


def test_in_files_they_are_rows_of_their_own_beside_the_same_rows() -> None:
    ballots: list[Ballot] = [("a", Stream.VISIT, Mode.SELF, "5"), ("a", Stream.VISIT, Mode.SELF, "2")] * 15
    with_them, without = (list(rows(made(ballots, each)[0].values())) for each in (SHOWN, {}))

    assert [row for row in with_them if row.table != "zbs"] == [row for row in without if row.table != "zbs"]
    rated = [row for row in with_them if row.table == "zbs"]
    assert rated
    assert all(row.label.endswith("(không ẩn danh)") for row in rated)
    [index] = [row for row in rated if (row.unit, row.question, row.answer) == ("a", "chung", "index")]
    assert (index.numerator, index.denominator) == (15, 25)


def test_the_chat_gives_the_share_with_its_counts_and_the_score_first() -> None:
    lines = told("vi", wards(made([], SHOWN)[0])["a"]).splitlines()

    assert lines[1] == "Hài lòng chung: –"
    assert "Qua mẫu tin Zalo, không ẩn danh, không tính vào điểm: 60,00\N{NO-BREAK SPACE}% (15/25)" in lines


def test_the_report_puts_them_in_a_row_of_their_own() -> None:
    found = [row.cells for row in surveys(wards(made([], SHOWN)[0]).values()).rows]

    rated = [cells for cells in found if cells[1] == say("stream", "zbs_unweighted")]
    assert [cells[3:5] for cells in rated if cells[3] == 15] == [(15, 25)]
    assert len(rated) == len(UNITS)
    assert "không ẩn danh" in say("stream", "zbs_unweighted")
    assert "không ẩn danh" in say("method", "ratings")


def test_every_language_can_name_the_mode() -> None:
    assert set(NOT_ANONYMOUS) == set(LANGUAGES)
