"""Cancelling a mailing: nobody else gets it, and everybody of it is accounted for.

Whoever is still planned becomes excluded, so that a later mailing of the issue may go to them. What
a dead run left in doubt stays unknown. A call that is under way is recorded by its own run, which
then settles what that leaves. All this goes batch by batch, and may be broken off and repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from newsletter.errors import InputError
from newsletter.mailing.control import standing
from newsletter.mailing.handing.claims import is_free
from newsletter.mailing.ledger import rows
from newsletter.mailing.ledger.settling import note_unknown
from newsletter.mailing.owner import Owner
from newsletter.register import audit
from newsletter.store import Store, Turn
from newsletter.store.schema import batches, deliveries, mailings, results

REASON: Final = "cancelled"
"""Of those who are excluded by it."""

_DIED: Final = "the run ended during the call"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of whoever was still open."""

    excluded: int = 0
    unknown: int = 0
    under_way: int = 0
    """Batches with a provider at this moment: their own run records them."""
    until: datetime | None = None
    """When the last of those is given up, should its run have died where nobody can see it."""


def cancel(
    store: Store, mailing_id: int, *, owner: Owner, by: str, now: datetime, reason: str = ""
) -> Settled:
    """End a mailing for good; again for one that is cancelled already settles what is left.

    Raises InputError for a mailing that is finished, and then nothing has changed.
    """
    with store.begin() as connection:
        found = standing.read(connection, mailing_id)
        if found.state != "cancelled":
            if found.finished:
                raise InputError(
                    f"mailing {mailing_id} is finished: there is nothing to cancel",
                    hint=f"see where everybody is: newsletter status {mailing_id}",
                )
            _note(connection, mailing_id, by, now, reason)
    return settle_cancelled(store, mailing_id, owner=owner, now=now)


def settle_cancelled(store: Store, mailing_id: int, *, owner: Owner, now: datetime) -> Settled:
    """Settle what is open of a cancelled mailing; of another one nothing."""
    done, after = Settled(), 0
    while True:
        with store.begin(Turn.SHARED) as connection:
            batch = _next(connection, mailing_id, after)
            if batch is None:
                return done
            done = _settle(connection, batch, done, owner, now)
            after = batch.id


def _note(connection: Connection, mailing_id: int, by: str, now: datetime, reason: str) -> None:
    connection.execute(
        update(mailings)
        .where(mailings.c.id == mailing_id)
        .values(state="cancelled", state_by=by, state_at=now, state_reason=reason, resume_at=None)
    )
    audit.note(connection, "mailing cancelled", by=by, now=now, mailing=mailing_id)


def _next(connection: Connection, mailing_id: int, after: int) -> Any | None:  # noqa: ANN401 - a row
    query = (
        select(batches)
        .join(mailings, mailings.c.id == batches.c.mailing_id)
        .where(
            mailings.c.id == mailing_id,
            mailings.c.state == "cancelled",
            batches.c.state.in_(("planned", "handing_over")),
            batches.c.id > after,
        )
        .order_by(batches.c.id)
        .limit(1)
    )
    return connection.execute(query.with_for_update(of=batches)).first()


def _settle(
    connection: Connection,
    batch: Any,  # noqa: ANN401 - a row
    done: Settled,
    owner: Owner,
    now: datetime,
) -> Settled:
    if batch.state == "handing_over" and not is_free(batch, owner, now):
        until = max(batch.lease_until, done.until or batch.lease_until)
        return replace(done, under_way=done.under_way + 1, until=until)
    left = _without_result(connection, batch)
    if batch.state == "planned":
        _exclude(connection, left, batch.attempt + 1, now)
        _close(connection, batch, "done", "")
        return replace(done, excluded=done.excluded + len(left))
    if left:
        note_unknown(connection, batch.mailing_id, batch.id, len(left), now=now)
        _close(connection, batch, "unknown", batch.reason or _DIED)
    else:
        _close(connection, batch, "done", "")
    return replace(done, unknown=done.unknown + len(left))


def _without_result(connection: Connection, batch: Any) -> Sequence[int]:  # noqa: ANN401 - a row
    return connection.scalars(
        select(deliveries.c.id)
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.id.between(batch.first, batch.last), results.c.delivery_id.is_(None))
    ).all()


def _exclude(connection: Connection, left: Sequence[int], attempt: int, now: datetime) -> None:
    rows.insert(
        connection,
        results,
        ("delivery_id", "state", "reason", "attempt", "recorded_at"),
        [(delivery, "excluded", REASON, attempt, now) for delivery in left],
    )


def _close(connection: Connection, batch: Any, state: str, reason: str) -> None:  # noqa: ANN401 - a row
    """Close it; the higher attempt keeps its former owner from writing."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch.id)
        .values(
            state=state,
            attempt=batch.attempt + 1,
            owner="",
            lease_until=None,
            not_before=None,
            reason=reason,
        )
    )
