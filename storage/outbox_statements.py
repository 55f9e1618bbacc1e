"""The outbox's SQL, for both databases. It knows tables and no rule.

States stand in it as literals, not as values to bind: a partial index is used only where the statement itself says that its condition
holds, on SQLite always and on PostgreSQL as soon as a plan is kept."""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Dialect,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    column,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.expression import ClauseElement, ColumnElement, TextualSelect

from storage import notice_rows, outbox_rows, rows
from storage.moments import Moment
from storage.statements import Compiled, Prepared, insert
from surveys.delivery import CampaignState, DeliveryState, Why
from surveys.windows import Purpose

_campaigns = rows.table(outbox_rows.CampaignRow)
_deliveries = rows.table(outbox_rows.Delivery)
_counts = rows.table(outbox_rows.DeliveryCount)
_messages = rows.table(outbox_rows.SentMessage)
_senders = rows.table(outbox_rows.SenderRow)
_contacts = rows.table(rows.Contact)
_heard = rows.table(rows.HeardAt)
_wanted = rows.table(notice_rows.Subscription)
_d, _c, _s = _deliveries.c, _campaigns.c, _senders.c


class Listed(Prepared):
    """A statement about many ids at once, which come as one JSON list: one round trip and one plan, however many they are."""

    def __init__(self, make: Any) -> None:
        self._make = make
        super().__init__(make(IDS["sqlite"]))

    def on(self, dialect: Dialect) -> Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            statement: ClauseElement = self._make(IDS[dialect.name])
            compiled = self._compiled[dialect.name] = Compiled(statement, dialect)
        return compiled


IDS: dict[str, TextualSelect] = {
    "sqlite": text("SELECT value FROM json_each(:ids)").columns(column("value", Integer)),
    "postgresql": text("SELECT value::integer FROM json_array_elements_text(CAST(:ids AS json))").columns(
        column("value", Integer)
    ),
}


def _word(state: DeliveryState | CampaignState) -> ColumnElement[str]:
    return literal_column(f"'{state.value}'", Text)


def _is(state: DeliveryState, column: ColumnElement[str] = _d.state) -> ColumnElement[bool]:
    """In words the partial indexes know."""
    if state in (DeliveryState.PENDING, DeliveryState.SENT):
        return column == _word(state)
    return and_(column == _word(state), ODD)


ODD: Any = text("deliveries.state NOT IN ('pending', 'sent')")


def _given(name: str, like: ColumnElement[Any]) -> Any:
    return bindparam(name, type_=like.type)


def _some(name: str = "some") -> Any:
    return bindparam(name, type_=Integer)


def _chosen(*conditions: Any) -> CTE:
    """So many rows by id, each in one hand only: who comes at the same moment looks past them."""
    return (
        select(_d.id)
        .where(*conditions)
        .order_by(_d.id)
        .limit(_some())
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )


# ── Campaigns ────────────────────────────────────────────────────────────────────────────────────────────────────

OF = _given("of", _c.id)
OPEN, PAUSED, STOPPED, DONE = (_c.state == _word(state) for state in CampaignState)
IN_ORDER = (_c.is_urgent.desc(), _c.not_before, _c.id)

ADD_CAMPAIGN = insert(_campaigns, "id")
CAMPAIGN = Prepared(select(_campaigns).where(_c.id == bindparam("id")))
CAMPAIGN_BY_SUBJECT = Prepared(
    select(_campaigns).where(_c.kind == bindparam("kind"), _c.subject == bindparam("subject"))
)
UNFINISHED = Prepared(select(_campaigns).where(_c.state != _word(CampaignState.DONE)).order_by(*IN_ORDER))
LATEST = Prepared(select(_campaigns).order_by(_c.id.desc()).limit(_some()))


def _turned(to: CampaignState, *before: ColumnElement[bool]) -> Prepared:
    return Prepared(
        update(_campaigns)
        .where(_c.id == OF, or_(*before))
        .values(state=_word(to), why=_given("because", _c.why))
    )


STOP = _turned(CampaignState.STOPPED, OPEN, PAUSED)
CLOSE = Prepared(
    update(_campaigns).where(_c.id == OF, DONE, _c.why == "").values(why=_given("because", _c.why))
)
PAUSE = _turned(CampaignState.PAUSED, OPEN)
RESUME = Prepared(
    update(_campaigns)
    .where(_c.id == OF, PAUSED)
    .values(state=_word(CampaignState.OPEN), why="", poison_at=_given("limit", _c.poison_at))
)
FINISH = Prepared(
    update(_campaigns).where(_c.id == OF, or_(OPEN, STOPPED)).values(state=_word(CampaignState.DONE))
)
REOPEN = Prepared(update(_campaigns).where(_c.id == OF, DONE).values(state=_word(CampaignState.OPEN), why=""))
FIX = Prepared(
    update(_campaigns)
    .where(_c.id == OF, _c.fixed_at.is_(None))
    .values(fixed_at=_given("number", _c.fixed_at), cell=0)
)
MOVE_CURSOR = Prepared(
    update(_campaigns)
    .where(_c.id == OF, _c.cell == _given("was", _c.cell), _c.after == _given("was_after", _c.after))
    .values(cell=_given("to", _c.cell), after=_given("to_after", _c.after))
)
WALKED = Prepared(update(_campaigns).where(_c.id == OF).values(walked_at=_given("at", _c.walked_at)))

