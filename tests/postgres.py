"""A private PostgreSQL server for one test run: on 127.0.0.1, in a temporary directory, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psycopg

__all__ = ["PostgresServer", "binaries"]

START_LIMIT = 30.0  # seconds; a cold disk takes three
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
DURABLE = ("fsync=on", "synchronous_commit=on")

# Append-only tables refuse even this, unless their triggers are told to look away. Most tables have no row and need nothing; for
# a few rows deleting is cheaper than truncating, which makes a table, its indexes and whatever refers to it anew.
EMPTY = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        IF pg_relation_size(name::regclass) > 1000000 THEN
            EXECUTE 'TRUNCATE ' || name || ' CASCADE';
        ELSIF pg_relation_size(name::regclass) > 0 THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
    FOR name IN
        SELECT quote_ident(sequencename) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
    END LOOP;
END $$
"""


def binaries() -> Path | None:
    """Where this machine has `initdb` and `postgres`, the newest first; None where it has not."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(installed, key=lambda path: int(path.parts[4]), reverse=True)
    return newest[0].parent if newest else None


class PostgresServer:
    """Started by its constructor; `stop` and `start` may be called again to play an outage."""

    def __init__(self, *settings: str) -> None:
        """Raises RuntimeError with the server's own words when it does not start."""
        found = binaries()
        assert found is not None, "ask binaries() first"
        self._binaries = found
        self._settings = settings or FAST
        # In memory, where the tests' other files are.
        root = os.environ.get("PYTEST_DEBUG_TEMPROOT")
        self._directory = Path(tempfile.mkdtemp(prefix="langnghe-postgres-", dir=root))
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._user = _someone_else() if os.geteuid() == 0 else None
        if self._user:
            os.chown(self._directory, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )
        self._start_somewhere()

    @property
    def data(self) -> Path:
        """Where it keeps everything it writes."""
        return self._directory / "data"

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        settings = (
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=60",
            *self._settings,
        )
        options = [word for setting in settings for word in ("-c", setting)]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._as_user(),
                    self._binaries / "postgres",
                    "-D",
                    self.data,
                    "-p",
                    str(self.port),
                    *options,
                ],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), until_it_works=True)

    def _start_somewhere(self) -> None:
        """Between finding a port and taking it, somebody else may have taken it: other tests run beside this one."""
        for _ in range(2):
            self.port = _free_port()
            with suppress(RuntimeError):
                self.start()
                return
        self.port = _free_port()
        self.start()

    def stop(self) -> None:
        """At once, as an outage would: who is connected is thrown out, nothing is tidied up."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_LIMIT)
        self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty(self, name: str) -> None:
        """Throws everyone out and takes every row away, in a third of the time that truncating every table takes."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute(EMPTY)

    def _as_user(self) -> list[str]:
        # Whatever becomes of the tests, the server does not outlive them.
        words = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
        if self._user:
            words += ["--reuid", str(self._user.pw_uid), "--regid", str(self._user.pw_gid), "--clear-groups"]
        return words

    def _run(self, program: str, *words: str, until_it_works: bool = False) -> None:
        command = [*self._as_user(), str(self._binaries / program), *words]
        while True:
            done = subprocess.run(command, capture_output=True, cwd="/", timeout=START_LIMIT, check=False)
            if done.returncode == 0:
                return
            if not until_it_works or self._process is None or self._process.poll() is not None:
                log = self._directory / "log"
                said = log.read_text() if log.exists() else done.stderr.decode()
                raise RuntimeError(f"{program} failed: {said}")


def _someone_else() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("There is no user to run PostgreSQL as.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
