"""Whether the service lives, whether it can do its work, and its metrics."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from api.dependencies import Query, caller, installation, json_answer, read
from api.openapi import operation
from pathway.use_cases.permissions import Operation

router = APIRouter()


@router.get("/health/live", **operation("Does the process answer?", anonymous=True, tag="operations"))
async def is_alive() -> Response:
    """Open to everybody; touches nothing."""
    return json_answer(b'{"status":"live"}')


@router.get("/health/ready", **operation("Can the service do its work?", tag="operations"))
async def is_ready(request: Request) -> Response:
    """Whether the database answers, the key to patients' identifiers is its own, and how durable a write is."""
    asking = await caller(request)
    asking.require(Operation.IS_READY)
    Query(request)
    inst = installation(request)
    await read(request, lambda: inst.readers.require_key(asking.site_id))
    durability = await read(request, inst.readers.durability)
    return json_answer(orjson.dumps({"status": "ready", "durability": durability.kind}))


@router.get(
    "/metrics",
    **operation("Metrics in the Prometheus text format", media_types=("text/plain",), tag="operations"),
)
async def read_metrics(request: Request) -> Response:
    """Counts and durations by route; no ids, no patient data."""
    (await caller(request)).require(Operation.READ_METRICS)
    Query(request)
    return Response(
        generate_latest(request.app.state.metrics.registry),
        headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4},
    )
