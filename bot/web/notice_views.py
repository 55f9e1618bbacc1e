"""How a notice is shown to officers: as a telephone will show it, what may be done with it now, how far it has got. It decides
nothing: rights are asked of `surveys.rights`, states of `surveys.notices`, and the use case asks both again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from handlers.notice_progress import Progress
from surveys import texts
from surveys.conversation import Entity, Style
from surveys.delivery import DeliveryState
from surveys.notices import Deed, Notice, Policies, State, Telling, possible
from surveys.notices.influence import Finding
from surveys.rights import MATRIX, Action, Actor, Reach, may

__all__ = [
    "KINDS",
    "OPEN_STATES",
    "OUTCOMES",
    "WATCHED",
    "Phone",
    "Piece",
    "Slice",
    "has_right",
    "is_watched",
    "marked_findings",
    "offered",
    "phone",
    "pieces",
    "slices",
]

KINDS = ("zalo", "telegram", "web")
"""The channels residents read on, in the order in which they are shown side by side."""
STYLED = frozenset({"telegram", "web"})
OPEN_STATES = (
    State.SUBMITTED,
    State.DRAFT,
    State.REJECTED,
    State.APPROVED,
    State.SCHEDULED,
    State.SENDING,
)
"""In which somebody still has something to do, or watches."""
WATCHED = timedelta(minutes=15)
"""So long before it leaves, a page about it looks again by itself."""

OUTCOMES: tuple[tuple[DeliveryState, str], ...] = (
    (DeliveryState.SENT, "good"),
    (DeliveryState.PENDING, "none"),
    (DeliveryState.CLAIMED, "none"),
    (DeliveryState.SENDING, "none"),
    (DeliveryState.WINDOW_CLOSED, "unsure"),
    (DeliveryState.UNKNOWN, "unsure"),
    (DeliveryState.BLOCKED, "unsure"),
    (DeliveryState.CANCELLED, "none"),
    (DeliveryState.EXPIRED, "none"),
    (DeliveryState.FAILED, "bad"),
)
"""Every state a delivery can be in, and how it is coloured, in the order in which officers read them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that looks the same all along."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    is_found: bool = False
    """Something in it has to be looked at."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A notice as it will stand on somebody's telephone."""

    kind: str
    pieces: tuple[Piece, ...]
    image: str | None
    buttons: tuple[str, ...]
    length: int
    limit: int | None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else self.limit - self.length


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the progress bar, in hundredths of it."""

    colour: str
    start: float
    width: float


def phone(kind: str, telling: Telling, policies: Policies) -> Phone:
    return Phone(
        kind,
        pieces(telling.text, telling.entities if kind in STYLED else ()),
        telling.image,
        tuple(offer.label for offer in telling.offers),
        texts.length(telling.text),
        policies.limits.get(kind),
    )


def pieces(text: str, entities: Iterable[Entity]) -> tuple[Piece, ...]:
    entities = tuple(entities)
    cuts = {0, len(text)} | {place for each in entities for place in (each.offset, each.end)}
    places = sorted(place for place in cuts if 0 <= place <= len(text))
    return tuple(
        Piece(
            text[start:end],
            _is_within(entities, Style.BOLD, start, end),
            _is_within(entities, Style.ITALIC, start, end),
        )
        for start, end in pairwise(places)
    )


def marked_findings(text: str, findings: Iterable[Finding]) -> tuple[Piece, ...]:
    """The text with the words that a supervisor has to look at."""
    found: list[Piece] = []
    at = 0
    for each in findings:
        if each.offset < at:
            continue
        found.append(Piece(text[at : each.offset]))
        at = each.offset + len(each.words)
        found.append(Piece(text[each.offset : at], is_found=True))
    found.append(Piece(text[at:]))
    return tuple(piece for piece in found if piece.text)


def _is_within(entities: Iterable[Entity], style: Style, start: int, end: int) -> bool:
    return any(each.style is style and each.offset <= start and end <= each.end for each in entities)


# ── What may be done ─────────────────────────────────────────────────────────────────────────────────────────────

NEEDS: Mapping[Deed, Action] = {
    Deed.CHANGE: Action.NOTICE_WRITE,
    Deed.SUBMIT: Action.NOTICE_WRITE,
    Deed.CANCEL: Action.NOTICE_WRITE,
    Deed.ARCHIVE: Action.NOTICE_WRITE,
    Deed.APPROVE: Action.NOTICE_APPROVE,
    Deed.REJECT: Action.NOTICE_APPROVE,
    Deed.CLEAR: Action.NOTICE_CLEAR,
    Deed.URGE: Action.NOTICE_URGE,
    Deed.STOP: Action.NOTICE_STOP,
    Deed.RECALL: Action.NOTICE_RECALL,
}


def offered(actor: Actor, notice: Notice, *, has_findings: bool = False) -> frozenset[Deed]:
    """What this actor is offered to do with it now. Nothing is allowed by being offered."""
    where = Reach.OWN if notice.unit == actor.unit else Reach.BELOW
    found = {
        deed
        for deed, action in NEEDS.items()
        if deed in possible(notice.state) and may(actor.role, action, where)
    }
    is_own = notice.was_written_by(actor.person, actor.name)
    if is_own:
        found -= {Deed.APPROVE, Deed.CLEAR}
        if notice.is_urgent and notice.state is State.SUBMITTED:
            found |= {Deed.APPROVE} & _alone(actor, where)
    if not has_findings:
        found -= {Deed.CLEAR}
    if not notice.is_urgent or notice.overrides or _has_urged(actor, notice):
        found -= {Deed.URGE}
    return frozenset(found)


def _alone(actor: Actor, where: Reach) -> frozenset[Deed]:
    """The duty post approves its own urgent words."""
    return frozenset({Deed.APPROVE} if may(actor.role, Action.NOTICE_APPROVE_OWN, where) else ())


def _has_urged(actor: Actor, notice: Notice) -> bool:
    return any(hand.is_of(actor.person, actor.name) for hand in notice.urged)


def has_right(actor: Actor, action: Action) -> bool:
    return bool(MATRIX[actor.role].get(action))


# ── How far it has got ───────────────────────────────────────────────────────────────────────────────────────────


def is_watched(notice: Notice, now: datetime) -> bool:
    """Whether something may happen to it any minute without anybody doing it."""
    if notice.state is State.SENDING:
        return True
    is_waiting = notice.state in (State.APPROVED, State.SCHEDULED)
    return is_waiting and (notice.due_at is None or notice.due_at - now < WATCHED)


def slices(progress: Progress) -> tuple[Slice, ...]:
    """The bar: what reached people first, what failed last."""
    if not progress.total:
        return ()
    found: list[Slice] = []
    at = 0.0
    for colour in ("good", "unsure", "bad", "none"):
        number = sum(
            progress.counts.get(state, 0)
            for state, its in OUTCOMES
            if its == colour and state not in _WAITING
        )
        if number:
            width = 100 * number / progress.total
            found.append(Slice(colour, round(at, 3), round(width, 3)))
            at += width
    return tuple(found)


_WAITING = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING})
