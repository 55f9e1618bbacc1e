"""An XLSForm becomes a form, or its author learns sheet, row and reason."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.forms import xlsform
from surveys.forms.faults import Fault, FormFaults
from surveys.forms.form import Form, Kind, Role
from surveys.forms.published import form_from_json, form_to_json
from surveys.forms.walk import Walk
from surveys.forms.xpath import Expression
from tests.surveys.forms import workbooks
from tests.surveys.forms.workbooks import SMALL, Cells

SETTINGS = [["form_title", "form_id", "version"], ["Thử", "thu", "1"]]
CHOICES = [["list_name", "name", "label"], ["ck", "co", "Có"], ["ck", "khong", "Không"]]
SCALE = [["s", name, f"mức {name}"] for name in "543210"]


def read(
    *rows: Mapping[str, str],
    choices: Sequence[Sequence[str]] = CHOICES,
    settings: Sequence[Sequence[str]] = SETTINGS,
) -> Form:
    """A form of these survey rows, in Excel."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    survey = [columns, *([row.get(column) for column in columns] for row in rows)]
    return xlsform.read(
        "thu.xlsx", workbooks.xlsx({"survey": survey, "choices": choices, "settings": settings})
    )


def faults(*rows: Mapping[str, str], **sheets: Sequence[Sequence[str]]) -> list[str]:
    with pytest.raises(FormFaults) as problem:
        read(*rows, **sheets)
    return [str(fault) for fault in problem.value.faults]


def row(kind: str, name: str = "a", label: str = "A?", **more: str) -> dict[str, str]:
    return {
        "type": kind,
        "name": name,
        "label": label,
        **{key.replace("__", "::"): value for key, value in more.items()},
    }


# ── the same form in every format ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("phieu.xlsx", workbooks.xlsx),
        ("phieu.xls", workbooks.xls),
        ("phieu.csv", workbooks.csv),
        ("phieu.md", workbooks.markdown),
        ("called-xls-but-is-xlsx.xls", workbooks.xlsx),
        ("PHIEU.XLSX", workbooks.xlsx),
    ],
)
def test_every_format_reads_to_the_same_form(name: str, write: Callable[[Cells], bytes]) -> None:
    form = xlsform.read(name, write(SMALL))

    assert (form.id, form.version, form.title) == ("phieu_thu", "1", {"vi": "Phiếu thử"})
    assert form.languages == ("vi", "en")
    assert [(each.name, each.kind, each.row) for each in form.questions] == [
        ("da_den", Kind.SELECT_ONE, 2),
        ("may_lan", Kind.INTEGER, 3),
        ("gop_y", Kind.TEXT, 4),
    ]
    assert form.question("da_den").required is True
    assert [(choice.name, choice.label["en"]) for choice in form.question("da_den").choices] == [
        ("co", "Yes"),
        ("khong", "No"),
    ]
    assert form.question("may_lan").relevant == Expression("${da_den} = 'co'")
    assert form.question("gop_y").label["vi"] == "Góp ý “thẳng thắn”"
    assert form.digest == xlsform.read("phieu.md", workbooks.markdown(SMALL)).digest


def test_a_form_survives_its_canonical_json() -> None:
    form = xlsform.read("phieu.md", workbooks.markdown(SMALL))

    assert form_from_json(form_to_json(form)) == form


def test_the_digest_changes_with_any_word() -> None:
    text = workbooks.markdown(SMALL)

    changed = xlsform.read("phieu.md", text.replace("Mấy lần?".encode(), "Bao nhiêu lần?".encode()))

    assert changed.digest != xlsform.read("phieu.md", text).digest


def test_a_csv_from_excel_begins_with_a_mark() -> None:
    assert xlsform.read("phieu.csv", b"\xef\xbb\xbf" + workbooks.csv(SMALL)).id == "phieu_thu"


def test_text_is_composed_however_it_was_typed() -> None:
    decomposed = workbooks.xlsx(
        {**SMALL, "settings": [["form_id", "version", "form_title"], ["a", "1", "Phie\u0302\u0301u"]]}
    )

    assert xlsform.read("a.xlsx", decomposed).title["vi"] == "Phiếu"


