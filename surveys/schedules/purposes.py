"""What can happen by itself, by name: the word that a schedule keeps, and that the handlers know a deed for. Pure, and no more than the
words: when something happens a schedule says, what it does its deed."""

from enum import StrEnum

__all__ = ["CHORE", "Purpose", "is_chore"]

CHORE = "chore."


class Purpose(StrEnum):
    OPEN_WAVE = "wave.open"
    """Opens a wave; with `invite` its people are written to as well, with `remind_after_days` reminded."""
    INVITE = "wave.invite"
    """Takes a wave that is open to its people."""
    REMIND = "wave.remind"
    """Once more, to those who have not answered."""
    TELL_RESULTS = "results.tell"
    """What was released of a ward, to whoever asked for it there."""
    DRAFT_NOTICE = "notice.from_template"
    """A draft, submitted for approval. It never leaves unapproved."""
    REMIND_OFFICERS = "officers.remind"

    PURGE = "chore.purge"
    """Forgets what was to be forgotten by now."""
    FLUSH = "chore.flush"
    """Writes down who was heard of when, and who agreed to what, so that a backup has it."""
    RENEW = "chore.renew"
    """Platforms' tokens that would die of age."""
    RECONCILE = "chore.reconcile"
    """Counts again what was counted, and walks along what is chained."""
    HEADS = "chore.heads"
    """The ledger's signed head, for witnesses to keep."""
    BACKUP = "chore.backup"


def is_chore(purpose: str) -> bool:
    """The house keeps itself in order: it concerns no unit and disturbs nobody."""
    return purpose.startswith(CHORE)
