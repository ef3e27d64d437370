"""How far a run is: drawn on a terminal; without one, lines now and then, and where it matters."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from newsletter import mailing
from newsletter.cli.accounts import pace
from newsletter.cli.output import say
from newsletter.mailing import said

_BETWEEN: Final = 10.0
"""Seconds between two lines that only say how far it is."""
_WINDOW: Final = 60.0
"""Seconds over which the speed is measured."""

Now = Callable[[], float]


class Tally:
    """What a run has told of itself so far. Safe to be told from several threads."""

    def __init__(self, total: int, now: Now = time.monotonic, *, zone: str = "UTC") -> None:
        self.total: Final = total
        self.zone: Final = zone
        self.accepted = self.refused = self.excluded = self.unknown = 0
        self.waits = ""
        """What it waits for; empty when it works."""
        self._now: Final = now
        self._marks: Final[deque[tuple[float, int]]] = deque([(now(), 0)])
        self._lock: Final = threading.Lock()

    @property
    def done(self) -> int:
        """Count the people whose outcome is known, or known to be unknown."""
        return self.accepted + self.refused + self.excluded + self.unknown

    @property
    def speed(self) -> float:
        """Count people per second of late."""
        (since, before), now = self._marks[0], self._now()
        return (self.done - before) / (now - since) if now > since else 0

    def take(self, step: mailing.Step) -> None:
        """Count what a step brought."""
        with self._lock:
            match step:
                case mailing.Answered():
                    self.accepted += step.accepted
                    self.refused += step.refused
                case mailing.Excluded():
                    self.excluded += step.count
                case mailing.Uncertain():
                    self.unknown += step.count
            self.waits = sentence_of(step, self.zone) if isinstance(step, mailing.Waiting) else ""
            self._mark()

    def counts(self) -> str:
        """Say where those are who are done."""
        states = ("accepted", "refused", "excluded", "unknown")
        found = [f"{number:,} {state}" for state in states if (number := getattr(self, state))]
        return ", ".join(found)

    def pace(self) -> str:
        """Say how fast it goes and how long still."""
        left = (self.total - self.done) / self.speed if self.speed else None
        return pace(self.speed, timedelta(seconds=left) if left else None)

    def line(self) -> str:
        """Say all of it in one line."""
        parts = (f"{self.done:,} of {self.total:,}", self.counts(), self.pace())
        return "; ".join(part for part in parts if part)

    def _mark(self) -> None:
        now = self._now()
        self._marks.append((now, self.done))
        # One mark stays that is older: the speed is measured from there.
        while len(self._marks) > 2 and self._marks[1][0] < now - _WINDOW:  # noqa: PLR2004
            self._marks.popleft()


@contextmanager
def shown(total: int, *, zone: str, now: Now = time.monotonic) -> Iterator[mailing.Progress]:
    """Show how far the run is, how fast, what it came to, what it waits for; times in `zone`."""
    tally = Tally(total, now, zone=zone)
    if not sys.stderr.isatty():
        yield _Lines(tally, now).tell
        return
    from rich.live import Live

    from newsletter.cli.drawing import console, drawn

    screen = console(error=True)

    def draw() -> object:
        below = (tally.counts(), tally.waits or tally.pace())
        return drawn(tally.done, total, below, width=screen.width)

    with Live(console=screen, get_renderable=draw, refresh_per_second=4) as live:  # type: ignore[arg-type] # whatever Rich can draw

        def tell(step: mailing.Step) -> None:
            tally.take(step)
            sentence = sentence_of(step, zone)
            if sentence and not tally.waits:
                live.console.print(sentence, markup=False, soft_wrap=True)

        yield tell


class _Lines:
    """Says what matters at once, and how far it is every few seconds."""

    def __init__(self, tally: Tally, now: Now) -> None:
        self._tally: Final = tally
        self._now: Final = now
        self._next = now() + _BETWEEN
        self._said = ""

    def tell(self, step: mailing.Step) -> None:
        """Take a step, and say what there is to be said of it."""
        self._tally.take(step)
        sentence = sentence_of(step, self._tally.zone)
        if sentence and sentence == self._said:
            return  # it waits for the same as before
        if sentence:
            say(sentence)
        elif self._now() >= self._next:
            say(self._tally.line())
            self._next = self._now() + _BETWEEN
        self._said = self._tally.waits


def settled(step: mailing.Step) -> int:
    """Count the people whose outcome this step brought."""
    tally = Tally(0)
    tally.take(step)
    return tally.done


def sentence_of(step: mailing.Step, zone: str) -> str:
    """Say what happened, where a person would want to know; empty otherwise."""
    sentence = ""
    match step:
        case mailing.Waiting():
            until = f"{step.until.astimezone(ZoneInfo(zone)):%H:%M:%S}"
            sentence = f"waiting until {until}: {step.reason}"
        case mailing.Uncertain():
            sentence = f"{step.count:,} unknown: {step.reason}"
        case mailing.Resting():
            until = f"; not before {said(step.until, zone)}" if step.until else ""
            sentence = f"stopping here: {step.reason}{until}"
        case mailing.Lost():
            sentence = "another run took a batch over"
        case mailing.Answered() if step.refused:
            sentence = f"{step.refused:,} refused by the provider"
        case mailing.HandedOver() if step.again:
            sentence = f"handing {step.count:,} over again: the first answer was lost"
    return sentence
