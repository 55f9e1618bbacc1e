"""What we say, as Zalo's Official Accounts take it: plain text, up to five buttons, files by a token. Pure.

The choices always stand numbered in the text as well: buttons may be refused, hidden on a computer, or scrolled away."""

import io
import zipfile
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

from bot.channels.contract import Limits, numbers, parts
from bot.channels.zalo_events import TAP
from surveys.conversation import Option, Say

__all__ = ["LIMITS", "Body", "Part", "body", "document", "of", "without_buttons"]

Body = dict[str, Any]

TEXT = 1900  # UTF-16 units; Zalo names 2,000 and does not say of what
TITLE = 100
MOST_BUTTONS = 5
LIMITS = Limits(text=TEXT, buttons=True, edits=False, files=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One request's worth of a message."""

    text: str | None = None
    options: tuple[Option, ...] = ()
    file: tuple[str, bytes] | None = None
    image: bytes | None = None
    """A picture above the text: it stands where the buttons would."""
    is_numbered: bool = True


def of(say: Say) -> tuple[Part, ...]:
    """A message in the requests it takes: long texts in pieces, the buttons under the last, a file by itself."""
    text = _with_choices(say)
    pieces = parts(text, TEXT)
    made = [Part(piece) for piece in pieces[:-1]]
    if say.image is not None:
        made.append(Part(pieces[-1] if pieces else None, image=say.image))
    elif pieces:
        made.append(Part(pieces[-1], say.options[:MOST_BUTTONS], is_numbered=not say.is_aside))
    if say.file is not None:
        made.append(Part(file=say.file))
    return tuple(made)


def _with_choices(say: Say) -> str:
    if say.is_aside:
        return say.text
    lines = [
        f"{number}. {option.label}" for number, option in zip(numbers(say.options), say.options, strict=True)
    ]
    return "\n".join((say.text, *lines)) if say.text else "\n".join(lines)


def body(part: Part, person: str, *, has_buttons: bool, token: str | None = None) -> Body:
    """`token`: under which a file was uploaded."""
    message: Body = {}
    if part.text is not None:
        message["text"] = part.text
    if part.options and has_buttons:
        message["attachment"] = {"type": "template", "payload": {"buttons": _buttons(part)}}
    if token is not None and part.image is not None:
        elements = [{"media_type": "image", "attachment_id": token}]
        message["attachment"] = {
            "type": "template",
            "payload": {"template_type": "media", "elements": elements},
        }
    elif token is not None:
        message["attachment"] = {"type": "file", "payload": {"token": token}}
    return {"recipient": {"user_id": person}, "message": message}


def _buttons(part: Part) -> list[Body]:
    options = part.options
    return [
        {
            "title": _cut(f"{number}. {option.label}" if part.is_numbered else option.label),
            "type": "oa.query.hide",
            "payload": f"{TAP}{option.token}",
        }
        for number, option in zip(numbers(options), options, strict=True)
    ]


def _cut(title: str) -> str:
    return title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"


def without_buttons(part: Part) -> Part:
    return replace(part, options=())


# ── Files: Zalo takes PDF, DOC, DOCX and CSV ─────────────────────────────────────────────────────────────────────


def document(name: str, content: bytes) -> tuple[str, bytes, str]:
    """A file as Zalo takes it: name, content, media type. Text of another kind, such as a person's own data in JSON, goes as a
    Word document with a paragraph for each line; what is no text keeps its name, and Zalo says what it thinks of it."""
    _, _, ending = name.rpartition(".")
    if (kind := TAKEN.get(ending.lower())) is not None:
        return name, content, kind
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        return name, content, "application/octet-stream"
    return f"{name.removesuffix('.' + ending)}.docx", _in_word(lines), TAKEN["docx"]


TAKEN = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
}
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
SCHEMAS = "http://schemas.openxmlformats.org"
PARTS = {
    "[Content_Types].xml": f"""{XML}<Types xmlns="{SCHEMAS}/package/2006/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Override PartName="/word/document.xml" ContentType="{TAKEN["docx"]}.main+xml"/></Types>""",
    "_rels/.rels": f"""{XML}<Relationships xmlns="{SCHEMAS}/package/2006/relationships"><Relationship Id="rId1" \
Type="{SCHEMAS}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>""",
}


def _in_word(lines: list[str]) -> bytes:
    # By hand: the library that writes the reports costs half a second to import, and this is three small files.
    paragraphs = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{escape(_printable(line))}</w:t></w:r></w:p>' for line in lines
    )
    main = f"{SCHEMAS}/wordprocessingml/2006/main"
    body = f'{XML}<w:document xmlns:w="{main}"><w:body>{paragraphs}</w:body></w:document>'
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {**PARTS, "word/document.xml": body}.items():
            archive.writestr(name, part)
    return written.getvalue()


def _printable(line: str) -> str:
    """Without what XML cannot hold."""
    return "".join(each for each in line if each >= " " and each not in "\ufffe\uffff")
