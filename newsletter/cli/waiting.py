"""Mailings of an issue that do not simply go on: scheduled, missed, paused, cancelled."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from newsletter import mailing
from newsletter.cli.output import count, say, somebody_is_there
from newsletter.errors import InputError
from newsletter.mailing import Schedule, Standing, said
from newsletter.settings import Settings
from newsletter.store import Store

_SOON: Final = timedelta(hours=1)
"""A run waits that long for the time of a mailing; for a later one it need not be there."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants an issue to go out, beside at once and to everybody who lacks it."""

    times: Schedule | None = None
    at_once: bool = False
    """Also what is scheduled for later."""
    late_too: bool = False
    """Also what was missed."""
    only_missing: bool = False
    despite_quiet: bool = False


def read_wish(
    settings: Settings,
    now: datetime,
    *,
    at: str | None,
    latest: str | None,
    at_once: bool,
    only_missing: bool,
    despite_quiet: bool,
    yes: bool,
) -> Wish:
    """Read the options of `newsletter send`; raises InputError when they contradict each other.

    What was missed needs a person who sees that it is late: who runs this by a clock, with --yes,
    does not.
    """
    if at_once and at:
        raise InputError("--at and --now contradict each other", hint="leave one of them out")
    if latest and not at:
        raise InputError("--latest goes with --at", hint='e.g. --at "2026-12-01 09:00" --latest 2h')
    times = None
    if at:
        times = mailing.read_schedule(at, latest, settings, now=now, despite_quiet=despite_quiet)
    late_too = at_once or (somebody_is_there() and not yes)
    return Wish(times, at_once, late_too, only_missing, despite_quiet)


class Held:
    """What of an issue is open, and what of that a plain run leaves alone."""

    def __init__(
        self, store: Store, issue: str, settings: Settings, wish: Wish, now: datetime
    ) -> None:
        self._store: Final = store
        self._zone: Final = settings.time_zone
        self._wish: Final = wish
        self._now: Final = now
        found = mailing.standings_of(store, issue)
        self.was_mailed: Final = bool(found)
        open_ = [item for item in found if not item.finished]
        self.cancelled: Final = [item for item in open_ if item.state == "cancelled"]
        left = [item for item in open_ if item.state != "cancelled"]
        self.paused: Final = [item for item in left if item.is_paused(now)]
        left = [item for item in left if not item.is_paused(now)]
        self.missed: Final = [item for item in left if item.is_missed(now)]
        self.scheduled: Final = [item for item in left if item.is_early(now)]
        self.ready: Final = [item for item in left if item not in (*self.missed, *self.scheduled)]

    @property
    def times(self) -> Schedule | None:
        """When people who are planned now are mailed: as wished, or with those who wait already."""
        first = min(self.scheduled, key=lambda item: item.not_before or self._now, default=None)
        if self._wish.times or self._wish.at_once or first is None:
            return self._wish.times
        begin = first.not_before or self._now
        return Schedule(begin, first.latest or begin + _SOON)

    @property
    def to_move(self) -> list[Standing]:
        """Mailings that get another time, or are let go, by what is wished."""
        wish = self._wish
        scheduled = self.scheduled if wish.times or wish.at_once else []
        return [*scheduled, *(self.missed if wish.times or wish.late_too else [])]

    @property
    def to_run(self) -> list[Standing]:
        """Mailings that a run hands over now, or waits for."""
        if self._wish.times:
            return []
        soon = [item for item in self.scheduled if self._wish.at_once or self._is_soon(item)]
        missed = self.missed if self._wish.late_too else []
        return sorted([*self.ready, *missed, *soon], key=lambda item: item.id)

    @property
    def idle(self) -> list[Standing]:
        """Mailings that stay as they are until a person acts."""
        return [*self.paused, *(item for item in self.missed if item not in self.to_move)]

    @property
    def late(self) -> str:
        """Say of what goes out now how late it is; empty when nothing is."""
        if self._wish.times or not self._wish.late_too:
            return ""
        words = [f"mailing {item.id} {item.words(self._zone, self._now)}" for item in self.missed]
        return "; ".join(words)

    def lines(self) -> Iterator[str]:
        """Say of each what holds it."""
        for item in self.ready:
            yield f"  {self.open_of(item):,} left over in mailing {item.id}" + (
                ": they are mailed first" if item in self.to_run else ""
            )
        for item in (*self.scheduled, *self.missed, *self.paused):
            people = count(self.open_of(item), "person", "people")
            yield f"  {people} in mailing {item.id}, {item.words(self._zone, self._now)}"
        if self.to_move:
            numbers = ", ".join(str(item.id) for item in self.to_move)
            moved = f"is put to {said(self._wish.times.at, self._zone)}" if self._wish.times else ""
            yield f"  mailing {numbers} {moved or 'goes out now'}"

    def open_of(self, item: Standing) -> int:
        """Count who is left in a mailing."""
        accounts = mailing.accounts(self._store, item.id)
        return accounts.planned + accounts.handing_over

    def tell(self) -> None:
        """Say when the rest goes out and by what, and how what stays held is let go."""

        def times(item: Standing) -> tuple[datetime, datetime]:
            at = item.not_before or self._now
            return at, item.latest or at

        for (at, latest), together in groupby(sorted(self.scheduled, key=times), key=times):
            items = list(together)
            numbers = ", ".join(str(item.id) for item in items)
            say(f"mailing {numbers} goes out on {said(at, self._zone)} ({self._zone}),")
            say(f"  by whoever runs then: newsletter send {items[0].issue}, or newsletter worker;")
            say(f"  after {said(latest, self._zone)} only when somebody says so")
        for item in self.idle:
            say(f"mailing {item.id} stays: {item.words(self._zone, self._now)}")
            say(f"to let it go: newsletter resume {item.id}; to give it up: cancel {item.id}")

    def _is_soon(self, item: Standing) -> bool:
        return item.not_before is not None and item.not_before - self._now <= _SOON
