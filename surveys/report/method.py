"""How a report's figures were counted, what is not shown, and how to check it."""

from collections.abc import Iterable

from surveys import statistics
from surveys.figures import NOTHING, whole
from surveys.report.values import Part, Sources
from surveys.report.words import say
from surveys.report.writing import threshold_text


def method(sources: Sources) -> Part:
    criteria, ledger = sources.criteria, sources.ledger
    minima = sorted({card.terms.minimum for card in sources.cards.values()})
    minimum = "–".join(dict.fromkeys(map(str, (minima or [sources.k])[:: max(1, len(minima) - 1)])))
    lines = [
        *(say("method", key) for key in ("index", "streams", "ratings", "interval", "exact")),
        say("method", "suppressed", k=sources.k, nothing=NOTHING),
        say("method", "too_few", minimum=minimum),
        *(say("method", key) for key in ("no_basis", "group", "dossiers", "order")),
        *_own_thresholds(sources),
        say("method", "criteria_digest", id=criteria.id, digest=criteria.digest),
        say("method", "formulas_digest", digest=statistics.formulas_digest()),
    ]
    if ledger is None:
        lines.append(say("method", "no_ledger"))
    else:
        lines.append(say("method", "ledger", name=ledger.name, size=whole(ledger.size), root=ledger.root))
        lines.append(say("method", "key", fingerprint=ledger.fingerprint))
    lines.append(say("method", "verify"))
    return Part(say("part", "method"), tuple(lines))


def _own_thresholds(sources: Sources) -> Iterable[str]:
    """Thresholds that no source has and somebody chose."""
    terms = [card.terms.thresholds for _, card in sorted(sources.cards.items())]
    if any(each != terms[0] for each in terms):
        yield say("method", "several_terms")
        return
    for id, threshold in sorted(terms[0].items()) if terms else ():
        shown = threshold_text(threshold, sources.criteria.criterion(id))
        yield say("method", "threshold", criterion=id, threshold=shown)
