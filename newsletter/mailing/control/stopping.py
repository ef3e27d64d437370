"""A mailing that stops, or goes on, by itself: never against what a person wishes of it."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, update

from newsletter.register import audit
from newsletter.store.schema import mailings

TOOL: Final = "tool"
"""Stands as `state_by` on a mailing that stopped because of its provider."""

_BY_ITSELF: Final = and_(
    mailings.c.state == "paused",
    mailings.c.state_by == TOOL,
    mailings.c.resume_at.is_not(None),
)
"""Paused by the tool, and not for a person to resume."""


def stop(
    connection: Connection,
    mailing_id: int,
    reason: str,
    *,
    by: str,
    now: datetime,
    resume_at: datetime | None = None,
) -> None:
    """Pause a mailing, until a person resumes it or, with `resume_at`, until then.

    One that a person has paused or cancelled stays as it is. Only a new pause is audited.
    """
    is_open = and_(mailings.c.id == mailing_id, mailings.c.state == "open")
    values = {
        "state": "paused",
        "state_reason": reason,
        "state_by": by,
        "state_at": now,
        "resume_at": resume_at,
    }
    if connection.execute(update(mailings).where(is_open).values(values)).rowcount:
        audit.note(connection, "mailing paused", by=by, now=now, mailing=mailing_id, reason=reason)
        return
    prolonged = and_(mailings.c.id == mailing_id, _BY_ITSELF)
    connection.execute(update(mailings).where(prolonged).values(values))


def go_on(connection: Connection, mailing_id: int, *, now: datetime) -> None:
    """Open a mailing again that waited for its provider; another one stays as it is."""
    waited = and_(mailings.c.id == mailing_id, _BY_ITSELF)
    values = {
        "state": "open",
        "state_reason": "",
        "state_by": TOOL,
        "state_at": now,
        "resume_at": None,
    }
    if connection.execute(update(mailings).where(waited).values(values)).rowcount:
        audit.note(connection, "mailing resumed", by=TOOL, now=now, mailing=mailing_id)
