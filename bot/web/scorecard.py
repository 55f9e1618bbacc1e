"""`/scorecard`: what officers read of the scorecards, each as far as their post reaches: a ward its own card, a province all of
them. It saves nothing: evidence, signatures and frozen cards come from the command line. It knows requests and links; verdicts
are `surveys.scorecard`'s."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.documents import Format, document, file_name
from bot.web.desk_door import Endpoint, Guarded
from bot.web.matrix import account, differing, matrix, short_name, tried_by
from bot.web.pages import Pages
from handlers.scorecards import Scorecards
from surveys.assessment import Verdict
from surveys.releases import ReleasedWard
from surveys.report import Report
from surveys.rights import Action, Actor, NotAllowed, Reach, may
from surveys.scorecard import (
    CriteriaSet,
    Measure,
    NotInForce,
    Restated,
    Roadmap,
    State,
    Step,
    WhatIf,
    baseline_2023,
)
from surveys.scorecard.words import say as scorecard_words
from surveys.units import Unit
from surveys.waves import LOCAL

__all__ = ["ScorecardPages"]

LAST_DAY = (11, 14)  # “trước ngày 15/11” (S1:L171)
OLDEST, NEWEST = 2000, 2100
LARGEST_MINIMUM = 1_000_000
THRESHOLD = "t."  # t.T7.3=12,5
CONTENT_TYPES = {
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PDF: "application/pdf",
}

Reports = Callable[[str, int], Awaitable[Report]]
Results = Callable[[], Awaitable[Iterable[ReleasedWard]]]
Within = Callable[[Actor, Action, Iterable[str]], Awaitable[frozenset[str]]]
"""`People.within`: those of these units where the actor may do that."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is to show, as its address says."""

    set_id: str
    year: int
    day: date | None = None
    """As it was known at the end of that day; None: now."""
    group: str | None = None
    verdict: Verdict | None = None

    @property
    def as_of(self) -> datetime | None:
        if self.day is None:
            return None
        return datetime.combine(self.day + timedelta(days=1), time(), LOCAL) - timedelta(microseconds=1)

    def to(self, path: str = "", **changes: Any) -> str:
        """The address of a page, this one with changes unless told otherwise."""
        asked = replace(self, **changes)
        given = {
            "set": asked.set_id,
            "year": str(asked.year),
            "as_of": asked.day and asked.day.isoformat(),
            "group": asked.group,
            "verdict": asked.verdict and str(asked.verdict),
        }
        return f"/scorecard{path}?" + urlencode({key: value for key, value in given.items() if value})

    def to_unit(self, unit: str, criterion: str = "") -> str:
        there = self.to(f"/units/{quote(unit, safe='')}", group=None, verdict=None)
        return f"{there}#{quote(criterion)}" if criterion else there


@dataclass(frozen=True, slots=True)
class Trial:
    """What somebody wants to try, and what of it could not be read."""

    thresholds: Mapping[str, Fraction]
    minimum: int | None
    needed: int | None
    faults: Mapping[str, str]
    """Field → key of the supervisors' texts."""
    given: Mapping[str, str]
    """What was typed, to be shown again."""

    @property
    def is_one(self) -> bool:
        return bool(self.thresholds) or self.minimum is not None or self.needed is not None


