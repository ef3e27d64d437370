"""Who left after a mailing, and the proof that nobody was mailed after having left.

A leave is known by when its request came, a hand-over by when its run looked at the batch. Both are
told before the database is waited for, so of two that came within the longest wait nobody can tell
which was written first: those are counted apart, with how far they lie from each other at most.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select

from newsletter.providers.pace import LEASE
from newsletter.reporting.figures import Count, Late, Leaving
from newsletter.store.schema import (
    batches,
    consents,
    deliveries,
    events,
    results,
    subscriptions,
)

COUNTED: Final = timedelta(days=30)
"""How long after the hand-over a leave is counted as one that followed it."""
LIMIT: Final = timedelta(hours=24)
"""Within which every wish to leave must have been followed (rule P04)."""
CROSSING: Final = timedelta(seconds=30)
"""The longest that anything waits for the database (store.engine)."""
WAYS: Final = ("one_click", "page", "preferences", "mail", "event", "complaint", "bounce", "other")
_OF_A_LINK: Final = ("one_click", "page")
"""Methods whose source is the issue that the link stood in."""
_NAMED: Final = 20


@dataclass(slots=True)
class _Count:
    """What is known so far."""

    mailed: int = -1
    """The delivery that a leave was counted for last."""
    ways: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    late: dict[int, Late] = field(default_factory=dict)
    crossed: dict[int, timedelta] = field(default_factory=dict)


def read(
    connection: Connection,
    mailings: Sequence[int],
    *,
    issue: str,
    lists: Sequence[str],
    now: datetime,
) -> Leaving:
    """Look at everybody of an issue's mailings who ever left the list that they got it by."""
    count = _Count()
    leaves = _leaves(mailings, issue, lists)
    for row, batch in _with_batches(connection, mailings, leaves):
        if row.state is None and batch.state not in ("unknown", "handing_over"):
            continue  # nobody has handed it over
        _weigh(count, row, batch, issue)
    crossed = [gap for number, gap in count.crossed.items() if number not in count.late]
    late = sorted(count.late.values(), key=lambda one: (-one.gap, one.subscriber))
    return Leaving(
        ways=tuple(Count(name, count.ways[name]) for name in WAYS if count.ways[name]),
        under_way=count.under_way,
        late=tuple(late[:_NAMED]),
        late_people=len({one.subscriber for one in late}),
        longest=late[0].gap if late else None,
        crossed=len(crossed),
        longest_crossing=max(crossed, default=None),
        unhandled=_unhandled(connection, mailings, now),
    )


def _weigh(count: _Count, row: Any, batch: Any, issue: str) -> None:  # noqa: ANN401 - rows
    """Say of one leave whether it came before the hand-over, or after it."""
    handed = handed_at(row, batch)
    if row.left_at < handed:
        if row.back_at is None or row.back_at > handed:
            _before(count, row, handed - row.left_at)
        return
    if count.mailed == row.id or row.left_at - handed > COUNTED or _is_of_another(row, issue):
        return
    count.mailed = row.id
    count.ways[way(row.method, row.source)] += 1
    answered = row.recorded_at if row.state and not row.settled_by else None
    count.under_way += bool(answered and row.left_at < answered)


def handed_at(row: Any, batch: Any) -> datetime:  # noqa: ANN401 - rows
    """Give the earliest moment at which this person can have been handed over.

    A batch that went out again for others has the time of that call only.
    """
    handed: datetime = batch.handed_at
    if row.recorded_at is None or handed <= row.recorded_at:
        return handed
    recorded: datetime = row.recorded_at
    return recorded - LEASE


def way(method: str, source: str) -> str:
    """Name the way that somebody left by, one of WAYS."""
    if method == "event":
        kind = source.rpartition(": ")[2]
        return {"unsubscribed": "event", "complained": "complaint"}.get(kind, "bounce")
    return method if method in WAYS else "other"


