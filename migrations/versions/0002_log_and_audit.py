"""Audit records, and the Merkle log of each site over its entries and audit records."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
APPEND_ONLY = ("audit", "leaf", "node")


def upgrade() -> None:
    """Creates the tables; release 0001 goes on running beside them."""
    _create_audit()
    _create_log()
    if op.get_context().dialect.name == "postgresql":
        _refuse_changes_on_postgresql()
    else:
        _refuse_changes_on_sqlite()


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("audit_id", KEY, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("episode_id", KEY),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "audit_id", name="audit_pkey"),
    )
    op.create_index("audit_episode_idx", "audit", ["site_id", "episode_id", "audit_id"])


def _create_log() -> None:
    op.create_table(
        "unlogged",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("commit_id", KEY, nullable=False),
        sa.Column("leaves", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "commit_id", name="unlogged_pkey"),
    )
    op.create_table(
        "leaf",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("record_id", KEY, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "position", name="leaf_pkey"),
        sa.UniqueConstraint("site_id", "record_id", name="leaf_site_id_record_id_key"),
    )
    op.create_table(
        "node",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "level", "number", name="node_pkey"),
    )
    op.create_table(
        "tree",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("lease_holder", sa.Text),
        sa.Column("lease_until", INSTANT),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="tree_pkey"),
    )


def _refuse_changes_on_postgresql() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")


def _refuse_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for operation in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_append_only_{operation.lower()} BEFORE {operation} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: {operation} refused'); END"
            )
