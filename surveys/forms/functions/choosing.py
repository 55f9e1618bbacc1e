"""Functions that choose: between branches, and among the choices of a question."""

from collections.abc import Mapping

from surveys.forms.functions.calls import (
    ANY,
    Argument,
    BadExpression,
    Context,
    Function,
    Run,
    made,
    of_values,
)
from surveys.forms.lexical import Value, as_number, as_text, as_truth

__all__ = ["FUNCTIONS"]


def _if(arguments: tuple[Argument, ...]) -> Run:
    condition, then, otherwise = (argument.run for argument in arguments)
    return lambda context: then(context) if as_truth(condition(context)) else otherwise(context)


def _coalesce(arguments: tuple[Argument, ...]) -> Run:
    runs = [argument.run for argument in arguments]

    def run(context: Context) -> Value:
        for each in runs:
            value = each(context)
            if as_text(value) not in ("", "NaN"):
                return value
        return ""

    return run


def _once(arguments: tuple[Argument, ...]) -> Run:
    first = arguments[0].run
    return lambda context: context.current or first(context)


def _position(arguments: tuple[Argument, ...]) -> Run:
    # Only a repeat group has a second place, and a chat has no repeat groups.
    return lambda context: 1.0


def _true(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: True


def _false(arguments: tuple[Argument, ...]) -> Run:
    return lambda context: False


def _not(value: Value) -> Value:
    return not as_truth(value)


def _boolean(value: Value) -> Value:
    return as_truth(value)


def _boolean_from_string(value: Value) -> Value:
    return as_text(value) in ("true", "1")


def _checklist(least: Value, most: Value, *responses: Value) -> Value:
    return _within(float(sum(as_text(each) == "yes" for each in responses)), least, most)


def _weighted_checklist(least: Value, most: Value, *pairs: Value) -> Value:
    total = sum(
        as_number(weight)
        for each, weight in zip(pairs[::2], pairs[1::2], strict=False)
        if as_text(each) == "yes"
    )
    return _within(total, least, most)


def _within(total: float, least: Value, most: Value) -> bool:
    low, high = as_number(least), as_number(most)
    return (low == -1 or total >= low) and (high == -1 or total <= high)


def _selected(value: Value, name: Value) -> Value:
    return as_text(name).strip() in as_text(value).split()


def _selected_at(value: Value, place: Value) -> Value:
    names, number = as_text(value).split(), as_number(place)
    if not number >= 0 or number >= len(names):
        return ""
    return names[int(number)]


def _count_selected(value: Value) -> Value:
    return float(len(as_text(value).split()))


def _choice_name(arguments: tuple[Argument, ...]) -> Run:
    choice, question = arguments
    name = question.literal.strip() if isinstance(question.literal, str) else ""
    if not name.startswith("$"):
        raise BadExpression("the second argument of jr:choice-name must be written in quotes: '${question}'")
    name = name[1:].strip()
    return lambda context: context.choice_label(name, as_text(choice.run(context)))


FUNCTIONS: Mapping[str, Function] = {
    "if": made(_if, 3),
    "coalesce": made(_coalesce, 2, ANY),
    "once": made(_once, 1),
    "position": made(_position, 0, 1),
    "true": made(_true, 0),
    "false": made(_false, 0),
    "not": of_values(_not, 1),
    "boolean": of_values(_boolean, 1),
    "boolean-from-string": of_values(_boolean_from_string, 1),
    "checklist": of_values(_checklist, 3, ANY),
    "weighted-checklist": of_values(_weighted_checklist, 4, ANY),
    "selected": of_values(_selected, 2),
    "selected-at": of_values(_selected_at, 2),
    "count-selected": of_values(_count_selected, 1),
    "jr:choice-name": made(_choice_name, 2),
}
