"""Who comes to the officers' bot: strangers, those who bring a one-time code, and those who are known – who they are, which post
they sit at, the link to the desk, and leaving. It knows no notice; codes and links are `handlers.people`'s."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

import structlog
from telegram import Update

from bot.channels.errands import Pace
from bot.channels.telegram_officers_calls import Button, Mouth
from bot.channels.telegram_officers_reception import ACCOUNT, END, Turn, posts_to_choose, sat_at
from bot.channels.telegram_officers_words import commands_of, say
from bot.web.slow_down import SlowDown
from handlers.people import People, Problem, Refused, WrongCode
from surveys.conversation import Address
from surveys.desk_codes import read_code
from surveys.rights import MATRIX, Action, Actor

__all__ = ["Newcomers", "Selves", "allowed"]

log = structlog.get_logger(__name__)

MOST_TRIES = 5  # codes from one account within `FORGOTTEN_AFTER`; after that nothing is looked at
FORGOTTEN_AFTER = timedelta(hours=1)
MOST_REMEMBERED = 10_000  # accounts that tried
SENTENCES = 3  # to one stranger at once; then one a second, and to a flood nothing


def allowed(actor: Actor) -> dict[str, bool]:
    """Command → whether this post has a use for it."""
    rights = MATRIX[actor.role]
    sees, writes = Action.NOTICE_SEE in rights, Action.NOTICE_WRITE in rights
    return {
        "thongbao": writes,
        "bannhap": writes,
        "huy": writes or bool({Action.NOTICE_APPROVE, Action.SCHEDULE_WRITE} & rights.keys()),
        "choduyet": bool({Action.NOTICE_APPROVE, Action.NOTICE_URGE, Action.NOTICE_CLEAR} & rights.keys()),
        "danhsach": sees,
        "lich": Action.SCHEDULE_SEE in rights,
        "datlich": Action.SCHEDULE_WRITE in rights,
        "ketqua": Action.RESULTS_READ in rights,
        "bangdiem": Action.SCORECARD_READ in rights,
    }


class Newcomers:
    """Somebody without a post reads one sentence, whatever they send; only a one-time code opens anything."""

    def __init__(
        self,
        people: People,
        mouth: Mouth,
        slow: SlowDown | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._people = people
        self._mouth = mouth
        self._slow = slow or SlowDown()
        self._clock = clock
        self._pace = Pace(SENTENCES, clock)
        self._tries: OrderedDict[int, tuple[int, float]] = OrderedDict()

    async def stranger(self, update: Update) -> object:
        """Whatever else they sent."""
        person = update.effective_user
        if person is not None and self._pace.take(person.id, 1):
            self._mouth.say(person.id, say("stranger.sentence"))
        return END

    async def brings(self, update: Update, code: str) -> bool:
        """Somebody shows what may be a one-time code. False: it is none, and they may have meant something else."""
        person = update.effective_user
        if person is None or read_code(code) is None:
            return False
        if not self._may_try(person.id) or not await self._slow.waited():
            await self.stranger(update)
            return True
        await self._enrols(update, person.id, code)
        return True

    async def _enrols(self, update: Update, person: int, code: str) -> None:
        address, since = Address(ACCOUNT, str(person)), self._slow.now()
        try:
            actor = await self._people.enrol_by_bot(code, address)
        except WrongCode:
            held = await self._people.actor_of(address)
            if held:  # the same code brought twice: the first time it opened
                self._mouth.say(person, say("enrol.already", who=_listed(held)))
                return
            self._was_wrong(person)
            await self._slow.was_wrong(since)
            log.warning("officers.wrong_code")
            await self.stranger(update)
        except Refused as trouble:
            log.warning("officers.enrolment_refused", problem=trouble.problem.value)
            taken = trouble.problem is Problem.ACCOUNT_TAKEN
            self._mouth.say(person, say("enrol.taken" if taken else "enrol.refused"))
        else:
            self._tries.pop(person, None)
            self._mouth.say(person, say("enrol.welcome", name=actor.name, title=actor.title))
            self._mouth.offer(person, commands_of(allowed(actor)))

    def _may_try(self, person: int) -> bool:
        wrong, since = self._tries.get(person, (0, 0.0))
        return wrong < MOST_TRIES or self._clock() - since >= FORGOTTEN_AFTER.total_seconds()

    def _was_wrong(self, person: int) -> None:
        now = self._clock()
        wrong, since = self._tries.pop(person, (0, now))
        if now - since >= FORGOTTEN_AFTER.total_seconds():
            wrong, since = 0, now
        self._tries[person] = wrong + 1, since
        while len(self._tries) > MOST_REMEMBERED:
            self._tries.popitem(last=False)


class Selves:
    """What an officer asks of themselves."""

    def __init__(self, people: People, desk: str) -> None:
        """`desk`: the address of the web desk, without a slash at its end."""
        self._people = people
        self._desk = desk

    async def help(self, turn: Turn) -> object:
        commands = commands_of(allowed(turn.actor))
        turn.mouth.offer(turn.chat, commands)
        listed = "\n".join(f"/{name} – {what}" for name, what in commands)
        turn.says(say("help.text", name=turn.actor.name, title=turn.actor.title, commands=listed))
        return None

    async def who(self, turn: Turn) -> object:
        """`/toi`: name, posts, and which one they sit at."""
        held = await self._people.actor_of(turn.address)
        here = sat_at(held, turn.sitting.post)
        lines = [say("self.post", title=each.title, mark="●" if each == here else "○") for each in held]
        rows = posts_to_choose(held) if len(held) > 1 else []
        turn.says(
            say("self.who", name=turn.actor.name, posts="\n".join(lines)),
            [*rows, [Button(say("self.leave"), "leave")]],
        )
        return None

    async def choose(self, turn: Turn) -> object:
        """From now on they sit at this post. A half-written notice belongs to the post it was begun at, and stays a draft."""
        held = await self._people.actor_of(turn.address)
        chosen = next((each for each in held if each.post == turn.part(1)), None)
        if chosen is None:
            turn.edits(say("post.gone"))
            return None
        turn.sitting.post = chosen.post
        turn.mouth.offer(turn.chat, commands_of(allowed(chosen)))
        turn.edits(say("post.chosen", title=chosen.title))
        return None

    async def desk(self, turn: Turn) -> object:
        """`/desk`: a link for five minutes, once."""
        try:
            link = await self._people.link_for(turn.actor)
        except WrongCode:
            turn.says(say("post.gone"))  # it passed to somebody else a moment ago
            return None
        turn.says(say("self.link", link=f"{self._desk}/desk/link/{link}"))
        return None

    async def leave(self, turn: Turn) -> object:
        """`/thoat`, first tap."""
        turn.says(
            say("self.sure"),
            [[Button(say("self.yes_leave"), "leave.yes"), Button(say("self.stay"), "leave.no")]],
        )
        return None

    async def left(self, turn: Turn) -> object:
        """The account is nobody's from now on, and whatever it opened is shut."""
        if turn.part(1) != "yes":
            turn.edits(say("self.stayed"))
            return None
        await self._people.part_with_account(turn.actor)
        turn.sitting.post, turn.sitting.writing, turn.sitting.asked = None, None, None
        turn.sitting.has_left = True
        turn.mouth.offer(turn.chat, ())
        turn.edits(say("self.left"))
        return END


def _listed(held: tuple[Actor, ...]) -> str:
    return "; ".join(f"{each.name} – {each.title}" for each in held)
