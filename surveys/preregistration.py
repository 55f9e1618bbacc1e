"""What is fixed before anybody answers, as documents: on which terms, with which weights, by which formulas. Their digests
stand in the ledger from the opening on, so that nobody can choose how to count after seeing what was said."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from surveys import disclosure, documents, results, statistics
from surveys.disclosure import Node
from surveys.documents import NotCanonical
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.forms.session import Mode
from surveys.records import Sealed, WaveOpened
from surveys.releases import Terms
from surveys.releasing import FORMULAS, RATINGS_SINCE, SCALE_TREE
from surveys.statistics import Plan, Stratum

__all__ = [
    "KNOWN",
    "BadTerms",
    "formulas_document",
    "formulas_in",
    "opened",
    "sealed",
    "terms_document",
    "terms_from",
    "weights_document",
]

NOBODY_DRAWN = "none"
KNOWN = (FORMULAS, 2)
"""Versions by which this program still counts, the newest first."""


class BadTerms(ValueError):
    """These are not the terms of a wave."""


class BadWeights(ValueError):
    """These are not weights as this program knows them."""


def terms_document(terms: Terms) -> str:
    """Canonical JSON."""
    return documents.written(
        {
            "audience": terms.audience,
            "k": terms.k,
            "minimum": terms.minimum,
            "provinces": {
                code: [name, list(units)] for code, (name, units) in sorted(terms.provinces.items())
            },
            "slug": terms.slug,
            "threshold": terms.threshold,
            "title": terms.title,
            "units": {code: list(unit) for code, unit in sorted(terms.units.items())},
        }
    )


def terms_from(text: str) -> Terms:
    """Raises BadTerms."""
    try:
        body = documents.read(text)
        units = {code: (name, invited) for code, (name, invited) in body["units"].items()}
        terms = Terms(
            body["slug"],
            body["title"],
            body["audience"],
            body["k"],
            body["threshold"],
            units,
            body["minimum"],
            {code: (name, tuple(members)) for code, (name, members) in body["provinces"].items()},
        )
    except (NotCanonical, KeyError, TypeError, ValueError, AttributeError):
        raise BadTerms("These are not the terms of a wave.") from None
    if terms_document(terms) != text or not _are_sound(terms):
        raise BadTerms("These are not the terms of a wave.")
    return terms


def _are_sound(terms: Terms) -> bool:
    texts = (terms.slug, terms.title, terms.audience, *(name for name, _ in terms.units.values()))
    numbers = (terms.k, terms.minimum, *(each for _, each in terms.units.values() if each is not None))
    lying = [unit for _, members in terms.provinces.values() for unit in members]
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(name, str) for name, _ in terms.provinces.values())
        and (not lying or sorted(lying) == sorted(terms.units))
        and not terms.provinces.keys() & terms.units.keys()
        and all(type(number) is int and number >= 0 for number in numbers)
        and (terms.threshold is None or isinstance(terms.threshold, str))
    )


def weights_document(plans: Iterable[Plan] = (), version: int = FORMULAS) -> str:
    """Canonical JSON: what a ballot of each stream counts in the score, and the plans by which units are weighted beside it. A mode
    that is named here weighs what stands there, whichever its stream."""
    streams = {stream.value: "1" if stream in results.SCORED else "0" for stream in Stream}
    modes = {"modes": {Mode.ZBS.value: "0"}} if version >= RATINGS_SINCE else {}
    return documents.written(
        {**modes, "plans": {plan.unit: _plan(plan) for plan in plans}, "streams": streams}
    )


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "cap": str(plan.cap),
        "minimum": plan.minimum,
        "question": plan.question,
        "source": plan.source,
        "strata": [[stratum.name, stratum.population, stratum.joins] for stratum in plan.strata],
    }


def plans_from(text: str) -> tuple[Plan, ...]:
    """The plans of a weights document, which weighs streams as this program does. Raises BadWeights."""
    try:
        body = documents.read(text)
        plans = tuple(
            Plan(
                unit,
                each["question"],
                tuple(Stratum(*stratum) for stratum in each["strata"]),
                each["source"],
                Fraction(each["cap"]),
                each["minimum"],
            )
            for unit, each in body["plans"].items()
        )
        same = any(weights_document(plans, version) == text for version in KNOWN)
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        same = False
    if not same:
        raise BadWeights("These are not weights as this program knows them.")
    return plans


def formulas_in(text: str) -> int | None:
    """Which version of the formulas a document holds; None for one by which this program does not count."""
    return next((version for version in KNOWN if formulas_document(version) == text), None)


def formulas_document(version: int = FORMULAS) -> str:
    """Canonical JSON: how this program counts, with the numbers it counts by."""
    body = {
        **(RATINGS if version >= RATINGS_SINCE else {}),
        "version": version,
        "commitment": "SHA-256 of langnghe/ballot/1, a zero byte, the salt and the ballot with its wave as canonical JSON",
        "receipts": "apart from ballots and in no order of theirs: sorted, one a line, SHA-256 over all lines",
        "tree": "RFC 6962 over commitments in their places; the leaf of nothing where one was withdrawn",
        "statistics": dict(statistics.FORMULAS),
        "index": {"of": results.SATISFIED, "among": results.SCALE},
        "top": {"of": results.TOP, "among": results.SCALE},
        "lowest_two": {"of": results.LOWEST_TWO, "among": results.SCALE},
        "interval": {"of": "Wilson 1927, 95 %", "z_squared": str(results.Z_SQUARED)},
        "grade": "the half-width of that interval at 50 %: A up to 5 points, B up to 10, C above; A only from half of the invited on",
        "invited": "persons; in a wave of visits the tokens issued",
        "suppression": {
            "of": "a group is split in two while both parts hold k; a total only where it tells no more than the rows",
            "beside": "streams and modes, or with and without what is flagged or left out: split off while every part holds k",
            "leading": "a question that leads to others is shown where that side of it can be told apart",
            "services": "over the wards of a province's total, instead of ward by ward",
            "weighted": "where each of its groups holds k on either side; rounded to 0.1 %",
            "floor": disclosure.FLOOR_K,
            "nearly_all_percent": disclosure.NEARLY_ALL,
            "scale": _tree(SCALE_TREE),
        },
        "verdict": "met when the whole interval reaches the threshold, not met when all of it is below; unrounded",
    }
    return documents.written(body)


RATINGS = {
    "ratings": "ballots of the mode zbs, in waves of visits: not anonymous, so in tables of their own, suppressed like the others, "
    "and in no index, total, stream, mode, service, weight, verdict or flag"
}


def _tree(node: Node) -> Any:
    if node.first is None or node.second is None:
        return list(node.answers)
    return [_tree(node.first), _tree(node.second)]


def opened(
    form: Form,
    terms: Terms,
    *,
    seed: str = NOBODY_DRAWN,
    plans: Iterable[Plan] = (),
    version: int = FORMULAS,
) -> WaveOpened:
    """What the ledger says when a wave opens. `seed` is what its sample was drawn with."""
    return WaveOpened(wave=terms.slug, **_fixed(form, terms, plans, version), seed=seed)


def sealed(
    form: Form,
    terms: Terms,
    criteria: str,
    *,
    root: bytes,
    receipts: str,
    plans: Iterable[Plan] = (),
    version: int = FORMULAS,
) -> Sealed:
    """What the ledger says when a wave is sealed. `criteria` is the text of the criteria set's file, `receipts` what
    `ballot_box.ReceiptsDigest` gives over the receipts of all ballots that are not blank, `version` that of the opening."""
    fixed = _fixed(form, terms, plans, version)
    criteria = documents.fingerprint(criteria)
    return Sealed(wave=terms.slug, root=root.hex(), receipts=receipts, criteria=criteria, **fixed)


def _fixed(form: Form, terms: Terms, plans: Iterable[Plan], version: int) -> dict[str, str]:
    return {
        "form": form.digest,
        "terms": documents.fingerprint(terms_document(terms)),
        "weights": documents.fingerprint(weights_document(plans, version)),
        "formulas": documents.fingerprint(formulas_document(version)),
    }
