"""Results of a ward, as the sender asks for words. They are made once for all who read the same; it knows nobody who reads them."""

from collections import OrderedDict
from collections.abc import Callable

from bot.sending.attempts import Recipient, Skip
from handlers.happenings.results import wave_and_unit
from storage.database import Database
from surveys import taps
from surveys.conversation import Option, Say
from surveys.delivery import Campaign
from surveys.releases import ReleasedWard, read_release
from surveys.told_results import pushed

__all__ = ["ResultsComposer"]

KEPT = 64  # of different words at a time: languages, kinds of channels, a province's wards one after another


class ResultsComposer:
    def __init__(self, db: Database, tap_key: Callable[[], bytes], site: str) -> None:
        """`site`: the address our pages are reached at; nothing where there is none."""
        self._db = db
        self._tap_key = tap_key
        self._site = site.rstrip("/")
        self._made: OrderedDict[tuple[str, str, str], taps.Message] = OrderedDict()

    async def compose(self, campaign: Campaign, recipient: Recipient, /) -> Say | Skip:
        kind = recipient.account.partition(":")[0]
        key = campaign.subject, recipient.language, kind
        if key not in self._made:
            made = await self._words(campaign.subject, recipient.language, kind)
            if made is None:
                return Skip()
            self._made[key] = made
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        message, tap_key = self._made[key], self._tap_key()
        options = tuple(
            Option(offer.label, taps.mint(offer.act, tap_key, recipient.fingerprint))
            for offer in message.offers
        )
        return Say(message.text, options, is_aside=True)

    async def _words(self, subject: str, language: str, kind: str) -> taps.Message | None:
        slug, unit = wave_and_unit(subject)
        async with self._db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            rows = [
                row for row in await tx.releases.of_unit(unit) if wave is not None and row.wave_id == wave.id
            ]
        found = (read_release(row.body, row.released_at) for row in rows)
        ward = next((each for each in found if isinstance(each, ReleasedWard)), None)
        if ward is None:
            return None
        page = f"{self._site}/results/{unit}" if self._site else ""
        return pushed(language, ward, kind, page)
