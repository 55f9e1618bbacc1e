"""Expressions mean what they mean to ODK."""

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.forms.functions import FUNCTIONS, REFUSED
from surveys.forms.lexical import as_text
from surveys.forms.xpath import BadExpression, Context, Expression

ANSWERS = {
    "one": "1",
    "tuoi": "42",
    "mau": "do xanh",
    "ten": "Nguyễn Văn A",
    "ngay": "2026-03-05",
    "gio": "17:30:00",
    "trong": "",
    "co": "yes",
    "khong": "no",
}
LABELS = {("mau", "do"): "Đỏ", ("mau", "xanh"): "Xanh"}


def a_context(**changes: object) -> Context:
    context = Context(
        value=lambda name: ANSWERS.get(name),
        choice_label=lambda question, choice: LABELS.get((question, choice), ""),
        today=date(2026, 3, 5),
        now=datetime(2026, 3, 5, 18, 0, tzinfo=UTC),
        seed="seed",
    )
    for name, value in changes.items():
        setattr(context, name, value)
    return context


def evaluated(text: str, **changes: object) -> str:
    return as_text(Expression(text).evaluate(a_context(**changes)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # operators and their precedence
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 div 2", "3.5"),
        ("7 mod 3", "1"),
        ("-7 mod 3", "-1"),
        ("1 div 0", "Infinity"),
        ("-1 div 0", "-Infinity"),
        ("0 div 0", "NaN"),
        ("- -1", "1"),
        ("${tuoi}-2", "40"),
        ("1 < 2 and 2 < 1 or true()", "true"),
        ("1 = 1 and 'a' != 'b'", "true"),
        ("'5' = 5", "true"),
        ("'5' = '5.0'", "false"),
        ("true() = 'anything'", "true"),
        ("${trong} = ''", "true"),
        ("${trong} = 0", "false"),
        ("${trong} < 5", "false"),
        ("${trong} > 5", "false"),
        ("${missing} = ''", "true"),
        ("'ab' < 'b'", "false"),
        # days are numbers
        ("${ngay} = today()", "true"),
        ("${ngay} <= today()", "true"),
        ("${ngay} > '2026-03-04'", "true"),
        ("today() - ${ngay}", "0"),
        ("today() + 1", "20518"),
        ("date(today() + 1)", "2026-03-06"),
        ("today() > now()", "false"),
        # control flow
        ("if(${tuoi} > 18, 'lớn', 'nhỏ')", "lớn"),
        ("if('', 1, 2)", "2"),
        ("coalesce(${trong}, 'b')", "b"),
        ("coalesce(${trong}, '')", ""),
        ("coalesce('a', 'b')", "a"),
        ("once('x')", "x"),
        ("position(..)", "1"),
        ("true()", "true"),
        ("false()", "false"),
        ("not(${trong})", "true"),
        ("boolean('false')", "true"),
        ("boolean(0)", "false"),
        ("boolean-from-string('true')", "true"),
        ("boolean-from-string('1')", "true"),
        ("boolean-from-string('yes')", "false"),
        ("checklist(1, 2, ${co}, ${khong}, ${co})", "true"),
        ("checklist(-1, 0, ${co})", "false"),
        ("weighted-checklist(3, -1, ${co}, 2, ${khong}, 5, ${co}, 1)", "true"),
        # selects
        ("selected(${mau}, 'do')", "true"),
        ("selected(${mau}, 'd')", "false"),
        ("selected(${mau}, 'tim')", "false"),
        ("selected-at(${mau}, 1)", "xanh"),
        ("selected-at(${mau}, 2)", ""),
        ("selected-at(${mau}, -1)", ""),
        ("count-selected(${mau})", "2"),
        ("count-selected(${trong})", "0"),
        ("jr:choice-name('do', '${mau}')", "Đỏ"),
        ("jr:choice-name(selected-at(${mau}, 1), '${mau}')", "Xanh"),
        ("jr:choice-name('tim', '${mau}')", ""),
        # several values
        ("count(${tuoi})", "1"),
        ("count(${missing})", "0"),
        ("count(${tuoi} | ${trong} | ${missing})", "2"),
        ("count-non-empty(${tuoi}, ${trong})", "1"),
        ("sum(${one} | ${tuoi} | ${trong})", "43"),
        ("sum(${trong})", "0"),
        ("min(${one}, ${tuoi}, ${trong})", "1"),
        ("max(${one} | ${tuoi})", "42"),
        ("max(${trong})", "NaN"),
        ("concat('a', 1, ${trong}, true())", "a1true"),
        ("join('-', 'a', 'b')", "a-b"),
        ("join(', ', ${one} | ${tuoi})", "1, 42"),
        # text
        ("string(1.50)", "1.5"),
        ("string-length('Đức')", "3"),
        ("normalize-space('  a   b ')", "a b"),
        ("contains(${ten}, 'Văn')", "true"),
        ("starts-with(${ten}, 'Nguyễn')", "true"),
        ("ends-with(${ten}, 'A')", "true"),
        ("substr('hello', 1, 3)", "el"),
        ("substr('hello', -2)", "lo"),
        ("substr('hello', 3)", "lo"),
        ("substring('hello', 2, 3)", "ell"),
        ("substring('hello', 1.5, 2.6)", "ell"),
        ("substring('hello', 0, 3)", "he"),
        ("substring-before('a/b/c', '/')", "a"),
        ("substring-before('abc', '/')", ""),
        ("substring-after('a/b/c', '/')", "b/c"),
        ("substring-after('abc', '/')", ""),
        ("translate('bar', 'abc', 'AB')", "BAr"),
        ("translate('a-b', '-', '')", "ab"),
        ("regex('0912345678', '0[0-9]{9}')", "true"),
        ("regex('x0912345678', '0[0-9]{9}')", "false"),
        ("digest('abc', 'SHA-1', 'hex')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("digest('abc', 'MD5')", "kAFQmDzST7DWlj99KOF/cg=="),
        ("digest('abc', 'none')", ""),
        # numbers
        ("number('12')", "12"),
        ("number('mười')", "NaN"),
        ("number(true())", "1"),
        ("number('')", "NaN"),
        ("int(3.9)", "3"),
        ("int(-3.9)", "-3"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("round(3.14159, 2)", "3.14"),
        ("round(1234, -2)", "1200"),
        ("abs(-3)", "3"),
        ("pow(2, 10)", "1024"),
        ("pow(10, 400)", "NaN"),
        ("sqrt(9)", "3"),
        ("sqrt(-1)", "NaN"),
        ("exp(0)", "1"),
        ("exp10(2)", "100"),
        ("log(1)", "0"),
        ("log(0)", "NaN"),
        ("log10(1000)", "3"),
        ("round(sin(pi() div 2), 6)", "1"),
        ("cos(0)", "1"),
        ("tan(0)", "0"),
        ("asin(0)", "0"),
        ("acos(1)", "0"),
        ("atan(0)", "0"),
        ("atan2(0, 1)", "0"),
        ("floor(1.9)", "1"),
        ("ceiling(1.1)", "2"),
        # days and times
        ("today()", "2026-03-05"),
        ("now()", "2026-03-05T18:00:00.000+00:00"),
        ("date('2026-03-05T10:00:00')", "2026-03-05"),
        ("date(0)", "1970-01-01"),
        ("date('never')", ""),
        ("date-time(0.5)", "1970-01-01T12:00:00.000"),
        ("decimal-date-time('1970-01-02T12:00:00')", "1.5"),
        ("decimal-time('06:00')", "0.25"),
        ("decimal-time(${gio}) > decimal-time('17:00')", "true"),
        ("decimal-time('x')", "NaN"),
        ("format-date(${ngay}, '%e/%n/%Y')", "5/3/2026"),
        ("format-date(${ngay}, '%d.%m.%y')", "05.03.26"),
        ("format-date(${trong}, '%Y')", ""),
        ("format-date-time(now(), '%H:%M:%S.%3 %h')", "18:00:00.000 18"),
    ],
)
def test_an_expression_has_the_value_odk_gives_it(text: str, value: str) -> None:
    assert evaluated(text) == value


def test_every_function_is_in_the_table_above() -> None:
    table = test_an_expression_has_the_value_odk_gives_it.pytestmark[0].args[1]  # type: ignore[attr-defined]
    tried = " ".join(text for text, _ in table)

    assert [name for name in FUNCTIONS if f"{name}(" not in tried and name != "random"] == []


def test_random_is_the_same_for_the_same_seed_and_differs_between_seeds() -> None:
    assert evaluated("random()") == evaluated("random()")
    assert evaluated("random()") != evaluated("random()", seed="another")
    assert 0 <= float(evaluated("random()")) < 1


def test_once_keeps_the_value_that_is_there() -> None:
    assert evaluated("once(random())", current="0.5") == "0.5"


def test_a_dot_is_the_questions_own_value() -> None:
    assert evaluated(". > 3 and string-length() = 1 and . = number()", current="4") == "true"


def test_month_names_are_in_the_language_in_use() -> None:
    assert evaluated("format-date(${ngay}, '%b')", language="en") == "Mar"
    assert evaluated("format-date(${ngay}, '%a')", language="vi") == "Th 5"
    assert evaluated("format-date(${ngay}, '%b')", language="no such") == "Mar"


def test_a_choice_filter_looks_at_the_columns_of_the_choice() -> None:
    expression = Expression("tinh = ${one} and starts-with(name, 'a')", of_choices=True)

    assert expression.columns == {"tinh", "name"}
    assert expression.evaluate(a_context(columns={"tinh": "1", "name": "abc"})) is True
    assert expression.evaluate(a_context(columns={"tinh": "2", "name": "abc"})) is False


def test_an_expression_knows_whom_it_asks() -> None:
    expression = Expression("jr:choice-name(${a}, '${b}') = 'x' or count(${c} | ${d}) > today()")

    assert expression.names == {"a", "b", "c", "d"}
    assert not expression.is_steady
    assert Expression("${a} = 1").is_steady


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "source is empty"),
        ("1 +", "unexpected end"),
        ("(1", "unexpected end"),
        ("1 = 2 = 3", "unexpected"),
        ("foo(1)", "there is no function foo()"),
        ("if(1, 2)", "if() takes 3 arguments, not 2"),
        ("today(1)", "today() takes 0 arguments, not 1"),
        ("concat()", "concat() takes at least 1 argument, not 0"),
        ("round(1, 2, 3)", "round() takes 1 to 2 arguments, not 3"),
        ("yes = 1", "“yes” is neither quoted text nor a question"),
        ("../a = 1", "a path"),
        ("/data/a = 1", "a path"),
        ("${a}[1]", "a path with a condition"),
        ("@a = 1", "an XML attribute"),
        ("${a} | ${b}", "a union"),
        ("count(1)", "write count(${question})"),
        ("count-non-empty('a')", "write count-non-empty(${question})"),
        ("jr:choice-name(${a}, ${b})", "must be written in quotes"),
        ("${last-saved#a}", "last-saved"),
        ("${a b} = 1", "is not a reference"),
        ("regex(., ${a})", "written out in quotes"),
        ("regex(., '(')", "cannot be read"),
        ("regex(., '(a+)+b')", "can take hours"),
        ("regex(., '(a|b*)*')", "can take hours"),
        ("regex(., '([a-z]+ ?){2,40}x')", "can take hours"),
        ("instance('x')/root/item[name = 1]/label", "reads an external list"),
        ("indexed-repeat(${a}, ${b}, 1)", "needs a repeat group"),
        ("pulldata('a', 'b', 'c', 'd')", "reads an external file"),
        ("'" + "a" * 9_000 + "'", "8000 is the limit"),
        ("(" * 1_000 + "1" + ")" * 1_000, "nested too deeply"),
        ("(" * 200 + "1" + ")" * 200, "nested too deeply"),
        ("+".join("1" * 500), "nested too deeply"),
        ("9" * 5_000, "cannot be read"),
    ],
)
def test_what_a_chat_cannot_evaluate_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadExpression) as refusal:
        Expression(text)

    assert reason in str(refusal.value)


