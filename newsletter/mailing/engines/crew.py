"""Many mailings in one process, step by step: what engines that run for good take turns with.

A run remembers what it has learnt of its mailing, so runs are kept between their steps, each with
an owner of its own. No step waits for long: what must wait gives its place to another mailing.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, select

from newsletter.mailing.engines.local import Owners
from newsletter.mailing.handing.run import Answer, Run, Worked
from newsletter.mailing.handing.work import Work
from newsletter.mailing.steps import Waiting
from newsletter.store import Store
from newsletter.store.schema import batches, mailings

SHORT: Final = timedelta(seconds=5)
"""What is over by then is waited out in place: it is how a provider's pace is kept."""
_KEPT: Final = timedelta(hours=1)
"""How long a run remembers what its provider did not take; then it is tried afresh."""


def due(store: Store, now: datetime) -> list[int]:
    """List the mailings that have something open and are not held by a person or a schedule.

    One that is cancelled is among them until what is left of it is settled.
    """
    query = select(mailings.c.id).where(*_open(), ~_held(now)).order_by(mailings.c.id)
    with store.read() as connection:
        return list(connection.scalars(query))


def next_start(store: Store, now: datetime) -> datetime | None:
    """Tell when the next scheduled mailing begins; None when none is."""
    query = (
        select(mailings.c.not_before)
        .where(*_open(), mailings.c.state == "open", mailings.c.not_before > now)
        .order_by(mailings.c.not_before)
        .limit(1)
    )
    with store.read() as connection:
        return connection.scalar(query)


def _open() -> tuple[ColumnElement[bool], ...]:
    left = batches.c.state.in_(("planned", "handing_over"))
    return (exists().where(batches.c.mailing_id == mailings.c.id, left),)


def _held(now: datetime) -> ColumnElement[bool]:
    begun = exists().where(batches.c.mailing_id == mailings.c.id, batches.c.attempt > 0)
    resumes = mailings.c.resume_at
    paused = and_(mailings.c.state == "paused", or_(resumes.is_(None), resumes > now))
    early = and_(mailings.c.not_before.is_not(None), mailings.c.not_before > now)
    late = and_(mailings.c.latest.is_not(None), mailings.c.latest < now)
    return or_(paused, and_(mailings.c.state == "open", or_(early, late), ~begun))


@dataclass(frozen=True, slots=True)
class _Member:
    run: Run
    since: datetime
    stack: ExitStack


class Crew:
    """The runs of one process; safe to be shared by its threads."""

    def __init__(self, make_work: Callable[[int], Work], owners: Owners) -> None:
        self._make_work: Final = make_work
        self._owners: Final = owners
        self._lock: Final = threading.Lock()
        self._works: Final[dict[int, Work]] = {}
        self._idle: Final[dict[int, list[_Member]]] = {}

    def turn(self, mailing_id: int) -> Answer:
        """Take one step of a mailing; what is over in a few seconds is waited for.

        Gives no short wait, unless the work is to stop. Raises InputError when the mailing's
        provider cannot be used, ProviderError when it refuses for good, StoreError.
        """
        work = self._work(mailing_id)
        member = self._take(mailing_id, work)
        try:
            answer = member.run.step()
            while isinstance(answer, Waiting) and not work.stop.is_set():
                left = answer.until - work.clock.now()
                if left > SHORT:
                    break
                work.clock.wait(left.total_seconds(), work.stop)
                answer = member.run.step()
            if not isinstance(answer, Worked | Waiting):
                member.run.settle()
        except BaseException:
            member.stack.close()
            raise
        self._back(mailing_id, member, is_over=answer is None)
        return answer

    def close(self) -> None:
        """End all runs; no thread may take a turn any more."""
        for mailing_id in list(self._idle):
            self._drop(mailing_id)

    def _work(self, mailing_id: int) -> Work:
        with self._lock:
            if mailing_id not in self._works:
                self._works[mailing_id] = self._make_work(mailing_id)
            return self._works[mailing_id]

    def _take(self, mailing_id: int, work: Work) -> _Member:
        now = work.clock.now()
        while True:
            with self._lock:
                idle = self._idle.get(mailing_id)
                member = idle.pop() if idle else None
            if member is None:
                stack = ExitStack()
                return _Member(Run(work, stack.enter_context(self._owners())), now, stack)
            if now - member.since < _KEPT:
                return member
            member.stack.close()

    def _back(self, mailing_id: int, member: _Member, *, is_over: bool) -> None:
        with self._lock:
            self._idle.setdefault(mailing_id, []).append(member)
        if is_over:
            self._drop(mailing_id)

    def _drop(self, mailing_id: int) -> None:
        with self._lock:
            members = self._idle.pop(mailing_id, [])
            self._works.pop(mailing_id, None)
        for member in members:
            member.stack.close()
