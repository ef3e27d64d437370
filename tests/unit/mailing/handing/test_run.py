"""A run on a good day, people who leave meanwhile, and calls to be made again."""

from datetime import timedelta

import pytest

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.mailing import (
    Accounts,
    Answered,
    Excluded,
    HandedOver,
    Resting,
    Uncertain,
    Waiting,
)
from newsletter.mailing.handing.patience import MOST_TRIES, OUTAGE_TRIES
from newsletter.providers import State
from newsletter.testing import NOW
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    Answer,
    MemoryProvider,
)
from tests.unit.mailing.runs import (
    batch_state,
    keys_of,
    people,
)


def test_everybody_gets_one_mail_and_the_accounts_say_so(room: Mailroom) -> None:
    room.add(*people(7))
    provider = MemoryProvider()

    accounts = room.send(provider, batch_size=3)

    assert accounts == Accounts(7, 0, 0, 0, accepted=7, planned=0, handing_over=0)
    assert accounts.finished
    assert sorted(provider.addresses) == people(7)
    assert batch_state(room) == ["done"] * 3


def test_a_mail_carries_the_persons_values_and_their_own_way_out(room: Mailroom) -> None:
    room.add("aino@example.com", first_name="Aino")
    room.add("eino@example.com")
    provider = MemoryProvider()

    room.send(provider)

    assert [mail.subject for mail in provider.taken] == ["Terveisiä, Aino", "Terveisiä, lukija"]
    ways = {mail.headers["List-Unsubscribe"] for mail in provider.taken}
    assert len(ways) == 2
    assert all(way.startswith("<https://kirje.example.fi/u/") for way in ways)
    assert provider.batches[0].mailing == "kevatkirje-1"


def test_progress_tells_what_happens(room: Mailroom) -> None:
    room.add(*people(4))
    provider = MemoryProvider(size=2)
    provider.answer("p0@example.com", State.REFUSED)
    provider.answer("p3@example.com", State.UNKNOWN, "no answer")
    number = room.planned()
    room.leave("p1@example.com")

    room.dispatch(number, provider)

    assert room.steps == [
        Excluded(1),
        HandedOver(1, 3, again=False),
        Answered(1, accepted=1, refused=1, open=0),
        Answered(1, accepted=0, refused=0, open=1),
        Uncertain(1, 1, "no answer"),
    ]


def test_a_mailing_that_is_not_there_is_named(room: Mailroom) -> None:
    with pytest.raises(InputError, match="no mailing 7"):
        room.dispatch(7, MemoryProvider())


