"""Reading the other side: page by page, each kept before the next is asked for.

A kill in between costs one page, which is then read again. What is read grows old: a sync that
nobody went on with for a day begins anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from newsletter.creamailer.account import Account
from newsletter.creamailer.answers import Page, TheirList
from newsletter.creamailer.budget import Clock
from newsletter.creamailer.client import PAGE, Client
from newsletter.creamailer.spool import SUPPRESSIONS, Progress, Spool, Status
from newsletter.errors import InputError
from newsletter.store import Store

FRESH: Final = timedelta(hours=1)
"""What was read this long ago at most is used for a new plan."""
LASTING: Final = timedelta(days=1)
"""A sync that began to write, or is still reading, is gone on with for so long."""

Tell = Callable[[str], None]


class Reader:
    """Reads lists, subscribers by state, and suppressions into the spool."""

    def __init__(
        self,
        store: Store,
        client: Client,
        account: Account,
        *,
        zone: str,
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._store = store
        self._client = client
        self._account = account
        self._spool = Spool(account.name)
        self._zone = ZoneInfo(zone)
        self._clock = clock
        self._tell = tell

    def read(self, *, anew: bool = False) -> Progress:
        """Read what is not read yet; `anew` forgets what was. Raises SpentError in between."""
        progress = None if anew else self._usable()
        if progress is None:
            progress = self._start()
        elif progress.done:
            self._tell(f"using what was read at {progress.began.astimezone(self._zone):%H:%M}")
        while not progress.done:
            progress = self._next(progress)
        return progress

    def _usable(self) -> Progress | None:
        """Find a sync under way that is young enough and reads the same lists."""
        with self._store.read() as connection:
            found = self._spool.progress(connection)
        if found is None or found.moved is None:
            return None
        numbers = {name: theirs["number"] for name, theirs in found.lists.items()}
        limit = FRESH if found.done and not found.writing else LASTING
        age = self._clock() - found.moved
        same = numbers == dict(self._account.lists)
        return found if same and timedelta(0) <= age <= limit else None

    def _start(self) -> Progress:
        lists = self._joined(self._client.lists())
        now = self._clock()
        with self._store.begin() as connection:
            self._spool.clear(connection)
            return self._spool.note(connection, Progress(began=now, lists=lists), now)

    def _joined(self, found: list[TheirList]) -> dict[str, Mapping[str, Any]]:
        """Find our lists among theirs; raises InputError that says which there are."""
        there = {item.number: item for item in found}
        for ours, number in self._account.lists.items():
            if number not in there:
                named = ", ".join(f"{item.number} {item.name}".strip() for item in found)
                raise InputError(
                    f"Creamailer has no list {number} ([creamailer.lists] {ours})",
                    hint=f"it has: {named or 'no list at all'}",
                )
        return {
            ours: {
                "number": number,
                "name": there[number].name,
                "language": there[number].language,
                "auto_suppress": there[number].auto_suppress,
            }
            for ours, number in self._account.lists.items()
        }

    def _next(self, progress: Progress) -> Progress:
        """Read one page and keep it together with how far that is."""
        list_id, status = progress.wanted[progress.at]
        page = self._page(progress, list_id, status)
        after = _after(progress, page, status)
        now = self._clock()
        with self._store.begin() as connection:
            self._spool.add(connection, list_id, status, page.rows)
            after = self._spool.note(connection, after, now)
        if page.rows:
            name = f"{list_id}, {status}" if list_id else "suppressed"
            self._tell(f"read {len(page.rows):,} ({name}, page {progress.page})")
        return after

    def _page(self, progress: Progress, list_id: str, status: Status) -> Page:
        if list_id == SUPPRESSIONS:
            return self._client.suppressions(progress.page)
        number = progress.lists[list_id]["number"]
        return self._client.subscribers(number, status, progress.page)


def _after(progress: Progress, page: Page, status: Status) -> Progress:
    """Say what is to be read after this page."""
    total = page.total if progress.page == 1 else progress.total
    last = progress.page >= page.last if page.last is not None else len(page.rows) < PAGE
    if not last and page.rows:
        return replace(progress, page=progress.page + 1, total=total)
    if page.total != total and status is not Status.ACTIVE and not progress.again:
        # Somebody went from this list while it was read, and pushed others over the page's edge:
        # nobody who left may be missed. Active ones who are missed are only asked to join again.
        return replace(progress, page=1, total=None, again=True)
    at = progress.at + 1
    return replace(
        progress, at=at, page=1, total=None, again=False, done=at == len(progress.wanted)
    )
