"""The application, wired on one screen: settings in, an ASGI application out."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from anyio import CapacityLimiter
from fastapi import FastAPI, Response
from pydantic import ValidationError

from api import openapi
from api.access import CannotStart, Gate
from api.audit import Audit
from api.dependencies import Gathered, OneByOne
from api.limits import Bounded, Limits
from api.problems import exception_handlers
from api.rest import (
    audit,
    cohort,
    decisions,
    episodes,
    events,
    health,
    history,
    inrc,
    next_step,
    pathways,
    patients,
    proof,
    worklist,
)
from api.telemetry import Metrics, Telemetry, configure_logging, tell_of_unsigned
from api.web.pages import add_pages
from pathway.settings import Settings
from pathway.store.engines import StoreError, WrongKey
from pathway.use_cases import keys
from pathway.use_cases.checkpoints import CheckpointWorker, Notary
from pathway.use_cases.identifier_keys import require_own_key
from pathway.use_cases.installation import Installation

ROUTERS = (
    events,
    next_step,
    decisions,
    episodes,
    history,
    worklist,
    pathways,
    inrc,
    audit,
    proof,
    patients,
    cohort,
    health,
)
"""The calls; the frequent ones first, because the router tries them in this order."""

READING_THREADS = 4
"""As many as the store has connections to read with: more would wait there, holding a thread."""

COLLECT_AFTER = 50_000
"""Allocations between two collections of the youngest generation."""


def create_app(settings: Settings, opened: Callable[[Settings], Installation] = Installation.open) -> FastAPI:
    """The service for these settings. Raises `CannotStart` with a sentence saying which setting is wanting.

    `opened` gives the installation it works with, once it runs.
    """
    configure_logging()
    gate = Gate.of(settings)
    _require_keys(settings)
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.installation = opened(settings)
        app.state.notary = Notary(app.state.installation)
        worker = CheckpointWorker(app.state.notary, settings.checkpoint_seconds, tell_of_unsigned)
        worker.start()
        app.state.threads = CapacityLimiter(READING_THREADS)
        app.state.verifications = OneByOne()
        app.state.summaries = Gathered(app.state.installation.readers.summaries)
        usual = gc.get_threshold()
        _collect_rarely()
        try:
            yield
        finally:
            gc.set_threshold(*usual)
            gc.unfreeze()
            worker.close()
            app.state.installation.close()

    app = _described_app(lifespan=lifespan, exception_handlers=exception_handlers())
    described = description()

    @app.get("/openapi.json", include_in_schema=False)
    async def describe() -> Response:
        """Open to everybody: it is published with the sources and says nothing about anybody."""
        return Response(described, media_type="application/json")

    add_pages(app, settings)
    limits = Limits(settings.requests_at_once, settings.requests_of_a_client)
    app.add_middleware(Audit)
    app.add_middleware(Bounded, limits=limits)
    app.add_middleware(Telemetry, metrics=metrics)
    app.state.gate = gate
    app.state.limits = limits
    app.state.metrics = metrics
    return app


def from_environment() -> FastAPI:
    """For `uvicorn api.app:from_environment --factory`: ends the process with a sentence when it cannot start."""
    try:
        settings = Settings()
        app = create_app(settings)
        _require_own_key(settings)
    except (CannotStart, ValidationError) as reason:
        raise SystemExit(str(reason)) from None
    return app


def openapi_document() -> dict[str, Any]:
    """The description of every call, as `docs/openapi.json` holds it; the same sources give the same document."""
    return openapi.document(_described_app())


@cache
def description() -> bytes:
    """The same as bytes, made once for a process."""
    return orjson.dumps(openapi_document())


def _require_keys(settings: Settings) -> None:
    """Raises `CannotStart`."""
    try:
        keys.signer(settings)
        keys.identifier_key(settings)
        keys.require_none_of_development(settings)
    except keys.KeyMissing as reason:
        raise CannotStart(str(reason)) from None


def _require_own_key(settings: Settings) -> None:
    """Raises `CannotStart` where the database holds identifiers under another key. One out of reach may come back."""
    try:
        require_own_key(settings)
    except WrongKey as reason:
        raise CannotStart(f"The service does not start: {reason}.") from None
    except StoreError:
        return


def _described_app(**options: Any) -> FastAPI:
    return FastAPI(
        title="Pathway",
        version=version("pathway"),
        summary="Walks each patient along a published treatment pathway and says what should come next, and why.",
        # No page of documentation: it would load scripts of third parties. No telemetry but our own: the
        # framework's would export addresses and the texts of exceptions. No second address for a call.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        # The routes themselves: an included router would be searched twice for each request.
        routes=[route for room in ROUTERS for route in room.router.routes],
        **options,
    )


def _collect_rarely() -> None:
    """Takes what lives as long as the process out of the collector's sight, and lets it look less often.

    The catalogue and the framework are hundreds of thousands of objects; walking them again and again during
    requests doubled the slowest answers at 64 connections.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
