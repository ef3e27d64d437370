"""When mails were handed over, in stretches of time that a chart can show."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, case, func, select

from newsletter.reporting.figures import Slot, Timeline
from newsletter.store.schema import batches, results

_MOST: Final = 60
"""Stretches in a chart, unless there are more days than that."""
_STEPS: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


def read(connection: Connection, mailings: Sequence[int], zone: str) -> Timeline:
    """Count acceptances by when their bytes were first handed over, or by when that was recorded.

    The latter where the batch has gone out again since, with whoever was not taken at first.
    """
    moment = case(
        (results.c.recorded_at < batches.c.handed_at, results.c.recorded_at),
        else_=func.coalesce(batches.c.handed_at, results.c.recorded_at),
    ).label("moment")
    each = (
        select(moment)
        .select_from(batches)
        .join(results, results.c.delivery_id.between(batches.c.first, batches.c.last))
        .where(batches.c.mailing_id.in_(mailings), results.c.state == "accepted")
        .subquery()
    )
    minutes: dict[datetime, int] = {}
    first = last = None
    for when, people in connection.execute(
        select(each.c.moment, func.count()).group_by(each.c.moment)
    ):
        minute = when.replace(second=0, microsecond=0)
        minutes[minute] = minutes.get(minute, 0) + people
        first, last = min(first or when, when), max(last or when, when)
    return cut(minutes, zone, first, last)


def cut(
    minutes: Mapping[datetime, int], zone: str, first: datetime | None, last: datetime | None
) -> Timeline:
    """Put minutes into equal stretches without a gap, that begin where a local clock is round."""
    if not minutes:
        return Timeline(_MINUTE, ())
    start, end = min(minutes), max(minutes)
    step = next((step for step in _STEPS if (end - start) < step * _MOST), _DAY)
    begin = _round_down(start, step, zone)
    sums: dict[datetime, int] = dict.fromkeys(_stretches(begin, end, step), 0)
    for minute, people in minutes.items():
        sums[begin + (minute - begin) // step * step] += people
    return Timeline(step, tuple(Slot(*item) for item in sums.items()), first, last)


def _round_down(start: datetime, step: timedelta, zone: str) -> datetime:
    local = start.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0).astimezone(UTC)
    return midnight + (start - midnight) // step * step


def _stretches(begin: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while begin <= end:
        yield begin
        begin += step
