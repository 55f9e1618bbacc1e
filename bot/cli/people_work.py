"""What `langnghe people …` does: the operator at the machine fills the first posts, helps whoever nobody else can help, and reads
the trail. Codes go to the terminal, once, and nowhere else."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print
from bot.cli.tables import print_table

if TYPE_CHECKING:
    from bot.app import House
    from handlers.people import Problem, Seat

__all__ = ["appoint", "audit", "code", "end", "hand_over", "list_", "verify"]

TOLD = {
    "no_name": "Nobody is named. Give the full name.",
    "no_title": "The post has no title. Give it as people call it: --title “Trưởng Công an phường Long Đức”",
    "no_reason": "Say why: --reason",
    "no_unit": "There is no such unit today. See: langnghe units find NAME",
    "wrong_level": "officer, chief and duty are posts of a ward; supervisor, moderator, auditor and operator of a province.",
    "held": "Somebody holds this post. See: langnghe people list, then: langnghe people hand-over",
    "no_post": "There is no such post. See: langnghe people list",
    "vacant": "Nobody holds this post. See: langnghe people appoint",
    "no_person": "Nobody who serves has this id. See: langnghe people list",
    "same_person": "They hold it already. Another person of that name is named with their rank; for a lost telephone: langnghe people code",
    "account_taken": "This account is somebody else's.",
}


def appoint(name: str, role: str, unit: str, title: str, by: str, person: str) -> int:
    async def work(house: "House") -> None:
        from handlers.people import Refused as NotPossible
        from surveys.rights import Role

        if role not in set(Role):
            raise Refused(f"--role is one of {', '.join(Role)}, not {role}.")
        try:
            if person:
                post = await house.people.assign(
                    None, person, role=Role(role), unit=unit, title=title, by=_named(by)
                )
                _print(f"{post} is held by them too; they choose between their posts when they sign in.")
                return
            made = await house.people.appoint(
                None, name=name, role=Role(role), unit=unit, title=title, by=_named(by)
            )
        except NotPossible as trouble:
            raise _told(trouble.problem) from None
        _hand_out(house, made, name)

    return _in_house(work)


def hand_over(post: str, to: str, by: str, reason: str) -> int:
    async def work(house: "House") -> None:
        from handlers.people import Refused as NotPossible

        try:
            made = await house.people.hand_over(None, post, to_name=to, reason=reason, by=_named(by))
        except NotPossible as trouble:
            raise _told(trouble.problem) from None
        _hand_out(house, made, to)

    return _in_house(work)


def end(post: str, reason: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.people import Refused as NotPossible

        try:
            await house.people.end(None, post, reason, by=_named(by))
        except NotPossible as trouble:
            raise _told(trouble.problem) from None
        _print(f"Nobody holds {post} any more, and whoever did is signed out of it.")

    return _in_house(work)


def code(post: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.people import Refused as NotPossible

        try:
            made = await house.people.new_code(None, post, by=_named(by))
        except NotPossible as trouble:
            raise _told(trouble.problem) from None
        _hand_out(house, made, f"the holder of {post}")

    return _in_house(work)


def list_(unit: str, past: bool) -> int:
    async def work(house: "House") -> None:
        seats = [
            seat
            for seat in await house.people.posts(None)
            if unit in ("", seat.held.unit) and (past or seat.held.until is None)
        ]
        if not seats:
            _print(
                "Nobody holds a post. The first one is filled by: langnghe people appoint NAME --role supervisor --unit 86 --title TITLE --by NAME"
            )
            return
        print_table(
            ("post", "title", "holder", "person", "since", "way in"),
            [
                (
                    seat.held.post,
                    seat.held.title,
                    seat.held.name,
                    seat.held.person,
                    f"{seat.held.since:%d/%m/%Y}",
                    _way_in(seat),
                )
                for seat in seats
            ],
            fixed=(0, 3, 4),
        )

    return _in_house(work)


def audit(some: int, unit: str, object: str, file: Path | None) -> int:
    async def work(house: "House") -> None:
        from bot.web.audit import table_of
        from surveys.waves import LOCAL

        rows = [
            row
            async for row in house.trail.everything()
            if unit in ("", row.unit) and object in ("", row.object)
        ]
        if file is not None:
            _write(file, "\ufeff" + table_of(rows))
            _print(f"{len(rows)} rows in {file}.")
            return
        print_table(
            ("number", "when", "who", "did", "to", "where", "reason"),
            [
                (
                    str(row.number),
                    f"{row.at.astimezone(LOCAL):%d/%m/%Y %H:%M}",
                    f"{row.name} ({row.title})" if row.name else "the system",
                    row.action,
                    row.object,
                    row.unit or "",
                    row.reason,
                )
                for row in rows[-some:]
            ],
            fixed=(0, 1),
        )

    return _in_house(work)


def verify(head: str) -> int:
    async def work(house: "House") -> None:
        found = await house.trail.verified()
        if found.broken is not None:
            raise Refused(
                f"Row {found.broken} does not follow from those before it: it or one of them was changed, added or removed.\n"
                "Keep this database as it is, compare it with a backup from before, and tell whoever audits you."
            )
        if head:
            number, _, digest = head.partition(":")
            kept = [row.digest async for row in house.trail.everything() if str(row.number) == number]
            if kept != [digest.strip()]:
                raise Refused(
                    f"The head {head} no longer stands in the trail: rows were cut off, or the trail was written anew."
                )
        _print(f"{found.rows} rows, each follows from the one before.")
        if found.rows:
            _print(f"Head, to keep outside this machine: {found.rows}:{found.head}")

    return _in_house(work)


def _write(file: Path, text: str) -> None:
    """Readable by its owner only: it names people."""
    if file.exists():
        raise Refused(f"{file} is there already. Name a new file.")
    with open(file, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as to:
        to.write(text.encode())


def _hand_out(house: "House", code: str, name: str) -> None:
    base = house.settings.public_url.rstrip("/") or f"http://{house.settings.host}:{house.settings.port}"
    _print(f"For {name}, shown this once, good for 24 hours:")
    _print(f"  {code}")
    _print(f"They enrol at {base}/desk/enrol, or by sending it to the officers' bot. Hand it over in person.")


def _way_in(seat: "Seat") -> str:
    if seat.held.until is not None:
        return f"until {seat.held.until:%d/%m/%Y}"
    if seat.held.is_enrolled:
        return "bot" if seat.held.has_account else "web"
    if seat.code_until is not None:
        return f"code until {seat.code_until:%d/%m/%Y %H:%M} UTC"
    return "none: langnghe people code"


def _named(by: str) -> str:
    if not any(letter.isalpha() for letter in by):
        raise Refused("Say who you are, by full name: --by")
    return by


def _told(problem: "Problem") -> Refused:
    return Refused(TOLD[problem.value])
