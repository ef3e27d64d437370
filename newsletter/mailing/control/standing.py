"""Where a mailing stands: what it waits for, and by whose wish."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select

from newsletter.errors import InputError
from newsletter.mailing.control.holds import has_begun
from newsletter.mailing.control.schedule import said
from newsletter.store import Store
from newsletter.store.schema import batches, mailings


@dataclass(frozen=True, slots=True)
class Standing:
    """One mailing and what is wished of it; times are aware, in UTC."""

    id: int
    issue: str
    lists: tuple[str, ...]
    provider: str
    state: str
    """open, paused or cancelled."""
    reason: str
    by: str
    at: datetime | None
    resume_at: datetime | None
    not_before: datetime | None
    latest: datetime | None
    despite_quiet: bool
    begun: bool
    """Something of it has been handed over."""
    finished: bool
    """Nothing is left to be handed over."""

    def is_paused(self, now: datetime) -> bool:
        """Tell whether it rests until somebody resumes it, or the pause ends by itself."""
        return self.state == "paused" and (self.resume_at is None or self.resume_at > now)

    def is_early(self, now: datetime) -> bool:
        """Tell whether its time is yet to come."""
        waits = not (self.begun or self.finished or self.state == "cancelled")
        return waits and self.not_before is not None and now < self.not_before

    def is_missed(self, now: datetime) -> bool:
        """Tell whether its time went by without a run."""
        waits = not (self.begun or self.finished or self.state == "cancelled")
        return waits and self.latest is not None and now > self.latest

    def words(self, zone: str, now: datetime) -> str:
        """Say what holds it, for staff; empty when nothing does."""
        if self.state == "cancelled" or self.is_paused(now):
            when = f" on {said(self.at, zone)}" if self.at else ""
            until = f", until {said(self.resume_at, zone)}" if self.resume_at else ""
            why = f": {self.reason}" if self.reason else ""
            return f"{self.state} by {self.by}{when}{until}{why}"
        if self.is_early(now) and self.not_before:
            return f"scheduled for {said(self.not_before, zone)}"
        if self.is_missed(now) and self.latest:
            return f"missed: it was to begin by {said(self.latest, zone)}"
        return ""


def standing_of(store: Store, mailing_id: int) -> Standing:
    """Look up one mailing; raises InputError when there is none of that number."""
    with store.read() as connection:
        return read(connection, mailing_id)


def standings_of(store: Store, issue: str) -> list[Standing]:
    """Look up all mailings of an issue, the oldest first."""
    query = select(mailings).where(mailings.c.issue == issue).order_by(mailings.c.id)
    with store.read() as connection:
        return [_from(connection, row) for row in connection.execute(query).all()]


def read(connection: Connection, mailing_id: int) -> Standing:
    """Do what `standing_of` does in the caller's transaction."""
    row = connection.execute(select(mailings).where(mailings.c.id == mailing_id)).one_or_none()
    if row is None:
        raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
    return _from(connection, row)


def _from(connection: Connection, row: Any) -> Standing:  # noqa: ANN401 - a row
    left = exists().where(
        batches.c.mailing_id == row.id, batches.c.state.in_(("planned", "handing_over"))
    )
    return Standing(
        id=row.id,
        issue=row.issue,
        lists=tuple(row.lists),
        provider=row.provider,
        state=row.state,
        reason=row.state_reason,
        by=row.state_by,
        at=row.state_at,
        resume_at=row.resume_at,
        not_before=row.not_before,
        latest=row.latest,
        despite_quiet=row.despite_quiet,
        begun=has_begun(connection, row.id),
        finished=not connection.execute(select(left)).scalar(),
    )
