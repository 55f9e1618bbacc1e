"""The sender in this house: which channels it sends on, whose words it sends, where its epochs lie. It knows every room, and decides
nothing."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from bot.channels.contract import Channel
from bot.channels.web_chat import ACCOUNT as WEB
from bot.channels.web_chat import WebChat
from bot.invitation_words import InvitationComposer
from bot.notice_words import NoticeComposer
from bot.results_words import ResultsComposer
from bot.sender import Composer, Epochs, Office, Reaching, Sender
from bot.sending.articles import Articles
from bot.sending.outside import Beyond
from handlers.answered import Answered
from handlers.happenings.results import KIND as RESULTS
from handlers.notice_clock import KIND, RECALLS
from handlers.notice_words import NoticeWords
from handlers.outside import OutsideWords
from handlers.running_waves import RunningWaves
from surveys.delivery import CampaignState, DeliveryState
from surveys.reminding import INVITE, REMIND
from surveys.waves import GRACE

if TYPE_CHECKING:
    from bot.app import House
    from bot.channels.telegram_residents import TelegramResidents
    from bot.channels.zalo_bot import ZaloBot
    from bot.zalo import Zalo

__all__ = ["EPOCHS", "articles_of", "epochs_of", "pushing", "sender_of", "told"]

EPOCHS = "outbox"
"""Where they lie, beside the keys: outside the database and its backups, or they could not tell that one was restored."""


def epochs_of(house: "House") -> Epochs:
    return Epochs(house.settings.keys_dir / EPOCHS)


def sender_of(
    house: "House", channels: Callable[[], Mapping[str, Channel]], zalo: "Zalo | None" = None
) -> Sender:
    office = Office(
        house.db,
        house.vault,
        _composers(house),
        has_left=house.arrivals.has_left,
        left=house.arrivals.leave,
        epochs=epochs_of(house),
        now=house.now,
        wants=house.arrivals.wants,
        beyond=_beyond(house, zalo),
        reaching=Reaching(house.db, house.vault, house.links, lambda: channels().keys(), house.now),
    )
    # Words of consent alone: an audience needs neither who pressed “Đã xem” a moment ago nor whose two addresses are one. Those are
    # written by the hour, many at once, or the numbers of transactions would tell what else their owners did in that moment.
    return Sender(office, channels, partial(house.arrivals.flush, house.db))


def _beyond(house: "House", zalo: "Zalo | None") -> Beyond | None:
    if zalo is None:
        return None
    return Beyond(house.db, house.settings.outside, lambda: zalo.outsides, _outside_words(house), house.now)


def articles_of(house: "House", zalo: "Zalo") -> Articles:
    return Articles(house.db, lambda: zalo.outsides, _outside_words(house), epochs_of(house), house.now)


def _outside_words(house: "House") -> OutsideWords:
    return OutsideWords(house.db, house.settings.outside, house.settings.province_name)


def _composers(house: "House") -> Mapping[str, Composer]:
    notices = NoticeComposer(NoticeWords(house.db, lambda: house.vault.tap_key))
    waves = RunningWaves(house.db, house.vault, GRACE)
    answered = Answered(house.db, house.vault, waves, house.links)
    invitations = InvitationComposer(house.db, house.vault, waves, answered, house.snoozes, house.now)
    return {
        KIND: notices,
        RECALLS: notices,
        INVITE: invitations,
        REMIND: invitations,
        RESULTS: ResultsComposer(house.db, lambda: house.vault.tap_key, house.settings.public_url),
    }


async def told(house: "House", sender: Sender) -> Mapping[str, object]:
    """What `/healthz` says of it: sums over everybody, no ward and no person. Raises Unavailable."""
    now = house.now()
    async with house.db.reading() as tx:
        campaigns = await tx.outbox.unfinished()
        counts = [await tx.outbox.counts(each.id) for each in campaigns]
        senders = await tx.outbox.senders()
    waiting = sum(each.get(DeliveryState.PENDING, 0) for each in counts)
    return {
        "campaigns": len(campaigns),
        "paused": sum(each.state is CampaignState.PAUSED for each in campaigns),
        "waiting": waiting,
        "accounts_paused": sum(
            each.paused_until is not None and each.paused_until > now for each in senders.values()
        ),
        "sent_since_start": sum(sender.sent.values()),
    }


def pushing(
    telegram: "TelegramResidents | None",
    zalo: "Zalo | None",
    zalo_bot: "ZaloBot | None",
    web: WebChat | None,
) -> Mapping[str, Channel]:
    """Every account that can be written to, at this moment: Zalo's come and go while we run."""
    found: dict[str, Channel] = {}
    if telegram is not None:
        found[telegram.account] = telegram
    if zalo_bot is not None:
        found[zalo_bot.account] = zalo_bot
    if zalo is not None:
        found |= {account.account: account for account in zalo.accounts}
    if web is not None:
        # A page is written to only while it is open; the window says so to everybody else.
        found[WEB] = web
    return found
