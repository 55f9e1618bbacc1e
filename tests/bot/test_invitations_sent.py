"""Invitations and reminders with a real database, the real Telegram channel and a platform that counts: who is asked, who is asked again,
and when."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.channels.contract import Outcome, Sent
from handlers.occasions import NotNow
from storage import rows
from storage.database import Database
from storage.outbox import Standing
from storage.statements import Prepared
from storage.vault import Vault
from surveys.conversation import Address, Say
from surveys.delivery import Cap, DeliveryState, Why
from surveys.records import PersonsInvited
from surveys.reminding import INVITE
from surveys.sampling import drawn
from tests.bot.inviting_town import OTHER_WARD, SLUG, WARD, InvitingTown
from tests.bot.sending_town import SHORT
from tests.bot.test_sender import BAD_REQUEST, FORBIDDEN, Running
from tests.bulk_server.server import BulkServer, Fault
from tests.conftest import Clock

PENDING, SENT, CANCELLED = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.CANCELLED
EXPIRED, UNKNOWN = DeliveryState.EXPIRED, DeliveryState.UNKNOWN
FIRST_QUESTION = "kịp thời"
REMINDED = "nhắc"
THREE_DAYS = timedelta(days=3)


@pytest.fixture
async def server() -> AsyncIterator[BulkServer]:
    async with BulkServer(limit=10_000, a_chat=0) as server:
        yield server


@pytest.fixture
async def running(clock: Clock) -> Running:
    return Running(clock.moment)


@pytest.fixture
def town(
    database: Database, vault: Vault, tmp_path: Path, running: Running, server: BulkServer
) -> InvitingTown:
    return InvitingTown(database, vault, tmp_path, running, server.url)


async def carried_out(town: InvitingTown, standing: Standing) -> dict[DeliveryState, int]:
    async with town.sending():
        await town.until_done(standing.id)
    return await town.counts(standing.id)


async def invited(town: InvitingTown, people: range = range(1, 21)) -> int:
    """The wave, with everybody of it invited."""
    wave = await town.open()
    await town.people(people)
    await carried_out(town, await town.invite())
    return wave


def chats(server: BulkServer) -> Counter[int]:
    return Counter(each.chat for each in server.log)


# ── Who is invited ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_who_agreed_in_their_own_ward_is_asked_the_first_question(
    town: InvitingTown, server: BulkServer
):
    await town.open()
    await town.people(range(1, 13))
    await town.wants(10, [(WARD, "scam")])
    await town.wants(11, [(OTHER_WARD, "surveys")])
    await town.wants(12, [])

    counts = await carried_out(town, await town.invite())

    assert counts == {SENT: 9}
    assert chats(server) == Counter(range(1, 10))
    [asked] = server.texts_to(1)
    assert FIRST_QUESTION in asked.lower()


async def test_inviting_again_is_inviting_once_and_newcomers_came_too_late(
    town: InvitingTown, server: BulkServer
):
    await town.open()
    await town.people(range(1, 11))
    first = await town.invite()
    await town.people(range(11, 16))

    again = await town.invite()
    await carried_out(town, first)

    assert again.id == first.id
    assert chats(server) == Counter(range(1, 11))


async def test_a_sample_is_drawn_by_the_published_seed_in_each_ward(town: InvitingTown, server: BulkServer):
    await town.open(seed="5eed")
    homes = {WARD: range(1, 31), OTHER_WARD: range(101, 121)}
    for people in homes.values():
        await town.people(people)

    counts = await carried_out(town, await town.invite(invite={"sample": 7}))

    numbers = {town.print_of(number): number for people in homes.values() for number in people}
    expected = {
        numbers[each]
        for people in homes.values()
        for each in drawn("5eed", [town.print_of(number) for number in people], 7)
    }
    assert counts == {SENT: 14}
    assert set(chats(server)) == expected


async def test_a_sample_stays_the_same_when_some_of_it_leave_meanwhile(
    town: InvitingTown, server: BulkServer
):
    await town.open(seed="5eed")
    await town.people(range(1, 31))
    standing = await town.invite(over=timedelta(hours=1), invite={"sample": 5})
    sample = drawn("5eed", [town.print_of(number) for number in range(1, 31)], 5)
    async with town.sending():
        await town.until(standing.id, lambda counts: counts.get(SENT, 0) >= 1)
    async with town.db.transaction() as tx:
        await tx.contacts.delete(sample[4])
        await tx._connection.run(Prepared(text("UPDATE campaigns SET walked_at = NULL")))
    town.now.moment += timedelta(hours=2)  # type: ignore[attr-defined]

    counts = await carried_out(town, await town.campaign_of(INVITE, SLUG))

    assert sum(counts.values()) == 5, "nobody was drawn in their place"


async def test_how_many_were_invited_is_counted_once_all_are_written_down(town: InvitingTown):
    await town.open()
    await town.people(range(1, 9))
    await town.people(range(101, 104))
    await town.invitations.step()
    standing = await town.invite(over=timedelta(hours=2))
    async with town.sending():
        await town.until(standing.id, lambda counts: sum(counts.values()) == 11)
        await town.eventually(lambda: written_down(town, standing))

    await town.invitations.step()
    await town.people(range(20, 30))
    await town.invitations.step()

    async with town.db.reading() as tx:
        units = {each.unit: each.invited for each in await tx.wave_units.all()}
    assert units == {WARD: 8, OTHER_WARD: 3}
    assert await entered(town) == [PersonsInvited(SLUG, WARD, 8), PersonsInvited(SLUG, OTHER_WARD, 3)]


async def test_they_are_counted_though_everything_was_sent_before_anybody_looked(town: InvitingTown):
    await invited(town, range(1, 9))

    await town.invitations.step()

    async with town.db.reading() as tx:
        assert {each.unit: each.invited for each in await tx.wave_units.all()} == {WARD: 8, OTHER_WARD: 0}


async def written_down(town: InvitingTown, standing: Standing) -> bool:
    return (await town.standing(standing.id)).is_written_down


async def entered(town: InvitingTown) -> list[PersonsInvited]:
    from handlers.publishing import ledger_of

    async with town.db.reading() as tx:
        return [each for each in await ledger_of(tx, SLUG) if isinstance(each, PersonsInvited)]


async def test_a_visit_is_nothing_one_is_invited_to_and_a_wave_that_ends_neither(
    town: InvitingTown, running: Running
):
    await town.open(days=1)
    with pytest.raises(NotNow, match="Không có đợt khac"):
        await town.invite("khac")
    with pytest.raises(NotNow, match="chưa mời ai"):
        await town.remind(1)
    await town.invite()
    with pytest.raises(NotNow, match="nhiều nhất 2 lần"):
        await town.remind(3)

    running.moment += timedelta(hours=23, minutes=30)

    with pytest.raises(NotNow, match="không còn đủ thời gian"):
        await town.remind(1)


async def test_who_is_in_the_middle_of_another_survey_is_asked_without_numbers(
    town: InvitingTown, server: BulkServer
):
    await town.open()
    other = await town.open("2026-khac")
    await town.people(range(1, 4))
    await town.answers(2, other, has_ended=False)
    await town.answers(3, other, has_ended=True)

    await carried_out(town, await town.invite())

    questions = {number: FIRST_QUESTION in server.texts_to(number)[0].lower() for number in (1, 2, 3)}
    assert questions == {1: True, 2: False, 3: True}


async def test_what_closes_before_it_was_sent_is_not_sent(
    town: InvitingTown, server: BulkServer, running: Running
):
    await town.open(days=1)
    await town.people(range(1, 31))
    standing = await town.invite(over=timedelta(days=3))
    async with town.sending():
        await town.until(standing.id, lambda counts: counts.get(SENT, 0) >= 1)
        running.moment += timedelta(hours=23, minutes=5)
        await town.until_done(standing.id)

    counts = await town.counts(standing.id)
    assert set(counts) == {SENT, EXPIRED}
    assert counts[SENT] == len(server.log)


async def test_a_wave_that_is_closed_before_its_time_takes_its_messages_with_it(
    town: InvitingTown, server: BulkServer
):
    wave = await town.open()
    await town.people(range(1, 31))
    standing = await town.invite(over=timedelta(days=3))
    async with town.db.transaction() as tx:
        await tx.waves.set_state(wave, "closed", town.now())

    await town.invitations.step()

    counts = await carried_out(town, standing)
    assert counts == {}
    assert server.log == []
    assert (await town.standing(standing.id)).was_stopped


# ── Who is reminded ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_only_who_has_not_answered_is_reminded_and_no_row_says_so(
    town: InvitingTown, server: BulkServer, running: Running
):
    wave = await invited(town)
    for number in range(1, 9):
        await town.answers(number, wave)
    await town.answers(9, wave, withdrawn=True)
    await town.answers(10, wave, has_ended=False)
    server.log.clear()
    running.moment += THREE_DAYS

    counts = await carried_out(town, await town.remind(1))

    assert counts == {SENT: 20}
    assert chats(server) == Counter(range(10, 21))
    assert all(REMINDED in each.text.lower() for each in server.log)
    assert {each.chat for each in server.log if FIRST_QUESTION not in each.text.lower()} == {10}
    assert await told_apart(town) == {("sent", "", 1, 0)}


async def told_apart(town: InvitingTown) -> set[tuple[str, str, int, int]]:
    """What the rows of reminders say of anybody: state, reason, attempts, and whether a message's id is kept."""
    sql = (
        "SELECT d.state, d.reason, d.attempts, (SELECT count(*) FROM sent_messages m WHERE m.delivery = d.id)"
        " FROM deliveries d JOIN campaigns c ON c.id = d.campaign WHERE c.kind = 'remind'"
    )
    async with town.db.reading() as tx:
        found = await tx._connection.fetch(Prepared(text(sql)))
    return {(str(state), str(reason), int(attempts), int(ids)) for state, reason, attempts, ids in found}


