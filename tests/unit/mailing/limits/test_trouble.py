"""An account that ails: known to all runs, waited for, or stopped until a person has mended it."""

from datetime import timedelta

import pytest

from newsletter import mailing
from newsletter.errors import ProviderError
from newsletter.mailing import Resting, Run, Waiting, Worked
from newsletter.mailing.limits.trouble import MOST_REFUSALS, OUTAGE
from newsletter.providers import Batch, State
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.unit.mailing.paced import account_row, acts, mailing_row, work
from tests.unit.mailing.runs import people

WRONG_KEY = ProviderError("the key is wrong", hint="check it")


def test_a_wait_that_the_provider_asked_for_is_kept_by_every_run_and_mailing(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    first = room.planned(batch_size=1)
    room.add("later@example.com")
    second = room.planned()
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.RETRY, "slow down", wait=timedelta(minutes=5))
    run, another = (Run(work(room, number, provider), room.owner()) for number in (first, second))

    assert run.step() == Worked(1)
    slow_down = Waiting(room.clock.now() + timedelta(minutes=5), "slow down")
    assert run.step() == another.step() == slow_down
    room.clock.turn(timedelta(minutes=4))
    assert another.step() == slow_down
    room.clock.turn(timedelta(minutes=1))
    assert isinstance(another.step(), Worked)
    assert provider.addresses == ["later@example.com"]


def test_calls_that_fail_side_by_side_count_once(room: Mailroom) -> None:
    room.add(*people(8))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.then(*[Answer.BUSY] * 4)
    inner = [Run(work(room, number, provider), room.owner()) for _ in range(3)]

    def meanwhile(_: Batch) -> None:
        if inner:
            inner.pop().step()

    provider.during(meanwhile)
    Run(work(room, number, provider), room.owner()).step()

    assert len(provider.batches) == 4
    assert account_row(room.store).failures == 1


def test_what_another_run_was_given_meanwhile_ends_no_wait(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider, busy = MemoryProvider(), MemoryProvider()
    busy.then(Answer.BUSY)
    other = Run(work(room, number, busy), room.owner())

    def meanwhile(_: Batch) -> None:
        other.step()

    provider.during(meanwhile)
    run = Run(work(room, number, provider), room.owner())

    run.step()

    assert isinstance(run.step(), Waiting)


def test_an_outage_pauses_the_mailing_and_it_goes_on_by_itself(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.then(*[Answer.BUSY] * (OUTAGE + 2))
    seen = []

    def look(_: Batch) -> None:
        seen.append(mailing_row(room.store))

    provider.during(look)
    accounts = room.dispatch(number, provider)

    assert accounts.accepted == 3
    assert [row.state for row in seen] == ["open"] * 5 + ["paused"] * 3 + ["open"] * 2
    paused = seen[5]
    assert paused.state_by == "tool"
    assert paused.state_reason == "the provider took nothing 5 times in a row: busy"
    waits = [step for step in room.steps if isinstance(step, Waiting)]
    assert waits[-1].reason == "paused by tool: the provider took nothing 7 times in a row: busy"
    assert mailing_row(room.store).state == "open"
    assert account_row(room.store).failures == 0
    assert acts(room.store) == [("tool", "mailing paused"), ("tool", "mailing resumed")]


def test_a_person_who_pauses_in_an_outage_is_obeyed(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.then(*[Answer.BUSY] * 6)

    def pause(_: Batch) -> None:
        if len(provider.batches) == OUTAGE + 1:
            mailing.pause(room.store, number, by="maija", now=room.clock.now())

    provider.during(pause)
    accounts = room.dispatch(number, provider)

    assert accounts.planned == 3
    assert room.steps[-1] == Resting("paused by maija")
    assert mailing_row(room.store).state_by == "maija"


def test_an_account_that_refuses_for_good_stops_the_mailing_until_a_person_resumes_it(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    number = room.planned()
    provider = MemoryProvider()
    provider.then(*[WRONG_KEY] * MOST_REFUSALS)
    for calls in range(1, MOST_REFUSALS + 1):
        with pytest.raises(ProviderError, match="the key is wrong") as caught:
            room.dispatch(number, provider)
        assert mailing_row(room.store).state == ("open" if calls < MOST_REFUSALS else "paused")

    assert caught.value.hint == "check it; then: newsletter resume 1"
    assert room.dispatch(number, provider).planned == 2
    assert room.steps[-1] == Resting("paused by tool: refused 3 times in a row: the key is wrong")
    assert len(provider.batches) == MOST_REFUSALS
    mailing.resume(room.store, number, by="maija", now=room.clock.now())
    assert room.dispatch(number, provider).accepted == 2
    assert account_row(room.store).refusals == 0


def test_a_key_that_is_still_wrong_after_a_resume_stops_it_again_at_once(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    provider = MemoryProvider()
    provider.then(*[WRONG_KEY] * (MOST_REFUSALS + 1))
    for _ in range(MOST_REFUSALS):
        with pytest.raises(ProviderError):
            room.dispatch(number, provider)
    mailing.resume(room.store, number, by="maija", now=room.clock.now())

    with pytest.raises(ProviderError):
        room.dispatch(number, provider)

    assert mailing_row(room.store).state == "paused"


def test_another_key_is_another_account_and_begins_anew(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    provider = MemoryProvider()
    provider.then(WRONG_KEY, WRONG_KEY)
    for _ in range(2):
        with pytest.raises(ProviderError):
            room.dispatch(number, provider)

    provider.account = "another"

    assert room.dispatch(number, provider).accepted == 2
    assert account_row(room.store).refusals == 2


def test_busy_calls_before_it_do_not_make_one_refusal_three(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    provider = MemoryProvider()
    provider.then(Answer.BUSY, Answer.BUSY, Answer.BUSY, WRONG_KEY)

    with pytest.raises(ProviderError):
        room.dispatch(number, provider)

    assert mailing_row(room.store).state == "open"


@pytest.mark.usefixtures("few_looks")
def test_an_account_that_was_blocked_by_a_wrong_clock_is_not_waited_for(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.then(Answer.BUSY)
    run = Run(work(room, number, provider), room.owner())
    room.clock.turn(timedelta(days=400))
    run.step()
    assert isinstance(run.step(), Waiting)
    room.clock.turn(timedelta(days=-400))

    assert room.dispatch(number, provider).accepted == 2


def test_answers_lost_at_a_provider_that_can_be_asked_again_cost_nobody_certainty(
    room: Mailroom,
) -> None:
    room.add(*people(100))
    number = room.planned(batch_size=50)
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST, Answer.LOST)

    assert room.dispatch(number, provider).accepted == 100
    assert [len(batch.recipients) for batch in provider.batches] == [50, 50, 50, 50]
