"""From evidence to a scorecard (bảng điểm): criteria as published, evidence with its origin, verdicts, and what is frozen of
them. Pure; it knows no database, no page and no officer by name.

criteria, reading, framework   what is asked: sets as data, refused with row and reason
evidence, records, dossiers    what is known: fed by releases, entered and countersigned, computed from the register
judging, card                  what follows: verdicts by criterion, group and overall; what-if
freezing, appeal               what is put on record, and how it may be contested
baseline, roadmap, restating   what it is held against
"""

from surveys.scorecard.appeal import Appeal, Decision, Outcome, appeal_against, decide, superseding
from surveys.scorecard.baseline import Baseline, Cell, baseline_2023
from surveys.scorecard.card import NotInForce, Scorecard, WhatIf, score, what_if
from surveys.scorecard.criteria import CriteriaSet, Criterion, Measure, PassRule, Threshold
from surveys.scorecard.dossiers import Register, entries, read_register
from surveys.scorecard.evidence import (
    Document,
    Entered,
    NotFitting,
    NotYet,
    ReleaseRef,
    SamePerson,
    Signature,
    SurveyFed,
    Withdrawal,
    countersign,
    enter,
    withdraw,
)
from surveys.scorecard.faults import Fault, Faults
from surveys.scorecard.framework import import_framework, template
from surveys.scorecard.freezing import DoesNotFollow, Frozen, Supersedes, freeze, recompute
from surveys.scorecard.judging import FixedBySource, Line, Terms, judge
from surveys.scorecard.reading import load_set, read_set
from surveys.scorecard.records import Records, Standing, fed_by_release
from surveys.scorecard.restating import Restated, restate, restate_baseline
from surveys.scorecard.roadmap import Roadmap, State, Step, against, load_roadmaps

__all__ = [
    "Appeal",
    "Baseline",
    "Cell",
    "CriteriaSet",
    "Criterion",
    "Decision",
    "Document",
    "DoesNotFollow",
    "Entered",
    "Fault",
    "Faults",
    "FixedBySource",
    "Frozen",
    "Line",
    "Measure",
    "NotFitting",
    "NotInForce",
    "NotYet",
    "Outcome",
    "PassRule",
    "Records",
    "Register",
    "ReleaseRef",
    "Restated",
    "Roadmap",
    "SamePerson",
    "Scorecard",
    "Signature",
    "Standing",
    "State",
    "Step",
    "Supersedes",
    "SurveyFed",
    "Terms",
    "Threshold",
    "WhatIf",
    "Withdrawal",
    "against",
    "appeal_against",
    "baseline_2023",
    "countersign",
    "decide",
    "enter",
    "entries",
    "fed_by_release",
    "freeze",
    "import_framework",
    "judge",
    "load_roadmaps",
    "load_set",
    "read_register",
    "read_set",
    "recompute",
    "restate",
    "restate_baseline",
    "score",
    "superseding",
    "template",
    "what_if",
    "withdraw",
]
