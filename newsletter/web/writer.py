"""One writer with natural group commit: whoever waits meanwhile shares the next transaction.

A commit that reaches the disk costs the same for one unsubscribe or for two hundred. While one
transaction is on its way the next requests gather, and one commit carries them all. The answer
is known only after it.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from newsletter.errors import StoreError
from newsletter.store import Store

Item = TypeVar("Item")
Result = TypeVar("Result")

_LARGEST_GROUP: Final = 256
"""Bounds the time that a group keeps the write lock: some ten milliseconds."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    work: Callable[[Connection, list[Any]], Sequence[Any]]
    item: Any
    answer: "Future[Any] | asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop | None
    """Where a coroutine awaits the answer; None for a thread."""

    def is_there(self) -> bool:
        """Tell whether somebody still waits; from then on a thread cannot stop waiting."""
        if isinstance(self.answer, Future):
            return self.answer.set_running_or_notify_cancel()
        return not self.answer.cancelled()


@dataclass(frozen=True, slots=True)
class _Outcome:
    waiter: _Waiter
    result: Any = None
    error: Exception | None = None

    def tell(self) -> None:
        """Tell who waits; a coroutine may have given up meanwhile."""
        answer = self.waiter.answer
        if answer.done():
            return
        if self.error is None:
            answer.set_result(self.result)
        else:
            answer.set_exception(self.error)


class Writer:
    """Runs work on a connection that may write; safe to use from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Waiter] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="web-writer")
        self._lock = threading.Lock()
        self._working = False

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction, perhaps with others', and return after the commit.

        Raises what `work` raised, after which nothing of it is kept, or StoreError. `work` may run
        a second time after its first run was rolled back, so it must have no effect but in the
        database.
        """
        return await self.write_each(_run_each, work)

    async def write_each(
        self, work: Callable[[Connection, list[Item]], Sequence[Result]], item: Item
    ) -> Result:
        """Like `write`, for work that is cheaper for many items at once than for each alone.

        `work` is given the items of all who wait for the same work, one or more, and gives a
        result for each in their order.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        self._waiting.append(_Waiter(work, item, answer, loop))
        # All that this turn of the loop has read shall be there before the writer begins: the two
        # would take the interpreter from each other at every statement.
        loop.call_soon(self._start)
        return await answer

    def submit(self, work: Callable[[Connection], Result]) -> "Future[Result]":
        """Queue `work`; the future is done after the commit."""
        answer: Future[Result] = Future()
        self._waiting.append(_Waiter(_run_each, work, answer, None))
        self._start()
        return answer

    def close(self) -> None:
        """Finish what waits and stop."""
        self._start()
        self._thread.shutdown()

    def _start(self) -> None:
        """See to it that whoever waits is served."""
        with self._lock:
            if self._waiting and not self._working:
                try:
                    self._thread.submit(self._work)
                except RuntimeError:  # closed: without an answer they would wait for ever
                    error = StoreError("the server is stopping")
                    _tell([_Outcome(waiter, error=error) for waiter in self._waiting])
                    self._waiting.clear()
                else:
                    self._working = True

    def _work(self) -> None:
        """Commit group by group until nobody waits."""
        while group := self._next_group():
            _tell(self._commit([waiter for waiter in group if waiter.is_there()]))

    def _next_group(self) -> list[_Waiter]:
        with self._lock:
            size = min(len(self._waiting), _LARGEST_GROUP)
            self._working = size > 0
            return [self._waiting.popleft() for _ in range(size)]

    def _commit(self, group: list[_Waiter]) -> list[_Outcome]:
        """Run a group in one transaction, and say what came of each.

        When the database refused, all are told. Otherwise one work was at fault, and each is tried
        alone, so that the others do not suffer and the right one hears of it.
        """
        if not group:
            return []
        try:
            with self._store.begin() as connection:
                results = _results(connection, group)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits, and is raised there
            if isinstance(error, StoreError) or len(group) == 1:
                return [_Outcome(waiter, error=error) for waiter in group]
            return [outcome for waiter in group for outcome in self._commit([waiter])]
        return [_Outcome(waiter, result) for waiter, result in zip(group, results, strict=True)]


def _results(connection: Connection, group: list[_Waiter]) -> list[Any]:
    """Run the work of a group in order; neighbours with the same work are given to it together."""
    results: list[Any] = []
    for work, waiters in groupby(group, key=attrgetter("work")):
        results += work(connection, [waiter.item for waiter in waiters])
    return results


def _run_each(connection: Connection, works: list[Callable[[Connection], Result]]) -> list[Result]:
    return [work(connection) for work in works]


def _tell(outcomes: list[_Outcome]) -> None:
    """Tell all who waited; a loop is woken once, since each wake-up costs it a system call."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.waiter.loop, []).append(outcome)
    for loop, told in by_loop.items():
        if loop is None:
            _tell_each(told)
        else:
            with contextlib.suppress(RuntimeError):  # it is closed: nobody waits there any more
                loop.call_soon_threadsafe(_tell_each, told)


def _tell_each(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        outcome.tell()
