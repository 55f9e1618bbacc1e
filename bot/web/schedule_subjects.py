"""The part of a schedule's form that says what happens: of a wave its form and its people, of an invitation the wave and whom, of a notice
its template and what goes into the gaps, of a reminder its words. It knows no request, no page, and nothing of when."""

from abc import ABC
from collections.abc import Mapping
from datetime import date
from typing import Any

from surveys.reminding import MOST
from surveys.schedules import EVENTS, Event, Once, Relative, Rule
from surveys.schedules.purposes import Purpose
from surveys.schedules.subjects import ALL, EVENTS_OF, MOST_SAMPLE, REMINDERS, WaveWanted, wave_audience
from surveys.waves import Audience

__all__ = ["AT", "GAP", "MOST_DAYS", "SEVERAL", "Values", "read_subject", "subject_values"]

SEVERAL = frozenset({"remind_after"})
MOST_DAYS = 366
LONGEST_ABOUT = 300
AT = "@"
"""Between a form's id and the version that was published here."""
GAP = "gap."
"""Before the name of a gap, in the name of its field."""
NOBODY, EVERYBODY, SOME = "nobody", "everybody", "some"
Faults = dict[str, tuple[str, ...]]


class Values(ABC):
    """What stands in fields."""

    __slots__ = ()
    values: Mapping[str, str]
    several: Mapping[str, tuple[str, ...]]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def many(self, name: str) -> tuple[str, ...]:
        return self.several.get(name, ())


def read_subject(filled: Values, rule: Rule | None, ward: str | None) -> tuple[dict[str, Any], Faults]:
    """What it is about, as its purpose reads it; and what cannot be read, by field."""
    match filled["purpose"]:
        case Purpose.OPEN_WAVE:
            return _wave(filled, rule, ward)
        case Purpose.REMIND_OFFICERS:
            about = " ".join(filled["about"].split()) or filled["title"].strip()
            if len(about) > LONGEST_ABOUT:
                return {}, {"about": ("schedules.about_too_long",)}
            return {"about": about}, {}
        case Purpose.DRAFT_NOTICE:
            gaps = {name: value for name, value in filled.values.items() if name.startswith(GAP)}
            values = {name.removeprefix(GAP): value.strip() for name, value in gaps.items()}
            return {"template": filled["template"], "values": values}, {}
        case purpose if purpose in EVENTS_OF:
            return _following(filled, rule)
    return {}, {}


def subject_values(
    purpose: str, about: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """The same, back into fields."""
    if purpose == Purpose.REMIND_OFFICERS:
        return {"about": str(about.get("about", ""))}, {}
    if purpose == Purpose.DRAFT_NOTICE:
        gaps = {f"{GAP}{name}": str(value) for name, value in dict(about.get("values") or {}).items()}
        return {"template": str(about.get("template", "")), **gaps}, {}
    if purpose in EVENTS_OF:
        return _following_values(about), {}
    if purpose != Purpose.OPEN_WAVE or not about:
        return {}, {}
    try:
        wave = WaveWanted.of(about)
    except (KeyError, ValueError, TypeError):
        return {}, {}  # written at the machine, and none: it is written anew
    invite = (SOME if wave.sample else EVERYBODY) if wave.is_taken_to_people else NOBODY
    values = {
        "form": f"{wave.form}{AT}{wave.version}" if wave.version else wave.form,
        "wave_title": wave.title,
        "audience": wave.audience.value,
        "until": "month_end" if wave.days is None else "days",
        "days": "" if wave.days is None else str(wave.days),
        "invite": invite,
        "sample": str(wave.sample or ""),
        "slug": wave.slug,
    }
    return values, {"remind_after": tuple(map(str, wave.remind_after))}


def _wave(filled: Values, rule: Rule | None, ward: str | None) -> tuple[dict[str, Any], Faults]:
    faults: Faults = {}
    form, _, version = filled["form"].strip().partition(AT)
    if not form:
        faults["form"] = ("schedules.no_form",)
    days = None if filled["until"] == "month_end" else _number(filled["days"], MOST_DAYS)
    if days == 0:
        faults["days"] = ("schedules.no_days",)
    sample = _number(filled["sample"], MOST_SAMPLE) if filled["invite"] == SOME else None
    if sample == 0:
        faults["sample"] = ("schedules.no_sample",)
    if faults:
        return {}, faults
    wanted = WaveWanted(
        form=form,
        title=filled["wave_title"].strip() or filled["title"].strip(),
        audience=_audience(filled["audience"], form),
        days=days,
        sample=sample,
        is_taken_to_people=filled["invite"] in (EVERYBODY, SOME),
        remind_after=tuple(each for each in REMINDERS if str(each) in filled.many("remind_after")),
        version=version or None,
        slug=filled["slug"].strip(),
    )
    # Of a rule that cannot be read the name is not known yet; nothing is kept then.
    return wanted.subject(rule or Once(date.min), ward), {}


def _following(filled: Values, rule: Rule | None) -> tuple[dict[str, Any], Faults]:
    """What is done about a wave: the one that is named, else those by whose day it is due."""
    about: dict[str, Any] = {}
    faults: Faults = {}
    to = rule.to if isinstance(rule, Relative) else None
    if isinstance(to, Event):
        about |= {"wave": to.of} if to.is_one else {}
    elif _is_one(filled["wave"].strip()):
        about["wave"] = filled["wave"].strip()
    elif rule is not None:
        faults["wave"] = ("schedules.no_one_wave",)
    if filled["purpose"] == Purpose.REMIND:
        number = _number(filled["number"], MOST)
        about["number"] = number or 1
        if number == 0:
            faults["number"] = ("schedules.no_reminder",)
    if filled["purpose"] == Purpose.INVITE:
        sample = _number(filled["sample"], MOST_SAMPLE)
        about["invite"] = {"sample": sample} if filled["invite"] == SOME and sample else ALL
        if filled["invite"] == SOME and sample == 0:
            faults["sample"] = ("schedules.no_sample",)
    return about, faults


def _is_one(wave: str) -> bool:
    try:
        return bool(wave) and Event(EVENTS[0], wave).is_one
    except ValueError:
        return False  # no name of any wave


def _following_values(about: Mapping[str, Any]) -> dict[str, str]:
    invite = about.get("invite")
    sample = invite.get("sample") if isinstance(invite, Mapping) else None
    named = {"wave": str(about["wave"])} if about.get("wave") else {}
    number = str(about.get("number", 1))
    return named | {"invite": SOME if sample else EVERYBODY, "sample": str(sample or ""), "number": number}


def _number(text: str, most: int) -> int:
    """Nought for what is no such number."""
    text = text.strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    return number if number <= most else 0


def _audience(value: str, form: str) -> Audience:
    try:
        return Audience(value)
    except ValueError:
        return wave_audience(form)
