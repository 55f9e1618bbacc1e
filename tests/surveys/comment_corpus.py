"""Two thousand comments as people here write them, made from a grammar and a seed, each with the traces that were put into it.

Made from how numbers are issued and how people type, not from how screening looks for them: this module imports nothing of it.
Half carry a trace; the rest is full of numbers that are none. With and without marks, mistyped, shouted, in teencode, with emoji."""

# ruff: noqa: SIM905  (lists of words read better as words)

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

__all__ = ["KINDS", "Sample", "corpus"]

KINDS = ("phone", "identity", "plate", "email", "name")


@dataclass(frozen=True)
class Planted:
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Sample:
    text: str
    planted: tuple[Planted, ...]


# ── What people say ──────────────────────────────────────────────────────────────────────────────────────────────

WHO = "cán bộ|các anh công an|mấy chú công an|nhân viên tiếp dân|bộ phận một cửa|công an khu vực|các đồng chí trực ban|anh cảnh sát khu vực|chị ở quầy tiếp nhận".split(
    "|"
)
DID = "rất nhiệt tình|hướng dẫn tận tình|giải thích chưa rõ|trả lời cộc lốc|làm việc nhanh gọn|để dân chờ lâu|hẹn tới hẹn lui|nói chuyện dễ nghe|không chịu nghe dân nói|giải quyết đúng hẹn|ít khi xuống tổ|hay có mặt khi dân cần".split(
    "|"
)
PLACE = "ở trụ sở|tại bộ phận một cửa|khi đi làm căn cước|lúc đăng ký tạm trú|khi làm giấy xác nhận cư trú|trước cổng trường|ngoài chợ|trong hẻm|ở khu nhà trọ|gần bến xe|dưới dạ cầu|chỗ ngã tư".split(
    "|"
)
WISH = "mong có thêm ghế chờ|nên có nước uống|nên tuần tra ban đêm nhiều hơn|mong dẹp lấn chiếm lề đường|cần niêm yết thủ tục rõ hơn|nên mở cửa sáng thứ bảy|mong gắn thêm camera|xin giảm giấy tờ photo|cần bãi giữ xe|mong xử lý karaoke ồn ào|xin dẹp nạn đua xe|mong trả lời dân sớm".split(
    "|"
)
END = "xin cảm ơn|cám ơn nhiều|mong được xem xét|tôi góp ý vậy thôi|chúc các anh sức khỏe|mong công an lắng nghe ý kiến của nhân dân|mong sớm có kết quả|rất hài lòng".split(
    "|"
)

