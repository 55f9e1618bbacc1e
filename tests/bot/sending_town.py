"""A town to send to: contacts in a real database, a campaign, a sender with the real Telegram channel, and a platform that counts."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.channels.pacing import Window
from bot.sender import Epochs, Office, Patience, Recipient, Sender, Skip
from storage import rows
from storage.database import Database
from storage.outbox import Sender as SendingOn
from storage.outbox import Standing
from storage.vault import Vault
from surveys.conversation import Address, Incoming, Reply, Say
from surveys.delivery import CAP, Audience, Campaign, CampaignState, Cap, DeliveryState
from surveys.windows import Purpose
from tests.bulk_server.server import TOKEN
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from bot.channels.telegram_residents import TelegramResidents

WARD = "29242"
ACCOUNT = "telegram"
LOOK_AGAIN = 0.02  # seconds
# Short where it is a pause between two looks. How long a lease, an attempt and the last moments last is as in earnest: on a busy machine
# two seconds pass in which a process does not run at all.
SHORT = Patience(
    look=timedelta(seconds=0.05),
    walk=timedelta(seconds=0.2),
    repeat=timedelta(seconds=0.1),
    drain=timedelta(seconds=PATIENCE),
)


class Words:
    """Says the campaign's subject, marked where it comes again; keeps silent to some."""

    def __init__(self, silent: Callable[[Recipient], bool] = lambda recipient: False) -> None:
        self.silent = silent

    async def compose(self, campaign: Campaign, recipient: Recipient) -> Say | Skip:
        if self.silent(recipient):
            return Skip()
        return Say(f"{campaign.subject}{' (gửi lại)' if recipient.is_again else ''}")


@dataclass
class Town:
    db: Database
    vault: Vault
    directory: Path
    now: Callable[[], datetime]
    url: str
    cap: Cap | None = CAP
    patience: Patience = SHORT
    words: Words = field(default_factory=Words)
    leaving: set[bytes] = field(default_factory=set)
    left: list[Address] = field(default_factory=list)
    a_second: int = 1_000

    async def people(self, numbers: range, account: str = ACCOUNT, heard: datetime | None = None) -> None:
        async with self.db.transaction() as tx:
            if await tx.units.get(WARD) is None:
                await tx.units.upsert_many([a_unit()])
            await tx.contacts.upsert_many(self.contact(number, account) for number in numbers)
            if heard is not None:
                hours = (rows.HeardAt(fingerprint=self.print_of(each, account), at=heard) for each in numbers)
                await tx.heard.save_many(hours)

    def print_of(self, number: int, account: str = ACCOUNT) -> bytes:
        return self.vault.fingerprint(Address(account, str(number)))

    def contact(self, number: int, account: str) -> rows.Contact:
        address = Address(account, str(number))
        return rows.Contact(
            id=f"{number:032x}",
            account=account,
            fingerprint=self.vault.fingerprint(address),
            address=self.vault.seal_address(address),
            unit=WARD,
            language="vi",
            purposes=json.dumps(["notices"]),
            consented_on=date(2026, 11, 1),
            consent_text="Đồng ý",
        )

    async def campaign(self, subject: str = "Q7-204", **more: object) -> int:
        given: dict[str, object] = {"audience": Audience((WARD,)), "not_before": self.now(), **more}
        kind = str(given.pop("kind", "notice"))
        async with self.db.transaction() as tx:
            return await tx.outbox.create(Campaign(kind, subject, Purpose.NOTICE, **given))  # type: ignore[arg-type]

    @asynccontextmanager
    async def channel(self) -> AsyncIterator["TelegramResidents"]:
        from bot.channels.telegram_residents import TelegramResidents

        async with TelegramResidents(
            TOKEN, nobody, refusal="-", api=self.url, account=ACCOUNT, window=Window(self.a_second)
        ) as telegram:
            yield telegram

    def office(self) -> Office:
        async def left(address: Address) -> None:
            self.left.append(address)

        return Office(
            self.db,
            self.vault,
            {"notice": self.words, "notice.recall": self.words},
            has_left=self.leaving.__contains__,
            left=left,
            epochs=Epochs(self.directory / "epochs"),
            now=self.now,
            cap=self.cap,
            patience=self.patience,
        )

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Sender]:
        """A sender at work, until the block is left."""
        async with self.channel() as telegram:
            sender = Sender(self.office(), lambda: {ACCOUNT: telegram}, nothing_waits)
            stop = asyncio.Event()
            running = asyncio.ensure_future(sender.run(stop))
            try:
                yield sender
            finally:
                stop.set()
                await running

    async def counts(self, campaign: int) -> dict[DeliveryState, int]:
        async with self.db.reading() as tx:
            return {state: number for state, number in (await tx.outbox.counts(campaign)).items() if number}

    async def until(self, campaign: int, true: Callable[[dict[DeliveryState, int]], bool]) -> None:
        async def is_true() -> bool:
            return true(await self.counts(campaign))

        await self.eventually(is_true)

    async def until_done(self, campaign: int) -> None:
        async def is_done() -> bool:
            return (await self.standing(campaign)).state is CampaignState.DONE

        await self.eventually(is_done)

    async def until_resting(self, account: str = ACCOUNT) -> None:
        async def rests() -> bool:
            sender = (await self.senders()).get(account)
            return sender is not None and sender.paused_until is not None

        await self.eventually(rests)

    async def until_paused(self, campaign: int) -> Standing:
        async def is_paused() -> bool:
            return (await self.standing(campaign)).state is CampaignState.PAUSED

        await self.eventually(is_paused)
        return await self.standing(campaign)

    async def eventually(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Waits for something to become true in the database, where nobody tells us when."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if await true():
                    return
                await asyncio.sleep(LOOK_AGAIN)

    async def standing(self, campaign: int) -> Standing:
        async with self.db.reading() as tx:
            return await tx.outbox.get(campaign)

    async def senders(self) -> dict[str, SendingOn]:
        async with self.db.reading() as tx:
            return await tx.outbox.senders()


def a_unit() -> rows.Unit:
    return rows.Unit(
        code=WARD,
        name="Phường Long Đức",
        kind="phuong",
        province=None,
        valid_from=date(2025, 7, 1),
        valid_to=None,
        source="a test",
    )


async def nobody(incoming: Incoming) -> Reply:
    raise AssertionError("nobody writes to us here")


async def nothing_waits() -> None:
    """Everybody's word is among the contacts already."""
