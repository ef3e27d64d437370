"""Everything that the register and the ledger know of one person (GDPR art. 15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from newsletter.register import addresses, suppressions
from newsletter.register.people import nobody
from newsletter.store import Store
from newsletter.store.schema import (
    batches,
    consents,
    deliveries,
    mailings,
    results,
    subscribers,
    subscriptions,
)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """The person's own row."""

    id: int
    address: str
    kind: str
    language: str
    first_name: str
    last_name: str
    fields: Mapping[str, str]
    source: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """One list that they are or were on."""

    list_id: str
    state: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """One act of giving, withdrawing or restoring."""

    list_id: str
    act: str
    before: str
    """The subscription's state until then; empty when there was none."""
    basis: str
    method: str
    source: str
    wording: str
    language: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One issue that was, or is to be, mailed to them."""

    issue: str
    list_id: str
    address: str
    planned_at: datetime
    state: str
    """accepted, refused or excluded; before that planned, handing_over or unknown."""
    reason: str
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """All that is known. A suppressed address may have no subscriber any more."""

    address: str
    subscriber: Subscriber | None
    subscriptions: tuple[Subscription, ...]
    consents: tuple[Consent, ...]
    deliveries: tuple[Delivery, ...]
    suppression: str | None
    """Why the address must never be mailed; None when it may be."""


def show(store: Store, address: str, *, keys: Sequence[str], now: datetime) -> Record:
    """Collect everything that is known of the person with this address.

    Raises InputError when the address is wrong or neither known nor suppressed.
    """
    written = addresses.normalise(address)
    folded = addresses.key(written)
    with store.read() as connection:
        suppression = suppressions.among(connection, [folded], keys=keys, now=now).get(folded)
        subscriber = _subscriber(connection, folded)
        if subscriber is None:
            if suppression is None:
                raise nobody(address)
            return Record(written, None, (), (), (), suppression)
        return Record(
            subscriber.address,
            subscriber,
            _subscriptions(connection, subscriber.id),
            _consents(connection, subscriber.id),
            _deliveries(connection, subscriber.id),
            suppression,
        )


def _subscriber(connection: Connection, folded: str) -> Subscriber | None:
    columns = (subscribers.c[name] for name in Subscriber.__slots__)
    row = connection.execute(
        select(*columns).where(subscribers.c.address_key == folded)
    ).one_or_none()
    return Subscriber(*row) if row else None


def _subscriptions(connection: Connection, subscriber_id: int) -> tuple[Subscription, ...]:
    query = (
        select(*(subscriptions.c[name] for name in Subscription.__slots__))
        .where(subscriptions.c.subscriber_id == subscriber_id)
        .order_by(subscriptions.c.list_id)
    )
    return tuple(Subscription(*row) for row in connection.execute(query))


def _consents(connection: Connection, subscriber_id: int) -> tuple[Consent, ...]:
    query = (
        select(*(consents.c[name] for name in Consent.__slots__))
        .where(consents.c.subscriber_id == subscriber_id)
        .order_by(consents.c.id)
    )
    return tuple(Consent(*row) for row in connection.execute(query))


def _deliveries(connection: Connection, subscriber_id: int) -> tuple[Delivery, ...]:
    """Read the ledger; a delivery without a result of its own is where its batch is."""
    batch = and_(
        batches.c.mailing_id == deliveries.c.mailing_id,
        deliveries.c.id.between(batches.c.first, batches.c.last),
    )
    query = (
        select(
            deliveries.c.issue,
            deliveries.c.list_id,
            deliveries.c.address,
            mailings.c.planned_at,
            func.coalesce(results.c.state, batches.c.state, "planned"),
            func.coalesce(results.c.reason, batches.c.reason, ""),
            results.c.recorded_at,
        )
        .join(mailings, mailings.c.id == deliveries.c.mailing_id)
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .outerjoin(batches, batch)
        # Naming the issues lets the unique index (issue, subscriber, round) answer.
        .where(deliveries.c.issue.in_(select(mailings.c.issue)))
        .where(deliveries.c.subscriber_id == subscriber_id)
        .order_by(deliveries.c.id)
    )
    return tuple(Delivery(*row) for row in connection.execute(query))
