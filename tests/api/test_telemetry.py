"""What is told about requests, and what is never told."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi import Request

from api.app import create_app
from api.telemetry import LOGGED, only_listed, where
from pathway.settings import Settings
from tests.api.conftest import PATHWAY, Service, serving

IDENTIFIER = "canary-4711-okafor"
"""A patient's identifier: it may stand in its table and nowhere else."""

WORDS = "canary-words-of-a-clinician"
"""What a clinician wrote: it may stand in the log of the episode, and in no error, log line or metric."""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("output") / "server.log"


@pytest.fixture(scope="module")
def service(new_sqlite: Callable[[], str], output: Path, root: Path) -> Iterator[Service]:
    """The service as an operator runs it, as a process of its own, with all it prints kept in a file."""
    settings = Settings(env="development", database_url=new_sqlite())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "PATHWAY_ENV": "development", "PATHWAY_DATABASE_URL": settings.database_url}
    command = [sys.executable, "-m", "uvicorn", "api.app:from_environment", "--factory", "--port", str(port)]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--log-level", "debug"], cwd=root, env=environment, stdout=file, stderr=file
        )
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                wait_until_it_serves(http, process)
                yield Service(settings, f"http://127.0.0.1:{port}", http)
        finally:
            process.terminate()
            process.wait(30)