# Numbers that give nobody away.
HARMLESS: tuple[Callable[[Random], str], ...] = (
    lambda r: (
        f"phạt {r.choice(['200.000', '1.500.000', '350 000', '2,5 triệu', '500k', '800 ngàn', '12.000.000', '250000'])} {r.choice(['đồng', 'đ', 'vnđ', ''])}"
    ),
    lambda r: f"đóng {r.randint(1, 9)}{r.choice(['00.000.000', '0.000.000', '5.000.000', '00000000'])} đồng",
    lambda r: f"ngày {r.randint(1, 28):02d}/{r.randint(1, 12):02d}/{r.choice([2025, 2026])}",
    lambda r: f"từ {r.randint(1, 28)}.{r.randint(1, 12)}.2026 đến {r.randint(1, 28)}.{r.randint(1, 12)}.2026",
    lambda r: f"hẹn ngày {r.randint(1, 28):02d}-{r.randint(1, 12):02d}-2026",
    lambda r: f"lúc {r.randint(6, 21)}h{r.choice(['', '15', '30', '45'])}",
    lambda r: (
        f"sáng {r.choice(['7:30 - 11:30', '7h30-11h30', '07.30 - 11.30', '07:00 11:30'])}, chiều {r.choice(['13:30 - 17:00', '13h30-17h', '13.30 - 17.00'])}"
    ),
    lambda r: (
        f"số nhà {r.randint(1, 400)}{r.choice(['', 'A', 'B', '/4', '/12/3', '/5A'])} đường {r.choice(['Nguyễn Đáng', 'Trần Phú', 'Lê Lợi', 'Phạm Ngũ Lão', '19/5', '3 tháng 2'])}"
    ),
    lambda r: f"hẻm {r.randint(1, 200)}/{r.randint(1, 30)}/{r.randint(1, 9)} khóm {r.randint(1, 9)}",
    lambda r: (
        f"theo {r.choice(['Quyết định 125/QĐ-CAT', 'thông tư 79/2024/TT-BCA', 'QĐ 1578/QĐ-UBND ngày 15/9/2023', 'nghị định 168/2024/NĐ-CP', 'kế hoạch số 64/KH-CAT', 'công văn 1234/CAT-PV01', 'thông báo 2025/TB-UBND'])}"
    ),
    lambda r: f"gọi {r.choice(['113', '114', '115', '1900 1234', '19001234', '1800 1091', '111'])}",
    lambda r: f"chờ {r.randint(2, 9)}{r.choice([' tiếng', ' - 10 phút', '0 phút', ' ngày', ' lần'])}",
    lambda r: f"cho {r.choice(['9/10 điểm', '10 điểm', '5 sao', '8,5 điểm', '100%', '99,5 %'])}",
    lambda r: f"tổ {r.randint(1, 20)} khóm {r.randint(1, 9)} phường {r.randint(1, 9)}",
    lambda r: f"quốc lộ {r.choice(['53', '54', '60', '1A'])} đoạn {r.randint(1, 40)}km",
    lambda r: f"lớp {r.randint(6, 12)}A{r.randint(1, 9)} năm {r.choice([2024, 2025, 2026])}",
    lambda r: f"năm {r.randint(2019, 2026)}",
    lambda r: f"nhà rộng {r.randint(20, 90)} m2, {r.randint(2, 6)} người ở trọ",
    lambda r: f"có {r.randint(10, 999)} hộ với {r.randint(1000, 9999)} nhân khẩu",
    lambda r: "đi tới đi lui một hai ba lần",
    lambda r: "không năm nào là không có trộm chó",
    lambda r: f"biểu mẫu CT{r.randint(1, 15):02d}",
    lambda r: f"nộp {r.randint(2, 5)} bản photo, {r.randint(1, 4)} tấm hình 3x4",
    lambda r: "trực 24/7",
    lambda r: f"bước 1 2 3 {r.choice(['4 5', '4', ''])} rồi mới xong",
    lambda r: f"xe số {r.randint(1, 30):02d} tuyến {r.randint(1, 9)}",
    lambda r: f"camera {r.choice(['4K', '2K', '1080p'])} giá {r.randint(1, 9)}tr{r.randint(1, 9)}",
)


def remark(r: Random) -> str:
    match r.randrange(4):
        case 0:
            return f"{r.choice(WHO)} {r.choice(PLACE)} {r.choice(DID)}"
        case 1:
            return f"tôi {r.choice(WISH)} {r.choice(PLACE)}"
        case 2:
            return f"{r.choice(WISH)}, {r.choice(WISH)}"
    return f"{r.choice(WHO)} {r.choice(DID)}, {r.choice(WISH)}"


# ── Traces, as they are issued and as they are typed ─────────────────────────────────────────────────────────────

MOBILES = "032 033 034 035 036 037 038 039 052 055 056 058 059 070 076 077 078 079 081 082 083 084 085 086 087 088 089 090 091 092 093 094 096 097 098 099".split()
LANDLINES = "0294 0270 0275 0292 028 024 0296 0277".split()
SPOKEN = {
    "0": ("không", "không", "ko", "hông"),
    "1": ("một",),
    "2": ("hai",),
    "3": ("ba",),
    "4": ("bốn", "tư"),
    "5": ("năm", "lăm"),
    "6": ("sáu",),
    "7": ("bảy", "bẩy"),
    "8": ("tám",),
    "9": ("chín",),
}
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")


def digits(r: Random, number: int) -> str:
    return "".join(r.choice("0123456789") for _ in range(number))


def cut(text: str, sizes: list[int], between: str) -> str:
    parts, place = [], 0
    for size in sizes:
        parts.append(text[place : place + size])
        place += size
    if place < len(text):
        parts.append(text[place:])
    return between.join(parts)


def spoken(r: Random, number: str) -> str:
    between = r.choice([" ", " ", " ", ", ", "-", ". "])
    return between.join(r.choice(SPOKEN[each]) if r.random() < 0.97 else each for each in number)


