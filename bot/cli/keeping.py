"""What an operator does to keep the house in order by hand: a backup now, and the days on which nobody is to be disturbed."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print
from bot.cli.tables import print_table

if TYPE_CHECKING:
    from bot.app import House

__all__ = ["backup", "day", "days"]

A_YEAR = 366
AS_BEFORE = "as-before"
KINDS = ("quiet", "working", AS_BEFORE)


def backup(directory: Path | None) -> int:
    async def work(house: "House") -> None:
        from storage.backup import BackupFailed, backed_up

        to = directory or house.settings.backup_dir
        if to is None:
            raise Refused("Say where to: --to DIR, or set BACKUP_DIR and it is made every night.")
        if house.settings.keys_dir.absolute() in (to.absolute(), *to.absolute().parents):
            raise Refused(f"{to} lies within KEYS_DIR: a copy of the database must lie apart from the keys.")
        try:
            file = await backed_up(house.settings.database_url, to, house.now())
        except BackupFailed as problem:
            raise Refused(str(problem)) from None
        _print(f"{file} is whole. KEYS_DIR is not in it, and must not lie beside it: see docs/operating.md")

    return _in_house(work)


def days(unit: str) -> int:
    async def work(house: "House") -> None:
        from surveys.waves import LOCAL

        if await house.unit_name(unit) is None:
            raise Refused(f"No unit has the code {unit}. Look one up: langnghe units find NAME")
        quiet, today = await house.schedules.quiet_at(unit), house.now().astimezone(LOCAL).date()
        coming = (today + timedelta(days=each) for each in range(A_YEAR))
        print_table(
            ("day", "called"),
            [(each.isoformat(), quiet.name(each)) for each in coming if each in quiet],
            fixed=(0,),
        )

    return _in_house(work)


def day(unit: str, on: str, kind: str, name: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.quiet_days import NotThatDay, QuietDays

        if kind not in KINDS:
            raise Refused(f"A day is {', '.join(KINDS)}, not {kind}.")
        if not by.strip():
            raise Refused("Say who wants it: --by NAME")
        keeper, when = QuietDays(house.db, house.schedules, house.now), _day(on)
        try:
            if kind == AS_BEFORE:
                if not await keeper.forget(None, unit, when, by=by):
                    raise Refused(f"Nothing was said of {on} there. See: langnghe schedules days {unit}")
            elif kind == "quiet":
                await keeper.add(None, unit, when, name, by=by)
            else:
                await keeper.take_away(None, unit, when, name, by=by)
        except NotThatDay as problem:
            raise Refused(str(problem)) from None
        _print(f"{on} is {kind} in {unit}; what lay on it has moved. See: langnghe schedules next")

    return _in_house(work)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is no day such as 2027-02-11.") from None
