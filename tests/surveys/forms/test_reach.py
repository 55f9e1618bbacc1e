"""What nobody can reach is found where it can be proved, and never claimed where it cannot."""

import pytest

from surveys.forms import xlsform
from surveys.forms.form import Form
from surveys.forms.reach import unreachable
from tests.surveys.forms import workbooks

CHOICES = [["list_name", "name", "label"], ["ck", "co", "Có"], ["ck", "khong", "Không"]]


def a_form(*rows: list[str]) -> Form:
    return xlsform.read(
        "a.csv",
        workbooks.csv(
            {
                "survey": [["type", "name", "label", "relevant", "calculation"], *rows],
                "choices": CHOICES,
                "settings": [["form_id", "version"], ["a", "1"]],
            }
        ),
    )


@pytest.mark.parametrize(
    ("relevant", "is_reachable"),
    [
        ("", True),
        ("true()", True),
        ("false()", False),
        ("1 > 2", False),
        ("${a} = 'co'", True),
        ("${a} = 'Có'", False),
        ("${a} = ''", True),
        ("${a} = 'co' and ${a} = 'khong'", False),
        ("selected(${b}, 'co') and selected(${b}, 'khong')", True),
        ("${a} = 'khong' and count-selected(${b}) > 0", False),
        ("count-selected(${b}) > 2", False),
        ("${n} > 5 and ${n} < 3", True),  # a number: nothing is proved
        ("today() < '2020-01-01'", True),  # the clock: nothing is proved
        ("${c} = 2", True),
        ("${c} = 3", False),
    ],
)
def test_unreachable_questions(relevant: str, is_reachable: bool) -> None:
    form = a_form(
        ["select_one ck", "a", "A"],
        ["select_multiple ck", "b", "B", "${a} = 'co'"],
        ["integer", "n", "N"],
        ["calculate", "c", "", "", "if(${a} = 'co', 1, 2)"],
        ["text", "z", "Z", relevant],
    )

    assert [question.name for question in unreachable(form)] == ([] if is_reachable else ["z"])


def test_a_form_with_too_many_answers_to_try_is_not_tried() -> None:
    many = [["select_one ck", f"q{n}", "Q", ""] for n in range(40)]
    never = " and ".join(f"${{q{n}}} = 'co'" for n in range(40)) + " and ${q0} = 'khong'"

    assert unreachable(a_form(*many, ["text", "z", "Z", never])) == ()
