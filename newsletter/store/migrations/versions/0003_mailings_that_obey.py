"""Mailings that wait, rest and end on demand; approvals, pace, the database's home.

Deliveries are from now on append-only too: only erasing somebody empties theirs.
"""

import sqlalchemy as sa
from alembic import op

from newsletter.store.schema import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _change_tables()
    _make_tables()
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _change_tables() -> None:
    for column in (
        _text("digest"),
        _text("sequence"),
        sa.Column("experiment", sa.JSON(), nullable=True),
        _time("not_before"),
        _time("latest"),
        sa.Column("despite_quiet", sa.Boolean(), server_default=sa.false(), nullable=False),
        _text("state", "open"),
        _text("state_reason"),
        _text("state_by"),
        _time("state_at"),
        _time("resume_at"),
        _time("brake_from"),
    ):
        op.add_column("mailings", column)
    with op.batch_alter_table("mailings") as mailings:
        mailings.create_check_constraint(
            op.f("ck_mailings_state"), "state IN ('open', 'paused', 'cancelled')"
        )
    op.add_column("results", _text("settled_by"))
    op.create_index("ix_events_told", "events", ["kind", "delivery_id"])
    op.drop_index(op.f("ix_deliveries_mailing_id"), "deliveries")
    op.create_index("ix_deliveries_mailing", "deliveries", ["mailing_id", "id"])
    op.create_index("ix_consents_joined", "consents", ["list_id", "act", "recorded_at"])


def _make_tables() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("adopted_by", sa.Text(), nullable=False),
        _time("adopted_at", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "approvals",
        sa.Column("id", Key, nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        _time("approved_at", nullable=False),
        _text("note"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_issue", "approvals", ["issue", "digest"])
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        _time("blocked_until"),
        _text("reason"),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refusals", sa.Integer(), server_default="0", nullable=False),
        _time("warm_since"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_accounts")),
    )
    op.create_table(
        "buckets",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        _time("changed_at", nullable=False),
        sa.CheckConstraint("span IN ('second', 'minute', 'day')", name=op.f("ck_buckets_span")),
        sa.PrimaryKeyConstraint("account", "span", name=op.f("pk_buckets")),
    )


def _text(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, UTCDateTime(), nullable=nullable)


# Erasing empties what tells of the person; whom and what the row counts stays.
_FROZEN = ("id", "mailing_id", "issue", "subscriber_id", "round", "list_id")
_CHANGED = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FROZEN)
_CHANGED = f"{_CHANGED} OR NEW.address <> ''"
_WORDS = "deliveries are append-only"

_SQLITE_DELIVERIES = (
    f"""CREATE TRIGGER deliveries_are_not_changed BEFORE UPDATE ON deliveries
    WHEN {_CHANGED.replace("IS DISTINCT FROM", "IS NOT")}
    BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END""",
    f"""CREATE TRIGGER deliveries_are_not_deleted BEFORE DELETE ON deliveries
    BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END""",
)

_POSTGRESQL_DELIVERIES = (
    f"""CREATE FUNCTION deliveries_are_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NOT ({_CHANGED}) THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    """CREATE TRIGGER deliveries_are_not_changed BEFORE UPDATE OR DELETE ON deliveries
    FOR EACH ROW EXECUTE FUNCTION deliveries_are_not_changed()""",
)

_SQLITE_ONCE = """CREATE TRIGGER approvals_are_not_changed BEFORE UPDATE ON approvals
    BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END"""

_POSTGRESQL_ONCE = (
    """CREATE FUNCTION approvals_are_not_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'approvals are append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    """CREATE TRIGGER approvals_are_not_changed BEFORE UPDATE ON approvals
    FOR EACH ROW EXECUTE FUNCTION approvals_are_not_changed()""",
)

_APPEND_ONLY = {
    "sqlite": [*_SQLITE_DELIVERIES, _SQLITE_ONCE],
    "postgresql": [*_POSTGRESQL_DELIVERIES, *_POSTGRESQL_ONCE],
}
