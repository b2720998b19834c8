"""Everything a site recorded, read in runs: for verification, which looks at each row and at its leaf in the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from pathway.store.engines import Engines, fault
from pathway.store.statements import AUDIT, ENTRY, EPISODE
from pathway.store.tables import APPEND_ONLY
from pathway.store.tree import LEAF, PlacedLeaf
from pathway.store.values import StoredAudit, StoredEntry, Summary

EPISODES: Final = 200
"""Episodes that are read together."""

RECORDS: Final = 2_000


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry, and the hash of its leaf: None where the log has none."""

    entry: StoredEntry
    leaf: str | None


@dataclass(frozen=True, slots=True)
class PlacedAudit:
    """An audit record, and the hash of its leaf: None where the log has none."""

    record: StoredAudit
    leaf: str | None


class WholeSite:
    """The rows of one site. Every call raises `StoreError` when there is no answer."""

    def __init__(self, engines: Engines, site_id: str) -> None:
        self._engines = engines
        self._site = site_id

    def counts(self) -> tuple[int, int]:
        """How many entries and how many audit records there are."""
        with self._reading() as connection:
            return (
                _count(connection, select(func.count()).where(ENTRY.c.site_id == self._site)),
                _count(connection, select(func.count()).where(AUDIT.c.site_id == self._site)),
            )

    def episodes(self) -> Iterator[list[tuple[Summary, list[PlacedEntry]]]]:
        """The episodes with their logs, in the order of their ids, some at a time.

        Entries of episodes without a summary row are left out: see `strays`.
        """
        after = ""
        while True:
            with self._reading() as connection:
                query = (
                    select(*(EPISODE.c[field.name] for field in fields(Summary)))
                    .where(EPISODE.c.site_id == self._site, EPISODE.c.episode_id > after)
                    .order_by(EPISODE.c.episode_id)
                    .limit(EPISODES)
                )
                summaries = [Summary(*row) for row in connection.execute(query)]
                if not summaries:
                    return
                first, after = summaries[0].episode_id, summaries[-1].episode_id
                logs: dict[str, list[PlacedEntry]] = {each.episode_id: [] for each in summaries}
                for row in connection.execute(self._entries(first, after)):
                    placed = PlacedEntry(StoredEntry(*row[:-1]), row[-1])
                    if placed.entry.episode_id in logs:
                        logs[placed.entry.episode_id].append(placed)
            yield [(each, logs[each.episode_id]) for each in summaries]

    def audits(self) -> Iterator[list[PlacedAudit]]:
        """The audit records in the order of their ids, some at a time."""
        after = ""
        names = [AUDIT.c[field.name] for field in fields(StoredAudit)]
        leaf = and_(LEAF.c.site_id == AUDIT.c.site_id, LEAF.c.record_id == AUDIT.c.audit_id)
        while True:
            query = (
                select(*names, LEAF.c.hash.label("leaf"))
                .select_from(AUDIT.outerjoin(LEAF, leaf))
                .where(AUDIT.c.site_id == self._site, AUDIT.c.audit_id > after)
                .order_by(AUDIT.c.audit_id)
                .limit(RECORDS)
            )
            with self._reading() as connection:
                found = [PlacedAudit(StoredAudit(*row[:-1]), row[-1]) for row in connection.execute(query)]
            if not found:
                return
            after = found[-1].record.audit_id
            yield found

    def strays(self) -> list[tuple[str, str]]:
        """Entries whose episode has no summary row: (episode id, entry id)."""
        whole = and_(EPISODE.c.site_id == ENTRY.c.site_id, EPISODE.c.episode_id == ENTRY.c.episode_id)
        query = (
            select(ENTRY.c.episode_id, ENTRY.c.entry_id)
            .select_from(ENTRY.outerjoin(EPISODE, whole))
            .where(ENTRY.c.site_id == self._site, EPISODE.c.episode_id.is_(None))
        )
        with self._reading() as connection:
            return [(row.episode_id, row.entry_id) for row in connection.execute(query)]

    def orphans(self) -> list[PlacedLeaf]:
        """The leaves whose record is gone."""
        entry = and_(ENTRY.c.site_id == LEAF.c.site_id, ENTRY.c.entry_id == LEAF.c.record_id)
        audit = and_(AUDIT.c.site_id == LEAF.c.site_id, AUDIT.c.audit_id == LEAF.c.record_id)
        query = (
            select(LEAF.c.position, LEAF.c.kind, LEAF.c.record_id, LEAF.c.hash)
            .select_from(LEAF.outerjoin(ENTRY, entry).outerjoin(AUDIT, audit))
            .where(LEAF.c.site_id == self._site, ENTRY.c.entry_id.is_(None), AUDIT.c.audit_id.is_(None))
            .order_by(LEAF.c.position)
        )
        with self._reading() as connection:
            return [PlacedLeaf(*row) for row in connection.execute(query)]

    def missing_triggers(self) -> list[str]:
        """The append-only tables whose rows the database no longer keeps from being changed."""
        with self._reading() as connection:
            if self._engines.dialect == "sqlite":
                found = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
                kept = {
                    table
                    for table in APPEND_ONLY
                    if {f"{table}_append_only_update", f"{table}_append_only_delete"} <= found
                }
            else:
                always = text(
                    "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                    " WHERE t.tgname = c.relname || '_append_only' AND t.tgenabled = 'A'"
                )
                kept = set(connection.scalars(always))
        return [table for table in APPEND_ONLY if table not in kept]

    def _entries(self, first: str, last: str) -> Select[Any]:
        names = [ENTRY.c[field.name] for field in fields(StoredEntry)]
        leaf = and_(LEAF.c.site_id == ENTRY.c.site_id, LEAF.c.record_id == ENTRY.c.entry_id)
        return (
            select(*names, LEAF.c.hash.label("leaf"))
            .select_from(ENTRY.outerjoin(LEAF, leaf))
            # Not BETWEEN: PostgreSQL takes no collation between it and its AND.
            .where(ENTRY.c.site_id == self._site, ENTRY.c.episode_id >= first, ENTRY.c.episode_id <= last)
            .order_by(ENTRY.c.episode_id, ENTRY.c.sequence)
        )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engines.read.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise fault(error) from None


def _count(connection: Connection, query: Select[Any]) -> int:
    found: Sequence[Any] = connection.execute(query).one()
    return int(found[0])
