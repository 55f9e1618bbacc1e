"""Two addresses, one person: the code by which they say so, and where their answers lie from then on. It knows no page and no platform."""

from collections.abc import Mapping

from handlers.callers import Caller, Outcome
from handlers.resting import UNREADABLE, WITHDRAWN, Resting
from storage.arrivals import Arrivals
from storage.links import Links
from storage.transaction import Tx
from storage.vault import Vault
from surveys import texts
from surveys.conversation import Address
from surveys.taps import Message

__all__ = ["Linking"]


class Linking:
    def __init__(self, links: Links, vault: Vault, arrivals: Arrivals, resting: Resting) -> None:
        self._links = links
        self._vault = vault
        self._arrivals = arrivals
        self._resting = resting

    async def linked(self, tx: Tx, caller: Caller, code: str) -> Outcome:
        """A code to type elsewhere; or, with a code, the end of being two."""
        language = caller.language
        if not code:
            made = await self._links.offer(caller.incoming.sender, caller.now)
            return Outcome((Message(texts.say(language, "link.code", code=made)),))
        first = await self._links.redeem(code, caller.now)
        if first is None:
            # Brought twice, the second one finds the code used and the two joined.
            key = "link.unknown" if caller.here == caller.incoming.sender else "link.same"
            return Outcome((Message(texts.say(language, key)),))
        first = await self._links.first(tx, first)
        if first == caller.incoming.sender:
            return Outcome((Message(texts.say(language, "link.same")),))
        await self._moved(tx, caller, first)
        if await self._is_contact(tx, first) and await self._is_contact(tx, caller.incoming.sender):
            await self._arrivals.leave(caller.incoming.sender)
        said = Message(texts.say(language, "link.done"))
        return Outcome((said,), leaves_lobby=True, joins=first)

    async def parted(self, caller: Caller) -> Outcome:
        if caller.here == caller.incoming.sender:
            return Outcome((Message(texts.say(caller.language, "link.none")),))
        await self._links.part(caller.here)
        return Outcome((Message(texts.say(caller.language, "link.parted")),))

    async def _moved(self, tx: Tx, caller: Caller, first: Address) -> None:
        """Their answers become the first address's; where that one has answered itself, its own count and these do not."""
        # Another device of theirs may be at it. Two who link each other at the same moment: the database lets one of them win.
        await tx.alone_with(self._vault.lobby(first.person))
        there = self._resting.nullifiers(first.person, caller.sessions)
        rests = await tx.sessions.of(tuple(there.values()))
        for wave, session in caller.sessions.items():
            if wave not in there:
                continue
            if self._counts(wave, there[wave], rests):
                await self._withdrawn(tx, wave, caller.nullifiers[wave])
                continue
            body = self._vault.seal_body(wave, there[wave], session.to_json())
            await tx.sessions.save(there[wave], wave, body)
            await tx.sessions.delete(caller.nullifiers[wave])

    async def _withdrawn(self, tx: Tx, wave: int, nullifier: bytes) -> None:
        await tx.sessions.save(nullifier, wave, self._vault.seal_body(wave, nullifier, WITHDRAWN))

    def _counts(self, wave: int, nullifier: bytes, rests: Mapping[bytes, tuple[int, bytes]]) -> bool:
        if nullifier not in rests:
            return False
        try:
            return self._vault.open_body(wave, nullifier, rests[nullifier][1]) != WITHDRAWN
        except UNREADABLE:
            return False

    async def _is_contact(self, tx: Tx, address: Address) -> bool:
        return await tx.contacts.by_fingerprint(self._vault.fingerprint(address)) is not None
