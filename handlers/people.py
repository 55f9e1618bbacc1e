"""Who serves at which post: appointing, handing over, ending, and a new way in for whoever lost theirs. Beside it, all of
`handlers.signing_in`: to whoever asks, people are one thing.

A right belongs to a post; a post is held by one person at a time. Nobody chooses a password: whoever is appointed gets a code
that works once, and with it binds a telephone or an account at the officers' bot to themselves. Everything that changes is one
row of the audit trail."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from handlers.noting import at_the_machine, note
from handlers.signing_in import (
    ABSOLUTE,
    IDLE,
    Enrolled,
    Problem,
    Refused,
    SignedIn,
    SigningIn,
    WrongCode,
)
from handlers.ways_in import ENROL
from storage.desk import Held, Holder
from storage.desk_rows import Appointment, Post, Staff
from storage.transaction import Tx
from surveys.audited import on_one_line
from surveys.persons import is_same_person
from surveys.rights import APPOINTS, PROVINCIAL, Action, Actor, NotAllowed, Role, is_within, require
from surveys.units import Unit

__all__ = [
    "ABSOLUTE",
    "IDLE",
    "Enrolled",
    "People",
    "Problem",
    "Refused",
    "Seat",
    "SignedIn",
    "WrongCode",
]

LONGEST_NAME = 120
ID_BYTES = 6


@dataclass(frozen=True, slots=True)
class Seat:
    """A post, who holds it or held it, and how far they are."""

    held: Held
    code_until: datetime | None
    """There is a code with which somebody may still enrol."""


class People(SigningIn):
    # ── Appointing. `actor` None: the operator at the machine, who may do all of it; `by` is their name ───────────

    async def appoint(
        self, actor: Actor | None, *, name: str, role: Role, unit: str, title: str, by: str = ""
    ) -> str:
        """Somebody new holds a post from now on. Returns the code they enrol with: shown once, good for 24 hours.

        Raises NotAllowed, Refused."""
        async with self._db.transaction() as tx:
            post = await self._vacant(tx, actor, role, unit, title)
            person = await self._newcomer(tx, name)
            return await self._seated(tx, actor, post, person, "people.appoint", by=by)

    async def assign(
        self, actor: Actor | None, person: str, *, role: Role, unit: str, title: str, by: str = ""
    ) -> str:
        """Somebody who serves already holds a further post. Returns the post. Raises NotAllowed, Refused."""
        async with self._db.transaction() as tx:
            post = await self._vacant(tx, actor, role, unit, title)
            known = await self._serving(tx, actor, person)
            await self._seat(tx, post, known.id)
            await self._has_no_voice(tx, known, post)
            await self._note(tx, actor, "people.assign", post, known.name, by)
            return post.id

    async def hand_over(
        self, actor: Actor | None, post: str, *, to_name: str, reason: str = "", by: str = ""
    ) -> str:
        """The post passes to somebody new. From this moment whoever held it is signed out of it. Returns the new holder's code.

        Raises NotAllowed, Refused."""
        async with self._db.transaction() as tx:
            row, holder = await self._held(tx, actor, post)
            if is_same_person(holder.name, to_name):
                raise Refused(Problem.SAME_PERSON)
            await self._unseat(tx, holder)
            person = await self._newcomer(tx, to_name)
            return await self._seated(tx, actor, row, person, "people.hand_over", reason=reason, by=by)

    async def end(self, actor: Actor | None, post: str, reason: str, *, by: str = "") -> None:
        """Nobody holds the post from now on. Raises NotAllowed, Refused."""
        async with self._db.transaction() as tx:
            row, holder = await self._held(tx, actor, post)
            if not on_one_line(reason):
                raise Refused(Problem.NO_REASON)
            await self._unseat(tx, holder)
            await self._note(tx, actor, "people.end", row, f"{holder.name}: {reason}", by)

    async def new_code(self, actor: Actor | None, post: str, *, by: str = "") -> str:
        """For whoever holds the post and lost their way in. Whatever they had opens nothing from now on, at none of their posts:
        so all of these must be the actor's to fill. Raises NotAllowed, Refused."""
        async with self._db.transaction() as tx:
            row, holder = await self._held(tx, actor, post)
            for each in await tx.posts.held_by(holder.person):
                await self._must_fill(tx, actor, Role(each.role), each.unit)
            await self._close(tx, holder.person)
            code = await self._ways.make(tx, ENROL, holder.person, post, self._now())
            await self._note(tx, actor, "people.new_code", row, holder.name, by)
            return code.text

    async def posts(self, actor: Actor | None) -> list[Seat]:
        """Every post within the actor's sight, with those who held it. Raises NotAllowed."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
            if actor is not None:
                require(actor, Action.PEOPLE_SEE, [actor.unit], known)
            waiting = await tx.codes.waiting()
            found = await tx.posts.all()
        seen = (
            found
            if actor is None
            else [each for each in found if is_within(actor, Action.PEOPLE_SEE, each.unit, known)]
        )
        return [Seat(each, None if each.until else waiting.get(each.post)) for each in seen]

    async def places(self, actor: Actor) -> tuple[Unit, ...]:
        """Where the actor sees people: a province with its wards, or their own ward."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
        return (known.unit(actor.unit), *known.wards(actor.unit))

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _vacant(self, tx: Tx, actor: Actor | None, role: Role, unit: str, title: str) -> Post:
        """A post nobody holds: one of that title that is vacant, else a new one."""
        await tx.posts.changing()
        title = on_one_line(title)[:LONGEST_NAME]
        await self._must_fill(tx, actor, role, unit)
        place = await tx.units.get(unit)
        if place is None or place.valid_to is not None:
            raise Refused(Problem.NO_UNIT)
        if (place.province is None) != (role in PROVINCIAL):
            raise Refused(Problem.WRONG_LEVEL)
        if not title:
            raise Refused(Problem.NO_TITLE)
        there = await tx.posts.of_unit(unit)
        for each in there:
            if (each.role, each.title) != (role.value, title):
                continue
            if await tx.posts.holder(each.id) is None:
                return each
            if role is Role.CHIEF:
                raise Refused(Problem.HELD)
        taken = {each.id for each in there}
        first = f"{unit}-{role.value}"
        names = (first if number == 1 else f"{first}-{number}" for number in range(1, len(taken) + 2))
        post = Post(
            id=next(name for name in names if name not in taken), role=role.value, unit=unit, title=title
        )
        await tx.posts.add(post)
        return post

    async def _newcomer(self, tx: Tx, name: str) -> Staff:
        name = on_one_line(name)[:LONGEST_NAME]
        if not any(letter.isalpha() for letter in name):
            raise Refused(Problem.NO_NAME)
        person = Staff(id=secrets.token_hex(ID_BYTES), name=name, added_at=self._now(), wrong=0)
        await tx.staff.add(person)
        return person

    async def _serving(self, tx: Tx, actor: Actor | None, id: str) -> Staff:
        """Somebody who serves within the actor's sight."""
        person = await tx.staff.get(id)
        held = await tx.posts.held_by(id) if person else []
        known = await self._places.known(tx)
        if person is None or not any(
            actor is None or is_within(actor, Action.PEOPLE_SEE, each.unit, known) for each in held
        ):
            raise Refused(Problem.NO_PERSON)
        return person

    async def _held(self, tx: Tx, actor: Actor | None, post: str) -> tuple[Post, Holder]:
        """A post that is the actor's to fill, and who holds it."""
        await tx.posts.changing()
        row = await tx.posts.get(post)
        if row is None:
            if actor is not None:  # nobody learns which posts there are elsewhere
                raise NotAllowed(Action.PEOPLE_APPOINT)
            raise Refused(Problem.NO_POST)
        await self._must_fill(tx, actor, Role(row.role), row.unit)
        holder = await tx.posts.holder(post)
        if holder is None:
            raise Refused(Problem.VACANT)
        return row, holder

    async def _must_fill(self, tx: Tx, actor: Actor | None, role: Role, unit: str) -> None:
        if actor is None:
            return
        require(actor, Action.PEOPLE_APPOINT, [unit], await self._places.known(tx))
        if role not in APPOINTS.get(actor.role, ()):
            raise NotAllowed(Action.PEOPLE_APPOINT)

    async def _seat(self, tx: Tx, post: Post, person: str) -> None:
        await tx.posts.appoint(
            Appointment(
                id=secrets.token_hex(ID_BYTES), post=post.id, person=person, since=self._now(), until=None
            )
        )

    async def _seated(
        self,
        tx: Tx,
        actor: Actor | None,
        post: Post,
        person: Staff,
        action: str,
        *,
        reason: str = "",
        by: str,
    ) -> str:
        await self._seat(tx, post, person.id)
        code = await self._ways.make(tx, ENROL, person.id, post.id, self._now())
        await self._note(tx, actor, action, post, f"{person.name}: {reason}" if reason else person.name, by)
        return code.text

    async def _unseat(self, tx: Tx, holder: Holder) -> None:
        """They are signed out of the post everywhere; whoever holds no other one is forgotten but for their name."""
        await tx.posts.end(holder.post, self._now())
        await tx.desk_sessions.end_of_post(holder.post)
        await tx.codes.drop(holder.person, holder.post)
        if not await tx.posts.held_by(holder.person):
            await self._close(tx, holder.person)

    async def _close(self, tx: Tx, person: str) -> None:
        """Nothing they have opens anything any more."""
        await tx.desk_sessions.end_of(person)
        await tx.codes.drop(person)
        await tx.staff.strip(person)

    async def _note(self, tx: Tx, actor: Actor | None, action: str, post: Post, reason: str, by: str) -> None:
        who = actor or at_the_machine(by)
        await note(tx, who, action, f"post:{post.id}", unit=post.unit, reason=reason, at=self._now())
