"""The database: one store per run; SQLite by default, PostgreSQL by URL.

`begin()` is one write transaction, opened by a use case and never by a query; `read()` is one
consistent view. Driver errors leave as StoreError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, exc

from newsletter.errors import StoreError
from newsletter.store import engine as engines
from newsletter.store import migrations


class Store:
    """An open database. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Run one write transaction: all of it is kept, or nothing."""
        with _translated(), self._engine.connect() as connection:
            engines.begin_write(connection)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Run one reading transaction: a consistent view."""
        with _translated(), self._engine.connect() as connection, connection.begin():
            yield connection

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
}


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's operational errors into ours; programming errors stay bugs."""
    try:
        yield
    except (exc.OperationalError, exc.DatabaseError) as error:
        if isinstance(error, (exc.IntegrityError, exc.ProgrammingError, exc.DataError)):
            raise
        cause = str(error.orig or error)
        hint = next((text for sign, text in _REASONS.items() if sign in cause), "")
        raise StoreError(f"the database refused: {cause}", hint=hint) from error
