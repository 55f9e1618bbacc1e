"""Personal traces in what people write: phones, identity numbers, plates, e-mail addresses, names. Pure text in, text out.

The text is read as a person means it: without marks, in small letters, digits of every script and digits spelled out as digits.
Numbers are then looked at group by group, so that every rule is a sentence about groups and the time is linear whatever the
text. Names are found only where a title or a family name gives them away, which is why a person at the province reads first."""

# ruff: noqa: SIM905  (lists of words read better as words)

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from unicodedata import combining, digit, normalize

__all__ = ["Finding", "Trace", "findings", "redacted"]


class Trace(StrEnum):
    """What gives a person away."""

    EMAIL = "email"
    IDENTITY = "identity"
    """CCCD (12 digits) or CMND (9 digits)."""
    PHONE = "phone"
    PLATE = "plate"
    NUMBER = "number"
    """A long number that is none of these: a bank account, a file number."""
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Finding:
    trace: Trace
    start: int
    end: int


def findings(text: str) -> tuple[Finding, ...]:
    """What was found, in the order of the text, without overlaps. Positions are of the text as given."""
    if not text or text.isspace():
        return ()
    plain = _Plain.of(text)
    # The order decides which name an overlap gets.
    found = (*_emails(plain), *_plates(plain), *_numbers(plain), *_names(plain))
    return tuple(Finding(trace, plain.place(start), plain.end(end)) for trace, start, end in _apart(found))


def redacted(text: str, instead: str) -> str:
    """The text with every finding replaced by `instead`, again until nothing is found."""
    while found := findings(text):
        parts, last = [], 0
        for each in found:
            parts += [text[last : each.start], instead]
            last = each.end
        text = "".join([*parts, text[last:]])
    return text


Span = tuple[Trace, int, int]


def _apart(found: Iterable[Span]) -> list[Span]:
    """Those that overlap nothing that came before them, by place."""
    taken: list[Span] = []
    covered: set[int] = set()
    for each in found:
        places = range(each[1], each[2])
        if covered.isdisjoint(places):
            covered.update(places)
            taken.append(each)
    return sorted(taken, key=lambda span: span[1])


# ── The text as it is meant ──────────────────────────────────────────────────────────────────────────────────────

UNSEEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f\u20e3")
"""What stands between digits unseen, or makes emoji of them."""


@lru_cache(maxsize=2048)
def _letter(letter: str) -> str:
    """One character without its marks: “ắ” → “a”, “Đ” → “D”, “៩” → “9”; nothing for what is not seen."""
    if letter in UNSEEN or combining(letter):
        return ""
    if letter in "đĐ":
        return "d" if letter == "đ" else "D"
    if letter.isdigit():
        return str(digit(letter))
    if letter.isspace():
        return "\n" if letter == "\n" else " "
    bare = normalize("NFKD", letter)[:1]
    return bare if bare.isascii() else letter


@dataclass(frozen=True, slots=True)
class _Plain:
    """The text letter by letter without marks, and where each letter stood."""

    text: str
    """Capitals as they were."""
    small: str
    given: str
    places: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "_Plain":
        if text.isascii():
            return cls(text, text.lower(), text, range(len(text)))
        letters, places = [], []
        for place, letter in enumerate(text):
            if bare := letter if letter.isascii() else _letter(letter):
                letters.append(bare)
                places.append(place)
        plain = "".join(letters)
        small = plain.lower()
        if len(small) != len(plain):  # a letter that grows when it is made small
            small = "".join(letter.lower()[:1] for letter in plain)
        return cls(plain, small, text, places)

    def place(self, index: int) -> int:
        return self.places[index]

    def end(self, index: int) -> int:
        """Where what ends before `index` ended in the text, marks after the last letter included."""
        return self.places[index] if index < len(self.places) else len(self.given)


# ── Numbers, group by group ──────────────────────────────────────────────────────────────────────────────────────

