"""How many mails an account may be given on which day: its daily limit, and its warm-up.

A new account that begins with a flood is taken for a spammer's. Its warm-up goes on by one step on
each day on which something was sent: days of rest warm nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import count, islice
from typing import Final

from sqlalchemy import select

from newsletter.providers import Pace
from newsletter.store import Store
from newsletter.store.schema import accounts, buckets

_MOST_DAYS: Final = 10_000
"""Nobody is told more than that."""


@dataclass(frozen=True, slots=True)
class Today:
    """How far an account is."""

    step: int
    """Of its warm-up, from 0; the last one stands for all later days."""
    used: int
    """Mails that it was given today."""


def quota(pace: Pace, step: int) -> int | None:
    """Give how many mails a day may bring at a step of the warm-up; None: any number."""
    return pace.warm_up[step] if step < len(pace.warm_up) else pace.per_day


def today(begun: date | None, last: date, used: int, day: date) -> Today:
    """Tell how far an account is on a day, from the days of its first and its last mails.

    `begun` has been moved on by every day of rest. A `last` day that is yet to come was written
    when the clock was wrong; it counts as this day, so that no day's mails are given twice.
    """
    step = max((last - begun).days, 0) if begun else 0
    if last < day:
        return Today(step + 1 if begun else 0, 0)
    return Today(step, used)


def coming(pace: Pace, at: Today) -> Iterator[int | None]:
    """Give how many mails may leave on each day from today on; None: any number."""
    used = at.used
    for step in count(at.step):
        allowed = quota(pace, step)
        yield None if allowed is None else max(allowed - used, 0)
        used = 0


def days_needed(mails: int, pace: Pace, at: Today = Today(0, 0)) -> int:
    """Count the days on which a mailing leaves, today included; 1 where no limit is in its way."""
    left = mails
    for day, allowed in enumerate(islice(coming(pace, at), _MOST_DAYS), start=1):
        if allowed is None or left <= allowed:
            return day
        left -= allowed
    return _MOST_DAYS


def standing(store: Store, account: str, zone: tzinfo, now: datetime) -> Today:
    """Look up how far an account is."""
    with store.read() as connection:
        begun = connection.scalar(
            select(accounts.c.warm_since).where(accounts.c.account == account)
        )
        row = connection.execute(
            select(buckets).where(buckets.c.account == account, buckets.c.span == "day")
        ).one_or_none()
    if row is None:
        return Today(0, 0)
    return today(
        begun.astimezone(zone).date() if begun else None,
        row.changed_at.astimezone(zone).date(),
        round(-row.level),
        now.astimezone(zone).date(),
    )


def begun_at(step: int, zone: tzinfo, last: datetime) -> datetime:
    """Give the time of a first mail that makes the day of the last one that of a step."""
    local = last.astimezone(zone)
    day = local.date() - timedelta(days=step)
    return datetime.combine(day, local.time(), zone).astimezone(UTC)


def midnight(zone: tzinfo, now: datetime) -> datetime:
    """Tell when the next day begins."""
    day = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
