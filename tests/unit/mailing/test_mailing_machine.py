"""The promises of a mailing, whatever happens between any two commits of any run.

    MACHINE_EXAMPLES=2000 pytest tests/unit/mailing/test_mailing_machine.py -n 0

Runs stop at every commit and twice in every call (see `world`). The vendor's own record, and what
the model itself remembers of people and wishes, judge the ledger. Not in the model: a call that
reaches the vendor after its lease is over, and a clock that is set back by hours again and again.
"""

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from newsletter import mailing, register
from newsletter.errors import InputError, ProviderError
from newsletter.mailing.control.schedule import Schedule
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.reconciling import reconcile
from newsletter.providers import Batch
from newsletter.providers.pace import LEASE
from newsletter.register import events
from newsletter.settings import Settings
from newsletter.store import schema
from newsletter.testing import KEYS, make_edition, make_editions, make_settings, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer
from tests.unit.mailing import world
from tests.unit.mailing.held import STAFF, cancel, pause, resume
from tests.unit.mailing.paced import paced
from tests.unit.mailing.world import BrokenError, Process

PEOPLE = [f"p{number}@example.com" for number in range(6)]
PERSON = st.sampled_from(PEOPLE)
FATES = st.sampled_from([*Answer, ProviderError("stop"), BrokenError("broken")])
NUMBER = st.integers(0, 7)
ENDS = {"accepted", "refused", "excluded", "unknown"}
CLOSED = make_settings(lists=[{"id": "toinen", "name": {"fi": "a", "sv": "b", "en": "c"}}])


@dataclass(frozen=True)
class Seen:
    """What the model knew at the commit of a claim."""

    at: datetime
    out: frozenset[str]
    is_stopped: bool
    latest: datetime
    """The latest that the clock ever showed."""


@dataclass(frozen=True)
class Mail:
    """What a key stands for."""

    delivery: int
    mailing: int
    issue: str
    subscriber: int


