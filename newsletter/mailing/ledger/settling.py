"""Settling what nobody knew: a delivery of an unknown batch gets its result, once and for all.

Whoever settles (an event, the provider when it is asked, a person) inserts results under the lock
of their batch. So two at once are safe, and the accounts balance at every moment. What an event
proves counts more than what anybody says. A batch that is settled whole is done.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, select, update

from newsletter.mailing.ledger import rows
from newsletter.register import audit
from newsletter.store.schema import batches, deliveries, events, results

PROOF: Final = ("delivered", "deferred", "bounced", "complained", "unsubscribed")
"""Events of mails that the provider has taken."""
HAS_IT: Final = "has it already"
"""Why somebody is excluded who was marked as not mailed, and was."""
_REJECTED: Final = "rejected"
"""It has not even tried: nobody got anything."""
EVENT: Final = "event"
PROVIDER: Final = "provider"
"""Stand as `settled_by` beside the logins of people."""
_SLICE: Final = 500
"""Numbers in one statement."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one delivery after all."""

    state: Literal["accepted", "refused"]
    """refused: it certainly did not go out, and a later mailing of the issue may go to them."""
    reason: str = ""
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """How many were settled, and as what."""

    accepted: int = 0
    refused: int = 0

    def __add__(self, other: "Settlement") -> "Settlement":
        return Settlement(self.accepted + other.accepted, self.refused + other.refused)

    def __bool__(self) -> bool:
        return bool(self.accepted or self.refused)


NOTHING: Final = Settlement()


@dataclass(frozen=True, slots=True)
class Doubt:
    """One unknown batch with whoever of it has no result."""

    batch: int
    mailing: int
    first: int
    last: int
    attempt: int
    handed_at: datetime | None
    people: Mapping[int, str]
    """Delivery → address; empty for somebody who was erased."""


def settle(
    connection: Connection,
    doubt: Doubt,
    verdicts: Mapping[int, Verdict],
    *,
    settled_by: str,
    by: str,
    now: datetime,
) -> Settlement:
    """Write verdicts of a batch that `lock` gave; a line in the audit log says how many.

    Verdicts of others than its people are left out. Where an event says something, it is the
    event that settles.
    """
    known = _by_events(connection, doubt)
    told = {number: verdict for number, verdict in verdicts.items() if number in doubt.people}
    done = NOTHING
    for name, found, actor in (
        (EVENT, known, "tool"),
        (settled_by, {number: told[number] for number in told.keys() - known.keys()}, by),
    ):
        done += _write(connection, doubt, found, settled_by=name, by=actor, now=now)
    if doubt.people.keys() <= known.keys() | told.keys():
        connection.execute(
            update(batches).where(batches.c.id == doubt.batch).values(state="done", reason="")
        )
    return done


def settle_by_events(
    connection: Connection,
    *,
    now: datetime,
    members: Collection[int] | None = None,
    mailing_id: int | None = None,
) -> Settlement:
    """Settle whom events speak of, in the caller's transaction: that which keeps the events.

    Looks at the unknown batches of these deliveries, or at those of a mailing, or at all.
    """
    done = NOTHING
    for number in in_doubt(connection, mailing_id=mailing_id, members=members):
        if doubt := lock(connection, number):
            done += settle(connection, doubt, {}, settled_by=EVENT, by="tool", now=now)
    return done


def in_doubt(
    connection: Connection,
    *,
    mailing_id: int | None = None,
    members: Collection[int] | None = None,
) -> list[int]:
    """List unknown batches: of a mailing, of these deliveries, or all. In order: no deadlock."""
    query = select(batches.c.id).where(batches.c.state == "unknown").order_by(batches.c.id)
    if mailing_id is not None:
        query = query.where(batches.c.mailing_id == mailing_id)
    if members is None:
        return list(connection.scalars(query))
    query = query.join(
        deliveries,
        (deliveries.c.mailing_id == batches.c.mailing_id)
        & deliveries.c.id.between(batches.c.first, batches.c.last),
    )
    found: set[int] = set()
    for numbers in _sliced(sorted(members)):
        found.update(connection.scalars(query.where(deliveries.c.id.in_(numbers))))
    return sorted(found)


def lock(connection: Connection, batch: int) -> Doubt | None:
    """Take an unknown batch until the transaction ends; None when it is settled meanwhile."""
    query = select(batches).where(batches.c.id == batch, batches.c.state == "unknown")
    row = connection.execute(query.with_for_update()).one_or_none()
    return _doubt(connection, row) if row else None


