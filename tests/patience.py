"""An end to code that would run for ever: no measure of its speed, which `make bench` shows."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDLESS: Final = 60
"""Seconds of the processor; what is guarded needs less than one."""


@contextmanager
def patience() -> Iterator[None]:
    """Fail what computes for more than `ENDLESS` seconds; a machine's other work does not count."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it still computes after {ENDLESS} seconds")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, ENDLESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
