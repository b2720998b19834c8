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