def read(connection: Connection, batch: int) -> Doubt | None:
    """Look at an unknown batch without taking it."""
    query = select(batches).where(batches.c.id == batch, batches.c.state == "unknown")
    row = connection.execute(query).one_or_none()
    return _doubt(connection, row) if row else None


def would(
    connection: Connection, doubt: Doubt, verdicts: Mapping[int, Verdict]
) -> tuple[Settlement, Settlement]:
    """Count what `settle` would settle, changing nothing: by events, and beside them."""
    known = _by_events(connection, doubt)
    told = [verdicts[number] for number in verdicts.keys() & doubt.people.keys() - known.keys()]
    return _counted(known.values()), _counted(told)


def _doubt(connection: Connection, row: Any) -> Doubt:  # noqa: ANN401 - a row
    query = (
        select(deliveries.c.id, deliveries.c.address)
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.id.between(row.first, row.last), results.c.delivery_id.is_(None))
        .order_by(deliveries.c.id)
    )
    return Doubt(
        batch=row.id,
        mailing=row.mailing_id,
        first=row.first,
        last=row.last,
        attempt=row.attempt,
        handed_at=row.handed_at,
        people={row.id: row.address for row in connection.execute(query)},
    )


def has_it_after_all(connection: Connection, first: int, last: int) -> list[int]:
    """Find whoever of a range of deliveries has the issue already, by an earlier round.

    They were marked as not mailed, and a late event proves that they were. Gives subscribers.
    """
    earlier = deliveries.alias()
    query = (
        select(deliveries.c.subscriber_id)
        .join(
            earlier,
            (earlier.c.issue == deliveries.c.issue)
            & (earlier.c.subscriber_id == deliveries.c.subscriber_id)
            & (earlier.c.round < deliveries.c.round),
        )
        .join(events, events.c.delivery_id == earlier.c.id)
        .where(
            deliveries.c.id.between(first, last),
            deliveries.c.round > 0,
            events.c.kind.in_(PROOF),
        )
    )
    return list(connection.scalars(query))


def _by_events(connection: Connection, doubt: Doubt) -> dict[int, Verdict]:
    kinds = (*PROOF, _REJECTED)
    query = select(events.c.delivery_id, events.c.kind).where(
        events.c.kind.in_(kinds), events.c.delivery_id.between(doubt.first, doubt.last)
    )
    found: dict[int, Verdict] = {}
    for number, kind in connection.execute(query):
        if number not in doubt.people:
            continue
        if kind in PROOF:
            found[number] = Verdict("accepted")
        else:
            found.setdefault(number, Verdict("refused", "the provider rejected it"))
    return found


def _write(
    connection: Connection,
    doubt: Doubt,
    verdicts: Mapping[int, Verdict],
    *,
    settled_by: str,
    by: str,
    now: datetime,
) -> Settlement:
    if not verdicts:
        return NOTHING
    columns = (
        "delivery_id", "state", "reason", "provider_id", "attempt", "recorded_at", "settled_by",
    )  # fmt: skip
    rows.insert(
        connection,
        results,
        columns,
        [
            (number, item.state, *_said(item, doubt.people[number]), doubt.attempt, now, settled_by)
            for number, item in sorted(verdicts.items())
        ],
    )
    done = _counted(verdicts.values())
    audit.note(
        connection, "unknown settled", by=by, now=now, mailing=doubt.mailing, batch=doubt.batch,
        accepted=done.accepted, refused=done.refused, settled_by=settled_by,
    )  # fmt: skip
    return done


def _counted(verdicts: Iterable[Verdict]) -> Settlement:
    counts = Counter(verdict.state for verdict in verdicts)
    return Settlement(counts["accepted"], counts["refused"])


def _said(verdict: Verdict, address: str) -> tuple[str, str]:
    """Give reason and provider's id; both may lead back to somebody erased."""
    return (verdict.reason, verdict.provider_id) if address else ("", "")


def _sliced(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _SLICE):
        yield numbers[start : start + _SLICE]


def unknown_mailings(connection: Connection) -> list[int]:
    """List the mailings that have people of whom nobody knows."""
    query = (
        select(batches.c.mailing_id)
        .where(batches.c.state == "unknown")
        .distinct()
        .order_by(batches.c.mailing_id)
    )
    return list(connection.scalars(query))


def note_unknown(
    connection: Connection, mailing_id: int, batch: int, people: int, *, now: datetime
) -> None:
    """Leave a line in the audit log: of so many people nobody knows whether they were mailed."""
    audit.note(
        connection, "unknown", by="tool", now=now, mailing=mailing_id, batch=batch, people=people
    )
