"""What people decide: choosing an option, signing a second time, and answering a review task."""

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
from pathway.use_cases import countersign, decide, resolve_review

router = APIRouter()


@router.post(
    "/v1/episodes/{episode_id}/decisions",
    **operation(
        "Decide on an option",
        path=("episode_id",),
        body=decide.Request,
        key="required",
        prefer=True,
        answers={
            "decided": "The decision is recorded and took effect.",
            "awaiting_second_signature": "It overrides a hard stop, and takes effect once another clinician signs.",
        },
        refusals=(
            "unknown_episode",
            "stale_decision",
            "not_an_option",
            "reason_required",
            "impossible_date",
            "episode_closed",
        ),
    ),
)
async def decide_on_an_option(request: Request) -> Response:
    """`basis` says which recommendation was seen; when it no longer holds the decision is refused with the new one.

    An option that is offered `without_antibody` is refused when it would give an anti-GD2 antibody. `cautions` are
    what had to be answered with a reason though it was recommended: off-label use, or what failed before.
    """
    asking = await caller(request)
    Query(request)
    key = idempotency_key(request)
    minimal = prefers_minimal(request)
    body = await json_body(request)
    return await written(
        request,
        decide.decide(
            installation(request),
            asking,
            request.path_params["episode_id"],
            body,
            key,
            request_digest(request, asking, body, minimal=minimal),
            minimal=minimal,
        ),
        minimal=minimal,
    )


@router.post(
    "/v1/episodes/{episode_id}/decisions/{entry_id}/countersignature",
    **operation(
        "Sign an override of a hard stop as the second clinician",
        path=("episode_id", "entry_id"),
        body=countersign.Request,
        key="required",
        answers={"countersigned": "The decision took effect."},
        refusals=("unknown_episode", "unknown_entry", "stale_decision"),
    ),
)
async def sign_a_decision(request: Request) -> Response:
    """The second signature is another person's, with a reason of its own."""
    asking = await caller(request)
    Query(request)
    key = idempotency_key(request)
    body = await json_body(request)
    return await written(
        request,
        countersign.countersign(
            installation(request),
            asking,
            request.path_params["episode_id"],
            request.path_params["entry_id"],
            body,
            key,
            request_digest(request, asking, body),
        ),
    )


@router.post(
    "/v1/episodes/{episode_id}/reviews/{entry_id}",
    **operation(
        "Answer a review task",
        path=("episode_id", "entry_id"),
        body=resolve_review.Request,
        key="required",
        answers={"review_resolved": "The task is answered."},
        refusals=("unknown_episode", "unknown_entry"),
    ),
)
async def answer_a_review_task(request: Request) -> Response:
    """`entry_id` is the entry that raised the task."""
    asking = await caller(request)
    Query(request)
    key = idempotency_key(request)
    body = await json_body(request)
    return await written(
        request,
        resolve_review.resolve_review(
            installation(request),
            asking,
            request.path_params["episode_id"],
            request.path_params["entry_id"],
            body,
            key,
            request_digest(request, asking, body),
        ),
    )