class Mailing(RuleBasedStateMachine):
    make: Callable[[], Any] = world.Plain
    settings: Settings = make_settings()

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        self.store = self.opened.enter_context(stores.fresh())
        self.room = Mailroom(self.store)
        self.true = self.latest = self.room.clock.now()
        self.has_been_set_back = False
        self.vendor = type(self).make()
        self.vendor.true_time = lambda: self.true
        self.vendor.asked, self.vendor.broken = self.watch, self.broke
        self.vendor.doubted = self.doubted
        self.vendor.fates, self.vendor.first = [], {}
        self.left: set[str] = set()
        self.gone: set[str] = set()
        """Suppressed or erased: for good."""
        self.mailings: list[int] = []
        self.stopped: set[int] = set()
        """By a person."""
        self.begins: dict[int, datetime] = {}
        self.mails: dict[str, Mail] = {}
        self.processes: list[Process] = []
        self.closed: set[Process] = set()
        self.in_doubt: set[int] = set()
        """Deliveries of which somebody could really not know."""
        self.calls = 0

    @property
    def now(self) -> datetime:
        return self.room.clock.now()

    # What the runs meet

    def committed(self, process: Process) -> None:
        before, process.held = process.held, world.held_by(self.store, process.owner.name)
        if process.held and not before:
            out = frozenset(self.left | self.gone)
            process.seen = Seen(self.now, out, process.mailing in self.stopped, self.latest)

    def watch(self, process: Process, batch: Batch) -> None:
        seen, self.calls = process.seen, self.calls + 1
        assert seen is not None, "a call without a claim"
        assert process not in self.closed, "a call for a list that is closed"
        assert not seen.is_stopped, "a call against a person's wish"
        assert seen.latest >= self.begins.get(process.mailing, seen.latest), "before its time"
        addresses = {recipient.address for recipient in batch.recipients}
        assert not addresses & seen.out, "handed over after leaving"

    def broke(self, process: Process) -> None:
        self.in_doubt |= process.held

    def doubted(self, keys: list[str]) -> None:
        self.in_doubt |= {self.mails[key].delivery for key in keys}

    # People

    @rule(address=PERSON)
    def leave(self, address: str) -> None:
        if address in self.room.people and address not in self.gone:
            self.room.leave(address)
            self.left.add(address)

    @rule(address=PERSON)
    def undo(self, address: str) -> None:
        if address in self.left - self.gone and register.restore(
            self.store, subscriber_id=self.room.people[address], list_id="uutiskirje",
            method="one_click", source="a test", by="subscriber", now=self.now,
        ):  # fmt: skip
            self.left.discard(address)

    @rule(address=PERSON)
    def suppress(self, address: str) -> None:
        if address in self.room.people:
            register.suppress(self.store, address, reason="manual", now=self.now, keys=KEYS)
            self.gone.add(address)

    @rule(address=PERSON)
    def erase(self, address: str) -> None:
        if address in self.room.people:
            with suppress(InputError):
                register.erase(
                    self.store, address, settings=self.settings, by=STAFF, now=self.now, keys=KEYS
                )
            self.gone.add(address)

    # Mailings, and what people wish of them

    @initialize()
    def some_join(self) -> None:
        self.room.add(*PEOPLE[:5])

    @rule(size=st.sampled_from([2, 3, 5]), issue=st.sampled_from("aab"), later=st.booleans())
    def plan(self, size: int, issue: str, *, later: bool) -> None:
        if PEOPLE[-1] not in self.room.people and self.mailings:
            self.room.add(PEOPLE[-1])
        begin = self.now + timedelta(hours=2)
        times = Schedule(begin, begin + timedelta(hours=3)) if later and self.mailings else None
        editions = make_editions(make_edition(issue=issue))
        number = self.room.plan(editions=editions, batch_size=size, times=times)
        if number is None:
            return
        self.mailings.append(number)
        if times:
            self.begins[number] = begin
        with self.store.read() as connection:
            row = connection.execute(
                select(schema.mailings).where(schema.mailings.c.id == number)
            ).one()
            envelope = Envelope.load(row.envelope)
            table = schema.deliveries
            for item in connection.execute(select(table).where(table.c.mailing_id == number)):
                key = envelope.recipient_key(item.id)
                self.mails[key] = Mail(item.id, number, item.issue, item.subscriber_id)

    def of_choice(self, number: int) -> int:
        return self.mailings[number % len(self.mailings)]

    @precondition(lambda self: self.mailings)
    @rule(number=NUMBER, act=st.sampled_from(["pause", "resume", "resume", "cancel"]))
    def wish(self, number: int, act: str) -> None:
        chosen = self.of_choice(number)
        with suppress(InputError):
            match act:
                case "pause":
                    pause(self.room, chosen)
                case "resume":
                    resume(self.room, chosen)
                case _:
                    cancel(self.room, chosen)
            (self.stopped.discard if act == "resume" else self.stopped.add)(chosen)

    @precondition(lambda self: self.begins)
    @rule(number=NUMBER)
    def reschedule(self, number: int) -> None:
        chosen = list(self.begins)[number % len(self.begins)]
        with suppress(InputError):
            mailing.reschedule(self.store, chosen, None, by=STAFF, now=self.now)
            del self.begins[chosen]

    # Runs

    def started(self, mailing_id: int, *, closed: bool = False) -> Process:
        chosen = CLOSED if closed else self.settings
        process = world.start_process(self.room, self.vendor, mailing_id, chosen, self.committed)
        self.processes.append(process)
        if closed:
            self.closed.add(process)
        return process

    @precondition(lambda self: self.mailings)
    @rule(number=NUMBER, closed=st.sampled_from([False] * 7 + [True]))
    def start(self, number: int, *, closed: bool) -> None:
        if len(self.processes) < 3:
            self.started(self.of_choice(number), closed=closed)

    @precondition(lambda self: self.mailings)
    @rule(number=NUMBER, fates=st.lists(FATES, max_size=2), points=st.integers(1, 12),
          size=st.sampled_from([1, 500]))  # fmt: skip
    def go_on(self, number: int, fates: list[Any], points: int, size: int) -> None:
        """Let a run go on for so many points; from 9 on until its step is done."""
        if not self.processes:
            self.started(self.mailings[-1])
        self.vendor.fates += fates
        self.vendor.size = size
        process = self.processes[number % len(self.processes)]
        if process.is_idle:
            process.start()
        for _ in range(points if points < 9 else 99):
            process.go_on()
        self.check(process)

    @precondition(lambda self: self.mailings)
    @rule(
        number=NUMBER,
        fates=st.lists(FATES, max_size=2),
        points=st.integers(1, 6),
        beats=st.integers(1, 9),
        then=st.sampled_from(["ask", "leave", "wish", ""]),
    )
    def fall_asleep(
        self, number: int, fates: list[Any], points: int, beats: int, then: str
    ) -> None:
        """Let a run sleep for longer than its lease, while another one works; then it wakes."""
        self.go_on(number, fates, points, 500)
        self.time_passes(0.3)
        sleeper = self.processes[number % len(self.processes)]
        other = self.started(sleeper.mailing)
        other.start()
        for _ in range(beats):
            other.go_on()
        if then == "leave":
            self.leave(PEOPLE[number % 5])
        if then == "wish":
            self.wish(number, "cancel")
        sleeper.finish()
        self.check(sleeper)
        other.finish()
        self.check(other)
        self.finished(other)
        if then == "ask":
            self.ask(number)

    def finished(self, process: Process) -> None:
        process.owner.die()
        self.processes.remove(process)

    @precondition(lambda self: self.processes)
    @rule(number=NUMBER, within=st.booleans())
    def crash(self, number: int, *, within: bool) -> None:
        process = self.processes.pop(number % len(self.processes))
        process.kill(within=within)
        self.in_doubt |= process.held
        process.owner.die()
        self.check(process)

    @precondition(lambda self: self.mailings)
    @rule(
        number=NUMBER,
        fate=st.sampled_from([Answer.LOST, Answer.TAKEN]),
        points=st.integers(3, 6),
        size=st.sampled_from([1, 500]),
        hours=st.sampled_from([0, 1, 17, 23, 30]),
    )
    def nobody_looks(self, number: int, fate: Answer, points: int, size: int, hours: int) -> None:
        """Let a run die beside a call, and another one find that hours or days later."""
        self.vendor.fates.clear()
        self.go_on(number, [fate], points, size)
        self.crash(number, within=False)
        self.time_passes(hours)
        self.drain(self.of_choice(number))

    def check(self, process: Process) -> None:
        if process.fault is not None:
            raise process.fault

    # Time

    @rule(hours=st.sampled_from([0.01, 0.3, 1, 20]))
    def time_passes(self, hours: float) -> None:
        turn = timedelta(hours=hours)
        self.calls_arrive(turn)
        self.true += turn
        self.set_clock(turn)

    @rule(hours=st.sampled_from([-3, 0.3, 5]))
    def clock_is_set(self, hours: float) -> None:
        if hours > 0 or not self.has_been_set_back:
            self.has_been_set_back |= hours < 0
            self.calls_arrive(timedelta(hours=abs(hours)))
            self.set_clock(timedelta(hours=hours))

    def set_clock(self, turn: timedelta) -> None:
        self.room.clock.turn(turn)
        self.latest = max(self.latest, self.now)
        for process in self.processes:
            if process.seen is not None and self.now - process.seen.at >= LEASE:
                self.in_doubt |= process.held

    def calls_arrive(self, turn: timedelta) -> None:
        """Let no call reach the vendor after its lease: it has ended by then."""
        for process in self.processes:
            begun = process.called_at
            if process.place == "call" and begun and self.true - begun + turn >= LEASE:
                process.go_on()
                self.check(process)

    # What is heard afterwards

    @precondition(lambda self: self.vendor.taken)
    @rule(number=st.integers(0, 99), kind=st.sampled_from(
        ["delivered", "delivered", "complained", "unsubscribed", "bounced"]))  # fmt: skip
    def hear(self, number: int, kind: events.Kind) -> None:
        mail = self.vendor.taken[number % len(self.vendor.taken)]
        event = events.Event(
            kind=kind, source="memory", source_id=f"{kind}-{number}", happened_at=self.now,
            delivery_id=self.mails[mail.key].delivery, bounce="soft" if kind == "bounced" else "",
        )  # fmt: skip
        new = events.take(self.store, event, settings=self.settings, keys=KEYS, now=self.now)
        if new and kind == "complained":
            self.gone.add(mail.address)
        if new and kind == "unsubscribed":
            self.left.add(mail.address)

    @precondition(lambda self: self.mailings)
    @rule(number=NUMBER)
    def ask(self, number: int) -> None:
        chosen = self.of_choice(number)
        reconcile.by_events(self.store, chosen, now=self.now)
        reconcile.by_provider(
            self.store, chosen, self.vendor, keys=KEYS, clock=self.room.clock,
            stop=threading.Event(),
        )  # fmt: skip

    @precondition(lambda self: self.in_doubt)
    @rule(number=NUMBER)
    def mark(self, number: int) -> None:
        """A person looks what became of somebody; nobody can while a call is under way."""
        if any(process.place == "call" for process in self.processes):
            return
        chosen, taken = self.of_choice(number), set()
        for mail in self.vendor.taken:
            if self.mails[mail.key].mailing == chosen:
                taken.add(mail.address)
        with suppress(InputError):
            people = list(mailing.people(self.store, chosen, "unknown"))
            for person in people[:2]:
                if person.address:
                    what: Any = "accepted" if person.address in taken else "missing"
                    reconcile.mark(
                        self.store, chosen, what, only=[person.address], by=STAFF, now=self.now
                    )

    # The promises

    @invariant()
    def the_accounts_balance(self) -> None:
        for number in self.mailings:
            assert mailing.accounts(self.store, number).balance() == 0

    @invariant()
    def nobody_has_an_issue_twice(self) -> None:
        mails = [self.mails[mail.key] for mail in self.vendor.taken]
        had = Counter((mail.issue, mail.subscriber) for mail in mails)
        assert max(had.values(), default=0) <= 1, "twice"

    @invariant()
    def the_ledger_and_the_vendors_record_agree(self) -> None:
        taken = {self.mails[mail.key].delivery for mail in self.vendor.taken}
        for number, (state, _) in world.standing(self.store).items():
            if number in taken:
                assert state in {"accepted", "unknown", "handing_over"}, f"taken, but {state}"
            else:
                assert state != "accepted", "accepted, but not taken"
            if state == "unknown":
                assert number in self.in_doubt, "unknown for no reason"

    # The end

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None and self.mailings:
                self.all_finish()
        finally:
            for process in self.processes:
                process.kill(within=False)
            self.opened.close()

    def all_finish(self) -> None:
        self.vendor.fates, self.vendor.size = [], 500
        for process in self.processes:
            process.finish()
            self.check(process)
            process.owner.die()
        self.processes.clear()
        for _ in range(40):
            self.true += timedelta(hours=3)
            self.set_clock(timedelta(hours=3))
            for number in self.mailings:
                if not mailing.accounts(self.store, number).finished:
                    self.drain(number)
            if all(mailing.accounts(self.store, n).finished for n in self.mailings):
                break
        for check in (
            self.the_accounts_balance, self.nobody_has_an_issue_twice,
            self.the_ledger_and_the_vendors_record_agree,
        ):  # fmt: skip
            check()
        states = Counter(state for state, _ in world.standing(self.store).values())
        assert set(states) <= ENDS, f"left over: {states}"
        assert states.total() == len(self.mails), "somebody is lost"

    def drain(self, number: int) -> None:
        """Do whatever a person would do so that a mailing comes to its end, and take all steps."""
        with suppress(InputError):
            resume(self.room, number)
            self.stopped.discard(number)
        if self.begins.get(number, self.now) > self.now:
            return
        process = self.started(number)
        for _ in range(50):
            if not process.worked:
                break
            process.start()
            process.finish()
            self.check(process)
        with suppress(InputError):
            if number in self.stopped:
                cancel(self.room, number)
        self.finished(process)


