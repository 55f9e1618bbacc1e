"""What the clock does beside opening waves: results to who asked for them, drafts that somebody must approve, reminders to officers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bot.results_words import ResultsComposer
from bot.sending.attempts import Recipient, Skip
from handlers.happenings import NoticeDrafted, OfficersReminded, ResultsTold
from handlers.ledger import Ledger
from handlers.notice_templates import NoticeTemplates
from handlers.notices import Notices
from handlers.occasions import NotNow, Occasion
from handlers.people import People
from handlers.schedules import Schedules
from handlers.tidings import Tidings, Word
from handlers.units import load_seed
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address, Say
from surveys.notices import Category, State, Text
from surveys.notices.templates import Template
from surveys.releases import Line, ReleasedWard, read_release
from surveys.rights import Actor, NotAllowed, Role
from surveys.schedules import Daily, Schedule
from surveys.schedules.purposes import Purpose
from surveys.told_results import pushed
from tests.conftest import Clock
from tests.handlers.notice_desk import LONG_DUC, PROVINCE, TRA_VINH
from tests.released import a_released_wave
from tests.surveys.seal.province import SLUG

TODAY = date(2026, 11, 22)


def an_occasion(subject: Mapping[str, Any] | None = None, unit: str = LONG_DUC, **more: Any) -> Occasion:
    due = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    given = Occasion("s", due, "", "Việc cần làm", unit, subject or {}, timedelta(0))
    return replace(given, **more)


async def appointed(people: People, name: str, role: Role, account: str, unit: str = LONG_DUC) -> Actor:
    code = await people.appoint(None, name=name, role=role, unit=unit, title=f"{role} {name}")
    return await people.enrol_by_bot(code, Address("telegram-officers", account))


# ── Results ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def released(database: Database, vault: Vault, clock: Clock) -> None:
    await load_seed(database)
    await a_released_wave(database, Ledger(vault.ledger_signer("langnghe")), clock)


async def campaigns(database: Database) -> dict[str, tuple[str, ...]]:
    async with database.reading() as tx:
        return {each.campaign.subject: each.campaign.audience.units for each in await tx.outbox.latest()}


async def test_results_go_to_every_ward_s_subscribers_once(released: None, database: Database, clock: Clock):
    tell = ResultsTold(database, clock)
    occasion = an_occasion(unit=PROVINCE, waves=(SLUG,), over=timedelta(hours=2))

    told = await tell(occasion)
    assert await tell(occasion) == told
    await tell(
        replace(occasion, due=occasion.due + timedelta(days=1))
    )  # another one that follows the same release

    found = await campaigns(database)
    assert sorted(units for (units,) in found.values()) == [TRA_VINH, "29254", LONG_DUC]
    assert found[f"{SLUG}.{LONG_DUC}"] == (LONG_DUC,)
    assert told == f"Đã chuyển kết quả đợt {SLUG} cho người đăng ký ở 3 đơn vị."
    async with database.reading() as tx:
        standing = await tx.outbox.by_subject("results", f"{SLUG}.{LONG_DUC}")
    assert standing is not None
    assert standing.campaign.audience.topics == ("surveys",)
    assert standing.campaign.over == timedelta(hours=2)
    assert standing.campaign.repeats == 0


async def test_a_ward_s_own_schedule_tells_of_that_ward(released: None, database: Database, clock: Clock):
    await ResultsTold(database, clock)(an_occasion({"wave": SLUG}, unit=LONG_DUC))

    assert list(await campaigns(database)) == [f"{SLUG}.{LONG_DUC}"]


async def test_nothing_is_told_before_it_is_released(database: Database, vault: Vault, clock: Clock):
    await load_seed(database)
    await a_released_wave(database, Ledger(vault.ledger_signer("langnghe")), clock, state="sealed")
    tell = ResultsTold(database, clock)

    for occasion in (an_occasion({"wave": SLUG}), an_occasion({"wave": "khong-co"}), an_occasion()):
        with pytest.raises(NotNow):
            await tell(occasion)
    assert await campaigns(database) == {}


async def test_the_words_are_those_of_the_chat_and_lead_to_the_page(
    released: None, database: Database, vault: Vault, clock: Clock
):
    await ResultsTold(database, clock)(an_occasion(waves=(SLUG,), unit=PROVINCE))
    composer = ResultsComposer(database, lambda: vault.tap_key, "https://ln.example/")
    async with database.reading() as tx:
        standing = await tx.outbox.by_subject("results", f"{SLUG}.{LONG_DUC}")
        [row] = await tx.releases.of_unit(LONG_DUC)
    assert standing is not None
    ward = read_release(row.body, row.released_at)
    assert isinstance(ward, ReleasedWard)

    says = {
        account: await composer.compose(
            standing.campaign, Recipient("c", account, "vi", fingerprint=bytes(16))
        )
        for account in ("telegram", "zalo:1", "web")
    }

    for account, say in says.items():
        assert isinstance(say, Say)
        assert (
            say.text
            == pushed("vi", ward, account.partition(":")[0], f"https://ln.example/results/{LONG_DUC}").text
        )
        assert f"https://ln.example/results/{LONG_DUC}" in say.text
        assert bool(say.options) == (account != "web")
    gone = replace(standing.campaign, subject=f"khong-co.{LONG_DUC}")
    assert isinstance(await composer.compose(gone, Recipient("c", "telegram", "vi")), Skip)


async def test_hidden_reads_like_empty(released: None, database: Database):
    shown, hidden = [await a_line(database, unit) for unit in (TRA_VINH, LONG_DUC)]
    nothing = Line(None, None)
    empty = replace(
        hidden, index=nothing, top=nothing, lowest_two=nothing, answered=None, grade=None, questions=()
    )

    for language in ("vi", "km", "en"):
        assert pushed(language, hidden, "telegram", "") == pushed(language, empty, "telegram", "")
        assert "%" in pushed(language, shown, "telegram", "").text
        assert "%" not in pushed(language, hidden, "telegram", "").text


async def a_line(database: Database, unit: str) -> ReleasedWard:
    async with database.reading() as tx:
        [row] = await tx.releases.of_unit(unit)
    ward = read_release(row.body, row.released_at)
    assert isinstance(ward, ReleasedWard)
    return ward


# ── Officers ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_officers_of_a_province_are_reminded_once_by_one_row(
    database: Database, vault: Vault, clock: Clock
):
    await load_seed(database)
    people, notices = People(database, vault, clock), Notices(database, clock)
    for account, role, unit in (
        ("1", Role.CHIEF, LONG_DUC), ("2", Role.OFFICER, TRA_VINH), ("3", Role.SUPERVISOR, PROVINCE), ("4", Role.AUDITOR, PROVINCE)
    ):  # fmt: skip
        await appointed(people, f"Nguyễn Văn {account}", role, account, unit)
    remind = OfficersReminded(database, clock)
    occasion = an_occasion({"about": "Báo cáo trước 15/11"}, unit=PROVINCE)

    assert await remind(occasion) == await remind(occasion) == "Đã nhắc: Báo cáo trước 15/11"

    told = await Tidings(database, vault, notices, clock).next()
    assert sorted((each.address.id, each.action) for each in told) == [
        (account, "officers.remind") for account in ("1", "2", "3")
    ]
    assert {each.reason for each in told if isinstance(each, Word)} == {"Báo cáo trước 15/11"}


async def test_a_ward_s_reminder_stays_in_the_ward(database: Database, vault: Vault, clock: Clock):
    await load_seed(database)
    people, notices = People(database, vault, clock), Notices(database, clock)
    await appointed(people, "Một", Role.CHIEF, "1", LONG_DUC)
    await appointed(people, "Hai", Role.CHIEF, "2", TRA_VINH)
    await appointed(people, "Ba", Role.SUPERVISOR, "3", PROVINCE)

    await OfficersReminded(database, clock)(an_occasion(unit=LONG_DUC))
    with pytest.raises(NotNow):
        await OfficersReminded(database, clock)(an_occasion(unit=""))

    told = await Tidings(database, vault, notices, clock).next()
    assert [(each.address.id, each.reason) for each in told if isinstance(each, Word)] == [
        ("1", "Việc cần làm")
    ]


async def test_what_did_not_happen_is_told_to_who_may_mend_it(database: Database, vault: Vault, clock: Clock):
    await load_seed(database)
    people, notices = People(database, vault, clock), Notices(database, clock)
    await appointed(people, "Một", Role.CHIEF, "1", LONG_DUC)
    await appointed(people, "Ba", Role.SUPERVISOR, "3", PROVINCE)
    await appointed(people, "Bốn", Role.OPERATOR, "4", PROVINCE)

    async def never(occasion: Occasion) -> str:
        raise NotNow("Chưa có phiếu.")

    schedules = Schedules(
        database, {"deed": never, "chore.deed": never}, clock, passed=lambda: clock().timestamp()
    )
    begun = Schedule(Daily(TODAY), time(9), TODAY)
    await schedules.add(begun, purpose="deed", title="Mở đợt", unit=LONG_DUC, owner="Ba")
    await schedules.add(begun, purpose="chore.deed", title="Sao lưu", unit=None, owner="Lắng Nghe")
    clock.advance(hours=1)
    await schedules.tick()
    await schedules.hold("clock", "the clock leapt")

    told = await Tidings(database, vault, notices, clock).next()

    words = sorted((each.address.id, each.action, each.title) for each in told if isinstance(each, Word))
    assert words == [
        ("3", "schedule.hold", "clock"),
        ("3", "schedule.skip", "Mở đợt"),
        ("4", "schedule.hold", "clock"),
        ("4", "schedule.skip", "Sao lưu"),
    ]


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def a_template(templates: NoticeTemplates, chief: Actor) -> Template:
    words = Text.of("Phường thu hồ sơ căn cước đến hết {han:date}. Mời bà con đến trụ sở.")
    return await templates.write(chief, "Căn cước", Category.PROCEDURE, {"vi": words})


@pytest.mark.parametrize("owner", ["Nguyễn Văn An", "Ai đó ở máy chủ"])
async def test_a_draft_waits_for_approval_and_is_never_written_twice(
    database: Database, vault: Vault, clock: Clock, owner: str
):
    await load_seed(database)
    people, notices = People(database, vault, clock), Notices(database, clock)
    officer = await appointed(people, "Nguyễn Văn An", Role.OFFICER, "1")
    chief = await appointed(people, "Trần Thị Bình", Role.CHIEF, "2")
    templates = NoticeTemplates(database, clock)
    template = await a_template(templates, chief)
    deed = NoticeDrafted(database, notices, templates, clock)
    subject = {"template": template.id, "values": {"han": "30/{month}/{year}"}}
    occasion = an_occasion(subject, owner=owner)

    told = await deed(occasion)
    assert await deed(occasion) == told

    [notice] = await notices.of(chief)
    assert told == f"Đã soạn thông báo {notice.code} và trình duyệt."
    assert notice.state is State.SUBMITTED
    assert "30/11/2026" in notice.draft.texts["vi"].text
    assert notice.written_by.person == (officer.person if owner == officer.name else "")
    clock.advance(hours=12)
    await notices.step()
    assert (await notices.get(chief, notice.id)).state is State.SUBMITTED  # nobody has approved it
    if owner == officer.name:
        with pytest.raises(NotAllowed):
            await notices.approve(officer, notice.id, notice.version)
    assert (await notices.approve(chief, notice.id, notice.version)).state is not State.SUBMITTED


async def test_a_draft_that_cannot_be_says_why(database: Database, vault: Vault, clock: Clock):
    await load_seed(database)
    people, notices = People(database, vault, clock), Notices(database, clock)
    chief = await appointed(people, "Trần Thị Bình", Role.CHIEF, "2")
    templates = NoticeTemplates(database, clock)
    template = await a_template(templates, chief)
    deed = NoticeDrafted(database, notices, templates, clock)

    for subject, unit, said in (
        ({"template": "khong-co"}, LONG_DUC, "mẫu"),
        ({"template": template.id, "values": {}}, LONG_DUC, "han"),
        ({"template": template.id, "values": {"han": "{week}"}}, LONG_DUC, "chỉ dùng được"),
        ({"template": template.id}, "", "đơn vị nào"),
        ({"template": template.id, "values": {"han": "mai"}}, TRA_VINH, "mẫu"),
    ):
        with pytest.raises(NotNow, match=said):
            await deed(an_occasion(subject, unit=unit, owner="A"))
    assert await notices.of(chief) == []


def test_every_purpose_has_its_deed_and_its_name():
    from surveys.schedules.subjects import PURPOSES

    assert set(PURPOSES) == set(Purpose)
