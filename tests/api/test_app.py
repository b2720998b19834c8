"""Starting, and what holds while the database is away."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pathway.settings import Settings
from tests.api.conftest import Service, serving
from tests.postgres import Databases

NOTE = {"kind": "note_added", "occurred_on": "2026-02-01", "text": "seen"}


def start(root: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PATHWAY_")}
    command = [sys.executable, "-m", "uvicorn", "api.app:from_environment", "--factory", "--port", "0"]
    return subprocess.run(
        command, cwd=root, env=clean | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_with_nothing_set_the_service_is_in_production_and_says_what_it_needs(root: Path) -> None:
    ended = start(root)
    assert ended.returncode != 0
    assert "PATHWAY_TOKEN_ISSUER, PATHWAY_TOKEN_AUDIENCE, PATHWAY_JWKS_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_setting_that_cannot_be_used_is_named_and_not_repeated(root: Path) -> None:
    ended = start(root, PATHWAY_DATABASE_URL="mysql://root:secret@somewhere/db")
    assert ended.returncode != 0
    assert "database_url" in ended.stderr
    assert "secret" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_while_it_serves_the_collector_rests_and_afterwards_it_is_as_before(
    new_sqlite: Callable[[], str],
) -> None:
    before = gc.get_threshold()
    with serving(Settings(env="development", database_url=new_sqlite())):
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


@pytest.fixture
def bereft(postgres: Databases, new_postgres: Callable[[], str]) -> tuple[Settings, Callable[[], None]]:
    """A database, and what takes it away."""
    url = new_postgres()
    return Settings(env="development", database_url=url), lambda: postgres.drop(url)


@pytest.mark.shows("R-084")
def test_while_the_database_is_away_the_answer_is_try_again_and_the_process_lives(
    bereft: tuple[Settings, Callable[[], None]],
) -> None:
    settings, take_away = bereft
    with serving(settings) as service:
        episode = service.open_episode()
        assert service.get("/health/ready", role="operator").status_code == 200
        take_away()
        assert_unavailable(service, episode)
        assert service.http.get("/health/live").status_code == 200


def assert_unavailable(service: Service, episode: str) -> None:
    for answer in (
        service.get("/health/ready", role="operator"),
        service.get(episode),
        service.get(f"{episode}/next-step"),
        service.get("/v1/worklist"),
        service.post(f"{episode}/events", NOTE),
    ):
        assert answer.status_code == 503, (answer.request.url, answer.text)
        assert answer.json()["type"] == "urn:pathway:problem:unavailable"
        assert int(answer.headers["retry-after"]) > 0
