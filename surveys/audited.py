"""The audit trail: one row for every thing that somebody did at the desk, in the bot, on the command line. Pure.

Each row carries a digest over itself and over the digest of the row before, so whoever changes, drops, adds or moves one breaks
the chain there, and the first row that does not follow can be named. Cutting off the newest rows leaves a whole chain: that is
found by whoever kept a later head (its number and digest). It knows what an action is called, not what it means."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from unicodedata import category

from surveys.canonical import canonical, digest_of_text
from surveys.rights import Actor

__all__ = ["ORIGIN", "AuditRow", "first_that_does_not_follow", "following", "follows", "on_one_line"]

KIND = "audit"
ORIGIN = "0" * 64  # what the first row follows
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
LONGEST_REASON = 1000  # characters; what is longer is cut, for the chain must not depend on a form's limit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, where, when and why."""

    number: int
    """From 1, without a gap."""
    at: datetime
    """To the second, UTC."""
    person: str
    """The id of who did it; empty for the system by itself and for the operator at the machine."""
    name: str
    post: str
    role: str
    title: str
    action: str
    object: str
    unit: str | None
    """Where it happened; None for what concerns the whole installation."""
    province: str | None
    """The province that unit lay in on that day."""
    reason: str
    previous: str
    digest: str

    @property
    def is_by_the_system(self) -> bool:
        return not self.person and not self.name


def following(
    last: AuditRow | None,
    actor: Actor | None,
    action: str,
    object: str,
    *,
    unit: str | None,
    province: str | None,
    reason: str,
    at: datetime,
) -> AuditRow:
    """The row that comes after the last one (None: the first). A clock that was set back does not turn the trail back."""
    moment = at.astimezone(UTC).replace(microsecond=0)
    if last is not None:
        moment = max(moment, last.at)
    row = AuditRow(
        number=last.number + 1 if last else 1,
        at=moment,
        person=actor.person if actor else "",
        name=actor.name if actor else "",
        post=actor.post if actor else "",
        role=actor.role.value if actor else "",
        title=actor.title if actor else "",
        action=action,
        object=object,
        unit=unit,
        province=province,
        reason=on_one_line(reason)[:LONGEST_REASON],
        previous=last.digest if last else ORIGIN,
        digest="",
    )
    return replace(row, digest=_digest(row))


def on_one_line(text: str) -> str:
    """What can be seen of it, single spaces between its words: nothing that a database or a csv would stumble over."""
    visible = "".join(" " if letter.isspace() else letter for letter in text)
    return " ".join("".join(each for each in visible if category(each) not in UNSEEN).split())


def follows(row: AuditRow, last: AuditRow | None) -> bool:
    """Whether this row comes right after that one, and is what was written."""
    return (
        row.number == (last.number + 1 if last else 1)
        and row.previous == (last.digest if last else ORIGIN)
        and (last is None or row.at >= last.at)
        and row.digest == _digest(row)
    )


def first_that_does_not_follow(rows: Iterable[AuditRow]) -> int | None:
    """The number of the first row that does not follow from those before; None when all do."""
    last: AuditRow | None = None
    for row in rows:
        if not follows(row, last):
            return row.number
        last = row
    return None


def _digest(row: AuditRow) -> str:
    fields = {name: getattr(row, name) for name in AuditRow.__slots__ if name != "digest"}
    return digest_of_text(KIND, canonical(fields))
