"""A rating by a template of Zalo, and how it becomes an answer. It knows no account, no store and no clock.

Zalo and whoever sent the template know who rated, so such a rating is not anonymous, whatever we do. It is a ballot of the mode
`zbs`: in tables of its own, in no score. We are not told who rated, and do not ask."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from surveys.ballots import may_be_written
from surveys.dividing import Divider
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.forms.session import Mode, Session
from surveys.results import is_scale
from surveys.waves import GRACE

__all__ = ["STARS", "TOO_OLD", "Rating", "Refused", "Template", "answers_of", "begun", "later"]

STARS = 5
LONGEST = 2000  # characters of what was written, as everywhere else
TOO_OLD = GRACE
"""Until it is as old as this the wave it went into has its key, so a second one of the same message is known. Then no more."""
SEED = "0"  # nothing is shuffled: nobody saw the form


class Refused(StrEnum):
    """Why a rating is not taken. Counted, so that an operator learns of a wrong setting."""

    TEMPLATE = "template"
    """No setting names its template."""
    DAYS = "days"
    """It lies in no wave of visits of its unit, or came too late."""
    QUESTION = "question"
    """The wave's form does not ask it so, or asks it only of some."""
    VERSION = "version"
    """The wave was opened before there were ratings: its formulas do not know them."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody answered to one message."""

    message: str
    """Zalo's id of the message that asked. The same one is the same rating."""
    stars: int
    submitted_at: datetime
    written: str = ""
    """Preset answers and words of their own."""

    def __post_init__(self) -> None:
        if not self.message or not 1 <= self.stars <= STARS:
            raise ValueError("a rating is of a message, from one star to five")


@dataclass(frozen=True, slots=True)
class Template:
    """A rating template, as an office sets it up: what is rated by it, and how its stars are meant."""

    unit: str | None = None
    """The code of the unit that is rated; None for a template that we know and do not count."""
    question: str = "chung"
    """Of the form of the waves of visits; one on the scale."""
    comment: str | None = None
    """The question that words go to; None: they are left with Zalo."""
    choices: tuple[str, str, str, str, str] = ("1", "2", "3", "4", "5")
    """What one star to five stars choose."""


def answers_of(template: Template, rating: Rating, form: Form, today: date) -> Mapping[str, str] | None:
    """What a ballot of this form says of it; None where the form does not ask it, or only of those who answered something else."""
    try:
        question = form.question(template.question)
        comment = form.question(template.comment) if template.comment else None
    except KeyError:
        return None
    choice = template.choices[rating.stars - 1]
    known = {each.name for each in question.choices} or set(template.choices)
    if not is_scale(question) or choice not in known or (comment is not None and not may_be_written(comment)):
        return None
    answers = {question.name: choice}
    if comment is not None and rating.written:
        answers[comment.name] = rating.written[:LONGEST]
    parts = Divider(form, today).parts(answers, SEED)
    counted = {*parts.answers, *(each.question for each in parts.comments)}
    return answers if counted == answers.keys() else None


def begun(wave: int, unit: str, form: Form, receipt: str) -> Session:
    """The session that a rating lies in until its wave is sealed. Nobody is given its receipt."""
    return Session(wave, unit, Stream.VISIT, form.language, receipt, SEED, Mode.ZBS, has_ended=True)


def later(session: Session, rating: Rating, answers: Mapping[str, str]) -> Session | None:
    """The session with this rating; None where it holds this or a later one already. The latest of one message counts, and of two at
    one moment always the same: so every order in which they come ends alike."""
    turn, given = _milliseconds(rating.submitted_at), tuple(sorted(answers.items()))
    if (session.turn, session.answers) >= (turn, given):
        return None
    return replace(session, turn=turn, answers=given)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
