"""Promise 4 as an auditor would look at it: every recipient has one row with an outcome, nobody who agreed is missing, the counts are those
of the rows, and what rows say of somebody is what lies in that person's chat."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage import outbox_rows, rows
from storage.keys import FileKeys
from storage.statements import Prepared
from storage.transaction import Tx
from storage.vault import Vault
from surveys.delivery import FINAL, CampaignState, DeliveryState
from tests.year.pushes import REMINDERS, K, Pushed, push_in

if TYPE_CHECKING:
    from tests.year.world import World

__all__ = ["outboxes"]

CONTACTS = Prepared(select(rows.table(rows.Contact).c.id, rows.table(rows.Contact).c.fingerprint))
DELIVERIES = Prepared(select(rows.table(outbox_rows.Delivery)))
COUNTS = Prepared(select(rows.table(outbox_rows.DeliveryCount)))
CAMPAIGNS = Prepared(select(rows.table(outbox_rows.CampaignRow)))
PERHAPS = (DeliveryState.SENT, DeliveryState.UNKNOWN)


@dataclass
class Outbox:
    """Everything that stands there, by campaign."""

    campaigns: list[outbox_rows.CampaignRow]
    states: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Campaign → who → the state of their row; whose contact is gone is there by its random id."""
    counted: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    twice: list[str] = field(default_factory=list)
    small: set[tuple[str, str]] = field(default_factory=set)
    """Wave and ward, where fewer were invited than may be shown."""


async def outboxes(world: "World", tx: Tx) -> AsyncIterator[str]:
    vault = Vault(FileKeys(world.settings.keys_dir))
    names = {vault.fingerprint(each.address): each.name for each in world.residents}
    connection = tx.outbox._connection
    people = {str(id): names[bytes(who)] for id, who in await connection.fetch(CONTACTS)}
    found = Outbox(rows.all_of(outbox_rows.CampaignRow, await connection.fetch(CAMPAIGNS)))
    for each in rows.all_of(outbox_rows.Delivery, await connection.fetch(DELIVERIES)):
        who = people.get(each.contact, each.contact)
        if who in found.states[each.campaign]:
            found.twice.append(f"campaign {each.campaign}: two rows of {who}")
        found.states[each.campaign][who] = each.state
    for count in rows.all_of(outbox_rows.DeliveryCount, await connection.fetch(COUNTS)):
        found.counted[count.campaign][count.state] += count.number
    for wave in await tx.waves.all():
        for each in await tx.wave_units.of_wave(wave.id or 0):
            if each.invited is not None and each.invited < K:
                found.small.add((wave.slug, each.unit))
    for trouble in _all_of(world, found):
        yield trouble


def _all_of(world: "World", found: Outbox) -> Iterator[str]:
    yield from found.twice
    arrived = _arrived(world)
    for campaign in found.campaigns:
        name = f"{campaign.kind} {campaign.subject}"
        states = found.states[campaign.id or 0]
        if campaign.state not in (CampaignState.DONE, CampaignState.STOPPED):
            yield f"{name} is {campaign.state} still ({campaign.why})"
        unsettled = {who: state for who, state in states.items() if state not in FINAL}
        if unsettled:
            yield f"{name}: no outcome for {unsettled}"
        counted = +found.counted[campaign.id or 0]
        if counted != Counter(states.values()):
            yield f"{name}: counted {counted}, there are {Counter(states.values())}"
        if campaign.kind in ("invite", "remind"):
            yield from _as_it_arrived(campaign, states, arrived)
        if campaign.kind == "remind" and campaign.state == CampaignState.DONE:
            yield from _all_alike_where_few_are(world, campaign, states, arrived, found.small)
        if campaign.kind == "invite" and campaign.state == CampaignState.DONE:
            yield from _nobody_missing(world, campaign.subject, states)


def _arrived(world: "World") -> dict[tuple[str, str], list[Pushed]]:
    """Kind and subject of a campaign → what of it lies in chats."""
    found: dict[tuple[str, str], list[Pushed]] = defaultdict(list)
    for each in world.platform.log:
        if (push := push_in(each, world.expected.values())) is not None:
            number = REMINDERS.index(push.kind) + 1 if push.kind in REMINDERS else 0
            key = ("remind", f"{push.wave.slug}.{number}") if number else ("invite", push.wave.slug)
            found[key].append(push)
    return found


def _as_it_arrived(
    campaign: outbox_rows.CampaignRow,
    states: dict[str, str],
    arrived: dict[tuple[str, str], list[Pushed]],
) -> Iterator[str]:
    """Of a reminder, “sent” is said of those as well who had answered: that is what keeps the rows from telling."""
    name, there = f"{campaign.kind} {campaign.subject}", set()
    for push in arrived[campaign.kind, campaign.subject]:
        there.add(push.address)
    by_person = {f"r{int(address.id) - 10_000}" for address in there}
    for who in by_person & states.keys():
        if states[who] not in PERHAPS:
            yield f"{name}: it lies in the chat of {who}, and the row says {states[who]}"
    if campaign.kind == "invite":
        for who, state in states.items():
            if state == DeliveryState.SENT and who.startswith("r") and who not in by_person:
                yield f"{name}: the row of {who} says sent, and nothing is there"


def _all_alike_where_few_are(
    world: "World",
    campaign: outbox_rows.CampaignRow,
    states: dict[str, str],
    arrived: dict[tuple[str, str], list[Pushed]],
    small: set[tuple[str, str]],
) -> Iterator[str]:
    """There a reminder that somebody does not get would tell that they have answered."""
    slug = campaign.subject.rpartition(".")[0]
    wards = {each.name: each.ward for each in world.residents}
    got_it = {f"r{int(push.address.id) - 10_000}" for push in arrived[campaign.kind, campaign.subject]}
    told_us = world.model.left.keys() | {person for person, wave in world.model.quiet if wave == slug}
    for who, state in states.items():
        is_small = (slug, wards.get(who, "")) in small
        if is_small and state == DeliveryState.SENT and who not in got_it | told_us:
            yield f"remind {campaign.subject}: {who} is one of few, and got none"


def _nobody_missing(world: "World", wave: str, states: dict[str, str]) -> Iterator[str]:
    gone = {each.name for each in world.residents if each.address in world.platform.gone}
    for who in sorted(world.model.agreed_to(wave) - world.model.left.keys() - gone - states.keys()):
        yield f"invite {wave}: {who} agreed to be asked, and has no row"