# ── Recipients ───────────────────────────────────────────────────────────────────────────────────────────────────

ADD_RECIPIENT = Prepared(
    postgresql.insert(_deliveries)
    .values(
        campaign=bindparam("campaign", type_=Integer),
        contact=bindparam("contact", type_=Text),
        account=bindparam("account", type_=Text),
        state=_word(DeliveryState.PENDING),
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

# ── Claiming, sending, outcomes ──────────────────────────────────────────────────────────────────────────────────

BY = _given("by", _d.owner)
NOW = bindparam("now", type_=Moment())

_waiting = _chosen(
    _d.campaign == OF,
    _d.account == _given("on", _d.account),
    _is(DeliveryState.PENDING),
    or_(_d.until.is_(None), _d.until <= NOW),
    # One that stopped a moment ago: whoever claims may not have heard of it yet.
    exists().where(_c.id == OF, OPEN),
)
CLAIM = Prepared(
    update(_deliveries)
    .where(_d.id.in_(select(_waiting.c.id)))
    .values(state=_word(DeliveryState.CLAIMED), owner=BY, until=bindparam("lease", type_=Moment()))
    .returning(_d.id)
)


def _recent() -> ColumnElement[int]:
    """How many of the same sort they had: of notices all of them, of what is about surveys those of the same kind."""
    other, of = _deliveries.alias("other"), _campaigns.alias("of_other")
    had = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.UNKNOWN)
    notice = literal_column(f"'{Purpose.NOTICE.value}'", Text)
    return (
        select(func.count())
        .select_from(other.join(of, of.c.id == other.c.campaign))
        .where(
            other.c.contact == _d.contact,
            other.c.campaign != _given("besides", _c.id),
            or_(*(other.c.state == _word(state) for state in had)),
            of.c.purpose == _given("purpose", _c.purpose),
            or_(of.c.purpose == notice, of.c.kind == _given("kind", _c.kind)),
            of.c.not_before >= bindparam("since", type_=Moment()),
            bindparam("counted", type_=Integer) == 1,
        )
        .scalar_subquery()
    )


def _rests_until() -> ColumnElement[Any]:
    """Until when nobody speaks to them of this survey again: they were invited to it, or reminded of it, or just are."""
    other, of = _deliveries.alias("said"), _campaigns.alias("of_said")
    had = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.CLAIMED, DeliveryState.SENDING)
    is_alike = and_(of.c.audience == _given("alike", _c.audience), of.c.id != _d.campaign)
    return (
        select(func.max(other.c.until))
        .select_from(other.join(of, of.c.id == other.c.campaign))
        .where(
            _given("original", _c.id) > 0,  # of anything else than a reminder nobody looks
            other.c.contact == _d.contact,
            or_(*(other.c.state == _word(state) for state in had)),
            or_(of.c.id == _given("original", _c.id), is_alike),
        )
        .scalar_subquery()
    )


def _still_wanted() -> ColumnElement[int]:
    """1 where they want one of the campaign's topics in one of its units, or nobody asks. Codes of units and topics stand in quotes in
    the audience's JSON, and nothing else there looks like one."""

    def is_named(word: ColumnElement[str]) -> ColumnElement[bool]:
        return _c.audience.like(literal_column("'%\"'", Text) + word + literal_column("'\"%'", Text))

    subscribed = (
        select(_wanted.c.unit)
        .select_from(_wanted, _campaigns)
        .where(
            _c.id == _d.campaign,
            _wanted.c.fingerprint == _contacts.c.fingerprint,
            is_named(_wanted.c.unit),
            is_named(_wanted.c.topic),
        )
        .correlate(_deliveries, _contacts)
    )
    nobody_asks = bindparam("asked", type_=Integer) == 0
    return case((or_(nobody_asks, subscribed.exists()), literal_column("1")), else_=literal_column("0"))


