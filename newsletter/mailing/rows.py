"""Many rows at once by the driver's own bulk call, which SQLAlchemy's insert makes far dearer."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table

_PLACES: Final = {"sqlite": "?", "postgresql": "%s"}


def insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert rows whose values stand in the order of `columns`."""
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    places = ", ".join([_PLACES[dialect.name]] * len(columns))
    # How a type goes into this database, e.g. a dict into JSON text; None where it goes as it is.
    writers = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
    data = [
        tuple(write(value) if write else value for write, value in zip(writers, row, strict=True))
        for row in rows
    ]
    if data:
        connection.exec_driver_sql(
            f"INSERT INTO {quote(table.name)} ({names}) VALUES ({places})",  # noqa: S608 - names of our own tables and columns, values are bound
            data,
        )
