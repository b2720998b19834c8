"""What the pathway says next, for what happened and for what might."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import Gathered, Query, caller, installation, json_answer, json_body, read
from api.openapi import operation
from api.rest.events import BODY
from pathway.store.values import Summary
from pathway.use_cases import next_step, suppose
from pathway.use_cases.permissions import Operation
from pathway.use_cases.standing import existing, readable

router = APIRouter()


@router.get(
    "/v1/episodes/{episode_id}/next-step",
    **operation(
        "The recommendation, with its reasons",
        path=("episode_id",),
        query=("as_of", "known_at"),
        refusals=("unknown_episode",),
    ),
)
async def read_the_next_step(request: Request) -> Response:
    """The options with every guard evaluated, what is missing, what would change it, and when it is due."""
    asking = await caller(request)
    query = Query(request, "known_at", "as_of")
    known_at, as_of = query.instant("known_at"), query.day("as_of")
    service, episode_id = installation(request), request.path_params["episode_id"]
    if known_at is not None:
        return json_answer(
            await read(request, lambda: next_step.next_step(service, asking, episode_id, known_at, as_of))
        )
    # Not in a thread: the stored recommendation is one row away, the hop would cost more.
    summaries: Gathered[tuple[str, str], Summary] = request.app.state.summaries
    summary = await summaries.get(readable(asking, Operation.READ_THE_NEXT_STEP, episode_id))
    return json_answer(next_step.next_step_of(service, existing(summary), as_of))


@router.post(
    "/v1/episodes/{episode_id}/next-step:suppose",
    **operation(
        "The recommendation if further events had happened",
        path=("episode_id",),
        query=("as_of", "known_at"),
        body=BODY,
        refusals=(
            "unknown_episode",
            "another_patient",
            "impossible_date",
            "unknown_entry",
            "not_correctable",
        ),
    ),
)
async def suppose_something_happened(request: Request) -> Response:
    """Nothing is written."""
    asking = await caller(request)
    query = Query(request, "known_at", "as_of")
    known_at, as_of = query.instant("known_at"), query.day("as_of")
    body = await json_body(request)
    episode_id = request.path_params["episode_id"]
    return json_answer(
        await read(
            request,
            lambda: suppose.suppose(installation(request), asking, episode_id, body, known_at, as_of),
        )
    )
