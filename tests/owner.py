"""The owner of a database: who migrates it, looks into it as a whole, and in tests tampers with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pathway.store.engines import Engines, open_store
from tests.postgres import as_owner


def owner_engines(url: str) -> Engines:
    """Engines that no wall between sites stands in front of."""
    return open_store(as_owner(url), walls=False)


@contextmanager
def owner_of(url: str) -> Iterator[Engines]:
    """The same, for a while."""
    engines = owner_engines(url)
    try:
        yield engines
    finally:
        engines.close()
