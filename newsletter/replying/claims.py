"""Claiming one reply: in one transaction it is looked at and marked as ours, before any call.

A reply that is found handed over already (its postman died, or was too slow) goes out once more
only where the provider certainly knows the same bytes again; else nobody knows what became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from newsletter.providers import Batch, Provider
from newsletter.providers.pace import LEASE, LONGEST_WAIT, is_fresh
from newsletter.register.tokens import Tokens
from newsletter.replying.standing import Void, look
from newsletter.replying.writing import Writing
from newsletter.store import Store, home
from newsletter.store.schema import replies


@dataclass(frozen=True, slots=True)
class Claim:
    """A reply that is ours to hand over until the lease ends."""

    id: int
    attempt: int
    """The fencing token: whoever claims next has a higher one, and our writes then fail."""
    batch: Batch
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """A reply that needed no call: its state now, and why."""

    id: int
    state: str
    reason: str


class Claims:
    """What a postman claims for one provider."""

    def __init__(
        self, store: Store, provider: Provider, writing: Writing, *, keys: Sequence[str]
    ) -> None:
        self._store: Final = store
        self._here: Final = home.place(store)
        self._provider: Final = provider
        self._writing: Final = writing
        self._keys: Final = keys
        self._tokens: Final = Tokens(keys)

    def next(self, state: str, after: int, now: datetime) -> Row[Any] | None:
        """Find the next reply of a state that may be claimed; only looks."""
        query = (
            select(replies)
            .where(replies.c.state == state, replies.c.id > after, due(now))
            .order_by(replies.c.id)
            .limit(1)
        )
        with self._store.read() as connection:
            return connection.execute(query).one_or_none()

    def claim(self, number: int, now: datetime) -> Claim | Closed | None:
        """Claim that reply, or close it; None when another postman was faster.

        Raises InputError for a template that is at fault, and in a copy of the database; then
        nothing has changed.
        """
        # Only PostgreSQL knows row locks; on SQLite the write transaction keeps all others out.
        query = select(replies).where(replies.c.id == number, due(now))
        with self._store.begin() as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            home.demand(connection, self._here, now=now)
            if row.state == "waiting":
                return self._first(connection, row, now)
            return self._again(connection, row, now)

    def _first(self, connection: Connection, row: Row[Any], now: datetime) -> Claim | Closed:
        reply = look(connection, row, tokens=self._tokens, keys=self._keys, now=now)
        if isinstance(reply, Void):
            return _close(connection, row, "dropped", reply.reason, now)
        account = self._provider.account
        batch = self._writing.batch(reply, now, account=account, again=False)
        return _take(connection, row, batch, now)

    def _again(self, connection: Connection, row: Row[Any], now: datetime) -> Claim | Closed:
        """Hand over again what an earlier call may have brought there, where that is safe."""
        before = row.reason or "the postman stopped during the call"
        if not is_fresh(now - row.handed_at, self._provider.capabilities.idempotency):
            return _close(connection, row, "unknown", before, now)
        reply = look(connection, row, tokens=self._tokens, keys=self._keys, now=now)
        if isinstance(reply, Void):
            return _close(connection, row, "unknown", f"{before}, and {reply.reason}", now)
        account = self._provider.account
        batch = self._writing.batch(reply, row.handed_at, account=account, again=True)
        if batch.key != row.key:
            reason = f"{before}, and the same mail cannot be made again"
            return _close(connection, row, "unknown", reason, now)
        return _take(connection, row, batch, now)


def due(now: datetime) -> ColumnElement[bool]:
    """Say in SQL that a reply may be claimed: it waits, or whoever had it is gone.

    What ends far in the future was written before the clock was set back. Not so what ends a little
    late: the clocks of two postmen differ, and the other one is at work.
    """
    pause, lease = replies.c.not_before, replies.c.lease_until
    ready = or_(pause.is_(None), pause <= now, pause > now + LONGEST_WAIT + LEASE)
    free = or_(lease.is_(None), lease <= now, lease > now + 2 * LEASE)
    return and_(
        ready,
        or_(replies.c.state == "waiting", and_(replies.c.state == "handing_over", free)),
    )


def _take(connection: Connection, row: Row[Any], batch: Batch, now: datetime) -> Claim:
    claim = Claim(row.id, row.attempt + 1, batch, now + LEASE)
    connection.execute(
        update(replies)
        .where(replies.c.id == row.id)
        .values(
            state="handing_over",
            attempt=claim.attempt,
            key=batch.key,
            lease_until=claim.lease_until,
            not_before=None,
            handed_at=batch.date,
            reason="",
        )
    )
    return claim


def _close(connection: Connection, row: Row[Any], state: str, reason: str, now: datetime) -> Closed:
    """Close a reply without a call; the higher attempt keeps whoever had it from writing."""
    connection.execute(
        update(replies)
        .where(replies.c.id == row.id)
        .values(
            state=state,
            attempt=row.attempt + 1,
            reason=reason,
            lease_until=None,
            not_before=None,
            settled_at=now,
        )
    )
    return Closed(row.id, state, reason)
