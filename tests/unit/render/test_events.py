"""Calendar files, read back as a reader's calendar would."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.issue.event import Event
from newsletter.issue.texts import blank
from newsletter.render import Gallery
from newsletter.render.encoding import clean
from newsletter.render.events import Calendars, calendar, plate
from newsletter.testing import make_settings

HELSINKI = ZoneInfo("Europe/Helsinki")
UID = "abc@example.fi"


def event(**parts: str) -> Event:
    return Event.model_validate({"title": "Seminaari", "starts": "2026-03-04T18:00"} | parts)


def entry(content: bytes) -> Any:  # noqa: ANN401 - its properties are of thirty types
    """Read a file strictly, and give its one event."""
    (found,) = icalendar.Calendar.from_ical(content.decode()).events
    assert isinstance(found, icalendar.Event)
    return found


def offset_in_file(content: bytes, local: datetime) -> timedelta:
    """Give a local time's offset from UTC by the file's own time zone, not by ours."""
    (zone,) = icalendar.Calendar.from_ical(content.decode()).timezones
    found = zone.to_tz(lookup_tzid=False).utcoffset(local.replace(tzinfo=None))
    assert isinstance(found, timedelta)
    return found


def test_a_file_says_what_the_event_says() -> None:
    made = calendar(
        event(
            ends="2026-03-04T20:00",
            place="Sysmän kirjasto, Valittulantie 5",
            url="https://example.fi/seminaari",
            body="Kahvia **ja** [ohjelma](https://example.fi/ohjelma).\n\nTervetuloa!",
        ),
        UID,
    )

    found = entry(made)
    assert found["SUMMARY"] == "Seminaari"
    assert found.start == datetime(2026, 3, 4, 18, tzinfo=HELSINKI)
    assert found.end == datetime(2026, 3, 4, 20, tzinfo=HELSINKI)
    assert found["DTSTART"].params["TZID"] == "Europe/Helsinki"
    assert found["LOCATION"] == "Sysmän kirjasto, Valittulantie 5"
    assert found["URL"] == "https://example.fi/seminaari"
    assert found["DESCRIPTION"] == (
        "Kahvia ja ohjelma\u00a0[1].\n\nTervetuloa!\n\n[1] https://example.fi/ohjelma"
    )
    assert found["UID"] == UID


def test_a_file_keeps_to_the_form_that_calendars_read() -> None:
    made = calendar(event(title="Työtori; " + "äö, " * 60), UID)

    assert made.startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"VERSION:2.0\r\n" in made
    assert b"PRODID:-//" in made
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    assert made.count(b"\n") == made.count(b"\r\n")


def test_the_same_event_gives_the_same_bytes() -> None:
    assert calendar(event(place="Tori"), UID) == calendar(event(place="Tori"), UID)
    assert calendar(event(place="Tori"), UID) != calendar(event(place="Sali"), UID)


def test_a_file_is_stamped_before_its_event() -> None:
    stamp = entry(calendar(event(), UID)).DTSTAMP

    assert stamp == datetime(2025, 1, 1, tzinfo=UTC)


def test_whole_days_end_on_the_day_after_the_last_as_the_standard_wants() -> None:
    found = entry(calendar(event(starts="2026-05-04", ends="2026-05-08"), UID))

    assert found["DTSTART"].dt == date(2026, 5, 4)
    assert found["DTEND"].dt == date(2026, 5, 9)


def test_an_event_without_an_end_has_none() -> None:
    assert "DTEND" not in entry(calendar(event(), UID))
    assert "DTEND" not in entry(calendar(event(starts="2026-05-04"), UID))


@pytest.mark.parametrize(
    ("local", "hours"),
    [
        ("2026-03-29T02:59", 2),  # the last minute of winter time
        ("2026-03-29T04:00", 3),
        ("2026-03-28T18:00", 2),
        ("2026-07-01T12:00", 3),
        ("2026-10-25T02:59", 3),
        ("2026-10-25T04:00", 2),  # the first hour that comes only once
        ("2026-10-25T18:00", 2),
        ("2026-01-01T00:00", 2),
        ("2026-12-31T23:59", 2),
        ("2031-06-01T09:00", 3),
    ],
)
def test_the_file_s_own_time_zone_is_right_on_both_sides_of_summer_time(
    local: str, hours: int
) -> None:
    made = calendar(event(starts=local), UID)

    at = datetime.fromisoformat(local)
    assert offset_in_file(made, at) == timedelta(hours=hours)
    assert entry(made).start == at.replace(tzinfo=HELSINKI)


def test_an_event_over_the_change_of_clocks_lasts_as_long_as_it_does() -> None:
    night = event(starts="2026-03-28T22:00", ends="2026-03-29T06:00")

    found = entry(calendar(night, UID))
    assert found.end.astimezone(UTC) - found.start.astimezone(UTC) == timedelta(hours=7)


def test_another_time_zone_is_in_the_file_as_well() -> None:
    abroad = Event.model_validate(
        {"title": "Möte", "starts": "2026-03-04T18:00"}, context={"time_zone": "Europe/Stockholm"}
    )

    made = calendar(abroad, UID)
    assert b"TZID:Europe/Stockholm" in made
    assert offset_in_file(made, datetime(2026, 3, 4, 18, tzinfo=HELSINKI)) == timedelta(hours=1)


def test_an_event_in_utc_needs_no_time_zone() -> None:
    made = calendar(
        Event.model_validate(
            {"title": "Call", "starts": "2026-03-04T18:00"}, context={"time_zone": "UTC"}
        ),
        UID,
    )

    assert b"DTSTART:20260304T180000Z" in made


LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).filter(
    lambda text: not blank(text) and clean(text) == text and "{" not in text
)


@given(title=LINES, place=LINES)
def test_any_text_comes_back_from_the_file_and_adds_no_line_of_its_own(
    title: str, place: str
) -> None:
    made = calendar(event(title=title, place=place), UID)

    found = entry(made)
    assert found["SUMMARY"] == title.strip()
    assert found["LOCATION"] == place.strip()
    assert set(found) <= {"UID", "DTSTAMP", "SUMMARY", "DTSTART", "LOCATION"}


@given(
    st.datetimes(
        min_value=datetime(1980, 1, 1), max_value=datetime(2037, 12, 30),  # noqa: DTZ001 - local
    )
)  # fmt: skip
def test_at_any_time_the_file_means_the_same_moment_as_the_issue(local: datetime) -> None:
    local = local.replace(second=0, microsecond=0)
    early, late = local.replace(tzinfo=HELSINKI), local.replace(tzinfo=HELSINKI, fold=1)
    if early.utcoffset() != late.utcoffset():
        return  # skipped or told twice by the clock: reading the issue refuses it

    made = calendar(event(starts=local.isoformat(timespec="minutes")), UID)

    assert offset_in_file(made, local) == early.utcoffset()


def files(*events: Event, issue: str = "kirje") -> tuple[list[str], Gallery]:
    gallery = Gallery([], "https://kirje.example.fi/media")
    calendars = Calendars(gallery, issue, make_settings(), events, str)
    return [calendars.url(each) for each in events], gallery


def uids(gallery: Gallery) -> list[str]:
    return [str(entry(content)["UID"]) for content in gallery.files.values()]


def test_a_file_is_named_by_its_content_and_published_with_the_images() -> None:
    urls, gallery = files(event())

    (name,) = gallery.files
    assert urls == [f"https://kirje.example.fi/media/{name}"]
    assert name.endswith(".ics")


def test_an_event_has_one_name_in_every_language_and_after_its_text_was_mended() -> None:
    _, finnish = files(event(title="Seminaari"))
    _, swedish = files(event(title="Seminarium", place="Sysmä bibliotek"))

    assert uids(finnish) == uids(swedish)
    assert uids(finnish)[0].endswith("@example.fi")


def test_two_events_never_share_a_name() -> None:
    same = event(), event(title="Toisaalla"), event(starts="2026-03-05T18:00")
    _, gallery = files(*same)
    _, other = files(event(), issue="toinen")

    assert len({*uids(gallery), *uids(other)}) == 4


def test_where_files_travel_in_the_mail_itself_no_link_is_offered() -> None:
    gallery = Gallery([], lambda name: f"cid:{name}")
    made = Calendars(gallery, "kirje", make_settings(), [found := event()], str)

    assert made.url(found) == ""


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:00"])
def test_a_time_that_no_calendar_reaches_is_named(end: str) -> None:
    start = end.replace("31", "30")

    with pytest.raises(InputError, match="no calendar reaches the time of the event 'Seminaari'"):
        files(event(starts=start, ends=end))


@pytest.mark.parametrize(
    ("language", "month"), [("fi", "maalis"), ("sv", "mars"), ("en", "Mar"), ("zz", "Mar")]
)
def test_a_date_plate_speaks_the_reader_s_language(language: str, month: str) -> None:
    leaf = plate(datetime(2026, 3, 4, 18, tzinfo=HELSINKI), language)

    assert (leaf.day, leaf.month) == ("4", month)
    assert plate(date(2026, 3, 14), language).day == "14"
