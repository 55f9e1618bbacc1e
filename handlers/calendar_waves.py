"""The days of a wave's life as a calendar shows them: of one there is, from where it stands; of one that a schedule will open, from the
day it is due. It takes no step."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from handlers.published import id_of
from handlers.wave_days import CLOSING, OPENING, RELEASE
from storage import rows
from storage.transaction import Tx
from surveys.calendar import Happening, Kind, Standing, day_of, last_day
from surveys.delivery import next_awake
from surveys.schedules import Event, Known
from surveys.schedules.opening import closes_at, filled
from surveys.waves import GRACE, LAST_ONES, Audience, State

__all__ = ["WaveDays", "ahead_of", "days_of", "expected_days"]

PATIENCE = timedelta(minutes=10)
"""A step that is due is taken within a minute; later than this, something holds it up."""
HELD_UP = "Đã đến giờ mà chưa làm được: người vận hành cần xem."
LATER = (Kind.SEAL, Kind.DESTROY_KEY, Kind.RELEASE)
A_DAY = timedelta(days=1)
EVENTS = {Kind.OPEN: OPENING, Kind.CLOSE: CLOSING, Kind.RELEASE: RELEASE}


@dataclass(frozen=True, slots=True)
class WaveDays:
    """A wave there is."""

    title: str
    units: tuple[str, ...]
    happenings: tuple[Happening, ...]


async def days_of(tx: Tx, now: datetime) -> dict[str, WaveDays]:
    """Of every wave, by its name."""
    units: dict[int, list[str]] = {}
    for each in await tx.wave_units.all():
        units.setdefault(each.wave_id, []).append(each.unit)
    seals = await tx.wave_seals.all()
    found = {}
    for wave in await tx.waves.all():
        id = id_of(wave)
        kept = await tx.wave_seals.key_kept_until(id) if wave.state == State.SEALED else None
        own = tuple(units.get(id, ()))
        steps = tuple(_steps(wave, own, seals.get(id), kept, now))
        found[wave.slug] = WaveDays(wave.title, own, steps)
    return found


def _steps(
    wave: rows.Wave,
    units: tuple[str, ...],
    seal: rows.WaveSeal | None,
    kept_until: datetime | None,
    now: datetime,
) -> Iterator[Happening]:
    def step(kind: Kind, planned: datetime, done: datetime | None) -> Happening:
        return Happening(
            kind,
            done or planned,
            wave.title,
            units,
            *_standing(planned, done, now),
            of=f"wave:{wave.slug}",
            wave=wave.slug,
            asks=wave.form_id,
        )

    opened = wave.opens_at if wave.state != State.DRAFT and wave.opens_at <= now else None
    opening = step(Kind.OPEN, wave.opens_at, opened)
    yield replace(opening, audience=Audience(wave.audience), until=wave.closes_at)
    yield step(Kind.CLOSE, wave.closes_at, wave.closed_at)
    sealing = wave.sealed_at or wave.closes_at + GRACE + LAST_ONES
    yield step(Kind.SEAL, sealing, wave.sealed_at)
    destroying = kept_until or sealing
    yield step(Kind.DESTROY_KEY, destroying, wave.key_destroyed_at)
    release = seal.release_due if seal is not None else None
    yield step(Kind.RELEASE, max(destroying, release or sealing), wave.released_at)


def _standing(planned: datetime, done: datetime | None, now: datetime) -> tuple[Standing, str]:
    if done is not None:
        return Standing.DONE, ""
    if now < planned:
        return Standing.AHEAD, ""
    return (Standing.WAITS, HELD_UP) if now - planned > PATIENCE else (Standing.UNDER_WAY, "")


# ── Before there is one ──────────────────────────────────────────────────────────────────────────────────────────


def ahead_of(own: Happening, wanted: Mapping[str, Any]) -> tuple[Happening, ...]:
    """A schedule's moment with all that follows from it. Of what cannot be read there is the moment alone: it will be skipped, and say
    why."""
    if own.kind in (Kind.PUSH, Kind.REMIND, Kind.RESULTS):
        return (replace(own, wave=own.wave or _name(wanted.get("wave"), own.at)),)
    if own.kind is not Kind.OPEN:
        return (own,)
    try:
        slug, title = (filled(wanted[name], own.at) for name in ("slug", "title"))
        ends_at, audience = closes_at(wanted, own.at), Audience(wanted["audience"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return (own,)
    asks = str(wanted.get("form", ""))
    opening = replace(own, title=title, wave=slug, audience=audience, until=ends_at, asks=asks)
    return opening, *_pushed(opening, wanted), *_ended(opening, ends_at)


def expected_days(happenings: Iterable[Happening]) -> Known:
    """The days of waves, of which some are not there yet and none is released: what follows one can be told beforehand."""
    days = {}
    for each in happenings:
        if each.wave and each.kind in EVENTS:
            day = last_day(each.at) if each.kind is Kind.CLOSE else day_of(each.at)
            days[Event(EVENTS[each.kind], each.wave, each.asks)] = day
    return days


def _pushed(opening: Happening, wanted: Mapping[str, Any]) -> Iterator[Happening]:
    if not wanted.get("invite"):
        return
    # What opens at midnight is taken to people in the morning.
    push = replace(
        opening, kind=Kind.PUSH, at=next_awake(opening.at), audience=None, until=None, is_reckoned=True
    )
    yield push
    for days in wanted.get("remind_after_days") or ():
        yield replace(push, kind=Kind.REMIND, at=push.at + days * A_DAY)


def _ended(opening: Happening, ends_at: datetime) -> Iterator[Happening]:
    end = replace(opening, kind=Kind.CLOSE, at=ends_at, audience=None, until=None, is_reckoned=True)
    yield end
    for kind in LATER:
        yield replace(end, kind=kind, at=ends_at + GRACE + LAST_ONES)


def _name(pattern: Any, due: datetime) -> str:
    if not isinstance(pattern, str):
        return ""
    try:
        return filled(pattern, due)
    except (KeyError, ValueError, IndexError):
        return pattern
