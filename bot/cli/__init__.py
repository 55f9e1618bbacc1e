"""The operator's commands. This module only names them; each imports what it needs when it is called, so `--help` is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import comments, outbox, people, release, schedules, scorecard, zalo
from bot.parts import ALL, Part

__all__ = ["main"]

app = typer.Typer(
    name="langnghe",
    help="Lắng Nghe: residents answer, nobody can learn who said it, wards see what counts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
forms = typer.Typer(help="Surveys as XLSForms.", no_args_is_help=True, rich_markup_mode=None)
units = typer.Typer(
    help="Wards, communes and what became of them.", no_args_is_help=True, rich_markup_mode=None
)
waves = typer.Typer(
    help="Runs of a survey: open, close, seal, release.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(forms, name="forms")
app.add_typer(units, name="units")
app.add_typer(waves, name="waves")
ledger = typer.Typer(
    help="The signed ledger: its key, heads for witnesses, packages for auditors.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(ledger, name="ledger")
app.add_typer(comments.app, name="comments")
app.add_typer(scorecard.app, name="scorecard")
app.add_typer(release.app, name="release")
app.add_typer(schedules.app, name="schedules")
app.add_typer(zalo.app, name="zalo")
app.add_typer(people.app, name="people")
app.add_typer(outbox.app, name="outbox")


@app.command()
def run(
    only: Annotated[
        list[Part] | None,
        typer.Option(
            help="Only these parts, several allowed; any number of processes of each, on PostgreSQL."
        ),
    ] = None,
) -> None:
    """Serve: web chat, the channels whose settings there are, notices, the clock. Settings come from .env and the environment."""
    from bot.cli.serve import run as serve

    _exit(serve(frozenset(only or ALL)))


@app.command()
def demo(
    residents: Annotated[
        int, typer.Option(min=10, max=100_000, help="How many simulated residents answer.")
    ] = 600,
    directory: Annotated[Path, typer.Option(help="Where the demo keeps its files.")] = Path("var/demo"),
) -> None:
    """A whole small province to play with, on http://127.0.0.1:8080 (PORT changes it)."""
    from bot.cli.serve import demo as serve

    _exit(serve(residents, directory))


@app.command()
def chat(
    start: Annotated[str, typer.Option(help="What a QR code or link would carry.")] = "",
) -> None:
    """Talk to the bot in this terminal, as a resident. /transcript prints the talk as a test file."""
    from bot.cli.serve import chat as serve

    _exit(serve(start))


@app.command()
def migrate() -> None:
    """Bring the database up to this version."""
    from bot.cli.desk import migrate as work

    _exit(work())


@app.command()
def backup(
    to: Annotated[Path | None, typer.Option(help="The directory; else BACKUP_DIR.")] = None,
) -> None:
    """Copy the whole database into one file, now, beside everybody's work, and try whether it can be read."""
    from bot.cli.keeping import backup as work

    _exit(work(to))


@app.command()
def settings(
    check: Annotated[Path | None, typer.Option(help="Compare this file with the settings there are.")] = None,
) -> None:
    """Print every setting in force (secrets hidden), or check that an example file names them all."""
    from bot.cli.desk import settings as work

    _exit(work(check))


@forms.command("check")
def forms_check(files: Annotated[list[Path], typer.Argument(help=".xlsx, .xls, .csv or .md")]) -> None:
    """Read forms as a chat would and print a summary of each, or its faults by sheet and row."""
    from surveys.forms.check import report

    text, code = report(files)
    sys.stdout.write(text.rstrip() + "\n")
    _exit(code)


@units.command("import")
def units_import(
    seed_only: Annotated[
        bool, typer.Option("--seed-only", help="Only the six wards of Trà Vinh and their ancestors.")
    ] = False,
) -> None:
    """Load the whole country (34 provinces, 3,321 communes, wards and special zones), and list what two sources disagree on."""
    from bot.cli.desk import units_import as work

    _exit(work(seed_only))


@units.command("find")
def units_find(words: Annotated[list[str], typer.Argument(help="A ward, as people type it.")]) -> None:
    """Look a ward up as a resident would, old names and missing diacritics included."""
    from bot.cli.desk import units_find as work

    _exit(work(" ".join(words)))


