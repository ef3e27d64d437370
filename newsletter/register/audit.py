"""The audit log: who looked at, exported or changed what of the register (GDPR art. 30, 32).

A line names a subscriber by number, never by address: it may outlive their erasure.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert

from newsletter.store.schema import audit


def note(
    connection: Connection,
    act: str,
    *,
    by: str,
    now: datetime,
    subscriber_id: int | None = None,
    **detail: object,
) -> None:
    """Write one line in the caller's transaction; `detail` is what JSON can hold, no address."""
    connection.execute(
        insert(audit).values(at=now, actor=by, act=act, subscriber_id=subscriber_id, detail=detail)
    )


def note_each(
    connection: Connection,
    act: str,
    subscriber_ids: Iterable[int | None],
    *,
    by: str,
    now: datetime,
    **detail: object,
) -> None:
    """Write a line for each of many subscribers, as `note` does for one."""
    shared = {"at": now, "actor": by, "act": act, "detail": detail}
    lines = [{**shared, "subscriber_id": number} for number in subscriber_ids]
    if lines:
        connection.execute(insert(audit), lines)
