from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.register import statuses
from newsletter.register.statuses import Status
from newsletter.testing import NOW

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("active", "active"),
        ("unsubscribed", "left"),
        ("bounced", "bounced"),
        ("spamreport", "complained"),
        ("deleted", "left"),
        ("Aktiivinen", "active"),
        ("TILAAJA", "active"),
        (" Perunut ", "left"),
        ("poistettu", "left"),
        ("Palautunut", "bounced"),
        ("Roskaposti-ilmoitus", "complained"),
        ("Vahvistamaton", "unconfirmed"),
        ("Prenumererar", "active"),
        ("avregistrerad", "left"),
        ("studsad", "bounced"),
        ("skra\u0308ppost", "complained"),
        ("spam_report", "complained"),
    ],
)
def test_a_status_is_read_in_three_languages(word: str, status: str) -> None:
    assert statuses.read(word) == Status(status)


@pytest.mark.parametrize("word", ["", "maatila", "1", "activ", "aktiivinen?!x"])
def test_any_other_word_is_no_status(word: str) -> None:
    assert statuses.read(word) is None


def test_of_several_statuses_the_one_that_ends_most_counts() -> None:
    assert statuses.RANKS == ("unconfirmed", "active", "left", "bounced", "complained")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-03-02", datetime(2024, 3, 1, 22, tzinfo=UTC)),
        ("2.3.2024", datetime(2024, 3, 1, 22, tzinfo=UTC)),
        ("02.03.2024", datetime(2024, 3, 1, 22, tzinfo=UTC)),
        ("2. 3. 2024", datetime(2024, 3, 1, 22, tzinfo=UTC)),
        ("2.7.2024 14:30", datetime(2024, 7, 2, 11, 30, tzinfo=UTC)),
        ("2.3.2024 klo 14.30", datetime(2024, 3, 2, 12, 30, tzinfo=UTC)),
        ("2024-03-02 kl. 14.30", datetime(2024, 3, 2, 12, 30, tzinfo=UTC)),
        ("2024-03-02 14:30:15", datetime(2024, 3, 2, 12, 30, 15, tzinfo=UTC)),
        ("2024-03-02T14:30:15.123Z", datetime(2024, 3, 2, 14, 30, 15, tzinfo=UTC)),
        ("2024-03-02 14:30 UTC", datetime(2024, 3, 2, 14, 30, tzinfo=UTC)),
        ("2024-03-02 14:30:15 +0100", datetime(2024, 3, 2, 13, 30, 15, tzinfo=UTC)),
        ("2024-03-02 14:30+01:00", datetime(2024, 3, 2, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_people_and_programs_write_it(text: str, moment: datetime) -> None:
    assert statuses.read_time(text, HELSINKI, now=NOW) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "03/02/2024",
        "2.3.24",
        "31.2.2024",
        "2024-13-01",
        "2024-03-02 25:00",
        "2024-03-02 14:30 +9999",
        "1.1.1900",
        "0001-01-01",
        "9999-12-31",
        "eilen",
        "45353",
    ],
)
def test_nothing_else_is_guessed_to_be_a_time(text: str) -> None:
    assert statuses.read_time(text, HELSINKI, now=NOW) is None


@given(st.text(max_size=30) | st.from_regex(statuses._TIME, fullmatch=True))
def test_whatever_it_says_a_time_is_past_or_none(text: str) -> None:
    moment = statuses.read_time(text, HELSINKI, now=NOW)

    assert moment is None or moment <= NOW + timedelta(days=1)
