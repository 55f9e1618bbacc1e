"""A form as canonical JSON and back: what is stored, hashed and shipped. It never needs pyxform, so loading is quick."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from surveys.forms.form import NOTHING, Choice, Form, Kind, Question, Role, Words
from surveys.forms.xpath import Expression

__all__ = ["form_from_json", "form_to_json", "with_digest"]

WORDS = ("label", "hint", "constraint_message", "required_message")
EXPRESSIONS = ("relevant", "constraint", "calculation", "choice_filter")
EXPRESSIONS_OR_PLAIN = ("required", "default", "seed")
FLAGS = ("or_other", "randomize")
PLAIN = ("appearance", "feeds", "source")


def form_to_json(form: Form) -> str:
    """The form's canonical JSON: sorted keys, no spaces, nothing that is at its default. The digest is not in it."""
    body: dict[str, Any] = {
        "id": form.id,
        "version": form.version,
        "title": dict(form.title),
        "languages": list(form.languages),
        "questions": [_question_out(question) for question in form.questions],
    }
    if form.unreviewed:
        body["unreviewed"] = sorted(form.unreviewed)
    return _canonical(body)


def form_from_json(text: str) -> Form:
    """Raises ValueError (BadExpression among them), KeyError or TypeError when the text is not a form's JSON."""
    body = json.loads(text)
    lists: dict[str, tuple[Choice, ...]] = {}
    return Form(
        id=body["id"],
        version=body["version"],
        title=_words(body["title"]),
        languages=tuple(body["languages"]),
        questions=tuple(_question_in(each, lists) for each in body["questions"]),
        digest=_digest(_canonical(body)),
        unreviewed=frozenset(body.get("unreviewed", ())),
    )


def with_digest(form: Form) -> Form:
    """The same form under the digest of its canonical JSON."""
    return replace(form, digest=_digest(form_to_json(form)))


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _question_out(question: Question) -> dict[str, Any]:
    out: dict[str, Any] = {"name": question.name, "kind": question.kind.value, "row": question.row}
    if question.groups:
        out["groups"] = list(question.groups)
    if question.choices:
        out["choices"] = [_choice_out(choice) for choice in question.choices]
    if question.span:
        out["span"] = list(question.span)
    if question.role:
        out["role"] = question.role.value
    for name in WORDS:
        if words := getattr(question, name):
            out[name] = dict(words)
    for name in EXPRESSIONS:
        if (expression := getattr(question, name)) is not None:
            out[name] = expression.text
    for name in EXPRESSIONS_OR_PLAIN:
        value = getattr(question, name)
        if isinstance(value, Expression):
            out[name] = {"expression": value.text}
        elif value not in (None, False):
            out[name] = value
    for name in (*FLAGS, *PLAIN):
        if value := getattr(question, name):
            out[name] = value
    return out


def _choice_out(choice: Choice) -> dict[str, Any]:
    out: dict[str, Any] = {"name": choice.name, "label": dict(choice.label)}
    if choice.columns:
        out["columns"] = dict(choice.columns)
    return out


def _question_in(body: Mapping[str, Any], lists: dict[str, tuple[Choice, ...]]) -> Question:
    fields: dict[str, Any] = {
        "name": body["name"],
        "kind": Kind(body["kind"]),
        "row": body["row"],
        "groups": tuple(body.get("groups", ())),
        "choices": _choices_in(body.get("choices", ()), lists),
        "span": tuple(body["span"]) if "span" in body else None,
        "role": Role(body["role"]) if "role" in body else None,
    }
    for name in WORDS:
        fields[name] = _words(body.get(name))
    for name in EXPRESSIONS:
        if name in body:
            fields[name] = Expression(body[name], of_choices=name == "choice_filter")
    for name in EXPRESSIONS_OR_PLAIN:
        if name in body:
            value = body[name]
            fields[name] = Expression(value["expression"]) if isinstance(value, dict) else value
    fields.update({name: body[name] for name in (*FLAGS, *PLAIN) if name in body})
    return Question(**fields)


def _choices_in(bodies: Any, lists: dict[str, tuple[Choice, ...]]) -> tuple[Choice, ...]:
    # A dozen questions share one scale: it is kept once.
    key = json.dumps(bodies, sort_keys=True)
    if key not in lists:
        lists[key] = tuple(
            Choice(each["name"], _words(each["label"]), MappingProxyType(dict(each.get("columns", {}))))
            for each in bodies
        )
    return lists[key]


def _words(body: Mapping[str, str] | None) -> Words:
    return MappingProxyType(dict(body)) if body else NOTHING
