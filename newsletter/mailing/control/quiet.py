"""Quiet hours: whether it is a time in which nothing goes out, and when that ends."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from newsletter.settings.sending import Window

_DAY: Final = timedelta(days=1)
_MOST: Final = 8
"""Days that windows can join to one long one: the settings leave some time in every week."""


def ends(windows: Sequence[Window], zone: str, now: datetime) -> datetime | None:
    """Tell when the quiet hours end that `now` lies in (aware, UTC); None when it lies in none.

    Where clocks are turned, the longer reading holds: hours that come twice are quiet both times.
    """
    until = now
    for _ in range(_MOST * max(len(windows), 1)):
        later = max(
            (end for start, end in _around(windows, zone, until) if start <= until < end),
            default=None,
        )
        if later is None:
            break
        until = later
    return until if until > now else None


def _around(
    windows: Sequence[Window], zone: str, moment: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Give the windows that began on the day of that moment or on the day before, in UTC."""
    today = moment.astimezone(ZoneInfo(zone)).date()
    for window in windows:
        for day in (today - _DAY, today):
            if day.weekday() in window.days:
                yield _stretch(window, day, ZoneInfo(zone))


def _stretch(window: Window, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last = day if window.end > window.start else day + _DAY
    start = datetime.combine(day, window.start, zone)
    end = datetime.combine(last, window.end, zone)
    return min(_readings(start)), max(_readings(end))


def _readings(local: datetime) -> tuple[datetime, datetime]:
    """Give both times that a clock shows this; they differ only in the hour of a change."""
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
