"""A mailing at the pace of its account: cut at the day's end, shared, warmed up."""

from datetime import UTC, datetime, timedelta

import pytest

from newsletter import mailing
from newsletter.errors import InputError, ProviderError
from newsletter.mailing import Accounts, Resting, Waiting
from newsletter.providers import Batch
from newsletter.store import schema
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.unit.mailing.paced import paced, run
from tests.unit.mailing.runs import Killed, batch_state, keys_of, people


def ranges(room: Mailroom) -> list[tuple[int, int, str]]:
    with room.store.read() as connection:
        query = schema.batches.select().order_by(schema.batches.c.first)
        return [(row.first, row.last, row.state) for row in connection.execute(query)]


def test_a_mailing_takes_as_long_as_its_pace_says(room: Mailroom) -> None:
    room.add(*people(40))
    number = room.planned(batch_size=10)

    accounts = run(room, number, MemoryProvider(), paced(per_second=5))

    assert accounts.accepted == 40
    assert sum(room.clock.waits) == pytest.approx(6, abs=0.01)
    waiting = room.told(Waiting)
    assert isinstance(waiting[0], Waiting)
    assert waiting[0].reason == "the account's pace is 5 a second"
    assert len(waiting) == 1  # nobody wants a line for every batch


def test_a_batch_that_does_not_fit_into_the_day_is_cut_and_nobody_is_lost(room: Mailroom) -> None:
    room.add(*people(9))
    number = room.planned(batch_size=9)
    provider = MemoryProvider()

    accounts = run(room, number, provider, paced(per_day=4))

    assert accounts == Accounts(9, 0, 0, 0, accepted=4, planned=5, handing_over=0)
    assert ranges(room) == [(1, 4, "done"), (5, 9, "planned")]
    assert room.steps[-1] == Resting(
        "the account has had its 4 mails of today", datetime(2026, 3, 2, 22, tzinfo=UTC)
    )
    for day, accepted in ((1, 8), (2, 9)):
        room.clock.turn(timedelta(days=1))
        assert run(room, number, provider, paced(per_day=4)).accepted == accepted, day
    assert provider.addresses == people(9)


def test_whoever_left_takes_nobodys_place_where_a_batch_is_cut(room: Mailroom) -> None:
    room.add(*people(6))
    number = room.planned(batch_size=6)
    room.leave("p0@example.com")
    room.leave("p4@example.com")
    provider = MemoryProvider()

    accounts = run(room, number, provider, paced(per_day=2))
    assert provider.addresses == ["p1@example.com", "p2@example.com"]
    assert accounts == Accounts(6, 1, 0, 0, 2, planned=3, handing_over=0)
    room.clock.turn(timedelta(days=1))

    assert run(room, number, provider, paced(per_day=2)) == Accounts(6, 2, 0, 0, 4, 0, 0)


def test_all_mailings_and_runs_share_the_account(room: Mailroom) -> None:
    room.add(*people(3))
    first = room.planned()
    room.add("later@example.com")
    second = room.planned()
    settings = paced(per_day=3)

    run(room, first, MemoryProvider(), settings)

    assert run(room, second, MemoryProvider(), settings).planned == 1


def test_two_runs_at_once_stay_below_the_limit_together(room: Mailroom) -> None:
    room.add(*people(10))
    number = room.planned(batch_size=3)
    provider, other = MemoryProvider(), MemoryProvider()
    settings = paced(per_day=8)

    def meanwhile(_: Batch) -> None:
        run(room, number, other, settings)

    provider.during(meanwhile)

    run(room, number, provider, settings)

    assert len(provider.taken) + len(other.taken) == 8
    assert not set(provider.addresses) & set(other.addresses)


def test_what_a_provider_did_not_take_uses_nothing_up(room: Mailroom) -> None:
    room.add(*people(4))
    number = room.planned(batch_size=4)
    provider = IdempotentMemoryProvider()
    provider.then(Answer.BUSY, Answer.BUSY, ProviderError("the key is wrong"))
    settings = paced(per_day=4)

    with pytest.raises(ProviderError):
        run(room, number, provider, settings)

    assert run(room, number, provider, settings).accepted == 4


def test_a_repeat_uses_the_day_up_once(room: Mailroom) -> None:
    room.add(*people(5))
    number = room.planned(batch_size=3)
    provider = IdempotentMemoryProvider()
    provider.then(Answer.LOST, Answer.LOST)

    accounts = run(room, number, provider, paced(per_day=5))

    assert accounts.accepted == 5
    assert len(set(keys_of(provider))) == 2


def test_a_run_that_dies_after_a_cut_loses_nobody(room: Mailroom) -> None:
    room.add(*people(6))
    number = room.planned(batch_size=6)
    provider = IdempotentMemoryProvider()

    def die(_: object) -> None:
        raise Killed

    provider.during(die)
    with pytest.raises(Killed):
        run(room, number, provider, paced(per_day=4))
    provider.during(lambda _: None)

    assert batch_state(room) == ["handing_over", "planned"]
    assert run(room, number, provider, paced(per_day=4)).accepted == 4
    assert provider.batches[0] == provider.batches[1]
    room.clock.turn(timedelta(days=1))
    assert run(room, number, provider, paced(per_day=4)).accepted == 6


def test_an_account_warms_up_day_by_day_and_days_of_rest_do_not_count(room: Mailroom) -> None:
    room.add(*people(60))
    number = room.planned(batch_size=50)
    provider = MemoryProvider()
    settings = paced(warm_up=[5, 10, 20], per_day=30)

    mailed = []
    for rest in (1, 7, 1, 1):
        run(room, number, provider, settings)
        mailed.append(len(provider.taken))
        room.clock.turn(timedelta(days=rest))

    assert mailed == [5, 15, 35, 60]
    assert [step.reason for step in room.steps if isinstance(step, Resting)] == [
        "the account has had its 5 mails of today of its warm-up",
        "the account has had its 10 mails of today of its warm-up",
        "the account has had its 20 mails of today of its warm-up",
    ]


def test_a_warm_up_without_a_daily_limit_ends_in_freedom(room: Mailroom) -> None:
    room.add(*people(60))
    number = room.planned(batch_size=50)
    provider = MemoryProvider()
    run(room, number, provider, paced(warm_up=[5]))
    room.clock.turn(timedelta(days=1))

    assert run(room, number, provider, paced(warm_up=[5])).accepted == 60


def test_a_wrong_pace_is_told_before_anything_is_handed_over(room: Mailroom) -> None:
    room.add("aino@example.com")
    number = room.planned()

    with pytest.raises(InputError, match=r"pace\.per_second: a whole number of mails"):
        run(room, number, MemoryProvider(), paced(per_second="fast"))

    assert mailing.accounts(room.store, number).planned == 1
