"""Runs that are stopped at every commit and within every call, for a model of a whole mailing.

Each run is a thread that goes on only when it is told to, so that anything may happen in between:
other runs, people who leave, clocks that are set, and the end of the process. One that is dead
writes nothing any more, as if it had been killed: its store refuses, whatever its code still tries.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, cast

from sqlalchemy import Connection, select

from newsletter.errors import ProviderError
from newsletter.mailing import Run, Work, Worked
from newsletter.providers import Batch, Capabilities, Outcome, Provider, Recipient, State
from newsletter.providers.lookup import Sought, Wait
from newsletter.settings import Settings
from newsletter.store import Store, Turn
from newsletter.store.schema import batches, deliveries, results
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom, NamedOwner
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.unit.mailing.runs import Killed, PerRecipientProvider


class BrokenError(Exception):
    """The call broke off after everything had been taken."""


Fate = Answer | ProviderError | BrokenError

LIFE: Final = timedelta(hours=24)
"""How long the idempotent vendor knows a key."""


class Gate:
    """Lets one thread work at a time: either the model, or the run that it has told to go on."""

    def __init__(self) -> None:
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)

    def enter(self) -> None:
        """Let the run go on until it stops or ends."""
        self._go.release()
        self._back.acquire()

    def leave(self) -> None:
        self._back.release()

    def wait(self) -> None:
        self._go.acquire()


class Process:
    """One run of one mailing, a step at a time."""

    def __init__(
        self, mailing_id: int, owner: NamedOwner, committed: Callable[["Process"], None]
    ) -> None:
        self.mailing: Final = mailing_id
        self.owner: Final = owner
        self.run: Run | None = None
        self.place = "idle"
        """Where it stands: idle, begin (of a transaction), commit, call, taken."""
        self.held: frozenset[int] = frozenset()
        """Deliveries that are its own by the ledger, as it was at its last commit."""
        self.seen: Any = None
        """What the model remembers of the moment of its last commit."""
        self.called_at: datetime | None = None
        self.fault: BaseException | None = None
        self.worked = True
        """Whether the last step dealt with a batch."""
        self._committed: Final = committed
        self._gate: Final = Gate()
        self._dead = False
        self._doomed = False

    @property
    def is_idle(self) -> bool:
        return self.place == "idle"

    def start(self) -> None:
        """Begin a step, and stop at its first point."""
        self.worked = True
        threading.Thread(target=self._step, daemon=True).start()
        self.place = "begin"
        self._gate.enter()

    def go_on(self) -> None:
        """Go on to the next point."""
        if not self.is_idle:
            self._gate.enter()

    def finish(self) -> None:
        while not self.is_idle:
            self.go_on()

    def kill(self, *, within: bool) -> None:
        """End the process where it stands, or within its next transaction."""
        if within and not self.is_idle:
            self._doomed = True
            self.finish()
        self._dead = True
        self.finish()

    def point(self, place: str) -> None:
        """Stop until the model says to go on; called by the run."""
        self.check()
        self.place = place
        self._gate.leave()
        self._gate.wait()
        self.check()

    def check(self) -> None:
        if self._dead:
            raise Killed

    def commits(self) -> None:
        """Called by the run within a transaction, at its end."""
        if self._doomed:
            self._dead = True
            raise Killed

    def committed(self) -> None:
        self._committed(self)

    def _step(self) -> None:
        self._gate.wait()
        try:
            assert self.run is not None
            self.worked = isinstance(self.run.step(), Worked)
        except (Killed, ProviderError, BrokenError):
            pass
        except BaseException as fault:  # noqa: BLE001 - raised again by the model
            self.fault = fault
        self.place = "idle"
        self.called_at = None
        self._gate.leave()


class MortalStore(Store):
    """The database as one process has it: it stops at each commit, and is gone after its end."""

    def __init__(self, store: Store, process: Process) -> None:
        super().__init__(store._engine)
        self._process: Final = process

    @contextmanager
    def begin(self, turn: Turn = Turn.ALONE) -> Iterator[Connection]:
        """Write, if the process lives to see the commit."""
        self._process.point("begin")
        with super().begin(turn) as connection:
            yield connection
            self._process.commits()
        self._process.committed()
        self._process.point("commit")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read, as long as the process lives."""
        self._process.check()
        with super().read() as connection:
            yield connection


