"""The database is opened so that a commit survives a power cut."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from pathway.store.engines import Journal, StoreUnavailable, database_url, journal_for, open_store
from pathway.store.statements import Writing
from tests.store.builders import NOON, SITE, Store, opened, opening


@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 6, 23), Journal("TRUNCATE", "EXTRA")),
        ((3, 40, 1), Journal("TRUNCATE", "EXTRA")),
        ((3, 51, 2), Journal("TRUNCATE", "EXTRA")),
        ((3, 51, 3), Journal("WAL", "FULL")),
        ((3, 52, 0), Journal("WAL", "FULL")),
        ((4, 0, 0), Journal("WAL", "FULL")),
    ],
)
def test_the_write_ahead_log_is_used_only_where_the_library_cannot_corrupt_it(
    version: tuple[int, ...], journal: Journal
) -> None:
    assert journal_for(version) == journal


def test_the_pragmas_are_in_force_on_every_connection(sqlite_url: str) -> None:
    engines = open_store(sqlite_url)
    journal = journal_for(sqlite3.sqlite_version_info)
    synchronous = {"FULL": 2, "EXTRA": 3}[journal.synchronous]
    expected = {
        "journal_mode": journal.mode.lower(),
        "synchronous": synchronous,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "busy_timeout": 10_000,
    }
    for engine in (engines.write, engines.read, engines.read):
        with engine.connect() as connection:
            found = {name: connection.scalar(text(f"PRAGMA {name}")) for name in expected}
        engine.dispose()
        assert found == expected


def test_a_file_that_cannot_have_its_journal_is_not_used(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathway.store.engines.LOCK_WAIT_S", 0)
    monkeypatch.setattr("pathway.store.engines.journal_for", lambda _version: Journal("TRUNCATE", "EXTRA"))
    held = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    held.execute("PRAGMA journal_mode = WAL")
    held.execute("BEGIN").execute("SELECT count(*) FROM entry").fetchall()
    with opened(sqlite_url) as store:
        with pytest.raises(StoreUnavailable):
            store.readers.ping()
        held.close()
        store.readers.ping()


def test_a_database_that_offers_another_journal_than_asked_for_is_not_used(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathway.store.engines.journal_for", lambda _version: Journal("UNHEARD_OF", "EXTRA"))
    with opened(sqlite_url) as store, pytest.raises(StoreUnavailable):
        store.readers.ping()


def test_the_journal_in_force_is_told(store: Store) -> None:
    durability = store.readers.durability()
    if store.engines.dialect == "sqlite":
        assert durability.kind == "embedded"
        assert durability.journal == journal_for(sqlite3.sqlite_version_info)
    else:
        assert durability.kind == "async"
        assert durability.journal is None


@pytest.mark.shows("C-16")
def test_a_role_that_gave_up_durability_gets_it_back_for_the_writer(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        for chosen, in_force in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
            with store.owner.write.begin() as connection:
                database = connection.engine.url.database
                connection.execute(text(f"ALTER DATABASE {database} SET synchronous_commit = {chosen}"))
            store.engines.close()
            with store.engines.write.begin() as connection:
                assert connection.scalar(text("SHOW synchronous_commit")) == in_force


def test_settings_of_a_write_do_not_outlive_its_transaction(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.start().do(opening())
        with store.engines.write.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            assert connection.scalar(text("SHOW lock_timeout")) == "0"
            assert connection.scalar(text("SHOW enable_seqscan")) == "on"


def test_what_a_write_reads_it_finds_by_index_however_small_the_table_is(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        writing = Writing(store.engines.write.dialect)
        with store.engines.write.begin() as connection:
            for lookup in (writing.episodes, writing.answers, writing.messages):
                plan = "\n".join(
                    row[0] for row in connection.exec_driver_sql(f"EXPLAIN {lookup._query._text}", ("[]",))
                )
                assert "Index Cond" in plan
                assert "Join Filter" not in plan
                assert "Seq Scan" not in plan
                assert "Hash Join" not in plan


def test_the_wall_between_sites_leaves_the_whole_key_to_the_index(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        writing = Writing(store.engines.write.dialect)
        with store.engines.write.begin() as connection:
            for lookup in (writing.answers, writing.messages):
                explain = f"EXPLAIN {lookup._query._text}"
                plan = "\n".join(row[0] for row in connection.exec_driver_sql(explain, ("[]",)))
                (condition,) = re.findall(r"Index Cond: (.*)", plan)
                assert [key for key in lookup._keys if f"({key} = " not in condition] == []
                assert "pathway.site" in plan


def test_instants_do_not_depend_on_the_time_zone_of_the_connection(postgres_url: str) -> None:
    with opened(postgres_url, clock=lambda: NOON) as store:
        with store.owner.write.begin() as connection:
            database = connection.engine.url.database
            connection.execute(text(f"ALTER DATABASE {database} SET timezone = 'America/St_Johns'"))
        store.engines.close()
        store.start().do(opening("episode"))
        recorded = store.readers.entries(SITE, "episode")[0].recorded_at
        assert recorded.isoformat() == "2026-03-02T12:00:00+00:00"


@pytest.mark.parametrize(
    "url", ["postgres://u:p@h/db", "postgresql://u:p@h/db", "postgresql+psycopg://u:p@h/db"]
)
def test_a_postgresql_url_may_leave_the_driver_out(url: str) -> None:
    assert database_url(url).render_as_string(hide_password=False) == "postgresql+psycopg://u:p@h/db"


@pytest.mark.parametrize(
    "url", ["", "pathway.db", "mysql://h/db", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg//x"]
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database"):
        open_store(url)


def test_opening_alone_connects_to_nothing(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/never.db").close()
    open_store("postgresql://nobody@127.0.0.1:1/nowhere").close()
    assert list(tmp_path.iterdir()) == []
