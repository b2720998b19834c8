"""The service as a process that may be killed at any instant and started again, on a port that stays the same.

`multiprocessing`'s fork server imports the application once and forks it for each start, so that a start takes a
tenth of a second and a run has time for hundreds of kills. What is forked is the application under uvicorn, as
`pathway serve` runs it. The listening socket is the test's own: who calls while the service is down waits.
"""

from __future__ import annotations

import base64
import http.client
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pathway.cli.bounded_http import configuration
from pathway.settings import Settings
from pathway.store.engines import Journal
from pathway.use_cases import tokens
from pathway.use_cases.installation import Installation
from tests.faults.disk import follow, wait_to_be_followed
from tests.faults.planted import PLANTED
from tests.keys import AS_TEXT

SITE = "ward"
SIGNING_KEY = base64.b64encode(bytes(32)).decode()
START_WITHIN_S = 60
END_WITHIN_S = 60
BACKLOG = 512

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    ["api.app", "uvicorn", "tests.faults.serving", "tests.faults.clients", "tests.faults.warm"]
)


@dataclass(frozen=True)
class Way:
    """How the service is run: on which database, with which journal of SQLite, and with which planted fault."""

    database_url: str
    folder: Path
    journal: Journal | None = None
    planted: str | None = None
    user: int | None = None
    """The account it gives itself up to, where it is started as root."""
    record: Path | None = None
    """Where its system calls are written down (see `tests.faults.disk`)."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Further variables of its environment."""

    @property
    def environment(self) -> dict[str, str]:
        """Its settings; the logs are taken further and signed all the time."""
        return {
            "PATHWAY_ENV": "development",
            "PATHWAY_DATABASE_URL": self.database_url,
            "PATHWAY_IDENTIFIER_KEY": AS_TEXT,
            "PATHWAY_SIGNING_KEY": SIGNING_KEY,
            "PATHWAY_CHECKPOINTS": str(self.folder / "checkpoints"),
            "PATHWAY_CHECKPOINT_SECONDS": "1",
            **self.more,
        }


@dataclass
class Service:
    """One replica; `start` and `kill` may follow each other as often as a test likes."""

    way: Way
    listener: socket.socket = field(init=False)
    process: ForkServerProcess | None = None
    follower: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    def launch(self) -> None:
        """Starts it, and does not wait until it answers."""
        self.process = processes.Process(target=_run, args=(self.listener, self.way), daemon=True)
        self.process.start()
        if self.way.record is not None:
            self.follower = follow(self.pid, self.way.record)

    def start(self) -> None:
        self.launch()
        deadline = time.monotonic() + START_WITHIN_S
        while not self._answers():
            assert self.process is not None
            assert self.process.is_alive(), f"the service did not start: {self.log()[-2000:]}"
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """Takes it away in the middle of whatever it is doing (SIGKILL)."""
        assert self.process is not None
        self.process.kill()
        self._join()

    def stop(self) -> None:
        """Asks it to end (SIGTERM), as an operator does, and waits until it has."""
        assert self.process is not None
        self.process.terminate()
        self._join()

    def close(self) -> None:
        if self.process is not None:
            self.kill()
        self.listener.close()

    def log(self) -> str:
        """What it said on its standard output and error."""
        told = self.way.folder / "service.log"
        return told.read_text(errors="replace") if told.exists() else ""

    def token(self, role: str = "clinician") -> str:
        with chdir(self.way.folder):  # where the development issuer keeps its key
            settings = Settings(env="development", database_url=self.way.database_url)
            return tokens.issue(settings, role, SITE, "dr-adeyemi", hours=24)

    def _join(self) -> None:
        assert self.process is not None
        self.process.join(END_WITHIN_S)
        assert not self.process.is_alive(), "the service does not end"
        self.process.close()
        self.process = None
        if self.follower is not None:
            self.follower.wait(END_WITHIN_S)
            self.follower = None

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().read() != b""
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def replicas(*ways: Way) -> Iterator[list[Service]]:
    """A running service for each of the ways, gone afterwards."""
    services = [Service(way) for way in ways]
    try:
        for each in services:
            each.start()
        yield services
    finally:
        for each in services:
            each.close()


def _run(listener: socket.socket, way: Way) -> None:
    """The life of the process: nothing here returns before it is told to end."""
    import uvicorn

    from api.app import create_app

    if way.record is not None:
        wait_to_be_followed()
    _end_with_the_tests()
    with (way.folder / "service.log").open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    if way.user is not None:
        os.setgroups([])
        os.setuid(way.user)
    os.chdir(way.folder)
    _set_only(way.environment)
    uvicorn.Server(configuration(create_app(Settings(), _opened(way)))).run(sockets=[listener])


def _opened(way: Way) -> Callable[[Settings], Installation]:
    def opened(settings: Settings) -> Installation:
        installation = Installation.open(settings, journal=way.journal)
        if way.planted is not None:
            PLANTED[way.planted](installation)
        return installation

    return opened


def _set_only(environment: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("PATHWAY_")]:
        del os.environ[name]
    os.environ.update(environment)


def _end_with_the_tests() -> None:
    tests = multiprocessing.parent_process()
    assert tests is not None

    def watch() -> None:
        wait([tests.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
