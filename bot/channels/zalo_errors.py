"""Zalo's error numbers → what we must do about them. A table and nothing else: texts beside the numbers are not stable, so
nothing is read from them.

Every number stands with what is known of it; one that nobody knows is never tried again, and said aloud."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum

from bot.channels.contract import (
    ContactGone,
    Misconfigured,
    Outcome,
    Rejected,
    RetryAfter,
    Unknown,
    WindowClosed,
)
from surveys.waves import LOCAL

__all__ = [
    "ERRORS",
    "TEXT_INSTEAD",
    "TOKEN_IS_OLD",
    "UPLOAD_IS_GONE",
    "V2_IS_SHUT",
    "V3_IS_NOT_FOR_US",
    "Kind",
    "is_known",
    "kind_of",
    "outcome_of",
    "until_morning",
]

V3_IS_NOT_FOR_US = -235
V2_IS_SHUT = -240
UPLOAD_IS_GONE = -100
TOKEN_IS_OLD = frozenset({-216, -220, -124})
"""The last is what paid templates say."""
TEXT_INSTEAD = frozenset({-201, -210, -233})
"""What a message with buttons may be refused with where plain text is taken."""
A_MINUTE = timedelta(minutes=1)
AN_HOUR = timedelta(hours=1)
EVENING, DAYBREAK = time(22), time(6)  # broadcasts are refused between
MORNING = time(6, 5)


class Kind(StrEnum):
    """What a number asks of us."""

    HASTE = "haste"
    """Too many calls: wait a minute."""
    NIGHT = "night"
    """Wait until five past six."""
    QUOTA = "quota"
    """Nothing left to send with: wait, and let an operator know."""
    PROCESSING = "processing"
    WINDOW = "window"
    """Not now, and not before the person writes again."""
    BLOCKED = "blocked"
    """The person does not want it."""
    MESSAGE = "message"
    """This message will never be taken."""
    TOKEN = "token"
    """Renew the token once, then it is ours to mend."""
    OURS = "ours"
    """Settings, contracts, permissions: nothing is taken until somebody mends them."""
    UNCLEAR = "unclear"
    """It may have arrived."""


ERRORS: Mapping[int, tuple[Kind, str]] = {
    -32: (Kind.HASTE, "over the rate limit of the app or the account"),
    -100: (Kind.MESSAGE, "the attachment is expired or unknown"),
    -108: (Kind.MESSAGE, "the phone number is invalid"),
    -114: (Kind.MESSAGE, "the person cannot receive a template"),
    -115: (Kind.OURS, "there is no money for templates"),
    -117: (Kind.OURS, "no right to this template"),
    -118: (Kind.MESSAGE, "there is no Zalo account of this number"),
    -120: (Kind.OURS, "no permission to send templates"),
    -124: (Kind.TOKEN, "the access token is invalid"),
    -131: (Kind.OURS, "the template is not approved"),
    -133: (Kind.NIGHT, "no templates between 22:00 and 06:00"),
    -135: (Kind.OURS, "the account may not send templates"),
    -136: (Kind.OURS, "the account is not linked to pay for templates"),
    -138: (Kind.OURS, "the app may not send templates"),
    -139: (Kind.MESSAGE, "the person refuses such templates"),
    -140: (Kind.MESSAGE, "the person may not receive such templates"),
    -141: (Kind.MESSAGE, "the person refuses templates of this account"),
    -144: (Kind.QUOTA, "the day's quota of templates is used up"),
    -146: (Kind.OURS, "the template is disabled"),
    -147: (Kind.QUOTA, "the day's quota of this template is used up"),
    -200: (Kind.UNCLEAR, "sending failed, perhaps after it was delivered"),
    -201: (Kind.MESSAGE, "a field is invalid"),
    -204: (Kind.OURS, "the account is disabled"),
    -205: (Kind.OURS, "the account does not exist"),
    -209: (Kind.OURS, "the API is not supported, or the app is not active"),
    -210: (Kind.MESSAGE, "a field is over its limit"),
    -211: (Kind.QUOTA, "the account is out of quota"),
    -212: (Kind.OURS, "the app is not registered for this API"),
    -213: (Kind.WINDOW, "the person does not follow, or cannot be reached"),
    -214: (Kind.PROCESSING, "the article is still being processed"),
    -216: (Kind.TOKEN, "the access token is invalid"),
    -217: (Kind.BLOCKED, "the person has blocked invitations"),
    -218: (Kind.WINDOW, "the person has received as much as they may today"),
    -219: (Kind.OURS, "the app was removed or disabled"),
    -220: (Kind.TOKEN, "the access token has expired"),
    -221: (Kind.OURS, "the account is not verified"),
    -223: (Kind.OURS, "the account has not authorised this API, or has no articles left"),
    -224: (Kind.OURS, "the account needs a higher tier"),
    -227: (Kind.WINDOW, "the person is banned, or was away for over 45 days"),
    -230: (Kind.WINDOW, "the person has not written for seven days"),
    -232: (Kind.WINDOW, "the person has not written, or too long ago"),
    -233: (Kind.MESSAGE, "this kind of message is not supported"),
    -234: (Kind.NIGHT, "not between 22:00 and 06:00"),
    -235: (Kind.OURS, "this API does not support this type of account"),
    -237: (Kind.OURS, "the group is disabled or has expired"),
    -238: (Kind.MESSAGE, "the purchased item was used"),
    -240: (Kind.OURS, "version 2 is shut down for this account"),
    -241: (Kind.MESSAGE, "the purchased item was used"),
    -242: (Kind.OURS, "the proof of the app's secret is wrong"),
    -244: (Kind.BLOCKED, "the person does not want such messages"),
    -248: (Kind.MESSAGE, "the content violates Zalo's policy: a person must look at it"),
    -249: (Kind.MESSAGE, "the template cannot be used for this person's id"),
    -320: (Kind.OURS, "there is no Zalo Cloud account"),
    -321: (Kind.OURS, "the Zalo Cloud account has no money"),
    -403: (Kind.OURS, "the account is not in the group"),
    -1340: (Kind.MESSAGE, "a form is wrong"),
    -1341: (Kind.MESSAGE, "a form is wrong"),
}


def is_known(error: int) -> bool:
    return error in ERRORS


def kind_of(error: int) -> Kind:
    return ERRORS[error][0] if error in ERRORS else Kind.MESSAGE


def outcome_of(error: int, now: datetime) -> Outcome:
    """What to do about an error of the accounts' API. `now` is aware."""
    kind, meaning = ERRORS.get(error, (Kind.MESSAGE, "an error nobody knows"))
    reason = f"Zalo {error}: {meaning}"
    match kind:
        case Kind.HASTE | Kind.PROCESSING:
            return RetryAfter(A_MINUTE)
        case Kind.NIGHT:
            return RetryAfter(_to_five_past_six(now))
        case Kind.QUOTA:
            return RetryAfter(AN_HOUR)
        case Kind.WINDOW:
            return WindowClosed(reason)
        case Kind.BLOCKED:
            return ContactGone(reason)
        case Kind.TOKEN | Kind.OURS:
            return Misconfigured(reason)
        case Kind.UNCLEAR:
            return Unknown(reason)
    return Rejected(reason)


def until_morning(now: datetime) -> timedelta | None:
    """How long a broadcast must wait; None by day."""
    local = now.astimezone(LOCAL).time()
    return _to_five_past_six(now) if local >= EVENING or local < DAYBREAK else None


def _to_five_past_six(now: datetime) -> timedelta:
    local = now.astimezone(LOCAL)
    morning = local.replace(hour=MORNING.hour, minute=MORNING.minute, second=0, microsecond=0)
    return (morning if local < morning else morning + timedelta(days=1)) - local
