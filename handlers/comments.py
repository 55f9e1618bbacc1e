"""Comments on their way: read by the province first, passed or withheld, and handed to their ward ten at a time.

Whoever decides is named, with the day; when somebody wrote is known to nobody. What a ward gets is decided here and in
`surveys.comments`, not by who presses the button: a comment about its leaders cannot be passed by anybody."""

import csv
import io
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import structlog

from handlers.noting import at_the_machine, note
from handlers.published import form_of, id_of
from handlers.units import Places
from storage import rows
from storage.comments import Reviewed
from storage.database import Database
from storage.transaction import Tx
from storage.vault import Vault
from surveys.comments import (
    FEWEST_VOICES,
    REST,
    Candidate,
    Leader,
    Only,
    Written,
    is_rating,
    only_for_the_province,
    read_written,
    tens,
    told_to_the_ward,
)
from surveys.forms.form import Form, Kind
from surveys.rights import Action, Actor, is_within, require
from surveys.texts import DEFAULT
from surveys.waves import LOCAL

__all__ = [
    "BadLeaders",
    "Comments",
    "Decided",
    "Handed",
    "Heap",
    "HeldBack",
    "NoSuchComment",
    "Opened",
    "State",
    "TooLate",
]

log = structlog.get_logger()

PASSED, WITHHELD = "passed", "withheld"
SHORTEST_ID = 6  # characters of an id that are enough to name it, where no other begins so


class NoSuchComment(LookupError):
    """There is no such comment, or more than one whose id begins so."""


class HeldBack(Exception):
    """This comment stays with the province: nobody can pass it to its ward."""

    def __init__(self, only: Only) -> None:
        super().__init__(only.value)
        self.only = only


class Decided(Exception):
    """Somebody has decided of it before."""

    def __init__(self, review: rows.CommentReview) -> None:
        super().__init__(review.state)
        self.state, self.by, self.on = review.state, review.decided_by, review.decided_on


class TooLate(Exception):
    """It has been handed to its ward: what people have read cannot be taken back."""


class BadLeaders(ValueError):
    """The list of leaders cannot be read; the message names the row."""


@dataclass(frozen=True, slots=True)
class State:
    """What was decided of a comment."""

    word: str
    """`passed` or `withheld`."""
    by: str
    on: date
    is_handed: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A comment as the province reads it."""

    id: str
    wave: str
    """The slug."""
    unit: str
    week: str
    question: str
    text: str
    is_whole: bool
    for_ward: str
    """What the ward would read."""
    only: Only | None
    """Why the ward must not read it; None when it may."""
    state: State | None
    is_rating: bool = False
    """It came by a rating template of Zalo: whoever sent that can read there who wrote it."""


@dataclass(frozen=True, slots=True)
class Heap:
    """A ward's comments of a wave, and how far the province has come with them. For the province only."""

    wave: str
    title: str
    unit: str
    unit_name: str
    unread: int = 0
    passed: int = 0
    withheld: int = 0
    handed: int = 0

    @property
    def total(self) -> int:
        return self.unread + self.passed + self.withheld + self.handed


@dataclass(frozen=True, slots=True)
class Handed:
    """All that a ward ever learns of a comment."""

    question: str
    text: str
    is_rating: bool = False
    """It came by a rating template of Zalo, like the nine others it came with: not anonymous."""


