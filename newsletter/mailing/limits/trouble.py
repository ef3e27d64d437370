"""What ails a provider's account, known to all runs on all machines.

An account that takes nothing is left alone for longer and longer, up to an hour; a mailing that
meets it says so and goes on by itself. An account that refuses for good (a wrong key, a closed
account) stops the mailing after a few calls, until a person has mended it.

Several calls may fail at once for one cause: only those count that began after the last failure.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.mailing.control.holds import Hold
from newsletter.mailing.control.stopping import TOOL, go_on, stop
from newsletter.providers.pace import LONGEST_WAIT, backoff
from newsletter.store import Store, Turn
from newsletter.store.schema import accounts

MOST_REFUSALS: Final = 3
"""Calls in a row that are refused for good; then a person must resume the mailing."""

OUTAGE: Final = 5
"""Calls in a row that bring nothing; by then a minute has passed, and the mailing says so."""

MOST_LOST: Final = 3
"""The same where answers are lost for good: each further call may leave people in doubt."""

LOST_WAIT: Final = timedelta(minutes=15)
"""How long it is left alone then, at least."""

_LONGEST_BLOCK: Final = timedelta(days=1)
"""What seems longer was written before the clock was set back."""


def wait(tries: int) -> timedelta:
    """Give how long to wait after so many calls that brought nothing, when nobody says."""
    return min(backoff(tries, longest=LONGEST_WAIT), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Failures:
    """Calls of an account in a row that failed, each counted once by whoever was first."""

    vain: int = 0
    """Nothing was taken, this time."""
    lost: int = 0
    """Of those, answers that are lost for good."""
    refused: int = 0
    """Refused until a person has mended something."""


_NONE: Final = Failures()


class Trouble:
    """One run's view of its account; not shared between threads."""

    def __init__(self, account: str, mailing_id: int) -> None:
        self._account: Final = account
        self._mailing: Final = mailing_id
        self.known = _NONE
        """As of the last claim."""

    def look(self, connection: Connection, now: datetime) -> Hold | None:
        """Tell whether the account is to be left alone."""
        row = self._row(connection)
        self.known = _failures(row)
        if row is None or row.blocked_until is None:
            return None
        blocked = now < row.blocked_until <= now + _LONGEST_BLOCK
        return Hold(row.reason, row.blocked_until) if blocked else None

    def over(self, store: Store, now: datetime) -> None:
        """Note that the account took something: whatever ailed it is over."""
        if self.known == _NONE:
            return
        with store.begin(Turn.SHARED) as connection:
            if _failures(self._row(connection, lock=True)) == self.known:
                self._change(connection, _NONE, blocked_until=None, reason="")
            go_on(connection, self._mailing, now=now)
        self.known = _NONE

    def vain(
        self, store: Store, reason: str, *, until: datetime, lost: bool, now: datetime
    ) -> None:
        """Note a call that brought nothing; `lost`: and nobody knows what became of its people."""
        counted = replace(self.known, vain=self.known.vain + 1, lost=self.known.lost + lost)
        with store.begin(Turn.SHARED) as connection:
            failures = self._count(connection, counted)
            if failures.lost >= MOST_LOST:
                until = max(until, now + LOST_WAIT)
            self._block(connection, reason, min(until, now + _LONGEST_BLOCK))
            if failures.lost >= MOST_LOST or failures.vain >= OUTAGE:
                words = f"the provider took nothing {failures.vain} times in a row: {reason}"
                stop(connection, self._mailing, words, by=TOOL, now=now, resume_at=until)

    def refused(self, store: Store, reason: str, *, now: datetime) -> bool:
        """Note a call that was refused for good; tell whether that stopped the mailing."""
        counted = replace(self.known, refused=self.known.refused + 1)
        with store.begin(Turn.SHARED) as connection:
            failures = self._count(connection, counted)
            if failures.refused < MOST_REFUSALS:
                return False
            words = f"refused {failures.refused} times in a row: {reason}"
            stop(connection, self._mailing, words, by=TOOL, now=now)
            return True

    def _count(self, connection: Connection, counted: Failures) -> Failures:
        """Write failures down, unless another run has counted some meanwhile; give what stands."""
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        new = dialect.insert(accounts).values(account=self._account)
        connection.execute(new.on_conflict_do_nothing())
        stands = _failures(self._row(connection, lock=True))
        if stands != self.known:
            return stands
        self._change(connection, counted)
        return counted

    def _block(self, connection: Connection, reason: str, until: datetime) -> None:
        row = self._row(connection)
        if row.blocked_until is None or row.blocked_until < until:
            self._change(connection, _failures(row), blocked_until=until, reason=reason)

    def _change(self, connection: Connection, failures: Failures, **values: object) -> None:
        counts = {"failures": failures.vain, "lost": failures.lost, "refusals": failures.refused}
        ours = accounts.c.account == self._account
        connection.execute(update(accounts).where(ours).values(**counts, **values))

    def _row(self, connection: Connection, *, lock: bool = False) -> Any:  # noqa: ANN401 - a row
        query = select(accounts).where(accounts.c.account == self._account)
        return connection.execute(query.with_for_update() if lock else query).one_or_none()


def _failures(row: Any) -> Failures:  # noqa: ANN401 - a row
    return Failures(row.failures, row.lost, row.refusals) if row else _NONE
