"""The hour's calls: counted in the database before each is made, by all processes together.

A row is written before its call, so that a kill in between counts one call too many and never one
too few. An hour here is 61 minutes: a call may arrive there a little later than it was written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from newsletter.creamailer import marks
from newsletter.store import Store
from newsletter.store.schema import sync_calls

WINDOW: Final = timedelta(minutes=61)
_SHORT: Final = timedelta(minutes=1)
"""A wait that nobody would call the end of a portion."""
_REST: Final = "rest"
"""The mark that tells every process until when Creamailer wants to be left alone."""

Clock = Callable[[], datetime]
Pause = Callable[[datetime], None]
"""Waits until a moment."""


class SpentError(Exception):
    """The hour's calls are used up: go on at `until`. Work stops here, nothing is lost."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"no call before {until:%H:%M}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many calls are needed, in how many portions, and when the last one is made."""

    calls: int
    portions: int
    lasts: timedelta


class Budget:
    """The calls of one account's key."""

    def __init__(
        self,
        store: Store,
        account: str,
        per_hour: int,
        *,
        clock: Clock,
        pause: Pause | None = None,
    ) -> None:
        self._store = store
        self._account = account
        self._per_hour = per_hour
        self._clock = clock
        self._pause = pause
        self.made = 0
        """Calls of this process."""

    def take(self) -> int:
        """Count one more call, and give its number; waits for it, or raises SpentError."""
        while True:
            with self._store.begin() as connection:
                until = self._next(connection)
                if until is None:
                    self.made += 1
                    return self._count(connection)
            if self._pause is None:
                raise SpentError(until)
            self._pause(until)

    def give_back(self, number: int) -> None:
        """Forget a call that was not made after all."""
        with self._store.begin() as connection:
            connection.execute(delete(sync_calls).where(sync_calls.c.id == number))
        self.made -= 1

    def rest(self, wait: timedelta) -> None:
        """Make no call for so long, in any process: Creamailer asked for it."""
        with self._store.begin() as connection:
            now = self._clock()
            marks.write(connection, self._account, _REST, (now + wait).isoformat(), now)

    def forecast(self, calls: int) -> Forecast:
        """Say how long that many calls take from now on."""
        with self._store.read() as connection:
            stamps = connection.scalars(self._recent().order_by(sync_calls.c.called_at)).all()
            rest = self._rest(connection)
        now = self._clock()
        return forecast(stamps, calls, now=now, per_hour=self._per_hour, rest=rest or now)

    def _next(self, connection: Connection) -> datetime | None:
        """Say when the next call may be made; None: now."""
        now = self._clock()
        # The clock was set back: what seems to be of the future was made just now at the latest.
        connection.execute(
            update(sync_calls)
            .where(sync_calls.c.account == self._account, sync_calls.c.called_at > now)
            .values(called_at=now)
        )
        rest = self._rest(connection)
        if rest is not None and now < rest <= now + timedelta(hours=1):
            return rest
        made = connection.scalar(select(func.count()).select_from(self._recent().subquery())) or 0
        if made < self._per_hour:
            return None
        oldest = self._recent().order_by(sync_calls.c.called_at.desc()).offset(self._per_hour - 1)
        first: datetime = connection.execute(oldest.limit(1)).scalar_one()
        return first + WINDOW

    def _count(self, connection: Connection) -> int:
        now = self._clock()
        connection.execute(
            delete(sync_calls).where(
                sync_calls.c.account == self._account, sync_calls.c.called_at <= now - 2 * WINDOW
            )
        )
        made = connection.execute(
            insert(sync_calls)
            .values(account=self._account, called_at=now)
            .returning(sync_calls.c.id)
        )
        return int(made.scalar_one())

    def _recent(self) -> Select[datetime]:
        return select(sync_calls.c.called_at).where(
            sync_calls.c.account == self._account,
            sync_calls.c.called_at > self._clock() - WINDOW,
        )

    def _rest(self, connection: Connection) -> datetime | None:
        found = marks.read(connection, self._account, _REST)
        return datetime.fromisoformat(found) if found else None


def forecast(
    stamps: Sequence[datetime], calls: int, *, now: datetime, per_hour: int, rest: datetime
) -> Forecast:
    """Work out when the last of that many calls can be made, each as early as it may be."""
    made = sorted(stamps)
    at, portions = max(now, rest), 1
    for number in range(calls):
        if len(made) >= per_hour and (free := made[-per_hour] + WINDOW) > at:
            portions += bool(number) and free - at > _SHORT
            at = free
        made.append(at)
    return Forecast(calls, portions if calls else 0, at - now if calls else timedelta(0))
