"""What people type is read as they mean it, or asked again; nothing breaks it."""

from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import texts
from surveys.forms import questions
from surveys.forms.form import Choice, Kind, Question
from surveys.forms.questions import REASONS, Unreadable, fold, geopoint, numbers, read

SCALE = tuple(
    Choice(name, MappingProxyType({"vi": vi, "km": km}))
    for name, vi, km in [
        ("5", "Rất hài lòng", "ពេញចិត្តណាស់"),
        ("4", "Hài lòng", "ពេញចិត្ត"),
        ("3", "Bình thường", "ធម្មតា"),
        ("2", "Không hài lòng", "មិនពេញចិត្ត"),
        ("1", "Rất không hài lòng", "មិនពេញចិត្តខ្លាំង"),
        ("0", "Không ý kiến", "គ្មានមតិ"),
    ]
)
COLOURS = tuple(
    Choice(name, {"vi": label}) for name, label in [("do", "Đỏ"), ("xanh", "Xanh, lục"), ("tim", "Tím")]
)
TODAY = date(2026, 11, 22)


def a_question(kind: Kind, **fields: object) -> Question:
    return Question(name="cau_hoi", kind=kind, row=2, **fields)  # type: ignore[arg-type]


def value_of(kind: Kind, text: str, choices: tuple[Choice, ...] = (), **fields: object) -> str:
    """The value, or the key of the reason why there is none."""
    try:
        return read(a_question(kind, **fields), choices, text, "vi", today=TODAY)
    except Unreadable as problem:
        return problem.key


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # the number is the place in the list; “Không ý kiến” is 0
        ("1", "5"),
        ("2", "4"),
        ("3", "3"),
        ("4", "2"),
        ("5", "1"),
        ("0", "0"),
        ("6", "answer.not_a_choice"),
        (" 2. ", "4"),
        ("(2)", "4"),
        ("២", "4"),
        # labels, with and without diacritics, in any of the languages
        ("Hài lòng", "4"),
        ("hai long", "4"),
        ("RẤT HÀI LÒNG!", "5"),
        ("rat khong hai long", "1"),
        ("khong y kien", "0"),
        ("ពេញចិត្ត", "4"),
        ("មិនពេញចិត្ត", "2"),
        # a line copied from the numbered list
        ("2. Hài lòng", "4"),
        ("2 hai long", "4"),
        ("2. Rất hài lòng", "answer.not_a_choice"),
        # the beginning of one label only
        ("bình", "3"),
        ("không", "answer.not_a_choice"),
        ("rất", "answer.not_a_choice"),
        ("hà", "answer.not_a_choice"),
        ("1, 2", "answer.one_choice_only"),
        ("1 và 2", "answer.one_choice_only"),
        ("tạm được", "answer.not_a_choice"),
        ("", "answer.empty"),
        ("...", "answer.not_a_choice"),
        ("99999999999999999999", "answer.not_a_choice"),
    ],
)
def test_one_choice(text: str, value: str) -> None:
    assert value_of(Kind.SELECT_ONE, text, SCALE) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,3", "do tim"),
        ("1 3", "do tim"),
        ("3;1", "do tim"),
        ("1 và 3", "do tim"),
        ("1, 1", "do"),
        ("2", "xanh"),
        ("đỏ, tím", "do tim"),
        ("Do và Tim", "do tim"),
        ("Xanh, lục", "xanh"),
        ("1. Đỏ", "do"),
        ("1.3", "do tim"),
        ("13", "answer.not_choices"),
        ("1, 4", "answer.not_choices"),
        ("hồng", "answer.not_choices"),
    ],
)
def test_several_choices(text: str, value: str) -> None:
    assert value_of(Kind.SELECT_MULTIPLE, text, COLOURS) == value


