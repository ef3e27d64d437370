"""The clock is turned by hours: nothing is doubled, nothing is lost, and it goes on."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import mailing
from newsletter.mailing import Schedule
from newsletter.providers import Batch
from newsletter.testing import make_settings, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.unit.mailing.held import pause, rested, resume, run
from tests.unit.mailing.runs import kill, people

JUMPS = [-30, -0.5, 5, 30]
"""Hours."""


def once(provider: MemoryProvider, expected: list[str]) -> bool:
    return sorted(provider.addresses) == sorted(expected)


@pytest.mark.parametrize("hours", JUMPS)
def test_a_run_goes_on_when_the_clock_is_turned_between_its_calls(
    room: Mailroom, hours: float
) -> None:
    room.add(*people(4))
    provider = MemoryProvider()
    turn = iter([timedelta(hours=hours)])

    def between(step: mailing.Step) -> None:
        if isinstance(step, mailing.Answered):
            room.clock.turn(next(turn, timedelta()))

    accounts = run(room, room.planned(batch_size=1), provider, progress=between)

    assert accounts.accepted == 4
    assert once(provider, people(4))


@pytest.mark.parametrize("kind", [MemoryProvider, IdempotentMemoryProvider])
@pytest.mark.parametrize("hours", JUMPS)
def test_a_call_in_which_the_clock_is_turned_is_recorded(
    room: Mailroom, hours: float, kind: type[MemoryProvider]
) -> None:
    room.add(*people(3))
    provider = kind()
    turn = iter([timedelta(hours=hours)])
    provider.during(lambda _: room.clock.turn(next(turn, timedelta())))

    accounts = run(room, room.planned(batch_size=1), provider)

    assert accounts.accepted == 3
    assert once(provider, people(3))


@pytest.mark.parametrize("kind", [MemoryProvider, IdempotentMemoryProvider])
@pytest.mark.parametrize("hours", JUMPS)
def test_a_second_run_never_doubles_a_call_in_which_the_clock_is_turned(
    room: Mailroom, hours: float, kind: type[MemoryProvider]
) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=3)
    provider = kind()
    inner = iter([True])

    def meanwhile(_: Batch) -> None:
        if next(inner, False):
            room.clock.turn(timedelta(hours=hours))
            run(room, number, provider)

    provider.during(meanwhile)
    run(room, number, provider)
    accounts = run(room, number, provider)

    assert len(provider.taken) == len(set(provider.addresses)) == 3
    assert accounts.accepted + accounts.unknown == 3


@pytest.mark.parametrize("hours", JUMPS)
def test_what_a_dead_run_left_is_settled_whatever_the_clock_says(
    room: Mailroom, hours: float
) -> None:
    room.add(*people(4))
    provider = IdempotentMemoryProvider()
    number = room.planned(batch_size=2)
    kill(room, number, provider)

    room.clock.turn(timedelta(hours=hours))
    accounts = run(room, number, provider)

    # How old a key is, is only known where the clock has not been set back.
    again = 0.5 <= hours < 18
    assert (accounts.accepted, accounts.unknown) == ((4, 0) if again else (2, 2))
    assert len(set(provider.addresses)) == len(provider.addresses)


@pytest.mark.parametrize("hours", [-30, -0.5])
def test_a_wait_does_not_grow_when_the_clock_is_set_back(room: Mailroom, hours: float) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.then(Answer.BUSY)
    provider.during(
        lambda _: room.clock.turn(timedelta(hours=hours)) if len(provider.batches) == 1 else None
    )

    number = room.planned()
    run(room, number, provider)
    accounts = run(room, number, provider)

    assert accounts.accepted == 2
    assert sum(room.clock.waits) < 3600


def test_a_pause_holds_whatever_the_clock_says(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    pause(room, number)

    for hours in (30, -60, 5):
        room.clock.turn(timedelta(hours=hours))
        assert run(room, number, MemoryProvider()).planned == 2

    resume(room, number)
    assert run(room, number, MemoryProvider()).accepted == 2


def test_a_schedule_that_was_missed_by_a_wrong_clock_fires_when_it_is_right_again(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    begin = room.clock.now() + timedelta(hours=2)
    number = room.planned(times=Schedule(begin, begin + timedelta(hours=1)))

    room.clock.turn(timedelta(hours=30))
    ahead = run(room, number, MemoryProvider())
    reason = rested(room.steps).reason
    room.clock.turn(timedelta(hours=-28.5))
    right = run(room, number, MemoryProvider())

    assert ahead.planned == 2
    assert "was to begin by" in reason
    assert right.accepted == 2


def test_a_scheduled_mailing_that_has_begun_goes_on_when_the_clock_is_set_back(
    room: Mailroom,
) -> None:
    room.add(*people(3))
    begin = room.clock.now() + timedelta(minutes=30)
    number = room.planned(times=Schedule(begin, begin + timedelta(hours=1)), batch_size=1)
    provider = MemoryProvider()
    provider.during(lambda _: room.clock.turn(timedelta(hours=-5)) if not provider.taken else None)

    assert run(room, number, provider).accepted == 3


@pytest.mark.slow
@settings(max_examples=8)
@given(
    turns=st.lists(st.floats(-40, 40), min_size=1, max_size=6),
    latest=st.integers(1, 5),
    idempotent=st.booleans(),
)
def test_any_turns_of_the_clock_double_nobody_and_let_everybody_be_mailed(
    turns: list[float], latest: int, idempotent: bool
) -> None:
    rules = make_settings(sending={"quiet": "21:00-07:00"})
    with stores.fresh() as store:
        room = Mailroom(store)
        room.add(*people(4))
        begin = room.clock.now() + timedelta(hours=1)
        provider = IdempotentMemoryProvider() if idempotent else MemoryProvider()
        provider.then(Answer.BUSY, Answer.TAKEN, Answer.BUSY)
        number = room.planned(times=Schedule(begin, begin + timedelta(hours=latest)), batch_size=2)
        for hours in turns:
            run(room, number, provider, rules)
            room.clock.turn(timedelta(hours=hours))

        if mailing.standing_of(store, number).is_missed(room.clock.now()):
            resume(room, number)
        for _ in range(8):  # at the longest until its time has come, and the night is over
            if run(room, number, provider, rules).finished:
                break
            room.clock.turn(timedelta(hours=12))
            if mailing.standing_of(store, number).is_missed(room.clock.now()):
                resume(room, number)

        assert once(provider, people(4))
