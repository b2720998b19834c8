"""The overall INRC response of component ratings or measurements, without an episode."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import Query, caller, idempotency_key, json_answer, json_body
from api.openapi import operation
from pathway.use_cases import assess_response
from pathway.use_cases.permissions import Operation

router = APIRouter()


@router.post(
    "/v1/inrc",
    **operation("Work out an overall response", body=assess_response.Request, key="optional", tag="response"),
)
async def work_out_a_response(request: Request) -> Response:
    """The overall response with its rule, and of each measured component the row and the values that rate it.

    For NE also what is missing and the best response still possible. Nothing is kept.
    """
    asking = await caller(request)
    asking.require(Operation.WORK_OUT_A_RESPONSE)
    Query(request)
    idempotency_key(request, required=False)
    return json_answer(assess_response.assess_response(await json_body(request)))
