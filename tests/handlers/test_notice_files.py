"""What comes in as a picture goes out as a JPEG of our own, or not at all."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handlers.notice_checks import Refused
from handlers.notice_files import LARGEST, LONGEST_SIDE, MOST_BYTES, NoticePictures, made_anew
from storage.database import Database
from surveys.notices import Trouble
from surveys.rights import NotAllowed, Role
from tests.conftest import Clock
from tests.handlers.notice_desk import OFFICER, a_desk, actor


def a_picture(
    kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **more: object
) -> bytes:
    stream = BytesIO()
    Image.new(mode, size, 128 if mode in ("L", "P") else None).save(stream, kind, **more)
    return stream.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "LA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_kind_comes_out_as_jpeg(kind: str, mode: str) -> None:
    made = made_anew(a_picture(kind, mode=mode))

    assert opened(made.content).format == "JPEG"
    assert opened(made.content).mode == "RGB"
    assert (made.width, made.height) == (64, 48)


def test_nothing_tells_where_and_when_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    exif.get_ifd(0x8825)[2] = (9.0, 56.0, 4.0)
    raw = (
        a_picture(exif=exif.tobytes(), comment=b"secret remark", icc_profile=b"secret profile")
        + b"PK\x03\x04secret"
    )

    made = made_anew(raw)

    assert b"secret" in raw
    assert b"Camera" in raw
    assert b"secret" not in made.content
    assert b"Camera" not in made.content
    assert b"Exif" not in made.content
    assert not opened(made.content).getexif()


def test_a_picture_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    made = made_anew(a_picture(size=(64, 48), exif=exif.tobytes()))

    assert (made.width, made.height) == (48, 64)


def test_what_is_transparent_is_white() -> None:
    stream = BytesIO()
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(stream, "PNG")

    assert opened(made_anew(stream.getvalue()).content).getpixel((5, 5)) == (255, 255, 255)


def test_a_large_one_is_made_smaller() -> None:
    noise = Image.effect_noise((3000, 2000), 200).convert("RGB")
    stream = BytesIO()
    noise.save(stream, "JPEG", quality=95)

    made = made_anew(stream.getvalue())

    assert max(made.width, made.height) <= LONGEST_SIDE
    assert len(made.content) <= LARGEST


def png(width: int, height: int, *more: bytes) -> bytes:
    """A PNG by hand: what its header says need not be what is in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IEND", b"")


def gif() -> bytes:
    return a_picture("GIF", mode="P")


def animated() -> bytes:
    stream = BytesIO()
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "blue", "green")]
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:])
    return stream.getvalue()


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"GIF89a",
        gif(),
        a_picture("BMP"),
        a_picture("TIFF"),
        png(60_000, 60_000),
        png(2**31 - 1, 2**31 - 1),
        png(9_000, 9_000, zlib.compress(b"\0" * 1_000_000)),
        png(64, 64),
        a_picture()[:200],
        a_picture("PNG")[:-30],
        b"%PDF-1.7\n" + a_picture(),
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        a_picture(size=(4, 400)),
        b"\xff\xd8\xff" + b"\0" * 10_000,
        b"RIFF\xff\xff\xff\x7fWEBPVP8 " + b"\0" * 64,
    ],
)
def test_a_hostile_file_is_refused_in_a_sentence(hostile: bytes) -> None:
    with pytest.raises(Refused) as refused:
        made_anew(hostile)

    assert refused.value.problems[0].trouble is Trouble.BAD_PICTURE
    assert refused.value.problems[0].sentence


def test_too_many_bytes_are_not_even_looked_at() -> None:
    with pytest.raises(Refused, match="10 MB"):
        made_anew(a_picture() + b"\0" * MOST_BYTES)


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    red, _, _ = opened(made_anew(animated()).content).getpixel((5, 5))

    assert red > 200


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_picture_with_some_bytes_changed_is_a_picture_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(("JPEG", "PNG", "WEBP")))
    raw = bytearray(a_picture(kind))
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    try:
        made = made_anew(bytes(raw))
    except Refused:
        return
    assert opened(made.content).format == "JPEG"


async def test_it_is_kept_once_by_its_digest(sqlite_database: Database, clock: Clock) -> None:
    await a_desk(sqlite_database, clock)
    pictures = NoticePictures(sqlite_database, clock)

    once = await pictures.take(OFFICER, a_picture())
    twice = await pictures.take(OFFICER, a_picture())

    assert once == twice
    content = await pictures.of(once)
    assert content is not None
    assert opened(content).size == (64, 48)
    assert await pictures.of("0" * 64) is None


async def test_only_who_writes_notices_brings_pictures(sqlite_database: Database, clock: Clock) -> None:
    await a_desk(sqlite_database, clock)
    pictures = NoticePictures(sqlite_database, clock)

    with pytest.raises(NotAllowed):
        await pictures.take(actor("p-x", "Ai đó", Role.AUDITOR, "86"), a_picture())
