"""Erasing who a patient was, and the legal hold that stands in the way of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from fastapi import APIRouter, Request, Response

from api.dependencies import (
    Query,
    caller,
    idempotency_key,
    installation,
    json_body,
    request_digest,
    written,
)
from api.openapi import operation
from pathway.store.values import Settled
from pathway.use_cases import erase_patient, hold_patient

router = APIRouter()


@router.post(
    "/v1/patients:erase",
    **operation(
        "Erase a patient",
        body=erase_patient.Request,
        key="required",
        answers={"erased": "Nobody finds the patient any more; their episodes, by id."},
        refusals=("unknown_patient", "patient_held"),
        tag="patients",
    ),
)
async def erase_a_patient(request: Request) -> Response:
    """Destroys the key under which the identifier is sealed, with seal and index; the course stays, and verifies.

    What somebody wrote into a note or a reason stays as it is: it is part of the record.
    """
    return await _changed(request, erase_patient.erase_patient)


@router.post(
    "/v1/patients:hold",
    **operation(
        "Put a legal hold on a patient's data",
        body=erase_patient.Request,
        key="required",
        answers={"held": "Nothing is erased until the hold is released."},
        refusals=("unknown_patient", "patient_held"),
        tag="patients",
    ),
)
async def hold_a_patient(request: Request) -> Response:
    """The reason stands in the audit record, with who gave it."""
    return await _changed(request, hold_patient.hold_patient)


@router.post(
    "/v1/patients:release",
    **operation(
        "Release a legal hold",
        body=erase_patient.Request,
        key="required",
        answers={"released": "The patient may be erased again."},
        refusals=("unknown_patient", "patient_not_held"),
        tag="patients",
    ),
)
async def release_a_patient(request: Request) -> Response:
    """The reason stands in the audit record, with who gave it."""
    return await _changed(request, hold_patient.release_patient)


async def _changed(request: Request, use_case: Callable[..., Future[Settled]]) -> Response:
    asking = await caller(request)
    Query(request)
    key = idempotency_key(request)
    body = await json_body(request)
    digest = request_digest(request, asking, body)
    return await written(request, use_case(installation(request), asking, body, key, digest))
