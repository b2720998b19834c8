"""The log of an episode as JSON, as lines of JSON, or as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, read
from api.openapi import operation
from pathway.use_cases import read_history
from pathway.use_cases.history_table import as_csv
from pathway.use_cases.refusals import Refusal

router = APIRouter()

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"


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
    media_type = _wanted(request.headers.get("accept", ""))
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
    headers = {"content-type": f"{CSV}; charset=utf-8" if media_type == CSV else media_type, "vary": "accept"}
    if page.next_cursor is not None:
        headers["link"] = f'<{_address(request, page.next_cursor)}>; rel="next"'
    return Response(_written(page, media_type), headers=headers)


def _written(page: read_history.HistoryPage, media_type: str) -> bytes:
    if media_type == NDJSON:
        return b"".join(orjson.dumps(row) + b"\n" for row in page.rows)
    if media_type == CSV:
        return as_csv(page.rows)
    return orjson.dumps({"entries": page.rows, "next_cursor": page.next_cursor})


def _wanted(accept: str) -> str:
    """The media type to answer with. Raises `Refusal` (`not_acceptable`)."""
    offered = {JSON: JSON, "application/*": JSON, "*/*": JSON, NDJSON: NDJSON, CSV: CSV, "text/*": CSV}
    best, weight = None, 0.0
    for wish in accept.lower().split(",") if accept.strip() else ["*/*"]:
        media_type, *parameters = (part.strip() for part in wish.split(";"))
        wished = _weight(parameters)
        if media_type in offered and wished > weight:
            best, weight = offered[media_type], wished
    if best is None:
        raise Refusal("not_acceptable", f"The history can be had as {JSON}, {NDJSON} or {CSV}.")
    return best


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _address(request: Request, cursor: str) -> str:
    """The address of this page, with the cursor of the next."""
    sent = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return f"{request.scope['path']}?{urlencode([*((n, v) for n, v in sent if n != 'cursor'), ('cursor', cursor)])}"
