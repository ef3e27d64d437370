"""Requests that wait for a confirmation, as the holder of a mailed link may see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from newsletter.register.tokens import LONGEST, hash_of
from newsletter.store.schema import requests, subscribers

Kind = Literal["subscribe", "address", "export", "erase"]


@dataclass(frozen=True, slots=True)
class Pending:
    """What somebody asked for, and whether it still waits.

    After `confirm`: done when `used_at` is set; expired when it is not and `is_open` says no;
    refused when it is not and `is_open` says yes (see `confirm`).
    """

    id: int
    kind: Kind
    subscriber_id: int | None
    address: str
    """Where the mail with the link went: for kind "address" the new address."""
    language: str
    lists: tuple[str, ...]
    asked_at: datetime
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Tell whether it can still be confirmed."""
        return self.used_at is None and now < self.expires_at


def find(connection: Connection, token: str) -> Pending | None:
    """Find a request by the token of its link, also one that is used or expired."""
    row = row_of(connection, token)
    return pending_of(row) if row else None


def row_of(connection: Connection, token: str, *, lock: bool = False) -> Row[Any] | None:
    """Read a request's whole row by its token; `lock` it for whoever is about to change it."""
    if len(token) > LONGEST or not token.isascii():
        return None
    query = select(requests).where(requests.c.token_hash == hash_of(token))
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def still_stands(connection: Connection, row: Row[Any]) -> bool:
    """Tell whether a request still has the subscriber that it is about.

    A link to somebody's data is theirs only as long as the address that it went to is: an old
    mailbox may have a new owner.
    """
    if row.kind == "subscribe":
        return True
    folded = connection.scalar(
        select(subscribers.c.address_key).where(subscribers.c.id == row.subscriber_id)
    )
    return folded is not None and (row.kind == "address" or folded == row.address_key)


def pending_of(row: Row[Any]) -> Pending:
    """Leave out what only the tool needs to know."""
    return Pending(
        id=row.id,
        kind=row.kind,
        subscriber_id=row.subscriber_id,
        address=row.address,
        language=row.language,
        lists=tuple(row.lists),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )
