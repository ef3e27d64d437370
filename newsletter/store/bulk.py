"""Many rows at once: what each of the two databases does best, behind one function each."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, exc, text
from sqlalchemy.dialects import postgresql, sqlite

_LOG_PAGES: Final = 8000


def insert_new(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Start an INSERT that passes over rows that are there already, whoever put them there."""
    if connection.dialect.name == "postgresql":
        # Without the option SQLAlchemy forgets how many rows it were.
        counted = postgresql.insert(table).execution_options(preserve_rowcount=True)
        return counted.on_conflict_do_nothing()
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
        _copy(connection, f"COPY {table.name} ({named}) FROM STDIN", rows)
        return
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({named}) VALUES ({places})"  # noqa: S608 - our own names
    connection.exec_driver_sql(statement, [tuple(row) for row in rows])


def insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    as_is: Collection[str] = (),
) -> None:
    """Insert rows whose values stand in the order of `columns`.

    Columns named in `as_is` are written for the database already, e.g. as JSON text.
    """
    dialect = connection.dialect
    # How a type goes into this database, e.g. a dict into JSON text; None where it goes as it is.
    writers = [
        None if name in as_is else table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        for name in columns
    ]
    busy = [(place, write) for place, write in enumerate(writers) if write is not None]
    data = [_written(row, busy) for row in rows] if busy else [tuple(row) for row in rows]
    load(connection, table, columns, data)


def _written(row: Sequence[Any], busy: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    out = list(row)
    for place, write in busy:
        if out[place] is not None:  # else a type of JSON would write a null of its own
            out[place] = write(out[place])
    return tuple(out)


def _copy(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows past SQLAlchemy, whose errors its own are made into as everywhere else."""
    dialect = connection.dialect
    cursor: Any = connection.connection.cursor()
    try:
        with cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except dialect.loaded_dbapi.Error as error:
        raise exc.DBAPIError.instance(
            statement,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=dialect.is_disconnect(error, None, None),
            dialect=dialect,
        ) from error


def expect(connection: Connection) -> None:
    """Prepare for many transactions of many rows: SQLite folds its log into the file less often.

    The log grows to some 30 MB; the same pages are then written once instead of again and again.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")


def look_over(connection: Connection, *tables: Table) -> None:
    """Let PostgreSQL look at tables that it has not looked at since they grew by a quarter.

    It does so by itself some minutes after an import. Until then it takes the new people for next
    to none, and sorts a million of them for each page. In SQLite there is nothing to do.
    """
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        if connection.scalar(_OUT_OF_DATE, {"name": table.name}):
            connection.exec_driver_sql(f"ANALYZE {table.name}")


_OUT_OF_DATE: Final = text("""
    SELECT reltuples < 0
        OR pg_relation_size(oid) > 1.25 * greatest(relpages, 8) * current_setting('block_size')::int
    FROM pg_class WHERE oid = to_regclass(:name)
""")
