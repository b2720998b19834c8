"""All pages, and what they need of the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, TypeAlias, cast

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from api.access import CannotStart
from api.web import (
    audit,
    cohort,
    comparison,
    decision,
    episode,
    history,
    opening,
    pathway,
    record,
    review,
    sheet,
    sign_in,
    static_files,
    verification,
    what_if,
    worklist,
)
from api.web.provider import Provider
from api.web.rendering import refused
from api.web.sessions import Sessions
from pathway.settings import Settings
from pathway.use_cases.keys import KeyMissing, session_key
from pathway.use_cases.refusals import Refusal

Answering: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]

ROUTERS: Final = (
    worklist.router,
    opening.router,
    record.router,
    episode.router,
    decision.router,
    review.router,
    what_if.router,
    sheet.router,
    cohort.router,
    history.router,
    comparison.router,
    verification.router,
    audit.router,
    pathway.router,
    sign_in.router,
    static_files.router,
)


def add_pages(app: FastAPI, settings: Settings) -> None:
    """Adds the pages to the application. Raises `CannotStart` where a setting is wanting.

    In production without a provider there are no pages, since nobody could sign in.
    """
    provider = Provider.of(settings)
    development = settings.env == "development"
    if provider is None and not development:
        return
    try:
        key = session_key(settings)
    except KeyMissing as reason:
        raise CannotStart(str(reason)) from None
    app.state.provider = provider
    app.state.development = development
    app.state.sessions = Sessions(key, secure=(settings.public_url or "").startswith("https:"))
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(HTTPException, _nowhere(cast(Answering, app.exception_handlers[HTTPException])))


def _nowhere(otherwise: Answering) -> Answering:
    """Who came with a browser to an address that is none is told so on a page; a program is answered as before."""

    async def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  (Starlette looked the handler up by this class)
        if error.status_code != HTTPStatus.NOT_FOUND or "text/html" not in request.headers.get("accept", ""):
            return await otherwise(request, error)
        return refused(request, Refusal("not_found", "There is nothing at this address."))

    return told