class Comments:
    def __init__(self, db: Database, vault: Vault, now: Callable[[], datetime]) -> None:
        self._db = db
        self._vault = vault
        self._now = now
        self._forms: dict[tuple[str, str], Form] = {}
        self._places = Places()

    # ── The province reads ────────────────────────────────────────────────────────────────────────────────────

    async def heaps(self) -> tuple[Heap, ...]:
        """Every ward with comments, wave by wave, the latest first."""
        async with self._db.reading() as tx:
            counts = await tx.comments.counts()
            waves = {id_of(wave): wave for wave in await tx.waves.all()}
            names = {unit.code: unit.name for unit in await tx.units.all()}
        heaps: dict[tuple[int, str], dict[str, int]] = {}
        for each in counts:
            what = "handed" if each.handed else each.state or "unread"
            heaps.setdefault((each.wave_id, each.unit), {})[what] = each.number
        return tuple(
            Heap(waves[wave].slug, waves[wave].title, unit, names[unit], **numbers)
            for (wave, unit), numbers in heaps.items()
        )

    async def read(self, id: str) -> Opened:
        """By its id, or by so much of its beginning as no other has. Raises NoSuchComment."""
        async with self._db.reading() as tx:
            found = await self._found(tx, id)
            return (await self._desk(tx)).opened(found)

    async def next_unread(self, wave: str, unit: str, after: str = "") -> Opened | None:
        """One that nobody has decided: another one than `after` where there is one. Their order is that of random ids."""
        async with self._db.reading() as tx:
            row = await tx.waves.by_slug(wave)
            comment = None if row is None else await tx.comments.next_unread(id_of(row), unit, after)
            return None if comment is None else (await self._desk(tx)).opened(Reviewed(comment, None))

    async def decided(self, wave: str, unit: str) -> tuple[Opened, ...]:
        """What was decided and can still be taken back."""
        async with self._db.reading() as tx:
            row = await tx.waves.by_slug(wave)
            found = [] if row is None else await tx.comments.of_heap(id_of(row), unit)
            desk = await self._desk(tx)
        return tuple(
            desk.opened(each) for each in found if each.review is not None and each.review.batch is None
        )

    # ── … and decides. `by` somebody at the desk, as far as their post reaches; or a name typed at the machine ────

    async def pass_on(self, id: str, *, by: Actor | str) -> str:
        """It may go to its ward. The whole id. Raises NotAllowed, NoSuchComment, HeldBack and Decided."""
        return await self._decide(id, PASSED, by)

    async def withhold(self, id: str, *, by: Actor | str) -> str:
        """It stays with the province. The whole id. Raises NotAllowed, NoSuchComment and Decided."""
        return await self._decide(id, WITHHELD, by)

    async def take_back(self, id: str, *, by: Actor | str = "") -> str:
        """It is unread again. The whole id. Raises NotAllowed, NoSuchComment, and TooLate once it was handed over."""
        async with self._db.transaction() as tx:
            await tx.comments.deciding()
            found = await self._found(tx, id)
            await self._may_decide(tx, by, found.comment.unit)
            if found.review is not None and found.review.batch is not None:
                raise TooLate
            await tx.comments.take_back(found.comment.id)
            await self._noted(tx, by, "comments.take_back", found.comment)
        return found.comment.id

    async def _decide(self, id: str, state: str, by: Actor | str) -> str:
        name = (by.name if isinstance(by, Actor) else by).strip()
        if not name:
            raise ValueError("Who decides must be named.")
        async with self._db.transaction() as tx:
            await tx.comments.deciding()
            found = await self._found(tx, id)
            await self._may_decide(tx, by, found.comment.unit)
            if found.review is not None:
                if (found.review.state, found.review.decided_by) == (state, name):
                    return found.comment.id  # the second tap of one hand
                raise Decided(found.review)
            if state == PASSED:
                only = (await self._desk(tx)).opened(found).only
                if only is not None:
                    raise HeldBack(only)
            await tx.comments.decide(found.comment.id, state, name, self._today())
            await self._noted(tx, by, f"comments.{state}", found.comment)
        log.info("comment.decided", comment=found.comment.id, state=state)
        return found.comment.id

    async def _may_decide(self, tx: Tx, by: Actor | str, unit: str) -> None:
        if isinstance(by, Actor):
            require(by, Action.COMMENTS_PASS, [unit], await self._places.known(tx))

    async def _noted(self, tx: Tx, by: Actor | str, action: str, comment: rows.Comment) -> None:
        """Under the province: a ward's chief, who reads the ward's trail, must not count what was withheld."""
        who = by if isinstance(by, Actor) else at_the_machine(by)
        place = await tx.units.get(comment.unit)
        province = place.province if place else None
        await note(tx, who, action, f"comment:{comment.id}", unit=province, at=self._now())

    # ── To the wards ──────────────────────────────────────────────────────────────────────────────────────────

    async def hand_over(self, *, by: Actor | str = "") -> Mapping[str, int]:
        """Every full ten that may go now, goes: ward → how many comments. The rest waits for company.

        Leaders are looked for again, because the list may have changed since somebody passed the comment."""
        went: dict[str, int] = {}
        async with self._db.transaction() as tx:
            await tx.comments.deciding()
            candidates = await self._candidates(tx)
            if isinstance(by, Actor):
                known = await self._places.known(tx)
                candidates = [
                    each for each in candidates if is_within(by, Action.COMMENTS_PASS, each.unit, known)
                ]
            # Ids are random; shuffled, not even an old list of ids tells which of them went together and which waited.
            secrets.SystemRandom().shuffle(candidates)
            unit_of = {each.id: each.unit for each in candidates}
            batch = await tx.comments.last_batch()
            for ten in tens(candidates):
                batch += 1
                for id in ten:
                    if not await tx.comments.hand(id, batch):
                        raise RuntimeError("A comment was decided anew while it was handed over.")
                    went[unit_of[id]] = went.get(unit_of[id], 0) + 1
            if went:
                who = by if isinstance(by, Actor) else at_the_machine(by)
                told = ", ".join(f"{unit}: {number}" for unit, number in sorted(went.items()))
                where = who.unit or None
                await note(
                    tx, who, "comments.hand_over", "comments:handed", unit=where, reason=told, at=self._now()
                )
        for unit, number in went.items():
            log.info("comments.handed", unit=unit, comments=number)
        return went

    async def handed(self, unit: str) -> tuple[tuple[Handed, ...], ...]:
        """The tens a ward has, the latest first: words and questions, and nothing else that is known of them."""
        async with self._db.reading() as tx:
            found = await tx.comments.handed(unit)
            desk = await self._desk(tx)
        batches: dict[int, list[Handed]] = {}
        for each in found:
            assert each.review is not None
            assert each.review.batch is not None
            opened = desk.opened(each)
            batches.setdefault(each.review.batch, []).append(
                Handed(opened.question, opened.for_ward, opened.is_rating)
            )
        return tuple(tuple(ten) for _, ten in sorted(batches.items(), reverse=True))

    async def _candidates(self, tx: Tx) -> list[Candidate]:
        waiting = await tx.comments.waiting(self._now() - REST)
        waves = {each.comment.wave_id for each in waiting}
        voices = {
            **{(wave, False): await tx.comments.voices(wave) for wave in waves},
            **{(wave, True): await tx.comments.rated_voices(wave) for wave in waves},
        }
        desk = await self._desk(tx)
        return [
            Candidate(comment.id, comment.unit, form_id)
            for comment, form_id in waiting
            if voices[comment.wave_id, is_rating(comment.id)].get(comment.unit, 0) >= FEWEST_VOICES
            and desk.opened(Reviewed(comment, None)).only is None
        ]

    # ── The leaders of wards ──────────────────────────────────────────────────────────────────────────────────

    async def leaders(self) -> list[rows.Leader]:
        async with self._db.reading() as tx:
            return await tx.leaders.all()

    async def add_leader(self, unit: str, name: str, post: str) -> None:
        """What is not handed over yet is looked at again when it would be. Raises BadLeaders."""
        await self._put([(unit.strip(), name.strip(), post.strip())], "")

    async def remove_leader(self, unit: str, name: str) -> bool:
        """Whether there was one."""
        async with self._db.transaction() as tx:
            await tx.comments.deciding()
            return await tx.leaders.remove(unit.strip(), name.strip())

    async def import_leaders(self, text: str) -> int:
        """From csv with a header `unit,name,post`: all of it or, when a row is wrong, none. How many. Raises BadLeaders."""
        reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
        if not {"unit", "name", "post"} <= set(reader.fieldnames or ()):
            raise BadLeaders("The first row names the columns: unit,name,post")
        found = [
            ((row["unit"] or "").strip(), (row["name"] or "").strip(), (row["post"] or "").strip())
            for row in reader
        ]
        await self._put(found, "Row {row}: ")
        return len(found)

    async def _put(self, leaders: Iterable[tuple[str, str, str]], place: str) -> None:
        async with self._db.transaction() as tx:
            await tx.comments.deciding()
            known = {unit.code for unit in await tx.units.all()}
            for number, (unit, name, post) in enumerate(leaders, start=2):
                where = place.format(row=number)
                if unit not in known:
                    raise BadLeaders(f"{where}no unit has the code “{unit}”. See: langnghe units find NAME")
                if not name or not post:
                    raise BadLeaders(f"{where}a leader has a name and a post.")
                await tx.leaders.put(unit, name, post)

    # ── How long they are kept ────────────────────────────────────────────────────────────────────────────────

    async def purge(self, released_before: datetime) -> int:
        """Deletes the comments of waves released before then, read or not, handed over or not. How many."""
        async with self._db.transaction() as tx:
            await tx.comments.deciding()
            gone = await tx.comments.purge(released_before)
        if gone:
            log.info("comments.purged", comments=gone)
        return gone

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _found(self, tx: Tx, id: str) -> Reviewed:
        found = await tx.comments.starting(id) if len(id) >= SHORTEST_ID else []
        if len(found) != 1:
            raise NoSuchComment(id)
        return found[0]

    async def _desk(self, tx: Tx) -> "_Desk":
        """All that is needed to understand any comment, as it is now."""
        waves = {id_of(wave): wave for wave in await tx.waves.all()}
        for wave in waves.values():
            version = wave.form_id, wave.form_version
            if version not in self._forms:  # a published version never changes
                self._forms[version] = await form_of(tx, wave)
        leaders: dict[str, list[Leader]] = {}
        for each in await tx.leaders.all():
            leaders.setdefault(each.unit, []).append(Leader(each.name, each.post))
        return _Desk(self._vault, waves, self._forms, leaders)

    def _today(self) -> date:
        return self._now().astimezone(LOCAL).date()


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where comments are opened."""

    vault: Vault
    waves: Mapping[int, rows.Wave]
    forms: Mapping[tuple[str, str], Form]
    leaders: Mapping[str, Iterable[Leader]]

    def opened(self, found: Reviewed) -> Opened:
        comment, review = found
        wave = self.waves[comment.wave_id]
        form = self.forms[wave.form_id, wave.form_version]
        written = read_written(self.vault.open_comment(comment.id, comment.body))
        leaders = self.leaders.get(comment.unit, ())
        return Opened(
            id=comment.id,
            wave=wave.slug,
            unit=comment.unit,
            week=comment.week,
            question=_label(form, written),
            text=written.text,
            is_whole=written.is_whole,
            for_ward=told_to_the_ward(written.text),
            only=only_for_the_province(written.text, leaders, is_remark=_is_remark(form, written)),
            state=None if review is None else _state(review),
            is_rating=is_rating(comment.id),
        )


def _state(review: rows.CommentReview) -> State:
    return State(review.state, review.decided_by, review.decided_on, review.batch is not None)


def _label(form: Form, written: Written) -> str:
    try:
        label = form.question(written.question).label
    except KeyError:
        return written.question
    return label.get(DEFAULT) or next(iter(label.values()), written.question)


def _is_remark(form: Form, written: Written) -> bool:
    try:
        return form.question(written.question).kind is Kind.TEXT
    except KeyError:
        return False
