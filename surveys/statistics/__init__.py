"""What may be concluded from counts: intervals of differences, orderings, weights, shrinkage, trends, response. Pure,
standard library only; it knows neither wards nor criteria. Every formula names its source where it stands."""

from collections.abc import Mapping
from types import MappingProxyType

from surveys.canonical import digest
from surveys.statistics.ordering import Ordering, order, pairs
from surveys.statistics.proportions import HAIR, Difference, Estimate, Order, critical, difference
from surveys.statistics.response import Dispositions, Reliability, reliability
from surveys.statistics.shrinkage import Prior, Shrunk, TooFewWards, shrink
from surveys.statistics.trends import Chart, Point, laney_chart, p_chart
from surveys.statistics.weighting import (
    CannotWeight,
    Cell,
    NotRegistered,
    Plan,
    Stratum,
    Weighted,
    Weights,
    checked,
    plans_digest,
    weigh,
)

__all__ = [
    "FORMULAS",
    "HAIR",
    "CannotWeight",
    "Cell",
    "Chart",
    "Difference",
    "Dispositions",
    "Estimate",
    "NotRegistered",
    "Order",
    "Ordering",
    "Plan",
    "Point",
    "Prior",
    "Reliability",
    "Shrunk",
    "Stratum",
    "TooFewWards",
    "Weighted",
    "Weights",
    "checked",
    "critical",
    "difference",
    "formulas_digest",
    "laney_chart",
    "order",
    "p_chart",
    "pairs",
    "plans_digest",
    "reliability",
    "shrink",
    "weigh",
]

FORMULAS: Mapping[str, str] = MappingProxyType(
    {
        "index": "(n5 + n4) / (n5 + n4 + n3 + n2 + n1); Không ý kiến is in neither",
        "interval": "Wilson 1927, 95 %, z = 1.959963984540054",
        "difference": "Newcombe 1998, method 10 (hybrid score), 95 % a pair",
        "order": "a above b iff the interval of a − b lies above zero; a band breaks only where all before are above all after",
        "weights": "post-stratification, capped, the excess shared out in proportion",
        "design effect": "Kish 1992: n Σw² / (Σw)²",
        "shrinkage": "beta-binomial, Kleinman 1973 moments; beside the raw share, in no verdict",
        "trend": "p-chart (Shewhart 1931) and p′ chart (Laney 2002), 3 sigma",
        "response": "AAPOR RR1 (2023), persons invited",
        "reliability": "widest 95 % half-width: A ≤ 5, B ≤ 10, C > 10 points; A only from half of the invited on",
    }
)
"""How figures are made, in the words that go into the ledger when a wave opens. Change a formula, change its words."""


def formulas_digest() -> str:
    return digest("formulas", FORMULAS)
