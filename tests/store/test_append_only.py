"""What was recorded stays as it was recorded, whoever speaks to the database: its owner too."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pathway.store.engines import open_store
from pathway.store.tables import APPEND_ONLY
from pathway.store.values import Access
from tests.postgres import as_owner
from tests.store.builders import SITE, Store, opened, opening, recording, with_a_log

ACCESS = Access("somebody", (), "record_what_happened")
COLUMN = {
    "entry": "body",
    "message": "content_digest",
    "answer": "document",
    "audit": "body",
    "leaf": "hash",
    "node": "hash",
}


def fill(store: Store) -> Store:
    """A row in each of the tables."""
    store.do(opening("episode", key="k1"))
    store.do(recording("episode", key="k2", message=("lab", "1"), access=ACCESS))
    with_a_log(store)
    return store


@pytest.fixture
def filled(store: Store) -> Store:
    return fill(store)


def execute(store: Store, statement: str) -> None:
    with store.owner.write.begin() as connection:
        connection.execute(text(statement))


def refused(store: Store, statement: str, table: str) -> None:
    """Expects the database to refuse the statement and to keep the rows of the table."""
    rows = f"SELECT count(*) FROM {table} WHERE {COLUMN[table]} <> 'forged'"
    before = store.ask(rows)
    with pytest.raises(DBAPIError, match="append-only"):
        execute(store, statement)
    assert store.ask(rows) == before > 0


@pytest.mark.shows("R-085", "C-20")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_cannot_be_changed(filled: Store, table: str) -> None:
    refused(filled, f"UPDATE {table} SET {COLUMN[table]} = 'forged'", table)


@pytest.mark.shows("R-085", "C-20")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_cannot_be_removed(filled: Store, table: str) -> None:
    refused(filled, f"DELETE FROM {table}", table)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_cannot_be_replaced_through_an_insert(filled: Store, table: str) -> None:
    key = {
        "entry": "site_id, episode_id, sequence",
        "message": "site_id, system, message_id",
        "answer": "site_id, client_id, key",
        "audit": "site_id, audit_id",
        "leaf": "site_id, position",
        "node": "site_id, level, number",
    }
    refused(
        filled,
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true"
        f" ON CONFLICT ({key[table]}) DO UPDATE SET {COLUMN[table]} = 'forged'",
        table,
    )


@pytest.mark.shows("C-20")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_insert_or_replace_is_refused(sqlite_url: str, table: str) -> None:
    with opened(sqlite_url) as store:
        fill(store.start())
        refused(store, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}", table)


@pytest.mark.shows("C-20")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_table_cannot_be_emptied(postgres_url: str, table: str) -> None:
    with opened(postgres_url) as store:
        fill(store.start())
        refused(store, f"TRUNCATE {table} CASCADE", table)


@pytest.mark.shows("C-20")
def test_a_replication_session_is_refused_too(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start()
        store.do(opening("episode"))
        with store.owner.write.connect() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            with pytest.raises(DBAPIError, match="append-only"):
                connection.execute(text("DELETE FROM entry"))
        assert store.count("entry") == 1


@pytest.mark.shows("R-085", "T-23")
def test_another_program_cannot_change_the_sqlite_file_either(sqlite_url: str) -> None:
    with opened(sqlite_url) as store:
        store.start().do(opening("episode"))
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM entry")
    connection.close()


@pytest.mark.shows("R-085", "T-23")
def test_another_program_cannot_change_the_postgresql_tables_either(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening("episode"))
    with (
        psycopg.connect(as_owner(postgres_url).replace("+psycopg", "")) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="append-only"),
    ):
        connection.execute("UPDATE entry SET actor = 'somebody else'")


def test_readers_cannot_write_to_the_sqlite_file(sqlite_url: str) -> None:
    engines = open_store(sqlite_url)
    with pytest.raises(DBAPIError, match="readonly"), engines.read.begin() as connection:
        connection.execute(text(f"INSERT INTO main.identifier_key VALUES ('{SITE}', 'k')"))
    engines.close()
