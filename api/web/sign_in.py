"""Signing in and out: with the hospital's provider, or in development by the link that the terminal shows."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request, Response

from api.access import Gate
from api.dependencies import Query
from api.limits import Limits
from api.problems import STATUS, note_outcome
from api.web.forms import read_form
from api.web.provider import NOT_FINISHED, Provider
from api.web.rendering import Page, page, see
from api.web.sessions import Session, sessions
from pathway.use_cases.refusals import Refusal

router = APIRouter(route_class=Page, include_in_schema=False)

AT_ONCE: Final = 32
"""How many may be signing in: nobody knows who they are, and each keeps a place while the provider is waited for."""

_OWN_PAGE: Final = re.compile(r"/(?!/)[\x21-\x7e]{0,500}")


@router.get("/sign-in", name="sign_in")
async def ask_who_it_is(request: Request) -> Response:
    """Offers what ways there are to sign in."""
    query = Query(request, "next", "token")
    back = own_page(query.name("next"))
    token = query.token("token")
    if token is not None:
        return await _signed_in_by_link(request, token, back)
    return page(request, "sign_in.html", provider=_provider(request) is not None, back=back)


@router.get("/sign-in/begin", name="sign_in")
async def go_to_the_provider(request: Request) -> Response:
    """Sends the browser to the hospital's provider."""
    _enter(request)
    provider = _provider(request)
    if provider is None:
        raise Refusal("not_found", "No sign-in provider is set up here.")
    address, kept = await provider.begin()
    response = see(address)
    sessions(request).begin_sign_in(response, kept | {"next": own_page(Query(request, "next").name("next"))})
    return response


@router.get("/sign-in/callback", name="sign_in")
async def come_back_from_the_provider(request: Request) -> Response:
    """Signs in whoever the provider sends back. What was kept when it began serves once, whatever comes of it."""
    _enter(request)
    provider, told, kept = _provider(request), request.query_params, sessions(request).sign_in_of(request)
    if provider is None or kept is None or "code" not in told or "state" not in told:
        response = _not_signed_in(request, Refusal("unauthenticated", NOT_FINISHED))
    else:
        try:
            caller = await provider.finish(kept, told["code"], told["state"])
        except Refusal as refusal:
            response = _not_signed_in(request, refusal)
        else:
            response = see(own_page(kept["next"]))
            sessions(request).keep(response, Session.of(caller))
    sessions(request).end_sign_in(response)
    return response


def _enter(request: Request) -> None:
    limits: Limits = request.app.state.limits
    limits.enter(request.scope, "", "signing in", AT_ONCE)


def _not_signed_in(request: Request, refusal: Refusal) -> Response:
    note_outcome(request.scope, refusal.outcome)
    return page(
        request,
        "sign_in.html",
        status=STATUS[refusal.outcome],
        provider=_provider(request) is not None,
        back="/",
        fault=refusal.detail,
    )


@router.post("/sign-out", name="sign_out")
async def leave(request: Request) -> Response:
    """Ends the session of this browser."""
    response = see("/sign-in")
    session = sessions(request).of(request)
    if session is not None:
        await read_form(request, session)
    sessions(request).end(response)
    return response


def own_page(address: str | None) -> str:
    """The address if it is one of our own pages, else the first page: nobody is led elsewhere by signing in."""
    return address if address and _OWN_PAGE.fullmatch(address) and "\\" not in address else "/"


def _provider(request: Request) -> Provider | None:
    found: Provider | None = request.app.state.provider
    return found


async def _signed_in_by_link(request: Request, token: str, back: str) -> Response:
    """The link of `pathway demo`: a token of the development issuer, which exists in development alone."""
    if not request.app.state.development:
        raise Refusal("not_found", "There is no signing in by a link here.")
    gate: Gate = request.app.state.gate
    caller = await gate.admit([f"Bearer {token}".encode()])
    response = see(back)
    sessions(request).keep(response, Session.of(caller))
    return response
