"""The statements of one event run by the driver alone, with the rows of a real one: what the database itself allows."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, fields, replace
from itertools import count
from typing import Any, Final, Protocol, TypeVar

import psycopg
import uvloop
from sqlalchemy import Connection

from pathway.store.engines import database_url, journal_for, open_store
from pathway.store.readers import Readers
from pathway.store.statements import Answer
from pathway.store.values import NewAudit, NewCommit, NewEntry, NewMessage, Summary

_SUMMARY: Final = [field.name for field in fields(Summary)]
_CHANGED: Final = _SUMMARY[2:]
PROVED: Final = ("new_audit", "new_commit")
"""The statements by which a write is audited and gets into the Merkle log."""

BESIDE_PROOF: Final = ("episode", "answer", "message", "update", "new_entry", "new_message", "new_answer")
"""The other ones: without them what is left is the audit record of a read."""


Row = TypeVar("Row")


class Driver(Protocol):
    """Writes events as fast as it can."""

    def run(self, seconds: float, without: Collection[str] = ()) -> float:
        """Events per second over so many seconds; the statements in `without` are left out."""

    def close(self) -> None:
        """Gives the connections back."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What one event writes, as the service wrote it; `replace` makes the next of it."""

    summary: Summary
    entry: NewEntry
    message: NewMessage
    answer: Answer
    audit: NewAudit
    commit: NewCommit

    def next(self, number: int) -> Rows:
        """The rows of the event after this one; `number` tells it from all others."""
        sequence = self.summary.head_sequence + 1
        return Rows(
            replace(self.summary, head_sequence=sequence),
            replace(self.entry, sequence=sequence, entry_id=f"driver-{number}"),
            replace(self.message, message_id=f"driver-{number}", entry_id=f"driver-{number}"),
            replace(self.answer, key=f"driver-{number}"),
            replace(self.audit, audit_id=f"driver-{number}"),
            replace(self.commit, commit_id=f"driver-{number}"),
        )


def rows_of(url: str, site: str, episodes: Sequence[str]) -> list[Rows]:
    """For each episode what its next event may write: its summary, and the last entry and answer of the site."""
    engines = open_store(url, walls=False)
    try:
        readers = Readers(engines)
        with engines.read.connect() as connection:
            answer = _last(connection, "answer", Answer, "recorded_at")
            audit = _last(connection, "audit", NewAudit, "recorded_at")
            commit = _last(connection, "unlogged", NewCommit, "commit_id")
        found = []
        for episode in episodes:
            summary = readers.summary(site, episode)
            if summary is None:
                raise LookupError(episode)
            entry = readers.entries(site, episode)[-1]
            message = NewMessage(site, "driver", "", entry.hash, episode, entry.entry_id)
            found.append(Rows(summary, entry, message, answer, audit, commit))
        return found
    finally:
        engines.close()


def _last(connection: Connection, table: str, value: type[Row], order: str) -> Row:
    names = ", ".join(value.__annotations__)
    query = f"SELECT {names} FROM {table} ORDER BY {order} DESC LIMIT 1"
    return value(*connection.exec_driver_sql(query).one())


def _statements(mark: str, lock: str) -> dict[str, str]:
    def insert(table: str, value: type[Any]) -> str:
        names = [field.name for field in fields(value)]
        return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"

    def select(table: str, names: Sequence[str], keys: Sequence[str], suffix: str = "") -> str:
        return f"SELECT {', '.join(names)} FROM {table} WHERE {' AND '.join(f'{key} = {mark}' for key in keys)}{suffix}"

    message, answer = ([field.name for field in fields(value)] for value in (NewMessage, Answer))
    return {
        "episode": select("episode", _SUMMARY, ("site_id", "episode_id"), lock),
        "answer": select("answer", answer, ("site_id", "client_id", "key")),
        "message": select("message", message, ("site_id", "system", "message_id")),
        "update": f"UPDATE episode SET {', '.join(f'{name} = {mark}' for name in _CHANGED)}"
        f" WHERE site_id = {mark} AND episode_id = {mark}",
        "new_entry": insert("entry", NewEntry),
        "new_message": insert("message", NewMessage),
        "new_answer": insert("answer", Answer),
        "new_audit": insert("audit", NewAudit),
        "new_commit": insert("unlogged", NewCommit),
    }


