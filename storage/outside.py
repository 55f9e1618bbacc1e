"""What may be spent on people outside their windows, what was, and how far their articles are. Every count moves in the transaction that
moves the delivery it speaks of, so no crash can let one more go than somebody agreed to."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, and_, bindparam, case, false, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql

from storage import rows
from storage.moments import Moment
from storage.notice_rows import Subscription
from storage.outside_rows import ArticleRow, BilledRow, TemplateDay, TemplateOrder
from storage.statements import Connection, Prepared
from surveys.outside import ArticleState, Quote

__all__ = ["Outside"]


class Outside:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ── What somebody agreed to ───────────────────────────────────────────────────────────────────────────────

    async def agree(self, kind: str, subject: str, quote: Quote, by: str, at: datetime) -> None:
        """Somebody has seen this cost and wants it, in place of what was agreed before. What was spent by then stays spent: the new
        number is that of all of them."""
        # One statement: whoever sends meanwhile takes from the same row, before it or after it.
        await self._connection.run(
            AGREE,
            kind=kind,
            subject=subject,
            agreed=quote.count,
            price=quote.price,
            agreed_by=by,
            agreed_at=at,
            taken=0,
            sent=0,
        )

    async def withdraw(self, kind: str, subject: str) -> None:
        """Nothing more may be spent on it."""
        await self._connection.run(CLOSE_ORDER, kind=kind, subject=subject)

    async def order(self, kind: str, subject: str) -> TemplateOrder | None:
        found = await self._connection.fetch(ORDER, kind=kind, subject=subject)
        return rows.first_of(TemplateOrder, found)

    # ── What is spent of it ───────────────────────────────────────────────────────────────────────────────────

    async def take(self, kind: str, subject: str) -> bool:
        """One template, before it leaves. False: everything that was agreed to is spent."""
        return bool(await self._connection.run(TAKE, kind=kind, subject=subject))

    async def take_of_day(self, account: str, day: date, most: int | None) -> bool:
        """One template of an account's day. False: the day's quota is used up."""
        await self._connection.run(ADD_DAY, account=account, day=day)
        wanted = {"account": account, "day": day}
        if most is None:
            return bool(await self._connection.run(TAKE_OF_ANY_DAY, **wanted))
        return bool(await self._connection.run(TAKE_OF_DAY, **wanted, most=most))

    async def gave_back(self, kind: str, subject: str, number: int = 1) -> None:
        """So many of those that were taken certainly did not leave."""
        await self._connection.run(GIVE_BACK, kind=kind, subject=subject, number=number)

    async def gave_back_of_day(self, account: str, day: date, number: int = 1) -> None:
        """So many of those that were taken of an account's day."""
        await self._connection.run(GIVE_BACK_DAY, account=account, day=day, number=number)

    async def were_sent(self, kind: str, subject: str, number: int) -> None:
        """So many of those that were taken reached Zalo."""
        await self._connection.run(SENT, kind=kind, subject=subject, number=number)

    async def taken_on(self, account: str, day: date) -> int:
        found = await self._connection.fetch(TAKEN_ON, account=account, day=day)
        return int(found[0][0]) if found else 0

    async def were_billed(self, campaign: int, number: int) -> None:
        await self._connection.run(BILL, campaign=campaign, number=number)

    async def billed(self, campaign: int) -> int:
        found = await self._connection.fetch(BILLED, campaign=campaign)
        return int(found[0][0]) if found else 0

    # ── Whom it concerns ──────────────────────────────────────────────────────────────────────────────────────

    def askable(self, units: Iterable[str], topic: str) -> AsyncIterator[tuple[Any, ...]]:
        """Fingerprint, account, language and last hour of everybody who agreed to be asked in one of these wards, which is their own."""
        units = tuple(units)
        values = {"topic": topic} | {f"unit_{place}": unit for place, unit in enumerate(units)}
        return self._connection.each(_askable(len(units)), **values)

    # ── Articles ──────────────────────────────────────────────────────────────────────────────────────────────

    async def want(self, campaign: int, account: str, at: datetime) -> None:
        """One article of this account about this campaign. Asked for twice, it is asked for once."""
        await self._connection.run(WANT, campaign=campaign, account=account, at=at)

    async def articles(self, campaign: int) -> list[ArticleRow]:
        return rows.all_of(ArticleRow, await self._connection.fetch(ARTICLES, campaign=campaign))

    async def unfinished(self, now: datetime, some: int) -> list[ArticleRow]:
        """Articles with a step to take, and such of which one was begun and never heard of again."""
        return rows.all_of(ArticleRow, await self._connection.fetch(UNFINISHED, now=now, some=some))

    async def steps(self, account: str) -> int:
        """How many calls about articles were begun on it, ever: a database that says fewer than were made is an older one."""
        [(number,)] = await self._connection.fetch(STEPS, account=account)
        return int(number)

    async def move(self, was: ArticleRow, to: ArticleState, at: datetime, **more: Any) -> bool:
        """Whether this call moved it: only if it is still as it was looked at. `more`: token, article, why, until."""
        new = {"token": was.token, "article": was.article, "why": "", "until": None} | more
        begins = to in UNDER_WAY
        return bool(
            await self._connection.run(
                MOVE,
                of=was.campaign,
                on=was.account,
                was=was.state,
                seen=was.changed_at,
                to=to.value,
                at=at,
                new_token=new["token"],
                new_article=new["article"],
                because=new["why"],
                new_until=new["until"],
                more=int(begins),
            )
        )


# ── Statements ───────────────────────────────────────────────────────────────────────────────────────────────────

