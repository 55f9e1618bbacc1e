"""Who wants which topics of which wards: read from what somebody said last, and changed where it reaches the contacts in bulk. Never a row
beside an answer. It knows no page."""

from collections.abc import Iterable, Mapping
from datetime import date

from storage.arrivals import LEFT, Arrival, Arrivals
from storage.transaction import Tx
from storage.vault import Vault
from surveys.conversation import Address
from surveys.notices import Category, Push, Topic, topic_of
from surveys.subscribing import Wants, consent
from surveys.units import Gazetteer

__all__ = ["NOTICES", "SURVEYS", "Subscribers", "as_plain"]

NOTICES = "notices"
SURVEYS = "surveys"
"""The purposes they agree to, each by itself."""


class Subscribers:
    def __init__(self, arrivals: Arrivals, vault: Vault) -> None:
        self._arrivals = arrivals
        self._vault = vault

    async def wants(
        self, tx: Tx, here: Address, first: Address, others: Iterable[bytes] = ()
    ) -> dict[str, frozenset[Topic]]:
        """Unit → topics; nothing of whoever wants nothing. One person is one contact: where they write, or at the address that this
        one stands for, or at another one that does (`others`)."""
        for fingerprint in (self._vault.fingerprint(here), self._vault.fingerprint(first), *sorted(others)):
            if found := await self._at(tx, fingerprint):
                return found
        return {}

    async def leave(self, here: Address, first: Address, others: Iterable[bytes] = ()) -> None:
        """They want nothing any more, wherever they agreed. On disk when this returns."""
        for address in {here, first}:
            await self._arrivals.leave(address)
        for fingerprint in set(others) - {self._vault.fingerprint(here), self._vault.fingerprint(first)}:
            await self._arrivals.leave_at(fingerprint)

    async def _at(self, tx: Tx, fingerprint: bytes) -> dict[str, frozenset[Topic]]:
        waiting = self._arrivals.waiting(fingerprint)
        if waiting is LEFT:
            return {}
        said = waiting.wants if isinstance(waiting, Arrival) else await tx.subscriptions.of(fingerprint)
        return _by_unit(said)

    async def want(
        self,
        tx: Tx,
        wants: Wants,
        *,
        here: Address,
        first: Address,
        language: str,
        gazetteer: Gazetteer,
        on: date,
        others: Iterable[bytes] = (),
    ) -> None:
        """From now on these and no others; where there are none, they are let go. On disk when this returns."""
        wanted = {unit: topics for unit, topics in wants.items() if topics}
        home = await self._home(tx, here) or await self._home(tx, first)
        # One person, one contact: where they agreed last.
        if here != first:
            await self._arrivals.leave(first)
        for fingerprint in set(others) - {self._vault.fingerprint(here), self._vault.fingerprint(first)}:
            await self._arrivals.leave_at(fingerprint)
        if not wanted:
            await self._arrivals.leave(here)
            return
        await self._arrivals.add(
            Arrival(
                address=here,
                # Of several wards the first one they agreed to is their own, until they leave it.
                unit=home if home in wanted else next(iter(wanted)),
                language=language,
                purposes=_purposes(wanted),
                consented_on=on,
                consent_text=consent(language, gazetteer, wanted),
                wants=tuple(
                    (unit, topic.value) for unit, topics in sorted(wanted.items()) for topic in sorted(topics)
                ),
            )
        )

    async def _home(self, tx: Tx, address: Address) -> str | None:
        fingerprint = self._vault.fingerprint(address)
        waiting = self._arrivals.waiting(fingerprint)
        if waiting is LEFT:
            return None
        if isinstance(waiting, Arrival):
            return waiting.unit
        contact = await tx.contacts.by_fingerprint(fingerprint)
        return contact.unit if contact is not None else None


def _purposes(wants: Wants) -> tuple[str, ...]:
    """For what their address may be used."""
    wanted = frozenset().union(*wants.values())
    held = ((NOTICES, not wanted.isdisjoint(Category)), (SURVEYS, not wanted.isdisjoint(Push)))
    return tuple(purpose for purpose, is_held in held if is_held)


def _by_unit(said: Iterable[tuple[str, str]]) -> dict[str, frozenset[Topic]]:
    found: dict[str, set[Topic]] = {}
    for unit, topic in said:
        found.setdefault(unit, set()).add(topic_of(topic))
    return {unit: frozenset(topics) for unit, topics in found.items()}


def as_plain(wants: Mapping[str, frozenset[Topic]]) -> dict[str, list[str]]:
    """For a person's own data."""
    return {unit: sorted(topic.value for topic in topics) for unit, topics in sorted(wants.items())}
