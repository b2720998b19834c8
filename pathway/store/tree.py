"""The Merkle log of each site as the database keeps it: what was committed is given its place, once, by one worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Connection, and_, delete, insert, or_, select, true, update

from pathway.proof.merkle import EMPTY, FAN, Nodes, complete, needed, node_hash, root
from pathway.store import tables
from pathway.store.engines import Engines
from pathway.store.statements import ENTRY, TREE, UNLOGGED, table_of
from pathway.store.walls import reading, sites, writing

LEAF, NODE = table_of(tables.Leaf), table_of(tables.Node)

COMMITS: Final = 1_000
"""Commits that are integrated in one transaction; the writer waits that long at most."""

_TOGETHER: Final = 500


@dataclass(frozen=True, slots=True)
class Head:
    """How far the log of a site has come: so many leaves under this root."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class PlacedLeaf:
    """A record's place in the log of its site; of an entry also its episode and its number there."""

    position: int
    kind: str
    record_id: str
    hash: str
    episode: str | None = None
    sequence: int | None = None


_PLACED: Final = (LEAF.c.position, LEAF.c.kind, LEAF.c.record_id, LEAF.c.hash)


class MerkleLog:
    """The logs of all sites. Every call raises `StoreError` when the database does not take it."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def sites(self) -> list[str]:
        """The sites that have a log, which are those that recorded anything."""
        return sites(self._engines)

    def head(self, site_id: str) -> Head:
        """How far the log has come; an empty one for a site that recorded nothing."""
        with reading(self._engines, site_id) as connection:
            found = connection.execute(
                select(TREE.c.size, TREE.c.root).where(TREE.c.site_id == site_id)
            ).first()
        return Head(*found) if found else Head(0, EMPTY)

    def integrate(
        self, site_id: str, now: datetime, holder: str | None = None, lease: timedelta = timedelta()
    ) -> Head | None:
        """Gives what was committed its places; None while another holder has the lease.

        Records come in the order of their commits' ids. Several calls may be needed to take in everything:
        each takes at most so many commits. The lease goes to `holder` for so long; without a holder the log is
        taken further whoever has the lease, which keeps workers from doing the same work twice and nothing else.
        """
        with writing(self._engines, site_id) as connection:
            known = _locked(connection, site_id)
            if known is None:
                return Head(0, EMPTY)
            if holder and known.lease_holder not in (None, holder) and known.lease_until > now:
                return None
            commits = connection.execute(
                select(UNLOGGED.c.commit_id, UNLOGGED.c.leaves)
                .where(UNLOGGED.c.site_id == site_id)
                .order_by(UNLOGGED.c.commit_id)
                .limit(COMMITS)
            ).all()
            head = Head(known.size, known.root)
            if commits:
                leaves = [leaf for commit in commits for leaf in orjson.loads(commit.leaves)]
                head = _grown(connection, site_id, known.size, leaves)
                _forget(connection, site_id, [commit.commit_id for commit in commits])
            changed = {"size": head.size, "root": head.root, "updated_at": now}
            leased = {"lease_holder": holder, "lease_until": now + lease} if holder else {}
            connection.execute(update(TREE).where(TREE.c.site_id == site_id).values(**changed, **leased))
            return head

    def waiting(self, site_id: str) -> dict[str, str]:
        """The records that wait for their place, by id, and the hashes of their leaves."""
        with reading(self._engines, site_id) as connection:
            found = connection.scalars(select(UNLOGGED.c.leaves).where(UNLOGGED.c.site_id == site_id)).all()
        return {record: hashed for leaves in found for _, record, hashed in orjson.loads(leaves)}

    def nodes(self, site_id: str, size: int, positions: Sequence[int] = ()) -> Nodes:
        """What the root of the first `size` leaves and the paths of some of them are made of."""
        with reading(self._engines, site_id) as connection:
            kept = _kept(connection, site_id, needed(size, positions))
        return lambda level, number: kept[level, number]

    def placed(self, site_id: str, record_ids: Iterable[str]) -> dict[str, PlacedLeaf]:
        """The leaves of records by their ids; those that have no place yet are left out."""
        found: dict[str, PlacedLeaf] = {}
        wanted = list(record_ids)
        with reading(self._engines, site_id) as connection:
            for start in range(0, len(wanted), _TOGETHER):
                some = LEAF.c.record_id.in_(wanted[start : start + _TOGETHER])
                query = select(*_PLACED).where(LEAF.c.site_id == site_id, some)
                found |= {row.record_id: PlacedLeaf(*row) for row in connection.execute(query)}
        return found

    def hashes(self, site_id: str, first: int, behind: int) -> list[tuple[int, str]]:
        """Place and hash of the leaves from `first` up to, but without, `behind`, in order."""
        query = (
            select(LEAF.c.position, LEAF.c.hash)
            .where(LEAF.c.site_id == site_id, LEAF.c.position >= first, LEAF.c.position < behind)
            .order_by(LEAF.c.position)
        )
        with reading(self._engines, site_id) as connection:
            return [(position, hashed) for position, hashed in connection.execute(query).all()]

    def leaves(self, site_id: str, first: int, behind: int) -> list[PlacedLeaf]:
        """The leaves from `first` up to, but without, `behind`, in order."""
        entry = and_(ENTRY.c.site_id == LEAF.c.site_id, ENTRY.c.entry_id == LEAF.c.record_id)
        query = (
            select(*_PLACED, ENTRY.c.episode_id, ENTRY.c.sequence)
            .select_from(LEAF.outerjoin(ENTRY, entry))
            .where(LEAF.c.site_id == site_id, LEAF.c.position >= first, LEAF.c.position < behind)
            .order_by(LEAF.c.position)
        )
        with reading(self._engines, site_id) as connection:
            return [PlacedLeaf(*row) for row in connection.execute(query)]

    def whole(self, site_id: str) -> tuple[Head, dict[tuple[int, int], str]]:
        """How far the log has come, and every node that is kept, by level and number: both as of one instant."""
        tree = select(TREE.c.size, TREE.c.root).where(TREE.c.site_id == site_id).subquery()
        here = select(NODE.c.level, NODE.c.number, NODE.c.hash).where(NODE.c.site_id == site_id).subquery()
        query = select(tree, here).select_from(tree.outerjoin(here, true()))
        with reading(self._engines, site_id) as connection:
            rows = connection.execute(query).all()
        nodes = {(level, number): hashed for _, _, level, number, hashed in rows if hashed is not None}
        return (Head(rows[0].size, rows[0].root) if rows else Head(0, EMPTY)), nodes


def _locked(connection: Connection, site_id: str) -> Any:
    query = select(TREE).where(TREE.c.site_id == site_id).with_for_update()
    return connection.execute(query).first()


def _grown(connection: Connection, site_id: str, size: int, leaves: Sequence[Sequence[str]]) -> Head:
    """Writes the leaves behind the first `size`, and the nodes that they complete."""
    grown = size + len(leaves)
    kept = _kept(connection, site_id, needed(size))
    kept |= {(0, size + place): hashed for place, (_, _, hashed) in enumerate(leaves)}
    placed = [
        {"site_id": site_id, "position": size + place, "kind": kind, "record_id": record, "hash": hashed}
        for place, (kind, record, hashed) in enumerate(leaves)
    ]
    connection.execute(insert(LEAF), placed)
    nodes = []
    for level, number in complete(size, grown):
        hashed = _over(kept, level - 1, number * FAN, FAN)
        kept[level, number] = hashed
        nodes.append({"site_id": site_id, "level": level, "number": number, "hash": hashed})
    if nodes:
        connection.execute(insert(NODE), nodes)
    return Head(grown, root(grown, lambda level, number: kept[level, number]))


def _over(kept: dict[tuple[int, int], str], level: int, first: int, count: int) -> str:
    row = [kept[level, first + place] for place in range(count)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _kept(
    connection: Connection, site_id: str, wanted: Iterable[tuple[int, int, int]]
) -> dict[tuple[int, int], str]:
    kept: dict[tuple[int, int], str] = {}
    ranges = sorted(wanted)
    lowest = [
        and_(LEAF.c.position >= first, LEAF.c.position < behind)
        for level, first, behind in ranges
        if level == 0
    ]
    higher = [
        and_(NODE.c.level == level, NODE.c.number >= first, NODE.c.number < behind)
        for level, first, behind in ranges
        if level
    ]
    for start in range(0, len(lowest), _TOGETHER):
        some = or_(*lowest[start : start + _TOGETHER])
        query = select(LEAF.c.position, LEAF.c.hash).where(LEAF.c.site_id == site_id, some)
        kept |= {(0, position): hashed for position, hashed in connection.execute(query)}
    for start in range(0, len(higher), _TOGETHER):
        some = or_(*higher[start : start + _TOGETHER])
        found = select(NODE.c.level, NODE.c.number, NODE.c.hash).where(NODE.c.site_id == site_id, some)
        kept |= {(level, number): hashed for level, number, hashed in connection.execute(found)}
    return kept


def _forget(connection: Connection, site_id: str, commit_ids: Sequence[str]) -> None:
    for start in range(0, len(commit_ids), _TOGETHER):
        some = UNLOGGED.c.commit_id.in_(commit_ids[start : start + _TOGETHER])
        connection.execute(delete(UNLOGGED).where(UNLOGGED.c.site_id == site_id, some))
