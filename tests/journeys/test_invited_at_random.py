"""Invitations, taps on every button old and new, numbers, other surveys, “this evening”, restarts and redelivered messages, in any order: no
answer is ever lost, moved, or given by anybody but its owner. Held against a small model that knows only what was tapped and typed."""

from collections.abc import Awaitable
from random import Random

import pytest
from sqlalchemy import bindparam, update

from bot.invitation_words import InvitationComposer
from bot.sending.attempts import Recipient
from storage import rows
from storage.outbox_rows import CampaignRow, Delivery
from storage.statements import Prepared
from surveys import inviting, taps, waves
from surveys.conversation import Reply, Say
from surveys.delivery import Audience, Campaign, DeliveryState
from surveys.entry import Stream
from surveys.forms.session import Session
from surveys.reminding import INVITE
from surveys.windows import Purpose
from tests.journeys.invitations import LetterBox, agrees, composer, snoozing
from tests.journeys.town import LONG_DUC, Heard, Resident, Town

SEEDS = 4
PEOPLE = 15
STEPS = 40
WORDS = ("menu", "phiếu đang mở", "sau", "tiếp tục", "xin chào", "bỏ qua", "hài lòng", "xem lại", "trợ giúp")
SLUGS = ("nam-2026", "dien-dan-2026")
FOR_EVER = 30_000  # days: every evening that is waited for passes a day for everybody


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_no_answer_is_lost_or_moved(town: Town, seed: int) -> None:
    asked = tuple(
        [
            await town.opens(slug, form, audience, days=FOR_EVER)
            for slug, form, audience in (
                (SLUGS[0], "hang_nam_nguoi_dan", waves.Audience.RESIDENTS),
                (SLUGS[1], "dien_dan", waves.Audience.FORUM),
            )
        ]
    )
    visits = await town.opens("tham", "tham_luot", waves.Audience.VISITS, days=FOR_EVER)
    words, before = composer(town), None
    for number in range(PEOPLE):
        person = Person(town, words, asked, visits, Random(f"{seed}-{number}"), before)
        await person.lives()
        before = person


class Person:
    """Somebody who does anything, in any order; and what is known of them by what they see."""

    def __init__(
        self,
        town: Town,
        words: InvitationComposer,
        asked: tuple[int, ...],
        visits: int,
        chance: Random,
        other: "Person | None",
    ) -> None:
        self.town, self.words, self.asked, self.visits = town, words, asked, visits
        self.chance, self.other = chance, other
        self.resident = Resident(town, f"nguoi-{chance.random()}", account="zalo:1")
        self.tokens: list[str] = []
        self.numbered = self.resident.heard
        """Where numbers stood last."""
        self.invited: set[int] = set()

    async def lives(self) -> None:
        self.shows(await agrees(self.resident))
        deeds = {
            self.is_invited: 3,
            self.types: 6,
            self.taps: 3,
            self.taps_an_old_button: 2,
            self.says: 4,
            self.rates_a_visit: 0.3,
            self.is_asked_in_the_evening: 1,
            self.is_heard_twice: 1,
            self.has_another_process: 0.5,
            self.taps_somebody_elses: 0.5,
        }
        for _ in range(STEPS):
            [deed] = self.chance.choices(list(deeds), list(deeds.values()))
            await deed()

    def shows(self, heard: Heard | Resident) -> None:
        """A message without choices, or beside something else, leaves the numbers what they were."""
        heard = heard.heard if isinstance(heard, Resident) else heard
        self.resident.heard = heard
        self.tokens.extend(option.token for option in heard.options)
        if heard.options and not any(say.is_aside for say in heard.messages):
            self.numbered = heard

    async def held(self) -> dict[int, Session]:
        return await held(self.town, (*self.asked, self.visits), self.resident)

    async def does(self, action: Awaitable[Heard]) -> None:
        before = await self.held()
        heard = await action
        assert heard.messages
        self.shows(heard)
        after = await self.held()
        changed = nothing_lost(before, after)
        for wave in set(after) - set(before):
            assert after[wave].stream is not Stream.INVITED or wave in self.invited
            assert (after[wave].stream is Stream.VISIT) <= (wave == self.visits)
        assert len(changed) <= 1, "one message, one survey"

    # ── What they do ──────────────────────────────────────────────────────────────────────────────────────────

    async def is_invited(self) -> None:
        """To each survey once, whatever they have done with it before."""
        which = self.chance.randrange(len(self.asked))
        if self.asked[which] in self.invited:
            return
        self.town.clock.advance(minutes=5)
        self.shows(await an_invitation(self.town, self.words, self.resident, SLUGS[which]))
        self.town.clock.advance(minutes=5)
        self.invited.add(self.asked[which])

    async def types(self) -> None:
        """The choice that stands under this number where numbers stood last; never one of another message."""
        number = self.chance.randrange(9)
        act = act_of(self.town, self.resident, self.numbered, number)
        before = await self.held()
        await self.does(self.resident.says(str(number)))
        after = await self.held()
        tapped = inviting.read(act)
        match tapped.act.split(".") if tapped else ():
            case ["answer", question, choice] if tapped and tapped.wave not in before:
                assert_answer(self.town, after[tapped.wave], int(question), int(choice))
            case _ if not act.startswith("l.consent."):
                assert set(after) == set(before), "nobody begins by a number that meant something else"

    async def taps(self) -> None:
        if options := self.resident.heard.options:
            await self.does(self.resident.taps_token(self.chance.choice(options).token))

    async def taps_an_old_button(self) -> None:
        await self.does(self.resident.taps_token(self.chance.choice(self.tokens)))

    async def says(self) -> None:
        await self.does(self.resident.says(self.chance.choice(WORDS)))

    async def rates_a_visit(self) -> None:
        await self.does(self.resident.starts(self.town.link(LONG_DUC, Stream.VISIT)))
        await self.does(self.resident.says("1"))

    async def is_asked_in_the_evening(self) -> None:
        """Which changes nothing but what they see."""
        clock = self.town.clock
        clock.advance(hours=(19 - clock().astimezone(waves.LOCAL).hour) % 24)
        box, before = LetterBox(self.resident.account), await self.held()
        await snoozing(self.town, {self.resident.account: box}).step()
        assert await self.held() == before
        for say in box.letters.get(self.resident.name, ()):
            self.shows(Heard(Reply((say,))))
        clock.advance(hours=14)

    async def is_heard_twice(self) -> None:
        message = self.resident.message(text=str(self.chance.randrange(6)))
        await self.does(self.resident.sends(message))
        await self._changes_nothing(self.resident.sends(message))

    async def has_another_process(self) -> None:
        self.town.restarts()

    async def taps_somebody_elses(self) -> None:
        if self.other is not None:
            await self._changes_nothing(self.resident.taps_token(self.chance.choice(self.other.tokens)))

    async def _changes_nothing(self, action: Awaitable[Heard]) -> None:
        before = await self.held()
        await self.does(action)
        after = await self.held()
        assert {wave: each.answers for wave, each in after.items()} == {
            wave: each.answers for wave, each in before.items()
        }


