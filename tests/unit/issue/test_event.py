from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from newsletter.issue import read
from newsletter.issue.event import Event
from newsletter.testing.issues import FIELDS


def event(starts: str, ends: str | None = None, zone: str = "Europe/Helsinki") -> Event:
    values = {"title": "A", "starts": starts} | ({"ends": ends} if ends else {})
    return Event.model_validate(values, context={"fields": FIELDS, "time_zone": zone})


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-03-04T18:00", "2026-03-04T16:00"),
        ("2026-03-04 18:00", "2026-03-04T16:00"),
        (" 2026-03-04 18:00 ", "2026-03-04T16:00"),
        ("2026-07-04T18:00:00", "2026-07-04T15:00"),
        ("2026-03-04T18:00Z", "2026-03-04T18:00"),
        ("2026-03-04T18:00+01:00", "2026-03-04T17:00"),
        ("2026-03-04 18:00 +0100", "2026-03-04T17:00"),
        ("2026-10-25T03:30+03:00", "2026-10-25T00:30"),
        ("2026-10-25T03:30+02:00", "2026-10-25T01:30"),
    ],
)
def test_a_time_is_local_unless_it_says_otherwise(written: str, utc: str) -> None:
    starts = event(written).starts

    assert isinstance(starts, datetime)
    assert starts.astimezone(UTC).isoformat(timespec="minutes") == f"{utc}+00:00"
    assert str(starts.tzinfo) == "Europe/Helsinki"


def test_a_date_alone_is_a_whole_day() -> None:
    whole = event("2026-03-04", "2026-03-04")

    assert (type(whole.starts), whole.starts, whole.ends) == (
        date, date(2026, 3, 4), date(2026, 3, 4),
    )  # fmt: skip


@pytest.mark.parametrize("written", ["2026-03-04", "2026-03-04T18:00", "2026-10-25T03:30+02:00"])
def test_an_event_made_from_an_event_is_the_same(written: str) -> None:
    made = event(written)

    assert Event.model_validate(made.model_dump(exclude_defaults=True)) == made


def test_the_zone_of_the_settings_is_used() -> None:
    data = b"subject: A\nblocks:\n  - event: {title: A, starts: 2026-03-04T18:00}\n"

    document = read(
        data, "a.yaml", fields=FIELDS, default_language="fi", time_zone="Europe/Stockholm"
    )

    (block,) = document.issue.blocks
    assert isinstance(block, Event)
    assert isinstance(block.starts, datetime)
    assert block.starts.utcoffset() == timedelta(hours=1)


def test_an_event_over_the_end_of_summer_time_lasts_as_long_as_it_lasts() -> None:
    night = event("2026-10-25T02:30", "2026-10-25T04:30")

    assert isinstance(night.starts, datetime)
    assert isinstance(night.ends, datetime)
    assert night.ends.astimezone(UTC) - night.starts.astimezone(UTC) == timedelta(hours=3)


def test_times_are_compared_as_moments_not_as_clocks_show_them() -> None:
    first, second = "2026-10-25T03:40+03:00", "2026-10-25T03:20+02:00"

    assert event(first, second).ends is not None
    with pytest.raises(ValidationError, match="ends before it starts"):
        event(second, first)


def told(starts: str) -> str:
    """Give what is wrong with a time, with the hint; empty when nothing is."""
    try:
        event(starts)
    except ValidationError as error:
        return " ".join(
            f"{item['ctx']['message']}: {item['ctx']['hint']}" for item in error.errors()
        )
    return ""


@pytest.mark.parametrize("edge", ["0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00+14:00"])
def test_the_edges_of_the_calendar_are_a_time_or_a_fault(edge: str) -> None:
    assert told(edge) == "" or "there is no such day or time" in told(edge)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - local times
def test_any_local_minute_comes_back_as_written_or_is_a_fault(moment: datetime) -> None:
    written = moment.isoformat(timespec="minutes")
    if refused := told(written):
        assert "summer time" in refused
        return
    starts = event(written).starts

    assert isinstance(starts, datetime)
    assert starts.replace(tzinfo=None).isoformat(timespec="minutes") == written
    again = starts.astimezone(UTC).astimezone(starts.tzinfo)
    assert again.replace(tzinfo=None) == starts.replace(tzinfo=None)


@given(st.text(alphabet="0123456789.-:T /klo+Z", max_size=24) | st.text(max_size=20))
def test_any_text_is_a_time_or_a_fault_with_a_hint(text: str) -> None:
    assert told(text) == "" or ": " in told(text)
