"""The life of a notice: which deed leads from which state to which. One table; what does not stand in it does not happen. Pure."""

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["LEFT", "TRANSITIONS", "WAITING", "Deed", "NotNow", "State", "after", "possible"]


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    """Handed back with a reason; a change makes it a draft again."""
    APPROVED = "approved"
    """It leaves as soon as it may."""
    SCHEDULED = "scheduled"
    """It leaves at a time that lies ahead."""
    SENDING = "sending"
    SENT = "sent"
    """Every recipient has an outcome."""
    STOPPED = "stopped"
    """Some have it, nobody else gets it."""
    RECALLED = "recalled"
    """It was wrong: taken back where a platform can, corrected where it cannot."""
    CANCELLED = "cancelled"
    """Given up before anybody had it."""
    EXPIRED = "expired"
    ARCHIVED = "archived"


class Deed(StrEnum):
    """What people, or the clock, do to a notice."""

    CHANGE = "change"
    SUBMIT = "submit"
    REJECT = "reject"
    APPROVE = "approve"
    CLEAR = "clear"
    """A supervisor lets pass what may influence a survey."""
    URGE = "urge"
    """One of two lets it leave by night or beyond a cap."""
    SCHEDULE = "schedule"
    BEGIN = "begin"
    MISS = "miss"
    """Its time went by while nothing ran: somebody must look at it again."""
    FINISH = "finish"
    CANCEL = "cancel"
    STOP = "stop"
    RECALL = "recall"
    EXPIRE = "expire"
    ARCHIVE = "archive"


TRANSITIONS: Mapping[State, Mapping[Deed, State]] = {
    State.DRAFT: {
        Deed.CHANGE: State.DRAFT,
        Deed.SUBMIT: State.SUBMITTED,
        Deed.CANCEL: State.CANCELLED,
    },
    State.SUBMITTED: {
        # Whoever changes what was submitted takes it back: nobody approves words that were other words a moment ago.
        Deed.CHANGE: State.DRAFT,
        Deed.REJECT: State.REJECTED,
        Deed.APPROVE: State.APPROVED,
        Deed.CLEAR: State.SUBMITTED,
        Deed.URGE: State.SUBMITTED,
        Deed.CANCEL: State.CANCELLED,
        Deed.EXPIRE: State.EXPIRED,
    },
    State.REJECTED: {
        Deed.CHANGE: State.DRAFT,
        Deed.CANCEL: State.CANCELLED,
    },
    State.APPROVED: {
        Deed.SCHEDULE: State.SCHEDULED,
        Deed.BEGIN: State.SENDING,
        # A survey of the ward may have opened since.
        Deed.CLEAR: State.APPROVED,
        Deed.URGE: State.APPROVED,
        Deed.MISS: State.SUBMITTED,
        Deed.CANCEL: State.CANCELLED,
        Deed.EXPIRE: State.EXPIRED,
    },
    State.SCHEDULED: {
        Deed.BEGIN: State.SENDING,
        Deed.CLEAR: State.SCHEDULED,
        # Two urge: it need not wait for the morning any more.
        Deed.URGE: State.SCHEDULED,
        Deed.MISS: State.SUBMITTED,
        Deed.CANCEL: State.CANCELLED,
        Deed.EXPIRE: State.EXPIRED,
    },
    State.SENDING: {
        Deed.FINISH: State.SENT,
        Deed.STOP: State.STOPPED,
        Deed.RECALL: State.RECALLED,
        Deed.EXPIRE: State.EXPIRED,
    },
    State.SENT: {
        Deed.RECALL: State.RECALLED,
        Deed.EXPIRE: State.EXPIRED,
        Deed.ARCHIVE: State.ARCHIVED,
    },
    State.STOPPED: {
        Deed.RECALL: State.RECALLED,
        Deed.EXPIRE: State.EXPIRED,
        Deed.ARCHIVE: State.ARCHIVED,
    },
    State.EXPIRED: {
        # What has run out may still have been wrong.
        Deed.RECALL: State.RECALLED,
        Deed.ARCHIVE: State.ARCHIVED,
    },
    State.RECALLED: {Deed.ARCHIVE: State.ARCHIVED},
    State.CANCELLED: {Deed.ARCHIVE: State.ARCHIVED},
    State.ARCHIVED: {},
}

WAITING = frozenset({State.APPROVED, State.SCHEDULED})
"""Approved, and nobody has it yet."""
LEFT = frozenset({State.SENDING, State.SENT, State.STOPPED, State.RECALLED})
"""Somebody may have it. (So may they of what is EXPIRED or ARCHIVED: `Notice.has_left` knows.)"""


class NotNow(Exception):
    """In this state that cannot be done."""

    def __init__(self, state: State, deed: Deed) -> None:
        super().__init__(f"{deed.value} is not possible while {state.value}")
        self.state = state
        self.deed = deed


def after(state: State, deed: Deed) -> State:
    """Raises NotNow."""
    try:
        return TRANSITIONS[state][deed]
    except KeyError:
        raise NotNow(state, deed) from None


def possible(state: State) -> frozenset[Deed]:
    return frozenset(TRANSITIONS[state])