# ── What the model knows ─────────────────────────────────────────────────────────────────────────────────────────


async def held(town: Town, waves: tuple[int, ...], resident: Resident) -> dict[int, Session]:
    found = {}
    async with town.database.reading() as tx:
        for wave in waves:
            nullifier = town.vault.nullifier(wave, resident.address.person)
            for _, body in (await tx.sessions.of([nullifier])).values():
                opened = town.vault.open_body(wave, nullifier, body)
                assert opened, "nobody took anything back here"
                found[wave] = Session.from_json(opened)
    return found


def nothing_lost(before: dict[int, Session], after: dict[int, Session]) -> set[int]:
    """Which surveys have other answers now. Nothing that was answered is gone, no ward, stream or receipt is another."""
    assert set(before) <= set(after)
    changed = {wave for wave in after if wave not in before and after[wave].is_begun}
    for wave, was in before.items():
        now = after[wave]
        assert (was.unit, was.stream, was.receipt) == (now.unit, now.stream, now.receipt)
        assert was.values.keys() <= now.values.keys()
        other = [name for name in was.values if was.values[name] != now.values[name]]
        assert len(other) <= 1, "one message changes one answer"
        if was.answers != now.answers:
            changed.add(wave)
    return changed


def act_of(town: Town, resident: Resident, shown: Heard, number: int) -> str:
    """What typing this number means, going by what is shown."""
    key, known_as = town.vault.tap_key, (town.vault.fingerprint(resident.address), resident.address.person)
    for place, option in enumerate(shown.options, start=1):
        if number == (place if option.number is None else option.number):
            return next(act for each in known_as if (act := taps.read(option.token, key, each)))
    return ""


def assert_answer(town: Town, session: Session, question: int, choice: int) -> None:
    [running] = [each for each in town.residents._waves._waves or () if each.id == session.wave]
    asked = running.form.questions[question]
    assert session.values[asked.name] == asked.choices[choice].name


async def an_invitation(town: Town, words: InvitationComposer, resident: Resident, slug: str) -> Heard:
    """By the real words, to this one person; their row is as the sender would leave it."""
    now, fingerprint = town.clock(), town.vault.fingerprint(resident.address)
    campaign = Campaign(INVITE, slug, Purpose.INVITATION, Audience((LONG_DUC,)), not_before=now)
    async with town.database.transaction() as tx:
        standing = await tx.outbox.by_subject(INVITE, slug)
        of = standing.id if standing is not None else await tx.outbox.create(campaign)
        contact = await tx.contacts.by_fingerprint(fingerprint)
        assert contact is not None
        await tx.outbox.add(of, [(contact.id, resident.account)])
        await tx._connection.run(SENT_NOW, of=of, to=contact.id)
        await tx._connection.run(BEGUN_NOW, of=of, now=now)
    person = Recipient(
        contact.id,
        resident.account,
        "vi",
        fingerprint=fingerprint,
        address=resident.address,
        unit=contact.unit,
    )
    say = await words.compose(campaign, person)
    assert isinstance(say, Say)
    return Heard(Reply((say,)))


_deliveries, _campaigns = rows.table(Delivery).c, rows.table(CampaignRow).c
SENT_NOW = Prepared(
    update(Delivery)
    .where(_deliveries.campaign == bindparam("of"), _deliveries.contact == bindparam("to"))
    .values(state=DeliveryState.SENT.value)
)
BEGUN_NOW = Prepared(
    update(CampaignRow)
    .where(_campaigns.id == bindparam("of"))
    .values(not_before=bindparam("now", type_=_campaigns.not_before.type))
)
