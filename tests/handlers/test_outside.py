"""Before anything is paid: how many are inside the window, billed, outside; what these get and cost; that somebody agreed to it by name. And
afterwards: what went by which way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.notices import Notices, Refused
from handlers.outside import OutsideWords, article_of, serves_only
from handlers.units import gazetteer, load_seed
from storage import rows
from storage.arrivals import Arrival, Arrivals
from storage.database import Database
from storage.vault import Vault
from surveys.conversation import Address
from surveys.delivery import Audience, Campaign
from surveys.notices import Notice, Policies, Text
from surveys.outside import ArticleState, Fact, Quote, Template, Terms, Way
from surveys.outside_words import agreement_words, article_words, outlook_words
from surveys.windows import Purpose
from tests.conftest import Clock
from tests.handlers.notice_desk import CHIEF, LONG_DUC, OFFICER, PROVINCE, TRA_VINH, a_draft
from tests.storage.conftest import a_form, a_wave

OA = "zalo:579745863508352884"
TEMPLATES = {"*": {"notice": Template("123456", {"ma": Fact.CODE})}}
PAID = Terms(Way.TEMPLATE, 120, 500, TEMPLATES)
COVER = "https://langnghe.test/anh.jpg"
ARTICLE = Terms(Way.ARTICLE, cover=COVER)


@pytest.fixture
async def arrivals(database: Database, vault: Vault, tmp_path) -> Arrivals:
    await load_seed(database)
    return Arrivals(tmp_path / "arrivals", vault)


async def people(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock, account: str = OA
) -> None:
    """Two who wrote today, one four days ago, three long ago, one who never did."""
    for number, silent in enumerate((0, 1, 96, 200, 300, 400, None)):
        address = Address(account, f"{number}")
        wants = ((LONG_DUC, "scam"),)
        await arrivals.add(Arrival(address, LONG_DUC, "vi", ("notices",), clock().date(), "Đồng ý", wants))
        await arrivals.flush(database)
        if silent is not None:
            arrivals.heard(vault.fingerprint(address), clock() - timedelta(hours=silent))
    await arrivals.flush(database)


def a_desk(database: Database, clock: Clock, terms: Terms) -> Notices:
    return Notices(database, clock, Policies(zalo_price=55, outside=terms))


async def submitted(desk: Notices) -> Notice:
    draft = await desk.write(OFFICER, a_draft())
    return await desk.submit(OFFICER, draft.id, draft.version)


# ── Before ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_free_billed_and_outside_are_told_apart_and_what_templates_cost(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock
):
    await people(arrivals, database, vault, clock)
    desk = a_desk(database, clock, PAID)
    notice = await submitted(desk)
    async with database.transaction() as tx:
        for _ in range(3):
            await tx.outside.take_of_day(OA, clock().date(), 500)

    found = await desk.reckon(CHIEF, notice.id)

    zalo = found.channels["zalo"]
    assert (zalo.free, zalo.billed, found.outside) == (2, 1, {OA: 4})
    assert found.outlook is not None
    assert found.outlook.quote == Quote(4, 120)
    assert found.outlook.left_today == 497
    assert outlook_words(found.outlook) == [
        "Ngoài cửa sổ 7 ngày của Zalo: 4 người.",
        "Gửi được tin mẫu (ZBS) cho 4 người: 4 × 120 đ = 480 đ.",
        "Hạn mức tin mẫu hôm nay còn 497.",
    ]
    assert "480 đ" in agreement_words(found.outlook.quote)


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (replace(PAID, price=None), "Chưa đặt giá tin mẫu (ZALO_TEMPLATE_PRICE)"),
        (Terms(), "Thông báo mới"),
        (replace(PAID, templates={"another": TEMPLATES["*"]}), "Thông báo mới"),
        (ARTICLE, "phục vụ rộng hơn nơi nhận"),
    ],
    ids=["no price", "pull", "no template", "an account of nobody knows where"],
)
async def test_where_nothing_can_be_bought_it_says_so_and_there_is_nothing_to_agree_to(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock, terms: Terms, says: str
):
    await people(arrivals, database, vault, clock)
    desk = a_desk(database, clock, terms)
    notice = await submitted(desk)

    found = await desk.reckon(CHIEF, notice.id)

    assert found.outlook is not None
    assert found.outlook.quote is None
    assert says in " ".join(outlook_words(found.outlook))


async def test_without_a_price_or_at_another_price_no_cost_can_be_agreed_to_and_nothing_is_approved(
    arrivals: Arrivals, database: Database, clock: Clock
):
    for terms, quote in (
        (replace(PAID, price=None), Quote(4, 120)),
        (Terms(), Quote(4, 120)),
        (PAID, Quote(4, 100)),
        (PAID, Quote(0, 120)),
        (PAID, Quote(10**9, 120)),
    ):
        desk = a_desk(database, clock, terms)
        notice = await submitted(desk)
        with pytest.raises(Refused, match="tin mẫu"):
            await desk.approve(CHIEF, notice.id, notice.version, quote)

        async with database.reading() as tx:
            assert await tx.outside.order("notice", notice.id) is None
        await desk.cancel(OFFICER, notice.id)


async def test_without_a_price_it_is_approved_without_templates(
    arrivals: Arrivals, database: Database, clock: Clock
):
    desk = a_desk(database, clock, replace(PAID, price=None))
    notice = await submitted(desk)

    approved = await desk.approve(CHIEF, notice.id, notice.version)

    assert approved.approved is not None
    async with database.reading() as tx:
        assert await tx.outside.order("notice", notice.id) is None


async def test_what_was_agreed_to_stands_beside_the_campaign_and_in_the_trail(
    arrivals: Arrivals, database: Database, clock: Clock
):
    desk = a_desk(database, clock, PAID)
    notice = await submitted(desk)

    await desk.approve(CHIEF, notice.id, notice.version, Quote(4, 120))

    async with database.reading() as tx:
        order = await tx.outside.order("notice", notice.id)
        trail = await tx.audit.page(1 << 62, 9, object=f"notice:{notice.code}")
    assert order is not None
    assert (order.agreed, order.price, order.taken) == (4, 120, 0)
    assert order.agreed_by == f"{CHIEF.name}, {CHIEF.title}"
    assert trail[0].reason == "Đồng ý chi nhiều nhất 4 tin mẫu × 120 đ = 480 đ."


async def test_an_approval_that_is_made_again_without_the_cost_buys_nothing(
    arrivals: Arrivals, database: Database, clock: Clock
):
    """A notice whose hour went by while nothing ran waits for somebody to look again."""
    desk = a_desk(database, clock, PAID)
    notice = await submitted(desk)
    await desk.approve(CHIEF, notice.id, notice.version, Quote(4, 120))
    clock.advance(days=2)
    await desk.step()
    notice = await desk.get(CHIEF, notice.id)

    await desk.approve(CHIEF, notice.id, notice.version)

    async with database.transaction() as tx:
        order = await tx.outside.order("notice", notice.id)
        assert order is not None
        assert order.agreed == 0
        assert not await tx.outside.take("notice", notice.id)


# ── Afterwards ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_went_by_which_way_and_what_it_costs(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock
):
    await people(arrivals, database, vault, clock)
    desk = a_desk(database, clock, PAID)
    notice = await submitted(desk)
    await desk.approve(CHIEF, notice.id, notice.version, Quote(4, 120))
    await desk.step()
    notice = await desk.get(CHIEF, notice.id)
    assert notice.campaign is not None
    async with database.transaction() as tx:
        for _ in range(3):
            assert await tx.outside.take("notice", notice.id)
        await tx.outside.were_sent("notice", notice.id, 2)
        await tx.outside.were_billed(notice.campaign, 1)
        await tx.outside.want(notice.campaign, OA, clock())

    spent = (await desk.progress(CHIEF, notice.id)).spent

    assert (spent.templates, spent.unknown, spent.agreed, spent.billed) == (2, 1, 4, 1)
    assert spent.cost == 3 * 120 + 55
    assert article_words(spent.articles) == "chờ tạo"
    assert replace(spent, message_price=None).cost is None
    assert (
        article_words([ArticleState.SENT, ArticleState.SENT, ArticleState.UNKNOWN])
        == "đã phát cho người theo dõi (2), không rõ đã phát chưa, xin xem ở oa.zalo.me (1)"
    )


# ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_notices_facts_are_its_own_words_and_none_once_it_is_taken_back(
    arrivals: Arrivals, database: Database, clock: Clock
):
    desk = a_desk(database, clock, PAID)
    notice = await submitted(desk)
    await desk.approve(CHIEF, notice.id, notice.version)
    await desk.step()
    campaign = Campaign("notice", notice.id, Purpose.NOTICE, Audience((LONG_DUC,)), not_before=clock())

    facts = await OutsideWords(database, PAID, "Công an tỉnh").facts(campaign)
    await desk.recall(CHIEF, notice.id, "Nhầm ngày")

    assert facts == {
        Fact.OFFICE: "Công an phường Long Đức",
        Fact.TITLE: "Đang có người giả danh công an gọi điện.",
        Fact.TOPIC: "Cảnh báo lừa đảo",
        Fact.CODE: notice.code,
    }
    assert await OutsideWords(database, PAID, "Công an tỉnh").facts(campaign) is None
    assert await OutsideWords(database, PAID, "Công an tỉnh").article(campaign) is None


async def test_an_invitations_facts(arrivals: Arrivals, database: Database, clock: Clock):
    async with database.transaction() as tx:
        await tx.forms.add(a_form())
        await tx.waves.add(a_wave(clock()))
    words = OutsideWords(database, PAID, "Công an tỉnh Vĩnh Long")
    wave = Campaign("invite", "2026", Purpose.INVITATION, Audience((LONG_DUC,)), not_before=clock())

    one = await words.facts(wave)
    several = await OutsideWords(database, PAID, "Công an tỉnh Vĩnh Long").facts(
        replace(wave, audience=Audience((LONG_DUC, TRA_VINH)))
    )

    assert one is not None
    assert several is not None
    assert one[Fact.OFFICE] == "Công an phường Long Đức"
    assert several[Fact.OFFICE] == "Công an tỉnh Vĩnh Long"
    assert one[Fact.TITLE] == "Đợt 2026"
    assert one[Fact.UNTIL] == (clock() + timedelta(days=1, hours=7)).strftime("%d/%m/%Y")


async def test_an_article_says_what_stands_in_the_chat_and_has_no_markup(
    arrivals: Arrivals, database: Database, clock: Clock
):
    desk = a_desk(database, clock, ARTICLE)
    words = "Giảm <b>tốc độ</b>\n\n" + "Đường đang sửa. " * 60
    draft = await desk.write(OFFICER, a_draft(words.strip()))

    article = article_of(draft, "phường Long Đức", COVER)

    assert article.author == "Công an phường Long Đức"
    assert article.title == "Giảm ‹b›tốc độ‹/b›"
    assert any(draft.code in each for each in article.paragraphs)
    assert article.body()["comment"] == "hide"


async def test_the_longest_first_line_still_makes_an_article(
    arrivals: Arrivals, database: Database, clock: Clock
):
    desk = a_desk(database, clock, ARTICLE)
    draft = await desk.write(OFFICER, replace(a_draft(), texts={"vi": Text.of("dài " * 300)}))

    assert len(article_of(draft, "đặc khu " + "X" * 60, COVER).title) <= 150


async def test_an_account_that_serves_more_than_the_audience_tells_its_followers_nothing(
    arrivals: Arrivals, database: Database
):
    async with database.reading() as tx:
        known = await gazetteer(tx)
    every = tuple(ward.code for ward in known.wards(PROVINCE))

    assert serves_only(LONG_DUC, Audience((LONG_DUC, TRA_VINH)), known)
    assert serves_only(PROVINCE, Audience(every), known)
    assert not serves_only(PROVINCE, Audience(every[1:]), known)
    assert not serves_only(TRA_VINH, Audience((LONG_DUC,)), known)
    assert not serves_only(None, Audience(every), known)
    assert not serves_only("99999", Audience(every), known)


async def test_on_a_wards_own_account_an_article_is_told_before_it_is_approved(
    arrivals: Arrivals, database: Database, vault: Vault, clock: Clock
):
    await people(arrivals, database, vault, clock)
    async with database.transaction() as tx:
        await tx.zalo_accounts.save(
            rows.ZaloAccount(id=OA[5:], name="OA", kind=4, pair=b"-", generation=0, unit=LONG_DUC)
        )
    desk = a_desk(database, clock, ARTICLE)
    notice = await submitted(desk)

    found = await desk.reckon(CHIEF, notice.id)

    assert found.outlook is not None
    assert (found.outlook.articles, found.outlook.quote) == (1, None)
    assert "Bài viết công khai" in " ".join(outlook_words(found.outlook))
