"""`langnghe comments …`: names the commands; the work is in `bot.cli.comments_work`, imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="What people wrote: read by the province first, handed to wards ten at a time.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
leaders = typer.Typer(
    help="Chiefs and deputies: what names them never goes to their ward.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(leaders, name="leaders")

Id = Annotated[str, typer.Argument(help="The comment's id, or its first six characters or more.")]
By = Annotated[str, typer.Option("--by", help="Who decides, by full name.")]
Wave = Annotated[str, typer.Option("--wave", help="The wave's short name. See: waves list")]
Unit = Annotated[str, typer.Option("--unit", help="The ward's code. See: units find NAME")]


@app.command("list")
def list_() -> None:
    """Every ward with comments, wave by wave: how many are unread, passed, withheld, handed over."""
    from bot.cli.comments_work import heaps as work

    _exit(work())


@app.command("read")
def read(
    id: Annotated[
        str, typer.Argument(help="A comment's id; left out, the next unread one of --wave and --unit.")
    ] = "",
    wave: Wave = "",
    unit: Unit = "",
) -> None:
    """Show one comment, and what its ward would see of it."""
    from bot.cli.comments_work import read as work

    _exit(work(id, wave, unit))


@app.command("pass")
def pass_(id: Id, by: By) -> None:
    """Let a comment go to its ward, once nine others wait with it."""
    from bot.cli.comments_work import decide as work

    _exit(work("pass", id, by))


@app.command("withhold")
def withhold(id: Id, by: By) -> None:
    """Keep a comment with the province."""
    from bot.cli.comments_work import decide as work

    _exit(work("withhold", id, by))


@app.command("undo")
def undo(id: Id) -> None:
    """Take a decision back: possible until the comment was handed over."""
    from bot.cli.comments_work import undo as work

    _exit(work(id))


@app.command("hand-over")
def hand_over() -> None:
    """Hand every full ten to its ward: passed, a week after sealing, none of it about the ward's leaders."""
    from bot.cli.comments_work import hand_over as work

    _exit(work())


@app.command("handed")
def handed(unit: Annotated[str, typer.Argument(help="The ward's code.")]) -> None:
    """Show what a ward has been handed, exactly as the ward sees it."""
    from bot.cli.comments_work import handed as work

    _exit(work(unit))


@app.command("purge")
def purge(
    released_before: Annotated[
        str,
        typer.Option(
            "--released-before", help="Delete comments of waves released before that day, YYYY-MM-DD."
        ),
    ],
) -> None:
    """Delete comments for good, handed over or not. No rule says after how long; the province decides."""
    from bot.cli.comments_work import purge as work

    _exit(work(released_before))


@leaders.command("add")
def leaders_add(
    unit: Unit,
    name: Annotated[str, typer.Option("--name", help="Full name, with marks.")],
    post: Annotated[str, typer.Option("--post", help="Such as “Trưởng Công an phường”.")],
) -> None:
    """Add a chief or deputy, or change their post. Comments not yet handed over are looked at again."""
    from bot.cli.comments_work import leaders_add as work

    _exit(work(unit, name, post))


@leaders.command("remove")
def leaders_remove(
    unit: Unit, name: Annotated[str, typer.Option("--name", help="As it stands in the list.")]
) -> None:
    """Take somebody off the list who no longer serves there."""
    from bot.cli.comments_work import leaders_remove as work

    _exit(work(unit, name))


@leaders.command("import")
def leaders_import(
    file: Annotated[Path, typer.Argument(help="A .csv with the columns unit,name,post.")],
) -> None:
    """Add many leaders from a table. One wrong row refuses the file."""
    from bot.cli.comments_work import leaders_import as work

    _exit(work(file))


@leaders.command("list")
def leaders_list() -> None:
    """Every leader on the list, ward by ward."""
    from bot.cli.comments_work import leaders_list as work

    _exit(work())


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)
