"""What we say → the Bot API's requests, as plain JSON. Plain text always: no parse_mode, no link previews, so nothing a
person or an officer writes can turn into markup. It knows no framework and sends nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bot.channels.contract import Limits, numbered, parts
from surveys.conversation import Option, Say

__all__ = [
    "LIMITS",
    "Call",
    "acknowledgement",
    "captioning",
    "deleting",
    "leaving",
    "of",
    "stamping",
    "webhook_answer",
]

LIMITS = Limits(text=4096, buttons=True, edits=True, files=True)

CAPTION = 1024  # characters under a document or a picture
PICTURE = "anh.jpg"
BUTTONS = 100  # in one keyboard; Telegram refuses more
ROWS = ((3, 5), (10, 3), (18, 2))
"""(longest label, buttons a row): what a 360 px phone shows without cutting; longer labels have a row of their own."""

NO_PREVIEW = {"is_disabled": True}


@dataclass(frozen=True, slots=True)
class Call:
    """One Bot API method with what it takes."""

    method: str
    payload: Mapping[str, Any]
    file: tuple[str, bytes] | None = None
    """Goes along, name and content."""
    field: str = "document"
    """As what it goes along."""


def of(chat: int | str, say: Say) -> tuple[Call, ...]:
    """One message, as the calls it takes: a long text is cut at sentence ends, and the buttons stand under its last piece."""
    text, options = say.text, say.options
    if len(options) > BUTTONS:  # every question can be answered by typing a number
        text, options = numbered(say), ()
    pieces = parts(text, LIMITS.text)
    if say.image is not None:
        return _picture(chat, say, pieces, options)
    if say.file is not None:
        return _document(chat, pieces, options, say.file)
    if say.entities and pieces == (text,):
        return (_message(chat, text, options, entities=_entities(say)),)
    last = len(pieces) - 1
    return tuple(
        _message(chat, piece, options if place == last else ()) for place, piece in enumerate(pieces)
    )


def _message(
    chat: int | str, text: str, options: tuple[Option, ...], entities: tuple[Mapping[str, Any], ...] = ()
) -> Call:
    payload: dict[str, Any] = {"chat_id": chat, "text": text, "link_preview_options": NO_PREVIEW}
    if entities:
        payload["entities"] = list(entities)
    if options:
        payload["reply_markup"] = _keyboard(options)
    return Call("sendMessage", payload)


def _entities(say: Say) -> tuple[Mapping[str, Any], ...]:
    """Where Telegram counts UTF-16 units, we count characters."""
    places = [0]
    for letter in say.text:
        places.append(places[-1] + (2 if letter > "\uffff" else 1))
    return tuple(
        {
            "type": each.style.value,
            "offset": places[each.offset],
            "length": places[each.end] - places[each.offset],
        }
        for each in say.entities
    )


def _picture(
    chat: int | str, say: Say, pieces: tuple[str, ...], options: tuple[Option, ...]
) -> tuple[Call, ...]:
    """The text beneath it; behind it where it is too long for that."""
    assert say.image is not None
    payload: dict[str, Any] = {"chat_id": chat}
    after: tuple[Call, ...] = ()
    if pieces == (say.text,) and len(parts(say.text, CAPTION)) == 1:
        payload["caption"] = say.text
        if say.entities:
            payload["caption_entities"] = list(_entities(say))
        if options:
            payload["reply_markup"] = _keyboard(options)
    else:
        after = of(chat, replace(say, image=None))
    return (Call("sendPhoto", payload, (PICTURE, say.image), "photo"), *after)


def _document(
    chat: int | str, pieces: tuple[str, ...], options: tuple[Option, ...], file: tuple[str, bytes]
) -> tuple[Call, ...]:
    payload: dict[str, Any] = {"chat_id": chat}
    before = tuple(_message(chat, piece, ()) for piece in pieces)
    if len(pieces) == 1 and len(parts(pieces[0], CAPTION)) == 1:
        payload["caption"] = pieces[0]
        before = ()
    if options:
        payload["reply_markup"] = _keyboard(options)
    return (*before, Call("sendDocument", payload, file))


def _keyboard(options: tuple[Option, ...]) -> dict[str, Any]:
    buttons = [{"text": option.label, "callback_data": option.token} for option in options]
    rows = []
    begin = 0
    for end in _row_ends(tuple(option.label for option in options)):
        rows.append(buttons[begin:end])
        begin = end
    return {"inline_keyboard": rows}


@lru_cache(1024)
def _row_ends(labels: tuple[str, ...]) -> tuple[int, ...]:
    """Where each row ends. Remembered, for a survey asks the same questions of everybody."""
    ends: list[int] = []
    begin, longest = 0, 0
    for place, label in enumerate(labels):
        longest = max(longest, len(label))
        if place > begin and place - begin >= _buttons_a_row(longest):
            ends.append(place)
            begin, longest = place, len(label)
    return (*ends, len(labels))


def _buttons_a_row(longest: int) -> int:
    for length, buttons in ROWS:
        if longest <= length:
            return buttons
    return 1


def acknowledgement(query: str) -> Call:
    """Stops the button's spinner; says nothing, for others may be looking."""
    return Call("answerCallbackQuery", {"callback_query_id": query})


def stamping(chat: int, message: int, stamp: str) -> Call:
    """The tapped message becomes its stamp and loses its keyboard."""
    return Call(
        "editMessageText",
        {"chat_id": chat, "message_id": message, "text": stamp, "link_preview_options": NO_PREVIEW},
    )


def captioning(chat: int, message: int, caption: str) -> Call:
    """What stands beneath a picture or a document becomes this."""
    return Call("editMessageCaption", {"chat_id": chat, "message_id": message, "caption": caption})


def deleting(chat: int, message: int) -> Call:
    return Call("deleteMessage", {"chat_id": chat, "message_id": message})


def leaving(chat: int) -> Call:
    return Call("leaveChat", {"chat_id": chat})


def webhook_answer(call: Call) -> bytes:
    """The call as the body of our answer to a webhook: Telegram makes it at once, and tells us nothing of the result."""
    return ENCODER.encode({"method": call.method, **call.payload}).encode()


ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
