from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from newsletter.issue.durations import Duration, spoken

READ: TypeAdapter[timedelta] = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0", timedelta()),
        ("0 minutes", timedelta()),
        ("30m", timedelta(minutes=30)),
        ("30 min", timedelta(minutes=30)),
        ("1 hour", timedelta(hours=1)),
        ("4h", timedelta(hours=4)),
        ("+4 H", timedelta(hours=4)),
        (" 3 days ", timedelta(days=3)),
        ("2 weeks", timedelta(weeks=2)),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, length: timedelta) -> None:
    assert READ.validate_python(text) == length


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-3 days", "lies in the past"),
        ("–3 days", "lies in the past"),
        ("3", "has no unit"),
        ("3 months", "is no length of time"),
        ("three days", "is no length of time"),
        ("3 days 4 hours", "is no length of time"),
        ("0.5 h", "is no length of time"),
        ("999999 weeks", "more than three years"),
        ("", "there is no length of time here"),
        (None, "there is no length of time here"),
        (True, "there is no length of time here"),
    ],
)
def test_anything_else_is_refused_in_plain_words(text: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        READ.validate_python(text)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(), "0 minutes"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=14), "2 weeks"),
    ],
)
def test_a_length_is_said_in_its_largest_whole_unit(length: timedelta, words: str) -> None:
    assert spoken(length) == words
