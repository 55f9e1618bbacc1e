"""`langnghe report`, as an operator types it."""

import asyncio
import io
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from handlers.units import load_seed
from storage.database import Database


@pytest.fixture(autouse=True)
def house(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's settings, and the six wards of Trà Vinh."""
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.chdir(tmp_path)

    async def seeded() -> None:
        db = await Database.open(sqlite_url)
        await load_seed(db)
        await db.close()

    asyncio.run(seeded())


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["report", *words])


def test_three_files_that_say_the_same_and_when_it_was_due(tmp_path: Path):
    result = typed("2025", "--to", "out")

    assert result.exit_code == 0, result.output
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["bao-cao-2025-qd1578.docx", "bao-cao-2025-qd1578.pdf", "bao-cao-2025-qd1578.xlsx"]
    assert "The deadline of 2025-11-14 passed" in result.stdout


def test_what_the_office_knows_stands_in_its_head(tmp_path: Path):
    result = typed(
        "2026", "--format", "docx", "--to", "out", "--office", "Công an tỉnh Vĩnh Long", "--number", "12", "--symbol", "CAT-PV01",
        "--place", "Vĩnh Long", "--signed-on", "2026-11-12", "--recipient", "Bộ Công an",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    opened = docx.Document(io.BytesIO((tmp_path / "out/bao-cao-2026-qd1578.docx").read_bytes()))
    head = "\n".join(cell.text for cell in opened.tables[0].rows[0].cells)
    assert "CÔNG AN TỈNH VĨNH LONG" in head
    assert "Số: 12/BC-CAT-PV01" in head
    assert "Vĩnh Long, ngày 12 tháng 11 năm 2026" in head


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("2026", "--set", "qd1579"), "There is no criteria set qd1579"),
        (("2026", "--format", "odt"), "odt is no format"),
        (("2026", "--signed-on", "12/11/2026"), "write it as 2026-11-12"),
        (("2026", "--roadmap", "sao-hoa"), "There is no roadmap sao-hoa"),
        (("2020",), "not in force"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(words, said):
    result = typed(*words)

    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output
