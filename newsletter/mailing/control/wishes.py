"""What people wish of a mailing: pause, resume, another time. Each is a line in the audit log.

A wish is obeyed before the next hand-over: once one of these has returned, no run on any machine
begins another call against it. Calls that are under way come to their end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from newsletter.errors import InputError
from newsletter.mailing.control import standing
from newsletter.mailing.control.holds import BRAKE
from newsletter.mailing.control.schedule import Schedule
from newsletter.mailing.control.standing import Standing
from newsletter.register import audit
from newsletter.store import Store
from newsletter.store.schema import mailings


def pause(store: Store, mailing_id: int, *, by: str, now: datetime, reason: str = "") -> Standing:
    """Hand nothing of it over until somebody resumes it.

    Raises InputError for a mailing that is finished or cancelled.
    """
    with _changing(store, mailing_id) as (connection, found):
        _refuse_over(found, "pause")
        _set(connection, mailing_id, now, by=by, state="paused", state_reason=reason)
        audit.note(connection, "mailing paused", by=by, now=now, mailing=mailing_id)
        return standing.read(connection, mailing_id)


def resume(store: Store, mailing_id: int, *, by: str, now: datetime, reason: str = "") -> Standing:
    """Let it go on: after a pause, after a brake (whose count begins anew), after a missed time.

    A time that is yet to come stays. Raises InputError when nothing holds it, or it is over.
    """
    with _changing(store, mailing_id) as (connection, found):
        _refuse_over(found, "resume")
        missed = found.is_missed(now)
        if found.state != "paused" and not missed:
            raise InputError(
                f"mailing {mailing_id} is neither paused nor late",
                hint=f"it goes out by: newsletter send {found.issue}"
                + (" --now" if found.is_early(now) else ""),
            )
        values: dict[str, Any] = {"state": "open", "state_reason": reason}
        if missed:
            values |= {"latest": None}
        if found.by == BRAKE:
            values |= {"brake_from": now}
        _set(connection, mailing_id, now, by=by, **values)
        audit.note(connection, "mailing resumed", by=by, now=now, mailing=mailing_id)
        return standing.read(connection, mailing_id)


def reschedule(
    store: Store, mailing_id: int, times: Schedule | None, *, by: str, now: datetime
) -> Standing:
    """Give a mailing that has not begun another time; None: as soon as there is a run."""
    with _changing(store, mailing_id) as (connection, found):
        _refuse_over(found, "reschedule")
        if found.begun:
            raise InputError(
                f"mailing {mailing_id} has begun",
                hint=f"to interrupt it: newsletter pause {mailing_id}",
            )
        values = {
            "not_before": times.at if times else None,
            "latest": times.latest if times else None,
        }
        connection.execute(update(mailings).where(mailings.c.id == mailing_id).values(values))
        audit.note(
            connection,
            "mailing rescheduled",
            by=by,
            now=now,
            mailing=mailing_id,
            at=times.at.isoformat() if times else None,
        )
        return standing.read(connection, mailing_id)


def mail_despite_quiet(store: Store, mailing_id: int, *, by: str, now: datetime) -> None:
    """Let a mailing go out in the quiet hours, too."""
    with _changing(store, mailing_id) as (connection, _):
        values = {"despite_quiet": True}
        connection.execute(update(mailings).where(mailings.c.id == mailing_id).values(values))
        audit.note(connection, "quiet hours overruled", by=by, now=now, mailing=mailing_id)


@contextmanager
def _changing(store: Store, mailing_id: int) -> Iterator[tuple[Connection, Standing]]:
    """Change a mailing while no claim is half made: a writer's turn is its own."""
    with store.begin() as connection:
        yield connection, standing.read(connection, mailing_id)


def _refuse_over(found: Standing, act: str) -> None:
    if found.state == "cancelled":
        raise InputError(
            f"mailing {found.id} is cancelled: there is nothing to {act}",
            hint=f"whoever did not get it is mailed by: newsletter send {found.issue}",
        )
    if found.finished:
        raise InputError(
            f"mailing {found.id} is finished: there is nothing to {act}",
            hint=f"see where everybody is: newsletter status {found.id}",
        )


def _set(connection: Connection, mailing_id: int, now: datetime, *, by: str, **values: Any) -> None:  # noqa: ANN401 - column values
    connection.execute(
        update(mailings)
        .where(mailings.c.id == mailing_id)
        .values(state_by=by, state_at=now, resume_at=None, **values)
    )
