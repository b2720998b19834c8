"""On behalf of which site a connection works: what the database shows and takes is that site's, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError

from pathway.store import sqlite_wall
from pathway.store.engines import Engines, fault
from pathway.store.statements import TREE, translated, unawaited
from pathway.store.tables import SITE_TABLES

_ENTER: Final = "SELECT set_config('pathway.site', %s, true)"
_LIST: Final = text("SELECT set_config('pathway.sites', 'listed', true)")


def enter(connection: Connection, site_id: str) -> None:
    """From here to the end of the transaction the rows are the site's; no other setting outlives a transaction.

    On PostgreSQL what is sent behind `unawaited` is one transaction, if none was begun.
    """
    driver: Any = connection.connection.driver_connection
    with translated(connection):
        if connection.dialect.name == "sqlite":
            sqlite_wall.enter(driver, connection.info, site_id)
        else:
            driver.execute(_ENTER, (site_id,))


@contextmanager
def reading(engines: Engines, site_id: str) -> Iterator[Connection]:
    """A transaction that reads what the site has, as of one instant. Raises `StoreError`."""
    with _begun(engines) as connection:
        with unawaited(connection):
            connection.begin()
            enter(connection, site_id)
        yield connection


@contextmanager
def writing(engines: Engines, site_id: str) -> Iterator[Connection]:
    """A transaction that changes what the site has, committed at the end. Raises `StoreError`."""
    try:
        with engines.write.connect() as connection:
            with unawaited(connection):
                connection.begin()
                enter(connection, site_id)
            yield connection
            connection.commit()
    except SQLAlchemyError as error:
        raise fault(error) from None


def sites(engines: Engines) -> list[str]:
    """The sites that have recorded anything: for what an operator does, site by site. Raises `StoreError`."""
    with _begun(engines) as connection:
        return sites_of(connection)


def sites_of(connection: Connection) -> list[str]:
    """The same, within a transaction."""
    if connection.dialect.name == "sqlite":
        return list(connection.scalars(text("SELECT site_id FROM site ORDER BY site_id")))
    connection.execute(_LIST)
    found = list(connection.scalars(select(TREE.c.site_id).order_by(TREE.c.site_id)))
    connection.execute(text("SELECT set_config('pathway.sites', '', true)"))
    return found


def gaps(engines: Engines) -> list[str]:
    """Where the wall does not stand on this installation, in sentences; none where it does. Raises `StoreError`."""
    if engines.dialect == "sqlite":
        return []  # each connection puts up its own
    with _begun(engines) as connection:
        role = connection.execute(_ROLE).one()
        found = {row.name: row for row in connection.execute(_TABLES)}
    told = []
    if role.passes:
        told.append(
            f"The role {role.name} passes every wall between sites, as a superuser or by BYPASSRLS: serve as another."
        )
    if mine := [name for name in SITE_TABLES if name in found and found[name].is_mine]:
        told.append(
            f"The role {role.name} owns {', '.join(mine)} and can take the walls down: serve as another."
        )
    down = [name for name in SITE_TABLES if name not in found or not found[name].stands]
    if down:
        told.append(
            f"No wall between sites stands around {', '.join(down)}: rows of every site can be seen there."
        )
    return told


_ROLE: Final = text(
    "SELECT rolname AS name, rolsuper OR rolbypassrls AS passes FROM pg_roles WHERE rolname = current_user"
)
# A wall is one policy for everything that names the site in force, and no other that lets through what it stops.
_TABLES: Final = text(
    "SELECT c.relname AS name, pg_has_role(c.relowner, 'USAGE') AS is_mine,"
    " c.relrowsecurity AND c.relforcerowsecurity AND count(p.oid) > 0 AND bool_and("
    " pg_get_expr(p.polqual, c.oid) = 'COALESCE((site_id = current_setting(''pathway.site''::text, true)), false)'"
    " AND p.polwithcheck IS NULL OR c.relname = 'tree' AND p.polname = 'tree_of_every_site' AND p.polcmd = 'r'"
    " ) AS stands"
    " FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid"
)


@contextmanager
def _begun(engines: Engines) -> Iterator[Connection]:
    try:
        with engines.read.connect() as connection:
            if engines.dialect == "postgresql":
                # What is read together is seen as of one instant, as on SQLite.
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
    except SQLAlchemyError as error:
        raise fault(error) from None
