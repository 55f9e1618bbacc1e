"""What the rows of an XLSForm mean in a chat: each becomes a question, or a fault that says why it cannot.

The spellings of columns and types are pyxform's; which of them a chat can ask, and what our own columns (`bind::ln:…`)
say, is decided here. Faults are collected, so that an author sees all of them at once.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from surveys.forms.cells import Cells, bind, bind_of, text_of
from surveys.forms.dialect import (
    EXTERNAL,
    KINDS,
    OTHER,
    OTHER_WORDS,
    OURS,
    REFUSED_COLUMNS,
    SPECIFY,
    why_not,
)
from surveys.forms.faults import Fault
from surveys.forms.form import Choice, Form, Kind, Question, Role, Words
from surveys.forms.sheets import Row, Sheets
from surveys.forms.xpath import Expression

__all__ = ["form_of"]

PARAMETER = re.compile(r"([\w-]+)\s*=\s*([^\s,;=]+)")
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
FEEDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}", re.ASCII)
REFERENCE = re.compile(r"\$\{[^}]+\}")


def form_of(sheets: Sheets) -> tuple[Form, list[Fault]]:
    """The form as far as it can be read, and what stands in the way. With faults the form is not to be used."""
    reader = _Reader(sheets)
    return reader.form(), reader.cells.faults


@dataclass(slots=True)
class _Group:
    name: str
    row: int
    relevant: str


@dataclass(slots=True)
class _Reader:
    sheets: Sheets
    cells: Cells = field(default_factory=Cells)
    lists: dict[str, tuple[Choice, ...]] = field(default_factory=dict)
    groups: list[_Group] = field(default_factory=list)

    def form(self) -> Form:
        settings = self.sheets.settings
        self._read_default_language()
        self._read_lists()
        questions = tuple(self._questions())
        for group in self.groups:
            self.cells.fault(
                "survey", group.row, "type", f"the group “{group.name}” begins here and never ends"
            )
        return Form(
            id=self._identifier("form_id", settings.get("id_string"), IDENTIFIER),
            version=self._identifier("version", settings.get("version"), VERSION),
            title=self._title(settings.get("title")),
            languages=tuple(dict.fromkeys([self.cells.default_language, *self.cells.languages])),
            questions=questions,
            digest="",
            unreviewed=frozenset(re.split(r"[\s,;]+", self._our_setting("unreviewed").strip())) - {""},
        )

    # ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _identifier(self, column: str, value: Any, pattern: re.Pattern[str]) -> str:
        text = str(value or "").strip()
        if not text:
            self.cells.fault(
                "settings", 2, column, "is missing: a published form is known by its id and version for ever"
            )
        elif not pattern.fullmatch(text):
            self.cells.fault(
                "settings",
                2,
                column,
                f"“{text[:80]}” may hold only letters, digits, “_”, “-” (and “.” in a version)",
            )
        return text

    def _title(self, written: Any) -> Words:
        if isinstance(written, dict):
            reason = "a form's title has one language in ODK; write the others in ln:title::Language (xx)"
            self.cells.fault("settings", 2, "form_title", reason)
        further = self.sheets.settings.get("ln:title")
        return MappingProxyType(
            {
                **self.cells.words("settings", None, "form_title", written),
                **self.cells.words(
                    "settings", None, "ln:title", further if isinstance(further, dict) else None
                ),
            }
        )

    def _our_setting(self, name: str) -> str:
        # A settings sheet whose headers hold no “::” has its single colons split by pyxform.
        settings = self.sheets.settings
        split = settings.get("ln")
        value = settings.get(f"ln:{name}") or (split.get(name) if isinstance(split, dict) else None)
        return str(value or "")

    def _read_default_language(self) -> None:
        written = str(self.sheets.settings.get("default_language") or "").strip()
        if written and written != "default":
            self.cells.default_language = self.cells.language("settings", "default_language", written) or "vi"

    # ── choices ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_lists(self) -> None:
        lists: dict[str, dict[str, Choice]] = {}
        for number, row in enumerate(self.sheets.choices, start=2):
            if not row:
                continue
            list_name = text_of(row.get("list name"))
            name = text_of(row.get("name"))
            if not list_name or not name:
                self.cells.fault("choices", number, "name" if list_name else "list_name", "is missing")
                continue
            if " " in name:
                self.cells.fault(
                    "choices",
                    number,
                    "name",
                    f"“{name}” may hold no spaces: several names are kept side by side",
                )
            if "media" in row:
                self.cells.fault("choices", number, "media", REFUSED_COLUMNS["media"])
            label = self.cells.words("choices", number, "label", row.get("label"))
            if self.cells.default_language not in label:
                self.cells.fault(
                    "choices",
                    number,
                    "label",
                    f"is missing in “{self.cells.default_language}”, the form's language",
                )
            members = lists.setdefault(list_name, {})
            if name in members:
                self.cells.fault(
                    "choices", number, "name", f"“{name}” stands twice in the list “{list_name}”"
                )
            members[name] = Choice(name, label, MappingProxyType(_further_columns(row)))
        self.lists = {name: tuple(members.values()) for name, members in lists.items()}

    # ── the survey sheet ─────────────────────────────────────────────────────────────────────────────────────────────

    def _questions(self) -> Iterator[Question]:
        from pyxform import aliases
        from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL, RE_SELECT

        for number, row in enumerate(self.sheets.survey, start=2):
            if aliases.yes_no.get(row.get("disabled", "no")):
                continue
            if not text_of(row.get("type")):
                # Without a name and a label the row is a remark of the author's.
                if text_of(row.get("name")) or row.get("label"):
                    self.cells.fault("survey", number, "type", "is missing")
                continue
            kind = " ".join(text_of(row["type"]).split())
            if found := RE_BEGIN_CONTROL.search(kind):
                self._begin(number, row, aliases.control[found["type"]])
            elif found := RE_END_CONTROL.search(kind):
                self._end(number, aliases.control[found["type"]])
            elif found := RE_SELECT.search(kind):
                command = aliases.select[found["select_command"]]
                yield from self._select(number, row, found["select_command"], command, found)
            elif kind in KINDS:
                yield from self._question(number, row, KINDS[kind])
            else:
                self.cells.fault("survey", number, "type", why_not(kind))

    def _begin(self, number: int, row: Row, control: str) -> None:
        name = text_of(row.get("name")) or "?"
        if control != "group":
            self.cells.fault(
                "survey", number, "type", "a chat cannot repeat a group of questions; ask the few that matter"
            )
        self._refuse_columns(number, row)
        self.groups.append(_Group(name, number, bind(row, "relevant")))

    def _end(self, number: int, control: str) -> None:
        if self.groups:
            self.groups.pop()
        elif control == "group":
            self.cells.fault("survey", number, "type", "no group is open here")

    def _select(self, number: int, row: Row, written: str, command: str, found: Any) -> Iterator[Question]:
        list_name = found["list_name"]
        if command == "select one external" or "file" in written:
            self.cells.fault("survey", number, "type", f"{written.replace(' ', '_')} needs {EXTERNAL}")
            return
        if REFERENCE.search(list_name):
            self.cells.fault(
                "survey",
                number,
                "type",
                "choosing among earlier answers needs a repeat group, and a chat has none",
            )
            return
        if list_name not in self.lists:
            self.cells.fault("survey", number, "type", f"there is no list “{list_name}” on the choices sheet")
            return
        yield from self._question(
            number,
            row,
            KINDS[command],
            choices=self.lists[list_name],
            or_other=found["specify_other"] is not None,
        )

    def _question(
        self, number: int, row: Row, kind: Kind, *, choices: tuple[Choice, ...] = (), or_other: bool = False
    ) -> Iterator[Question]:
        name = text_of(row.get("name")) or (f"note_{number}" if kind is Kind.NOTE else "")
        if not IDENTIFIER.fullmatch(name):
            reason = (
                f"“{name[:80]}” must be a letter, then letters, digits, “_” or “-”, 64 at most"
                if name
                else "is missing"
            )
            self.cells.fault("survey", number, "name", reason)
        self._refuse_columns(number, row)
        relevant = self._relevant(number, row)
        parameters = dict(PARAMETER.findall(text_of(row.get("parameters"))))
        if or_other:
            choices = self._with_other(number, row, choices)
        question = Question(
            name=name,
            kind=kind,
            row=number,
            groups=tuple(group.name for group in self.groups),
            label=self.cells.words("survey", number, "label", row.get("label")),
            hint=self.cells.words("survey", number, "hint", row.get("hint")),
            choices=choices,
            relevant=relevant,
            constraint=self.cells.expression(number, "constraint", bind(row, "constraint")),
            constraint_message=self.cells.words(
                "survey", number, "constraint_message", bind_of(row, "jr:constraintMsg")
            ),
            required=self._required(number, row),
            required_message=self.cells.words(
                "survey", number, "required_message", bind_of(row, "jr:requiredMsg")
            ),
            default=self._default(number, row, kind, choices),
            calculation=self._calculation(number, row, kind),
            choice_filter=self._choice_filter(number, row, choices),
            or_other=or_other,
            randomize=parameters.get("randomize", "").lower() == "true",
            seed=self._seed(number, parameters.get("seed")),
            span=_span(parameters) if kind is Kind.RANGE else None,
            appearance=text_of((row.get("control") or {}).get("appearance")),
            role=self._role(number, row),
            feeds=self._feeds(number, row),
            source=bind(row, "ln:source"),
        )
        yield question
        if or_other:
            yield self._specify(question)

    def _refuse_columns(self, number: int, row: Row) -> None:
        for column, reason in REFUSED_COLUMNS.items():
            if row.get(column):
                self.cells.fault("survey", number, column, reason)
        bind = row.get("bind") or {}
        for name in bind:
            if name.startswith("ln:") and name not in OURS:
                self.cells.fault(
                    "survey", number, f"bind::{name}", f"is not known; known are {', '.join(sorted(OURS))}"
                )
            elif name == "entities:saveto":
                self.cells.fault("survey", number, "save_to", "would carry answers to another form")
            elif name == "jr:preload":
                self.cells.fault("survey", number, f"bind::{name}", "reads the device, and a chat must not")

    def _relevant(self, number: int, row: Row) -> Expression | None:
        parts = [part for part in (*(group.relevant for group in self.groups), bind(row, "relevant")) if part]
        for part in parts[:-1] if len(parts) > 1 else []:
            # Each part must stand on its own, or the brackets around it would mend what is broken.
            if self.cells.expression(number, "relevant", part) is None:
                return None
        if len(parts) > 1 and self.cells.expression(number, "relevant", parts[-1]) is None:
            return None
        joined = parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)
        return self.cells.expression(number, "relevant", joined)

    def _required(self, number: int, row: Row) -> Expression | bool:
        from pyxform import aliases

        written = bind(row, "required")
        if not written:
            return False
        if written in aliases.yes_no:
            return bool(aliases.yes_no[written])
        return self.cells.expression(number, "required", written) or False

    def _default(
        self, number: int, row: Row, kind: Kind, choices: tuple[Choice, ...]
    ) -> Expression | str | None:
        from pyxform.utils import default_is_dynamic

        written = text_of(row.get("default"))
        if not written:
            return None
        if default_is_dynamic(written, kind.value):  # type: ignore[no-untyped-call]
            return self.cells.expression(number, "default", written)
        names = {choice.name for choice in choices}
        if choices and not names.issuperset(written.split()):
            self.cells.fault(
                "survey", number, "default", f"“{written[:80]}” is not one of the choices' names"
            )
        return written

    def _calculation(self, number: int, row: Row, kind: Kind) -> Expression | None:
        written = bind(row, "calculate")
        if kind is Kind.CALCULATE and not written and not text_of(row.get("default")):
            self.cells.fault("survey", number, "calculation", "is missing")
        if written and kind not in (Kind.CALCULATE, Kind.HIDDEN, Kind.NOTE):
            self.cells.fault(
                "survey",
                number,
                "calculation",
                "a question that is asked is not calculated; use a calculate row",
            )
            return None
        return self.cells.expression(number, "calculation", written)

    def _choice_filter(self, number: int, row: Row, choices: tuple[Choice, ...]) -> Expression | None:
        written = text_of(row.get("choice_filter"))
        if not written:
            return None
        expression = self.cells.expression(number, "choice_filter", written, of_choices=True)
        known = {"name", "label", *(column for choice in choices for column in choice.columns)}
        for column in sorted(expression.columns - known) if expression else []:
            self.cells.fault("survey", number, "choice_filter", f"the choices have no column “{column}”")
        return expression

    def _seed(self, number: int, written: str | None) -> Expression | str | None:
        if written is None or not written.startswith("$"):
            return written
        return self.cells.expression(number, "parameters", written)

    def _role(self, number: int, row: Row) -> Role | None:
        written = bind(row, "ln:role")
        if not written:
            return None
        try:
            return Role(written)
        except ValueError:
            self.cells.fault(
                "survey", number, "bind::ln:role", f"“{written[:60]}” is none of {', '.join(Role)}"
            )
            return None

    def _feeds(self, number: int, row: Row) -> str | None:
        written = bind(row, "ln:feeds")
        if written and not FEEDS.fullmatch(written):
            self.cells.fault(
                "survey", number, "bind::ln:feeds", f"“{written[:60]}” is no criterion's name, such as S1:L96"
            )
        return written or None

    # ── or_other ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _with_other(self, number: int, row: Row, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if text_of(row.get("choice_filter")):
            self.cells.fault(
                "survey", number, "choice_filter", "or_other and choice_filter do not go together"
            )
        if any(choice.name == OTHER for choice in choices):
            return choices
        return (*choices, Choice(OTHER, self.cells.in_every_language(OTHER_WORDS)))

    def _specify(self, question: Question) -> Question:
        """The text that says which other one: ODK makes the same question, under the same name."""
        chosen = f"selected(${{{question.name}}}, '{OTHER}')"
        if question.relevant is not None:
            chosen = f"({question.relevant.text}) and {chosen}"
        return Question(
            name=f"{question.name}_other",
            kind=Kind.TEXT,
            row=question.row,
            groups=question.groups,
            label=self.cells.in_every_language(SPECIFY),
            relevant=self.cells.expression(question.row, "type", chosen),
            source=question.source,
        )


def _further_columns(row: Row) -> dict[str, str]:
    known = {"list name", "name", "label", "media", "__row"}
    return {column: value for column, value in row.items() if column not in known and isinstance(value, str)}


def _span(parameters: Mapping[str, str]) -> tuple[str, str, str]:
    """start, end, step, with ODK's defaults."""
    return parameters.get("start", "1"), parameters.get("end", "10"), parameters.get("step", "1")
