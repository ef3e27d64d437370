"""`newsletter send` where workers hand over: it shows how far they are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from newsletter import mailing
from newsletter.cli.output import say
from newsletter.cli.pacing import Surroundings
from newsletter.cli.progress import shown
from newsletter.cli.stopping import stoppable
from newsletter.mailing import (
    Accounts,
    Answered,
    Excluded,
    Progress,
    Standing,
    Stop,
    Uncertain,
    Waiting,
    queue,
)
from newsletter.mailing.status.watching import View, view
from newsletter.store import Store
from newsletter.workspace import Workspace

_EVERY: Final = 1.0
"""Seconds between two looks."""
_ALONE: Final = timedelta(seconds=30)
"""How often it is looked whether there are workers."""


def left_to_workers(store: Store, engine: str) -> bool:
    """Tell whether workers hand over; raises InputError where that cannot be."""
    if engine == "procrastinate":
        queue.demand(store)
        return True
    return engine == "auto" and queue.workers(store) > 0


def follow(store: Store, items: Sequence[Standing], workspace: Workspace) -> dict[int, Accounts]:
    """Show how far the workers are, until all is done or somebody has seen enough."""
    accounts: dict[int, Accounts] = {}
    with stoppable("the workers go on: newsletter status shows how far") as stop:
        for item in items:
            follower = _Follower(store, item, workspace)
            if not stop.is_set():
                follower.follow(mailing.SystemClock(), stop)
            accounts[item.id] = mailing.accounts(store, item.id)
    return accounts


class _Follower:
    def __init__(self, store: Store, item: Standing, workspace: Workspace) -> None:
        self._store: Final = store
        self._number: Final = item.id
        self._settings: Final = workspace.settings
        self._around: Final = Surroundings(workspace, store, item.provider)
        self._before = mailing.accounts(store, item.id)
        self._asked = datetime.min.replace(tzinfo=UTC)
        self._warned = False

    def follow(self, clock: mailing.Clock, stop: Stop) -> None:
        with shown(self._before.open, zone=self._settings.time_zone) as progress:
            while not stop.is_set():
                now = clock.now()
                seen = view(
                    self._store, self._number, settings=self._settings, now=now,
                    around=self._around.now(), with_told=False,
                )  # fmt: skip
                self._tell(seen, progress)
                if seen.is_over or _is_held(seen, now):
                    return
                self._warn(now)
                clock.wait(_EVERY, stop)

    def _tell(self, seen: View, progress: Progress) -> None:
        """Tell what has changed as a run would tell it."""
        now, before = seen.summary.accounts, self._before
        self._before = now
        accepted, refused = now.accepted - before.accepted, now.refused - before.refused
        if accepted or refused:
            progress(Answered(0, accepted, refused, 0))
        if excluded := now.excluded - before.excluded:
            progress(Excluded(excluded))
        if (unknown := now.unknown - before.unknown) > 0:
            progress(Uncertain(0, unknown, f"newsletter reconcile {self._number}"))
        if seen.waits is not None and seen.waits.until is not None:
            progress(Waiting(seen.waits.until, seen.waits.reason))

    def _warn(self, now: datetime) -> None:
        if now - self._asked < _ALONE:
            return
        self._asked = now
        nobody = not queue.workers(self._store)
        if nobody and not self._warned:
            say("warning: no worker is alive; it goes out as soon as one is: newsletter worker")
        self._warned = nobody


def _is_held(seen: View, now: datetime) -> bool:
    """Tell whether it stays as it is until a person acts."""
    stands = seen.standing
    return stands.is_paused(now) or stands.is_missed(now) or stands.state == "cancelled"
