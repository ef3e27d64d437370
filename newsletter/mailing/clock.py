"""Time as dispatch meets it: what it is now, and waiting that can be cut short."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Stop(Protocol):
    """A wish to stop, as `threading.Event` carries it."""

    def is_set(self) -> bool:
        """Tell whether somebody wants the run to end."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until somebody does, at most `timeout` seconds; tell whether one did."""
        ...


class Clock(Protocol):
    """Where dispatch gets the time from; tests bring one that needs no sleep."""

    def now(self) -> datetime:
        """Tell the time, aware and in UTC."""
        ...

    def wait(self, seconds: float, stop: Stop) -> None:
        """Let that many seconds pass, fewer when `stop` is set meanwhile."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Tell the time, aware and in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: Stop) -> None:
        """Let that many seconds pass, fewer when `stop` is set meanwhile.

        In short turns: a signal is seen between them even where a wait does not wake for one.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not stop.is_set():
            stop.wait(min(left, 0.5))
