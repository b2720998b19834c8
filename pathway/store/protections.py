"""What the database itself holds against a change of the record, and what it is set to keep and to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from pathway.store.engines import Engines, fault
from pathway.store.tables import APPEND_ONLY

SETTINGS: Final = ("fsync", "full_page_writes", "synchronous_commit", "log_error_verbosity")


@dataclass(frozen=True, slots=True)
class Protections:
    """`unguarded` are the append-only tables without their triggers; `settings` are PostgreSQL's, by name.

    A trigger counts when it does what the migrations made it for, not when it has its name.
    """

    unguarded: tuple[str, ...]
    settings: Mapping[str, str]


def protections(engines: Engines) -> Protections:
    """What is in force. Raises `StoreError`."""
    try:
        with engines.read.connect() as connection:
            if engines.dialect == "sqlite":
                return Protections(_without(_of_sqlite(connection)), {})
            settings = {name: str(connection.scalar(text(f"SHOW {name}"))) for name in SETTINGS}
            return Protections(_without(_of_postgresql(connection)), settings)
    except SQLAlchemyError as error:
        raise fault(error) from None


def _without(guarded: set[str]) -> tuple[str, ...]:
    return tuple(table for table in APPEND_ONLY if table not in guarded)


def _of_sqlite(connection: Connection) -> set[str]:
    rows = connection.execute(text("SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'"))
    there = {(row.name, row.sql) for row in rows}
    return {table for table in APPEND_ONLY if _made_on_sqlite(table) <= there}


def _made_on_sqlite(table: str) -> set[tuple[str, str]]:
    made = set()
    for operation in ("UPDATE", "DELETE"):
        name = f"{table}_append_only_{operation.lower()}"
        refusal = f"SELECT RAISE(ABORT, '{table} is append-only: {operation} refused');"
        made.add((name, f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN {refusal} END"))
    return made


# Before any DELETE, UPDATE or TRUNCATE, once for a statement, whatever its rows: type 2 + 8 + 16 + 32.
_ON_POSTGRESQL: Final = text(
    "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE t.tgname = c.relname || '_append_only' AND t.tgenabled = 'A' AND t.tgtype = 58 AND t.tgqual IS NULL"
    " AND p.proname = 'refuse_change' AND starts_with(ltrim(p.prosrc), 'BEGIN RAISE EXCEPTION ')"
)


def _of_postgresql(connection: Connection) -> set[str]:
    return set(connection.scalars(_ON_POSTGRESQL))
