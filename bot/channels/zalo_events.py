"""What Zalo brings to a webhook: whether it is Zalo, and what happened. It knows no survey and answers nothing.

Ids are opaque texts: some have nineteen digits. Fields may be added at any time, so what nobody asked for is let be."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from surveys.conversation import Address, Incoming
from surveys.ratings import Rating

__all__ = [
    "ACCOUNT",
    "KNOWN",
    "TAP",
    "Answered",
    "Event",
    "Followed",
    "Forgotten",
    "Happened",
    "Left",
    "Nothing",
    "Rated",
    "Said",
    "is_stale",
    "proves",
    "rating_of",
    "read",
]

ACCOUNT = "zalo"  # an address is at `zalo:<account id>`
TAP = "#t:"  # what a button of ours sends; a person who types it can only tap what was offered to them
MAC = "mac="
STALE = timedelta(hours=24)  # retries come within two hours; anything older is somebody's recording


KNOWN = frozenset(
    {
        "oa_send_text",
        "oa_send_image",
        "oa_send_gif",
        "oa_send_list",
        "oa_send_file",
        "oa_send_sticker",
        "oa_send_template",
        "oa_send_anonymous_text",
        "oa_send_anonymous_image",
        "oa_send_anonymous_file",
        "oa_send_anonymous_sticker",
        "oa_reacted_message",
        "anonymous_send_text",
        "anonymous_send_image",
        "anonymous_send_file",
        "anonymous_send_sticker",
        "user_received_message",
        "user_seen_message",
        "user_reacted_message",
        "user_submit_info",
        "add_user_to_tag",
        "remove_user_from_tag",
        "remove_tag",
        "update_user_info",
        "change_oa_daily_quota",
        "change_template_status",
        "change_template_quota",
    }
)
"""Events that ask nothing of us: echoes, receipts, visitors without an account (whom we cannot ask as one person), what the
office does in Zalo's manager. Others that we do not read are counted, so that an operator learns of them."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is read of any event, whatever it is called."""

    name: str
    account: str
    """The Official Account it is about."""
    person: str
    """The id the person has there; '' where none is told."""
    at: datetime | None
    key: str
    """By which a second delivery of it is known."""


@dataclass(frozen=True, slots=True)
class Said:
    """A person wrote, tapped, or sent something."""

    event: Event
    incoming: Incoming


@dataclass(frozen=True, slots=True)
class Followed:
    """A person began to follow, or opened the chat for the first time."""

    event: Event
    incoming: Incoming


@dataclass(frozen=True, slots=True)
class Left:
    """A person no longer follows. They may still write, and be answered."""

    event: Event


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person asks that everything about them be deleted."""

    event: Event


@dataclass(frozen=True, slots=True)
class Answered:
    """A person at the office has answered by hand."""

    event: Event


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do: echoes of ours, receipts, what nobody knows."""

    event: Event


@dataclass(frozen=True, slots=True)
class Rated:
    """Somebody answered a rating template. Nothing in it says who, or which template it was."""

    event: Event
    rating: Rating


Happened = Said | Followed | Left | Forgotten | Answered | Rated | Nothing


# ── Whether it is Zalo ───────────────────────────────────────────────────────────────────────────────────────────


def proves(raw: bytes, given: bytes, app_id: str, timestamp: str, keys: Iterable[str]) -> bool:
    """Whether the header `X-ZEvent-Signature` was made over these very bytes with one of the keys: SHA-256 over app id, body,
    timestamp and key, in hex. Several keys, because a key is changed while events are on their way."""
    signature = given.strip().lower().removeprefix(MAC.encode())
    found = False
    for key in keys:
        made = sha256(app_id.encode() + raw + timestamp.encode() + key.encode()).hexdigest()
        found |= hmac.compare_digest(made.encode(), signature)
    return found


def is_stale(event: Event, now: datetime) -> bool:
    return event.at is not None and now - event.at > STALE


# ── What happened ────────────────────────────────────────────────────────────────────────────────────────────────


