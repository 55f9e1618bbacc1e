"""What in a notice might sway those who are answering a survey about the very office that writes it: praise, requests how to answer,
the words of the scale. It finds, and decides nothing: a supervisor reads what it found. Pure.

Whoever writes with marks is read by the marks, whoever writes without is read without; each word by itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from surveys.emergency import unmarked

__all__ = ["Finding", "Kind", "influence"]


class Kind(StrEnum):
    """Why it was found."""

    REQUEST = "request"
    """How to answer."""
    SCALE = "scale"
    """The answers themselves, in the words of the questionnaire."""
    PRAISE = "praise"
    SURVEY = "survey"
    """The survey itself, or what one gets for answering."""
    UNREAD = "unread"
    """Nothing was found because this language is not read here."""


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    words: str
    """As they stand in the text; of an unread one, its beginning."""
    offset: int
    language: str = "vi"


REQUESTS = (
    "hãy chọn", "vui lòng chọn", "xin chọn", "nên chọn", "nhớ chọn", "mong chọn", "đề nghị chọn", "bà con chọn", "ông bà chọn", "chọn mức", "chọn ô",
    "hãy đánh giá", "đánh giá tốt", "đánh giá cao", "đánh giá giúp", "đánh giá hài lòng", "chấm điểm", "cho điểm", "điểm cao", "điểm tối đa", "điểm 10",
    "5 sao", "năm sao", "tích vào", "tick vào", "đánh dấu vào", "hãy ủng hộ", "ủng hộ công an", "trả lời hài lòng", "hãy trả lời",
    "hãy bấm", "bấm chọn", "hãy bình chọn", "bình chọn", "vote",
)  # fmt: skip
SCALE = ("rất hài lòng", "không hài lòng", "hài lòng", "sự hài lòng", "mức độ hài lòng", "không ý kiến")
PRAISE = (
    "tận tụy", "tận tuỵ", "tận tâm", "thân thiện", "gương mẫu", "kiểu mẫu", "điển hình", "chuyên nghiệp", "trách nhiệm cao", "nhiệt tình", "chu đáo",
    "vì dân phục vụ", "vì nhân dân phục vụ", "hết lòng", "phục vụ tốt", "làm tốt", "hoàn thành xuất sắc", "thành tích", "được khen", "khen thưởng",
    "biểu dương", "được nhân dân tin yêu", "tin yêu", "được đánh giá cao", "ghi nhận", "xuất sắc", "tiêu biểu", "đồng tình ủng hộ",
)  # fmt: skip
SURVEY = (
    "khảo sát", "lấy ý kiến", "phiếu điều tra", "phiếu đánh giá", "phiếu khảo sát", "công an lắng nghe", "trả lời phiếu", "quà tặng", "tặng quà",
    "bốc thăm", "thưởng cho", "bắt buộc trả lời", "bắt buộc tham gia", "100% hộ",
)  # fmt: skip
PHRASES: Mapping[Kind, tuple[str, ...]] = {
    Kind.REQUEST: REQUESTS,
    Kind.SCALE: SCALE,
    Kind.PRAISE: PRAISE,
    Kind.SURVEY: SURVEY,
}
ENGLISH: Mapping[Kind, tuple[str, ...]] = {
    Kind.REQUEST: (
        "please choose", "please select", "please rate", "please vote", "rate us", "choose very", "give us", "good rating", "high score", "five stars", "5 stars",
    ),
    Kind.SCALE: ("very satisfied", "satisfied", "dissatisfied", "very dissatisfied", "no opinion"),
    Kind.PRAISE: ("dedicated", "excellent", "exemplary", "friendly officers", "praised", "commended", "award", "outstanding"),
    Kind.SURVEY: ("survey", "questionnaire", "gift", "prize"),
}  # fmt: skip
WORD = re.compile(r"\w+", re.UNICODE)
BEGINNING = 40  # characters of a text that was not read


def influence(text: str, language: str = "vi") -> tuple[Finding, ...]:
    """In the order in which they stand. A phrase inside a longer one that was found is not told again."""
    if language not in READ:
        return (Finding(Kind.UNREAD, text[:BEGINNING], 0, language),) if text.strip() else ()
    words = [(match.start(), match[0].lower()) for match in WORD.finditer(text)]
    found = [each for phrase in READ[language] for each in _matches(words, *phrase)]
    return tuple(
        Finding(kind, text[start:end], start, language) for start, end, kind in _longest(sorted(found))
    )


Phrase = tuple[Kind, tuple[str, ...]]


def _phrases(*tables: Mapping[Kind, Iterable[str]]) -> tuple[Phrase, ...]:
    return tuple(
        (kind, tuple(WORD.findall(phrase)))
        for table in tables
        for kind, phrases in table.items()
        for phrase in phrases
    )


READ: Mapping[str, tuple[Phrase, ...]] = {
    # Vietnamese texts carry English words, and the other way round.
    "vi": _phrases(PHRASES, ENGLISH),
    "en": _phrases(PHRASES, ENGLISH),
}


def _matches(
    words: list[tuple[int, str]], kind: Kind, phrase: tuple[str, ...]
) -> Iterable[tuple[int, int, Kind]]:
    for place in range(len(words) - len(phrase) + 1):
        here = words[place : place + len(phrase)]
        if all(_is_written(word, wanted) for (_, word), wanted in zip(here, phrase, strict=True)):
            yield here[0][0], here[-1][0] + len(here[-1][1]), kind


def _is_written(word: str, wanted: str) -> bool:
    """With its marks or without any, but not with others: “chôn” is not “chọn”."""
    return word == wanted or (word.isascii() and word == unmarked(wanted))


def _longest(found: list[tuple[int, int, Kind]]) -> Iterable[tuple[int, int, Kind]]:
    reached = 0
    for start, end, kind in sorted(found, key=lambda each: (each[0], -each[1])):
        if end > reached:
            yield start, end, kind
            reached = end
