"""A worker with the engine `local`: one process that does all there is to do, round by round."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

from newsletter import mailing
from newsletter.cli.duties import MINUTE, Duties, Teller
from newsletter.cli.turning import Turning
from newsletter.errors import InputError, StoreError
from newsletter.mailing.engines import crew
from newsletter.mailing.engines.hands import Hands
from newsletter.store import Store
from newsletter.workspace import Workspace

LOCK: Final = "worker.lock"
"""The file, among the workspace's state, that a worker on SQLite is alone with."""
_AWAY: Final = timedelta(seconds=15)
"""How long a database that is away is left alone."""
_LOOK: Final = timedelta(seconds=5)
"""How often it is looked whether a mailing's wait is over."""


class Worker:
    """Rounds of one process on one workspace; `close` finishes the calls in flight."""

    def __init__(
        self,
        workspace: Workspace,
        store: Store,
        *,
        clock: mailing.Clock,
        stop: mailing.Stop,
        threads: int,
    ) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._stop: Final = stop
        self._teller: Final = Teller()
        self._turning: Final = Turning(workspace, store, self._teller, clock=clock, stop=stop)
        self._duties: Final = Duties(workspace, store, self._teller, clock=clock, stop=stop)
        self._hands: Final = Hands(self._turning.turn, threads)

    def close(self) -> None:
        """Finish the steps under way, and end all runs."""
        self._hands.close()
        self._turning.close()
        self._duties.close()

    def once(self) -> None:
        """Do what is due, all of it that can be done now; raises StoreError."""
        self._duties.each_minute()
        self._hands.give(crew.due(self._store, self._clock.now()))
        while not self._stop.is_set() and not self._hands.finish(0.5):
            pass
        if not self._stop.is_set():
            self._duties.now_and_then()

    def run(self) -> None:
        """Do what is due until `stop` is set; a database that is away is waited for."""
        while not self._stop.is_set():
            try:
                self._round()
            except StoreError as error:
                self._teller.tell("database", f"{error.message}; trying again until it is back")
                self._clock.wait(_AWAY.total_seconds(), self._stop)
            else:
                self._teller.tell("database", "", over="it is back")

    def _round(self) -> None:
        """Do a minute's duties, and give out mailings until the next minute."""
        end = self._clock.now() + MINUTE
        self._hands.give(crew.due(self._store, self._clock.now()))
        self._duties.each_minute()
        self._hands.give(crew.due(self._store, self._clock.now()))  # what sequences planned
        self._duties.now_and_then()
        while not self._stop.is_set() and (now := self._clock.now()) < end:
            start = crew.next_start(self._store, now) or end
            until = min(end, max(start, now), now + _LOOK)
            self._clock.wait((until - now).total_seconds(), self._stop)
            now = self._clock.now()
            self._hands.give(self._hands.due(now))
            if start <= now < end:
                self._hands.give(crew.due(self._store, now))


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Let one process at a time do this; raises InputError in a second one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a") as stream:
        if not _lock(stream):
            raise InputError(
                "a worker is running in this workspace already",
                hint="one is enough on SQLite; several, on many machines, can share PostgreSQL",
            )
        yield


def is_taken(file: Path) -> bool:
    """Tell whether a process is `alone` with that file."""
    try:
        with file.open() as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock(stream: IO[str]) -> bool:
    """Take a lock; who only looked has it for a moment, which is waited out."""
    for wait in (0.05, 0.2, 0.0):
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(wait)
        else:
            return True
    return False
