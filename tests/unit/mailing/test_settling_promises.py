"""Settling in any order, and two at once: the promises hold whatever comes first."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.mailing.ledger import settling
from newsletter.mailing.ledger.settling import PROOF
from newsletter.mailing.reconciling import reconcile
from newsletter.providers import State
from newsletter.providers.lookup import Sought
from newsletter.store import Store, schema
from newsletter.testing import KEYS, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer
from tests.examples import some
from tests.unit.mailing.doubts import KnowingProvider, audit_lines, cut, results, tell

COUNT = 4
PEOPLE = [f"p{number}@example.com" for number in range(COUNT)]
NUMBERS = st.integers(1, COUNT)
MAIL = st.tuples(st.just("mail"), st.sampled_from([True, True, False]), st.integers(1, 3))
TELL = st.tuples(st.just("tell"), NUMBERS, st.sampled_from([*PROOF, "rejected"]))
EVENTS = st.tuples(st.just("events"))
ASK = st.tuples(st.just("ask"), st.sets(NUMBERS))
MARK = st.tuples(
    st.just("mark"), st.sampled_from(["missing", "accepted"]), st.sampled_from([None, *PEOPLE])
)
STEPS = st.lists(st.one_of(TELL, EVENTS, ASK, MARK, MARK, MAIL), min_size=6, max_size=12)


class Settling:
    """One issue, mailed with lost answers as often as somebody is missing."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.room = Mailroom(store)
        self.room.add(*PEOPLE)
        self.provider = KnowingProvider()
        self.mailings: list[int] = []
        self.seen: dict[int, tuple[str, str, str]] = {}
        self.proven: set[int] = set()
        """Deliveries that had an event when the last step began."""

    def take(self, name: str, *how: Any) -> None:  # noqa: ANN401 - as drawn
        """Do one step; all settle the latest mailing."""
        getattr(self, name)(*how)
        self.check()

    def mail(self, taken: bool, size: int) -> None:
        """Mail to whoever is missing, and lose the answer."""
        number = self.room.plan()
        if number is None:
            return
        self.mailings.append(number)
        self.provider.then(Answer.LOST if taken else Answer.NOT_TAKEN)
        self.room.dispatch(number, self.provider)
        cut(self.store, size)
        self.room.clock.turn(timedelta(hours=1))

    def tell(self, number: int, kind: str) -> None:
        """Something is told of a mail that was taken."""
        if any(mail.key.endswith(f"-{number}") for mail in self.provider.taken):
            tell(self.room, kind, number)

    def events(self) -> None:
        """Settle by what was told."""
        for number in self.mailings:
            reconcile.by_events(self.store, number, now=self.room.clock.now())

    def ask(self, told: set[int]) -> None:
        """Ask the provider, which tells the truth of some."""

        def knows(mail: Sought) -> State | None:
            number = int(mail.key.rpartition("-")[2])
            return self.provider.truth(mail) if number in told else None

        self.provider.knows = knows
        for number in self.mailings:
            reconcile.by_provider(
                self.store, number, self.provider, keys=KEYS, clock=self.room.clock,
                stop=threading.Event(),
            )  # fmt: skip

    def mark(self, what: reconcile.Mark, address: str | None) -> None:
        """Mark somebody, or everybody."""
        only = None if address is None else [address]
        now = self.room.clock.now()
        with suppress(InputError):  # nobody in doubt of that name
            reconcile.mark(self.store, self.mailings[-1], what, only=only, by="aino", now=now)

    def check(self) -> None:
        """Look whether all promises hold."""
        now = results(self.store)
        assert self.seen.items() <= now.items(), "what was settled stays"
        for number, (state, _, by) in now.items():
            if number not in self.seen and state == "refused" and by:
                assert number not in self.proven, "missing, though an event had come"
        self.seen = now
        self.proven = set(self.read(schema.events.c.delivery_id, schema.events.c.kind.in_(PROOF)))
        self.check_accounts()
        self.check_audit()

    def check_accounts(self) -> None:
        """Look whether the accounts balance, and nobody is accepted twice."""
        for number in self.mailings:
            found = mailing.accounts(self.store, number)
            unknown = list(mailing.people(self.store, number, "unknown"))
            assert (found.balance(), found.unknown) == (0, len(unknown))
        ids = [number for number, row in self.seen.items() if row[0] == "accepted"]
        table = schema.deliveries.c
        who = list(self.read(table.subscriber_id, table.id.in_(ids)))
        assert len(who) == len(set(who)), "accepted twice"
        for first in self.read(schema.batches.c.id, schema.batches.c.state == "unknown"):
            with self.store.read() as connection:
                doubt = settling.read(connection, first)
            assert doubt is not None
            assert doubt.people, "unknown without people"

    def check_audit(self) -> None:
        """Look whether the audit log has every settlement."""
        settled = sum(bool(by) for _, _, by in self.seen.values())
        lines = audit_lines(self.store, "unknown settled")
        assert sum(line["accepted"] + line["refused"] for _, _, line in lines) == settled

    def read(self, column: Any, where: Any) -> list[Any]:  # noqa: ANN401 - any column
        """Read one column."""
        with self.store.read() as connection:
            return list(connection.scalars(select(column).where(where)))


@given(first=MAIL, steps=STEPS)
@settings(
    max_examples=some(15), phases=[Phase.reuse, Phase.generate]
)  # a step writes: no shrinking
def test_whatever_settles_in_any_order_the_promises_hold(
    first: tuple[Any, ...], steps: list[tuple[Any, ...]]
) -> None:
    with stores.fresh() as store:
        world = Settling(store)
        for step in (first, *steps):
            world.take(*step)


def test_several_at_once_settle_everybody_once() -> None:
    with stores.fresh() as store:
        room = Mailroom(store)
        provider = KnowingProvider()
        room.add(*(f"p{number}@example.com" for number in range(30)))
        provider.then(Answer.LOST)
        room.dispatch(room.planned(), provider)
        room.clock.turn(timedelta(hours=1))
        cut(store, 3)
        tell(room, "delivered", *range(1, 31, 2))
        now, together = room.clock.now(), threading.Barrier(3)
        failures: list[BaseException] = []

        def run(act: Callable[[], Any]) -> None:
            try:
                together.wait(30)
                act()
            except BaseException as error:  # noqa: BLE001 - told by the test
                failures.append(error)

        acts: list[Callable[[], Any]] = [
            lambda: reconcile.mark(store, 1, "missing", only=None, by="aino", now=now),
            lambda: reconcile.by_events(store, 1, now=now),
            lambda: reconcile.by_provider(
                store, 1, provider, keys=KEYS, clock=room.clock, stop=threading.Event()
            ),
        ]
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert failures == []
        found = results(store)
        assert sorted(found) == list(range(1, 31))
        assert all(found[number][0] == "accepted" for number in range(1, 31, 2))
        accounts = mailing.accounts(store, 1)
        assert (accounts.unknown, accounts.balance()) == (0, 0)