WORDS_FOR_DIGITS = {
    word: digit
    for digit, words in {
        "0": "khong ko kong hong hok khg zero",
        "1": "mot",
        "2": "hai",
        "3": "ba",
        "4": "bon tu",
        "5": "nam lam",
        "6": "sau",
        "7": "bay",
        "8": "tam",
        "9": "chin",
    }.items()
    for word in words.split()
}
ATOM = re.compile(
    r"(?P<digits>(?:(?<![a-z0-9])o(?=[ .\-]?[0-9]))?[0-9](?:[0-9]|o(?=o{0,3}[0-9]))*)"
    rf"|(?<![a-z])(?P<word>{'|'.join(WORDS_FOR_DIGITS)})(?![a-z])"
    r"|(?<![a-z])(?P<muoi>muoi)(?![a-z])"
)
BETWEEN = re.compile(r"(?:[ .,\-–—_/()\[\]*~:|]|\b(?:cham|gach|roi|tiep|cach)\b){1,9}|")
"""What people put between the groups of one number."""
MOST_BETWEEN = 12  # characters
FEW = 15  # digits; no number that we know by its groups is longer


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits that stand together, or one that is spelled out."""

    digits: str
    start: int
    end: int
    is_word: bool
    before: str
    """What stands between it and the group before, if both may belong to one number; a letter where they may not."""


FEWEST_WORDS = 2  # of a number that is spelled out in part; “từ” (from) alone is no 4
APART = "x"  # in `before`: this group begins a new number


def _groups(plain: _Plain) -> list[_Group]:
    groups: list[_Group] = []
    end = 0
    for match in ATOM.finditer(plain.small):
        between = plain.small[end : match.start()]
        joined = bool(groups) and len(between) <= MOST_BETWEEN and BETWEEN.fullmatch(between) is not None
        end = match.end()
        if match["muoi"] and joined and groups[-1].is_word:
            continue  # “chín mươi hai” is 9, 2
        # “mười hai” is 1, 2.
        digits = match["digits"].replace("o", "0") if match["digits"] else WORDS_FOR_DIGITS.get(match[0], "1")
        groups.append(_Group(digits, match.start(), end, not match["digits"], between if joined else APART))
    return groups


def _numbers(plain: _Plain) -> Iterator[Span]:
    groups = _groups(plain)
    first = 0
    while first < len(groups):
        found = _number_from(plain, groups, first)
        if found is None:
            first += 1
            continue
        trace, after = found
        start = groups[first].start
        if plain.small[start - 1 : start] == "+":
            start -= 1
        yield trace, start, groups[after - 1].end
        first = after


def _number_from(plain: _Plain, groups: Sequence[_Group], first: int) -> tuple[Trace, int] | None:
    """The longest trace that begins with this group, and the group after it."""
    found = None
    digits = ""
    for last in range(first, len(groups)):
        if last > first and groups[last].before == APART:
            break
        digits += groups[last].digits
        if len(digits) > FEW and last > first:
            break
        if trace := _number(plain, groups[first : last + 1], digits):
            found = trace, last + 1
            # A phone with a lone digit or two behind it is a phone, and they are something else.
            if trace is Trace.PHONE and not _goes_on(groups, last + 1, digits):
                break
    return found


def _goes_on(groups: Sequence[_Group], following: int, digits: str) -> bool:
    """Whether twelve digits that begin with zero may be meant: an identity number whose first ten look like a phone's."""
    if following >= len(groups) or groups[following].before == APART:
        return False
    return digits[0] == "0" and groups[following].before == groups[following - 1].before


MOBILE, LANDLINE, FORMER = r"0[35789]\d{8}", r"02\d{8,9}", r"01[26]\d{8}|01(?:86|88|99)\d{7}"
ABROAD = r"(?:00)?84(?:0?[35789]\d{8}|0?2\d{8,9})"
PHONE = re.compile(rf"{MOBILE}|{LANDLINE}|{FORMER}|{ABROAD}")
HOTLINE = re.compile(r"1[89]00\d{4,6}")
IDENTITY_CARD = re.compile(r"0(?:0[1-9]|[1-9]\d)\d{9}")
ROUND = re.compile(r"\d+000")

