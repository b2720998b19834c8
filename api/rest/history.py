"""The log of an episode as JSON, as lines of JSON, or as a table for a spreadsheet."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, read
from api.listing import CSV, JSON, NDJSON, listed, wanted
from api.openapi import operation
from pathway.use_cases import read_history

router = APIRouter()


@router.get(
    "/v1/episodes/{episode_id}/history",
    **operation(
        "Read the history",
        path=("episode_id",),
        query=("known_at", "from", "to", "cursor", "limit"),
        media_types=(JSON, NDJSON, CSV),
        refusals=("unknown_episode", "not_acceptable"),
    ),
)
async def read_the_history(request: Request) -> Response:
    """Log entries in the order in which they were recorded, a page at a time; `Link` leads to the next page."""
    asking = await caller(request)
    media_type = wanted(request)
    query = Query(request, "known_at", "from", "to", "cursor", "limit")
    known_at, since, until = query.instant("known_at"), query.day("from"), query.day("to")
    cursor, limit = query.cursor(), query.limit()
    episode_id = request.path_params["episode_id"]
    page = await read(
        request,
        lambda: read_history.read_history(
            installation(request), asking, episode_id, known_at, since, until, cursor, limit
        ),
    )
    return listed(request, media_type, "entries", read_history.COLUMNS, page.rows, page.next_cursor)