async def test_never_within_two_days_of_the_last_word_and_never_a_third(
    town: InvitingTown, server: BulkServer, running: Running
):
    await invited(town, range(1, 16))
    server.log.clear()
    running.moment += timedelta(hours=47)  # half past seven in the morning: by day, and too soon
    first = await town.remind(1)

    async with town.sending():
        await town.until(first.id, lambda counts: counts.get(PENDING) == 15)
        await town.eventually(lambda: all_rest(town, first))
        assert server.log == []
        running.moment += timedelta(hours=3)
        await town.until_done(first.id)
        assert chats(server) == Counter(range(1, 16))

        running.moment += timedelta(hours=24)
        second = await town.remind(2)
        await town.eventually(lambda: all_rest(town, second))
        assert len(server.log) == 15
        running.moment += timedelta(hours=25, minutes=30)
        await town.until_done(second.id)

    assert set(chats(server).values()) == {2}
    with pytest.raises(NotNow):
        await town.remind(3)


async def all_rest(town: InvitingTown, standing: Standing) -> bool:
    """Everybody was looked at, and waits."""
    sql = "SELECT count(*) FROM deliveries WHERE campaign = :of AND state = 'pending' AND until IS NULL"
    async with town.db.reading() as tx:
        [(number,)] = await tx._connection.fetch(Prepared(text(sql)), of=standing.id)
        counts = await tx.outbox.counts(standing.id)
    return number == 0 and counts.get(PENDING, 0) > 0


