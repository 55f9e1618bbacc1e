"""At which of a person's addresses they hear of a survey: one that can be reached, and rather for nothing than for money. It knows links and
windows, no survey and no text.

Somebody who linked two addresses is one person: they are invited once. Where both are contacts, both stand in the audience, and one of
the two is let go of while it is in hand. Where only one is, and cannot be reached or costs money, the message goes to the address it
stands for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from storage.database import Database
from storage.links import Links
from storage.outbox import Beside, Claimed
from storage.transaction import Tx
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import Campaign, DeliveryState
from surveys.waves import LOCAL
from surveys.windows import Billed, Open, Purpose, gate, policy_of

__all__ = ["Elsewhere", "Here", "Reaching", "Twice"]

GOT_IT = frozenset({DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNKNOWN})
MAY_GET_IT = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED})
FREE, PAID, OUT_OF_REACH = range(3)


@dataclass(frozen=True, slots=True)
class Here:
    """It goes to this address of theirs, who last wrote from there at that hour."""

    address: Address
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """It waits again, on that account."""

    account: str


@dataclass(frozen=True, slots=True)
class Twice:
    """They have it, or get it, at another address."""


class Reaching:
    def __init__(
        self,
        db: Database,
        vault: Vault,
        links: Links,
        accounts: Callable[[], Collection[str]],
        now: Callable[[], datetime],
    ) -> None:
        """`accounts`: those that can be sent on, at this moment."""
        self._db = db
        self._vault = vault
        self._links = links
        self._accounts = accounts
        self._now = now

    async def choose(
        self, campaign: Campaign, claimed: Claimed, home: Address, account: str
    ) -> Here | Elsewhere | Twice:
        """`home`: the address by which they are a contact; `account`: on which the message is in hand. It writes nothing."""
        async with self._db.reading() as tx:
            first = await self._links.first(tx, home)
            beside = await self._beside(tx, campaign, claimed, first)
            heard = claimed.heard_at if first == home else await tx.heard.at(self._vault.fingerprint(first))
        if any(each.state in GOT_IT for each in beside):
            return Twice()
        own = self._rank(home.account, claimed.heard_at, campaign.purpose)
        if any(self._is_better(each, own, claimed, campaign) for each in beside):
            return Twice()
        if account != home.account:  # it was moved here, or its owner moved since
            return Here(first, heard) if first.account == account else Elsewhere(home.account)
        there = self._rank(first.account, heard, campaign.purpose)
        if there < own and first.account != account and first.account in self._accounts():
            return Elsewhere(first.account)
        return Here(home, claimed.heard_at)

    async def _beside(self, tx: Tx, campaign: Campaign, claimed: Claimed, first: Address) -> list[Beside]:
        theirs = {self._vault.fingerprint(first), *await self._links.others(tx, first)}
        return await tx.outbox.beside(campaign.id, sorted(theirs - {claimed.fingerprint}))

    def _is_better(self, other: Beside, own: int, claimed: Claimed, campaign: Campaign) -> bool:
        """Asked of both, from both sides: one of them answers yes."""
        if other.state not in MAY_GET_IT:
            return False
        rank = self._rank(other.account, other.heard_at, campaign.purpose)
        return (rank, other.fingerprint) < (own, claimed.fingerprint or b"")

    def _rank(self, account: str, heard: datetime | None, purpose: Purpose) -> int:
        now = self._now()
        match gate(policy_of(account, now.astimezone(LOCAL).date()), heard, now, purpose):
            case Open():
                return FREE
            case Billed():
                return PAID
        return OUT_OF_REACH