# ── question types ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("note", Kind.NOTE),
        ("select_one ck", Kind.SELECT_ONE),
        ("select one ck", Kind.SELECT_ONE),
        ("select_multiple ck", Kind.SELECT_MULTIPLE),
        ("rank ck", Kind.RANK),
        ("integer", Kind.INTEGER),
        ("int", Kind.INTEGER),
        ("decimal", Kind.DECIMAL),
        ("range", Kind.RANGE),
        ("text", Kind.TEXT),
        ("date", Kind.DATE),
        ("time", Kind.TIME),
        ("acknowledge", Kind.ACKNOWLEDGE),
        ("trigger", Kind.ACKNOWLEDGE),
        ("geopoint", Kind.GEOPOINT),
        ("image", Kind.IMAGE),
        ("hidden", Kind.HIDDEN),
    ],
)
def test_question_types(written: str, kind: Kind) -> None:
    form = read(row(written), row("text", "z"))

    assert form.question("a").kind is kind
    assert bool(form.question("a").choices) == (kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.RANK))
    assert form_from_json(form_to_json(form)) == form


def test_a_calculation() -> None:
    form = read(row("integer"), row("calculate", "b", "", calculation="${a} * 2"))

    assert form.question("b").calculation == Expression("${a} * 2")
    assert not form.question("b").is_asked


def test_a_range_has_its_span_or_odks() -> None:
    form = read(row("range", parameters="start=0;end=5 step=0.5"), row("range", "b"))

    assert form.question("a").span == ("0", "5", "0.5")
    assert form.question("b").span == ("1", "10", "1")


def test_groups_pass_their_relevance_on() -> None:
    form = read(
        row("integer", "n"),
        row("begin group", "g", "G", relevant="${n} > 1"),
        row("text", "a"),
        row("begin_group", "h", "H", relevant="${n} > 2 or ${n} = 0"),
        row("text", "b", relevant="${n} < 9"),
        row("end_group", ""),
        row("end group", ""),
        row("text", "c"),
    )

    assert form.question("a").groups == ("g",)
    assert form.question("a").relevant == Expression("${n} > 1")
    assert form.question("b").groups == ("g", "h")
    assert form.question("b").relevant == Expression("(${n} > 1) and (${n} > 2 or ${n} = 0) and (${n} < 9)")
    assert form.question("c").relevant is None


def test_the_words_of_a_question() -> None:
    form = read(
        {
            "type": "integer",
            "name": "a",
            "label::Vietnamese (vi)": "Mấy?",
            "label::English (en)": "How many?",
            "hint::Vietnamese (vi)": "số",
            "constraint": ". > 0",
            "constraint_message::Vietnamese (vi)": "lớn hơn 0",
            "required": "${a} = ''",
            "required_message::English (en)": "needed",
            "default": "1",
            "appearance": "thousands-sep",
        },
        settings=[["form_id", "version", "default_language"], ["a", "1", "Vietnamese (vi)"]],
    )
    question = form.question("a")

    assert question.label == {"vi": "Mấy?", "en": "How many?"}
    assert question.hint == {"vi": "số"}
    assert question.constraint == Expression(". > 0")
    assert question.constraint_message == {"vi": "lớn hơn 0"}
    assert question.required == Expression("${a} = ''")
    assert question.required_message == {"en": "needed"}
    assert (question.default, question.appearance) == ("1", "thousands-sep")


def test_defaults_may_be_worked_out() -> None:
    form = read(
        row("date", default="today()"),
        row("date", "b", default="2026-03-05"),
        row("select_one ck", "c", default="co"),
    )

    assert [question.default for question in form.questions] == [Expression("today()"), "2026-03-05", "co"]


def test_or_other_adds_a_choice_and_a_question() -> None:
    form = read(row("select_one ck or_other"), row("select_one ck", "b"))

    assert [choice.name for choice in form.question("a").choices] == ["co", "khong", "other"]
    assert form.question("a").choices[-1].label == {"vi": "Khác"}
    assert form.question("a_other").relevant == Expression("selected(${a}, 'other')")
    assert form.question("a_other").kind is Kind.TEXT
    assert [choice.name for choice in form.question("b").choices] == ["co", "khong"]


