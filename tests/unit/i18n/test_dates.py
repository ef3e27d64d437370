import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n import LANGUAGES, day, when

EVENING = datetime(2026, 3, 4, 18, 0)  # noqa: DTZ001 - a place's own clock
LATE = datetime(2026, 3, 4, 20, 0)  # noqa: DTZ001 - same
NEXT_DAY = datetime(2026, 3, 5, 9, 30)  # noqa: DTZ001 - same

TAGS = [*LANGUAGES, "sv-FI", "en-GB", "et", "so", "ar", "he", "de", "ru", "dv", "xx", "zh-Hant"]


@pytest.mark.parametrize(
    ("starts", "ends", "fi", "sv", "en"),
    [
        (
            EVENING, LATE,
            "ke 4.3.2026 klo 18.00–20.00",
            "ons 4 mars 2026 kl. 18.00–20.00",
            "Wed 4 March 2026, 18:00–20:00",
        ),
        (
            EVENING, None,
            "ke 4.3.2026 klo 18.00",
            "ons 4 mars 2026 kl. 18.00",
            "Wed 4 March 2026, 18:00",
        ),
        (
            EVENING, NEXT_DAY,
            "ke 4.3.2026 klo 18.00 – to 5.3.2026 klo 9.30",
            "ons 4 mars 2026 kl. 18.00 – tors 5 mars 2026 kl. 9.30",
            "Wed 4 March 2026, 18:00 – Thu 5 March 2026, 09:30",
        ),
        (date(2026, 3, 4), None, "ke 4.3.2026", "ons 4 mars 2026", "Wed 4 March 2026"),
        (date(2026, 3, 4), date(2026, 3, 4), "ke 4.3.2026", "ons 4 mars 2026", "Wed 4 March 2026"),
        (
            date(2026, 3, 4), date(2026, 3, 6),
            "ke–pe 4.–6.3.2026", "ons–fre 4–6 mars 2026", "Wed–Fri 4–6 March 2026",
        ),
        (
            date(2026, 3, 30), date(2026, 4, 1),
            "ma 30.3. – ke 1.4.2026",
            "mån 30 mars – ons 1 april 2026",
            "Mon 30 March – Wed 1 April 2026",
        ),
        (
            date(2026, 12, 31), date(2027, 1, 1),
            "to 31.12.2026 – pe 1.1.2027",
            "tors 31 dec. 2026 – fre 1 jan. 2027".replace("dec.", "december").replace(
                "jan.", "januari"
            ),
            "Thu 31 December 2026 – Fri 1 January 2027",
        ),
        (
            EVENING, date(2026, 3, 6),
            "ke 4.3.2026 klo 18.00 – pe 6.3.2026",
            "ons 4 mars 2026 kl. 18.00 – fre 6 mars 2026",
            "Wed 4 March 2026, 18:00 – Fri 6 March 2026",
        ),
    ],
)  # fmt: skip
def test_a_span_is_written_as_each_language_writes_it(
    starts: date, ends: date | None, fi: str, sv: str, en: str
) -> None:
    assert [when(starts, ends, language) for language in ("fi", "sv", "en")] == [fi, sv, en]


def test_a_day_alone_is_written_without_its_time() -> None:
    assert day(EVENING, "fi") == "ke 4.3.2026"
    assert day(date(2026, 3, 4), "sv") == "ons 4 mars 2026"


def test_a_region_does_not_change_the_manner() -> None:
    assert when(EVENING, LATE, "sv-FI") == when(EVENING, LATE, "sv")


def test_a_language_without_a_catalogue_has_its_own_dates() -> None:
    assert when(EVENING, LATE, "et") == "K, 4. märts 2026 18:00–20:00"


def test_an_unknown_language_is_written_in_english() -> None:
    assert when(EVENING, LATE, "xx") == when(EVENING, LATE, "en")


def test_a_time_is_told_by_the_clock_of_its_own_zone() -> None:
    helsinki = timezone(timedelta(hours=2))
    starts = datetime(2026, 3, 4, 18, 0, tzinfo=helsinki)

    assert when(starts, datetime(2026, 3, 4, 18, 0, tzinfo=UTC), "fi") == (
        "ke 4.3.2026 klo 18.00–20.00"
    )
    assert when(EVENING, datetime(2026, 3, 4, 20, 0, tzinfo=UTC), "fi").endswith("18.00–20.00")


def test_a_language_that_was_asked_before_changes_nothing() -> None:
    code = (
        "from datetime import date; from newsletter.i18n import day, number;"
        "day(date(2026, 3, 4), 'dv'); number(1.5, 'dv'); print(day(date(2026, 3, 4), 'fi'))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "ke 4.3.2026\n"


@pytest.mark.slow
def test_every_language_that_babel_knows_has_dates() -> None:
    for tag in localedata.locale_identifiers():
        language = tag.replace("_", "-")
        assert "18" in when(EVENING, LATE, language) or "6" in when(EVENING, LATE, language)
        assert when(date(2026, 3, 4), date(2026, 3, 6), language)


moments = st.dates() | st.datetimes() | st.datetimes(timezones=st.just(UTC))


@given(starts=moments, ends=st.none() | moments, language=st.sampled_from(TAGS))
def test_any_span_can_be_written_in_any_language(
    starts: date, ends: date | None, language: str
) -> None:
    try:
        said = when(starts, ends, language)
    except OverflowError:  # the year 10000, by the clock of another zone
        assert isinstance(ends, datetime)
        return
    assert said
    assert "{" not in said


@given(starts=moments, ends=moments, language=st.sampled_from(LANGUAGES))
def test_every_part_of_a_span_can_be_read(starts: date, ends: date, language: str) -> None:
    said = when(starts, ends, language)

    for moment in (starts, ends):
        assert str(moment.day) in said
        assert str(moment.year) in said
        if isinstance(moment, datetime):
            assert f"{moment.minute:02}" in said
            assert str(moment.hour) in said


@given(st.text(max_size=12), st.datetimes())
def test_no_language_tag_is_a_fault(language: str, moment: datetime) -> None:
    assert when(moment, None, language)
