"""How the service ends: when it is asked to, and when whoever started it is no more."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environment
from tests.faults.clients import Acknowledged
from tests.faults.inspection import duplicates, faults_of, stored
from tests.faults.load import CONNECTIONS, clients, note, open_episodes, until
from tests.faults.serving import Service, Way, replicas

ENDS = 3
POSTS = 200

STARTER = """
import os, sys, time
from pathlib import Path
from pathway.cli.server_process import listening, service
with listening("127.0.0.1", 0) as listener, service(listener, {}, Path("service.log")) as process:
    print(process.pid, listener.getsockname()[1], flush=True)
    time.sleep(120)
"""


@pytest.mark.shows("G1", "R-080")
def test_a_service_that_is_asked_to_end_while_writes_wait_answers_what_it_took_and_keeps_what_it_answered(
    shared: Way,
) -> None:
    ledger = asked_to_end(shared, Service.stop)
    assert taken_without_an_answer(ledger) == []
    assert "Traceback" not in (shared.folder / "service.log").read_text()
    found = stored(shared.database_url)
    assert faults_of(found, ledger) == []
    assert duplicates(found, range(POSTS)) == []


@pytest.mark.shows("G1", control=True)
def test_a_service_that_ends_without_answering_what_it_took_is_found_out(sqlite_way: Way) -> None:
    late = replace(sqlite_way, planted="answers too late")
    assert taken_without_an_answer(asked_to_end(late, Service.kill)) != []


def asked_to_end(way: Way, end: Callable[[Service], None]) -> list[Acknowledged]:
    """What the service acknowledged while it was brought to its end a few times and started again."""
    draw = random.Random(9)
    with replicas(way) as (service,):
        episodes = open_episodes(service, 8)
        posts = [note(number, episodes[number % 8], service) for number in range(POSTS)]
        lists = [posts[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with clients(service.token(), lists, way.folder / "ledger") as running:
            for turn in range(ENDS):
                assert running.wait_for(POSTS * (turn + draw.random()) / ENDS)
                end(service)
                service.start()
            ledger = running.finish()
        service.stop()
    return ledger


def taken_without_an_answer(ledger: Sequence[Acknowledged]) -> list[Acknowledged]:
    """Those whose first answer to be heard was a repetition."""
    return [each for each in ledger if each.again]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_service_does_not_outlive_the_process_that_started_it(
    sqlite_url: str, tmp_path: Path, end: signal.Signals
) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=tmp_path,
        env=clean_environment() | {"PATHWAY_ENV": "development", "PATHWAY_DATABASE_URL": sqlite_url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    with starter.stdout:
        pid, port = (int(word) for word in starter.stdout.readline().split())
    try:
        starter.send_signal(end)
        starter.wait()
        until(lambda: is_free(port))
    finally:
        if not is_free(port):
            os.kill(pid, signal.SIGKILL)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
