"""Whatever is asked within or beside the description of the calls, the answer is one that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.serving import Way, replicas
from tests.robustness.generated import WITH_EVENTS, Answers, Effort, send_generated

EVERY_PHASE = ("examples", "coverage", "fuzzing", "stateful")
QUICK = Effort(
    5,
    ("examples", "coverage", "fuzzing"),
    not_in_full=(*WITH_EVENTS, "work_out_a_response", "decide_on_an_option"),
)
FULL = Effort(150, EVERY_PHASE)
CARRIED_OUT = frozenset(
    {
        "GET /v1/audit",
        "GET /v1/episodes/{episode_id}",
        "GET /v1/episodes/{episode_id}/history",
        "GET /v1/episodes/{episode_id}/next-step",
        "GET /v1/episodes/{episode_id}/proof",
        "GET /v1/episodes/{episode_id}/verify",
        "GET /v1/pathways/{pathway_id}/{version}/diagram.svg",
        "GET /v1/worklist",
        "POST /v1/episodes",
        "POST /v1/episodes:find",
        "POST /v1/inrc",
        "POST /v1/patients:erase",
    }
)
"""Calls of which some must have been well: a run in which everything is refused early shows little."""


@pytest.mark.shows("G12", "R-100", "R-111", "C-37", "T-39")
@pytest.mark.parametrize(
    ("database", "effort", "least"),
    [
        pytest.param("sqlite", QUICK, 300, id="quick", marks=pytest.mark.quick),
        pytest.param("sqlite", FULL, 5_000, id="full-sqlite", marks=pytest.mark.full),
        pytest.param("postgresql", FULL, 5_000, id="full-postgresql", marks=pytest.mark.full),
    ],
)
def test_every_answer_is_a_documented_one_and_none_says_that_the_service_failed(
    database: str,
    effort: Effort,
    least: int,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    url = request.getfixturevalue("sqlite_url" if database == "sqlite" else "postgres_url")
    found = answers(Way(url, tmp_path), effort)
    record_property("generated cases", found.cases)
    record_property("answers of 5xx", found.server_errors)
    record_property("undocumented answers", found.undocumented)
    assert found.failures == []
    assert (found.server_errors, found.undocumented) == (0, 0)
    assert found.cases >= least
    assert {call for call in CARRIED_OUT if not found.good(call)} == set()


@pytest.mark.shows("G12", "C-37", control=True)
@pytest.mark.parametrize(
    ("planted", "call", "check"),
    [
        ("fails on the worklist", "read_the_worklist", "not_a_server_error"),
        ("answers with another status", "prove_an_episode", "status_code_conformance"),
    ],
)
def test_a_failure_and_an_undocumented_status_are_found(
    planted: str, call: str, check: str, sqlite_url: str, tmp_path: Path
) -> None:
    found = answers(Way(sqlite_url, tmp_path, planted=planted), Effort(5, ("fuzzing",), only=(call,)))
    assert {failure.partition(":")[0] for failure in found.failures} >= {check}
    assert (found.server_errors > 0, found.undocumented > 0) == (check == "not_a_server_error", True)


def answers(way: Way, effort: Effort) -> Answers:
    with replicas(way) as (service,):
        return send_generated(service, effort, way.folder)
