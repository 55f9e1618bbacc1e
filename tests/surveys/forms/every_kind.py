"""A form with every question type a chat can ask, for the tests of the conversation."""

from surveys.forms.form import Choice, Form, Kind, Question, Role
from surveys.forms.xpath import Expression

SCALE = tuple(
    Choice(name, {"vi": label, "en": english})
    for name, label, english in (
        ("5", "Rất hài lòng", "Very satisfied"),
        ("4", "Hài lòng", "Satisfied"),
        ("1", "Rất không hài lòng", "Very dissatisfied"),
        ("0", "Không ý kiến", "No opinion"),
    )
)
YES_NO = (Choice("co", {"vi": "Có", "en": "Yes"}), Choice("khong", {"vi": "Không", "en": "No"}))
THINGS = tuple(Choice(name, {"vi": name.upper()}) for name in ("a", "b", "c"))


def question(name: str, kind: Kind, **more: object) -> Question:
    return Question(name, kind, row=0, label={"vi": f"Câu {name}?", "en": f"Question {name}?"}, **more)  # type: ignore[arg-type]


EVERY_KIND = Form(
    id="every_kind",
    version="1",
    title={"vi": "Mọi loại câu hỏi"},
    languages=("vi", "en"),
    questions=(
        question("loi_chao", Kind.NOTE),
        question("hai_long", Kind.SELECT_ONE, choices=SCALE, role=Role.OVERALL),
        question("da_den", Kind.SELECT_ONE, choices=YES_NO, required=True),
        question(
            "may_lan",
            Kind.INTEGER,
            relevant=Expression("${da_den} = 'co'"),
            constraint=Expression(". < 1000"),
        ),
        question("ghi_chu", Kind.NOTE, relevant=Expression("${da_den} = 'co'")),
        question("viec", Kind.SELECT_MULTIPLE, choices=(*THINGS, SCALE[-1])),
        question("thu_tu", Kind.RANK, choices=THINGS),
        question("cho_bao_lau", Kind.DECIMAL),
        question("thang_diem", Kind.RANGE, span=("0", "10", "1")),
        question("thang_dai", Kind.RANGE, span=("0", "100", "5")),
        question("ngay", Kind.DATE),
        question("gio", Kind.TIME),
        question("o_dau", Kind.GEOPOINT),
        question("anh", Kind.IMAGE),
        question("da_ro", Kind.ACKNOWLEDGE),
        question("tinh", Kind.CALCULATE, calculation=Expression("${may_lan} + 1")),
        question("xao", Kind.SELECT_ONE, choices=(*THINGS, SCALE[-1]), randomize=True),
        question("gop_y", Kind.TEXT, role=Role.COMMENT),
    ),
    digest="0" * 64,
)
