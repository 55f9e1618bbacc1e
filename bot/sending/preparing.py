"""From a claimed row to a message that lacks nothing but its turn: whether it may go, where to, in which words."""

import structlog

from bot.sending.attempts import Ready, Recipient, Skip, refused
from bot.sending.office import Office
from storage.keys import KeyGone
from storage.outbox import Claimed
from storage.vault import Tampered
from surveys.delivery import Campaign, DeliveryState, Why

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


async def prepared(office: Office, account: str, claimed: Claimed, campaign: Campaign) -> Ready | Refused:
    """Raises NoWords."""
    fingerprint = claimed.fingerprint
    has_left = fingerprint is not None and _wants_no_more(office, fingerprint, claimed, campaign)
    trouble = refused(claimed, campaign, account, has_left=has_left, cap=office.cap, now=office.now())
    if trouble is not None:
        return trouble
    assert fingerprint is not None
    try:
        address = office.vault.open_address(fingerprint, claimed.address or b"")
    except (Tampered, KeyGone):
        return DeliveryState.FAILED, Why.ADDRESS
    recipient = Recipient(
        claimed.contact,
        account,
        claimed.language or "vi",
        is_again=claimed.repeated > 0,
        fingerprint=fingerprint,
    )
    try:
        say = await office.composers[campaign.kind].compose(campaign, recipient)
    except Exception as surprise:
        # One of the few places that catch broadly: words that cannot be made stop their campaign, not the line.
        error = type(surprise).__name__
        log.error("outbox.no_words", campaign=campaign.id, kind=campaign.kind, error=error)
        raise NoWords(f"its words cannot be made: {error}") from None
    if isinstance(say, Skip):
        return DeliveryState.CANCELLED, say.reason
    return Ready(claimed, campaign, address, say)