@waves.command("list")
def waves_list() -> None:
    """Every wave with its state and its days."""
    from bot.cli.desk import waves_list as work

    _exit(work())


@waves.command("open")
def waves_open(
    slug: Annotated[str, typer.Argument(help="A short name, such as 2026-nguoi-dan.")],
    form: Annotated[str, typer.Argument(help="One of the shipped forms, or a file.")],
    units: Annotated[str, typer.Option(help="Unit codes with the number invited: 29242=400,29263=300")],
    closes: Annotated[str, typer.Option(help="The last day to answer, YYYY-MM-DD, Asia/Ho_Chi_Minh.")],
    title: Annotated[str, typer.Option(help="What residents read as its name.")] = "",
    audience: Annotated[str, typer.Option(help="residents, businesses, visits or forum")] = "residents",
) -> None:
    """Open a wave now: publish the form, make the wave's key, fix who is invited."""
    from bot.cli.desk import waves_open as work

    _exit(work(slug, form, units, closes, title, audience))


def _step(name: str, help_text: str) -> None:
    def step(slug: Annotated[str, typer.Argument(help="The wave's short name.")]) -> None:
        from bot.cli.desk import waves_step as work

        _exit(work(name, slug))

    step.__doc__ = help_text
    waves.command(name)(step)


_step("close", "Close a wave: answers no longer change; withdrawing is possible for seven days more.")
_step("seal", "Seal a closed wave after its seven days: ballots without names, then the key is destroyed.")
_step("release", "Publish what wards may see of a sealed wave.")


@waves.command("keep-key")
def waves_keep_key(
    slug: Annotated[str, typer.Argument(help="The wave's short name.")],
    until: Annotated[str, typer.Option(help="The last day on which the key is kept, YYYY-MM-DD.")],
    reason: Annotated[str, typer.Option(help="Why; it is published in the ledger and beside the results.")],
    by: Annotated[str, typer.Option(help="Your name; it is published too.")],
) -> None:
    """Ask that a wave's key be kept beyond its day. It happens when another person confirms it; sealing does not wait for it."""
    from bot.cli.desk import waves_keep_key as work

    _exit(work(slug, until, reason, by))


@waves.command("confirm")
def waves_confirm(
    id: Annotated[str, typer.Argument(help="What keep-key or exclude printed.")],
    by: Annotated[str, typer.Option(help="Your name, which is published; not that of whoever asked.")],
) -> None:
    """Confirm, as the second person, what another asked for: a key kept for longer, ballots left out."""
    from bot.cli.desk import waves_confirm as work

    _exit(work(id, by))


@waves.command("flags")
def waves_flags(slug: Annotated[str, typer.Argument(help="The wave's short name.")]) -> None:
    """What the detectors flagged when a wave was sealed. Three days remain to leave it out or to let it stand."""
    from bot.cli.exclusions import flags as work

    _exit(work(slug))


@waves.command("exclude")
def waves_exclude(
    slug: Annotated[str, typer.Argument(help="The wave's short name; it is sealed and not yet released.")],
    unit: Annotated[str, typer.Option(help="The unit's code.")],
    stream: Annotated[str, typer.Option(help="invited, visit or open.")],
    reason: Annotated[str, typer.Option(help="Why; it is published with the figures.")],
    by: Annotated[str, typer.Option(help="Your full name; it is published too.")],
    mode: Annotated[str, typer.Option(help="self, assisted or paper; without it all of them.")] = "",
) -> None:
    """Ask that some ballots be left out of the count. It happens when another person confirms it."""
    from bot.cli.exclusions import exclude as work

    _exit(work(slug, unit, stream, mode, reason, by))


@waves.command("let-stand")
def waves_let_stand(
    slug: Annotated[str, typer.Argument(help="The wave's short name.")],
    by: Annotated[str, typer.Option(help="Your full name.")],
) -> None:
    """Ask that a flagged wave be released without waiting any longer, flags and all. It happens when another person confirms it."""
    from bot.cli.exclusions import let_stand as work

    _exit(work(slug, by))


@waves.command("show")
def waves_show(slug: Annotated[str, typer.Argument(help="The wave's short name.")]) -> None:
    """What was released of a wave, ward by ward, with n and interval."""
    from bot.cli.desk import waves_show as work

    _exit(work(slug))


