"""Patients' identifiers sealed under keys of their own and found by a blind index; requests' digests blinded.

What stood in plain text is sealed here, with the key that `pathway.store.migrate` brings, and is gone afterwards:
a release that would write plain text cannot run beside this one (docs/decisions/sealed_identifiers.md).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from pathway.store.sealing import IdentifierKey

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
TOGETHER = 1_000
PLAIN = sa.table(
    "patient_in_plain", *(sa.column(name) for name in ("site_id", "pseudonym", "system", "value"))
)
SEALED = sa.table(
    "patient",
    *(sa.column(name) for name in ("site_id", "pseudonym", "lookup", "sealed", "wrapped_key", "key_id")),
)
KEYS = sa.table("identifier_key", sa.column("site_id"), sa.column("key_id"))
ANSWER = sa.table("answer", *(sa.column(name) for name in ("site_id", "client_id", "key", "request_digest")))


def upgrade() -> None:
    """Makes the new table beside the old one, seals every row into it, and drops the old one."""
    on_postgresql = op.get_context().dialect.name == "postgresql"
    if on_postgresql:  # where the names of constraints are shared by all tables
        op.execute("ALTER TABLE patient RENAME CONSTRAINT patient_pkey TO patient_in_plain_pkey")
        op.execute("ALTER TABLE patient DROP CONSTRAINT patient_site_id_system_value_key")
    op.rename_table("patient", "patient_in_plain")
    _create()
    key = _Key(op.get_bind())
    _seal_patients(key)
    op.drop_table("patient_in_plain")
    _change_answers(key, on_postgresql=on_postgresql)


def _create() -> None:
    op.create_table(
        "patient",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("pseudonym", KEY, nullable=False),
        sa.Column("lookup", KEY),
        sa.Column("sealed", sa.Text),
        sa.Column("wrapped_key", sa.Text),
        sa.Column("key_id", sa.Text),
        sa.Column("held_because", sa.Text),
        sa.Column("held_by", sa.Text),
        sa.Column("held_at", INSTANT),
        sa.Column("erased_at", INSTANT),
        sa.Column("erased_by", sa.Text),
        sa.PrimaryKeyConstraint("site_id", "pseudonym", name="patient_pkey"),
        sa.UniqueConstraint("site_id", "lookup", name="patient_site_id_lookup_key"),
    )
    op.create_table(
        "identifier_key",
        sa.Column("site_id", KEY, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="identifier_key_pkey"),
    )


class _Key:
    """The installation's key, asked for only where there is something to seal."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def __call__(self) -> IdentifierKey:
        key: IdentifierKey = context.config.attributes["identifier_key"]()
        return key

    def pages(self, query: sa.Select[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
        """The rows of the query, so many at a time."""
        yield from self.connection.execute(query).partitions(TOGETHER)


def _seal_patients(key: _Key) -> None:
    for rows in key.pages(sa.select(PLAIN)):
        own = key()
        sealed = [(row, own.seal(row.site_id, row.pseudonym, row.system, row.value)) for row in rows]
        key.connection.execute(
            sa.insert(SEALED),
            [
                {
                    "site_id": row.site_id,
                    "pseudonym": row.pseudonym,
                    "lookup": kept.lookup,
                    "sealed": kept.sealed,
                    "wrapped_key": kept.wrapped_key,
                    "key_id": kept.key_id,
                }
                for row, kept in sealed
            ],
        )
    sites = key.connection.scalars(sa.select(PLAIN.c.site_id).distinct()).all()
    if sites:
        key.connection.execute(sa.insert(KEYS), [{"site_id": site, "key_id": key().id} for site in sites])


def _change_answers(key: _Key, *, on_postgresql: bool) -> None:
    """A plain digest of a request that names a patient tells who it was to whoever tries all identifiers."""
    if key.connection.scalar(sa.select(sa.func.count()).select_from(ANSWER)) == 0:
        return
    if on_postgresql:
        op.execute("ALTER TABLE answer DISABLE TRIGGER answer_append_only")
    else:
        op.execute("DROP TRIGGER answer_append_only_update")
    changing = (
        sa.update(ANSWER)
        .where(*(ANSWER.c[name] == sa.bindparam(f"of_{name}") for name in ("site_id", "client_id", "key")))
        .values(request_digest=sa.bindparam("blinded"))
    )
    for rows in list(key.pages(sa.select(ANSWER))):
        own = key()
        blinded = [
            {
                "of_site_id": row.site_id,
                "of_client_id": row.client_id,
                "of_key": row.key,
                "blinded": own.blinded(row.site_id, row.request_digest),
            }
            for row in rows
        ]
        key.connection.execute(changing, blinded)
    if on_postgresql:
        op.execute("ALTER TABLE answer ENABLE ALWAYS TRIGGER answer_append_only")
    else:
        op.execute(
            "CREATE TRIGGER answer_append_only_update BEFORE UPDATE ON answer"
            " BEGIN SELECT RAISE(ABORT, 'answer is append-only: UPDATE refused'); END"
        )