CLAIMED = Listed(
    lambda ids: (
        select(
            _d.id,
            _d.campaign,
            _d.contact,
            _d.repeated,
            _contacts.c.fingerprint,
            _contacts.c.address,
            _contacts.c.language,
            _heard.c.at,
            _recent().label("recent"),
            _still_wanted().label("wanted"),
            _contacts.c.unit,
            _rests_until().label("rests_until"),
        )
        .select_from(
            _deliveries.outerjoin(_contacts, _contacts.c.id == _d.contact).outerjoin(
                _heard, _heard.c.fingerprint == _contacts.c.fingerprint
            )
        )
        .where(_d.id.in_(ids))
        .order_by(_d.id)
    )
)
NEXT_EPOCH = Prepared(
    update(_senders)
    .where(_s.account == _given("on", _s.account), _s.owner == _given("by", _s.owner), _s.until > NOW)
    .values(epoch=_s.epoch + 1)
    .returning(_s.epoch)
)
_is_there = select(_contacts.c.id).where(_contacts.c.id == _d.contact).exists()
_is_open = select(_c.id).where(_c.id == _d.campaign, OPEN).exists()
SENDING = Listed(
    lambda ids: (
        update(_deliveries)
        .where(
            _d.id.in_(ids),
            _d.state == _word(DeliveryState.CLAIMED),
            _d.owner == BY,
            _d.until > NOW,
            _is_there,
            _is_open,
        )
        .values(state=_word(DeliveryState.SENDING))
        .returning(_d.id, _d.campaign)
    )
)
HELD = Listed(
    lambda ids: (
        select(_d.id, _contacts.c.id, _c.state)
        .select_from(
            _deliveries.join(_campaigns, _c.id == _d.campaign).outerjoin(
                _contacts, _contacts.c.id == _d.contact
            )
        )
        .where(_d.id.in_(ids), _d.state == _word(DeliveryState.CLAIMED), _d.owner == BY)
        .order_by(_d.id)
    )
)


def _settle(ids: TextualSelect, *conditions: ColumnElement[bool]) -> ClauseElement:
    return (
        update(_deliveries)
        .where(_d.id.in_(ids), *conditions)
        .values(
            state=_given("to", _d.state),
            reason=_given("because", _d.reason),
            attempts=_d.attempts + bindparam("more", type_=Integer),
            repeated=_d.repeated + bindparam("again", type_=Integer),
            owner=None,
            until=bindparam("wait", type_=Moment()),
        )
        .returning(_d.id, _d.campaign, _d.account)
    )


MOVE_ON = Listed(
    lambda ids: (
        update(_deliveries)
        .where(_d.id.in_(ids), _d.owner == BY, _d.state == _word(DeliveryState.CLAIMED))
        .values(state=_word(DeliveryState.PENDING), account=_given("to", _d.account), owner=None, until=None)
        .returning(_d.id, _d.campaign)
    )
)
SETTLE = Listed(lambda ids: _settle(ids, _d.owner == BY, _d.state == _given("was", _d.state)))
SETTLE_LATE = Listed(lambda ids: _settle(ids, _d.state == _word(DeliveryState.UNKNOWN)))
BESIDE = Prepared(
    select(_contacts.c.fingerprint, _contacts.c.account, _d.state, _heard.c.at)
    .select_from(
        _deliveries.join(_contacts, _contacts.c.id == _d.contact).outerjoin(
            _heard, _heard.c.fingerprint == _contacts.c.fingerprint
        )
    )
    .where(_d.campaign == OF, _contacts.c.fingerprint == _given("whose", _contacts.c.fingerprint))
)
ARRIVED = Prepared(
    update(_deliveries)
    .where(
        _d.campaign == OF,
        _d.contact == _given("whom", _d.contact),
        _d.state == _word(DeliveryState.UNKNOWN),
    )
    .values(state=_word(DeliveryState.SENT))
    .returning(_d.account)
)
KEEP_MESSAGE = Prepared(
    postgresql.insert(_messages)
    .values(
        {name: bindparam(name, type_=_messages.c[name].type) for name in ("delivery", "message", "purge_at")}
    )
    .on_conflict_do_nothing()
    .inline()
)
MESSAGE = Prepared(
    select(_messages.c.delivery, _messages.c.message)
    .join(_deliveries, _d.id == _messages.c.delivery)
    .where(_d.campaign == OF, _d.contact == _given("to", _d.contact))
)
PURGE_MESSAGES = Prepared(delete(_messages).where(_messages.c.purge_at <= NOW))

# ── What nobody holds any more ───────────────────────────────────────────────────────────────────────────────────

_repeats = select(_c.repeats).where(_c.id == _d.campaign).scalar_subquery()


def _ended(was: DeliveryState, to: DeliveryState, *conditions: ColumnElement[bool], **more: Any) -> Prepared:
    chosen = _chosen(_is(was), _d.until <= NOW, *conditions)
    return Prepared(
        update(_deliveries)
        .where(_d.id.in_(select(chosen.c.id)))
        .values(state=_word(to), owner=None, **{"until": None, **more})
        .returning(_d.campaign, _d.account)
    )


