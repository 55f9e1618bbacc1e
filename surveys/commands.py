"""The words that work everywhere: stop, help, back, skip, language and their kin, as commands or plain words. Pure.

Whoever writes with marks is read by the marks (“đúng” is not “dừng”); whoever writes without is read without."""

import re
from dataclasses import dataclass
from enum import StrEnum

from surveys.links import read_code
from surveys.notices.codes import read_code as read_notice_code

__all__ = ["Command", "Word", "read"]


class Word(StrEnum):
    START = "start"
    STOP = "stop"
    HELP = "help"
    LANGUAGE = "language"
    BACK = "back"
    SKIP = "skip"
    CONTINUE = "continue"
    LATER = "later"
    REVIEW = "review"
    MENU = "menu"
    DATA = "data"
    WARD = "ward"
    NOTICES = "notices"
    CHECK = "check"
    RESULTS = "results"
    NEWS = "news"
    SURVEYS = "surveys"
    VERIFY = "verify"
    SEEN = "seen"
    LINK = "link"
    UNLINK = "unlink"


@dataclass(frozen=True, slots=True)
class Command:
    word: Word
    argument: str = ""
    """The code of CHECK, VERIFY, SEEN or LINK, the language of LANGUAGE, the payload of START."""


# Words as people write them, with marks. The same without marks and spaces is understood too, unless it is listed in
# AMBIGUOUS: those would swallow ordinary answers.
PHRASES: dict[Word, tuple[str, ...]] = {
    Word.START: ("start", "bắt đầu"),
    Word.STOP: ("dừng", "dừng lại", "thôi nhận", "hủy đăng ký", "huỷ đăng ký", "stop", "unsubscribe", "ឈប់"),
    Word.HELP: ("trợ giúp", "giúp đỡ", "hướng dẫn", "help", "ជំនួយ", "?"),
    Word.LANGUAGE: ("ngôn ngữ", "language", "ភាសា"),
    Word.BACK: ("quay lại", "câu trước", "trở lại", "back", "ថយក្រោយ"),
    Word.SKIP: ("bỏ qua", "skip", "រំលង"),
    Word.CONTINUE: ("tiếp tục", "tiếp", "continue", "resume", "បន្ត"),
    Word.LATER: ("sau", "để sau", "để tối nay", "later", "ពេលក្រោយ"),
    Word.REVIEW: ("xem lại", "xem lại và sửa", "sửa", "review", "ពិនិត្យ"),
    Word.MENU: ("menu", "việc khác", "trang đầu"),
    Word.DATA: ("dữ liệu", "dữ liệu của tôi", "xóa dữ liệu", "xoá dữ liệu", "rút lại", "rút đồng ý", "quyền riêng", "my data"),
    Word.WARD: ("phường", "chọn phường", "đổi phường", "chọn phường khác", "ward"),
    Word.NOTICES: ("nhận thông báo", "notices"),
    Word.NEWS: ("thông báo mới", "có gì mới", "news", "សេចក្តីជូនដំណឹងថ្មី"),
    Word.SURVEYS: ("phiếu đang mở", "open surveys", "ការស្ទង់មតិកំពុងបើក"),
    Word.LINK: ("liên kết", "nối tài khoản", "link accounts", "ភ្ជាប់គណនី"),
    Word.UNLINK: ("hủy liên kết", "huỷ liên kết", "unlink accounts", "ផ្តាច់គណនី"),
    Word.RESULTS: ("kết quả", "xem kết quả", "results", "លទ្ធផល"),
}  # fmt: skip
AMBIGUOUS = frozenset({"tiep", "sua"})
LANGUAGES = {
    "vi": ("tiếng việt", "tieng viet", "vietnamese", "vi"),
    "en": ("english", "tiếng anh", "tieng anh", "en"),
    "km": ("khmer", "ភាសាខ្មែរ", "tiếng khmer", "tieng khmer", "km", "ខ្មែរ"),
}
CHECKS = ("kiểm tra", "kiem tra", "kiemtra", "check")
LONGEST = 64  # no command is longer; a receipt is 19 characters


