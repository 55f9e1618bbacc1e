"""A form seen through the answers so far."""

from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.forms.form import Choice, Form, Kind, Question, Words
from surveys.forms.soundness import faults_of
from surveys.forms.walk import Walk
from surveys.forms.xpath import Expression

TODAY = date(2026, 11, 22)


def says(vi: str, en: str | None = None) -> Words:
    return {"vi": vi, "en": en or vi}


def a_question(name: str, kind: Kind = Kind.TEXT, **fields: object) -> Question:
    fields.setdefault("label", says(f"{name}?"))
    for column in ("relevant", "constraint", "calculation"):
        if isinstance(fields.get(column), str):
            fields[column] = Expression(str(fields[column]))
    return Question(name=name, kind=kind, row=2, **fields)  # type: ignore[arg-type]


def a_form(*questions: Question) -> Form:
    return Form("thu", "1", says("Thử"), ("vi", "en"), questions, digest="")


def a_walk(form: Form, answers: dict[str, str | None] | None = None, seed: str = "s") -> Walk:
    return Walk(form, answers or {}, seed=seed, today=TODAY)


CO_KHONG = (Choice("co", says("Có", "Yes")), Choice("khong", says("Không", "No")))
A_VISIT = a_form(
    a_question("da_den", Kind.SELECT_ONE, choices=CO_KHONG),
    a_question("may_lan", Kind.INTEGER, relevant="${da_den} = 'co'"),
    a_question("gop_y"),
)


def names(walk: Walk) -> list[str]:
    return [question.name for question in walk.visible]


def test_the_first_question_without_an_answer_waits() -> None:
    waiting = [a_walk(A_VISIT, answers).waiting() for answers in ({}, {"da_den": "co"}, {"da_den": "khong"})]

    assert [question and question.name for question in waiting] == ["da_den", "may_lan", "gop_y"]


def test_a_skipped_question_does_not_wait_and_has_no_value() -> None:
    walk = a_walk(A_VISIT, {"da_den": None})

    assert names(walk) == ["da_den", "gop_y"]
    assert walk.waiting() == A_VISIT.question("gop_y")
    assert walk.values() == {}


def test_an_answer_that_stopped_being_relevant_is_left_out_and_comes_back() -> None:
    answers: dict[str, str | None] = {"da_den": "khong", "may_lan": "3", "gop_y": "x"}

    assert a_walk(A_VISIT, answers).values() == {"da_den": "khong", "gop_y": "x"}
    assert a_walk(A_VISIT, answers).waiting() is None
    assert a_walk(A_VISIT, {**answers, "da_den": "co"}).values() == {
        "da_den": "co",
        "may_lan": "3",
        "gop_y": "x",
    }


def test_what_hangs_on_an_irrelevant_answer_is_irrelevant_too() -> None:
    form = a_form(*A_VISIT.questions, a_question("vi_sao", relevant="${may_lan} > 1"))

    assert "vi_sao" in names(a_walk(form, {"da_den": "co", "may_lan": "3"}))
    assert "vi_sao" not in names(a_walk(form, {"da_den": "khong", "may_lan": "3"}))


def test_notes_are_visible_and_wait_until_they_were_shown() -> None:
    form = a_form(a_question("chao", Kind.NOTE), a_question("gop_y"))

    assert names(a_walk(form)) == ["chao", "gop_y"]
    assert a_walk(form).waiting() == form.question("chao")
    assert a_walk(form, {"chao": ""}).waiting() == form.question("gop_y")
    assert a_walk(form, {"chao": "", "gop_y": "x"}).values() == {"gop_y": "x"}


