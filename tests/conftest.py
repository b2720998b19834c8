"""Databases for the tests: SQLite files and a real PostgreSQL, each fresh, migrated and gone afterwards.

`PATHWAY_TEST_POSTGRES=<url>` uses another server, as a role that may create databases and roles. Where a tool is
missing its tests are skipped with the reason; with `PATHWAY_REQUIRE_ALL=1` they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.missing import missing
from tests.postgres import Databases, PostgresMissing, running_server

pytest_plugins = ["tests.tracing", "tests.travelled", "tests.canaries", "tests.chromium"]

# The same examples in every run, so that a failure is the change's own; HYPOTHESIS_PROFILE=explore draws new
# ones.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=1_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Databases on the PostgreSQL of this session, for tests that need more than one, or an empty one."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server(os.environ.get("PATHWAY_TEST_POSTGRES")))
        except PostgresMissing as reason:
            missing(f"PostgreSQL is missing: {reason}")
        databases = Databases(server)
        stack.callback(databases.drop_all)
        yield databases


@pytest.fixture(scope="session")
def new_postgres(postgres: Databases) -> Callable[[], str]:
    """Makes PostgreSQL databases, each fresh and migrated, and gives their URLs for the role that serves."""
    from pathway.store.migrate import migrate  # only here: a test of pure values needs no database

    template = postgres.empty()
    migrate(template, role=postgres.role)
    return lambda: postgres.served(postgres.copy(template))


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes SQLite files, each fresh and migrated, and gives their URLs."""
    from pathway.store.migrate import migrate

    template = tmp_path_factory.mktemp("template") / "pathway.db"
    migrate(f"sqlite:///{template}")

    def copy() -> str:
        fresh = tmp_path_factory.mktemp("sqlite") / "pathway.db"
        shutil.copyfile(template, fresh)
        return f"sqlite:///{fresh}"

    return copy


@pytest.fixture
def postgres_url(postgres: Databases, new_postgres: Callable[[], str]) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    url = new_postgres()
    yield url
    postgres.drop(url)


@pytest.fixture
def sqlite_url(new_sqlite: Callable[[], str]) -> str:
    """A fresh, migrated SQLite file."""
    return new_sqlite()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database: the test runs on SQLite and on PostgreSQL."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]
