"""Invitations as they come to the people of the small town: the real deed, the real sender, the real words; only the channel is a letter-box,
and the journeys on real channels are in tests/contracts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.channels.contract import Channel, Limits, Outcome, Sent
from bot.invitation_words import InvitationComposer
from bot.sender import Epochs, Office, Reaching, Sender
from bot.snoozing import Snoozing
from handlers.answered import Answered
from handlers.conversations import ResidentsSettings
from handlers.evenings import Evenings
from handlers.inviting import Inviting, Reminding
from handlers.occasions import Occasion
from handlers.running_waves import RunningWaves
from surveys.conversation import Address, Reply, Say
from surveys.reminding import INVITE, REMIND
from tests.bot.sending_town import SHORT
from tests.journeys.town import DOORS, Heard, Resident, Town
from tests.patience import PATIENCE

SURVEYS = "○ Phiếu khảo sát và kết quả"
BUSINESSES = "○ Phiếu cơ quan, doanh nghiệp, hộ kinh doanh"


class LetterBox:
    """A channel that keeps what it is given to bring: what is shown here is what an inbox would hold."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.limits = Limits(text=1900, buttons=True, edits=False, files=True)
        self.letters: dict[str, list[Say]] = {}
        self.outcome: Outcome | None = None

    async def send(self, address: Address, say: Say) -> Outcome:
        if self.outcome is not None:
            return self.outcome
        self.letters.setdefault(address.id, []).append(say)
        return Sent(str(len(self.letters[address.id])))


async def agrees(resident: Resident, ward: str = "Long Đức", *, to: str = SURVEYS) -> Resident:
    """They ask for their ward's notices, and for its surveys besides."""
    await resident.starts()
    await resident.says(ward)
    await resident.says("nhận thông báo")
    await resident.taps(to)
    await resident.says("đồng ý")
    await resident.town.arrivals.flush(resident.town.database)
    return resident


async def flush(town: Town) -> None:
    await town.arrivals.flush(town.database)


def occasion(town: Town, slug: str) -> Occasion:
    return Occasion("", town.clock(), "wave.invite", "", "", {"wave": slug}, timedelta(0))


async def invites(town: Town, slug: str) -> None:
    """The campaign is written down; nothing has left."""
    await Inviting(town.database, town.clock, lambda: flush(town))(occasion(town, slug))


def composer(town: Town) -> InvitationComposer:
    waves = RunningWaves(town.database, town.vault, timedelta(days=7))
    answered = Answered(town.database, town.vault, waves, town.links)
    return InvitationComposer(town.database, town.vault, waves, answered, town.snoozes, town.clock)


@asynccontextmanager
async def sending(town: Town, channels: Mapping[str, Channel], directory: Path) -> AsyncIterator[None]:
    words = composer(town)
    office = Office(
        town.database,
        town.vault,
        {INVITE: words, REMIND: words},
        has_left=town.arrivals.has_left,
        left=town.arrivals.leave,
        epochs=Epochs(directory / "epochs"),
        now=town.clock,
        wants=town.arrivals.wants,
        patience=SHORT,
        reaching=Reaching(town.database, town.vault, town.links, lambda: set(channels), town.clock),
    )
    stop = asyncio.Event()
    running = asyncio.ensure_future(Sender(office, lambda: channels, lambda: flush(town)).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, PATIENCE)


async def all_settled(town: Town) -> None:
    """Until every message of every campaign has its outcome."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with town.database.reading() as tx:
                standing = await tx.outbox.unfinished()
            if not standing:
                return
            await asyncio.sleep(
                0.02
            )  # the sender is another task; there is nothing to wait on but the database


async def invited(town: Town, slug: str, directory: Path, *people: Resident) -> None:
    """Everybody who agreed is invited, and has it; what these people see is what came."""
    boxes = {account: LetterBox(account) for account in {each.account for each in people}}
    town.clock.advance(minutes=1)
    await invites(town, slug)
    async with sending(town, boxes, directory):
        await all_settled(town)
    town.clock.advance(minutes=1)
    for each in people:
        brought(each, boxes[each.account])


async def reminded(town: Town, slug: str, directory: Path, *people: Resident, hours: float = 52) -> None:
    """Some days after the invitation; what these people see is what came, if anything did."""
    town.clock.advance(hours=hours)
    subject = {"wave": slug, "number": 1}
    await Reminding(town.database, town.clock)(
        Occasion("", town.clock(), "wave.remind", "", "", subject, timedelta(0))
    )
    boxes = {account: LetterBox(account) for account in {each.account for each in people}}
    async with sending(town, boxes, directory):
        await all_settled(town)
    town.clock.advance(minutes=1)
    for each in people:
        brought(each, boxes[each.account])


def brought(resident: Resident, box: LetterBox) -> Heard | None:
    """What lies in their letter-box is the last they have from us."""
    letters = box.letters.get(resident.name)
    if not letters:
        return None
    resident.heard = Heard(Reply((letters[-1],)))
    return resident.heard


def snoozing(town: Town, channels: Mapping[str, Channel]) -> Snoozing:
    evenings = Evenings(
        town.database, town.vault, ResidentsSettings(doors=DOORS), now=town.clock, links=town.links
    )
    return Snoozing(town.snoozes, evenings, lambda: channels, town.clock)
