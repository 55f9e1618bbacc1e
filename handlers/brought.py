"""Which invitations lie in the chat with one address. Somebody with two addresses is invited once, and perhaps not where they are a contact:
what was brought to the other one is not here. It reads, and writes nothing."""

from storage.invited import Invitation
from storage.links import Links
from storage.transaction import Tx
from storage.vault import Vault
from surveys.conversation import Address

__all__ = ["Brought"]


class Brought:
    def __init__(self, vault: Vault, links: Links | None) -> None:
        """Without `links` every address is a person of its own."""
        self._vault = vault
        self._links = links

    async def to(self, tx: Tx, here: Address, first: Address) -> list[Invitation]:
        """`first`: the address that this one stands for, itself mostly. The newest come first."""
        own = await tx.invitations.of(self._vault.fingerprint(here))
        came = [each for each in own if each.is_at_home]
        # What cannot be brought to somebody's contact goes to the address it stands for, and nowhere else.
        if here == first and self._links is not None:
            for other in sorted(await self._links.others(tx, first)):
                theirs = await tx.invitations.of(other)
                came += (each for each in theirs if not each.is_at_home and each.account == here.account)
        return sorted(came, key=lambda each: each.since, reverse=True)
