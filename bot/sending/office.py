"""What all lines of a sender share: the rooms they work with, and how patient they are. It decides nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex

from bot.sending.attempts import Composer, Left
from bot.sending.epochs import Epochs
from bot.sending.outside import Beyond
from bot.sending.reaching import Reaching
from storage.database import Database
from storage.vault import Vault
from surveys.delivery import CAP, CAPS, Audience, Campaign, Cap
from surveys.windows import Purpose

__all__ = ["Office", "Patience"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take. Tests that kill processes want less of it."""

    account: timedelta = timedelta(seconds=30)
    """A sender that was not heard of for so long has lost its account to a standby."""
    row: timedelta = timedelta(seconds=90)
    """And what it had in hand is taken from it: longer than the slowest attempt."""
    attempt: timedelta = timedelta(seconds=75)
    look: timedelta = timedelta(seconds=1)
    """Between two looks at campaigns and pauses."""
    walk: timedelta = timedelta(seconds=45)
    """Between two walks through an audience for somebody who is missing."""
    repeat: timedelta = timedelta(minutes=10)
    """Before what perhaps arrived goes once more: so long a late answer or a tap may still tell."""
    ours: timedelta = timedelta(minutes=1)
    """While a token or a contract is not in order."""
    gone: timedelta = timedelta(hours=1)
    """When nobody at all seems to be there."""
    drain: timedelta = timedelta(seconds=1)
    """What is under way when we go; Ctrl-C has two seconds in all."""


@dataclass(frozen=True)
class Office:
    db: Database
    vault: Vault
    composers: Mapping[str, Composer]
    """By campaign kind."""
    has_left: Callable[[bytes], bool]
    """Whether a contact's word of leaving waits to be written: `Arrivals.has_left`."""
    left: Left
    epochs: Epochs
    now: Callable[[], datetime]
    wants: Callable[[bytes, Audience], bool | None] = lambda fingerprint, audience: None
    """What a contact said of an audience's topics that is not written yet: `Arrivals.wants`."""
    beyond: Beyond | None = None
    """What there is for people outside their window; nothing where nothing is set up."""
    cap: Cap | None = CAP
    """Of notices."""
    caps: Mapping[str, Cap] = field(default_factory=lambda: CAPS)
    """Of what is about surveys, by campaign kind."""
    reaching: Reaching | None = None
    """Without it every address is a person of its own."""
    patience: Patience = field(default_factory=Patience)
    owner: str = field(default_factory=lambda: token_hex(8))
    """This process."""

    def cap_of(self, campaign: Campaign) -> Cap | None:
        return self.cap if campaign.purpose is Purpose.NOTICE else self.caps.get(campaign.kind)
