"""Evidence and terms as plain values, and back: what frozen cards and the records are written with. It judges nothing.

Whatever does not fit raises ValueError, TypeError, KeyError or AttributeError; who reads says what that means.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from surveys.assessment import Seen
from surveys.canonical import read_moment
from surveys.results import Proportion
from surveys.scorecard.criteria import Basis, Threshold
from surveys.scorecard.evidence import Document, Entered, ReleaseRef, Signature, SurveyFed, Value
from surveys.scorecard.judging import Terms
from surveys.scorecard.records import Records

__all__ = ["document_in", "entered_in", "records_in", "terms_in", "terms_out", "threshold_out"]


def threshold_out(threshold: Threshold | None) -> list[Fraction | None] | None:
    return None if threshold is None else [threshold.at_least, threshold.at_most]


def terms_out(terms: Terms) -> dict[str, object]:
    return {
        "minimum": terms.minimum,
        "thresholds": {id: threshold_out(each) for id, each in terms.thresholds.items()},
    }


def terms_in(terms: Mapping[str, Any]) -> Terms:
    bounds = {id: (at_least, at_most) for id, (at_least, at_most) in terms["thresholds"].items()}
    return Terms(
        terms["minimum"],
        {id: Threshold(_fraction_in(low), _fraction_in(high)) for id, (low, high) in bounds.items()},
    )


def records_in(evidence: Mapping[str, Any]) -> Records:
    signed = [(entered_in(entered), officer, read_moment(at)) for entered, officer, at in evidence["signed"]]
    return Records(
        entered=(*(entered for entered, _, _ in signed), *map(entered_in, evidence["unsigned"])),
        signatures=tuple(Signature(entered.digest, officer, at) for entered, officer, at in signed),
        surveys=tuple(map(_survey_in, evidence["surveys"])),
    )


def entered_in(plain: Mapping[str, Any]) -> Entered:
    return Entered(
        id=plain["id"],
        criterion=plain["criterion"],
        unit=plain["unit"],
        year=plain["year"],
        value=_value_in(plain["value"]),
        document=document_in(plain["document"]),
        officer=plain["officer"],
        entered_at=read_moment(plain["entered_at"]),
        basis=Basis(plain["basis"]),
        note=plain["note"],
    )


def document_in(plain: Sequence[Any]) -> Document:
    number, issued_on, title, digest = plain
    return Document(number, date.fromisoformat(issued_on), title, digest)


def _fraction_in(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _value_in(plain: bool | int | list[int] | None) -> Value:
    return Proportion(*plain) if isinstance(plain, list) else plain


def _survey_in(plain: Mapping[str, Any]) -> SurveyFed:
    wave, unit, digest, released_at = plain["release"]
    return SurveyFed(
        criterion=plain["criterion"],
        unit=plain["unit"],
        year=plain["year"],
        release=ReleaseRef(wave, unit, digest, read_moment(released_at)),
        audience=plain["audience"],
        question=plain["question"],
        n=plain["n"],
        seen=None if plain["seen"] is None else Seen(*(Proportion(*ends) for ends in plain["seen"])),
    )
