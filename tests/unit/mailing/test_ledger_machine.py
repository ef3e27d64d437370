"""The promises of the ledger under any order of events."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from newsletter import mailing
from newsletter.errors import ProviderError
from newsletter.mailing import Step
from newsletter.providers import Batch
from newsletter.store import Store
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider


@cache
def empty() -> bytes:
    """Make an empty database once; to migrate one for each example takes most of the time."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        Store.for_file(file).close()
        return file.read_bytes()


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

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "register.sqlite3"
        file.write_bytes(empty())
        self.store = Store.for_file(file)
        self.room = Mailroom(self.store)
        self.provider = type(self).make()
        self.left: set[str] = set()
        self.mailings: list[int] = []
        self.handed_over: list[tuple[str, Batch]] = []

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

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
                owner=owner, stop=threading.Event(), progress=progress,
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


_SETTINGS = settings(max_examples=25, stateful_step_count=12, deadline=None)

TestLedger = Ledger.TestCase
TestLedger.settings = _SETTINGS

TestIdempotentLedger = IdempotentLedger.TestCase
TestIdempotentLedger.settings = _SETTINGS