def read(text: str) -> Command | None:
    """The command this message is, or None when it is anything else."""
    if len(text) > LONGEST:
        return None
    words = text.strip().lower()
    slashed = words.startswith("/")
    if slashed:
        words = _without_addressee(words[1:])
    phrase = " ".join(words.strip(" .!。").split())
    if not phrase and words.strip() != "?":
        return None
    return (
        _simple(phrase or "?", slashed)
        or _check(phrase, slashed)
        or _verify(phrase, slashed)
        or _seen(phrase)
        or _link(phrase)
    )


def _without_addressee(words: str) -> str:
    """“/help@langnghe_bot” is “/help” said in a group."""
    head, space, rest = words.partition(" ")
    return head.partition("@")[0] + space + rest


def _simple(phrase: str, slashed: bool) -> Command | None:
    word = MARKED.get(phrase)
    if word is None and phrase.isascii():
        joined = phrase.replace(" ", "").replace("_", "").replace("-", "")
        word = UNMARKED.get(joined)
        if word is not None and joined in AMBIGUOUS and not slashed:
            word = None
    if word is not None:
        return Command(word)
    language = LANGUAGE_OF.get(phrase)
    if language is not None and (slashed or len(phrase) > SHORTEST_LANGUAGE_NAME):
        return Command(Word.LANGUAGE, language)
    head, _, rest = phrase.partition(" ")
    if slashed and head == "start":
        return Command(Word.START, rest)
    return None


def _check(phrase: str, slashed: bool) -> Command | None:
    for check in CHECKS:
        if phrase == check or phrase.startswith(check + " "):
            code = phrase[len(check) :].strip()
            # “Kiểm tra giấy tờ nhiều quá” is a remark: only “kiemtra” in one word, or a code, makes it a command.
            meant = slashed or check == "kiemtra" or not code or _is_like_a_receipt(code)
            return Command(Word.CHECK, code.upper()) if meant else None
    return None


def _verify(phrase: str, slashed: bool) -> Command | None:
    """“/xacthuc Q7-204”. “Xác thực lâu quá” is a remark: without a slash only the word alone, in one piece, or with a code behind it."""
    for word in VERIFIES:
        if phrase == word or phrase.startswith(word + " "):
            code = phrase[len(word) :].strip()
            meant = slashed or (not code and word in ALONE) or read_notice_code(code) is not None
            return Command(Word.VERIFY, code.upper()) if meant else None
    return None


def _seen(phrase: str) -> Command | None:
    """“DAXEM Q7-204”: never without a code, for “đã xem” answers many questions."""
    for word in SEEN:
        if phrase.startswith(word + " ") and (code := read_notice_code(phrase[len(word) :])) is not None:
            return Command(Word.SEEN, code)
    return None


SEEN = ("đã xem", "da xem", "daxem", "seen")
VERIFIES = ("xác thực", "xac thuc", "xacthuc", "verify", "ផ្ទៀងផ្ទាត់")
ALONE = frozenset({"xacthuc", "verify"})


def _link(phrase: str) -> Command | None:
    """“/lienket LK-K7QM-3XWD”, or the code alone."""
    code = read_code(LINK_WORD.sub("", phrase))
    return Command(Word.LINK, code) if code else None


LINK_WORD = re.compile(r"^(?:lienket|liên kết|lien ket)\s+")


def _is_like_a_receipt(code: str) -> bool:
    letters = code.translate({ord(mark): None for mark in " -–."})
    return len(letters) == RECEIPT_LETTERS and letters.isascii() and letters.isalnum()


RECEIPT_LETTERS = 16
SHORTEST_LANGUAGE_NAME = 2  # a bare “en” or “km” is more likely a slip than a wish


def _folded(phrase: str) -> str:
    from surveys.emergency import unmarked

    return unmarked(phrase).replace(" ", "")


MARKED = {phrase: word for word, phrases in PHRASES.items() for phrase in phrases}
UNMARKED = {_folded(phrase): word for phrase, word in MARKED.items()}
LANGUAGE_OF = {name: language for language, names in LANGUAGES.items() for name in names}
