"""Every row of the database in a form that both databases share: read from one snapshot, put into an empty one."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Boolean, Column, Connection, Date, Engine, Integer, Text, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from pathway.store import tables
from pathway.store.engines import Engines, fault, open_store
from pathway.store.tables import Instant
from pathway.store.walls import enter, sites_of

TABLES: Final = tuple(tables.metadata.sorted_tables)
"""In an order in which no row comes before another that it refers to."""

TABLES_BY_NAME: Final = {table.name: table for table in TABLES}
TOGETHER: Final = 500
_NOBODYS: Final = {"lease_holder": None, "lease_until": None}
"""Who takes a log further here takes it further nowhere else."""

Portable = dict[str, Any]
"""A row: text, whole numbers, truth values and nulls by the names of the columns; dates and instants in ISO 8601."""


class NotEmpty(Exception):
    """There are rows already where all rows are to be put."""


@dataclass(frozen=True, slots=True)
class Log:
    """How far the Merkle log of a site had come."""

    site: str
    size: int
    root: str


class Snapshot:
    """The database as it was at one instant, whatever is written meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sites = sites_of(connection)

    def revision(self) -> str | None:
        """The revision of the schema."""
        return MigrationContext.configure(self._connection).get_current_revision()

    def logs(self) -> list[Log]:
        """How far the log of each site had come that recorded anything."""
        tree = TABLES_BY_NAME["tree"]
        found = []
        for site in self._sites:
            enter(self._connection, site)
            query = select(tree.c.site_id, tree.c.size, tree.c.root).where(tree.c.site_id == site)
            found += [Log(*row) for row in self._connection.execute(query)]
        return found

    def count(self) -> int:
        """How many rows there are in all."""
        found = 0
        for site in self._sites:
            enter(self._connection, site)
            for table in TABLES:
                query = select(func.count()).select_from(table).where(table.c.site_id == site)
                found += self._connection.scalar(query) or 0
        return found

    def rows(self, table: str) -> Iterator[Portable]:
        """The rows of one table in the order of their keys."""
        of = TABLES_BY_NAME[table]
        for site in self._sites:
            enter(self._connection, site)
            query = select(of).where(of.c.site_id == site).order_by(*of.primary_key)
            for row in self._connection.execute(query, execution_options={"yield_per": TOGETHER}).mappings():
                yield {column.name: _portable(column, row[column.name]) for column in of.columns} | (
                    _NOBODYS if table == "tree" else {}
                )


@contextmanager
def snapshot(engines: Engines) -> Iterator[Snapshot]:
    """What is stored at this instant; nobody waits for its reader. Raises `StoreError`."""
    frozen = _of_sqlite if engines.dialect == "sqlite" else _of_postgresql
    try:
        with frozen(engines.read) as connection:
            yield Snapshot(connection)
    except SQLAlchemyError as error:
        raise fault(error) from None


def put(engines: Engines, rows: Callable[[str], Iterable[Portable]]) -> None:
    """Puts the rows of every table into the empty, migrated database; all of them or none.

    Raises `NotEmpty`, `StoreError`, and whatever `rows` raises.
    """
    try:
        with engines.write.begin() as connection:
            _keep_others_out(connection)
            if sites_of(connection) or any(
                connection.execute(select(one).limit(1)).first() for one in TABLES
            ):
                raise NotEmpty
            for table in TABLES:
                read = _reader(table.columns)
                for site, of_site in groupby(rows(table.name), lambda row: str(row["site_id"])):
                    enter(connection, site)
                    for together in _chunks(map(read, of_site)):
                        connection.execute(insert(table), together)
    except SQLAlchemyError as error:
        raise fault(error) from None


@contextmanager
def _of_postgresql(engine: Engine) -> Iterator[Connection]:
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def _of_sqlite(engine: Engine) -> Iterator[Connection]:
    """A copy of the file, since a long read would keep the writer waiting with one of the two journals."""
    with tempfile.TemporaryDirectory(dir=Path(str(engine.url.database)).parent) as folder:
        copy = Path(folder) / "copy.db"
        copy.touch(mode=0o600)
        target = sqlite3.connect(copy)
        try:
            with engine.connect() as connection:
                source: Any = connection.connection.driver_connection
                source.backup(target)
        finally:
            target.close()
        engines = open_store(f"sqlite:///{copy}")
        try:
            with engines.read.connect() as connection:
                yield connection
        finally:
            engines.close()


def _keep_others_out(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Whoever commits anything has put its leaves here. The other tables the role that serves may not lock.
        connection.execute(text("LOCK TABLE unlogged IN SHARE ROW EXCLUSIVE MODE"))


def _portable(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    match column.type:
        case Instant():
            return value.isoformat(timespec="microseconds")
        case Date():
            return value.isoformat()
        case Text() | Integer() | Boolean():
            return value
        case other:
            raise TypeError(f"the column {column.name} is of type {other!r}, which has no portable form")


def _reader(columns: Iterable[Column[Any]]) -> Callable[[Portable], Portable]:
    """Reads a portable row. Raises `KeyError` or `ValueError` for one of another form."""
    reading: Mapping[str, Callable[[str], Any]] = {
        column.name: datetime.fromisoformat if isinstance(column.type, Instant) else date.fromisoformat
        for column in columns
        if isinstance(column.type, Instant | Date)
    }

    def read(row: Portable) -> Portable:
        dated = {name: each(row[name]) for name, each in reading.items() if row[name] is not None}
        return row | dated

    return read


def _chunks(rows: Iterable[Portable]) -> Iterator[list[Portable]]:
    chunk: list[Portable] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == TOGETHER:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
