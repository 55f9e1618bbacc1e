"""A notice from its first word to the archive: who may do what to it, and when it leaves."""

import pytest

from handlers.notices import Moved, NoSuchNotice, Notices, Refused
from storage.database import Database
from surveys.notices import Audience, State, Trouble
from surveys.rights import NotAllowed
from tests.conftest import Clock
from tests.handlers.notice_desk import CHIEF, OFFICER, STRANGER, a_desk, a_draft


@pytest.fixture
async def desk(sqlite_database: Database, clock: Clock) -> Notices:
    return await a_desk(sqlite_database, clock)


def troubles(refused: pytest.ExceptionInfo[Refused]) -> set[Trouble]:
    return {problem.trouble for problem in refused.value.problems}


async def test_written_submitted_approved_by_another_and_off_it_goes(desk: Notices) -> None:
    draft = await desk.write(OFFICER, a_draft())
    submitted = await desk.submit(OFFICER, draft.id, draft.version)
    approved = await desk.approve(CHIEF, draft.id, submitted.version)

    await desk.step()

    sending = await desk.get(CHIEF, draft.id)
    assert (draft.state, submitted.state, approved.state) == (State.DRAFT, State.SUBMITTED, State.APPROVED)
    assert sending.state is State.SENDING
    assert sending.campaign is not None
    assert sending.begun_at is not None


async def test_nobody_approves_their_own_words(desk: Notices) -> None:
    draft = await desk.write(CHIEF, a_draft())
    submitted = await desk.submit(OFFICER, draft.id, draft.version)

    with pytest.raises(Refused) as refused:
        await desk.approve(CHIEF, draft.id, submitted.version)

    assert troubles(refused) == {Trouble.OWN_WORDS}


async def test_a_notice_for_nobody_is_not_submitted(desk: Notices) -> None:
    draft = await desk.write(OFFICER, a_draft(audience=Audience()))

    with pytest.raises(Refused) as refused:
        await desk.submit(OFFICER, draft.id, draft.version)

    assert troubles(refused) == {Trouble.NO_AUDIENCE}


async def test_who_looks_at_an_older_version_is_told(desk: Notices) -> None:
    draft = await desk.write(OFFICER, a_draft())
    await desk.change(OFFICER, draft.id, draft.version, a_draft("Khác"))

    with pytest.raises(Moved):
        await desk.submit(OFFICER, draft.id, draft.version)


async def test_another_wards_notice_is_not_there(desk: Notices) -> None:
    draft = await desk.write(OFFICER, a_draft())

    with pytest.raises(NoSuchNotice):
        await desk.get(STRANGER, draft.id)
    with pytest.raises(NoSuchNotice):
        await desk.get(STRANGER, draft.code)


async def test_an_officer_approves_nothing(desk: Notices) -> None:
    draft = await desk.write(CHIEF, a_draft())
    submitted = await desk.submit(CHIEF, draft.id, draft.version)

    with pytest.raises(NotAllowed):
        await desk.approve(OFFICER, draft.id, submitted.version)
