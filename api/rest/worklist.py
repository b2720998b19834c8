"""What waits for somebody at the caller's site."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, json_answer, note_shown, read
from api.openapi import operation
from pathway.use_cases import worklist

router = APIRouter()

KINDS = ("due", "overdue", "missing", "waiting", "review")


@router.get(
    "/v1/worklist",
    **operation("Read the worklist", query=("due_before", "kind", "cursor", "limit"), tag="worklist"),
)
async def read_the_worklist(request: Request) -> Response:
    """Open episodes in the order in which they are due, a page at a time; `next_cursor` leads to the next page."""
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