class ScorecardPages:
    def __init__(
        self,
        scorecards: Scorecards,
        pages: Pages,
        guarded: Callable[[Action, Guarded], Endpoint],
        within: Within,
        now: Callable[[], datetime],
        *,
        report: Reports | None = None,
        results: Results | None = None,
    ) -> None:
        """`report`: the yearly report by a set's id and a year, where it is offered for download. `results`: what is released, to
        call waves and questions by the words they were asked in."""
        self._results = results
        self._scorecards = scorecards
        self._report = report
        self._pages = pages
        self._within = within
        self._now = now
        read = Action.SCORECARD_READ
        self.routes = (
            Route("/scorecard", guarded(read, self.matrix)),
            Route("/scorecard/units/{unit}", guarded(read, self.unit)),
            Route("/scorecard/units/{unit}/what-if", guarded(read, self.what_if)),
            Route("/scorecard/units/{unit}/restated", guarded(read, self.restated)),
            Route("/scorecard/roadmap", guarded(read, self.roadmap)),
            Route("/scorecard/baseline", guarded(read, self.baseline)),
            Route("/scorecard/report.{format}", guarded(Action.REPORT_READ, self.report)),
        )

    async def matrix(self, request: Request, actor: Actor) -> Response:
        """Criteria down, wards across."""
        sets, asked, criteria = await self._asked(request)
        try:
            cards = await self._scorecards.cards(asked.set_id, asked.year, as_of=asked.as_of)
        except NotInForce:
            return await self._drawn("scorecard_none.html", actor, sets=sets, asked=asked, criteria=criteria)
        units = await self._scorecards.units(asked.year)
        seen = await self._within(actor, Action.SCORECARD_READ, cards)
        cards = {code: card for code, card in cards.items() if code in seen}
        frozen = await self._scorecards.frozen(asked.set_id, asked.year, as_of=asked.as_of)
        laid = matrix(criteria, units, cards, frozen, group=asked.group, verdict=asked.verdict)
        return await self._drawn(
            "scorecard.html",
            actor,
            sets=sets,
            asked=asked,
            criteria=criteria,
            matrix=laid,
            counts=_counts(card.overall.tally for card in laid.cards),
            short_name=short_name,
            formats=tuple(Format) if self._report and _sees_all(actor) else (),
            assumed=criteria.pass_rule if criteria.pass_rule and criteria.pass_rule.is_assumed else None,
        )

    async def unit(self, request: Request, actor: Actor) -> Response:
        """One ward: every criterion with what it rests on."""
        sets, asked, criteria = await self._asked(request)
        unit = await self._unit(request, actor, asked)
        try:
            card = await self._scorecards.card(asked.set_id, unit.code, asked.year, as_of=asked.as_of)
        except NotInForce:
            return await self._drawn("scorecard_none.html", actor, sets=sets, asked=asked, criteria=criteria)
        book = await self._scorecards.book(asked.year, as_of=asked.as_of)
        frozen = book.frozen(asked.set_id).get(unit.code)
        register = book.register_of(unit.code)
        return await self._drawn(
            "scorecard_unit.html",
            actor,
            sets=sets,
            asked=asked,
            criteria=criteria,
            unit=unit,
            card=card,
            groups=account(criteria, card),
            frozen=frozen,
            differing=differing(frozen, card) if frozen else (),
            waiting=book.waiting(asked.set_id, unit.code),
            terms=book.terms_set(asked.set_id),
            dossiers=register.register.of(unit.code, asked.year) if register else None,
            tried=tried_by(criteria),
            trial=Trial({}, None, None, {}, {}),
            wordings=await self._wordings(),
        )

    async def what_if(self, request: Request, actor: Actor) -> Response:
        """The same evidence under other thresholds. Nothing is saved."""
        sets, asked, criteria = await self._asked(request)
        unit = await self._unit(request, actor, asked)
        trial = _trial(request.query_params, criteria)
        found: WhatIf | None = None
        try:
            card = await self._scorecards.card(asked.set_id, unit.code, asked.year)
            if trial.is_one and not trial.faults:
                found = await self._scorecards.what_if(
                    asked.set_id,
                    unit.code,
                    asked.year,
                    trial.thresholds,
                    minimum=trial.minimum,
                    needed=trial.needed,
                )
        except NotInForce:
            return await self._drawn("scorecard_none.html", actor, sets=sets, asked=asked, criteria=criteria)
        return await self._drawn(
            "scorecard_what_if.html",
            actor,
            sets=sets,
            asked=asked,
            criteria=criteria,
            unit=unit,
            terms=card.terms,
            found=found,
            tried=tried_by(criteria),
            trial=trial,
        )

    async def restated(self, request: Request, actor: Actor) -> Response:
        """Earlier wards read through one of today's. A reading, never a score."""
        sets, asked, criteria = await self._asked(request)
        unit = await self._unit(request, actor, asked)
        on = _day(request.query_params.get("on"))
        found: Restated | None = None
        names: dict[str, str] = {}
        if on is not None:
            names = {each.code: each.name for each in await self._scorecards.units(on.year)}
            with contextlib.suppress(
                KeyError, ValueError
            ):  # nothing went into it then, or nothing is on record
                found = await self._scorecards.restated(asked.set_id, unit.code, on)
        return await self._drawn(
            "scorecard_restated.html",
            actor,
            sets=sets,
            asked=asked,
            criteria=criteria,
            unit=unit,
            restated=found,
            names=names,
        )

    async def roadmap(self, request: Request, actor: Actor) -> Response:
        """What was promised by when, held against what is scored."""
        await self._of_the_province(actor)
        sets, asked, criteria = await self._asked(request)
        chosen = asked.set_id if criteria.pass_rule is not None else None
        held = await self._scorecards.roadmap(asked.year, chosen)
        judged_by = next(each for each in sets if each.id == held[0].set_id)
        roads = [
            (each.roadmap, [(step, _planned(each.roadmap, step)) for step in each.steps]) for each in held
        ]
        return await self._drawn(
            "scorecard_roadmap.html",
            actor,
            sets=sets,
            asked=asked,
            criteria=criteria,
            judged_by=judged_by,
            roads=roads,
        )

    async def baseline(self, request: Request, actor: Actor) -> Response:
        """Where the wards stood in 2023, before anything was scored."""
        await self._of_the_province(actor)
        sets, asked, criteria = await self._asked(request)
        then = baseline_2023()
        names = {unit.code: unit for unit in await self._scorecards.units(then.year)}
        groups = {each.id: each for each in next(each for each in sets if each.id == then.criteria).groups}
        return await self._drawn(
            "scorecard_baseline.html",
            actor,
            sets=sets,
            asked=asked,
            criteria=criteria,
            baseline=then,
            groups=groups,
            legend=scorecard_words("baseline", "legend"),
            names={code: names[code].name if code in names else code for code in then.wards},
        )

    async def report(self, request: Request, actor: Actor) -> Response:
        """The yearly report as a file: the same words as these pages, as they stand now."""
        await self._of_the_province(actor)
        _, asked, _ = await self._asked(request)
        wanted = request.path_params["format"]
        if self._report is None or wanted not in set(Format):
            raise HTTPException(404)
        try:
            report = await self._report(asked.set_id, asked.year)
        except NotInForce:
            raise HTTPException(404) from None
        format = Format(wanted)
        # Typesetting takes a second: residents do not wait for it.
        content = await asyncio.to_thread(document, report, format)
        headers = {"content-disposition": f'attachment; filename="{file_name(report, format)}"'}
        return Response(content, media_type=CONTENT_TYPES[format], headers=headers)

    # ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _asked(self, request: Request) -> tuple[tuple[CriteriaSet, ...], Asked, CriteriaSet]:
        """Raises HTTPException for an address that speaks of nothing there is."""
        sets = await self._scorecards.sets()
        params = request.query_params
        this_year = self._now().astimezone(LOCAL).year
        year = _whole(params.get("year"), OLDEST, NEWEST) or this_year
        in_force = [each for each in sets if each.is_valid_in(year)]
        wanted = params.get("set") or (in_force or sets)[0].id
        criteria = next((each for each in sets if each.id == wanted), None)
        if criteria is None:
            raise HTTPException(404)
        group = params.get("group") or None
        verdict = params.get("verdict") or None
        return (
            sets,
            Asked(
                wanted,
                year,
                _day(params.get("as_of")),
                group,
                Verdict(verdict) if verdict in set(Verdict) else None,
            ),
            criteria,
        )

    async def _unit(self, request: Request, actor: Actor, asked: Asked) -> Unit:
        """Raises NotAllowed for one out of reach before it says whether there is one."""
        code = request.path_params["unit"]
        if not await self._within(actor, Action.SCORECARD_READ, [code]):
            raise NotAllowed(Action.SCORECARD_READ)
        for unit in await self._scorecards.units(asked.year):
            if unit.code == code:
                return unit
        raise HTTPException(404)

    async def _of_the_province(self, actor: Actor) -> None:
        """These pages speak of all wards at once. Raises NotAllowed for whoever may not see them all."""
        codes = [unit.code for unit in await self._scorecards.units(self._now().astimezone(LOCAL).year)]
        if await self._within(actor, Action.SCORECARD_READ, codes) != set(codes):
            raise NotAllowed(Action.SCORECARD_READ)

    async def _drawn(self, template: str, actor: Actor, *, asked: Asked, **values: object) -> Response:
        now = self._now()
        today = now.astimezone(LOCAL).date()
        last_day = date(asked.year, *LAST_DAY)
        page = await asyncio.to_thread(
            self._pages.for_desk,
            template,
            actor,
            asked=asked,
            is_of_all=_sees_all(actor),
            years=await self._years(asked.year, today.year),
            today=today,
            last_day=last_day,
            days_left=(last_day - today).days,
            **values,
        )
        return HTMLResponse(page)

    async def _wordings(self) -> Mapping[tuple[str, str], str]:
        """Wave and question → its words; wave and nothing → its title."""
        found: dict[tuple[str, str], str] = {}
        for ward in await self._results() if self._results else ():
            slug = ward.wave.slug
            if (slug, "") not in found:
                found[slug, ""] = ward.wave.title
                found |= {(slug, table.name): in_vietnamese(table.label) for table in ward.questions}
        return found

    async def _years(self, *also: int) -> tuple[int, ...]:
        return tuple(sorted({*await self._scorecards.years(), *also}, reverse=True))


