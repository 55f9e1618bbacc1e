"""Takes a form that brings a file along (`multipart/form-data`) apart. One file, in memory, never larger than told. It knows no picture."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from bot.web.guard import body_of

__all__ = ["Unreadable", "Upload", "taken_apart", "upload_of"]

BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})"?\s*(?:;|$)')
NAME = re.compile(r'[; ]name="([^"]*)"')
FILE = re.compile(r'[; ]filename\*?="?')
MOST_PARTS = 40


class Unreadable(ValueError):
    """This is no form with a file in it."""


@dataclass(frozen=True, slots=True)
class Upload:
    fields: Mapping[str, str]
    file: bytes
    """Empty where none was chosen."""


async def upload_of(request: Request, limit: int) -> Upload:
    """Raises TooLarge and Unreadable."""
    kind = request.headers.get("content-type", "")
    return taken_apart(await body_of(request, limit), kind)


def taken_apart(body: bytes, content_type: str) -> Upload:
    """Raises Unreadable."""
    found = BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        raise Unreadable
    parts = (b"\r\n" + body).split(b"\r\n--" + found[1].rstrip().encode("ascii"))
    if len(parts) < 3 or len(parts) > MOST_PARTS or not parts[-1].startswith(b"--"):
        raise Unreadable
    fields: dict[str, str] = {}
    file = b""
    for part in parts[1:-1]:
        head, gap, content = part.partition(b"\r\n\r\n")
        described = head.decode("utf-8", "replace")
        name = NAME.search(described)
        if not gap or name is None:
            raise Unreadable
        if FILE.search(described):
            file = file or content
        else:
            fields[name[1]] = content.decode("utf-8", "replace")
    return Upload(fields, file)
