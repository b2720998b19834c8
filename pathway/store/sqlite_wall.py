"""The wall between sites in an SQLite file: each connection has views and triggers of its own, which hold one site.

A view of a table's name hides the table and shows the rows of the site in force. What is written goes to the table
itself, whose triggers refuse a row of another site and pass by those that are there. No site is in force unless a
transaction entered one. Whoever opens the file with another program is beyond this wall.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import MutableMapping
from typing import Any, Final

from sqlalchemy import Delete, Insert, Update
from sqlalchemy.ext.compiler import compiles

from pathway.store.tables import SITE_TABLES

Info = MutableMapping[Any, Any]
"""What the pool keeps beside a connection, as long as there is that connection."""

SITE: Final = "site in force"
_WRITES: Final = "writes behind a wall"

# Who reads may write nothing, not even which site is in force, and so asks Python, once for each statement. Who writes
# would ask for each row, and wait each time until no other thread computes; and so looks into a table of its own.
_ASKED: Final = "site_in_force()"
_KEPT: Final = "(SELECT site_id FROM temp.site_in_force)"


def build(connection: sqlite3.Connection, info: Info, *, writes: bool) -> None:
    """Puts the wall up on a new connection. Raises `sqlite3.Error`, to write where the tables are not there."""
    in_force = _KEPT if writes else _ASKED
    if writes:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("CREATE TEMP TABLE site_in_force AS SELECT NULL AS site_id")
        info[_WRITES] = True
    else:
        info[SITE] = None
        connection.create_function("site_in_force", 0, lambda: info[SITE], deterministic=True)
    for table in SITE_TABLES:
        # With the plus the wall's own condition chooses no index: all rows of the site would be gone through for a few.
        connection.execute(
            f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE +site_id = {in_force}"  # noqa: S608
        )
        if writes:
            _guard(connection, table)
    connection.execute("CREATE TEMP VIEW site AS SELECT site_id FROM main.tree")


def _guard(connection: sqlite3.Connection, table: str) -> None:
    refused = "SELECT RAISE(ABORT, 'this row is of another site than the one in force')"
    passed_by = "SELECT RAISE(IGNORE)"
    for name, operation, row, what in (
        ("insert", "INSERT", "NEW", refused),
        ("update", "UPDATE", "OLD", passed_by),
        ("move", "UPDATE OF site_id", "NEW", refused),
        ("delete", "DELETE", "OLD", passed_by),
    ):
        connection.execute(
            f"CREATE TEMP TRIGGER {table}_{name}_wall BEFORE {operation} ON main.{table}"
            f" WHEN {row}.site_id IS NOT {_KEPT} BEGIN {what}; END"
        )


def enter(connection: sqlite3.Connection, info: Info, site_id: str | None) -> None:
    """Puts one site in force, or none; nothing happens where there is no wall."""
    if _WRITES in info:
        connection.execute("UPDATE temp.site_in_force SET site_id = ?", (site_id,))
    elif SITE in info:
        info[SITE] = site_id


def forget(info: Info) -> None:
    """Puts no site in force for who reads; what a writer entered ended with its transaction."""
    if SITE in info:
        info[SITE] = None


@compiles(Insert, "sqlite")
@compiles(Update, "sqlite")
@compiles(Delete, "sqlite")
def _past_the_view(statement: Any, compiler: Any, **options: Any) -> str:
    written: str = getattr(compiler, f"visit_{statement.__visit_name__}")(statement, **options)
    return re.sub(r"^(INSERT( OR \w+)? INTO|UPDATE|DELETE FROM) ", r"\g<0>main.", written, count=1)
