"""The worklist: what is due, overdue, missing, waiting for a decision or to be reviewed at the site."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, note_shown, read
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.episodes.events import PatientIdentifier
from pathway.use_cases import worklist
from pathway.use_cases.name_patients import name_patients

router = APIRouter(route_class=Page, include_in_schema=False)

ROWS: Final = 50
KINDS: Final = {
    None: "Everything",
    "overdue": "Overdue",
    "due": "Due",
    "missing": "Data missing",
    "waiting": "Waiting for a decision",
    "review": "To be reviewed",
}


@router.get("/", name="read_the_worklist")
async def show(request: Request) -> Response:
    """One page of it, the nearest date first; what it is narrowed to stands in the address."""
    session, asking = signed_in(request)
    query = Query(request, "kind", "due_before", "cursor")
    kind, cursor = query.name("kind"), query.cursor()
    due_before = query.day("due_before") if request.query_params.get("due_before") else None
    service = installation(request)

    def listed() -> tuple[dict[str, Any], dict[str, PatientIdentifier], dict[str | None, int]]:
        told = orjson.loads(worklist.read_worklist(service, asking, due_before, kind, cursor, ROWS))
        patients = name_patients(service, asking, [item["patient"] for item in told["items"]])
        return told, patients, worklist.count_worklist(service, asking, due_before)

    found, patients, counts = await read(request, listed)
    note_shown(request, [item["episode"] for item in found["items"]])
    narrowed = {"due_before": due_before.isoformat()} if due_before else {}
    return page(
        request,
        "worklist.html",
        session,
        items=found["items"],
        patients=patients,
        kinds=[
            (label, _address(name, narrowed), name == kind, counts[name]) for name, label in KINDS.items()
        ],
        count=counts[kind],
        first=_address(kind, narrowed) if cursor else None,
        kind=kind,
        due_before=due_before,
        following=_address(kind, narrowed, cursor=found["next_cursor"]) if found["next_cursor"] else None,
    )


def _address(kind: str | None, narrowed: dict[str, str], **more: str) -> str:
    return "/?" + urlencode(narrowed | ({"kind": kind} if kind else {}) | more)
