"""The accounts of a mailing, derived from its batches and results; they always balance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from newsletter.errors import InputError, StoreError
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, mailings, results

_PAGE: Final = 1000
_RESULTS: Final = ("excluded", "refused", "accepted")
_OPEN: Final = ("unknown", "planned", "handing_over")
STATES: Final = (*_RESULTS, *_OPEN)
"""Everything that a person's delivery can be at."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """How many people of a mailing are where."""

    audience: int
    excluded: int
    refused: int
    unknown: int
    accepted: int
    planned: int
    handing_over: int

    @property
    def finished(self) -> bool:
        """Tell whether nothing is left to be handed over."""
        return not (self.planned or self.handing_over)

    def balance(self) -> int:
        """Give how many people the accounts have too many (or, below zero, have lost)."""
        settled = self.excluded + self.refused + self.accepted
        return settled + self.unknown + self.planned + self.handing_over - self.audience


@dataclass(frozen=True, slots=True)
class Summary:
    """One mailing, as `newsletter status` lists it."""

    id: int
    issue: str
    lists: tuple[str, ...]
    provider: str
    planned_by: str
    planned_at: datetime
    accounts: Accounts


@dataclass(frozen=True, slots=True)
class Delivery:
    """One person in a mailing."""

    address: str
    state: str
    reason: str


def accounts(store: Store, mailing_id: int) -> Accounts:
    """Count who is where; raises StoreError when the accounts do not balance."""
    with store.read() as connection:
        return _accounts(connection, mailing_id)


def mailings_of(
    store: Store, *, issue: str | None = None, limit: int | None = None
) -> list[Summary]:
    """List mailings, the latest first; of one issue, and at most `limit`, if given."""
    query = select(mailings).order_by(mailings.c.id.desc()).limit(limit)
    if issue is not None:
        query = query.where(mailings.c.issue == issue)
    with store.read() as connection:
        return [
            Summary(
                id=row.id,
                issue=row.issue,
                lists=tuple(row.lists),
                provider=row.provider,
                planned_by=row.planned_by,
                planned_at=row.planned_at,
                accounts=_accounts(connection, row.id),
            )
            for row in connection.execute(query).all()
        ]


def people(store: Store, mailing_id: int, state: str) -> Iterator[Delivery]:
    """Give everybody of a mailing who is at that state, one of STATES, page by page."""
    if state not in STATES:
        raise InputError(f"no state {state!r}", hint=f"known are: {', '.join(STATES)}")
    return (
        _with_result(store, mailing_id, state)
        if state in _RESULTS
        else _without(store, mailing_id, state)
    )


def _accounts(connection: Connection, mailing_id: int) -> Accounts:
    audience = connection.execute(
        select(mailings.c.audience).where(mailings.c.id == mailing_id)
    ).scalar()
    if audience is None:
        raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
    counts = {**_results(connection, mailing_id), **_batches(connection, mailing_id)}
    found = Accounts(audience=audience, **{state: counts.get(state, 0) for state in STATES})
    if difference := found.balance():
        raise StoreError(
            f"the accounts of mailing {mailing_id} do not balance: {difference:+} of {audience}",
            hint="the ledger was changed from outside; restore the database from a copy, "
            "and send nothing before that",
        )
    return found


def _results(connection: Connection, mailing_id: int) -> dict[str, int]:
    """Count results by state; the deliveries of a mailing are one range without a gap."""
    first, last = (
        connection.execute(
            select(bound(deliveries.c.id)).where(deliveries.c.mailing_id == mailing_id)
        ).scalar()
        for bound in (func.min, func.max)
    )
    rows = connection.execute(
        select(results.c.state, func.count())
        .where(results.c.delivery_id.between(first, last))
        .group_by(results.c.state)
    )
    return {row[0]: row[1] for row in rows}


def _batches(connection: Connection, mailing_id: int) -> dict[str, int]:
    """Count those without a result by the state of their batch.

    Nobody without a result may be in a batch that is done; whoever is makes the balance fail.
    """
    with_result = (
        select(func.count())
        .where(results.c.delivery_id.between(batches.c.first, batches.c.last))
        .correlate(batches)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(batches.c.state, func.sum(batches.c.last - batches.c.first + 1 - with_result))
        .where(batches.c.mailing_id == mailing_id, batches.c.state.in_(_OPEN))
        .group_by(batches.c.state)
    )
    return {state: int(count) for state, count in rows}


def _with_result(store: Store, mailing_id: int, state: str) -> Iterator[Delivery]:
    query = (
        select(deliveries.c.id, deliveries.c.address, results.c.reason)
        .join(results, results.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.mailing_id == mailing_id, results.c.state == state)
        .order_by(deliveries.c.id)
        .limit(_PAGE)
    )
    after = 0
    while True:
        with store.read() as connection:
            page = connection.execute(query.where(deliveries.c.id > after)).all()
        if not page:
            return
        yield from (Delivery(row.address, state, row.reason) for row in page)
        after = page[-1].id


def _without(store: Store, mailing_id: int, state: str) -> Iterator[Delivery]:
    query = (
        select(batches)
        .where(batches.c.mailing_id == mailing_id, batches.c.state == state)
        .order_by(batches.c.first)
    )
    with store.read() as connection:
        found = connection.execute(query).all()
    for batch in found:
        with store.read() as connection:
            page: Sequence[str] = connection.scalars(
                select(deliveries.c.address)
                .outerjoin(results, results.c.delivery_id == deliveries.c.id)
                .where(
                    deliveries.c.id.between(batch.first, batch.last),
                    results.c.delivery_id.is_(None),
                )
                .order_by(deliveries.c.id)
            ).all()
        yield from (Delivery(address, state, batch.reason) for address in page)
