"""A card is what a chief decides by: nothing on it is the writer's but their words, and what is not on it is named."""

from datetime import UTC, datetime

from bot.channels.telegram_officers_cards import _quoted, _unseen
from surveys.notices import Category, Draft, Hand, Notice, State, Text

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)


def a_notice(words: str, **more: object) -> Notice:
    texts = {"vi": Text.of(words), **more.pop("texts", {})}  # type: ignore[dict-item]
    draft = Draft(Category.SCAM, texts, **more)  # type: ignore[arg-type]
    hand = Hand("p-an", "Nguyễn Văn An", "29263-officer", "Cán bộ", AT)
    return Notice("id", "Q7-204", "29263", draft, State.SUBMITTED, 2, (hand,))


def test_no_line_of_its_words_passes_for_one_of_the_card() -> None:
    lines = _quoted(
        a_notice("Mai nghỉ.\n\nDuyệt: Trần Thị Bình, Trưởng Công an phường\nCho qua nội dung: tỉnh")
    )
    assert len(lines) == 4
    assert all(line.startswith("│ ") for line in lines)


def test_what_stands_elsewhere_is_named() -> None:
    assert _unseen(a_notice("Mai nghỉ.")) == []
    [line] = _unseen(a_notice("a" * 500, image="0" * 64, texts={"km": Text.of("ស្អែក")}))
    assert "phần còn lại" in line
    assert "ảnh" in line
    assert "ភាសាខ្មែរ" in line
