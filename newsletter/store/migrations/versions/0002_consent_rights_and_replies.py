"""Pauses, full proof, requests that wait for a confirmation, events, the audit log, the sync.

Subscriber numbers are from now on never used twice (SQLite's AUTOINCREMENT).
"""

from typing import Literal

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for statement in _WITHOUT_TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)
    _change_tables()
    _make_texts_and_requests()
    _make_replies_and_events()
    _make_audit_and_sync()
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _change_tables() -> None:
    # Nothing but the rebuilding with AUTOINCREMENT, which only SQLite needs.
    numbered = {"sqlite_autoincrement": True}
    with op.batch_alter_table("subscribers", recreate=_rebuilt(), table_kwargs=numbered):
        pass
    op.add_column("subscriptions", sa.Column("paused_until", UTCDateTime(), nullable=True))
    op.add_column("subscriptions", _text("pause_reason"))
    acts = "act IN ('given', 'withdrawn', 'restored', 'paused', 'resumed')"
    with op.batch_alter_table("consents") as consents:
        consents.drop_constraint(op.f("ck_consents_act"), type_="check")
        consents.create_check_constraint(op.f("ck_consents_act"), acts)
    for name in ("notice", "form", "address"):
        op.add_column("consents", _text(name))
    op.add_column("consents", sa.Column("asked_at", UTCDateTime(), nullable=True))
    op.add_column("suppressions", _text("source"))
    op.add_column("suppressions", sa.Column("expires_at", UTCDateTime(), nullable=True))


def _rebuilt() -> Literal["always", "never"]:
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def _make_texts_and_requests() -> None:
    op.create_table(
        "wordings",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('consent', 'notice')", name=op.f("ck_wordings_kind")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_wordings")),
    )
    op.create_table(
        "requests",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("subscriber_id", Key, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        _text("wording"),
        _text("notice"),
        _text("form"),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('subscribe', 'address', 'export', 'erase')", name=op.f("ck_requests_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_requests_token_hash")),
    )
    op.create_index(op.f("ix_requests_address_key"), "requests", ["address_key"])
    op.create_index(op.f("ix_requests_expires_at"), "requests", ["expires_at"])
    op.create_table(
        "attempts",
        sa.Column("id", Key, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_made_at"), "attempts", ["made_at"])
    op.create_index("ix_attempts_network", "attempts", ["network", "made_at"])


def _make_replies_and_events() -> None:
    op.create_table(
        "replies",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request_id", Key, nullable=True),
        sa.Column("subscriber_id", Key, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        _text("key"),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("not_before", UTCDateTime(), nullable=True),
        sa.Column("handed_at", UTCDateTime(), nullable=True),
        _text("reason"),
        _text("provider_id"),
        sa.Column("queued_at", UTCDateTime(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('confirm', 'already', 'welcome', 'address', 'changed', 'export', 'erase')",
            name=op.f("ck_replies_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'handing_over', 'sent', 'refused', 'unknown', 'dropped')",
            name=op.f("ck_replies_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
    )
    op.create_index("ix_replies_next", "replies", ["state", "id"])
    op.create_index("ix_replies_address", "replies", ["address_key", "queued_at"])
    op.create_index("ix_replies_kind", "replies", ["kind", "queued_at"])
    op.create_table(
        "events",
        sa.Column("id", Key, nullable=False),
        sa.Column("subscriber_id", Key, nullable=False),
        _text("list_id"),
        sa.Column("delivery_id", Key, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        _text("bounce"),
        _text("code"),
        _text("text"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("happened_at", UTCDateTime(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('delivered', 'deferred', 'bounced', 'rejected', 'complained', "
            "'unsubscribed')",
            name=op.f("ck_events_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_events_source_source_id")),
    )
    op.create_index(op.f("ix_events_subscriber_id"), "events", ["subscriber_id"])
    op.create_index(op.f("ix_events_recorded_at"), "events", ["recorded_at"])


def _make_audit_and_sync() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Key, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subscriber_id", Key, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])
    op.create_index(op.f("ix_audit_subscriber_id"), "audit", ["subscriber_id"])
    op.create_table(
        "sync_calls",
        sa.Column("id", Key, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("called_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_calls")),
    )
    op.create_index("ix_sync_calls_account", "sync_calls", ["account", "called_at"])
    op.create_table(
        "sync_marks",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_sync_marks")),
    )
    op.create_table(
        "sync_rows",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=True),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account", "list_id", "address_key", name=op.f("pk_sync_rows")),
    )
    op.create_table(
        "farewells",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("service", "address_key", name=op.f("pk_farewells")),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


# What is proof or ledger is never changed or deleted while its subscriber has a subscription:
# erasing somebody (GDPR 17) takes the subscriptions first, then what is left of them.
_KEPT = {
    "consents": "SELECT 1 FROM subscriptions WHERE subscriber_id = OLD.subscriber_id",
    "results": """SELECT 1 FROM deliveries JOIN subscriptions
        ON subscriptions.subscriber_id = deliveries.subscriber_id
        WHERE deliveries.id = OLD.delivery_id""",
}

# These are never changed; the retention job deletes what is old.
_WRITTEN_ONCE = ("wordings", "events", "audit")

_WITHOUT_TRIGGERS = {
    "sqlite": [
        f"DROP TRIGGER {table}_are_not_{fate}" for table in _KEPT for fate in ("changed", "deleted")
    ],
    "postgresql": [
        statement
        for table in _KEPT
        for statement in (
            f"DROP TRIGGER {table}_are_not_changed ON {table}",
            f"DROP FUNCTION {table}_are_not_changed()",
        )
    ],
}

_SQLITE = """CREATE TRIGGER {table}_are_not_{fate} BEFORE {event} ON {table} WHEN EXISTS ({kept})
    BEGIN SELECT RAISE(ABORT, '{table} are append-only while a subscription stands'); END"""

_SQLITE_ONCE = """CREATE TRIGGER {table}_are_not_changed BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"""

_POSTGRESQL = (
    """CREATE FUNCTION {table}_are_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS ({kept}) THEN
            RAISE EXCEPTION '{table} are append-only while a subscription stands'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
    END $$""",
    """CREATE TRIGGER {table}_are_not_changed BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_are_not_changed()""",
)

_POSTGRESQL_ONCE = (
    """CREATE FUNCTION {table}_are_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{table} are append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    """CREATE TRIGGER {table}_are_not_changed BEFORE UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_are_not_changed()""",
)

_APPEND_ONLY = {
    "sqlite": [
        *(
            _SQLITE.format(table=table, kept=kept, fate=fate, event=event)
            for table, kept in _KEPT.items()
            for fate, event in (("changed", "UPDATE"), ("deleted", "DELETE"))
        ),
        *(_SQLITE_ONCE.format(table=table) for table in _WRITTEN_ONCE),
    ],
    "postgresql": [
        *(
            statement.format(table=table, kept=kept)
            for table, kept in _KEPT.items()
            for statement in _POSTGRESQL
        ),
        *(
            statement.format(table=table)
            for table in _WRITTEN_ONCE
            for statement in _POSTGRESQL_ONCE
        ),
    ],
}
