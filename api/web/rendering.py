"""How a page is made: its template, the words and dates in it, and what a browser is told about it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Match

from api.dependencies import installation
from api.limits import Limits
from api.problems import STATUS, note_outcome
from api.web.forms import KEY, TOKEN, EarlierSession, Form, new_key, unsent_form
from api.web.sessions import Session, sessions
from pathway.engine.findings import in_words
from pathway.store.engines import QueueFull, StoreError
from pathway.use_cases.installation import today_in
from pathway.use_cases.permissions import NEEDS, Operation, Role, permissions_of
from pathway.use_cases.refusals import Refusal

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"
FOREVER: Final = "public, max-age=31536000, immutable"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

Handler = Callable[[Request], Awaitable[Response]]

NAVIGATION: Final = (
    ("Worklist", "/", Operation.READ_THE_WORKLIST),
    ("Cohort", "/cohort", Operation.READ_THE_COHORT),
    ("Rules", "/pathway", Operation.LIST_THE_PATHWAYS),
    ("Audit", "/audit", Operation.READ_THE_AUDIT_RECORDS),
    ("Verification", "/verification", Operation.READ_THE_AUDIT_RECORDS),
)
"""What stands at the top of each page for those who may do it."""


def page(
    request: Request,
    template: str,
    session: Session | None = None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    **context: Any,
) -> Response:
    """The page as HTML. Every template is given `session`, the `navigation` and what time it is at the site."""
    rendered = (
        _templates()
        .get_template(template)
        .render(
            request=request,
            session=session,
            navigation=_navigation(session),
            **_now(request, session),
            token=_token(session),
            **context,
        )
    )
    response = HTMLResponse(rendered, status, dict(HEADERS))
    if session is not None:
        sessions(request).renew(request, response, session)
    return response


def fragment(template: str, **context: Any) -> Markup:
    """A part of a page that is the same for everybody."""
    return Markup(_templates().get_template(template).render(**context))  # noqa: S704  (it escapes what it is given)


def may(session: Session | None, operation: Operation) -> bool:
    """Whether the person may do it: what they may not do is not shown to them."""
    if session is None:
        return False
    return NEEDS[operation] in permissions_of(Role(role) for role in session.roles)


class Page(APIRoute):
    """A call that answers with a page, whatever comes of it; nobody who is not signed in gets any further."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """The call, its refusals told as pages."""
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                answer: Response = await handler(request)
            except Refusal as refusal:
                if refusal.outcome == "unauthenticated" and request.method == "POST":
                    return await _signed_out(request, refusal)
                return refused(request, refusal)
            except QueueFull:
                return refused(request, Refusal("overloaded", _BUSY))
            except StoreError:
                return refused(request, Refusal("unavailable", _OUT_OF_REACH))
            return answer

        return told


_SIGNED_OUT_AT_ONCE: Final = 32
_BUSY: Final = "More is waiting to be recorded than there is room for; nothing was recorded. Try again."
_OUT_OF_REACH: Final = (
    "The database is out of reach; nothing was recorded. What you wrote is lost if you leave this page: go back and"
    " send it again."
)


async def _signed_out(request: Request, refusal: Refusal) -> Response:
    limits: Limits = request.app.state.limits
    try:
        # Nobody knows who they are, and a form may take its time to arrive.
        limits.enter(request.scope, "", "signed out", _SIGNED_OUT_AT_ONCE)
        return refused(request, refusal, await unsent_form(request))
    except Refusal as busy:
        return refused(request, busy)


def refused(request: Request, refusal: Refusal, unsent: Form | None = None) -> Response:
    """A page that says what was refused and why; who is not signed in is asked to do that first.

    `unsent` is what they typed meanwhile: it stays on their screen, unseen, and goes into no address.
    """
    note_outcome(request.scope, refusal.outcome)
    session = sessions(request).of(request)
    if refusal.outcome == "unauthenticated":
        address = f"/sign-in?{urlencode({'next': _page_of(request)})}"
        if unsent is None:
            return RedirectResponse(address, HTTPStatus.SEE_OTHER, dict(HEADERS))
        return page(
            request, "signed_out.html", status=STATUS[refusal.outcome], sign_in=address, unsent=unsent.fields
        )
    return page(
        request,
        "refused.html",
        session,
        status=STATUS[refusal.outcome],
        outcome=refusal.outcome,
        refusal=refusal,
        earlier=isinstance(refusal, EarlierSession),
    )


def _page_of(request: Request) -> str:
    """The page that was asked for, or the one whose form was sent."""
    path, query = request.url.path, f"?{request.url.query}" if request.url.query else ""
    if request.method == "GET":
        return path + query
    while path and not _is_a_page(request, path):
        path, query = path.rpartition("/")[0], ""
    return (path or "/") + query


def _is_a_page(request: Request, path: str) -> bool:
    scope = {**request.scope, "method": "GET", "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def see(address: str) -> Response:
    """Sends the browser on to another page, so that loading it again sends no form twice."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, dict(HEADERS))


