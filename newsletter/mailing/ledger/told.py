"""What was told later of those whom the provider accepted: derived from events, never stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, FromClause, case, distinct, func, or_, select

from newsletter.mailing.ledger.books import span
from newsletter.store.schema import batches, events, results

TOLD: Final = ("complained", "bounced", "delivered")
"""What it can come to; of several, the first of these."""
KINDS: Final = ("complained", "bounced", "rejected", "unsubscribed", "delivered")
"""Events that say what became of a mail."""
_MEANING: Final = {
    "complained": ("complained",),
    "bounced": ("bounced", "rejected"),
    "delivered": ("delivered", "unsubscribed"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of those who are accepted, as far as anybody has told."""

    delivered: int
    """It arrived, or was answered."""
    bounced: int
    """It came back, or the provider rejected it later."""
    complained: int
    silent: int
    """Nothing was told yet."""


def read_told(connection: Connection, mailing_id: int, accepted: int) -> Told:
    """Count what was told of the `accepted` people of a mailing, in a transaction of one moment.

    Counted over all events of the mailing, less those of whoever is not accepted, who are few: to
    look up everybody's result would take four times as long.
    """
    first, last = span(connection, mailing_id)
    within = events.c.delivery_id.between(first, last)
    found = _of_all(connection, within)
    less = [_of_refused(connection, first, last), *_of_open(connection, mailing_id)]
    counts = {name: found[name] - sum(some.get(name, 0) for some in less) for name in TOLD}
    return Told(**counts, silent=accepted - sum(counts.values()))


def _of_refused(connection: Connection, first: int, last: int) -> dict[str, int]:
    source = results.join(events, events.c.delivery_id == results.c.delivery_id)
    refused = or_(results.c.state == "refused", results.c.state == "excluded")
    within = results.c.delivery_id.between(first, last), events.c.delivery_id.between(first, last)
    return _ranked(connection, source, refused, *within)


def _of_open(connection: Connection, mailing_id: int) -> Iterator[dict[str, int]]:
    """Count those without a result, batch by batch: some vendors tell before they have answered."""
    query = select(batches.c.first, batches.c.last).where(
        batches.c.mailing_id == mailing_id, batches.c.state != "done"
    )
    source = events.outerjoin(results, results.c.delivery_id == events.c.delivery_id)
    for first, last in connection.execute(query).all():
        within = events.c.delivery_id.between(first, last)
        yield _ranked(connection, source, within, results.c.delivery_id.is_(None))


def rank() -> ColumnElement[str]:
    """Say what the events of one delivery come to, in a query that is grouped by deliveries.

    A bounce after a delivery counts: many servers take a mail first and send it back later.
    """
    ranks = dict(zip(TOLD, (3, 2, 1), strict=True))
    value = case(*((events.c.kind.in_(_MEANING[name]), rank) for name, rank in ranks.items()))
    highest = func.max(value)
    return case(*((highest == rank, name) for name, rank in ranks.items()), else_="")


def _of_all(connection: Connection, within: ColumnElement[bool]) -> dict[str, int]:
    """Count deliveries by what was told of them: the usual case by its index alone."""
    arrived = select(func.count(distinct(events.c.delivery_id))).where(
        events.c.kind == "delivered", within
    )
    also = events.alias("also")
    was_delivered = (
        select(also.c.id)
        .where(also.c.kind == "delivered", also.c.delivery_id == events.c.delivery_id)
        .exists()
    )
    rare = (
        select(events.c.delivery_id, rank().label("rank"), was_delivered.label("delivered"))
        .where(events.c.kind.in_(KINDS[:-1]), within)
        .group_by(events.c.delivery_id)
        .subquery()
    )
    counts = dict.fromkeys(TOLD, 0)
    counts["delivered"] = connection.scalar(arrived) or 0
    query = select(rare.c.rank, rare.c.delivered, func.count()).group_by(
        rare.c.rank, rare.c.delivered
    )
    for name, delivered, number in connection.execute(query):
        counts["delivered"] -= number if delivered else 0
        counts[name] += number
    return counts


def _ranked(
    connection: Connection, source: FromClause, *where: ColumnElement[bool]
) -> dict[str, int]:
    """Count deliveries by what was told of them, one by one."""
    each = (
        select(rank().label("rank"))
        .select_from(source)
        .where(events.c.kind.in_(KINDS), *where)
        .group_by(events.c.delivery_id)
        .subquery()
    )
    rows = connection.execute(select(each.c.rank, func.count()).group_by(each.c.rank))
    return {row[0]: row[1] for row in rows}