@app.command()
def links(
    slug: Annotated[str, typer.Argument(help="The wave's short name.")],
    stream: Annotated[str, typer.Option(help="invited or open")] = "open",
) -> None:
    """Print the entry link of every ward of a wave, for letters and QR codes."""
    from bot.cli.desk import links as work

    _exit(work(slug, stream))


@ledger.command("key")
def ledger_key() -> None:
    """Print the key to publish, and its fingerprint."""
    from bot.cli.ledger import key as work

    _exit(work())


@ledger.command("export")
def ledger_export(
    to: Annotated[
        Path | None, typer.Option(help="A directory for the whole ledger, the key and the signed head.")
    ] = None,
) -> None:
    """Print the signed head for a witness to keep; with --to, write it down beside the ledger it stands for."""
    from bot.cli.ledger import export as work

    _exit(work(to))


@ledger.command("show")
def ledger_show(
    slug: Annotated[str | None, typer.Argument(help="Only this wave's entries.")] = None,
) -> None:
    """What the ledger says, an entry a line."""
    from bot.cli.ledger import show as work

    _exit(work(slug))


@ledger.command("package")
def ledger_package(
    slug: Annotated[str, typer.Argument(help="The wave's short name.")],
    file: Annotated[Path, typer.Argument(help="Where to write it, such as 2026.zip.")],
) -> None:
    """Write the package from which an auditor checks a released wave, and check it. It holds single ballots: auditors only."""
    from bot.cli.ledger import package as work

    _exit(work(slug, file))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="An auditors' package.")],
    key: Annotated[
        str, typer.Option(help="The published key, or a file with it; never from the package itself.")
    ],
    witness: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE: a head somebody kept. May be given several times.")
    ] = None,
) -> None:
    """Check, from the package alone, that a wave's published figures follow from its sealed ballots. Needs no settings,
    no database and no network."""
    from bot.cli.verify import verify as work

    _exit(work(file, key, witness or ()))


@app.command()
def report(
    year: Annotated[int, typer.Argument(min=2000, max=2100, help="The year it reports on.")],
    set_id: Annotated[str, typer.Option("--set", help="The criteria set.")] = "qd1578",
    format: Annotated[str, typer.Option(help="docx, xlsx, pdf or all")] = "all",
    to: Annotated[Path, typer.Option(help="The directory to write to.")] = Path("var/reports"),
    roadmap: Annotated[
        list[str] | None,
        typer.Option(help="A roadmap to compare with, such as tra-vinh. May be given several times."),
    ] = None,
    superior: Annotated[
        str, typer.Option(help="The office above; whatever is not given stays a blank.")
    ] = "",
    office: Annotated[str, typer.Option(help="The office that reports; else PROVINCE_NAME.")] = "",
    number: Annotated[str, typer.Option(help="The paper's number.")] = "",
    symbol: Annotated[str, typer.Option(help="What follows “BC-” in its number.")] = "",
    place: Annotated[str, typer.Option(help="Where it is signed.")] = "",
    signed_on: Annotated[str, typer.Option(help="The day it is signed, YYYY-MM-DD.")] = "",
    signer_title: Annotated[str, typer.Option(help="As what it is signed.")] = "",
    signer: Annotated[str, typer.Option(help="Who signs it.")] = "",
    recipient: Annotated[
        list[str] | None, typer.Option(help="Who receives it. May be given several times.")
    ] = None,
) -> None:
    """Write the yearly report as docx, xlsx and pdf, with the deadline of 14 November in sight."""
    from bot.cli.report import Wanted
    from bot.cli.report import report as work

    head = (superior, office, number, symbol, place, signed_on, signer_title, signer, tuple(recipient or ()))
    _exit(work(Wanted(year, set_id, format, to, tuple(roadmap or ())), *head))


