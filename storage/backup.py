"""A copy of the whole database in one file, made while everybody works, and tried before it has its name. It knows no key: without the key
store, which must lie elsewhere, what is not sealed yet is noise in it.

SQLite's `VACUUM INTO` and not its backup of pages: what was deleted is not in the copy, not even as a remnant. PostgreSQL's own
`pg_dump`, in the format that `pg_restore` reads."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from storage.sqlite import path_of

__all__ = ["BackupFailed", "backed_up", "thinned_out"]

SUFFIXES = {"sqlite": ".sqlite", "postgresql": ".dump", "postgres": ".dump"}
NAME = "langnghe-"
PATIENCE = timedelta(hours=4)  # for a dump of everything; what takes longer hangs
IS_WHOLE = [("ok",)]


class BackupFailed(Exception):
    """There is no backup of this moment; the message says why, and what to do."""


async def backed_up(url: str, directory: Path, moment: datetime) -> Path:
    """The file, which is named by its moment. Where that is there already, it is the one. Raises BackupFailed."""
    made = make_url(url)
    kind = made.get_backend_name()
    file = directory / f"{NAME}{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIXES[kind]}"
    draft = directory / f".{file.name}.part"
    try:
        await asyncio.to_thread(_begun, directory, draft)
        if file.exists():
            return file
        if kind == "sqlite":
            await asyncio.to_thread(_of_sqlite, path_of(url), draft)
        else:
            await _of_postgres(made, draft)
        await asyncio.to_thread(_finished, draft, file)
    except (OSError, sqlite3.Error) as trouble:
        raise BackupFailed(f"{directory} has no new backup: {trouble}") from trouble
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return file


def thinned_out(directory: Path, kept: int) -> int:
    """Removes the oldest ones beyond so many. How many that were."""
    found = sorted(each for each in directory.glob(f"{NAME}*") if each.suffix in SUFFIXES.values())
    too_many = found[: max(0, len(found) - kept)]
    for each in too_many:
        each.unlink(missing_ok=True)
    return len(too_many)


# ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _begun(directory: Path, draft: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.unlink(missing_ok=True)
    # Nobody else on this machine may read it, not even while it is written.
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _of_sqlite(path: Path, draft: Path) -> None:
    source = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(source, uri=True, isolation_level=None)) as driver:
        driver.execute("VACUUM INTO ?", (str(draft),))
    with closing(sqlite3.connect(draft)) as copy:
        if (found := copy.execute("PRAGMA quick_check").fetchall()) != IS_WHOLE:
            raise BackupFailed(f"The copy is not whole, and was thrown away: {found[0][0]}")


async def _of_postgres(url: URL, draft: Path) -> None:
    where = [f"--{name}={value}" for name, value in _where(url).items()]
    await _run(["pg_dump", *where, "--format=custom", f"--file={draft}"], url)
    # Whoever puts it back will ask this first.
    await _run(["pg_restore", "--list", str(draft)], url)


def _where(url: URL) -> dict[str, str]:
    found = {"host": url.host or url.query.get("host"), "port": url.port, "username": url.username}
    return {
        **{name: str(value) for name, value in found.items() if value},
        "dbname": url.database or "",
    }


async def _run(command: list[str], url: URL) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise BackupFailed(
            f"{command[0]} is not on this machine. Install PostgreSQL's client programs, of the server's version or newer."
        )
    # Not among the arguments: those can be read by everybody on the machine.
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    process = await asyncio.create_subprocess_exec(
        program,
        *command[1:],
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            _, said = await process.communicate()
    except TimeoutError:
        raise BackupFailed(f"{command[0]} took longer than {PATIENCE}, and was ended.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise BackupFailed(f"{command[0]} failed: {lines[0]}")


def _finished(draft: Path, file: Path) -> None:
    for each in (draft, draft.parent):
        opened = os.open(each, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    draft.replace(file)
