"""The accounts of a mailing, derived from its batches and results; they always balance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, case, func, select

from newsletter.errors import InputError, StoreError
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, mailings, results

RESULTS: Final = ("excluded", "refused", "accepted")
"""What a delivery ends at."""
OPEN: Final = ("unknown", "planned", "handing_over")
"""What a delivery without a result is at; it stands on its batch."""
STATES: Final = (*RESULTS, *OPEN)
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
        return not self.open

    @property
    def open(self) -> int:
        """How many are left to be handed over."""
        return self.planned + self.handing_over

    def balance(self) -> int:
        """Give how many people the accounts have too many (or, below zero, have lost)."""
        settled = self.excluded + self.refused + self.accepted
        return settled + self.unknown + self.open - self.audience


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


def accounts(store: Store, mailing_id: int) -> Accounts:
    """Count who is where; raises StoreError when the accounts do not balance."""
    with store.read() as connection:
        return read_accounts(connection, mailing_id)


def mailings_of(
    store: Store, *, issue: str | None = None, limit: int | None = None, sequences: bool = True
) -> list[Summary]:
    """List mailings, the latest first; of one issue, and at most `limit`, if given.

    Those of sequences are many and small: without them, see `mailing.sequences.sums`.
    """
    query = select(mailings).order_by(mailings.c.id.desc()).limit(limit)
    if issue is not None:
        query = query.where(mailings.c.issue == issue)
    if not sequences:
        query = query.where(mailings.c.sequence == "")
    with store.read() as connection:
        return [_summary(connection, row) for row in connection.execute(query).all()]


def mailing_of(store: Store, mailing_id: int) -> Summary:
    """Look up one mailing; raises InputError when there is none of that number."""
    with store.read() as connection:
        return read_summary(connection, mailing_id)


def read_summary(connection: Connection, mailing_id: int) -> Summary:
    """Do what `mailing_of` does in the caller's transaction, which must see one moment."""
    row = connection.execute(select(mailings).where(mailings.c.id == mailing_id)).one_or_none()
    if row is None:
        raise _no_mailing(mailing_id)
    return _summary(connection, row)


def span(connection: Connection, mailing_id: int) -> tuple[int, int]:
    """Give the first and the last delivery of a mailing: a range without a gap, and of it alone."""
    first, last = (
        connection.scalar(
            select(bound(deliveries.c.id)).where(deliveries.c.mailing_id == mailing_id)
        )
        for bound in (func.min, func.max)
    )
    return first or 0, last or -1


def read_accounts(connection: Connection, mailing_id: int) -> Accounts:
    """Do what `accounts` does in the caller's transaction, which must see one moment."""
    audience = connection.scalar(select(mailings.c.audience).where(mailings.c.id == mailing_id))
    if audience is None:
        raise _no_mailing(mailing_id)
    counts = {**_results(connection, mailing_id), **_batches(connection, mailing_id)}
    found = Accounts(audience=audience, **{state: counts.get(state, 0) for state in STATES})
    if difference := found.balance():
        raise StoreError(
            f"the accounts of mailing {mailing_id} do not balance: {difference:+} of {audience}",
            hint="the ledger was changed from outside; restore the database from a copy, "
            "and send nothing before that",
        )
    return found


def _summary(connection: Connection, row: Any) -> Summary:  # noqa: ANN401 - a row
    return Summary(
        id=row.id,
        issue=row.issue,
        lists=tuple(row.lists),
        provider=row.provider,
        planned_by=row.planned_by,
        planned_at=row.planned_at,
        accounts=read_accounts(connection, row.id),
    )


def _results(connection: Connection, mailing_id: int) -> dict[str, int]:
    """Count results by state, without grouping, which takes twice as long."""
    sums = [func.sum(case((results.c.state == state, 1), else_=0)) for state in RESULTS]
    first, last = span(connection, mailing_id)
    row = connection.execute(select(*sums).where(results.c.delivery_id.between(first, last))).one()
    return {state: int(number or 0) for state, number in zip(RESULTS, row, strict=True)}


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
        .where(batches.c.mailing_id == mailing_id, batches.c.state.in_(OPEN))
        .group_by(batches.c.state)
    )
    return {state: int(count) for state, count in rows}


def _no_mailing(mailing_id: int) -> InputError:
    return InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
