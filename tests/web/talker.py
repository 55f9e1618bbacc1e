"""A small stand-in for the residents' use case: a greeting, four questions, a receipt. It keeps what was answered by person,
so that a test can ask; the real one must not be able to."""

from dataclasses import dataclass, field

from storage.database import Unavailable
from surveys.conversation import Incoming, Option, Reply, Say

GREETING = (
    "Xin chào ông/bà. Đây là trợ lý tự động “Lắng Nghe” của Công an phường Long Đức.\n"
    "Ông/bà vừa đến làm việc tại trụ sở? Xin cho biết cảm nhận, khoảng 1 phút.\n\n"
    "🔒 Ý kiến không gắn với tên hay số điện thoại của ông/bà.\n"
    "Công an phường chỉ xem được kết quả chung khi có từ 10 người trở lên.\n"
    "Ông/bà có thể sửa hoặc rút lại đến hết 30/11; sau đó không ai tìm lại được, kể cả chúng tôi."
)
SCALE = ("Rất hài lòng", "Hài lòng", "Bình thường", "Không hài lòng", "Rất không hài lòng", "Không ý kiến")
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (GREETING, ("Đồng ý, bắt đầu", "Để tối nay", "Không tham gia")),
    ("1/4  Ông/bà làm thủ tục gì?", ("Cư trú", "Căn cước", "Định danh VNeID", "Đăng ký xe", "Việc khác")),
    (
        "2/4  Kết quả được trả thế nào so với giấy hẹn?",
        ("Trước hạn", "Đúng hạn", "Trễ hạn", "Chưa có kết quả"),
    ),
    ("3/4  Thái độ của cán bộ tiếp ông/bà?", SCALE),
    (
        "4/4  Điều gì Công an phường nên làm tốt hơn? (không bắt buộc; xin đừng ghi tên, số điện thoại, biển số)",
        ("Bỏ qua", "Quay lại"),
    ),
)
THANKS = (
    "Xin cảm ơn. Mã biên nhận: K7QF-3M2X-9TWA-5H8C\n"
    "Sau ngày 7/12 ông/bà gõ /kiemtra kèm mã này để biết phiếu đã được tính. "
    "Mã không cho biết ông/bà đã trả lời gì."
)
EMERGENCY = "🚨 Xin gọi ngay 113. Cháy: 114. Cấp cứu: 115.\nTrợ lý này không tiếp nhận tin báo khẩn cấp."


@dataclass
class Person:
    place: int = 0
    answers: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


class Talker:
    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.heard: list[Incoming] = []
        self.is_away = False

    async def accept(self, incoming: Incoming, /) -> Reply:
        if self.is_away:
            raise Unavailable("the database is away")
        self.heard.append(incoming)
        person = self.people.setdefault(incoming.sender.id, Person())
        if incoming.key in person.keys or incoming.start is not None:
            return self.asked(person)
        person.keys.add(incoming.key)
        if "cháy" in incoming.text:
            return Reply((Say(EMERGENCY, (Option("Tôi không có việc khẩn cấp, tiếp tục", "calm"),)),))
        if "dữ liệu" in incoming.text:
            return Reply((Say("Dữ liệu của ông/bà.", file=("du-lieu.json", b'{"answers": []}')),))
        answer = self.answer(person, incoming)
        if answer is None:
            return self.asked(person)
        stamp = f"{person.place}/4  Đã ghi." if person.place else None
        person.answers.append(answer)
        person.place += 1
        return Reply(self.asked(person).messages, stamp)

    def answer(self, person: Person, incoming: Incoming) -> str | None:
        if person.place == len(STEPS):
            return None
        _, labels = STEPS[person.place]
        place, _, number = (incoming.tap or "").partition(":")
        if incoming.tap is not None:
            return labels[int(number)] if place == str(person.place) else None
        if incoming.text.isdecimal() and 1 <= int(incoming.text) <= len(labels):
            return labels[int(incoming.text) - 1]
        return incoming.text if person.place == len(STEPS) - 1 else None

    def asked(self, person: Person) -> Reply:
        if person.place == len(STEPS):
            return Reply((Say(THANKS, (Option("Xem lại và sửa", "review"), Option("Việc khác", "menu"))),))
        text, labels = STEPS[person.place]
        options = tuple(
            Option(label, f"{person.place}:{number}", 0 if label == "Không ý kiến" else None)
            for number, label in enumerate(labels)
        )
        return Reply((Say(text, options),))
