"""Dividing many sessions quickly gives what a plain walk gives, whatever the form asks and whatever was answered."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.ballots import divide
from surveys.dividing import Divider
from surveys.forms import library
from surveys.forms.form import Choice, Form, Kind, Role
from surveys.forms.walk import Walk
from surveys.forms.xpath import Expression
from tests.surveys.forms.test_walk import a_form, a_question, says

TODAY = date(2026, 12, 10)
TESTS = (
    *("= 'a'", "!= 'a'", "> 1", "= ''", "= 'b c'"),
    *("= . ", "!= string(today())", "= string(random() > 0.5)", "= once('a')"),
)
KINDS = st.sampled_from(
    [
        *(Kind.SELECT_ONE, Kind.SELECT_MULTIPLE, Kind.INTEGER, Kind.NOTE, Kind.CALCULATE),
        *(Kind.TEXT, Kind.DECIMAL, Kind.HIDDEN, Kind.ACKNOWLEDGE, Kind.IMAGE),
    ]
)
VALUES = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "b", "c", "a b", "0", "5", "2.5", "0912 345 678", "xin chào", "z"]),
)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Questions that lean on one another in every way a form can, circles and chance included."""
    names = [f"q{place}" for place in range(draw(st.integers(1, 7)))]
    some = st.sampled_from(names)
    questions = []
    for name in names:
        kind = draw(KINDS)
        fields: dict[str, object] = {}
        if kind in (Kind.SELECT_ONE, Kind.SELECT_MULTIPLE):
            fields["choices"] = tuple(Choice(each, says(each), {"x": each}) for each in "abc")
            if draw(st.booleans()):
                fields["choice_filter"] = Expression(f"x != ${{{draw(some)}}}", of_choices=True)
            fields["randomize"] = draw(st.booleans())
            fields["role"] = draw(st.sampled_from([None, Role.SATISFACTION, Role.COMMENT]))
        if kind is Kind.CALCULATE:
            fields["calculation"] = draw(
                st.sampled_from(["${%s} + 1", "once(${%s})", "random() * ${%s}"])
            ) % (draw(some))
        if kind is Kind.HIDDEN and draw(st.booleans()):
            fields["default"] = Expression(f"${{{draw(some)}}}")
        if draw(st.booleans()):
            fields["relevant"] = f"${{{draw(some)}}} {draw(st.sampled_from(TESTS))}"
            if draw(st.booleans()):
                fields["relevant"] = f"{fields['relevant']} and string-length() < 2"
        questions.append(a_question(name, kind, **fields))
    return a_form(*questions)


@settings(max_examples=200, deadline=None)
@given(
    forms(),
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from([f"q{place}" for place in range(8)]), VALUES), st.text("ab")
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_dividing_many_is_dividing_each(form: Form, people: list[tuple[dict[str, str | None], str]]) -> None:
    divider = Divider(form, TODAY)

    for answers, seed in people:
        whole = tuple(answers)[:1]
        expected = divide(form, Walk(form, answers, seed=seed, today=TODAY).values(), whole)
        assert divider.parts(answers, seed, whole) == expected
        assert divider.is_empty(answers, seed) == expected.is_empty


@pytest.mark.parametrize("id", library.IDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_forms_that_ship_are_divided_as_they_are_walked(id: str, data: st.DataObject) -> None:
    form = library.load(id)
    divider = Divider(form, TODAY)

    for _ in range(5):
        answers: dict[str, str | None] = {}
        for question in form.questions:
            names = [choice.name for choice in question.choices]
            answers[question.name] = data.draw(st.sampled_from([None, "", *names, "góp ý"]))
        expected = divide(form, Walk(form, answers, seed="1", today=TODAY).values(), ())
        assert divider.parts(answers, "1") == expected


def test_what_texts_decide_is_not_remembered_without_end() -> None:
    form = a_form(a_question("a", Kind.TEXT), a_question("b", Kind.INTEGER, relevant="${a} != ''"))
    divider = Divider(form, TODAY)

    for number in range(10_000):
        divider.parts({"a": f"{number}", "b": "1"}, "s")

    [known] = [known for name, _, known, _ in divider._asked if name == "b"]
    assert len(known) <= 4096
