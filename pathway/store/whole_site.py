"""Everything a site recorded, read in runs: for verification, which looks at each row and at its leaf in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, select, type_coerce
from sqlalchemy.types import NullType

from pathway.store.engines import Engines
from pathway.store.sealing import Sealed
from pathway.store.statements import AUDIT, ENTRY, EPISODE, PATIENT
from pathway.store.tree import LEAF, PlacedLeaf
from pathway.store.values import StoredAudit, StoredEntry, Summary
from pathway.store.walls import reading

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
        with reading(self._engines, self._site) as connection:
            return (
                _count(connection, select(func.count()).where(ENTRY.c.site_id == self._site)),
                _count(connection, select(func.count()).where(AUDIT.c.site_id == self._site)),
            )

    def episodes(self) -> Iterator[list[tuple[Summary, list[PlacedEntry]]]]:
        """The episodes with their logs, in the order of their ids, some at a time, each as of one instant.

        Entries of episodes without a summary row are left out: see `strays`.
        """
        after = ""
        while True:
            found = self._some(EPISODE.c.episode_id > after)
            if not found:
                return
            after = found[-1][0].episode_id
            yield found

    def episode(self, episode_id: str) -> tuple[Summary, list[PlacedEntry]] | None:
        """One episode with its log, as of one instant."""
        found = self._some(EPISODE.c.episode_id == episode_id)
        return found[0] if found else None

    def audits(self) -> Iterator[list[PlacedAudit]]:
        """The audit records in the order of their ids, some at a time."""
        after = ""
        leaf = and_(LEAF.c.site_id == AUDIT.c.site_id, LEAF.c.record_id == AUDIT.c.audit_id)
        while True:
            query = (
                select(*self._columns(AUDIT, StoredAudit), LEAF.c.hash.label("leaf"))
                .select_from(AUDIT.outerjoin(LEAF, leaf))
                .where(AUDIT.c.site_id == self._site, AUDIT.c.audit_id > after)
                .order_by(AUDIT.c.audit_id)
                .limit(RECORDS)
            )
            with reading(self._engines, self._site) as connection:
                found = [
                    PlacedAudit(StoredAudit(*told), leaf)
                    for *told, leaf in self._rows(connection, query, StoredAudit)
                ]
            if not found:
                return
            after = found[-1].record.audit_id
            yield found

    def hashes(self, entry_ids: Iterable[str]) -> dict[str, str]:
        """The hashes of those of these entries that are there, taken of their texts."""
        found: dict[str, str] = {}
        wanted = list(entry_ids)
        with reading(self._engines, self._site) as connection:
            for start in range(0, len(wanted), EPISODES):
                some = ENTRY.c.entry_id.in_(wanted[start : start + EPISODES])
                query = select(ENTRY.c.entry_id, ENTRY.c.body).where(ENTRY.c.site_id == self._site, some)
                rows = connection.execute(query)
                found |= {entry: sha256(str(body).encode()).hexdigest() for entry, body in rows}
        return found

    def strays(self) -> list[tuple[str, str]]:
        """Entries whose episode has no summary row: (episode id, entry id)."""
        whole = and_(EPISODE.c.site_id == ENTRY.c.site_id, EPISODE.c.episode_id == ENTRY.c.episode_id)
        query = (
            select(ENTRY.c.episode_id, ENTRY.c.entry_id)
            .select_from(ENTRY.outerjoin(EPISODE, whole))
            .where(ENTRY.c.site_id == self._site, EPISODE.c.episode_id.is_(None))
        )
        with reading(self._engines, self._site) as connection:
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
        with reading(self._engines, self._site) as connection:
            return [PlacedLeaf(*row) for row in connection.execute(query)]

    def patients(self) -> Iterator[tuple[str, Sealed | None]]:
        """The pseudonyms in order, each with the sealed identifier; None for a patient who was erased."""
        columns = (PATIENT.c[name] for name in ("pseudonym", "lookup", "sealed", "wrapped_key", "key_id"))
        query = select(*columns).where(PATIENT.c.site_id == self._site).order_by(PATIENT.c.pseudonym)
        after = ""
        while True:
            with reading(self._engines, self._site) as connection:
                found = connection.execute(query.where(PATIENT.c.pseudonym > after).limit(RECORDS)).all()
            if not found:
                return
            after = found[-1][0]
            for pseudonym, *kept in found:
                yield pseudonym, None if kept[1] is None else Sealed(*kept)

    def _some(self, which: ColumnElement[bool]) -> list[tuple[Summary, list[PlacedEntry]]]:
        wanted = (
            select(*self._columns(EPISODE, Summary))
            .where(EPISODE.c.site_id == self._site, which)
            .order_by(EPISODE.c.episode_id)
            .limit(EPISODES)
        )
        with reading(self._engines, self._site) as connection:
            summaries = [Summary(*row) for row in self._rows(connection, wanted, Summary)]
            if not summaries:
                return []
            logs: dict[str, list[PlacedEntry]] = {each.episode_id: [] for each in summaries}
            entries = self._entries(summaries[0].episode_id, summaries[-1].episode_id)
            for *told, leaf in self._rows(connection, entries, StoredEntry):
                placed = PlacedEntry(StoredEntry(*told), leaf)
                if placed.entry.episode_id in logs:
                    logs[placed.entry.episode_id].append(placed)
        return [(each, logs[each.episode_id]) for each in summaries]

    def _entries(self, first: str, last: str) -> Select[Any]:
        leaf = and_(LEAF.c.site_id == ENTRY.c.site_id, LEAF.c.record_id == ENTRY.c.entry_id)
        return (
            select(*self._columns(ENTRY, StoredEntry), LEAF.c.hash.label("leaf"))
            .select_from(ENTRY.outerjoin(LEAF, leaf))
            # Not BETWEEN: PostgreSQL takes no collation between it and its AND.
            .where(ENTRY.c.site_id == self._site, ENTRY.c.episode_id >= first, ENTRY.c.episode_id <= last)
            .order_by(ENTRY.c.episode_id, ENTRY.c.sequence)
        )

    def _columns(self, table: Table, value: type[Any]) -> list[ColumnElement[Any]]:
        columns = [table.c[field.name] for field in fields(value)]
        if self._engines.dialect == "postgresql":
            return list(columns)
        # As SQLite has them: whoever has the file may have put anything there, and it is read all the same.
        return [type_coerce(column, NullType()) for column in columns]

    def _rows(self, connection: Connection, query: Select[Any], value: type[Any]) -> Iterator[Sequence[Any]]:
        rows = connection.execute(query).all()
        if self._engines.dialect == "postgresql":
            yield from rows
            return
        readers = [
            (place, _READ[told.type]) for place, told in enumerate(fields(value)) if told.type in _READ
        ]
        for row in rows:
            read = list(row)
            for place, reader in readers:
                read[place] = reader(read[place])
            yield read


def _or_as_it_is(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What cannot be read stays what it is, and will differ from what was sealed."""

    def attempt(told: Any) -> Any:
        try:
            return None if told is None else read(told)
        except (TypeError, ValueError):
            return told

    return attempt


_DATE = _or_as_it_is(date.fromisoformat)
# By the annotations of the values, which are text.
_READ: Final[dict[Any, Callable[[Any], Any]]] = {
    "datetime": _or_as_it_is(datetime.fromisoformat),
    "date": _DATE,
    "date | None": _DATE,
    "bool": lambda told: bool(told) if told in (0, 1) else told,
}


def _count(connection: Connection, query: Select[Any]) -> int:
    found: Sequence[Any] = connection.execute(query).one()
    return int(found[0])
