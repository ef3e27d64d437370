"""How connections are made: durable, with foreign keys, one writer at a time on SQLite."""

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from newsletter.errors import StoreError

_WAIT_SECONDS: Final = 30
"""How long a writer waits for another one; a batch's transaction takes milliseconds."""

_FORMS: Final = "use sqlite:///FILE or postgresql://USER@HOST/NAME"

_WRITE: Final = "newsletter_write"


def create(url: str) -> Engine:
    """Make an engine for a SQLite or PostgreSQL URL; raises StoreError for another one."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        # The URL may hold a password: it is not repeated.
        raise StoreError("the database's URL cannot be read", hint=_FORMS) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return _postgresql(parsed)
    if backend != "sqlite":
        raise StoreError(f"no support for {backend} databases", hint=_FORMS)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # The values of a statement are people's names and addresses: they stay out of error messages.
    engine = create_engine(parsed, connect_args={"timeout": _WAIT_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    # What the URL says of a connection wins.
    arguments = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=arguments,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise StoreError(
            "the PostgreSQL driver is not installed",
            hint="pip install 'newsletter-desk[postgresql]'",
        ) from error
    return engine


_CONNECTION: Final[Mapping[str, Any]] = {
    "application_name": "newsletter",
    "connect_timeout": 10,
    # A server or network that is gone is found out within half a minute, from both ends.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
    f" -c tcp_user_timeout=30000 -c lock_timeout={_WAIT_SECONDS}s -c timezone=UTC",
}


def read_only(engine: Engine) -> Engine:
    """Give the engine whose transactions see one moment of the database, as SQLite's all do."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def longest_wait() -> float:
    """Give how many seconds a writer waits for another one on SQLite."""
    return _WAIT_SECONDS


def begin_write(connection: Connection) -> None:
    """Mark the next transaction of this connection as a writing one."""
    connection.info[_WRITE] = True


def fold_log(engine: Engine) -> bool:
    """Empty SQLite's write-ahead log into the file: what was deleted is then in neither.

    False where somebody else is reading or writing at this moment: the log is then emptied later,
    by whoever closes the database last. Nobody is kept waiting for it.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA busy_timeout=0")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        answer = cursor.fetchone()
    except sqlite3.OperationalError:
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1000}")
        connection.close()
    return answer is not None and answer[0] == 0  # busy, pages of the log, pages folded


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
    # The driver must not open transactions by itself: it would do so late and without IMMEDIATE.
    connection.isolation_level = None
    _use_wal(connection)
    # Without recursive triggers, INSERT OR REPLACE would get past those that keep proof unchanged.
    # What is deleted is overwritten with zeros: who was erased stands in no page of the file.
    for pragma in (
        "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON",
    ):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to a write-ahead log: the one statement that does not wait for a lock."""
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at the start: a lock taken later fails at once instead of waiting.
    write = connection.info.pop(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
