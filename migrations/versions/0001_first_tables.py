"""The tables of the first release: patients, episodes, the log, business keys and stored answers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
APPEND_ONLY = ("entry", "message", "answer")


def upgrade() -> None:
    """Creates everything."""
    _create_patient()
    _create_episode()
    _create_entry()
    _create_message()
    _create_answer()
    if op.get_context().dialect.name == "postgresql":
        _refuse_changes_on_postgresql()
        _store_texts_cheaply()
    else:
        _refuse_changes_on_sqlite()


def _create_patient() -> None:
    op.create_table(
        "patient",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("pseudonym", KEY, nullable=False),
        sa.Column("system", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "pseudonym", name="patient_pkey"),
        sa.UniqueConstraint("site_id", "system", "value", name="patient_site_id_system_value_key"),
    )


def _create_episode() -> None:
    op.create_table(
        "episode",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("episode_id", KEY, nullable=False),
        sa.Column("pseudonym", KEY, nullable=False),
        sa.Column("pathway_id", KEY, nullable=False),
        sa.Column("pathway_version", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("head_sequence", sa.Integer, nullable=False),
        sa.Column("head_hash", sa.Text, nullable=False),
        sa.Column("head_recorded_at", INSTANT, nullable=False),
        sa.Column("facts_digest", sa.Text, nullable=False),
        sa.Column("last_on", sa.Date, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("recommended", sa.Text),
        sa.Column("needs_tumour_board", sa.Boolean, nullable=False),
        sa.Column("due_what", sa.Text),
        sa.Column("due_earliest", sa.Date),
        sa.Column("due_target", sa.Date),
        sa.Column("due_latest", sa.Date),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("waiting", sa.Integer, nullable=False),
        sa.Column("reviews", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "episode_id", name="episode_pkey"),
    )
    op.create_index(
        "episode_one_open_idx",
        "episode",
        ["site_id", "pseudonym", "pathway_id"],
        unique=True,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("episode_worklist_idx", "episode", ["site_id", "is_open", "due_target", "episode_id"])
    op.create_index("episode_pseudonym_idx", "episode", ["site_id", "pseudonym"])


def _create_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("episode_id", KEY, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("occurred_on", sa.Date, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("recommendation", sa.Text),
        sa.PrimaryKeyConstraint("site_id", "episode_id", "sequence", name="entry_pkey"),
        sa.UniqueConstraint("site_id", "entry_id", name="entry_site_id_entry_id_key"),
        sa.ForeignKeyConstraint(
            ["site_id", "episode_id"], ["episode.site_id", "episode.episode_id"], name="entry_episode_fkey"
        ),
    )


def _create_message() -> None:
    op.create_table(
        "message",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("system", KEY, nullable=False),
        sa.Column("message_id", KEY, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("episode_id", KEY, nullable=False),
        sa.Column("entry_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "system", "message_id", name="message_pkey"),
    )


def _create_answer() -> None:
    op.create_table(
        "answer",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("client_id", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("location", sa.Text),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "client_id", "key", name="answer_pkey"),
    )


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP"
        " USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        # ALWAYS: session_replication_role = replica would otherwise pass an ordinary trigger by.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")


def _store_texts_cheaply() -> None:
    # An episode's row is replaced with each event: compressing its snapshot costs more than it saves.
    op.execute("ALTER TABLE episode SET (toast_tuple_target = 8160)")
    offers_lz4 = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"
    if op.get_bind().scalar(sa.text(offers_lz4)):
        for table, column in (("entry", "body"), ("entry", "recommendation"), ("answer", "document")):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION lz4")
    else:
        # The other compression takes longer for an answer than all else that is written with it.
        op.execute("ALTER TABLE answer ALTER COLUMN document SET STORAGE EXTERNAL")


def _refuse_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for operation in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_append_only_{operation.lower()} BEFORE {operation} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: {operation} refused'); END"
            )
