"""What an invitation to a survey costs before it is sent: how many its wards' accounts may write to for nothing, how many for money, and what
those outside the window get. Somebody agrees to that by name, before the wave is taken to its people; nothing is bought without it."""

from collections.abc import Callable, Iterable
from datetime import datetime

from handlers.noting import note
from handlers.outside import outlook
from handlers.units import Places
from storage.database import Database
from storage.outside_rows import TemplateOrder
from storage.transaction import Tx
from surveys.delivery import Audience, CampaignState
from surveys.figures import whole
from surveys.notices import Reckoning, Subscriber, reckoned
from surveys.outside import INVITE, Quote, Terms, Way
from surveys.reminding import topic_asked
from surveys.rights import Actor
from surveys.waves import Audience as Asked
from surveys.waves import State
from surveys.windows import Purpose

__all__ = ["InvitingCosts", "NotAgreed"]

MOST_TEMPLATES = 10_000_000


class NotAgreed(Exception):
    """It cannot be agreed to as it stands; the message says why, for the operator."""


class InvitingCosts:
    def __init__(
        self,
        db: Database,
        terms: Terms,
        message_price: int | None,
        leaving: Callable[[], frozenset[bytes]],
        now: Callable[[], datetime],
    ) -> None:
        """`leaving`: who said stop since the contacts were last written."""
        self._db = db
        self._terms = terms
        self._message_price = message_price
        self._leaving = leaving
        self._now = now
        self._places = Places()

    async def units_of(self, slug: str) -> tuple[str, ...]:
        """The wards that take part in a wave. Raises LookupError where there is no such wave yet."""
        async with self._db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            if wave is None:
                raise LookupError(slug)
            return tuple(sorted(each.unit for each in await tx.wave_units.of_wave(wave.id or 0)))

    async def wards_of(self, unit: str) -> tuple[str, ...]:
        """Of today; a province's are all of its own. None of a unit there is not."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
        try:
            place = known.unit(unit)
        except KeyError:
            return ()
        return tuple(sorted(ward.code for ward in known.wards(unit))) if place.kind.is_province else (unit,)

    async def audience_of(self, slug: str) -> Asked:
        """Whom a wave asks. Raises LookupError where there is no such wave yet."""
        async with self._db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
        if wave is None:
            raise LookupError(slug)
        return Asked(wave.audience)

    async def reckon(self, units: Iterable[str], asked: Asked = Asked.RESIDENTS) -> Reckoning:
        """Of an invitation to everybody who agreed to be asked such a thing in their own ward. A sample costs that at the most, and so do people who
        linked two addresses: they are invited once."""
        wards, gone = tuple(sorted(set(units))), self._leaving()
        topic = topic_asked(asked).value
        async with self._db.reading() as tx:
            people = [
                Subscriber(account, language, last, has_left=fingerprint in gone)
                async for fingerprint, account, language, last in tx.outside.askable(wards, topic)
            ]
            reckoning = reckoned(people, self._now(), price=self._message_price, purpose=Purpose.INVITATION)
            known = await self._places.known(tx)
            audience = Audience(wards, topics=(topic,), is_own=True)
            found = await outlook(tx, self._terms, INVITE, audience, reckoning.outside, known, self._now())
        return reckoning.with_outlook(found)

    async def agreed(self, slug: str) -> TemplateOrder | None:
        async with self._db.reading() as tx:
            return await tx.outside.order(INVITE, slug)

    async def agree(self, actor: Actor, slug: str, quote: Quote) -> None:
        """The wave need not be open yet; once its invitations have gone out it is too late. Raises NotAgreed."""
        now = self._now()
        async with self._db.transaction() as tx:
            await self._raise_trouble(tx, slug, quote)
            await tx.outside.agree(INVITE, slug, quote, actor.name, now)
            count, price, total = whole(quote.count), whole(quote.price), whole(quote.total)
            reason = f"Đồng ý chi nhiều nhất {count} tin mẫu × {price} đ = {total} đ."
            await note(tx, actor, "outbox.agree", f"wave:{slug}", unit=None, reason=reason, at=now)

    async def _raise_trouble(self, tx: Tx, slug: str, quote: Quote) -> None:
        terms = self._terms
        if terms.way is not Way.TEMPLATE:
            raise NotAgreed(
                f"ZALO_OUTSIDE={terms.way.value}: no template is sent to anybody outside the window."
            )
        if terms.price is None:
            raise NotAgreed("Nobody has set ZALO_TEMPLATE_PRICE: what cannot be shown cannot be agreed to.")
        if quote.price != terms.price or not 0 < quote.count <= MOST_TEMPLATES:
            raise NotAgreed(f"A template costs {terms.price} đồng now, and at least one is sent.")
        wave = await tx.waves.by_slug(slug)
        if wave is not None and wave.state not in (State.DRAFT, State.OPEN):
            raise NotAgreed(f"Wave {slug} is over: nobody is invited to it any more.")
        standing = await tx.outbox.by_subject(INVITE, slug)
        if standing is not None and standing.state in (CampaignState.DONE, CampaignState.STOPPED):
            raise NotAgreed(f"The invitations of wave {slug} have gone out already.")