def test_calculations_and_hidden_values_are_never_asked() -> None:
    form = a_form(
        a_question("a", Kind.INTEGER),
        a_question("b", Kind.CALCULATE, calculation="${a} * 2"),
        a_question("c", Kind.CALCULATE, calculation="${b} + 1"),
        a_question("d", Kind.CALCULATE, calculation="${nothing_yet} + 1"),
        a_question("nguon", Kind.HIDDEN, default="web"),
        a_question("nothing_yet", Kind.INTEGER),
        a_question("e", Kind.CALCULATE, calculation="1", relevant="${a} > 100"),
    )

    walk = a_walk(form, {"a": "21"})

    assert names(walk) == ["a", "nothing_yet"]
    assert walk.values() == {"a": "21", "b": "42", "c": "43", "nguon": "web"}


def test_a_default_is_a_suggestion_and_no_answer() -> None:
    form = a_form(
        a_question("a", Kind.INTEGER, default="3"),
        a_question("b", Kind.DATE, default=Expression("today()")),
        a_question("c", Kind.TEXT, default=Expression("${a}")),
        a_question("d"),
    )

    walk = a_walk(form)

    assert [walk.default(question) for question in form.questions] == ["3", "2026-11-22", None, None]
    assert walk.values() == {}
    assert a_walk(form, {"a": "5"}).default(form.question("c")) == "5"


def test_choices_are_filtered_by_what_was_answered() -> None:
    wards = (
        Choice("long_duc", says("Long Đức"), {"tinh": "vl"}),
        Choice("tra_vinh", says("Trà Vinh"), {"tinh": "vl"}),
        Choice("tay_ho", says("Tây Hồ"), {"tinh": "hn"}),
    )
    provinces = (Choice("vl", says("Vĩnh Long")), Choice("hn", says("Hà Nội")), Choice("ca", says("Cà Mau")))
    form = a_form(
        a_question("tinh", Kind.SELECT_ONE, choices=provinces),
        a_question(
            "phuong",
            Kind.SELECT_ONE,
            choices=wards,
            choice_filter=Expression("tinh = ${tinh}", of_choices=True),
        ),
        a_question("het"),
    )
    ward = form.question("phuong")

    def offered(province: str) -> list[str]:
        return [choice.name for choice in a_walk(form, {"tinh": province}).choices(ward)]

    assert offered("vl") == ["long_duc", "tra_vinh"]
    assert offered("hn") == ["tay_ho"]
    # a question with nothing to choose from is not asked
    assert names(a_walk(form, {"tinh": "ca"})) == ["tinh", "het"]
    # an answer that is no longer offered is asked again
    moved = a_walk(form, {"tinh": "hn", "phuong": "long_duc"})
    assert moved.waiting() == ward
    assert moved.values() == {"tinh": "hn"}


def test_shuffled_choices_are_the_same_for_one_session_and_differ_between_sessions() -> None:
    many = tuple(Choice(f"c{place}", says(f"{place}")) for place in range(8))
    last = (Choice("other", says("Khác")), Choice("0", says("Không ý kiến")))
    question = a_question("q", Kind.SELECT_ONE, choices=(*last, *many), randomize=True)
    form = a_form(question)

    def order(seed: str) -> list[str]:
        return [choice.name for choice in a_walk(form, seed=seed).choices(question)]

    assert order("a") == order("a")
    assert len({tuple(order(seed)) for seed in "abcd"}) > 1
    for seed in "abcd":
        assert sorted(order(seed)) == sorted(choice.name for choice in question.choices)
        assert order(seed)[-2:] == ["other", "0"]


def test_a_seed_of_the_forms_own_shuffles_alike_for_everybody() -> None:
    many = tuple(Choice(f"c{place}", says(f"{place}")) for place in range(8))
    fixed = a_question("q", Kind.SELECT_ONE, choices=many, randomize=True, seed="42")
    drawn = a_question("r", Kind.SELECT_ONE, choices=many, randomize=True, seed=Expression("${n}"))
    form = a_form(a_question("n", Kind.INTEGER), fixed, drawn)

    assert a_walk(form, seed="a").choices(fixed) == a_walk(form, seed="b").choices(fixed)
    assert a_walk(form, {"n": "1"}, seed="a").choices(drawn) == a_walk(form, {"n": "1"}, seed="b").choices(
        drawn
    )
    assert a_walk(form, {"n": "1"}).choices(drawn) != a_walk(form, {"n": "2"}).choices(drawn)