class IdempotentMailing(Mailing):
    make = world.Idempotent
    settings = paced(per_second=3, per_minute=6)


class PerRecipientMailing(Mailing):
    make = world.PerRecipient


_SETTINGS = settings(
    max_examples=int(os.environ.get("MACHINE_EXAMPLES", "10")),
    stateful_step_count=int(os.environ.get("MACHINE_STEPS", "25")),
    deadline=None,
)

TestMailing = pytest.mark.thorough(Mailing.TestCase)
TestMailing.settings = _SETTINGS

TestIdempotentMailing = pytest.mark.thorough(IdempotentMailing.TestCase)
TestIdempotentMailing.settings = _SETTINGS

TestPerRecipientMailing = pytest.mark.thorough(PerRecipientMailing.TestCase)
TestPerRecipientMailing.settings = _SETTINGS


def test_a_run_that_wakes_during_another_ones_call_changes_nothing() -> None:
    """What the model found when the fencing was taken out: always the first to be tried."""
    model = IdempotentMailing()
    model.some_join()
    model.plan(5, "a", later=False)
    model.started(model.mailings[0])
    model.fall_asleep(0, [Answer.BUSY, Answer.LOST], 3, 3, "")
    model.the_ledger_and_the_vendors_record_agree()
    model.teardown()
