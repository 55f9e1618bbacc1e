"""What the rows of an XLSForm mean in a chat: each becomes a question, or a fault that says why it cannot.

The spellings of columns and types are pyxform's; which of them a chat can ask, and what our own columns (`bind::ln:…`)
say, is decided here. Faults are collected, so that an author sees all of them at once.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from surveys.forms.faults import Fault, FormFaults
from surveys.forms.form import NOTHING, Choice, Form, Kind, Question, Role, Words
from surveys.forms.xpath import BadExpression, Expression

__all__ = ["Sheets", "form_of"]

Row = Mapping[str, Any]

KINDS = {
    "note": Kind.NOTE,
    "select one": Kind.SELECT_ONE,
    "select all that apply": Kind.SELECT_MULTIPLE,
    "rank": Kind.RANK,
    "integer": Kind.INTEGER,
    "int": Kind.INTEGER,
    "decimal": Kind.DECIMAL,
    "range": Kind.RANGE,
    "text": Kind.TEXT,
    "string": Kind.TEXT,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "acknowledge": Kind.ACKNOWLEDGE,
    "trigger": Kind.ACKNOWLEDGE,
    "geopoint": Kind.GEOPOINT,
    "location": Kind.GEOPOINT,
    "gps": Kind.GEOPOINT,
    "photo": Kind.IMAGE,
    "calculate": Kind.CALCULATE,
    "hidden": Kind.HIDDEN,
}

NO_TIMES = "records when a person answered, and a ballot carries no times; delete this row"
NO_DEVICE = "tells who the person is, and a ballot is under no name; delete this row"
NO_RECORDING = "a voice, a face or a file may name the person; ask for text or a picture of the place"
NO_MAP = "needs drawing on a map, which a chat cannot; ask for one geopoint"
EXTERNAL = "an external list; put the choices on the choices sheet"
REFUSED_TYPES = {
    "barcode": "a chat cannot scan barcodes",
    "audit": "records every step of a person, and a ballot does not; delete this row",
    **dict.fromkeys(("start", "end", "today", "start time", "end time"), NO_TIMES),
    **dict.fromkeys(("get start time", "get end time", "get today"), NO_TIMES),
    **dict.fromkeys(
        ("deviceid", "subscriberid", "simserial", "phonenumber", "username", "email", "imei"), NO_DEVICE
    ),
    **dict.fromkeys(("audio", "video", "file", "background-audio"), NO_RECORDING),
    **dict.fromkeys(("geotrace", "geoshape"), NO_MAP),
    **dict.fromkeys(
        ("start-geopoint", "background-geopoint"), "takes a person's place without asking; use geopoint"
    ),
    **dict.fromkeys(("datetime", "date time"), "ask for the date and the time in two questions"),
    **dict.fromkeys(("csv-external", "xml-external"), EXTERNAL),
    "osm": NO_MAP,
}
REFUSED_COLUMNS = {
    "trigger": "a value that changes when another question does; use a calculation",
    "media": "a chat question is text; put the picture's content into words",
    "intent": "another app on the phone; a chat has none",
}
BINDS = {"relevant", "constraint", "required", "calculate", "jr:constraintMsg", "jr:requiredMsg"}
OURS = {"ln:role", "ln:feeds", "ln:source"}

OTHER, OTHER_WORDS = "other", {"vi": "Khác", "en": "Other", "km": "ផ្សេងទៀត"}
SPECIFY = {"vi": "Xin ông/bà ghi rõ:", "en": "Please say which:", "km": "សូមបញ្ជាក់៖"}

LANGUAGE = re.compile(r"\(\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9]+)?\s*\)\s*$")
LANGUAGE_NAMES = {
    "vietnamese": "vi",
    "tiếng việt": "vi",
    "vi": "vi",
    "english": "en",
    "tiếng anh": "en",
    "en": "en",
    "khmer": "km",
    "tiếng khmer": "km",
    "ភាសាខ្មែរ": "km",
    "km": "km",
}
DEFAULT = "default"  # what pyxform calls a column without a language
REVEAL = str.maketrans("\ue001\ue002\ue003\ue004", "“”‘’")
PARAMETER = re.compile(r"([\w-]+)\s*=\s*([^\s,;=]+)")
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
FEEDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}", re.ASCII)
REFERENCE = re.compile(r"\$\{[^}]+\}")


@dataclass(frozen=True, slots=True)
class Sheets:
    """The three sheets with pyxform's names for their columns."""

    survey: Sequence[Row]
    choices: Sequence[Row]
    settings: Row

    @classmethod
    def of(cls, workbook: Any) -> "Sheets":
        """`workbook` is pyxform's DefinitionData; it may be changed. Raises FormFaults on columns that contradict."""
        from pyxform import aliases
        from pyxform.errors import PyXFormError
        from pyxform.parsing.sheet_headers import dealias_and_group_headers
        from pyxform.question import MultipleChoiceQuestion, Option
        from pyxform.survey import Survey
        from pyxform.xls2json import dealias_types

        def named(sheet: str, spellings: Any, columns: Any) -> list[dict[str, Any]]:
            cells = getattr(workbook, sheet)
            header = getattr(workbook, f"{sheet}_header")
            if not cells:
                return []
            try:
                return list(dealias_and_group_headers(sheet, cells, header, spellings, set(columns)).data)
            except PyXFormError as problem:
                raise FormFaults([Fault(sheet, 1, None, str(problem))]) from None

        settings = named("settings", aliases.settings_header, Survey.get_slot_names())
        return cls(
            survey=dealias_types(  # type: ignore[no-untyped-call]
                named("survey", aliases.survey_header, MultipleChoiceQuestion.get_slot_names())
            ),
            choices=named("choices", aliases.list_header, Option.get_slot_names()),
            settings=settings[0] if settings else {},
        )


