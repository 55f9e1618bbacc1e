"""`langnghe zalo …`: names the commands; the work is in `bot.cli.zalo_work`, imported when it is called."""

from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Official Accounts on Zalo: connect them, look after them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Account = Annotated[str, typer.Argument(help="The account's id. See: zalo accounts")]


@app.command("connect")
def connect(
    unit: Annotated[
        str,
        typer.Option(help="The unit the account speaks for, by its code: whoever follows begins there."),
    ] = "",
) -> None:
    """Connect an Official Account: prints a link for its administrator, takes what comes back, says whose account it is."""
    from bot.cli.zalo_work import connect as work

    _exit(work(unit))


@app.command("accounts")
def accounts() -> None:
    """Every connected account: whose it is, which address it needs, how old its token is."""
    from bot.cli.zalo_work import accounts as work

    _exit(work())


@app.command("check")
def check() -> None:
    """Ask Zalo about every connected account, sending nothing to anybody: does its token work, who is it."""
    from bot.cli.zalo_work import check as work

    _exit(work())


@app.command("forget")
def forget(account: Account) -> None:
    """Delete an account's tokens here. Nothing is sent through it any more."""
    from bot.cli.zalo_work import forget as work

    _exit(work(account))


def _exit(code: int) -> None:
    raise typer.Exit(code)