@pytest.mark.parametrize("name", REFUSED)
def test_every_refused_function_says_why(name: str) -> None:
    with pytest.raises(BadExpression) as refusal:
        Expression(f"{name}('a')")

    assert REFUSED[name] in str(refusal.value)


def test_a_long_list_of_alternatives_is_not_deep() -> None:
    assert evaluated(" or ".join(f"${{tuoi}} = {number}" for number in range(43))) == "true"
    assert evaluated(" and ".join(f"${{tuoi}} != {number}" for number in range(43))) == "false"


def test_quoted_text_is_left_alone() -> None:
    assert (
        evaluated("""concat('it"s', "it's", 'a = b (c)', ' instance(')""")
        == """it"sit'sa = b (c) instance("""
    )


PIECES = st.sampled_from(
    [
        *"()[]/.,|@$*+-='\"<> \n{}:",
        "${a}",
        "and",
        "or",
        "div",
        "selected(",
        "if(",
        "jr:choice-name(",
        "'x'",
        "1",
        "1e9",
    ]
)


def expression_or_reason(text: str) -> Expression | str:
    """What came of it; anything but these two fails the test."""
    try:
        return Expression(text)
    except BadExpression as refusal:
        return str(refusal)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=15).map("".join)))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = expression_or_reason(text)

    assert str(found)
    if isinstance(found, Expression):
        assert isinstance(as_text(found.evaluate(a_context())), str)


