"""The log of an episode in its three forms, and what was known at one instant beside what was known at another."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, json_answer, read
from api.listing import CSV, JSON, NDJSON, listed, wanted
from api.openapi import operation
from pathway.use_cases import compare_knowledge, read_history

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
    """Log entries in the order in which they were recorded, a page at a time; `Link` leads to the next page.

    `standing` is `in_force`, `corrected` or `retracted`, then `changed_by` which entry. A correction shares the fate
    of what it corrects: the next correction stands in its place, a retraction takes it away too.
    """
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


@router.get(
    "/v1/episodes/{episode_id}/diff",
    **operation(
        "Compare what was known at two instants",
        path=("episode_id",),
        query=("from:instant", "to:instant", "as_of"),
        refusals=("unknown_episode",),
    ),
)
async def compare_what_was_known(request: Request) -> Response:
    """State, facts, recommendation and options then and now, the entries that came, and those that stand otherwise.

    Both recommendations are for the same day, so that nothing but what was known makes them differ.
    """
    asking = await caller(request)
    query = Query(request, "from", "to", "as_of")
    since, until, as_of = query.instant("from"), query.instant("to"), query.day("as_of")
    episode_id = request.path_params["episode_id"]
    return json_answer(
        await read(
            request,
            lambda: compare_knowledge.compare_knowledge(
                installation(request), asking, episode_id, since, until, as_of
            ),
        )
    )
