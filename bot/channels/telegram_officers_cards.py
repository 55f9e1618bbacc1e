"""One notice as its card: what it says, who did what to it, how far it has got, and the buttons a post has a use for. It does nothing."""

from bot.channels.telegram_officers_calls import Button
from bot.channels.telegram_officers_moments import told_moment
from bot.channels.telegram_officers_steps import audience_words
from bot.channels.telegram_officers_words import say
from handlers.beneath import Beneath
from handlers.notice_progress import Progress
from handlers.notices import Notices
from surveys.delivery import DeliveryState
from surveys.figures import whole
from surveys.notices import Deed, Finding, Hand, Notice, State, possible
from surveys.notices.words import CATEGORIES, KINDS, SELF_APPROVED, STATES, URGENT
from surveys.outside import Outlook
from surveys.outside_words import article_words, outlook_words
from surveys.rights import Action, Actor, Reach, may
from surveys.texts import DEFAULT, NAMES, clipped, length

__all__ = ["Cards", "bar", "is_moving", "progress_words"]

CELLS = 10
SHOWN = 400  # UTF-16 units of a notice's words on its card; all of it is one tap away
TWO = 2

BUTTONS: tuple[tuple[str, Deed, tuple[Action, ...]], ...] = (
    ("ap", Deed.APPROVE, (Action.NOTICE_APPROVE, Action.NOTICE_APPROVE_OWN)),
    ("rj", Deed.REJECT, (Action.NOTICE_APPROVE,)),
    ("cl", Deed.CLEAR, (Action.NOTICE_CLEAR,)),
    ("ur", Deed.URGE, (Action.NOTICE_URGE,)),
    ("su", Deed.SUBMIT, (Action.NOTICE_WRITE,)),
    ("ed", Deed.CHANGE, (Action.NOTICE_WRITE,)),
    ("st", Deed.STOP, (Action.NOTICE_STOP,)),
    ("rc", Deed.RECALL, (Action.NOTICE_RECALL,)),
    ("ca", Deed.CANCEL, (Action.NOTICE_WRITE,)),
    ("ar", Deed.ARCHIVE, (Action.NOTICE_WRITE,)),
)
"""What may stand under a card: the deed it is for, and the rights of which a post needs one to be shown it. Whether it may is asked when
it is tapped."""


def is_moving(notice: Notice) -> bool:
    """Its card changes by itself."""
    return notice.state in (State.APPROVED, State.SCHEDULED, State.SENDING)


class Cards:
    def __init__(self, notices: Notices, beneath: Beneath) -> None:
        self._notices = notices
        self._beneath = beneath

    async def of(self, actor: Actor, notice: Notice) -> tuple[str, list[list[Button]]]:
        findings = await self._notices.findings(actor, notice.id) if not notice.has_left else ()
        names = {unit.code: unit.name for unit in await self._beneath.of(actor)}
        lines = [
            _head(notice),
            "",
            *_quoted(notice),
            *_unseen(notice),
            "",
            audience_words(notice.draft, names),
            *_times(notice),
            *_hands(notice),
            *(say("card.finding", words=each.words, why=KINDS[each.kind]) for each in findings),
        ]
        outlook = await self._outlook(actor, notice)
        if outlook is not None:
            lines += ["", *outlook_words(outlook)]
        if notice.has_left:
            lines += ["", progress_words(notice, await self._notices.progress(actor, notice.id))]
        return "\n".join(lines), _rows(actor, notice, findings, outlook)

    async def _outlook(self, actor: Actor, notice: Notice) -> Outlook | None:
        """Only for whoever could approve it: it takes a walk through everybody the notice is for."""
        approves = (Action.NOTICE_APPROVE, Action.NOTICE_APPROVE_OWN)
        if not any(may(actor.role, action, _where(actor, notice)) for action in approves):
            return None
        return await self._notices.outlook(actor, notice)


def _head(notice: Notice) -> str:
    head = say(
        "card.head", code=notice.code, category=CATEGORIES[notice.category], state=STATES[notice.state]
    )
    return f"{URGENT} · {head}" if notice.is_urgent else head


def _quoted(notice: Notice) -> list[str]:
    """Its words, each line behind a bar: none of them passes for a line of the card's own, “Duyệt: …”."""
    words = clipped(notice.draft.in_language(DEFAULT).text, SHOWN)
    return [f"│ {line}" for line in words.split("\n")]


def _unseen(notice: Notice) -> list[str]:
    """What residents will read of it and does not stand here, for whoever decides by this card."""
    missing = [say("card.rest")] if length(notice.draft.in_language(DEFAULT).text) > SHOWN else []
    if notice.image is not None:
        missing.append(say("card.picture"))
    missing += [
        say("card.translation", language=NAMES.get(language, language))
        for language, text in notice.texts.items()
        if language != DEFAULT and text.text
    ]
    return [say("card.unseen", what=", ".join(missing))] if missing and not notice.has_left else []


def _times(notice: Notice) -> list[str]:
    lines = []
    if notice.due_at is not None and not notice.has_left:
        lines.append(say("card.due", at=told_moment(notice.due_at)))
    elif notice.send_at is not None and not notice.has_left:
        lines.append(say("ready.leaves", at=told_moment(notice.send_at)))
    if notice.expires_at is not None:
        lines.append(say("ready.expires", at=told_moment(notice.expires_at)))
    return lines