def test_labels_speak_the_persons_language_and_carry_earlier_answers() -> None:
    form = a_form(
        a_question("da_den", Kind.SELECT_MULTIPLE, choices=CO_KHONG),
        a_question("ngay", Kind.DATE),
        a_question("gio", Kind.TIME),
        a_question("ten"),
        a_question("nhan", Kind.CALCULATE, calculation="jr:choice-name('co', '${da_den}')"),
        a_question(
            "hoi",
            label=says("${da_den} / ${ngay} / ${ gio } / ${ten} / ${nhan}?", "${da_den} / ${nhan}?"),
            hint=says("gợi ý ${ten}"),
        ),
    )
    question = form.question("hoi")
    walk = a_walk(
        form, {"da_den": "co khong", "ngay": "2026-03-05", "gio": "17:30:00", "ten": "${ngay} {x} %s <b>"}
    )

    assert walk.label(question, "vi") == "Có, Không / 05/03/2026 / 17:30 / ${ngay} {x} %s <b> / Có?"
    assert walk.label(question, "en") == "Yes, No / Yes?"
    assert walk.label(question, "km") == walk.label(question, "vi")
    assert walk.hint(question, "vi") == "gợi ý ${ngay} {x} %s <b>"
    assert a_walk(form).label(question, "en") == " / Yes?"


def test_a_constraint_refuses_in_the_persons_language() -> None:
    form = a_form(
        a_question("tran", Kind.INTEGER),
        a_question(
            "lan",
            Kind.INTEGER,
            constraint=". > 0 and . <= ${tran}",
            constraint_message=says("Từ 1 đến ${tran}.", "From 1 to ${tran}."),
        ),
    )
    walk, question = a_walk(form, {"tran": "5"}), form.question("lan")

    assert walk.refusal(question, "3", "vi") is None
    assert walk.refusal(question, "6", "vi") == "Từ 1 đến 5."
    assert walk.refusal(question, "0", "en") == "From 1 to 5."
    assert walk.refusal(question, None, "vi") is None


def test_a_required_question_may_not_be_skipped() -> None:
    form = a_form(
        a_question("a", required=True, required_message=says("Câu này cần trả lời.")),
        a_question("b", required=Expression("${a} = 'x'"), required_message=says("Cần.")),
        a_question("c"),
        a_question("chao", Kind.NOTE, required=True),
    )

    assert a_walk(form).refusal(form.question("a"), None, "vi") == "Câu này cần trả lời."
    assert a_walk(form).refusal(form.question("a"), "", "vi") == "Câu này cần trả lời."
    assert a_walk(form, {"a": "x"}).refusal(form.question("b"), None, "vi") == "Cần."
    assert a_walk(form, {"a": "y"}).refusal(form.question("b"), None, "vi") is None
    assert a_walk(form).refusal(form.question("c"), None, "vi") is None
    assert a_walk(form).refusal(form.question("chao"), "", "vi") is None
    assert [a_walk(form, {"a": "x"}).is_required(question) for question in form.questions] == [
        True,
        True,
        False,
        True,
    ]


def test_the_clock_is_the_one_that_was_handed_in() -> None:
    form = a_form(a_question("luc", Kind.CALCULATE, calculation="format-date-time(now(), '%Y-%m-%d %H:%M')"))

    assert a_walk(form).values() == {"luc": "2026-11-22 00:00"}
    walk = Walk(form, {}, seed="s", today=TODAY, now=datetime(2026, 11, 22, 9, 30))  # noqa: DTZ001
    assert walk.values() == {"luc": "2026-11-22 09:30"}


def test_once_keeps_a_value_that_the_session_kept() -> None:
    form = a_form(a_question("so", Kind.CALCULATE, calculation="once(random())"))

    assert a_walk(form, {"so": "0.25"}).values() == {"so": "0.25"}
    assert a_walk(form, seed="a").values() == a_walk(form, seed="a").values()
    assert a_walk(form, seed="a").values() != a_walk(form, seed="b").values()


