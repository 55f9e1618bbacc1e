"""What `langnghe comments …` does: each command one deed, each refusal with the next step."""

from collections.abc import Callable, Coroutine
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.desk import Refused, _fail, _in_house, _print

if TYPE_CHECKING:
    from bot.app import House
    from handlers.comments import Comments, Opened

__all__ = [
    "decide",
    "hand_over",
    "handed",
    "heaps",
    "leaders_add",
    "leaders_import",
    "leaders_list",
    "leaders_remove",
    "purge",
    "read",
    "undo",
]

SHOWN = 8  # characters of an id

WHY = {
    "leader": "it speaks of the ward's chief or a deputy, and such a comment never goes to that ward. "
    "The province may read it: withhold it",
    "denunciation": "it accuses somebody, and its writer was told that the ward does not see it. Withhold it",
    "no_remark": "it is a place, a picture or a number and no remark. Withhold it",
}


def heaps() -> int:
    async def work(comments: "Comments") -> None:
        found = await comments.heaps()
        if not found:
            _print("No comments yet: they appear when a wave is sealed.")
            return
        _print(f"{'wave':24} {'ward':32} unread  passed  withheld  handed over")
        for heap in found:
            _print(
                f"{heap.wave:24} {heap.unit + ' ' + heap.unit_name:32} {heap.unread:6}  {heap.passed:6}  "
                f"{heap.withheld:8}  {heap.handed:11}"
            )
        if unread := next((heap for heap in found if heap.unread), None):
            _print(f"Read on: langnghe comments read --wave {unread.wave} --unit {unread.unit}")

    return _among_comments(work)


def read(id: str, wave: str, unit: str) -> int:
    async def work(comments: "Comments") -> None:
        if id:
            _show(await comments.read(id))
            return
        if not wave or not unit:
            raise Refused("Name a comment, or --wave and --unit. See: langnghe comments list")
        opened = await comments.next_unread(wave, unit)
        if opened is None:
            _print(f"Nothing is unread of {unit} in {wave}.")
            return
        _show(opened)

    return _among_comments(work)


def decide(what: str, id: str, by: str) -> int:
    async def work(comments: "Comments") -> None:
        if what == "pass":
            whole = await comments.pass_on(id, by=by)
            _print(
                f"{whole[:SHOWN]} is passed. Until it is handed over: langnghe comments undo {whole[:SHOWN]}"
            )
            return
        whole = await comments.withhold(id, by=by)
        _print(f"{whole[:SHOWN]} is withheld. To take that back: langnghe comments undo {whole[:SHOWN]}")

    return _among_comments(work)


def undo(id: str) -> int:
    async def work(comments: "Comments") -> None:
        whole = await comments.take_back(id)
        _print(f"{whole[:SHOWN]} is unread again.")

    return _among_comments(work)


def hand_over() -> int:
    async def work(comments: "Comments") -> None:
        went = await comments.hand_over()
        for unit, number in sorted(went.items()):
            _print(
                f"{unit}: {number} comments handed over. What the ward sees: langnghe comments handed {unit}"
            )
        if not went:
            _print(
                "Nothing was handed over. It takes ten passed comments of one ward and one form, from waves sealed "
                "seven days ago or longer in which that ward has ten ballots or more."
            )

    return _among_comments(work)


def handed(unit: str) -> int:
    async def work(comments: "Comments") -> None:
        batches = await comments.handed(unit)
        if not batches:
            _print(f"{unit} has been handed nothing.")
        for batch in batches:
            _print("Not anonymous, by a rating template of Zalo:" if batch[0].is_rating else "")
            for each in batch:
                _print(f"- {each.question}\n  {each.text}")

    return _among_comments(work)


def purge(released_before: str) -> int:
    async def work(comments: "Comments") -> None:
        from surveys.waves import LOCAL

        try:
            day = date.fromisoformat(released_before)
        except ValueError:
            raise Refused(f"--released-before is a day such as 2026-12-31, not {released_before}.") from None
        number = await comments.purge(datetime.combine(day, time(), LOCAL))
        _print(f"{number} comments were deleted.")

    return _among_comments(work)


def leaders_add(unit: str, name: str, post: str) -> int:
    async def work(comments: "Comments") -> None:
        await comments.add_leader(unit, name, post)
        _print(f"{name} ({post}) is on the list of {unit}: no comment that names them goes there.")

    return _among_comments(work)


def leaders_remove(unit: str, name: str) -> int:
    async def work(comments: "Comments") -> None:
        if not await comments.remove_leader(unit, name):
            raise Refused(f"{unit} has no leader “{name}”. See: langnghe comments leaders list")
        _print(f"{name} is off the list of {unit}.")

    return _among_comments(work)


def leaders_import(file: Path) -> int:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        return _fail(f"{file} cannot be read: {trouble}")

    async def work(comments: "Comments") -> None:
        _print(f"{await comments.import_leaders(text)} leaders are on the list.")

    return _among_comments(work)


def leaders_list() -> int:
    async def work(comments: "Comments") -> None:
        found = await comments.leaders()
        for leader in found:
            _print(f"{leader.unit}  {leader.name:28} {leader.post}")
        if not found:
            _print("No leader is on the list; posts such as “trưởng công an phường” are known without it.")

    return _among_comments(work)


# ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _show(opened: "Opened") -> None:
    _print(f"{opened.id[:SHOWN]}   {opened.wave}   {opened.unit}   {opened.week}")
    _print(opened.question)
    _print(f"\n  {opened.text}\n")
    if opened.is_rating:
        _print(
            "Not anonymous: it came by a rating template of Zalo, where the office can read who wrote it. It goes to its ward "
            "among ten of its kind."
        )
    if opened.is_whole:
        _print("Its writer asked that the province reads it exactly so.")
    if opened.only is not None:
        _print(
            f"For the province only: {WHY[opened.only.value]}: langnghe comments withhold {opened.id[:SHOWN]} --by NAME"
        )
        return
    if opened.for_ward != opened.text:
        _print(f"The ward would see:\n\n  {opened.for_ward}\n")
    if opened.state is None:
        _print(
            f"langnghe comments pass {opened.id[:SHOWN]} --by NAME   or   langnghe comments withhold {opened.id[:SHOWN]} --by NAME"
        )
        return
    where = ", handed over" if opened.state.is_handed else ""
    _print(f"It was {opened.state.word} by {opened.state.by} on {opened.state.on:%d/%m/%Y}{where}.")


def _among_comments(work: Callable[["Comments"], Coroutine[Any, Any, None]]) -> int:
    async def inside(house: "House") -> None:
        from handlers.comments import Decided, HeldBack, NoSuchComment, TooLate

        try:
            await work(house.comments)
        except NoSuchComment as problem:
            raise Refused(
                f"No comment, or more than one, begins with “{problem}”. Give six characters of its id or more."
            ) from None
        except HeldBack as problem:
            raise Refused(f"Nobody can pass it: {WHY[problem.only.value]}.") from None
        except Decided as problem:
            raise Refused(
                f"It was {problem.state} by {problem.by} on {problem.on:%d/%m/%Y}. Agree, then: langnghe comments undo ID"
            ) from None
        except TooLate:
            raise Refused(
                "It has been handed to its ward; what people have read cannot be taken back."
            ) from None

    return _in_house(inside)