def _sees_all(actor: Actor) -> bool:
    """Whether there is something of a whole province for them: the way there is only shown then."""
    return may(actor.role, Action.SCORECARD_READ, Reach.BELOW)


def in_vietnamese(words: Mapping[str, str]) -> str:
    return words.get("vi") or next(iter(words.values()), "")


def _counts(tallies: Iterable[Any]) -> Mapping[str, int]:
    found = list(tallies)
    return {
        Verdict.MET: sum(each.met for each in found),
        Verdict.NOT_MET: sum(each.failed for each in found),
        Verdict.TOO_FEW: sum(each.too_few for each in found),
        Verdict.NO_BASIS: sum(each.no_basis for each in found),
    }


@dataclass(frozen=True, slots=True)
class Planned:
    """One target as a bar: what is wanted and what there is, in per cent of all units; None where that cannot be drawn."""

    wanted: float | None
    wanted_to: float | None
    met: float | None


def _planned(roadmap: Roadmap, step: Step) -> Planned:
    target = step.target
    wanted = target.at_least
    if target.units is not None and target.of:
        wanted = Fraction(target.units, target.of)
    # Two of six beside five of eleven would be a division that nobody decided on.
    is_comparable = step.of and step.state is not State.OTHER_DENOMINATOR
    met = Fraction(step.met, step.of) if is_comparable else None
    return Planned(_percent(wanted), _percent(target.up_to), _percent(met))


