"""A Telegram update, as plain JSON → what a person did. Read by hand: of some hundred fields we want ten, and validating
the rest would cost thirty times as much. It knows no framework and trusts no type."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from surveys.conversation import Address, Incoming

__all__ = ["WANTED", "Elsewhere", "Heard", "Left", "Tapped", "read", "sender_of"]

WANTED = ("message", "callback_query", "my_chat_member")
"""The updates we ask Telegram for. Edited messages are not among them: an answer is changed by answering again."""

Json = Mapping[str, Any]

GREATEST_ID = 1 << 52  # the document: “at most 52 significant bits”

SPOKEN = frozenset(
    (
        *(
            "text",
            "caption",
            "photo",
            "location",
            "venue",
            "contact",
            "poll",
            "dice",
            "story",
            "checklist",
            "game",
        ),
        *("sticker", "voice", "video", "video_note", "audio", "document", "animation", "paid_media"),
        *("live_photo", "rich_message"),
    )
)
"""What makes a message a person's own. The rest is Telegram talking: pinned, joined, timers, gifts."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """The button that was pressed: to be answered, and its message to be stamped."""

    query: str
    chat: int
    message: int | None
    """None when Telegram no longer shows us the message."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A person said or tapped something in the private chat."""

    incoming: Incoming
    chat: int
    tapped: Tapped | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A person has blocked the bot."""

    address: Address


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Somebody brought us into a group or a channel, where others would see who answers what."""

    chat: int
    just_joined: bool
    can_write: bool
    query: str | None = None


Seen = Heard | Left | Elsewhere | None


def read(update: Json, account: str) -> Seen:
    """None for what needs nothing from us: other bots, edits, service messages, whatever Telegram invents next."""
    if isinstance(message := update.get("message"), dict):
        return _message(message, account)
    if isinstance(query := update.get("callback_query"), dict):
        return _tap(query, account)
    if isinstance(change := update.get("my_chat_member"), dict):
        return _membership(change, account)
    return None


def sender_of(update: Json) -> int | None:
    """Whose turn an update is, for keeping one person's in order. None when it is nobody's."""
    for kind in WANTED:
        content = update.get(kind)
        if isinstance(content, dict):
            return _id(_dict(content.get("from")))
    return None


def _message(message: Json, account: str) -> Seen:
    chat, person = _dict(message.get("chat")), _dict(message.get("from"))
    chat_id, person_id = _id(chat), _id(person)
    if chat_id is None:
        return None
    if chat.get("type") != "private":
        return Elsewhere(chat_id, just_joined=False, can_write=False)
    number = _number(message.get("message_id"))
    if person_id is None or person.get("is_bot") is not False or number is None:
        return None
    if SPOKEN.isdisjoint(message):
        return None
    text, start = _words(message)
    incoming = Incoming(
        sender=Address(account, str(person_id)),
        # Message numbers grow within a chat and never return; update ids start afresh after a quiet week.
        key=f"m{number}",
        text=text,
        start=start,
        location=_location(message),
        photo=_photo(message),
        language=_language(person),
    )
    return Heard(incoming, chat_id)


def _tap(query: Json, account: str) -> Seen:
    id, person, token = query.get("id"), _dict(query.get("from")), query.get("data")
    person_id = _id(person)
    if person_id is None or person.get("is_bot") is not False or not isinstance(id, str) or not id:
        return None
    message = _dict(query.get("message"))
    chat = _dict(message.get("chat"))
    chat_id = _id(chat)
    if chat_id is not None and chat.get("type") != "private":
        return Elsewhere(chat_id, just_joined=False, can_write=False, query=id)
    incoming = Incoming(
        sender=Address(account, str(person_id)),
        key=f"c{id}",
        # A tap without data is a game's or a forgery: a token that is nobody's, so the person gets the current question.
        tap=token if isinstance(token, str) else "",
        language=_language(person),
    )
    # A private chat has its person's id, which is all we know when the message is out of reach.
    chat_id = person_id if chat_id is None else chat_id
    return Heard(incoming, chat_id, Tapped(id, chat_id, _number(message.get("message_id"))))


def _membership(change: Json, account: str) -> Seen:
    chat, person = _dict(change.get("chat")), _dict(change.get("from"))
    status = _dict(change.get("new_chat_member")).get("status")
    chat_id, person_id = _id(chat), _id(person)
    if chat_id is None or not isinstance(status, str):
        return None
    if chat.get("type") != "private":
        if status not in ("member", "administrator", "restricted"):
            return None
        return Elsewhere(chat_id, just_joined=True, can_write=chat.get("type") in ("group", "supergroup"))
    if status == "kicked" and person_id is not None:
        return Left(Address(account, str(person_id)))
    return None


def _words(message: Json) -> tuple[str, str | None]:
    """What was written, and the payload of a deep link: `/start` or `/start@OurBot payload`."""
    text = message.get("text", message.get("caption"))
    if not isinstance(text, str):
        return "", None
    if not text.startswith("/"):
        return text, None
    command, *rest = text.split(maxsplit=1)
    command = command.partition("@")[0]
    if command == "/start":
        return "", rest[0].strip() if rest else ""
    return " ".join((command, *rest)), None


def _location(message: Json) -> tuple[float, float] | None:
    place = _dict(message.get("location"))
    latitude, longitude = _degrees(place.get("latitude"), 90), _degrees(place.get("longitude"), 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(value: object, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -most <= value <= most and isfinite(value) else None


def _photo(message: Json) -> str | None:
    sizes = message.get("photo")
    if not isinstance(sizes, list) or not sizes:
        return None
    reference = _dict(sizes[-1]).get("file_id")  # smallest first
    return reference if isinstance(reference, str) else None


def _language(person: Json) -> str | None:
    tag = person.get("language_code")
    if not isinstance(tag, str):
        return None
    language = tag[:8].partition("-")[0].lower()
    return language if language.isalpha() and language.isascii() else None


NOTHING: Json = {}


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else NOTHING


def _id(holder: Json) -> int | None:
    return _number(holder.get("id"))


def _number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -GREATEST_ID < value < GREATEST_ID else None
