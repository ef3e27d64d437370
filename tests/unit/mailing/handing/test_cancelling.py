import threading

import pytest

from newsletter import mailing
from newsletter.errors import InputError, ProviderError
from newsletter.mailing import Accounts
from newsletter.providers import Batch
from newsletter.providers.pace import LEASE
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.unit.mailing.held import STAFF, cancel, rested, run
from tests.unit.mailing.runs import batch_state, kill, people


def cancels(room: Mailroom, number: int) -> None:
    cancel(room, number)


def test_whoever_is_planned_is_excluded(room: Mailroom) -> None:
    room.add(*people(5))
    number = room.planned(batch_size=2)

    settled = cancel(room, number, "wrong date")

    assert settled.excluded == 5
    assert mailing.accounts(room.store, number) == Accounts(5, 5, 0, 0, 0, 0, 0)
    assert {item.reason for item in mailing.people(room.store, number, "excluded")} == {"cancelled"}
    provider = MemoryProvider()
    assert run(room, number, provider).finished
    assert not provider.batches


def test_a_later_mailing_of_the_issue_goes_to_them(room: Mailroom) -> None:
    room.add(*people(4))
    number = room.planned(batch_size=2)
    provider = MemoryProvider()
    provider.during(lambda _: cancels(room, number))
    run(room, number, provider)
    provider.during(lambda _: None)

    accounts = run(room, room.planned(), provider)

    assert accounts.accepted == 2
    assert sorted(provider.addresses) == people(4)


def test_a_run_stops_before_its_next_hand_over_and_records_the_one_under_way(
    room: Mailroom,
) -> None:
    room.add(*people(4))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    seen: list[mailing.Settled] = []
    provider.during(lambda _: seen.append(cancel(room, number, "wrong date")))

    accounts = run(room, number, provider)

    assert accounts == Accounts(4, excluded=3, refused=0, unknown=0, accepted=1, planned=0,
                                handing_over=0)  # fmt: skip
    assert (seen[0].excluded, seen[0].under_way, seen[0].unknown) == (3, 1, 0)
    assert seen[0].until == room.clock.now() + LEASE


def test_what_a_call_under_way_leaves_is_settled_by_its_own_run(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned()
    provider = MemoryProvider(size=1)
    provider.then(Answer.TAKEN, Answer.BUSY, Answer.LOST)
    provider.during(lambda _: None if provider.taken else cancels(room, number))

    accounts = run(room, number, provider)

    # One was taken, one certainly not, and of one nobody knows.
    assert accounts == Accounts(3, excluded=1, refused=0, unknown=1, accepted=1, planned=0,
                                handing_over=0)  # fmt: skip
    assert rested(room.steps).reason == "cancelled by maija"


def test_a_batch_of_a_dead_run_is_unknown_and_never_handed_over_again(room: Mailroom) -> None:
    room.add(*people(4))
    provider = IdempotentMemoryProvider()
    number = room.planned(batch_size=2)
    kill(room, number, provider)

    settled = cancel(room, number)
    run(room, number, provider)

    assert (settled.excluded, settled.unknown) == (2, 2)
    assert provider.taken == []
    assert {item.reason for item in mailing.people(room.store, number, "unknown")} == {
        "the run ended during the call"
    }


def test_what_waits_to_be_asked_for_again_is_unknown(room: Mailroom) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST)
    number = room.planned()
    stop = threading.Event()
    provider.during(lambda _: stop.set())
    run(room, number, provider, stop=stop)
    assert batch_state(room) == ["handing_over"]

    cancel(room, number)

    assert mailing.accounts(room.store, number).unknown == 2


def test_what_a_run_elsewhere_may_hold_is_settled_when_its_lease_is_over(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    number = room.planned()
    kill(room, number, provider)
    room.living.add("run-1")  # of a dead run on another machine nobody here can know

    first = cancel(room, number)
    room.clock.turn(LEASE)
    second = cancel(room, number)

    assert (first.under_way, first.unknown) == (1, 0)
    assert (second.under_way, second.unknown) == (0, 2)


def test_cancelling_that_broke_off_goes_on_when_it_is_repeated(room: Mailroom) -> None:
    room.add(*people(6))
    number = room.planned(batch_size=2)
    owner = room.owner()

    class Dying:
        name = "dying"

        def is_alive(self, _: str) -> bool:
            raise KeyboardInterrupt

    provider = MemoryProvider()
    kill(room, number, provider)  # the first batch; a look at its owner breaks the first try off
    with pytest.raises(KeyboardInterrupt):
        mailing.cancel(room.store, number, owner=Dying(), by=STAFF, now=room.clock.now())
    assert mailing.standing_of(room.store, number).state == "cancelled"
    assert mailing.accounts(room.store, number).planned == 4

    settled = mailing.cancel(room.store, number, owner=owner, by="eino", now=room.clock.now())

    assert (settled.excluded, settled.unknown) == (4, 2)
    assert mailing.standing_of(room.store, number).by == STAFF


def test_a_finished_mailing_cannot_be_cancelled(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    run(room, number, MemoryProvider())

    with pytest.raises(InputError, match="finished: there is nothing to cancel"):
        cancel(room, number)

    assert mailing.standing_of(room.store, number).state == "open"


def test_a_mailing_whose_provider_refuses_for_good_can_be_cancelled(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.then(ProviderError("the account is closed"))
    with pytest.raises(ProviderError):
        run(room, number, provider)

    cancel(room, number)

    assert run(room, room.planned(), MemoryProvider()).accepted == 3


def test_cancelling_while_two_runs_are_at_work_doubles_and_loses_nobody(room: Mailroom) -> None:
    room.add(*people(40))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    meeting = threading.Barrier(3)
    met: set[int] = set()

    def meet(_: Batch) -> None:
        me = threading.get_ident()
        if me not in met:
            met.add(me)
            meeting.wait(timeout=20)  # both are within a call now
            meeting.wait(timeout=20)  # and the mailing is cancelled

    provider.during(meet)
    runs = [
        threading.Thread(target=run, args=(room, number, provider), kwargs={"owner": room.owner()})
        for _ in range(2)
    ]
    for thread in runs:
        thread.start()
    meeting.wait(timeout=20)
    settled = cancel(room, number)
    meeting.wait(timeout=20)
    for thread in runs:
        thread.join(timeout=60)

    assert (settled.excluded, settled.under_way) == (38, 2)
    accounts = mailing.accounts(room.store, number)
    assert (accounts.accepted, accounts.excluded) == (2, 38)
    provider.during(lambda _: None)
    run(room, room.planned(), provider)
    assert sorted(provider.addresses) == sorted(people(40))
