"""Words that may not wait: emergencies, and denunciations that need another door. Pure; it knows no survey.

Vietnamese tells “cháy” (fire) from “chạy” (run) by a mark, so words with marks are matched exactly as they are written. People
in a hurry leave the marks out; without them only phrases that can mean nothing else are taken as an alarm. Being wrong costs one
tap on “I have no emergency”, missing one may cost a life: where both readings are likely, the alarm wins."""

import re
from enum import StrEnum
from unicodedata import normalize

__all__ = ["Alarm", "alarm", "is_denunciation", "unmarked"]


class Alarm(StrEnum):
    """What kind of help is needed."""

    FIRE = "fire"
    CRIME = "crime"
    MEDICAL = "medical"
    CALL = "call"
    """They named the number themselves, or cried for help."""


def unmarked(text: str) -> str:
    """Small letters without any mark: “Cấp cứu” → “cap cuu”. One character stays one character in NFC Vietnamese."""
    lowered = text.lower().replace("đ", "d")
    if lowered.isascii():
        return lowered
    return "".join(letter for letter in normalize("NFD", lowered) if not "\u0300" <= letter <= "\u036f")


def _words(*phrases: str) -> re.Pattern[str]:
    """Any of these, as whole words. Texts are searched with their white space collapsed."""
    alternatives = "|".join(phrases)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")


# Peaceful uses of the alarming words. They are taken out before anything is looked for.
HARMLESS = _words(
    r"(?:phòng|chống|phòng chống|phòng ngừa)[, ]+(?:cháy|nổ|trộm|cướp|giật|\s|,|và|chữa)+",
    r"(?:chữa|báo|dập|chống) cháy(?: chữa cháy)?(?! (?:đi|giúp|gấp|với))",
    r"cháy nổ",
    r"(?:nguy cơ|phòng|thoát hiểm khi|khi có|nếu|diễn tập|tập huấn|kiến thức|an toàn|tuyên truyền về|dễ|tránh) cháy(?! ở| tại| nhà)",
    r"(?:cháy) (?:hàng|túi|vé|máy|nắng|da|phố|khét|đen|bỏng|hết mình)",
    r"(?:nắng|cháy) cháy",
    r"(?:tình trạng|nạn|tệ nạn|tội phạm|vụ|hay|thường|nhiều|ít|giảm|bớt|hết|không còn|không có|tình hình) (?:trộm |trộm cắp |bị )?(?:cướp|cướp giật|trộm|trộm cắp|trộm cướp|móc túi)",
    r"trộm cắp|trộm cướp|cướp giật (?:giảm|ít|đã|không)",
    r"(?:tủ thuốc|xe|phòng|khoa|số|bệnh viện|kỹ năng|sơ|tập huấn|trung tâm) cấp cứu",
    r"(?:khóm|ấp|tổ|số|số nhà|nhà số|hẻm|đường|quầy|cửa|trang|điều|ngày|khu|phòng|quốc lộ|ql|tl|thông tư|nghị định|điểm|mục|câu)\s*11[345]",
    r"(?:tổng đài|nhân viên|lực lượng|cảnh sát|đội|xe|chiến sĩ|anh em|các anh|cán bộ) 11[345] (?:\w+ )?(?:rất|nhanh|tốt|đến|có mặt|nhiệt tình|làm|phản ứng)",
)

