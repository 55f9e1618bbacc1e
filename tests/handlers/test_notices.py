"""A notice from its first word to the archive: who may do what to it, and when it leaves."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.notice_templates import NoticeTemplates
from handlers.notices import Moved, NoSuchNotice, Notices, Refused
from handlers.waves import Plan, Waves
from storage.arrivals import Arrival, Arrivals
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import CampaignState
from surveys.forms import library
from surveys.notices import Audience, Category, Notice, State, Text, Trouble, WhyNot
from surveys.rights import Actor, NotAllowed
from surveys.waves import LOCAL
from surveys.waves import Audience as Asked
from tests.conftest import Clock
from tests.handlers.notice_desk import (
    CHIEF,
    DUTY,
    LONG_DUC,
    OFFICER,
    PROVINCE,
    STRANGER,
    SUPERVISOR,
    TRA_VINH,
    a_desk,
    a_draft,
)


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


# ── Urgent ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def approved(desk: Notices, writer: Actor = OFFICER, by: Actor = CHIEF, **more: object) -> Notice:
    draft = await desk.write(writer, a_draft(**more))
    submitted = await desk.submit(writer, draft.id, draft.version)
    return await desk.approve(by, draft.id, submitted.version)


async def test_the_duty_post_approves_its_own_urgent_notice_and_everybody_sees_it(
    desk: Notices, sqlite_database: Database
) -> None:
    notice = await approved(desk, DUTY, DUTY, is_urgent=True)
    await desk.step()

    assert notice.is_self_approved
    async with sqlite_database.reading() as tx:
        rows = await tx.audit.page(1 << 62, 10, object=f"notice:{notice.code}")
    assert "notice.approve_own" in [row.action for row in rows]
    assert "Trực ban đã tự duyệt" in await desk.verified(notice.code, "vi")


async def test_the_duty_post_approves_no_ordinary_notice_of_its_own(desk: Notices) -> None:
    with pytest.raises(Refused) as refused:
        await approved(desk, DUTY, DUTY)

    assert troubles(refused) == {Trouble.NOT_URGENT}


async def test_the_duty_post_approves_nobody_elses(desk: Notices) -> None:
    with pytest.raises(NotAllowed):
        await approved(desk, OFFICER, DUTY, is_urgent=True)


async def test_one_person_at_two_posts_is_one_person(desk: Notices) -> None:
    other_post = replace(CHIEF, person=OFFICER.person)
    same_name = replace(CHIEF, person="p-another", name="Nguyen  Van An")

    for who in (other_post, same_name):
        with pytest.raises(Refused) as refused:
            await approved(desk, OFFICER, who)
        assert troubles(refused) == {Trouble.OWN_WORDS}


async def test_by_night_it_waits_for_the_morning(desk: Notices, clock: Clock) -> None:
    clock.advance(hours=14)  # half past ten in the evening

    notice = await approved(desk, is_urgent=True)
    await desk.step()

    assert notice.state is State.SCHEDULED
    assert notice.due_at is not None
    assert notice.due_at.astimezone(LOCAL).hour == 7
    clock.advance(hours=9)
    await desk.step()
    assert (await desk.get(CHIEF, notice.id)).state is State.SENDING


async def test_two_persons_send_by_night_and_one_does_not(desk: Notices, clock: Clock) -> None:
    clock.advance(hours=14)
    notice = await approved(desk, is_urgent=True)

    await desk.urge(CHIEF, notice.id)
    with pytest.raises(Refused) as refused:
        await desk.urge(CHIEF, notice.id)
    await desk.step()
    assert troubles(refused) == {Trouble.URGED_ALREADY}
    assert not (await desk.get(CHIEF, notice.id)).has_left

    await desk.urge(DUTY, notice.id)
    await desk.step()

    sending = await desk.get(CHIEF, notice.id)
    assert sending.state is State.SENDING
    assert (await desk.preview(CHIEF, notice.id, "zalo")).text.startswith("KHẨN · ")


async def test_nobody_urges_what_is_not_urgent(desk: Notices) -> None:
    notice = await approved(desk)

    with pytest.raises(Refused) as refused:
        await desk.urge(CHIEF, notice.id)

    assert troubles(refused) == {Trouble.NOT_URGENT}


# ── Caps, times ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_ward_has_so_many_a_day_and_two_persons_one_more(desk: Notices, clock: Clock) -> None:
    for _ in range(desk.policies.daily_cap):
        await approved(desk)
        await desk.step()

    with pytest.raises(Refused) as refused:
        await approved(desk)
    assert troubles(refused) == {Trouble.DAILY_CAP}
    draft = await desk.write(OFFICER, a_draft(is_urgent=True))
    submitted = await desk.submit(OFFICER, draft.id, draft.version)
    await desk.urge(DUTY, draft.id)
    urged = await desk.urge(CHIEF, draft.id)
    assert urged.version == submitted.version + 2
    assert (await desk.approve(CHIEF, draft.id, urged.version)).state is State.APPROVED
    clock.advance(days=1)
    await approved(desk)


async def test_what_nobody_let_leave_in_time_is_looked_at_again(desk: Notices, clock: Clock) -> None:
    notice = await approved(desk)
    clock.advance(days=2)

    await desk.step()

    missed = await desk.get(CHIEF, notice.id)
    assert (missed.state, missed.approved, missed.begun_at) == (State.SUBMITTED, None, None)


async def test_what_has_run_out_is_over_and_no_news_any_more(desk: Notices, clock: Clock) -> None:
    notice = await approved(desk, expires_at=clock() + timedelta(hours=3))
    await desk.step()
    assert [each.code for each in await desk.told([LONG_DUC], "vi", clock())] == [notice.code]

    clock.advance(hours=4)
    await desk.step()

    assert (await desk.get(CHIEF, notice.id)).state is State.EXPIRED
    assert await desk.told([LONG_DUC], "vi", clock()) == ()
    assert "ĐÃ HẾT HIỆU LỰC" in await desk.verified(notice.code, "vi")


async def test_the_sender_is_done_and_so_is_the_notice(desk: Notices, sqlite_database: Database) -> None:
    notice = await approved(desk)
    await desk.step()
    campaign = (await desk.get(CHIEF, notice.id)).campaign or 0
    async with sqlite_database.transaction() as tx:
        await tx.outbox.fix(campaign)
        while not (standing := await tx.outbox.get(campaign)).is_written_down:
            await tx.outbox.expand(standing, 10)
        await tx.outbox.finish(campaign)

    await desk.step()

    assert (await desk.get(CHIEF, notice.id)).state is State.SENT
    await desk.recall(CHIEF, notice.id, "Sai ngày")
    async with sqlite_database.reading() as tx:
        standing = await tx.outbox.by_subject("notice.recall", notice.id)
    assert standing is not None
    assert standing.campaign.audience.of == campaign


async def test_stopping_stops_the_sending(desk: Notices, sqlite_database: Database) -> None:
    notice = await approved(desk)
    await desk.step()

    stopped = await desk.stop(OFFICER, notice.id, "Nhầm")

    async with sqlite_database.reading() as tx:
        standing = await tx.outbox.get(stopped.campaign or 0)
    assert (stopped.state, standing.state) == (State.STOPPED, CampaignState.STOPPED)


# ── While a survey runs ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def asking(sqlite_database: Database, desk: Notices, vault: Vault, clock: Clock) -> None:
    """A survey that runs in Long Đức for a month."""
    now = clock()
    await Waves(sqlite_database, vault, clock).open(
        Plan(
            "nam",
            library.load("hang_nam_nguoi_dan"),
            "Lấy ý kiến",
            Asked.RESIDENTS,
            now,
            now + timedelta(days=30),
            {LONG_DUC: 100},
        )
    )


PRAISE = "Công an phường tận tụy, bà con hãy chọn rất hài lòng"


async def test_what_may_sway_it_waits_for_a_supervisor(desk: Notices, asking: None) -> None:
    draft = await desk.write(OFFICER, a_draft(PRAISE))
    submitted = await desk.submit(OFFICER, draft.id, draft.version)
    assert {each.words for each in await desk.findings(CHIEF, draft.id)} == {
        "tận tụy",
        "hãy chọn",
        "rất hài lòng",
    }
    with pytest.raises(Refused) as refused:
        await desk.approve(CHIEF, draft.id, submitted.version)
    assert troubles(refused) == {Trouble.NOT_CLEARED}
    with pytest.raises(NotAllowed):
        await desk.clear(CHIEF, draft.id, "Được")

    cleared = await desk.clear(SUPERVISOR, draft.id, "Trích văn bản")

    assert await desk.findings(CHIEF, draft.id) == ()
    assert (await desk.approve(CHIEF, draft.id, cleared.version)).state is State.APPROVED


async def test_other_words_must_be_cleared_again(desk: Notices, asking: None) -> None:
    draft = await desk.write(OFFICER, a_draft(PRAISE))
    submitted = await desk.submit(OFFICER, draft.id, draft.version)
    cleared = await desk.clear(SUPERVISOR, draft.id, "Trích văn bản")
    assert cleared.version == submitted.version + 1

    changed = await desk.change(OFFICER, draft.id, cleared.version, a_draft(PRAISE + "!"))
    again = await desk.submit(OFFICER, draft.id, changed.version)

    with pytest.raises(Refused) as refused:
        await desk.approve(CHIEF, draft.id, again.version)
    assert troubles(refused) == {Trouble.NOT_CLEARED}


async def test_where_nobody_is_asked_praise_may_stand(desk: Notices) -> None:
    assert (await approved(desk, words=PRAISE)).state is State.APPROVED


async def test_a_survey_that_opens_meanwhile_holds_it_back(
    desk: Notices, sqlite_database: Database, vault: Vault, clock: Clock
) -> None:
    notice = await approved(desk, words=PRAISE, send_at=clock() + timedelta(hours=2))
    now = clock()
    await Waves(sqlite_database, vault, clock).open(
        Plan(
            "nam",
            library.load("hang_nam_nguoi_dan"),
            "Lấy ý kiến",
            Asked.RESIDENTS,
            now,
            now + timedelta(days=30),
            {LONG_DUC: 100},
        )
    )
    clock.advance(hours=2)

    await desk.step()

    held = await desk.get(CHIEF, notice.id)
    assert (held.state, held.begun_at) == (State.SUBMITTED, None)


# ── Whom it reaches ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_ward_writes_to_its_own_and_a_province_to_its_wards(desk: Notices) -> None:
    abroad = await desk.write(OFFICER, a_draft(audience=Audience((LONG_DUC, TRA_VINH))))
    with pytest.raises(Refused) as refused:
        await desk.submit(OFFICER, abroad.id, abroad.version)
    assert troubles(refused) == {Trouble.OUT_OF_REACH}

    whole = await approved(
        desk, SUPERVISOR, replace(SUPERVISOR, person="p-2", name="Hải"), audience=Audience((PROVINCE,))
    )
    await desk.step()

    assert (await desk.get(SUPERVISOR, whole.id)).state is State.SENDING
    told = await desk.told([TRA_VINH], "vi", desk._now())
    assert [each.code for each in told] == [whole.code]
    assert told[0].place == "tỉnh Vĩnh Long"


async def test_it_is_reckoned_from_who_wants_it(
    desk: Notices, sqlite_database: Database, vault: Vault, clock: Clock, tmp_path: Path
) -> None:
    arrivals = Arrivals(tmp_path / "arrivals", vault)
    desk = Notices(sqlite_database, clock, leaving=arrivals.leaving)

    async def comes(account: str, name: str, *topics: str) -> Address:
        address = Address(account, name)
        wants = tuple((LONG_DUC, topic) for topic in topics)
        await arrivals.add(Arrival(address, LONG_DUC, "vi", ("notices",), clock().date(), "Đồng ý", wants))
        return address

    await comes("telegram", "1", "scam", "fire")
    await comes("telegram", "2", "fire")
    leaving = await comes("telegram", "3", "scam")
    await comes("zalo:1", "4", "scam")
    recent = await comes("zalo:1", "5", "scam")
    arrivals.heard(vault.fingerprint(recent), clock())
    await arrivals.flush(sqlite_database)
    await arrivals.flush(sqlite_database)
    await arrivals.leave(leaving)
    draft = await desk.write(OFFICER, a_draft())

    found = await desk.reckon(OFFICER, draft.id)

    assert found.count == 2
    assert found.why_not == {
        WhyNot.NO_SUBSCRIPTION: 1,
        WhyNot.OPTED_OUT: 1,
        WhyNot.WINDOW: 1,
    }
    assert {kind: reach.count for kind, reach in found.channels.items()} == {"telegram": 1, "zalo": 1}


async def test_a_trial_says_that_it_is_one(desk: Notices) -> None:
    draft = await desk.write(OFFICER, a_draft())

    telling = await desk.test_to_self(OFFICER, draft.id, "telegram")

    assert telling.text.startswith("[Gửi thử – chưa phải thông báo]\n")
    assert telling.offers == ()
    assert [telling.text[each.offset : each.end] for each in telling.entities] == [
        "[Gửi thử – chưa phải thông báo]",
        f"Công an phường Long Đức · Cảnh báo lừa đảo · mã {draft.code}",
    ]


# ── Templates ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_chiefs_template_is_filled_in_by_an_officer(
    desk: Notices, sqlite_database: Database, clock: Clock
) -> None:
    templates = NoticeTemplates(sqlite_database, clock)
    made = await templates.write(
        CHIEF, "Cắt điện", Category.OTHER, {"vi": Text.of("Cắt điện ngày {ngày:date}.")}
    )

    with pytest.raises(Refused, match="ngày"):
        await templates.fill(OFFICER, made.id, {"ngày": "30/2/2026"})
    draft = await templates.fill(OFFICER, made.id, {"ngày": "30/11/2026"})

    assert draft.texts["vi"].text == "Cắt điện ngày 30/11/2026."
    assert (draft.audience.units, draft.template) == ((LONG_DUC,), made.id)
    with pytest.raises(NotAllowed):
        await templates.write(OFFICER, "x", Category.OTHER, {"vi": Text.of("y")})
    with pytest.raises(NoSuchNotice):
        await templates.get(STRANGER, made.id)
    changed = await templates.change(CHIEF, made.id, 1, "Cắt nước", Category.OTHER, made.texts)
    with pytest.raises(Moved):
        await templates.change(CHIEF, made.id, 1, "x", Category.OTHER, made.texts)
    assert [each.name for each in await templates.all(OFFICER)] == [changed.name]
    await templates.remove(CHIEF, made.id)
    assert await templates.all(OFFICER) == []
