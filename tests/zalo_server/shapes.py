"""What a request to Zalo may look like: a shape says which fields there are and what is in them; a field too many or of another
type is a fault of ours, which Zalo would not tell us. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "ARTICLE_MADE",
    "BUTTON",
    "CS_MESSAGE",
    "RATINGS_ASKED",
    "Shape",
    "faults_of",
    "shapes_of_message",
]

Shape = Any
"""A type, a tuple of allowed values, a compiled pattern, a callable, `[shape]` for a list, a mapping of fields (a name that
ends in `?` may be left out)."""

DIGITS = re.compile(r"\d{6,20}")
HTTPS = re.compile(r"https://[^\s/]+(/\S*)?")


def faults_of(value: Any, shape: Shape, place: str = "body") -> list[str]:
    """Everything that is not as the shape says, in words."""
    if isinstance(shape, Mapping):
        return _fields(value, shape, place)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{place} is {type(value).__name__}, not a list"]
        return [
            fault for at, each in enumerate(value) for fault in faults_of(each, shape[0], f"{place}[{at}]")
        ]
    if isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and shape.fullmatch(value) is not None
        return [] if fits else [f"{place} is {value!r}, not {shape.pattern}"]
    if isinstance(shape, tuple):
        return [] if value in shape else [f"{place} is {value!r}, not one of {shape}"]
    if isinstance(shape, type):
        # A bool is an int to Python, and not to JSON.
        fits = isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
        return [] if fits else [f"{place} is {type(value).__name__}, not {shape.__name__}"]
    return list(shape(value, place))


def _fields(value: Any, shape: Mapping[str, Shape], place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place} is {type(value).__name__}, not an object"]
    wanted = {name.removesuffix("?"): each for name, each in shape.items()}
    needed = {name for name in shape if not name.endswith("?")}
    faults = [f"{place} has no {name}" for name in sorted(needed - value.keys())]
    faults += [
        f"{place} has a field {name} that nobody knows" for name in sorted(value.keys() - wanted.keys())
    ]
    for name in sorted(value.keys() & wanted.keys()):
        faults += faults_of(value[name], wanted[name], f"{place}.{name}")
    return faults


def BUTTON(value: Any, place: str) -> list[str]:
    """Each type of button has a payload of its own (A4.5)."""
    if not isinstance(value, dict) or value.get("type") not in PAYLOADS:
        return [f"{place} is no button: {value!r}"]
    return faults_of(value, {"title": str, "type": str, "payload": PAYLOADS[value["type"]]}, place)


PAYLOADS: Mapping[str, Shape] = {
    "oa.query.show": str,
    "oa.query.hide": str,
    "oa.open.url": {"url": str},
    "oa.open.sms": {"content": str, "phone_code": str},
    "oa.open.phone": {"phone_code": str},
}

MEDIA = {
    "template_type": ("media",),
    "elements": [
        {
            "media_type": ("image", "gif", "sticker"),
            "attachment_id?": str,
            "url?": str,
            "width?": int,
            "height?": int,
        }
    ],
}
ARTICLE = {"template_type": ("media",), "elements": [{"media_type": ("article",), "attachment_id": str}]}
ELEMENT = {
    "title": str,
    "subtitle?": str,
    "image_url?": str,
    "default_action?": {"type": str, "url?": str, "payload?": str},
}
LIST = {"template_type": ("list",), "elements": [ELEMENT], "buttons?": [BUTTON]}
ASK = {
    "template_type": ("request_user_info",),
    "elements": [{"title": str, "subtitle": str, "image_url": HTTPS}],
}


def ATTACHMENT(value: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place} is no attachment"]
    if value.get("type") == "file":
        return faults_of(value, {"type": ("file",), "payload": {"token": str}}, place)
    payload = value.get("payload")
    kind = payload.get("template_type") if isinstance(payload, dict) else None
    shape: Callable[..., Any] | Mapping[str, Any] = {
        "media": MEDIA,
        "list": LIST,
        "request_user_info": ASK,
    }.get(str(kind), {"buttons": [BUTTON]})
    return faults_of(value, {"type": ("template",), "payload": shape}, place)


CS_MESSAGE = {
    "recipient": {"user_id": DIGITS},
    "message": {"text?": str, "attachment?": ATTACHMENT, "quote_message_id?": str},
}
BROADCAST = {
    "recipient": {
        "target": {
            "ages?": str,
            "gender?": str,
            "cities?": str,
            "locations?": str,
            "platform?": str,
        }
    },
    "message": {"attachment": {"type": ("template",), "payload": ARTICLE}},
}
TEXT_PARAGRAPH = {"type": ("text",), "content": str}
IMAGE_PARAGRAPH = {"type": ("image",), "url": HTTPS, "caption?": str}


def PARAGRAPH(value: Any, place: str) -> list[str]:
    kind = value.get("type") if isinstance(value, dict) else None
    return faults_of(value, IMAGE_PARAGRAPH if kind == "image" else TEXT_PARAGRAPH, place)


ARTICLE_MADE = {
    "type": ("normal",),
    "title": re.compile(r"(?s).{1,150}"),
    "author": re.compile(r".{1,50}"),
    "cover": {"cover_type": ("photo",), "photo_url": HTTPS, "status": ("show", "hide")},
    "description": re.compile(r"(?s).{1,300}"),
    "body": [PARAGRAPH],
    "status": ("show", "hide"),
    "comment": ("show", "hide"),
}
"""As the official Java SDK makes one; its limits are third parties'."""
RATINGS_ASKED = {
    "template_id": re.compile(r"\d+"),
    "from_time": re.compile(r"\d{13}"),
    "to_time": re.compile(r"\d{13}"),
    "offset": re.compile(r"\d+"),
    "limit": re.compile(r"[1-9]\d*"),
}
"""A9: all of it in the address, times in milliseconds."""


def FILLED(value: Any, place: str) -> list[str]:
    """Whatever fields a template has, what goes into them is text."""
    if not isinstance(value, dict):
        return [f"{place} is {type(value).__name__}, not an object"]
    return [fault for name, each in value.items() for fault in faults_of(each, str, f"{place}.{name}")]


TEMPLATE_BY_UID = {"user_id": DIGITS, "template_id": re.compile(r"\d+"), "template_data": FILLED}
TEMPLATE_BY_PHONE = {
    "phone": re.compile(r"84\d{8,10}"),
    "template_id": re.compile(r"\d+"),
    "template_data": dict,
    "tracking_id?": re.compile(r".{1,48}"),
    "mode?": ("development",),
}


def shapes_of_message(body: Any) -> Shape:
    """On `/v2.0/oa/message` a broadcast and a message to one person share an address."""
    recipient = body.get("recipient") if isinstance(body, dict) else None
    return BROADCAST if isinstance(recipient, dict) and "target" in recipient else CS_MESSAGE
