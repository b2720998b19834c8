"""The service as it would be without audit records and without a log: what proof costs an event is the difference.

For measuring alone: `uvicorn benchmarks.unproved:app --factory`.
"""

from __future__ import annotations

from fastapi import FastAPI

from api.app import from_environment
from pathway.store.batch import Batch


def app() -> FastAPI:
    """The service, of which the writer leaves no audit record and no leaf."""
    Batch._audit = lambda *_: None  # type: ignore[method-assign]  # noqa: SLF001 -- there is no switch for it
    Batch._add_leaf = lambda *_: None  # type: ignore[method-assign]  # noqa: SLF001 -- as above
    return from_environment()
