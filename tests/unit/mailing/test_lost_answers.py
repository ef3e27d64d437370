"""Answers that never came: nobody is mailed twice for them."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter import mailing
from newsletter.errors import ProviderError
from newsletter.mailing import (
    Accounts,
    HandedOver,
    Resting,
    Waiting,
)
from newsletter.mailing.handing.patience import MOST_TRIES
from newsletter.mailing.limits.trouble import MOST_LOST
from newsletter.providers import Batch, Outcome, State
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    Answer,
    IdempotentMemoryProvider,
    MemoryProvider,
)
from tests.unit.mailing.runs import (
    CuttingProvider,
    Killed,
    PerRecipientProvider,
    batch_state,
    keys_of,
    killed_before,
    people,
)


def test_a_wait_from_before_the_clock_was_set_back_holds_nobody_up(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.then(ProviderError("the account is closed"), Answer.BUSY)
    stop = threading.Event()
    provider.during(lambda _: stop.set())
    number = room.planned(batch_size=1)
    room.clock.turn(timedelta(days=30))
    with pytest.raises(ProviderError):
        room.dispatch(number, provider, stop=stop)
    stop.clear()
    room.dispatch(number, provider, stop=stop)
    room.clock.turn(timedelta(days=-30))

    assert room.dispatch(number, provider).accepted == 2


@pytest.mark.parametrize("answer", [Answer.LOST, Answer.NOT_TAKEN])
def test_a_lost_answer_is_unknown_where_a_repeat_is_not_safe(
    room: Mailroom, answer: Answer
) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    provider.then(answer)

    accounts = room.send(provider, batch_size=2)

    assert accounts == Accounts(3, 0, 0, unknown=2, accepted=1, planned=0, handing_over=0)
    assert len(provider.batches) == 2
    assert batch_state(room) == ["unknown", "done"]
    found = list(mailing.people(room.store, 1, "unknown"))
    assert [(item.address, item.reason) for item in found] == [
        ("p0@example.com", answer.value),
        ("p1@example.com", answer.value),
    ]


@pytest.mark.parametrize("answer", [Answer.LOST, Answer.NOT_TAKEN])
def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(
    room: Mailroom, answer: Answer
) -> None:
    room.add(*people(3))
    provider = IdempotentMemoryProvider()
    provider.then(answer, answer)

    accounts = room.send(provider)

    assert accounts.accepted == 3
    assert sorted(provider.addresses) == people(3)
    assert provider.batches[0] == provider.batches[1] == provider.batches[2]
    assert room.told(HandedOver)[1] == HandedOver(1, 3, again=True)


@pytest.mark.usefixtures("few_looks")
def test_an_answer_that_stays_lost_is_asked_for_as_long_as_the_key_is_known(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(*[Answer.LOST] * 20)

    accounts = room.send(provider)

    assert accounts.accepted == 2
    assert len(provider.batches) == 21
    assert len(set(keys_of(provider))) == 1
    assert sorted(provider.addresses) == people(2)


@pytest.mark.usefixtures("few_looks")
def test_an_answer_that_stays_lost_is_unknown_once_the_key_may_be_forgotten(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(*[Answer.LOST] * 50)

    accounts = room.send(provider)

    assert accounts.unknown == 2
    assert timedelta(seconds=sum(room.clock.waits)) < timedelta(hours=19.5)
    assert sorted(provider.addresses) == people(2)


def test_a_batch_that_stays_lost_lets_the_others_pass(room: Mailroom) -> None:
    room.add(*people(3))
    provider = IdempotentMemoryProvider()
    provider.answer("p0@example.com", State.UNKNOWN, "used already")

    accounts = room.send(provider, batch_size=1)

    assert (accounts.accepted, accounts.handing_over) == (2, 1)
    assert len(provider.batches) == 2 + MOST_TRIES
    assert isinstance(room.steps[-1], Resting)


@pytest.mark.slow
@pytest.mark.usefixtures("few_looks")
def test_a_run_slows_down_before_it_makes_everybody_unknown(room: Mailroom) -> None:
    room.add(*people(300))
    provider = MemoryProvider()
    provider.then(*[Answer.LOST] * 12)

    room.dispatch(number := room.planned(batch_size=100), provider)

    sizes = [len(batch.recipients) for batch in provider.batches]
    assert sizes[:13] == [100] + [1] * 12  # each call after the first only tries it out
    assert mailing.accounts(room.store, number).unknown == 111
    long = [step for step in room.steps if isinstance(step, Waiting)][MOST_LOST - 1 : 12]
    assert len(long) == 10
    assert timedelta(hours=3) < long[-1].until - long[0].until < timedelta(hours=10)


def test_an_answer_that_comes_between_resets_the_count(room: Mailroom) -> None:
    room.add(*people(5))
    provider = MemoryProvider()
    provider.then(Answer.LOST, Answer.LOST, Answer.TAKEN, Answer.LOST, Answer.LOST)

    accounts = room.send(provider, batch_size=1)

    assert (accounts.unknown, accounts.accepted) == (4, 1)


def test_who_left_meanwhile_keeps_a_batch_from_being_repeated(room: Mailroom) -> None:
    room.add(*people(3))
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST)
    provider.during(lambda _: room.leave("p1@example.com"))

    accounts = room.send(provider)

    assert accounts.unknown == 3
    assert len(provider.batches) == 1


def test_a_part_of_an_answer_keeps_the_rest_from_being_repeated(room: Mailroom) -> None:
    room.add(*people(4))
    provider = IdempotentMemoryProvider(size=2)
    provider.then(Answer.TAKEN, Answer.LOST)

    accounts = room.send(provider)

    assert accounts == Accounts(4, 0, 0, 2, 2, 0, 0)
    assert len(provider.batches) == 1
    assert {item.reason for item in mailing.people(room.store, 1, "unknown")} == {"lost"}


def test_a_key_that_may_be_forgotten_is_not_used_again(room: Mailroom) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST)
    provider.during(lambda _: room.clock.turn(timedelta(hours=20)))

    accounts = room.send(provider)

    assert accounts.unknown == 2
    assert len(provider.batches) == 1


@pytest.mark.parametrize("state", [State.RETRY, State.REFUSED])
@pytest.mark.usefixtures("few_looks")
def test_a_repeat_that_is_refused_says_nothing_of_the_first_call(
    room: Mailroom, state: State
) -> None:
    room.add("aino@example.com")
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST)
    provider.during(
        lambda _: provider.answer("aino@example.com", state) if len(provider.batches) > 1 else None
    )

    accounts = room.send(provider)

    assert (accounts.unknown, accounts.refused) == (1, 0)
    assert provider.addresses == ["aino@example.com"]
    assert len(set(keys_of(provider))) == 1


@pytest.mark.parametrize("state", [State.RETRY, State.REFUSED])
def test_who_leaves_after_a_repeat_was_put_off_is_unknown_for_they_may_have_the_mail(
    room: Mailroom, state: State
) -> None:
    room.add("aino@example.com")
    provider = PerRecipientProvider()
    provider.then(Answer.LOST)  # taken

    def leave_while_the_repeat_is_put_off(_: Batch) -> None:
        if len(provider.batches) == 2:
            provider.answer("aino@example.com", state)
            room.leave("aino@example.com")

    provider.during(leave_while_the_repeat_is_put_off)

    accounts = room.send(provider)

    assert provider.addresses == ["aino@example.com"]
    assert (accounts.unknown, accounts.excluded, accounts.refused) == (1, 0, 0)


def test_what_went_out_under_other_keys_is_not_repeated_under_its_own(room: Mailroom) -> None:
    room.add(*people(2))
    provider = CuttingProvider()
    provider.then(Answer.LOST, Answer.LOST)

    accounts = room.send(provider)

    assert accounts.unknown == 2
    assert len(provider.batches) == 2
    assert provider.addresses == people(2)


def test_a_run_that_died_while_it_went_out_under_other_keys_leaves_it_unknown(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    provider = CuttingProvider()
    provider.during(killed_before)
    number = room.planned()
    with pytest.raises(Killed):
        room.dispatch(number, provider)
    provider.during(lambda _: None)

    accounts = room.dispatch(number, provider)

    assert accounts.unknown == 2
    assert provider.taken == []


def test_some_taken_some_not_some_unknown_each_get_their_own_state(room: Mailroom) -> None:
    room.add(*people(6))
    provider = MemoryProvider()
    provider.answer("p1@example.com", State.UNKNOWN, "no answer")
    provider.answer("p2@example.com", State.RETRY, "busy")
    provider.answer("p4@example.com", State.RETRY, "busy")
    provider.answer("p5@example.com", State.UNKNOWN, "no answer")

    def well_again(batch: Batch) -> None:
        if len(provider.batches) > 1:
            for address in people(6):
                provider.answer(address, State.ACCEPTED)

    provider.during(well_again)

    accounts = room.send(provider)

    assert accounts == Accounts(6, 0, 0, unknown=2, accepted=4, planned=0, handing_over=0)
    assert sorted(provider.addresses) == ["p0@example.com", *people(5)[2:]]
    assert batch_state(room) == ["unknown", "done", "unknown"]


def test_a_provider_that_forgets_somebody_leaves_them_unknown(room: Mailroom) -> None:
    class Forgetful(MemoryProvider):
        def send(self, batch: Batch) -> Iterator[list[Outcome]]:
            for outcomes in super().send(batch):
                yield outcomes[1:]

    room.add(*people(2))

    accounts = room.send(Forgetful())

    assert (accounts.accepted, accounts.unknown) == (1, 1)
