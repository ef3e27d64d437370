"""Threads that take turns at several mailings."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from newsletter.mailing import Schedule, Waiting, Work, Worked, accounts, pause
from newsletter.mailing.engines.crew import SHORT, Crew, due, next_start
from newsletter.mailing.engines.hands import Hands
from newsletter.mailing.handing.run import Answer
from newsletter.testing import KEYS, NOW, make_edition, make_editions
from newsletter.testing.mailroom import Mailroom, NamedOwner
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.runs import people

PATIENCE = 20
"""Seconds after which a test that hangs fails."""


def crew_of(room: Mailroom, provider: MemoryProvider) -> Crew:
    def work(number: int) -> Work:
        return Work.of(
            room.store, number, provider, keys=KEYS, clock=room.clock, stop=threading.Event()
        )

    @contextmanager
    def owner() -> Iterator[NamedOwner]:
        made = room.owner()
        try:
            yield made
        finally:
            made.die()

    return Crew(work, owner)


@pytest.mark.parametrize("threads", [1, 3])
def test_all_mailings_go_out_once_and_no_run_is_left(room: Mailroom, threads: int) -> None:
    room.add(*people(7))
    numbers = [
        room.planned(batch_size=2, editions=make_editions(make_edition(issue=f"issue-{issue}")))
        for issue in (1, 2)
    ]
    provider = MemoryProvider()
    crew = crew_of(room, provider)
    hands = Hands(crew.turn, threads)

    hands.give(due(room.store, NOW))
    assert hands.finish(PATIENCE)
    hands.close()
    crew.close()

    assert [accounts(room.store, number).accepted for number in numbers] == [7, 7]
    assert sorted(provider.addresses) == sorted(people(7) * 2)
    assert not room.living
    assert due(room.store, NOW) == []


def test_mailings_take_turns() -> None:
    taken: list[int] = []
    left = {1: 3, 2: 3}

    def turn(number: int) -> Answer:
        taken.append(number)
        left[number] -= 1
        return Worked(0) if left[number] else None

    # The hand begins when both are there.
    gate = threading.Event()
    hands = Hands(lambda number: (gate.wait(), turn(number))[1], 1)
    hands.give([1, 2])
    gate.set()
    assert hands.finish(PATIENCE)
    hands.close()

    assert taken == [1, 2, 1, 2, 1, 2]


def test_what_must_wait_is_due_when_its_time_has_come() -> None:
    later = NOW + timedelta(minutes=1)
    hands = Hands(lambda _: Waiting(later, "the provider asked"), 2)
    hands.give([7])
    assert hands.finish(PATIENCE)
    hands.close()

    assert hands.is_idle()
    assert hands.due(NOW) == []
    assert hands.due(later) == [7]


def test_a_short_wait_is_waited_out_and_a_long_one_is_given_back(room: Mailroom) -> None:
    room.add(*people(2))
    soon = room.planned(
        times=Schedule(NOW + SHORT, NOW + timedelta(hours=1)),
        editions=make_editions(make_edition(issue="soon")),
    )
    late = room.planned(
        times=Schedule(NOW + timedelta(minutes=9), NOW + timedelta(hours=1)),
        editions=make_editions(make_edition(issue="late")),
    )
    crew = crew_of(room, MemoryProvider())

    assert isinstance(crew.turn(soon), Worked)
    assert isinstance(crew.turn(late), Waiting)
    assert sum(room.clock.waits) == SHORT.total_seconds()
    crew.close()


def test_what_is_held_is_not_due_and_what_is_cancelled_is_settled(room: Mailroom) -> None:
    room.add(*people(2))
    numbers = {
        issue: room.planned(editions=make_editions(make_edition(issue=issue)), times=times)
        for issue, times in {
            "open": None,
            "paused": None,
            "cancelled": None,
            "early": Schedule(NOW + timedelta(hours=2), NOW + timedelta(hours=3)),
        }.items()
    }
    pause(room.store, numbers["paused"], by="test", now=NOW)
    with room.store.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE mailings SET state = 'cancelled' WHERE id = {numbers['cancelled']}"
        )

    assert due(room.store, NOW) == [numbers["open"], numbers["cancelled"]]
    assert next_start(room.store, NOW) == NOW + timedelta(hours=2)
    assert numbers["early"] in due(room.store, NOW + timedelta(hours=2))
    assert numbers["early"] not in due(room.store, NOW + timedelta(hours=4))

    crew = crew_of(room, MemoryProvider())
    crew.turn(numbers["cancelled"])
    crew.close()
    assert accounts(room.store, numbers["cancelled"]).excluded == 2
    assert due(room.store, NOW) == [numbers["open"]]
