"""The cohort: all courses of the site on one pathway, as bars and as counts."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, installation, note_shown, read
from api.web.rendering import Page, may, page
from api.web.sessions import signed_in
from api.web.swimmer import drawn
from pathway.engine.findings import in_words
from pathway.use_cases.permissions import Operation
from pathway.use_cases.survey_cohort import AGREEMENTS, LINES, MOST_BARS, PATTERNS, Narrowed, survey_cohort

router = APIRouter(route_class=Page, include_in_schema=False)

PARAMETERS: Final = ("opened_from", "opened_to", "pattern", "line")
AGREEMENT: Final = {
    "recommended": "as recommended",
    "possible": "possible, another was recommended",
    "left_open": "possible, none was recommended",
    "override": "against what stood in its way",
}
LINE: Final = {1: "first", 2: "second", 3: "third or later"}


@router.get("/cohort", name="read_the_cohort")
async def show(request: Request) -> Response:
    """The cohort; what it is narrowed to stands in the address, and a field that was left empty narrows nothing."""
    session, asking = signed_in(request)
    query = Query(request, *PARAMETERS)
    sent = {name for name in PARAMETERS if request.query_params.get(name)}
    narrowed = Narrowed(
        query.day("opened_from") if "opened_from" in sent else None,
        query.day("opened_to") if "opened_to" in sent else None,
        query.one_of("pattern", PATTERNS) if "pattern" in sent else None,
        query.number("line", LINES) if "line" in sent else None,
    )
    service = installation(request)

    def made() -> tuple[Response, list[str]]:
        told: dict[str, Any] = orjson.loads(survey_cohort(service, asking, None, narrowed))
        courses = told["courses"] or []
        response = page(
            request,
            "cohort.html",
            session,
            cohort=told,
            narrowed=narrowed,
            single=may(session, Operation.READ_AN_EPISODE),
            swimmer=drawn(courses, AGREEMENT) if courses else None,
            most_bars=MOST_BARS,
            agreements=[(each, AGREEMENT[each]) for each in AGREEMENTS],
            patterns=[(each, in_words(each)) for each in PATTERNS],
            lines=list(LINE.items()),
        )
        return response, [each["episode"] for each in courses]

    response, shown = await read(request, made)
    note_shown(request, shown)
    return response
