"""What cards are held against: roadmaps, the baseline of 2023, and a unit read from its parts."""

from fractions import Fraction

from bot.cli.desk import Refused, _print
from bot.cli.scorecard_running import with_cards
from bot.cli.scorecard_shown import WORDS, heads_of, print_json
from bot.cli.scorecard_typed import day_of, the_year
from bot.cli.tables import print_table
from handlers.scorecards import Scorecards
from surveys.figures import trimmed_percent
from surveys.scorecard import (
    baseline_2023,
)

__all__ = ["baseline", "restate", "roadmap"]


def roadmap(year: int | None, set_id: str | None, as_json: bool) -> int:
    async def work(cards: Scorecards) -> None:
        held = await cards.roadmap(the_year(year), set_id)
        if as_json:
            print_json(
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

    return with_cards(work)


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

    return with_cards(work)


def _baseline() -> int:
    known = baseline_2023()
    _print(f"{known.year}: {known.source}")
    rows = [
        (group, *(known.cell(group, ward).mark for ward in known.wards), str(known.of_group(group)))
        for group in known.groups
    ]
    rows.append(("", *(str(known.of_ward(ward)) for ward in known.wards), str(known.total)))
    heads = heads_of(known.wards)
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
            read = await cards.restated(set_id, unit, day_of("--on", on))
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

    return with_cards(work)
