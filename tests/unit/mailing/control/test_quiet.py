from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailing.control import quiet
from newsletter.settings.sending import window

HELSINKI = ZoneInfo("Europe/Helsinki")


def ends(now: str, *hours: str) -> str | None:
    """Tell in Helsinki's time when it ends; `now` is Helsinki's, too, or has an offset."""
    moment = datetime.fromisoformat(now)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=HELSINKI)).astimezone(UTC)
    end = quiet.ends([window(text) for text in hours], "Europe/Helsinki", moment)
    return f"{end.astimezone(HELSINKI):%Y-%m-%d %H:%M%z}" if end else None


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-02T20:59:59", None),
        ("2026-03-02T21:00:00", "2026-03-03 07:00+0200"),
        ("2026-03-03T00:00:00", "2026-03-03 07:00+0200"),
        ("2026-03-03T06:59:59", "2026-03-03 07:00+0200"),
        ("2026-03-03T07:00:00", None),
        ("2026-03-03T12:00:00", None),
    ],
)
def test_hours_over_midnight_hold_until_the_morning(now: str, end: str | None) -> None:
    assert ends(now, "21:00-07:00") == end


def test_without_hours_it_is_never_quiet() -> None:
    assert ends("2026-03-02T23:00:00") is None


def test_windows_that_meet_are_one() -> None:
    # Friday evening, the weekend, and the night to Monday.
    hours = ("mon-fri 21:00-07:00", "sat-sun 00:00-24:00", "sun 21:00-07:00")

    assert ends("2026-03-06T22:00:00", *hours) == "2026-03-09 07:00+0200"


def test_days_are_those_of_the_start() -> None:
    assert ends("2026-03-07T03:00:00", "fri 21:00-07:00") == "2026-03-07 07:00+0200"
    assert ends("2026-03-08T03:00:00", "fri 21:00-07:00") is None


@pytest.mark.parametrize(
    ("now", "hours", "end"),
    [
        # Spring: 03:00 becomes 04:00, so the night is an hour shorter, and 03:30 never comes.
        ("2026-03-28T22:00:00", "21:00-07:00", "2026-03-29 07:00+0300"),
        ("2026-03-29T01:00:00", "00:00-03:30", "2026-03-29 04:30+0300"),
        # Autumn: 03:30 comes twice, and is quiet both times.
        ("2026-10-25T03:20:00+03:00", "02:00-03:30", "2026-10-25 03:30+0200"),
        ("2026-10-25T03:20:00+02:00", "02:00-03:30", "2026-10-25 03:30+0200"),
        ("2026-10-25T03:40:00+03:00", "02:00-03:30", "2026-10-25 03:30+0200"),
        ("2026-10-25T03:40:00+02:00", "02:00-03:30", None),
        ("2026-10-24T22:00:00", "21:00-07:00", "2026-10-25 07:00+0200"),
    ],
)
def test_it_is_right_when_clocks_are_turned(now: str, hours: str, end: str | None) -> None:
    assert ends(now, hours) == end


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
        lambda when: when.replace(tzinfo=UTC)
    ),
    hours=st.sampled_from(
        [("21:00-07:00",), ("mon-fri 18:00-08:00", "sat-sun 00:00-24:00"), ("02:00-03:30",)]
    ),
)
def test_what_ends_has_ended_then(now: datetime, hours: tuple[str, ...]) -> None:
    windows = [window(text) for text in hours]

    end = quiet.ends(windows, "Europe/Helsinki", now)

    if end is not None:
        assert now < end < now + timedelta(days=4)
        assert quiet.ends(windows, "Europe/Helsinki", end) is None
        assert quiet.ends(windows, "Europe/Helsinki", end - timedelta(seconds=1)) == end
