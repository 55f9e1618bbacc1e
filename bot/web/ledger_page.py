"""`/ledger`: the ledger as anybody may read it, its key and its signed head to keep. It draws what `handlers.audit` hands out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.web.pages import Pages
from bot.web.visitor import KEPT_FOR
from bot.web.words import HERE, Words, language_of
from handlers.audit import Told
from surveys.ledger import Entry
from surveys.preregistration import NOBODY_DRAWN
from surveys.records import Exclusion, ScorecardFrozen, of_wave

__all__ = ["LedgerPage"]

LANGUAGE_COOKIE = "langnghe_language"
A_PAGE = 50  # entries
ROOM = "ledger"

Telling = Callable[[], Awaitable[Told]]
"""`Audit.told`. Raises Unavailable when the database is away."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the page draws it."""

    entry: Entry
    when: str
    sentence: str
    about: str
    """The wave's title; the unit's name where it is about no wave."""
    slug: str | None
    more: tuple[str, ...]
    """Reason and persons, where there are any."""


class LedgerPage:
    def __init__(self, told: Telling, pages: Pages, *, secure: bool = False) -> None:
        """`secure`: people reach us by https only, so the cookie of their language may too."""
        self._told = told
        self._pages = pages
        self._secure = secure
        self.routes = (
            Route("/ledger", self.page),
            Route("/ledger.jsonl", self.lines),
            Route("/ledger.head", self.head),
            Route("/ledger.key", self.key),
        )

    async def page(self, request: Request) -> Response:
        """`wave`: only that wave's entries. `before`: only entries before that number."""
        told = await self._told()
        language = language_of(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
        words = Words(language, ROOM)
        slug, before = request.query_params.get("wave"), _number(request.query_params.get("before"))
        chosen = [
            entry
            for entry in told.entries
            if (before is None or entry.number < before) and (slug is None or slug in _waves_of(entry))
        ]
        shown = [line_of(entry, told, words) for entry in reversed(chosen[-A_PAGE:])]
        page = self._pages.drawn(
            "ledger.html",
            language,
            told=words,
            key=told.key,
            head=told.head,
            count=len(told.entries),
            lines=shown,
            slug=slug if shown else None,
            title=told.waves.get(slug, slug) if slug and shown else None,
            older=shown[-1].entry.number if len(chosen) > len(shown) else None,
            is_newest=before is None,
        )
        response = HTMLResponse(page)
        if request.query_params.get("lang") == language:
            # A language chosen here stays chosen, as on the other pages.
            response.set_cookie(
                LANGUAGE_COOKIE,
                language,
                max_age=round(KEPT_FOR.total_seconds()),
                httponly=True,
                samesite="lax",
                secure=self._secure,
            )
        return response

    async def lines(self, request: Request) -> Response:
        told = await self._told()
        text = "".join(f"{line}\n" for line in told.lines)
        return _file(text, "ledger.jsonl", "application/x-ndjson")

    async def head(self, request: Request) -> Response:
        told = await self._told()
        # Its name says how many entries it is over: whoever keeps several keeps them apart.
        return _file(told.head, f"head-{len(told.lines)}.txt", "text/plain")

    async def key(self, request: Request) -> Response:
        return _file(f"{(await self._told()).key.text}\n", "key.txt", "text/plain")


def line_of(entry: Entry, told: Told, words: Words) -> Line:
    record = entry.record
    values: dict[str, object] = {
        name: words.whole(value) if isinstance(value, int) and name != "year" else value
        for name, value in record.body().items()
    }
    if unit := getattr(record, "unit", None):
        values["unit"] = told.units.get(unit, unit)
    if until := getattr(record, "until", None):
        values["until"] = _day(until, words)
    more: list[str] = []
    if isinstance(record, Exclusion):
        values["stream"] = words(f"ledger.stream_{record.stream}")
        values["mode"] = words(f"ledger.mode_{record.mode}") if record.mode else words("ledger.mode_any")
    if seed := getattr(record, "seed", None):
        more += [] if seed == NOBODY_DRAWN else [words("ledger.seed", seed=seed)]
    if reason := getattr(record, "reason", None):
        more.append(words("ledger.reason", reason=reason))
    if persons := getattr(record, "persons", None):
        more.append(words("ledger.persons", first=persons[0], second=persons[1]))
    slug = of_wave(record)
    about = str(values["unit"]) if slug is None else told.waves.get(slug, slug)
    moment = entry.at.astimezone(HERE)
    when = f"{moment:%H:%M}, {words.day(moment)}"
    return Line(entry, when, words(f"ledger.{record.kind}", **values), about, slug, tuple(more))


def _waves_of(entry: Entry) -> tuple[str | None, ...]:
    if isinstance(entry.record, ScorecardFrozen):
        return entry.record.waves
    return (of_wave(entry.record),)


def _day(text: str, words: Words) -> str:
    """A day as it is said here; whatever else was written down, as it was written."""
    try:
        return words.day(date.fromisoformat(text[:10]))
    except ValueError:
        return text


def _number(text: str | None) -> int | None:
    """A number of an entry; anything else asks for nothing."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 12 else None


def _file(text: str, name: str, kind: str) -> Response:
    return PlainTextResponse(
        text, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
