"""`langnghe scorecard …`: names the commands; the work is in `bot.cli.scorecard_work`, imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Criteria, evidence, verdicts: put on record, countersigned, frozen.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Set = Annotated[str, typer.Option("--set", help="The criteria set. See: scorecard sets")]
Year = Annotated[int | None, typer.Option("--year", help="The year that is scored; this year if left out.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="What was known at the end of that day, YYYY-MM-DD.")
]
By = Annotated[str, typer.Option("--by", help="Who does it, by full name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept, and shown to whoever asks.")]
Json = Annotated[bool, typer.Option("--json", help="For a script.")]
Unit = Annotated[str, typer.Argument(help="The ward's code. See: units find NAME")]
Criterion = Annotated[str, typer.Argument(help="The criterion's id, such as T2.3.")]
Number = Annotated[str, typer.Option("--document", help="Number of the paper it rests on: 125/QĐ-CAT")]
Issued = Annotated[str, typer.Option("--issued", help="The paper's day, YYYY-MM-DD.")]
Title = Annotated[str, typer.Option("--title", help="The paper's title.")]
QD1578 = "qd1578"


@app.command("sets")
def sets(json: Json = False) -> None:
    """Every criteria set, where it comes from and what it asks in all."""
    from bot.cli.scorecard_work import sets as work

    _exit(work(json))


@app.command("template")
def template(
    file: Annotated[Path, typer.Argument(help="Where to write the workbook, such as khung.xlsx.")],
    set: Set = "khung-5764",
) -> None:
    """Write a workbook with a row a criterion, to be filled in from the document and imported."""
    from bot.cli.scorecard_work import template as work

    _exit(work(file, set))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A filled-in workbook (.xlsx) or .csv.")],
    id: Annotated[str, typer.Option(help="The new set's own short name, such as 5764-2026.")],
    source: Annotated[str, typer.Option(help="The document it was copied from, in full.")],
    valid_from: Annotated[str, typer.Option(help="The day from which it is in force, YYYY-MM-DD.")],
    frame: Annotated[str, typer.Option(help="The frame whose slots it fills.")] = "khung-5764",
) -> None:
    """Import the wording of the 22 criteria. One wrong row refuses the file; rows left empty stay empty slots."""
    from bot.cli.scorecard_work import import_set as work

    _exit(work(file, id, source, valid_from, frame))


@app.command("show")
def show(unit: Unit, set: Set = QD1578, year: Year = None, as_of: AsOf = None, json: Json = False) -> None:
    """One ward's card: verdict by criterion, by group and overall, with what it rests on."""
    from bot.cli.scorecard_work import show as work

    _exit(work(unit, set, year, as_of, json))


@app.command("matrix")
def matrix(set: Set = QD1578, year: Year = None, as_of: AsOf = None, json: Json = False) -> None:
    """Criteria × wards, a mark a verdict."""
    from bot.cli.scorecard_work import matrix as work

    _exit(work(set, year, as_of, json))


@app.command("waiting")
def waiting(year: Year = None) -> None:
    """Evidence that another person has still to countersign, and appeals nobody has decided."""
    from bot.cli.scorecard_work import waiting as work

    _exit(work(year))


@app.command("enter")
def enter(
    unit: Unit,
    criterion: Criterion,
    value: Annotated[
        str, typer.Argument(help="yes, no, a number, so many of so many (45/50), or none: no case arose.")
    ],
    document: Number,
    issued: Issued,
    by: By,
    title: Title = "",
    note: Annotated[str, typer.Option(help="Anything a reader should know.")] = "",
    set: Set = QD1578,
    year: Year = None,
) -> None:
    """Enter evidence. It counts once another person has countersigned it: scorecard sign"""
    from bot.cli.scorecard_work import enter as work

    _exit(work(unit, criterion, value, document, issued, title, note, by, set, year))


@app.command("sign")
def sign(
    ids: Annotated[
        list[str], typer.Argument(help="Ids of evidence, or the beginning of a register's with a / after it.")
    ],
    by: By,
    year: Year = None,
) -> None:
    """Countersign evidence that somebody else entered, with its document in hand."""
    from bot.cli.scorecard_work import sign as work

    _exit(work(ids, by, year))