def test_no_opinion_goes_with_no_other_choice() -> None:
    assert value_of(Kind.SELECT_MULTIPLE, "0", SCALE) == "0"
    assert value_of(Kind.SELECT_MULTIPLE, "0 1", SCALE) == "answer.zero_stands_alone"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3 1 2", "tim do xanh"),
        ("3,1,2", "tim do xanh"),
        ("3 > 1 > 2", "tim do xanh"),
        ("tím; đỏ; xanh", "tim do xanh"),
        ("3 1", "answer.not_a_ranking"),
        ("3 1 1", "answer.not_a_ranking"),
        ("3 1 2 4", "answer.not_a_ranking"),
    ],
)
def test_a_ranking(text: str, value: str) -> None:
    assert value_of(Kind.RANK, text, COLOURS) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", "3"),
        ("-3", "-3"),
        ("+3", "3"),
        ("007", "7"),
        ("-0", "0"),
        ("៣០", "30"),
        ("3 lần", "3"),
        ("1.000", "1000"),
        ("1 000 000", "1000000"),
        ("1.00", "answer.not_a_whole_number"),
        ("3,5", "answer.not_a_whole_number"),
        ("1234567890", "answer.number_too_long"),
        ("ba", "answer.not_a_number"),
        ("3 hoặc 4", "answer.not_a_number"),
        ("3-4", "answer.not_a_number"),
    ],
)
def test_a_whole_number(text: str, value: str) -> None:
    assert value_of(Kind.INTEGER, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3,5", "3.5"),
        ("3.50", "3.5"),
        ("-3,5", "-3.5"),
        ("3", "3"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1 234,5 m", "1234.5"),
        ("1.234.567", "1234567"),
        ("1.234", "1.234"),
        ("1.23.4", "answer.not_a_number"),
        ("1,2,3.4.5", "answer.not_a_number"),
        ("1" * 20, "answer.number_too_long"),
        ("nhiều", "answer.not_a_number"),
    ],
)
def test_a_decimal_number(text: str, value: str) -> None:
    assert value_of(Kind.DECIMAL, text) == value


@pytest.mark.parametrize(
    ("span", "text", "value"),
    [
        (("0", "10", "2"), "4", "4"),
        (("0", "10", "2"), "3", "answer.not_on_step"),
        (("0", "10", "2"), "12", "answer.not_in_range"),
        (("0", "10", "2"), "-2", "answer.not_in_range"),
        (("10", "0", "-5"), "5", "5"),
        (("0", "1", "0.1"), "0,3", "0.3"),
        (("0", "1", "0.1"), "0,35", "answer.not_on_step"),
        (None, "10", "10"),
    ],
)
def test_a_number_in_a_range(span: tuple[str, str, str] | None, text: str, value: str) -> None:
    assert value_of(Kind.RANGE, text, span=span) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5/3/2026", "2026-03-05"),
        ("05-03-2026", "2026-03-05"),
        ("5.3.26", "2026-03-05"),
        ("5/3/75", "1975-03-05"),
        ("2026-03-05", "2026-03-05"),
        ("2026/3/5", "2026-03-05"),
        ("ngày 5 tháng 3 năm 2026", "2026-03-05"),
        ("5 tháng 3", "2026-03-05"),
        ("5/3", "2026-03-05"),
        ("March 5, 2026", "2026-03-05"),
        ("5th March 2026", "2026-03-05"),
        ("ថ្ងៃទី ៥ ខែ មីនា ឆ្នាំ ២០២៦", "2026-03-05"),
        ("hôm nay", "2026-11-22"),
        ("hôm qua", "2026-11-21"),
        ("yesterday", "2026-11-21"),
        ("29/2/2028", "2028-02-29"),
        ("29/2/2027", "answer.not_a_date"),
        ("32/1/2026", "answer.not_a_date"),
        ("5/3/1026", "answer.not_a_date"),
        ("tuần trước", "answer.not_a_date"),
    ],
)
def test_a_day(text: str, value: str) -> None:
    assert value_of(Kind.DATE, text) == value


def test_a_day_without_a_year_needs_today() -> None:
    with pytest.raises(Unreadable):
        read(a_question(Kind.DATE), (), "5/3", "vi")
    with pytest.raises(Unreadable):
        read(a_question(Kind.DATE), (), "hôm qua", "vi")


def test_a_month_or_a_year_is_a_day_where_the_form_says_so() -> None:
    assert value_of(Kind.DATE, "3/2026", appearance="month-year") == "2026-03-01"
    assert value_of(Kind.DATE, "năm 2026", appearance="year") == "2026-01-01"
    assert value_of(Kind.DATE, "2026") == "answer.not_a_date"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("17h30", "17:30:00"),
        ("17:30", "17:30:00"),
        ("17.30", "17:30:00"),
        ("17:30:15", "17:30:15"),
        ("17 giờ 30 phút", "17:30:00"),
        ("8h", "08:00:00"),
        ("8 giờ sáng", "08:00:00"),
        ("5 giờ chiều", "17:00:00"),
        ("5h30 chiều", "17:30:00"),
        ("7 giờ tối", "19:00:00"),
        ("12h trưa", "12:00:00"),
        ("1 giờ trưa", "13:00:00"),
        ("11 giờ đêm", "23:00:00"),
        ("2 giờ đêm", "02:00:00"),
        ("5:30 PM", "17:30:00"),
        ("12 am", "00:00:00"),
        ("25h", "answer.not_a_time"),
        ("8h75", "answer.not_a_time"),
        ("15 giờ sáng", "answer.not_a_time"),
        ("sáng mai", "answer.not_a_time"),
    ],
)
def test_a_time(text: str, value: str) -> None:
    assert value_of(Kind.TIME, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9.934, 106.345", "9.934000 106.345000"),
        ("9,934 106,345", "9.934000 106.345000"),
        ("9.934;106.345", "9.934000 106.345000"),
        ("-9.934 -106.345", "-9.934000 -106.345000"),
        ("91 0", "answer.not_a_place"),
        ("9.934", "answer.not_a_place"),
        ("nan nan", "answer.not_a_place"),
        ("chợ Trà Vinh", "answer.not_a_place"),
    ],
)
def test_a_place(text: str, value: str) -> None:
    assert value_of(Kind.GEOPOINT, text) == value


