"""Released figures to take away: `/results.csv`, `/results.xlsx` and `/api/v1/results`. The same rows in each, in docs/api.md.

It reads releases and nothing else, computes no figure anew and takes no filter: whoever asks gets all that everybody may see.
"""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from surveys.releases import Released
from surveys.tabled import COLUMNS, Row, rows

__all__ = ["Figures", "as_csv", "as_json", "as_xlsx"]

VERSION = 1  # of the API; a change that breaks a reader gets another address
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
ALWAYS = datetime(1980, 1, 1, tzinfo=UTC)  # so that the same figures are the same bytes

Lines = Callable[[], Awaitable[Iterable[Released]]]


class Figures:
    def __init__(self, released: Lines) -> None:
        """`released`: every line there is, the latest wave first."""
        self._released = released
        self._made: dict[str, tuple[object, bytes]] = {}
        self.routes = (
            Route("/results.csv", self.csv),
            Route("/results.xlsx", self.xlsx),
            Route("/api/v1/results", self.api),
        )

    async def csv(self, request: Request) -> Response:
        headers = {"content-disposition": 'attachment; filename="ket-qua.csv"'}
        return Response(await self._kept("csv", as_csv), media_type=CSV, headers=headers)

    async def xlsx(self, request: Request) -> Response:
        headers = {"content-disposition": 'attachment; filename="ket-qua.xlsx"'}
        return Response(await self._kept("xlsx", as_xlsx), media_type=XLSX, headers=headers)

    async def api(self, request: Request) -> Response:
        return JSONResponse(as_json(rows(await self._released())))

    async def _kept(self, kind: str, make: Callable[[Sequence[Row]], bytes]) -> bytes:
        """A release never changes: a file is made once, until there is another release."""
        lines = tuple(await self._released())
        key = tuple((line.wave.slug, line.unit) for line in lines)
        if kind not in self._made or self._made[kind][0] != key:
            self._made[kind] = key, await asyncio.to_thread(make, tuple(rows(lines)))
        return self._made[kind][1]


def as_csv(table: Iterable[Row]) -> bytes:
    """With the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(value) for value in row.values] for row in table)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def as_xlsx(table: Iterable[Row]) -> bytes:
    """Numbers as numbers, text as text, nothing as a formula or a link."""
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": ALWAYS.replace(tzinfo=None), "title": "Kết quả đã công bố"})
        sheet = book.add_worksheet("Kết quả")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name)
        for number, row in enumerate(table, start=1):
            for column, value in enumerate(row.values):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write_number(number, column, value)
    return out.getvalue()


def as_json(table: Iterable[Row]) -> dict[str, Any]:
    return {"version": VERSION, "columns": list(COLUMNS), "rows": [list(row.values) for row in table]}
