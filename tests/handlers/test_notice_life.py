"""The whole life of notices under whatever officers, the clock and the sender do to them, on a real SQLite: no notice leaves unapproved, none
is approved by its writer, none is for nobody, none is begun twice – and whatever the table does not allow does not happen."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from handlers.notices import Moved, NoSuchNotice, Notices, Refused
from storage.database import Database
from storage.notice_rows import NoticeRow
from storage.rows import table
from surveys.notices import TRANSITIONS, Audience, Notice, Policies, State
from surveys.rights import Actor, NotAllowed
from tests.conftest import Clock
from tests.handlers.notice_desk import (
    CHIEF,
    DUTY,
    LONG_DUC,
    OFFICER,
    STRANGER,
    SUPERVISOR,
    TRA_VINH,
    a_desk,
    a_draft,
)

PEOPLE = (OFFICER, CHIEF, DUTY, SUPERVISOR, STRANGER)
NOT_DONE = (NotAllowed, NoSuchNotice, Refused, Moved)
MORNING = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


class Life(RuleBasedStateMachine):
    """`template`: an empty, migrated database."""

    template: Path
    notices = Bundle("notices")

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="notices-", dir=self.template.parent))
        path = self.directory / "langnghe.sqlite"
        shutil.copyfile(self.template, path)
        self.loop = asyncio.new_event_loop()
        self.clock = Clock(MORNING)
        self.db: Database = self.does(Database.open(f"sqlite:///{path}"))
        self.desk: Notices = self.does(a_desk(self.db, self.clock, Policies(daily_cap=4)))
        self.states: dict[str, State] = {}
        self.begun: dict[str, int] = {}

    def does(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(what)

    def teardown(self) -> None:
        self.does(self.db.close())
        self.loop.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # What people do

    @initialize(target=notices)
    def begins(self) -> Any:
        return multiple()

    @rule(
        target=notices,
        actor=st.sampled_from(PEOPLE),
        units=st.sampled_from([(), (LONG_DUC,), (TRA_VINH,), (LONG_DUC, TRA_VINH)]),
        is_urgent=st.booleans(),
        hours=st.none() | st.integers(-2, 40),
        lives=st.none() | st.integers(1, 60),
    )
    def writes(
        self,
        actor: Actor,
        units: tuple[str, ...],
        is_urgent: bool,
        hours: int | None,
        lives: int | None,
    ) -> Any:
        draft = a_draft(audience=Audience(units), is_urgent=is_urgent)
        if hours is not None:
            draft = replace(draft, send_at=self.later(hours))
        if lives is not None:
            draft = replace(draft, expires_at=self.later(max(hours or 0, 0) + lives))
        try:
            return self.does(self.desk.write(actor, draft)).id
        except NotAllowed:
            return multiple()

    @rule(
        target=notices,
        writer=st.sampled_from((OFFICER, CHIEF, DUTY)),
        changer=st.sampled_from((None, OFFICER, CHIEF, DUTY)),
        approver=st.sampled_from((CHIEF, DUTY, SUPERVISOR)),
        is_urgent=st.booleans(),
    )
    def is_passed_around(self, writer: Actor, changer: Actor | None, approver: Actor, is_urgent: bool) -> Any:
        """What chance alone would rarely bring about: a whole notice on its way from hand to hand."""
        try:
            draft = a_draft(audience=Audience((writer.unit,)), is_urgent=is_urgent)
            id: str = self.does(self.desk.write(writer, draft)).id
        except NotAllowed:
            return multiple()
        if changer is not None:
            self.changes(id, changer, "Ba")
        self.submits(id, writer, 0)
        self.approves(id, approver, 0)
        return id

    def later(self, hours: int) -> datetime:
        clock = Clock(self.clock())
        clock.advance(hours=hours)
        return clock()

    def tries(self, deed: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        try:
            self.does(deed())
        except NOT_DONE:
            return

    def now(self, id: str) -> Notice:
        found = self.does(self._read(id))
        assert found is not None
        return found

    async def _read(self, id: str) -> Notice | None:
        async with self.db.reading() as tx:
            return await tx.notices.get(id)

    @rule(id=notices, actor=st.sampled_from(PEOPLE), words=st.sampled_from(["Một", "Hai"]))
    def changes(self, id: str, actor: Actor, words: str) -> None:
        draft = replace(self.now(id).draft, texts=a_draft(words).texts)
        self.tries(lambda: self.desk.change(actor, id, self.now(id).version, draft))

    @rule(id=notices, actor=st.sampled_from(PEOPLE), behind=st.sampled_from((0, 0, 0, 1)))
    def submits(self, id: str, actor: Actor, behind: int) -> None:
        self.tries(lambda: self.desk.submit(actor, id, self.now(id).version - behind))

    @rule(id=notices, actor=st.sampled_from(PEOPLE), behind=st.sampled_from((0, 0, 0, 1)))
    def approves(self, id: str, actor: Actor, behind: int) -> None:
        self.tries(lambda: self.desk.approve(actor, id, self.now(id).version - behind))

    @rule(
        id=notices,
        actor=st.sampled_from(PEOPLE),
        deed=st.sampled_from(["reject", "clear", "urge", "cancel", "stop", "recall", "archive"]),
    )
    def does_something(self, id: str, actor: Actor, deed: str) -> None:
        desk = self.desk
        deeds: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "reject": lambda: desk.reject(actor, id, self.now(id).version, "Chưa rõ"),
            "clear": lambda: desk.clear(actor, id, "Đã đọc"),
            "urge": lambda: desk.urge(actor, id),
            "cancel": lambda: desk.cancel(actor, id),
            "stop": lambda: desk.stop(actor, id),
            "recall": lambda: desk.recall(actor, id, "Sai ngày"),
            "archive": lambda: desk.archive(actor, id),
        }
        self.tries(deeds[deed])

    # What happens by itself

    @rule(minutes=st.sampled_from((1, 30, 240, 900, 2000)))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)
        self.does(self.desk.step())

    @rule(id=notices)
    def everybody_has_it(self, id: str) -> None:
        campaign = self.now(id).campaign
        if campaign is not None:
            self.does(self._finished(campaign))
            self.does(self.desk.step())

    async def _finished(self, campaign: int) -> None:
        async with self.db.transaction() as tx:
            standing = await tx.outbox.get(campaign)
            if standing.fixed_at is None:
                await tx.outbox.fix(campaign)
            while not (standing := await tx.outbox.get(campaign)).is_written_down:
                await tx.outbox.expand(standing, 100)
            await tx.outbox.finish(campaign)

    # What must always hold

    @invariant()
    def every_promise_is_kept(self) -> None:
        for id, row in self.does(self._rows()).items():
            notice = self.now(id)
            self.allowed(notice)
            if notice.begun_at is not None:
                assert notice.approved is not None, "left unapproved"
                assert notice.audience.units, "left for nobody"
                assert notice.campaign is not None
            if notice.approved is not None:
                own = notice.was_written_by(notice.approved.person, notice.approved.name)
                assert own == notice.is_self_approved, "approved by its writer"
                assert not own or (notice.is_urgent and notice.approved.person == DUTY.person)
            assert row["campaigns"] <= 1, "left twice"

    def allowed(self, notice: Notice) -> None:
        """However many deeds lie between two looks, each of them stands in the table."""
        was = self.states.get(notice.id, State.DRAFT)
        assert notice.state in reachable(was), f"{was} → {notice.state}"
        self.states[notice.id] = notice.state

    async def _rows(self) -> dict[str, dict[str, int]]:
        async with self.db.reading() as tx:
            found = {}
            for notice in await tx.notices.of_province("86"):
                every = [each for each in await tx.outbox.latest(500) if each.campaign.subject == notice.id]
                found[notice.id] = {"campaigns": sum(each.campaign.kind == "notice" for each in every)}
            return found


def reachable(state: State) -> set[State]:
    found, open_ = {state}, [state]
    while open_:
        for further in TRANSITIONS[open_.pop()].values():
            if further not in found:
                found.add(further)
                open_.append(further)
    return found


def test_no_series_of_deeds_breaks_a_promise(sqlite_template: Path) -> None:
    Life.template = sqlite_template

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# ── The database itself ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "approved_by", "is_urgent", "is_self_approved"),
    [
        (State.APPROVED, None, 0, 0),
        (State.SENDING, None, 0, 0),
        (State.SENT, None, 1, 1),
        (State.APPROVED, OFFICER.person, 0, 0),
        (State.APPROVED, OFFICER.person, 0, 1),
        (State.APPROVED, OFFICER.person, 1, 0),
    ],
)
async def test_the_database_takes_no_notice_that_nobody_else_approved(
    database: Database,
    clock: Clock,
    state: State,
    approved_by: str | None,
    is_urgent: int,
    is_self_approved: int,
) -> None:
    from sqlalchemy import insert

    from storage.statements import Prepared

    desk = await a_desk(database, clock)
    notice = await desk.write(OFFICER, a_draft())
    values = {
        "id": "other",
        "code": "A2-999",
        "unit": LONG_DUC,
        "category": "scam",
        "state": state.value,
        "version": 1,
        "is_urgent": is_urgent,
        "is_self_approved": is_self_approved,
        "written_by": OFFICER.person,
        "approved_by": approved_by,
        "written_at": clock(),
        "changed_at": clock(),
        "seen": 0,
        "body": notice.body(),
    }

    with pytest.raises(Exception, match=r"ck_notices_\w+"):
        async with database.transaction() as tx:
            await tx._connection.run(Prepared(insert(table(NoticeRow)).values(values)))


# ── Two at the same moment ───────────────────────────────────────────────────────────────────────────────────────


async def at_once(*deeds: Coroutine[Any, Any, Any]) -> tuple[list[Any], list[BaseException]]:
    found = await asyncio.gather(*deeds, return_exceptions=True)
    troubles = [each for each in found if isinstance(each, BaseException)]
    return [each for each in found if not isinstance(each, BaseException)], troubles


SECOND_CHIEF = replace(SUPERVISOR, person="p-hai", name="Đỗ Văn Hải")


async def test_of_two_who_approve_at_once_one_does(database: Database, clock: Clock) -> None:
    desk = await a_desk(database, clock)
    for _ in range(5):
        draft = await desk.write(OFFICER, a_draft())
        submitted = await desk.submit(OFFICER, draft.id, draft.version)
        clock.advance(days=1)

        done, troubles = await at_once(
            desk.approve(CHIEF, draft.id, submitted.version),
            desk.approve(SECOND_CHIEF, draft.id, submitted.version),
        )

        assert len(done) == 1
        assert [type(each) for each in troubles] == [Moved]
        approved = await desk.get(CHIEF, draft.id)
        assert approved.approved == done[0].approved


async def test_of_an_approval_and_a_rejection_one_counts(database: Database, clock: Clock) -> None:
    desk = await a_desk(database, clock)
    draft = await desk.write(OFFICER, a_draft())
    submitted = await desk.submit(OFFICER, draft.id, draft.version)

    done, troubles = await at_once(
        desk.approve(CHIEF, draft.id, submitted.version),
        desk.reject(SECOND_CHIEF, draft.id, submitted.version, "Chưa rõ"),
    )

    assert (len(done), len(troubles)) == (1, 1)
    assert (await desk.get(CHIEF, draft.id)).state == done[0].state


async def test_the_clock_ticks_in_several_processes_and_a_notice_begins_once(
    database: Database, database_url: str, clock: Clock
) -> None:
    desk = await a_desk(database, clock)
    draft = await desk.write(OFFICER, a_draft())
    submitted = await desk.submit(OFFICER, draft.id, draft.version)
    await desk.approve(CHIEF, draft.id, submitted.version)
    others = [await Database.open(database_url) for _ in range(3)]

    await asyncio.gather(desk.step(), *(Notices(each, clock).step() for each in others))

    for each in others:
        await each.close()
    begun = await desk.get(CHIEF, draft.id)
    assert begun.state is State.SENDING
    assert begun.version == submitted.version + 2
    async with database.reading() as tx:
        assert len(await tx.outbox.latest()) == 1


async def test_the_cap_holds_for_two_who_approve_different_notices_at_once(
    database: Database, clock: Clock
) -> None:
    desk = await a_desk(database, clock, Policies(daily_cap=1))
    submitted = []
    for _ in range(2):
        draft = await desk.write(OFFICER, a_draft())
        submitted.append(await desk.submit(OFFICER, draft.id, draft.version))

    done, troubles = await at_once(
        *(
            desk.approve(who, each.id, each.version)
            for who, each in zip((CHIEF, SECOND_CHIEF), submitted, strict=True)
        )
    )

    assert len(done) == 1
    assert [type(each) for each in troubles] == [Refused]


async def test_every_deed_stands_in_the_trail(database: Database, clock: Clock) -> None:
    desk = await a_desk(database, clock)
    draft = await desk.write(OFFICER, a_draft())
    submitted = await desk.submit(OFFICER, draft.id, draft.version)
    await desk.approve(CHIEF, draft.id, submitted.version)
    await desk.step()
    await desk.stop(OFFICER, draft.id, "Nhầm phường")
    await desk.recall(CHIEF, draft.id, "Nhầm phường")

    async with database.reading() as tx:
        rows = await tx.audit.page(1 << 62, 50, object=f"notice:{draft.code}")

    told = [(row.action, row.name) for row in reversed(rows)]
    assert told == [
        ("notice.write", OFFICER.name),
        ("notice.submit", OFFICER.name),
        ("notice.approve", CHIEF.name),
        ("notice.begin", ""),
        ("notice.stop", OFFICER.name),
        ("notice.recall", CHIEF.name),
    ]
    assert rows[0].reason == "Nhầm phường"


def test_a_draft_reads_back_as_it_was(clock: Clock) -> None:
    draft = a_draft("Chữ **đậm** 👩‍👩‍👧", is_urgent=True, send_at=clock(), expires_at=clock())

    assert type(draft).read(json.loads(json.dumps(draft.plain()))) == draft