SAYS_PHONE = re.compile(
    r"\b(?:sdt|so dt|dt|dien thoai|d/t|phone|tel|hotline|zalo|zl|goi|alo|lien he|lh|lien lac|so may|nhan tin|sim)\b"
)
SAYS_IDENTITY = re.compile(
    r"\b(?:cccd|cmnd|cmt|cmtnd|can cuoc|chung minh|ho chieu|giay to tuy than|dinh danh|so giay)\b"
)
SAYS_PLATE = re.compile(
    r"\b(?:bien so|bien kiem soat|bien do|bien xanh|bks|bsx|bs|bien|ban so|xe|oto|o to|mo to)"
    r"(?: (?:xe|may|so|la|tai|hoi|oto|con|do|xanh|con)){0,2} ?:? ?\Z"
)
SAYS_MONEY = re.compile(r" ?(?:d|dong|vnd|vnđ|trieu|ngan|nghin|ty|k|tr|usd)\b")
SHORTEST = 9  # digits: the CMND, and a phone without its zero
LONGEST_ABROAD = 14
MOST_GROUPS = 5  # of a bank account
WORDS_BEFORE = 30  # characters that may tell what a number is


def _number(plain: _Plain, groups: Sequence[_Group], digits: str) -> Trace | None:
    if len(digits) < SHORTEST:
        return None
    if len(groups) == 1:
        return _in_one_piece(plain, groups[0])
    trace = _in_groups(plain, groups, digits)
    return trace if trace is not None and _hangs_together(groups) else None


def _in_groups(plain: _Plain, groups: Sequence[_Group], digits: str) -> Trace | None:
    if IDENTITY_CARD.fullmatch(digits):
        return Trace.IDENTITY
    if _is_phone(digits):
        return Trace.PHONE
    start = groups[0].start
    if plain.small[start - 1 : start] == "+":
        return Trace.PHONE if len(digits) <= LONGEST_ABROAD else None
    if len(digits) <= 12:
        before = plain.small[max(0, start - WORDS_BEFORE) : start]
        if len(digits) in (9, 12) and SAYS_IDENTITY.search(before):
            return Trace.IDENTITY
        if len(digits) <= 11 and SAYS_PHONE.search(before) and not _is_money(plain, groups[-1].end):
            return Trace.PHONE
    if len(digits) == SHORTEST or len(groups) > MOST_GROUPS or len(groups[0].digits) < 3:
        return None
    evenly = all(group.before in (" ", "-") for group in groups[1:])
    return Trace.NUMBER if evenly and not HOTLINE.fullmatch(digits) else None


def _in_one_piece(plain: _Plain, group: _Group) -> Trace | None:
    digits = group.digits
    before = plain.small[max(0, group.start - WORDS_BEFORE) : group.start]
    if before.endswith("+") and len(digits) <= LONGEST_ABROAD:
        return Trace.PHONE
    if IDENTITY_CARD.fullmatch(digits):
        return Trace.IDENTITY
    if _is_phone(digits):
        return Trace.PHONE
    is_amount = _is_money(plain, group.end) or re.search(r"\d[.,]$", before) is not None
    if len(digits) == 9:
        if SAYS_IDENTITY.search(before):
            return Trace.IDENTITY
        if (
            is_amount
            or ROUND.fullmatch(digits)
            or re.match(r"[.,]\d", plain.small[group.end : group.end + 2])
        ):
            return None
        return Trace.PHONE if SAYS_PHONE.search(before) else Trace.IDENTITY
    if is_amount or HOTLINE.fullmatch(digits) or len(set(digits)) == 1:
        return None
    return Trace.NUMBER


def _is_phone(digits: str) -> bool:
    return PHONE.fullmatch(digits) is not None


def _is_money(plain: _Plain, end: int) -> bool:
    return SAYS_MONEY.match(plain.small, end) is not None


