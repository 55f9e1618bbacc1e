"""What the bot does without being asked: cards that move while a notice is sent, and news for those it concerns."""

from datetime import timedelta

import structlog

from bot.channels.telegram_officers_progress import MOST_WATCHED
from handlers.tidings import Tidings
from storage import rows
from storage.notice_rows import Subscription
from storage.outbox import Outcome
from storage.statements import insert
from surveys.conversation import Address
from surveys.delivery import CAP, DeliveryState
from surveys.notices import State
from surveys.rights import Role
from tests.officers.conftest import LONG_DUC
from tests.officers.test_journeys import actor, the_notice, written
from tests.storage.test_outbox import a_contact
from tests.telegram_server.server import Fault

PEOPLE = 100
ME = "a sender"


async def come(office, vault):
    """A hundred who want warnings of scams in Long Đức."""
    db = office.people._db
    async with db.transaction() as tx:
        await tx.contacts.upsert_many(a_contact(vault, person, LONG_DUC, "vi") for person in range(PEOPLE))
        await tx._connection.run_many(
            insert(rows.table(Subscription)),
            (
                {
                    "fingerprint": vault.fingerprint(Address("telegram", str(person))),
                    "unit": LONG_DUC,
                    "topic": "scam",
                }
                for person in range(PEOPLE)
            ),
        )


async def under_way(office):
    """Everybody is written down; nobody has it yet."""
    await office.notices.step()
    campaign = (await the_notice(office)).campaign
    async with office.people._db.transaction() as tx:
        await tx.outbox.fix(campaign)
        standing = await tx.outbox.get(campaign)
    while not standing.is_written_down:
        async with office.people._db.transaction() as tx:
            standing = await tx.outbox.expand(standing, PEOPLE)
    return campaign


async def sends(office, campaign, **numbers):
    """So many get it, so many do not."""
    db, now = office.people._db, office.clock()
    states = [DeliveryState(name) for name, number in numbers.items() for _ in range(number)]
    async with db.transaction() as tx:
        assert await tx.outbox.lease("telegram", ME, now=now, until=now + timedelta(minutes=1))
        claimed = await tx.outbox.claim(
            campaign, "telegram", ME, now=now, until=now + timedelta(minutes=1), some=len(states), cap=CAP
        )
    ids = [each.id for each in claimed]
    async with db.transaction() as tx:
        await tx.outbox.sending("telegram", ME, ids, now=now)
    async with db.transaction() as tx:
        await tx.outbox.settle(
            ME,
            [
                Outcome(id, DeliveryState.SENDING, state, attempts=1)
                for id, state in zip(ids, states, strict=True)
            ],
        )


async def approved(office, an, binh):
    await written(an)
    assert "Gửi tới 100 người" in an.last
    await an.taps("Trình duyệt")
    await binh.says("/choduyet")
    await binh.taps(binh.buttons[0])
    await binh.taps("Duyệt")


async def test_a_bar_and_counts_move_in_place_until_the_end(office, vault, an, binh):
    await come(office, vault)
    await approved(office, an, binh)
    campaign = await under_way(office)
    await office.ticks()
    assert "░░░░░░░░░░ 0 % · đã gửi 0 · chờ 100" in binh.last
    messages = len(binh.phone.from_bot)

    office.clock.advance(seconds=10)
    await sends(office, campaign, sent=58, failed=1, unknown=2)
    await office.ticks()

    assert "▓▓▓▓▓▓░░░░ 61 % · đã gửi 58 · chờ 39 · lỗi 1 · không rõ 2" in binh.last
    assert {"Dừng", "Thu hồi", "Tiến độ"} <= set(binh.buttons)

    office.clock.advance(seconds=10)
    await sends(office, campaign, sent=39)
    async with office.people._db.transaction() as tx:
        assert await tx.outbox.finish(campaign)
    await office.notices.step()
    await office.ticks()
    await office.ticks()

    assert (await the_notice(office)).state is State.SENT
    assert "▓▓▓▓▓▓▓▓▓▓ 100 % · đã gửi 97 · lỗi 1 · không rõ 2" in binh.last
    assert len(binh.phone.from_bot) == messages
    assert len(office.bot._desk.watches) == 0
    assert "đã gửi xong" in an.last


async def test_nothing_is_edited_while_nothing_changes(office, vault, an, binh):
    await come(office, vault)
    await approved(office, an, binh)
    await under_way(office)
    await office.ticks()
    edits = len(office.server.calls("editMessageText"))

    for _ in range(5):
        office.clock.advance(seconds=4)
        await office.ticks()

    assert len(office.server.calls("editMessageText")) == edits


async def test_what_a_chat_has_not_been_told_yet_does_not_pile_up(office, vault, an, binh):
    import asyncio

    await come(office, vault)
    await approved(office, an, binh)
    campaign = await under_way(office)
    slow = asyncio.Event()
    office.server.fails("editMessageText", Fault(until=slow))
    for _ in range(5):
        office.clock.advance(seconds=4)
        await sends(office, campaign, sent=5)
        await office.bot.tick()
    asked = len([made for made in office.server.made if made.method == "editMessageText"])
    slow.set()
    await office.quiet()

    assert len(office.server.calls("editMessageText")) <= asked + 1


