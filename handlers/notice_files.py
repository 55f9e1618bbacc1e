"""Pictures for notices: whatever an officer's telephone sends is decoded, turned upright, made smaller and written anew as a JPEG of our
own. Nothing of the file itself is kept: no place where it was taken, no name, no other file hidden behind it.

Only pictures. A PDF could not be made anew here: see docs/decisions.md."""

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO

from PIL import Image, ImageOps

from handlers.notice_checks import refused
from handlers.units import Places
from storage.database import Database
from storage.notice_rows import Picture
from surveys.notices import Trouble
from surveys.rights import Action, Actor, require
from surveys.waves import LOCAL

__all__ = ["FORMATS", "MOST_BYTES", "Made", "NoticePictures", "made_anew"]

FORMATS = ("JPEG", "PNG", "WEBP")
JPEGS = ("JPEG", "MPO")  # some telephones put a second picture behind the first
MOST_BYTES = 10 << 20  # what a telephone's camera makes is about half of it
MOST_PIXELS = 50_000_000  # the largest telephone cameras in use; a JPEG is made smaller while it is decoded
MOST_PIXELS_WHOLE = 16_000_000  # of the other formats, which are not: a screenshot has a third of it, and every copy takes 64 MB
REDUCED_FROM = 2  # times as large as we want it
MOST_IN_HAND = (
    1  # decoded at the same time: a file of 100 kB may need as much memory as the rest of the house
)
LONGEST_SIDE = 1600  # pixels; a telephone shows fewer
SMALLEST_SIDE = 16
LARGEST = 1_000_000  # bytes; Zalo takes pictures up to 1 MB
QUALITIES = (85, 75, 65, 50)
SHRINK = 0.7  # when no quality is small enough

BROKEN = (
    *(OSError, ValueError, SyntaxError, TypeError, EOFError, OverflowError, IndexError, KeyError),
    *(ZeroDivisionError, MemoryError, struct.error),
    Image.DecompressionBombError,
)
"""What Pillow has been seen to raise for files that are none of what they say."""


@dataclass(frozen=True, slots=True)
class Made:
    """A JPEG of our own making."""

    content: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()


class NoticePictures:
    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now
        self._places = Places()
        self._hands = asyncio.Semaphore(MOST_IN_HAND)

    async def take(self, actor: Actor, raw: bytes) -> str:
        """The digest to put into a draft. Raises NotAllowed, and Refused for what is no picture we take."""
        async with self._db.reading() as tx:
            require(actor, Action.NOTICE_WRITE, [actor.unit], await self._places.known(tx))
        async with self._hands:
            made = await asyncio.to_thread(made_anew, raw)
        picture = Picture(
            digest=made.digest,
            content=made.content,
            width=made.width,
            height=made.height,
            taken_on=self._now().astimezone(LOCAL).date(),
        )
        async with self._db.transaction() as tx:
            await tx.pictures.save(picture)
        return made.digest

    async def of(self, digest: str) -> bytes | None:
        """For whoever knows its digest: it is on a notice they may see."""
        async with self._db.reading() as tx:
            return await tx.pictures.content(digest)


def made_anew(raw: bytes) -> Made:
    """Raises Refused."""
    if len(raw) > MOST_BYTES:
        raise refused(Trouble.BAD_PICTURE, f"Ảnh quá lớn: nhiều nhất {MOST_BYTES >> 20} MB.")
    try:
        return _encoded(_decoded(raw))
    except BROKEN as surprise:
        raise refused(
            Trouble.BAD_PICTURE, "Tệp này không phải ảnh JPEG, PNG hoặc WebP đọc được."
        ) from surprise


def _decoded(raw: bytes) -> Image.Image:
    """Its first frame, upright, without transparency, no larger than we want it."""
    with Image.open(BytesIO(raw), formats=FORMATS) as opened:
        # The header says how much would have to be decoded, before anything is.
        width, height = opened.size
        most = MOST_PIXELS if opened.format in JPEGS else MOST_PIXELS_WHOLE
        if width * height > most:
            raise refused(
                Trouble.BAD_PICTURE,
                f"Ảnh quá lớn: tệp {opened.format} nhiều nhất {most // 1_000_000} triệu điểm ảnh.",
            )
        if min(width, height) < SMALLEST_SIDE:
            raise refused(Trouble.BAD_PICTURE, "Ảnh quá nhỏ.")
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        opened.load()
        upright = ImageOps.exif_transpose(_reduced(opened))
        has_gaps = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        if has_gaps:
            layer = upright.convert("RGBA")
            page = Image.new("RGBA", layer.size, "white")
            page.alpha_composite(layer)
            upright = page
        plain = upright.convert("RGB")
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    # Pasted onto a new sheet, so that nothing the file carried along is carried on.
    sheet = Image.new("RGB", plain.size)
    sheet.paste(plain)
    return sheet


def _reduced(picture: Image.Image) -> Image.Image:
    """Near the size we want, before copies are made of it. (A palette has no colours between its colours; it is small as it is.)"""
    factor = max(picture.size) // LONGEST_SIDE
    if factor < REDUCED_FROM or picture.mode not in ("L", "LA", "RGB", "RGBA"):
        return picture
    smaller = picture.reduce(factor)
    smaller.info = dict(picture.info)  # what says which colour is transparent, and which way is up
    return smaller


def _encoded(picture: Image.Image) -> Made:
    while True:
        for quality in QUALITIES:
            stream = BytesIO()
            picture.save(stream, "JPEG", quality=quality, optimize=True, progressive=False)
            if stream.tell() <= LARGEST:
                return Made(stream.getvalue(), picture.width, picture.height)
        width, height = (max(SMALLEST_SIDE, round(side * SHRINK)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
