"""`langnghe people …`: names the commands; the work is in `bot.cli.people_work`, imported when it is called."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Who serves at which post, their way in, and the trail of what was done.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Post = Annotated[str, typer.Argument(help="The post, such as 29263-chief. See: people list")]
By = Annotated[str, typer.Option("--by", help="Your full name; it stands in the audit trail.")]


@app.command("appoint")
def appoint(
    name: Annotated[str, typer.Argument(help="Who takes the post, by full name.")],
    role: Annotated[
        str,
        typer.Option(
            help="officer, chief or duty of a ward; supervisor, moderator, auditor or operator of a province."
        ),
    ],
    unit: Annotated[str, typer.Option(help="The unit's code, such as 29263, or 86 for the province.")],
    title: Annotated[
        str, typer.Option(help="The post as people call it, such as “Trưởng Công an phường Long Đức”.")
    ],
    by: By,
    person: Annotated[
        str, typer.Option(help="The id of somebody who serves already, for a further post.")
    ] = "",
) -> None:
    """Fill a post. Prints the code its holder enrols with, this once: 24 hours, on the web desk or at the officers' bot."""
    from bot.cli.people_work import appoint as work

    _exit(work(name, role, unit, title, by, person))


@app.command("list")
def list_(
    unit: Annotated[str, typer.Option(help="Only this unit's posts.")] = "",
    past: Annotated[bool, typer.Option("--past", help="Also who held them before.")] = False,
) -> None:
    """Every post with whoever holds it, since when, and whether they can sign in."""
    from bot.cli.people_work import list_ as work

    _exit(work(unit, past))


@app.command("hand-over")
def hand_over(
    post: Post,
    to: Annotated[str, typer.Option(help="Who takes it over, by full name.")],
    by: By,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")] = "",
) -> None:
    """Pass a post on. Whoever held it is signed out of it everywhere, at once. Prints the new holder's code."""
    from bot.cli.people_work import hand_over as work

    _exit(work(post, to, by, reason))


@app.command("end")
def end(
    post: Post,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")],
    by: By,
) -> None:
    """Take a post from whoever holds it. They are signed out of it everywhere, at once."""
    from bot.cli.people_work import end as work

    _exit(work(post, reason, by))


@app.command("code")
def code(post: Post, by: By) -> None:
    """A new code for a holder who lost their telephone or their code. Whatever they had opens nothing from now on."""
    from bot.cli.people_work import code as work

    _exit(work(post, by))


@app.command("audit")
def audit(
    some: Annotated[int, typer.Option("--last", min=1, help="How many rows, the newest last.")] = 40,
    unit: Annotated[str, typer.Option(help="Only what happened in this unit.")] = "",
    object: Annotated[str, typer.Option(help="Only what was done to this, such as post:29263-chief.")] = "",
    csv: Annotated[Path | None, typer.Option(help="Write all of it into this file instead.")] = None,
) -> None:
    """Who did what."""
    from bot.cli.people_work import audit as work

    _exit(work(some, unit, object, csv))


@app.command("verify")
def verify(
    head: Annotated[
        str, typer.Option(help="A head somebody kept, NUMBER:DIGEST: it must still stand in the trail.")
    ] = "",
) -> None:
    """Check that every row of the audit trail follows from those before, and print its head to keep elsewhere."""
    from bot.cli.people_work import verify as work

    _exit(work(head))


def _exit(code: int) -> None:
    raise typer.Exit(code)