def _hangs_together(groups: Sequence[_Group]) -> bool:
    """Whether these groups read as one number rather than as a date, hours or a list."""
    between = [group.before for group in groups[1:]]
    lengths = [len(group.digits) for group in groups]
    if spelled := sum(group.is_word for group in groups):
        return spelled >= FEWEST_WORDS
    if any("\n" in each for each in between):
        return False
    if max(lengths) <= 2 and len(set(between)) > 1:
        return False
    if any(":" in each or "," in each for each in between) and len(set(between)) > 1:
        return False
    for place in range(len(groups) - 2):
        day, month, year = groups[place : place + 3]
        if month.before == year.before != " " and _is_a_day(day.digits, month.digits, year.digits):
            return False
    return True


def _is_a_day(day: str, month: str, year: str) -> bool:
    return len(day) <= 2 and len(month) <= 2 and 1 <= int(month) <= 12 and YEAR.fullmatch(year) is not None


# ── Plates ───────────────────────────────────────────────────────────────────────────────────────────────────────

SEPARATOR = r"[ .\-–_/]{0,3}"
SERIAL = r"(?:\d{3}[ .,\-]?\d{2}|\d{4})(?![a-z0-9%]|[.,]\d)"
# Province 11–99, a series of one or two letters and perhaps a digit, four or five digits (TT 79/2024/TT-BCA).
CIVIL = re.compile(
    rf"(?<![a-z0-9.,])(?:[1-9]\d)(?P<one>{SEPARATOR})(?P<series>[a-z]{{1,2}}\d?)(?P<two>{SEPARATOR})(?P<serial>{SERIAL})"
)
DIPLOMATIC = re.compile(r"(?<![a-z0-9])[1-9]\d[ .\-]?\d{3}[ .\-]?(?:ng|nn|qt|cv)[ .\-]?\d{2}(?!\d)")
# The army's: two letters, the first of which tells the kind of unit, and four digits (TT 169/2021/TT-BQP).
ARMY = re.compile(
    r"(?<![a-z0-9/\-])[abhkpqtv][a-z](?P<one>[ .\-]{0,3})(?P<serial>\d{2}[ .\-]\d{2}|\d{4})(?![a-z0-9%/]|[.,\-]\d)"
)
MEASURES = frozenset("k km kg g h ha m m2 m3 cm mm d t th tr ng tk s p cc l ml w kw v x".split())
"""Small letters that belong to the number before them: “20km 2025”."""
YEAR = re.compile(r"(?:19|20)\d\d")


def _plates(plain: _Plain) -> Iterator[Span]:
    for match in CIVIL.finditer(plain.small):
        if _is_civil(plain, match):
            yield Trace.PLATE, *match.span()
    for match in DIPLOMATIC.finditer(plain.small):
        yield Trace.PLATE, *match.span()
    for match in ARMY.finditer(plain.small):
        if _is_army(plain, match):
            yield Trace.PLATE, *match.span()


def _is_civil(plain: _Plain, match: re.Match[str]) -> bool:
    series, serial, spaces = match["series"], match["serial"], match["one"] + match["two"]
    if series in MEASURES and plain.text[match.start("series") : match.end("series")].islower():
        return "-" in match["two"] or _says_plate(plain, match.start())
    if _says_plate(plain, match.start()):
        return True
    if YEAR.fullmatch(serial) and ("/" in spaces or match["two"].isspace()):
        return False  # class 12A1 2025
    is_capital = plain.text[match.start("series") : match.end("series")].isupper()
    if "/" in spaces and not is_capital:
        return False
    if " " not in spaces:
        return True
    return is_capital or (len(series) > 1 and len(re.sub(r"\D", "", serial)) == 5)


def _is_army(plain: _Plain, match: re.Match[str]) -> bool:
    # Without a word for it, only as it is painted: TM-12-34.
    if not plain.text[match.start() : match.start() + 2].isupper():
        return _says_plate(plain, match.start()) and len(match["serial"]) == 5
    return re.fullmatch(r"\d{2}[.\-]\d{2}", match["serial"]) is not None or _says_plate(plain, match.start())


def _says_plate(plain: _Plain, start: int) -> bool:
    return SAYS_PLATE.search(plain.small[max(0, start - WORDS_BEFORE) : start]) is not None


