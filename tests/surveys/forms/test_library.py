"""The four forms that ship."""

import subprocess
import sys

import pytest

from surveys.forms import library, xlsform
from surveys.forms.form import Form, Kind, Question, Role
from surveys.forms.published import form_to_json
from surveys.forms.reach import unreachable
from surveys.forms.soundness import LABEL

SCALE = [
    ("5", "Rất hài lòng"),
    ("4", "Hài lòng"),
    ("3", "Bình thường"),
    ("2", "Không hài lòng"),
    ("1", "Rất không hài lòng"),
    ("0", "Không ý kiến"),
]
BEFORE_THE_FORUM = "hoi_dien_dan"
YEARLY = ("hang_nam_nguoi_dan", "hang_nam_doanh_nghiep")


@pytest.fixture(params=library.IDS)
def form(request: pytest.FixtureRequest) -> Form:
    return library.load(request.param)


def with_role(form: Form, role: Role) -> list[Question]:
    return [question for question in form.questions if question.role is role]


def test_the_json_is_what_the_markdown_reads_to(form: Form) -> None:
    written = xlsform.read(f"{form.id}.md", library.markdown(form.id).encode())

    assert form == written, "run python -m surveys.forms.library"
    assert form_to_json(form) == form_to_json(written)


def test_odk_opens_them_too(form: Form) -> None:
    from pyxform.xls2xform import convert

    result = convert(library.markdown(form.id).encode(), file_type=".md", form_name="data")

    assert result.warnings == []
    assert 'xmlns:ln="urn:langnghe:form"' in result.xform


def test_every_question_says_where_it_comes_from(form: Form) -> None:
    for question in form.questions:
        assert question.source.startswith("b5 "), question.name


def test_they_speak_vietnamese_english_and_unreviewed_khmer(form: Form) -> None:
    assert form.languages == ("vi", "en", "km")
    assert form.unreviewed == {"km"}
    for words in [
        form.title,
        *(question.label for question in form.questions),
        *(question.hint for question in form.questions if question.hint),
        *(choice.label for question in form.questions for choice in question.choices),
    ]:
        assert words.keys() == {"vi", "en", "km"}
        assert all(text.strip() for text in words.values())
        assert any("\u1780" <= letter <= "\u17ff" for letter in words["km"])


def test_they_say_that_they_are_samples(form: Form) -> None:
    assert form.title["vi"].endswith("(bản mẫu)")


@pytest.fixture(params=[id for id in library.IDS if id != BEFORE_THE_FORUM])
def rating(request: pytest.FixtureRequest) -> Form:
    """One by which people say how satisfied they are."""
    return library.load(request.param)


def test_before_the_forum_people_ask_and_rate_nothing() -> None:
    form = library.load(BEFORE_THE_FORUM)

    assert [question.role for question in form.questions] == [None, Role.COMMENT]
    assert not any(question.feeds for question in form.questions)
    # An Official Account shows so many buttons.
    assert len(form.questions[0].choices) == 5


def test_satisfaction_is_asked_on_the_one_scale(rating: Form) -> None:
    scales = with_role(rating, Role.SATISFACTION) + with_role(rating, Role.OVERALL)

    assert scales
    for question in scales:
        assert [(choice.name, choice.label["vi"]) for choice in question.choices] == SCALE
        assert not question.randomize


def test_one_question_carries_the_index(rating: Form) -> None:
    assert len(with_role(rating, Role.OVERALL)) == 1


@pytest.mark.parametrize("form_id", YEARLY)
def test_the_yearly_index_feeds_the_yearly_survey_criterion(form_id: str) -> None:
    (overall,) = with_role(library.load(form_id), Role.OVERALL)

    assert overall.feeds == "S1:L96"
    assert overall.relevant is None


def test_every_form_ends_with_an_open_question_that_may_be_left_out(form: Form) -> None:
    last = form.questions[-1]

    assert (last.kind, last.role, last.required) == (Kind.TEXT, Role.COMMENT, False)
    assert "không bắt buộc" in last.hint["vi"]


def test_the_visit_takes_five_questions() -> None:
    form = library.load("tham_luot")

    assert [question.role for question in form.questions] == [
        Role.SERVICE,
        Role.TIMELINESS,
        Role.SATISFACTION,
        Role.OVERALL,
        Role.COMMENT,
    ]
    assert [choice.label["vi"] for choice in form.questions[0].choices] == [
        "Cư trú",
        "Căn cước",
        "Định danh VNeID",
        "Đăng ký xe",
        "Việc khác",
    ]
    assert [choice.label["vi"] for choice in form.questions[1].choices] == [
        "Trước hạn",
        "Đúng hạn",
        "Trễ hạn",
        "Chưa có kết quả",
        "Không rõ",
    ]


def test_nobody_is_asked_what_they_cannot_reach(form: Form) -> None:
    assert unreachable(form) == ()


def test_every_message_fits_the_narrowest_channel(form: Form) -> None:
    for question in form.questions:
        for language in form.languages:
            whole = question.label[language] + question.hint.get(language, "")
            whole += "".join(choice.label[language] for choice in question.choices)
            assert len(whole) < LABEL


def test_nothing_that_the_law_calls_sensitive_is_asked(form: Form) -> None:
    asked = " ".join(question.label["vi"].lower() for question in form.questions)

    for word in ("họ tên", "số điện thoại", "dân tộc", "tôn giáo", "ngày sinh", "căn cước công dân"):
        assert word not in asked


def test_an_unknown_form_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        library.load("../secrets")


def test_loading_needs_no_pyxform() -> None:
    code = (
        "import sys; from surveys.forms import library;"
        "[library.load(each) for each in library.IDS];"
        "assert not {'pyxform', 'openpyxl', 'xlrd'} & sys.modules.keys()"
    )

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
