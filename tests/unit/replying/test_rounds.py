"""The thread that delivers beside the pages."""

import logging
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest

from newsletter.errors import ProviderError, StoreError
from newsletter.providers import Batch
from newsletter.replying import Delivered, Rounds, running
from newsletter.testing import NOW
from newsletter.testing.providers import MemoryProvider
from tests.unit.replying.office import AINO, Office

LONG = 3600.0
"""Seconds; no test waits for them, a round comes only by being woken."""
PATIENCE = 60.0
"""Seconds after which a test has failed."""


class Calls:
    """A round that does as told, in turn, and says when it has done so."""

    def __init__(self, *results: Delivered | Exception) -> None:
        self.made: list[datetime] = []
        self.enough = threading.Event()
        self._results: Iterator[Delivered | Exception] = iter(results)

    def __call__(self, now: datetime, _stop: object) -> Delivered:
        self.made.append(now)
        result = next(self._results, None)
        if result is None:
            self.enough.set()
            return Delivered()
        if isinstance(result, Exception):
            raise result
        return result


def go(calls: Calls, *, pause: float = 0.0) -> None:
    """Run rounds until the calls have had enough."""
    rounds = Rounds(calls, clock=lambda: NOW, pause=pause)
    thread = threading.Thread(target=rounds.run)
    thread.start()
    try:
        assert calls.enough.wait(PATIENCE)
    finally:
        rounds.stop()
        thread.join()


def test_a_round_comes_by_itself_after_a_pause() -> None:
    calls = Calls(Delivered(), Delivered())

    go(calls)

    assert calls.made[0] == NOW
    assert len(calls.made) >= 3


def test_who_wakes_the_thread_need_not_wait_for_the_pause(office: Office) -> None:
    provider = MemoryProvider()
    arrived = threading.Event()
    provider.during(lambda _: arrived.set())

    with running(office.workspace, office.store, provider, clock=lambda: NOW, pause=LONG) as rounds:
        office.apply()
        rounds.wake()
        assert arrived.wait(PATIENCE)

    assert provider.addresses == [AINO]


def test_who_wakes_it_during_a_round_gets_another_one(office: Office) -> None:
    provider = MemoryProvider()
    both = threading.Event()
    second = "eino@example.com"

    def during(batch: Batch) -> None:
        if batch.recipients[0].address == second:
            both.set()
        elif not both.is_set():
            office.apply(second)
            rounds.wake()

    provider.during(during)
    with running(office.workspace, office.store, provider, clock=lambda: NOW, pause=LONG) as rounds:
        office.apply()
        rounds.wake()
        assert both.wait(PATIENCE)

    assert provider.addresses == [AINO, second]


def test_being_woken_once_is_one_round_and_not_many() -> None:
    woken: list[bool] = []

    def deliver(_now: datetime, stop: threading.Event) -> Delivered:
        woken.append(rounds._wish.is_set())
        stop.set()
        return Delivered()

    rounds = Rounds(deliver, pause=0)
    rounds.wake()
    rounds.run()

    assert woken == [False]


def test_stopping_finishes_the_call_that_is_under_way(office: Office) -> None:
    provider = MemoryProvider()
    inside, go_on = threading.Event(), threading.Event()

    def during(_batch: Batch) -> None:
        inside.set()
        assert go_on.wait(PATIENCE)

    provider.during(during)
    for number in range(3):
        office.apply(f"p{number}@example.com")
    with running(office.workspace, office.store, provider, clock=lambda: NOW, pause=LONG) as rounds:
        assert inside.wait(PATIENCE)
        rounds.stop()
        go_on.set()

    assert len(provider.taken) == 1
    assert office.state(1) == "sent"
    assert office.state(2) == "waiting"


def test_a_thread_that_is_stopped_before_it_begins_does_nothing() -> None:
    calls = Calls()
    rounds = Rounds(calls, pause=LONG)
    rounds.stop()

    rounds.run()

    assert calls.made == []


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "newsletter.replying")
    return caplog


def test_a_trouble_is_logged_when_it_begins_and_when_it_is_over(
    log: pytest.LogCaptureFixture,
) -> None:
    trouble = Delivered(waiting=2, trouble=ProviderError("wrong key"))

    go(Calls(trouble, trouble, Delivered(sent=2), Delivered()))

    assert log.messages == ["replies wait: wrong key", "replies leave again"]


def test_what_is_refused_or_unknown_is_logged_as_a_number(log: pytest.LogCaptureFixture) -> None:
    go(Calls(Delivered(refused=1, unknown=2)))

    assert log.messages == ["replies: 1 refused, 2 unknown"]


@pytest.mark.parametrize(
    "error", [StoreError("the database refused: locked"), RuntimeError(f"no mail for {AINO}")]
)
def test_the_thread_outlives_any_error_and_its_log_holds_no_address(
    log: pytest.LogCaptureFixture, error: Exception
) -> None:
    calls = Calls(error, Delivered())

    go(calls)

    assert len(calls.made) >= 3
    assert len(log.messages) == 2
    assert AINO not in log.text