VALUES = st.sampled_from(
    [
        "''",
        "'x'",
        "'2026-03-05'",
        "'-1'",
        "0",
        "1.5",
        "99999999999999999999",
        "true()",
        "${mau}",
        "${trong}",
        "today()",
    ]
)


@st.composite
def calls(draw: st.DrawFn) -> str:
    name = draw(
        st.sampled_from(sorted(set(FUNCTIONS) - {"regex", "jr:choice-name", "count", "count-non-empty"}))
    )
    function = FUNCTIONS[name]
    count = draw(
        st.integers(function.least, function.most if function.most is not None else function.least + 3)
    )
    inner = st.one_of(
        VALUES, VALUES.map(lambda value: f"(1 div {value})"), VALUES.map(lambda value: f"date({value})")
    )
    return f"{name}({', '.join(draw(inner) for _ in range(count))})"


@given(calls(), calls(), st.sampled_from(["+", "-", "*", "div", "mod", "=", "!=", "<", ">=", "and", "or"]))
def test_no_value_breaks_a_function(left: str, right: str, operator: str) -> None:
    value = Expression(f"{left} {operator} {right}").evaluate(a_context(current="7"))

    assert isinstance(as_text(value), str)


def test_a_very_long_answer_does_not_hold_up_a_pattern() -> None:
    expression = Expression("regex(., '[a-z ]*[a-z ]*[a-z ]*!')")

    assert expression.evaluate(a_context(current="a" * 4_000)) is False
    assert expression.evaluate(a_context(current="a" * 400)) is False


def test_numbers_are_written_as_people_write_them() -> None:
    assert as_text(1e20) == "1e+20"
    assert as_text(-0.5) == "-0.5"
    assert as_text(math.nan) == "NaN"