def day(value: date | str | None) -> Markup:
    """A date nobody can misread, with its machine form."""
    if value is None:
        return Markup('<span class="none">not known</span>')
    on = date.fromisoformat(value) if isinstance(value, str) else value
    return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), f"{on.day} {on:%b %Y}")


def month(value: str) -> Markup:
    """The month of a date that is known no better, with its machine form."""
    return Markup('<time datetime="{}">{}</time>').format(value[:7], f"{date.fromisoformat(value):%b %Y}")


def instant(value: datetime | str, zone: str = "UTC", *, seconds: bool = False) -> Markup:
    """An instant in the site's time zone, which is named; with its seconds where entries are told apart by them."""
    at = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(ZoneInfo(zone))
    shown = f"{at.day} {at:%b %Y}, {at:{'%H:%M:%S' if seconds else '%H:%M'}} {at.tzname()}"
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), shown)


def short(identifier: str) -> str:
    """The end of an id, by which it is told from others: it begins with the minute in which it was made."""
    return f"…{identifier[-8:]}"


def words(value: str) -> str:
    """A name as people read it: `start_maintenance` is start maintenance."""
    return in_words(value)


def headline(summary: str) -> tuple[str, str]:
    """The first sentence, which says what is next, and the others, which are read after it."""
    first, stop, others = summary.partition(". ")
    return (f"{first}.", others) if stop else (summary, "")


def sentence(value: str) -> str:
    """With a capital letter at its beginning."""
    return value[:1].upper() + value[1:]


def _navigation(session: Session | None) -> list[tuple[str, str]]:
    return [(name, address) for name, address, operation in NAVIGATION if may(session, operation)]


def _now(request: Request, session: Session | None) -> dict[str, Any]:
    """The instant, the zone of the site, and the day there: a page that was printed says when it was read."""
    if session is None:
        return {"today": None}
    service = installation(request)
    zone, now = service.settings.time_zone(session.site_id), service.clock()
    return {"today": today_in(zone, now), "read_at": now, "zone_here": zone}


def _token(session: Session | None) -> Callable[..., Markup]:
    """What a template writes into each of its forms; with the key of one that may have been recorded already."""
    told = session.token if session else ""
    hidden = '<input type="hidden" name="{}" value="{}">'

    def fields(key: str = "") -> Markup:
        # The template is ours; what is put into it is escaped.
        return Markup(hidden).format(TOKEN, told) + Markup(hidden).format(KEY, key or new_key())  # noqa: S704

    return fields


def static_address(name: str) -> str:
    """Where a file of ours is, under a name that changes with its content."""
    return f"/static/{name}?{_version(name)}"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "day": day,
        "instant": instant,
        "words": words,
        "headline": headline,
        "sentence": sentence,
        "short": short,
        "month": month,
        "quote": quote,
    }
    made.globals |= {"static": static_address, "may": may, "Operation": Operation}
    return made
