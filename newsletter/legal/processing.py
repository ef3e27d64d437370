"""What the database holds about people: read from its real tables, so that nothing is forgotten."""

from dataclasses import dataclass
from typing import Final

from newsletter.store.schema import metadata

IMPERSONAL: Final = frozenset(
    {
        "wordings",
        "editions",
        "batches",
        "sync_calls",
        "sync_marks",
        "accounts",
        "buckets",
        "installation",
    }
)
"""Tables that hold nothing about anybody."""


@dataclass(frozen=True, slots=True)
class Data:
    """One table with data about people."""

    name: str
    columns: tuple[str, ...]


def tables() -> tuple[Data, ...]:
    """List the tables that hold data about people; a new one is among them until declared."""
    return tuple(
        Data(table.name, tuple(column.name for column in table.columns))
        for table in metadata.sorted_tables
        if table.name not in IMPERSONAL
    )
