"""`langnghe schedules …`: names the commands; the work is in `bot.cli.schedules_work`, imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="What happens by itself, and when.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Id = Annotated[str, typer.Argument(help="The schedule's id. See: schedules list")]
By = Annotated[str, typer.Option(help="Who wants it, by name: it is kept with what they wanted.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: the next times were looked at before.")]


@app.command("list")
def list_() -> None:
    """Every schedule: whose it is, when, and what came of it last."""
    from bot.cli.schedules_work import list_ as work

    _exit(work())


@app.command("next")
def next_(
    days: Annotated[int, typer.Option(min=1, max=800, help="How far to look ahead.")] = 60,
) -> None:
    """What will happen in the coming days, in its order."""
    from bot.cli.schedules_work import next_ as work

    _exit(work(days))


@app.command("show")
def show(id: Id) -> None:
    """One schedule: its next five times, and what came of the last twenty."""
    from bot.cli.schedules_work import show as work

    _exit(work(id))


@app.command("propose")
def propose(
    unit: Annotated[str, typer.Argument(help="The province's code. See: units find")],
    take: Annotated[list[str] | None, typer.Option(help="Ids of proposals to take; several allowed.")] = None,
    by: By = "",
    yes: Yes = False,
) -> None:
    """The year as we propose it, each day with its source. Nothing of it is in force until it is taken: --take visits --by NAME"""
    from bot.cli.schedules_work import propose as work

    _exit(work(unit, tuple(take or ()), by, yes))


@app.command("add")
def add(
    file: Annotated[
        Path,
        typer.Argument(help="JSON: purpose, unit, title, subject, and the calendar. See docs/operating.md"),
    ],
    by: By,
    yes: Yes = False,
) -> None:
    """A schedule of your own: said back in words, with its next five times, before it is kept."""
    from bot.cli.schedules_work import add as work

    _exit(work(file, by, yes))


@app.command("pause")
def pause(id: Id, by: By = "") -> None:
    """Nothing of it is due until it is resumed; what would have been due meanwhile is not made up for."""
    from bot.cli.schedules_work import pause as work

    _exit(work(id, by))


@app.command("resume")
def resume(id: Id, by: By = "") -> None:
    """Due again from now on."""
    from bot.cli.schedules_work import resume as work

    _exit(work(id, by))


@app.command("end")
def end(id: Id, by: By = "") -> None:
    """For good. What happened stays to be seen."""
    from bot.cli.schedules_work import end as work

    _exit(work(id, by))


@app.command("run")
def run(
    id: Id,
    by: By,
    due: Annotated[
        str, typer.Option(help="One that was skipped or failed, as `show` prints it; without it: now.")
    ] = "",
) -> None:
    """Now, beside its calendar; or once more, what was skipped or failed."""
    from bot.cli.schedules_work import run as work

    _exit(work(id, by, due))


@app.command("holds")
def holds() -> None:
    """Why nothing happens by itself at the moment, if so: a clock that leapt, a database that was restored."""
    from bot.cli.schedules_work import holds as work

    _exit(work())


@app.command("release")
def release(cause: Annotated[str, typer.Argument(help="As `holds` names it.")], by: By = "") -> None:
    """Somebody has looked: things may happen again. What is too late by now is skipped, and says so."""
    from bot.cli.schedules_work import release as work

    _exit(work(cause, by))


@app.command("days")
def days(unit: Annotated[str, typer.Argument(help="A unit's code. See: units find")]) -> None:
    """The days of the coming year on which nobody is disturbed there: public holidays, and what the province changed."""
    from bot.cli.keeping import days as work

    _exit(work(unit))


@app.command("day")
def day(
    unit: Annotated[str, typer.Argument(help="The province's code. See: units find")],
    on: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    kind: Annotated[
        str,
        typer.Argument(
            help="quiet: nobody is disturbed; working: as any other day; as-before: as the calendar says."
        ),
    ],
    by: By,
    name: Annotated[str, typer.Option(help="What people call the day, or why it is none.")] = "",
) -> None:
    """Add a day on which nobody is disturbed in a province, or take one away. What lies ahead moves with it."""
    from bot.cli.keeping import day as work

    _exit(work(unit, on, kind, name, by))


def _exit(code: int) -> None:
    raise typer.Exit(code)