# ── E-mail ───────────────────────────────────────────────────────────────────────────────────────────────────────

AT = re.compile(r" {0,3}(?:@|\ba ?cong\b|[(\[{<] ?(?:at|a ?cong|@) ?[)\]}>]|(?<= )at(?= )) {0,3}")
DOT = r"(?: ?\. ?| cham | dot | ?[(\[{] ?(?:dot|cham|\.) ?[)\]}] ?)"
LABEL = re.compile(r"[a-z0-9\-]{1,63}")
NEXT_LABEL = re.compile(rf"(?P<dot>{DOT})(?P<label>[a-z0-9\-]{{1,63}})")
PROVIDER = r"(?:gmail|gmai|gmal|yahoo|hotmail|outlook|icloud|zoho|protonmail)"
BARE_HOST = re.compile(rf"{PROVIDER}(?:{DOT}| )(?:com|vn)(?:{DOT}vn)?(?![a-z0-9])")
"""A host that is known without its dot: “gmail com”."""
ENDINGS = frozenset("com vn net org edu gov info io me co biz us uk jp kr cn de fr asia pro dev app".split())
LOCAL_PART = re.compile(r"[a-z0-9._+\-]{1,64}\Z")
BEFORE_A_HOST = re.compile(r"(?<![a-z0-9@])[a-z0-9._+\-]{5,64} \Z")
LONGEST_LOCAL = 66
MOST_LABELS = 5


def _emails(plain: _Plain) -> Iterator[Span]:
    small = plain.small
    for match in AT.finditer(small):
        local = LOCAL_PART.search(small[max(0, match.start() - LONGEST_LOCAL) : match.start()])
        end = _host_from(small, match.end(), is_sign=match[0].strip() == "@")
        if local is not None and end is not None:
            yield Trace.EMAIL, match.start() - len(local[0]), end
    for provider in re.finditer(rf"\b{PROVIDER}\b", small):
        start = max(0, provider.start() - LONGEST_LOCAL)
        local = BEFORE_A_HOST.search(small[start : provider.start()])
        host = BARE_HOST.match(small, provider.start())
        # “tuan1990 gmail.com”: somebody's, as a word with a digit in it; “địa chỉ gmail.com” is nobody's.
        if host is not None and local is not None and re.search(r"[0-9._]", local[0]):
            yield Trace.EMAIL, start + local.start(), host.end()


def _host_from(small: str, start: int, *, is_sign: bool) -> int | None:
    """Where the host that begins there ends. After a plain sign any ending will do, otherwise one that there is."""
    if bare := BARE_HOST.match(small, start):
        return bare.end()
    label = LABEL.match(small, start)
    end = None
    for _ in range(MOST_LABELS):
        following = NEXT_LABEL.match(small, label.end()) if label else None
        if following is None:
            break
        label = LABEL.match(small, following.start("label"))
        is_tight = following["dot"] == "." and is_sign and len(following["label"]) > 1
        if following["label"] in ENDINGS or (is_tight and not following["label"].isdigit()):
            end = following.end()
        elif end is not None:
            break
    return end


# ── Names, as far as they give themselves away ───────────────────────────────────────────────────────────────────

