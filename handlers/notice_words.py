"""What a delivery of a notice says: asked for every recipient, made once for all who read the same. It knows no address, and no channel but
its kind."""

from collections import OrderedDict
from collections.abc import Callable

from handlers.notice_checks import Checks
from handlers.notice_clock import KIND, RECALLS
from storage.database import Database
from surveys import taps
from surveys.conversation import Option, Say
from surveys.delivery import Campaign
from surveys.notices import Occasion, Policies, Telling, corrected, told

__all__ = ["NoticeWords", "said"]

KEPT = 64  # of different words at a time: languages, kinds of channels, a handful of notices


class NoticeWords:
    def __init__(self, db: Database, tap_key: Callable[[], bytes], policies: Policies | None = None) -> None:
        self._db = db
        self._tap_key = tap_key
        self._checks = Checks(policies or Policies())
        self._made: OrderedDict[tuple[str, str, str, str, bool], tuple[Telling, bytes | None]] = OrderedDict()

    async def say(
        self, campaign: Campaign, account: str, language: str, fingerprint: bytes, *, is_again: bool
    ) -> Say | None:
        """For one recipient: its buttons are theirs alone. None where there is no such notice any more."""
        kind = account.partition(":")[0]
        key = (campaign.kind, campaign.subject, language, kind, is_again)
        made = self._made.get(key)
        if made is None:
            made = await self._words(campaign, kind, language, is_again=is_again)
            if made is None:
                return None
            self._made[key] = made
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        telling, image = made
        return said(telling, image, self._tap_key(), fingerprint)

    async def _words(
        self, campaign: Campaign, kind: str, language: str, *, is_again: bool
    ) -> tuple[Telling, bytes | None] | None:
        async with self._db.reading() as tx:
            notice = await tx.notices.get(campaign.subject)
            if notice is None or (campaign.kind == KIND and notice.recalled_at is not None):
                return None
            office = await self._checks.office(tx, notice.unit)
            image = await tx.pictures.content(notice.image) if notice.image is not None else None
        if campaign.kind == RECALLS:
            return corrected(notice, language, office=office), None
        assert campaign.kind == KIND, campaign.kind
        occasion = Occasion.AGAIN if is_again else Occasion.FIRST
        return told(notice, language, kind, office=office, occasion=occasion), image


def said(telling: Telling, image: bytes | None, tap_key: bytes, person: bytes) -> Say:
    """A telling, made out to one person: `person` is what they are known by, their address or its fingerprint."""
    options = tuple(Option(offer.label, taps.mint(offer.act, tap_key, person)) for offer in telling.offers)
    return Say(telling.text, options, image=image, entities=telling.entities, is_aside=True)
