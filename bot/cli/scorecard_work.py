"""What `langnghe scorecard …` does. Plain English around it, the criteria in their own Vietnamese; every refusal says what to do next."""

import json
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.desk import Refused, _in_house, _print
from bot.cli.tables import print_table
from handlers.scorecards import NoSuchRecord, NoSuchSet, NoSuchUnit, NotReady, Scorecards, TooLate
from surveys.assessment import Seen, Verdict
from surveys.figures import percent, trimmed_percent
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Criterion,
    Document,
    Faults,
    FixedBySource,
    Line,
    Measure,
    NotFitting,
    NotInForce,
    NotYet,
    Outcome,
    SamePerson,
    Scorecard,
    Threshold,
    baseline_2023,
)
from surveys.scorecard.book import FrozenCard
from surveys.scorecard.evidence import Value
from surveys.waves import LOCAL

if TYPE_CHECKING:
    from bot.app import House

__all__ = [
    "appeal",
    "baseline",
    "decide",
    "enter",
    "freeze",
    "import_set",
    "matrix",
    "register",
    "restate",
    "roadmap",
    "sets",
    "show",
    "sign",
    "template",
    "terms",
    "waiting",
    "what_if",
    "withdraw",
]

WORDS = {
    Verdict.MET: "met",
    Verdict.NOT_MET: "not met",
    Verdict.TOO_FEW: "too few answers",
    Verdict.NO_BASIS: "no evidence",
}
MARKS = {Verdict.MET: "✓", Verdict.NOT_MET: "✗", Verdict.TOO_FEW: "?", Verdict.NO_BASIS: "·"}
LEGEND = "   ".join(f"{mark} {WORDS[verdict]}" for verdict, mark in MARKS.items())
OUTCOMES = {"granted": Outcome.ACCEPTED, "rejected": Outcome.REJECTED, "withdrawn": Outcome.WITHDRAWN}
YES, NO = ("yes", "có", "co"), ("no", "không", "khong")
NONE_AROSE = "none"
ASSUMED = "ASSUMED: no document found so far says how many criteria are needed"
MOST_LINES = 20  # of faults in a file; more would scroll the first ones away
NARROW, ID, BETWEEN = 80, 11, 3  # columns of a screen, of a criterion's id with the edges, between two wards
MOST_BY_CODE = 3  # wards whose codes over their marks still leave room for the criteria
LEAST_LABEL = 12


# ── Criteria sets ────────────────────────────────────────────────────────────────────────────────────────────────


