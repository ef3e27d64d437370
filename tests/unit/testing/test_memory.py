from datetime import timedelta

import pytest

from newsletter.errors import ProviderError
from newsletter.providers import Batch, Outcome, Provider, State
from newsletter.testing.batches import make_batch
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider


def send(provider: Provider, batch: Batch) -> list[Outcome]:
    return [outcome for outcomes in provider.send(batch) for outcome in outcomes]


def test_it_takes_what_it_is_handed_and_answers_as_told() -> None:
    provider = MemoryProvider()
    provider.answer("person1@example.com", State.REFUSED, "no such mailbox")
    provider.answer("person2@example.com", State.RETRY, "busy", wait=timedelta(seconds=3))
    provider.answer("person3@example.com", State.ACCEPTED)

    outcomes = send(provider, make_batch(4))
    provider.close()

    assert [item.state.value for item in outcomes] == ["accepted", "refused", "retry", "accepted"]
    assert outcomes[2].wait == timedelta(seconds=3)
    assert provider.addresses == ["person0@example.com", "person3@example.com"]
    assert provider.taken[0].subject == "Terveisiä, Nimi0"
    assert provider.closed


@pytest.mark.parametrize(
    ("answer", "state", "taken"),
    [
        (Answer.TAKEN, State.ACCEPTED, 2),
        (Answer.LOST, State.UNKNOWN, 2),
        (Answer.NOT_TAKEN, State.UNKNOWN, 0),
        (Answer.BUSY, State.RETRY, 0),
    ],
)
def test_a_whole_call_comes_to_what_was_told(answer: Answer, state: State, taken: int) -> None:
    provider = MemoryProvider()
    provider.then(answer)

    outcomes = send(provider, make_batch(2))

    assert {item.state for item in outcomes} == {state}
    assert len(provider.taken) == taken


def test_a_call_can_fail_in_the_middle_of_a_batch() -> None:
    provider = MemoryProvider(size=2)
    provider.then(Answer.TAKEN, ProviderError("closed"))
    sending = provider.send(make_batch(5))

    assert len(next(sending)) == 2
    with pytest.raises(ProviderError):
        next(sending)
    assert len(provider.taken) == 2


def test_something_can_happen_during_a_call() -> None:
    seen: list[str] = []
    provider = MemoryProvider(size=2)
    provider.during(lambda batch: seen.append(batch.key))

    send(provider, make_batch(3))

    assert seen == ["b7-1", "b7-1"]
    assert [batch.key for batch in provider.batches] == ["b7-1"]


def test_an_idempotent_one_takes_a_key_once_and_refuses_it_for_other_content() -> None:
    provider = IdempotentMemoryProvider()

    first = send(provider, make_batch(2))
    again = send(provider, make_batch(2))
    other = send(provider, make_batch(2, mailing="another"))

    assert first == again
    assert {item.state for item in other} == {State.UNKNOWN}
    assert len(provider.taken) == 2
