"""The database: one store per run; SQLite by default, PostgreSQL by URL.

`begin()` is one write transaction, opened by a use case and never by a query; `read()` is one
consistent view. Driver errors leave as StoreError.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, exc

from newsletter.errors import InputError, StoreError
from newsletter.store import engine as engines
from newsletter.store import migrations, turns
from newsletter.store.turns import Turn

__all__ = ["Store", "Turn", "version_of"]


class Store:
    """An open database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._view = engines.read_only(engine)
        self._writing = threading.RLock()
        """SQLite waits for a lock by sleeping and looking again: our own threads queue here."""

    @classmethod
    def open(cls, url: str, *, upgrade: bool = False) -> Self:
        """Open a database; an empty one gets its tables.

        Raises StoreError when its tables are of another version of the tool, unless they are older
        and `upgrade` says to bring them up to this one.
        """
        store = cls(engines.create(url))
        try:
            with _translated():
                migrations.prepare(store._engine, upgrade_older=upgrade)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def for_file(cls, file: Path) -> Self:
        """Open a SQLite file."""
        return cls.open(f"sqlite:///{file}")

    @property
    def dialect(self) -> str:
        """Either "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for PostgreSQL, and in memory."""
        name = self._engine.url.database
        is_file = self.dialect == "sqlite" and name and name != ":memory:"
        return Path(name) if is_file and name else None

    @contextmanager
    def begin(self, turn: Turn = Turn.ALONE) -> Iterator[Connection]:
        """Run one write transaction: all of it is kept, or nothing.

        On SQLite no other writes meanwhile; on PostgreSQL `turn` says what others may do.
        """
        with _translated(), self._queue(), self._engine.connect() as connection:
            engines.begin_write(connection)
            with connection.begin():
                turns.take(connection, turn)
                yield connection

    @contextmanager
    def _queue(self) -> Iterator[None]:
        """Let one thread after the other write on SQLite; after a while SQLite itself decides."""
        ours = self.dialect == "sqlite" and self._writing.acquire(timeout=engines.longest_wait())
        try:
            yield
        finally:
            if ours:
                self._writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run one reading transaction: a consistent view."""
        with _translated(), self._view.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def rehearse(self) -> Iterator[Connection]:
        """Run one transaction of which nothing is kept; it may make temporary tables."""
        with _translated(), self._engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    def attach(self) -> Connection:
        """Open a connection of its own for a lock that lasts as long as it: each statement commits.

        The caller closes it.
        """
        with _translated():
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()
            return connection

    def fold_log(self) -> bool:
        """Leave nothing of what was deleted in SQLite's write-ahead log; False if others use it."""
        with _translated():
            return engines.fold_log(self._engine)

    def close(self) -> None:
        """Close all connections; the last one folds SQLite's write-ahead log into the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def version_of(url: str) -> str | None:
    """Name the newest migration of a database, changing nothing; None for an empty one."""
    store = Store(engines.create(url))
    try:
        with _translated():
            return migrations.current(store._engine)  # noqa: SLF001 - of this module's own class
    finally:
        store.close()


_REASONS = {
    "database is locked": "another process is writing and did not finish in time; try again",
    "readonly database": "the file or its folder may not be written; check the permissions",
    "disk I/O error": "the disk may be full or failing; nothing of this step was kept",
    "database or disk is full": "free some space and try again; nothing of this step was kept",
    "unable to open database file": "check that its folder exists and may be written",
    "file is not a database": "the file is something else; check [database] url",
    "Connection refused": "is the server running there? check [database] url",
    "could not translate host name": "check the host's name in [database] url, and the network",
    "timeout expired": "the server does not answer; check the network and [database] url",
    "authentication failed": "check the user and the password in NEWSLETTER_DATABASE_URL",
    "does not exist": "check the names in [database] url",
    "too many clients": "the server has no connection free; let something else end, or raise its "
    "max_connections",
    "remaining connection slots": "the server has no connection free; let something else end",
    "lock timeout": "another process is writing and did not finish in time; try again",
    "No space left": "the server's disk is full; nothing of this step was kept",
    "deadlock detected": "two changes were in each other's way; nothing of this one was kept: "
    "try again",
    "terminating connection": "the server ended the connection; nothing of this step was kept",
    "server closed the connection": "the connection broke; the next step finds out what was kept",
    "consuming input failed": "the connection broke; the next step finds out what was kept",
}


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's operational errors into ours; programming errors stay bugs."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreError("too many use the database at once", hint="try again") from error
    except (exc.OperationalError, exc.DatabaseError) as error:
        if isinstance(error, exc.DataError) and "NUL" in str(error.orig):
            raise InputError(
                "a text holds a NUL character, which the database cannot keep",
                hint="take it out; nothing of this step was kept",
            ) from error
        if isinstance(error, (exc.IntegrityError, exc.ProgrammingError, exc.DataError)):
            raise
        # PostgreSQL tells values in the lines that follow: people's names and addresses.
        cause = str(error.orig or error).partition("\n")[0]
        hint = next((text for sign, text in _REASONS.items() if sign in cause), "")
        raise StoreError(f"the database refused: {cause}", hint=hint) from error
