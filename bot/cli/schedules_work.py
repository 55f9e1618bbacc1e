"""What `langnghe schedules …` does: an operator looks at the year, and moves it. It decides nothing about when."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.cli.desk import Refused, _in_house, _print
from bot.cli.tables import print_table

if TYPE_CHECKING:
    from bot.app import House
    from handlers.schedules import Planned
    from surveys.rights import Actor
    from surveys.schedules import Schedule

__all__ = [
    "add",
    "end",
    "holds",
    "list_",
    "next_",
    "pause",
    "propose",
    "release",
    "resume",
    "run",
    "show",
]

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
AS_PRINTED = "%Y-%m-%d %H:%M"


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────


def list_() -> int:
    async def work(house: "House") -> None:
        await _tell_holds(house)
        found = await house.schedules.all()
        if not found:
            _print("Nothing is scheduled. See what a year may hold: langnghe schedules propose 86")
            return
        rows = []
        for each in found:
            last = next(iter(await house.schedules.history(each.row.id, 1)), None)
            came_of_it = f"{last.state} {_moment(last.due)}" if last else "never yet"
            coming = house.schedules.coming(each, 1)
            rows.append(
                (
                    each.row.id,
                    each.row.unit or "–",
                    each.row.title,
                    each.words,
                    _moment(coming[0]) if coming else each.row.state,
                    came_of_it,
                )
            )
        print_table(("id", "unit", "what", "when", "next", "last"), rows, fixed=(0, 4))

    return _in_house(work)


def next_(days: int) -> int:
    async def work(house: "House") -> None:
        await _tell_holds(house)
        until = house.now() + timedelta(days=days)
        coming = [
            (due, planned)
            for planned in await house.schedules.all()
            for due in house.schedules.coming(planned, days + 1)
            if due <= until
        ]
        if not coming:
            _print(f"Nothing in the next {days} days.")
            return
        print_table(
            ("when", "unit", "what", "id"),
            [
                (_moment(due), planned.row.unit or "–", planned.row.title, planned.row.id)
                for due, planned in sorted(coming, key=lambda each: each[0])
            ],
            fixed=(0,),
        )

    return _in_house(work)


def show(id: str) -> int:
    async def work(house: "House") -> None:
        planned = await _found(house, id)
        row = planned.row
        _print(f"{row.title} · {row.purpose} · unit {row.unit or 'none'} · {row.state} · by {row.owner}")
        _print(planned.words)
        if planned.trouble:
            _print(f"Its row cannot be read: {planned.trouble}")
            _print(f"Write it anew at the desk, or end it: langnghe schedules end {id} --by NAME")
        _print(f"subject: {row.subject}")
        _tell_next(house.schedules.coming(planned))
        history = await house.schedules.history(id)
        if history:
            print_table(
                ("due", "state", "what came of it"),
                [(_moment(each.due), each.state, each.reason or "") for each in history],
                fixed=(0,),
            )

    return _in_house(work)


def holds() -> int:
    async def work(house: "House") -> None:
        if not await _tell_holds(house):
            _print("Nothing is held: what is due happens.")

    return _in_house(work)


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def propose(unit: str, take: tuple[str, ...], by: str, yes: bool) -> int:
    async def work(house: "House") -> None:
        from handlers.proposed import id_of, proposed
        from surveys.schedules import described

        if await house.unit_name(unit) is None:
            raise Refused(f"No unit has the code {unit}. Look one up: langnghe units find NAME")
        planned, today = await house.schedules.all(), house.now().astimezone(LOCAL).date()
        orders = {each.id: each for each in proposed(unit, today, planned)}
        known = house.schedules.purposes
        if not take:
            print_table(
                ("id", "what", "when", "where the day comes from", ""),
                [
                    (
                        each.id,
                        each.title,
                        described(each.schedule),
                        each.source,
                        "" if each.purpose in known else "not in this version",
                    )
                    for each in orders.values()
                ],
                fixed=(0,),
            )
            _print(f"Take some: langnghe schedules propose {unit} --take visits --by NAME")
            return
        if unknown := sorted(set(take) - orders.keys()):
            raise Refused(f"There is no proposal {', '.join(unknown)}: {', '.join(orders)}")
        _named(by)
        for wanted in take:
            order = orders[wanted]
            await _kept_if_wanted(
                house,
                order.schedule,
                yes,
                purpose=order.purpose,
                unit=unit,
                title=order.title,
                subject=order.subject,
                id=id_of(order, unit),
                owner=by,
            )

    return _in_house(work)


def add(file: Path, by: str, yes: bool) -> int:
    async def work(house: "House") -> None:
        from surveys.schedules import schedule_from_json

        _named(by)
        given = _read(file)
        try:
            wanted = {name: given[name] for name in ("purpose", "unit", "title")}
            schedule = schedule_from_json(given["calendar"])
        except KeyError as missing:
            raise Refused(f"{file} lacks {missing}. It needs purpose, unit, title, calendar.") from None
        if await house.unit_name(str(wanted["unit"])) is None:
            raise Refused(f"No unit has the code {wanted['unit']}. Look one up: langnghe units find NAME")
        subject = given.get("subject", {})
        await _must_fit(house, file, schedule, subject, **wanted)
        await _kept_if_wanted(house, schedule, yes, **wanted, subject=subject, owner=by)

    return _in_house(work)


async def _must_fit(
    house: "House", file: Path, schedule: "Schedule", subject: Any, *, purpose: str, unit: str, title: str
) -> None:
    """The same that the desk asks of what is written there; and what happens each time, said back."""
    from handlers.fitting import Fitting, Unfit, Wanted
    from handlers.notice_templates import NoticeTemplates
    from surveys.schedules.purposes import is_chore
    from surveys.schedules.subjects import WRITTEN_HERE

    if purpose not in WRITTEN_HERE and not is_chore(str(purpose)):
        raise Refused(f"{purpose} is nothing that can be scheduled: {', '.join(WRITTEN_HERE)}")
    if not isinstance(subject, dict):
        raise Refused(f"{file}: subject must be an object. See docs/operating.md")
    templates = NoticeTemplates(house.db, house.now, house.notices.policies)
    fitting = Fitting(house.schedules, templates, house.now)
    wanted = Wanted(purpose, title, unit, schedule, subject)
    try:
        await fitting.check(wanted)
    except Unfit as unfit:
        raise Refused(f"{file} cannot be kept: {unfit} What a subject holds: docs/operating.md") from None
    looked = await fitting.look(wanted)
    for line in (looked.what, looked.drafted):
        if line:
            _print(line)


async def _kept_if_wanted(house: "House", schedule: "Schedule", yes: bool, **wanted: Any) -> None:
    """Said back in words, with the next five times; kept when somebody says so."""
    from surveys.schedules import described

    _print(f"{wanted['title']}: {described(schedule)}")
    _tell_next(await house.schedules.foreseen(schedule, wanted["unit"]))
    if not yes and not _agrees():
        raise Refused("Nothing was kept.")
    planned = await house.schedules.add(schedule, **wanted)
    _print(f"Kept: {planned.row.id}")


def pause(id: str, by: str) -> int:
    return _turned(
        id, lambda house, row, who: house.schedules.pause(id, row.row.version, by=who), by, "paused"
    )


def resume(id: str, by: str) -> int:
    return _turned(
        id, lambda house, row, who: house.schedules.resume(id, row.row.version, by=who), by, "resumed"
    )


def end(id: str, by: str) -> int:
    return _turned(id, lambda house, row, who: house.schedules.end(id, row.row.version, by=who), by, "ended")


def run(id: str, by: str, due: str) -> int:
    async def work(house: "House") -> None:
        _named(by)
        if (await _found(house, id)).trouble and not due:
            raise Refused(
                f"{id} cannot be read, so nothing can be done of it. See: langnghe schedules show {id}"
            )
        if not due:
            await house.schedules.run_once(id, asked_by=by)
            _print(f"{id} is due now: the running bot does it within a minute.")
            return
        if not await house.schedules.run_again(id, _read_moment(due), asked_by=by):
            raise Refused(f"{id} was neither skipped nor failed at {due}. See: langnghe schedules show {id}")
        _print(f"{id} of {due} is due once more: the running bot does it within a minute.")

    return _in_house(work)


def release(cause: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.noting import at_the_machine

        if not await house.schedules.release(cause, by=at_the_machine(by)):
            raise Refused(f"Nothing is held for {cause}. See: langnghe schedules holds")
        _print(f"{cause} is released. What is too late by now is skipped, and `schedules list` says so.")

    return _in_house(work)


# ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _turned(id: str, how: "Callable[[House, Planned, Actor], Awaitable[Planned]]", by: str, done: str) -> int:
    async def work(house: "House") -> None:
        from handlers.noting import at_the_machine
        from handlers.schedules import Changed

        try:
            await how(house, await _found(house, id), at_the_machine(by))
        except Changed:
            raise Refused(
                f"{id} has ended, or somebody changed it just now. Look again: schedules list"
            ) from None
        _print(f"{id} is {done}.")

    return _in_house(work)


async def _found(house: "House", id: str) -> "Planned":
    from handlers.schedules import NoSuchSchedule

    try:
        return await house.schedules.get(id)
    except NoSuchSchedule:
        raise Refused(f"There is no schedule {id}. See: langnghe schedules list") from None


async def _tell_holds(house: "House") -> bool:
    """Whether there is one."""
    held = await house.schedules.holds()
    for each in held:
        _print(
            f"HELD since {_moment(each.since)}: {each.reason}. When you have looked: "
            f"langnghe schedules release {each.cause}"
        )
    return bool(held)


def _tell_next(moments: tuple[datetime, ...]) -> None:
    _print("next: " + (" · ".join(_moment(each) for each in moments) if moments else "never"))


def _moment(moment: datetime) -> str:
    return moment.astimezone(LOCAL).strftime(AS_PRINTED)


def _read_moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, AS_PRINTED).replace(tzinfo=LOCAL).astimezone(UTC)
    except ValueError:
        raise Refused(f"{text} is no moment as `show` prints them: 2026-11-15 08:00") from None


def _named(by: str) -> None:
    if not by.strip():
        raise Refused("Say who wants it: --by NAME")


def _agrees() -> bool:
    sys.stdout.write("Keep it? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        given = json.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as trouble:
        raise Refused(f"{file} cannot be read: {trouble}") from None
    except ValueError as trouble:
        raise Refused(f"{file} is no JSON: {trouble}") from None
    if not isinstance(given, dict):
        raise Refused(f"{file} must hold one object with purpose, unit, title, calendar.")
    return given
