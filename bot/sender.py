"""The sender: gets what stands in the outbox to people, at the pace each platform takes, to each of them once. One line for every
account that can be written to, one keeper for the campaigns. It knows no notice and no survey: a composer for each kind of campaign
gives the words.

Any number of processes may run one; for each account one of them sends, and the others stand by."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog

from bot.channels.contract import Channel
from bot.sending.attempts import Composer, Recipient, Silent, Skip
from bot.sending.epochs import Epochs
from bot.sending.keeper import Keeper
from bot.sending.line import Line
from bot.sending.office import Office, Patience
from bot.sending.reaching import Reaching

__all__ = ["Composer", "Epochs", "Office", "Patience", "Reaching", "Recipient", "Sender", "Silent", "Skip"]

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0  # seconds: so soon an account that was connected meanwhile is sent on
AT_ONCE: Mapping[str, int] = {"zalo": 2, "zalobot": 2}
"""How many messages an account has under way, by the head of its name, where its channel waits for its turn by itself: what waits there
is on its way already, as far as the outbox knows."""
MANY = 64


class Sender:
    def __init__(
        self,
        office: Office,
        channels: Callable[[], Mapping[str, Channel]],
        settle_contacts: Callable[[], Awaitable[object]],
    ) -> None:
        """`channels`: those that can push, by account; asked again and again. `settle_contacts`: see `Keeper`."""
        self._office = office
        self._channels = channels
        self._keeper = Keeper(office, settle_contacts)
        self._lines: dict[str, tuple[Line, asyncio.Event, asyncio.Task[None]]] = {}
        self._sent: Counter[str] = Counter()

    @property
    def sent(self) -> Mapping[str, int]:
        """How many messages each account's platform took since this process began."""
        return self._sent + Counter({account: line.sent for account, (line, _, _) in self._lines.items()})

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop: then what is under way may end, what is in hand is given back."""
        keeping = asyncio.ensure_future(self._keeper.run(stop))
        try:
            while not stop.is_set():
                await self._look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await stop.wait()
        finally:
            await asyncio.gather(*(self._end(account) for account in list(self._lines)))
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _look(self) -> None:
        """Opens lines for accounts that came, ends those of accounts that went or whose channel is another now."""
        channels = self._channels()
        for account, (line, _, task) in list(self._lines.items()):
            if channels.get(account) is not line.channel or task.done():
                await self._end(account)
        for account, channel in channels.items():
            if account not in self._lines:
                stop = asyncio.Event()
                line = Line(account, channel, self._office, AT_ONCE.get(account.partition(":")[0], MANY))
                self._lines[account] = line, stop, asyncio.ensure_future(line.run(stop))

    async def _end(self, account: str) -> None:
        line, stop, task = self._lines.pop(account)
        stop.set()
        [ended] = await asyncio.gather(task, return_exceptions=True)
        self._sent[account] += line.sent
        if isinstance(ended, BaseException):
            # It begins anew at the next look; what it had in hand is taken from it when its lease ends.
            log.error("outbox.line_failed", account=account, error=type(ended).__name__)
