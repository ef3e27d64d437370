"""A run that is known by its session with PostgreSQL, seen from every machine.

Each run holds a lock of its own on a connection of its own. The server lets go of it when that
connection ends: at once when the process is killed, within half a minute when its machine or the
network is gone. So whoever looks, from wherever, takes over what a dead run left. A run that was
only cut off may still be talking to its provider: then the ledger's fencing decides, not the lock.
"""

import contextlib
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection, exc, text

from newsletter.errors import StoreError
from newsletter.mailing.owner import FileOwner
from newsletter.store import Store

_KEY: Final = 0x6E6D
"""Tells these locks from others in the same database."""

_GOOD_FOR: Final = 1.0
"""Seconds; each claim looks at all that others are handing over."""

_MARK: Final = "session"

_LOCK: Final = text("SELECT pg_try_advisory_lock(:space, :number)")
_UNLOCK: Final = text("SELECT pg_advisory_unlock(:space, :number)")

# The server's start: locks from before it are gone with it, whoever held them.
_NOW: Final = text("SELECT extract(epoch FROM clock_timestamp())::bigint")
_LOOK: Final = text("""
    SELECT extract(epoch FROM pg_postmaster_start_time())::bigint,
        EXISTS (
            SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE datname = current_database() AND locktype = 'advisory' AND granted
            AND classid::bigint = :space AND objid::bigint = :number AND objsubid = 2
        )
""")


class SessionOwner:
    """A run that holds a lock on a connection of its own; safe to share between threads."""

    def __init__(self, store: Store, *, good_for: float = _GOOD_FOR) -> None:
        """`good_for`: how many seconds the answer that another run is alive is believed."""
        self._store: Final = store
        self._good_for: Final = good_for
        self._seen: Final[dict[str, float]] = {}
        self._guard: Final = threading.Lock()
        self._connection: Connection | None = None
        self._number: Final = secrets.randbelow(1 << 31)
        self._began: Final = int(self._attach().execute(_NOW).scalar_one())

    @property
    def name(self) -> str:
        """The name that stands on its batches."""
        return f"{_MARK}.{self._number:x}.{self._began:x}"

    def is_alive(self, other: str) -> bool:
        """Tell whether the run of that name may still be at work; True when nobody can know."""
        try:
            mark, number, began = other.split(".")
            asked = {"space": _KEY, "number": int(number, 16)}
            since = int(began, 16)
        except ValueError:
            return True
        if mark != _MARK or other == self.name:
            return True
        with self._guard:
            return self._seen_lately(other) or self._look(other, asked, since)

    def _seen_lately(self, other: str) -> bool:
        return time.monotonic() < self._seen.get(other, 0)

    def _look(self, other: str, asked: Mapping[str, int], since: int) -> bool:
        try:
            server_start, is_held = self._attach().execute(_LOOK, asked).one()
        except (exc.DBAPIError, StoreError):  # cut off: the next look takes a new connection
            self._detach()
            return True
        if is_held:
            self._seen[other] = time.monotonic() + self._good_for
        return bool(is_held) or server_start > since

    def close(self) -> None:
        """End the run: its lock goes, and its connection."""
        with self._guard:
            if self._connection is not None:
                with contextlib.suppress(exc.DBAPIError):  # then the server sees to it
                    self._connection.execute(_UNLOCK, {"space": _KEY, "number": self._number})
            self._detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attach(self) -> Connection:
        """Give the connection with the lock; a new one takes it again, unless it still stands."""
        if self._connection is None:
            self._connection = self._store.attach()
            self._connection.execute(_LOCK, {"space": _KEY, "number": self._number})
        return self._connection

    def _detach(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def make_owner(store: Store, runs: Path) -> FileOwner | SessionOwner:
    """Make the owner of one run: on SQLite it locks a file in the folder `runs`."""
    return SessionOwner(store) if store.dialect == "postgresql" else FileOwner(runs)
