"""The operator's commands that do one thing and end. English, one sentence of trouble at the most, never a traceback."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import InvalidSettings, Settings, example, load

if TYPE_CHECKING:
    from bot.app import House
    from storage.rows import Wave
    from surveys.forms.form import Form
    from surveys.releases import Line, ReleasedWard

__all__ = [
    "links",
    "migrate",
    "settings",
    "units_find",
    "units_import",
    "waves_confirm",
    "waves_keep_key",
    "waves_list",
    "waves_open",
    "waves_show",
    "waves_step",
]

MOST_DISAGREEMENTS = 200  # lines; more would scroll away what matters


class Refused(Exception):
    """What was asked cannot be done; the message says why and what to do instead."""


# ── Settings and schema ──────────────────────────────────────────────────────────────────────────────────────────


def settings(check: Path | None) -> int:
    if check is not None:
        return _compared(check)
    try:
        in_force = load()
    except InvalidSettings as trouble:
        return _fail(str(trouble))
    for name, value in in_force:
        _print(f"{name.upper()}={'' if value is None else value}")
    return 0


def _compared(path: Path) -> int:
    try:
        written = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        return _fail(f"{path} cannot be read: {trouble}")
    if written == example():
        _print(f"{path} names every setting.")
        return 0
    have, want = set(written.splitlines()), set(example().splitlines())
    differences = [f"  missing: {line}" for line in sorted(want - have)] + [
        f"  stale:   {line}" for line in sorted(have - want)
    ]
    return _fail("\n".join([f"{path} does not fit bot/settings.py:", *differences, "Mend one of the two."]))


def migrate() -> int:
    async def work(settings: Settings) -> None:
        from storage import migrate as schema

        await schema.up(settings.database_url)
        _print(f"The database is at revision {await schema.at(settings.database_url)}.")

    return _run(work)


# ── Units ────────────────────────────────────────────────────────────────────────────────────────────────────────


def units_import(seed_only: bool) -> int:
    async def work(house: "House") -> None:
        from handlers.units import import_country, load_seed

        if seed_only:
            data = await load_seed(house.db)
            _print(f"{len(data.units)} units of Trà Vinh, from 2023 to today.")
            return
        try:
            report = await import_country(house.db)
        except ModuleNotFoundError as missing:
            raise Refused(
                f"The package {missing.name} carries the country's units and is not installed. "
                "Install the `units` extra, or load the six wards with --seed-only."
            ) from None
        _print(f"{report.provinces} provinces, {report.units} communes, wards and special zones of today.")
        _print(f"{report.past} units of before 1/7/2025, {report.successions} lines to what became of them.")
        _print(f"{len(report.divided)} past units were divided among several: for these a person is asked.")
        _print(f"The two sources disagree {len(report.disagreements)} times; what was imported comes first:")
        for each in report.disagreements[:MOST_DISAGREEMENTS]:
            _print(f"  {each.kind:9} {each.of}: {each.ours}  ≠  {each.theirs or '(not there)'}")
        if len(report.disagreements) > MOST_DISAGREEMENTS:
            _print(f"  … and {len(report.disagreements) - MOST_DISAGREEMENTS} more")

    return _in_house(work)


def units_find(words: str) -> int:
    async def work(house: "House") -> None:
        from handlers.units import gazetteer

        async with house.db.reading() as tx:
            known = await gazetteer(tx)
            is_empty = not await tx.units.all()
        if is_empty:
            raise Refused("There are no units yet. Load them: langnghe units import (or --seed-only).")
        found = known.find(words)
        _print(f"{found.kind.value}")
        if found.old is not None:
            _print(f"  it was   {found.old.code}  {found.old.name}, until {found.since}")
        if found.unit is not None:
            _print(f"  is       {found.unit.code}  {found.unit.name}")
        for unit in found.suggestions:
            _print(f"  perhaps  {unit.code}  {unit.name}")

    return _in_house(work)


# ── Waves ────────────────────────────────────────────────────────────────────────────────────────────────────────


def waves_list() -> int:
    async def work(house: "House") -> None:
        from surveys.waves import LOCAL

        async with house.db.reading() as tx:
            waves = await tx.waves.all()
        held_up = {wave.slug: await _held_up(house, wave) for wave in waves}
        if not waves:
            _print("No wave yet. Open one: langnghe waves open --help")
        for wave in waves:
            opens, closes = (moment.astimezone(LOCAL) for moment in (wave.opens_at, wave.closes_at))
            _print(
                f"{wave.slug:24} {wave.state:9} {opens:%d/%m/%Y} – {closes:%d/%m/%Y %H:%M}  {wave.form_id} {wave.form_version}"
            )
            for line in held_up[wave.slug]:
                _print(f"{'':24} {line}")

    return _in_house(work)


async def _held_up(house: "House", wave: "Wave") -> list[str]:
    """What keeps a wave from its next step, beside the calendar."""
    from surveys.stuffing import Watched
    from surveys.waves import LOCAL, State

    assert wave.id is not None
    lines = []
    if wave.key_destroyed_at is None:
        for each in await house.waves.postponements():
            if each.wave == wave.slug:
                who = " and ".join(each.persons)
                lines.append(
                    f"its key is kept through {each.until:%d/%m/%Y}, decided by {who}: {each.reason}"
                )
                break
    if wave.state == State.SEALED:
        async with house.db.reading() as tx:
            seal = await tx.wave_seals.of(wave.id)
            strata = await tx.strata.of_wave(wave.id)
        flagged = [each for each in strata if Watched.from_json(each.body).flags]
        if seal is not None and flagged:
            due = seal.release_due.astimezone(LOCAL)
            lines.append(
                f"not released before {due:%d/%m/%Y %H:%M}: {len(flagged)} flagged strata wait for a decision"
            )
    return lines


def waves_open(slug: str, form: str, units: str, closes: str, title: str, audience: str) -> int:
    async def work(house: "House") -> None:
        from handlers.waves import Plan
        from surveys.waves import LOCAL, Audience

        if audience not in list(Audience):
            raise Refused(f"--audience is one of {', '.join(Audience)}, not {audience}.")
        last_day = _day(closes)
        opens_at = house.now()
        # A wave takes answers until the end of its last day.
        closes_at = datetime.combine(last_day + timedelta(days=1), time(), LOCAL)
        if closes_at <= opens_at:
            raise Refused(f"--closes {closes} is over already.")
        asked = _form(form)
        invited = _invited(units)
        async with house.db.reading() as tx:
            unknown = [code for code in invited if await tx.units.get(code) is None]
        if unknown:
            raise Refused(f"No unit has the code {', '.join(unknown)}. Look one up: langnghe units find NAME")
        plan = Plan(
            slug=slug,
            form=asked,
            title=title or asked.title.get("vi") or slug,
            audience=Audience(audience),
            opens_at=opens_at,
            closes_at=closes_at,
            units=invited,
            k=house.settings.privacy_k,
            threshold=house.threshold,
        )
        await house.waves.open(plan)
        how = f"tokens issue {slug}" if audience == Audience.VISITS else f"links {slug} --stream invited"
        _print(f"{slug} is open until the end of {last_day:%d/%m/%Y}. Hand it out: langnghe {how}")

    return _in_house(work)


def waves_step(step: str, slug: str) -> int:
    async def work(house: "House") -> None:
        from handlers.waves import NoSuchWave, Superseded, Unreadable
        from surveys.waves import TooEarly

        try:
            match step:
                case "close":
                    done = "closed" if await house.waves.close(slug) else "closed already"
                case "seal":
                    sealed = await house.waves.seal(slug)
                    done = (
                        "sealed already"
                        if sealed is None
                        else f"sealed: {sealed.ballots} ballots, {sealed.withdrawn} withdrawn, {sealed.comments} comments"
                    )
                    try:
                        await house.waves.destroy_key(slug)
                        done += "; its key is destroyed"
                    except TooEarly as kept:
                        done += f"; its key is kept ({kept})"
                case _:
                    done = "released" if await house.waves.release(slug) else "released already"
        except NoSuchWave:
            raise Refused(f"There is no wave {slug}. See: langnghe waves list") from None
        except (TooEarly, Unreadable, Superseded) as trouble:
            raise Refused(str(trouble)) from None
        _print(f"{slug} is {done}.")

    return _in_house(work)


def waves_keep_key(slug: str, until: str, reason: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.waves import NoSuchWave

        try:
            last = date.fromisoformat(until)
        except ValueError:
            raise Refused(f"--until is a day such as 2026-12-24, not {until}.") from None
        try:
            id = await house.waves.propose_keeping_key(slug, last, reason, by=by)
        except NoSuchWave:
            raise Refused(f"There is no wave {slug}. See: langnghe waves list") from None
        _print(f"Another person confirms it: langnghe waves confirm {id} --by NAME")

    return _in_house(work)


def waves_confirm(id: str, by: str) -> int:
    async def work(house: "House") -> None:
        from handlers.exclusions import EXCLUDE, LET_STAND
        from handlers.proposals import NoSuchProposal, SamePerson

        try:
            async with house.db.reading() as tx:
                proposal = await tx.proposals.get(id)
            if proposal is not None and proposal.kind == EXCLUDE:
                from bot.cli.exclusions import confirm as confirm_exclusion

                _print(await confirm_exclusion(house, id, by))
                return
            if proposal is not None and proposal.kind == LET_STAND:
                from bot.cli.exclusions import confirm_letting_stand

                _print(await confirm_letting_stand(house, id, by))
                return
            kept = await house.waves.confirm_keeping_key(id, by=by)
        except NoSuchProposal:
            raise Refused(
                f"Nothing waits to be confirmed as {id}: it never was, or it was confirmed."
            ) from None
        except SamePerson:
            raise Refused(f"{by} asked for it; another person has to confirm it.") from None
        _print(f"The key of {kept.wave} is kept through {kept.until:%d/%m/%Y}. The ledger says so, and why.")

    return _in_house(work)


def waves_show(slug: str) -> int:
    async def work(house: "House") -> None:
        wards = await house.waves.results(wave=slug)
        async with house.db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
        for line in await _held_up(house, wave) if wave is not None else ():
            _print(f"{slug}: {line}")
        if not wards:
            raise Refused(f"Nothing is released of {slug}. See: langnghe waves list")
        _print(f"{wards[0].wave.title}   (k = {wards[0].wave.k})")
        for ward in wards:
            _show(ward)

    return _in_house(work)


def _show(ward: "ReleasedWard") -> None:
    from surveys.assessment import THRESHOLD, words_of
    from surveys.figures import NOTHING, percent, whole
    from surveys.releases import spoken_for

    _print(f"\n{ward.unit}  {ward.unit_name}")
    _print(f"  Hài lòng chung   {_line(ward.index)}")
    _print(f"  Rất hài lòng     {_line(ward.top)}   hai mức thấp  {_line(ward.lowest_two)}")
    rate = ward.response_rate
    counted = [NOTHING if number is None else whole(number) for number in (ward.invited, ward.answered)]
    _print(
        f"  mời {counted[0]}, n = {counted[1]}" + (f", trả lời {percent(rate)}" if rate is not None else "")
    )
    if (rated := spoken_for(ward.ratings or ())) is not None and rated.index is not None:
        _print(f"  qua mẫu tin Zalo, không ẩn danh, không tính vào điểm: {_line(rated.index)}")
    for conclusion in ward.conclusions:
        name = conclusion.source or ("ngưỡng" if conclusion.criterion == THRESHOLD else conclusion.criterion)
        _print(f"  {name}: {words_of('verdict')[conclusion.verdict]['vi']} – {conclusion.reason['vi']}")


def _line(line: "Line") -> str:
    from surveys.figures import NOTHING, percent, span, whole

    if line.figure is None:
        return str(line.bound) if line.bound is not None else NOTHING
    figure = line.figure
    counted = f"{whole(figure.numerator)}/{whole(figure.denominator)}"
    return f"{percent(figure.share)} ({counted}; 95 %: {span(figure.interval)} %)"


def links(slug: str, stream: str) -> int:
    async def work(house: "House") -> None:
        from surveys import entry
        from surveys.entry import Entry, Stream

        if stream not in list(Stream):
            raise Refused(f"--stream is one of {', '.join(Stream)}, not {stream}.")
        if stream == Stream.VISIT:
            raise Refused(
                "No link of visits stays: anybody could send it on. See: langnghe tokens issue, langnghe tokens counter"
            )
        async with house.db.reading() as tx:
            wave = await tx.waves.by_slug(slug)
            if wave is None:
                raise Refused(f"There is no wave {slug}. See: langnghe waves list")
            assert wave.id is not None
            taking_part = await tx.wave_units.of_wave(wave.id)
            names = {unit.code: unit.name for unit in await tx.units.all()}
        base = house.settings.public_url.rstrip("/") or f"http://{house.settings.host}:{house.settings.port}"
        for each in taking_part:
            try:
                payload = entry.mint(Entry(each.unit, Stream(stream), slug), house.vault.entry_key)
            except ValueError as trouble:
                raise Refused(f"{trouble}. Choose a shorter slug for the next wave.") from None
            _print(f"{each.unit}  {names[each.unit]:24} {base}/?start={payload}")

    return _in_house(work)


# ── What people type ─────────────────────────────────────────────────────────────────────────────────────────────


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"--closes is a day such as 2026-12-10, not {text}.") from None


def _invited(text: str) -> dict[str, int | None]:
    """`29242=400,29263` → how many were invited where; None where nobody counted."""
    invited: dict[str, int | None] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, number = part.partition("=")
        if number and not number.isdecimal():
            raise Refused(f"--units wants CODE=NUMBER, not {part}.")
        invited[code] = int(number) if number else None
    if not invited:
        raise Refused("--units names no unit; it wants CODE=NUMBER, comma between them.")
    return invited


def _form(name: str) -> "Form":
    from surveys.forms import library

    if name in library.IDS:
        return library.load(name)
    path = Path(name)
    if not path.exists():
        raise Refused(f"{name} is neither a file nor a form that ships ({', '.join(library.IDS)}).")
    from surveys.forms.faults import FormFaults
    from surveys.forms.xlsform import read

    try:
        return read(path.name, path.read_bytes())
    except FormFaults as faults:
        raise Refused(f"{faults}\nSee: langnghe forms check {name}") from None


# ── Running ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _in_house(work: Callable[["House"], Coroutine[Any, Any, None]]) -> int:
    async def inside(settings: Settings) -> None:
        from bot.app import opened
        from bot.logs import configure

        configure("error", settings.log_format)
        async with opened(settings) as house:
            await work(house)

    return _run(inside)


def _run(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    from storage.database import Unavailable

    try:
        asyncio.run(work(load()))
    except (InvalidSettings, Unavailable, Refused, ValueError) as trouble:
        return _fail(str(trouble))
    return 0


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _fail(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1
