from datetime import UTC, datetime

import pytest

from newsletter.errors import InputError
from newsletter.mailing import read_schedule, said
from newsletter.mailing.control.schedule import moment
from newsletter.testing import NOW, make_settings

ZONE = "Europe/Helsinki"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01 09:00", "07:00"),
        ("2026-07-01T09:00", "06:00"),
        ("2026-12-01T09:00Z", "09:00"),
        ("2026-12-01T09:00:00+05:30", "03:30"),
    ],
)
def test_a_time_is_the_workspaces_unless_it_says_its_offset(text: str, utc: str) -> None:
    found = moment(text, ZONE)

    assert found.tzinfo is UTC
    assert f"{found:%H:%M}" == utc


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("tomorrow", "no time", "2026-12-01 09:00"),
        ("2026-12-01", "has no hour", "2026-12-01 09:00"),
        ("2026-02-30 09:00", "no time", "2026-12-01 09:00"),
        ("2026-03-29 03:30", "does not exist", "04:30"),
        ("2026-10-25 03:30", "comes twice", "2026-10-25T03:30+03:00 or 2026-10-25T03:30+02:00"),
    ],
)
def test_what_is_no_one_time_is_refused_with_a_hint(text: str, words: str, hint: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        moment(text, ZONE)

    assert hint in caught.value.hint


def test_an_hour_that_comes_twice_can_be_said_with_its_offset() -> None:
    assert moment("2026-10-25T03:30+02:00", ZONE) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("latest", "end"),
    [
        (None, "Tue 2026-12-01 11:00"),
        ("90m", "Tue 2026-12-01 10:30"),
        ("11:30", "Tue 2026-12-01 11:30"),
        ("08:00", "Wed 2026-12-02 08:00"),
        ("2026-12-03 09:00", "Thu 2026-12-03 09:00"),
    ],
)
def test_how_late_is_a_length_an_hour_or_a_time(latest: str | None, end: str) -> None:
    found = read_schedule("2026-12-01 09:00", latest, make_settings(), now=NOW)

    assert said(found.latest, ZONE) == end


def test_how_late_is_set_in_the_settings() -> None:
    settings = make_settings(sending={"latest": "1d"})

    found = read_schedule("2026-12-01 09:00", None, settings, now=NOW)

    assert said(found.latest, ZONE) == "Wed 2026-12-02 09:00"


@pytest.mark.parametrize(
    ("at", "latest", "words"),
    [
        ("2026-03-02 10:59", None, "is over: it is Mon 2026-03-02 11:00 now"),
        ("2062-12-01 09:00", None, "more than a year"),
        ("2026-12-01 09:00", "soon", "does not fit"),
        ("2026-12-01 09:00", "25:00", "no time 25:00"),
        ("2026-12-01 09:00", "2026-12-01 08:00", "not after the time of the mailing"),
        ("2026-12-01 21:30", None, "quiet hours, which end at Wed 2026-12-02 07:00"),
    ],
)
def test_times_that_make_no_sense_are_refused(at: str, latest: str | None, words: str) -> None:
    settings = make_settings(sending={"quiet": "21:00-07:00"})

    with pytest.raises(InputError, match=words):
        read_schedule(at, latest, settings, now=NOW)


def test_a_time_in_quiet_hours_may_be_wanted() -> None:
    settings = make_settings(sending={"quiet": "21:00-07:00"})

    found = read_schedule("2026-12-01 21:30", None, settings, now=NOW, despite_quiet=True)

    assert said(found.at, ZONE) == "Tue 2026-12-01 21:30"
