"""Rows as JSON, as lines of JSON, or as a table for a spreadsheet; a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from pathway.use_cases.refusals import Refusal
from pathway.use_cases.spreadsheet import as_csv

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"


def listed(
    request: Request,
    media_type: str,
    name: str,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    next_cursor: str | None,
) -> Response:
    """A page of rows in the form `wanted` chose; in JSON they are the member `name`. `Link` leads to the next page."""
    headers = {"content-type": f"{CSV}; charset=utf-8" if media_type == CSV else media_type, "vary": "accept"}
    if next_cursor is not None:
        headers["link"] = f'<{_address(request, next_cursor)}>; rel="next"'
    if media_type == NDJSON:
        content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    elif media_type == CSV:
        content = as_csv(columns, rows)
    else:
        content = orjson.dumps({name: rows, "next_cursor": next_cursor})
    return Response(content, headers=headers)


def wanted(request: Request) -> str:
    """The media type to answer with, of these three. Raises `Refusal` (`not_acceptable`)."""
    accept = request.headers.get("accept", "")
    offered = {JSON: JSON, "application/*": JSON, "*/*": JSON, NDJSON: NDJSON, CSV: CSV, "text/*": CSV}
    best, weight = None, 0.0
    for wish in accept.lower().split(",") if accept.strip() else ["*/*"]:
        media_type, *parameters = (part.strip() for part in wish.split(";"))
        wished = _weight(parameters)
        if media_type in offered and wished > weight:
            best, weight = offered[media_type], wished
    if best is None:
        raise Refusal("not_acceptable", f"This can be had as {JSON}, {NDJSON} or {CSV}.")
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
