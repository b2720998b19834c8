"""Brings a database to the schema this release needs, and says where it stands."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from pathway.store.engines import Engines, database_url, empty_the_log, fault, open_store
from pathway.store.roles import grant
from pathway.store.sealing import KeySource, no_key

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"

_SEALED = "0003"
"""Before this revision identifiers stood in plain text."""

_ONE_AT_A_TIME = 0x70617468  # "path": two replicas that start together migrate one after the other


def migrate(url: str, key: KeySource = no_key, role: str | None = None) -> None:
    """Takes the database to `head()`, all or nothing; does nothing when it is there already.

    Creates the file of an SQLite database, readable by its owner alone. `key` is asked for only where patients'
    identifiers stand in plain text, which are sealed. On PostgreSQL `role`, under which the service works, is given
    what it needs on the tables, each time anew. Raises `StoreUnavailable`, `RoleUnfit`, and what `key` raises.
    """
    _make_file(url)
    engines = open_store(url, walls=False)
    try:
        with engines.write.begin() as connection:
            if engines.dialect == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})")
            config = _config()
            config.attributes["connection"] = connection
            config.attributes["identifier_key"] = key
            before = MigrationContext.configure(connection).get_current_revision()
            command.upgrade(config, "head")
            if role is not None and engines.dialect == "postgresql":
                grant(connection, role)
        if before is not None and before < _SEALED and engines.dialect == "sqlite":
            _leave_no_trace(engines)
    except SQLAlchemyError as error:
        raise fault(error) from None
    finally:
        engines.close()


def current(url: str) -> str | None:
    """The revision the database is at, `None` for an empty one. Raises `StoreUnavailable`."""
    engines = open_store(url)
    try:
        return current_of(engines)
    finally:
        engines.close()


def current_of(engines: Engines) -> str | None:
    """The revision behind engines that are open already. Raises `StoreUnavailable`."""
    try:
        with engines.read.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise fault(error) from None


def head() -> str:
    """The revision this release needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def _leave_no_trace(engines: Engines) -> None:
    """Writes an SQLite file anew: in the free parts of its pages there may still be what was sealed since."""
    with engines.write.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101  (it was just connected)
        driver.execute("VACUUM")
        empty_the_log(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _make_file(url: str) -> None:
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database is not None:
        file = Path(parsed.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