def test_a_place_shared_on_the_phone() -> None:
    assert geopoint(9.9, 106.3) == "9.900000 106.300000"
    with pytest.raises(Unreadable):
        geopoint(float("nan"), 0)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.TEXT, "  ghế chờ\r\nít quá\x07 ", "ghế chờ\nít quá"),
        (Kind.TEXT, "a" * 4_001, "answer.too_long"),
        (Kind.TEXT, "\x00", "answer.empty"),
        (Kind.ACKNOWLEDGE, "Đã hiểu", "OK"),
        (Kind.ACKNOWLEDGE, "1", "OK"),
        (Kind.ACKNOWLEDGE, "không", "answer.not_acknowledged"),
        (Kind.IMAGE, "đây", "answer.not_a_picture"),
        (Kind.NOTE, "vâng", ""),
        (Kind.CALCULATE, "1", "answer.not_asked"),
        (Kind.HIDDEN, "1", "answer.not_asked"),
    ],
)
def test_the_other_kinds(kind: Kind, text: str, value: str) -> None:
    assert value_of(kind, text) == value


def test_the_number_of_a_choice_is_its_place_and_no_opinion_is_zero() -> None:
    assert numbers(SCALE) == (1, 2, 3, 4, 5, 0)


def test_folding_takes_the_tone_marks_and_leaves_khmer_alone() -> None:
    assert fold("  Đường-phố, SẠCH  đẹp!") == "duong pho sach dep"
    assert fold("ពេញចិត្ត") == "ពេញចិត្ត"


KINDS = st.sampled_from(list(Kind))
TYPED = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="0123456789 .,;/-:+hgsangchieu១២", max_size=25),
    st.lists(st.sampled_from([str(n) for n in range(8)] + ["và", ",", "hài", "lòng", "ngày", "tháng"])).map(
        " ".join
    ),
)


@given(KINDS, TYPED, st.sampled_from([(), SCALE, COLOURS]), st.sampled_from(["vi", "en", "km", "??"]))
def test_no_text_breaks_reading(kind: Kind, text: str, choices: tuple[Choice, ...], language: str) -> None:
    question = a_question(kind, span=("0", "10", "2"))
    problem, value = None, ""
    try:
        value = read(question, choices, text, language, today=TODAY)
    except Unreadable as caught:
        problem = caught

    if problem is not None:
        assert set(problem.params) == set(REASONS[problem.key])
    elif kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK):
        assert set(value.split()) <= {choice.name for choice in choices}
    assert "\0" not in value


@given(st.integers(0, len(SCALE) - 1), st.sampled_from(["vi", "km"]))
def test_every_choice_can_be_given_by_its_number_and_by_its_label(place: int, language: str) -> None:
    choice, number = SCALE[place], numbers(SCALE)[place]
    question = a_question(Kind.SELECT_ONE)

    for typed in (
        str(number),
        choice.label[language],
        fold(choice.label[language]),
        f"{number}. {choice.label[language]}",
    ):
        assert read(question, SCALE, typed, language) == choice.name


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_can_be_typed_as_it_is_written(day: date) -> None:
    for typed in (
        day.isoformat(),
        f"{day.day}/{day.month}/{day.year}",
        f"ngày {day.day} tháng {day.month} năm {day.year}",
    ):
        assert value_of(Kind.DATE, typed) == day.isoformat()


@given(st.integers(-999_999_999, 999_999_999))
def test_every_whole_number_is_read_back(number: int) -> None:
    assert value_of(Kind.INTEGER, str(number)) == str(number)
    assert value_of(Kind.INTEGER, f"{number:,}".replace(",", ".")) == str(number)


def test_every_reason_is_given_somewhere() -> None:
    source = Path(questions.__file__).read_text("utf-8")

    for key in set(REASONS) - {"answer.required", "answer.not_allowed"}:
        assert source.count(f'"{key}"') > 1, key


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_reason_can_be_said_in_every_language(language: str) -> None:
    for key, params in REASONS.items():
        said = texts.say(language, key, **dict.fromkeys(params, 7))

        assert said
        assert "{" not in said
