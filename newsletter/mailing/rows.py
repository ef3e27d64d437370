"""Many rows at once by the driver's own bulk call, which SQLAlchemy's insert makes far dearer."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table

_PLACES: Final = {"sqlite": "?", "postgresql": "%s"}


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
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    places = ", ".join([_PLACES[dialect.name]] * len(columns))
    # How a type goes into this database, e.g. a dict into JSON text; None where it goes as it is.
    writers = [
        None if name in as_is else table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        for name in columns
    ]
    busy = [(place, write) for place, write in enumerate(writers) if write is not None]
    data = [_written(row, busy) for row in rows] if busy else [tuple(row) for row in rows]
    if data:
        connection.exec_driver_sql(
            f"INSERT INTO {quote(table.name)} ({names}) VALUES ({places})",  # noqa: S608 - names of our own tables and columns, values are bound
            data,
        )


def _written(row: Sequence[Any], busy: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    out = list(row)
    for place, write in busy:
        out[place] = write(out[place])
    return tuple(out)
