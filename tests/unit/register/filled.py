"""A register in which every table says something of one person, each value told from all others."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert

from newsletter.register import suppressions
from newsletter.store import Store
from newsletter.store import schema as s
from newsletter.testing import KEYS, NOW

AINO: Final = "Aino.Marker@example.com"
KEY: Final = "aino.marker@example.com"
NEW: Final = "aino.new@example.org"
PERSON: Final = 7
OTHER: Final = 8


def at(hours: int) -> datetime:
    return NOW + timedelta(hours=hours)


def fill(store: Store, *, farewells: bool = False) -> None:
    """Write rows of Aino's (and of the mailing that she shares with somebody) into every table.

    With `farewells` also what is there of people only who were erased before.
    """
    with store.begin() as connection:
        for table, rows in _ROWS.items():
            for row in rows if farewells or table != "farewells" else []:
                connection.execute(insert(s.metadata.tables[table]).values(**row))
        connection.execute(
            insert(s.suppressions).values(
                address_hash=suppressions.fingerprint(KEY, KEYS[0]),
                **_SUPPRESSION,
            )
        )


def insert_other(connection: Connection) -> None:
    """Put somebody else into the register, who must lose nothing."""
    for table in ("subscribers", "subscriptions", "consents"):
        row = dict(_ROWS[table][0])
        row |= {"id": OTHER} if table == "subscribers" else {"subscriber_id": OTHER}
        if table == "subscribers":
            row |= {"address": "eero@example.com", "address_key": "eero@example.com"}
        row.pop("id", None) if table == "consents" else None
        connection.execute(insert(s.metadata.tables[table]).values(**row))


_ROWS: Final[Mapping[str, list[dict[str, Any]]]] = {
    "subscribers": [
        {
            "id": PERSON, "address": AINO, "address_key": KEY, "kind": "organisation",
            "language": "sv", "first_name": "first name", "last_name": "last name",
            "fields": {"municipality": "Sysmä marker"}, "source": "subscriber source",
            "created_at": at(2), "changed_at": at(3),
        }
    ],
    "subscriptions": [
        {
            "subscriber_id": PERSON, "list_id": "subscription list", "state": "paused",
            "changed_at": at(4), "paused_until": at(5), "pause_reason": "pause reason",
        }
    ],
    "wordings": [
        {
            "version": "wording version", "kind": "consent", "language": "wording language",
            "text": "wording text", "created_at": at(6),
        },
        {
            "version": "notice version", "kind": "notice", "language": "fi",
            "text": "notice text", "created_at": at(7),
        },
    ],
    "consents": [
        {
            "subscriber_id": PERSON, "list_id": "consent list", "act": "resumed",
            "before": "consent before", "basis": "consent basis", "method": "consent method",
            "source": "consent source", "wording": "wording version", "notice": "notice version",
            "form": "consent form", "address": AINO, "language": "consent language",
            "recorded_by": "subscriber", "asked_at": at(8), "recorded_at": at(9),
        }
    ],
    "requests": [
        {
            "kind": "address", "nonce": "nonce", "token_hash": "token hash",
            "subscriber_id": PERSON, "address": NEW, "address_key": NEW,
            "language": "request language", "lists": ["request list"],
            "values": {"first_name": "request value"}, "wording": "request wording",
            "notice": "request notice", "form": "request form", "method": "request method",
            "asked_at": at(10), "expires_at": at(11), "used_at": at(12),
        },
        {
            # Before she was in the register: only the address tells that it is hers.
            "kind": "subscribe", "nonce": "nonce 2", "token_hash": "token hash 2",
            "subscriber_id": None, "address": AINO, "address_key": KEY, "language": "fi",
            "lists": ["earlier list"], "values": {}, "method": "page",
            "asked_at": at(13), "expires_at": at(14), "used_at": None,
        },
    ],
    "replies": [
        {
            "kind": "welcome", "subscriber_id": PERSON, "address": AINO, "address_key": KEY,
            "language": "reply language", "lists": ["reply list"], "state": "refused",
            "reason": "reply reason", "provider_id": "reply provider id", "queued_at": at(15),
            "handed_at": at(16), "settled_at": at(17),
        }
    ],
    "attempts": [{"network": "hash of a network", "made_at": at(18)}],
    "editions": [
        {
            "digest": "edition digest", "issue": "kevatkirje", "language": "fi", "variant": "",
            "content": "for all", "created_at": at(0),
        }
    ],
    "mailings": [
        {
            "id": 1, "issue": "kevatkirje", "lists": ["all lists"], "condition": {},
            "provider": "mailing provider", "envelope": {}, "audience": 2, "planned_by": "hilja",
            "planned_at": at(19),
        },
        {
            "id": 2, "issue": "syyskirje", "lists": ["all lists"], "condition": {},
            "provider": "outbox", "envelope": {}, "audience": 1, "planned_by": "hilja",
            "planned_at": at(19),
        },
    ],
    "deliveries": [
        {
            "id": 4711, "mailing_id": 1, "issue": "kevatkirje", "subscriber_id": PERSON,
            "round": 3, "list_id": "delivery list", "address": AINO,
            "values": {"first_name": "delivery value"},
        },
        {
            "id": 4712, "mailing_id": 1, "issue": "kevatkirje", "subscriber_id": OTHER,
            "list_id": "delivery list", "address": "eero@example.com",
            "values": {"first_name": "Eero"},
        },
        {
            "id": 4713, "mailing_id": 2, "issue": "syyskirje", "subscriber_id": PERSON,
            "list_id": "delivery list", "address": "aino.old@example.com", "values": {},
        },
    ],
    "batches": [
        {
            "id": 21, "mailing_id": 1, "edition": "edition digest", "first": 4711, "last": 4712,
            "state": "done", "handed_at": at(20),
        },
        {
            "id": 22, "mailing_id": 2, "edition": "edition digest", "first": 4713, "last": 4713,
            "state": "unknown", "reason": f"batch reason: not {KEY}, not AINO.OLD@example.com",
        },
    ],
    "results": [
        {
            "delivery_id": 4711, "state": "refused", "reason": f"result reason: no {AINO} here",
            "provider_id": "result provider id", "recorded_at": at(21),
        },
        {
            "delivery_id": 4712, "state": "accepted", "reason": "", "provider_id": "eero's",
            "recorded_at": at(21),
        },
    ],
    "events": [
        {
            "subscriber_id": PERSON, "list_id": "event list", "delivery_id": 4711,
            "kind": "deferred", "bounce": "event bounce", "code": "event code",
            "text": f"event text {AINO}", "source": "event source", "source_id": "event id",
            "happened_at": at(22), "recorded_at": at(23),
        }
    ],
    "told": [
        {
            "source": "told source", "source_id": "told id", "subscriber_id": PERSON,
            "delivery_id": 4711, "kind": "told kind", "name": "told name",
            "raw": f"told raw {AINO}", "happened_at": at(29), "taken_at": at(30),
        }
    ],
    "audit": [
        {
            "at": at(24), "actor": "tool", "act": "audit act", "subscriber_id": PERSON,
            "detail": {"audit detail": 1},
        }
    ],
    "sync_calls": [{"account": "sync account", "called_at": at(25)}],
    "sync_marks": [{"account": "sync account", "name": "pull", "value": {}, "changed_at": at(26)}],
    "sync_rows": [
        {
            "account": "sync row account", "list_id": "sync row list", "address_key": KEY,
            "address": AINO, "status": "sync row status", "changed_at": at(27),
            "values": {"fields": "sync row value"},
        }
    ],
    "farewells": [
        {
            "service": "farewell service", "address_key": KEY, "address": AINO,
            "reason": "farewell reason", "erased_at": at(28),
        }
    ],
}  # fmt: skip


_SUPPRESSION: Final[Mapping[str, Any]] = {
    "reason": "suppression reason",
    "source": "suppression source",
    "created_at": at(1),
    "expires_at": at(900_000),
}


def values_of(table: str, column: str) -> list[Any]:
    """Give what the rows of Aino's say in a column."""
    if table == "suppressions":
        return [_SUPPRESSION[column]]
    if (table, column) == ("batches", "state"):
        return ["unknown"]  # of the batch whose delivery has no result of its own
    own = [row for row in _ROWS[table] if row.get("subscriber_id") != OTHER]
    if table == "results":
        own = [row for row in own if row["delivery_id"] == 4711]
    return [row[column] for row in own if row.get(column) not in (None, "")]
