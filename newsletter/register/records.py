"""Everything that the register and the ledger know of one person (GDPR art. 15)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, FromClause, Table, and_, case, func, null, select

from newsletter.register import audit, suppressions, whose
from newsletter.register.people import nobody
from newsletter.register.traces import (
    Consent,
    Delivery,
    Event,
    Farewell,
    Line,
    Reply,
    Request,
    Subscriber,
    Subscription,
    Suppression,
    SyncRow,
    Told,
    Wording,
)
from newsletter.register.whose import Who, Whose
from newsletter.store import Store, schema
from newsletter.store.schema import batches, deliveries, mailings, results

_Trace = TypeVar("_Trace")


@dataclass(frozen=True, slots=True)
class Record:
    """All that is known. A suppressed address may have no subscriber any more."""

    address: str
    subscriber: Subscriber | None
    subscriptions: tuple[Subscription, ...]
    consents: tuple[Consent, ...]
    wordings: tuple[Wording, ...]
    """What the consents and requests name, each version once."""
    requests: tuple[Request, ...]
    replies: tuple[Reply, ...]
    deliveries: tuple[Delivery, ...]
    events: tuple[Event, ...]
    told: tuple[Told, ...]
    suppression: Suppression | None
    """Also one that has run out."""
    elsewhere: tuple[SyncRow, ...]
    farewells: tuple[Farewell, ...]
    audit: tuple[Line, ...]

    def words(self, version: str) -> str:
        """Give the text of a version; empty where it is not kept."""
        return next((item.text for item in self.wordings if item.version == version), "")


def show(store: Store, who: Who, *, keys: Sequence[str], by: str, now: datetime) -> Record:
    """Collect everything that is known of somebody, by number or address.

    Whoever reads leaves a line in the audit log, in the same transaction: no line, no reading.
    Raises InputError when the address is wrong, or nothing at all is known of it.
    """
    with store.begin() as connection:
        return read(connection, who, keys=keys, by=by, now=now, act="looked up")


def read(
    connection: Connection, who: Who, *, keys: Sequence[str], by: str, now: datetime, act: str
) -> Record:
    """Do what `show` does in the caller's transaction; `act` is what the audit log calls it."""
    person = whose.find(connection, who)
    record = _collect(connection, person, keys)
    if not any(getattr(record, field.name) for field in fields(record) if field.name != "address"):
        raise nobody(person.address)
    audit.note(connection, act, by=by, now=now, subscriber_id=person.subscriber_id)
    return record


def _collect(connection: Connection, person: Whose, keys: Sequence[str]) -> Record:
    reading = _Reading(connection, whose.rows_of_one(person))
    found = reading.of(schema.subscribers, Subscriber)
    consents = reading.of(schema.consents, Consent)
    requests = reading.of(schema.requests, Request)
    return Record(
        address=person.address,
        subscriber=found[0] if found else None,
        subscriptions=reading.of(schema.subscriptions, Subscription),
        consents=consents,
        wordings=_wordings(connection, consents, requests),
        requests=requests,
        replies=reading.of(schema.replies, Reply),
        deliveries=reading.deliveries(),
        events=reading.events(),
        told=reading.of(schema.told, Told),
        suppression=_suppression(connection, person, keys),
        elsewhere=reading.of(schema.sync_rows, SyncRow),
        farewells=reading.of(schema.farewells, Farewell),
        audit=reading.of(schema.audit, Line),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads what is about one person."""

    connection: Connection
    theirs: Mapping[Table, ColumnElement[bool]]

    def of(self, table: Table, kind: Callable[..., _Trace]) -> tuple[_Trace, ...]:
        return _read(self.connection, kind, table, table, self.theirs[table])

    def events(self) -> tuple[Event, ...]:
        table = schema.events
        source = table.outerjoin(deliveries, deliveries.c.id == table.c.delivery_id)
        issue = func.coalesce(deliveries.c.issue, "")
        return _read(self.connection, Event, table, source, self.theirs[table], issue=issue)

    def deliveries(self) -> tuple[Delivery, ...]:
        """Read the ledger; a delivery without a result of its own is where its batch is."""
        batch = and_(
            batches.c.mailing_id == deliveries.c.mailing_id,
            deliveries.c.id.between(batches.c.first, batches.c.last),
        )
        source = (
            deliveries.join(mailings, mailings.c.id == deliveries.c.mailing_id)
            .outerjoin(results, results.c.delivery_id == deliveries.c.id)
            .outerjoin(batches, batch)
        )
        excluded = results.c.state == "excluded"
        return _read(
            self.connection,
            Delivery,
            deliveries,
            source,
            self.theirs[deliveries],
            edition=func.coalesce(batches.c.edition, ""),
            provider=mailings.c.provider,
            planned_at=mailings.c.planned_at,
            handed_at=case((excluded, null()), else_=batches.c.handed_at),
            state=func.coalesce(results.c.state, batches.c.state, "planned"),
            reason=func.coalesce(results.c.reason, batches.c.reason, ""),
            provider_id=func.coalesce(results.c.provider_id, ""),
            recorded_at=results.c.recorded_at,
        )


def _read(
    connection: Connection,
    kind: Callable[..., _Trace],
    table: Table,
    source: FromClause,
    where: ColumnElement[bool],
    **derived: ColumnElement[Any],
) -> tuple[_Trace, ...]:
    """Read rows into values whose fields are columns of the table, or are derived."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type] # a class of traces
    columns = [derived[name] if name in derived else table.c[name] for name in names]
    query = select(*columns).select_from(source).where(where).order_by(*table.primary_key)
    return tuple(kind(*row) for row in connection.execute(query))


def _wordings(
    connection: Connection, consents: Sequence[Consent], requests: Sequence[Request]
) -> tuple[Wording, ...]:
    versions = {version for item in consents for version in (item.wording, item.notice)}
    versions |= {version for item in requests for version in (item.wording, item.notice)}
    where = schema.wordings.c.version.in_(sorted(versions))
    return _read(connection, Wording, schema.wordings, schema.wordings, where)


def _suppression(connection: Connection, person: Whose, keys: Sequence[str]) -> Suppression | None:
    table = schema.suppressions
    hashes = [suppressions.fingerprint(person.address_key, key) for key in keys]
    found = _read(connection, Suppression, table, table, table.c.address_hash.in_(hashes))
    return max(found, key=lambda item: item.created_at, default=None)