def sets(as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        found = await cards.sets()
        if as_json:
            _json([_set_out(criteria) for criteria in found])
            return
        for criteria in found:
            slots = sum(criterion.is_slot for criterion in criteria.criteria)
            until = f" until {_day_text(criteria.valid_to)}" if criteria.valid_to else ""
            _print(f"{criteria.id}   {criteria.name}")
            _print(f"   {criteria.source}")
            _print(
                f"   in force from {_day_text(criteria.valid_from)}{until}; {len(criteria.criteria)} criteria"
                + (f", {slots} of them without wording" if slots else "")
            )
            if criteria.pass_rule is None:
                _print("   no rule says how many must be met")
            else:
                rule = criteria.pass_rule
                _print(
                    f"   {rule.needed} of {rule.of} must be met"
                    + (f" ({ASSUMED})" if rule.is_assumed else "")
                )
            _print(f"   sha256 {criteria.digest}")

    return _with_cards(work)


def _set_out(criteria: CriteriaSet) -> dict[str, object]:
    rule = criteria.pass_rule
    return {
        "id": criteria.id,
        "name": criteria.name,
        "source": criteria.source,
        "valid_from": criteria.valid_from.isoformat(),
        "valid_to": criteria.valid_to and criteria.valid_to.isoformat(),
        "criteria": len(criteria.criteria),
        "slots": sum(criterion.is_slot for criterion in criteria.criteria),
        "pass_rule": rule and {"needed": rule.needed, "of": rule.of, "is_assumed": rule.is_assumed},
        "digest": criteria.digest,
    }


def template(file: Path, set_id: str) -> int:
    async def work(cards: Scorecards) -> None:
        _write_new(file, await cards.template(set_id))
        _print(
            f"{file} is written. Fill it in from the document, then: langnghe scorecard import {file} --help"
        )

    return _with_cards(work)


def import_set(file: Path, id: str, source: str, valid_from: str, frame: str) -> int:
    async def work(cards: Scorecards) -> None:
        found = await cards.import_set(
            file.name,
            _content(file),
            id=id,
            source=source,
            valid_from=_day("--valid-from", valid_from),
            frame=frame,
        )
        filled = sum(not criterion.is_slot for criterion in found.criteria)
        _print(
            f"{found.id}: {filled} of {len(found.criteria)} criteria have their wording.   sha256 {found.digest}"
        )
        if found.pass_rule and found.pass_rule.is_assumed:
            _print(f"{found.pass_rule.needed} of {found.pass_rule.of} must be met – {ASSUMED}.")

    return _with_cards(work)


# ── Reading cards ────────────────────────────────────────────────────────────────────────────────────────────────


def show(unit: str, set_id: str, year: int | None, as_of: str | None, as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        of_year, moment = _year(year), _moment(as_of)
        card = await cards.card(set_id, unit, of_year, as_of=moment)
        criteria = await cards.criteria(set_id)
        frozen = (await cards.frozen(set_id, of_year, as_of=moment)).get(unit)
        if as_json:
            _json(_card_out(card, criteria, frozen))
            return
        _print_card(card, criteria)
        register = await cards.register(unit, of_year)
        if register and (totals := register.of(unit, of_year)):
            early = Proportion(totals.early, totals.resolved) if totals.resolved else None
            _print(
                f"Dossier register: {totals.resolved} resolved, {totals.early} early"
                f" ({percent(early.share) if early else '–'}), {totals.late} late."
                " What residents say of time stands beside it and is never mixed in."
            )
        _print_frozen(frozen)

    return _with_cards(work)


def _print_card(card: Scorecard, criteria: CriteriaSet) -> None:
    _print(f"{card.unit}, {card.year}, by {criteria.id}: {criteria.name}")
    _print(f"as of {card.standing.as_of.astimezone(LOCAL):%d/%m/%Y %H:%M}")
    is_screen = sys.stdout.isatty()
    print_table(
        ("", "", "criterion", "figure, why") if is_screen else ("", "verdict", "criterion", "figure, why"),
        [
            (
                line.criterion,
                MARKS[line.verdict] if is_screen else WORDS[line.verdict],
                criteria.criterion(line.criterion).short,
                "; ".join(filter(None, (_figure(line), line.text))),
            )
            for line in card.lines
        ],
        fixed=(0, 1),
    )
    if is_screen:
        _print(LEGEND)
    for line in card.lines:
        for survey in line.beside:
            shown = _seen_text(survey.seen) if survey.seen else "too few to show"
            _print(
                f"beside {line.criterion}: residents say {shown} ({survey.release.wave}, {survey.question})"
            )
    for group in card.groups:
        name = next(each.name for each in criteria.groups if each.id == group.group)
        _print(f"{MARKS[group.verdict]} {group.group}. {name}: {WORDS[group.verdict]} – {group.text}")
    _print(f"Overall: {WORDS[card.overall.verdict]} – {card.overall.text}")
    if card.overall.rule and card.overall.rule.is_assumed:
        _print(f"The pass rule is {ASSUMED}.")


def _print_frozen(frozen: FrozenCard | None) -> None:
    if frozen is None:
        _print("Not frozen.")
        return
    by, other = frozen.signed_by
    _print(
        f"Frozen {frozen.frozen_at.astimezone(LOCAL):%d/%m/%Y %H:%M} by {by} and {other}:"
        f" ledger entry {frozen.entry}, sha256 {frozen.frozen.digest}"
    )
    if frozen.supersedes:
        _print(f"It replaces {frozen.supersedes.scorecard} after appeal {frozen.supersedes.appeal}.")
    for contest in frozen.appeals:
        state = contest.decision.outcome.name.lower() if contest.decision else "undecided"
        _print(f"Appeal {contest.appeal.id} on {contest.appeal.criterion}, {state}: {contest.appeal.reason}")


def matrix(set_id: str, year: int | None, as_of: str | None, as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        of_year, moment = _year(year), _moment(as_of)
        criteria = await cards.criteria(set_id)
        found = await cards.cards(set_id, of_year, as_of=moment)
        names = {unit.code: unit.name for unit in await cards.units(of_year)}
        if not found:
            raise Refused(f"There is no ward in {of_year}. Load them: langnghe units import (or --seed-only)")
        if as_json:
            _json(
                {
                    code: {line.criterion: line.verdict.value for line in card.lines}
                    for code, card in found.items()
                }
            )
            return
        frozen = await cards.frozen(set_id, of_year, as_of=moment)
        heads = _heads(list(found))
        label = max(LEAST_LABEL, NARROW - ID - sum(len(head) + BETWEEN for head in heads))
        _print(f"{criteria.id}, {of_year}: {criteria.name}")
        rows = [
            (
                criterion.id,
                _cut(criterion.short, label),
                *(MARKS[card.line(criterion.id).verdict] for card in found.values()),
            )
            for criterion in criteria.criteria
        ]
        rows.append(("", "met", *(str(card.overall.tally.met) for card in found.values())))
        rows.append(("", "overall", *(MARKS[card.overall.verdict] for card in found.values())))
        rows.append(("", "frozen", *("+" if code in frozen else "" for code in found)))
        print_table(("", "criterion", *heads), rows, centred=range(2, 2 + len(found)), fixed=(0,))
        _print(LEGEND)
        for head, code in zip(heads, found, strict=True):
            _print(f"{head}  {names[code]}" if head == code else f"{head:>2}  {code}  {names[code]}")
        if criteria.pass_rule and criteria.pass_rule.is_assumed:
            _print(f"{criteria.pass_rule.needed} of {criteria.pass_rule.of} must be met – {ASSUMED}.")

    return _with_cards(work)


def waiting(year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        book = await cards.book(_year(year))
        found = book.waiting()
        for each in found:
            entered = each.entered
            _print(
                f"{entered.id}  {each.set} {entered.unit} {entered.criterion} = {_value_text(entered.value)}"
                f"  {entered.document.number}, entered by {entered.officer}"
            )
        undecided = [
            deed.appeal for deed in book.appealed if (c := book.contest(deed.appeal.id)) and c.is_open
        ]
        for appeal in undecided:
            _print(
                f"{appeal.id}  appeal of {appeal.unit} on {appeal.criterion} by {appeal.officer}: {appeal.reason}"
            )
        if not found and not undecided:
            _print("Nothing waits.")

    return _with_cards(work)


def what_if(
    unit: str,
    thresholds: Sequence[str],
    minimum: int | None,
    needed: int | None,
    set_id: str,
    year: int | None,
) -> int:
    async def work(cards: Scorecards) -> None:
        criteria = await cards.criteria(set_id)
        bounds = _bounds(criteria, thresholds)
        if not bounds and minimum is None and needed is None:
            raise Refused("What if what? Name a threshold, such as T7.3=20%, or --minimum, or --needed.")
        tried = await cards.what_if(set_id, unit, _year(year), bounds, minimum=minimum, needed=needed)
        for change in tried.changes:
            _print(
                f"{change.criterion}  {criteria.criterion(change.criterion).short}:"
                f" {WORDS[change.before]} → {WORDS[change.after]}"
            )
        if not tried.changes:
            _print("No verdict on a criterion would change.")
        before, after = tried.before.overall, tried.after.overall
        _print(f"Overall: {WORDS[before.verdict]} → {WORDS[after.verdict]}. Nothing was saved.")

    return _with_cards(work)


# ── Deeds ────────────────────────────────────────────────────────────────────────────────────────────────────────


def enter(
    unit: str, criterion: str, value: str, number: str, issued: str, title: str, note: str, by: str, set_id: str,
    year: int | None,
) -> int:  # fmt: skip
    async def work(cards: Scorecards) -> None:
        asked = _criterion(await cards.criteria(set_id), criterion)
        entered = await cards.enter(
            set_id,
            unit,
            _year(year),
            asked.id,
            _value(value, asked),
            document=Document(number, _day("--issued", issued), title),
            by=by,
            note=note,
        )
        _print(f"{entered.id}: {unit} {asked.id} = {_value_text(entered.value)}, by {number}.")
        _print(f"It counts once another person signs: langnghe scorecard sign {entered.id} --by NAME")

    return _with_cards(work)


def sign(ids: Sequence[str], by: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        signed = 0
        for id in ids:
            for each in await _meant(cards, id, _year(year)):
                await cards.countersign(each, by=by)
                signed += 1
        _print(f"{signed} countersigned by {by}.")

    return _with_cards(work)


async def _meant(cards: Scorecards, id: str, year: int) -> list[str]:
    """The evidence itself, or everything unsigned that a register brought."""
    if not id.endswith("/"):
        return [id]
    found = [each.entered.id for each in await cards.waiting(year) if each.entered.id.startswith(id)]
    if not found:
        raise Refused(f"Nothing that begins with {id} waits in {year}. See: langnghe scorecard waiting")
    return found


def withdraw(id: str, by: str, confirmed_by: str, reason: str) -> int:
    async def work(cards: Scorecards) -> None:
        await cards.withdraw(id, by=by, confirmed_by=confirmed_by, reason=reason)
        _print(f"{id} no longer stands. What was entered stays on record.")

    return _with_cards(work)


def register(file: Path, number: str, issued: str, title: str, by: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        made = await cards.import_register(
            file.name,
            _content(file),
            _year(year),
            document=Document(number, _day("--issued", issued), title),
            by=by,
        )
        for entered in made:
            _print(f"{entered.unit}  {entered.criterion}  {_value_text(entered.value)}")
        if not made:
            _print("Its figures are on record; no criterion asks for a share of them.")
            return
        beginning = made[0].id.split("/")[0]
        _print(f"They count once another person signs: langnghe scorecard sign {beginning}/ --by NAME")

    return _with_cards(work)


def terms(
    thresholds: Sequence[str], by: str, source: str, minimum: int | None, set_id: str, year: int | None
) -> int:
    async def work(cards: Scorecards) -> None:
        criteria = await cards.criteria(set_id)
        of_year = _year(year)
        if not thresholds and minimum is None:
            book = await cards.book(of_year)
            last = book.terms_set(set_id)
            _print_terms(book.terms_of(set_id).minimum, book.terms_of(set_id).thresholds, criteria)
            _print(f"Set by {last.officer}: {last.source}" if last else "Nobody has set any.")
            return
        if not by.strip() or not source.strip():
            raise Refused("Name who sets it and by which document: --by NAME --source DOCUMENT")
        found = await cards.set_terms(
            set_id, of_year, _bounds(criteria, thresholds), by=by, source=source, minimum=minimum
        )
        _print_terms(found.minimum, found.thresholds, criteria)

    return _with_cards(work)


def _print_terms(minimum: int, thresholds: Mapping[str, Threshold], criteria: CriteriaSet) -> None:
    _print(f"A survey counts as held from {minimum} valid answers on.")
    for id, threshold in thresholds.items():
        _print(f"{id}  {criteria.criterion(id).short}: {_threshold_text(threshold, criteria.criterion(id))}")


def freeze(unit: str, by: str, countersigned_by: str, set_id: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        frozen = await cards.freeze(set_id, unit, _year(year), by=by, countersigned_by=countersigned_by)
        _print(f"The card of {unit} for {_year(year)} is frozen: ledger entry {frozen.entry}.")
        _print(f"sha256 {frozen.frozen.digest}")

    return _with_cards(work)


def appeal(unit: str, criterion: str, by: str, reason: str, set_id: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        filed = await cards.appeal(
            set_id,
            unit,
            _year(year),
            _criterion(await cards.criteria(set_id), criterion).id,
            by=by,
            reason=reason,
        )
        _print(f"Appeal {filed.id} is filed against scorecard {filed.scorecard[:16]}….")
        _print(
            f"Another person decides it: langnghe scorecard decide {filed.id} granted|rejected --by NAME --reason …"
        )

    return _with_cards(work)


def decide(id: str, outcome: str, by: str, reason: str) -> int:
    async def work(cards: Scorecards) -> None:
        if outcome not in OUTCOMES:
            raise Refused(f"An appeal is {', '.join(OUTCOMES)}; not {outcome}.")
        await cards.decide(id, OUTCOMES[outcome], by=by, reason=reason)
        _print(f"Appeal {id} is {outcome}.")
        if OUTCOMES[outcome] is Outcome.ACCEPTED:
            _print("Put the evidence right, then freeze the card again: it replaces the first and says so.")

    return _with_cards(work)


# ── What cards are held against ──────────────────────────────────────────────────────────────────────────────────


def roadmap(year: int | None, set_id: str | None, as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        held = await cards.roadmap(_year(year), set_id)
        if as_json:
            _json(
                {
                    each.roadmap.id: [
                        {
                            "year": step.target.year,
                            "units": step.target.units,
                            "of": step.target.of,
                            "at_least": step.target.at_least and str(step.target.at_least),
                            "up_to": step.target.up_to and str(step.target.up_to),
                            "met": step.met,
                            "scored": step.of,
                            "open": step.open,
                            "state": step.state.value,
                            "line": step.target.line,
                        }
                        for step in each.steps
                    ]
                    for each in held
                }
            )
            return
        for each in held:
            _print(f"{each.roadmap.name}: {each.roadmap.source}   (scored by {each.set_id})")
            print_table(
                ("year", "promised", "met", "state", "source"),
                [
                    (
                        str(step.target.year),
                        _promised(step.target.units, step.target.of, step.target.at_least, step.target.up_to),
                        f"{step.met}/{step.of}" if step.of else "–",
                        step.text,
                        step.target.line,
                    )
                    for step in each.steps
                ],
                fixed=(0, 1, 2, 4),
            )
            if each.roadmap.note:
                _print(each.roadmap.note)
            _print("")

    return _with_cards(work)


def _promised(units: int | None, of: int | None, at_least: Fraction | None, up_to: Fraction | None) -> str:
    if units is not None:
        return f"{units}/{of}" if of else str(units)
    assert at_least is not None
    return f"≥ {trimmed_percent(at_least)}" + (f" – {trimmed_percent(up_to)}" if up_to else "")


def baseline(unit: str | None) -> int:
    return _baseline() if unit is None else _baseline_of(unit)


def _baseline_of(unit: str) -> int:
    async def work(cards: Scorecards) -> None:
        try:
            found = await cards.restated_baseline(unit)
        except KeyError:
            raise Refused(f"There is no unit {unit}. Look one up: langnghe units find NAME") from None
        _print(f"{unit} read from its parts in {baseline_2023().year}. A reading, not a score.")
        for group, (failing, of) in found.items():
            _print(f"group {group}: {failing} of {of} named as failing")

    return _with_cards(work)


def _baseline() -> int:
    known = baseline_2023()
    _print(f"{known.year}: {known.source}")
    rows = [
        (group, *(known.cell(group, ward).mark for ward in known.wards), str(known.of_group(group)))
        for group in known.groups
    ]
    rows.append(("", *(str(known.of_ward(ward)) for ward in known.wards), str(known.total)))
    heads = _heads(known.wards)
    print_table(("group", *heads, "in all"), rows, centred=range(1, 1 + len(heads)), fixed=(0,))
    for head, ward in zip(heads, known.wards, strict=True):
        if head != ward:
            _print(f"{head:>2}  {ward}")
    _print(
        "● named as failing. A blank means that the decision does not name the ward, never that it passed."
    )
    return 0


def restate(unit: str, on: str, set_id: str) -> int:
    async def work(cards: Scorecards) -> None:
        criteria = await cards.criteria(set_id)
        try:
            read = await cards.restated(set_id, unit, _day("--on", on))
        except KeyError:
            raise Refused(f"There is no unit {unit}. Look one up: langnghe units find NAME") from None
        _print(f"{unit} read from its parts in {read.year}: {', '.join(read.parts)}. A reading, not a score.")
        if read.without_card:
            _print(f"Nothing is on record of {', '.join(read.without_card)}.")
        if read.divided:
            _print(f"Divided among several units, and so left open: {', '.join(read.divided)}.")
        print_table(
            ("", "criterion", "verdict", "why"),
            [
                (line.criterion, criteria.criterion(line.criterion).short, WORDS[line.verdict], line.text)
                for line in read.lines
            ],
            fixed=(0, 2),
        )

    return _with_cards(work)


# ── What people type ─────────────────────────────────────────────────────────────────────────────────────────────


def _year(year: int | None) -> int:
    return year if year is not None else datetime.now(LOCAL).year


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{option} is a day such as 2026-11-14, not {text}.") from None


def _moment(as_of: str | None) -> datetime | None:
    """The end of that day in Vietnam."""
    if as_of is None:
        return None
    following = datetime.combine(_day("--as-of", as_of) + timedelta(days=1), time(), LOCAL)
    return following - timedelta(microseconds=1)


def _write_new(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as new:
            new.write(content)
    except FileExistsError:
        raise Refused(f"{file} is there already. Name another file, or move it away.") from None
    except OSError as trouble:
        raise Refused(f"{file} cannot be written: {trouble.strerror}. Name another place.") from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as trouble:
        raise Refused(f"{file} cannot be read: {trouble.strerror}. Check its name.") from None


def _criterion(criteria: CriteriaSet, id: str) -> Criterion:
    try:
        return criteria.criterion(id)
    except KeyError:
        raise Refused(
            f"{criteria.id} has no criterion {id}. See: langnghe scorecard matrix --set {criteria.id}"
        ) from None


def _value(text: str, criterion: Criterion) -> Value:
    wanted = {
        Measure.YES_NO: "yes or no",
        Measure.COUNT: f"a number ({criterion.counted})",
        Measure.SHARE: f"so many of so many, such as 45/50 ({criterion.counted}), or none when no case arose",
    }[criterion.measure]
    known = _read_value(text.strip().casefold())
    fits = {
        Measure.YES_NO: isinstance(known, bool),
        Measure.COUNT: type(known) is int,
        Measure.SHARE: known is None or isinstance(known, Proportion),
    }[criterion.measure]
    if not fits:
        raise Refused(f"{criterion.id} “{criterion.short}” wants {wanted}, not {text}.")
    return known  # type: ignore[return-value]


def _read_value(text: str) -> Value | str:
    if text in YES or text in NO:
        return text in YES
    if text == NONE_AROSE:
        return None
    if text.isascii() and text.isdecimal():
        return int(text)
    first, slash, second = text.partition("/")
    if slash and first.isdecimal() and second.isdecimal() and int(second) > 0 and int(first) <= int(second):
        return Proportion(int(first), int(second))
    return text


def _bounds(criteria: CriteriaSet, texts: Iterable[str]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for text in texts:
        id, _, bound = text.partition("=")
        criterion = _criterion(criteria, id)
        is_share = criterion.measure is Measure.SHARE
        number = bound.strip().removesuffix("%").strip().replace(",", ".")
        try:
            amount = Fraction(number)
        except (ValueError, ZeroDivisionError):
            raise Refused(f"{text}: a threshold is {id}=90% or {id}=10.") from None
        if is_share is not bound.strip().endswith("%") or amount < 0 or (is_share and amount > 100):
            raise Refused(
                f"{text}: {id} is {'a share: write it as 90%' if is_share else 'a number: write it as 10'}."
            )
        found[id] = amount / 100 if is_share else amount
    return found


# ── What people read ─────────────────────────────────────────────────────────────────────────────────────────────


def _day_text(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most or not sys.stdout.isatty() else text[: most - 1].rstrip() + "…"


def _heads(codes: Sequence[str]) -> list[str]:
    """Codes over the marks; numbers where a screen has no room for so many."""
    by_code = len(codes) <= MOST_BY_CODE or not sys.stdout.isatty()
    return list(codes) if by_code else [str(number) for number in range(1, len(codes) + 1)]


def _value_text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "no case arose"
    if isinstance(value, Proportion):
        return f"{value.numerator}/{value.denominator} = {percent(value.share)}"
    return str(value)


def _figure(line: Line) -> str:
    if line.figure is not None:
        return _value_text(line.figure)
    return _seen_text(line.seen) if line.seen else ""


def _seen_text(seen: Seen) -> str:
    low, high = seen.low, seen.high
    if low == high:
        return f"{low.numerator}/{low.denominator} = {percent(low.share)}"
    return f"{low.numerator} to {high.numerator} of {low.denominator}"


def _threshold_text(threshold: Threshold, criterion: Criterion) -> str:
    sign, bound = ("≥", threshold.at_least) if threshold.at_least is not None else ("≤", threshold.at_most)
    assert bound is not None
    return f"{sign} {trimmed_percent(bound) if criterion.measure is Measure.SHARE else bound}"


def _card_out(card: Scorecard, criteria: CriteriaSet, frozen: FrozenCard | None) -> dict[str, object]:
    return {
        "unit": card.unit,
        "year": card.year,
        "set": criteria.id,
        "set_digest": card.criteria_digest,
        "as_of": card.standing.as_of.isoformat(),
        "minimum": card.terms.minimum,
        "lines": [
            {
                "criterion": line.criterion,
                "short": criteria.criterion(line.criterion).short,
                "verdict": line.verdict.value,
                "reason": line.reason,
                "text": line.text,
                "figure": _figure(line),
                "rests_on": list(line.rests_on),
                "beside": [survey.digest for survey in line.beside],
            }
            for line in card.lines
        ],
        "groups": {group.group: group.verdict.value for group in card.groups},
        "overall": card.overall.verdict.value,
        "overall_text": card.overall.text,
        "frozen": frozen and {"digest": frozen.frozen.digest, "entry": frozen.entry},
    }


def _json(value: object) -> None:
    _print(json.dumps(value, ensure_ascii=False, indent=1))


# ── Running ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_cards(work: Callable[[Scorecards], Coroutine[Any, Any, None]]) -> int:
    async def inside(house: "House") -> None:
        try:
            await work(house.scorecards)
        except Faults as faults:
            raise Refused(_listed(faults)) from None
        except NoSuchSet as missing:
            raise Refused(f"There is no criteria set {missing}. See: langnghe scorecard sets") from None
        except NoSuchUnit as missing:
            raise Refused(f"{missing} Look one up: langnghe units find NAME") from None
        except NoSuchRecord as missing:
            raise Refused(f"{missing} See: langnghe scorecard waiting, and … show") from None
        except NotInForce as trouble:
            raise Refused(f"{trouble} See: langnghe scorecard sets") from None
        except SamePerson as trouble:
            raise Refused(f"{trouble} Let another person do it.") from None
        except FixedBySource as trouble:
            raise Refused(f"{trouble} To try another: langnghe scorecard what-if --help") from None
        except TooLate as trouble:
            raise Refused(
                f"{trouble} If it is wrong, its ward appeals: langnghe scorecard appeal --help"
            ) from None
        except NotReady as trouble:
            raise Refused(str(trouble)) from None
        except (NotFitting, NotYet) as trouble:
            raise Refused(f"{trouble} Nothing was written; correct it and try again.") from None

    return _in_house(inside)


def _listed(faults: Faults) -> str:
    lines = [str(fault) for fault in faults.faults[:MOST_LINES]]
    if len(faults.faults) > MOST_LINES:
        lines.append(f"… and {len(faults.faults) - MOST_LINES} more")
    return "\n".join([*lines, "Nothing was imported. Correct the file and import it again."])
