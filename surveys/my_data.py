"""What we hold about one person, as a document for that person. Pure."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from surveys.forms.form import Form, Kind, Question
from surveys.forms.session import Session
from surveys.running import Running, local

__all__ = ["FILE_NAME", "document"]

FILE_NAME = "du-lieu-cua-toi.json"


def document(
    held: Iterable[tuple[Running, Session]],
    contact: Mapping[str, Any] | None,
    now: datetime,
    *,
    wishes: Iterable[str] = (),
) -> bytes:
    """UTF-8 JSON: every answer with its question in the person's language, the consent to notices, and of which surveys they want to be
    asked later or not at all, in a line each."""
    body = {
        "made_at": local(now).isoformat(timespec="minutes"),
        "surveys": [_survey(wave, session) for wave, session in held],
        "notices": contact,
        "wishes": list(wishes),
        "sealed": "Phiếu đã niêm phong không còn gắn với ai, nên không có ở đây. / Sealed ballots belong to nobody and cannot be here.",
    }
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def _survey(wave: Running, session: Session) -> dict[str, Any]:
    form = wave.form
    return {
        "wave": wave.slug,
        "title": wave.title,
        "unit": session.unit,
        "stream": session.stream,
        "mode": session.mode,
        "language": session.language,
        "receipt": session.receipt,
        "withdrawal_until": wave.withdrawal_until.isoformat(),
        "answers": [
            _answer(form, form.by_name[name], value, session.language)
            for name, value in session.answers
            if name in form.by_name and form.by_name[name].kind is not Kind.NOTE
        ],
        "waiting_text": session.held,
    }


def _answer(form: Form, question: Question, value: str | None, language: str) -> dict[str, Any]:
    labels = {choice.name: choice.label for choice in question.choices}
    shown = [labels[name].get(language, name) for name in (value or "").split() if name in labels]
    answer: dict[str, Any] = {
        "question": question.label.get(language) or question.label.get(form.language) or question.name,
        "value": value,
    }
    if shown:
        answer["label"] = ", ".join(shown)
    return answer