async def test_who_was_invited_later_is_reminded_later(town: InvitingTown, server: BulkServer, clock: Clock):
    town.at(clock)  # which stands still between two steps
    await town.open()
    await town.people(range(1, 21))
    invite = await town.invite(over=timedelta(hours=10))
    async with town.sending():
        await town.until(invite.id, lambda counts: counts.get(SENT) == 1)
        clock.advance(hours=5)
        await town.until(invite.id, lambda counts: counts.get(SENT) == 11)
        early = set(chats(server))
        clock.advance(hours=6)
        await town.until_done(invite.id)
        server.log.clear()
        clock.advance(hours=45)  # since the later ones; 50 since the earlier
        remind = await town.remind(1)
        await town.until(remind.id, lambda counts: counts.get(SENT) == 11)
        assert set(chats(server)) == early
        clock.advance(hours=4)
        await town.until_done(remind.id)

    assert chats(server) == Counter(range(1, 21))


async def test_in_a_small_ward_everybody_is_reminded_alike(
    town: InvitingTown, server: BulkServer, running: Running
):
    wave = await town.open()
    await town.people(range(1, 16))
    await town.people(range(101, 105))
    await carried_out(town, await town.invite())
    for number in (1, 2, 101, 102):
        await town.answers(number, wave)
    await town.answers(103, wave, has_ended=False)
    server.log.clear()
    running.moment += THREE_DAYS

    await carried_out(town, await town.remind(1))

    assert chats(server) == Counter([*range(3, 16), *range(101, 105)])


