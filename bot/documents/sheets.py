"""Tokens on paper: an A4 sheet of cards to cut out, each with its QR code. Set by typst; what it says goes in as data, never as
markup. The same batch is the same bytes."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from bot import qr
from handlers.tokens import Batch
from surveys.waves import LOCAL

__all__ = ["CARDS_A_PAGE", "picture", "write"]

TEMPLATES = Path(__file__).with_name("templates")
NO_PACKAGES = str(TEMPLATES / "none")  # there is no such folder, and so no package
CARDS_A_PAGE = 10
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def write(batch: Batch, address: str, k: int) -> bytes:
    """The PDF. `address`: what stands before a token in a link, such as `https://…/?start=`; `k`: the smallest group shown."""
    made = typst.compile(**_given(batch, address, k), format="pdf", timestamp=_second(batch), pdf_tags=True)
    assert isinstance(made, bytes), "one document is one file"
    return made


def picture(batch: Batch, address: str, k: int, ppi: float = 110) -> bytes:
    """The first page as PNG: to look at."""
    made = typst.compile(**_given(batch, address, k), format="png", ppi=ppi, timestamp=_second(batch))
    first = made[0] if isinstance(made, list) else made
    assert isinstance(first, bytes), "a page is a picture"
    return first


def _given(batch: Batch, address: str, k: int) -> Any:
    data = {
        "ward": _within(batch.unit_name),
        "title": batch.title,
        "until": _until(batch.expires_at),
        "k": k,
        "cards": [_card(address + payload) for payload in batch.payloads],
    }
    return {
        "input": TEMPLATES / "sheets.typ",
        "root": TEMPLATES,
        "ignore_system_fonts": True,
        "package_path": NO_PACKAGES,
        "package_cache_path": NO_PACKAGES,
        "sys_inputs": {"data": json.dumps(data, ensure_ascii=False)},
    }


def _card(link: str) -> dict[str, str]:
    return {"code": qr.svg(link), "link": link.removeprefix("https://").removeprefix("http://")}


def _within(name: str) -> str:
    """As it stands inside a sentence, and in one line: “phường Long Đức”."""
    return (name[:1].lower() + name[1:]).replace(" ", NO_BREAK_SPACE)


def _until(moment: datetime) -> str:
    """The last whole minute, as people say it: 6/12/2026, 08:30."""
    local = moment.astimezone(LOCAL)
    return f"{local.hour:02}:{local.minute:02} ngày {local.day}/{local.month}/{local.year}"


def _second(batch: Batch) -> int:
    return int(batch.expires_at.timestamp())
