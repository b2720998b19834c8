"""The courses of a site on one pathway, counted."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, installation, json_answer, note_shown, read
from api.openapi import operation
from pathway.use_cases.survey_cohort import LINES, PATTERNS, Narrowed, survey_cohort

router = APIRouter()

PARAMETERS = ("pathway", "opened_from", "opened_to", "pattern", "line")


@router.get(
    "/v1/cohort", **operation("Read the cohort", query=PARAMETERS, refusals=("not_found",), tag="cohort")
)
async def read_the_cohort(request: Request) -> Response:
    """Time in each state, responses, and how decisions agree with what was recommended, over open and closed episodes.

    A count is `at_least` and `at_most`: less than 5 is told as 1 to 4. `courses` is null, and nothing may be narrowed,
    for those who may not read episodes.
    """
    asking = await caller(request)
    query = Query(request, *PARAMETERS)
    narrowed = Narrowed(
        query.day("opened_from"),
        query.day("opened_to"),
        query.one_of("pattern", PATTERNS),
        query.number("line", LINES),
    )
    pathway = query.name("pathway")
    found = await read(request, lambda: survey_cohort(installation(request), asking, pathway, narrowed))
    note_shown(request, (each["episode"] for each in orjson.loads(found)["courses"] or ()))
    return json_answer(found)