async def test_who_wants_no_reminder_gets_none_and_their_row_looks_like_every_other(
    town: InvitingTown, server: BulkServer, running: Running
):
    wave = await invited(town)
    me = [Address("telegram", number) for number in ("4", "1", "2")]
    await town.snoozes.quiet({town.vault.fingerprint(me[1])}, wave)
    await town.snoozes.later(me[2], wave, town.now() + timedelta(days=10))
    await town.wants(3, [(WARD, "scam")])
    server.log.clear()
    running.moment += THREE_DAYS
    # Asked once more yesterday evening, because they had wished it.
    await town.snoozes.later(me[0], wave, town.now() - timedelta(days=1))
    [wish] = await town.snoozes.take(town.now(), 5)
    await town.snoozes.told(wish, town.now() - timedelta(days=1))

    counts = await carried_out(town, await town.remind(1))

    assert chats(server) == Counter(range(5, 21))
    assert counts == {SENT: 19, CANCELLED: 1}, "who let go of the topic did so for everybody to see"


async def test_whom_the_invitation_did_not_reach_is_not_reminded(
    town: InvitingTown, server: BulkServer, running: Running
):
    server.faults = lambda method, chat: FORBIDDEN if chat == 3 else None
    await invited(town)
    server.faults = None
    server.log.clear()
    running.moment += THREE_DAYS

    counts = await carried_out(town, await town.remind(1))

    assert counts == {SENT: 19}
    assert 3 not in chats(server)


@pytest.mark.parametrize(
    "fault", [FORBIDDEN, Fault(500, b"{}"), BAD_REQUEST], ids=["gone", "broken", "refused"]
)
async def test_a_reminder_that_fails_looks_like_one_that_did_not(
    town: InvitingTown, server: BulkServer, running: Running, fault: Fault
):
    wave = await invited(town)
    await town.answers(1, wave)
    server.faults = lambda method, chat: fault if chat in (5, 6) else None
    server.log.clear()
    running.moment += THREE_DAYS

    counts = await carried_out(town, await town.remind(1))

    assert counts == {SENT: 20}
    assert await told_apart(town) == {("sent", "", 1, 0)}
    assert town.left == [], "who is gone is let go of by the next message to everybody"


async def test_a_reminder_that_everybodys_platform_refuses_stops(
    town: InvitingTown, server: BulkServer, running: Running
):
    await invited(town, range(1, 41))
    server.faults = lambda method, chat: BAD_REQUEST
    running.moment += THREE_DAYS
    remind = await town.remind(1)

    async with town.sending():
        standing = await town.until_paused(remind.id)

    assert standing.why.startswith(Why.POISON)
    assert (await town.counts(remind.id))[PENDING] > 0


async def test_what_the_platform_wants_later_comes_later_to_those_who_did_not_answer(
    town: InvitingTown, server: BulkServer, running: Running
):
    wave = await invited(town)
    for number in range(1, 11):
        await town.answers(number, wave)
    refusals = 3

    def fault(method: str, chat: int) -> Fault | None:
        nonlocal refusals
        refusals -= 1
        body = b'{"ok":false,"description":"slow","parameters":{"retry_after":1}}'
        return Fault(429, body) if refusals >= 0 else None

    server.faults = fault
    server.log.clear()
    running.moment += THREE_DAYS

    counts = await carried_out(town, await town.remind(1))

    assert counts == {SENT: 20}
    assert chats(server) == Counter(range(11, 21))


# ── How often, and where ─────────────────────────────────────────────────────────────────────────────────────────


async def test_invitations_and_reminders_are_counted_each_by_itself(
    town: InvitingTown, server: BulkServer, running: Running
):
    town.caps = {"invite": Cap(1, timedelta(days=7)), "remind": Cap(1, timedelta(days=7))}
    town.cap = Cap(0, timedelta(days=7))  # of notices
    await invited(town, range(1, 13))
    await town.open("2026-khac")
    running.moment += THREE_DAYS

    second = await carried_out(town, await town.invite("2026-khac"))
    first_reminder = await carried_out(town, await town.remind(1))
    running.moment += THREE_DAYS
    second_reminder = await carried_out(town, await town.remind(2))

    assert (second, first_reminder, second_reminder) == ({CANCELLED: 12}, {SENT: 12}, {CANCELLED: 12})


