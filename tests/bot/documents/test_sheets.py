"""Cards with one-time codes: what stands on them, and that a telephone reads from the paper what we meant."""

import io
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime

import segno
from pypdf import PdfReader

from bot import qr
from bot.documents import sheets
from handlers.tokens import Batch
from surveys import tokens

ADDRESS = "https://langnghe.vinhlong.gov.vn/?start="
MILLIMETRES_TO_AN_INCH = 25.4
CODE_AT = (
    13.0,
    18.5,
)  # mm from the left and the top: margin, inset, and the code in the middle of its column
CODE_WIDE = 40.0  # mm
FIRST_CARD = 270  # rows of the picture that hold the first card


def batch_of(count: int, **changed: object) -> Batch:
    made = (tokens.payload(tokens.derive(b"k", "b", number)) for number in range(count))
    batch = Batch(
        id="b",
        wave="2026-11-tham-luot",
        title="Đánh giá lượt làm việc tháng 11/2026",
        unit="29263",
        unit_name="Phường Long Đức",
        payloads=tuple(made),
        expires_at=datetime(2026, 12, 6, 1, 30, tzinfo=UTC),
        is_new=True,
    )
    return replace(batch, **changed)  # type: ignore[arg-type]


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\N{NO-BREAK SPACE}", " ")


def test_every_card_says_what_it_is_for_until_when_and_what_it_promises() -> None:
    batch = batch_of(12)
    pdf = sheets.write(batch, ADDRESS, 10)
    text = " ".join(text_of(pdf).split())

    assert len(PdfReader(io.BytesIO(pdf)).pages) == 2
    for words in (
        "Công an phường Long Đức",
        "Mã dùng một lần",
        "hết hạn lúc 08:30 ngày 6/12/2026.",
        "nhóm từ 10 người trở lên",
        "Không bao giờ hỏi mã OTP",
    ):
        assert text.count(words) == 12, words
    together = "".join(text.split()).replace("\u200b", "")
    assert all(payload in together for payload in batch.payloads)


def test_the_same_batch_is_the_same_bytes() -> None:
    assert sheets.write(batch_of(3), ADDRESS, 10) == sheets.write(batch_of(3), ADDRESS, 10)


def test_a_name_that_looks_like_a_command_is_printed_as_it_stands() -> None:
    nasty = 'p #import "x" $x^2$ *đậm* <a>'

    assert nasty in " ".join(text_of(sheets.write(batch_of(1, unit_name=nasty), ADDRESS, 10)).split())


def test_only_embedded_fonts_are_used_and_no_letter_is_missing() -> None:
    pdf = PdfReader(io.BytesIO(sheets.write(batch_of(1), ADDRESS, 10)))

    fonts = [str(font.get_object()["/BaseFont"]) for font in pdf.pages[0]["/Resources"]["/Font"].values()]  # type: ignore[index]

    assert fonts
    assert all("Libertinus" in font or "DejaVu" in font for font in fonts)
    assert "\ufffd" not in text_of(sheets.write(batch_of(1), ADDRESS, 10))


def test_what_is_printed_is_the_code_of_the_link() -> None:
    """Module by module, from the picture of the page."""
    batch = batch_of(1)
    ppi = 110.0
    rows = grey(sheets.picture(batch, ADDRESS, 10, ppi=ppi), upto=FIRST_CARD)
    wanted = segno.make(ADDRESS + batch.payloads[0], error="m", micro=False, mask=3)
    matrix = [[bool(module) for module in row] for row in wanted.matrix_iter(border=4)]

    step = CODE_WIDE / len(matrix)
    found = []
    for y in range(len(matrix)):
        row = rows[round((CODE_AT[1] + (y + 0.5) * step) / MILLIMETRES_TO_AN_INCH * ppi)]
        places = (
            round((CODE_AT[0] + (x + 0.5) * step) / MILLIMETRES_TO_AN_INCH * ppi) for x in range(len(matrix))
        )
        found.append([row[place] < 128 for place in places])

    assert found == matrix


def test_a_code_is_one_path_and_nothing_that_could_act() -> None:
    drawn = qr.svg(ADDRESS + "x<&>")

    assert drawn.startswith("<svg")
    assert "script" not in drawn
    assert "x<&>" not in drawn
    assert drawn.count("<path") == 2  # the ground and the code


def grey(png: bytes, upto: int) -> list[bytes]:
    """The first rows of red, of a PNG of eight bits a channel: enough to see black and white."""
    width, _, depth, colour = struct.unpack(">IIBB", png[16:26])
    channels = {2: 3, 6: 4}[colour]
    assert depth == 8
    body, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            body += png[place + 8 : place + 8 + length]
        place += 12 + length
    raw, stride, rows = zlib.decompress(body), width * channels, []
    before = bytes(stride)
    for number in range(upto):
        start = number * (stride + 1)
        before = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, channels)
        rows.append(before[::channels])
    return rows


def unfiltered(kind: int, line: bytearray, before: bytes, channels: int) -> bytes:
    for place in range(len(line)) if kind else ():
        left = line[place - channels] if place >= channels else 0
        above, corner = before[place], before[place - channels] if place >= channels else 0
        line[place] = (
            line[place] + (0, left, above, (left + above) // 2, paeth(left, above, corner))[kind]
        ) & 255
    return bytes(line)


def paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))
