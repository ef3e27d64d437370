"""Fresh databases for tests, in whichever of the two databases the test run is about.

stores.choose("postgresql")
with stores.fresh(folder) as store: ...
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from newsletter.errors import NewsletterError
from newsletter.store import Store

if TYPE_CHECKING:
    from newsletter.testing.postgresql import Server

_FILE: Final = "register.sqlite3"


class NoServerError(NewsletterError):
    """No PostgreSQL server can be had here."""


class _Choice:
    database = "sqlite"
    server: "Server | NoServerError | None" = None
    process = 0


def choose(database: str) -> None:
    """Say which database `fresh` makes: sqlite or postgresql."""
    _Choice.database = database


def chosen() -> str:
    """Give which database `fresh` makes."""
    return _Choice.database


@contextmanager
def fresh(folder: Path | None = None) -> Iterator[Store]:
    """Open a store without people, which is gone afterwards; SQLite's file lies in the folder."""
    with fresh_url(folder) as url, Store.open(url) as store:
        yield store


@contextmanager
def fresh_url(folder: Path | None = None) -> Iterator[str]:
    """Give the URL of a database with tables and without people, which is gone afterwards."""
    if _Choice.database == "postgresql":
        with postgresql().fresh() as url:
            yield url
        return
    if folder is None:
        with TemporaryDirectory() as name, fresh_url(Path(name)) as url:
            yield url
        return
    file = folder / _FILE
    furnish(file)
    yield f"sqlite:///{file}"


def furnish(file: Path) -> None:
    """Make a SQLite file with tables and without people, where a command would migrate one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_empty())


def unguard(connection: Connection, table: str, *, against: str) -> None:
    """Let a table of proof be changed or deleted ("changed", "deleted"), as no command does."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP TRIGGER {table}_are_not_changed ON {table}")
    else:
        connection.exec_driver_sql(f"DROP TRIGGER {table}_are_not_{against}")


def postgresql() -> "Server":
    """Give this process's server, started when it is first asked for; raises NoServerError."""
    from newsletter.testing import postgresql as servers  # noqa: PLC0415 - needs its driver

    if _Choice.process != os.getpid():  # a forked child must not take its parent's
        _Choice.server, _Choice.process = None, os.getpid()
    if _Choice.server is None:
        try:
            _Choice.server = servers.Server.start()
        except NoServerError as error:
            _Choice.server = error
    if isinstance(_Choice.server, NoServerError):
        raise _Choice.server
    return _Choice.server


def close() -> None:
    """Stop the server, if this process has started one."""
    if _Choice.process == os.getpid() and not isinstance(_Choice.server, NoServerError | None):
        _Choice.server.close()
    _Choice.server = None


@cache
def _empty() -> bytes:
    """Make an empty SQLite database once: to migrate one for each test takes most of the time."""
    with TemporaryDirectory() as folder:
        Store.for_file(Path(folder) / _FILE).close()
        return (Path(folder) / _FILE).read_bytes()
