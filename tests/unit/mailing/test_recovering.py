"""What a dead run left; providers that know each recipient; several runs at once."""

import threading
from datetime import timedelta

import pytest

from newsletter import mailing
from newsletter.mailing import (
    Accounts,
    Answered,
    HandedOver,
    Lost,
)
from newsletter.providers import Batch, State
from newsletter.providers.pace import LEASE
from newsletter.store import Store
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    Answer,
    IdempotentMemoryProvider,
    MemoryProvider,
)
from tests.unit.mailing.runs import (
    Killed,
    PerRecipientProvider,
    batch_state,
    kill,
    killed_before,
    people,
)


def test_a_batch_of_a_dead_run_is_unknown_where_a_repeat_is_not_safe(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    number = room.planned(batch_size=2)

    kill(room, number, provider)

    assert mailing.accounts(room.store, number).handing_over == 2
    assert room.dispatch(number, provider) == Accounts(3, 0, 0, 2, 1, 0, 0)
    assert provider.addresses == ["p2@example.com"]
    reasons = {item.reason for item in mailing.people(room.store, number, "unknown")}
    assert reasons == {"the run ended during the call"}


def test_a_batch_of_a_dead_run_is_handed_over_again_with_the_same_bytes(room: Mailroom) -> None:
    room.add(*people(3))
    provider = IdempotentMemoryProvider()
    number = room.planned()

    kill(room, number, provider)
    room.clock.turn(timedelta(hours=1))

    assert room.dispatch(number, provider).accepted == 3
    assert provider.batches[0] == provider.batches[1]


def test_a_batch_of_a_dead_run_is_unknown_when_the_signing_key_changed(room: Mailroom) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    number = room.planned()
    kill(room, number, provider)

    accounts = mailing.dispatch(
        room.store, number, provider, keys=("another-key-0123456789abcdef0123", *KEYS),
        clock=room.clock, owner=room.owner(), stop=threading.Event(),
    )  # fmt: skip

    assert accounts.unknown == 2
    assert len(provider.batches) == 1


def test_a_batch_of_a_dead_run_is_unknown_when_the_account_changed(room: Mailroom) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.during(killed_before)
    number = room.planned()
    with pytest.raises(Killed):
        room.dispatch(number, provider)
    provider.account = "another"

    assert room.dispatch(number, provider).unknown == 2
    assert provider.taken == []


def test_a_run_that_died_between_two_parts_leaves_the_rest_unknown(room: Mailroom) -> None:
    room.add(*people(4))
    provider = IdempotentMemoryProvider(size=2)
    number = room.planned()
    parts = iter([None, Killed()])

    def act(_: Batch) -> None:
        if (error := next(parts, None)) is not None:
            raise error

    provider.during(act)
    with pytest.raises(Killed):
        room.dispatch(number, provider)

    assert room.dispatch(number, provider) == Accounts(4, 0, 0, 2, 2, 0, 0)
    assert len(provider.batches) == 1


def test_a_batch_of_which_all_is_recorded_is_done(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    number = room.planned()

    def die(step: mailing.Step) -> None:
        if isinstance(step, Answered):
            raise Killed

    with pytest.raises(Killed):
        mailing.dispatch(
            room.store, number, provider, keys=KEYS, clock=room.clock,
            owner=(owner := room.owner()), stop=threading.Event(), progress=die,
        )  # fmt: skip
    owner.die()

    assert mailing.accounts(room.store, number) == Accounts(2, 0, 0, 0, 2, 0, 0)
    assert batch_state(room) == ["handing_over"]
    room.dispatch(number, provider)
    assert batch_state(room) == ["done"]
    assert len(provider.batches) == 1


def test_a_live_run_keeps_its_batch_until_the_lease_ends(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    provider = MemoryProvider()
    seen: list[Accounts] = []
    inner = MemoryProvider()

    def meanwhile(_: Batch) -> None:
        seen.append(room.dispatch(number, inner))
        room.clock.turn(LEASE)
        seen.append(room.dispatch(number, inner))

    provider.during(meanwhile)
    accounts = room.dispatch(number, provider)

    assert [item.handing_over for item in seen] == [2, 0]
    assert not inner.batches
    assert room.told(Lost) == [Lost(1)]
    assert accounts.unknown == 2


def test_a_late_answer_of_a_run_that_lost_its_lease_is_not_written(room: Mailroom) -> None:
    room.add("aino@example.com")
    number = room.planned()
    slow, quick = IdempotentMemoryProvider(), IdempotentMemoryProvider()

    def meanwhile(_: Batch) -> None:
        room.clock.turn(LEASE)
        quick.answer("aino@example.com", State.ACCEPTED)
        room.dispatch(number, quick)

    slow.answer("aino@example.com", State.REFUSED, "too late")
    slow.during(meanwhile)
    accounts = room.dispatch(number, slow)

    assert accounts == Accounts(1, 0, 0, 0, accepted=1, planned=0, handing_over=0)
    assert slow.batches == quick.batches


def test_a_run_that_slept_past_its_lease_does_not_call(room: Mailroom) -> None:
    room.add("aino@example.com")
    number = room.planned()
    provider, other = MemoryProvider(), MemoryProvider()

    def sleep(step: mailing.Step) -> None:
        if isinstance(step, HandedOver):
            room.clock.turn(LEASE)
            room.dispatch(number, other)

    accounts = mailing.dispatch(
        room.store, number, provider, keys=KEYS, clock=room.clock,
        owner=room.owner(), stop=threading.Event(), progress=sleep,
    )  # fmt: skip

    # The other one could not know that it had not called: nobody may call for them any more.
    assert accounts.unknown == 1
    assert provider.batches == other.batches == []


def test_a_part_is_repeated_where_the_provider_knows_each_recipient(room: Mailroom) -> None:
    room.add(*people(4))
    provider = PerRecipientProvider(size=2)
    provider.then(Answer.TAKEN, Answer.LOST)

    accounts = room.send(provider)

    assert accounts.accepted == 4
    assert sorted(provider.addresses) == people(4)
    assert len(provider.batches) == 2


def test_those_in_doubt_who_left_stay_unknown_where_each_is_known(room: Mailroom) -> None:
    room.add(*people(3))
    provider = PerRecipientProvider()
    provider.then(Answer.LOST)
    provider.during(lambda _: room.leave("p1@example.com"))

    accounts = room.send(provider)

    assert accounts == Accounts(3, 0, 0, unknown=1, accepted=2, planned=0, handing_over=0)
    assert sorted(provider.addresses) == people(3)


def test_when_everybody_in_doubt_left_nothing_is_repeated(room: Mailroom) -> None:
    room.add("aino@example.com")
    provider = PerRecipientProvider()
    provider.then(Answer.LOST)
    provider.during(lambda _: room.leave("aino@example.com"))

    accounts = room.send(provider)

    assert accounts.unknown == 1
    assert len(provider.batches) == 1


def test_refused_and_unknown_are_kept_apart_where_each_is_known(room: Mailroom) -> None:
    room.add(*people(3))
    provider = PerRecipientProvider()
    provider.answer("p0@example.com", State.RETRY)
    provider.answer("p1@example.com", State.UNKNOWN)

    def well_again(_: Batch) -> None:
        if len(provider.batches) > 1:
            provider.answer("p0@example.com", State.REFUSED, "no such mailbox")
            provider.answer("p1@example.com", State.ACCEPTED)

    provider.during(well_again)

    accounts = room.send(provider)

    assert accounts == Accounts(3, 0, refused=1, unknown=0, accepted=2, planned=0, handing_over=0)


def test_two_runs_share_a_mailing(room: Mailroom) -> None:
    room.add(*people(40))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    start, met = threading.Barrier(2), threading.Barrier(2)
    first_calls: set[int] = set()

    def meet(_: Batch) -> None:
        me = threading.get_ident()
        if me not in first_calls:
            first_calls.add(me)
            met.wait(timeout=20)

    provider.during(meet)

    def run() -> None:
        start.wait(timeout=20)
        room.dispatch(number, provider)

    runs = [threading.Thread(target=run) for _ in range(2)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join(timeout=60)

    assert sorted(provider.addresses) == sorted(people(40))
    assert len(first_calls) == 2
    assert mailing.accounts(room.store, number).accepted == 40


def test_a_second_run_waits_for_nothing_that_another_holds(room: Mailroom, store: Store) -> None:
    room.add("aino@example.com")
    number = room.planned()
    provider = MemoryProvider()
    inner: list[Accounts] = []
    provider.during(lambda _: inner.append(room.dispatch(number, MemoryProvider())))

    room.dispatch(number, provider)

    assert inner == [Accounts(1, 0, 0, 0, 0, 0, handing_over=1)]
    assert provider.addresses == ["aino@example.com"]
