"""How those who serve come in, and stay in: enrolling, signing in, sessions at the desk, accounts at the officers' bot.

Whoever enrols on the web sets a telephone up for time codes and gets a personal code; both together sign them in again, so an
office without Telegram is whole. Whoever enrols at the bot comes to the desk by a link of five minutes, and at posts where more
hangs on it (`PROVES_TWICE`) shows a time code too. Every failure has the same words; which part was wrong is said to nobody."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from handlers.noting import note
from handlers.units import Places
from handlers.ways_in import ENROL, LINK, WaysIn
from storage.database import Database
from storage.desk import Holder
from storage.desk_rows import DeskCode, DeskSession, Post, Staff
from storage.transaction import Tx
from storage.vault import Vault
from surveys.conversation import Address
from surveys.persons import is_same_person
from surveys.rights import PROVES_TWICE, PROVINCIAL, Action, Actor, Role, is_within, require

__all__ = [
    "ABSOLUTE",
    "IDLE",
    "Enrolled",
    "Problem",
    "Refused",
    "SignedIn",
    "SigningIn",
    "WrongCode",
]

log = structlog.get_logger(__name__)

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # a session's row is not written at every request
TOKEN_BYTES = 32
SESSION = "session"
TELEGRAM = "telegram"
"""Residents' and officers' bots are told the same id of a person: so an officer's account is known again in a survey."""


class WrongCode(Exception):
    """This opens nothing. One word for every reason: unknown, used, expired, tried too often, wrong digits."""


class Problem(StrEnum):
    """Why something about people cannot be done, in one word; pages and commands have sentences for them."""

    NO_NAME = "no_name"
    NO_TITLE = "no_title"
    NO_REASON = "no_reason"
    NO_UNIT = "no_unit"
    WRONG_LEVEL = "wrong_level"
    """A ward's role at a province, or the reverse."""
    HELD = "held"
    """Somebody holds this very post: it is handed over."""
    NO_POST = "no_post"
    VACANT = "vacant"
    NO_PERSON = "no_person"
    SAME_PERSON = "same_person"
    ACCOUNT_TAKEN = "account_taken"


class Refused(ValueError):
    """It cannot be done as asked."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Somebody who has just set their telephone up."""

    actor: Actor
    personal: str
    """Their personal code, shown this once."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a browser's token stands for."""

    person: str
    name: str
    posts: tuple[Actor, ...]
    """All they hold now."""
    actor: Actor | None
    """At the post they have chosen; None until they have."""
    has_totp: bool

    @property
    def lacks_totp(self) -> bool:
        """This post asks for a time code and they have not set one up: before that they may do nothing else."""
        return self.actor is not None and self.actor.role in PROVES_TWICE and not self.has_totp


