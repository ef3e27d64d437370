import threading
from datetime import timedelta

import pytest

from newsletter import mailing, register
from newsletter.errors import InputError, ProviderError
from newsletter.mailing.ledger.settling import Settlement
from newsletter.mailing.reconciling import reconcile
from newsletter.mailing.reconciling.reconcile import Asked
from newsletter.providers import Batch, Provider, State
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, MemoryProvider
from tests.unit.mailing.doubts import (
    KnowingProvider,
    accounts,
    audit_lines,
    lost,
    results,
    states,
    tell,
)


def ask(room: Mailroom, provider: Provider, *, dry_run: bool = False) -> Asked:
    return reconcile.by_provider(
        room.store, 1, provider, keys=KEYS, clock=room.clock, stop=threading.Event(),
        dry_run=dry_run,
    )  # fmt: skip


def test_the_provider_says_who_has_it_and_who_has_not(room: Mailroom) -> None:
    provider = KnowingProvider()
    room.add("p0@example.com", "p1@example.com")
    provider.then(Answer.LOST, Answer.NOT_TAKEN)
    room.dispatch(room.planned(batch_size=1), provider)
    room.clock.turn(timedelta(hours=1))

    assert ask(room, provider) == Asked(Settlement(accepted=1, refused=1))
    assert results(room.store) == {
        1: ("accepted", "", "provider"), 2: ("refused", "not there", "provider"),
    }  # fmt: skip
    assert states(room.store) == ["done", "done"]
    assert [actor for _, actor, _ in audit_lines(room.store, "unknown settled")] == ["tool"] * 2


def test_it_is_asked_by_key_address_own_link_and_time(room: Mailroom) -> None:
    provider = lost(room, 2, provider=KnowingProvider())
    handed = provider.batches[0]
    assert isinstance(provider, KnowingProvider)

    ask(room, provider)

    name, sought, since, until = provider.asked[0]
    assert name == handed.mailing
    assert [(item.key, item.address) for item in sought] == [
        (item.key, item.address) for item in handed.recipients
    ]
    assert sought[0].link == handed.recipients[0].values["unsubscribe_url"]
    assert since < handed.date < until < handed.date + timedelta(hours=1)


def test_of_whom_it_says_nothing_nothing_is_concluded(room: Mailroom) -> None:
    provider = lost(room, 4, provider=KnowingProvider())
    assert isinstance(provider, KnowingProvider)
    provider.knows = lambda mail: State.ACCEPTED if mail.address[1] == "0" else None

    assert ask(room, provider).settled == Settlement(accepted=1)
    assert accounts(room).unknown == 3


def test_that_it_has_not_got_it_is_believed_only_when_nobody_can_still_be_at_it(
    room: Mailroom,
) -> None:
    room.add("p0@example.com")
    provider = KnowingProvider()
    provider.then(Answer.NOT_TAKEN)
    room.dispatch(room.planned(), provider)

    assert ask(room, provider) == Asked(early=1)
    assert results(room.store) == {}
    room.clock.turn(timedelta(minutes=31))
    assert ask(room, provider).settled == Settlement(refused=1)


def test_an_event_that_comes_meanwhile_counts_more(room: Mailroom) -> None:
    provider = lost(room, 2, provider=KnowingProvider())
    assert isinstance(provider, KnowingProvider)
    provider.knows = lambda _: State.RETRY
    provider.meanwhile = lambda: tell(room, "delivered", 1)

    assert ask(room, provider).settled == Settlement(accepted=1, refused=1)
    assert results(room.store)[1] == ("accepted", "", "event")


def test_a_second_one_at_the_same_time_settles_nobody_twice(room: Mailroom) -> None:
    provider = lost(room, 4, provider=KnowingProvider())
    assert isinstance(provider, KnowingProvider)
    other = KnowingProvider()
    other.taken.extend(provider.taken)
    done: list[Asked] = []
    provider.meanwhile = lambda: done.append(ask(room, other))

    done.append(ask(room, provider))

    assert [item.settled for item in done] == [Settlement(accepted=4), Settlement()]
    assert accounts(room).accepted == 4


def test_a_dry_run_asks_and_writes_nothing(room: Mailroom) -> None:
    provider = lost(room, 3, provider=KnowingProvider())

    assert ask(room, provider, dry_run=True).settled == Settlement(accepted=3)
    assert results(room.store) == {}


def test_a_provider_that_cannot_be_asked_is_not(room: Mailroom) -> None:
    lost(room, 2)

    assert ask(room, MemoryProvider()) == Asked()


def test_what_was_settled_before_a_failure_stays(room: Mailroom) -> None:
    provider = lost(room, 2, provider=KnowingProvider())
    assert isinstance(provider, KnowingProvider)

    def knows(mail: object) -> State:
        if "p1@" in repr(mail):
            raise ProviderError("the log is closed")
        return State.ACCEPTED

    provider.knows = knows
    with pytest.raises(ProviderError, match="the log is closed"):
        ask(room, provider)

    assert list(results(room.store)) == [1]
    assert accounts(room).unknown == 1


def test_nobody_erased_is_asked_about(room: Mailroom) -> None:
    provider = lost(room, 2, provider=KnowingProvider())
    assert isinstance(provider, KnowingProvider)
    register.erase(
        room.store,
        "p0@example.com",
        settings=room.settings,
        by="test",
        now=room.clock.now(),
        keys=KEYS,
    )

    ask(room, provider)

    assert [item.address for item in provider.asked[0][1]] == ["p1@example.com"]
    assert accounts(room).unknown == 1


def test_somebody_can_stop_it_while_it_waits(room: Mailroom) -> None:
    provider = lost(room, 2, provider=KnowingProvider())
    stop = threading.Event()

    class Slow(KnowingProvider):
        def look_up(self, *_: object, wait: object, **__: object) -> object:  # type: ignore[override]
            stop.set()
            wait(timedelta(seconds=5))  # type: ignore[operator]
            raise AssertionError("asked on")

    slow = Slow()
    slow.taken.extend(provider.taken)
    with pytest.raises(KeyboardInterrupt):
        reconcile.by_provider(room.store, 1, slow, keys=KEYS, clock=room.clock, stop=stop)


def test_mailings_in_doubt_are_listed(room: Mailroom) -> None:
    assert reconcile.in_doubt(room.store) == []
    lost(room, 1)

    assert reconcile.in_doubt(room.store) == [1]
    assert reconcile.in_doubt(room.store, 1) == [1]
    with pytest.raises(InputError, match="no mailing 7"):
        reconcile.in_doubt(room.store, 7)


def test_the_outbox_is_asked_by_its_files(room: Mailroom, tmp_path: object) -> None:
    from newsletter.providers.outbox import Provider as Outbox  # noqa: PLC0415 - one test

    room.add("p0@example.com", "p1@example.com")
    outbox = Outbox(tmp_path)  # type: ignore[arg-type] # a path
    memory = MemoryProvider()

    def write_first(batch: Batch) -> None:
        list(outbox.send(batch.only(batch.recipients[:1], "x")))

    memory.during(write_first)
    memory.then(Answer.LOST)
    room.dispatch(room.planned(), memory)
    room.clock.turn(timedelta(hours=1))

    assert ask(room, outbox).settled == Settlement(accepted=1, refused=1)
    missing = mailing.people(room.store, 1, "missing")
    assert [item.address for item in missing] == ["p1@example.com"]
