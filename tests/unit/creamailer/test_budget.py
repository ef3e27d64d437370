from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.creamailer.budget import WINDOW, Budget, SpentError, forecast
from newsletter.testing import NOW
from tests.unit.creamailer.worlds import World

HOUR = timedelta(hours=1)


def budget_of(world: World, *, per_hour: int = 3, waits: bool = False) -> Budget:
    pause = world.wait_until if waits else None
    return Budget(world.store, "account", per_hour, clock=world.clock, pause=pause)


def test_the_hours_calls_are_shared_by_all_processes(world: World) -> None:
    first, second = budget_of(world), budget_of(world)
    first.take()
    second.take()
    first.take()

    with pytest.raises(SpentError) as caught:
        second.take()

    assert caught.value.until == world.now + WINDOW
    assert (first.made, second.made) == (2, 1)


def test_it_goes_on_when_the_oldest_call_is_an_hour_old(world: World) -> None:
    budget = budget_of(world)
    for _ in range(3):
        budget.take()
        world.now += timedelta(minutes=10)
    with pytest.raises(SpentError) as caught:
        budget.take()

    world.now = caught.value.until

    budget.take()
    with pytest.raises(SpentError):
        budget.take()


def test_a_call_that_was_not_made_is_given_back(world: World) -> None:
    budget = budget_of(world, per_hour=1)

    budget.give_back(budget.take())

    budget.take()
    assert budget.made == 1


def test_it_may_wait_by_itself(world: World) -> None:
    budget = budget_of(world, per_hour=2, waits=True)

    for _ in range(5):
        budget.take()

    assert world.now >= NOW + 2 * WINDOW


def test_a_clock_set_back_stops_for_an_hour_at_most(world: World) -> None:
    budget = budget_of(world, per_hour=1)
    world.now += timedelta(days=300)
    budget.take()
    world.now -= timedelta(days=300)

    with pytest.raises(SpentError) as caught:
        budget.take()

    assert caught.value.until == world.now + WINDOW


def test_another_account_has_calls_of_its_own(world: World) -> None:
    budget_of(world, per_hour=1).take()

    Budget(world.store, "other", 1, clock=world.clock).take()


@given(
    calls=st.integers(0, 40),
    before=st.lists(st.integers(0, 60), max_size=8),
    per_hour=st.integers(1, 10),
)
def test_the_forecast_is_what_would_happen(calls: int, before: list[int], per_hour: int) -> None:
    stamps = [NOW - timedelta(minutes=ago) for ago in before]

    told = forecast(stamps, calls, now=NOW, per_hour=per_hour, rest=NOW)

    made = sorted(stamps)
    now = NOW
    for _ in range(calls):
        recent = [when for when in made if when > now - WINDOW]
        if len(recent) >= per_hour:
            now = recent[-per_hour] + WINDOW
        made.append(now)
    assert told.lasts == (now - NOW if calls else timedelta(0))
    assert told.calls == calls


@pytest.mark.parametrize(
    ("calls", "portions", "lasts"),
    [(0, 0, 0), (1, 1, 0), (100, 1, 0), (101, 2, 61), (335, 4, 183)],
)
def test_portions_are_counted(calls: int, portions: int, lasts: int) -> None:
    told = forecast([], calls, now=NOW, per_hour=100, rest=NOW)

    assert (told.portions, told.lasts) == (portions, timedelta(minutes=lasts))


def test_a_rest_and_calls_made_before_delay_the_first_portion() -> None:
    stamps: list[datetime] = [NOW - timedelta(minutes=11)] * 100

    told = forecast(stamps, 100, now=NOW, per_hour=100, rest=NOW + timedelta(minutes=5))

    assert (told.portions, told.lasts) == (1, timedelta(minutes=50))
