"""Which comments may reach their ward, in what words, and in what company. It knows no person, no score and no moment.

A ward never reads what names its own chief or deputies, what its writer meant for the province, or what is no remark at
all. It reads the rest without personal numbers, ten at a time. Where a rule is in doubt the comment stays with the province:
a kind word that is not passed on costs little, a complaint that reaches the man it is about costs its writer dearly.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from unicodedata import normalize

from anyascii import anyascii

from surveys.emergency import is_denunciation, unmarked
from surveys.screening import redacted

__all__ = [
    "BY_A_TEMPLATE",
    "FEWEST_VOICES",
    "ID_BYTES",
    "REST",
    "TEN",
    "Candidate",
    "Leader",
    "Only",
    "Written",
    "is_rating",
    "new_id",
    "only_for_the_province",
    "read_written",
    "tens",
    "told_to_the_ward",
]

TEN = 10
"""Comments that reach a ward together."""
REST = timedelta(days=7)  # after sealing: by then nobody remembers who was seen with a telephone
FEWEST_VOICES = 10
"""Ballots a ward must have in a wave before a comment of it goes anywhere: else that one arrived says who answered."""
INSTEAD = "(đã bỏ)"
BY_A_TEMPLATE = "zbs"
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Written:
    """A comment as it rests."""

    question: str
    text: str
    is_whole: bool = False
    """The writer wanted the province to read it exactly so."""


@dataclass(frozen=True, slots=True)
class Leader:
    """The chief or a deputy of a ward."""

    name: str
    post: str = ""


class Only(StrEnum):
    """Why a comment is for the province only."""

    LEADER = "leader"
    """It speaks of the ward's chief or a deputy."""
    DENUNCIATION = "denunciation"
    """It accuses, and its writer was promised that the ward does not see it."""
    NO_REMARK = "no_remark"
    """A place, a picture, a number: not something one says."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passed comment that waits for nine others."""

    id: str
    unit: str
    form: str

    @property
    def heap(self) -> tuple[str, str, bool]:
        """What it may fill a ten with. Whoever sent a template can read in Zalo who wrote what by it: nine such comments would give
        the tenth away, so they go in tens of their own."""
        return self.unit, self.form, is_rating(self.id)


def new_id(random: bytes, *, by_template: bool) -> str:
    """Of a comment. Everything else about one is encrypted, so it is its id that says where it came by a rating template of Zalo and
    is not anonymous. Raises ValueError for another number of bytes than sixteen."""
    if len(random) != ID_BYTES:
        raise ValueError(f"A comment's id is made of {ID_BYTES} random bytes.")
    return f"{BY_A_TEMPLATE if by_template else ''}{random.hex()}"


def is_rating(id: str) -> bool:
    """Whether it came by a rating template of Zalo. No hex digit is a z."""
    return id.startswith(BY_A_TEMPLATE)


def read_written(body: str) -> Written:
    """From the JSON that sealing wrote."""
    read = json.loads(body)
    return Written(read["question"], read["text"], bool(read.get("whole")))


def told_to_the_ward(text: str) -> str:
    """Without traces, whatever its writer decided: screening may have learned something since."""
    return redacted(text, INSTEAD)


def only_for_the_province(text: str, leaders: Iterable[Leader], *, is_remark: bool = True) -> Only | None:
    """Why it must not reach its ward; None when it may."""
    if not is_remark:
        return Only.NO_REMARK
    if is_denunciation(text):
        return Only.DENUNCIATION
    return Only.LEADER if _names_a_leader(text, leaders) else None


def tens(waiting: Iterable[Candidate]) -> tuple[tuple[str, ...], ...]:
    """Full tens of one ward and one form, in the order given, which should be a shuffled one. What is left over waits.

    Waves of one form may fill a ten together, because a ward is never told the wave: among ten of several waves nobody can
    tell more than among ten of one. Forms do not mix, because their questions would tell them apart.
    """
    heaps: dict[tuple[str, str, bool], list[str]] = {}
    for each in waiting:
        heaps.setdefault(each.heap, []).append(each.id)
    return tuple(
        tuple(heap[start : start + TEN])
        for heap in heaps.values()
        for start in range(0, len(heap) - TEN + 1, TEN)
    )


# ── The ward's leaders ───────────────────────────────────────────────────────────────────────────────────────────

