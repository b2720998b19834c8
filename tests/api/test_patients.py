"""Erasing and holding over HTTP, and a service whose key is not the one the identifiers are sealed under."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.app import create_app
from pathway.settings import Settings
from pathway.use_cases import erasures
from tests.api.conftest import PATHWAY, Service, serving
from tests.keys import AS_TEXT, OTHER

CALLS = ("erase", "hold", "release")
REASON = "Asked for by the family, in writing."


def who(value: str) -> dict[str, object]:
    return {"patient": {"system": "urn:example:mrn", "value": value}, "reason": REASON}


@pytest.mark.shows("R-097")
def test_an_operator_erases_a_patient(service: Service) -> None:
    episode = service.open_episode(value="erase-me")
    answer = service.post("/v1/patients:erase", who("erase-me"), role="operator")
    assert answer.status_code == 200
    assert answer.json()["episodes"] == [episode.removeprefix("/v1/episodes/")]
    found = service.post("/v1/episodes:find", {"patient": who("erase-me")["patient"]})
    assert found.json() == {"episodes": []}
    assert service.get(episode).status_code == 200
    assert service.get(f"{episode}/verify").json()["holds"] is True
    listed = erasures.listed(erasures.list_of(service.settings, "north"))
    assert len(listed) == 1


def test_a_hold_is_answered_with_409_until_it_is_released(service: Service) -> None:
    service.open_episode(value="hold-me")
    statuses = [
        service.post(f"/v1/patients:{call}", who("hold-me"), role="operator").status_code
        for call in ("hold", "erase", "release", "release", "erase", "erase")
    ]
    assert statuses == [200, 409, 200, 409, 200, 404]


@pytest.mark.parametrize("call", CALLS)
def test_only_an_operator_may(service: Service, call: str) -> None:
    for role in ("clinician", "coordinator", "integration", "auditor", "pathway_owner"):
        answer = service.post(f"/v1/patients:{call}", who("anybody"), role=role)
        assert answer.status_code == 403
    unknown = service.post(f"/v1/patients:{call}", who("anybody"), role="operator")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:pathway:problem:unknown_patient")


@pytest.mark.shows("C-28", "T-18")
@pytest.mark.parametrize("call", CALLS)
def test_a_reason_is_needed_and_must_not_name_the_patient(service: Service, call: str) -> None:
    path = f"/v1/patients:{call}"
    for reason in (None, "", "Mrs Anybody, number anybody"):
        answer = service.post(path, who("anybody") | {"reason": reason}, role="operator")
        assert answer.status_code == 422
        assert "anybody" not in answer.text.replace(path, "")


def test_what_is_kept_for_repeated_requests_has_no_identifier(service: Service) -> None:
    service.open_episode(value="kept-4711-kept")
    for call in CALLS:
        service.post(f"/v1/patients:{call}", who("kept-4711-kept"), role="operator")
    with sqlite3.connect(service.settings.database_url.removeprefix("sqlite:///")) as connection:
        kept = connection.execute("SELECT * FROM answer").fetchall()
    assert len(kept) >= 4
    assert "kept-4711-kept" not in str(kept)


# Another key.


@pytest.fixture
def sealed(new_sqlite: Callable[[], str]) -> Settings:
    """Settings of a service that has a patient."""
    settings = Settings(env="development", database_url=new_sqlite(), identifier_key=SecretStr(AS_TEXT))
    with serving(settings) as service:
        service.open_episode(value="somebody")
    return settings


@pytest.mark.shows("C-26")
def test_with_another_key_the_service_does_not_start(sealed: Settings, root: Path) -> None:
    environment = {
        **os.environ,
        "PATHWAY_ENV": "development",
        "PATHWAY_DATABASE_URL": sealed.database_url,
        "PATHWAY_IDENTIFIER_KEY": OTHER,
    }
    program = "from api.app import from_environment; from_environment(); print('started')"
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.startswith("The service does not start: the identifiers of this site are sealed under")
    assert OTHER not in told.stderr
    right = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=environment | {"PATHWAY_IDENTIFIER_KEY": AS_TEXT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert right.stdout == "started\n"


@pytest.mark.shows("C-26", "T-32")
def test_a_service_that_runs_with_another_key_is_not_ready_and_opens_no_second_episode(
    sealed: Settings,
) -> None:
    wrong = sealed.model_copy(update={"identifier_key": SecretStr(OTHER)})
    patient = {"system": "urn:example:mrn", "value": "somebody"}
    with serving(wrong, create_app(wrong)) as service:
        ready = service.get("/health/ready", role="operator")
        opened = service.post(
            "/v1/episodes", {"pathway": PATHWAY, "patient": patient, "opened_on": "2026-01-05"}
        )
        found = service.post("/v1/episodes:find", {"patient": patient})
    for answer in (ready, opened, found):
        assert answer.status_code == 503
        assert "PATHWAY_IDENTIFIER_KEY" in answer.json()["detail"]
    with sqlite3.connect(sealed.database_url.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT count(*) FROM episode").fetchone() == (1,)


@pytest.mark.shows("R-114")
def test_in_production_it_does_not_start_without_a_key(root: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PATHWAY_")}
    environment |= {
        "PATHWAY_TOKEN_ISSUER": "https://issuer.example",
        "PATHWAY_TOKEN_AUDIENCE": "pathway",
        "PATHWAY_JWKS_URL": "https://issuer.example/keys",
        "PATHWAY_DATABASE_URL": f"sqlite:///{tmp_path}/pathway.db",
        "PATHWAY_SIGNING_KEY": AS_TEXT,
    }
    program = "from api.app import from_environment; from_environment(); print('started')"

    def start(**more: str) -> str:
        told = subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return told.stdout + told.stderr

    assert start().startswith("Set PATHWAY_IDENTIFIER_KEY (or PATHWAY_IDENTIFIER_KEY_FILE)")
    assert "32 random bytes" in start(PATHWAY_IDENTIFIER_KEY="c2hvcnQ=")
    assert start(PATHWAY_IDENTIFIER_KEY=AS_TEXT) == "started\n"
    assert not (tmp_path / "pathway.db").exists()
    (tmp_path / "development-identifier-key").write_text(AS_TEXT)
    told = start(PATHWAY_IDENTIFIER_KEY=AS_TEXT)
    assert told.startswith("PATHWAY_IDENTIFIER_KEY is the key that was made for development")
    assert AS_TEXT not in told