def test_shuffled_and_filtered_choices() -> None:
    form = read(
        row("select_one ck", parameters="randomize=true, seed=42"),
        row("select_one w", "b", choice_filter="tinh = ${a}"),
        row("select_one ck", "c", parameters="randomize=true seed=${a}"),
        row("select_one ck", "d", parameters="randomize=false"),
        choices=[
            ["list_name", "name", "label", "tinh"],
            *([*each, ""] for each in CHOICES[1:]),
            ["w", "x", "X", "co"],
        ],
    )

    assert (form.question("a").randomize, form.question("a").seed) == (True, "42")
    assert form.question("b").choice_filter == Expression("tinh = ${a}", of_choices=True)
    assert form.question("b").choices[0].columns == {"tinh": "co"}
    assert form.question("c").seed == Expression("${a}")
    assert form.question("d").randomize is False


def test_our_own_columns() -> None:
    form = read(
        {
            **row("select_one s", "chung"),
            "bind::ln:role": "overall",
            "bind::ln:feeds": "S1:L96",
            "bind::ln:source": "b5 A",
        },
        choices=[CHOICES[0], *SCALE],
        settings=[["form_id", "version", "ln:unreviewed"], ["a", "1", "km, en"]],
    )
    question = form.question("chung")

    assert (question.role, question.feeds, question.source) == (Role.OVERALL, "S1:L96", "b5 A")
    assert form.unreviewed == {"km", "en"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("label::Vietnamese (vi)", "vi"),
        ("label::en", "en"),
        ("label::English", "en"),
        ("label:Khmer (km)", "km"),
        ("label", "vi"),
    ],
)
def test_languages_are_known_by_their_code(header: str, language: str) -> None:
    content = workbooks.csv(
        {
            "survey": [["type", "name", header], ["text", "a", "A"]],
            "settings": [
                ["form_id", "version", "default_language"],
                ["a", "1", language if header != "label" else ""],
            ],
        }
    )

    assert xlsform.read("a.csv", content).question("a").label == {language: "A"}


def test_remarks_empty_rows_and_disabled_rows_are_passed_over() -> None:
    form = read(
        row("text"), {}, {"hint": "chỉ là ghi chú"}, row("barcode", "b", disabled="yes"), row("text", "c")
    )

    assert [(each.name, each.row) for each in form.questions] == [("a", 2), ("c", 6)]


# ── what is refused, and why ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("barcode", "cannot scan barcodes"),
        ("audit", "records every step"),
        ("start", "carries no times"),
        ("end", "carries no times"),
        ("today", "carries no times"),
        ("deviceid", "under no name"),
        ("phonenumber", "under no name"),
        ("username", "under no name"),
        ("email", "under no name"),
        ("audio", "may name the person"),
        ("video", "may name the person"),
        ("file", "may name the person"),
        ("background-audio", "may name the person"),
        ("geotrace", "drawing on a map"),
        ("geoshape", "drawing on a map"),
        ("start-geopoint", "without asking"),
        ("dateTime", "in two questions"),
        ("csv-external", "an external list"),
        ("xml-external", "an external list"),
        ("osm", "drawing on a map"),
        ("select_one_from_file a.csv", "an external list"),
        ("select_multiple_from_file a.csv", "an external list"),
        ("select_one_external ck", "an external list"),
        ("select_one ${b}", "repeat group"),
        ("select_one nowhere", "no list “nowhere”"),
        ("select_multiply ck", "is not a question type"),
    ],
)
def test_what_a_chat_cannot_ask_is_refused_with_its_row(kind: str, reason: str) -> None:
    (fault,) = faults(row("text", "b"), row(kind))

    assert fault.startswith("survey, row 3, column type: ")
    assert reason in fault


def test_repeats_are_refused() -> None:
    found = faults(row("text"), row("begin repeat", "r", "R"), row("text", "b"), row("end repeat", ""))

    assert found == [
        "survey, row 3, column type: a chat cannot repeat a group of questions; ask the few that matter"
    ]


