"""How the store reaches its database: SQLite made durable by pragmas, PostgreSQL by its own commit.

Errors of the store:

    StoreError
    ├── StoreUnavailable     the database cannot be reached, is full, locked or not migrated: try again later
    │   ├── QueueFull        more is waiting to be written than may wait
    │   └── WrongKey         patients' identifiers are sealed under another key than this process has
    ├── Conflict             what was to be written contradicts what is there, however often it is read anew
    └── Unstorable           the database has no room for such a value: a fault of the caller
"""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, ProgrammingError, SQLAlchemyError

from pathway.store import sqlite_wall

FIXED_IN = (3, 51, 3)
"""The first SQLite whose write-ahead log cannot be corrupted by a reset that races with a reader."""

LOCK_WAIT_S = 10

_SPOILT = ("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_CORRUPT")

# Its warnings repeat what the database complained of, values and all. What went wrong is raised as well.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

NOTICES = "notices"
"""Under this name `Connection.info` lists the severities of what PostgreSQL remarked."""


class StoreError(Exception):
    """Something the store could not do. Its message never carries what was to be written."""


class StoreUnavailable(StoreError):
    """The database did not take the request; a write may be sent again with the same idempotency key."""


class QueueFull(StoreUnavailable):
    """More is waiting to be written than may wait; nothing was taken."""


class WrongKey(StoreUnavailable):
    """The identifiers of a site are sealed under another key: every patient would be taken for a new one."""


class Conflict(StoreError):
    """The write contradicts what is stored, and reading anew did not help."""


class Unstorable(StoreError, ValueError):
    """A value that the database cannot hold, such as a number beyond its range or a key without an end."""


@dataclass(frozen=True, slots=True)
class Journal:
    """How SQLite makes a commit durable."""

    mode: str
    synchronous: str


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine to write with, one to read with, and the name of their dialect."""

    write: Engine
    read: Engine
    dialect: Literal["sqlite", "postgresql"]

    def close(self) -> None:
        """Gives every connection back."""
        self.write.dispose()
        self.read.dispose()


def open_store(url: str, journal: Journal | None = None, *, walls: bool = True) -> Engines:
    """The engines for `sqlite:///path` or `postgresql://...`; nothing is connected before it is used.

    SQLite keeps the journal its library is to have, unless another is named. Without `walls` its file is open from
    site to site, as it has to be for migrations; on PostgreSQL the role decides. Raises `ValueError` for any other URL.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        kept = journal or journal_for(sqlite3.sqlite_version_info)
        write, read = (_sqlite(parsed, kept, writes=writes, walls=walls) for writes in (True, False))
        return Engines(write, read, "sqlite")
    return Engines(_postgresql(parsed, writes=True), _postgresql(parsed, writes=False), "postgresql")


def database_url(url: str) -> URL:
    """The URL with its driver named. Raises `ValueError` for what is not a file of SQLite or a PostgreSQL."""
    try:
        parsed = make_url(re.sub(r"^postgres:", "postgresql:", url))
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise ValueError("this is not a database URL") from None
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite+pysqlite")
    raise ValueError("the database is an SQLite file (sqlite:///path) or a PostgreSQL (postgresql://...)")


def journal_for(version: tuple[int, ...]) -> Journal:
    """The journal for a version of the SQLite library, such as (3, 40, 1).

    Both survive a power cut; the write-ahead log is faster, and safe only where it is repaired.
    """
    return Journal("WAL", "FULL") if version >= FIXED_IN else Journal("TRUNCATE", "EXTRA")


def empty_the_log(connection: Connection) -> None:
    """Takes what was overwritten out of SQLite's write-ahead log, where it would stand until the log is reused.

    Outside a transaction; PostgreSQL's log is its archive's business.
    """
    if (
        connection.dialect.name == "sqlite"
        and (driver := connection.connection.driver_connection) is not None
    ):
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fault(error: SQLAlchemyError) -> StoreError:
    """The error as the rest of the service may see it: its kind, never its parameters or its detail."""
    origin = getattr(error, "orig", None)
    state = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    kind = type(error if origin is None else origin).__name__ + (f" ({state})" if state else "")
    if _lost_a_race(error, state):
        return Conflict(f"another write was first, or the same is there already: {kind}")
    if _is_about_a_value(error, state):
        return Unstorable(f"the database cannot hold this value: {kind}")
    return StoreUnavailable(f"the database did not take the request: {kind}")


