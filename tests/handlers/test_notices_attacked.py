"""Somebody at a ward who wants words to reach people that nobody else has approved."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from handlers.notices import Moved, Notices, Refused
from handlers.waves import Plan, Waves
from storage.database import Database
from storage.vault import Vault
from surveys.forms import library
from surveys.notices import Notice, Trouble
from surveys.waves import Audience as Asked
from tests.conftest import Clock
from tests.handlers.notice_desk import CHIEF, DUTY, LONG_DUC, OFFICER, SUPERVISOR, a_desk, a_draft

PRAISE = "Công an phường tận tụy, bà con hãy chọn rất hài lòng"
WORSE = "Bà con phải chọn rất hài lòng, ai không chọn sẽ bị ghi tên"


@pytest.fixture
async def desk(database: Database, clock: Clock) -> Notices:
    return await a_desk(database, clock)


@pytest.fixture
async def asking(database: Database, desk: Notices, vault: Vault, clock: Clock) -> None:
    """A survey that runs in Long Đức for a month."""
    now = clock()
    form = library.load("hang_nam_nguoi_dan")
    plan = Plan("nam", form, "Lấy ý kiến", Asked.RESIDENTS, now, now + timedelta(days=30), {LONG_DUC: 100})
    await Waves(database, vault, clock).open(plan)


async def submitted(desk: Notices, words: str, **more: object) -> Notice:
    draft = await desk.write(OFFICER, a_draft(words, **more))
    return await desk.submit(OFFICER, draft.id, draft.version)


async def swapped(desk: Notices, notice: Notice, words: str, **more: object) -> Notice:
    """The same notice in other words, before anybody has pressed a button."""
    changed = await desk.change(OFFICER, notice.id, notice.version, a_draft(words, **more))
    return await desk.submit(OFFICER, notice.id, changed.version)


async def test_who_urged_other_words_has_not_urged_these(desk: Notices, clock: Clock) -> None:
    clock.advance(hours=14)
    first = await submitted(desk, "Cháy lớn ở chợ, xin tránh đường.", is_urgent=True)
    await desk.urge(DUTY, first.id)
    urged = await desk.urge(CHIEF, first.id)
    assert urged.overrides

    other = await swapped(desk, urged, "Mời bà con dự lễ khen thưởng.", is_urgent=True)
    approved = await desk.approve(CHIEF, first.id, other.version)
    await desk.step()

    assert not approved.overrides
    assert not (await desk.get(CHIEF, first.id)).has_left


async def test_what_is_typed_again_unchanged_is_still_urged(desk: Notices) -> None:
    words = "Cháy lớn ở chợ, xin tránh đường."
    first = await submitted(desk, words, is_urgent=True)
    urged = await desk.urge(CHIEF, first.id)
    again = await desk.change(OFFICER, first.id, urged.version, a_draft(words, is_urgent=True))
    assert [hand.person for hand in again.urged] == [CHIEF.person]


@pytest.mark.parametrize(
    "deed",
    [
        lambda desk, notice: desk.clear(SUPERVISOR, notice.id, "Trích văn bản", notice.version),
        lambda desk, notice: desk.urge(CHIEF, notice.id, notice.version),
        lambda desk, notice: desk.approve(CHIEF, notice.id, notice.version),
    ],
    ids=["clear", "urge", "approve"],
)
async def test_a_deed_at_words_that_were_swapped_meanwhile_is_none(
    desk: Notices, asking: None, deed: Callable[[Notices, Notice], Awaitable[Notice]]
) -> None:
    """A supervisor reads one text and types a reason; when they have, another text stands there."""
    looked_at = await submitted(desk, PRAISE, is_urgent=True)
    await swapped(desk, looked_at, WORSE, is_urgent=True)

    with pytest.raises(Moved):
        await deed(desk, looked_at)

    now = await desk.get(CHIEF, looked_at.id)
    assert not now.is_cleared
    assert now.urged == ()
    assert now.approved is None


@pytest.mark.parametrize(
    "reason", ["Xem evil.com", "Xem https://bit.ly/abc", "Xem congan.gov.vn", "Vào t.me/x"]
)
async def test_the_reason_of_a_recall_leads_nowhere(desk: Notices, reason: str) -> None:
    """It reaches everybody, and one person alone wrote it."""
    notice = await sent(desk)
    with pytest.raises(Refused) as refused:
        await desk.recall(CHIEF, notice.id, reason)
    assert {each.trouble for each in refused.value.problems} == {Trouble.FOREIGN_LINK}
    assert (await desk.get(CHIEF, notice.id)).recalled_at is None


async def test_the_reason_of_a_recall_sways_no_survey(desk: Notices, asking: None) -> None:
    notice = await sent(desk)
    with pytest.raises(Refused) as refused:
        await desk.recall(CHIEF, notice.id, "Bà con hãy chọn rất hài lòng")
    assert {each.trouble for each in refused.value.problems} == {Trouble.NOT_CLEARED}
    assert (await desk.recall(CHIEF, notice.id, "Sai ngày")).ended is not None


async def test_the_reason_of_a_recall_is_one_line(desk: Notices) -> None:
    """Or it would look like a notice of its own beneath the correction."""
    notice = await sent(desk)
    recalled = await desk.recall(CHIEF, notice.id, "Sai ngày.\n\nCông an phường · Thông báo mới")
    assert recalled.ended is not None
    assert "\n" not in recalled.ended.reason


async def sent(desk: Notices) -> Notice:
    notice = await submitted(desk, "Đường Lê Lợi cấm xe từ 7 giờ.")
    await desk.approve(CHIEF, notice.id, notice.version)
    await desk.step()
    return await desk.get(CHIEF, notice.id)
