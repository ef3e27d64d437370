"""What changes on an open page: a stream of events, from the first look to the last.

Events: `mail` (a mail that could be rendered), `faults` (why the files as they are give none),
`findings` (what is to be said of the issue as a whole), `refused` (no such person).
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeVar

from newsletter.errors import Finding, Level, NewsletterError, Place
from newsletter.previewing import views
from newsletter.previewing.checking import Checker
from newsletter.previewing.looking import Choice, NobodyError, Table, as_findings
from newsletter.previewing.watching import Watcher

Result = TypeVar("Result")

_DOUBT: Final = 0.2
"""Seconds after which a fault is told: a file that is being written is faulty for less."""
_IDLE: Final = 0.3
"""Seconds without a save after which everything is checked."""
_BEAT: Final = 15.0
"""Seconds after which a stream says that it is still there."""

_log = logging.getLogger(__name__)


class Live:
    """All open pages of one table; to be used in the server's event loop, except `close`."""

    def __init__(self, table: Table, *, root: str) -> None:
        self.table: Final = table
        self.root: Final = root
        """Where the addresses begin: a secret."""
        self._looking: Final = ThreadPoolExecutor(1, "preview-looking")
        self._asking: Final = ThreadPoolExecutor(1, "preview-asking")
        self._checker: Final = Checker(table)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watcher: Watcher | None = None
        self._news = asyncio.Event()
        self._number = 1
        """Of the saves that were seen."""
        self._streams = 0
        self._checked: Final[dict[str, tuple[int, tuple[Finding, ...]]]] = {}
        self._checks: Final[dict[str, asyncio.Task[None]]] = {}
        self._closed = False

    def start(self) -> None:
        """Begin, in the loop that will serve."""
        self._loop = asyncio.get_running_loop()
        self._watcher = Watcher(lambda: self.table.places, self._saved)

    def close(self) -> None:
        """Let all streams end."""
        self._closed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._tell)

    async def stop(self) -> None:
        """End what `start` began."""
        for task in self._checks.values():
            task.cancel()
        if self._watcher:
            await asyncio.to_thread(self._watcher.close)
        self._looking.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._checker.close)
        self._asking.shutdown(wait=False, cancel_futures=True)

    async def look(self, work: Callable[[], Result]) -> Result:
        """Do a piece of work where the looks are done, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._looking, work)

    async def stream(self, choice: Choice) -> AsyncGenerator[str, None]:
        """Give the events of one open page, as they are sent."""
        shown, told = 0, 0
        with self._listening():
            while not self._closed:
                news = self._news  # taken first: what happens meanwhile is not missed
                if shown != self._number:
                    shown = self._number
                    async for event in self._looked(choice, shown):
                        yield event
                    self._check_soon(choice.issue)
                number, checked = self._checked.get(choice.issue, (0, None))
                if checked is not None and told != number:
                    told = number
                    yield _event("findings", views.findings(self.table, checked))
                try:
                    await asyncio.wait_for(news.wait(), _BEAT)
                except TimeoutError:
                    yield ": still here\n\n"

    async def _looked(self, choice: Choice, number: int) -> AsyncIterator[str]:
        """Look at what was saved; a fault is told only when nothing else is saved soon."""
        began = time.perf_counter()
        try:
            mail = await self.look(lambda: self._mail(choice))
        except NobodyError:
            yield _event("refused", views.refused(self.table))
            async for event in self._looked(replace(choice, address=""), number):
                yield event
        except NewsletterError as error:
            await asyncio.sleep(_DOUBT)
            if number == self._number:
                found = as_findings(error, choice.issue)
                yield _event("faults", views.faults(self.table, found))
        except Exception:  # noqa: BLE001 - a bug of ours: the terminal gets the traceback
            _log.exception("the preview cannot show %s", choice.issue)
            yield _event("faults", views.broken(self.table))
        else:
            took = round(1000 * (time.perf_counter() - began))
            yield _event("mail", mail | {"number": number, "took": took})

    def _mail(self, choice: Choice) -> dict[str, Any]:
        return views.mail(self.table, self.table.look(choice), choice, self.root)

    def _check_soon(self, issue: str) -> None:
        task = self._checks.get(issue)
        if task is None or task.done():
            self._checks[issue] = asyncio.create_task(self._check(issue))

    async def _check(self, issue: str) -> None:
        """Check when the writer pauses, and again when something was saved meanwhile."""
        checked = self._checked[issue][0] if issue in self._checked else 0
        while checked != self._number:
            number = self._number
            await asyncio.sleep(_IDLE)
            if number == self._number:
                self._checked[issue] = number, await self._found(issue)
                checked = number
                self._tell()

    async def _found(self, issue: str) -> tuple[Finding, ...]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._asking, self._checker.check, issue)
        except Exception:  # noqa: BLE001 - a bug of ours, as above
            _log.exception("the preview cannot check %s", issue)
            message = "the check has failed, by a fault of the tool; the terminal tells more"
            return (Finding("", Level.ERROR, Place(issue), message),)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        self._streams += 1
        if self._watcher:
            self._watcher.look()
        try:
            yield
        finally:
            self._streams -= 1
            if self._watcher and not self._streams:
                self._watcher.rest()

    def _saved(self) -> None:
        """Hear of a save, in the watcher's thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._count)

    def _count(self) -> None:
        self._number += 1
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
