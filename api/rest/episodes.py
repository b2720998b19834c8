"""Opening an episode, finding a patient's episodes, and reading one."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import (
    Query,
    caller,
    idempotency_key,
    installation,
    json_answer,
    json_body,
    note_shown,
    read,
    request_digest,
    written,
)
from api.openapi import operation
from pathway.use_cases import find_episodes, open_episode, read_episode

router = APIRouter()


@router.post(
    "/v1/episodes",
    **operation(
        "Open an episode",
        body=open_episode.Request,
        key="required",
        answers={"created": "The episode, and where it is (`Location`)."},
        refusals=("episode_exists", "impossible_date", "message_conflict", "another_patient"),
    ),
)
async def open_an_episode(request: Request) -> Response:
    """One episode may be open per patient and pathway at a site; a second is refused with the first's `Location`."""
    asking = await caller(request)
    Query(request)
    key = idempotency_key(request)
    body = await json_body(request)
    return await written(
        request,
        open_episode.open_episode(
            installation(request), asking, body, key, request_digest(request, asking, body)
        ),
    )


@router.post(
    "/v1/episodes:find",
    **operation("Find the episodes of a patient", body=find_episodes.Request),
)
async def find_episodes_of_a_patient(request: Request) -> Response:
    """The identifier stands in the body, so that it reaches no address and no log."""
    asking = await caller(request)
    Query(request)
    body = await json_body(request)
    found = await read(request, lambda: find_episodes.find_episodes(installation(request), asking, body))
    note_shown(request, (each["episode"] for each in orjson.loads(found)["episodes"]))
    return json_answer(found)


@router.get(
    "/v1/episodes/{episode_id}",
    **operation(
        "Read an episode", path=("episode_id",), query=("known_at", "as_of"), refusals=("unknown_episode",)
    ),
)
async def read_an_episode(request: Request) -> Response:
    """State, line, cycle, facts in force, holds, obligations and version, as known at an instant."""
    asking = await caller(request)
    query = Query(request, "known_at", "as_of")
    known_at, as_of = query.instant("known_at"), query.day("as_of")
    episode_id = request.path_params["episode_id"]
    return json_answer(
        await read(
            request,
            lambda: read_episode.read_episode(installation(request), asking, episode_id, known_at, as_of),
        )
    )
