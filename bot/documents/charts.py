"""A picture of released shares with their intervals, for a chat or a page: which wards can be told apart, and which cannot.

A ward whose figure may not be shown has a name and no mark, like one that nobody answered in.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from bot.documents.pdf import picture
from surveys.figures import NOTHING, NUMBER_SPACE, percent, span, trimmed_percent, whole
from surveys.releases import ReleasedWard
from surveys.report import printable, say

__all__ = ["intervals"]

LONGEST_NAME = 40


def intervals(
    wards: Sequence[ReleasedWard], *, format: Literal["png", "svg"] = "png", ppi: float = 144
) -> bytes:
    """One wave, its wards by code. Raises ValueError without wards, or with those of several waves."""
    if len({ward.wave.slug for ward in wards}) != 1:
        raise ValueError("A picture shows the wards of one wave.")
    wave = wards[0].wave
    data = {
        "title": printable(wave.title),
        "note": say("chart", "note"),
        "threshold": None if wave.threshold is None else _threshold(wave.threshold),
        "wards": [_ward(ward) for ward in sorted(wards, key=lambda ward: ward.unit)],
    }
    return picture("intervals", data, format, ppi)


def _ward(ward: ReleasedWard) -> dict[str, object]:
    name, figure, bound = printable(ward.unit_name)[:LONGEST_NAME], ward.index.figure, ward.index.bound
    if figure is not None:
        interval = figure.interval
        counts = f"{whole(figure.numerator)}/{whole(figure.denominator)}"
        text = f"{percent(figure.share)} ({span(interval)}) · {counts}"
        return {
            "name": name,
            "at": float(figure.share),
            "from": interval.low,
            "to": interval.high,
            "text": text,
        }
    if bound is not None and ward.answered is not None:
        share = trimmed_percent(Fraction(bound.percent, 100))
        return {
            "name": name,
            "at": None,
            "text": f"{bound.side.value}{NUMBER_SPACE}{share} · {whole(ward.answered)}",
        }
    return {"name": name, "at": None, "text": NOTHING}


def _threshold(threshold: Decimal) -> dict[str, object]:
    share = Fraction(threshold)
    return {"at": float(share), "text": say("chart", "threshold", share=trimmed_percent(share))}