def phone(r: Random) -> str:
    if r.random() < 0.15:
        area = r.choice(LANDLINES)
        rest = digits(r, 11 - len(area))
        return r.choice(
            [
                f"{area}{rest}",
                f"{area} {rest}",
                f"({area}) {rest[:3]} {rest[3:]}",
                f"{area}.{rest[:4]}.{rest[4:]}",
                f"{area}-{rest}",
                f"+84 {area[1:]} {rest}",
            ]
        )
    number = r.choice(MOBILES) + digits(r, 7)
    between = r.choice([" ", " ", ".", ".", "-", " - ", ". ", "–", "_", "  ", "/"])
    match r.randrange(14):
        case 0 | 1 | 2:
            return number
        case 3 | 4:
            return cut(
                number,
                r.choice([[4, 3, 3], [3, 3, 4], [4, 6], [3, 4, 3], [4, 2, 2, 2], [5, 5], [3, 7]]),
                between,
            )
        case 5:
            return cut(number, [2, 2, 2, 2, 2], r.choice([" ", ".", "-"]))
        case 6:
            return r.choice([" ", ".", "-"]).join(number)
        case 7:
            return r.choice(["+84", "+84 ", "84", "+84.", "(+84) ", "+84 (0)", "0084"]) + number[1:]
        case 8:
            return "+84 " + cut(number[1:], [3, 3, 3], r.choice([" ", ".", "-"]))
        case 9 | 10:
            return spoken(r, number)
        case 11:
            half = r.randint(3, 6)
            return r.choice(
                [f"{number[:half]} {spoken(r, number[half:])}", f"{spoken(r, number[:half])} {number[half:]}"]
            )
        case 12:
            return r.choice(["o", "O"]) + number[1:]
    return r.choice(
        [number.translate(WIDE), number.translate(KHMER), "".join(f"{each}\ufe0f\u20e3" for each in number)]
    )


def identity(r: Random) -> str:
    if r.random() < 0.35:
        old = r.choice(["334", "335", "331", "020", "023", "370", "351"]) + digits(r, 6)
        return r.choice(
            [
                f"cmnd {old}",
                f"CMND số {old}",
                f"số cmt {cut(old, [3, 3, 3], r.choice([' ', '.', '-']))}",
                f"chứng minh nhân dân {old}",
                f"chứng minh {cut(old, [3, 3], ' ')}",
            ]
        )
    code = r.choice(["084", "086", "083", "079", "001", "092", "089", "094", "096", "052"])
    number = code + r.choice("0123") + f"{r.randint(0, 99):02d}" + digits(r, 6)
    shown = r.choice(
        [
            number,
            number,
            number,
            cut(number, [3, 3, 3], " "),
            cut(number, [4, 4], " "),
            cut(number, [3, 1, 2, 6], r.choice([" ", "."])),
            cut(number, [3, 3, 3], r.choice([".", "-"])),
            cut(number, [6, 6], " "),
            spoken(r, number),
        ]
    )
    return r.choice(
        [
            f"cccd {shown}",
            f"CCCD: {shown}",
            f"căn cước số {shown}",
            f"số định danh {shown}",
            shown,
            f"giấy tờ {shown}",
        ]
    )


PROVINCES = ["84", "64", "71", "51", "59", "50", "29", "30", "65", "66", "68", "63", "95", "61", "72", "43"]
LETTERS = "ABCDEFGHKLMNPSTUVXYZ"


def plate(r: Random) -> str:
    place, five, four = r.choice(PROVINCES), digits(r, 5), digits(r, 4)
    dotted = f"{five[:3]}.{five[3:]}"
    one, letter_digit = r.choice(LETTERS), r.choice(LETTERS) + str(r.randint(1, 9))
    two = r.choice(["AA", "AB", "AC", "AE", "LD", "MĐ", "CA", "HB", "FA", "BE"])
    civil = r.choice(
        [
            f"{place}{one}-{dotted}",
            f"{place}{one}-{five}",
            f"{place}{one} {five}",
            f"{place}{one}{five}",
            f"{place}{one}-{four}",
            f"{place}-{letter_digit} {dotted}",
            f"{place}-{letter_digit} {five}",
            f"{place}{letter_digit}-{five}",
            f"{place}{letter_digit}-{dotted}",
            f"{place}{letter_digit} {five}",
            f"{place}{letter_digit}{five}",
            f"{place}-{letter_digit}-{four}",
            f"{place}{letter_digit}-{four}",
            f"{place} {letter_digit} {dotted}",
            f"{place} - {letter_digit} - {dotted}",
            f"{place}{two}-{dotted}",
            f"{place}{two}-{five}",
            f"{place}-{two} {dotted}",
            f"{place}.{letter_digit}.{dotted}",
            f"80{r.choice('AB')}-{dotted}",
            f"{place}A-000.{five[:2]}",
        ]
    )
    army = r.choice(["TM", "TC", "QH", "KV", "BB", "PA", "AD", "HT", "VK"])
    soldiers = r.choice(
        [
            f"{army}-{four[:2]}-{four[2:]}",
            f"{army} {four[:2]}-{four[2:]}",
            f"{army} {four[:2]}.{four[2:]}",
            f"{army}-{four}",
        ]
    )
    diplomat = f"{r.choice(['80', '41'])}-{digits(r, 3)}-{r.choice(['NG', 'NN'])}-{digits(r, 2)}"
    match r.randrange(12):
        case 0:
            return f"biển số {soldiers}" if r.random() < 0.5 else f"xe biển đỏ {soldiers}"
        case 1:
            return diplomat
        case 2 | 3:
            return f"biển số {civil.lower()}"
        case 4:
            return f"bks {civil}"
        case 5:
            return f"xe {civil.lower()}"
        case 6:
            return f"xe máy biển kiểm soát {civil}"
    return civil


