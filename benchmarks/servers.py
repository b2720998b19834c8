"""Services under measurement: child processes run as `pathway serve` runs them, ended whatever happens."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
START_WITHIN_S: Final = 30
STOP_WITHIN_S: Final = 10


class NotStarted(Exception):
    """A server did not come up; the message has the end of what it said."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    port: int
    process: int

    def memory_mb(self) -> float | None:
        """Its resident memory in megabytes; None where the system does not tell it in /proc."""
        status = Path(f"/proc/{self.process}/status")
        found = (
            re.search(r"^VmRSS:\s+(\d+) kB", status.read_text(), re.MULTILINE) if status.exists() else None
        )
        return int(found[1]) / 1024 if found else None


@contextmanager
def serving(
    app: str, folder: Path, environment: Mapping[str, str], *, factory: bool = False
) -> Iterator[Served]:
    """One worker process of the ASGI application `app`, its working folder and log in `folder`.

    Raises `NotStarted`.
    """
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--app-dir", str(ROOT), "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    if factory:
        command.append("--factory")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PATHWAY_")}
    with (folder / f"log-{port}").open("w+b") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**kept, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            if not _answers(port, process):
                log.seek(0)
                raise NotStarted(f"{app} did not start: {log.read()[-2000:].decode(errors='replace')}")
            yield Served(port, process.pid)
        finally:
            _end(process)


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            connection.getresponse().read()
            return True
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
