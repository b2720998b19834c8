"""What waits for somebody at the caller's site."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, json_answer, note_shown, read
from api.openapi import operation
from pathway.use_cases import calendar, worklist

router = APIRouter()

KINDS = worklist.KINDS


@router.get(
    "/v1/worklist",
    **operation("Read the worklist", query=("due_before", "kind", "cursor", "limit"), tag="worklist"),
)
async def read_the_worklist(request: Request) -> Response:
    """Open episodes, those with something urgent first, then as they are due; `next_cursor` leads to the next page."""
    asking = await caller(request)
    query = Query(request, "due_before", "kind", "cursor", "limit")
    due_before, kind = query.day("due_before"), query.one_of("kind", KINDS)
    cursor, limit = query.cursor(), query.limit()
    page = await read(
        request,
        lambda: worklist.read_worklist(installation(request), asking, due_before, kind, cursor, limit),
    )
    note_shown(request, (each["episode"] for each in orjson.loads(page)["items"]))
    return json_answer(page)


@router.get(
    "/v1/worklist.ics",
    **operation(
        "The worklist as a calendar",
        query=("due_before", "kind"),
        media_types=("text/calendar",),
        tag="worklist",
    ),
)
async def subscribe_to_the_worklist(request: Request) -> Response:
    """Due windows of open episodes (iCalendar, RFC 5545), the 500 with the nearest dates; it names nobody."""
    asking = await caller(request)
    query = Query(request, "due_before", "kind")
    due_before, kind = query.day("due_before"), query.one_of("kind", KINDS)
    text, shown = await read(
        request,
        lambda: calendar.read_calendar(installation(request), asking, kind, due_before),  # type: ignore[arg-type]
    )
    note_shown(request, shown)
    return Response(text, media_type="text/calendar; charset=utf-8")
