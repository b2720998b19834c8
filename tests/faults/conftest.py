"""Databases and ways to serve them, for tests that do their worst to the service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pathway.store.engines import Journal
from tests.faults.serving import Way

JOURNALS = {"wal": Journal("WAL", "FULL"), "truncate": Journal("TRUNCATE", "EXTRA")}
"""Both journals the service keeps with SQLite, whichever the library at hand would be given."""


@pytest.fixture(params=["sqlite-wal", "sqlite-truncate", "postgresql"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Way:
    """A fresh database of each kind."""
    name: str = request.param
    if name == "postgresql":
        return Way(request.getfixturevalue("postgres_url"), tmp_path)
    return Way(request.getfixturevalue("sqlite_url"), tmp_path, JOURNALS[name.removeprefix("sqlite-")])


@pytest.fixture
def shared(database_url: str, tmp_path: Path) -> Way:
    """A fresh database for several replicas, SQLite with the journal its library is to have."""
    return Way(database_url, tmp_path)


@pytest.fixture
def sqlite_way(new_sqlite: Callable[[], str], tmp_path: Path) -> Way:
    """A fresh SQLite file with the write-ahead log."""
    return Way(new_sqlite(), tmp_path, JOURNALS["wal"])