def form_of(sheets: Sheets) -> tuple[Form, list[Fault]]:
    """The form as far as it can be read, and what stands in the way. With faults the form is not to be used."""
    reader = _Reader(sheets)
    return reader.form(), reader.faults


@dataclass(slots=True)
class _Group:
    name: str
    row: int
    relevant: str


@dataclass(slots=True)
class _Reader:
    sheets: Sheets
    faults: list[Fault] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    default_language: str = "vi"
    lists: dict[str, tuple[Choice, ...]] = field(default_factory=dict)
    groups: list[_Group] = field(default_factory=list)

    def form(self) -> Form:
        settings = self.sheets.settings
        self._read_default_language()
        self._read_lists()
        questions = tuple(self._questions())
        for group in self.groups:
            self._fault("survey", group.row, "type", f"the group “{group.name}” begins here and never ends")
        return Form(
            id=self._identifier("form_id", settings.get("id_string"), IDENTIFIER),
            version=self._identifier("version", settings.get("version"), VERSION),
            title=self._title(settings.get("title")),
            languages=tuple(dict.fromkeys([self.default_language, *self.languages])),
            questions=questions,
            digest="",
            unreviewed=frozenset(re.split(r"[\s,;]+", self._our_setting("unreviewed").strip())) - {""},
        )

    # ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _identifier(self, column: str, value: Any, pattern: re.Pattern[str]) -> str:
        text = str(value or "").strip()
        if not text:
            self._fault(
                "settings", 2, column, "is missing: a published form is known by its id and version for ever"
            )
        elif not pattern.fullmatch(text):
            self._fault(
                "settings",
                2,
                column,
                f"“{text[:80]}” may hold only letters, digits, “_”, “-” (and “.” in a version)",
            )
        return text

    def _title(self, written: Any) -> Words:
        if isinstance(written, dict):
            reason = "a form's title has one language in ODK; write the others in ln:title::Language (xx)"
            self._fault("settings", 2, "form_title", reason)
        further = self.sheets.settings.get("ln:title")
        return MappingProxyType(
            {
                **self._words("settings", None, "form_title", written),
                **self._words("settings", None, "ln:title", further if isinstance(further, dict) else None),
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
        if written and written != DEFAULT:
            self.default_language = self._language("settings", "default_language", written) or "vi"

    def _language(self, sheet: str, column: str, name: str) -> str | None:
        if name == DEFAULT:
            return self.default_language
        found = LANGUAGE.search(name)
        code = found[1].lower() if found else LANGUAGE_NAMES.get(name.strip().lower())
        if code is None:
            self._once(
                Fault(
                    sheet, 1, column, f"the language “{name[:60]}” needs its code: write “{name[:60]} (xx)”"
                )
            )
        return code

    # ── choices ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_lists(self) -> None:
        lists: dict[str, dict[str, Choice]] = {}
        for number, row in enumerate(self.sheets.choices, start=2):
            if not row:
                continue
            list_name = _text(row.get("list name"))
            name = _text(row.get("name"))
            if not list_name or not name:
                self._fault("choices", number, "name" if list_name else "list_name", "is missing")
                continue
            if " " in name:
                self._fault(
                    "choices",
                    number,
                    "name",
                    f"“{name}” may hold no spaces: several names are kept side by side",
                )
            if "media" in row:
                self._fault("choices", number, "media", REFUSED_COLUMNS["media"])
            label = self._words("choices", number, "label", row.get("label"))
            if self.default_language not in label:
                self._fault(
                    "choices",
                    number,
                    "label",
                    f"is missing in “{self.default_language}”, the form's language",
                )
            members = lists.setdefault(list_name, {})
            if name in members:
                self._fault("choices", number, "name", f"“{name}” stands twice in the list “{list_name}”")
            members[name] = Choice(name, label, MappingProxyType(_further_columns(row)))
        self.lists = {name: tuple(members.values()) for name, members in lists.items()}

    # ── the survey sheet ─────────────────────────────────────────────────────────────────────────────────────────────

    def _questions(self) -> Iterator[Question]:
        from pyxform import aliases
        from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL, RE_SELECT

        for number, row in enumerate(self.sheets.survey, start=2):
            if aliases.yes_no.get(row.get("disabled", "no")):
                continue
            if not _text(row.get("type")):
                # Without a name and a label the row is a remark of the author's.
                if _text(row.get("name")) or row.get("label"):
                    self._fault("survey", number, "type", "is missing")
                continue
            kind = " ".join(_text(row["type"]).split())
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
                self._fault("survey", number, "type", _why_not(kind))

    def _begin(self, number: int, row: Row, control: str) -> None:
        name = _text(row.get("name")) or "?"
        if control != "group":
            self._fault(
                "survey", number, "type", "a chat cannot repeat a group of questions; ask the few that matter"
            )
        self._refuse_columns(number, row)
        self.groups.append(_Group(name, number, _bind(row, "relevant")))

    def _end(self, number: int, control: str) -> None:
        if self.groups:
            self.groups.pop()
        elif control == "group":
            self._fault("survey", number, "type", "no group is open here")

    def _select(self, number: int, row: Row, written: str, command: str, found: Any) -> Iterator[Question]:
        list_name = found["list_name"]
        if command == "select one external" or "file" in written:
            self._fault("survey", number, "type", f"{written.replace(' ', '_')} needs {EXTERNAL}")
            return
        if REFERENCE.search(list_name):
            self._fault(
                "survey",
                number,
                "type",
                "choosing among earlier answers needs a repeat group, and a chat has none",
            )
            return
        if list_name not in self.lists:
            self._fault("survey", number, "type", f"there is no list “{list_name}” on the choices sheet")
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
        name = _text(row.get("name")) or (f"note_{number}" if kind is Kind.NOTE else "")
        if not IDENTIFIER.fullmatch(name):
            reason = (
                f"“{name[:80]}” must be a letter, then letters, digits, “_” or “-”, 64 at most"
                if name
                else "is missing"
            )
            self._fault("survey", number, "name", reason)
        self._refuse_columns(number, row)
        relevant = self._relevant(number, row)
        parameters = dict(PARAMETER.findall(_text(row.get("parameters"))))
        if or_other:
            choices = self._with_other(number, row, choices)
        question = Question(
            name=name,
            kind=kind,
            row=number,
            groups=tuple(group.name for group in self.groups),
            label=self._words("survey", number, "label", row.get("label")),
            hint=self._words("survey", number, "hint", row.get("hint")),
            choices=choices,
            relevant=relevant,
            constraint=self._expression(number, "constraint", _bind(row, "constraint")),
            constraint_message=self._words(
                "survey", number, "constraint_message", _bind_of(row, "jr:constraintMsg")
            ),
            required=self._required(number, row),
            required_message=self._words(
                "survey", number, "required_message", _bind_of(row, "jr:requiredMsg")
            ),
            default=self._default(number, row, kind, choices),
            calculation=self._calculation(number, row, kind),
            choice_filter=self._choice_filter(number, row, choices),
            or_other=or_other,
            randomize=parameters.get("randomize", "").lower() == "true",
            seed=self._seed(number, parameters.get("seed")),
            span=_span(parameters) if kind is Kind.RANGE else None,
            appearance=_text((row.get("control") or {}).get("appearance")),
            role=self._role(number, row),
            feeds=self._feeds(number, row),
            source=_bind(row, "ln:source"),
        )
        yield question
        if or_other:
            yield self._specify(question)

    def _refuse_columns(self, number: int, row: Row) -> None:
        for column, reason in REFUSED_COLUMNS.items():
            if row.get(column):
                self._fault("survey", number, column, reason)
        bind = row.get("bind") or {}
        for name in bind:
            if name.startswith("ln:") and name not in OURS:
                self._fault(
                    "survey", number, f"bind::{name}", f"is not known; known are {', '.join(sorted(OURS))}"
                )
            elif name == "entities:saveto":
                self._fault("survey", number, "save_to", "would carry answers to another form")
            elif name == "jr:preload":
                self._fault("survey", number, f"bind::{name}", "reads the device, and a chat must not")

    def _relevant(self, number: int, row: Row) -> Expression | None:
        parts = [
            part for part in (*(group.relevant for group in self.groups), _bind(row, "relevant")) if part
        ]
        for part in parts[:-1] if len(parts) > 1 else []:
            # Each part must stand on its own, or the brackets around it would mend what is broken.
            if self._expression(number, "relevant", part) is None:
                return None
        if len(parts) > 1 and self._expression(number, "relevant", parts[-1]) is None:
            return None
        joined = parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)
        return self._expression(number, "relevant", joined)

    def _required(self, number: int, row: Row) -> Expression | bool:
        from pyxform import aliases

        written = _bind(row, "required")
        if not written:
            return False
        if written in aliases.yes_no:
            return bool(aliases.yes_no[written])
        return self._expression(number, "required", written) or False

    def _default(
        self, number: int, row: Row, kind: Kind, choices: tuple[Choice, ...]
    ) -> Expression | str | None:
        from pyxform.utils import default_is_dynamic

        written = _text(row.get("default"))
        if not written:
            return None
        if default_is_dynamic(written, kind.value):  # type: ignore[no-untyped-call]
            return self._expression(number, "default", written)
        names = {choice.name for choice in choices}
        if choices and not names.issuperset(written.split()):
            self._fault("survey", number, "default", f"“{written[:80]}” is not one of the choices' names")
        return written

    def _calculation(self, number: int, row: Row, kind: Kind) -> Expression | None:
        written = _bind(row, "calculate")
        if kind is Kind.CALCULATE and not written and not _text(row.get("default")):
            self._fault("survey", number, "calculation", "is missing")
        if written and kind not in (Kind.CALCULATE, Kind.HIDDEN, Kind.NOTE):
            self._fault(
                "survey",
                number,
                "calculation",
                "a question that is asked is not calculated; use a calculate row",
            )
            return None
        return self._expression(number, "calculation", written)

    def _choice_filter(self, number: int, row: Row, choices: tuple[Choice, ...]) -> Expression | None:
        written = _text(row.get("choice_filter"))
        if not written:
            return None
        expression = self._expression(number, "choice_filter", written, of_choices=True)
        known = {"name", "label", *(column for choice in choices for column in choice.columns)}
        for column in sorted(expression.columns - known) if expression else []:
            self._fault("survey", number, "choice_filter", f"the choices have no column “{column}”")
        return expression

    def _seed(self, number: int, written: str | None) -> Expression | str | None:
        if written is None or not written.startswith("$"):
            return written
        return self._expression(number, "parameters", written)

    def _role(self, number: int, row: Row) -> Role | None:
        written = _bind(row, "ln:role")
        if not written:
            return None
        try:
            return Role(written)
        except ValueError:
            self._fault("survey", number, "bind::ln:role", f"“{written[:60]}” is none of {', '.join(Role)}")
            return None

    def _feeds(self, number: int, row: Row) -> str | None:
        written = _bind(row, "ln:feeds")
        if written and not FEEDS.fullmatch(written):
            self._fault(
                "survey", number, "bind::ln:feeds", f"“{written[:60]}” is no criterion's name, such as S1:L96"
            )
        return written or None

    # ── or_other ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _with_other(self, number: int, row: Row, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        if _text(row.get("choice_filter")):
            self._fault("survey", number, "choice_filter", "or_other and choice_filter do not go together")
        if any(choice.name == OTHER for choice in choices):
            return choices
        return (*choices, Choice(OTHER, self._in_every_language(OTHER_WORDS)))

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
            label=self._in_every_language(SPECIFY),
            relevant=self._expression(question.row, "type", chosen),
            source=question.source,
        )

    def _in_every_language(self, words: Mapping[str, str]) -> Words:
        languages = dict.fromkeys([self.default_language, *self.languages])
        return MappingProxyType({language: words.get(language, words["en"]) for language in languages})

    # ── cells ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _expression(
        self, number: int, column: str, text: str, *, of_choices: bool = False
    ) -> Expression | None:
        if not text:
            return None
        try:
            return Expression(text, of_choices=of_choices)
        except BadExpression as problem:
            self._once(Fault("survey", number, column, f"{problem} (in “{text[:120]}”)"))
            return None

    def _words(self, sheet: str, number: int | None, column: str, cell: Any) -> Words:
        if not cell:
            return NOTHING
        by_name = cell if isinstance(cell, dict) else {DEFAULT: cell}
        words: dict[str, str] = {}
        for name, value in by_name.items():
            code = self._language(sheet, column, str(name))
            if code is None or not isinstance(value, str):
                continue
            if name == DEFAULT and code in words:
                continue  # the column with the language's name says it better
            words[code] = unicodedata.normalize("NFC", value.translate(REVEAL)).strip()
            if code not in self.languages:
                self.languages.append(code)
        return MappingProxyType(words)

    def _fault(self, sheet: str, row: int | None, column: str | None, reason: str) -> None:
        self.faults.append(Fault(sheet, row, column, reason))

    def _once(self, fault: Fault) -> None:
        if fault not in self.faults:
            self.faults.append(fault)


def _text(cell: Any) -> str:
    return unicodedata.normalize("NFC", cell).strip() if isinstance(cell, str) else ""


def _bind(row: Row, name: str) -> str:
    return _text(_bind_of(row, name))


def _bind_of(row: Row, name: str) -> Any:
    bind = row.get("bind")
    return bind.get(name) if isinstance(bind, dict) else None


def _further_columns(row: Row) -> dict[str, str]:
    known = {"list name", "name", "label", "media", "__row"}
    return {column: value for column, value in row.items() if column not in known and isinstance(value, str)}


def _span(parameters: Mapping[str, str]) -> tuple[str, str, str]:
    """start, end, step, with ODK's defaults."""
    return parameters.get("start", "1"), parameters.get("end", "10"), parameters.get("step", "1")


def _why_not(kind: str) -> str:
    reason = REFUSED_TYPES.get(kind.lower()) or REFUSED_TYPES.get(kind.lower().removeprefix("uri:"))
    return f"“{kind[:60]}”: {reason}" if reason else f"“{kind[:60]}” is not a question type a chat can ask"
