"""The operator's commands around visits and streams: tokens, issuers, counters, clerks, and officers' own accounts."""

import csv
import io
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.desk import Refused, _in_house, _print

if TYPE_CHECKING:
    from bot.app import House
    from storage.transaction import Tx

__all__ = [
    "clerk",
    "counter",
    "issue",
    "issuer_add",
    "issuer_list",
    "issuer_revoke",
    "officers_add",
    "officers_import",
    "officers_remove",
]

LINK_BYTES = 9
LONGEST_CLERK_DAYS = 31
MOST_FAULTS = 20  # lines of a file that are named at once
ACCOUNTS = ("telegram", "zalo", "web")


def issue(slug: str, unit: str, count: int, pdf: Path | None, table: Path | None, address: str) -> int:
    async def work(house: "House") -> None:
        from handlers.tokens import CannotIssue, Issuing
        from surveys.waves import LOCAL

        for path in filter(None, (pdf, table)):
            if path.exists():
                raise Refused(f"{path} is there already. Tokens are printed once: name a new file.")
        before = address or _address(house)
        issuing = Issuing(house.db, house.vault, house.ledger, house.now)
        try:
            batch = await issuing.issue(unit, count, slug=slug)
        except CannotIssue as trouble:
            raise Refused(str(trouble)) from None
        if pdf is not None:
            from bot.documents import sheets

            _write(pdf, sheets.write(batch, before, house.settings.privacy_k))
        if table is not None:
            _write(table, _table(batch.payloads, before, unit, batch.expires_at.isoformat()).encode())
        until = batch.expires_at.astimezone(LOCAL)
        _print(f"{count} tokens for {unit} {batch.unit_name} in {batch.wave}, until {until:%d/%m/%Y %H:%M}.")
        if pdf is None and table is None:
            for payload in batch.payloads:
                _print(before + payload)

    return _in_house(work)