def wait_until_it_serves(http: httpx2.Client, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            http.get("/health/live")
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the service did not start")


@pytest.fixture(scope="module")
def answers(service: Service) -> list[httpx2.Response]:
    """Calls of every kind, good and bad, with canaries wherever a caller can put something."""
    patient = {"system": "urn:example:mrn", "value": IDENTIFIER}
    opening = {"pathway": PATHWAY, "patient": patient, "opened_on": "2026-01-05"}
    note = {"kind": "note_added", "occurred_on": "2026-02-01", "text": WORDS, "patient": patient}
    made = [service.post("/v1/episodes", opening)]
    episode = made[0].headers["location"]
    other_field = {f"{IDENTIFIER} {WORDS}": 1}
    bodies: list[Any] = [
        note,
        note | {"source": {"system": "lab", "message_id": WORDS}},
        note | {"source": {"system": "lab", "message_id": WORDS}, "text": f"{WORDS} again"},
        note | {"occurred_on": WORDS},
        note | {"occurred_on": "2999-01-01"},
        note | {"kind": WORDS},
        note | {"patient": IDENTIFIER},
        note | {"patient": {"system": "urn:example:other", "value": IDENTIFIER}},
        note | {"patient": {"system": IDENTIFIER, "value": 1}},
        note | other_field,
        note | {"occurred_precision": WORDS},
        {"events": [note, note | {"text": 1}, {"kind": "event_retracted", "entry": WORDS, "reason": WORDS}]},
        {
            "kind": "event_corrected",
            "occurred_on": "2026-02-01",
            "entry": WORDS,
            "replacement": note | other_field,
        },
        f'{{"kind": "{IDENTIFIER}'.encode(),
        (f"{IDENTIFIER} {WORDS}" * 4000).encode(),
        {"primary": WORDS},
        {"option": WORDS, "basis": IDENTIFIER},
        {"option": WORDS, "basis": "0" * 64},
        {"reason": WORDS * 200},
        opening,
        opening | other_field,
        opening | {"pathway": WORDS},
        {"patient": patient},
        {"patient": patient | other_field},
    ]
    calls = [
        "/v1/episodes",
        "/v1/episodes:find",
        "/v1/inrc",
        f"{episode}/events",
        f"{episode}/events?dry_run=true",
        f"{episode}/next-step:suppose",
        f"{episode}/decisions",
        f"{episode}/decisions/{IDENTIFIER}/countersignature",
        f"{episode}/reviews/{IDENTIFIER}",
        f"/v1/episodes/{IDENTIFIER}/events",
    ]
    made += [service.post(call, body) for call in calls for body in bodies]
    made += [service.post(f"{episode}/events", note, headers={"content-type": f"text/{IDENTIFIER}"})]
    made += [service.post(f"{episode}/events", note, headers={"idempotency-key": IDENTIFIER})] * 2
    made += [service.post(f"{episode}/events", note | {"text": "x"}, headers={"idempotency-key": IDENTIFIER})]
    odd = quote(f"{IDENTIFIER} {WORDS}")
    made += [
        service.get(path)
        for path in (
            f"/{odd}",
            f"/v1/episodes/{odd}",
            f"/v1/episodes/{odd}/history",
            f"/v1/pathways/{odd}/1",
            f"/v1/pathways/{PATHWAY}/{odd}",
            f"{episode}?as_of={odd}",
            f"{episode}?{odd}=1",
            f"/v1/worklist?kind={odd}",
            f"/v1/worklist?cursor={odd}",
            f"{episode}/history?cursor={IDENTIFIER}",
        )
    ]
    made += [
        service.http.request(
            "PROPFIND",
            f"{episode}?{odd}",
            headers={"x-request-id": IDENTIFIER, "user-agent": WORDS, "accept": WORDS},
        ),
        service.http.get(episode, headers={"authorization": f"Bearer {IDENTIFIER}"}),
        service.http.get(episode, headers={"authorization": f"Bearer {service.token(subject=WORDS)}x"}),
        service.get(f"{episode}/history", headers={"accept": f"text/{IDENTIFIER}"}),
    ]
    return made


@pytest.mark.shows("C-27")
def test_a_patients_identifier_is_in_no_answer(answers: list[httpx2.Response]) -> None:
    for answer in answers:
        assert IDENTIFIER not in answer.text, (answer.request.method, answer.request.url, answer.text)
        assert IDENTIFIER not in str(answer.headers)


@pytest.mark.shows("R-098")
def test_what_was_sent_is_in_no_error(answers: list[httpx2.Response]) -> None:
    errors = [answer for answer in answers if answer.status_code >= 400]
    assert len(errors) > 100
    for answer in errors:
        assert answer.headers["content-type"] == "application/problem+json", answer.request.url
        assert WORDS not in answer.text, (answer.request.method, answer.request.url, answer.text)


def test_nothing_that_anybody_sends_breaks_the_service(answers: list[httpx2.Response]) -> None:
    assert not [answer.request.url for answer in answers if answer.status_code >= 500]


@pytest.mark.shows("R-098", "C-27", "T-43")
def test_nothing_that_was_sent_is_in_what_the_service_prints_or_counts(
    service: Service, answers: list[httpx2.Response], output: Path
) -> None:
    metrics = service.get("/metrics", role="operator").text
    printed = output.read_text()
    assert printed.count('"event":"request"') >= len(answers)
    for canary in (IDENTIFIER, WORDS, "canary", "PROPFIND", service.token()):
        assert canary not in printed
        assert canary not in metrics


@pytest.mark.shows("C-27", "T-43", control=True)
def test_the_search_would_find_a_leak(service: Service, answers: list[httpx2.Response]) -> None:
    """The same search does find the canary in the one place where it belongs."""
    stored = Path(service.settings.database_url.removeprefix("sqlite:///")).read_bytes()
    assert IDENTIFIER.encode() in stored


def test_a_log_line_has_the_listed_keys_and_the_route_instead_of_the_address(
    service: Service, answers: list[httpx2.Response], output: Path
) -> None:
    lines = [json.loads(line) for line in output.read_text().splitlines() if line.startswith("{")]
    assert all(set(line) <= set(LOGGED) for line in lines)
    routes = {line["route"] for line in lines}
    assert "/v1/episodes/{episode_id}/events" in routes
    assert not any(re.search(r"[0-9a-f]{8}-", route) for route in routes)


def test_no_id_is_in_a_metric(service: Service, answers: list[httpx2.Response]) -> None:
    metrics = service.get("/metrics", role="operator").text
    assert 'route="/v1/episodes/{episode_id}/events"' in metrics
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", metrics)


def test_an_address_in_the_log_would_be_written_by_nobody_else(
    service: Service, answers: list[httpx2.Response], output: Path
) -> None:
    """uvicorn's own access log writes whole addresses, and is silent here even at its most talkative level."""
    assert "/v1/episodes/" not in re.sub(r'"route":"[^"]*"', "", output.read_text())


def test_a_request_is_answered_under_an_id_of_its_own(service: Service) -> None:
    first, second = (service.http.get("/health/live").headers["x-request-id"] for _ in range(2))
    assert first != second


def test_a_callers_own_id_of_a_request_is_kept_where_it_can_carry_no_data(service: Service) -> None:
    for sent in ("0af7651916cd43dd8448eb211c80319c", "01a20503-349c-7722-bf85-a15b9b6bf965"):
        assert (
            service.http.get("/health/live", headers={"x-request-id": sent}).headers["x-request-id"] == sent
        )


def test_no_answer_may_be_kept_by_a_cache(service: Service) -> None:
    for path in ("/v1/pathways", "/v1/worklist", "/v1/nothing"):
        assert service.get(path).headers["cache-control"] == "no-store"


def test_what_nobody_foresaw_is_answered_and_told_without_its_words(
    new_sqlite: Callable[[], str], capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(env="development", database_url=new_sqlite())
    app = create_app(settings)

    @app.get("/fails")
    async def fail(request: Request) -> None:
        raise ValueError(WORDS)

    with serving(settings, app) as service:
        response = service.http.get("/fails")
        assert response.status_code == 500
        assert response.json()["type"] == "urn:pathway:problem:internal"
        assert WORDS not in response.text
        assert service.http.get("/health/live").status_code == 200
    printed = "".join(capfd.readouterr())
    assert WORDS not in printed
    line = next(json.loads(line) for line in printed.splitlines() if '"fault"' in line)
    assert line["level"] == "error"
    assert line["fault"].startswith("ValueError at test_telemetry.py:")


@pytest.mark.shows("T-43")
def test_of_an_exception_its_class_and_its_lines_are_told() -> None:
    with pytest.raises(KeyError) as caught:
        _ = dict[str, str]()[IDENTIFIER]
    told = where(caught.value)
    assert told.startswith("KeyError at test_telemetry.py:")
    assert IDENTIFIER not in told


@pytest.mark.shows("R-098", "T-43")
def test_a_key_that_is_not_listed_is_left_out_of_a_log_line() -> None:
    assert only_listed(None, "info", {"event": "request", "patient": IDENTIFIER, "route": "/"}) == {
        "event": "request",
        "route": "/",
    }
