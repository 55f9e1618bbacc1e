"""`/phieu-giay/…`: where an officer of another unit, or of Mặt trận Tổ quốc, types in what people wrote on paper or said to them. Plain
forms, no script; it says “saved” when it is on the disk."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.web.guard import TooLarge, body_of, is_a_form_of_ours
from bot.web.pages import Pages
from bot.web.words import DEFAULT_LANGUAGE, Words
from handlers.papers import Closed, Papers, Saved
from surveys import clerks
from surveys.clerks import ClerkLink
from surveys.forms.form import Form
from surveys.forms.session import Mode
from surveys.papers import ASKED_ON_PAPER, judged
from surveys.running import Running, local

__all__ = ["PaperPages"]

ROOM = "paper"
LARGEST_FORM = 256 * 1024  # forty texts of 4,000 characters would be more; nobody writes that on paper
LONGEST_NUMBER = 20
FRESH_BYTES = 12
LONGEST_TALK = 2 * 3600  # seconds; who left the page open over lunch was not read to all the while
NO_STORE = {"cache-control": "no-store"}
ANSWER = "q."
WHOLE = "whole."


class PaperPages:
    def __init__(self, papers: Papers, key: bytes, pages: Pages, now: Callable[[], datetime]) -> None:
        """`key` signs the clerks' links."""
        self._papers = papers
        self._key = key
        self._pages = pages
        self._now = now
        self.routes = (Route("/phieu-giay/{link}", self.page, methods=["GET", "POST"]),)

    async def page(self, request: Request) -> Response:
        link = clerks.read(request.path_params["link"], self._key)
        if link is None:
            raise HTTPException(404)
        try:
            wave, unit_name = await self._papers.wave(link)
            if request.method != "POST":
                return self._drawn(link, wave, unit_name)
            if not is_a_form_of_ours(request.headers):
                return self._drawn(link, wave, unit_name, problem="paper.foreign", status=403)
            return await self._typed(request, link, wave, unit_name)
        except TooLarge:
            return self._said("paper.too_large", 413)
        except Closed:
            return self._said("paper.closed", 410)

    async def _typed(self, request: Request, link: ClerkLink, wave: Running, unit_name: str) -> Response:
        body = await body_of(request, LARGEST_FORM)
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        written = {
            name.removeprefix(ANSWER): marks for name, marks in fields.items() if name.startswith(ANSWER)
        }
        whole = frozenset(name.removeprefix(WHOLE) for name in fields if name.startswith(WHOLE))
        whole &= wave.form.by_name.keys()
        number = fields.get("number", [""])[-1].strip()
        now = self._now()
        found = judged(wave.form, written, whole, seed=number, now=local(now))
        faults = dict(found.faults)
        if not 1 <= len(number) <= LONGEST_NUMBER:
            faults["number"] = Words(DEFAULT_LANGUAGE, ROOM)("paper.number_wanted")
        if not faults and not any(found.answers.values()):
            faults["number"] = Words(DEFAULT_LANGUAGE, ROOM)("paper.empty")
        if faults:
            return self._drawn(
                link,
                wave,
                unit_name,
                written=written,
                whole=whole,
                number=number,
                opened=_opened(fields),
                faults=faults,
                status=422,
            )
        seconds = _seconds(fields, now) if link.mode is Mode.ASSISTED else None
        saved = await self._papers.save(link, number, found.answers, whole, seconds=seconds)
        return self._drawn(link, wave, unit_name, saved=saved, saved_number=number)

    def _drawn(
        self,
        link: ClerkLink,
        wave: Running,
        unit_name: str,
        *,
        written: Mapping[str, list[str]] | None = None,
        whole: frozenset[str] = frozenset(),
        number: str = "",
        opened: int | None = None,
        faults: Mapping[str, str] | None = None,
        saved: Saved | None = None,
        saved_number: str = "",
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        is_assisted = link.mode is Mode.ASSISTED
        page = self._pages.drawn(
            "paper.html",
            DEFAULT_LANGUAGE,
            words=Words(DEFAULT_LANGUAGE, ROOM),
            wave=wave,
            unit_name=unit_name,
            is_assisted=is_assisted,
            questions=_asked(wave.form),
            # Whoever is read to has no number: each gets one of its own, so that nothing is counted twice.
            number=number or (secrets.token_hex(FRESH_BYTES)[:LONGEST_NUMBER] if is_assisted else ""),
            opened=opened or int(self._now().timestamp()),
            written=written or {},
            whole=whole,
            faults=faults or {},
            saved=saved,
            saved_number=saved_number,
            problem=problem,
        )
        return HTMLResponse(page, status, NO_STORE)

    def _said(self, key: str, status: int) -> Response:
        words = Words(DEFAULT_LANGUAGE, ROOM)
        return HTMLResponse(
            self._pages.drawn("plain.html", DEFAULT_LANGUAGE, title=words(key)), status, NO_STORE
        )


def _asked(form: Form) -> list[dict[str, object]]:
    """Every question with its words, as a template needs it."""
    listed: list[dict[str, object]] = []
    for question in form.questions:
        if question.kind not in ASKED_ON_PAPER and question.kind != "note":
            continue
        listed.append(
            {
                "name": question.name,
                "kind": question.kind.value,
                "label": question.label.get(DEFAULT_LANGUAGE) or next(iter(question.label.values()), ""),
                "hint": question.hint.get(DEFAULT_LANGUAGE, ""),
                "choices": [
                    (each.name, each.label.get(DEFAULT_LANGUAGE) or each.name) for each in question.choices
                ],
            }
        )
    return listed


def _seconds(fields: Mapping[str, list[str]], now: datetime) -> int | None:
    """How long the talk took, by when the page was opened."""
    opened = _opened(fields)
    seconds = int(now.timestamp()) - opened if opened else -1
    return seconds if 0 <= seconds <= LONGEST_TALK else None


def _opened(fields: Mapping[str, list[str]]) -> int | None:
    written = fields.get("opened", [""])[-1]
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= 12 else None
