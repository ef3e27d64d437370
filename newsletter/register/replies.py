"""Mails that answer what somebody did, e.g. confirm, welcome: put into a queue, sent by `replying`.

A reply holds no token: whoever sends it makes that from its request, with a key that is not in the
database.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, insert, literal, select

from newsletter.register import addresses
from newsletter.store.schema import replies

Kind = Literal["confirm", "already", "welcome", "address", "changed", "export", "erase"]
"""confirm: press to subscribe · already: you get this already · welcome: it stands · address: press
to take your mail here · changed: your mail goes elsewhere now (to the old address) · export, erase:
press to get, or erase, your data."""


def queue(
    connection: Connection,
    kind: Kind,
    *,
    address: str,
    language: str,
    lists: Sequence[str],
    now: datetime,
    request_id: int | None = None,
    subscriber_id: int | None = None,
    allowed: bool = True,
) -> None:
    """Put a reply into the queue, in the caller's transaction.

    One that is not `allowed` takes the same work and leaves no row: how long an answer takes does
    not tell whether somebody has been mailed before.
    """
    values = {
        "kind": kind,
        "request_id": request_id,
        "subscriber_id": subscriber_id,
        "address": address,
        "address_key": addresses.key(address),
        "language": language,
        "lists": list(lists),
        "queued_at": now,
    }
    row = select(*(literal(value, replies.c[name].type) for name, value in values.items()))
    connection.execute(insert(replies).from_select(list(values), row.where(literal(allowed))))
