"""One writer with natural group commit: whoever waits meanwhile shares the next transaction.

A commit that reaches the disk costs the same for one unsubscribe or for two hundred. While one
transaction is on its way the next requests gather, and one commit carries them all. The answer
is known only after it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from newsletter.errors import StoreError
from newsletter.store import Store

Result = TypeVar("Result")

_LARGEST_GROUP: Final = 256
"""Bounds the time that a group keeps the write lock: some ten milliseconds."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    work: Callable[[Connection], Any]
    answer: "Future[Any]"


class Writer:
    """Runs work on a connection that may write; safe to use from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Waiter] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="web-writer")

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction, perhaps with others', and return after the commit.

        Raises what `work` raised, after which nothing of it is kept, or StoreError. `work` may run
        a second time after its first run was rolled back, so it must have no effect but in the
        database.
        """
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Callable[[Connection], Result]) -> "Future[Result]":
        """Queue `work`; the future is done after the commit."""
        answer: Future[Result] = Future()
        self._waiting.append(_Waiter(work, answer))
        self._thread.submit(self._commit_group)
        return answer

    def close(self) -> None:
        """Finish what waits and stop."""
        self._thread.shutdown()

    def _commit_group(self) -> None:
        # There is one call per waiter, so those that a full group leaves behind find theirs.
        group: list[_Waiter] = []
        while self._waiting and len(group) < _LARGEST_GROUP:
            waiter = self._waiting.popleft()
            if waiter.answer.set_running_or_notify_cancel():
                group.append(waiter)
        if group:
            self._commit(group)

    def _commit(self, group: list[_Waiter]) -> None:
        try:
            with self._store.begin() as connection:
                results = [waiter.work(connection) for waiter in group]
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits, and is raised there
            self._fail(group, error)
        else:
            for waiter, result in zip(group, results, strict=True):
                waiter.answer.set_result(result)

    def _fail(self, group: list[_Waiter], error: Exception) -> None:
        """Tell the waiters of a group that was rolled back.

        When the database refused, all are told. Otherwise one work was at fault, and each is tried
        alone, so that the others do not suffer and the right one hears of it.
        """
        if isinstance(error, StoreError) or len(group) == 1:
            for waiter in group:
                waiter.answer.set_exception(error)
            return
        for waiter in group:
            self._commit([waiter])
