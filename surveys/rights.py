"""Who may do what, and to whom: one table of roles, actions and how far they reach. The only source of rights; what does not
stand in it is not allowed. Pure: it knows posts and units, no session and no page.

A right belongs to a post (“Trưởng Công an phường Long Đức”), not to a person: whoever takes the post over takes its rights
over, and loses them with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from surveys.units import Gazetteer, Unit

__all__ = [
    "APPOINTS",
    "MATRIX",
    "PROVES_TWICE",
    "PROVINCIAL",
    "Action",
    "Actor",
    "NotAllowed",
    "Reach",
    "Role",
    "is_within",
    "may",
    "reach",
    "require",
]


class Role(StrEnum):
    OFFICER = "officer"
    """Of a ward: writes notices, reads what was released of the ward."""
    CHIEF = "chief"
    """Of a ward: approves its notices, signs its evidence."""
    DUTY = "duty"
    """Of a ward, declared for emergencies: may approve an urgent notice of their own; everybody sees that it was so."""
    SUPERVISOR = "supervisor"
    """Of a province: surveys, scorecards, people."""
    MODERATOR = "moderator"
    """Of a province: reads comments first."""
    AUDITOR = "auditor"
    """Of a province, or Mặt trận Tổ quốc: reads what was released, and who did what."""
    OPERATOR = "operator"
    """Keeps the machines running; reads nobody's words."""


PROVINCIAL = frozenset({Role.SUPERVISOR, Role.MODERATOR, Role.AUDITOR, Role.OPERATOR})
"""Roles whose post is at a province."""


PROVES_TWICE = frozenset(Role) - {Role.OFFICER, Role.DUTY}
"""Roles that sign in at the desk with a time code beside whatever else they show. At an office without the bot everybody does."""


class Reach(StrEnum):
    """Where the object of an action lies, seen from the post."""

    OWN = "own"
    """The post's own unit."""
    BELOW = "below"
    """A unit below it: a ward of the province."""
    OTHER = "other"
    """Another unit of the same province: for a ward, its neighbours and the province itself."""
    ELSEWHERE = "elsewhere"
    """A unit of another province."""


class Action(StrEnum):
    NOTICE_SEE = "notice.see"
    """A notice that is not sent yet, and how far one got."""
    NOTICE_WRITE = "notice.write"
    """Write, submit, cancel, test to oneself."""
    NOTICE_APPROVE = "notice.approve"
    """Approve or reject what somebody else wrote."""
    NOTICE_APPROVE_OWN = "notice.approve_own"
    """In an emergency, what one wrote oneself."""
    NOTICE_URGE = "notice.urge"
    """Be one of the two who send by night, or beyond a cap."""
    NOTICE_STOP = "notice.stop"
    """Stop what is being sent."""
    NOTICE_RECALL = "notice.recall"
    NOTICE_CLEAR = "notice.clear"
    """Let pass what may influence a survey that is running."""
    TEMPLATE_WRITE = "template.write"
    RESULTS_READ = "results.read"
    """What was released, behind the sign-in."""
    SCORECARD_READ = "scorecard.read"
    EVIDENCE_ENTER = "evidence.enter"
    EVIDENCE_SIGN = "evidence.sign"
    SCORECARD_FREEZE = "scorecard.freeze"
    REPORT_READ = "report.read"
    COMMENTS_READ = "comments.read"
    """Comments nobody has read yet."""
    COMMENTS_PASS = "comments.pass"
    """Let them go to their ward."""
    COMMENTS_RECEIVE = "comments.receive"
    """Read what the province let pass."""
    OPINION_ANSWER = "opinion.answer"
    SURVEY_WRITE = "survey.write"
    WAVE_RUN = "wave.run"
    SCHEDULE_SEE = "schedule.see"
    SCHEDULE_WRITE = "schedule.write"
    """What happens by itself to people: make it, change it, pause it, let it happen now."""
    SCHEDULE_RELEASE = "schedule.release"
    """Let everything go on that waits for a person: after a clock that leapt, after a restore."""
    CHORE_KEEP = "chore.keep"
    """Another hour for what keeps the house in order: its backup, its purge."""
    PEOPLE_SEE = "people.see"
    PEOPLE_APPOINT = "people.appoint"
    """Enrol, hand a post over, end a post."""
    AUDIT_READ = "audit.read"
    OUTBOX_SEE = "outbox.see"
    OUTBOX_RELEASE = "outbox.release"
    """Let go on what waits for a person: after a restore, or after a message that fails everybody."""


_OWN = frozenset({Reach.OWN})
_OWN_AND_BELOW = frozenset({Reach.OWN, Reach.BELOW})
_PROVINCE = frozenset({Reach.OWN, Reach.BELOW, Reach.OTHER})

_OF_AN_OFFICER = {
    Action.NOTICE_SEE: _OWN,
    Action.NOTICE_WRITE: _OWN,
    Action.NOTICE_STOP: _OWN,
    Action.RESULTS_READ: _OWN,
    Action.SCORECARD_READ: _OWN,
    Action.EVIDENCE_ENTER: _OWN,
    Action.COMMENTS_RECEIVE: _OWN,
    Action.OPINION_ANSWER: _OWN,
    Action.SCHEDULE_SEE: _OWN,
}

