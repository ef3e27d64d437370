"""The engine `local` for a process that runs for good: threads that take turns at all mailings.

Each turn is one step of one mailing, then it is the next one's turn: a welcome mail does not wait
behind a mailing to a hundred thousand.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from newsletter.mailing.handing.run import Answer, Worked
from newsletter.mailing.steps import Waiting

Turn = Callable[[int], Answer]
"""Takes one step of a mailing; raises nothing."""


class Hands:
    """Threads at work; `close` lets each finish its step."""

    def __init__(self, turn: Turn, threads: int) -> None:
        self._turn: Final = turn
        self._most: Final = threads
        self._changed: Final = threading.Condition()
        self._ready: Final[deque[int]] = deque()
        self._turns: Final[Counter[int]] = Counter()
        """Mailing → turns of it that are waiting or being taken."""
        self._later: Final[dict[int, datetime]] = {}
        self._closed = False
        self._threads: Final = [
            threading.Thread(target=self._work, name=f"hands-{number}", daemon=True)
            for number in range(1, threads + 1)
        ]
        for thread in self._threads:
            thread.start()

    def give(self, mailing_ids: Iterable[int]) -> None:
        """Have all hands work on these mailings, beside what they do already."""
        with self._changed:
            for mailing_id in mailing_ids:
                self._later.pop(mailing_id, None)
                missing = self._most - self._turns[mailing_id]
                self._ready.extend([mailing_id] * missing)
                self._turns[mailing_id] += missing
            self._changed.notify_all()

    def due(self, now: datetime) -> list[int]:
        """Name the mailings whose wait is over."""
        with self._changed:
            return [number for number, until in self._later.items() if until <= now]

    def is_idle(self) -> bool:
        """Tell whether nothing is left that can be done now."""
        with self._changed:
            return not self._turns.total()

    def finish(self, timeout: float) -> bool:
        """Wait until nothing is left that can be done now; False when it takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._turns.total(), timeout)

    def close(self) -> None:
        """Let every thread finish its step, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (mailing_id := self._next()) is not None:
            answer: Answer = None
            try:
                answer = self._turn(mailing_id)
            finally:
                self._done(mailing_id, answer)

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._ready)
            return None if self._closed else self._ready.popleft()

    def _done(self, mailing_id: int, answer: Answer) -> None:
        with self._changed:
            if isinstance(answer, Worked):
                self._ready.append(mailing_id)
            else:
                self._turns[mailing_id] -= 1
                if isinstance(answer, Waiting):
                    self._later[mailing_id] = answer.until
            self._changed.notify_all()
