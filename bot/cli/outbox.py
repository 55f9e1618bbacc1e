"""`langnghe outbox …`: names the commands; the work is in `bot.cli.outbox_work`, imported when it is called."""

from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="What is being sent to people: how far it is, what did not get through, pausing and going on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Campaign = Annotated[int, typer.Argument(min=1, help="The campaign's number. See: outbox status")]
OneCampaign = Annotated[
    int, typer.Option("--campaign", min=0, help="Only this campaign; without it, everything that is sent.")
]


@app.command("status")
def status(
    some: Annotated[int, typer.Option(min=1, max=1000, help="How many campaigns to show.")] = 20,
) -> None:
    """How far every campaign is, who sends on which account, what is paused and why."""
    from bot.cli.outbox_work import status as work

    _exit(work(some))


@app.command("pause")
def pause(
    reason: Annotated[str, typer.Option(help="Why: it is shown to everybody who asks.")],
    campaign: OneCampaign = 0,
) -> None:
    """Send nothing more, until resume. What is on its way arrives."""
    from bot.cli.outbox_work import pause as work

    _exit(work(campaign, reason))


@app.command("resume")
def resume(campaign: OneCampaign = 0) -> None:
    """Go on with what was paused: a campaign, or everything."""
    from bot.cli.outbox_work import resume as work

    _exit(work(campaign))


@app.command("stop")
def stop(campaign: Campaign, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Take a campaign back for good from everybody who does not have it yet."""
    from bot.cli.outbox_work import stop as work

    _exit(work(campaign, reason))


@app.command("dead")
def dead(
    campaign: Campaign,
    some: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 50,
) -> None:
    """What did not get through and why: no names, no addresses."""
    from bot.cli.outbox_work import dead as work

    _exit(work(campaign, some))


@app.command("retry")
def retry(
    campaign: Campaign,
    reason: Annotated[str, typer.Option(help="Only those that failed with exactly these words.")] = "",
) -> None:
    """Send again what failed, once its cause is mended. Never what may have arrived."""
    from bot.cli.outbox_work import retry as work

    _exit(work(campaign, reason))


@app.command("release")
def release() -> None:
    """After a database was restored: say that you have looked, and let it send again."""
    from bot.cli.outbox_work import release as work

    _exit(work())


@app.command("quote")
def quote(
    wave: Annotated[str, typer.Argument(help="The wave's slug; one that a schedule will open has one too.")],
    unit: Annotated[
        list[str] | None, typer.Option(help="Its wards, while there is no such wave yet; or a province.")
    ] = None,
    businesses: Annotated[
        bool,
        typer.Option("--businesses", help="While there is no such wave yet: it asks offices and businesses."),
    ] = False,
) -> None:
    """What inviting to a wave costs on Zalo: free, billed, outside the window, and what those get."""
    from bot.cli.outbox_costs import quote as work

    _exit(work(wave, unit or [], asks_businesses=businesses))


@app.command("agree")
def agree(
    wave: Annotated[str, typer.Argument(help="The wave's slug.")],
    templates: Annotated[int, typer.Option(min=1, help="How many templates may be sent, and not one more.")],
    total: Annotated[int, typer.Option(min=0, help="What they cost in đồng, as outbox quote says.")],
    by: Annotated[str, typer.Option(help="Who agrees, by name and post.")],
) -> None:
    """Agree to pay for templates to people outside Zalo's window, before a wave's invitations leave."""
    from bot.cli.outbox_costs import agree as work

    _exit(work(wave, templates, total, by))


def _exit(code: int) -> None:
    raise typer.Exit(code)
