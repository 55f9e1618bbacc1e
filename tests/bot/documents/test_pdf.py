"""The PDF."""

import io

import pytest
import typst
from pypdf import PdfReader

from bot.documents import Format, document
from tests.bot.documents.opened import pdf_text, sample_bytes, squeezed
from tests.surveys.reporting import named, sample

SMALL = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
LETTERS = SMALL + SMALL.upper() + "0123456789“”‘’…–≥≤±·×%●"


@pytest.fixture(scope="module")
def opened():
    return PdfReader(io.BytesIO(sample_bytes(Format.PDF)))


def fonts(opened: PdfReader) -> set[str]:
    found = set()
    for page in opened.pages:
        for font in page["/Resources"]["/Font"].values():
            found.add(font.get_object()["/BaseFont"].split("+")[1].removesuffix("-Identity-H"))
    return found


@pytest.mark.parametrize("style", ["", "#set text(weight: 700)\n", '#set text(style: "italic")\n'])
def test_every_vietnamese_letter_is_in_the_font(style):
    """A letter that a font lacks is drawn as a box, and read out as nothing."""
    source = '#set text(font: "Libertinus Serif", ligatures: false)\n' + style + "#sys.inputs.letters"
    made = typst.compile(
        source.encode(), format="pdf", ignore_system_fonts=True,
        sys_inputs={"letters": " ".join(LETTERS)},
    )  # fmt: skip

    assert set(LETTERS) <= set(pdf_text(made))


def test_only_styles_that_have_every_letter_are_used(opened):
    """Its bold italic lacks ơ and ư."""
    assert fonts(opened) == {"LibertinusSerif-Regular", "LibertinusSerif-Bold", "LibertinusSerif-Italic"}


def test_fonts_are_embedded(opened):
    for page in opened.pages:
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & descriptor.keys()


def test_it_is_vietnamese_tagged_and_titled(opened):
    root = opened.trailer["/Root"]

    assert str(root["/Lang"]).startswith("vi")
    assert root["/MarkInfo"]["/Marked"]
    assert opened.metadata.title == "BÁO CÁO: Kết quả chấm theo bộ tiêu chí, năm 2026"
    assert opened.metadata.keywords == sample().digest
    assert "pdfuaid:part>1" in root["/Metadata"].get_object().get_data().decode()


def test_pages_are_numbered_but_the_first(opened):
    first, *others = [page.extract_text().strip() for page in opened.pages]

    assert not first.startswith("1\n")
    assert [text.split("\n")[0].strip() for text in others] == [
        str(number) for number in range(2, len(opened.pages) + 1)
    ]


def test_a_table_that_runs_over_repeats_its_header(opened):
    across = [page for page in opened.pages if page.mediabox.width > page.mediabox.height]

    assert len(across) >= 2
    for page in across:
        assert "Tiêu chí" in page.extract_text()
        assert squeezed("Phường Duyên Hải") in squeezed(page.extract_text())


def test_it_holds_nothing_that_acts(opened):
    raw = sample_bytes(Format.PDF)

    assert not [
        word for word in (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/EmbeddedFile") if word in raw
    ]
    assert not [page for page in opened.pages if "/Annots" in page]


def test_a_name_in_another_script_is_no_obstacle():
    """Khmer stands in no font that we carry: boxes in its place, the rest as it is."""
    said = squeezed(pdf_text(document(named("ភូមិ Trà Vinh"), Format.PDF)))

    assert squeezed("Trà Vinh") in said
    assert named("ភូមិ Trà Vinh").digest in said
