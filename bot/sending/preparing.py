"""From a claimed row to a message that lacks nothing but its turn: whether it may go, where to, in which words."""

from dataclasses import replace

import structlog

from bot.sending.attempts import Paid, Ready, Recipient, Silent, Skip, refused
from bot.sending.office import Office
from bot.sending.outside import Wait
from bot.sending.reaching import Elsewhere, Here, Twice
from storage.database import Unavailable
from storage.keys import KeyGone
from storage.outbox import Claimed
from storage.vault import Tampered
from surveys.conversation import Address
from surveys.delivery import Campaign, DeliveryState, Why
from surveys.windows import Purpose

__all__ = ["NoWords", "Refused", "prepared"]

log = structlog.get_logger(__name__)

Refused = tuple[DeliveryState, str]
"""The state it ends in instead, and why."""


class NoWords(Exception):
    """Its words cannot be made: the whole campaign must wait for a person."""


def _wants_no_more(office: Office, fingerprint: bytes, claimed: Claimed, campaign: Campaign) -> bool:
    """They left, or let go of what this is about, since they were written down for it: a notice may be spread over half a day."""
    if office.has_left(fingerprint):
        return True
    said = office.wants(fingerprint, campaign.audience)
    return not (claimed.wants if said is None else said)


async def prepared(
    office: Office, account: str, claimed: Claimed, campaign: Campaign
) -> Ready | Refused | Wait | Elsewhere:
    """Raises NoWords."""
    fingerprint, home = claimed.fingerprint, None
    has_left = fingerprint is not None and _wants_no_more(office, fingerprint, claimed, campaign)
    if fingerprint is not None and not has_left:
        try:
            home = office.vault.open_address(fingerprint, claimed.address or b"")
        except (Tampered, KeyGone):
            return DeliveryState.FAILED, Why.ADDRESS
        where = await _where(office, account, claimed, campaign, home)
        if isinstance(where, Elsewhere):
            return where
        if isinstance(where, Twice):
            return DeliveryState.CANCELLED, Why.ELSEWHERE
        home, claimed = where.address, replace(claimed, heard_at=where.heard_at)
    cap, now = office.cap_of(campaign), office.now()
    trouble = refused(claimed, campaign, account, has_left=has_left, cap=cap, now=now)
    instead = await _instead(office, account, claimed, campaign, trouble)
    if instead is not None and not isinstance(instead, Paid):
        return instead
    if instead is None and trouble is not None:
        return trouble
    if claimed.rests_until is not None and now < claimed.rests_until:
        return Wait(claimed.rests_until)
    assert home is not None
    return await _composed(office, account, claimed, campaign, home, instead)


async def _where(
    office: Office, account: str, claimed: Claimed, campaign: Campaign, home: Address
) -> Here | Elsewhere | Twice:
    # A notice goes to the address that agreed to it, and to no other.
    if office.reaching is None or campaign.purpose is not Purpose.INVITATION:
        return Here(home, claimed.heard_at)
    return await office.reaching.choose(campaign, claimed, home, account)


async def _instead(
    office: Office, account: str, claimed: Claimed, campaign: Campaign, trouble: Refused | None
) -> Paid | Wait | Refused | None:
    """What there is for somebody whose window is closed."""
    if office.beyond is None or not office.beyond.is_closed(claimed, trouble):
        return None
    return await office.beyond.instead(account, claimed, campaign)


async def _composed(
    office: Office, account: str, claimed: Claimed, campaign: Campaign, address: Address, paid: Paid | None
) -> Ready | Refused:
    recipient = Recipient(
        claimed.contact,
        account,
        claimed.language or "vi",
        is_again=claimed.repeated > 0,
        fingerprint=office.vault.fingerprint(address),
        address=address,
        unit=claimed.unit,
    )
    try:
        say = await office.composers[campaign.kind].compose(campaign, recipient)
    except Unavailable:
        raise  # of the database, which says nothing of the words
    except Exception as surprise:
        # One of the few places that catch broadly: words that cannot be made stop their campaign, not the line.
        error = type(surprise).__name__
        log.error("outbox.no_words", campaign=campaign.id, kind=campaign.kind, error=error)
        raise NoWords(f"{Why.WORDS}: {error}") from None
    match say:
        case Skip(reason):
            return DeliveryState.CANCELLED, reason
        case Silent():
            assert campaign.is_discreet, "where rows may tell, nobody is silent"
            return Ready(claimed, campaign, address, None)
    return Ready(claimed, campaign, address, say, paid)
