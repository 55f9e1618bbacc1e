"""Words that work everywhere, with and without marks and slash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.commands import Command, Word, read


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *((text, Word.STOP) for text in ("DUNG", "dung", "/dung", "dừng", "Dừng.", "dừng lại", "STOP", "/stop@langnghe_bot")),
        *((text, Word.HELP) for text in ("/trogiup", "tro giup", "Trợ giúp", "TROGIUP", "help", "?")),
        *((text, Word.BACK) for text in ("quay lại", "QUAYLAI", "/quaylai", "quay lai", "back")),
        *((text, Word.SKIP) for text in ("bỏ qua", "/boqua", "BOQUA", "bo qua", "skip")),
        *((text, Word.LANGUAGE) for text in ("/ngonngu", "ngôn ngữ", "language", "ភាសា")),
        *((text, Word.DATA) for text in ("/dulieu", "dữ liệu của tôi", "DULIEU", "/my_data", "xóa dữ liệu")),
        *((text, Word.WARD) for text in ("/phuong", "phường", "đổi phường")),
        *((text, Word.LATER) for text in ("SAU", "sau", "để sau")),
        *((text, Word.CONTINUE) for text in ("tiếp tục", "tieptuc", "/tiep")),
        ("/start", Word.START),
        ("menu", Word.MENU),
        ("xem lại", Word.REVIEW),
    ],
)  # fmt: skip
def test_a_command_is_understood(text: str, word: Word) -> None:
    assert read(text) == Command(word)


@pytest.mark.parametrize(
    "text",
    ["đúng", "Đúng hạn", "đừng", "dùng", "2", "hài lòng", "sáu", "kiểm tra giấy tờ nhiều quá", "kiem tra xe", "sau này nên sửa", "phường 4", "en", "vi", "sua", "tiep", "", " ", ".", "/"],
)  # fmt: skip
def test_an_answer_is_no_command(text: str) -> None:
    assert read(text) is None


def test_languages_by_their_names() -> None:
    assert read("English") == Command(Word.LANGUAGE, "en")
    assert read("tiếng Việt") == Command(Word.LANGUAGE, "vi")
    assert read("ខ្មែរ") == Command(Word.LANGUAGE, "km")
    assert read("/en") == Command(Word.LANGUAGE, "en")


@pytest.mark.parametrize(
    "text", ["/kiemtra K7QF-3M2X-9TWA-5H8C", "kiểm tra k7qf-3m2x-9twa-5h8c", "check K7QF-3M2X-9TWA-5H8C"]
)
def test_a_receipt_is_passed_on(text: str) -> None:
    assert read(text) == Command(Word.CHECK, "K7QF-3M2X-9TWA-5H8C")


def test_a_start_carries_its_payload() -> None:
    assert read("/start v29263_nam-2026abc") == Command(Word.START, "v29263_nam-2026abc")


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    read(text)
