"""A town that is asked: a wave open in two wards, people who agreed to be asked, a sender that invites and reminds them, and a platform that
counts. What they answer is laid down as the sessions that residents leave."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from bot.channels.contract import Channel
from bot.invitation_words import InvitationComposer
from bot.sender import Office, Reaching, Sender
from handlers.answered import Answered
from handlers.inviting import Invitations, Inviting, Reminding
from handlers.ledger import Ledger
from handlers.occasions import Occasion
from handlers.running_waves import RunningWaves
from handlers.waves import Plan, Waves
from storage import rows
from storage.links import Links
from storage.outbox import Standing
from storage.snoozes import Snoozes
from surveys.conversation import Address
from surveys.delivery import CAPS, Cap
from surveys.entry import Stream
from surveys.forms import library
from surveys.forms.session import Session
from surveys.reminding import INVITE, REMIND, subject_of
from surveys.waves import GRACE, Audience
from tests.bot.sending_town import ACCOUNT, Town, nothing_waits

__all__ = ["OTHER_WARD", "SLUG", "WARD", "InvitingTown"]

SLUG = "2026-thu"
WARD, OTHER_WARD = "29242", "29263"
NAMES = {WARD: "Phường Long Đức", OTHER_WARD: "Phường Nguyệt Hóa"}
LONG_AGO = 100
"""From this number on people live in the other ward."""


@dataclass
class InvitingTown(Town):
    caps: dict[str, Cap] = field(default_factory=lambda: dict(CAPS))
    others: dict[str, Channel] = field(default_factory=dict)
    """Channels beside Telegram's, by account."""

    def __post_init__(self) -> None:
        self.links = Links(self.directory / "links", self.vault)
        self.snoozes = Snoozes(self.directory / "snoozes", self.vault)
        self.waves = Waves(self.db, self.vault, self.now)
        self.inviting = Inviting(self.db, self.now, nothing_waits)
        self.reminding = Reminding(self.db, self.now)
        ledger = Ledger(self.vault.ledger_signer("langnghe"))
        self.invitations = Invitations(self.db, ledger, self.now)

    def at(self, now: Callable[[], datetime]) -> None:
        """By another clock from now on."""
        self.now = now
        self.__post_init__()

    # ── Wards, waves, people ──────────────────────────────────────────────────────────────────────────────────

    async def open(self, slug: str = SLUG, days: int = 30, **more: Any) -> int:
        async with self.db.transaction() as tx:
            await tx.units.upsert_many(a_ward(code) for code in NAMES)
        now = self.now()
        plan = Plan(
            slug=slug,
            form=library.load("hang_nam_nguoi_dan"),
            title="Phiếu thử",
            audience=Audience.RESIDENTS,
            opens_at=now,
            closes_at=now + timedelta(days=days),
            units=dict.fromkeys(NAMES),
            **more,
        )
        return await self.waves.open(plan)

    def contact(self, number: int, account: str) -> rows.Contact:
        contact = super().contact(number, account)
        contact.unit = WARD if number < LONG_AGO else OTHER_WARD
        return contact

    async def people(self, numbers: range, account: str = ACCOUNT, *_: object, **__: object) -> None:
        """Who live there and agreed to be asked."""
        async with self.db.transaction() as tx:
            await tx.contacts.upsert_many(self.contact(number, account) for number in numbers)
            for number in numbers:
                home = WARD if number < LONG_AGO else OTHER_WARD
                await tx.subscriptions.replace(self.print_of(number, account), [(home, "surveys")])

    async def wants(self, number: int, wanted: Iterable[tuple[str, str]]) -> None:
        async with self.db.transaction() as tx:
            await tx.subscriptions.replace(self.print_of(number), wanted)

    async def answers(
        self,
        number: int,
        wave: int,
        *,
        has_ended: bool = True,
        account: str = ACCOUNT,
        withdrawn: bool = False,
    ) -> None:
        """As `Residents` leaves it, once they have answered."""
        form = library.load("hang_nam_nguoi_dan")
        person = Address(account, str(number)).person
        session = Session(wave, WARD, Stream.INVITED, "vi", receipt="a" * 19, seed="5eed")
        asked = next(each for each in form.questions if each.is_asked and each.choices)
        session = replace(session.answered(asked.name, asked.choices[0].name), has_ended=has_ended)
        async with self.db.transaction() as tx:
            nullifier = self.vault.nullifier(wave, person)
            body = b"" if withdrawn else session.to_json()
            await tx.sessions.save(nullifier, wave, self.vault.seal_body(wave, nullifier, body))

    # ── What happens by itself ────────────────────────────────────────────────────────────────────────────────

    async def invite(self, slug: str = SLUG, *, over: timedelta = timedelta(0), **subject: Any) -> Standing:
        await self.inviting(self.occasion("wave.invite", {"wave": slug, **subject}, over))
        return await self.campaign_of(INVITE, slug)

    async def remind(self, number: int, slug: str = SLUG, *, over: timedelta = timedelta(0)) -> Standing:
        await self.reminding(self.occasion("wave.remind", {"wave": slug, "number": number}, over))
        return await self.campaign_of(REMIND, subject_of(slug, number))

    def occasion(self, purpose: str, subject: dict[str, Any], over: timedelta = timedelta(0)) -> Occasion:
        return Occasion("s", self.now(), purpose, "Đợt", "", subject, over)

    async def campaign_of(self, kind: str, subject: str) -> Standing:
        async with self.db.reading() as tx:
            found = await tx.outbox.by_subject(kind, subject)
        assert found is not None
        return found

    # ── The sender ────────────────────────────────────────────────────────────────────────────────────────────

    def office(self) -> Office:
        waves = RunningWaves(self.db, self.vault, GRACE)
        answered = Answered(self.db, self.vault, waves, self.links)
        composer = InvitationComposer(self.db, self.vault, waves, answered, self.snoozes, self.now)
        accounts = {ACCOUNT, *self.others}
        office = super().office()
        return replace(
            office,
            composers={**office.composers, INVITE: composer, REMIND: composer},
            caps=self.caps,
            reaching=Reaching(self.db, self.vault, self.links, lambda: accounts, self.now),
        )

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Sender]:
        async with self.channel() as telegram:
            channels: dict[str, Channel] = {ACCOUNT: telegram, **self.others}
            sender = Sender(self.office(), lambda: channels, nothing_waits)
            stop = asyncio.Event()
            running = asyncio.ensure_future(sender.run(stop))
            try:
                yield sender
            finally:
                stop.set()
                await running


def a_ward(code: str) -> rows.Unit:
    return rows.Unit(
        code=code,
        name=NAMES[code],
        kind="ward",
        province=None,
        valid_from=date(2025, 7, 1),
        valid_to=None,
        source="a test",
    )
