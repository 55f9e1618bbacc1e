"""The SQL of what is sent, for both databases: claimed, on its way, settled, held by nobody; and of the accounts it is sent on. It knows
tables and no rule."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.expression import ClauseElement, ColumnElement, TextualSelect

from storage import notice_rows, outbox_rows, rows
from storage.moments import Moment
from storage.outbox_clauses import DONE, ODD, OF, OPEN, Listed, given, in_one_hand, is_in, some, word
from storage.statements import Prepared
from surveys.delivery import CampaignState, DeliveryState, Why
from surveys.windows import Purpose

__all__ = [
    "ADD_SENDER",
    "ALIKE",
    "ARRIVED",
    "BESIDE",
    "CLAIM",
    "CLAIMED",
    "DEAD",
    "DROP_WAITING",
    "HELD",
    "KEEP_MESSAGE",
    "LEASE",
    "LEASES",
    "LET_GO",
    "MESSAGE",
    "MOVE_ON",
    "NEXT_EPOCH",
    "PAUSE_SENDER",
    "PURGE_MESSAGES",
    "REASONS",
    "REOPEN",
    "RESUME_SENDER",
    "RETRY",
    "RETRY_REASON",
    "SENDERS",
    "SENDING",
    "SETTLE",
    "SETTLE_LATE",
]

_campaigns = rows.table(outbox_rows.CampaignRow)
_deliveries = rows.table(outbox_rows.Delivery)
_messages = rows.table(outbox_rows.SentMessage)
_senders = rows.table(outbox_rows.SenderRow)
_contacts = rows.table(rows.Contact)
_heard = rows.table(rows.HeardAt)
_wanted = rows.table(notice_rows.Subscription)
_d, _c, _s = _deliveries.c, _campaigns.c, _senders.c

# ── Claiming, sending, outcomes ──────────────────────────────────────────────────────────────────────────────────

BY = given("by", _d.owner)
NOW = bindparam("now", type_=Moment())

_waiting = in_one_hand(
    _d.campaign == OF,
    _d.account == given("on", _d.account),
    is_in(DeliveryState.PENDING),
    or_(_d.until.is_(None), _d.until <= NOW),
    # One that stopped a moment ago: whoever claims may not have heard of it yet.
    exists().where(_c.id == OF, OPEN),
)
CLAIM = Prepared(
    update(_deliveries)
    .where(_d.id.in_(select(_waiting.c.id)))
    .values(state=word(DeliveryState.CLAIMED), owner=BY, until=bindparam("lease", type_=Moment()))
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
            other.c.campaign != given("besides", _c.id),
            or_(*(other.c.state == word(state) for state in had)),
            of.c.purpose == given("purpose", _c.purpose),
            or_(of.c.purpose == notice, of.c.kind == given("kind", _c.kind)),
            of.c.not_before >= bindparam("since", type_=Moment()),
            bindparam("counted", type_=Integer) == 1,
        )
        .scalar_subquery()
    )


def _rests_until() -> ColumnElement[Any]:
    """Until when nobody speaks to them of this survey again: they were invited to it, or reminded of it, or just are."""
    other, of = _deliveries.alias("said"), _campaigns.alias("of_said")
    had = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.CLAIMED, DeliveryState.SENDING)
    is_alike = and_(of.c.audience == given("alike", _c.audience), of.c.id != _d.campaign)
    return (
        select(func.max(other.c.until))
        .select_from(other.join(of, of.c.id == other.c.campaign))
        .where(
            given("original", _c.id) > 0,  # of anything else than a reminder nobody looks
            other.c.contact == _d.contact,
            or_(*(other.c.state == word(state) for state in had)),
            or_(of.c.id == given("original", _c.id), is_alike),
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
    .where(_s.account == given("on", _s.account), _s.owner == given("by", _s.owner), _s.until > NOW)
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
            _d.state == word(DeliveryState.CLAIMED),
            _d.owner == BY,
            _d.until > NOW,
            _is_there,
            _is_open,
        )
        .values(state=word(DeliveryState.SENDING))
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
        .where(_d.id.in_(ids), _d.state == word(DeliveryState.CLAIMED), _d.owner == BY)
        .order_by(_d.id)
    )
)


def _settle(ids: TextualSelect, *conditions: ColumnElement[bool]) -> ClauseElement:
    return (
        update(_deliveries)
        .where(_d.id.in_(ids), *conditions)
        .values(
            state=given("to", _d.state),
            reason=given("because", _d.reason),
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
        .where(_d.id.in_(ids), _d.owner == BY, _d.state == word(DeliveryState.CLAIMED))
        .values(state=word(DeliveryState.PENDING), account=given("to", _d.account), owner=None, until=None)
        .returning(_d.id, _d.campaign)
    )
)
SETTLE = Listed(lambda ids: _settle(ids, _d.owner == BY, _d.state == given("was", _d.state)))
SETTLE_LATE = Listed(lambda ids: _settle(ids, _d.state == word(DeliveryState.UNKNOWN)))
BESIDE = Prepared(
    select(_contacts.c.fingerprint, _contacts.c.account, _d.state, _heard.c.at)
    .select_from(
        _deliveries.join(_contacts, _contacts.c.id == _d.contact).outerjoin(
            _heard, _heard.c.fingerprint == _contacts.c.fingerprint
        )
    )
    .where(_d.campaign == OF, _contacts.c.fingerprint == given("whose", _contacts.c.fingerprint))
)
ARRIVED = Prepared(
    update(_deliveries)
    .where(
        _d.campaign == OF,
        _d.contact == given("whom", _d.contact),
        _d.state == word(DeliveryState.UNKNOWN),
    )
    .values(state=word(DeliveryState.SENT))
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
    .where(_d.campaign == OF, _d.contact == given("to", _d.contact))
)
PURGE_MESSAGES = Prepared(delete(_messages).where(_messages.c.purge_at <= NOW))

# ── What nobody holds any more ───────────────────────────────────────────────────────────────────────────────────

_repeats = select(_c.repeats).where(_c.id == _d.campaign).scalar_subquery()


def _ended(was: DeliveryState, to: DeliveryState, *conditions: ColumnElement[bool], **more: Any) -> Prepared:
    chosen = in_one_hand(is_in(was), _d.until <= NOW, *conditions)
    return Prepared(
        update(_deliveries)
        .where(_d.id.in_(select(chosen.c.id)))
        .values(state=word(to), owner=None, **{"until": None, **more})
        .returning(_d.campaign, _d.account)
    )


_given_up = given("because", _d.reason)
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
    chosen = in_one_hand(_d.campaign == OF, is_in(was), *conditions)
    return Prepared(
        update(_deliveries)
        .where(_d.id.in_(select(chosen.c.id)))
        .values(state=to, reason=why, until=None)
        .returning(_d.account)
    )


DROP_WAITING = _turned_over(DeliveryState.PENDING, given("to", _d.state), given("because", _d.reason))
RETRY = _turned_over(DeliveryState.FAILED, word(DeliveryState.PENDING), literal_column("''", Text))
RETRY_REASON = _turned_over(
    DeliveryState.FAILED,
    word(DeliveryState.PENDING),
    literal_column("''", Text),
    _d.reason == bindparam("reason", type_=Text),
)
REOPEN = Prepared(update(_campaigns).where(_c.id == OF, DONE).values(state=word(CampaignState.OPEN), why=""))

# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────

REASONS = Prepared(
    select(_d.state, _d.reason, func.count()).where(_d.campaign == OF, ODD).group_by(_d.state, _d.reason)
)
ALIKE = Prepared(
    select(_d.reason, func.count().label("people"))
    .where(
        _d.campaign == OF, is_in(DeliveryState.FAILED), _d.reason != literal_column(f"'{Why.ADDRESS.value}'")
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
        or_(*(_d.state == word(state) for state in _dead)),
        _d.id > bindparam("after", type_=Integer),
    )
    .order_by(_d.id)
    .limit(some())
)

# ── Accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────

ON = given("on", _s.account)
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
    .where(_s.account == ON, or_(_s.owner == given("by", _s.owner), _s.until.is_(None), _s.until <= NOW))
    .values(owner=given("by", _s.owner), until=bindparam("lease", type_=Moment()))
)
LET_GO = Prepared(
    update(_senders).where(_s.account == ON, _s.owner == given("by", _s.owner)).values(owner="", until=None)
)
PAUSE_SENDER = Prepared(
    update(_senders)
    .where(_s.account == ON)
    .values(paused_until=bindparam("rest", type_=Moment()), why=given("because", _s.why))
)
RESUME_SENDER = Prepared(update(_senders).where(_s.account == ON).values(paused_until=None, why=""))
SENDERS = Prepared(select(_senders).order_by(_s.account))
