"""How the service ends: when it is asked to, and when whoever started it is no more."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environment
from tests.faults.inspection import duplicates, faults_of, stored
from tests.faults.load import CONNECTIONS, clients, note, open_episodes, until
from tests.faults.serving import Way, replicas

ENDS = 3

STARTER = """
import os, sys, time
from pathlib import Path
from pathway.cli.server_process import listening, service
with listening("127.0.0.1", 0) as listener, service(listener, {}, Path("service.log")) as process:
    print(process.pid, listener.getsockname()[1], flush=True)
    time.sleep(600)
"""


def test_a_service_that_is_asked_to_end_while_writes_wait_keeps_what_it_answered(shared: Way) -> None:
    draw = random.Random(9)
    with replicas(shared) as (service,):
        episodes = open_episodes(service, 8)
        posts = [note(number, episodes[number % 8], service) for number in range(300)]
        lists = [posts[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with clients(service.token(), lists, shared.folder / "ledger") as running:
            for turn in range(ENDS):
                assert running.wait_for(300 * (turn + draw.random()) / ENDS)
                service.stop()
                service.start()
            ledger = running.finish()
        service.stop()
        assert "Traceback" not in service.log()
    found = stored(shared.database_url)
    assert faults_of(found, ledger) == []
    assert duplicates(found, range(300)) == []


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
