"""Requests that schemathesis makes up from the OpenAPI document, sent to a running service, and what came back.

It runs as its own command, in a process of its own, with every check it has. It is told what no schema says: whose
token each call needs, and ids of episodes, entries and pathways that are there.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from pathway.use_cases.permissions import Operation, Role, roles_for
from tests.faults.load import PATHWAY, open_episodes, today
from tests.faults.serving import Service

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
HOOKS = Path(__file__).parent / "own_keys.py"
WITH_EVENTS = ("open_an_episode", "record_what_happened", "suppose_something_happened")
"""Their bodies have so many forms that trying each value of each takes tens of thousands of requests."""

PATIENTS = 5
REFUSED_FOR_WHAT_NO_SCHEMA_SAYS = (409, 422)
JUDGED_BY_NO_SCHEMA = (
    "read_the_worklist",
    "read_the_history",
    "read_the_audit_records",
    "compare_what_was_known",
)
"""A cursor of another list, or two instants in the wrong order: what is wrong in the address is answered with 400."""

IN_THE_ADDRESS = 400


@dataclass(frozen=True)
class Effort:
    """How far a run goes: examples for each call, and the phases of schemathesis; `only` takes these calls alone."""

    examples: int
    phases: tuple[str, ...]
    only: tuple[str, ...] = ()
    not_in_full: tuple[str, ...] = WITH_EVENTS
    """The calls of which not every value of every field is tried, one after the other."""


@dataclass
class Answers:
    """What came back."""

    cases: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each status was answered, by method and path."""
    failures: list[str] = field(default_factory=list)
    undocumented: int = 0

    @property
    def server_errors(self) -> int:
        return sum(count for (_, status), count in self.statuses.items() if status >= 500)

    def good(self, call: str) -> int:
        """How often the call was carried out."""
        return sum(count for (name, status), count in self.statuses.items() if name == call and status < 300)


def send_generated(service: Service, effort: Effort, folder: Path) -> Answers:
    """One run of schemathesis; the same effort makes the same requests."""
    config, told = folder / "schemathesis.toml", folder / "told.ndjson"
    config.write_text(_configuration(service, effort))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", str(DOCUMENT), "--url", service.url, "--checks", "all", "--mode", "all"),
        *("--phases", ",".join(effort.phases), "--max-examples", str(effort.examples)),
        *("--seed", "1", "--generation-deterministic", "--no-shrink"),
        *("--continue-on-failure", "--request-timeout", "60", "--no-color", "--output-truncate", "false"),
        *("--report-ndjson-path", str(told)),
        *(part for name in effort.only for part in ("--include-operation-id", name)),
    ]
    with (folder / "schemathesis.log").open("wb") as log:
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False)
    said = (folder / "schemathesis.log").read_text()
    assert done.returncode in (0, 1), said[-3000:]
    found = _read(told)
    assert done.returncode == (1 if found.failures else 0), said[-3000:]
    return found


def _configuration(service: Service, effort: Effort) -> str:
    episodes = open_episodes(service, PATIENTS, {"kind": "fitness_recorded", "lansky": 90})
    known = {
        "episodes": episodes,
        "entries": [entry for episode in episodes for entry in _entries(service, episode)],
        "pathways": [PATHWAY],
        "versions": [1],
        "days": [today(ago) for ago in range(4)],
        "systems": ["urn:example:mrn"],
        "patients": [f"patient {number}" for number in range(2 * PATIENTS)],
        "reasons": ["agreed at the tumour board"],
    }
    parameters = {
        "path.episode_id": ("episodes", 0.9),
        "path.entry_id": ("entries", 0.9),
        "path.pathway_id": ("pathways", 0.9),
        "path.version": ("versions", 0.9),
        "body.pathway": ("pathways", 0.9),
        "body.opened_on": ("days", 0.9),
        "body.patient.system": ("systems", 0.9),
        "body.patient.value": ("patients", 0.9),
        "body.reason": ("reasons", 0.9),
        "body.occurred_on": ("days", 0.9),
        "body.events[*].occurred_on": ("days", 0.9),
    }
    lines = [f"hooks = {json.dumps(str(HOOKS))}", "[dictionaries]"]
    lines += [f"{name} = {{ values = {json.dumps(values)} }}" for name, values in known.items()]
    lines.append("[parameters]")
    lines += [
        f'"{name}" = {{ dictionary = "{values}", probability = {chance} }}'
        for name, (values, chance) in parameters.items()
    ]
    for operation in _operations():
        lines += _of_operation(operation, service, effort)
    return "\n".join(lines) + "\n"


def _of_operation(operation: Mapping[str, Any], service: Service, effort: Effort) -> Iterable[str]:
    name = operation["operationId"]
    yield "[[operations]]"
    yield f"include-operation-id = {json.dumps(name)}"
    if operation["security"]:
        allowed = roles_for(Operation(name))
        role = Role.CLINICIAN if Role.CLINICIAN in allowed else allowed[0]
        yield f'headers = {{ Authorization = "Bearer {service.token(role)}" }}'
    accepted = ["2xx", "401", "403", "404", "429", *map(str, REFUSED_FOR_WHAT_NO_SCHEMA_SAYS)]
    accepted += [str(IN_THE_ADDRESS)] if name in JUDGED_BY_NO_SCHEMA else []
    yield f"checks.positive_data_acceptance.expected-statuses = {json.dumps(accepted)}"
    if name in effort.not_in_full:
        yield "phases.coverage.enabled = false"


def _operations() -> Iterable[Mapping[str, Any]]:
    document = json.loads(DOCUMENT.read_text())
    return [operation for calls in document["paths"].values() for operation in calls.values()]


def _entries(service: Service, episode: str) -> list[str]:
    headers = {"Authorization": f"Bearer {service.token()}"}
    answer = httpx2.get(f"{service.url}/v1/episodes/{episode}/history", headers=headers, timeout=60)
    return [each["entry"] for each in answer.json()["entries"]]


def _read(told: Path) -> Answers:
    found = Answers()
    with told.open() as lines:
        for line in lines:
            event = json.loads(line)
            if "NonFatalError" in event or "FatalError" in event:
                found.failures.append(line[:1000])
            if "ScenarioFinished" in event:
                _add(found, event["ScenarioFinished"]["recorder"])
    return found


def _add(found: Answers, recorder: Mapping[str, Any]) -> None:
    for case, sent in recorder.get("interactions", {}).items():
        response = sent["response"]
        assert response is not None, f"{sent['request']['method']} {sent['request']['uri']} was not answered"
        told = recorder["cases"][case]["value"]
        found.cases += 1
        found.statuses[f"{told['method']} {told['path']}", response["status_code"]] += 1
        for check in recorder.get("checks", {}).get(case, ()):
            if check["status"] == "failure":
                found.undocumented += check["name"] in ("status_code_conformance", "content_type_conformance")
                body = base64.b64decode((response["content"] or {}).get("$base64", "")).decode(
                    errors="replace"
                )
                found.failures.append(
                    f"{check['name']}: {sent['request']['method']} {told['path']} -> {response['status_code']} {body}"
                )
