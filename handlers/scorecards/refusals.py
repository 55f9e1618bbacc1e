"""What forbids a deed on a scorecard, each with the words that say what to do first."""

from datetime import datetime

from handlers.scorecards.on_record import year_of
from storage.transaction import Tx
from surveys.scorecard import NotYet, Supersedes
from surveys.scorecard.book import Book
from surveys.scorecard.deeds import EvidenceEntered
from surveys.waves import Audience, State

__all__ = [
    "NotReady",
    "TooLate",
    "refuse_final",
    "refuse_future",
    "refuse_under_way",
    "refuse_waiting",
    "replaced_by",
]

UNDER_WAY = (State.OPEN, State.CLOSED, State.SEALED)


class TooLate(ValueError):
    """The card is frozen, and nobody has reopened it."""


class NotReady(ValueError):
    """Something has to be done first; the message says what."""


def refuse_future(year: int, now: datetime) -> None:
    if year > year_of(now):
        raise NotYet(f"{year} has not begun.")


def refuse_final(book: Book, each: EvidenceEntered) -> None:
    if book.is_final(each.set, each.entered.unit):
        raise TooLate(f"The card of {each.entered.unit} for {book.year} is frozen.")


def refuse_waiting(book: Book, set_id: str, unit: str) -> None:
    """A frozen card never changes: what lies unsigned is settled first, one way or the other."""
    waiting = book.waiting(set_id, unit)
    if waiting:
        ids = ", ".join(each.entered.id for each in waiting)
        raise NotReady(f"Evidence waits for a second person: {ids}. Countersign or withdraw it first.")


def replaced_by(book: Book, set_id: str, unit: str) -> Supersedes | None:
    """What a card that is frozen now takes the place of. Raises NotReady, TooLate."""
    card = book.frozen(set_id).get(unit)
    if card is None:
        return None
    undecided = [contest.appeal.id for contest in card.appeals if contest.is_open]
    if undecided:
        raise NotReady(
            f"An appeal against the frozen card is undecided: {', '.join(undecided)}. Decide it first."
        )
    replaced = card.replacement()
    if replaced is None:
        raise TooLate(f"The card of {unit} for {book.year} is frozen, and no appeal against it was granted.")
    return replaced


async def refuse_under_way(tx: Tx, unit: str, year: int) -> None:
    """Visit ratings never decide; a yearly survey whose figures are still to come would be missing for ever."""
    for wave in await tx.waves.all():
        if wave.state not in UNDER_WAY or wave.audience == Audience.VISITS or year_of(wave.opens_at) != year:
            continue
        assert wave.id is not None
        if unit in {each.unit for each in await tx.wave_units.of_wave(wave.id)}:
            raise NotReady(
                f"The survey {wave.slug} is not released yet: its figures would be missing. Freeze after its release."
            )
