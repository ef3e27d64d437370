"""Everything about one person as plain data, for them to read and take along (GDPR art. 15, 20).

Every column of every table is either told or exempt for a reason: a test sees to it that none is
forgotten when a table grows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, MetaData

from newsletter.register import records, traces
from newsletter.register.records import Record
from newsletter.register.whose import Who
from newsletter.store import Store

_TOLD: Final[Mapping[str, type]] = {
    "subscribers": traces.Subscriber,
    "subscriptions": traces.Subscription,
    "consents": traces.Consent,
    "wordings": traces.Wording,
    "requests": traces.Request,
    "replies": traces.Reply,
    "events": traces.Event,
    "told": traces.Told,
    "deliveries": traces.Delivery,
    "results": traces.Delivery,
    "mailings": traces.Delivery,
    "batches": traces.Delivery,
    "suppressions": traces.Suppression,
    "sync_rows": traces.SyncRow,
    "farewells": traces.Farewell,
    "audit": traces.Line,
}
"""Table → the values that its columns are told in, under the same names."""

_FOLDED: Final = "the address once more, in small letters"
_WHOSE: Final = "the person's own number, told once as subscriber.id"
_ROW: Final = "the number of a row, which says nothing"
_LINK: Final = "makes a link that only a mail may carry"
_WORK: Final = "how far the tool has come with a piece of work"
_ALL: Final = "of a whole mailing, not of a person"

EXEMPT: Final[Mapping[str, str]] = {
    "subscribers.address_key": _FOLDED,
    "subscriptions.subscriber_id": _WHOSE,
    "consents.id": _ROW,
    "consents.subscriber_id": _WHOSE,
    "requests.id": _ROW,
    "requests.nonce": _LINK,
    "requests.token_hash": _LINK,
    "requests.subscriber_id": _WHOSE,
    "requests.address_key": _FOLDED,
    "replies.id": _ROW,
    "replies.request_id": _ROW,
    "replies.subscriber_id": _WHOSE,
    "replies.address_key": _FOLDED,
    "replies.attempt": _WORK,
    "replies.key": _WORK,
    "replies.lease_until": _WORK,
    "replies.not_before": _WORK,
    "events.id": _ROW,
    "events.subscriber_id": _WHOSE,
    "events.delivery_id": "told as the issue that was delivered",
    "told.subscriber_id": _WHOSE,
    "told.delivery_id": "told as the issue of the event that it became",
    "audit.id": _ROW,
    "audit.subscriber_id": _WHOSE,
    "suppressions.address_hash": "a hash of the address, by which it is found",
    "sync_rows.address_key": _FOLDED,
    "farewells.address_key": _FOLDED,
    "deliveries.mailing_id": _ROW,
    "deliveries.subscriber_id": _WHOSE,
    "results.delivery_id": "the delivery's own number, told as its id",
    "results.attempt": _WORK,
    "results.settled_by": "which login or program settled it: the state is what counts",
    "mailings.id": _ROW,
    "mailings.lists": _ALL,
    "mailings.condition": _ALL,
    "mailings.envelope": _ALL,
    "mailings.audience": _ALL,
    "mailings.planned_by": _ALL,
    "mailings.digest": _ALL,
    "mailings.sequence": _ALL,
    "mailings.experiment": _ALL,
    "mailings.not_before": _ALL,
    "mailings.latest": _ALL,
    "mailings.despite_quiet": _ALL,
    "mailings.state": _ALL,
    "mailings.state_reason": _ALL,
    "mailings.state_by": _ALL,
    "mailings.state_at": _ALL,
    "mailings.resume_at": _ALL,
    "mailings.brake_from": _ALL,
    "batches.id": _ROW,
    "batches.mailing_id": _ROW,
    "batches.first": _WORK,
    "batches.last": _WORK,
    "batches.attempt": _WORK,
    "batches.owner": _WORK,
    "batches.lease_until": _WORK,
    "batches.key": _WORK,
    "batches.not_before": _WORK,
    "attempts.*": "keyed hashes of network addresses: nobody can tell whose they are",
    "editions.*": "what all readers got; the delivery names the edition by its digest",
    "accounts.*": _ALL,
    "approvals.*": "who on the staff approved an issue, of no reader",
    "buckets.*": _ALL,
    "installation.*": "where the database is at home, of no person",
    "sync_calls.*": "counts calls to a service, of no person",
    "sync_marks.*": "how far a sync has come, of no person",
}
"""Table.column, or table.* for a whole table → why it is not told."""


def person(
    store: Store, who: Who, *, keys: Sequence[str], by: str, now: datetime
) -> dict[str, Any]:
    """Give everything about somebody, by number or address, ready for JSON.

    Leaves a line in the audit log, in the same transaction. Raises InputError when nothing is
    known.
    """
    with store.begin() as connection:
        return person_in(connection, who, keys=keys, by=by, now=now)


def person_in(
    connection: Connection, who: Who, *, keys: Sequence[str], by: str, now: datetime
) -> dict[str, Any]:
    """Do what `person` does, in the caller's transaction."""
    record = records.read(connection, who, keys=keys, by=by, now=now, act="exported")
    return {"exported_at": now.isoformat(), **_plain(_without_names(record))}


def untold(metadata: MetaData) -> list[str]:
    """Name the columns that are neither told nor exempt, as table.column."""
    return [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if not _is_exempt(table.name, column.name) and not _is_told(table.name, column.name)
    ]


def _is_exempt(table: str, column: str) -> bool:
    return f"{table}.{column}" in EXEMPT or f"{table}.*" in EXEMPT


def _is_told(table: str, column: str) -> bool:
    kind = _TOLD.get(table)
    return kind is not None and column in {field.name for field in fields(kind)}


def _without_names(record: Record) -> dict[str, Any]:
    """Write the record as data, and name staff by their role only.

    Who exactly looked is not the person's to know, that and when somebody did is (Court of Justice
    of the EU, C-579/21, Pankki S).
    """
    data = asdict(record)
    for consent in data["consents"]:
        consent["recorded_by"] = _role(consent["recorded_by"])
    for line in data["audit"]:
        line["actor"] = _role(line["actor"])
    return data


def _role(login: str) -> str:
    return login if login in {"subscriber", "tool"} else "staff"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """Write times as text and tuples as lists, all the way down."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