@pytest.mark.parametrize(
    ("column", "value", "place", "reason"),
    [
        ("relevant", "${b} = ", "relevant", "cannot be read"),
        ("relevant", "${nobody} = 1", "relevant", "no question “nobody”"),
        ("relevant", "indexed-repeat(${b}, ${b}, 1) = 1", "relevant", "needs a repeat group"),
        ("relevant", "pulldata('a', 'b', 'c', ${b}) = 1", "relevant", "external file"),
        ("constraint", "regex(., '(a+)+')", "constraint", "can take hours"),
        ("constraint", ". > ${nobody}", "constraint", "no question “nobody”"),
        ("required", "if(1)", "required", "takes 3 arguments"),
        ("calculation", "1 + 1", "calculation", "use a calculate row"),
        ("default", "${nobody}", "default", "no question “nobody”"),
        ("label", "Chào ${nobody}", "label (vi)", "no question “nobody”"),
        ("hint", "${nobody}", "hint (vi)", "no question “nobody”"),
        ("label", "x" * 1_501, "label (vi)", "one message holds 1,500"),
        ("label", "", "label", "is missing in “vi”"),
        ("name", "1a", "name", "must be a letter"),
        ("name", "", "name", "is missing"),
        ("name", "b", "name", "stands in row 2 already"),
        ("trigger", "${b}", "trigger", "use a calculation"),
        ("media::image", "a.jpg", "media", "put the picture's content into words"),
        ("save_to", "x", "save_to", "to another form"),
        ("bind::ln:rol", "overall", "bind::ln:rol", "known are"),
        ("bind::ln:role", "bigness", "bind::ln:role", "is none of"),
        ("bind::ln:role", "overall", "bind::ln:role", "needs a select_one"),
        ("bind::ln:role", "service", "bind::ln:role", "needs a question with choices"),
        ("bind::ln:feeds", "a b", "bind::ln:feeds", "no criterion's name"),
        ("label::Klingon", "Qapla'", "label", "needs its code"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_with_row_and_column(
    column: str, value: str, place: str, reason: str
) -> None:
    found = faults(row("integer", "b"), {**row("integer"), column: value})

    assert any(reason in fault for fault in found), found
    assert all("row 3" in fault or column == "label::Klingon" for fault in found)
    assert any(
        fault.startswith(f"survey, row {3 if column != 'label::Klingon' else 1}, column {place}: ")
        for fault in found
    )


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([["", "co", "Có"]], "choices, row 2, column list_name: is missing"),
        ([["ck", "", "Có"]], "choices, row 2, column name: is missing"),
        ([["ck", "co", ""]], "choices, row 2, column label: is missing in “vi”"),
        ([["ck", "c o", "Có"]], "choices, row 2, column name: “c o” may hold no spaces"),
        ([["ck", "co", "Có"], ["ck", "co", "Có"]], "choices, row 3, column name: “co” stands twice"),
        ([["ck", "co", "C" * 121]], "survey, row 2, column type: the choice “co” has 121 characters"),
        ([["ck", f"c{n}", "C"] for n in range(91)], "survey, row 2, column type: 91 choices"),
    ],
)
def test_what_is_wrong_with_a_choice_is_said(rows: list[list[str]], reason: str) -> None:
    found = faults(row("select_one ck"), choices=[CHOICES[0], *rows])

    assert any(reason in fault for fault in found), found


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ([["form_title"], ["T"]], "settings, row 2, column form_id: is missing"),
        ([["form_id"], ["a"]], "settings, row 2, column version: is missing"),
        ([["form_id", "version"], ["có dấu", "1"]], "may hold only letters"),
        ([["form_id", "version", "form_title::en"], ["a", "1", "T"]], "ln:title::Language"),
        ([["form_id", "version", "default_language"], ["a", "1", "Klingon"]], "needs its code"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(settings: list[list[str]], reason: str) -> None:
    assert any(reason in fault for fault in faults(row("text"), settings=settings))


def test_expressions_in_a_group_must_stand_on_their_own() -> None:
    found = faults(row("begin group", "g", "G", relevant="1) or (1"), row("text"), row("end group", ""))

    assert "cannot be read" in found[0]


def test_groups_begin_and_end() -> None:
    assert "never ends" in faults(row("begin group", "g", "G"), row("text"))[0]
    assert "no group is open" in faults(row("text"), row("end group", ""))[0]


def test_a_question_that_decides_about_itself_is_refused() -> None:
    assert "decides about itself: a → a" in faults(row("integer", relevant="${a} > 1"))[0]
    found = faults(
        row("integer", "a", relevant="${c} > 1"),
        row("calculate", "b", "", calculation="${a} + 1"),
        row("calculate", "c", "", calculation="${b} + 1"),
    )
    assert "→" in found[0]
    assert read(row("integer", constraint=". > 1 and ${a} < 9")).question("a").constraint is not None


@pytest.mark.parametrize(
    ("column", "meant"), [("relevent", "relevant"), ("Constrain", "constraint"), ("requird", "required")]
)
def test_a_column_that_is_nearly_one_of_xlsforms_is_not_passed_over(column: str, meant: str) -> None:
    assert faults({**row("text"), column: "x"}) == [
        f"survey, row 1, column {column}: is not a column of XLSForm; did you mean “{meant}”?"
    ]


def test_a_column_of_the_authors_own_is_passed_over() -> None:
    assert read({**row("text"), "ghi chú": "hỏi lại", "owner": "An"}).question("a").label == {"vi": "A?"}


def a_chain(length: int) -> list[dict[str, str]]:
    """Each question depends on the next one, so the first is the hardest to work out."""
    links = [row("integer", f"q{n}", relevant=f"${{q{n + 1}}} > 1") for n in range(length - 1)]
    return [*links, row("integer", f"q{length - 1}")]


def test_a_chain_of_questions_is_no_circle_and_can_be_worked_out() -> None:
    form = read(*a_chain(40))
    answers: dict[str, str | None] = {question.name: "2" for question in form.questions}

    assert len(Walk(form, answers, seed="", today=date(2026, 1, 1)).visible) == 40
    assert "more than 40 questions" in faults(*a_chain(41))[0]


def test_one_question_carries_the_index() -> None:
    scale = {**row("select_one s", "a"), "bind::ln:role": "overall"}

    found = faults(scale, {**scale, "name": "b"}, choices=[CHOICES[0], *SCALE])

    assert found == [
        "survey, row 3, column bind::ln:role: the index is read from one question, and row 2 has the role already"
    ]


def test_a_satisfaction_scale_has_its_five_steps() -> None:
    three = faults({**row("select_one s"), "bind::ln:role": "satisfaction"}, choices=[CHOICES[0], *SCALE[:3]])

    assert "named 5, 4, 3, 2, 1" in three[0]


def test_a_comment_is_text() -> None:
    assert "a comment is a text" in faults({**row("integer"), "bind::ln:role": "comment"})[0]


def test_all_faults_are_said_at_once_in_the_order_of_the_rows() -> None:
    found = faults(
        row("barcode"), row("integer", "b", relevant="${"), row("audio", "c"), settings=[["form_id"], ["a"]]
    )

    assert [fault.split(":")[0] for fault in found] == [
        "survey, row 2, column type",
        "survey, row 3, column relevant",
        "survey, row 4, column type",
        "settings, row 2, column version",
    ]


def test_sheets_a_chat_has_no_use_for_are_refused() -> None:
    content = workbooks.xlsx(
        {**SMALL, "external_choices": [["list_name", "name"], ["a", "b"]], "entities": [["list_name"], ["x"]]}
    )

    with pytest.raises(FormFaults) as problem:
        xlsform.read("a.xlsx", content)

    assert {fault.sheet for fault in problem.value.faults} == {"external_choices", "entities"}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"parameters": "colour=red"}, "survey, row 2"),
        ({"caption": "A?"}, "survey, row 1"),
    ],
)
def test_what_only_odk_would_refuse_is_refused_too(columns: dict[str, str], reason: str) -> None:
    assert faults({**row("text"), **columns})[0].startswith(reason)


def read_or_faults(name: str, content: bytes) -> Form | tuple[Fault, ...]:
    """What came of it; anything but these two fails the test."""
    try:
        return xlsform.read(name, content)
    except FormFaults as problem:
        return problem.faults


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.one_of(
                    st.sampled_from(["text", "integer", "select_one ck", "begin group", "end group", "note"]),
                    st.text(max_size=12),
                ),
                "name": st.text(max_size=5),
                "label": st.text(max_size=10),
                "relevant": st.one_of(st.just(""), st.text(max_size=15)),
                "parameters": st.text(max_size=8),
                "default": st.text(max_size=8),
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_cells_break_the_reader(rows: list[dict[str, str]]) -> None:
    content = workbooks.csv(
        {
            "survey": [list(rows[0]), *(list(each.values()) for each in rows)],
            "choices": CHOICES,
            "settings": SETTINGS,
        }
    )

    found = read_or_faults("a.csv", content)

    assert found
    if isinstance(found, Form):
        assert form_from_json(form_to_json(found)) == found
