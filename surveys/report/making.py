"""A report from its sources: the frame, the deadline, the parts in their order, and the digest over all of it."""

from dataclasses import replace
from datetime import date, datetime

from surveys.canonical import digest
from surveys.figures import day
from surveys.report.method import method
from surveys.report.province import matrix, results, roadmap, waves
from surveys.report.texts import cleaned, plain
from surveys.report.values import Deadline, Head, Letterhead, Report, Sources
from surveys.report.ward import ward
from surveys.report.words import say
from surveys.waves import LOCAL

LAST_DAY = (11, 14)  # “trước ngày 15/11”, S1:L171


def report(sources: Sources, letterhead: Letterhead, now: datetime) -> Report:
    """The same sources, letterhead and moment are the same report. Raises ValueError for a card of another set or year."""
    units = sorted(sources.cards)
    criteria_digest = sources.criteria.digest
    for card in sources.cards.values():
        if (card.criteria_digest, card.year) != (criteria_digest, sources.year):
            raise ValueError(
                f"The card of {card.unit} was not judged by {sources.criteria.id} for {sources.year}."
            )
    made = cleaned(
        Report(
            year=sources.year,
            criteria=sources.criteria.id,
            written_at=now,
            head=head(letterhead, sources.year, now.astimezone(LOCAL).date()),
            deadline=deadline(sources.year, now),
            results=results(sources, units),
            roadmap=roadmap(sources),
            waves=waves(sources),
            method=method(sources),
            matrix=matrix(sources, units),
            wards_title=say("part", "wards"),
            wards=tuple(ward(sources, unit) for unit in units),
        )
    )
    told = digest("report", plain(made))
    lines = (*made.method.lines, say("method", "report_digest", digest=told))
    return replace(made, digest=told, method=replace(made.method, lines=lines))


def deadline(year: int, now: datetime) -> Deadline:
    """How the moment of writing stands to “trước ngày 15/11”."""
    last, today = date(year, *LAST_DAY), now.astimezone(LOCAL).date()
    days = (last - today).days
    state = "late" if days < 0 else "left" if days else "last_day"
    lines = (
        say("deadline", "due", year=year),
        say("deadline", state, today=day(today), days=abs(days)),
        say("deadline", "source"),
    )
    return Deadline(last, days, lines)


# ── The frame ────────────────────────────────────────────────────────────────────────────────────────────────────


def head(letterhead: Letterhead, year: int, today: date) -> Head:
    blank, long_blank = say("head", "blank"), say("head", "long_blank")
    letterhead = cleaned(letterhead)
    signed = letterhead.signed_on
    return Head(
        superior=letterhead.superior or long_blank,
        office=letterhead.office or long_blank,
        number=say("head", "number", number=letterhead.number or blank, symbol=letterhead.symbol or blank),
        country=say("head", "country"),
        motto=say("head", "motto"),
        place_and_day=say(
            "head",
            "place_and_day",
            place=letterhead.place or blank,
            day=f"{signed.day:02}" if signed else blank,
            # As it is done in official papers: a nought where another figure could be written in front.
            month=(f"{signed.month:02}" if signed.month < 3 else signed.month) if signed else blank,
            # A report on last year is signed this year.
            year=(signed or today).year,
        ),
        title=say("head", "title"),
        subject=say("head", "subject", year=year),
        recipients_title=say("head", "recipients"),
        recipients=(*(letterhead.recipients or (blank,)), say("head", "filed", blank=blank)),
        signer_title=letterhead.signer_title or say("head", "signer_title"),
        signer=letterhead.signer or say("head", "signer"),
    )
