"""Is the database itself whole: its pages, references, tables, and the guards of its proof."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, inspect

from newsletter.store.schema import metadata

_MOST: Final = 20
"""Faults of one kind that are told."""

_GUARDED: Final = (
    "consents", "deliveries", "results", "wordings", "events", "audit", "approvals",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the database that should not be."""

    subject: str
    """What it is about: pages, references, tables, consents, mailings, clock …"""
    message: str
    hint: str = ""


def check(connection: Connection) -> list[Fault]:
    """Look for damage; an empty list means that the database is whole."""
    faults = [*_tables(connection), *_guards(connection)]
    if connection.dialect.name == "sqlite":
        faults += [*_pages(connection), *_references(connection)]
    return faults


_FROM_COPY: Final = "stop what writes, and bring back a copy: newsletter db restore FILE"


def _pages(connection: Connection) -> list[Fault]:
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})").scalars()
    return [Fault("pages", row, _FROM_COPY) for row in rows if row != "ok"]


def _references(connection: Connection) -> list[Fault]:
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [
        Fault("references", f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is gone")
        for row in rows[:_MOST]
    ]


def _tables(connection: Connection) -> list[Fault]:
    missing = set(metadata.tables) - set(inspect(connection).get_table_names())
    return [Fault("tables", f"the table {name} is gone", _FROM_COPY) for name in sorted(missing)]


def _guards(connection: Connection) -> list[Fault]:
    """Tell which tables of proof have lost the triggers that keep them unchanged."""
    query = (
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT event_object_table FROM information_schema.triggers"
    )
    guarded = set(connection.exec_driver_sql(query).scalars())
    return [
        Fault("tables", f"nothing keeps {name} from being changed: its triggers are gone")
        for name in _GUARDED
        if name not in guarded
    ]
