"""Token buckets: no more than allowed, over any order of runs and times."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.mailing.control.holds import Hold
from newsletter.mailing.limits.buckets import Buckets
from newsletter.providers import Pace
from newsletter.store import Store, schema
from newsletter.testing import NOW, stores
from tests.examples import some

HELSINKI = ZoneInfo("Europe/Helsinki")
NUMBERS = count()
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


class Account:
    """An account that is asked as runs ask it, each in a transaction of its own."""

    def __init__(self, store: Store, pace: Pace) -> None:
        self.store, self.now = store, NOW
        self.name = f"account-{next(NUMBERS)}"
        self.buckets = Buckets(self.name, pace, HELSINKI)
        self.taken: list[tuple[datetime, int]] = []

    def take(self, mails: int, *, again: bool = False) -> int | Hold:
        with self.store.begin() as connection:
            got = self.buckets.take(connection, mails, self.now, again=again)
        if not isinstance(got, Hold):
            self.taken.append((self.now, got))
        return got

    def wait(self, mails: int) -> timedelta:
        """Ask for so many, and tell how long to wait for them."""
        got = self.take(mails)
        assert isinstance(got, Hold)
        assert got.until
        return got.until - self.now

    def all(self, mails: int) -> timedelta:
        """Take all of them, however long that takes; tell how long."""
        start = self.now
        while mails:
            got = self.take(mails)
            if isinstance(got, Hold):
                assert got.until
                assert got.until > self.now
                self.now = got.until
            else:
                mails -= got
        return self.now - start

    def most_within(self, span: timedelta) -> int:
        """Give the most that was taken in any window of that length."""
        return max(
            sum(mails for at, mails in self.taken if start <= at < start + span)
            for start, _ in self.taken
        )


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Let all examples of a property share a database; each has an account of its own."""
    with stores.fresh(tmp_path_factory.mktemp("buckets")) as opened:
        yield opened


def test_without_limits_everything_leaves_and_nothing_is_written(store: Store) -> None:
    account = Account(store, Pace())

    assert account.take(10**6) == 10**6
    with store.read() as connection:
        assert connection.execute(schema.buckets.select()).all() == []


def test_a_second_brings_no_more_than_it_may(store: Store) -> None:
    account = Account(store, Pace(per_second=10))

    assert account.take(4) == 4
    assert account.take(6) == 6
    assert account.wait(5) == pytest.approx(SECOND / 2, abs=timedelta(milliseconds=2))
    account.now += SECOND / 2
    assert account.take(5) == 5
    assert isinstance(account.take(1), Hold)


def test_a_batch_larger_than_the_bucket_leaves_a_debt_that_is_waited_for(store: Store) -> None:
    account = Account(store, Pace(per_second=10))

    assert account.take(500) == 500
    assert account.wait(500) == pytest.approx(50 * SECOND, abs=timedelta(milliseconds=2))
    for _ in range(3):
        assert account.all(500) == pytest.approx(50 * SECOND, abs=timedelta(milliseconds=2))


def test_a_batch_whose_debt_would_last_for_hours_is_cut(store: Store) -> None:
    account = Account(store, Pace(per_minute=6))

    assert account.take(500) == 60
    assert account.wait(440) == pytest.approx(10 * 60 * SECOND, abs=timedelta(milliseconds=2))


def test_the_narrowest_limit_decides(store: Store) -> None:
    account = Account(store, Pace(per_second=100, per_minute=150))

    assert account.take(100) == 100
    hold = account.take(100)

    assert isinstance(hold, Hold)
    assert hold.reason == "the account's pace is 150 a minute"
    assert hold.until == pytest.approx(NOW + 20 * SECOND, abs=timedelta(milliseconds=2))


def test_a_day_is_never_overdrawn_and_begins_anew_at_local_midnight(store: Store) -> None:
    account = Account(store, Pace(per_day=100))

    assert account.take(80) == 80
    assert account.take(80) == 20
    hold = account.take(1)
    assert hold == Hold(
        "the account has had its 100 mails of today", datetime(2026, 3, 2, 22, tzinfo=UTC)
    )
    account.now = datetime(2026, 3, 2, 21, 59, 59, tzinfo=UTC)
    assert isinstance(account.take(1), Hold)
    account.now += SECOND
    assert account.take(500) == 100


def test_a_new_limit_of_the_day_holds_at_once(store: Store) -> None:
    account = Account(store, Pace(per_day=100))
    account.take(100)

    account.buckets = Buckets(account.name, Pace(per_day=150), HELSINKI)
    assert account.take(500) == 50
    account.buckets = Buckets(account.name, Pace(per_day=10), HELSINKI)
    assert isinstance(account.take(1), Hold)


def test_a_repeat_is_paced_but_the_day_has_counted_it(store: Store) -> None:
    account = Account(store, Pace(per_second=10, per_day=10))
    account.take(10)

    assert isinstance(account.take(10, again=True), Hold)
    account.now += SECOND
    assert account.take(10, again=True) == 10


def test_what_was_not_taken_goes_back_to_its_day_and_to_no_other(store: Store) -> None:
    account = Account(store, Pace(per_day=100))
    account.take(100)
    with store.begin() as connection:
        account.buckets.give_back(connection, 30, taken_at=NOW)

    assert account.take(100) == 30
    account.now += DAY
    account.take(100)
    with store.begin() as connection:
        account.buckets.give_back(connection, 30, taken_at=NOW)
    assert isinstance(account.take(1), Hold)