def email(r: Random) -> str:
    name = r.choice(
        ["nguyenvanan", "lethihoa", "tuan.tran", "hong_dao", "ngocbich", "thach.sophea", "minhtam", "phuc"]
    )
    local = name + r.choice(["", str(r.randint(1, 99)), str(r.randint(1970, 2006)), f".{r.randint(1, 9)}"])
    host, ending = r.choice(
        [
            ("gmail", "com"),
            ("gmail", "com"),
            ("yahoo", "com"),
            ("yahoo", "com.vn"),
            ("icloud", "com"),
            ("hotmail", "com"),
            ("tvu", "edu.vn"),
            ("congty-abc", "vn"),
        ]
    )
    spoken_ending = ending.replace(".", " chấm ")
    return r.choice(
        [
            f"{local}@{host}.{ending}",
            f"{local}@{host}.{ending}",
            f"{local}@{host}.{ending}",
            f"{local} @ {host}.{ending}",
            f"{local}@ {host}.{ending}",
            f"{local} a còng {host} chấm {spoken_ending}",
            f"{local} a còng {host}.{ending}",
            f"{local}(at){host}.{ending}",
            f"{local}[at]{host}.{ending}",
            f"{local} (at) {host} chấm {spoken_ending}",
            f"{local}@{host} chấm {spoken_ending}",
            f"{local}@{host} . {ending}",
            f"{local} at {host} dot {ending.replace('.', ' dot ')}",
            f"{local.upper()}@{host.upper()}.{ending.upper()}",
            f"{local}@{host}(dot){ending.replace('.', '(dot)')}",
        ]
    )


FAMILY = "Nguyễn Trần Lê Phạm Huỳnh Võ Đặng Bùi Thạch Kim Sơn Lâm Trương Đỗ Hồ Dương".split()
MIDDLE = "Văn Thị Minh Ngọc Thanh Hữu Quốc Hoàng Thu".split()
GIVEN = "Bình Hoa Tuấn Hương Dũng Sophea Hạnh Phúc Lan Tâm Khánh Nhung Đạt Vy Sang Nghĩa".split()


def name(r: Random) -> str:
    given = r.choice(GIVEN)
    return r.choice(
        [f"{r.choice(FAMILY)} {r.choice(MIDDLE)} {given}"] * 3
        + [f"{r.choice(FAMILY)} {given}", given, given, f"{r.choice(MIDDLE[2:])} {given}"]
    )


MAKERS: dict[str, Callable[[Random], str]] = {
    "phone": phone,
    "identity": identity,
    "plate": plate,
    "email": email,
    "name": name,
}
# A trace as part of a sentence; where people write it without a space, it stands without one.
FRAMES: dict[str, tuple[str, ...]] = {
    "phone": (
        "liên hệ tôi {}",
        "sđt {}",
        "sđt:{}",
        "số điện thoại {} nha",
        "zalo{}",
        "gọi {} gặp tôi",
        "{}",
        "alo số này {} nghe",
        "đt {}nhé",
        "tôi ở khóm 3, {}",
    ),
    "identity": ("{}", "tôi gửi {}", "làm hoài chưa xong, {}", "xin kiểm tra {} giùm", "hồ sơ của tôi {}"),
    "plate": (
        "{} hay đậu trước cổng",
        "thấy {} chạy ẩu",
        "{} của ai đậu lấn lề",
        "có {} bóp còi inh ỏi",
        "đề nghị phạt {} nhé",
    ),
    "email": ("mail {}", "gửi về {} giùm", "email: {}", "trả lời qua {} nhé", "{}"),
    "name": (
        "anh {} làm việc tốt",
        "chị {} tiếp dân rất vui vẻ",
        "tôi là {} ở khóm 4",
        "đồng chí {} nóng tính",
        "cán bộ {} hẹn hoài",
        "ông {} bán cá lấn đường",
    ),
}