token_commands = typer.Typer(
    help="One-time tokens, counters' codes and clerks' links: how a visit or a paper is shown.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
issuers = typer.Typer(
    help="Case systems that issue tokens over the API.", no_args_is_help=True, rich_markup_mode=None
)
officers = typer.Typer(
    help="Officers' own accounts, which have no voice about their own ward.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(token_commands, name="tokens")
token_commands.add_typer(issuers, name="issuer")
app.add_typer(officers, name="officers")


@token_commands.command("issue")
def tokens_issue(
    slug: Annotated[str, typer.Argument(help="The wave of visits, such as 2026-11-tham-luot.")],
    unit: Annotated[str, typer.Option(help="The unit's code.")],
    count: Annotated[int, typer.Option(help="How many.")],
    pdf: Annotated[
        Path | None, typer.Option(help="Print them as cards with QR codes into this file.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the links into this file.")] = None,
    address: Annotated[
        str,
        typer.Option(help="What stands before a token, such as https://t.me/NAME?start= ; else PUBLIC_URL."),
    ] = "",
) -> None:
    """Issue one-time tokens for visits. They are shown once, kept as hashes, and named by number in the ledger."""
    from bot.cli.tokens import issue as work

    _exit(work(slug, unit, count, pdf, csv, address))


@token_commands.command("counter")
def tokens_counter(
    unit: Annotated[str, typer.Option(help="The unit's code.")],
    counter: Annotated[int, typer.Option(help="The counter's number, 1 to 99.")],
    hours_a_week: Annotated[int, typer.Option(help="How long it is open in a week.")] = 40,
) -> None:
    """Print the address of a counter's tablet, whose code changes every 30 seconds."""
    from bot.cli.tokens import counter as work

    _exit(work(unit, counter, hours_a_week))


@token_commands.command("clerk")
def tokens_clerk(
    slug: Annotated[str, typer.Argument(help="The wave.")],
    unit: Annotated[str, typer.Option(help="The unit that is rated.")],
    by_unit: Annotated[str, typer.Option(help="Whose officer types: another unit's code, or MTTQ.")],
    mode: Annotated[str, typer.Option(help="paper or assisted")] = "paper",
    days: Annotated[int, typer.Option(help="For how many days, today among them.")] = 7,
) -> None:
    """Print the address where an officer of another unit types in papers, or reads the questions out."""
    from bot.cli.tokens import clerk as work

    _exit(work(slug, unit, by_unit, mode, days))


@issuers.command("add")
def issuer_add(
    name: Annotated[str, typer.Argument(help="The case system's name.")],
    units: Annotated[str, typer.Option(help="Codes it may issue for, comma between them.")],
) -> None:
    """Make a key for a case system and print it, this once."""
    from bot.cli.tokens import issuer_add as work

    _exit(work(name, units))


@issuers.command("list")
def issuer_list() -> None:
    """Who may issue, for which units."""
    from bot.cli.tokens import issuer_list as work

    _exit(work())


@issuers.command("revoke")
def issuer_revoke(name: Annotated[str, typer.Argument(help="The case system's name.")]) -> None:
    """Take a case system's key back."""
    from bot.cli.tokens import issuer_revoke as work

    _exit(work(name))


@officers.command("add")
def officers_add(
    ids: Annotated[
        list[str], typer.Option("--id", help="What the platform calls the person; may be repeated.")
    ],
    unit: Annotated[str, typer.Option(help="The unit they serve at.")],
    account: Annotated[str, typer.Option(help="telegram, or zalo:OA")] = "telegram",
) -> None:
    """Take officers' own accounts in, as fingerprints. Do it before a wave opens."""
    from bot.cli.tokens import officers_add as work

    _exit(work(unit, account, ids))


@officers.command("import")
def officers_import(file: Annotated[Path, typer.Argument(help="account,id,unit a line, as CSV")]) -> None:
    """Take a list of officers' own accounts in, as fingerprints."""
    from bot.cli.tokens import officers_import as work

    _exit(work(file))


@officers.command("remove")
def officers_remove(
    id: Annotated[str, typer.Option(help="What the platform calls the person.")],
    account: Annotated[str, typer.Option(help="telegram, or zalo:OA")] = "telegram",
) -> None:
    """Give somebody who left the service their voice back."""
    from bot.cli.tokens import officers_remove as work

    _exit(work(account, id))


def _exit(code: int) -> None:
    if code:
        raise typer.Exit(code)


def main() -> None:
    """The console script. Expected trouble ends in one sentence on stderr, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 must not end a Vietnamese sentence in a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    app()