def test_another_account_has_buckets_of_its_own(store: Store) -> None:
    account = Account(store, Pace(per_day=10))
    account.take(10)

    account.buckets = Buckets("another", Pace(per_day=10), HELSINKI)

    assert account.take(10) == 10


@pytest.mark.parametrize("back", [SECOND, 4 * 60 * SECOND, 3 * HOUR, 400 * DAY])
def test_a_clock_that_is_set_back_grants_nothing_and_blocks_nobody_for_long(
    store: Store, back: timedelta
) -> None:
    account = Account(store, Pace(per_second=10, per_minute=600, per_day=1000))
    account.take(300)

    account.now -= back
    assert account.wait(10) <= 5 * 60 * SECOND + 60 * SECOND
    assert account.all(10) <= 5 * 60 * SECOND + 60 * SECOND
    account.taken.clear()
    took = sum((account.all(10) for _ in range(20)), timedelta())
    assert took == pytest.approx(20 * SECOND, abs=SECOND)


@pytest.mark.parametrize("ahead", [SECOND, HOUR, 400 * DAY])
def test_a_clock_that_jumps_ahead_grants_at_most_one_full_bucket(
    store: Store, ahead: timedelta
) -> None:
    account = Account(store, Pace(per_second=10, per_day=100))
    account.take(500)

    account.now += ahead + DAY

    assert account.take(10) == 10
    assert isinstance(account.take(1), Hold)


def test_jumping_to_and_fro_over_midnight_grants_no_day_twice(store: Store) -> None:
    account = Account(store, Pace(per_day=100))
    account.take(100)
    for _ in range(3):
        account.now += DAY
        account.take(100)
        account.now -= DAY
        assert isinstance(account.take(1), Hold)

    assert sum(mails for _, mails in account.taken) == 200
    account.now += 2 * DAY
    assert account.take(500) == 100


def test_a_day_in_the_far_future_is_taken_for_a_mistake(store: Store) -> None:
    account = Account(store, Pace(per_day=100))
    account.now += 400 * DAY
    account.take(70)
    account.now -= 400 * DAY

    assert account.take(100) == 30
    assert isinstance(account.take(1), Hold)
    account.now += DAY
    assert account.take(500) == 100


@given(
    st.tuples(st.integers(1, 50), st.integers(20, 400), st.integers(50, 2000)),
    st.lists(
        st.tuples(st.integers(1, 120), st.floats(0, 90), st.booleans()), min_size=1, max_size=60
    ),
)
@settings(max_examples=some(60))
def test_in_no_window_more_leaves_than_is_allowed(
    one_store: Store, limits: tuple[int, int, int], wishes: list[tuple[int, float, bool]]
) -> None:
    """Whoever asks when, for how many: some wait as they are told, some ask again too early."""
    asked = Account(one_store, Pace(*limits))
    for mails, pause, patient in wishes:
        asked.now += timedelta(seconds=pause)
        got = asked.take(mails)
        if isinstance(got, Hold) and patient and got.until:
            asked.now = min(got.until, asked.now + HOUR)
            got = asked.take(mails)
        assert isinstance(got, Hold) or 1 <= got <= mails
    largest = max(mails for _, mails in asked.taken)
    for size, seconds in ((limits[0], 1), (limits[1], 60)):
        for span in (seconds, 7 * seconds, 600):
            allowed = size * span / seconds + max(size, largest)
            assert asked.most_within(timedelta(seconds=span)) <= allowed + 1e-3
    of_day: Counter[date] = Counter()
    for at, mails in asked.taken:
        of_day[at.astimezone(HELSINKI).date()] += mails
    assert max(of_day.values()) <= limits[2]


def test_two_machines_whose_clocks_differ_win_nothing_by_taking_turns(store: Store) -> None:
    account = Account(store, Pace(per_second=10))
    for _ in range(50):
        account.now = NOW + 2 * SECOND
        account.take(5)
        account.now = NOW - 2 * SECOND
        account.take(1)

    assert sum(mails for _, mails in account.taken) <= 10 + 4 * 10


@given(
    st.lists(
        st.tuples(st.sampled_from([-2.0, 0.0, 2.0]), st.integers(1, 30), st.floats(0, 3)),
        min_size=5,
        max_size=60,
    )
)
@settings(max_examples=some(40))
def test_clocks_that_differ_a_little_do_not_add_up(
    one_store: Store, asks: list[tuple[float, int, float]]
) -> None:
    asked, true = Account(one_store, Pace(per_second=10)), NOW
    for skew, mails, pause in asks:
        true += timedelta(seconds=pause)
        asked.now = true + timedelta(seconds=skew)
        asked.take(mails)
    total = sum(mails for _, mails in asked.taken)
    largest = max(mails for _, mails in asked.taken)
    passed = (true - NOW).total_seconds() + 4
    assert total <= 10 * passed + max(10, largest)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.integers(1, 60))
@settings(max_examples=some(25))
def test_the_rate_is_exact_in_the_long_run(one_store: Store, batches: list[int], rate: int) -> None:
    asked = Account(one_store, Pace(per_second=rate))
    took = sum((asked.all(mails) for mails in batches), timedelta())
    last = asked.taken[-1][1]
    owed = max(sum(batches) - max(rate, last) - rate, 0) / rate
    assert took >= timedelta(seconds=owed)
    assert took <= timedelta(seconds=sum(batches) / rate + 0.002 * len(asked.taken))