def test_a_circle_that_slipped_through_does_not_hang() -> None:
    form = a_form(
        a_question("a", relevant="${b} = ''"),
        a_question("b", relevant="${a} = ''"),
        a_question("c", Kind.CALCULATE, calculation="${d} + 1"),
        a_question("d", Kind.CALCULATE, calculation="${c} + 1"),
    )

    walk = a_walk(form, {"a": "x", "b": "y"})

    assert isinstance(walk.values(), dict)
    assert walk.waiting() is None


# ── however the form is made and whatever is answered ─────────────────────────────────────────────────────────────────


@st.composite
def forms(draw: st.DrawFn) -> Form:
    count = draw(st.integers(1, 7))
    names = [f"q{place}" for place in range(count)]
    questions = []
    for place, name in enumerate(names):
        kind = draw(
            st.sampled_from([Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.INTEGER, Kind.NOTE, Kind.CALCULATE])
        )
        fields: dict[str, object] = {}
        earlier = names[:place] or [names[-1]]
        if kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE):
            fields["choices"] = tuple(Choice(each, says(each), {"x": each}) for each in "abc")
            if draw(st.booleans()):
                fields["choice_filter"] = Expression(
                    f"x != ${{{draw(st.sampled_from(earlier))}}}", of_choices=True
                )
            fields["randomize"] = draw(st.booleans())
        if kind is Kind.CALCULATE:
            fields["calculation"] = f"${{{draw(st.sampled_from(earlier))}}} + 1"
        if draw(st.booleans()):
            test = draw(st.sampled_from(["= 'a'", "!= 'a'", "> 1", "= ''"]))
            fields["relevant"] = f"${{{draw(st.sampled_from(names))}}} {test}"
        questions.append(a_question(name, kind, **fields))
    return a_form(*questions)


def possible_answers(walk: Walk, question: Question) -> list[str | None]:
    match question.kind:
        case Kind.NOTE:
            return [""]
        case Kind.INTEGER:
            return [None, "0", "5"]
    names = [choice.name for choice in walk.choices(question)]
    return [None, *names, *([" ".join(names)] if question.kind is Kind.SELECT_MULTIPLE else [])]


@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(forms().filter(lambda form: not faults_of(form)), st.data())
def test_a_walk_of_a_form_that_may_be_published_never_loops(form: Form, data: st.DataObject) -> None:
    answers: dict[str, str | None] = {}
    asked: list[str] = []
    while (question := a_walk(form, answers).waiting()) is not None:
        assert question in a_walk(form, answers).visible
        answers[question.name] = data.draw(st.sampled_from(possible_answers(a_walk(form, answers), question)))
        asked.append(question.name)
        # An answer may bring back a question before it, whose choices changed; but never for ever.
        assert len(asked) <= len(form.questions) ** 2

    values = a_walk(form, answers).values()
    assert values.keys() <= form.by_name.keys()
    assert all(values.values())


@given(
    forms(),
    st.dictionaries(st.sampled_from([f"q{place}" for place in range(9)]), st.one_of(st.none(), st.text())),
)
def test_no_answers_break_a_walk(form: Form, answers: dict[str, str | None]) -> None:
    walk = a_walk(form, answers)

    for question in walk.visible:
        walk.label(question, "en")
        walk.refusal(question, "x", "vi")
        walk.default(question)
    walk.waiting()
    assert all(isinstance(value, str) for value in walk.values().values())


@pytest.mark.parametrize("language", ["vi", "en", "km"])
def test_a_form_without_a_message_of_its_own_still_says_something(language: str) -> None:
    form = a_form(a_question("a", Kind.INTEGER, constraint=". > 0", required=True))

    assert a_walk(form).refusal(form.question("a"), "-1", language)
    assert a_walk(form).refusal(form.question("a"), None, language)
