"""Several calls at a time in one process."""

import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from newsletter.errors import ProviderError
from newsletter.mailing import Accounts, Run, Step, SystemClock, Work, accounts
from newsletter.mailing.engines import local
from newsletter.providers import Batch, Provider
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom, NamedOwner
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.runs import batch_state, people

PATIENCE = 20
"""Seconds after which a test that hangs fails."""


@pytest.fixture
def started() -> list[str]:
    """Name the owners that have been made."""
    return []


def send(
    room: Mailroom,
    number: int,
    provider: Provider,
    *,
    threads: int = 4,
    started: list[str] | None = None,
    stop: threading.Event | None = None,
    steps: list[Step] | None = None,
) -> Accounts:
    @contextmanager
    def owner() -> Iterator[NamedOwner]:
        made = room.owner()
        (started if started is not None else []).append(made.name)
        try:
            yield made
        finally:
            made.die()

    work = Work.of(
        room.store, number, provider, keys=KEYS, clock=SystemClock(),
        stop=stop or threading.Event(), progress=(steps if steps is not None else []).append,
    )  # fmt: skip
    return local.send(work, owner, threads=threads)


class Meeting(MemoryProvider):
    """Answers the first calls only when so many are there at once."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self._barrier = threading.Barrier(parties)
        self._met: set[int] = set()
        self.during(self._meet)

    def _meet(self, _: Batch) -> None:
        if threading.get_ident() not in self._met:
            self._met.add(threading.get_ident())
            self._barrier.wait(timeout=PATIENCE)


def test_four_calls_are_made_at_once_and_nobody_is_mailed_twice(
    room: Mailroom, started: list[str]
) -> None:
    room.add(*people(30))
    number = room.planned(batch_size=2)
    provider = Meeting(4)

    done = send(room, number, provider, started=started)

    assert done.accepted == 30
    assert sorted(provider.addresses) == sorted(people(30))
    assert len(set(started)) == 4


def test_one_thread_is_no_thread(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    seen: set[int] = set()
    provider.during(lambda _: seen.add(threading.get_ident()))

    assert send(room, number, provider, threads=1).accepted == 3
    assert seen == {threading.get_ident()}


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stop_ends_all_after_their_calls(room: Mailroom, threads: int) -> None:
    room.add(*people(20))
    number = room.planned(batch_size=1)
    provider = Meeting(threads)
    stop = threading.Event()
    meet = provider._meet

    def stop_it(batch: Batch) -> None:
        meet(batch)
        stop.set()

    provider.during(stop_it)

    done = send(room, number, provider, threads=threads, stop=stop)

    assert done.accepted == threads
    assert done.planned == 20 - threads


def test_what_one_thread_raises_stops_the_others_after_their_calls_and_is_raised(
    room: Mailroom,
) -> None:
    room.add(*people(20))
    number = room.planned(batch_size=1)
    provider = Meeting(4)
    meet = provider._meet
    ends: queue.Queue[threading.Thread] = queue.Queue()

    def refuse(batch: Batch) -> None:
        meet(batch)
        if batch.recipients[0].address == "p0@example.com":
            for _ in range(3):
                ends.put(threading.current_thread())
            raise ProviderError("the key is wrong")
        ends.get(timeout=PATIENCE).join(timeout=PATIENCE)

    provider.during(refuse)
    with pytest.raises(ProviderError, match="the key is wrong"):
        send(room, number, provider)

    assert accounts(room.store, number) == Accounts(
        20, 0, 0, 0, accepted=3, planned=17, handing_over=0
    )


def test_a_batch_that_was_refused_goes_back_when_the_others_have_been_stopped(
    room: Mailroom,
) -> None:
    room.add(*people(1))
    number = room.planned()
    provider = MemoryProvider()
    provider.then(ProviderError("the key is wrong"))
    stop = threading.Event()
    found: list[list[str]] = []

    def halt() -> None:
        found.append(batch_state(room))
        stop.set()

    work = Work.of(
        room.store, number, provider, keys=KEYS, clock=SystemClock(), stop=stop
    )  # fmt: skip
    with pytest.raises(ProviderError):
        Run(replace(work, halt=halt), room.owner()).work()

    assert found == [["handing_over"]]
    assert batch_state(room) == ["planned"]
    assert Run(work, room.owner()).step() is None
    assert len(provider.batches) == 1


def test_a_bug_in_one_thread_is_shown(room: Mailroom) -> None:
    room.add(*people(4))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.then(RuntimeError("not thought of"))

    with pytest.raises(RuntimeError, match="not thought of"):
        send(room, number, provider)


@pytest.fixture
def _threads_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_threads_change_often")
def test_progress_is_told_by_one_thread_at_a_time(room: Mailroom) -> None:
    room.add(*people(24))
    number = room.planned(batch_size=1)
    inside = threading.Lock()

    class Steps(list[Step]):
        def append(self, step: Step) -> None:
            assert inside.acquire(blocking=False), "two at once"
            for _ in range(2000):
                super().append(step)
                super().pop()
            super().append(step)
            inside.release()

    steps = Steps()
    done = send(room, number, Meeting(4), steps=steps)

    assert done.accepted == 24
    assert len(steps) == 48
