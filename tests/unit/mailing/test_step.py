"""A run step by step, as an engine takes it; and how it waits."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event

from newsletter import mailing
from newsletter.mailing import Resting, Run, Waiting, Worked
from newsletter.mailing.handing.patience import MOST_TRIES, OUTAGE_TRIES, Patience
from newsletter.providers import Batch, State
from newsletter.testing import NOW
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.paced import MINUTE, mailing_row, paced, work
from tests.unit.mailing.runs import people


def test_each_step_deals_with_one_batch_and_then_nothing_is_left(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=2)
    room.leave("p2@example.com")
    run = Run(work(room, number, provider := MemoryProvider()), room.owner())

    assert run.step() == Worked(1)
    assert provider.addresses == people(2)
    assert run.step() == Worked(2)  # whoever left needed no call
    assert run.step() is None
    assert run.step() is None


def test_a_step_says_until_when_there_is_no_use_in_another(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    run = Run(work(room, number, MemoryProvider(), paced(per_minute=1)), room.owner())

    run.step()
    waiting = run.step()

    assert isinstance(waiting, Waiting)
    assert waiting.until - NOW == pytest.approx(MINUTE, abs=timedelta(milliseconds=2))
    assert run.step() == waiting


def test_a_step_rests_when_only_a_person_can_help_and_sees_that_one_did(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    run = Run(work(room, number, MemoryProvider()), room.owner())
    mailing.pause(room.store, number, by="maija", now=NOW, reason="a typo")

    assert run.step() == Resting("paused by maija: a typo")
    mailing.resume(room.store, number, by="maija", now=NOW)
    assert isinstance(run.step(), Worked)


@pytest.mark.parametrize("minutes", [1, 10, 59])
def test_whoever_waits_looks_once_a_minute_and_no_more(room: Mailroom, minutes: int) -> None:
    room.add(*people(2))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    for address in people(2):
        provider.answer(address, State.RETRY, "slow down", wait=timedelta(minutes=minutes))
    stop, begun = threading.Event(), [0]
    at_call: list[int] = []

    def look(_: Batch) -> None:
        at_call.append(begun[0])
        if len(at_call) > 1:
            stop.set()

    def begin(_: object) -> None:
        begun[0] += 1

    provider.during(look)
    event.listen(room.store._engine, "begin", begin)
    room.dispatch(number, provider, stop=stop)

    assert room.clock.waits == [60] * minutes
    transactions = at_call[1] - at_call[0]
    assert minutes <= transactions <= 2 * minutes + 5


def test_a_run_that_waits_sees_within_a_minute_that_it_may_go_on(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.RETRY, "slow down", wait=timedelta(minutes=50))
    wait = room.clock.wait
    waits: list[float] = []

    def somebody_cancels(seconds: float, stop: mailing.Stop) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            mailing.pause(room.store, number, by="maija", now=room.clock.now())
        wait(seconds, stop)

    room.clock.wait = somebody_cancels  # type: ignore[method-assign] # to act in a wait
    room.dispatch(number, provider)

    assert len(waits) == 3
    assert room.steps[-1] == Resting("paused by maija")


def test_the_same_wait_is_told_once(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned(batch_size=2)
    provider = MemoryProvider()
    wait = timedelta(minutes=30)
    provider.answer("p0@example.com", State.RETRY, "slow down", wait=wait)

    def well_again(_: Batch) -> None:
        if len(provider.batches) > 1:
            provider.answer("p0@example.com", State.ACCEPTED)

    provider.during(well_again)
    room.dispatch(number, provider)

    assert [step for step in room.steps if isinstance(step, Waiting)] == [
        Waiting(NOW + wait, "slow down")
    ]
    assert mailing_row(room.store).state == "open"


def test_a_batch_that_others_are_taken_beside_is_at_fault_itself() -> None:
    patience = Patience()
    assert patience.failed(1)
    patience.taken(2, leaves_some=False)

    assert not patience.failed(1)
    for _ in range(MOST_TRIES - 2):
        assert patience.spent() == []
        patience.failed(1)
    assert patience.spent() == patience.tired() == [1]


def test_batches_that_fail_together_are_forgiven_when_it_is_over() -> None:
    patience = Patience()
    for _ in range(MOST_TRIES):
        assert patience.failed(1)
        assert patience.failed(2)
    assert patience.tired() == [1, 2]
    assert patience.spent() == []

    patience.taken(3, leaves_some=False)

    assert patience.tired() == []
    assert (patience.tries(1), patience.tries(2)) == (0, 0)


def test_what_is_left_of_a_batch_that_was_taken_in_part_is_its_own_fault() -> None:
    patience = Patience()
    patience.taken(1, leaves_some=True)

    assert not patience.failed(1)


def test_a_batch_is_tried_for_about_a_day_while_nothing_is_taken() -> None:
    patience = Patience()
    for _ in range(OUTAGE_TRIES):
        assert patience.spent() == []
        patience.failed(1)

    assert patience.spent() == [1]
