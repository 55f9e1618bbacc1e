"""What `langnghe scorecard …` does. Plain English around it, the criteria in their own Vietnamese; every refusal says what to do next."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.cli.desk import Refused, _print
from bot.cli.scorecard_running import with_cards
from bot.cli.scorecard_shown import (
    LEGEND,
    MARKS,
    WORDS,
    card_out,
    cut,
    day_text,
    figure,
    heads_of,
    print_json,
    seen_text,
    threshold_text,
    value_text,
)
from bot.cli.scorecard_typed import (
    bounds_of,
    content_of,
    criterion_of,
    day_of,
    end_of,
    the_year,
    value_of,
    write_new,
)
from bot.cli.tables import print_table
from handlers.scorecards import Scorecards
from surveys.figures import percent
from surveys.results import Proportion
from surveys.scorecard import (
    CriteriaSet,
    Document,
    Outcome,
    Scorecard,
    Threshold,
)
from surveys.scorecard.book import FrozenCard
from surveys.waves import LOCAL

__all__ = [
    "appeal",
    "decide",
    "enter",
    "freeze",
    "import_set",
    "matrix",
    "register",
    "sets",
    "show",
    "sign",
    "template",
    "terms",
    "waiting",
    "what_if",
    "withdraw",
]

OUTCOMES = {"granted": Outcome.ACCEPTED, "rejected": Outcome.REJECTED, "withdrawn": Outcome.WITHDRAWN}
ASSUMED = "ASSUMED: no document found so far says how many criteria are needed"
NARROW, ID, BETWEEN = 80, 11, 3  # columns of a screen, of a criterion's id with the edges, between two wards
LEAST_LABEL = 12

# ── Criteria sets ────────────────────────────────────────────────────────────────────────────────────────────────


def sets(as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        found = await cards.sets()
        if as_json:
            print_json([_set_out(criteria) for criteria in found])
            return
        for criteria in found:
            slots = sum(criterion.is_slot for criterion in criteria.criteria)
            until = f" until {day_text(criteria.valid_to)}" if criteria.valid_to else ""
            _print(f"{criteria.id}   {criteria.name}")
            _print(f"   {criteria.source}")
            _print(
                f"   in force from {day_text(criteria.valid_from)}{until}; {len(criteria.criteria)} criteria"
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

    return with_cards(work)


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
        write_new(file, await cards.template(set_id))
        _print(
            f"{file} is written. Fill it in from the document, then: langnghe scorecard import {file} --help"
        )

    return with_cards(work)


def import_set(file: Path, id: str, source: str, valid_from: str, frame: str) -> int:
    async def work(cards: Scorecards) -> None:
        found = await cards.import_set(
            file.name,
            content_of(file),
            id=id,
            source=source,
            valid_from=day_of("--valid-from", valid_from),
            frame=frame,
        )
        filled = sum(not criterion.is_slot for criterion in found.criteria)
        _print(
            f"{found.id}: {filled} of {len(found.criteria)} criteria have their wording.   sha256 {found.digest}"
        )
        if found.pass_rule and found.pass_rule.is_assumed:
            _print(f"{found.pass_rule.needed} of {found.pass_rule.of} must be met – {ASSUMED}.")

    return with_cards(work)


# ── Reading cards ────────────────────────────────────────────────────────────────────────────────────────────────


def show(unit: str, set_id: str, year: int | None, as_of: str | None, as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        of_year, moment = the_year(year), end_of(as_of)
        card = await cards.card(set_id, unit, of_year, as_of=moment)
        criteria = await cards.criteria(set_id)
        frozen = (await cards.frozen(set_id, of_year, as_of=moment)).get(unit)
        if as_json:
            print_json(card_out(card, criteria, frozen))
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

    return with_cards(work)


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
                "; ".join(filter(None, (figure(line), line.text))),
            )
            for line in card.lines
        ],
        fixed=(0, 1),
    )
    if is_screen:
        _print(LEGEND)
    for line in card.lines:
        for survey in line.beside:
            shown = seen_text(survey.seen) if survey.seen else "too few to show"
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
        of_year, moment = the_year(year), end_of(as_of)
        criteria = await cards.criteria(set_id)
        found = await cards.cards(set_id, of_year, as_of=moment)
        names = {unit.code: unit.name for unit in await cards.units(of_year)}
        if not found:
            raise Refused(f"There is no ward in {of_year}. Load them: langnghe units import (or --seed-only)")
        if as_json:
            print_json(
                {
                    code: {line.criterion: line.verdict.value for line in card.lines}
                    for code, card in found.items()
                }
            )
            return
        frozen = await cards.frozen(set_id, of_year, as_of=moment)
        heads = heads_of(list(found))
        label = max(LEAST_LABEL, NARROW - ID - sum(len(head) + BETWEEN for head in heads))
        _print(f"{criteria.id}, {of_year}: {criteria.name}")
        rows = [
            (
                criterion.id,
                cut(criterion.short, label),
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

    return with_cards(work)


def waiting(year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        book = await cards.book(the_year(year))
        found = book.waiting()
        for each in found:
            entered = each.entered
            _print(
                f"{entered.id}  {each.set} {entered.unit} {entered.criterion} = {value_text(entered.value)}"
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

    return with_cards(work)


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
        bounds = bounds_of(criteria, thresholds)
        if not bounds and minimum is None and needed is None:
            raise Refused("What if what? Name a threshold, such as T7.3=20%, or --minimum, or --needed.")
        tried = await cards.what_if(set_id, unit, the_year(year), bounds, minimum=minimum, needed=needed)
        for change in tried.changes:
            _print(
                f"{change.criterion}  {criteria.criterion(change.criterion).short}:"
                f" {WORDS[change.before]} → {WORDS[change.after]}"
            )
        if not tried.changes:
            _print("No verdict on a criterion would change.")
        before, after = tried.before.overall, tried.after.overall
        _print(f"Overall: {WORDS[before.verdict]} → {WORDS[after.verdict]}. Nothing was saved.")

    return with_cards(work)


# ── Deeds ────────────────────────────────────────────────────────────────────────────────────────────────────────


def enter(
    unit: str, criterion: str, value: str, number: str, issued: str, title: str, note: str, by: str, set_id: str,
    year: int | None,
) -> int:  # fmt: skip
    async def work(cards: Scorecards) -> None:
        asked = criterion_of(await cards.criteria(set_id), criterion)
        entered = await cards.enter(
            set_id,
            unit,
            the_year(year),
            asked.id,
            value_of(value, asked),
            document=Document(number, day_of("--issued", issued), title),
            by=by,
            note=note,
        )
        _print(f"{entered.id}: {unit} {asked.id} = {value_text(entered.value)}, by {number}.")
        _print(f"It counts once another person signs: langnghe scorecard sign {entered.id} --by NAME")

    return with_cards(work)


def sign(ids: Sequence[str], by: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        signed = 0
        for id in ids:
            for each in await _meant(cards, id, the_year(year)):
                await cards.countersign(each, by=by)
                signed += 1
        _print(f"{signed} countersigned by {by}.")

    return with_cards(work)


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

    return with_cards(work)


def register(file: Path, number: str, issued: str, title: str, by: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        made = await cards.import_register(
            file.name,
            content_of(file),
            the_year(year),
            document=Document(number, day_of("--issued", issued), title),
            by=by,
        )
        for entered in made:
            _print(f"{entered.unit}  {entered.criterion}  {value_text(entered.value)}")
        if not made:
            _print("Its figures are on record; no criterion asks for a share of them.")
            return
        beginning = made[0].id.split("/")[0]
        _print(f"They count once another person signs: langnghe scorecard sign {beginning}/ --by NAME")

    return with_cards(work)


def terms(
    thresholds: Sequence[str], by: str, source: str, minimum: int | None, set_id: str, year: int | None
) -> int:
    async def work(cards: Scorecards) -> None:
        criteria = await cards.criteria(set_id)
        of_year = the_year(year)
        if not thresholds and minimum is None:
            book = await cards.book(of_year)
            last = book.terms_set(set_id)
            _print_terms(book.terms_of(set_id).minimum, book.terms_of(set_id).thresholds, criteria)
            _print(f"Set by {last.officer}: {last.source}" if last else "Nobody has set any.")
            return
        if not by.strip() or not source.strip():
            raise Refused("Name who sets it and by which document: --by NAME --source DOCUMENT")
        found = await cards.set_terms(
            set_id, of_year, bounds_of(criteria, thresholds), by=by, source=source, minimum=minimum
        )
        _print_terms(found.minimum, found.thresholds, criteria)

    return with_cards(work)


def _print_terms(minimum: int, thresholds: Mapping[str, Threshold], criteria: CriteriaSet) -> None:
    _print(f"A survey counts as held from {minimum} valid answers on.")
    for id, threshold in thresholds.items():
        _print(f"{id}  {criteria.criterion(id).short}: {threshold_text(threshold, criteria.criterion(id))}")


def freeze(unit: str, by: str, countersigned_by: str, set_id: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        frozen = await cards.freeze(set_id, unit, the_year(year), by=by, countersigned_by=countersigned_by)
        _print(f"The card of {unit} for {the_year(year)} is frozen: ledger entry {frozen.entry}.")
        _print(f"sha256 {frozen.frozen.digest}")

    return with_cards(work)


def appeal(unit: str, criterion: str, by: str, reason: str, set_id: str, year: int | None) -> int:
    async def work(cards: Scorecards) -> None:
        filed = await cards.appeal(
            set_id,
            unit,
            the_year(year),
            criterion_of(await cards.criteria(set_id), criterion).id,
            by=by,
            reason=reason,
        )
        _print(f"Appeal {filed.id} is filed against scorecard {filed.scorecard[:16]}….")
        _print(
            f"Another person decides it: langnghe scorecard decide {filed.id} granted|rejected --by NAME --reason …"
        )

    return with_cards(work)


def decide(id: str, outcome: str, by: str, reason: str) -> int:
    async def work(cards: Scorecards) -> None:
        if outcome not in OUTCOMES:
            raise Refused(f"An appeal is {', '.join(OUTCOMES)}; not {outcome}.")
        await cards.decide(id, OUTCOMES[outcome], by=by, reason=reason)
        _print(f"Appeal {id} is {outcome}.")
        if OUTCOMES[outcome] is Outcome.ACCEPTED:
            _print("Put the evidence right, then freeze the card again: it replaces the first and says so.")

    return with_cards(work)
