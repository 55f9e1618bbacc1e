"""What every room's tests stand on: real databases, real keys, a clock that waits. And what happens where this
machine has no PostgreSQL or no Chromium: those tests do not run and one line says so; with CI=true they fail instead."""

import asyncio
import functools
import gc
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from storage import migrate
from storage.database import Database
from storage.keys import FileKeys
from storage.vault import Vault
from tests.nursery import Nursery
from tests.postgres import PostgresServer, binaries

if TYPE_CHECKING:
    from tests.web.desk_town import Furnished

# ── What this machine has ────────────────────────────────────────────────────────────────────────────────────────

# Thousands of small databases sync every commit. In memory that costs nothing, and no test is about a disk that loses what it
# was told to keep: a process that is killed finds its files there as it would on any other.
IN_MEMORY = Path("/dev/shm")
ROOM = 6 << 30  # bytes; the copies that the linkage test steals are the largest
if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

# Every client of a platform reads all the certificates of this world anew, which takes longer than most tests; and here they talk to
# 127.0.0.1. Contexts of servers, and whatever else may be changed afterwards, are not shared.
_read_certificates = ssl.create_default_context
_read_certificates_once = functools.cache(_read_certificates)


def _certificates(purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH, **given: Any) -> ssl.SSLContext:
    is_of_a_client = purpose is ssl.Purpose.SERVER_AUTH and given.keys() == {"cafile"}
    return (_read_certificates_once if is_of_a_client else _read_certificates)(purpose, **given)


ssl.create_default_context = _certificates

# Hypothesis would call an example of more than 200 ms a failure. On a busy machine any example may be one.
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CAMPAIGNS = frozenset({"faults", "linkage"})
MISSING = pytest.StashKey[dict[str, int]]()


def machine_has(what: str) -> bool:
    if what == "postgres":
        return binaries() is not None
    return any(shutil.which(name) for name in CHROMIUM)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long campaigns too")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MISSING] = {}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: nothing of it is looked through for what could be thrown away, neither while it
    comes – which took a quarter of the time – nor with every full look during a test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        _leave_out(config, items, "long")
    for what in ("postgres", "chromium"):
        if not machine_has(what) and os.environ.get("CI") != "true":
            config.stash[MISSING][what] = _leave_out(config, items, what)
    items[:] = _long_ones_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _long_ones_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Each worker begins with an even piece of the list: with campaigns of minutes at its head, none is left running alone at the end."""
    campaigns = [item for item in items if item.path.parent.name in CAMPAIGNS]
    others = [item for item in items if item.path.parent.name not in CAMPAIGNS]
    size = -(-len(others) // workers)
    return [
        item
        for place in range(workers)
        for item in (*campaigns[place::workers], *others[place * size : (place + 1) * size])
    ]


def _leave_out(config: pytest.Config, items: list[pytest.Item], marker: str) -> int:
    out = [item for item in items if item.get_closest_marker(marker)]
    if out:
        items[:] = [item for item in items if not item.get_closest_marker(marker)]
        config.hook.pytest_deselected(items=out)
    return len(out)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for what in ("postgres", "chromium"):
        if item.get_closest_marker(what) and not machine_has(what):
            pytest.fail(f"CI=true, but this machine has no {what}.", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missing"] = session.config.stash[MISSING]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    output = getattr(node, "workeroutput", {})
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    config.stash[MISSING].update(output.get("missing", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lacking = [f"no {what}: {count} tests not run" for what, count in config.stash[MISSING].items() if count]
    if lacking:
        terminalreporter.write_line(f"This machine has {'; '.join(lacking)}. (CI=true makes that a failure.)")


@pytest.fixture(autouse=True)
def _logs_as_they_come() -> Iterator[None]:
    """A command that was tried in this process has configured its log: the next test shall not write into a file that is closed."""
    yield
    structlog.reset_defaults()


# ── Time and keys ────────────────────────────────────────────────────────────────────────────────────────────────


class Clock:
    """`now` as the tests want it: it moves only when told to."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        """By so many `days`, `hours`, `minutes`, `seconds`."""
        self.moment += timedelta(**by)


MORNING = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # a Sunday, half past eight in Trà Vinh


@pytest.fixture
def clock() -> Clock:
    return Clock(MORNING)


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    return FileKeys(tmp_path / "keys")


@pytest.fixture
def vault(keys: FileKeys) -> Vault:
    return Vault(keys)


# ── Databases: migrated once a run; each test gets a fresh copy, or the same one emptied ─────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrate.up_now(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "langnghe.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def furnished_desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> "Furnished":
    """An officers' desk with somebody at every kind of post."""
    from tests.web.desk_town import furnished

    directory = tmp_path_factory.mktemp("desk")
    return asyncio.run(furnished(sqlite_template, directory, Clock(MORNING)))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Gives birth to other processes, in a moment and not in seconds."""
    nursery = Nursery()
    yield nursery
    nursery.closes()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.execute("CREATE DATABASE migrated")
        migrate.up_now(server.url("migrated"))
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database that is empty but for its tables."""
    yield postgres_server.url("migrated")
    postgres_server.empty("migrated")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """On SQLite and on PostgreSQL: the test runs twice."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(sqlite_url: str) -> AsyncIterator[Database]:
    """On SQLite only, where the database is not what the test is about."""
    opened = await Database.open(sqlite_url)
    yield opened
    await opened.close()