MARKED: tuple[tuple[Alarm, re.Pattern[str]], ...] = (
    (
        Alarm.FIRE,
        _words("cháy", "bốc cháy", "hỏa hoạn", "hoả hoạn", "nổ bình ga", "nổ bình gas", "rò rỉ ga", "xì ga", "nổ ga"),
    ),
    (
        Alarm.CRIME,
        _words(
            "cướp",
            "bị giật (?:đồ|túi|giỏ|điện thoại|dây chuyền)",
            "(?:có|thấy|phát hiện|bắt được) (?:kẻ )?trộm(?! cắp vặt)",
            "trộm (?:đang|vào nhà|đột nhập|cạy|phá)",
            "đang (?:bị )?(?:ăn )?trộm",
            "(?:vừa|mới|bị) (?:bị )?mất trộm",
            "(?:đang|vừa|sắp) (?:bị )?(?:đánh nhau|chém|đâm|đánh đập|hành hung|phá cửa|cạy cửa|đập phá)",
            "đang (?:bị )?(?:đánh|giết|chém|đâm)",
            "giết người",
            "chém nhau",
            "chém người",
            "đâm người",
            "bắt cóc",
            "hiếp dâm",
            "xâm hại (?:trẻ em|tình dục)",
            "đánh bom",
            "nổ súng",
            "bị hành hung",
            "dọa giết",
            "doạ giết",
            "đuổi chém",
        ),
    ),
    (
        Alarm.MEDICAL,
        _words(
            "cấp cứu",
            "đuối nước",
            "chết đuối",
            "ngừng thở",
            "ngừng tim",
            "bất tỉnh",
            "tự tử",
            "tự sát",
            "uống thuốc độc",
            "điện giật",
            "(?:có|bị|vừa|gặp|xảy ra) tai nạn(?! (?:giảm|ít))",
        ),
    ),
    (
        Alarm.CALL,
        _words("cứu (?:tôi|với|mạng|em|con|cháu|bà|ông|chúng tôi)", "khẩn cấp(?! không)", "gọi (?:giúp )?(?:công an )?11[345]", "11[345] ơi"),
    ),
)  # fmt: skip

UNMARKED: tuple[tuple[Alarm, re.Pattern[str]], ...] = (
    (
        Alarm.FIRE,
        _words("chay nha", "nha (?:toi |em |hang xom |ben canh )?(?:dang |bi )?chay", "boc chay", "bi chay", "chay lon", "hoa hoan", "chay roi", "dam chay", "chay cho", "no binh ga"),
    ),
    (
        Alarm.CRIME,
        _words("an cuop", "cuop giat", "bi cuop", "co cuop", "cuop dang", "bi giat (?:do|tui|dien thoai)", "co (?:ke )?trom", "trom dang", "(?:vua|moi|bi) (?:bi )?mat trom", "dang (?:bi )?danh nhau", "giet nguoi", "chem nhau", "chem nguoi", "dam nguoi", "bat coc", "hiep dam"),
    ),
    (
        Alarm.MEDICAL,
        _words("cap cuu", "duoi nuoc", "chet duoi", "bat tinh", "tu tu(?= (?:roi|ne))", "dien giat", "(?:bi|co|vua bi|gap) tai nan"),
    ),
    (Alarm.CALL, _words("cuu (?:toi|voi|mang) ?(?:voi)?", "goi (?:cong an )?11[345]", "11[345] oi", "khan cap")),
)  # fmt: skip

HARMLESS_UNMARKED = _words(
    "(?:phong|chong|phong chong)[, ]+(?:chay|no|trom|cuop|giat|chua|va|,|\\s)+",
    "(?:chua|bao|phong) chay",
    "chay no",
    "(?:tinh trang|nan|te nan|toi pham|giam|het|it|khong con|khong co|hay|nhieu|tinh hinh) (?:bi )?(?:cuop giat|cuop|trom cap|trom cuop|trom)",
    "trom cap|trom cuop",
    "(?:xe|phong|khoa|so|tu thuoc) cap cuu",
)

ENGLISH: tuple[tuple[Alarm, re.Pattern[str]], ...] = (
    (Alarm.FIRE, _words("(?:house|home|building|car|shop|something|it)(?: is|'s)? on fire", "there(?: is|'s) a fire", "fire!+", "gas leak")),
    (Alarm.CRIME, _words("(?:being|am|was|been|getting|got) robbed", "robbery in progress", "(?:a|the) (?:robber|burglar|thief) is", "breaking in(?:to)?", "being (?:attacked|stabbed|beaten)", "kidnapp(?:ed|ing)", "(?:is|are) (?:killing|stabbing|fighting)")),
    (Alarm.MEDICAL, _words("(?:need|call|send) an ambulance", "is (?:drowning|unconscious|dying)", "not breathing", "heart attack")),
    (Alarm.CALL, _words("help me(?! (?:fill|with|understand|answer|choose|to))", "(?<!non-)(?<!no )(?<!an )emergency!+", "(?:this is|have|it is|it's) an emergency", "call the police")),
)  # fmt: skip

