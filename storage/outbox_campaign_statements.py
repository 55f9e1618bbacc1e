"""The SQL of campaigns in the outbox, for both databases: made, turned, walked; their recipients written down, and the counts that move
with them. It knows tables and no rule."""

from sqlalchemy import Integer, Text, bindparam, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.expression import ColumnElement

from storage import outbox_rows, rows
from storage.outbox_clauses import DONE, OF, OPEN, PAUSED, STOPPED, given, some, word
from storage.statements import Prepared, insert
from surveys.delivery import CampaignState, DeliveryState

__all__ = [
    "ADD_CAMPAIGN",
    "ADD_COUNT",
    "ADD_RECIPIENT",
    "BY_UNIT",
    "CAMPAIGN",
    "CAMPAIGN_BY_SUBJECT",
    "CLOSE",
    "COUNTS",
    "FINISH",
    "FIX",
    "LATEST",
    "LESS",
    "MOVE_CURSOR",
    "PAUSE",
    "RESUME",
    "STOP",
    "UNFINISHED",
    "WALKED",
    "WRITTEN",
]

_campaigns = rows.table(outbox_rows.CampaignRow)
_deliveries = rows.table(outbox_rows.Delivery)
_counts = rows.table(outbox_rows.DeliveryCount)
_contacts = rows.table(rows.Contact)
_d, _c = _deliveries.c, _campaigns.c

# ── Campaigns ────────────────────────────────────────────────────────────────────────────────────────────────────

IN_ORDER = (_c.is_urgent.desc(), _c.not_before, _c.id)

ADD_CAMPAIGN = insert(_campaigns, "id")
CAMPAIGN = Prepared(select(_campaigns).where(_c.id == bindparam("id")))
CAMPAIGN_BY_SUBJECT = Prepared(
    select(_campaigns).where(_c.kind == bindparam("kind"), _c.subject == bindparam("subject"))
)
UNFINISHED = Prepared(select(_campaigns).where(_c.state != word(CampaignState.DONE)).order_by(*IN_ORDER))
LATEST = Prepared(select(_campaigns).order_by(_c.id.desc()).limit(some()))


def _turned(to: CampaignState, *before: ColumnElement[bool]) -> Prepared:
    return Prepared(
        update(_campaigns)
        .where(_c.id == OF, or_(*before))
        .values(state=word(to), why=given("because", _c.why))
    )


STOP = _turned(CampaignState.STOPPED, OPEN, PAUSED)
CLOSE = Prepared(
    update(_campaigns).where(_c.id == OF, DONE, _c.why == "").values(why=given("because", _c.why))
)
PAUSE = _turned(CampaignState.PAUSED, OPEN)
RESUME = Prepared(
    update(_campaigns)
    .where(_c.id == OF, PAUSED)
    .values(state=word(CampaignState.OPEN), why="", poison_at=given("limit", _c.poison_at))
)
FINISH = Prepared(
    update(_campaigns).where(_c.id == OF, or_(OPEN, STOPPED)).values(state=word(CampaignState.DONE))
)
FIX = Prepared(
    update(_campaigns)
    .where(_c.id == OF, _c.fixed_at.is_(None))
    .values(fixed_at=given("number", _c.fixed_at), cell=0)
)
MOVE_CURSOR = Prepared(
    update(_campaigns)
    .where(_c.id == OF, _c.cell == given("was", _c.cell), _c.after == given("was_after", _c.after))
    .values(cell=given("to", _c.cell), after=given("to_after", _c.after))
)
WALKED = Prepared(update(_campaigns).where(_c.id == OF).values(walked_at=given("at", _c.walked_at)))

# ── Recipients ───────────────────────────────────────────────────────────────────────────────────────────────────

ADD_RECIPIENT = Prepared(
    postgresql.insert(_deliveries)
    .values(
        campaign=bindparam("campaign", type_=Integer),
        contact=bindparam("contact", type_=Text),
        account=bindparam("account", type_=Text),
        state=word(DeliveryState.PENDING),
        reason=literal_column("''"),
        attempts=literal_column("0"),
        repeated=literal_column("0"),
    )
    .on_conflict_do_nothing()
    .inline()
)
WRITTEN = Prepared(select(_d.account, func.count()).where(_d.campaign == OF).group_by(_d.account))
BY_UNIT = Prepared(
    select(_contacts.c.unit, func.count())
    .select_from(_deliveries.join(_contacts, _contacts.c.id == _d.contact))
    .where(_d.campaign == OF, _contacts.c.unit.is_not(None))
    .group_by(_contacts.c.unit)
)

# ── Counting ─────────────────────────────────────────────────────────────────────────────────────────────────────

ADD_COUNT = Prepared(
    (new := postgresql.insert(_counts))
    .values({each.name: bindparam(each.name, type_=each.type) for each in _counts.c})
    .on_conflict_do_update(
        index_elements=["campaign", "account", "state"],
        set_={"number": _counts.c.number + new.excluded.number},
    )
    .inline()
)
LESS = Prepared(
    update(_counts)
    .where(
        _counts.c.campaign == given("of", _counts.c.campaign),
        _counts.c.account == given("on", _counts.c.account),
        _counts.c.state == given("was", _counts.c.state),
    )
    .values(number=_counts.c.number - bindparam("less", type_=Integer))
)
COUNTS = Prepared(
    select(_counts.c.account, _counts.c.state, _counts.c.number).where(_counts.c.campaign == OF)
)
