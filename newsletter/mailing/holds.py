"""What keeps a mailing from being handed over now: looked at in the transaction of each claim.

So what a person wishes, or a brake decides, is obeyed before the next hand-over, by every run on
every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, exists, select

from newsletter.store.schema import batches, mailings

LOOK: Final = timedelta(minutes=1)
"""How often a waiting run looks whether what held it is over."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing may be handed over, and until when; without a time, until a person acts."""

    reason: str
    until: datetime | None = None


Look = Callable[[Connection, datetime], Hold | None]
"""Says what holds a mailing now, if anything."""


def wishes(mailing_id: int) -> Look:
    """Look at what people wish of a mailing: paused, cancelled, not before, not later than."""

    def look(connection: Connection, now: datetime) -> Hold | None:
        row = connection.execute(select(mailings).where(mailings.c.id == mailing_id)).one()
        return _state(row, now) or _schedule(connection, row, now)

    return look


def _state(row: Any, now: datetime) -> Hold | None:  # noqa: ANN401 - a row
    if row.state == "open" or (row.resume_at is not None and row.resume_at <= now):
        return None
    reason = f"{row.state} by {row.state_by}" + (
        f": {row.state_reason}" if row.state_reason else ""
    )
    return Hold(reason, row.resume_at if row.state == "paused" else None)


def _schedule(connection: Connection, row: Any, now: datetime) -> Hold | None:  # noqa: ANN401 - a row
    if row.not_before is not None and now < row.not_before:
        return Hold("scheduled", row.not_before)
    if row.latest is None or now <= row.latest or _has_begun(connection, row.id):
        return None
    return Hold(f"it was to begin by {row.latest:%Y-%m-%d %H:%M} UTC; newsletter resume {row.id}")


def _has_begun(connection: Connection, mailing_id: int) -> bool:
    tried = exists().where(batches.c.mailing_id == mailing_id, batches.c.attempt > 0)
    return bool(connection.execute(select(tried)).scalar())
