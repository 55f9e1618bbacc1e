"""Small forms to count with."""

from surveys.forms.form import Choice, Form, Kind, Question, Role

SCALE = tuple(Choice(step, {"vi": f"Mức {step}"}) for step in "543210")


def scale(name: str, role: Role = Role.SATISFACTION, feeds: str | None = None) -> Question:
    return Question(name, Kind.SELECT_ONE, 2, label={"vi": name}, choices=SCALE, role=role, feeds=feeds)


def choice(
    name: str, *names: str, kind: Kind = Kind.SELECT_ONE, role: Role | None = None, or_other: bool = False
) -> Question:
    choices = tuple(Choice(each, {"vi": each}) for each in names)
    return Question(name, kind, 3, label={"vi": name}, choices=choices, role=role, or_other=or_other)


def written(name: str, kind: Kind = Kind.TEXT, role: Role | None = None) -> Question:
    return Question(name, kind, 4, label={"vi": name}, role=role)


def form(*questions: Question) -> Form:
    return Form("thu", "1", {"vi": "Phiếu thử"}, ("vi",), questions, "0" * 64)


YEARLY = form(
    scale("chung", Role.OVERALL, feeds="S1:L96"),
    choice("niem_yet", "co", "khong", "0", role=Role.POSTED),
    choice("viec", "cu_tru", "can_cuoc", kind=Kind.SELECT_MULTIPLE, or_other=True),
    written("gop_y", role=Role.COMMENT),
)
