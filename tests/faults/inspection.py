"""Compares what is stored with what was acknowledged; knows the tables, and none of the code that wrote them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from tests.faults.clients import Acknowledged
from tests.faults.serving import SITE

CREATED = 201


@dataclass(frozen=True)
class Stored:
    """The rows of one database, all of them of one site."""

    entries: list[tuple[str, int, str, str, str, str]]
    """Episode, sequence, entry id, hash, hash of the one before, body; in the order of the log."""
    heads: dict[str, tuple[int, str]]
    audits: list[str]
    logged: list[str]
    """The ids of all records that are in the Merkle log or wait to be."""


def stored(url: str) -> Stored:
    """Everything in the database at `url`, read with the driver alone."""
    return Stored(
        entries=_rows(
            url,
            "SELECT episode_id, sequence, entry_id, hash, prev_hash, body FROM entry ORDER BY episode_id, sequence",
        ),
        heads={
            episode: (sequence, hashed)
            for episode, sequence, hashed in _rows(
                url, "SELECT episode_id, head_sequence, head_hash FROM episode"
            )
        },
        audits=[audit for (audit,) in _rows(url, "SELECT audit_id FROM audit")],
        logged=[
            *(record for (record,) in _rows(url, "SELECT record_id FROM leaf")),
            *(
                record
                for (leaves,) in _rows(url, "SELECT leaves FROM unlogged")
                for _, record, _ in json.loads(leaves)
            ),
        ],
    )


def _rows(url: str, query: str) -> list[Any]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(parsed.database))) as connection:
            return connection.execute(query).fetchall()
    address = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, connect_timeout=30) as connection_:
        # The wall between sites shows nothing to a connection that works for none of them.
        connection_.execute("SELECT set_config('pathway.site', %s, true)", [SITE])
        return connection_.execute(query.encode()).fetchall()


def faults_of(found: Stored, ledger: Sequence[Acknowledged]) -> list[str]:
    """What does not hold, in sentences; empty when every acknowledgement and every chain does."""
    return [
        *_broken_chains(found),
        *_unlogged(found),
        *lost(found, ledger),
        *_altered(found, ledger),
        *divergent(ledger),
    ]


def duplicates(found: Stored, numbers: range) -> list[str]:
    """Which of the submissions `numbers` are not there exactly once, by what they say and not by any key."""
    told = Counter(json.loads(body)["event"].get("text") for *_, body in found.entries)
    times = {number: told[said(number)] for number in numbers}
    return [f"submission {number} is there {count} times" for number, count in times.items() if count != 1]


def said(number: int) -> str:
    """The text that a submission carries."""
    return f"submission {number}"


def lost(found: Stored, ledger: Sequence[Acknowledged]) -> list[str]:
    """Which entries were acknowledged and are not there."""
    there = {entry for _, _, entry, *_ in found.entries}
    return [
        f"entry {each.entry} of submission {each.number} was acknowledged and is lost"
        for each in ledger
        if each.status == CREATED and each.entry not in there
    ]


def _altered(found: Stored, ledger: Sequence[Acknowledged]) -> Iterator[str]:
    there: dict[str, list[tuple[str, int, str]]] = {}
    for episode, sequence, entry, hashed, *_ in found.entries:
        there.setdefault(entry, []).append((episode, sequence, hashed))
    for each in ledger:
        if each.status != CREATED:
            yield f"submission {each.number} was answered with {each.status}"
            continue
        rows = there.get(each.entry, [])
        if len(rows) > 1:
            yield f"entry {each.entry} is there {len(rows)} times"
        elif rows and not _agree(rows[0], (each.episode, each.sequence, each.hash)):
            yield f"entry {each.entry} is not what was acknowledged"


def _agree(row: tuple[str, int, str], told: tuple[str, int | None, str | None]) -> bool:
    return all(is_told in (None, is_there) for is_there, is_told in zip(row, told, strict=True))


def divergent(ledger: Sequence[Acknowledged]) -> list[str]:
    """What was answered in more than one way."""
    answers: dict[str, set[tuple[int, str]]] = {}
    entries: dict[int, set[str]] = {}
    for each in ledger:
        answers.setdefault(each.key, set()).add((each.status, each.digest))
        entries.setdefault(each.number, set()).add(each.entry)
    return [
        *(
            f"key {key} was given {len(given)} different answers"
            for key, given in answers.items()
            if len(given) > 1
        ),
        *(
            f"submission {number} became {len(made)} entries"
            for number, made in entries.items()
            if len(made) > 1
        ),
    ]


def _broken_chains(found: Stored) -> Iterator[str]:
    before: dict[str, tuple[int, str]] = {}
    for episode, sequence, entry, hashed, prev_hash, body in found.entries:
        last, last_hash = before.get(episode, (0, "0" * 64))
        if sequence != last + 1:
            yield f"entry {entry} does not follow on sequence {last}"
        if hashlib.sha256(body.encode()).hexdigest() != hashed or json.loads(body)["prev_hash"] != prev_hash:
            yield f"entry {entry} is not what its hash says"
        if prev_hash != last_hash:
            yield f"entry {entry} is not linked to the one before"
        before[episode] = sequence, hashed
    for episode, head in found.heads.items():
        if before.get(episode) != head:
            yield f"the summary of episode {episode} is not that of its last entry"


def _unlogged(found: Stored) -> Iterator[str]:
    logged = Counter(found.logged)
    for record in (*(entry for _, _, entry, *_ in found.entries), *found.audits):
        if logged[record] != 1:
            yield f"record {record} is {logged[record]} times in the log of the site"
    if len(found.logged) != len(found.entries) + len(found.audits):
        yield "the log of the site names records that are not there"
