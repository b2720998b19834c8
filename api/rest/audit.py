"""Who read and wrote what at the caller's site."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, read
from api.listing import CSV, JSON, NDJSON, listed, wanted
from api.openapi import operation
from pathway.use_cases import read_audit

router = APIRouter()
FILTERS = ("subject", "operation", "episode", "since", "until", "cursor", "limit")


@router.get(
    "/v1/audit",
    **operation(
        "Read who read and wrote what",
        query=FILTERS,
        media_types=(JSON, NDJSON, CSV),
        refusals=("not_acceptable",),
        tag="audit",
    ),
)
async def read_the_audit_records(request: Request) -> Response:
    """The newest first, a page at a time; `Link` leads to the next page. That this was read is recorded too.

    Of an `episode` those records are found that are about it, and those of lists that named it.
    """
    asking = await caller(request)
    media_type = wanted(request)
    query = Query(request, *FILTERS)
    looked_for = read_audit.AuditFilter(
        query.name("subject"),
        query.name("operation"),
        query.identifier("episode"),
        query.instant("since"),
        query.instant("until"),
    )
    cursor, limit = query.cursor(), query.limit()
    page = await read(
        request, lambda: read_audit.read_audit(installation(request), asking, looked_for, cursor, limit)
    )
    return listed(request, media_type, "records", read_audit.COLUMNS, page.rows, page.next_cursor)
