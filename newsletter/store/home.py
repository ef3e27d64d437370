"""Where a database is at home: a copy of it elsewhere must not mail what the original mails.

Both would know the same people and the same open mailings, and neither what the other has sent.
The first hand-over writes down where the database lies; whoever finds it elsewhere later refuses,
until somebody adopts the new place. Two clones of a whole machine cannot be told apart by this.
"""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, exc, select, text, update

from newsletter.errors import InputError
from newsletter.store import Store
from newsletter.store.bulk import insert_new
from newsletter.store.schema import installation

MOVED: Final = "moved"
"""The place of a database whose content went on elsewhere: nothing mails from it any more."""

_HINT: Final = "if mails are to leave from here, and no longer from there: newsletter db adopt"
_MACHINE: Final = Path("/etc/machine-id")


def place(store: Store) -> str:
    """Name where this database lies, so that a copy has another name.

    SQLite: the file's path and inode on this machine. PostgreSQL: the server's own identifier and
    the database's number in it.
    """
    if store.dialect == "sqlite":
        return place_of(store.file) if store.file else "memory"
    try:
        with store.read() as connection:
            row = connection.execute(text(_SERVER)).one()
    except exc.ProgrammingError:  # pg_control_system may be kept from ordinary roles
        with store.read() as connection:
            row = connection.execute(text(_ADDRESS)).one()
    return _digest("postgresql", *row)


_SERVER: Final = """
    SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database())
    FROM pg_control_system()
"""
_ADDRESS: Final = "SELECT current_database(), inet_server_addr(), inet_server_port()"


def place_of(file: Path, *, inode: int | None = None) -> str:
    """Name where a SQLite file lies; `inode` of one that is yet to be put there."""
    path = file.resolve()
    number = path.stat().st_ino if inode is None else inode
    return _digest("sqlite", path, number, _machine())


def look(connection: Connection, here: str, *, now: datetime) -> str:
    """Say why nothing may leave from here; empty when all is well.

    A database that has no home yet gets this one, in the caller's writing transaction.
    """
    found = _found(connection)
    if found is None:
        connection.execute(
            insert_new(connection, installation).values(
                id=1,
                identity=secrets.token_hex(16),
                place=here,
                adopted_by="tool",
                adopted_at=now,
            )
        )
        found = _found(connection)
    return "" if found == here else _reason(found)


def demand(connection: Connection, here: str, *, now: datetime) -> None:
    """Raise InputError when nothing may leave from here; does what `look` does."""
    if reason := look(connection, here, now=now):
        raise InputError(reason, hint=_HINT)


def trouble(store: Store) -> str:
    """Say why nothing may leave from this database; empty when all is well, or it has no home."""
    with store.read() as connection:
        found = _found(connection)
    return _reason(found) if found is not None and found != place(store) else ""


def refuse(store: Store) -> None:
    """Raise InputError when nothing may leave from this database; changes nothing."""
    if reason := trouble(store):
        raise InputError(reason, hint=_HINT)


def refuse_moved(store: Store) -> None:
    """Raise InputError for a database whose content went on elsewhere; changes nothing."""
    with store.read() as connection:
        found = _found(connection)
    if found == MOVED:
        raise InputError(
            "what this database holds was moved into another one",
            hint="set [database] url, or NEWSLETTER_DATABASE_URL, to that one; "
            "or go on with this one: newsletter db adopt",
        )


def adopt(connection: Connection, here: str, *, by: str, now: datetime) -> None:
    """Write down that the database is at home here now."""
    look(connection, here, now=now)  # one that has no home yet gets its row
    connection.execute(update(installation).values(place=here, adopted_by=by, adopted_at=now))


def leave(connection: Connection, *, by: str, now: datetime) -> None:
    """Write down that the content of this database goes on elsewhere: nothing mails from here."""
    adopt(connection, MOVED, by=by, now=now)


def _found(connection: Connection) -> str | None:
    found: str | None = connection.execute(select(installation.c.place)).scalar()
    return found


def _reason(found: str | None) -> str:
    if found == MOVED:
        return "this database was moved elsewhere: mails leave from there"
    return "this database is a copy, or was moved: another one may mail what stands in it"


def _machine() -> str:
    """Name this machine; empty in containers that have no name of their own."""
    try:
        return _MACHINE.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:32]