def _parameters(rows: Rows) -> dict[str, tuple[Any, ...]]:
    summary = astuple(rows.summary)
    return {
        "episode": summary[:2],
        "answer": (rows.answer.site_id, rows.answer.client_id, rows.answer.key),
        "message": (rows.message.site_id, rows.message.system, rows.message.message_id),
        "update": (*summary[2:], *summary[:2]),
        "new_entry": astuple(rows.entry),
        "new_message": astuple(rows.message),
        "new_answer": astuple(rows.answer),
        "new_audit": astuple(rows.audit),
        "new_commit": astuple(rows.commit),
    }


class PostgresDriver:
    """psycopg on asyncio: one connection for each of `rows`, one transaction for each event."""

    def __init__(self, url: str, rows: Sequence[Rows]) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._rows = list(rows)
        self._numbers = count(time.time_ns())  # other than those of a driver before
        self._statements = _statements("%s", " FOR UPDATE")
        self._url = database_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connections = self._runner.run(self._connect())

    def run(self, seconds: float, without: Collection[str] = ()) -> float:
        """Events per second, all connections together."""
        return self._runner.run(self._run(seconds, without))

    def close(self) -> None:
        """Closes the connections."""
        self._runner.run(self._disconnect())
        self._runner.close()

    async def _connect(self) -> list[psycopg.AsyncConnection[Any]]:
        # As the service looks up: by index, however small a table was when its plan was made.
        options = " ".join(f"-c enable_{way}=off" for way in ("seqscan", "hashjoin", "mergejoin"))
        connect = psycopg.AsyncConnection.connect
        return [await connect(self._url, autocommit=True, options=options) for _ in self._rows]

    async def _disconnect(self) -> None:
        for connection in self._connections:
            await connection.close()

    async def _run(self, seconds: float, without: Collection[str]) -> float:
        started = time.perf_counter()
        written = await asyncio.gather(
            *(self._write(place, started + seconds, without) for place in range(len(self._rows)))
        )
        return sum(written) / (time.perf_counter() - started)

    async def _write(self, place: int, until: float, without: Collection[str]) -> int:
        connection, written = self._connections[place], 0
        async with connection.cursor() as cursor:
            while time.perf_counter() < until:
                rows = self._rows[place] = self._rows[place].next(next(self._numbers))
                parameters = _parameters(rows)
                async with connection.transaction():
                    for name in [name for name in self._statements if name not in without]:
                        await cursor.execute(self._statements[name], parameters[name])
                        if cursor.description:
                            await cursor.fetchall()
                written += 1
        return written


class SqliteDriver:
    """sqlite3: one connection, as SQLite has one writer; one transaction for each event."""

    def __init__(self, url: str, rows: Sequence[Rows]) -> None:
        journal = journal_for(sqlite3.sqlite_version_info)
        self._connection = sqlite3.connect(str(database_url(url).database), isolation_level=None)
        for pragma in (f"journal_mode = {journal.mode}", f"synchronous = {journal.synchronous}"):
            self._connection.execute(f"PRAGMA {pragma}")
        for pragma in ("foreign_keys", "recursive_triggers"):
            self._connection.execute(f"PRAGMA {pragma} = ON")
        self._rows = list(rows)
        self._numbers = count(time.time_ns())  # other than those of a driver before
        self._statements = _statements("?", "")

    def run(self, seconds: float, without: Collection[str] = ()) -> float:
        """Events per second."""
        started, written = time.perf_counter(), 0
        with closing(self._connection.cursor()) as cursor:
            while time.perf_counter() < started + seconds:
                place = written % len(self._rows)
                rows = self._rows[place] = self._rows[place].next(next(self._numbers))
                parameters = _parameters(rows)
                cursor.execute("BEGIN IMMEDIATE")
                for name in [name for name in self._statements if name not in without]:
                    cursor.execute(
                        self._statements[name], [_in_sqlite(value) for value in parameters[name]]
                    ).fetchall()
                cursor.execute("COMMIT")
                written += 1
        return written / (time.perf_counter() - started)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def _in_sqlite(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def driver(url: str, rows: Sequence[Rows]) -> Driver:
    """The driver of the database at `url`."""
    return (
        SqliteDriver(url, rows)
        if database_url(url).get_backend_name() == "sqlite"
        else PostgresDriver(url, rows)
    )