async def test_whoever_loses_the_post_sees_no_more_of_it(office, vault, an, binh):
    await come(office, vault)
    await approved(office, an, binh)
    await office.people.hand_over(None, f"{LONG_DUC}-chief", to_name="Lê Thị Em")
    shown = binh.last
    await under_way(office)

    await office.ticks()

    assert binh.last == shown
    assert len(office.bot._desk.watches) == 0


async def test_watching_has_an_end(office, an):
    for number in range(MOST_WATCHED + 20):
        office.bot._desk.watches.add(an.phone.id, number, f"{LONG_DUC}-officer", f"n{number}")

    assert len(office.bot._desk.watches) == MOST_WATCHED


# ── News ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_who_decides_is_told_and_who_wrote_is_not(office, an, binh, dung):
    before = len(an.heard), len(dung.heard)
    await written(an)
    await an.taps("Trình duyệt")
    said = len(an.heard)
    await office.ticks()

    assert "chờ duyệt" in binh.last
    assert "Bởi: Nguyễn Văn An" in binh.last
    assert len(an.heard) == said > before[0]
    assert len(dung.heard) == before[1]  # the ward has its own chief


async def test_where_no_chief_has_an_account_the_province_is_told(office, an, dung):
    await written(an)
    await an.taps("Trình duyệt")
    await office.ticks()

    assert "chờ duyệt" in dung.last


async def test_nobody_is_told_twice_by_two_processes(office, vault, an, binh):
    db = office.people._db
    other = Tidings(db, vault, office.notices, office.clock)
    await written(an)
    await an.taps("Trình duyệt")

    told = [*await office.rooms.tidings.next(), *await other.next(), *await office.rooms.tidings.next()]

    assert [tiding.action for tiding in told] == ["notice.submit"]


async def test_old_news_is_none(office, an, binh):
    await written(an)
    await an.taps("Trình duyệt")
    heard = len(binh.heard)
    office.clock.advance(days=2)

    await office.ticks()

    assert len(binh.heard) == heard


async def test_an_account_that_blocked_the_bot_is_logged_without_a_name(office, an, binh):
    await written(an)
    await an.taps("Trình duyệt")
    binh.phone.blocks()
    with structlog.testing.capture_logs() as logs:
        await office.ticks()

    [failed] = [each for each in logs if each["event"] == "officers.call_failed"]
    assert "ContactGone" in failed["outcome"]
    assert not any(word in str(failed) for word in ("Bình", str(binh.phone.id), "chờ duyệt"))


async def test_what_a_survey_holds_up_is_cleared_by_the_province(office, an, binh, dung):
    await a_survey_runs(office)
    await written(an, "Công an phường tận tụy, hãy chọn rất hài lòng.")
    assert "cần giám sát của tỉnh cho qua" in an.last
    await an.taps("Trình duyệt")
    await office.ticks()
    assert "Cho qua nội dung" in dung.buttons
    [no] = await binh.taps("Duyệt")
    assert "có thể tác động đến người trả lời" in no

    await dung.taps("Cho qua nội dung")
    await dung.says("Đã đọc, chỉ là lời mời.")
    await office.ticks()
    assert "thông báo chờ duyệt" in binh.last
    await binh.taps("Duyệt")

    notice = await the_notice(office)
    assert notice.state is State.APPROVED
    assert notice.cleared.reason == "Đã đọc, chỉ là lời mời."


async def a_survey_runs(office):
    from surveys.forms import library
    from surveys.forms.published import form_to_json

    form = library.load("hang_nam_nguoi_dan")
    async with office.people._db.transaction() as tx:
        await tx.forms.add(
            rows.Form(id=form.id, version=form.version, digest=form.digest, body=form_to_json(form))
        )
        wave = await tx.waves.add(
            rows.Wave(
                slug="2026",
                form_id=form.id,
                form_version=form.version,
                title="Năm 2026",
                audience="residents",
                state="open",
                opens_at=office.clock() - timedelta(days=1),
                closes_at=office.clock() + timedelta(days=20),
                k=10,
                threshold=None,
            )
        )
        await tx.wave_units.add_many([rows.WaveUnit(wave_id=wave, unit=LONG_DUC, invited=300)])


async def test_a_writer_hears_that_it_was_approved_and_can_watch(office, an, binh):
    await office.officer("Lê Văn Cường", Role.DUTY, title="Trực ban")
    await written(an)
    await an.taps("Trình duyệt")
    await office.ticks()
    await binh.taps("Duyệt")
    await office.ticks()

    assert "đã được duyệt" in an.last
    await an.taps("Tiến độ")
    assert len(office.bot._desk.watches) == 2
    assert (await actor(office, an)).name == "Nguyễn Văn An"
