"""Questions that people send before the forum of 19 August: on time at the ward, ten together, under no name; the rating comes after it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from handlers.comments import Comments
from handlers.happenings import ResultsTold
from handlers.occasions import Occasion
from handlers.units import load_seed
from handlers.waves import Waves
from storage.database import Database
from storage.vault import Vault
from surveys.comments import REST, TEN
from surveys.forms import library
from surveys.schedules import following
from surveys.schedules.opening import closes_at
from surveys.schedules.standard import standing_orders
from surveys.waves import GRACE, LAST_ONES, LOCAL, Audience
from tests.conftest import Clock
from tests.handlers.test_waves import HOA_THUAN, LONG_DUC, answer, plan

FORUM_DAY = date(2027, 8, 19)
LAN = "Nguyễn Thị Lan"
QUESTIONS = "hoi_dien_dan"


def by_proposal(id: str) -> tuple[datetime, datetime]:
    """When the wave of 2027 opens, and when it closes."""
    order = next(each for each in standing_orders(date(2027, 1, 1)) if each.id == id)
    [due] = following(order.schedule, datetime(2027, 1, 1, tzinfo=UTC), 1)
    return due, closes_at(order.subject, due)


def test_what_is_asked_reaches_the_ward_before_the_forum_and_the_rating_opens_after_it() -> None:
    opens, closes = by_proposal("forum-questions")
    rated, _ = by_proposal("forum")
    forum = datetime.combine(FORUM_DAY, time(), LOCAL)

    assert timedelta(weeks=5) < forum - opens, "some weeks before"
    days_to_prepare = forum - (closes + GRACE + LAST_ONES + REST)
    assert days_to_prepare > timedelta(days=3)
    assert rated >= forum + timedelta(days=1)


@pytest.fixture
async def waves(database: Database, vault: Vault, clock: Clock) -> Waves:
    await load_seed(database)
    return Waves(database, vault, clock)


async def test_questions_come_to_the_ward_as_comments_do_screened_and_ten_together(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    comments = Comments(database, vault, clock)
    asked = plan("hoi-2026", form=library.load(QUESTIONS), audience=Audience.FORUM, threshold=None)
    wave = await waves.open(asked)
    for number in range(12):
        words = f"Câu hỏi số {number} về đèn đường?" if number else "Xin gọi 0912345678 để trả lời tôi"
        await answer(
            database,
            vault,
            wave,
            f"a{number}",
            {"viec": "an_ninh" if number < 11 else None, "cau_hoi": words},
        )
    clock.moment = asked.closes_at + GRACE + LAST_ONES + timedelta(minutes=1)
    await waves.advance()

    ids = []
    while (unread := await comments.next_unread("hoi-2026", LONG_DUC)) is not None:
        assert unread.question.startswith("Câu hỏi hoặc góp ý"), "the province reads first"
        assert "0912345678" not in unread.for_ward
        await comments.pass_on(unread.id, by=LAN)
        ids.append(unread.id)
    assert len(ids) == 12
    await comments.hand_over()
    assert not await comments.handed(LONG_DUC)
    clock.moment += REST
    await comments.hand_over()
    [ten] = await comments.handed(LONG_DUC)
    assert len(ten) == TEN
    assert all("0912345678" not in each.text for each in ten)

    await waves.advance()
    released = {ward.unit: ward for ward in await waves.results()}[LONG_DUC]
    assert released.rates_nothing
    assert released.comments == 12


async def test_nobody_is_told_a_satisfaction_that_nobody_was_asked_for(
    waves: Waves, database: Database, vault: Vault, clock: Clock
) -> None:
    """Of a wave of questions and one of ratings, released one day."""
    schedules = ResultsTold(database, clock)
    asked = plan("hoi-2026", form=library.load(QUESTIONS), audience=Audience.FORUM, threshold=None)
    rated = plan("2026")
    for each in (asked, rated):
        wave = await waves.open(each)
        for number in range(12):
            answers = {"viec": "khac"} if each is asked else {"chung": "5"}
            await answer(database, vault, wave, f"a{number}", answers)
    clock.moment = asked.closes_at + GRACE + LAST_ONES + timedelta(minutes=1)
    await waves.advance()

    occasion = Occasion(
        "s", clock(), "results.tell", "Kết quả", "86", {}, timedelta(0), waves=("2026", "hoi-2026")
    )
    said = await schedules(occasion)

    assert "Đợt hoi-2026 chỉ nhận câu hỏi" in said
    async with database.reading() as tx:
        told = [each.campaign.subject for each in await tx.outbox.latest()]
    assert sorted(told) == [f"2026.{LONG_DUC}", f"2026.{HOA_THUAN}"]
