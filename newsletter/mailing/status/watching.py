"""One mailing as it is at this moment: where everybody is, how fast it goes, what it waits for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from newsletter.mailing.control import approval, quiet, standing
from newsletter.mailing.control.standing import Standing
from newsletter.mailing.ledger.books import Summary, read_summary
from newsletter.mailing.ledger.told import Told, read_told
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import accounts, batches, mailings

_WINDOW: Final = timedelta(minutes=2)
"""How far back the speed is measured: longer than one call to a slow provider."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What keeps it from going on, and until when; without a time, until somebody acts."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One mailing at one moment."""

    summary: Summary
    standing: Standing
    told: Told | None
    speed: float
    """People per second, over the last minutes."""
    waits: Waits | None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of it will be handed over any more."""
        return self.summary.accounts.finished

    @property
    def settled(self) -> int:
        """How many are not left to be handed over."""
        return self.summary.accounts.audience - self.summary.accounts.open

    @property
    def left(self) -> timedelta | None:
        """How long it takes at this speed; None when it does not move."""
        if not self.speed:
            return None
        return timedelta(seconds=self.summary.accounts.open / self.speed)


def view(
    store: Store, mailing_id: int, *, settings: Settings, now: datetime, with_told: bool = True
) -> View:
    """Look at a mailing, in one moment of the database; raises InputError for a wrong number."""
    with store.read() as connection:
        summary = read_summary(connection, mailing_id)
        stands = standing.read(connection, mailing_id)
        accepted = summary.accounts.accepted
        speed = _speed(connection, mailing_id, now)
        return View(
            summary,
            stands,
            read_told(connection, mailing_id, accepted) if with_told else None,
            speed,
            None if stands.finished else _waits(connection, stands, speed, settings, now),
        )


def _speed(connection: Connection, mailing_id: int, now: datetime) -> float:
    """Count who was in the calls that ended lately; a batch keeps when its call ended."""
    since = now - _WINDOW
    people, first = connection.execute(
        select(func.sum(batches.c.last - batches.c.first + 1), func.min(batches.c.handed_at)).where(
            batches.c.mailing_id == mailing_id,
            batches.c.state == "done",
            batches.c.lease_until.between(since, now),
        )
    ).one()
    if not people or first is None:
        return 0
    seconds: float = (now - max(first, since)).total_seconds()
    return int(people) / max(seconds, 1)


def _waits(
    connection: Connection, stands: Standing, speed: float, settings: Settings, now: datetime
) -> Waits | None:
    if stands.words(settings.time_zone, now):
        return None  # it says so itself
    if not stands.despite_quiet:
        end = quiet.ends(settings.sending.windows, settings.time_zone, now)
        if end:
            return Waits("quiet hours", end)
    row = connection.execute(
        select(mailings.c.digest, mailings.c.planned_by, mailings.c.sequence).where(
            mailings.c.id == stands.id
        )
    ).one()
    if doubt := approval.doubt(
        connection, stands.issue, row.digest, sender=row.planned_by, settings=settings
    ):
        return Waits(doubt)
    act = "newsletter worker" if row.sequence else f"newsletter send {stands.issue}"
    return _provider(connection, now) or _batches(connection, stands.id, act, speed, now)


def _provider(connection: Connection, now: datetime) -> Waits | None:
    """Tell when the accounts are left alone; which is this mailing's, nobody knows without keys."""
    rows = connection.execute(select(accounts.c.blocked_until, accounts.c.reason)).all()
    blocked = [row for row in rows if row.blocked_until and row.blocked_until > now]
    if not blocked or len(blocked) < len(rows):
        return None
    first = min(blocked, key=lambda row: row.blocked_until)
    return Waits(first.reason or "the provider asked to wait", first.blocked_until)


def _batches(
    connection: Connection, mailing_id: int, act: str, speed: float, now: datetime
) -> Waits | None:
    """Tell whether anybody is at work on it, and if not, what the next batch waits for."""
    open_ = batches.c.mailing_id == mailing_id
    at_work = select(func.count()).where(
        open_, batches.c.state == "handing_over", batches.c.owner != "", batches.c.lease_until > now
    )
    if connection.scalar(at_work) or speed:
        return None
    left = batches.c.state.in_(("planned", "handing_over"))
    ready = select(func.count()).where(open_, left, func.coalesce(batches.c.not_before, now) <= now)
    if not connection.scalar(ready):
        query = select(batches.c.not_before, batches.c.reason).where(open_, left)
        row = connection.execute(query.order_by(batches.c.not_before).limit(1)).first()
        if row:
            return Waits(row.reason or "the provider asked to wait", row.not_before)
    return Waits(f"nobody sends it at this moment: {act}")
