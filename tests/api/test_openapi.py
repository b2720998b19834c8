"""The description of the calls agrees with the calls."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from api.app import openapi_document
from api.problems import STATUS
from pathway.use_cases.permissions import NEEDS
from tests.api.conftest import Service
from tests.api.test_bodies import BAD_EVENTS, CYCLE, NOTE

DOCUMENT = openapi_document()
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
CALLS_OF_THE_INTERFACE = {
    ("POST", "/v1/episodes"),
    ("POST", "/v1/episodes:find"),
    ("GET", "/v1/episodes/{episode_id}"),
    ("POST", "/v1/episodes/{episode_id}/events"),
    ("GET", "/v1/episodes/{episode_id}/next-step"),
    ("POST", "/v1/episodes/{episode_id}/next-step:suppose"),
    ("POST", "/v1/episodes/{episode_id}/decisions"),
    ("POST", "/v1/episodes/{episode_id}/decisions/{entry_id}/countersignature"),
    ("POST", "/v1/episodes/{episode_id}/reviews/{entry_id}"),
    ("GET", "/v1/episodes/{episode_id}/history"),
    ("GET", "/v1/episodes/{episode_id}/diff"),
    ("GET", "/v1/worklist"),
    ("GET", "/v1/worklist.ics"),
    ("GET", "/v1/cohort"),
    ("GET", "/v1/audit"),
    ("GET", "/v1/episodes/{episode_id}/proof"),
    ("GET", "/v1/episodes/{episode_id}/verify"),
    ("GET", "/v1/pathways"),
    ("GET", "/v1/pathways/{pathway_id}/{version}"),
    ("GET", "/v1/pathways/{pathway_id}/{version}/diagram.svg"),
    ("POST", "/v1/inrc"),
    ("POST", "/v1/patients:erase"),
    ("POST", "/v1/patients:hold"),
    ("POST", "/v1/patients:release"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
}


def schema(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


@pytest.mark.shows("R-111")
def test_every_call_of_the_interface_is_described_and_no_other() -> None:
    assert set(OPERATIONS) == CALLS_OF_THE_INTERFACE


@pytest.mark.shows("R-111")
def test_the_description_is_the_one_that_is_served(service: Service) -> None:
    assert service.http.get("/openapi.json").json() == DOCUMENT


def test_the_description_is_the_same_in_every_process(root: Path) -> None:
    program = "import json; from api.app import openapi_document; print(json.dumps(openapi_document()))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == json.dumps(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(each) for each in value.values()))
        if isinstance(value, list):
            return set[str]().union(*(references(each) for each in value))
        return set()

    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) <= known


def test_every_parameter_in_a_path_is_described() -> None:
    for (method, path), operation in OPERATIONS.items():
        described = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert described == {part[1:-1] for part in path.split("/") if part.startswith("{")}, (method, path)


@pytest.mark.shows("R-111")
@pytest.mark.parametrize("call", sorted(OPERATIONS), ids=" ".join)
def test_every_call_says_with_which_problems_it_answers(call: tuple[str, str]) -> None:
    operation = OPERATIONS[call]
    if call == ("GET", "/health/live"):
        assert operation["security"] == []
        return
    ((permission,),) = (each["bearer"] for each in operation["security"])
    assert permission in frozenset(NEEDS.values())
    expected = {"400", "401", "403", "429", "503"}
    if "requestBody" in operation:
        expected |= {"408", "413", "415", "422"}
    if "{" in call[1]:
        expected |= {"404"}
    assert expected <= set(operation["responses"])
    assert {int(status) for status in operation["responses"]} <= {int(status) for status in STATUS.values()}


def test_calls_that_write_require_a_key() -> None:
    def key(operation: dict[str, Any]) -> bool | None:
        return next((p["required"] for p in operation["parameters"] if p["name"] == "Idempotency-Key"), None)

    required = {call for call, operation in OPERATIONS.items() if key(operation)}
    assert {path for _, path in required} == {
        "/v1/episodes",
        "/v1/episodes/{episode_id}/events",
        "/v1/episodes/{episode_id}/decisions",
        "/v1/episodes/{episode_id}/decisions/{entry_id}/countersignature",
        "/v1/episodes/{episode_id}/reviews/{entry_id}",
        "/v1/patients:erase",
        "/v1/patients:hold",
        "/v1/patients:release",
    }


@pytest.mark.parametrize("event", [NOTE, CYCLE], ids=lambda event: str(event["kind"]))
def test_an_event_that_is_accepted_fits_its_schema(event: dict[str, Any]) -> None:
    jsonschema.validate(event, schema("Event"))


SHAPES = [
    "unknown kind",
    "no kind",
    "unknown field",
    "unknown field inside",
    "a number as text",
    "a cycle that is none",
]


@pytest.mark.parametrize("name", SHAPES)
def test_an_event_of_another_shape_does_not_fit_the_schema(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BAD_EVENTS[name][0], schema("Event"))


@pytest.mark.shows("R-100")
def test_a_problem_fits_its_schema(service: Service) -> None:
    jsonschema.validate(service.get("/v1/worklist?kind=x").json(), schema("Problem"))