def _hands(notice: Notice) -> list[str]:
    """Who did what to it, so far."""
    lines = [_hand("written", hand) for hand in notice.writers]
    for key, hand in (("submitted", notice.submitted), ("approved", notice.approved)):
        if hand is not None:
            lines.append(_hand(key, hand))
    if notice.is_self_approved:
        lines.append(SELF_APPROVED)
    if notice.is_urgent:
        lines += [_hand("urged", hand) for hand in notice.urged]
        if len(notice.urged) < TWO and not notice.has_left:
            lines.append(say("card.urge_needed", count=TWO - len(notice.urged)))
    for key, hand in (("cleared", notice.cleared), ("rejected", notice.rejected), ("ended", notice.ended)):
        if hand is not None:
            lines.append(_hand(key, hand))
    return lines


def _hand(key: str, hand: Hand) -> str:
    line = say(f"hand.{key}", name=hand.name, title=hand.title, at=told_moment(hand.at))
    return f"{line} “{hand.reason}”" if hand.reason else line


def _where(actor: Actor, notice: Notice) -> Reach:
    return Reach.OWN if notice.unit == actor.unit else Reach.BELOW


def _rows(
    actor: Actor, notice: Notice, findings: tuple[Finding, ...], outlook: Outlook | None
) -> list[list[Button]]:
    where = _where(actor, notice)
    deeds = possible(notice.state)
    shown = []
    for key, deed, actions in BUTTONS:
        if deed not in deeds or not any(may(actor.role, action, where) for action in actions):
            continue
        if (deed is Deed.URGE and not notice.is_urgent) or (deed is Deed.CLEAR and not findings):
            continue
        shown.append(Button(say(f"button.{key}"), f"{key}.{notice.id}.{notice.version}"))
        if deed is Deed.APPROVE and outlook is not None and (quote := outlook.quote) is not None:
            # Both numbers stand in the button: what was read is what is agreed to.
            agreed = f"ap.{notice.id}.{notice.version}.{quote.count}.{quote.price}"
            shown.append(Button(say("button.ap_paid", cost=whole(quote.total)), agreed))
    rows = [shown[place : place + 2] for place in range(0, len(shown), 2)]
    last = [Button(say("button.pv"), f"pv.{notice.id}")]
    if is_moving(notice) or notice.has_left:
        last.append(Button(say("button.pg"), f"pg.{notice.id}"))
    return [*rows, last]


# ── How far it has got ───────────────────────────────────────────────────────────────────────────────────────────


def progress_words(notice: Notice, progress: Progress) -> str:
    """“▓▓▓▓▓▓░░░░ 61 % · đã gửi 2.081 · chờ 1.319 · lỗi 3 · không rõ 9”"""
    if not progress.total:
        return say("progress.nobody" if notice.state is not State.SENDING else "progress.begins")
    counts = progress.counts
    waiting = progress.total - progress.done
    parts = [
        f"{bar(progress.share)} {_percent(progress.share)}",
        say("progress.sent", count=whole(counts.get(DeliveryState.SENT, 0))),
    ]
    for key, number in (
        ("waiting", waiting),
        ("failed", counts.get(DeliveryState.FAILED, 0)),
        ("blocked", counts.get(DeliveryState.BLOCKED, 0)),
        ("window", counts.get(DeliveryState.WINDOW_CLOSED, 0)),
        ("unknown", counts.get(DeliveryState.UNKNOWN, 0)),
        ("expired", counts.get(DeliveryState.EXPIRED, 0)),
        ("cancelled", counts.get(DeliveryState.CANCELLED, 0)),
    ):
        if number:
            parts.append(say(f"progress.{key}", count=whole(number)))
    line = " · ".join(parts)
    line += "".join(f"\n{each}" for each in _spent_words(progress))
    if progress.seen:
        line += "\n" + say("progress.seen", count=whole(progress.seen))
    if notice.state is State.SENDING and progress.done_at is not None:
        line += "\n" + say("progress.done_at", at=told_moment(progress.done_at))
    return line


def _spent_words(progress: Progress) -> list[str]:
    """By which way it reached people, where there was more than one, and what that costs."""
    spent = progress.spent
    if not (spent.templates or spent.unknown or spent.billed or spent.articles):
        return []
    lines = [say("progress.by_message", count=whole(progress.messages), billed=whole(spent.billed))]
    if spent.agreed:
        unknown, agreed = whole(spent.unknown), whole(spent.agreed)
        lines.append(
            say(
                "progress.by_template",
                count=whole(spent.templates),
                unknown=unknown,
                agreed=agreed,
                by=spent.by,
            )
        )
    if spent.articles:
        lines.append(say("progress.by_article", how=article_words(spent.articles)))
    cost = spent.cost
    lines.append(say("progress.spent", cost=whole(cost)) if cost is not None else say("progress.no_price"))
    return lines


def bar(share: float) -> str:
    """Full only when it is."""
    full = int(share * CELLS) if share < 1 else CELLS
    return "▓" * full + "░" * (CELLS - full)


def _percent(share: float) -> str:
    return f"{int(share * 100) if share < 1 else 100} %"
