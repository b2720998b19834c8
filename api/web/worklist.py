"""The worklist: what is urgent, due, overdue, missing, waiting for a decision or to be reviewed at the site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, note_shown, read
from api.web.rendering import Page, page
from api.web.sessions import signed_in
from pathway.episodes.events import PatientIdentifier
from pathway.use_cases import worklist
from pathway.use_cases.installation import Installation
from pathway.use_cases.name_patients import name_patients
from pathway.use_cases.refusals import Refusal

router = APIRouter(route_class=Page, include_in_schema=False)

ROWS: Final = 50
ROWS_TO_PRINT: Final = 500
"""On one page, for those who take the list along on paper."""

NO_DAY: Final = "A day, such as 2026-03-31."
KINDS: Final = {
    None: "Everything",
    "urgent": "At once",
    "overdue": "Overdue",
    "due": "Due",
    "missing": "Data missing",
    "waiting": "Waiting for a decision",
    "board": "For the tumour board",
    "review": "To be reviewed",
}


@router.get("/", name="read_the_worklist")
async def show(request: Request) -> Response:
    """One page of it, what is urgent first; what it is narrowed to stands in the address."""
    session, asking = signed_in(request)
    query = Query(request, "kind", "due_before", "cursor", "whole")
    kind, cursor, whole = query.name("kind"), query.cursor(), query.flag("whole")
    due_before, faults = _due_before(request, query)
    service = installation(request)

    def listed() -> tuple[dict[str, Any], dict[str, PatientIdentifier], dict[str | None, int], int]:
        rows = ROWS_TO_PRINT if whole else ROWS
        told = orjson.loads(worklist.read_worklist(service, asking, due_before, kind, cursor, rows))
        patients = name_patients(service, asking, [item["patient"] for item in told["items"]])
        counts = worklist.count_worklist(service, asking, due_before)
        undated = worklist.count_undated(service, asking, kind) if due_before else 0
        return told, patients, counts, undated

    found, patients, counts, undated = await read(request, listed)
    note_shown(request, [item["episode"] for item in found["items"]])
    narrowed = {"due_before": due_before.isoformat()} if due_before else {}
    on_one_page = {"whole": "true"} if whole else {}
    following = found["next_cursor"]
    return page(
        request,
        "worklist.html",
        session,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        items=found["items"],
        lacking={item["episode"]: _missing(service, item) for item in found["items"]},
        patients=patients,
        kinds=[
            (label, _address(name, narrowed), name == kind, counts[name]) for name, label in KINDS.items()
        ],
        count=counts[kind],
        first=_address(kind, narrowed, **on_one_page) if cursor else None,
        kind=kind,
        label=KINDS[kind],
        typed=request.query_params.get("due_before", ""),
        due_before=due_before,
        faults=faults,
        undated=undated,
        with_undated=_address(kind, {}),
        whole=_address(kind, narrowed, whole="true") if (following or cursor) and not whole else None,
        following=_address(kind, narrowed, cursor=following, **on_one_page) if following else None,
    )


def _missing(service: Installation, item: Mapping[str, Any]) -> str:
    """What is missing, as the pathway of the episode calls it."""
    labels = {
        each.name: each.label
        for each in service.pathway(item["pathway"]["id"], item["pathway"]["version"]).findings
    }
    return ", ".join(labels.get(name, name) for name in item["missing"])


def _due_before(request: Request, query: Query) -> tuple[date | None, dict[str, str]]:
    """The day, if one was sent, and what is wrong with what was typed: nobody loses the list over it."""
    if not request.query_params.get("due_before"):
        return None, {}
    try:
        return query.day("due_before"), {}
    except Refusal:
        return None, {"due_before": NO_DAY}


def _address(kind: str | None, narrowed: dict[str, str], **more: str) -> str:
    return "/?" + urlencode(narrowed | ({"kind": kind} if kind else {}) | more)
