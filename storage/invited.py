"""Whether somebody was invited to a wave: read from their deliveries, for what they type after an invitation. It writes nothing, and locks no
row: a number typed must not leave a trace beside the name of whoever typed it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select

from storage import rows
from storage.outbox_rows import CampaignRow, Delivery
from storage.statements import Connection, Prepared
from surveys.delivery import DeliveryState, rests_until
from surveys.outside import Aside
from surveys.reminding import INVITE, REMIND, wave_of
from surveys.windows import hour

__all__ = ["Invitation", "Invitations"]

_contacts = rows.table(rows.Contact).c
_deliveries = rows.table(Delivery).c
_campaigns = rows.table(CampaignRow).c


class Invitation(NamedTuple):
    """One that somebody has, or perhaps has; or a reminder of it, in which the question stands once more."""

    wave: str
    """Its slug."""
    since: datetime
    """They had it no earlier. To the hour: of when somebody was spoken to no more is kept."""
    unit: str | None
    """The ward they were invited for: their own."""
    account: str
    """On which it was brought."""
    is_at_home: bool
    """Whether that was to the address by which they are a contact; else it was to the one that this stands for."""
    is_reminder: bool = False
    """Then it may only look as if it had come: who has answered, taken back or wished otherwise was sent nothing."""
    is_shown: bool = True
    """Whether its question stands in their chat: a template only says that there is one."""


class Invitations:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, fingerprint: bytes) -> list[Invitation]:
        """The newest first."""
        found = await self._connection.fetch(OF, fingerprint=fingerprint)
        came = [
            Invitation(
                wave_of(kind, subject)[0],
                _since(state, begun, until),
                unit,
                account,
                is_at_home=bool(is_at_home),
                is_reminder=kind == REMIND,
                is_shown=bool(is_shown),
            )
            for kind, subject, begun, unit, account, is_at_home, is_shown, state, until in found
        ]
        return sorted(came, key=lambda each: each.since, reverse=True)


CAME = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNKNOWN)
"""What is on its way may be there before we have written down that it is."""
OF = Prepared(
    select(
        _campaigns.kind,
        _campaigns.subject,
        _campaigns.not_before,
        _contacts.unit,
        _deliveries.account,
        _deliveries.account == _contacts.account,
        _deliveries.reason.notlike(f"{Aside.TEMPLATE.value}%"),
        _deliveries.state,
        _deliveries.until,
    )
    .select_from(
        rows.table(rows.Contact)
        .join(rows.table(Delivery), _deliveries.contact == _contacts.id)
        .join(rows.table(CampaignRow), _campaigns.id == _deliveries.campaign)
    )
    .where(
        _contacts.fingerprint == bindparam("fingerprint"),
        or_(_campaigns.kind == INVITE, _campaigns.kind == REMIND),
        or_(*(_deliveries.state == state.value for state in CAME)),
    )
)


def _since(state: str, begun: datetime, until: datetime | None) -> datetime:
    """The hour in which they were spoken to, by when they may be again; where that is not written yet, when the first ones left."""
    if state == DeliveryState.SENDING.value or until is None:
        return begun
    return max(begun, until - (rests_until(begun) - hour(begun)))
