"""Which status each outcome has, and how a refusal is told: problem details of RFC 9457 without patient data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler, Scope

from pathway.episodes.events import EventNotUnderstood
from pathway.store.engines import Conflict, QueueFull, StoreUnavailable, Unstorable, WrongKey
from pathway.store.values import Settled
from pathway.use_cases.refusals import OUTCOMES, Refusal

STATUS: Final[Mapping[str, HTTPStatus]] = {
    "created": HTTPStatus.CREATED,
    "recorded": HTTPStatus.CREATED,
    "foreseen": HTTPStatus.OK,
    "decided": HTTPStatus.CREATED,
    "awaiting_second_signature": HTTPStatus.ACCEPTED,
    "countersigned": HTTPStatus.CREATED,
    "review_resolved": HTTPStatus.CREATED,
    "erased": HTTPStatus.OK,
    "held": HTTPStatus.OK,
    "released": HTTPStatus.OK,
    "malformed_json": HTTPStatus.BAD_REQUEST,
    "idempotency_key_missing": HTTPStatus.BAD_REQUEST,
    "invalid_parameter": HTTPStatus.BAD_REQUEST,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "not_permitted": HTTPStatus.FORBIDDEN,
    "unknown_episode": HTTPStatus.NOT_FOUND,
    "unknown_patient": HTTPStatus.NOT_FOUND,
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "not_acceptable": HTTPStatus.NOT_ACCEPTABLE,
    "episode_exists": HTTPStatus.CONFLICT,
    "episode_closed": HTTPStatus.CONFLICT,
    "patient_held": HTTPStatus.CONFLICT,
    "patient_not_held": HTTPStatus.CONFLICT,
    "message_conflict": HTTPStatus.CONFLICT,
    "stale_decision": HTTPStatus.CONFLICT,
    "timeout": HTTPStatus.CONFLICT,
    "too_slow": HTTPStatus.REQUEST_TIMEOUT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "invalid_body": HTTPStatus.UNPROCESSABLE_ENTITY,
    "another_patient": HTTPStatus.UNPROCESSABLE_ENTITY,
    "impossible_date": HTTPStatus.UNPROCESSABLE_ENTITY,
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_an_option": HTTPStatus.UNPROCESSABLE_ENTITY,
    "reason_required": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown_entry": HTTPStatus.UNPROCESSABLE_ENTITY,
    "not_correctable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many_requests": HTTPStatus.TOO_MANY_REQUESTS,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The one table from what came out of a call to the status of its answer; a test holds that it is complete."""

MEDIA_TYPE: Final = "application/problem+json"

NOTE: Final = "pathway.note"
"""The key in an ASGI scope under which what is told of a request is collected (see `api.telemetry`)."""

_RETRY_AFTER_S: Final[Mapping[str, str]] = {
    "unavailable": "5",
    "overloaded": "1",
    "too_many_requests": "1",
    "timeout": "1",
}
_OUT_OF_REACH: Final[Mapping[str, str]] = {
    "detail": "The database did not answer. Whether a write took effect is not known:"
    " send it again with the same Idempotency-Key."
}
_CHALLENGE: Final = 'Bearer realm="pathway"'
_SHOWABLE: Final[Mapping[str, re.Pattern[str]]] = {
    "episode_id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "entry_id": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "pathway_id": re.compile(r"[a-z]+(_[a-z]+)*"),
    "version": re.compile(r"[0-9]{1,4}"),
}


