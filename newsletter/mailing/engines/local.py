"""The engine `local`: a few threads of this process share a mailing, each a run of its own.

A call to a provider is mostly waiting, so that a few at once are that many times as fast. On SQLite
the write lock lets one claim or record at a time; the calls in between go on side by side.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from newsletter.mailing.clock import Stop
from newsletter.mailing.handing.run import Run
from newsletter.mailing.handing.work import Work
from newsletter.mailing.ledger.books import Accounts, accounts
from newsletter.mailing.owner import Owner
from newsletter.mailing.steps import Progress, Step

Owners = Callable[[], AbstractContextManager[Owner]]
"""Makes an owner of its own for each run; it is left when the run ends."""


def send(work: Work, owners: Owners, *, threads: int) -> Accounts:
    """Hand a mailing over with so many calls at a time; gives the accounts at the end.

    Ends as `dispatch` does. What one thread raises stops the others after their calls in flight,
    and is raised then; a KeyboardInterrupt of this thread is raised at once, and whatever is in
    flight is left to be recovered. `progress` is called by one thread at a time.
    """
    crew = _Crew(work, owners)
    if threads == 1:
        crew.run()
    else:
        crew.run_all(threads)
    if crew.faults:
        raise crew.faults[0]
    return accounts(work.store, work.mailing_id)


class _Crew:
    """The threads of one mailing."""

    def __init__(self, work: Work, owners: Owners) -> None:
        self.faults: Final[list[BaseException]] = []
        self._owners: Final = owners
        self._halt: Final = threading.Event()
        stop = _Either(work.stop, self._halt)
        self._work: Final = replace(
            work, stop=stop, halt=self._halt.set, progress=_in_turn(work.progress)
        )

    def run_all(self, count: int) -> None:
        """Start the threads and wait for them."""
        # Whoever stops the process by force is not kept waiting for a call to end.
        threads = [
            threading.Thread(target=self.run, name=f"mailing-{number}", daemon=True)
            for number in range(1, count + 1)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            self._halt.set()
            raise

    def run(self) -> None:
        """Be one run; keep what it raises, and stop the others."""
        try:
            with self._owners() as owner:
                Run(self._work, owner).work()
        except BaseException as fault:  # noqa: BLE001 - raised again by whoever waits for all
            self._halt.set()
            self.faults.append(fault)


class _Either:
    """A wish to stop that either of two may have."""

    def __init__(self, first: Stop, second: Stop) -> None:
        self._first: Final = first
        self._second: Final = second

    def is_set(self) -> bool:
        return self._first.is_set() or self._second.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the first one; the clock's turns are short enough to see the second."""
        return self.is_set() or self._first.wait(timeout) or self._second.is_set()


def _in_turn(progress: Progress) -> Progress:
    lock = threading.Lock()

    def tell(step: Step) -> None:
        with lock:
            progress(step)

    return tell