@app.command("withdraw")
def withdraw(
    id: Annotated[str, typer.Argument(help="The evidence's id.")],
    by: By,
    confirmed_by: Annotated[str, typer.Option(help="The other person, by full name.")],
    reason: Reason,
) -> None:
    """Take evidence back, two persons with a reason. What was entered stays on record."""
    from bot.cli.scorecard_work import withdraw as work

    _exit(work(id, by, confirmed_by, reason))


@app.command("register")
def register(
    file: Annotated[
        Path, typer.Argument(help="The dossier register (.xlsx or .csv), all months of the year so far.")
    ],
    document: Number,
    issued: Issued,
    by: By,
    title: Title = "",
    year: Year = None,
) -> None:
    """Import dossiers resolved, early and late. The shares are computed from it and wait for a countersignature."""
    from bot.cli.scorecard_work import register as work

    _exit(work(file, document, issued, title, by, year))


@app.command("terms")
def terms(
    thresholds: Annotated[
        list[str] | None,
        typer.Argument(help="CRITERION=THRESHOLD, such as R7.1=90%; none: show what is set."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who sets it, by full name.")] = "",
    source: Annotated[str, typer.Option(help="The document that decided it.")] = "",
    minimum: Annotated[
        int | None, typer.Option(min=1, help="Valid answers a survey needs to count as held.")
    ] = None,
    set: Set = QD1578,
    year: Year = None,
) -> None:
    """Show or set thresholds that the source leaves open, for every ward of a year."""
    from bot.cli.scorecard_work import terms as work

    _exit(work(thresholds or [], by, source, minimum, set, year))


@app.command("what-if")
def what_if(
    unit: Unit,
    thresholds: Annotated[
        list[str] | None, typer.Argument(help="CRITERION=THRESHOLD, such as T7.3=20%")
    ] = None,
    minimum: Annotated[int | None, typer.Option(min=1, help="Another minimum of answers.")] = None,
    needed: Annotated[int | None, typer.Option(min=1, help="Another number of criteria to meet.")] = None,
    set: Set = QD1578,
    year: Year = None,
) -> None:
    """What the same evidence would say under other thresholds. Nothing is saved."""
    from bot.cli.scorecard_work import what_if as work

    _exit(work(unit, thresholds or [], minimum, needed, set, year))


@app.command("freeze")
def freeze(
    unit: Unit,
    by: By,
    countersigned_by: Annotated[str, typer.Option(help="The other person, by full name.")],
    set: Set = QD1578,
    year: Year = None,
) -> None:
    """Freeze a ward's card: signed by two persons, its hash in the ledger. It never changes again."""
    from bot.cli.scorecard_work import freeze as work

    _exit(work(unit, by, countersigned_by, set, year))


@app.command("appeal")
def appeal(
    unit: Unit, criterion: Criterion, by: By, reason: Reason, set: Set = QD1578, year: Year = None
) -> None:
    """A ward disagrees with one line of its frozen card."""
    from bot.cli.scorecard_work import appeal as work

    _exit(work(unit, criterion, by, reason, set, year))


@app.command("decide")
def decide(
    id: Annotated[str, typer.Argument(help="The appeal's id.")],
    outcome: Annotated[str, typer.Argument(help="granted, rejected or withdrawn")],
    by: By,
    reason: Reason,
) -> None:
    """Decide an appeal. A granted one lets the card be corrected and frozen again in place of the first."""
    from bot.cli.scorecard_work import decide as work

    _exit(work(id, outcome, by, reason))


@app.command("roadmap")
def roadmap(
    year: Year = None,
    set: Annotated[
        str | None, typer.Option("--set", help="The criteria set; without it, the latest with a pass rule.")
    ] = None,
    json: Json = False,
) -> None:
    """What was promised by when, and what is scored up to a year."""
    from bot.cli.scorecard_held import roadmap as work

    _exit(work(year, set, json))


@app.command("baseline")
def baseline(
    unit: Annotated[
        str | None, typer.Argument(help="A ward of today: how many of its parts were named.")
    ] = None,
) -> None:
    """October 2023: which wards the decision names as failing which group."""
    from bot.cli.scorecard_held import baseline as work

    _exit(work(unit))


@app.command("restate")
def restate(
    unit: Unit,
    on: Annotated[str, typer.Option(help="A day of the year to read, YYYY-MM-DD.")],
    set: Set = QD1578,
) -> None:
    """Read an earlier year's cards of the units that became this one. A reading, never a score."""
    from bot.cli.scorecard_held import restate as work

    _exit(work(unit, on, set))


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)
