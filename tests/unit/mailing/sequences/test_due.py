from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.mailing.sequences.due import Timing

HELSINKI = ZoneInfo("Europe/Helsinki")
HOURS = st.integers(0, 24 * 12).map(lambda count: timedelta(hours=count))
OFFSETS = st.one_of(HOURS, st.integers(0, 12 * 24 * 60).map(lambda count: timedelta(minutes=count)))
SPRING = datetime(2026, 3, 20, tzinfo=UTC)
TIMES = st.integers(0, 330_000).map(lambda count: SPRING + timedelta(minutes=count))
"""Seven months, with both changes of the clock."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


@given(TIMES, OFFSETS, st.none() | st.times(), OFFSETS)
@example(utc("2026-03-28 23:30"), timedelta(days=1), time(3, 30), timedelta(hours=28))
@example(utc("2026-10-24 23:30"), timedelta(hours=4), time(3, 30), timedelta(hours=28))
def test_somebody_is_due_exactly_when_the_clock_reaches_them(
    began: datetime, offset: timedelta, at: time | None, passed: timedelta
) -> None:
    timing = Timing(offset, at.replace(tzinfo=None) if at else None, HELSINKI)
    now = began + passed

    assert (timing.due(began) <= now) == (began <= timing.reach(now))


@pytest.mark.parametrize(
    ("offset", "at", "began", "due"),
    [
        (timedelta(), None, "2026-03-02 15:00", "2026-03-02 15:00"),
        (timedelta(days=3), None, "2026-03-02 15:00", "2026-03-05 15:00"),
        (timedelta(days=3), time(9), "2026-03-02 15:00", "2026-03-05 09:00"),
        (timedelta(days=3), time(18), "2026-03-02 15:00", "2026-03-05 18:00"),
        (timedelta(hours=12), time(9), "2026-03-02 15:00", "2026-03-03 09:00"),
        (timedelta(), time(9), "2026-03-02 08:00", "2026-03-02 09:00"),
        # Nine o'clock of the day on which it falls due is over: at once.
        (timedelta(), time(9), "2026-03-02 15:00", "2026-03-02 15:00"),
        # Over a change of the clock it is still nine o'clock, three days later.
        (timedelta(days=3), time(9), "2026-03-27 23:30", "2026-03-30 09:00"),
        (timedelta(days=3), time(9), "2026-10-23 23:30", "2026-10-26 09:00"),
    ],
)
def test_a_step_falls_due_after_a_while_or_at_a_time_of_that_day(
    offset: timedelta, at: time | None, began: str, due: str
) -> None:
    assert Timing(offset, at, HELSINKI).due(utc(began)) == utc(due)
