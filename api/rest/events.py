"""Recording what happened to an episode."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import (
    Query,
    caller,
    idempotency_key,
    installation,
    json_body,
    prefers_minimal,
    request_digest,
    written,
)
from api.openapi import operation
from pathway.use_cases import record_events

router = APIRouter()

EVENT = {"$ref": "#/components/schemas/Event"}
BODY = {
    "oneOf": [
        EVENT,
        {
            "type": "object",
            "description": "Several events, recorded all together or not at all.",
            "required": ["events"],
            "additionalProperties": False,
            "properties": {"events": {"type": "array", "minItems": 1, "items": EVENT}},
        },
    ]
}


@router.post(
    "/v1/episodes/{episode_id}/events",
    **operation(
        "Record one event or several",
        path=("episode_id",),
        query=("dry_run",),
        body=BODY,
        key="required",
        prefer=True,
        answers={
            "recorded": "The entries, what they changed, and the next step.",
            "foreseen": "What the events would change; nothing was written (`dry_run=true`).",
        },
        refusals=(
            "unknown_episode",
            "message_conflict",
            "another_patient",
            "impossible_date",
            "unknown_entry",
            "not_correctable",
        ),
    ),
)
async def record_what_happened(request: Request) -> Response:
    """Several events are recorded all or none. A message that was recorded before is answered as a duplicate."""
    asking = await caller(request)
    dry_run = Query(request, "dry_run").flag("dry_run")
    key = idempotency_key(request, required=not dry_run)
    minimal = prefers_minimal(request)
    body = await json_body(request)
    return await written(
        request,
        record_events.record_events(
            installation(request),
            asking,
            request.path_params["episode_id"],
            body,
            key,
            request_digest(request, asking, body, minimal=minimal),
            dry_run=dry_run,
            minimal=minimal,
        ),
        minimal=minimal,
    )
