"""The demo's scorecards of last year: enough evidence that every verdict is to be seen, one card frozen, one appeal against it.

The deeds are real, by two persons each; the papers are examples and say so in their numbers.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from handlers.scorecards import Scorecards
from surveys.results import Proportion
from surveys.scorecard import Document
from surveys.scorecard.evidence import Value

__all__ = ["put_on_record"]

SET = "qd1578"
EXAMPLE = "Văn bản ví dụ của bản dùng thử"
ENTERS, SIGNS = "Nguyễn Văn An (ví dụ)", "Trần Thị Bình (ví dụ)"
FREEZES, SIGNS_TOO = "Lê Văn Chính (ví dụ)", "Phạm Thị Dung (ví dụ)"

EVIDENCE: Mapping[str, Sequence[Value]] = {
    # Criterion → what is entered of each ward, in the demo's order; fewer values than wards leave the last ones open.
    "R1.1": (True, True, True, False, True),
    "R1.3": (True, False, True, True),
    "R2.4": (Proportion(24, 24), Proportion(18, 18), Proportion(15, 16), Proportion(12, 12)),
    "R4.1": (0, 0, 1, 0, 2),
    "T2.3": (14, 11, 10, 8, 9),
    "T7.4": (True, True, False, True),
}
DOSSIERS = ((4210, 512, 11), (2980, 297, 8), (1875, 203, 25), (1402, 96, 2), (1660, 166, 0))
"""Resolved, early, late: a tenth early is reached, missed by one dossier, or reached exactly."""


async def put_on_record(cards: Scorecards, wards: Sequence[str], year: int, today: date) -> None:
    """`today`: the day on which it is all entered; the year's survey is released by then."""
    issued = today - timedelta(days=1)
    await cards.set_terms(
        SET,
        year,
        {"R7.1": Fraction(9, 10)},
        by=FREEZES,
        source=f"VD-01/KH: {EXAMPLE} (mức 90 % của QĐ 04/2022/QĐ-TTg)",
    )
    paper = Document(f"VD-{today.year}/BC", issued, EXAMPLE)
    for criterion, values in EVIDENCE.items():
        for ward, value in zip(wards, values, strict=False):
            entered = await cards.enter(SET, ward, year, criterion, value, document=paper, by=ENTERS)
            await cards.countersign(entered.id, by=SIGNS)
    rows = [
        f"{ward},{year}-12,{resolved},{early},{late}"
        for ward, (resolved, early, late) in zip(wards, DOSSIERS, strict=False)
    ]
    register = "\n".join(("Mã đơn vị,Tháng,Đã giải quyết,Trước hạn,Trễ hạn", *rows)).encode()
    for entered in await cards.import_register("so-ho-so.csv", register, year, document=paper, by=ENTERS):
        await cards.countersign(entered.id, by=SIGNS)
    # One that still waits for its second person.
    await cards.enter(SET, wards[1], year, "R1.2", True, document=paper, by=ENTERS)
    await cards.freeze(SET, wards[0], year, by=FREEZES, countersigned_by=SIGNS_TOO)
    await cards.appeal(
        SET,
        wards[0],
        year,
        "R7.1",
        by="Trưởng Công an phường (ví dụ)",
        reason="Đề nghị xem lại: phường đã niêm yết bổ sung từ quý IV (ví dụ).",
    )
