"""The PostgreSQL that the tests start keeps its promises: durable, local, unprivileged, gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.postgres import Databases

STARTED_HERE = pytest.mark.skipif(
    "PATHWAY_TEST_POSTGRES" in os.environ, reason="PATHWAY_TEST_POSTGRES names another server"
)
KILLED_WHILE_SERVING = """
import os, signal
from tests.postgres import running_server
with running_server() as server:
    print(server.binaries.parents[2], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def ask(url: str, statement: str) -> str | None:
    """Run one statement at `url`; the first value it answers with, if it answers."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
    return str(row[0]) if row else None


@STARTED_HERE
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("log_error_verbosity", "terse"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_server_is_durable_and_local(postgres: Databases, setting: str, value: str) -> None:
    assert ask(postgres.empty(), f"SHOW {setting}") == value


@STARTED_HERE
def test_nobody_comes_in_without_the_password(postgres: Databases) -> None:
    url = make_url(postgres.empty()).set(drivername="postgresql", password="guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.render_as_string(hide_password=False))


@STARTED_HERE
def test_the_server_does_not_run_as_root(postgres: Databases) -> None:
    folder = ask(postgres.empty(), "SHOW data_directory")
    assert folder is not None
    assert Path(folder).stat().st_uid != 0


def test_a_copy_has_what_the_template_had_and_its_own_life(postgres: Databases) -> None:
    template = postgres.empty()
    ask(template, "CREATE TABLE drawer AS SELECT 'kept' AS label")
    copy = postgres.copy(template)
    ask(copy, "INSERT INTO drawer VALUES ('added')")
    assert ask(copy, "SELECT count(*) FROM drawer") == "2"
    assert ask(template, "SELECT count(*) FROM drawer") == "1"


@STARTED_HERE
def test_a_killed_test_run_leaves_no_server_and_no_folder(postgres: Databases, root: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_SERVING], cwd=root, capture_output=True, text=True, check=False
    )
    folder = Path(killed.stdout.strip())
    assert folder.name.startswith("pathway-postgres-"), killed.stderr
    wait_until_gone(folder)


def wait_until_gone(folder: Path) -> None:
    """Look for a minute at most: the clean-up starts at the kill, and nobody is told when it ends."""
    for _ in range(600):
        if not folder.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{folder} is still there")
