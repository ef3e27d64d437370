"""What keeps a mailing from being handed over now: looked at in the transaction of each claim.

So what a person wishes, or a brake decides, is obeyed before the next hand-over, by every run on
every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, exists, select

from newsletter.mailing.control import approval, quiet
from newsletter.mailing.control.schedule import said
from newsletter.settings import Settings
from newsletter.store import home, migrations
from newsletter.store.schema import batches, mailings

LOOK: Final = timedelta(minutes=1)
"""How often a waiting run looks whether what held it is over."""

BRAKE: Final = "the brake"
"""Stands as `state_by` on a mailing that stopped by itself, for too many bounces or complaints."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing may be handed over, and until when; without a time, until a person acts."""

    reason: str
    until: datetime | None = None


Look = Callable[[Connection, datetime], Hold | None]
"""Says what holds a mailing now, if anything."""


def wishes(mailing_id: int, *, here: str, settings: Settings | None = None) -> Look:
    """Look at whatever holds a mailing; `here` is where the database lies (`store.home.place`).

    Another version of the tool, another place, what people wish of it (paused, cancelled, not
    before, not later than), and by the settings an approval that is missing and quiet hours.
    """
    approved: set[str] = set()

    def look(connection: Connection, now: datetime) -> Hold | None:
        if hold := _tool(connection, here, now):
            return hold
        row = connection.execute(select(mailings).where(mailings.c.id == mailing_id)).one()
        zone = settings.time_zone if settings else "UTC"
        if hold := _state(row, now) or _schedule(connection, row, now, zone):
            return hold
        if settings is None:
            return None
        return _approval(connection, row, settings, approved) or _quiet(row, settings, now)

    return look


def has_begun(connection: Connection, mailing_id: int) -> bool:
    """Tell whether anything of a mailing has been handed over, or settled otherwise."""
    tried = exists().where(batches.c.mailing_id == mailing_id, batches.c.attempt > 0)
    return bool(connection.execute(select(tried)).scalar())


def _tool(connection: Connection, here: str, now: datetime) -> Hold | None:
    if not migrations.is_current(connection):
        return Hold("another version of the tool has changed the database: start that one")
    if reason := home.look(connection, here, now=now):
        return Hold(f"{reason}; newsletter db adopt")
    return None


def _state(row: Any, now: datetime) -> Hold | None:  # noqa: ANN401 - a row
    if row.state == "open" or (row.resume_at is not None and row.resume_at <= now):
        return None
    reason = f"{row.state} by {row.state_by}" + (
        f": {row.state_reason}" if row.state_reason else ""
    )
    return Hold(reason, row.resume_at if row.state == "paused" else None)


def _schedule(connection: Connection, row: Any, now: datetime, zone: str) -> Hold | None:  # noqa: ANN401 - a row
    early = row.not_before is not None and now < row.not_before
    late = row.latest is not None and now > row.latest
    # One that has begun goes on, also when the clock is set back.
    if not (early or late) or has_begun(connection, row.id):
        return None
    if early:
        return Hold("scheduled", row.not_before)
    return Hold(f"it was to begin by {said(row.latest, zone)}; newsletter resume {row.id}")


def _approval(
    connection: Connection,
    row: Any,  # noqa: ANN401 - a row
    settings: Settings,
    approved: set[str],
) -> Hold | None:
    """Ask until it is approved; nobody takes an approval back."""
    if settings.sending.approval in approved:
        return None
    reason = approval.doubt(
        connection, row.issue, row.digest, sender=row.planned_by, settings=settings
    )
    if reason:
        return Hold(reason)
    approved.add(settings.sending.approval)
    return None


def _quiet(row: Any, settings: Settings, now: datetime) -> Hold | None:  # noqa: ANN401 - a row
    if row.despite_quiet or not settings.sending.quiet:
        return None
    end = quiet.ends(settings.sending.windows, settings.time_zone, now)
    return Hold("quiet hours", end) if end else None