# Khmer has no spaces between words, so these are looked for anywhere. Chosen without a Khmer reader: chưa thẩm định.
KHMER: tuple[tuple[Alarm, re.Pattern[str]], ...] = (
    (Alarm.FIRE, re.compile("ភ្លើងឆេះ|ឆេះផ្ទះ|ឆេះហើយ|អគ្គិភ័យ")),
    (Alarm.CRIME, re.compile("ចោរប្លន់|ចោរលួច|គេប្លន់|កំពុងវាយ|សម្លាប់មនុស្ស|ចាប់ជំរិត")),
    (Alarm.MEDICAL, re.compile("សង្គ្រោះបន្ទាន់|លង់ទឹក|រថយន្តសង្គ្រោះ|សន្លប់")),
    (Alarm.CALL, re.compile("ជួយផង|ជួយខ្ញុំផង|អាសន្ន")),
)

ONLY_A_NUMBER = re.compile(r"\W*(?:alo\W+|sos\W*)?(?:11[345]|sos|cứu|help!+)\W*", re.IGNORECASE)


def alarm(text: str) -> Alarm | None:
    """The emergency these words speak of, or None."""
    if ONLY_A_NUMBER.fullmatch(text):
        return Alarm.CALL
    if len(text) < SHORTEST_ALARM:
        return None
    lowered = " ".join(text.lower().split())
    if lowered.isascii():
        return _first(UNMARKED, HARMLESS_UNMARKED.sub(" · ", lowered)) or _first(ENGLISH, lowered)
    peaceful = HARMLESS.sub(" · ", lowered)
    found = _first(MARKED, peaceful) or _first(KHMER, lowered)
    # Some mark everything but the word that matters: those are few words, and an unmistakable phrase among them.
    return found or _first(UNMARKED, _only_unmarked_words(peaceful))


def is_denunciation(text: str) -> bool:
    """Whether this speaks of a tố cáo, tố giác or khiếu nại: each has a form and a door of its own (Luật Tố cáo 2018, Điều 22, 25).
    An ordinary remark (góp ý), however sharp, is none."""
    lowered = " ".join(text.lower().split())
    if lowered.isascii():
        return DENUNCIATION_UNMARKED.search(lowered) is not None
    return DENUNCIATION.search(NOT_A_DENUNCIATION.sub(" · ", lowered)) is not None


SHORTEST_ALARM = 4  # “cháy”

DENUNCIATION = _words("tố cáo", "tố giác", "đơn tố(?: cáo)?", "tin báo tội phạm", "trình báo", "(?:tôi|em|chúng tôi|xin|muốn|cần|gửi|làm|nộp|đơn|viết) (?:đơn )?khiếu nại", "បណ្តឹងបរិហារ")  # fmt: skip
NOT_A_DENUNCIATION = _words(
    r"(?:không phải|không|chưa|chứ không) (?:là |muốn |phải |có )*(?:đơn )?(?:tố cáo|tố giác|khiếu nại)",
    r"(?:giải quyết|tiếp nhận|xử lý|hướng dẫn|thời hạn|quy trình|thủ tục|hòm thư|hộp thư|số điện thoại|đường dây nóng) (?:[\w,]+ ){0,3}(?:tố cáo|tố giác|khiếu nại)(?:,? (?:tố cáo|tố giác|tội phạm))*",
)
DENUNCIATION_UNMARKED = _words("(?:toi|muon|don|gui|lam|xin|can) (?:muon )?to (?:cao|giac)(?! rao)(?= |$)", "to cao (?:can bo|cong an|truong|pho|ong|ba|hanh vi)", "don khieu nai", "muon khieu nai", "(?:i )?want to (?:denounce|file a complaint|report a crime)", "denunciation")  # fmt: skip


def _first(patterns: tuple[tuple[Alarm, re.Pattern[str]], ...], text: str) -> Alarm | None:
    for kind, pattern in patterns:
        if pattern.search(text):
            return kind
    return None


def _only_unmarked_words(text: str) -> str:
    """The text with every marked word put out of reach: “chạy nhà” must not read as “chay nha”."""
    return " ".join(word if word.isascii() else "·" for word in text.split(" "))
