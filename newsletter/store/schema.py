"""All tables, in one place. Migrations make them; tests prove that both agree.

Times are UTC. What is proof or ledger (consents, deliveries, results, events, audit) is only ever
inserted; erasing a person takes their subscriptions first, and then what is left of them.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
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
    # The number of somebody erased is never given to another: it stands in links and in the ledger.
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber_id", Key, ForeignKey("subscribers.id"), primary_key=True),
    Column("list_id", Text, primary_key=True),  # as in newsletter.toml
    Column("state", Text, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("paused_until", UTCDateTime),  # a pause ends by itself
    Column("pause_reason", Text, nullable=False, server_default=""),  # asked | bounces
    _one_of("state", "pending", "active", "paused", "left", "cleaned"),
    Index("ix_subscriptions_audience", "list_id", "state", "subscriber_id"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", Key, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("list_id", Text, nullable=False),
    Column("act", Text, nullable=False),  # given | withdrawn | restored | paused | resumed
    Column(
        "before", Text, nullable=False, server_default=""
    ),  # the subscription's state until then
    Column("basis", Text, nullable=False),  # consent | public_task | customer | organisation
    Column("method", Text, nullable=False),  # import | staff | page | one_click | command | …
    Column("source", Text, nullable=False),  # the file, form or issue that it came from
    Column("wording", Text, nullable=False, server_default=""),  # version of what was agreed to
    Column("notice", Text, nullable=False, server_default=""),  # version of the privacy notice
    Column("form", Text, nullable=False, server_default=""),  # address of the form
    Column("address", Text, nullable=False, server_default=""),  # the mail address of that time
    Column("language", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),  # the staff member's login, or "subscriber"
    Column("asked_at", UTCDateTime),  # when the form was sent; recorded_at is when it took effect
    Column("recorded_at", UTCDateTime, nullable=False),
    _one_of("act", "given", "withdrawn", "restored", "paused", "resumed"),
    Index("ix_consents_joined", "list_id", "act", "recorded_at"),  # who joined lately
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_hash", Text, primary_key=True),  # HMAC-SHA256 with a key of the ring
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False, server_default=""),  # which provider, command, sync
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),  # empty: never
)

# Texts that people agreed to or were told, each version once: consents name them.
wordings = Table(
    "wordings",
    metadata,
    Column("version", Text, primary_key=True),  # digest of kind, language and text
    Column("kind", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    _one_of("kind", "consent", "notice"),
)

# What somebody asked for and must confirm by the link in a mail.
requests = Table(
    "requests",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("nonce", Text, nullable=False),  # makes the token, with a key outside the database
    Column("token_hash", Text, nullable=False, unique=True),  # SHA-256 of the token
    Column("subscriber_id", Key),  # of whom the request is about, where one is known
    Column("address", Text, nullable=False),  # where the mail goes
    Column("address_key", Text, nullable=False, index=True),
    Column("language", Text, nullable=False),
    Column("lists", JSON, nullable=False),
    Column("values", JSON, nullable=False),  # names and fields that were filled in
    Column("wording", Text, nullable=False, server_default=""),
    Column("notice", Text, nullable=False, server_default=""),
    Column("form", Text, nullable=False, server_default=""),
    Column("method", Text, nullable=False),  # page | json | staff
    Column("asked_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime, nullable=False, index=True),
    Column("used_at", UTCDateTime),
    _one_of("kind", "subscribe", "address", "export", "erase"),
)

# Forms that were sent in, to bound how many: network addresses as keyed hashes, for a month.
attempts = Table(
    "attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("network", Text, nullable=False),
    Column("made_at", UTCDateTime, nullable=False, index=True),
    Index("ix_attempts_network", "network", "made_at"),
)

# Mails that answer what somebody did, waiting to be sent or sent.
replies = Table(
    "replies",
    metadata,
    Column("id", Key, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("request_id", Key),
    Column("subscriber_id", Key),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("lists", JSON, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("key", Text, nullable=False, server_default=""),
    Column("lease_until", UTCDateTime),
    Column("not_before", UTCDateTime),
    Column("handed_at", UTCDateTime),
    Column("reason", Text, nullable=False, server_default=""),
    Column("provider_id", Text, nullable=False, server_default=""),
    Column("queued_at", UTCDateTime, nullable=False),
    Column("settled_at", UTCDateTime),
    _one_of("kind", "confirm", "already", "welcome", "address", "changed", "export", "erase"),
    _one_of("state", "waiting", "handing_over", "sent", "refused", "unknown", "dropped"),
    Index("ix_replies_next", "state", "id"),
    Index("ix_replies_address", "address_key", "queued_at"),
    Index("ix_replies_kind", "kind", "queued_at"),
)

# What providers and mail systems told later: delivered, bounced, complained, …
events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", Key, nullable=False, index=True),
    Column("list_id", Text, nullable=False, server_default=""),
    Column("delivery_id", Key),
    Column("kind", Text, nullable=False),
    Column("bounce", Text, nullable=False, server_default=""),  # as in register.bounces
    Column("code", Text, nullable=False, server_default=""),  # enhanced status code (RFC 3463)
    Column("text", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False),  # the provider, or "mail"
    Column("source_id", Text, nullable=False),  # its own name for the event: taken once
    Column("happened_at", UTCDateTime, nullable=False),
    Column("recorded_at", UTCDateTime, nullable=False, index=True),
    UniqueConstraint("source", "source_id"),
    # To count what was told of a mailing: of what is rare, only those are read.
    Index("ix_events_told", "kind", "delivery_id"),
    _one_of(
        "kind",
        "delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed",
    ),
)  # fmt: skip

# All that vendors told, for a month: in their words, where it is of somebody in the register.
told = Table(
    "told",
    metadata,
    Column("source", Text, primary_key=True),  # the provider
    Column("source_id", Text, primary_key=True),  # its own name for the event: taken once
    Column("subscriber_id", Key, index=True),
    Column("delivery_id", Key),
    Column("kind", Text, nullable=False),  # as of events, or other, or unknown
    Column("name", Text, nullable=False),  # the provider's word for it
    Column("raw", Text, nullable=False, server_default=""),  # JSON; text, so that it stays as it is
    Column("happened_at", UTCDateTime, nullable=False),
    Column("taken_at", UTCDateTime, nullable=False, index=True),
)

# Who looked at, exported or changed what of the register (GDPR art. 30, 32).
audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", UTCDateTime, nullable=False, index=True),
    Column("actor", Text, nullable=False),  # the staff member's login, "subscriber" or "tool"
    Column("act", Text, nullable=False),
    Column("subscriber_id", Key, index=True),
    Column("detail", JSON, nullable=False),  # numbers, lists, file names: never an address
)

# Creamailer: the hour's calls, how far a sync has come, and what it has read so far.
sync_calls = Table(
    "sync_calls",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account", Text, nullable=False),
    Column("called_at", UTCDateTime, nullable=False),
    Index("ix_sync_calls_account", "account", "called_at"),
)

sync_marks = Table(
    "sync_marks",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
)

sync_rows = Table(
    "sync_rows",
    metadata,
    Column("account", Text, primary_key=True),
    Column("list_id", Text, primary_key=True),  # ours; empty for the account's suppressions
    Column("address_key", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("changed_at", UTCDateTime),
    Column("values", JSON, nullable=False),
)

# Addresses of erased people that a service beside us must forget as well (GDPR art. 19): each stays
# until that service has been told, and no longer.
farewells = Table(
    "farewells",
    metadata,
    Column("service", Text, primary_key=True),  # creamailer
    Column("address_key", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),  # of the suppression: erased | left
    Column("erased_at", UTCDateTime, nullable=False),
)

# Where this database is at home: a copy of it elsewhere must not mail what the original mails.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # the one row: 1
    Column("identity", Text, nullable=False),  # random; stays with the data wherever they go
    Column("place", Text, nullable=False),  # of the file, or of the server and its database
    Column("adopted_by", Text, nullable=False),
    Column("adopted_at", UTCDateTime, nullable=False),
    CheckConstraint("id = 1", name="single"),
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
    Column("digest", Text, nullable=False, server_default=""),  # of all its editions: as approved
    Column("sequence", Text, nullable=False, server_default=""),  # the one that it is a step of
    Column("experiment", JSON),  # subjects that are tried, with the seed and the shares
    Column("not_before", UTCDateTime),  # send --at
    Column("latest", UTCDateTime),  # send --latest: a run that comes later asks first
    Column("despite_quiet", Boolean, nullable=False, server_default=false()),
    # What somebody wishes of it, or a brake: obeyed before the next hand-over.
    Column("state", Text, nullable=False, server_default="open"),
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("state_by", Text, nullable=False, server_default=""),
    Column("state_at", UTCDateTime),
    Column("resume_at", UTCDateTime),  # of a pause that ends by itself
    Column("brake_from", UTCDateTime),  # somebody let the brake go: what came before counts no more
    _one_of("state", "open", "paused", "cancelled"),
)

# Who approved which bytes of an issue.
approvals = Table(
    "approvals",
    metadata,
    Column("id", Key, primary_key=True),
    Column("issue", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of all its parts
    Column("parts", JSON, nullable=False, server_default="{}"),  # language or so → its digest
    Column("approved_by", Text, nullable=False),
    Column("approved_at", UTCDateTime, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Index("ix_approvals_issue", "issue", "digest"),
)

# How much an account of a provider may be given: shared by all runs on all machines.
accounts = Table(
    "accounts",
    metadata,
    Column("account", Text, primary_key=True),  # Provider.account
    Column("blocked_until", UTCDateTime),  # it asked to wait, or does not work
    Column("reason", Text, nullable=False, server_default=""),
    Column("failures", Integer, nullable=False, server_default="0"),  # calls in a row, in vain
    Column("lost", Integer, nullable=False, server_default="0"),  # of those, answers lost for good
    Column("refusals", Integer, nullable=False, server_default="0"),  # in a row, for good
    Column("warm_since", UTCDateTime),  # the first mail of its warm-up
)

buckets = Table(
    "buckets",
    metadata,
    Column("account", Text, primary_key=True),
    Column("span", Text, primary_key=True),  # second | minute | day
    # Mails that may leave; below zero: owed. Of a day: minus those that have left.
    Column("level", Float, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    _one_of("span", "second", "minute", "day"),
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
    Column("mailing_id", Key, ForeignKey("mailings.id"), nullable=False),
    Column("issue", Text, nullable=False),
    Column("subscriber_id", Key, nullable=False),
    # Rises only when an earlier round of this issue ended excluded or refused: nothing went out.
    Column("round", Integer, nullable=False, server_default="0"),
    Column("list_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("values", JSON, nullable=False),  # of the fields that the edition has slots for
    UniqueConstraint("issue", "subscriber_id", "round"),
    # With the number, or PostgreSQL looks for a mailing's first delivery among those of all.
    Index("ix_deliveries_mailing", "mailing_id", "id"),
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
    # Who settled what nobody knew: a login, "provider" or "event"; empty for what a call brought.
    Column("settled_by", Text, nullable=False, server_default=""),
    _one_of("state", "accepted", "refused", "excluded"),
)