def problem(
    request: Request, outcome: str, members: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """The problem document of `outcome` with the further `members` (`detail`, `reasons`, `errors`, ...)."""
    return _problem(request.scope, outcome, members, headers)


def settled(request: Request, answer: Settled, applied: Mapping[str, str] | None = None) -> Response:
    """What the writer settled, byte for byte, or the problem it stands for.

    `applied` are the headers of a good answer that say which of the caller's preferences it follows.
    """
    headers: dict[str, str] = {}
    if answer.location is not None:
        headers["location"] = answer.location
    if answer.replayed:
        headers["idempotency-replayed"] = "true"
    if STATUS[answer.outcome] >= HTTPStatus.BAD_REQUEST:
        members = orjson.loads(answer.document)
        if answer.outcome == "idempotency_key_reused":  # the writer refuses it by itself, and has no sentence
            members = {"detail": "This key came with another request before; nothing was recorded."}
        return _problem(request.scope, answer.outcome, members, headers)
    note_outcome(request.scope, answer.outcome)
    return Response(
        answer.document, STATUS[answer.outcome], {**headers, **(applied or {})}, "application/json"
    )


def internal(scope: Scope) -> Response:
    """The answer to what nobody foresaw: a fixed sentence."""
    return _problem(
        scope, "internal", {"detail": "The service failed on this request; nothing about it is shown here."}
    )


def unavailable(scope: Scope) -> Response:
    """The answer when the database did not take what had to be recorded before anything is shown."""
    return _problem(scope, "unavailable", _OUT_OF_REACH)


def overloaded(scope: Scope) -> Response:
    """The answer to a request for which there is no place."""
    detail = "The service has as many requests under way as it takes; nothing was done. Send it again."
    return _problem(scope, "overloaded", {"detail": detail}, {"connection": "close"})


def note_outcome(scope: Scope, outcome: str) -> None:
    """Tells telemetry what came out of the request."""
    if NOTE in scope:
        scope[NOTE].outcome = outcome


def exception_handlers() -> dict[int | type[Exception], ExceptionHandler]:
    """One handler for each kind of exception that is an answer; anything else is `internal`."""
    return {
        Refusal: _refused,
        EventNotUnderstood: _not_understood,
        QueueFull: _overloaded,
        WrongKey: _wrong_key,
        StoreUnavailable: _unavailable,
        Conflict: _unavailable,
        Unstorable: _unstorable,
        HTTPException: _http,
        RequestValidationError: _invalid_request,
    }


def _problem(
    scope: Scope, outcome: str, members: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    status = STATUS[outcome]
    document: dict[str, Any] = {
        "type": f"urn:pathway:problem:{outcome}",
        "title": OUTCOMES[outcome],
        "status": int(status),
    }
    if "detail" in members:
        document["detail"] = members["detail"]
    if (instance := _instance(scope)) is not None:
        document["instance"] = instance
    document |= {name: value for name, value in members.items() if name not in document}
    note_outcome(scope, outcome)
    return Response(orjson.dumps(document), status, {**_own_headers(outcome), **(headers or {})}, MEDIA_TYPE)


def _own_headers(outcome: str) -> dict[str, str]:
    if outcome in _RETRY_AFTER_S:
        return {"retry-after": _RETRY_AFTER_S[outcome]}
    if outcome == "too_slow":
        return {"connection": "close"}
    if outcome == "unauthenticated":
        return {"www-authenticate": _CHALLENGE}
    if outcome == "not_permitted":
        return {"www-authenticate": f'{_CHALLENGE}, error="insufficient_scope"'}
    return {}


def _instance(scope: Scope) -> str | None:
    """The request's path when it is made of our words and ids alone: what else a caller put there is not repeated."""
    if "route" not in scope:
        return None
    for name, value in scope.get("path_params", {}).items():
        if name not in _SHOWABLE or not _SHOWABLE[name].fullmatch(value):
            return None
    return str(scope["path"])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101  (Starlette looked the handler up by this class)
    headers = {"location": error.location} if error.location is not None else None
    return problem(request, error.outcome, orjson.loads(error.document()), headers)


async def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, EventNotUnderstood)  # noqa: S101  (as above)
    return problem(request, "invalid_body", _faults("The body is not what this call takes.", error.errors))


async def _overloaded(request: Request, _error: Exception) -> Response:
    return problem(
        request,
        "overloaded",
        {"detail": "More is waiting to be written than may wait; nothing was recorded. Send it again."},
    )


async def _unavailable(request: Request, _error: Exception) -> Response:
    return problem(request, "unavailable", _OUT_OF_REACH)


async def _wrong_key(request: Request, _error: Exception) -> Response:
    detail = (
        "The service runs with another PATHWAY_IDENTIFIER_KEY than the one under which the identifiers of this site"
        " are sealed, and would take every patient for a new one; nothing was recorded. An operator has to set it."
    )
    return problem(request, "unavailable", {"detail": detail})


async def _unstorable(request: Request, _error: Exception) -> Response:
    detail = "The body holds a value that cannot be stored; nothing was recorded."
    return problem(request, "invalid_body", {"detail": detail})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (as above)
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return problem(request, "not_found", {"detail": "There is nothing at this address."})
        case HTTPStatus.METHOD_NOT_ALLOWED:
            detail = "This address does not take this method."
            return problem(request, "method_not_allowed", {"detail": detail}, error.headers)
        case _:
            return problem(request, "invalid_parameter", {"detail": "The request could not be understood."})


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (as above)
    return problem(request, "invalid_parameter", {"detail": "A parameter could not be understood."})


def _faults(detail: str, errors: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "detail": detail,
        "errors": [{"pointer": pointer, "detail": sentence} for pointer, sentence in errors],
    }