_orders = rows.table(TemplateOrder)
_days = rows.table(TemplateDay)
_billed = rows.table(BilledRow)
_articles = rows.table(ArticleRow)
_o, _t, _a = _orders.c, _days.c, _articles.c

_this_order = (_o.kind == bindparam("kind"), _o.subject == bindparam("subject"))
_this_day = (
    _t.account == bindparam("account"),
    _t.day == bindparam("day", type_=_t.day.type),
)
_number = bindparam("number", type_=Integer)

_agreeing = postgresql.insert(_orders).values(
    {each.name: bindparam(each.name, type_=each.type) for each in _o}
)
_agreed = _agreeing.excluded
AGREE = Prepared(
    _agreeing.on_conflict_do_update(
        index_elements=["kind", "subject"],
        set_={
            "agreed": case((_agreed.agreed > _o.taken, _agreed.agreed), else_=_o.taken),
            "price": _agreed.price,
            "agreed_by": _agreed.agreed_by,
            "agreed_at": _agreed.agreed_at,
        },
    ).inline()
)
CLOSE_ORDER = Prepared(update(_orders).where(*_this_order).values(agreed=_o.taken))
ORDER = Prepared(select(_orders).where(*_this_order))
TAKE = Prepared(update(_orders).where(*_this_order, _o.taken < _o.agreed).values(taken=_o.taken + 1))
GIVE_BACK = Prepared(update(_orders).where(*_this_order).values(taken=_o.taken - _number))
SENT = Prepared(update(_orders).where(*_this_order).values(sent=_o.sent + _number))

ADD_DAY = Prepared(
    postgresql.insert(_days)
    .values(
        account=bindparam("account", type_=_t.account.type),
        day=bindparam("day", type_=_t.day.type),
        taken=literal_column("0", Integer),
    )
    .on_conflict_do_nothing()
    .inline()
)
TAKE_OF_ANY_DAY = Prepared(update(_days).where(*_this_day).values(taken=_t.taken + 1))
TAKE_OF_DAY = Prepared(
    update(_days).where(*_this_day, _t.taken < bindparam("most", type_=Integer)).values(taken=_t.taken + 1)
)
GIVE_BACK_DAY = Prepared(update(_days).where(*_this_day).values(taken=_t.taken - _number))
TAKEN_ON = Prepared(select(_t.taken).where(*_this_day))

BILL = Prepared(
    (_new := postgresql.insert(_billed))
    .values(campaign=bindparam("campaign", type_=Integer), number=_number)
    .on_conflict_do_update(
        index_elements=["campaign"], set_={"number": _billed.c.number + _new.excluded.number}
    )
    .inline()
)
BILLED = Prepared(select(_billed.c.number).where(_billed.c.campaign == bindparam("campaign", type_=Integer)))


@cache
def _askable(units: int) -> Prepared:
    contacts, wants = rows.table(rows.Contact).c, rows.table(Subscription).c
    heard = rows.table(rows.HeardAt)
    asked = wants.topic == bindparam("topic", type_=wants.topic.type)
    own = or_(
        false(), *(contacts.unit == bindparam(f"unit_{n}", type_=contacts.unit.type) for n in range(units))
    )
    return Prepared(
        select(contacts.fingerprint, contacts.account, contacts.language, heard.c.at)
        .select_from(rows.table(rows.Contact))
        .join(
            rows.table(Subscription),
            and_(wants.fingerprint == contacts.fingerprint, wants.unit == contacts.unit, asked),
        )
        .join(heard, heard.c.fingerprint == contacts.fingerprint, isouter=True)
        .where(own)
    )


WANT = Prepared(
    postgresql.insert(_articles)
    .values(
        campaign=bindparam("campaign", type_=Integer),
        account=bindparam("account", type_=_a.account.type),
        state=literal_column(f"'{ArticleState.WANTED.value}'"),
        why=literal_column("''"),
        changed_at=bindparam("at", type_=Moment()),
        steps=literal_column("0", Integer),
    )
    .on_conflict_do_nothing()
    .inline()
)
ARTICLES = Prepared(
    select(_articles).where(_a.campaign == bindparam("campaign", type_=Integer)).order_by(_a.account)
)


def _is_one_of(states: Iterable[ArticleState]) -> Any:
    return or_(*(_a.state == state.value for state in states))


UNDER_WAY = (ArticleState.CREATING, ArticleState.SENDING)
WAITING = (ArticleState.WANTED, ArticleState.CREATED, ArticleState.READY)
UNFINISHED = Prepared(
    select(_articles)
    .where(
        _is_one_of((*UNDER_WAY, *WAITING)),
        or_(_a.until.is_(None), _a.until <= bindparam("now", type_=Moment())),
    )
    .order_by(_a.changed_at, _a.campaign, _a.account)
    .limit(bindparam("some", type_=Integer))
)
MOVE = Prepared(
    update(_articles)
    .where(
        _a.campaign == bindparam("of", type_=Integer),
        _a.account == bindparam("on", type_=_a.account.type),
        _a.state == bindparam("was", type_=_a.state.type),
        _a.changed_at == bindparam("seen", type_=Moment()),
    )
    .values(
        state=bindparam("to", type_=_a.state.type),
        token=bindparam("new_token", type_=_a.token.type),
        article=bindparam("new_article", type_=_a.article.type),
        why=bindparam("because", type_=_a.why.type),
        until=bindparam("new_until", type_=Moment()),
        changed_at=bindparam("at", type_=Moment()),
        steps=_a.steps + bindparam("more", type_=Integer),
    )
)
STEPS = Prepared(
    select(func.coalesce(func.sum(_a.steps), 0)).where(
        _a.account == bindparam("account", type_=_a.account.type)
    )
)
