"""What a yearly report is made of, gathered on both databases."""

from datetime import date

import pytest

from handlers.ledger import Ledger
from handlers.reporting import NoSuchRoadmap, Reporting
from handlers.scorecards import NoSuchSet, Scorecards
from handlers.units import load_seed
from handlers.waves import Waves
from storage.database import Database
from storage.vault import Vault
from surveys.heads import Head
from surveys.report import Letterhead, report
from surveys.scorecard import Document, Records, load_set
from tests.conftest import Clock
from tests.released import a_released_wave
from tests.surveys.seal import province

WARD, OTHER_WARD = "29242", "29263"
PAPER = Document("125/QĐ-CAT", date(2026, 9, 1), "Quyết định công nhận")


class Office:
    """Where a report is asked for."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self.db = db
        self.clock = clock
        self.ledger = Ledger(province.OURS)
        self.cards = Scorecards(db, self.ledger, clock)
        self.reporting = Reporting(db, self.cards, Waves(db, vault, clock, ledger=self.ledger), self.ledger)

    async def has_a_year(self) -> None:
        """A released wave, a register, a frozen card with an appeal that waits."""
        await a_released_wave(self.db, self.ledger, self.clock)
        sheet = f"Mã đơn vị,Tháng,Đã giải quyết,Trước hạn,Trễ hạn\n{WARD},2026-01,1000,99,5\n"
        made = await self.cards.import_register("so.csv", sheet.encode(), 2026, document=PAPER, by="An")
        for entered in made:
            await self.cards.countersign(entered.id, by="Bình")
        await self.cards.freeze("qd1578", WARD, 2026, by="Giám đốc", countersigned_by="Chánh văn phòng")
        await self.cards.appeal("qd1578", WARD, 2026, "R1.1", by="Trưởng", reason="Đã được công nhận")


@pytest.fixture
async def office(database: Database, vault: Vault, clock: Clock) -> Office:
    await load_seed(database)
    return Office(database, vault, clock)


async def test_everything_of_the_year_is_gathered(office: Office) -> None:
    await office.has_a_year()

    gathered = await office.reporting.gather("qd1578", 2026, k=10)

    sources = gathered.sources
    assert sorted(sources.cards) == [unit.code for unit in await office.cards.units(2026)]
    assert {ward.unit for ward in sources.released} & {WARD, OTHER_WARD}
    assert (sources.dossiers[WARD].early, sources.dossiers[WARD].resolved) == (99, 1000)
    frozen = (await office.cards.frozen("qd1578", 2026))[WARD]
    assert sources.frozen == {WARD: frozen.frozen.digest}
    assert sources.appeals == {WARD: 1}
    assert gathered.frozen_otherwise == ()
    async with office.db.reading() as tx:
        head = Head.over(await tx.ledger.after(0), office.ledger.key)
    assert sources.ledger is not None
    assert (sources.ledger.size, sources.ledger.root) == (head.size, head.root.hex())


async def test_a_frozen_card_is_reported_as_it_was_frozen(office: Office) -> None:
    await office.has_a_year()
    frozen = (await office.cards.frozen("qd1578", 2026))[WARD]
    office.clock.advance(days=1)
    entered = await office.cards.enter("qd1578", WARD, 2026, "R1.1", True, document=PAPER, by="An")
    await office.cards.countersign(entered.id, by="Bình")  # the appeal has reopened it

    cards = (await office.reporting.gather("qd1578", 2026, k=10)).sources.cards

    assert cards[WARD] == frozen.card(load_set("qd1578"))
    assert cards[WARD] != (await office.cards.cards("qd1578", 2026))[WARD]


async def test_a_report_is_made_of_it(office: Office) -> None:
    await office.has_a_year()
    gathered = await office.reporting.gather("qd1578", 2026, k=10)

    made = report(gathered.sources, Letterhead(), office.clock())

    assert len(made.wards) == 6
    assert report(gathered.sources, Letterhead(), office.clock()) == made


async def test_the_nations_roadmap_and_the_provinces_own_are_compared_unless_others_are_named(
    office: Office,
) -> None:
    await office.has_a_year()

    ours = (await office.reporting.gather("qd1578", 2026, k=10)).sources.roadmaps
    named = (await office.reporting.gather("qd1578", 2026, k=10, roadmaps=["ha-tinh"])).sources.roadmaps

    assert [each.roadmap.id for each in ours] == ["tra-vinh", "ca-nuoc"]
    assert [each.roadmap.id for each in named] == ["ha-tinh"]
    with pytest.raises(NoSuchRoadmap, match="tra-vinh"):
        await office.reporting.gather("qd1578", 2026, k=10, roadmaps=["sao-hoa"])


async def test_a_year_of_which_nothing_is_known_is_gathered_too(office: Office) -> None:
    sources = (await office.reporting.gather("qd1578", 2026, k=10)).sources

    assert (sources.released, sources.frozen, sources.ledger) == ((), {}, None)
    assert all(card.standing.signed == Records().signatures for card in sources.cards.values())


async def test_an_unknown_set_is_refused(office: Office) -> None:
    with pytest.raises(NoSuchSet):
        await office.reporting.gather("qd1579", 2026, k=10)
