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
from urllib.parse import quote

import httpx2
import pytest
import structlog
from fastapi import Request

from api.app import create_app
from api.telemetry import LOGGED, configure_logging, only_listed, where
from pathway.settings import Settings
from tests.api.conftest import Service, serving

IDENTIFIER = "canary-4711-okafor"
"""What a patient is known by."""

WORDS = "canary-words-of-a-clinician"
"""What a clinician wrote."""


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
    """Calls that are told of: good, refused, and of nothing that is there."""
    episode = service.open_episode()
    note = {"kind": "note_added", "occurred_on": "2026-02-01", "text": WORDS}
    odd = quote(f"{IDENTIFIER} {WORDS}")
    return [
        service.record(episode, note),
        service.record(episode, note | {"kind": WORDS}),
        service.get(f"{episode}?{odd}=1"),
        service.get(f"/{odd}"),
        service.get(f"/v1/episodes/{odd}/history"),
        service.http.get(episode, headers={"authorization": f"Bearer {IDENTIFIER}"}),
        service.http.request("PROPFIND", episode, headers={"x-request-id": IDENTIFIER}),
    ]


@pytest.mark.shows("R-098")
def test_each_request_is_told_once_and_nothing_of_what_was_sent(
    service: Service, answers: list[httpx2.Response], output: Path
) -> None:
    """At the most talkative level of the server; every field and every sink are gone through in `tests/access`."""
    printed = output.read_text()
    assert printed.count('"event":"request"') >= len(answers)
    for canary in (IDENTIFIER, WORDS, "canary", "PROPFIND", service.token()):
        assert canary not in printed


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


def test_a_log_that_cannot_be_written_to_hurts_nobody_who_asks(new_sqlite: Callable[[], str]) -> None:
    settings = Settings(env="development", database_url=new_sqlite())
    app = create_app(settings)
    try:
        with Path("/dev/full").open("wb", buffering=0) as full:
            structlog.configure(logger_factory=structlog.BytesLoggerFactory(full))
            with serving(settings, app) as service:
                statuses = [service.get("/v1/pathways").status_code for _ in range(3)]
    finally:
        configure_logging()
    assert statuses == [200, 200, 200]


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
