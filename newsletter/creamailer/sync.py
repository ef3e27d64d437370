"""Keeping a Creamailer account in step with the register: read, plan, carry out.

Reading and carrying out stop when the hour's calls are used up (SpentError) and go on from there
when they are called again, by whichever process.
"""

import fcntl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx

from newsletter.creamailer.account import Account
from newsletter.creamailer.budget import Budget, Clock, Forecast, Pause
from newsletter.creamailer.client import IMPORT, Client
from newsletter.creamailer.here import Here, Terms
from newsletter.creamailer.joining import Joining
from newsletter.creamailer.leaving import Leaving
from newsletter.creamailer.planning import AWAY, REMARKS, Both, Kind, decide
from newsletter.creamailer.pulling import Reader, Tell
from newsletter.creamailer.sides import Sides
from newsletter.creamailer.spool import Progress, Spool
from newsletter.creamailer.tools import Refusal, Tools
from newsletter.errors import InputError
from newsletter.register import audit, erasing
from newsletter.register.entries import check_terms
from newsletter.settings import Settings
from newsletter.store import Store

SAMPLES = 5
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and what is to be said, by kind."""

    counts: Mapping[Kind, int]
    samples: Mapping[Kind, Sequence[str]]
    """Some addresses of each kind."""
    forecast: Forecast
    auto_suppressing: tuple[str, ...]
    """Lists there that suppress in the whole account who leaves them."""

    @property
    def is_empty(self) -> bool:
        """Tell whether both sides are in step: nothing is to be done."""
        return not any(number for kind, number in self.counts.items() if kind not in REMARKS)


@dataclass(frozen=True, slots=True)
class Report:
    """What was done."""

    done: Mapping[Kind, int]
    refusals: tuple[Refusal, ...]
    by_hand: tuple[str, ...]
    """Addresses that were erased here: to be deleted there by hand, its API can only unsubscribe
    and suppress."""
    calls: int
    """Calls that this process made, those for reading too."""


class Sync:
    """One run; `pause` waits until a moment, and without it SpentError ends the run."""

    def __init__(
        self,
        store: Store,
        account: Account,
        *,
        settings: Settings,
        keys: Sequence[str],
        by: str,
        clock: Clock,
        sleep: Callable[[float], None],
        pause: Pause | None = None,
        terms: Terms | None = None,
        tell: Tell = lambda _: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._store = store
        self._account = account
        self._settings = settings
        self._keys = keys
        self._by = by
        self._clock = clock
        self._terms = _checked(terms or Terms(), account)
        self._tell = tell
        self.done: Counter[Kind] = Counter()
        """What was changed so far, also when the run was cut short."""
        self._spool = Spool(account.name)
        self._sides = Sides(self._spool, list(account.lists), keys)
        self.budget = Budget(store, account.name, account.calls_per_hour, clock=clock, pause=pause)
        self._client = Client(account, self.budget, clock=clock, sleep=sleep, transport=transport)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def read(self, *, anew: bool = False) -> None:
        """Read the account; raises SpentError, ProviderError, or InputError for a wrong list."""
        reader = Reader(
            self._store,
            self._client,
            self._account,
            zone=self._settings.time_zone,
            clock=self._clock,
            tell=self._tell,
        )
        reader.read(anew=anew)

    def plan(self) -> Plan:
        """Compare both sides; changes nothing."""
        counts: Counter[Kind] = Counter()
        brought: Counter[str] = Counter()
        samples: dict[Kind, list[str]] = {}
        after: str | None = None
        while True:
            with self._store.read() as connection:
                page = self._sides.page(connection, after, now := self._clock())
            for who in page.people:
                lists = list(self._account.lists)
                for step in decide(who, lists, now=now, terms=self._terms.stated):
                    counts[step.kind] += 1
                    brought[step.list_id] += step.kind is Kind.BRING
                    if len(some := samples.setdefault(step.kind, [])) < SAMPLES:
                        some.append(step.address)
            if (after := page.last) is None:
                break
        calls = sum(counts[kind] for kind in AWAY)
        calls += sum(-(-number // IMPORT) for number in brought.values())
        return Plan(counts, samples, self.budget.forecast(calls), self._auto_suppressing())

    def carry_out(self) -> Report:
        """Do what is to be done, on both sides, until nothing is left; raises as `read` does.

        Who leaves while this runs is heeded: everything is decided on again right before it is
        done. Ends by forgetting what was read.
        """
        progress = self._begin()
        tools = self._tools()
        try:
            for _ in range(_ROUNDS):
                before = self.done.total()
                self._round(tools, progress)
                if self.done.total() == before:
                    break
        finally:
            self._note()
        by_hand = self._finish(progress)
        return Report(+self.done, tuple(tools.refusals.told), by_hand, self.budget.made)

    def _round(self, tools: Tools, progress: Progress) -> None:
        """Do everything once: leaving before joining, and here before there."""
        here = Here(
            self._store,
            self._sides,
            settings=self._settings,
            lists=progress.lists,
            terms=self._terms,
            keys=self._keys,
            by=self._by,
            clock=self._clock,
            done=self.done,
        )
        here.part_ways()
        Leaving(tools).all()
        here.take_in()
        Joining(tools).all()

    def _tools(self) -> Tools:
        return Tools(
            self._store, self._spool, self._sides, self._client, self._account,
            lists=list(self._account.lists), clock=self._clock, tell=self._tell, done=self.done,
        )  # fmt: skip

    def _begin(self) -> Progress:
        with self._store.begin() as connection:
            progress = self._progress(self._spool.progress(connection))
            if progress.writing:
                return progress
            return self._spool.note(connection, replace(progress, writing=True), self._clock())

    def _note(self) -> None:
        told = {str(kind): number for kind, number in self.done.items() if number}
        if told:
            with self._store.begin() as connection:
                audit.note(
                    connection, "sync", by=self._by, now=self._clock(), service="creamailer", **told
                )

    def _finish(self, progress: Progress) -> tuple[str, ...]:
        """Forget what was read, and the erased people of whom Creamailer knows by now.

        Give the addresses of those that it has data of still: it cannot be told to erase.
        """
        with self._store.begin() as connection:
            now = self._clock()
            # Of who was erased after the reading began, what was read is gone: next time.
            waiting = {
                item.address_key: item
                for item in erasing.pending_elsewhere(connection)
                if item.erased_at < progress.began
            }
            people = self._sides.of(connection, list(waiting), now)
            undone = {who.key for who in people if self._undone(who, now)}
            erasing.passed_on(connection, [key for key in waiting if key not in undone])
            self._spool.clear(connection)
        return tuple(
            waiting[who.key].address
            for who in people
            if who.theirs and who.key not in undone and waiting[who.key].reason == "erased"
        )

    def _undone(self, who: Both, now: datetime) -> bool:
        steps = decide(who, list(self._account.lists), now=now, terms=False)
        return any(step.kind in AWAY for step in steps)

    def _auto_suppressing(self) -> tuple[str, ...]:
        with self._store.read() as connection:
            progress = self._progress(self._spool.progress(connection))
        return tuple(name for name, theirs in progress.lists.items() if theirs["auto_suppress"])

    @staticmethod
    def _progress(found: Progress | None) -> Progress:
        if found is None or not found.done:
            raise InputError("the account has not been read yet", hint="read it first")
        return found


def _checked(terms: Terms, account: Account) -> Terms:
    """Refuse half of the terms, or wrong ones; raises InputError."""
    if terms.stated:
        check_terms(account.lists, basis=terms.basis, source=terms.source)
    return terms


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let only one sync run at a time in this workspace; raises InputError for a second one.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    with (folder / "creamailer.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                "another sync with Creamailer is running", hint="wait until it is finished"
            ) from error
        yield