def _write(path: Path, content: bytes) -> None:
    """Readable by its owner only: whoever has a token has a voice."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)


def _table(payloads: tuple[str, ...], before: str, unit: str, expires_at: str) -> str:
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["link", "unit", "expires_at"])
    rows.writerows([before + payload, unit, expires_at] for payload in payloads)
    return written.getvalue()


def counter(unit: str, number: int, hours_a_week: int) -> int:
    async def work(house: "House") -> None:
        from handlers.tokens import CannotIssue, Issuing

        issuing = Issuing(house.db, house.vault, house.ledger, house.now)
        try:
            door = await issuing.counter_door(unit, number, hours_a_week)
        except CannotIssue as trouble:
            raise Refused(str(trouble)) from None
        _print(
            "Open this on the counter's tablet and on nothing else; whoever has it has the counter's code:"
        )
        _print(f"{_base(house)}/counter/{unit}/{number}/{door}")

    return _in_house(work)


# ── Issuers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def issuer_add(name: str, units: str) -> int:
    async def work(house: "House") -> None:
        from handlers.tokens import CannotIssue, Issuing

        codes = [code.strip() for code in units.split(",") if code.strip()]
        try:
            key = await Issuing(house.db, house.vault, house.ledger, house.now).add_issuer(name, codes)
        except CannotIssue as trouble:
            raise Refused(str(trouble)) from None
        _print(
            f"The key of {name}, for {', '.join(codes)}. It is shown this once; hand it over by a safe way:"
        )
        _print(key)

    return _in_house(work)


def issuer_list() -> int:
    async def work(house: "House") -> None:
        import json

        from handlers.tokens import Issuing

        found = await Issuing(house.db, house.vault, house.ledger, house.now).issuers()
        if not found:
            _print(
                'Nobody issues tokens over the API. Add one: langnghe tokens issuer add "NAME" --units 29263'
            )
        for each in found:
            state = f"revoked {each.revoked_at:%d/%m/%Y}" if each.revoked_at else "active"
            _print(f"{each.name:30} {state:20} {', '.join(json.loads(each.units))}")

    return _in_house(work)


def issuer_revoke(name: str) -> int:
    async def work(house: "House") -> None:
        from handlers.tokens import Issuing

        if not await Issuing(house.db, house.vault, house.ledger, house.now).revoke(name):
            raise Refused(f"No active issuer is called “{name}”. See: langnghe tokens issuer list")
        _print(
            f"{name} can issue nothing any more. What it issued stays good: people have it in their hands."
        )

    return _in_house(work)


# ── Clerks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def clerk(slug: str, unit: str, by: str, mode: str, days: int) -> int:
    async def work(house: "House") -> None:
        from handlers.units import gazetteer
        from surveys import clerks
        from surveys.clerks import ClerkLink, Partial
        from surveys.forms.session import Mode
        from surveys.waves import LOCAL

        if mode not in (Mode.PAPER, Mode.ASSISTED):
            raise Refused(f"--mode is paper or assisted, not {mode}.")
        if not 1 <= days <= LONGEST_CLERK_DAYS:
            raise Refused(f"--days is 1 to {LONGEST_CLERK_DAYS}.")
        async with house.db.reading() as tx:
            known = await gazetteer(tx)
            wave = await tx.waves.by_slug(slug)
            taking_part = await tx.wave_units.of_wave(wave.id) if wave and wave.id is not None else []
        if wave is None or wave.state != "open":
            raise Refused(f"There is no open wave {slug}. See: langnghe waves list")
        if unit not in {each.unit for each in taking_part}:
            raise Refused(f"Unit {unit} does not take part in {slug}.")
        until = house.now().astimezone(LOCAL).date() + timedelta(days=days - 1)
        link = ClerkLink(secrets.token_urlsafe(LINK_BYTES), slug, unit, by, Mode(mode), until)
        try:
            clerks.checked(link, known)
        except KeyError:
            raise Refused(f"--by-unit is a unit's code or {clerks.FRONT}, not {by}.") from None
        except Partial as trouble:
            raise Refused(str(trouble)) from None
        _print(f"For {by}, to type in {mode} answers about {unit} until the end of {until:%d/%m/%Y}:")
        _print(f"{_base(house)}/phieu-giay/{clerks.mint(link, house.vault.entry_key)}")

    return _in_house(work)


# ── Officers' own accounts ───────────────────────────────────────────────────────────────────────────────────────


def officers_add(unit: str, account: str, ids: list[str]) -> int:
    async def work(house: "House") -> None:
        await _put_down(house, [(account, each, unit) for each in ids])
        _print(f"{len(ids)} accounts of {unit}: nothing of {unit} is open to them from now on.")

    return _in_house(work)


def officers_import(path: Path) -> int:
    async def work(house: "House") -> None:
        listed = _listed(path)
        await _put_down(house, listed)
        _print(f"{len(listed)} accounts. Delete {path}: only fingerprints are kept here.")

    return _in_house(work)


def officers_remove(account: str, id: str) -> int:
    async def work(house: "House") -> None:
        from surveys.conversation import Address

        async with house.db.transaction() as tx:
            if not await tx.officers.remove(house.vault.fingerprint(Address(account, id))):
                raise Refused("This account is not on the list.")
            await _note(tx, house, "officers.remove", None)
        _print("Removed.")

    return _in_house(work)


def _listed(path: Path) -> list[tuple[str, str, str]]:
    """account,id,unit a line, with that header. Every fault is named with its line."""
    try:
        lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as trouble:
        raise Refused(f"{path} cannot be read: {trouble}") from None
    if not lines or [each.strip().lower() for each in lines[0]] != ["account", "id", "unit"]:
        raise Refused(f"{path} begins with the line account,id,unit.")
    faults = [
        f"line {number}: account,id,unit"
        for number, line in enumerate(lines[1:], 2)
        if line and not _fits(line)
    ]
    if faults:
        raise Refused("\n".join(["Nothing was taken in:", *faults[:MOST_FAULTS]]))
    return [(line[0].strip(), line[1].strip(), line[2].strip()) for line in lines[1:] if line]


def _fits(line: list[str]) -> bool:
    return len(line) == 3 and all(each.strip() for each in line)


async def _put_down(house: "House", listed: list[tuple[str, str, str]]) -> None:
    from surveys.conversation import Address

    async with house.db.transaction() as tx:
        known = {unit.code for unit in await tx.units.all()}
        unknown = sorted({unit for _, _, unit in listed} - known)
        if unknown:
            raise Refused(f"No unit has the code {', '.join(unknown)}. Nothing was taken in.")
        strange = sorted({account for account, _, _ in listed if account.partition(":")[0] not in ACCOUNTS})
        if strange:
            raise Refused(f"An account is one of {', '.join(ACCOUNTS)}, not {', '.join(strange)}.")
        await tx.officers.add_many(
            (house.vault.fingerprint(Address(account, id)), unit) for account, id, unit in listed
        )
        for unit in sorted({unit for _, _, unit in listed}):
            await _note(tx, house, "officers.add", unit)


async def _note(tx: "Tx", house: "House", action: str, unit: str | None) -> None:
    """Of which ward, and never whose account it is."""
    from handlers.noting import at_the_machine, note

    await note(tx, at_the_machine(""), action, "officers:list", unit=unit, at=house.now())


def _base(house: "House") -> str:
    return house.settings.public_url.rstrip("/") or f"http://{house.settings.host}:{house.settings.port}"


def _address(house: "House") -> str:
    return f"{_base(house)}/?start="
