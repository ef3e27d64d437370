"""The people of a mailing by where they are, streamed: memory does not grow with the audience."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from newsletter.errors import InputError
from newsletter.mailing.handing.cancelling import REASON as CANCELLED
from newsletter.mailing.ledger.books import OPEN, RESULTS, STATES, mailing_of, span
from newsletter.mailing.ledger.told import KINDS, TOLD, rank
from newsletter.register import audit
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, events, results

MISSING: Final = "missing"
"""Whoever should have it and does not: still open, in doubt, refused, or cancelled."""
GROUPS: Final = (*STATES, *TOLD, MISSING)
"""What one can ask for."""

_PAGE: Final = 10_000
"""Deliveries looked at in one go."""

_Read = Callable[[Connection, int, int], list[Any]]
"""Reads people between two deliveries."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One person in a mailing."""

    address: str
    """Empty for somebody who was erased."""
    state: str
    reason: str
    settled_by: str = ""
    """Who settled what nobody knew: a login, "provider" or "event"."""


def look_at(
    store: Store, mailing_id: int, group: str, *, by: str, now: datetime
) -> Iterator[Delivery]:
    """Give the people of a mailing; that somebody looks leaves a line in the audit log first.

    Raises InputError for a mailing or a group that there is not.
    """
    found = people(store, mailing_id, group)
    mailing_of(store, mailing_id)
    with store.begin() as connection:
        audit.note(
            connection, "people of a mailing looked up", by=by, now=now,
            mailing=mailing_id, group=group,
        )  # fmt: skip
    return found


def people(store: Store, mailing_id: int, group: str) -> Iterator[Delivery]:
    """Give everybody of a mailing who is in that group, one of GROUPS, page by page."""
    if group not in GROUPS:
        raise InputError(f"no state {group!r}", hint=f"known are: {', '.join(GROUPS)}")
    if group == MISSING:
        return _missing(store, mailing_id)
    if group in OPEN:
        return _open(store, mailing_id, group)
    if group in RESULTS:
        return _with_result(store, mailing_id, _of_state(results.c.state == group))
    return _with_result(store, mailing_id, _of_told(group))


def _missing(store: Store, mailing_id: int) -> Iterator[Delivery]:
    """Give whoever did not get it; not those who have it by a later mailing of the issue."""
    lacks = or_(
        results.c.state == "refused",
        and_(results.c.state == "excluded", results.c.reason == CANCELLED),
    )
    yield from _with_result(store, mailing_id, _of_state(lacks, _has_no_later_one()))
    for state in OPEN:
        yield from _open(store, mailing_id, state)


def _has_no_later_one() -> ColumnElement[bool]:
    later, outcome = deliveries.alias("later"), results.alias("outcome")
    got = (
        select(later.c.id)
        .join(outcome, outcome.c.delivery_id == later.c.id)
        .where(
            later.c.issue == deliveries.c.issue,
            later.c.subscriber_id == deliveries.c.subscriber_id,
            later.c.round > deliveries.c.round,
            outcome.c.state == "accepted",
        )
    )
    return ~got.exists()


def _of_state(*where: ColumnElement[bool]) -> _Read:
    """Read people by their result."""

    def read(connection: Connection, first: int, last: int) -> list[Any]:
        query = select(deliveries.c.address).join(results, results.c.delivery_id == deliveries.c.id)
        columns = (results.c.state, results.c.reason, results.c.settled_by)
        query = (
            query.add_columns(*columns)
            .where(*_within(first, last), *where)
            .order_by(deliveries.c.id)
        )
        return list(connection.execute(query))

    return read


def _of_told(name: str) -> _Read:
    """Read those who are accepted and of whom this was told."""

    def read(connection: Connection, first: int, last: int) -> list[Any]:
        of_a_mail = and_(events.c.delivery_id == deliveries.c.id, events.c.kind.in_(KINDS))
        chosen = (
            select(deliveries.c.id)
            .join(results, results.c.delivery_id == deliveries.c.id)
            .join(events, of_a_mail)
            .where(*_within(first, last), events.c.delivery_id.between(first, last))
            .where(results.c.state == "accepted")
            .group_by(deliveries.c.id)
            .having(rank() == name)
        )
        query = (
            select(deliveries.c.address)
            .where(deliveries.c.id.in_(chosen))
            .order_by(deliveries.c.id)
        )
        return [(*row, name, "", "") for row in connection.execute(query)]

    return read


def _within(first: int, last: int) -> tuple[ColumnElement[bool], ...]:
    """Bound both tables: PostgreSQL does not conclude one bound from the other."""
    return deliveries.c.id.between(first, last), results.c.delivery_id.between(first, last)


def _with_result(store: Store, mailing_id: int, read: _Read) -> Iterator[Delivery]:
    with store.read() as connection:
        first, last = span(connection, mailing_id)
    for start in range(first, last + 1, _PAGE):
        with store.read() as connection:
            page = read(connection, start, min(start + _PAGE - 1, last))
        yield from (Delivery(*row) for row in page)


def _open(store: Store, mailing_id: int, state: str) -> Iterator[Delivery]:
    """Give whoever has no result and is in a batch of that state."""
    after = 0
    while True:
        with store.read() as connection:
            found = connection.execute(_batches(mailing_id, state, after)).all()
            page = [
                Delivery(address, state, batch.reason)
                for batch in found
                for address in connection.scalars(_without_result(batch))
            ]
        if not found:
            return
        yield from page
        after = found[-1].id


def _batches(mailing_id: int, state: str, after: int) -> Select[Any]:
    """Choose the next few batches of a state."""
    return (
        select(batches.c.id, batches.c.first, batches.c.last, batches.c.reason)
        .where(batches.c.mailing_id == mailing_id, batches.c.state == state, batches.c.id > after)
        .order_by(batches.c.id)
        .limit(4)
    )


def _without_result(batch: Any) -> Select[Any]:  # noqa: ANN401 - a row
    return (
        select(deliveries.c.address)
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.id.between(batch.first, batch.last), results.c.delivery_id.is_(None))
        .order_by(deliveries.c.id)
    )
