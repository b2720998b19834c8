"""A store on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.builders import Store, opened


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with its writer running."""
    with opened(database_url) as store:
        yield store.start()


@pytest.fixture
def idle(database_url: str) -> Iterator[Store]:
    """A store whose writer waits for `start`."""
    with opened(database_url) as store:
        yield store
