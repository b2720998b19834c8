"""The rows of the database; `site_id` comes first in every key, so that nothing ever crosses a site."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, ForeignKeyConstraint, Index, MetaData, Text, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC: `timestamptz` on PostgreSQL, ISO 8601 text of fixed width on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where the database has no type for an instant."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database; raises `ValueError` for an instant without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        in_utc = value.astimezone(UTC)
        return in_utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database, in UTC whatever zone the connection is in."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


# Ids and keys sort by their bytes on both databases, whatever language PostgreSQL was set up in.
Key = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(referred_table_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


class Row(SQLModel):
    """What the rows share: one catalogue of tables, apart from any other use of SQLModel."""

    metadata = metadata


class Patient(Row, table=True):
    """Who a pseudonym is, sealed; after an erasure nothing but that there was somebody."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("site_id", "lookup"),)

    site_id: str = Field(primary_key=True, sa_type=Key)
    pseudonym: str = Field(primary_key=True, sa_type=Key)
    lookup: str | None = Field(sa_type=Key)
    sealed: str | None = Field(sa_type=Text)
    wrapped_key: str | None = Field(sa_type=Text)
    key_id: str | None = Field(sa_type=Text)
    held_because: str | None = Field(sa_type=Text)
    held_by: str | None = Field(sa_type=Text)
    held_at: datetime | None = Field(sa_type=Instant)
    erased_at: datetime | None = Field(sa_type=Instant)
    erased_by: str | None = Field(sa_type=Text)


class IdentifierKey(Row, table=True):
    """Under which key a site's identifiers are sealed (its name, never the key), since the first patient."""

    __tablename__ = "identifier_key"

    site_id: str = Field(primary_key=True, sa_type=Key)
    key_id: str = Field(sa_type=Text)


class Episode(Row, table=True):
    """The summary of one episode, replaced with each write; everything in it follows from the log."""

    __tablename__ = "episode"
    __table_args__ = (
        Index(
            "episode_one_open_idx",
            "site_id",
            "pseudonym",
            "pathway_id",
            unique=True,
            sqlite_where=text("is_open"),
            postgresql_where=text("is_open"),
        ),
        Index("episode_worklist_idx", "site_id", "is_open", "due_target", "episode_id"),
        Index(
            "episode_urgent_idx",
            "site_id",
            "is_open",
            "due_target",
            "episode_id",
            sqlite_where=text("urgent IS NULL OR urgent > 0"),
            postgresql_where=text("urgent IS NULL OR urgent > 0"),
        ),
        Index("episode_pseudonym_idx", "site_id", "pseudonym"),
    )

    site_id: str = Field(primary_key=True, sa_type=Key)
    episode_id: str = Field(primary_key=True, sa_type=Key)
    pseudonym: str = Field(sa_type=Key)
    pathway_id: str = Field(sa_type=Key)
    pathway_version: int
    content_hash: str = Field(sa_type=Text)
    engine: str = Field(sa_type=Text)
    time_zone: str = Field(sa_type=Text)
    opened_on: date
    is_open: bool
    state: str = Field(sa_type=Text)
    head_sequence: int
    head_hash: str = Field(sa_type=Text)
    head_recorded_at: datetime = Field(sa_type=Instant)
    facts_digest: str = Field(sa_type=Text)
    last_on: date
    snapshot: str = Field(sa_type=Text)
    recommended: str | None = Field(sa_type=Text)
    needs_tumour_board: bool
    due_what: str | None = Field(sa_type=Text)
    due_earliest: date | None
    due_target: date | None
    due_latest: date | None
    missing: int
    waiting: int
    reviews: int
    urgent: int | None


class Entry(Row, table=True):
    """One entry of the log. Append-only."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("site_id", "entry_id"),
        ForeignKeyConstraint(["site_id", "episode_id"], ["episode.site_id", "episode.episode_id"]),
    )

    site_id: str = Field(primary_key=True, sa_type=Key)
    episode_id: str = Field(primary_key=True, sa_type=Key)
    sequence: int = Field(primary_key=True)
    entry_id: str = Field(sa_type=Key)
    kind: str = Field(sa_type=Text)
    occurred_on: date
    recorded_at: datetime = Field(sa_type=Instant)
    actor: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    prev_hash: str = Field(sa_type=Text)
    hash: str = Field(sa_type=Text)
    recommendation: str | None = Field(sa_type=Text)


class Message(Row, table=True):
    """Which entry a source system's message became. Append-only."""

    __tablename__ = "message"

    site_id: str = Field(primary_key=True, sa_type=Key)
    system: str = Field(primary_key=True, sa_type=Key)
    message_id: str = Field(primary_key=True, sa_type=Key)
    content_digest: str = Field(sa_type=Text)
    episode_id: str = Field(sa_type=Key)
    entry_id: str = Field(sa_type=Key)


class Answer(Row, table=True):
    """What was answered to a request with an idempotency key, kept for ever. Append-only."""

    __tablename__ = "answer"

    site_id: str = Field(primary_key=True, sa_type=Key)
    client_id: str = Field(primary_key=True, sa_type=Key)
    key: str = Field(primary_key=True, sa_type=Key)
    request_digest: str = Field(sa_type=Text)
    outcome: str = Field(sa_type=Text)
    document: str = Field(sa_type=Text)
    location: str | None = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=Instant)


class Audit(Row, table=True):
    """Who did or read what, one record for each operation, sealed like an entry. Append-only."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_episode_idx", "site_id", "episode_id", "audit_id"),)

    site_id: str = Field(primary_key=True, sa_type=Key)
    audit_id: str = Field(primary_key=True, sa_type=Key)
    recorded_at: datetime = Field(sa_type=Instant)
    subject: str = Field(sa_type=Key)
    client_id: str = Field(sa_type=Text)
    operation: str = Field(sa_type=Text)
    episode_id: str | None = Field(sa_type=Key)
    outcome: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    hash: str = Field(sa_type=Text)


class Unlogged(Row, table=True):
    """What one commit added and the Merkle log of the site does not have yet; gone once it has."""

    __tablename__ = "unlogged"

    site_id: str = Field(primary_key=True, sa_type=Key)
    commit_id: str = Field(primary_key=True, sa_type=Key)
    leaves: str = Field(sa_type=Text)


class Leaf(Row, table=True):
    """Where an entry or an audit record stands in the Merkle log of its site. Append-only."""

    __tablename__ = "leaf"
    __table_args__ = (UniqueConstraint("site_id", "record_id"),)

    site_id: str = Field(primary_key=True, sa_type=Key)
    position: int = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    record_id: str = Field(sa_type=Key)
    hash: str = Field(sa_type=Text)


class Node(Row, table=True):
    """The root of a complete subtree of 256 to the power of `level` leaves of the Merkle log. Append-only."""

    __tablename__ = "node"

    site_id: str = Field(primary_key=True, sa_type=Key)
    level: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    hash: str = Field(sa_type=Text)


class Tree(Row, table=True):
    """How far the Merkle log of a site has come, and which worker is taking it further."""

    __tablename__ = "tree"

    site_id: str = Field(primary_key=True, sa_type=Key)
    size: int
    root: str = Field(sa_type=Text)
    lease_holder: str | None = Field(sa_type=Text)
    lease_until: datetime | None = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)


SITE_TABLES = tuple(table.name for table in metadata.sorted_tables if "site_id" in table.columns)
"""The tables whose rows belong to a site; a wall in the database keeps each site to its own."""

APPEND_ONLY = ("entry", "message", "answer", "audit", "leaf", "node")
"""The tables whose rows are never changed nor removed; triggers refuse it."""
