"""Pictures made to take the house's memory: a file of a hundred kilobytes once took 1.4 GB."""

from io import BytesIO

import pytest
from PIL import Image

from handlers.notice_files import LONGEST_SIDE, made_anew
from handlers.notices import Refused


def a_file(size: tuple[int, int], kind: str, mode: str = "RGB") -> bytes:
    stream = BytesIO()
    Image.new(mode, size).save(stream, kind, quality=1)
    return stream.getvalue()


@pytest.mark.parametrize(("kind", "mode"), [("WEBP", "RGBA"), ("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "P")])
def test_what_can_only_be_decoded_whole_is_taken_up_to_what_a_screen_shows(kind: str, mode: str) -> None:
    raw = a_file((5_000, 3_300), kind, mode)
    assert len(raw) < 200_000
    with pytest.raises(Refused):
        made_anew(raw)
    assert made_anew(a_file((3_840, 2_160), kind, mode)).width == LONGEST_SIDE


def test_what_the_largest_telephone_camera_makes_is_taken() -> None:
    assert made_anew(a_file((8_160, 6_120), "JPEG")).width == LONGEST_SIDE


def test_a_large_picture_on_its_side_is_upright() -> None:
    stream = BytesIO()
    picture = Image.new("RGBA", (3_840, 2_160), (200, 0, 0, 255))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(stream, "PNG", exif=exif)
    made = made_anew(stream.getvalue())
    assert made.height > made.width
