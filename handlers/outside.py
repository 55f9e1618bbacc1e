"""What people outside an Official Account's window are told of a notice or a survey, what that would cost, and who agreed to it. It knows
no platform and sends nothing."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime

from handlers.units import Places
from storage.database import Database
from storage.transaction import Tx
from surveys import texts
from surveys.delivery import Audience, Campaign
from surveys.notices import Notice, telling
from surveys.outside import (
    AUTHOR,
    DESCRIPTION,
    INVITE,
    NOTICE,
    TITLE,
    Article,
    Fact,
    Outlook,
    Terms,
    Way,
)
from surveys.units import Gazetteer
from surveys.waves import LOCAL

__all__ = ["OutsideWords", "article_of", "outlook", "serves_only"]

KEPT = 64  # campaigns whose facts are remembered; they are asked for every recipient
HARMLESS = str.maketrans("<>", "‹›")  # Zalo may read an article's text as markup (unsure)
ZALO = "zalo:"


class OutsideWords:
    """What there is to tell, by the kind of campaign."""

    def __init__(self, db: Database, terms: Terms, office: str) -> None:
        """`office`: whose word an invitation is that goes to more than one ward."""
        self._db = db
        self._terms = terms
        self._office = office
        self._places = Places()
        self._facts: OrderedDict[tuple[str, str], Mapping[Fact, str]] = OrderedDict()

    async def facts(self, campaign: Campaign, /) -> Mapping[Fact, str] | None:
        """In Vietnamese, as the template they go into. None where there is no such thing any more."""
        key = campaign.kind, campaign.subject
        if key not in self._facts:
            async with self._db.reading() as tx:
                found = await self._told(tx, campaign)
            if found is None:
                return None
            self._facts[key] = found
            if len(self._facts) > KEPT:
                self._facts.popitem(last=False)
        return self._facts[key]

    async def _told(self, tx: Tx, campaign: Campaign) -> Mapping[Fact, str] | None:
        known = await self._places.known(tx)
        if campaign.kind == NOTICE:
            notice = await tx.notices.get(campaign.subject)
            if notice is None or notice.recalled_at is not None:
                return None
            return {
                Fact.OFFICE: _office(known, notice.unit),
                Fact.TITLE: notice.draft.in_language(texts.DEFAULT).first_line,
                Fact.TOPIC: telling.topic(texts.DEFAULT, notice.category),
                Fact.CODE: notice.code,
            }
        assert campaign.kind == INVITE, campaign.kind
        wave = await tx.waves.by_slug(campaign.subject)
        if wave is None:
            return None
        units = campaign.audience.units
        return {
            Fact.OFFICE: _office(known, units[0]) if len(units) == 1 else self._office,
            Fact.TITLE: wave.title,
            Fact.UNTIL: f"{wave.closes_at.astimezone(LOCAL):%d/%m/%Y}",
        }

    async def article(self, campaign: Campaign, /) -> Article | None:
        """A notice, as all who follow the account may read it. Raises ValueError for one that cannot be an article."""
        async with self._db.reading() as tx:
            notice = await tx.notices.get(campaign.subject)
            if notice is None or notice.recalled_at is not None:
                return None
            known = await self._places.known(tx)
        return article_of(notice, known.unit(notice.unit).name_within, self._terms.cover)

    async def is_its_own(self, account: str, campaign: Campaign, /) -> bool:
        """Whether everybody an account serves is among those it is for."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            row = await tx.zalo_accounts.get(account.removeprefix(ZALO))
        return serves_only(None if row is None else row.unit, campaign.audience, known)


def article_of(notice: Notice, office: str, cover: str) -> Article:
    """The words that stand in a Zalo chat, so that nobody reads two versions of one notice."""
    told = telling.told(notice, texts.DEFAULT, "zalo", office=office).text.translate(HARMLESS)
    text = notice.draft.in_language(texts.DEFAULT)
    author = telling.office(texts.DEFAULT, office)
    return Article(
        title=texts.clipped(text.first_line.translate(HARMLESS), TITLE),
        author=texts.clipped(author, AUTHOR),
        description=texts.clipped(" ".join(text.text.translate(HARMLESS).split()), DESCRIPTION),
        cover=cover,
        paragraphs=tuple(each.strip() for each in told.split("\n\n") if each.strip()),
    )


def _office(known: Gazetteer, unit: str) -> str:
    return telling.office(texts.DEFAULT, known.unit(unit).name_within)


def serves_only(unit: str | None, audience: Audience, known: Gazetteer) -> bool:
    """Whether an account of this unit serves nobody but the audience: its followers cannot be told apart. One without a unit serves
    everybody."""
    if unit is None:
        return False
    try:
        place = known.unit(unit)
    except KeyError:
        return False
    wards = {ward.code for ward in known.wards(unit)} if place.kind.is_province else {unit}
    return wards <= set(audience.units)


async def outlook(
    tx: Tx,
    terms: Terms,
    kind: str,
    audience: Audience,
    outside: Mapping[str, int],
    known: Gazetteer,
    now: datetime,
) -> Outlook:
    """What those outside get under these terms. `outside`: how many there are on each account, as an address names it."""
    there = {account: number for account, number in outside.items() if number}
    everybody = sum(there.values())
    if terms.way is Way.ARTICLE and kind == NOTICE:
        units = {f"{ZALO}{row.id}": row.unit for row in await tx.zalo_accounts.all()}
        articles = sum(serves_only(units.get(account), audience, known) for account in there)
        return Outlook(terms.way, everybody, articles=articles)
    if terms.way is not Way.TEMPLATE:
        return Outlook(Way.PULL, everybody)
    there = {account: number for account, number in there.items() if terms.template(account, kind)}
    left: int | None = None
    if terms.a_day is not None:
        today = now.astimezone(LOCAL).date()
        left = sum([max(0, terms.a_day - await tx.outside.taken_on(account, today)) for account in there])
    return Outlook(terms.way, everybody, sum(there.values()), terms.price, left)