# ── How it is typed ──────────────────────────────────────────────────────────────────────────────────────────────

TEEN = {
    "không": "ko",
    "được": "dc",
    "với": "vs",
    "gì": "j",
    "cũng": "cg",
    "rồi": "r",
    "biết": "bít",
    "nhiều": "nhìu",
    "vậy": "z",
    "người": "ng",
    "công an": "ca",
}
EMOJI = ["🙏", "😡", "👍", "❤️", "😢", "🚓", "👏👏", "!!!", "...", " :))"]


def unmarked(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(each for each in bare if not "\u0300" <= each <= "\u036f"))


def mistyped(r: Random, text: str) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 40)):
        place = r.randrange(len(letters) - 1)
        if letters[place].isalpha() and letters[place + 1].isalpha():
            match r.randrange(3):
                case 0:
                    letters[place], letters[place + 1] = letters[place + 1], letters[place]
                case 1:
                    letters[place] *= 2
                case _:
                    letters[place] = ""
    return "".join(letters)


def teen(text: str) -> str:
    for long, short in TEEN.items():
        text = text.replace(long, short)
    return text


def styled(r: Random, pieces: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """A hand is the same through a whole comment; only what is no trace is mistyped."""
    changes: list[tuple[Callable[[str], str], bool]] = []
    if r.random() < 0.4:
        changes.append((unmarked, True))
    match r.randrange(10):
        case 0:
            changes.append((str.upper, True))
        case 1 | 2:
            changes.append((str.lower, False))
        case 3:
            changes.append((lambda text: unicodedata.normalize("NFD", text), True))
    if r.random() < 0.25:
        changes.insert(0, (teen, False))
    if r.random() < 0.3:
        changes.append((lambda text: mistyped(r, text) if len(text) > 5 else text, False))
    for change, also_traces in changes:
        pieces = [(change(text) if kind is None or also_traces else text, kind) for text, kind in pieces]
    return pieces


def sample(r: Random, kinds: list[str]) -> Sample:
    sentences: list[list[tuple[str, str | None]]] = [[(remark(r), None)]]
    for kind in kinds:
        frame = r.choice(FRAMES[kind])
        before, _, after = frame.partition("{}")
        trace = MAKERS[kind](r)
        if trace[0].isalpha() and before[-1:].isalpha():  # only digits are written without a space
            before += " "
        if trace[-1].isalpha() and after[:1].isalpha():
            after = f" {after}"
        sentences.append([(before, None), (trace, kind), (after, None)])
    for _ in range(r.choice([0, 0, 1, 1, 2])):
        sentences.append([(r.choice(HARMLESS)(r), None)])
    if r.random() < 0.4:
        sentences.append([(r.choice(END), None)])
    r.shuffle(sentences)
    pieces: list[tuple[str, str | None]] = []
    for number, sentence in enumerate(sentences):
        if number:
            pieces.append(
                (r.choice([". ", ". ", ", ", "\n", "; ", " - " if r.random() < 0.2 else ". "]), None)
            )
        head, *rest = sentence
        if head[1] is None and head[0]:
            head = (head[0][0].upper() + head[0][1:], None)
        pieces += [head, *rest]
        if r.random() < 0.15:
            pieces.append((f" {r.choice(EMOJI)}", None))
    text, planted = "", []
    for piece, kind in styled(r, pieces):
        if kind is not None:
            planted.append(Planted(kind, len(text), len(text) + len(piece)))
        text += piece
    return Sample(text, tuple(planted))


def corpus(seed: int, size: int = 2000) -> list[Sample]:
    """Half of them with one trace or two."""
    r = Random(seed)
    samples = []
    for number in range(size):
        kinds: list[str] = []
        if number % 2:
            kinds = [KINDS[number // 2 % len(KINDS)]]
            if r.random() < 0.15:
                kinds.append(r.choice(KINDS))
        samples.append(sample(r, kinds))
    r.shuffle(samples)
    return samples
