"""`langnghe report YEAR`: the yearly report as files an office can sign, send and check."""

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print
from bot.documents import Format, document, file_name

if TYPE_CHECKING:
    from bot.app import House
    from surveys.report import Report

__all__ = ["Wanted", "report"]

ALL = "all"
DEADLINE_SOON = 14  # days


@dataclass(frozen=True, slots=True)
class Wanted:
    year: int
    set_id: str
    format: str
    directory: Path
    roadmaps: tuple[str, ...] = ()


def report(
    wanted: Wanted,
    superior: str = "",
    office: str = "",
    number: str = "",
    symbol: str = "",
    place: str = "",
    signed_on: str = "",
    signer_title: str = "",
    signer: str = "",
    recipients: tuple[str, ...] = (),
) -> int:
    async def work(house: "House") -> None:
        from handlers.reporting import NoSuchRoadmap, Reporting
        from handlers.scorecards import NoSuchSet
        from surveys.report import Letterhead
        from surveys.report import report as made_from

        formats, set_id = _formats(wanted.format), wanted.set_id
        letterhead = Letterhead(
            superior,
            office or house.settings.province_name,
            number,
            symbol,
            place,
            _day(signed_on),
            signer_title,
            signer,
            recipients,
        )
        reporting = Reporting(house.db, house.scorecards, house.waves, house.ledger)
        try:
            gathered = await reporting.gather(
                set_id, wanted.year, k=house.settings.privacy_k, roadmaps=wanted.roadmaps
            )
        except NoSuchSet:
            known = ", ".join(each.id for each in await house.scorecards.sets())
            raise Refused(f"There is no criteria set {set_id}; there are {known}.") from None
        except NoSuchRoadmap as trouble:
            raise Refused(str(trouble)) from None
        if gathered.frozen_otherwise:
            sys.stderr.write(
                f"The cards of {', '.join(gathered.frozen_otherwise)} were frozen by another version of {set_id}; "
                "the report shows them as they follow from the version in force, unfrozen.\n"
            )
        _write(made_from(gathered.sources, letterhead, house.now()), formats, wanted.directory)

    return _in_house(work)


def _formats(name: str) -> list[Format]:
    """Raises Refused."""
    if name == ALL:
        return list(Format)
    try:
        return [Format(name)]
    except ValueError:
        raise Refused(f"{name} is no format; there are {', '.join(Format)} and {ALL}.") from None


def _day(text: str) -> date | None:
    """Raises Refused."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(f"{text} is no day; write it as 2026-11-12.") from None


def _write(report: "Report", formats: list[Format], directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for format in formats:
            path = directory / file_name(report, format)
            path.write_bytes(document(report, format))
            _print(str(path))
    except OSError as trouble:
        raise Refused(
            f"The report cannot be written: {trouble}. Choose another directory with --to."
        ) from None
    _print(f"{len(report.wards)} units; digest {report.digest}")
    days = report.deadline.days
    if days < 0:
        _print(f"The deadline of {report.deadline.last_day} passed {-days} days ago.")
    elif days <= DEADLINE_SOON:
        _print(f"Due by the end of {report.deadline.last_day}: {days} days left.")
