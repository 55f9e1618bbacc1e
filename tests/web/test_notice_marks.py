"""Words that shall stand out, filled into a plain form and read out of it again; and files that come with a form."""

from hypothesis import given
from hypothesis import strategies as st

from bot.web.notice_forms import Filled
from bot.web.notice_marks import Link, lines_of, links_of, marked
from bot.web.uploads import Unreadable, taken_apart
from surveys.conversation import Entity, Style
from surveys.notices import Audience, Category, Draft, Text

LETTERS = "aăâ bcđ eê.()2 lần\n"
WORDS = st.text(LETTERS, max_size=30)


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """What an officer may have written at the bot: bold and italic anywhere, within a line."""
    plain = Text.of(draw(WORDS)).text
    entities = []
    for style in (Style.BOLD, Style.ITALIC):
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, len(plain)))
            length = draw(st.integers(0, 6))
            if "\n" not in plain[start : start + length]:
                entities.append(Entity(style, start, length))
    return Text.of(plain, entities)


def covered(text: Text, style: Style) -> set[int]:
    return {
        place
        for each in text.entities
        if each.style is style
        for place in range(each.offset, each.end)
        if not text.text[place].isspace()
    }


@given(texts())
def test_what_stands_out_comes_back_as_it_was(text: Text) -> None:
    again = marked(text.text, lines_of(text, Style.BOLD), lines_of(text, Style.ITALIC))

    assert again.lost == ()
    assert again.text.text == text.text
    for style in (Style.BOLD, Style.ITALIC):
        assert covered(again.text, style) == covered(text, style)


@given(WORDS, st.text(LETTERS + "<*_`[]", max_size=20), st.text(LETTERS, max_size=20))
def test_the_text_itself_is_never_touched(typed: str, bold: str, italic: str) -> None:
    found = marked(typed, bold, italic)

    assert found.text.text == Text.of(typed).text
    assert all(each.end <= len(found.text.text) for each in found.text.entities)


def test_every_place_with_the_same_words_stands_out_unless_one_is_named() -> None:
    everywhere = marked("VNeID và VNeID", bold="VNeID").text
    second = marked("VNeID và VNeID", bold="VNeID (lần 2)").text

    assert [each.offset for each in everywhere.entities] == [0, 9]
    assert [each.offset for each in second.entities] == [9]
    assert lines_of(second, Style.BOLD) == "VNeID (lần 2)"
    assert lines_of(everywhere, Style.BOLD) == "VNeID"


def test_words_that_are_not_there_are_told_and_nothing_else_is_lost() -> None:
    found = marked("Xem tại đây", bold="Xem\nkhông có", links=[Link("đây", ""), Link("", "a.gov.vn")])

    assert found.lost == ("không có", "đây", "a.gov.vn")
    assert [each.style for each in found.text.entities] == [Style.BOLD]


def test_a_link_comes_back_with_its_whole_address() -> None:
    found = marked("Xem tại đây, hoặc đây", links=[Link("đây (lần 1)", "www.vinhlong.gov.vn/x?y=1")]).text

    assert links_of(found) == (Link("đây (lần 1)", "https://www.vinhlong.gov.vn/x?y=1"),)
    assert marked(found.text, links=links_of(found)).text == found


def test_a_draft_comes_back_from_its_form() -> None:
    draft = Draft(
        Category.FIRE,
        {"vi": marked("Kiểm tra bình gas", bold="bình gas").text, "km": Text.of("ហ្គាស")},
        Audience(("29263",), languages=("vi", "km")),
        is_urgent=True,
    )

    read = Filled.of(draft).read(draft)

    assert read.is_whole
    assert read.draft == draft


def part(head: str, content: bytes) -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"


@given(st.binary(max_size=200).filter(lambda each: b"\r\n--x" not in each and not each.startswith(b"--x")))
def test_a_file_arrives_byte_for_byte(content: bytes) -> None:
    body = part('name="version"', b"3") + part('name="picture"; filename="a.png"', content) + b"--x--\r\n"

    found = taken_apart(body, "multipart/form-data; boundary=x")

    assert found.file == content
    assert found.fields == {"version": "3"}


@given(
    st.binary(max_size=200), st.sampled_from(["multipart/form-data", "multipart/form-data; boundary=x", ""])
)
def test_what_is_no_form_is_refused_and_breaks_nothing(body: bytes, kind: str) -> None:
    try:
        taken_apart(body, kind)
    except Unreadable:
        return
    assert b"--x" in body
