"""Cards that change by themselves while a notice is sent: looked at every few seconds, edited only when they say something else, let go
when nothing more will happen. In memory: after a restart a tap on “Tiến độ” starts it again."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.telegram_officers_calls import Mouth
from bot.channels.telegram_officers_cards import Cards, is_moving
from bot.channels.telegram_officers_reception import ACCOUNT
from handlers.notices import NoSuchNotice, Notices
from handlers.people import People
from surveys.conversation import Address
from surveys.notices import State
from surveys.rights import NotAllowed

__all__ = ["LOOKED_EVERY", "MOST_WATCHED", "Watches"]

LOOKED_EVERY = timedelta(seconds=4)  # Telegram takes one message a second for a chat; an edit counts as one
WAITING_FOR = timedelta(seconds=20)  # between two looks at what has not left yet
WATCHED_FOR = timedelta(hours=24)  # what waits for the morning is watched until it has left
MOST_WATCHED = 200  # cards; the one begun first is let go


@dataclass
class Watch:
    post: str
    notice: str
    since: datetime
    rests_until: datetime
    shown: str = ""


class Watches:
    def __init__(
        self, people: People, notices: Notices, cards: Cards, mouth: Mouth, now: Callable[[], datetime]
    ) -> None:
        self._people = people
        self._notices = notices
        self._cards = cards
        self._mouth = mouth
        self._now = now
        self._watches: OrderedDict[tuple[int, int], Watch] = OrderedDict()

    def __len__(self) -> int:
        return len(self._watches)

    def add(self, chat: int, message: int, post: str, notice: str) -> None:
        """From now on this message is that notice's card. An older card of it in the same chat stays as it is."""
        for key in [key for key, watch in self._watches.items() if key[0] == chat and watch.notice == notice]:
            del self._watches[key]
        now = self._now()
        self._watches[chat, message] = Watch(post, notice, since=now, rests_until=now)
        while len(self._watches) > MOST_WATCHED:
            self._watches.popitem(last=False)

    async def look(self) -> None:
        """Harmless to do twice."""
        for key, watch in list(self._watches.items()):
            # What this chat has not been told yet must not pile up.
            if (
                watch.rests_until > self._now()
                or self._mouth.is_busy(key[0])
                or await self._goes_on(*key, watch)
            ):
                continue
            if self._watches.get(key) is watch:  # and not one that was begun meanwhile
                del self._watches[key]

    async def _goes_on(self, chat: int, message: int, watch: Watch) -> bool:
        held = await self._people.actor_of(Address(ACCOUNT, str(chat)))
        actor = next((each for each in held if each.post == watch.post), None)
        if actor is None or self._now() - watch.since > WATCHED_FOR:
            return False  # the post passed to somebody else: its notices are not theirs to watch
        try:
            notice = await self._notices.get(actor, watch.notice)
            text, rows = await self._cards.of(actor, notice)
        except (NoSuchNotice, NotAllowed):
            return False
        if text != watch.shown:
            watch.shown = text
            self._mouth.edit(chat, message, text, rows)
        if notice.state is not State.SENDING:
            watch.rests_until = self._now() + WAITING_FOR
        return is_moving(notice)