class Noting:
    """An account that takes everything."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.sent: list[str] = []

    async def send(self, address: Address, say: Say) -> Outcome:
        assert address.account == self.account
        self.sent.append(address.id)
        return Sent("1")


ZALO = "zalo:77"


@pytest.mark.parametrize(
    ("silent_for", "by_telegram"),
    [(timedelta(hours=3), False), (timedelta(days=4), True), (timedelta(days=9), True)],
    ids=["free", "for money", "out of reach"],
)
async def test_one_person_is_invited_where_they_can_be_reached_and_rather_for_nothing(
    town: InvitingTown, server: BulkServer, silent_for: timedelta, by_telegram: bool
):
    town.others = {ZALO: (zalo := Noting(ZALO))}  # type: ignore[dict-item]
    await town.open()
    await town.people(range(1, 2), ZALO)
    async with town.db.transaction() as tx:
        heard = rows.HeardAt(fingerprint=town.print_of(1, ZALO), at=town.now() - silent_for)
        await tx.heard.save_many([heard])
    await town.links.join(Address(ZALO, "1"), Address("telegram", "77"))

    counts = await carried_out(town, await town.invite())

    assert counts == {SENT: 1}
    assert (set(chats(server)), zalo.sent) == (({77}, []) if by_telegram else (set(), ["1"]))


async def test_two_contacts_of_one_person_are_one_invitation(town: InvitingTown, server: BulkServer):
    town.others = {ZALO: (zalo := Noting(ZALO))}  # type: ignore[dict-item]
    await town.open()
    await town.people(range(1, 2), ZALO)
    await town.people(range(77, 78))
    async with town.db.transaction() as tx:
        heard = rows.HeardAt(fingerprint=town.print_of(1, ZALO), at=town.now() - timedelta(days=4))
        await tx.heard.save_many([heard])
    await town.links.join(Address(ZALO, "1"), Address("telegram", "77"))

    counts = await carried_out(town, await town.invite())

    assert counts == {SENT: 1, CANCELLED: 1}
    assert (chats(server), zalo.sent) == (Counter([77]), [])


# ── Night and morning ────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_a_night_interrupted_goes_on_at_its_pace_in_the_morning(
    town: InvitingTown, server: BulkServer, clock: Clock
):
    town.at(clock)  # which stands still between two steps
    clock.moment = clock.moment.replace(hour=13, minute=0)  # eight in the evening
    await town.open()
    await town.people(range(1, 41))
    standing = await town.invite(over=timedelta(hours=4))
    async with town.sending():
        clock.advance(minutes=59)
        await town.until(standing.id, lambda counts: counts.get(SENT) == 10)
        clock.advance(hours=10, minutes=1)
        await asyncio.sleep(0.3)  # seven o'clock, and nothing rushes out
        assert len(server.log) == 10
        clock.advance(hours=2)
        await town.until(standing.id, lambda counts: counts.get(SENT) == 31)
        clock.advance(hours=1, minutes=5)
        await town.until_done(standing.id)

    assert chats(server) == Counter(range(1, 41))


async def test_what_was_held_over_night_does_not_leave_at_seven_sharp_and_the_oldest_goes_first(
    town: InvitingTown, server: BulkServer, clock: Clock
):
    town.at(clock)
    # A clock that is put forward ends no lease here.
    town.patience = replace(SHORT, account=timedelta(days=1), row=timedelta(hours=2))
    clock.moment = clock.moment.replace(hour=15, minute=0)  # ten in the evening
    await town.open()
    await town.people(range(1, 41))
    first, second = [await town.campaign(subject) for subject in ("first", "second")]
    async with town.sending():
        for campaign in (first, second):
            await town.until(campaign, lambda counts: counts.get(PENDING) == 40)
        clock.advance(hours=9)
        await asyncio.sleep(0.3)  # seven o'clock, and nothing rushes out
        assert server.log == []
        for number in (1, 2, 3):  # one a second, where there are few
            clock.advance(seconds=1)
            await town.until(first, lambda counts, number=number: counts.get(SENT) == number)
        await town.eventually(lambda: a_second_later(town, clock, first))
        clock.advance(hours=1)
        await town.until_done(second)

    texts = [each.text for each in server.log]
    assert Counter(texts) == {"first": 40, "second": 40}
    assert texts[:20] == ["first"] * 20, "what waited longest goes first"


async def a_second_later(town: InvitingTown, clock: Clock, campaign: int) -> bool:
    """Whether all of it has left by now."""
    clock.advance(seconds=1)
    return (await town.counts(campaign)).get(SENT) == 40