# Without marks, “trưởng” (chief) is one word with “trường” (school), “phó” (deputy) with “phố” (street) and “phổ”: so there are
# phrases that can mean nothing else, phrases that need their marks, and phrases that count where somebody writes no marks.
POSTS = re.compile(
    r"\b(?:"
    r"truong (?:cong an|ca|phuong|don vi|co quan)|tr(?:g)? (?:cong an|ca|cap)|tcap|"
    r"pho (?:truong|chi huy)|cap truong|"
    r"(?:dong chi|d c|dc) (?:truong|pho|chi huy|lanh dao)|"
    r"sep|xep (?:truong|pho|lon|phuong|cong an|ca)|(?:ong|anh|may|cac|lam) xep|boss|"
    r"chi huy|thu truong|thu linh|nguoi dung dau|"
    r"lanh dao (?:cong an|ca|cap|phuong|don vi|xa)"
    r")\b"
)
ELSEWHERE = r"(?! (?:khóm|ấp|khu|phòng|ban|tổ|thôn|đoàn|đội|khom|ap|phong|to|thon|doan|doi|hoc|mam|tieu)\b)"
MARKED_POSTS = re.compile(
    r"\b(?:"
    r"(?:ông|bà|anh|chị|chú|bác|cô|ngài|em|thầy|a|c|o) (?:trưởng|phó)|"
    r"trưởng cap|phó (?:cap|ca|công an|phường|đơn vị)|cấp phó"
    rf")\b{ELSEWHERE}"
)
BARE_POSTS = re.compile(
    r"\b(?:(?:ong|anh|chu|bac) (?:truong|pho)|truong cap(?! (?:\d|mot|hai|ba|tieu))|(?<!khu )pho (?:cong an|ca|phuong))\b"
    rf"{ELSEWHERE}"
)
RUN_TOGETHER = re.compile(r"truongcongan|photruong|lanhdaocongan")
"""Without spaces, dots or dashes between syllables: “trưởng.công.an” written as one word."""

TITLES = (
    *(
        "anh",
        "chi",
        "ong",
        "ba",
        "chu",
        "co",
        "bac",
        "cau",
        "di",
        "thim",
        "mo",
        "em",
        "thay",
        "a",
        "c",
        "o",
        "e",
        "mr",
        "ms",
    ),
    *(
        "dong chi",
        "d c",
        "dc",
        "can bo",
        "cong an",
        "chien si",
        "thu truong",
        "truong",
        "sep",
        "xep",
        "ten",
        "thang",
    ),
    *(f"{grade} {rank}" for grade in ("dai", "thuong", "trung", "thieu") for rank in ("ta", "uy")),
    *("thuong si", "trung si", "ha si", r"(?<!khu )(?<!duong )pho"),
)
TITLE = rf"\b(?:{'|'.join(sorted(set(TITLES), key=len, reverse=True))})"
NEGLIGIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f"))


def _names_a_leader(text: str, leaders: Iterable[Leader]) -> bool:
    plain, marked = _folded(text), _marked(text)
    if POSTS.search(plain) or MARKED_POSTS.search(marked) or RUN_TOGETHER.search(plain.replace(" ", "")):
        return True
    if plain == marked and BARE_POSTS.search(plain):
        return True
    return any(_is_named(plain, leader) for leader in leaders)


def _is_named(plain: str, leader: Leader) -> bool:
    """By their post, their whole name, or a title before their given name and as much of the rest as somebody used."""
    words = _folded(leader.name).split()
    post = _folded(leader.post)
    if post and re.search(rf"\b{post}\b", plain):
        return True
    if not words:
        return False
    whole = " ".join(words)
    if len(words) > 1 and (re.search(rf"\b{whole}\b", plain) or "".join(words) in plain.split()):
        return True
    initials = " ".join([*(word[0] for word in words[:-1]), words[-1]])
    if len(words) > 2 and re.search(rf"\b{initials}\b", plain):
        return True
    called = "|".join(_ways_to_call(words))
    return re.search(rf"{TITLE} (?:{called})\b", plain) is not None


def _ways_to_call(words: Sequence[str]) -> Iterable[str]:
    """“Bình”, “Thanh Bình”, “Nguyễn Bình” for Nguyễn Thanh Bình."""
    for start in range(len(words)):
        yield " ".join(words[start:])
    if len(words) > 2:
        yield f"{words[0]} {words[-1]}"


def _folded(text: str) -> str:
    """Small ASCII words with a space between: what people mean, however they dress it. It is not remembered anywhere."""
    plain = unmarked(text.translate(NEGLIGIBLE))
    if not plain.isascii():
        plain = anyascii(plain).lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def _marked(text: str) -> str:
    """Small words with their marks, a space between."""
    return " ".join(re.findall(r"\w+", normalize("NFC", text.translate(NEGLIGIBLE)).lower()))
