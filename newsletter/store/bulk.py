"""Many rows at once: what each of the two databases does best, behind one function each."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_LOG_PAGES: Final = 8000


def insert_new(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Start an INSERT that passes over rows that are there already, whoever put them there."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def load(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows in the driver's own bulk call, past SQLAlchemy's types: JSON goes in as text.

    A third of the time that SQLAlchemy's insert takes. No rows are no error.
    """
    if not rows:
        return
    named = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(f"COPY {table.name} ({named}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({named}) VALUES ({places})"  # noqa: S608 - our own names
    connection.exec_driver_sql(statement, [tuple(row) for row in rows])


def expect(connection: Connection) -> None:
    """Prepare for many transactions of many rows: SQLite folds its log into the file less often.

    The log grows to some 30 MB; the same pages are then written once instead of again and again.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
