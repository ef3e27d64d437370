"""How many days a mailing takes."""

from datetime import UTC, date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailing.limits import warming
from newsletter.mailing.limits.warming import Today
from newsletter.providers import Pace

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.mark.parametrize(
    ("mails", "pace", "at", "days"),
    [
        (10**6, Pace(), Today(0, 0), 1),
        (100, Pace(per_day=100), Today(0, 0), 1),
        (101, Pace(per_day=100), Today(0, 0), 2),
        (100, Pace(per_day=100), Today(0, 60), 2),
        (350, Pace(warm_up=(50, 100, 200)), Today(0, 0), 3),
        (351, Pace(warm_up=(50, 100, 200)), Today(0, 0), 4),
        (950, Pace(warm_up=(50, 100, 200), per_day=300), Today(0, 0), 5),
        (950, Pace(warm_up=(50, 100, 200), per_day=300), Today(2, 200), 5),
        (10**9, Pace(per_day=1), Today(0, 0), 10_000),
        (0, Pace(per_day=1), Today(0, 1), 1),
    ],
)
def test_days_are_counted_with_today(mails: int, pace: Pace, at: Today, days: int) -> None:
    assert warming.days_needed(mails, pace, at) == days


@given(
    st.lists(st.integers(1, 50), max_size=5).map(sorted),
    st.integers(50, 100),
    st.integers(1, 2000),
)
def test_so_many_days_are_enough_and_one_less_is_not(
    steps: list[int], per_day: int, mails: int
) -> None:
    pace = Pace(warm_up=tuple(steps), per_day=per_day)
    days = warming.days_needed(mails, pace)

    allowed = [day or 0 for day in islice(warming.coming(pace, Today(0, 0)), days)]
    assert sum(allowed[:-1]) < mails <= sum(allowed)


@pytest.mark.parametrize(
    ("begun", "last", "used", "found"),
    [
        (None, date(2026, 3, 2), 7, Today(0, 7)),
        (None, date(2026, 3, 1), 7, Today(0, 0)),
        (date(2026, 3, 2), date(2026, 3, 2), 7, Today(0, 7)),
        (date(2026, 3, 1), date(2026, 3, 2), 7, Today(1, 7)),
        (date(2026, 2, 1), date(2026, 2, 3), 7, Today(3, 0)),
        (date(2026, 3, 2), date(2026, 3, 3), 7, Today(1, 7)),
        (date(2027, 3, 2), date(2026, 3, 2), 7, Today(0, 7)),
    ],
)
def test_a_step_is_a_day_of_sending(
    begun: date | None, last: date, used: int, found: Today
) -> None:
    assert warming.today(begun, last, used, date(2026, 3, 2)) == found


def test_days_begin_at_local_midnight_also_when_clocks_are_turned() -> None:
    before = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)  # 00:30 of the shorter day

    assert warming.midnight(HELSINKI, before) == datetime(2026, 3, 29, 21, tzinfo=UTC)
    assert warming.begun_at(2, HELSINKI, before).astimezone(HELSINKI).date() == date(2026, 3, 27)
