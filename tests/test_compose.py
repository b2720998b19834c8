"""The compose file is one that Compose understands, stays on this machine, and knows no secret by itself."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from compose_spec import PyCompose
from psycopg.sql import SQL
from sqlalchemy.engine import make_url

from pathway.settings import Settings
from tests.missing import missing
from tests.postgres import Databases

VALUE_OF_A_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY|JWKS|DATABASE_URL")
DEMANDED = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")
REFERENCE = re.compile(r"\$\{[^}]*\}")


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docker-compose.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services(text: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return found


def test_the_file_follows_the_compose_specification(text: str) -> None:
    compose = PyCompose.from_yaml(text)
    compose.validate()
    assert sorted(compose.service_names()) == ["api", "db", "migrate", "role"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("stop_grace_period", "stop_graceperiod"),
        ("condition: service_healthy", "condition: healthy"),
        ("interval: 2s", "interval: soon"),
        ("127.0.0.1:8000:8000", "127.0.0.1:eight"),
    ],
)
def test_a_slip_in_the_file_would_be_found(text: str, right: str, wrong: str) -> None:
    assert right in text
    with pytest.raises(ValueError, match=r"^services\."):
        PyCompose.from_yaml(text.replace(right, wrong))


def test_the_service_starts_on_a_migrated_database(services: dict[str, dict[str, Any]]) -> None:
    assert services["role"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["migrate"]["depends_on"] == {"role": {"condition": "service_completed_successfully"}}
    assert services["api"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["restart"] == "no"


def test_only_the_service_is_reachable_and_only_from_this_machine(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(published) == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in published["api"])


@pytest.mark.shows("T-48")
def test_no_secret_has_a_default_value(services: dict[str, dict[str, Any]]) -> None:
    secrets = {
        (service, name): value
        for service, about in services.items()
        for name, value in about["environment"].items()
        if VALUE_OF_A_SECRET.search(name)
    }
    assert ("db", "POSTGRES_PASSWORD") in secrets
    assert ("api", "PATHWAY_DATABASE_URL") in secrets
    assert ("api", "PATHWAY_SIGNING_KEY") in secrets
    for where, value in secrets.items():
        assert DEMANDED.search(value), f"{where} is written down instead of asked for"


def test_every_value_taken_from_outside_is_demanded(text: str) -> None:
    instructions = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    references = REFERENCE.findall(instructions)
    assert references
    assert [one for one in references if not DEMANDED.fullmatch(one)] == []


def test_the_service_runs_in_production_without_rights(services: dict[str, dict[str, Any]]) -> None:
    for name in ("api", "migrate"):
        assert services[name]["environment"]["PATHWAY_ENV"] == "production"
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True


@pytest.mark.shows("T-69")
def test_the_owner_of_the_tables_migrates_and_a_role_that_owns_nothing_serves(
    services: dict[str, dict[str, Any]],
) -> None:
    owner, serves = (
        make_url(REFERENCE.sub("x", services[name]["environment"]["PATHWAY_DATABASE_URL"])).username
        for name in ("migrate", "api")
    )
    assert owner == services["db"]["environment"]["POSTGRES_USER"] != serves
    assert services["migrate"]["environment"]["PATHWAY_APPLICATION_ROLE"] == serves


@pytest.mark.shows("T-69")
def test_the_role_that_serves_is_made_once_and_may_pass_no_wall(
    services: dict[str, dict[str, Any]], postgres: Databases, tmp_path: Path
) -> None:
    """What the container runs, run here twice, with the second password in force."""
    if postgres.server.binaries is None:
        missing("the server that PATHWAY_TEST_POSTGRES names brings no psql")
    (_, _, script) = services["role"]["command"]
    url = postgres.server.url
    for password in ("first", "second's"):
        subprocess.run(
            ["/bin/sh", "-c", script],
            check=True,
            env={
                "PATH": f"{postgres.server.binaries}:{os.environ['PATH']}",
                "PGHOST": "127.0.0.1",
                "PGPORT": str(url.port),
                "PGUSER": "postgres",
                "PGPASSWORD": str(url.password),
                "APPLICATION_PASSWORD": password,
            },
            cwd=tmp_path,
        )
    served = url.set(drivername="postgresql", username="pathway_serves", password="second's")
    with psycopg.connect(served.render_as_string(hide_password=False)) as connection:
        told = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert told.fetchone() == (False, False, False)
    postgres.server.run(SQL("DROP ROLE pathway_serves"))


@pytest.mark.shows("R-086")
def test_signed_checkpoints_lie_outside_of_the_containers(services: dict[str, dict[str, Any]]) -> None:
    place = services["api"]["environment"]["PATHWAY_CHECKPOINTS"]
    assert f"./checkpoints:{place}" in services["api"]["volumes"]


def test_every_setting_is_one_the_service_knows(services: dict[str, dict[str, Any]]) -> None:
    known = {f"PATHWAY_{name.upper()}" for name in Settings.model_fields}
    assert set(services["api"]["environment"]) <= known


def test_the_image_holds_locked_dependencies_and_an_ordinary_user(root: Path) -> None:
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install (.*)", dockerfile)
    assert installs
    for options in installs:
        assert "--require-hashes" in options or "--no-index" in options
    user = re.findall(r"^USER (\d+)$", dockerfile, flags=re.MULTILINE)
    assert user
    assert user[-1] != "0"


def test_the_image_copies_only_what_is_there(root: Path) -> None:
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        path
        for line in re.findall(r"^COPY (.*)$", dockerfile, flags=re.MULTILINE)
        for path in line.split()[:-1]
    ]
    assert "pathway" in copied
    assert [path for path in copied if not (root / path).exists()] == []
