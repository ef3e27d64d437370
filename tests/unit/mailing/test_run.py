import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest

from newsletter import mailing
from newsletter.errors import InputError, ProviderError
from newsletter.mailing import (
    Accounts,
    Answered,
    Excluded,
    HandedOver,
    Lost,
    Resting,
    Uncertain,
    Waiting,
)
from newsletter.mailing.pace import LEASE, MOST_LOST, MOST_TRIES
from newsletter.providers import Batch, Capabilities, Outcome, State
from newsletter.store import Store, schema
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    Answer,
    IdempotentMemoryProvider,
    MemoryProvider,
)


class Killed(BaseException):
    """The process died here."""


class PerRecipientProvider(MemoryProvider):
    """Knows by each recipient's key what it took, as the outbox does."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Memory, per recipient",
        batch_size=500,
        own_unsubscribe="yes",
        idempotency=timedelta(days=1),
        idempotency_per_recipient=True,
    )

    def _accept(self, batch: Batch, recipient: object) -> Outcome:
        known = {mail.key for mail in self.taken}
        key = recipient.key  # type: ignore[attr-defined] # narrowed by the caller
        if key in known:
            return Outcome(key, State.ACCEPTED)
        return super()._accept(batch, recipient)  # type: ignore[arg-type] # the same recipient


def people(count: int) -> list[str]:
    return [f"p{number}@example.com" for number in range(count)]


def killed_before(_: Batch) -> None:
    raise Killed


def batch_state(room: Mailroom) -> list[str]:
    with room.store.read() as connection:
        query = schema.batches.select().order_by(schema.batches.c.first)
        return [row.state for row in connection.execute(query)]


def keys_of(provider: MemoryProvider) -> list[str]:
    return [batch.key for batch in provider.batches]


# The plain way ------------------------------------------------------------------------------------


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


# Leaving ------------------------------------------------------------------------------------------


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


# Retrying -----------------------------------------------------------------------------------------


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


def test_waits_grow_while_a_provider_takes_nothing_and_then_the_run_rests(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    provider.then(*[Answer.BUSY] * 50)

    accounts = room.send(provider, batch_size=1)

    assert len(provider.batches) == MOST_TRIES
    assert accounts.planned == 3
    assert isinstance(room.steps[-1], Resting)
    assert sum(room.clock.waits) > 200


def test_a_run_after_a_rest_goes_on(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    provider.then(*[Answer.BUSY] * MOST_TRIES)
    number = room.planned(batch_size=1)
    room.dispatch(number, provider)

    assert room.dispatch(number, provider).accepted == 3


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
    assert resting.reason == "daily limit; not before 2026-03-03 05:00 UTC"


# Lost answers -------------------------------------------------------------------------------------


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


def test_an_answer_that_stays_lost_is_left_to_a_later_run(room: Mailroom) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(*[Answer.LOST] * MOST_TRIES)
    number = room.planned()

    accounts = room.dispatch(number, provider)

    assert accounts.handing_over == 2
    assert len(provider.batches) == MOST_TRIES
    assert isinstance(room.steps[-1], Resting)
    room.clock.turn(LEASE)
    assert room.dispatch(number, provider).accepted == 2
    assert sorted(provider.addresses) == people(2)


def test_an_answer_that_stays_lost_is_unknown_once_the_key_may_be_forgotten(
    room: Mailroom,
) -> None:
    room.add(*people(2))
    provider = IdempotentMemoryProvider()
    provider.then(*[Answer.LOST] * MOST_TRIES)
    number = room.planned()
    room.dispatch(number, provider)
    room.clock.turn(timedelta(days=1))

    assert room.dispatch(number, provider).unknown == 2
    assert len(provider.batches) == MOST_TRIES


def test_a_run_stops_before_it_makes_everybody_unknown(room: Mailroom) -> None:
    room.add(*people(9))
    provider = MemoryProvider()
    provider.then(*[Answer.LOST] * 9)

    accounts = room.send(provider, batch_size=1)

    assert (accounts.unknown, accounts.planned) == (MOST_LOST, 9 - MOST_LOST)
    assert isinstance(resting := room.steps[-1], Resting)
    assert resting.reason == "the provider did not answer 3 times in a row: lost"


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

    assert (accounts.handing_over, accounts.refused) == (1, 0)
    assert provider.addresses == ["aino@example.com"]
    assert len(set(keys_of(provider))) == 1


class CuttingProvider(IdempotentMemoryProvider):
    """Hands every batch over in two calls of its own."""

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        yield []
        middle = len(batch.recipients) // 2
        yield from super().send(batch.only(batch.recipients[:middle], "a"))
        yield from super().send(batch.only(batch.recipients[middle:], "b"))


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


# Breaking off -------------------------------------------------------------------------------------


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


# Recovering ---------------------------------------------------------------------------------------


def kill(room: Mailroom, number: int, provider: MemoryProvider, after_calls: int = 0) -> None:
    """Let a run die within a call, before the provider took anything."""

    def act(_: Batch) -> None:
        if len(provider.batches) > after_calls:
            raise Killed

    provider.during(act)
    with pytest.raises(Killed):
        room.dispatch(number, provider)
    provider.during(lambda _: None)


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
    provider = MemoryProvider()

    def sleep(step: mailing.Step) -> None:
        if isinstance(step, HandedOver) and not slept:
            slept.append(step)
            room.clock.turn(LEASE)

    slept: list[mailing.Step] = []
    accounts = mailing.dispatch(
        room.store, number, provider, keys=KEYS, clock=room.clock,
        owner=room.owner(), stop=threading.Event(), progress=sleep,
    )  # fmt: skip

    assert accounts.accepted == 1
    assert len(provider.batches) == 1


# Providers that know each recipient ---------------------------------------------------------------


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


# Several runs -------------------------------------------------------------------------------------


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