def _percent(share: Fraction | None) -> float | None:
    return None if share is None else round(float(share) * 100, 2)


def _trial(params: QueryParams, criteria: CriteriaSet) -> Trial:
    thresholds: dict[str, Fraction] = {}
    faults: dict[str, str] = {}
    given = {key: text.strip()[:20] for key, text in params.items()}
    for criterion in tried_by(criteria):
        field = THRESHOLD + criterion.id
        text = given.get(field, "")
        if not text:
            continue
        number = _number(text)
        if number is None or number < 0:
            faults[field] = "try.not_a_number"
        elif criterion.measure is Measure.SHARE and number > 100:
            faults[field] = "try.over_all"
        else:
            thresholds[criterion.id] = number / 100 if criterion.measure is Measure.SHARE else number
    most = len(criteria.criteria)
    wholes: dict[str, int | None] = {}
    for field, largest in (("minimum", LARGEST_MINIMUM), ("needed", most)):
        text = given.get(field, "")
        wholes[field] = _whole(text, 1, largest)
        if text and wholes[field] is None:
            faults[field] = "try.not_whole"
    needed = wholes["needed"] if criteria.pass_rule is not None else None
    return Trial(thresholds, wholes["minimum"], needed, faults, given)


def _number(text: str) -> Fraction | None:
    """As it is written here or abroad: 92,5 · 92.5 · 92,5 %."""
    plain = text.replace("\N{NO-BREAK SPACE}", "").replace("%", "").replace(" ", "").replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return None
    return Fraction(number) if number.is_finite() and abs(number) < 10**9 else None


def _whole(text: str | None, least: int, most: int) -> int | None:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 9:
        return None
    return int(text) if least <= int(text) <= most else None


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if OLDEST <= found.year < NEWEST else None