class SigningIn:
    def __init__(self, db: Database, vault: Vault, now: Callable[[], datetime]) -> None:
        self._db = db
        self._vault = vault
        self._now = now
        self._ways = WaysIn(vault)
        self._places = Places()

    # ── Enrolling ─────────────────────────────────────────────────────────────────────────────────────────────

    async def opening(self, code: str) -> tuple[Actor, bytes]:
        """Who enrols with this code, and the secret for their telephone. Spends nothing. Raises WrongCode."""
        async with self._db.transaction() as tx:
            row = await self._ways.found(tx, ENROL, code, self._now())
            actor = await self._actor(tx, row)
        if row is None or actor is None:
            raise WrongCode
        return actor, self._ways.secret_for(row.hash.hex())

    async def enrol(self, code: str, *, totp: str) -> Enrolled:
        """On the web: the code, and a time code of the telephone that was set up with `opening`'s secret. Raises WrongCode."""
        now = self._now()
        async with self._db.transaction() as tx:
            row = await self._ways.found(tx, ENROL, code, now)
            actor = await self._actor(tx, row)
            secret = self._ways.secret_for(row.hash.hex()) if row else bytes(20)
            step = self._ways.step_of(secret, totp, now)
            if row is not None and step is None:
                await tx.codes.was_wrong(row.handle)
            personal = ""
            if row is not None and actor is not None and step is not None:
                await tx.codes.spend(row.handle)
                personal = await self._ways.keep(tx, actor.person, secret, step)
                await note(tx, actor, "people.enrol", f"post:{actor.post}", unit=actor.unit, at=now)
        if not personal or actor is None:
            raise WrongCode
        return Enrolled(actor, personal)

    async def enrol_by_bot(self, code: str, address: Address) -> Actor:
        """At the officers' bot: this account is theirs from now on, and has no voice in their own ward's survey.

        An account that is known already as the same person's joins the new post to those they hold.
        Raises WrongCode; Refused (ACCOUNT_TAKEN) when the account is somebody else's."""
        now = self._now()
        own = self._own(address)
        fingerprint = self._vault.fingerprint(own)
        async with self._db.transaction() as tx:
            await tx.posts.changing()
            row = await self._ways.found(tx, ENROL, code, now)
            actor = await self._actor(tx, row)
            if row is not None and actor is not None:
                actor = await self._joined(tx, actor, fingerprint)
                await tx.codes.spend(row.handle)
                await tx.staff.set_account(actor.person, fingerprint, self._vault.seal_address(own))
                post, person = await tx.posts.get(actor.post), await tx.staff.get(actor.person)
                if post is not None and person is not None:
                    await self._has_no_voice(tx, person, post)
                await note(tx, actor, "people.enrol_by_bot", f"post:{actor.post}", unit=actor.unit, at=now)
        if row is None or actor is None:
            raise WrongCode
        return actor

    async def actor_of(self, address: Address) -> tuple[Actor, ...]:
        """Who writes to the officers' bot, at each post they hold now; () for a stranger."""
        async with self._db.reading() as tx:
            person = await tx.staff.by_account(self._vault.fingerprint(self._own(address)))
            return () if person is None else _actors(await tx.posts.held_by(person.id))

    async def part_with_account(self, actor: Actor) -> None:
        """The officers' bot does not know them any more. They are signed out everywhere; a new code binds an account again."""
        async with self._db.transaction() as tx:
            await tx.staff.forget_account(actor.person)
            await tx.desk_sessions.end_of(actor.person)
            await tx.codes.drop_links(actor.person)
            who = f"post:{actor.post}"
            await note(tx, actor, "people.part_with_account", who, unit=actor.unit, at=self._now())

    # ── Signing in ────────────────────────────────────────────────────────────────────────────────────────────

    async def sign_in(self, personal: str, totp: str) -> str:
        """By personal code and time code. Returns the browser's token. Raises WrongCode."""
        now = self._now()
        token = None
        async with self._db.transaction() as tx:
            person = await self._ways.owner(tx, personal)
            if person is not None and await self._ways.proves(tx, person, totp, now):
                token = await self._begun(tx, person.id)
        if token is None:
            log.warning("desk.wrong_code")
            raise WrongCode
        return token

    async def link_for(self, actor: Actor) -> str:
        """For somebody at the officers' bot: what stands behind `/desk/link/` for five minutes, once. Links made before for
        them open nothing any more."""
        async with self._db.transaction() as tx:
            holder = await tx.posts.holder(actor.post)
            if holder is None or holder.person != actor.person:
                raise WrongCode
            await tx.codes.drop_links(actor.person)
            code = await self._ways.make(tx, LINK, actor.person, actor.post, self._now())
            return code.plain

    async def link_needs_totp(self, secret: str) -> bool:
        """Whether this link asks for a time code as well. Spends nothing; a link that opens nothing asks for none."""
        async with self._db.transaction() as tx:
            row = await self._ways.found(tx, LINK, secret, self._now())
            person = await tx.staff.get(row.person) if row else None
            return person is not None and await self._proves_twice(tx, person)

    async def by_link(self, secret: str, totp: str = "") -> str:
        """Returns the browser's token, and spends the link. Raises WrongCode."""
        now = self._now()
        token = None
        async with self._db.transaction() as tx:
            row = await self._ways.found(tx, LINK, secret, now)
            person = await tx.staff.get(row.person) if row else None
            if row is not None and person is not None:
                is_proved = not await self._proves_twice(tx, person)
                if is_proved or await self._ways.proves(tx, person, totp, now):
                    await tx.codes.spend(row.handle)
                    token = await self._begun(tx, person.id, row.post)
                else:
                    await tx.codes.was_wrong(row.handle)
        if token is None:
            log.warning("desk.wrong_code")
            raise WrongCode
        return token

    async def begin(self, actor: Actor) -> str:
        """A session for whoever was just let in by another door: an enrolment, the demo. Returns the browser's token."""
        async with self._db.transaction() as tx:
            token = await self._begun(tx, actor.person, actor.post)
        if token is None:
            raise WrongCode
        return token

    # ── Being signed in ───────────────────────────────────────────────────────────────────────────────────────

    async def session(self, token: str) -> Actor | None:
        """Who this browser is, at the post they chose; None for nobody, and before they may do anything."""
        signed = await self.signed_in(token)
        return None if signed is None or signed.lacks_totp else signed.actor

    async def signed_in(self, token: str) -> SignedIn | None:
        now = self._now()
        hash = self._vault.desk_name(SESSION, token)
        async with self._db.reading() as tx:
            row = await tx.desk_sessions.get(hash)
            if row is None or now >= row.seen_at + IDLE or now >= row.begun_at + ABSOLUTE:
                return None
            person = await tx.staff.get(row.person)
            posts = _actors(await tx.posts.held_by(row.person))
        if person is None or not posts:
            return None
        chosen = next((each for each in posts if each.post == row.post), None)
        if row.post is not None and chosen is None:
            return None  # the post passed to somebody else
        if now >= row.seen_at + SEEN_EVERY:
            async with self._db.transaction() as tx:
                await tx.desk_sessions.seen(hash, now)
        return SignedIn(person.id, person.name, posts, chosen, person.totp is not None)

    async def choose(self, token: str, post: str) -> Actor | None:
        """At which of their posts somebody sits from now on; None when it is none of theirs."""
        signed = await self.signed_in(token)
        chosen = next((each for each in signed.posts if each.post == post), None) if signed else None
        if chosen is None:
            return None
        now = self._now()
        async with self._db.transaction() as tx:
            await tx.desk_sessions.choose(self._vault.desk_name(SESSION, token), post)
            await note(tx, chosen, "people.sign_in", f"post:{chosen.post}", unit=chosen.unit, at=now)
        return chosen

    async def end_session(self, token: str) -> None:
        signed = await self.signed_in(token)
        async with self._db.transaction() as tx:
            await tx.desk_sessions.end(self._vault.desk_name(SESSION, token))
            if signed is not None and signed.actor is not None:
                who = signed.actor
                await note(tx, who, "people.sign_out", f"post:{who.post}", unit=who.unit, at=self._now())

    async def purge(self) -> None:
        """Forgets sessions and codes that are over."""
        now = self._now()
        async with self._db.transaction() as tx:
            await tx.desk_sessions.purge(now - ABSOLUTE, now - IDLE)
            await tx.codes.purge(now)

    # ── How far somebody reaches ──────────────────────────────────────────────────────────────────────────────

    async def require(self, actor: Actor, action: Action, units: Iterable[str]) -> None:
        """Raises NotAllowed. For pages whose use case does not ask by itself."""
        async with self._db.reading() as tx:
            require(actor, action, units, await self._places.known(tx))

    async def within(self, actor: Actor, action: Action, units: Iterable[str]) -> frozenset[str]:
        """Those of these units where the actor may do that; units that do not exist are not among them."""
        async with self._db.reading() as tx:
            known = await self._places.known(tx)
        return frozenset(unit for unit in units if is_within(actor, action, unit, known))

    # ── A telephone, an account: what somebody who is signed in adds ──────────────────────────────────────────────

    def totp_secret(self, token: str) -> bytes:
        """What a telephone is set up with from this session."""
        return self._ways.secret_for(token)

    async def set_totp(self, token: str, totp: str) -> Enrolled:
        """Somebody who came by the bot's link sets their telephone up, or, proving it by the page before, another one.
        Raises WrongCode."""
        now = self._now()
        signed = await self.signed_in(token)
        secret = self.totp_secret(token)
        step = self._ways.step_of(secret, totp, now)
        if signed is None or signed.actor is None or signed.has_totp or step is None:
            raise WrongCode
        async with self._db.transaction() as tx:
            personal = await self._ways.keep(tx, signed.person, secret, step)
            who = signed.actor
            await note(tx, who, "people.set_totp", f"post:{who.post}", unit=who.unit, at=now)
        return Enrolled(signed.actor, personal)

    async def account_code(self, actor: Actor, totp: str) -> str:
        """For somebody who is signed in, and shows a time code once more: a code that binds an account at the officers' bot to
        them. Raises WrongCode."""
        now = self._now()
        code = None
        async with self._db.transaction() as tx:
            person = await tx.staff.get(actor.person)
            holder = await tx.posts.holder(actor.post)
            is_theirs = person is not None and holder is not None and holder.person == person.id
            if is_theirs and person is not None and await self._ways.proves(tx, person, totp, now):
                code = await self._ways.make(tx, ENROL, person.id, actor.post, now)
                who = f"post:{actor.post}"
                await note(tx, actor, "people.account_code", who, unit=actor.unit, at=now)
        if code is None:
            raise WrongCode
        return code.text

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _begun(self, tx: Tx, person: str, post: str | None = None) -> str | None:
        """A new session; at the only post they hold, where they hold one."""
        held = _actors(await tx.posts.held_by(person))
        if post is None and len(held) == 1:
            post = held[0].post
        chosen = next((each for each in held if each.post == post), None)
        if not held or (post is not None and chosen is None):
            return None
        now = self._now()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await tx.desk_sessions.purge(now - ABSOLUTE, now - IDLE)
        await tx.desk_sessions.add(
            DeskSession(
                hash=self._vault.desk_name(SESSION, token),
                person=person,
                post=post,
                begun_at=now,
                seen_at=now,
            )
        )
        if chosen is not None:
            await note(tx, chosen, "people.sign_in", f"post:{chosen.post}", unit=chosen.unit, at=now)
        return token

    async def _proves_twice(self, tx: Tx, person: Staff) -> bool:
        """Whether a link alone does not let them in."""
        held = await tx.posts.held_by(person.id)
        return person.totp is not None and any(Role(each.role) in PROVES_TWICE for each in held)

    async def _actor(self, tx: Tx, code: DeskCode | None) -> Actor | None:
        """Whoever a code was made for, while they hold its post."""
        holder = await tx.posts.holder(code.post) if code else None
        if code is None or holder is None or holder.person != code.person:
            return None
        return _actor(holder)

    async def _joined(self, tx: Tx, actor: Actor, fingerprint: bytes) -> Actor:
        """The same, as the person this account is known as. Raises Refused when that is somebody else."""
        known = await tx.staff.by_account(fingerprint)
        if known is None or known.id == actor.person:
            return actor
        if not await tx.posts.held_by(known.id) or not is_same_person(known.name, actor.name):
            raise Refused(Problem.ACCOUNT_TAKEN)
        await tx.posts.move(actor.post, actor.person, known.id)
        return Actor(known.id, known.name, actor.post, actor.role, actor.unit, actor.title)

    async def _has_no_voice(self, tx: Tx, person: Staff, post: Post) -> None:
        """Whoever serves at a ward is refused in its survey, with every account we know of theirs."""
        if person.fingerprint is not None and Role(post.role) not in PROVINCIAL:
            await tx.officers.add_many([(person.fingerprint, post.unit)])

    def _own(self, address: Address) -> Address:
        platform = address.account.partition(":")[0].partition("-")[0]
        return Address(TELEGRAM, address.id) if platform == TELEGRAM else address


def _actor(holder: Holder) -> Actor:
    return Actor(holder.person, holder.name, holder.post, Role(holder.role), holder.unit, holder.title)


def _actors(held: Iterable[Holder]) -> tuple[Actor, ...]:
    return tuple(_actor(each) for each in held)
