"""The promises of the ledger under any order of events."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from newsletter import mailing
from newsletter.errors import ProviderError
from newsletter.mailing import Step
from newsletter.providers import Batch
from newsletter.settings import Settings
from newsletter.store import schema
from newsletter.testing import KEYS, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.examples import some
from tests.unit.mailing.paced import paced

PEOPLE = [f"p{number}@example.com" for number in range(8)]


class Killed(BaseException):
    """The process ended here."""


class Dice:
    """Kills at the chosen moment of a run: each step and each call counts as one."""

    def __init__(self, moment: int) -> None:
        self._left = moment

    def tick(self, _: object = None) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed


class Ledger(RuleBasedStateMachine):
    make: Callable[[], MemoryProvider] = MemoryProvider
    limits: Settings | None = None

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        self.store = self.opened.enter_context(stores.fresh())
        self.room = Mailroom(self.store)
        self.provider = type(self).make()
        self.left: set[str] = set()
        self.mailings: list[int] = []
        self.handed_over: list[tuple[str, Batch]] = []

    def teardown(self) -> None:
        self.opened.close()

    def watch(self, batch: Batch) -> None:
        for recipient in batch.recipients:
            assert recipient.address not in self.left, "handed over after leaving"
            self.handed_over.append((recipient.address, batch))

    @rule(address=st.sampled_from(PEOPLE))
    def join(self, address: str) -> None:
        if address not in self.room.people:
            self.room.add(address)

    @rule(address=st.sampled_from(PEOPLE))
    def leave(self, address: str) -> None:
        if address in self.room.people:
            self.room.leave(address)
            self.left.add(address)

    @rule(size=st.sampled_from([1, 2, 5]))
    def plan(self, size: int) -> None:
        number = self.room.plan(batch_size=size)
        if number is not None:
            self.mailings.append(number)

    @precondition(lambda self: self.mailings)
    @rule(
        data=st.data(),
        answers=st.lists(st.sampled_from([*Answer, ProviderError("stop")]), max_size=4),
        size=st.sampled_from([1, 3, 500]),
        moment=st.integers(0, 12),
        leaver=st.sampled_from([None, *PEOPLE]),
    )
    def run(
        self,
        data: st.DataObject,
        answers: list[Answer | Exception],
        size: int,
        moment: int,
        leaver: str | None,
    ) -> None:
        """Hand over, until killed at some moment; 0: never. Somebody may leave within a call."""
        number = data.draw(st.sampled_from(self.mailings))
        self.provider.size = size  # type: ignore[misc] # a vendor may change its limits
        self.provider.then(*answers)
        dice = Dice(moment)
        leaving = [leaver] if leaver in self.room.people else []

        def during(batch: Batch) -> None:
            dice.tick()
            if self.handed_over[-1:] != [(batch.recipients[-1].address, batch)]:
                self.watch(batch)
            if leaving:
                self.leave(leaving.pop() or "")

        def progress(step: Step) -> None:
            dice.tick(step)

        self.provider.during(during)
        owner = self.room.owner()
        try:
            mailing.dispatch(
                self.store, number, self.provider, keys=KEYS, clock=self.room.clock,
                owner=owner, stop=threading.Event(), progress=progress, settings=self.limits,
            )  # fmt: skip
        except (Killed, ProviderError):
            pass
        finally:
            owner.die()

    @rule(hours=st.sampled_from([0.1, 1, 20]))
    def time_passes(self, hours: float) -> None:
        self.room.clock.turn(timedelta(hours=hours))

    @invariant()
    def the_accounts_balance(self) -> None:
        for number in self.mailings:
            assert mailing.accounts(self.store, number).balance() == 0

    @invariant()
    def nobody_was_taken_twice(self) -> None:
        assert max(Counter(self.provider.addresses).values(), default=0) <= 1

    @invariant()
    def the_ledger_says_what_the_provider_took(self) -> None:
        taken = set(self.provider.addresses)
        for number in self.mailings:
            for state in ("accepted", "excluded", "refused", "planned"):
                people = {item.address for item in mailing.people(self.store, number, state)}
                if state == "accepted":
                    assert people <= taken
                elif state in {"planned", "refused"}:
                    assert not people & taken

    @invariant()
    def whoever_was_taken_is_accepted_or_in_doubt(self) -> None:
        known = {
            item.address
            for number in self.mailings
            for state in ("accepted", "unknown", "handing_over")
            for item in mailing.people(self.store, number, state)
        }
        assert set(self.provider.addresses) <= known

    @invariant()
    def a_repeat_is_the_same_batch_under_the_same_key(self) -> None:
        by_key: dict[str, Batch] = {}
        for _, batch in self.handed_over:
            assert by_key.setdefault(batch.key, batch) == batch


class IdempotentLedger(Ledger):
    make = IdempotentMemoryProvider


class PacedLedger(IdempotentLedger):
    """At a pace that cuts batches, waits, and ends days."""

    limits = paced(per_second=2, per_minute=40, warm_up=[2], per_day=3)

    @initialize()
    def everybody_is_to_be_mailed(self) -> None:
        for address in PEOPLE:
            self.join(address)
        self.plan(5)

    @invariant()
    def nobody_is_in_two_batches_and_nobody_in_none(self) -> None:
        with self.store.read() as connection:
            batches = connection.execute(schema.batches.select().order_by(schema.batches.c.first))
            ranges = [(row.first, row.last) for row in batches]
            results = set(connection.scalars(select(schema.results.c.delivery_id)))
            everybody = set(connection.scalars(select(schema.deliveries.c.id)))
        inside = [number for first, last in ranges for number in range(first, last + 1)]
        assert len(inside) == len(set(inside))
        assert everybody <= {*inside, *results}

    @invariant()
    def no_day_brings_more_than_it_may(self) -> None:
        zone = ZoneInfo("Europe/Helsinki")
        days: Counter[date] = Counter()
        seen: set[str] = set()
        for _, batch in self.handed_over:
            if batch.key not in seen:
                seen.add(batch.key)
                days[batch.date.astimezone(zone).date()] += self.taken_of(batch)
        assert max(days.values(), default=0) <= 3

    def taken_of(self, batch: Batch) -> int:
        return sum(mail.batch_key == batch.key for mail in self.provider.taken)


_SETTINGS = settings(max_examples=some(25), stateful_step_count=12, deadline=None)

TestLedger = pytest.mark.slow(Ledger.TestCase)
TestLedger.settings = _SETTINGS

TestIdempotentLedger = pytest.mark.slow(IdempotentLedger.TestCase)
TestIdempotentLedger.settings = _SETTINGS

TestPacedLedger = pytest.mark.slow(PacedLedger.TestCase)
TestPacedLedger.settings = settings(_SETTINGS, max_examples=some(10), stateful_step_count=8)