def _before(count: _Count, row: Any, gap: timedelta) -> None:  # noqa: ANN401 - a row
    if gap <= CROSSING:
        count.crossed[row.id] = max(count.crossed.get(row.id, gap), gap)
        return
    known = count.late.get(row.id)
    if known is None or known.gap < gap:  # since the first of several leaves without a return
        count.late[row.id] = Late(row.subscriber_id, row.mailing_id, gap)


def _is_of_another(row: Any, issue: str) -> bool:  # noqa: ANN401 - a row
    return row.method in _OF_A_LINK and row.source != issue


def _with_batches(
    connection: Connection, mailings: Sequence[int], leaves: Select[Any]
) -> Iterator[tuple[Any, Any]]:
    """Pair each leave with the batch that its delivery is in: both are read in rising order."""
    query = (
        select(batches.c.first, batches.c.last, batches.c.state, batches.c.handed_at)
        .where(batches.c.mailing_id.in_(mailings), batches.c.handed_at.is_not(None))
        .order_by(batches.c.first)
    )
    # Both are closed at once: the pieces are seldom read to their end.
    with (
        connection.execute(query.execution_options(yield_per=1000)) as pieces,
        connection.execute(leaves.execution_options(yield_per=1000)) as found,
    ):
        batch: Any = next(pieces, None)
        for row in found:
            while batch is not None and batch.last < row.id:
                batch = next(pieces, None)
            if batch is not None and batch.first <= row.id:
                yield row, batch


def _leaves(mailings: Sequence[int], issue: str, lists: Sequence[str]) -> Select[Any]:
    """Select all leaves of those who are, or may be, handed over, and when each came back."""
    later = consents.alias("later")
    back = (
        select(func.min(later.c.recorded_at))
        .where(
            later.c.subscriber_id == consents.c.subscriber_id,
            later.c.list_id.concat("") == consents.c.list_id,  # by the index of the subscriber
            later.c.id > consents.c.id,
            later.c.act.in_(("given", "restored")),
        )
        .correlate(consents)
        .scalar_subquery()
    )
    return (
        select(
            deliveries.c.id,
            deliveries.c.mailing_id,
            deliveries.c.subscriber_id,
            results.c.state,
            results.c.recorded_at,
            results.c.settled_by,
            consents.c.method,
            consents.c.source,
            consents.c.recorded_at.label("left_at"),
            back.label("back_at"),
        )
        .select_from(consents)
        .join(
            deliveries,
            and_(
                deliveries.c.issue == issue,
                deliveries.c.subscriber_id == consents.c.subscriber_id,
                deliveries.c.list_id == consents.c.list_id,
                # By the index of the issue: leaves are few, and a mailing has many people.
                (deliveries.c.mailing_id + 0).in_(mailings),
            ),
        )
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(
            consents.c.list_id.in_(lists),
            consents.c.act == "withdrawn",
            or_(results.c.state.is_(None), results.c.state == "accepted"),
        )
        .order_by(deliveries.c.id, consents.c.id)
    )


def _unhandled(connection: Connection, mailings: Sequence[int], now: datetime) -> tuple[int, ...]:
    """Find events that ask to leave, are older than a day, and have changed nothing."""
    followed = (
        select(consents.c.id)
        .where(
            consents.c.subscriber_id == deliveries.c.subscriber_id,
            consents.c.list_id == deliveries.c.list_id,
            consents.c.recorded_at >= events.c.recorded_at,
        )
        .exists()
    )
    still_on = and_(
        subscriptions.c.subscriber_id == deliveries.c.subscriber_id,
        subscriptions.c.list_id == deliveries.c.list_id,
        subscriptions.c.state.in_(("active", "paused")),
    )
    query = (
        select(events.c.id)
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .join(subscriptions, still_on)
        .where(
            events.c.kind.in_(("unsubscribed", "complained")),
            events.c.bounce != "unproved",
            events.c.recorded_at < now - LIMIT,
            (deliveries.c.mailing_id + 0).in_(mailings),
            ~followed,
        )
        .order_by(events.c.id)
        .limit(_NAMED)
    )
    return tuple(connection.scalars(query))
