"""Marks: small notes per account that survive a kill and are seen by all processes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from newsletter.store.schema import sync_marks


def read(connection: Connection, account: str, name: str) -> Any:  # noqa: ANN401 - what JSON can hold
    """Read a mark; None when there is none."""
    query = select(sync_marks.c.value).where(
        sync_marks.c.account == account, sync_marks.c.name == name
    )
    return connection.scalar(query)


def write(
    connection: Connection,
    account: str,
    name: str,
    value: Any,  # noqa: ANN401 - what JSON can hold
    now: datetime,
) -> None:
    """Set a mark, in the caller's transaction."""
    wipe(connection, account, name)
    connection.execute(
        insert(sync_marks).values(account=account, name=name, value=value, changed_at=now)
    )


def wipe(connection: Connection, account: str, name: str) -> None:
    """Take a mark away."""
    connection.execute(
        delete(sync_marks).where(sync_marks.c.account == account, sync_marks.c.name == name)
    )
