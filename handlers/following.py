"""What a person wants to be sent, as they change it in a conversation: topics of wards, all of them let go, and a word about this evening.
Nothing of it is a row beside an answer: it rests beside the keys, and reaches the contacts in bulk."""

from collections.abc import Mapping
from dataclasses import replace

from handlers.callers import Caller, Outcome
from handlers.conversations import Conversations
from handlers.running_waves import RunningWaves
from handlers.subscribers import Subscribers
from storage.links import Links
from storage.snoozes import Snoozes
from storage.transaction import Tx
from storage.vault import Vault
from surveys import texts
from surveys.lobby import AskLater, AskNoMore, Enrol, SeeSubscriptions, Unfollow
from surveys.notices import Topic
from surveys.reminding import topic_asked
from surveys.running import local
from surveys.subscribing import MOST_WARDS
from surveys.taps import Message
from surveys.windows import policy_of

__all__ = ["Following"]


class Following:
    def __init__(
        self,
        subscribers: Subscribers,
        conversations: Conversations,
        waves: RunningWaves,
        links: Links | None,
        snoozes: Snoozes | None,
        vault: Vault,
    ) -> None:
        self._subscribers = subscribers
        self._conversations = conversations
        self._waves = waves
        self._links = links
        self._snoozes = snoozes
        self._vault = vault

    async def wants(self, tx: Tx, caller: Caller) -> dict[str, frozenset[Topic]]:
        others = await self.others(tx, caller)
        return await self._subscribers.wants(tx, caller.here, caller.incoming.sender, others)

    async def others(self, tx: Tx, caller: Caller) -> frozenset[bytes]:
        """Their other addresses: whoever says stop at one of them means all."""
        return frozenset() if self._links is None else await self._links.others(tx, caller.incoming.sender)

    async def everywhere(self, tx: Tx, caller: Caller) -> frozenset[bytes]:
        """All their addresses, the one they write from among them."""
        own = (self._vault.fingerprint(each) for each in (caller.here, caller.incoming.sender))
        return await self.others(tx, caller) | frozenset(own)

    async def enrols(self, tx: Tx, caller: Caller, outcome: Outcome, agreed: Enrol) -> Outcome:
        wants = await self.wants(tx, caller)
        if agreed.unit not in wants and len(wants) >= MOST_WARDS:
            enough = texts.say(caller.language, "notices.enough", most=MOST_WARDS)
            return replace(outcome, say=(Message(enough),))
        await self._want(tx, caller, {**wants, agreed.unit: frozenset(agreed.topics)})
        return outcome

    async def unfollows(self, tx: Tx, caller: Caller, left: Unfollow) -> None:
        wants = await self.wants(tx, caller)
        await self._want(tx, caller, {each: wants[each] for each in wants if each != left.unit})

    async def leaves(self, tx: Tx, caller: Caller) -> None:
        others = await self.others(tx, caller)
        await self._subscribers.leave(caller.here, caller.incoming.sender, others)
        if self._snoozes is not None:
            await self._snoozes.forget(await self.everywhere(tx, caller))

    async def shows(self, tx: Tx, caller: Caller, outcome: Outcome, asked: SeeSubscriptions) -> Outcome:
        lobby = outcome.lobby or caller.lobby or self._conversations.new_lobby(caller)
        reception, wants = self._conversations.reception(caller, lobby), await self.wants(tx, caller)
        step = (
            reception.subscriptions(wants)
            if asked.joining is None
            else reception.joins(asked.joining, wants, asked.push)
        )
        return replace(outcome, say=(*outcome.say, *step.say), lobby=step.lobby, effect=None)

    async def thanked(self, tx: Tx, caller: Caller, outcome: Outcome) -> Outcome:
        """At the end of a survey, once: whether they want to be invited to others. Only who does not yet, and can be."""
        policy = policy_of(caller.here.account, local(caller.now).date())
        if policy is None or not (policy.is_ever or policy.has_window):
            return outcome
        assert outcome.session is not None, "only a survey ends"
        push = topic_asked(caller.running[outcome.session.wave].audience)
        wants = await self.wants(tx, caller)
        if any(push in topics for topics in wants.values()):
            return outcome
        return self._conversations.asked_to_join(caller, outcome, push)

    async def asks_later(self, caller: Caller, wish: AskLater) -> None:
        if self._snoozes is not None:
            await self._snoozes.later(caller.here, wish.wave, wish.at)

    async def asks_no_more(self, tx: Tx, caller: Caller, wish: AskNoMore) -> None:
        if self._snoozes is not None:
            await self._snoozes.quiet(await self.everywhere(tx, caller), wish.wave)

    async def _want(self, tx: Tx, caller: Caller, wants: Mapping[str, frozenset[Topic]]) -> None:
        await self._subscribers.want(
            tx,
            wants,
            here=caller.here,
            first=caller.incoming.sender,
            language=caller.language,
            gazetteer=self._waves.gazetteer,
            on=local(caller.now).date(),
            others=await self.others(tx, caller),
        )
