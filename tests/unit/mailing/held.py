"""Runs that know the settings, for the tests of what holds a mailing."""

import threading
from collections.abc import Sequence

from newsletter import mailing
from newsletter.mailing import Accounts, Progress, Resting, Step, Stop
from newsletter.mailing.control.holds import Look
from newsletter.providers import Provider
from newsletter.settings import Settings
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom, NamedOwner

STAFF = "maija"


def run(
    room: Mailroom,
    number: int,
    provider: Provider,
    settings: Settings | None = None,
    *,
    owner: NamedOwner | None = None,
    stop: Stop | None = None,
    progress: Progress | None = None,
    looks: Sequence[Look] = (),
) -> Accounts:
    """Hand a mailing over as the settings have it."""
    owner = owner or room.owner()
    try:
        return mailing.dispatch(
            room.store,
            number,
            provider,
            keys=KEYS,
            clock=room.clock,
            owner=owner,
            stop=stop or threading.Event(),
            progress=progress or room.steps.append,
            settings=settings or room.settings,
            looks=looks,
        )
    finally:
        owner.die()


def rested(steps: list[Step]) -> Resting:
    """Give why the last run ended early."""
    last = steps[-1]
    assert isinstance(last, Resting), steps
    return last


def pause(room: Mailroom, number: int, reason: str = "") -> None:
    mailing.pause(room.store, number, by=STAFF, now=room.clock.now(), reason=reason)


def resume(room: Mailroom, number: int) -> None:
    mailing.resume(room.store, number, by=STAFF, now=room.clock.now())


def cancel(room: Mailroom, number: int, reason: str = "") -> mailing.Settled:
    owner = room.owner()
    try:
        return mailing.cancel(
            room.store, number, owner=owner, by=STAFF, now=room.clock.now(), reason=reason
        )
    finally:
        owner.die()
