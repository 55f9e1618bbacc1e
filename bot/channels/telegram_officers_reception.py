"""The reception of the officers' bot: who writes, at which of their posts, and whether the post has any use for what they ask. It
knows updates and posts; what may be done where is asked again by every use case.

Everything an officer can do is made by `guarded`, which names the action it is for: a test walks all of it."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from telegram import Update
from telegram.ext import CallbackContext, ConversationHandler

from bot.channels.telegram_officers_calls import Button, Mouth, OfficersBot, Rows
from bot.channels.telegram_officers_draft import Asked, Writing
from bot.channels.telegram_officers_words import say
from handlers.notices import Moved, NoSuchNotice, Refused, sentence
from handlers.people import People
from surveys.conversation import Address, Entity
from surveys.rights import MATRIX, Action, Actor, NotAllowed

if TYPE_CHECKING:
    from bot.channels.telegram_officers_planning import Wish

__all__ = [
    "ACCOUNT",
    "END",
    "Callback",
    "Context",
    "Deed",
    "Reception",
    "Sitting",
    "Turn",
    "action_of",
    "sat_at",
]

log = structlog.get_logger(__name__)

ACCOUNT = "telegram-officers"
END = ConversationHandler.END
ACTION = "_action"
SIGNED_IN = "signed in"


@dataclass
class Sitting:
    """What one officer is in the middle of. In memory alone: the words of a notice rest as a draft in the database from the moment
    there are any, and what is lost with the process is a question, asked again at the next word."""

    post: str | None = None
    """The one they chose, of several."""
    writing: Writing | None = None
    wish: "Wish | None" = None
    """A schedule that is being made."""
    asked: Asked | None = None
    """A deed that waits for its reason, or for a second “yes”."""
    touched_at: datetime | None = None
    album: str | None = None
    """Pictures sent together come as messages of their own: the first one counts."""
    has_left: bool = False
    """By their own wish: then they are a stranger like any other."""


Context = CallbackContext[OfficersBot, Sitting, dict[Any, Any], dict[Any, Any]]
Callback = Callable[[Update, Context], Coroutine[Any, Any, object]]


@dataclass
class Turn:
    """One thing an officer did, and the means to answer."""

    actor: Actor
    sitting: Sitting
    chat: int
    update: Update
    mouth: Mouth
    data: list[str] = field(default_factory=list)
    """What the tapped button carries, in its parts; the first names the deed."""
    tapped: int | None = None
    """The message the button stands under."""

    def says(self, text: str, rows: Rows = (), *, entities: Iterable[Entity] = ()) -> None:
        self.mouth.say(self.chat, text, rows, entities=entities)

    def edits(self, text: str, rows: Rows = (), *, entities: Iterable[Entity] = ()) -> None:
        """The tapped message becomes this; a new one where nothing was tapped."""
        if self.tapped is None:
            self.says(text, rows, entities=entities)
        else:
            self.mouth.edit(self.chat, self.tapped, text, rows, entities=entities)

    @property
    def address(self) -> Address:
        return Address(ACCOUNT, str(self.chat))

    @property
    def typed(self) -> str:
        message = self.update.message
        return (message.text or message.caption or "") if message else ""

    def part(self, place: int) -> str:
        return self.data[place] if place < len(self.data) else ""


Deed = Callable[[Turn], Awaitable[object]]
"""What happens. Returns the step a conversation is at afterwards; None: as before."""


def action_of(callback: object) -> Action | str | None:
    """The action a callback was guarded for, "signed in" where that alone is asked; None for one that anybody may call."""
    found: Action | str | None = getattr(callback, ACTION, None)
    return found


def sat_at(actors: Iterable[Actor], post: str | None) -> Actor | None:
    """Who somebody is at the post they chose; the only one they hold; None where they must choose."""
    held = tuple(actors)
    if len(held) == 1:
        return held[0]
    return next((each for each in held if each.post == post), None)


class Reception:
    def __init__(
        self,
        people: People,
        mouth: Mouth,
        now: Callable[[], datetime],
        stranger: Callable[[Update], Awaitable[object]],
    ) -> None:
        """`stranger`: what is done with somebody who holds no post."""
        self._people = people
        self._mouth = mouth
        self._now = now
        self._stranger = stranger

    def guarded(self, action: Action | None, deed: Deed, *, with_post: bool = True) -> Callback:
        """The deed, for whoever has that right somewhere (None: for whoever holds a post). Where exactly is for the use case to ask."""

        async def passed(update: Update, context: Context) -> object:
            person, query = update.effective_user, update.callback_query
            if person is None:
                return None
            actors = await self._people.actor_of(Address(ACCOUNT, str(person.id)))
            if not actors:
                return await self._nobody(update, context, person.id)
            if query is not None:
                self._mouth.hush(person.id, query.id)
            sitting = context.user_data
            assert sitting is not None, "somebody wrote it"
            sitting.touched_at, sitting.has_left = self._now(), False
            actor = sat_at(actors, sitting.post)
            if actor is None and with_post:
                self._mouth.say(person.id, say("post.which"), posts_to_choose(actors))
                return None
            turn = Turn(actor or actors[0], sitting, person.id, update, self._mouth)
            if query is not None:
                turn.data = (query.data or "").split(".")
                number = query.message.message_id if query.message else None
                turn.tapped = number if type(number) is int else None
            if action is not None and not MATRIX[turn.actor.role].get(action):
                turn.says(sentence(NotAllowed(action)))
                return None
            return await self._done(deed, turn)

        setattr(passed, ACTION, action or SIGNED_IN)
        return passed

    async def _nobody(self, update: Update, context: Context, person: int) -> object:
        """A stranger; or somebody whose last post has passed to another since their last word."""
        sitting = context.application.user_data.get(person)
        if sitting is not None and not sitting.has_left:
            context.application.drop_user_data(person)
            self._mouth.offer(person, ())
            self._mouth.say(person, say("post.ended"))
        else:
            await self._stranger(update)
        return END

    async def _done(self, deed: Deed, turn: Turn) -> object:
        try:
            return await deed(turn)
        except (NotAllowed, Refused, Moved, NoSuchNotice) as trouble:
            if isinstance(trouble, NotAllowed):
                log.warning("officers.not_allowed", post=turn.actor.post)
            turn.says(sentence(trouble))
        return None


def posts_to_choose(actors: Iterable[Actor]) -> list[list[Button]]:
    return [[Button(each.title, f"post.{each.post}")] for each in actors]
