"""What a unit of work can do: the repositories, as phrases (`tx.waves.open_at(now)`)."""

from storage.ballots import Ballots, Receipts, Releases, Strata
from storage.catalogue import Forms, Markers, Units, Waves, WaveUnits
from storage.comments import Comments, Leaders
from storage.contacts import Contacts, HeardHours, LinkRows, Quarantine
from storage.desk import AuditTrail, Codes, DeskSessions, Posts, Staff
from storage.invited import Invitations
from storage.notices import Notices, Pictures, Sightings, Subscriptions, Templates
from storage.officers import OfficerAccounts
from storage.outbox import Outbox
from storage.outside import Outside
from storage.people import Lobbies, People, Sessions
from storage.recounting import Recounting
from storage.schedules import ClockHolds, Dues, QuietDays, Schedules
from storage.scorecards import Scorecards
from storage.staging import Staging
from storage.statements import Connection
from storage.tokens import Counters, Issuers, Tokens
from storage.trail import Documents, LedgerLines, Proposals, WaveSeals, WaveTerms
from storage.zalo import ZaloAccounts

__all__ = ["Tx"]


class Tx:
    """Lives as long as its unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def people(self) -> People:
        return People(self._connection)

    @property
    def sessions(self) -> Sessions:
        return Sessions(self._connection)

    @property
    def lobbies(self) -> Lobbies:
        return Lobbies(self._connection)

    @property
    def waves(self) -> Waves:
        return Waves(self._connection)

    @property
    def wave_units(self) -> WaveUnits:
        return WaveUnits(self._connection)

    @property
    def forms(self) -> Forms:
        return Forms(self._connection)

    @property
    def units(self) -> Units:
        return Units(self._connection)

    @property
    def ballots(self) -> Ballots:
        return Ballots(self._connection)

    @property
    def receipts(self) -> Receipts:
        return Receipts(self._connection)

    @property
    def strata(self) -> Strata:
        return Strata(self._connection)

    @property
    def staging(self) -> Staging:
        return Staging(self._connection)

    @property
    def comments(self) -> Comments:
        return Comments(self._connection)

    @property
    def leaders(self) -> Leaders:
        return Leaders(self._connection)

    @property
    def releases(self) -> Releases:
        return Releases(self._connection)

    @property
    def documents(self) -> Documents:
        return Documents(self._connection)

    @property
    def ledger(self) -> LedgerLines:
        return LedgerLines(self._connection)

    @property
    def wave_terms(self) -> WaveTerms:
        return WaveTerms(self._connection)

    @property
    def wave_seals(self) -> WaveSeals:
        return WaveSeals(self._connection)

    @property
    def proposals(self) -> Proposals:
        return Proposals(self._connection)

    @property
    def scorecards(self) -> Scorecards:
        return Scorecards(self._connection)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self._connection)

    @property
    def issuers(self) -> Issuers:
        return Issuers(self._connection)

    @property
    def counters(self) -> Counters:
        return Counters(self._connection)

    @property
    def officers(self) -> OfficerAccounts:
        return OfficerAccounts(self._connection)

    @property
    def contacts(self) -> Contacts:
        return Contacts(self._connection)

    @property
    def heard(self) -> HeardHours:
        return HeardHours(self._connection)

    @property
    def links(self) -> LinkRows:
        return LinkRows(self._connection)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self._connection)

    @property
    def recounting(self) -> Recounting:
        return Recounting(self._connection)

    @property
    def invitations(self) -> Invitations:
        return Invitations(self._connection)

    @property
    def outside(self) -> Outside:
        return Outside(self._connection)

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self._connection)

    @property
    def markers(self) -> Markers:
        return Markers(self._connection)

    @property
    def schedules(self) -> Schedules:
        return Schedules(self._connection)

    @property
    def dues(self) -> Dues:
        return Dues(self._connection)

    @property
    def clock_holds(self) -> ClockHolds:
        return ClockHolds(self._connection)

    @property
    def quiet_days(self) -> QuietDays:
        return QuietDays(self._connection)

    @property
    def zalo_accounts(self) -> ZaloAccounts:
        return ZaloAccounts(self._connection)

    @property
    def staff(self) -> Staff:
        return Staff(self._connection)

    @property
    def posts(self) -> Posts:
        return Posts(self._connection)

    @property
    def codes(self) -> Codes:
        return Codes(self._connection)

    @property
    def desk_sessions(self) -> DeskSessions:
        return DeskSessions(self._connection)

    @property
    def audit(self) -> AuditTrail:
        return AuditTrail(self._connection)

    @property
    def notices(self) -> Notices:
        return Notices(self._connection)

    @property
    def pictures(self) -> Pictures:
        return Pictures(self._connection)

    @property
    def templates(self) -> Templates:
        return Templates(self._connection)

    @property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self._connection)

    @property
    def sightings(self) -> Sightings:
        return Sightings(self._connection)

    async def alone_with(self, nullifier: bytes) -> None:
        """Until this unit of work ends, no other process works on the same person: an advisory lock, which leaves
        no trace in any row. On SQLite there is only ever one writer."""
        await self._connection.lock(int.from_bytes(nullifier[:8], "big", signed=True))