def read(body: Mapping[str, Any], started: str) -> Happened:
    """`started`: the payload with which a follower begins, such as the unit's code. Never raises for an odd event."""
    event = _event(body)
    name, message = event.name, _object(body.get("message"))
    if name == "user_feedback":
        rating = rating_of(message.get("msg_id"), message, message.get("submit_time"))
        return Rated(event, rating) if rating is not None else Nothing(event)
    if not event.person and name.startswith(("user_", "follow", "unfollow")):
        return Nothing(event)
    match name:
        case "user_send_text":
            return Said(event, _text(event, message))
        case "user_send_image" | "user_send_gif":
            return Said(event, _incoming(event, text=_string(message.get("text")), photo=_url(message)))
        case "user_send_location":
            place = _place(message)
            return Said(event, _incoming(event, location=place)) if place else Said(event, _incoming(event))
        case (
            "user_send_sticker"
            | "user_send_link"
            | "user_send_audio"
            | "user_send_video"
            | "user_send_file"
            | "user_send_business_card"
        ):
            # Something we cannot read: the person gets the current question again, as for an unreadable text.
            return Said(event, _incoming(event, text=_string(message.get("text"))))
        case "follow" | "user_click_chatnow":
            return Followed(event, _incoming(event, start=started))
        case "unfollow":
            return Left(event)
        case "user_withdraw":
            return Forgotten(event)
        case _ if name.startswith("oa_send_") and _string(_object(body.get("sender")).get("admin_id")):
            # Echoes of what we send ourselves name no person at the office.
            return Answered(event)
    return Nothing(event)


def rating_of(message: object, said: Mapping[str, Any], submitted: object) -> Rating | None:
    """A rating as events and results tell it, each with names of its own for the message's id and the moment; None for one that
    cannot be read."""
    stars, moment = _string(said.get("rate")), _moment(_string(submitted))
    presets = said.get("feedbacks")
    words = [*(presets if isinstance(presets, list) else ()), said.get("note")]
    written = "\n".join(text for each in words if (text := _string(each).strip()))
    if moment is None or not stars.isdecimal():
        return None
    try:
        return Rating(_string(message), int(stars), moment, written)
    except ValueError:
        return None


def _event(body: Mapping[str, Any]) -> Event:
    name = _string(body.get("event_name"))
    sender, recipient = (_string(_object(body.get(each)).get("id")) for each in ("sender", "recipient"))
    if name.startswith("oa_") or name == "user_received_message" or name == "user_seen_message":
        account, person = sender, recipient
    else:
        follower = _string(_object(body.get("follower")).get("id"))
        account = _string(body.get("oa_id")) or recipient
        person = sender or follower or _string(body.get("user_id"))
    stamp = _string(body.get("timestamp"))
    id = _string(_object(body.get("message")).get("msg_id"))
    key = f"{name}:{id}" if id else f"{name}:{person}:{stamp}"
    return Event(name, account, person, _moment(stamp), key)


def _text(event: Event, message: Mapping[str, Any]) -> Incoming:
    text = _string(message.get("text"))
    if text.startswith(TAP):
        return _incoming(event, tap=text.removeprefix(TAP))
    return _incoming(event, text=text)


def _incoming(event: Event, **what: Any) -> Incoming:
    return Incoming(Address(f"{ACCOUNT}:{event.account}", event.person), event.key, **what)


def _place(message: Mapping[str, Any]) -> tuple[float, float] | None:
    for attachment in _payloads(message):
        coordinates = _object(attachment.get("coordinates"))
        try:
            place = float(coordinates["latitude"]), float(coordinates["longitude"])
        except (KeyError, TypeError, ValueError):
            continue
        if abs(place[0]) <= 90 and abs(place[1]) <= 180:
            return place
    return None


def _url(message: Mapping[str, Any]) -> str | None:
    """Zalo's reference of the picture. It is never fetched."""
    return next((url for each in _payloads(message) if (url := _string(each.get("url")))), None)


def _payloads(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    attachments = message.get("attachments")
    return [
        _object(_object(each).get("payload"))
        for each in (attachments if isinstance(attachments, list) else ())
    ]


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(stamp) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _string(value: object) -> str:
    """Ids come as texts, and once in a while as numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
