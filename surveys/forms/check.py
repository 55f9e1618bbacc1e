"""What an author is told about a form: what it holds, or what is wrong with it. In English, for operators."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from surveys.forms.faults import Fault, FormFaults
from surveys.forms.files import FILE
from surveys.forms.form import Form, Question
from surveys.forms.reach import unreachable

__all__ = ["report", "summary"]

SAID = 40  # faults of one file that are printed; the rest usually follow from them


def report(paths: Iterable[str | Path]) -> tuple[str, int]:
    """What there is to say about each file, and the exit code: 0 when every one of them could be published, else 1."""
    said, failed = [], False
    for path in paths:
        try:
            said.append(f"{path}\n{_indented(summary(_read(Path(path))))}")
        except FormFaults as problem:
            failed = True
            said.append(f"{path}\n{_indented(_listed(problem.faults))}")
    return "\n\n".join(said) or "no file was named", int(failed or not said)


def summary(form: Form) -> str:
    """Several lines: name, languages, questions, what feeds which criterion, what nobody can reach, what is not said in
    which language."""
    return "\n".join(_lines(form))


def _read(path: Path) -> Form:
    from surveys.forms import xlsform

    try:
        if path.stat().st_size > FILE:
            raise FormFaults([Fault("file", None, None, f"the file is larger than {FILE // 1_000_000} MB")])
        content = path.read_bytes()
    except OSError as problem:
        raise FormFaults([Fault("file", None, None, problem.strerror or "cannot be opened")]) from None
    return xlsform.read(path.name, content)


def _lines(form: Form) -> Iterator[str]:
    yield f"{form.id} {form.version}: “{form.title.get(form.language, form.id)}”"
    yield f"languages: {', '.join(_language(form, language) for language in form.languages)}"
    asked = [question for question in form.questions if question.is_asked]
    kinds = Counter(question.kind.value for question in asked)
    yield f"questions: {len(asked)} ({', '.join(f'{count} {kind}' for kind, count in kinds.items())})"
    for number, question in enumerate(asked, start=1):
        yield f"  {number:>2}. {question.name}  {_what(question)}"
    yield from _fed(asked)
    for question in unreachable(form):
        yield f"unreachable: {question.name} (row {question.row}): no answers make it appear"
    for language in form.languages[1:]:
        if missing := _without_words(form, language):
            yield f"not said in {language}: {', '.join(missing)}"
    yield f"digest: {form.digest}"


def _language(form: Form, language: str) -> str:
    return f"{language} (unreviewed)" if language in form.unreviewed else language


def _what(question: Question) -> str:
    marks = [question.kind.value]
    if question.choices:
        marks.append(f"{len(question.choices)} choices")
    if question.required:
        marks.append("required")
    if question.relevant is not None:
        marks.append(f"only if {question.relevant.text}")
    if question.role is not None:
        marks.append(question.role.value)
    if question.feeds is not None:
        marks.append(f"feeds {question.feeds}")
    return ", ".join(marks)


def _fed(asked: list[Question]) -> Iterator[str]:
    fed: dict[str, list[str]] = {}
    for question in asked:
        if question.feeds is not None:
            fed.setdefault(question.feeds, []).append(question.name)
    for criterion, names in sorted(fed.items()):
        yield f"feeds {criterion}: {', '.join(names)}"
    if not fed:
        yield "feeds no criterion"


def _without_words(form: Form, language: str) -> list[str]:
    missing = []
    for question in form.questions:
        words = [question.label, question.hint, question.constraint_message, question.required_message]
        words += [choice.label for choice in question.choices]
        if any(each and language not in each for each in words):
            missing.append(question.name)
    return missing


def _listed(faults: tuple[Fault, ...]) -> str:
    lines = [str(fault) for fault in faults[:SAID]]
    if len(faults) > SAID:
        lines.append(f"and {len(faults) - SAID} more")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return "\n".join([f"cannot be published: {count}", *lines])


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
