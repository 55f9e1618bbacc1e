"""What somebody asks that changes nothing: whether a receipt was counted, what was released of their ward, what we hold about them. Where
they are they stay."""

from dataclasses import replace
from typing import Any

from handlers.callers import Caller, Outcome
from handlers.conversations import Conversations
from handlers.following import Following
from handlers.subscribers import as_plain
from storage.snoozes import Snoozed, Snoozes
from storage.transaction import Tx
from storage.vault import Vault
from surveys import my_data, texts
from surveys.ballots import read_receipt
from surveys.evenings import moment
from surveys.releases import ReleasedWard, read_release
from surveys.running import Running
from surveys.taps import Message
from surveys.told_results import told

__all__ = ["Enquiries"]


class Enquiries:
    def __init__(
        self, conversations: Conversations, following: Following, vault: Vault, snoozes: Snoozes | None
    ) -> None:
        self._conversations = conversations
        self._following = following
        self._vault = vault
        self._snoozes = snoozes

    async def checked(self, tx: Tx, caller: Caller, code: str) -> Outcome:
        """Whether a receipt is among the sealed ballots. It tells nothing else, and writes nothing."""
        language = caller.language
        receipt = read_receipt(code)
        if receipt is None:
            return Outcome((Message(texts.say(language, "check.unreadable")),))
        if await tx.receipts.wave_of(receipt) is not None:
            return Outcome((Message(texts.say(language, "check.included", receipt=receipt)),))
        own = next((each for each in caller.sessions.values() if each.receipt == receipt), None)
        if own is not None:
            after = texts.day(language, caller.running[own.wave].sealed_on)
            return Outcome((Message(texts.say(language, "check.not_sealed", receipt=receipt, after=after)),))
        return Outcome((Message(texts.say(language, "check.not_found", receipt=receipt)),))

    async def results(self, tx: Tx, caller: Caller) -> Outcome:
        """What was released last of their ward; the same to everybody who asks. It writes nothing, and where they are they stay."""
        unit = self._conversations.ward_of(caller)
        if unit is None:
            return self._conversations.in_lobby(caller, lambda reception: reception.acts("wards"))
        released = [read_release(row.body, row.released_at) for row in await tx.releases.of_unit(unit.code)]
        wards = [line for line in released if isinstance(line, ReleasedWard) and not line.rates_nothing]
        text = (
            told(caller.language, wards[0])
            if wards
            else texts.say(caller.language, "results.none", ward=unit.name_within)
        )
        return Outcome((Message(text),))

    async def exported(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        held = [(caller.running[wave], session) for wave, session in caller.sessions.items()]
        contact, wishes = await self._contact(tx, caller), await self._wishes(tx, caller)
        content = my_data.document(held, contact, caller.now, wishes=wishes)
        handed = Message(texts.say(caller.language, "data.exported"), file=(my_data.FILE_NAME, content))
        return replace(outcome, say=(handed, *outcome.say))

    async def _wishes(self, tx: Tx, caller: Caller) -> list[str]:
        """At whichever of their addresses they said so, once."""
        if self._snoozes is None:
            return []
        theirs = sorted(await self._following.everywhere(tx, caller))
        told: list[str] = []
        for wave in caller.running.values():
            known = [wish for each in theirs if (wish := self._snoozes.of(each, wave.id)) is not None]
            told += dict.fromkeys(_wish(caller.language, wave, each) for each in known)
        return told

    async def _contact(self, tx: Tx, caller: Caller) -> dict[str, Any] | None:
        contact = await tx.contacts.by_fingerprint(self._vault.fingerprint(caller.here))
        if contact is None:
            contact = await tx.contacts.by_fingerprint(self._vault.fingerprint(caller.incoming.sender))
        if contact is None:
            return None
        return {
            "unit": contact.unit,
            "language": contact.language,
            "purposes": contact.purposes,
            "consented_on": contact.consented_on.isoformat(),
            "consent_text": contact.consent_text,
            "subscriptions": as_plain(await self._following.wants(tx, caller)),
        }


def _wish(language: str, wave: Running, wish: Snoozed) -> str:
    if wish.is_quiet:
        return texts.say(language, "data.wish_quiet", title=wave.title)
    if wish.waits_until is not None:
        return texts.say(
            language, "data.wish_waits", title=wave.title, when=moment(language, wish.waits_until)
        )
    return texts.say(language, "data.wish_kept", title=wave.title)