def _lost_a_race(error: SQLAlchemyError, state: str | None) -> bool:
    serialisation_or_deadlock = state is not None and state.startswith("40")
    return isinstance(error, IntegrityError) or serialisation_or_deadlock


def _is_about_a_value(error: SQLAlchemyError, state: str | None) -> bool:
    beyond_a_limit = state is not None and state.startswith("54")
    refused_by_the_driver = state is None and isinstance(error, ProgrammingError)
    return isinstance(error, DataError) or beyond_a_limit or refused_by_the_driver


def _sqlite(url: URL, journal: Journal, *, writes: bool, walls: bool) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_size=1 if writes else 4)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        connection.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_S * 1000}")
        (mode,) = connection.execute(f"PRAGMA journal_mode = {journal.mode}").fetchone()
        if mode.upper() != journal.mode:
            raise sqlite3.OperationalError("the journal that keeps a commit is not to be had")
        connection.execute(f"PRAGMA synchronous = {journal.synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        # What is erased is overwritten in the file, not only given free.
        connection.execute("PRAGMA secure_delete = ON")
        # Without this one, INSERT OR REPLACE passes the triggers by.
        connection.execute("PRAGMA recursive_triggers = ON")
        if walls:
            sqlite_wall.build(connection, record.info, writes=writes)
        if writes:
            # A batch that outgrows the cache waits for the disk twice. 32 MiB: with the default of 2, half as fast.
            connection.execute("PRAGMA cache_size = -32768")
        else:
            # Not mode=ro: the first reader after a crash has to be able to roll the journal back.
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "commit")
    def _leave(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        sqlite_wall.enter(driver, connection.info, None)

    @event.listens_for(engine, "reset")
    def _leave_for_others(_connection: Any, record: Any, _state: Any) -> None:
        sqlite_wall.forget(record.info)

    @event.listens_for(engine, "handle_error")
    def _let_go(context: ExceptionContext) -> None:
        # A connection to a file that was read-only, or is another one now, stays so; the next one may be better.
        name = getattr(context.original_exception, "sqlite_errorname", None) or ""
        context.is_disconnect |= name.startswith(_SPOILT)

    @event.listens_for(engine, "close")
    def _unlock(connection: Any, _record: Any) -> None:
        # A closed connection of whose statements one is still held somewhere keeps its transaction, and with it the
        # lock that the next writer waits for.
        with suppress(sqlite3.Error):
            connection.rollback()

    return engine


def _postgresql(url: URL, *, writes: bool) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        paramstyle="format",
        pool_size=1 if writes else 4,
        max_overflow=1 if writes else 4,
        connect_args={"connect_timeout": 5, "tcp_user_timeout": 15_000, "application_name": "pathway"},
    )
    if not writes:
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    event.listen(engine, "begin", _set_up_transaction)

    @event.listens_for(engine, "connect")
    def _listen(connection: Any, record: Any) -> None:
        heard = record.info.setdefault(NOTICES, [])
        connection.add_notice_handler(lambda notice: heard.append(notice.severity_nonlocalized))

    return engine


# For one transaction at a time: a setting of the session would leak through a pooler.
# The writer looks rows up by their keys and nothing else; without the last three a plan made while a table was
# small reads all of it when it is large, until its statistics are next gathered.
_TRANSACTION = (
    f"SELECT set_config('lock_timeout', '{LOCK_WAIT_S}s', true),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),"
    " set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true)"
)


def _set_up_transaction(connection: Connection) -> None:
    connection.exec_driver_sql(_TRANSACTION)
