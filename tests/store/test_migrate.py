"""The migrations make the schema that the tables describe, once, from wherever the package runs."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from pathway.store.engines import StoreUnavailable, open_store
from pathway.store.migrate import current, head, migrate
from pathway.store.tables import metadata
from tests.postgres import Databases
from tests.store.builders import opened, opening


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    databases: Databases = request.getfixturevalue("postgres")
    return databases.empty()


def test_an_empty_database_is_at_no_revision_and_a_migrated_one_at_the_head(empty_url: str) -> None:
    assert current(empty_url) is None
    migrate(empty_url)
    assert current(empty_url) == head()


@pytest.mark.shows("R-115")
def test_migrating_again_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    with opened(empty_url) as store:
        store.start().do(opening())
    migrate(empty_url)
    with opened(empty_url) as store:
        assert store.count("entry") == 1


@pytest.mark.shows("R-115")
def test_two_replicas_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty_url] * 4))
    assert current(empty_url) == head()


@pytest.mark.shows("R-115")
def test_the_schema_is_the_one_the_tables_describe(database_url: str) -> None:
    engines = open_store(database_url)
    with engines.write.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engines.close()


def test_a_new_sqlite_file_is_its_owners_alone_and_its_folder_is_made(tmp_path: Path) -> None:
    file = tmp_path / "var" / "deep" / "pathway.db"
    migrate(f"sqlite:///{file}")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_database_out_of_reach_is_unavailable() -> None:
    url = "postgresql://nobody@127.0.0.1:1/nowhere"
    for attempt in (migrate, current):
        with pytest.raises(StoreUnavailable):
            attempt(url)


def test_the_migrations_are_found_from_any_working_directory(tmp_path: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from pathway.store.migrate import migrate; migrate('sqlite:///here.db')"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert current(f"sqlite:///{tmp_path}/here.db") == head()