FAMILIES = frozenset(
    "nguyen tran le pham huynh hoang phan vu vo dang bui do ho ngo duong ly dinh lam truong thach doan trinh chau luong "
    "tang quach cao mai to ta ha kim son danh kien trieu luu vuong nghiem khuong".split()
)
SURE_FAMILIES = frozenset(
    "nguyen tran le pham huynh hoang phan vu vo dang bui ngo duong dinh truong thach doan trinh".split()
)
MIDDLES = frozenset("van thi".split())
TITLES = frozenset("anh chi ong ba chu co bac cau di thim mo em thay ten".split())
TWO_WORD_TITLES = frozenset(
    "toi la|minh la|em la|dong chi|can bo|chien si|dai uy|trung uy|thieu uy|thuong uy|dai ta|trung ta|thieu ta|thuong ta|cong an|ten la|nhan vien".split(
        "|"
    )
)
NO_NAME = frozenset(
    "cong an ca cap cskv canh sat truong pho phuong xa ubnd thuong trung dai thieu dong chi can bo anh chi ong ba chu co bac "
    "cau em thay toi ho nao nay do ay kia oi a nha to khu khom ap nhan vien chien si hai ba tu nam sau bay muoi "
    "mot hai qua rat khong da dang se va hay la ma nhung giao dan vien quan ly tinh vinh long tra viet".split()
)
PLACES = frozenset(
    "duong pho truong cho cau hem khu vien ap khom benh phuong xa tinh tp thanh so quan nga tu ngo toa chua dinh tuong dai hoc thpt thcs".split()
)
KNOWN_PLACES = frozenset(
    "ho chi minh|ha long|ha noi|ha tinh|kim lien|son la|cao bang|cao lanh|chau doc|chau thanh|mai chau".split(
        "|"
    )
)
WORD = re.compile(r"[^\W\d_]+")
MOST_WORDS = 4
SHOUTED = 0.6  # share of words in capitals from which capitals tell nothing


def _names(plain: _Plain) -> Iterator[Span]:
    words = [(match[0], match[0].lower(), match.start(), match.end()) for match in WORD.finditer(plain.text)]
    loud = sum(word[0][:1].isupper() for word in words) > SHOUTED * len(words)
    place = 0
    while place < len(words):
        length = _named_from(plain, words, place, loud and len(words) > MOST_WORDS)
        if length:
            yield Trace.NAME, words[place][2], words[place + length - 1][3]
        place += length or 1


Spoken = tuple[str, str, int, int]


def _named_from(plain: _Plain, words: Sequence[Spoken], place: int, loud: bool) -> int:
    """How many words from here on are a name; none for nothing."""
    small = words[place][1]
    before = [word[1] for word in words[max(0, place - 2) : place]]
    if (before and before[-1] in PLACES) or " ".join([*before, small]) in KNOWN_PLACES:
        return 0
    run = _run(plain, words, place)
    capitals = 0 if loud else _capitals(run)
    if small in SURE_FAMILIES and len(run) >= 3 and run[1][1] in MIDDLES and run[2][1] not in NO_NAME:
        return max(3, min(capitals, MOST_WORDS))  # “lê văn tám”, however it is written
    if small in FAMILIES and _is_whole_name([word[1] for word in run[:capitals]]):
        return min(capitals, MOST_WORDS)
    if loud or not words[place][0][:1].isupper() or not before or not _adjoins(plain, words, place):
        return 0
    if before[-1] in TITLES or " ".join(before) in TWO_WORD_TITLES:
        names = [word[1] for word in words[place : place + capitals]]
        first = 1 if names[0] in FAMILIES and len(names) > 1 else 0
        stop = next(
            (number for number, name in enumerate(names[first:], first) if name in NO_NAME), len(names)
        )
        return min(stop, MOST_WORDS)
    return 0


def _is_whole_name(names: Sequence[str]) -> bool:
    """Whether these capitalised words, a family name first, are a person's."""
    if len(names) < 2 or " ".join(names) in KNOWN_PLACES:
        return False
    if names[0] in SURE_FAMILIES:
        return True
    return len(names) > 2 and not any(name in NO_NAME for name in names[1:])


def _run(plain: _Plain, words: Sequence[Spoken], place: int) -> Sequence[Spoken]:
    """The words from here on with nothing but spaces between them."""
    end = place + 1
    while end < len(words) and end - place <= MOST_WORDS and _adjoins(plain, words, end):
        end += 1
    return words[place:end]


def _adjoins(plain: _Plain, words: Sequence[Spoken], place: int) -> bool:
    return place > 0 and plain.text[words[place - 1][3] : words[place][2]] in (" ", "  ")


def _capitals(run: Sequence[Spoken]) -> int:
    return next((number for number, word in enumerate(run) if not word[0][:1].isupper()), len(run))