_given_up = _given("because", _d.reason)
LEASES: tuple[tuple[Prepared, DeliveryState, DeliveryState], ...] = (
    (
        _ended(DeliveryState.CLAIMED, DeliveryState.PENDING),
        DeliveryState.CLAIMED,
        DeliveryState.PENDING,
    ),
    (
        _ended(
            DeliveryState.SENDING,
            DeliveryState.PENDING,
            _d.repeated < _repeats,
            repeated=_d.repeated + 1,
            until=bindparam("again", type_=Moment()),
            reason=_given_up,
        ),
        DeliveryState.SENDING,
        DeliveryState.PENDING,
    ),
    (
        _ended(
            DeliveryState.SENDING,
            DeliveryState.UNKNOWN,
            _d.repeated >= _repeats,
            attempts=_d.attempts + 1,
            until=bindparam("rest", type_=Moment()),
            reason=_given_up,
        ),
        DeliveryState.SENDING,
        DeliveryState.UNKNOWN,
    ),
)


def _turned_over(
    was: DeliveryState, to: ColumnElement[str], why: ColumnElement[str], *conditions: ColumnElement[bool]
) -> Prepared:
    chosen = _chosen(_d.campaign == OF, _is(was), *conditions)
    return Prepared(
        update(_deliveries)
        .where(_d.id.in_(select(chosen.c.id)))
        .values(state=to, reason=why, until=None)
        .returning(_d.account)
    )


DROP_WAITING = _turned_over(DeliveryState.PENDING, _given("to", _d.state), _given("because", _d.reason))
RETRY = _turned_over(DeliveryState.FAILED, _word(DeliveryState.PENDING), literal_column("''", Text))
RETRY_REASON = _turned_over(
    DeliveryState.FAILED,
    _word(DeliveryState.PENDING),
    literal_column("''", Text),
    _d.reason == bindparam("reason", type_=Text),
)

# ── Counting and looking ─────────────────────────────────────────────────────────────────────────────────────────

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
        _counts.c.campaign == _given("of", _counts.c.campaign),
        _counts.c.account == _given("on", _counts.c.account),
        _counts.c.state == _given("was", _counts.c.state),
    )
    .values(number=_counts.c.number - bindparam("less", type_=Integer))
)
COUNTS = Prepared(
    select(_counts.c.account, _counts.c.state, _counts.c.number).where(_counts.c.campaign == OF)
)
REASONS = Prepared(
    select(_d.state, _d.reason, func.count()).where(_d.campaign == OF, ODD).group_by(_d.state, _d.reason)
)
ALIKE = Prepared(
    select(_d.reason, func.count().label("people"))
    .where(
        _d.campaign == OF, _is(DeliveryState.FAILED), _d.reason != literal_column(f"'{Why.ADDRESS.value}'")
    )
    .group_by(_d.reason)
    .order_by(literal_column("people").desc(), _d.reason)
    .limit(1)
)
_dead = (DeliveryState.FAILED, DeliveryState.BLOCKED, DeliveryState.UNKNOWN)
DEAD = Prepared(
    select(_d.id, _d.account, _d.state, _d.reason, _d.attempts)
    .where(
        _d.campaign == OF,
        ODD,
        or_(*(_d.state == _word(state) for state in _dead)),
        _d.id > bindparam("after", type_=Integer),
    )
    .order_by(_d.id)
    .limit(_some())
)

# ── Accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────

ON = _given("on", _s.account)
ADD_SENDER = Prepared(
    postgresql.insert(_senders)
    .values(
        account=bindparam("account", type_=Text),
        owner=literal_column("''"),
        why=literal_column("''"),
        epoch=literal_column("0", BigInteger),
    )
    .on_conflict_do_nothing()
    .inline()
)
LEASE = Prepared(
    update(_senders)
    .where(_s.account == ON, or_(_s.owner == _given("by", _s.owner), _s.until.is_(None), _s.until <= NOW))
    .values(owner=_given("by", _s.owner), until=bindparam("lease", type_=Moment()))
)
LET_GO = Prepared(
    update(_senders).where(_s.account == ON, _s.owner == _given("by", _s.owner)).values(owner="", until=None)
)
PAUSE_SENDER = Prepared(
    update(_senders)
    .where(_s.account == ON)
    .values(paused_until=bindparam("rest", type_=Moment()), why=_given("because", _s.why))
)
RESUME_SENDER = Prepared(update(_senders).where(_s.account == ON).values(paused_until=None, why=""))
SENDERS = Prepared(select(_senders).order_by(_s.account))
