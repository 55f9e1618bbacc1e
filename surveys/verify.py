"""Whether a wave's published figures follow from its sealed ballots: checked from the auditors' package alone, by whoever holds it.

From the package and the published key it works out again, and compares: every commitment, the root over all leaves, the list of
receipts, the chain and signatures of the ledger, what was fixed before opening, the counts, what is left out and what is
suppressed, and each verdict; by the same pure functions that made them. It stops at the first thing that does not follow and
says which.

What it takes on trust: the key, which must come from elsewhere than the package (compare its fingerprint), and this program.
Whoever signs with another key is found. Whoever *owns* the key can write a whole other history, every root and signature in
order; nothing inside a package can show that. It shows when somebody outside kept an earlier head (`surveys.heads`): hand it in
as `witnesses`. A head newer than the package cannot be compared, and is refused rather than passed over.
How many comments there were, what detectors flagged and how much detail was published cannot be seen from ballots; the release
is taken at its word there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from surveys import documents, merkle, preregistration
from surveys.assessment import CriteriaFault, CriteriaSet, read_criteria
from surveys.ballot_box import (
    BadLine,
    BadReceipt,
    ReceiptsDigest,
    SealedBallot,
    leaf_of,
    read_line,
)
from surveys.ballots import divide, read_answers
from surveys.cards import check_scorecards
from surveys.documents import NotCanonical
from surveys.entry import Stream
from surveys.forms.form import Form
from surveys.forms.published import form_from_json
from surveys.forms.session import Mode
from surveys.heads import BadHead, Head
from surveys.ledger import Broken, Entry, verify_chain
from surveys.package import (
    BALLOTS,
    CRITERIA,
    FORM,
    FORMULAS,
    HEAD,
    LEDGER,
    MANIFEST,
    RECEIPTS,
    RELEASE,
    TERMS,
    WEIGHTS,
    DoesNotFollow,
    Package,
)
from surveys.preregistration import BadTerms, BadWeights
from surveys.records import (
    Exclusion,
    PersonsInvited,
    Record,
    ReleasePublished,
    Sealed,
    TokensIssued,
    WaveOpened,
    Withdrawals,
    of_wave,
)
from surveys.releases import Detail, Flagged, Terms
from surveys.releasing import RATINGS_SINCE, Findings, release, tally_for
from surveys.results import Tally
from surveys.signatures import PublicKey
from surveys.statistics import Plan
from surveys.stuffing import Flag
from surveys.waves import Audience

__all__ = ["DoesNotFollow", "Verified", "verify"]

WORDS = frozenset({"label", "reason", "title"})  # of a release: what may read otherwise in another version
LONGEST_SHOWN = 80  # characters of a value, in a sentence


@dataclass(frozen=True, slots=True)
class Verified:
    """Everything follows. What it follows from, for the person who reads it."""

    wave: str
    root: str
    """Over all leaves, in hex: what the ledger sealed."""
    leaves: int
    withdrawn: int
    receipts: int
    excluded: int
    """Ballots in the tree that two persons took out of the count, with a reason that is published."""
    units: int
    """Units whose release was worked out again."""
    scorecards: int
    """Frozen cards that rest on the wave, concluded again."""
    entries: int
    """Of the ledger."""
    fingerprint: str
    """Of the key that was given, to compare with the published one."""
    witnesses: tuple[str, ...]
    """Heads from outside that this ledger continues. Without any, the owner of the key is trusted not to rewrite."""
    is_worded_otherwise: bool
    """Whether this program words the same figures and verdicts differently than the one that published them."""


@dataclass(frozen=True, slots=True)
class _Story:
    """What the ledger says of the wave, with the line of each entry."""

    opened: WaveOpened
    sealed: Sealed
    withdrawn: int
    exclusions: tuple[Exclusion, ...]
    issued: Mapping[str, int]
    """Unit → tokens."""
    invited: Mapping[str, int]
    """Unit → persons."""
    published: ReleasePublished
    lines: Mapping[Record, int]


def verify(file: BinaryIO, key: PublicKey, witnesses: Mapping[str, str] | None = None) -> Verified:
    """`witnesses`: name → the head somebody kept, as it was handed out. Raises DoesNotFollow, at the first thing."""
    package = Package(file)
    package.check()
    if package.key != key.text:
        reason = f"It was made for another key than {key.name} with the fingerprint {key.fingerprint}."
        raise DoesNotFollow(MANIFEST, 1, reason)
    witnesses = witnesses or {}
    entries = _entries(package, key)
    _check_heads(package, key, witnesses)
    story = _story(entries, package.wave)
    form, terms, criteria, formulas = _documents(package, story)
    tally, leaves, excluded = _ballots(package, story, form, terms, formulas)
    receipts = _receipts(package, story, leaves - story.withdrawn)
    is_worded_otherwise = _check_release(package, story, form, terms, criteria, tally, formulas)
    scorecards = check_scorecards(package, entries)
    return Verified(
        wave=package.wave,
        root=story.sealed.root,
        leaves=leaves,
        withdrawn=story.withdrawn,
        receipts=receipts,
        excluded=excluded,
        units=len(terms.units),
        scorecards=scorecards,
        entries=len(entries),
        fingerprint=key.fingerprint,
        witnesses=tuple(witnesses),
        is_worded_otherwise=is_worded_otherwise,
    )


# ── The ledger ───────────────────────────────────────────────────────────────────────────────────────────────────


def _entries(package: Package, key: PublicKey) -> tuple[Entry, ...]:
    try:
        return tuple(verify_chain((line for _, line in package.lines(LEDGER)), key))
    except Broken as problem:
        raise DoesNotFollow(LEDGER, problem.line, problem.reason) from None


def _check_heads(package: Package, key: PublicKey, witnesses: Mapping[str, str]) -> None:
    """That the ledger is as long as its own head says, and continues every head that somebody kept."""
    head = _head(HEAD, package.document(HEAD), key)
    kept = {name: _head(name, text, key) for name, text in witnesses.items()}
    wanted = {each.size for each in kept.values()}
    tree = merkle.Accumulator()
    roots = {0: tree.root()}
    for _, line in package.lines(LEDGER):
        tree.add(merkle.leaf_hash(line.encode()))
        if tree.size in wanted:
            roots[tree.size] = tree.root()
    if head != Head(key.name, tree.size, tree.root()):
        raise DoesNotFollow(
            HEAD, 2, f"The ledger has {tree.size} entries with another root; this is not its head."
        )
    for name, each in kept.items():
        if each.size > tree.size:
            reason = f"It has seen {each.size} entries, the ledger has {tree.size}: some are missing, or the package is older."
            raise DoesNotFollow(name, 2, reason)
        if each.root != roots[each.size]:
            reason = f"The first {each.size} entries of the ledger are not those it has seen: history was rewritten."
            raise DoesNotFollow(name, 3, reason)


def _head(name: str, text: str, key: PublicKey) -> Head:
    try:
        return Head.read(text, key)
    except BadHead as problem:
        raise DoesNotFollow(name, 1, str(problem)) from None


def _story(entries: Sequence[Entry], wave: str) -> _Story:
    """That the wave was opened, sealed and released; in this order, which the chain has shown."""
    lines = {entry.record: entry.number for entry in entries if of_wave(entry.record) == wave}
    opened = [record for record in lines if isinstance(record, WaveOpened)]
    sealed = [record for record in lines if isinstance(record, Sealed)]
    published = [record for record in lines if isinstance(record, ReleasePublished)]
    if not (opened and sealed and published):
        missing = "opened" if not opened else "sealed" if not sealed else "released"
        raise DoesNotFollow(LEDGER, 0, f"It does not say that wave {wave} was {missing}.")
    withdrawn = sum(record.count for record in lines if isinstance(record, Withdrawals))
    exclusions = tuple(record for record in lines if isinstance(record, Exclusion))
    issued: Counter[str] = Counter()
    for record in lines:
        if isinstance(record, TokensIssued):
            issued[record.unit] += record.count
    invited = {each.unit: each.count for each in lines if isinstance(each, PersonsInvited)}
    return _Story(opened[0], sealed[0], withdrawn, exclusions, issued, invited, published[0], lines)


# ── What was fixed ───────────────────────────────────────────────────────────────────────────────────────────────


def _documents(package: Package, story: _Story) -> tuple[Form, Terms, CriteriaSet, int]:
    """That the documents are those the ledger names, and that this program reads them as they are meant; the last is the version of
    the formulas."""
    sealed, opened = story.sealed, story.opened
    _is_named(package, FORM, opened.form, story.lines[opened])
    _is_named(package, TERMS, opened.terms, story.lines[opened])
    _is_named(package, WEIGHTS, opened.weights, story.lines[opened])
    _is_named(package, FORMULAS, opened.formulas, story.lines[opened])
    _is_named(package, CRITERIA, sealed.criteria, story.lines[sealed])
    formulas = preregistration.formulas_in(package.document(FORMULAS))
    if formulas is None:
        raise DoesNotFollow(
            FORMULAS, 1, "This program counts by other formulas: check it with the version that released it."
        )
    try:
        preregistration.plans_from(package.document(WEIGHTS))
    except BadWeights as problem:
        raise DoesNotFollow(WEIGHTS, 1, str(problem)) from None
    terms = _terms(package)
    return _form(package), terms, _criteria(package), formulas


def _plans(package: Package) -> tuple[Plan, ...]:
    """As `_documents` has read them."""
    return preregistration.plans_from(package.document(WEIGHTS))


def _is_named(package: Package, name: str, fingerprint: str, line: int) -> None:
    if package.digest(name) != fingerprint:
        raise DoesNotFollow(
            name, 1, f"It is not the file that line {line} of {LEDGER} names: it was changed."
        )


def _form(package: Package) -> Form:
    try:
        return form_from_json(package.document(FORM))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DoesNotFollow(FORM, 1, "It is no form.") from None


def _terms(package: Package) -> Terms:
    try:
        terms = preregistration.terms_from(package.document(TERMS))
    except BadTerms as problem:
        raise DoesNotFollow(TERMS, 1, str(problem)) from None
    if terms.slug != package.wave:
        raise DoesNotFollow(TERMS, 1, f"These are the terms of wave {terms.slug}, not of {package.wave}.")
    return terms


def _criteria(package: Package) -> CriteriaSet:
    try:
        return read_criteria(package.document(CRITERIA))
    except (CriteriaFault, TypeError, AttributeError, RecursionError) as problem:
        raise DoesNotFollow(CRITERIA, 0, str(problem)) from None


# ── The ballots ──────────────────────────────────────────────────────────────────────────────────────────────────


def _ballots(
    package: Package, story: _Story, form: Form, terms: Terms, formulas: int
) -> tuple[Tally, int, int]:
    """What they count to, how many leaves there are, and how many are left out; once the tree over them is the one that was
    sealed."""
    tally, tree = tally_for(form, _plans(package)), merkle.Accumulator()
    held = 0
    left_out = dict.fromkeys(story.exclusions, 0)
    for number, line in package.lines(BALLOTS):
        try:
            ballot = read_line(line, tree.size, package.wave)
            tree.add(leaf_of(ballot))
            if ballot is None:
                continue
            _may_be_here(ballot, terms, formulas)
            answers = _answers(ballot, form, terms)
            held += 1
        except BadLine as problem:
            raise DoesNotFollow(BALLOTS, number, str(problem)) from None
        if exclusion := _exclusion(story, ballot):
            left_out[exclusion] += 1
        tally.add(ballot.unit, Stream(ballot.stream), answers, Mode(ballot.mode))
    _is_sealed(story, tree, withdrawn=tree.size - held)
    for exclusion, count in left_out.items():
        if count != exclusion.count:
            reason = f"It takes out {exclusion.count} ballots, but {count} are of that kind."
            raise DoesNotFollow(LEDGER, story.lines[exclusion], reason)
    return tally, tree.size, sum(left_out.values())


def _may_be_here(ballot: SealedBallot, terms: Terms, formulas: int) -> None:
    """A ballot called a rating is in no score: only waves that take ratings may hold one, or any ballot could be hidden so."""
    if ballot.mode == Mode.ZBS and (formulas < RATINGS_SINCE or terms.audience != Audience.VISITS):
        raise BadLine("It is a rating by a template of Zalo, and this wave takes none.")


def _answers(ballot: SealedBallot, form: Form, terms: Terms) -> Mapping[str, str]:
    if ballot.unit not in terms.units:
        raise BadLine(f"Unit {ballot.unit} took no part in the wave.")
    answers = read_answers(ballot.answers)
    if not answers.keys() <= form.by_name.keys() or divide(form, answers).answers != answers:
        raise BadLine("It holds what this form's ballots cannot.")
    return answers


def _exclusion(story: _Story, ballot: SealedBallot) -> Exclusion | None:
    covering = (each for each in story.exclusions if each.covers(ballot.unit, ballot.stream, ballot.mode))
    return next(covering, None)


def _is_sealed(story: _Story, tree: merkle.Accumulator, *, withdrawn: int) -> None:
    line = story.lines[story.sealed]
    if tree.root().hex() != story.sealed.root:
        reason = (
            f"The root over all {tree.size} leaves is not the one that was sealed (line {line} of {LEDGER})."
        )
        raise DoesNotFollow(BALLOTS, 0, reason)
    if withdrawn != story.withdrawn:
        reason = f"{withdrawn} leaves are blank, but {story.withdrawn} withdrawals were counted."
        raise DoesNotFollow(LEDGER, line, reason)


def _receipts(package: Package, story: _Story, ballots: int) -> int:
    """How many, once the list is the one that was sealed and has one for every ballot that was not withdrawn."""
    receipts = ReceiptsDigest()
    for number, receipt in package.lines(RECEIPTS):
        try:
            receipts.add(receipt)
        except BadReceipt as problem:
            raise DoesNotFollow(RECEIPTS, number, str(problem)) from None
    if receipts.count != ballots:
        reason = f"There are {receipts.count} receipts for {ballots} ballots."
        raise DoesNotFollow(RECEIPTS, receipts.count, reason)
    if receipts.hexdigest() != story.sealed.receipts:
        line = story.lines[story.sealed]
        reason = f"These are not the receipts that were sealed (line {line} of {LEDGER}): one was changed."
        raise DoesNotFollow(RECEIPTS, 0, reason)
    return receipts.count


# ── The release ──────────────────────────────────────────────────────────────────────────────────────────────────


def _check_release(
    package: Package,
    story: _Story,
    form: Form,
    terms: Terms,
    criteria: CriteriaSet,
    tally: Tally,
    formulas: int,
) -> bool:
    """That what was published is what the ballots come to. Whether this program would only word it otherwise."""
    said, plans = _said(package), _plans(package)
    findings = Findings(story.exclusions, said.flags, story.issued, story.invited)
    try:
        expected = release(
            form,
            tally,
            said.comments,
            terms,
            criteria,
            plans=plans,
            findings=findings,
            detail=said.detail,
            formulas=formulas,
        )
    except ValueError as problem:
        raise DoesNotFollow(TERMS, 1, str(problem)) from None
    wanted = [expected[unit].to_json() for unit in sorted(expected)]
    is_worded_otherwise = False
    number = 0
    for number, line in package.lines(RELEASE):
        ours = wanted[number - 1] if number <= len(wanted) else "{}"
        if line == ours:
            continue
        published, computed = _release_line(number, line), documents.read(ours)
        unit = published.get("unit")
        if not isinstance(unit, str) or unit != computed.get("unit"):
            raise DoesNotFollow(RELEASE, number, "Here stands another unit than the terms of the wave name.")
        if found := _difference(published, computed):
            raise DoesNotFollow(RELEASE, number, f"Of unit {unit}, {found}.")
        is_worded_otherwise = True
    if number < len(wanted):
        reason = f"{len(wanted)} units are released by the terms of the wave; the others are missing."
        raise DoesNotFollow(RELEASE, number, reason)
    # Last, because a digest can only say that something was changed, not where.
    if package.digest(RELEASE) != story.published.release:
        reason = f"It is not the release that line {story.lines[story.published]} of {LEDGER} names: it was changed."
        raise DoesNotFollow(RELEASE, 0, reason)
    return is_worded_otherwise


@dataclass(frozen=True, slots=True)
class _Said:
    """What a release says of itself and nobody can work out from ballots: it is taken at its word."""

    comments: Mapping[str, int]
    flags: Mapping[str, Sequence[Flagged]]
    detail: Detail


def _said(package: Package) -> _Said:
    comments: dict[str, int] = {}
    flags: dict[str, Sequence[Flagged]] = {}
    detail = Detail.ALL
    for number, line in package.lines(RELEASE):
        published = _release_line(number, line)
        unit, heard = published.get("unit"), published.get("comments")
        if isinstance(unit, str) and type(heard) is int and heard > 0:
            comments[unit] = heard
        try:
            detail = Detail(published["wave"]["detail"])
            if isinstance(unit, str):
                flags[unit] = _flags(published.get("flags", []))
        except (ValueError, TypeError, KeyError):
            raise DoesNotFollow(RELEASE, number, "Its flags or its detail are none.") from None
    return _Said(comments, flags, detail)


def _flags(body: Any) -> tuple[Flagged, ...]:
    """Raises ValueError or TypeError."""
    return tuple(
        Flagged(Stream(stream).value, Mode(mode).value, tuple(Flag(each).value for each in flags))
        for stream, mode, flags in body
    )


def _release_line(number: int, line: str) -> Mapping[str, Any]:
    try:
        published = documents.read(line)
    except NotCanonical as problem:
        raise DoesNotFollow(RELEASE, number, str(problem)) from None
    if not isinstance(published, dict):
        raise DoesNotFollow(RELEASE, number, "It is no release of a unit.")
    return published


def _difference(published: Any, ours: Any, place: str = "") -> str | None:
    """The first figure or verdict in which two releases differ, in words; None when only their words do."""
    if isinstance(published, dict) and isinstance(ours, dict) and published.keys() == ours.keys():
        pairs = [
            (name, published[name], ours[name])
            for name in sorted(ours)
            if not (name in WORDS and _are_words(published[name], ours[name]))
        ]
    elif isinstance(published, list) and isinstance(ours, list) and len(published) == len(ours):
        pairs = [(str(index), *both) for index, both in enumerate(zip(published, ours, strict=True), start=1)]
    elif published == ours and type(published) is type(ours):
        return None
    else:
        return f"“{place}” is published as {_short(published)}, but the ballots come to {_short(ours)}"
    found = (_difference(theirs, mine, f"{place}.{name}".lstrip(".")) for name, theirs, mine in pairs)
    return next(filter(None, found), None)


def _are_words(published: Any, ours: Any) -> bool:
    """Whether both are one text in several languages."""
    return all(
        isinstance(each, dict) and all(isinstance(text, str) for text in each.values())
        for each in (published, ours)
    )


def _short(value: Any) -> str:
    text = "nothing" if value is None else documents.written(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
