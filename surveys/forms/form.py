"""A form as a value: questions, choices, words. It knows neither Excel nor who answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surveys.forms.xpath import Expression

__all__ = ["Choice", "Form", "Kind", "Question", "Role", "Words"]

Words = Mapping[str, str]
"""One text in several languages: language code → text (NFC)."""

NOTHING: Words = MappingProxyType({})


class Kind(StrEnum):
    """The question types of the XLSForm reference that a chat can ask."""

    NOTE = "note"
    SELECT_ONE = "select_one"
    SELECT_MULTIPLE = "select_multiple"
    RANK = "rank"
    INTEGER = "integer"
    DECIMAL = "decimal"
    RANGE = "range"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    ACKNOWLEDGE = "acknowledge"
    GEOPOINT = "geopoint"
    IMAGE = "image"
    CALCULATE = "calculate"
    HIDDEN = "hidden"


class Role(StrEnum):
    """What an answer is used for, from the bind column `bind::ln:role`."""

    SATISFACTION = "satisfaction"
    """A five-step satisfaction scale, 5 = Rất hài lòng … 1 = Rất không hài lòng, 0 = Không ý kiến (not in the denominator)."""
    OVERALL = "overall"
    """The satisfaction question the index is read from; a form has at most one."""
    TIMELINESS = "timeliness"
    SERVICE = "service"
    POSTED = "posted"
    CONDUCT = "conduct"
    COMMENT = "comment"
    """Free text: kept apart from the ballot."""


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: Words
    columns: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """The further columns of the choices sheet, which a choice_filter may ask for."""


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the survey sheet."""

    name: str
    kind: Kind
    row: int
    """The row in the sheet, from 1 with the header as 1: what a fault names."""
    groups: tuple[str, ...] = ()
    """The groups around it, outermost first."""
    label: Words = field(default_factory=lambda: NOTHING)
    hint: Words = field(default_factory=lambda: NOTHING)
    choices: tuple[Choice, ...] = ()
    relevant: "Expression | None" = None
    """Its own relevance and that of every group around it, joined by `and`."""
    constraint: "Expression | None" = None
    constraint_message: Words = field(default_factory=lambda: NOTHING)
    required: "Expression | bool" = False
    required_message: Words = field(default_factory=lambda: NOTHING)
    default: "Expression | str | None" = None
    calculation: "Expression | None" = None
    choice_filter: "Expression | None" = None
    or_other: bool = False
    randomize: bool = False
    seed: "Expression | str | None" = None
    span: tuple[str, str, str] | None = None
    """start, end, step of a range."""
    appearance: str = ""
    role: Role | None = None
    feeds: str | None = None
    """The criterion item this question feeds, such as `S1:L96`."""
    source: str = ""
    """Where the question comes from, such as `domain.md b5 A`."""

    @property
    def is_asked(self) -> bool:
        """Whether a person ever sees it: calculations and hidden values work behind the scenes."""
        return self.kind not in (Kind.CALCULATE, Kind.HIDDEN)


@dataclass(frozen=True)
class Form:
    """A published form never changes: `id`, `version` and `digest` name it for ever."""

    id: str
    version: str
    title: Words
    languages: tuple[str, ...]
    """The first is the default."""
    questions: tuple[Question, ...]
    digest: str
    """SHA-256, hex, of the form's canonical JSON."""
    unreviewed: frozenset[str] = frozenset()
    """Languages whose words no person has reviewed yet (chưa thẩm định)."""

    @property
    def language(self) -> str:
        return self.languages[0]

    @cached_property
    def by_name(self) -> Mapping[str, Question]:
        return MappingProxyType({question.name: question for question in self.questions})

    def question(self, name: str) -> Question:
        """Raises KeyError when the form has no such question."""
        return self.by_name[name]
