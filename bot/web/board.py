"""Released wards, put together as the page shows them: the latest wave first, its wards by name. It computes no figure."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from surveys.forms.form import Role
from surveys.releases import QuestionTable, ReleasedWard, ReleasedWave

__all__ = ["Board", "boards", "on_the_scale", "open_headline", "the_others"]


@dataclass(frozen=True, slots=True)
class Board:
    """One released wave and its wards."""

    wave: ReleasedWave
    wards: tuple[ReleasedWard, ...]


def boards(released: Iterable[ReleasedWard]) -> tuple[Board, ...]:
    """The waves in the order they come, the latest first."""
    waves: dict[str, list[ReleasedWard]] = {}
    for ward in released:
        waves.setdefault(ward.wave.slug, []).append(ward)
    return tuple(
        Board(wards[0].wave, tuple(sorted(wards, key=lambda ward: _alphabetical(ward.unit_name))))
        for wards in waves.values()
    )


def on_the_scale(ward: ReleasedWard) -> tuple[QuestionTable, ...]:
    return tuple(table for table in ward.questions if table.index is not None)


def the_others(ward: ReleasedWard) -> tuple[QuestionTable, ...]:
    return tuple(table for table in ward.questions if table.index is None)


def open_headline(ward: ReleasedWard) -> QuestionTable | None:
    """Overall satisfaction as the open stream has it: beside the score, never in it."""
    scales = [table for table in ward.open_questions if table.index is not None]
    overall = [table for table in scales if table.role == Role.OVERALL]
    return next(iter(overall or scales), None)


def _alphabetical(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
