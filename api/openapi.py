"""How a call is described in the OpenAPI document: what it takes, and every status it can answer with and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.problems import MEDIA_TYPE, STATUS
from pathway.clinical.terms import Pattern
from pathway.episodes.events import posted_schema
from pathway.use_cases.permissions import NEEDS, Operation
from pathway.use_cases.refusals import OUTCOMES
from pathway.use_cases.worklist import KINDS

JsonSchema = dict[str, Any]

PARAMETERS: Final[Mapping[str, tuple[str, JsonSchema]]] = {
    "known_at": (
        "Answer with what had been recorded by this instant; everything, unless said.",
        {"type": "string", "format": "date-time"},
    ),
    "as_of": (
        "The day the question is asked for: windows and due dates are evaluated for it; today, unless said.",
        {"type": "string", "format": "date"},
    ),
    "from": ("Only what happened on this day or later.", {"type": "string", "format": "date"}),
    "to": ("Only what happened on this day or earlier.", {"type": "string", "format": "date"}),
    "from:instant": (
        "The earlier instant; what was known before the episode was opened, which is nothing, unless said.",
        {"type": "string", "format": "date-time"},
    ),
    "to:instant": ("The later instant; now, unless said.", {"type": "string", "format": "date-time"}),
    "cursor": ("`next_cursor` of the page before.", {"type": "string", "maxLength": 400}),
    "limit": ("Rows on a page.", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
    "due_before": (
        "Only episodes whose next step is due before this day.",
        {"type": "string", "format": "date"},
    ),
    "kind": (
        "Only episodes in which this kind of thing waits for somebody.",
        {"type": "string", "enum": list(KINDS)},
    ),
    "pathway": (
        "The pathway by its id; the first published, unless said.",
        {"type": "string", "maxLength": 255, "pattern": r"^[\x20-\x7e]+$"},
    ),
    "opened_from": ("Only episodes opened on this day or later.", {"type": "string", "format": "date"}),
    "opened_to": ("Only episodes opened on this day or earlier.", {"type": "string", "format": "date"}),
    "pattern": (
        "Only episodes whose progression has this pattern.",
        {"type": "string", "enum": [each.value for each in Pattern]},
    ),
    "line": (
        "Only episodes that have come to this line of therapy; 3 is the third or a later.",
        {"type": "integer", "enum": [1, 2, 3]},
    ),
    "subject": ("Only what this person or system did.", {"type": "string", "maxLength": 255}),
    "operation": ("Only this operation, by its `operationId`.", {"type": "string", "maxLength": 255}),
    "episode": ("Only what touches or names this episode.", {"type": "string", "format": "uuid"}),
    "since": ("Only what was recorded at this instant or later.", {"type": "string", "format": "date-time"}),
    "until": ("Only what was recorded before this instant.", {"type": "string", "format": "date-time"}),
    "dry_run": (
        "`true`: the same answer, and nothing is written; no Idempotency-Key is needed then.",
        {"type": "boolean", "default": False},
    ),
}
"""What parameters mean; one that means something else to another call has that behind a colon."""

_IDS: Final[Mapping[str, tuple[str, JsonSchema]]] = {
    "episode_id": ("The episode.", {"type": "string", "format": "uuid"}),
    "entry_id": ("The log entry.", {"type": "string", "format": "uuid"}),
    "pathway_id": ("The pathway.", {"type": "string"}),
    "version": ("Its version.", {"type": "integer", "minimum": 1}),
}

_PROBLEM: Final[JsonSchema] = {
    "type": "object",
    "description": "Problem details (RFC 9457). Of what was sent only names of fields are repeated.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:pathway:problem: and the outcome."},
        "title": {"type": "string", "description": "The outcome in words, the same every time."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What stands in the way here, and what to do."},
        "instance": {"type": "string", "description": "The path of the request."},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}

_PREFER: Final[JsonSchema] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`return=minimal` (RFC 7240): a short answer that says what is true now, without reasons and"
    " options. Repeat it when the request is sent again: the same key with another preference is another request.",
    "schema": {"type": "string", "examples": ["return=minimal"]},
}
_PREFERENCE_APPLIED: Final[JsonSchema] = {
    "description": "`return=minimal` where the answer is the short one.",
    "schema": {"type": "string"},
}
_PLACE: Final[JsonSchema] = {
    "type": "object",
    "required": ["entry"],
    "properties": {
        "entry": {"type": "string", "format": "uuid"},
        "sequence": {"type": "integer", "description": "Its place in the log; absent for a duplicate."},
        "duplicate": {"type": "boolean", "description": "The message had been recorded before."},
    },
}
_SHORT: Final[JsonSchema] = {
    "type": "object",
    "description": "The short answer. Of events it has `entries`; of a decision `entry`, `sequence` and"
    " `awaiting_second_signature`.",
    "required": ["episode", "state", "moved", "recommended", "needs_tumour_board", "basis", "due"],
    "properties": {
        "episode": {"type": "string", "format": "uuid"},
        "entries": {"type": "array", "items": _PLACE},
        "entry": {"type": "string", "format": "uuid"},
        "sequence": {"type": "integer"},
        "awaiting_second_signature": {"type": "boolean"},
        "state": {"type": "string"},
        "moved": {"type": "boolean"},
        "recommended": {"type": ["string", "null"], "description": "The recommended option."},
        "needs_tumour_board": {"type": "boolean"},
        "basis": {"type": "string", "description": "What a decision on it quotes."},
        "due": {
            "type": ["object", "null"],
            "description": "What is due first: `what`, and `earliest`, `target`, `latest` where they are known.",
        },
    },
    "examples": [
        {
            "episode": "0198f2c4-5d10-7c3e-9a52-3f1d6f0b8a11",
            "entries": [{"entry": "0198f2c4-6e21-7b0d-8c44-5a2b7c9d0e12", "sequence": 12}],
            "state": "decision_due",
            "moved": True,
            "recommended": "continue_chemoimmunotherapy",
            "needs_tumour_board": False,
            "basis": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
            "due": {
                "what": "decide on the next step",
                "earliest": "2025-07-22",
                "target": "2025-07-29",
                "latest": "2025-08-05",
            },
        }
    ],
}

_BODY_REFUSALS: Final = ("malformed_json", "too_slow", "too_large", "unsupported_media_type", "invalid_body")
_WRITE_REFUSALS: Final = ("idempotency_key_missing", "idempotency_key_reused", "timeout")
_ANY_REFUSALS: Final = (
    "unauthenticated",
    "not_permitted",
    "invalid_parameter",
    "too_many_requests",
    "unavailable",
    "overloaded",
)


def operation(  # noqa: PLR0913  (each argument is one line of the description, given by name)
    summary: str,
    *,
    path: Sequence[str] = (),
    query: Sequence[str] = (),
    body: type[BaseModel] | JsonSchema | None = None,
    key: str | None = None,
    prefer: bool = False,
    answers: Mapping[str, str] | None = None,
    media_types: Sequence[str] = ("application/json",),
    refusals: Sequence[str] = (),
    anonymous: bool = False,
    tag: str = "episodes",
) -> dict[str, Any]:
    """The keyword arguments of a route that describe it.

    `path` and `query` name its parameters; `body` is the model of its body; `key` says whether it takes an
    Idempotency-Key (`required`, `optional` or not at all), `prefer` whether it has a short answer. `answers` are
    its good outcomes (200 when none is named), each with a sentence, and `refusals` the outcomes of its own beyond
    what every such call has.
    """
    good = {int(STATUS[outcome]): sentence for outcome, sentence in (answers or {}).items()} or {200: summary}
    every = (*refusals, *(() if anonymous else _ANY_REFUSALS), *(_BODY_REFUSALS if body else ()))
    responses = _answers(good, media_types, prefer=prefer) | _problems(
        (*every, *(_WRITE_REFUSALS if key == "required" else ()))
    )
    extra: dict[str, Any] = {
        "parameters": [
            *(_parameter(name, "path", *_IDS[name]) for name in path),
            *(_parameter(name, "query", *PARAMETERS[name]) for name in query),
            *([_key_parameter(required=key == "required")] if key else []),
            *([_PREFER] if prefer else []),
        ],
        "security": [] if anonymous else [{"bearer": []}],
    }
    if body is not None:
        extra["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body_schema(body)}},
        }
    return {
        "summary": summary,
        "tags": [tag],
        "responses": responses,
        "openapi_extra": extra,
        "status_code": next(iter(good)),
        "generate_unique_id_function": _function_name,
    }


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application; the same sources give the same document."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    posted = posted_schema()
    _lift(posted, schemas)
    schemas["Event"] = posted
    for operations in found["paths"].values():
        for described in operations.values():
            if described["security"]:
                described["security"] = [{"bearer": [NEEDS[Operation(described["operationId"])]]}]
            for content in described.get("requestBody", {}).get("content", {}).values():
                _lift(content["schema"], schemas)
    found["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of RFC 9068 with exactly one site, a client_id, and roles. Each call names"
            " the permission it needs; the roles give them.",
        }
    }
    found["components"]["schemas"] = dict(sorted(schemas.items()))
    return found


def _answers(
    good: Mapping[int, str], media_types: Sequence[str], *, prefer: bool
) -> dict[int | str, dict[str, Any]]:
    content: dict[str, Any] = {
        media_type: {"schema": _answer_schema(media_type)} for media_type in media_types
    }
    if not prefer:
        return {status: {"description": sentence, "content": content} for status, sentence in good.items()}
    short = {
        media_type: {"schema": {"anyOf": [_SHORT, _answer_schema(media_type)]}} for media_type in content
    }
    headers = {"Preference-Applied": _PREFERENCE_APPLIED}
    return {
        status: {"description": sentence, "content": short, "headers": headers}
        for status, sentence in good.items()
    }


def _function_name(route: APIRoute) -> str:
    return route.name


def _problems(outcomes: Sequence[str]) -> dict[int | str, dict[str, Any]]:
    titles: defaultdict[int, list[str]] = defaultdict(list)
    for outcome in dict.fromkeys(outcomes):
        titles[int(STATUS[outcome])].append(f"`{outcome}`: {OUTCOMES[outcome]}")
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": "\n\n".join(lines), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, lines in sorted(titles.items())
    }


def _parameter(name: str, place: str, description: str, schema: JsonSchema) -> JsonSchema:
    return {
        "name": name.partition(":")[0],
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


def _key_parameter(*, required: bool) -> JsonSchema:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": required,
        "description": "A value of your own for this request. The same key and request give the first answer again,"
        " byte for byte, with `Idempotency-Replayed: true`; the same key with another request is refused.",
        # Printable ASCII, as `api.dependencies` reads it; blanks at either end are none of the value (RFC 9110).
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 255,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    }


def _answer_schema(media_type: str) -> JsonSchema:
    return {"type": "object"} if media_type == "application/json" else {"type": "string"}


def _body_schema(body: type[BaseModel] | JsonSchema) -> JsonSchema:
    if isinstance(body, dict):
        return body
    return body.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")


def _lift(schema: JsonSchema, schemas: dict[str, Any]) -> None:
    """Moves the definitions a schema brings along to where its references point."""
    schemas.update(schema.pop("$defs", {}))