def test_dispatching_a_finished_mailing_does_nothing(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    room.dispatch(number, MemoryProvider())
    provider = MemoryProvider()

    accounts = room.dispatch(number, provider)

    assert accounts.accepted == 2
    assert not provider.batches


def test_who_leaves_between_plan_and_claim_gets_nothing(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned()
    room.leave("p1@example.com")

    accounts = room.dispatch(number, provider := MemoryProvider())

    assert accounts == Accounts(3, 1, 0, 0, 2, 0, 0)
    assert provider.addresses == ["p0@example.com", "p2@example.com"]


def test_who_leaves_while_a_batch_is_under_way_is_left_out_of_the_next(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.during(lambda _: room.leave("p1@example.com"))

    accounts = room.send(provider, batch_size=1)

    assert provider.addresses == ["p0@example.com"]
    assert accounts.excluded == 1


def test_a_batch_that_everybody_left_is_done_without_a_call(room: Mailroom) -> None:
    room.add("aino@example.com")
    number = room.planned()
    room.leave("aino@example.com")

    accounts = room.dispatch(number, provider := MemoryProvider())

    assert accounts == Accounts(1, 1, 0, 0, 0, 0, 0)
    assert not provider.batches
    assert room.steps == [Excluded(1)]


def test_who_leaves_before_a_retry_is_excluded_then(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.then(Answer.BUSY)
    provider.during(lambda _: room.leave("p1@example.com"))

    accounts = room.send(provider)

    assert provider.addresses == ["p0@example.com"]
    assert accounts == Accounts(2, 1, 0, 0, 1, 0, 0)


def test_what_was_not_taken_is_handed_over_later_under_another_key(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.then(Answer.BUSY)

    accounts = room.send(provider)

    assert accounts.accepted == 2
    assert len(set(keys_of(provider))) == 2
    assert provider.batches[0].date < provider.batches[1].date
    assert sum(room.clock.waits) == pytest.approx(4, rel=0.26)


def test_the_wait_that_the_provider_asks_for_is_kept(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.RETRY, "slow down", wait=timedelta(minutes=5))
    provider.during(
        lambda _: (
            provider.answer("p0@example.com", State.ACCEPTED) if len(provider.batches) > 1 else None
        )
    )

    room.send(provider)

    assert sum(room.clock.waits) == pytest.approx(300)
    assert max(room.clock.waits) == 60
    waiting = room.told(Waiting)[0]
    assert isinstance(waiting, Waiting)
    assert waiting.reason == "slow down"


def test_only_those_who_were_not_taken_are_handed_over_again(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    provider.answer("p1@example.com", State.RETRY, wait=timedelta(0))
    provider.during(
        lambda _: (
            provider.answer("p1@example.com", State.ACCEPTED) if len(provider.batches) > 1 else None
        )
    )

    accounts = room.send(provider)

    assert accounts.accepted == 3
    assert [recipient.address for recipient in provider.batches[1].recipients] == ["p1@example.com"]


@pytest.mark.usefixtures("few_looks")
def test_waits_grow_up_to_an_hour_while_a_provider_takes_nothing_and_then_it_goes_on(
    room: Mailroom,
) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    provider.then(*[Answer.BUSY] * 20)

    accounts = room.send(provider, batch_size=1)

    assert accounts.accepted == 3
    assert sorted(provider.addresses) == people(3)
    waits = [step for step in room.steps if isinstance(step, Waiting)]
    assert len(waits) == 20
    assert timedelta(hours=8) < timedelta(seconds=sum(room.clock.waits)) < timedelta(hours=14)
    assert max(room.clock.waits) <= 3600


@pytest.mark.usefixtures("few_looks")
def test_a_batch_that_nobody_ever_takes_ends_the_run_after_about_a_day(room: Mailroom) -> None:
    room.add("aino@example.com")
    provider = MemoryProvider()
    provider.answer("aino@example.com", State.RETRY, "busy")

    accounts = room.send(provider)

    assert accounts.planned == 1
    assert len(provider.batches) == OUTAGE_TRIES
    assert isinstance(room.steps[-1], Resting)
    assert timedelta(hours=12) < timedelta(seconds=sum(room.clock.waits)) < timedelta(hours=26)


def test_one_person_who_is_never_taken_does_not_hold_up_the_others(room: Mailroom) -> None:
    room.add(*people(4))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.RETRY, "mailbox is busy")

    accounts = room.send(provider, batch_size=2)

    assert accounts == Accounts(4, 0, 0, 0, 3, planned=1, handing_over=0)
    assert provider.addresses == ["p1@example.com", "p2@example.com", "p3@example.com"]
    assert isinstance(room.steps[-1], Resting)
    found = list(mailing.people(room.store, 1, "planned"))
    assert [(item.address, item.reason) for item in found] == [
        ("p0@example.com", "mailbox is busy")
    ]


def test_a_first_batch_that_is_never_taken_lets_the_others_pass(room: Mailroom) -> None:
    room.add(*people(12))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.RETRY, "mailbox is busy")

    accounts = room.send(provider, batch_size=1)

    assert (accounts.planned, accounts.accepted) == (1, 11)
    assert len(provider.batches) == 11 + MOST_TRIES


def test_a_wait_of_more_than_an_hour_ends_the_run(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.RETRY, "daily limit", wait=timedelta(hours=20))

    accounts = room.send(provider, batch_size=1)

    assert accounts.planned == 2
    assert not room.clock.waits
    assert isinstance(resting := room.steps[-1], Resting)
    assert resting.reason == "daily limit"
    assert resting.until == NOW + timedelta(hours=20)
