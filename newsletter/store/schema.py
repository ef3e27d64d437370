"""All tables, in one place. Migrations make them; tests prove that both agree.

Times are UTC. What is proof or ledger (consents, deliveries, results) is only ever inserted.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Key = BigInteger().with_variant(Integer, "sqlite")
"""A row number; SQLite only counts up by itself in a column that is plainly INTEGER."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; a naive one is refused, because nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC on its way in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:  # noqa: ANN401
        """Give back an aware time, whatever the database made of it."""
        if value is None:
            return None
        aware: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC)


def _one_of(name: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


# The register ------------------------------------------------------------------------------------

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("address", Text, nullable=False),  # as given
    Column("address_key", Text, nullable=False, unique=True),  # folded, for uniqueness only
    Column("kind", Text, nullable=False, server_default="person"),
    Column("language", Text, nullable=False),
    Column("first_name", Text, nullable=False, server_default=""),
    Column("last_name", Text, nullable=False, server_default=""),
    Column("fields", JSON, nullable=False),  # those that [fields] declares, text → text
    Column("source", Text, nullable=False),  # where the address came from (GDPR 14)
    Column("created_at", UTCDateTime, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    _one_of("kind", "person", "organisation"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber_id", Key, ForeignKey("subscribers.id"), primary_key=True),
    Column("list_id", Text, primary_key=True),  # as in newsletter.toml
    Column("state", Text, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    _one_of("state", "pending", "active", "paused", "left", "cleaned"),
    Index("ix_subscriptions_audience", "list_id", "state", "subscriber_id"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", Key, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("list_id", Text, nullable=False),
    Column("act", Text, nullable=False),  # given | withdrawn | restored
    Column(
        "before", Text, nullable=False, server_default=""
    ),  # the subscription's state until then
    Column("basis", Text, nullable=False),  # consent | public_task | customer | organisation
    Column("method", Text, nullable=False),  # import | staff | page | one_click | command | …
    Column("source", Text, nullable=False),  # the file, form or issue that it came from
    Column("wording", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),  # the staff member's login, or "subscriber"
    Column("recorded_at", UTCDateTime, nullable=False),
    _one_of("act", "given", "withdrawn", "restored"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", Text, primary_key=True),  # HMAC-SHA256 with a key of the ring
    Column("reason", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
)

# The ledger --------------------------------------------------------------------------------------

editions = Table(
    "editions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("issue", Text, nullable=False, index=True),
    Column("language", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("content", Text, nullable=False),  # Edition.dump()
    Column("created_at", UTCDateTime, nullable=False),
)

mailings = Table(
    "mailings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("issue", Text, nullable=False, index=True),
    Column("lists", JSON, nullable=False),
    Column("condition", JSON, nullable=False),  # the audience's `where`
    Column("provider", Text, nullable=False),
    Column(
        "envelope", JSON, nullable=False
    ),  # sender and addresses, frozen: a repeat is the same bytes
    Column("audience", Integer, nullable=False),  # frozen when planned: the accounts balance to it
    Column("planned_by", Text, nullable=False),
    Column("planned_at", UTCDateTime, nullable=False),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Key, primary_key=True),
    Column("mailing_id", Key, ForeignKey("mailings.id"), nullable=False, index=True),
    Column("edition", Text, ForeignKey("editions.digest"), nullable=False),
    # Its deliveries are those from first to last: one range, so nothing is updated per recipient.
    Column("first", Key, nullable=False),
    Column("last", Key, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False, server_default="0"),  # the fencing token
    Column("owner", Text, nullable=False, server_default=""),  # the run that holds the lease
    Column("lease_until", UTCDateTime),
    Column("handed_at", UTCDateTime),  # of the bytes that the key stands for: a repeat keeps it
    Column("key", Text, nullable=False, server_default=""),  # idempotency key of those bytes
    Column("not_before", UTCDateTime),  # the provider asked to wait
    Column("reason", Text, nullable=False, server_default=""),  # why it waits or is unknown
    _one_of("state", "planned", "handing_over", "done", "unknown"),
    Index("ix_batches_next", "mailing_id", "state", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("mailing_id", Key, ForeignKey("mailings.id"), nullable=False, index=True),
    Column("issue", Text, nullable=False),
    Column("subscriber_id", Key, nullable=False),
    # Rises only when an earlier round of this issue ended excluded or refused: nothing went out.
    Column("round", Integer, nullable=False, server_default="0"),
    Column("list_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("values", JSON, nullable=False),  # of the fields that the edition has slots for
    UniqueConstraint("issue", "subscriber_id", "round"),
)

results = Table(
    "results",
    metadata,
    Column("delivery_id", Key, ForeignKey("deliveries.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("provider_id", Text, nullable=False, server_default=""),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("recorded_at", UTCDateTime, nullable=False),
    _one_of("state", "accepted", "refused", "excluded"),
)
