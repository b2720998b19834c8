"""What the role may do on PostgreSQL under which the service works: less than the owner, to whom the tables belong."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from pathway.store.engines import StoreError
from pathway.store.tables import SITE_TABLES

CHANGED: Final = ("episode", "identifier_key", "patient", "tree")
"""The tables of which rows are changed."""

EMPTIED: Final = ("unlogged",)
"""The tables of which rows are removed."""

LOCKED: Final = ("answer",)
"""The tables of which rows are locked, which takes the right to change one of their columns; a trigger refuses that."""


class RoleUnfit(StoreError):
    """The role cannot be the one under which the service works; the message says why."""


def grant(connection: Connection, role: str) -> None:
    """Gives the role what the service needs on the tables, and takes back what else it has. Raises `RoleUnfit`."""
    _require_fit(connection, role)
    named = connection.dialect.identifier_preparer.quote(role)
    tables = ", ".join(SITE_TABLES)
    for statement in (
        f"REVOKE ALL ON {tables}, alembic_version FROM {named}",
        f"GRANT SELECT ON alembic_version TO {named}",
        f"GRANT SELECT, INSERT ON {tables} TO {named}",
        f"GRANT UPDATE ON {', '.join(CHANGED)} TO {named}",
        f"GRANT DELETE ON {', '.join(EMPTIED)} TO {named}",
        *(f"GRANT UPDATE (site_id) ON {table} TO {named}" for table in LOCKED),
    ):
        connection.exec_driver_sql(statement)


def _require_fit(connection: Connection, role: str) -> None:
    found = connection.execute(
        text(
            "SELECT rolsuper OR rolbypassrls AS passes, rolname = current_user AS is_owner"
            " FROM pg_roles WHERE rolname = :role"
        ),
        {"role": role},
    ).first()
    if found is None:
        raise RoleUnfit(f"there is no role {role} on this server: create it first, with LOGIN and a password")
    if found.is_owner:
        raise RoleUnfit(f"the role {role} is the one that migrates: name another, to whom nothing belongs")
    if found.passes:
        raise RoleUnfit(
            f"the role {role} passes every wall between sites: it is a superuser, or has BYPASSRLS"
        )
