"""What the database itself holds against a change of the record, and what it is set to keep and to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from pathway.store.engines import Engines, fault

APPEND_ONLY: Final = ("answer", "audit", "entry", "leaf", "message", "node")
"""The tables whose rows nobody changes or takes away."""

SETTINGS: Final = ("fsync", "full_page_writes", "synchronous_commit", "log_error_verbosity")


@dataclass(frozen=True, slots=True)
class Protections:
    """`unguarded` are the append-only tables without their triggers; `settings` are PostgreSQL's, by name."""

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
    there = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    operations = ("update", "delete")
    return {
        table
        for table in APPEND_ONLY
        if all(f"{table}_append_only_{operation}" in there for operation in operations)
    }


def _of_postgresql(connection: Connection) -> set[str]:
    enabled = (
        "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE tgname = relname || '_append_only' AND tgenabled = 'A'"
    )
    return set(connection.scalars(text(enabled)))
