"""Databases to measure on: SQLite files, and the PostgreSQL that the tests start, with fsync on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

from tests import postgres


class Databases(Protocol):
    """Where databases come from; each is gone with the run."""

    @property
    def role(self) -> str | None:
        """Under which the service works; None where a database knows no roles."""

    def empty(self) -> str:
        """The URL of a new database."""

    def copy(self, url: str) -> str:
        """The URL of a new database equal to the one at `url`, to which nobody is connected."""

    def served(self, url: str) -> str:
        """The URL of the same database for the service."""


class Files:
    """SQLite files in a folder."""

    role = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def empty(self) -> str:
        """The URL of a file that does not exist yet."""
        return f"sqlite:///{self._folder}/{next(self._numbers)}.db"

    def copy(self, url: str) -> str:
        """The URL of a copy of the file."""
        fresh = self.empty()
        shutil.copyfile(url.removeprefix("sqlite:///"), fresh.removeprefix("sqlite:///"))
        return fresh

    def served(self, url: str) -> str:
        """The URL as it is."""
        return url


@contextmanager
def on_postgresql() -> Iterator[Databases]:
    """Databases on the server `PATHWAY_TEST_POSTGRES` names, or on one started for the while.

    Raises `tests.postgres.PostgresMissing`.
    """
    with postgres.running_server(os.environ.get("PATHWAY_TEST_POSTGRES")) as server:
        databases = postgres.Databases(server)
        try:
            yield databases
        finally:
            databases.drop_all()
