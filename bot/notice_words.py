"""Notices, as the sender asks for words. It only translates."""

from bot.sending.attempts import Recipient, Skip
from handlers.notice_words import NoticeWords
from surveys.conversation import Say
from surveys.delivery import Campaign

__all__ = ["NoticeComposer"]


class NoticeComposer:
    """For campaigns of both kinds: notices, and what takes one back."""

    def __init__(self, words: NoticeWords) -> None:
        self._words = words

    async def compose(self, campaign: Campaign, recipient: Recipient, /) -> Say | Skip:
        say = await self._words.say(
            campaign,
            recipient.account,
            recipient.language,
            recipient.fingerprint,
            is_again=recipient.is_again,
        )
        return Skip() if say is None else say
