"""Runs that stop early: refusals for good, bugs, a stop."""

import threading
from collections.abc import Iterator

import pytest

from newsletter import mailing
from newsletter.errors import ProviderError
from newsletter.mailing import (
    Accounts,
    HandedOver,
)
from newsletter.providers import Batch, Outcome, State
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    Answer,
    IdempotentMemoryProvider,
    MemoryProvider,
)
from tests.unit.mailing.runs import (
    people,
)


def test_a_refusal_for_good_stops_the_run_and_loses_nobody(room: Mailroom) -> None:
    room.add(*people(4))
    provider = MemoryProvider()
    provider.then(Answer.TAKEN, ProviderError("the key is wrong"))
    number = room.planned(batch_size=2)

    with pytest.raises(ProviderError, match="the key is wrong"):
        room.dispatch(number, provider)

    assert mailing.accounts(room.store, number) == Accounts(
        4, 0, 0, 0, 2, planned=2, handing_over=0
    )
    assert room.dispatch(number, provider).accepted == 4
    assert sorted(provider.addresses) == people(4)
    assert not room.clock.waits


def test_a_refusal_for_good_in_the_middle_keeps_what_was_taken(room: Mailroom) -> None:
    room.add(*people(4))
    provider = MemoryProvider(size=1)
    provider.then(Answer.TAKEN, Answer.LOST, ProviderError("the account is closed"))
    number = room.planned()

    with pytest.raises(ProviderError):
        room.dispatch(number, provider)

    assert mailing.accounts(room.store, number) == Accounts(
        4, 0, 0, 1, 1, planned=2, handing_over=0
    )
    assert room.dispatch(number, provider) == Accounts(4, 0, 0, 1, 3, 0, 0)


def test_a_refusal_for_good_of_a_repeat_leaves_it_to_be_repeated(room: Mailroom) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST, ProviderError("the key is wrong"))
    number = room.planned()

    with pytest.raises(ProviderError):
        room.dispatch(number, provider)

    assert mailing.accounts(room.store, number).handing_over == 2
    assert room.dispatch(number, provider).accepted == 2
    assert sorted(provider.addresses) == people(2)


def test_a_bug_in_a_driver_leaves_the_people_unknown_and_is_shown(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider(size=1)
    provider.then(Answer.TAKEN, RuntimeError("not thought of"))
    number = room.planned()

    with pytest.raises(RuntimeError, match="not thought of"):
        room.dispatch(number, provider)

    assert mailing.accounts(room.store, number) == Accounts(3, 0, 0, 2, 1, 0, 0)
    reasons = {item.reason for item in mailing.people(room.store, number, "unknown")}
    assert reasons == {"the call broke off: RuntimeError: not thought of"}


@pytest.mark.parametrize("key", ["stranger", None])
def test_an_outcome_too_many_is_a_bug_and_loses_nobody(room: Mailroom, key: str | None) -> None:
    class Confused(MemoryProvider):
        def send(self, batch: Batch) -> Iterator[list[Outcome]]:
            for outcomes in super().send(batch):
                yield [*outcomes, Outcome(key or outcomes[0].key, State.ACCEPTED)]

    room.add(*people(2))
    number = room.planned()

    with pytest.raises(ValueError, match="an outcome too many"):
        room.dispatch(number, Confused())

    assert mailing.accounts(room.store, number).unknown == 2


def test_mails_that_cannot_be_made_were_not_sent(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()

    def fail(step: mailing.Step) -> None:
        if isinstance(step, HandedOver):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mailing.dispatch(
            room.store, number, MemoryProvider(), keys=KEYS, clock=room.clock,
            owner=room.owner(), stop=threading.Event(), progress=fail,
        )  # fmt: skip

    assert mailing.accounts(room.store, number).planned == 2


def test_stop_ends_the_run_after_the_call_in_flight(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    stop = threading.Event()
    provider.during(lambda _: stop.set())
    number = room.planned(batch_size=1)

    accounts = room.dispatch(number, provider, stop=stop)

    assert accounts == Accounts(3, 0, 0, 0, accepted=1, planned=2, handing_over=0)
    provider.during(lambda _: None)
    assert room.dispatch(number, provider).accepted == 3
    assert sorted(provider.addresses) == people(3)
