"""A released wave as the page gets it, with every kind of cell there is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import NormalDist

from bot.web.board import Board, Chip, Figure, Row, Ward

WARDS = {
    "29512": ("Công an phường Duyên Hải", 88, 104, 1310),
    "29398": ("Công an phường Hòa Thuận", 71, 92, 988),
    "29263": ("Công an phường Long Đức", 210, 230, 1904),
    "29254": ("Công an phường Nguyệt Hóa", 97, 100, 1120),
    "29242": ("Công an phường Trà Vinh", 301, 340, 2417),
    "29516": ("Công an phường Trường Long Hòa", 0, 0, 402),
}
QUESTIONS = (
    "Tinh thần trách nhiệm của cán bộ, chiến sĩ",
    "Thái độ, văn hóa giao tiếp",
    "Công an phường có mặt kịp thời khi ông/bà cần",
    "Niêm yết công khai thủ tục tại trụ sở",
    "Cảm nhận an toàn tại nơi ông/bà ở",
)


def figure(numerator: int, denominator: int) -> Figure:
    z = NormalDist().inv_cdf(0.975)
    share = numerator / denominator
    middle = (share + z * z / (2 * denominator)) / (1 + z * z / denominator)
    half = (
        z
        / (1 + z * z / denominator)
        * ((share * (1 - share) / denominator + z * z / (4 * denominator * denominator)) ** 0.5)
    )
    return Figure(numerator, denominator, middle - half, middle + half)


def words(text: str) -> dict[str, str]:
    return {"vi": text}


def ward(code: str) -> Ward:
    name, satisfied, valid, invited = WARDS[code]
    if not valid:
        empty = Row(words(""))
        return Ward(
            code, name, empty, empty, empty, invited, None, None,
            rows=tuple(Row(words(question)) for question in QUESTIONS),
            chips=(
                Chip(
                    "chua_du_phieu",
                    words("Hằng năm tổ chức hội nghị lắng nghe hoặc lấy phiếu điều tra xã hội (S1:L96)"),
                    words(""),
                ),
            ),
            open_stream=(),
        )  # fmt: skip
    return Ward(
        code=code,
        name=name,
        index=Row(words("Hài lòng chung"), figure(satisfied, valid)),
        top=Row(words("Rất hài lòng"), figure(satisfied // 2, valid)),
        bottom=Row(words("Hai mức thấp"), figure(max(1, (valid - satisfied) // 3), valid)),
        invited=invited,
        answered=valid + 3,
        grade=None,
        rows=(
            *(
                Row(words(question), figure(satisfied - i, valid))
                for i, question in enumerate(QUESTIONS[:-2])
            ),
            Row(words(QUESTIONS[-2]), bound="≥ 90 %"),
            Row(words(QUESTIONS[-1])),
        ),
        chips=(
            Chip(
                "dat",
                words("Hằng năm tổ chức hội nghị lắng nghe hoặc lấy phiếu điều tra xã hội (S1:L96)"),
                words(""),
            ),
            Chip(
                "chua_dat"
                if satisfied / valid < 0.8
                else "dat"
                if satisfied / valid > 0.95
                else "chua_du_phieu",
                words("Ngưỡng hài lòng 90 % do tỉnh đặt"),
                words("khoảng tin cậy chứa ngưỡng" if 0.8 < satisfied / valid < 0.95 else ""),
            ),
        ),
        open_stream=(Row(words("Hài lòng chung"), figure(31, 40)),),
    )


def boards() -> Sequence[Board]:
    return (
        Board(
            slug="nam-2026",
            title={
                "vi": "Công an lắng nghe ý kiến của Nhân dân, năm 2026",
                "en": "The police listen to what people say, 2026",
            },
            released_at=datetime(2026, 12, 17, 18, 30, tzinfo=UTC),
            k=10,
            threshold=0.9,
            wards=tuple(ward(code) for code in WARDS),
        ),
    )
