"""The endpoints that everything is compared with: the same body is read, a fixed answer is given, nothing is done."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI, Request, Response

ANSWER: Final = b'{"state":"decision_due","moved":false}'

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.post("/v1/episodes/{episode_id}/events")  # noqa: FAST003  (nor does the service declare what it reads)
async def take(request: Request) -> Response:
    """Reads the body and forgets it."""
    await request.body()
    return Response(ANSWER, 201, media_type="application/json")


@app.get("/v1/episodes/{episode_id}/next-step")  # noqa: FAST003  (as above)
async def give() -> Response:
    """The fixed answer."""
    return Response(ANSWER, media_type="application/json")
