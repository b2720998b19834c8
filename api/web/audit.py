"""Who read and wrote what at the site, for those who look into it; that they looked is recorded too."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from api.dependencies import installation, note_shown, read
from api.problems import note_outcome
from api.web.asking import Asked
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.engine.findings import in_words
from pathway.use_cases.permissions import Operation
from pathway.use_cases.read_audit import AuditFilter, read_audit
from pathway.use_cases.words import outcome_in_words

router = APIRouter(route_class=Page, include_in_schema=False)

ROWS: Final = 50
FIELDS: Final = ("subject", "operation", "episode", "since", "until")
AT_A_TERMINAL: Final = ("verify_the_record", "sign_a_checkpoint", "accept_another_log")
"""Operations that are no call of their own."""


@router.get("/audit", name="read_the_audit_records")
async def show(request: Request) -> Response:
    """One page of records, the newest first; what was looked for stands in the address."""
    session, asking = signed_in(request)
    asking.require(Operation.READ_THE_AUDIT_RECORDS)
    asked = Asked(request, session, *FIELDS, "cursor")
    wanted = AuditFilter(
        asked.name("subject"),
        asked.name("operation"),
        asked.identifier("episode"),
        asked.beginning("since"),
        asked.end("until"),
    )
    cursor = asked.query.cursor() if asked.form.text("cursor") else None
    service = installation(request)
    found = await read(request, lambda: read_audit(service, asking, wanted, cursor, ROWS))
    sent = asked.sent("cursor")
    operations = dict.fromkeys((*(each.value for each in Operation), *AT_A_TERMINAL))
    rows = [] if asked.faults else found.rows
    note_shown(request, dict.fromkeys(row["episode"] for row in rows if row["episode"]))
    note_outcome(request.scope, "invalid_parameter" if asked.faults else "ok")
    return page(
        request,
        "audit.html",
        session,
        status=HTTPStatus.BAD_REQUEST if asked.faults else HTTPStatus.OK,
        asked=asked,
        rows=rows,
        operations=[(each, in_words(each)) for each in sorted(operations)],
        outcome=outcome_in_words,
        narrowed=bool(sent),
        following=f"/audit?{urlencode(sent | {'cursor': found.next_cursor})}"
        if found.next_cursor and rows
        else None,
    )
