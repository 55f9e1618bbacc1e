"""The privacy card: what we promise before the first question, generated from the settings in force. Pure."""

from dataclasses import dataclass
from datetime import date

from surveys import texts

__all__ = ["MOST_LINES", "Terms", "card"]

MOST_LINES = 4  # nobody reads more at a counter


@dataclass(frozen=True, slots=True)
class Terms:
    """The facts the promise is made of. All of them come from the wave and the settings; none is written by hand."""

    k: int
    """The smallest group whose result anybody sees."""
    closes_on: date
    """The last day on which answers may be changed."""
    withdrawal_until: date
    """The last day on which answers may be taken back; after it the key is destroyed."""
    account: str
    """The account the person writes on: the platform that sees their taps."""


PLATFORMS = {"telegram": "Telegram", "zalo": "Zalo", "zalobot": "Zalo"}


def card(language: str, terms: Terms) -> str:
    """The promise in at most four lines."""
    lines = [
        texts.say(language, "privacy.no_name"),
        texts.say(language, "privacy.group", k=terms.k),
        _withdrawal(language, terms),
        _who_else_sees(language, terms.account),
    ]
    return "\n".join(line for line in lines if line)


def _withdrawal(language: str, terms: Terms) -> str:
    closes = texts.day(language, terms.closes_on)
    if terms.withdrawal_until <= terms.closes_on:
        return texts.say(language, "privacy.withdrawal_same_day", closes=closes)
    until = texts.day(language, terms.withdrawal_until)
    return texts.say(language, "privacy.withdrawal", closes=closes, until=until)


def _who_else_sees(language: str, account: str) -> str:
    kind = account.partition(":")[0]
    if kind in PLATFORMS:
        return texts.say(language, "privacy.platform", platform=PLATFORMS[kind])
    if kind == "web":
        return texts.say(language, "privacy.web")
    return ""
