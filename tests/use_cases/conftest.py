"""A service on each database, and a child whose progression has been confirmed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sides import Clock, Side
from tests.use_cases.journeys import Child


@pytest.fixture
def side(database_url: str) -> Iterator[Side]:
    """A service whose clock stands still until the test lets days pass."""
    side = Side(database_url, "north", Clock())
    yield side
    side.stop()


@pytest.fixture
def child(side: Side) -> Child:
    """A child with confirmed progression, GD2 positive, fit, with consent to treatment and to cell therapy."""
    return Child.opened(side)