MATRIX: Mapping[Role, Mapping[Action, frozenset[Reach]]] = {
    Role.OFFICER: _OF_AN_OFFICER,
    Role.CHIEF: {
        **_OF_AN_OFFICER,
        Action.NOTICE_APPROVE: _OWN,
        Action.NOTICE_URGE: _OWN,
        Action.NOTICE_RECALL: _OWN,
        Action.TEMPLATE_WRITE: _OWN,
        Action.EVIDENCE_SIGN: _OWN,
        Action.PEOPLE_SEE: _OWN,
        Action.AUDIT_READ: _OWN,
    },
    Role.DUTY: {
        **_OF_AN_OFFICER,
        Action.NOTICE_APPROVE_OWN: _OWN,
        Action.NOTICE_URGE: _OWN,
        Action.NOTICE_RECALL: _OWN,
    },
    Role.SUPERVISOR: {
        Action.NOTICE_SEE: _OWN_AND_BELOW,
        Action.NOTICE_WRITE: _OWN,
        Action.NOTICE_APPROVE: _OWN_AND_BELOW,
        Action.NOTICE_URGE: _OWN_AND_BELOW,
        Action.NOTICE_STOP: _OWN_AND_BELOW,
        Action.NOTICE_RECALL: _OWN_AND_BELOW,
        Action.NOTICE_CLEAR: _OWN_AND_BELOW,
        Action.TEMPLATE_WRITE: _OWN_AND_BELOW,
        Action.RESULTS_READ: _OWN_AND_BELOW,
        Action.SCORECARD_READ: _OWN_AND_BELOW,
        Action.EVIDENCE_ENTER: _OWN_AND_BELOW,
        Action.EVIDENCE_SIGN: _OWN_AND_BELOW,
        Action.SCORECARD_FREEZE: _OWN_AND_BELOW,
        Action.REPORT_READ: _OWN_AND_BELOW,
        Action.SURVEY_WRITE: _OWN_AND_BELOW,
        Action.WAVE_RUN: _OWN_AND_BELOW,
        Action.SCHEDULE_SEE: _OWN_AND_BELOW,
        Action.SCHEDULE_WRITE: _OWN_AND_BELOW,
        Action.SCHEDULE_RELEASE: _OWN_AND_BELOW,
        Action.PEOPLE_SEE: _OWN_AND_BELOW,
        Action.PEOPLE_APPOINT: _OWN_AND_BELOW,
        Action.AUDIT_READ: _OWN_AND_BELOW,
        Action.OUTBOX_SEE: _OWN_AND_BELOW,
    },
    Role.MODERATOR: {
        Action.RESULTS_READ: _OWN_AND_BELOW,
        Action.COMMENTS_READ: _OWN_AND_BELOW,
        Action.COMMENTS_PASS: _OWN_AND_BELOW,
    },
    Role.AUDITOR: {
        Action.RESULTS_READ: _PROVINCE,
        Action.SCORECARD_READ: _PROVINCE,
        Action.REPORT_READ: _PROVINCE,
        Action.AUDIT_READ: _PROVINCE,
    },
    Role.OPERATOR: {
        Action.OUTBOX_SEE: _OWN_AND_BELOW,
        Action.OUTBOX_RELEASE: _OWN_AND_BELOW,
        Action.SCHEDULE_SEE: _OWN_AND_BELOW,
        Action.SCHEDULE_RELEASE: _OWN_AND_BELOW,
        Action.CHORE_KEEP: _OWN_AND_BELOW,
        Action.PEOPLE_SEE: _OWN,
    },
}


APPOINTS: Mapping[Role, frozenset[Role]] = {
    Role.SUPERVISOR: frozenset({Role.OFFICER, Role.CHIEF, Role.DUTY, Role.MODERATOR, Role.AUDITOR})
}
"""Which posts a role may fill, hand over and end, within the reach of PEOPLE_APPOINT. Supervisors and operators are appointed by
the operator at the machine alone: who could appoint their own like could be two persons by themselves."""


class NotAllowed(Exception):
    """This post has no such right there. Says nothing of what lies there."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at a post: who does something, and by what right."""

    person: str
    """The id of whoever holds the post."""
    name: str
    post: str
    role: Role
    unit: str
    """The code of the post's unit; a province's for provincial roles."""
    title: str
    """“Trưởng Công an phường Long Đức”."""


def may(role: Role, action: Action, where: Reach) -> bool:
    return where in MATRIX.get(role, {}).get(action, frozenset())


def reach(own: str, unit: str, gazetteer: Gazetteer) -> Reach:
    """Where `unit` lies, seen from a post at `own`. What is no more lies where it went: of several places the farthest one.
    Raises KeyError for a unit there is not."""
    if own == unit:
        return Reach.OWN
    found = [_reach(own, today, gazetteer) for today in gazetteer.today(unit)]
    return max(found, key=FARTHER.index)


FARTHER = (Reach.OWN, Reach.BELOW, Reach.OTHER, Reach.ELSEWHERE)


def _reach(own: str, there: Unit, gazetteer: Gazetteer) -> Reach:
    if there.code == own:
        return Reach.OWN
    if there.province == own:
        return Reach.BELOW
    province = gazetteer.unit(own).province or own
    return Reach.OTHER if province == (there.province or there.code) else Reach.ELSEWHERE


def is_within(actor: Actor, action: Action, unit: str, gazetteer: Gazetteer) -> bool:
    """Whether the actor may do that there; nowhere that does not exist."""
    try:
        return may(actor.role, action, reach(actor.unit, unit, gazetteer))
    except KeyError:
        return False


def require(actor: Actor, action: Action, units: Iterable[str], gazetteer: Gazetteer) -> None:
    """Raises NotAllowed unless the actor may do that to every one of these units, and there is one. A unit that does not exist
    is refused with the same words as one out of reach."""
    asked = tuple(units)
    if not asked or not all(is_within(actor, action, unit, gazetteer) for unit in asked):
        raise NotAllowed(action)
