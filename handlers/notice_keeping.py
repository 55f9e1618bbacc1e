"""How a notice moves on: along the declared table, one version further, with one row in the audit trail. For those who do deeds; it
knows no right and no rule."""

from dataclasses import replace
from datetime import datetime

from handlers.notice_checks import Moved, refused
from handlers.noting import note
from storage.transaction import Tx
from surveys.delivery import next_awake
from surveys.notices import Deed, Notice, NotNow, Trouble, after, possible
from surveys.notices.words import STATES
from surveys.rights import Actor

__all__ = ["kept", "moved_on", "object_of", "sent_back", "timed"]


def object_of(notice: Notice) -> str:
    """As it stands in the audit trail."""
    return f"notice:{notice.code}"


def moved_on(notice: Notice, deed: Deed) -> Notice:
    """Raises Refused where its state does not let it."""
    try:
        return replace(notice, state=after(notice.state, deed))
    except NotNow:
        words = f"Thông báo đang ở trạng thái “{STATES[notice.state]}”, nên không làm được việc này."
        raise refused(Trouble.WRONG_NOW, words) from None


def sent_back(notice: Notice) -> Notice:
    """It waits for somebody to look again: approved by nobody, due at no time."""
    return replace(moved_on(notice, Deed.MISS), approved=None, is_self_approved=False, due_at=None, urged=())


def timed(notice: Notice, now: datetime) -> Notice:
    """When it may leave: at its hour; in the morning where that lies in the night; at once where two persons say so."""
    wanted = max(notice.send_at or now, now)
    due = wanted if notice.overrides else next_awake(wanted)
    if due > now and Deed.SCHEDULE in possible(notice.state):
        notice = moved_on(notice, Deed.SCHEDULE)
    return replace(notice, due_at=due)


async def kept(
    tx: Tx, actor: Actor | None, was: Notice, notice: Notice, action: str, at: datetime, reason: str = ""
) -> Notice:
    """Call it last in the transaction of the deed. Raises Moved when somebody else was quicker."""
    notice = replace(notice, version=was.version + 1)
    if not await tx.notices.save(notice, at):
        raise Moved
    await note(tx, actor, action, object_of(notice), unit=notice.unit, reason=reason, at=at)
    return notice
