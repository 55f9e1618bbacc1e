"""`langnghe outbox quote` and `agree`, as somebody types them who is to answer for the money."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from handlers.units import load_seed
from storage import migrate
from storage.arrivals import Arrival, Arrivals
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from surveys.conversation import Address
from tests.handlers.notice_desk import LONG_DUC

TEMPLATES = '{"*": {"invite": {"id": "123456", "fields": {"dot": "title"}}}}'


@pytest.fixture(autouse=True)
def house(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people of one ward who have not written for long."""
    for name, value in {
        "DATABASE_URL": sqlite_url,
        "KEYS_DIR": str(tmp_path / "keys"),
        "ZALO_APP_ID": "1",
        "ZALO_APP_SECRET": "s",
        "ZALO_OA_KEYS": "k",
        "ZALO_OUTSIDE": "template",
        "ZALO_OUTSIDE_TEMPLATES": TEMPLATES,
        "ZALO_TEMPLATE_PRICE": "120",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    async def come() -> None:
        await migrate.up(sqlite_url)
        db = await Database.open(sqlite_url)
        await load_seed(db)
        arrivals = Arrivals(tmp_path / "keys" / "arrivals", Vault(FileKeys(tmp_path / "keys")))
        for number in range(3):
            address, wants = Address("zalo:579745863508352884", str(number)), ((LONG_DUC, "surveys"),)
            await arrivals.add(
                Arrival(address, LONG_DUC, "vi", ("notices",), date(2026, 11, 1), "Đồng ý", wants)
            )
        await arrivals.flush(db)
        await db.close()

    asyncio.run(come())


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["outbox", *words])


def test_the_cost_is_shown_then_agreed_to_then_shown_as_agreed_to():
    shown = typed("quote", "2027", "--unit", "86")
    assert "0 free, 0 billed, 3 outside the window" in shown.output
    assert "3 × 120 đ = 360 đ" in shown.output
    assert "langnghe outbox agree 2027 --templates 3 --total 360 --by NAME" in shown.output

    agreed = typed("agree", "2027", "--templates", "3", "--total", "360", "--by", "Phạm Thị Dung")
    assert "Phạm Thị Dung agrees to 3 templates for 360 đồng at the most" in agreed.output
    assert (
        "Agreed to: 3 templates at 120 đồng, by Phạm Thị Dung"
        in typed("quote", "2027", "--unit", LONG_DUC).output
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("quote", "2027"), "name its wards or its province"),
        (("quote", "2027", "--unit", "99999"), "There is no unit 99999"),
        (("agree", "2027", "--templates", "3", "--total", "361", "--by", "Dung"), "not the price of 3"),
        (("agree", "2027", "--templates", "3", "--total", "300", "--by", "Dung"), "costs 120"),
        (("agree", "2027", "--templates", "3", "--total", "360", "--by", " "), "by name"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(words: tuple[str, ...], why: str):
    refused = typed(*words)

    assert refused.exit_code == 1
    assert why in refused.output
    assert "Traceback" not in refused.output


def test_while_no_price_is_set_it_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ZALO_TEMPLATE_PRICE")

    assert "Chưa đặt giá tin mẫu (ZALO_TEMPLATE_PRICE)" in typed("quote", "2027", "--unit", "86").output
    refused = typed("agree", "2027", "--templates", "3", "--total", "360", "--by", "Dung")
    assert "Nobody has set ZALO_TEMPLATE_PRICE" in refused.output
