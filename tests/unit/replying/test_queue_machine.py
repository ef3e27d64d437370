"""Any order of forms, faults, kills and repeats: nobody is mailed twice, nothing is lost."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from newsletter.errors import ProviderError
from newsletter.providers import Batch
from newsletter.store import Store
from newsletter.store.schema import replies, requests
from newsletter.testing import stores
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.examples import some
from tests.unit.replying.office import Office

ANSWERS = [
    Answer.TAKEN,
    Answer.LOST,
    Answer.NOT_TAKEN,
    Answer.BUSY,
    ProviderError("closed"),
]


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make one register for all examples: its tables take longer than any of them."""
    Queue.folder = tmp_path_factory.mktemp("queue")
    with stores.fresh(Queue.folder) as store:
        Queue.store = store
        yield


class Killed(BaseException):
    """What kill -9 does, as far as a test can."""


def die(_batch: Batch) -> None:
    raise Killed


class Queue(RuleBasedStateMachine):
    """A queue of replies and postmen who fail in every way."""

    folder: Path
    store: Store

    def __init__(self) -> None:
        super().__init__()
        with self.store.begin() as connection:
            for table in (replies, requests):
                connection.execute(table.delete())
        self.office = Office(self.store, self.folder)
        self.people = 0

    @initialize(idempotent=st.booleans())
    def open(self, idempotent: bool) -> None:
        self.provider = IdempotentMemoryProvider() if idempotent else MemoryProvider()
        self.postman = self.office.postman(self.provider)

    @rule()
    def somebody_asks(self) -> None:
        self.people += 1
        self.office.apply(f"p{self.people}@example.com")

    @rule(answers=st.lists(st.sampled_from(ANSWERS), max_size=4))
    def a_round(self, answers: list[Answer | Exception]) -> None:
        self.provider.then(*answers)
        self.postman.deliver(self.office.now)
        self.provider._next.clear()

    @rule(taken_before=st.booleans())
    def a_round_that_is_killed(self, taken_before: bool) -> None:
        act = self._take_and_die if taken_before else die
        self.provider.during(act)
        try:
            self.postman.deliver(self.office.now)
        except Killed:
            pass
        finally:
            self.provider.during(lambda _: None)

    def _take_and_die(self, batch: Batch) -> None:
        for recipient in batch.recipients:
            self.provider._accept(batch, recipient)
        raise Killed

    @rule(minutes=st.sampled_from([1, 16, 60, 1200]))
    def time_passes(self, minutes: int) -> None:
        self.office.turn(minutes=minutes)

    @invariant()
    def nobody_is_mailed_twice(self) -> None:
        if self.people:
            assert max(Counter(self.provider.addresses).values(), default=0) <= 1

    def teardown(self) -> None:
        """After some quiet rounds nothing waits, and what counts as sent was taken."""
        if not hasattr(self, "provider"):
            return
        for _ in range(4):
            self.office.turn(minutes=16)
            done = self.postman.deliver(self.office.now)
        with self.store.read() as connection:
            numbers = connection.scalars(select(replies.c.id).order_by(replies.c.id)).all()
        states = dict(enumerate(map(self.office.state, numbers), 1))
        assert len(states) == self.people
        assert done.waiting == 0
        assert set(states.values()) <= {"sent", "unknown", "dropped"}
        for number, state in states.items():
            taken = f"p{number}@example.com" in self.provider.addresses
            assert taken or state != "sent"
            assert not taken or state != "dropped"


TestQueue = pytest.mark.slow(Queue.TestCase)
TestQueue.settings = settings(max_examples=some(20), stateful_step_count=12, deadline=None)