class Vendor:
    """What is the same for all vendors here: each call stops twice, and comes to some fate."""

    true_time: Callable[[], datetime]
    """The vendor's own clock, which nobody sets."""
    current: Process
    asked: Callable[[Process, Batch], None]
    doubted: Callable[[Sequence[str]], None]
    broken: Callable[[Process], None]
    fates: list[Fate]

    def _call(self, batch: Batch, recipients: tuple[Recipient, ...]) -> list[Outcome]:
        process = self.current
        try:
            self.asked(process, batch)
        except AssertionError as fault:
            process.fault = fault  # whatever the run makes of it
            raise
        process.called_at = self.true_time()
        process.point("call")
        fate = self.fates.pop(0) if self.fates else Answer.TAKEN
        if isinstance(fate, BrokenError):
            super()._call(batch, recipients)  # type: ignore[misc] # of the vendor beside it
            self.broken(process)
            raise fate
        self.then(fate)  # type: ignore[attr-defined] # of the vendor beside it
        outcomes: list[Outcome] = super()._call(batch, recipients)  # type: ignore[misc]
        self.doubted([item.key for item in outcomes if item.state is State.UNKNOWN])
        process.called_at = None
        process.point("taken")
        return outcomes


class Plain(Vendor, MemoryProvider):
    """Knows nothing of repeats, but can be asked afterwards."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Memory, asked", batch_size=500, own_unsubscribe="yes", sends=False, lookup="for ever"
    )

    def look_up(
        self, mailing: str, sought: Sequence[Sought], *, since: datetime, until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:  # fmt: skip
        """Tell what is so."""
        del mailing, since, until, wait
        known = {mail.key for mail in self.taken}
        for mail in sought:
            state = State.ACCEPTED if mail.key in known else State.RETRY
            yield [Outcome(mail.key, state, "" if mail.key in known else "not there")]


class Idempotent(Vendor, IdempotentMemoryProvider):
    """Knows a batch again for a day by its own clock, and not a minute longer."""

    def _accept(self, batch: Batch, recipient: Recipient) -> Outcome:
        now, first = self.true_time(), self.first.setdefault(batch.key, self.true_time())
        if now - first >= LIFE:
            self._answered.pop((batch.key, recipient.key), None)
        return super()._accept(batch, recipient)

    first: dict[str, datetime]


class PerRecipient(Vendor, PerRecipientProvider):
    """Takes each mail once for ever; a busy answer to a repeat says nothing of what it has."""


def bind(vendor: Any, process: Process) -> Provider:  # noqa: ANN401 - one of the vendors
    """Give the vendor as this process calls it."""
    return cast("Provider", _Door(vendor, process))


class _Door:
    def __init__(self, vendor: Any, process: Process) -> None:  # noqa: ANN401
        self.capabilities = vendor.capabilities
        self.account = vendor.account
        self._vendor, self._process = vendor, process

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        calls = self._vendor.send(batch)
        while True:
            self._vendor.current = self._process
            try:
                outcomes = next(calls)
            except StopIteration:
                return
            yield outcomes

    def close(self) -> None: ...


def start_process(
    room: Mailroom,
    vendor: Any,  # noqa: ANN401 - one of the vendors
    mailing_id: int,
    settings: Settings,
    committed: Callable[[Process], None],
) -> Process:
    """Make a process that has read the settings and the mailing, and is about to take steps."""
    process = Process(mailing_id, room.owner(), committed)
    work = Work.of(
        room.store, mailing_id, bind(vendor, process), keys=KEYS,
        clock=room.clock, stop=threading.Event(), settings=settings,
    )  # fmt: skip
    process.run = Run(_with_store(work, MortalStore(room.store, process)), process.owner)
    return process


def _with_store(work: Work, store: Store) -> Work:
    return replace(work, store=store)


def held_by(store: Store, name: str) -> frozenset[int]:
    """Find the deliveries without a result whose batch is being handed over by a run."""
    query = (
        select(deliveries.c.id)
        .join(batches, deliveries.c.id.between(batches.c.first, batches.c.last))
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(
            batches.c.owner == name,
            batches.c.state == "handing_over",
            results.c.delivery_id.is_(None),
        )
    )
    with store.read() as connection:
        return frozenset(connection.scalars(query))


def standing(store: Store) -> dict[int, tuple[str, str]]:
    """Give of each delivery its state and who settled it: the result's, else the batch's."""
    query = (
        select(deliveries.c.id, results.c.state, results.c.settled_by, batches.c.state)
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .outerjoin(batches, deliveries.c.id.between(batches.c.first, batches.c.last))
    )
    with store.read() as connection:
        return {
            number: (result or f"{batch}", settled or "")
            for number, result, settled, batch in connection.execute(query)
        }
