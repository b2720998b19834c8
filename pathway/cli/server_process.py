"""Runs the HTTP service: in this process for `pathway serve`, or in one of its own that ends when this one does.

`python -m pathway.cli.server_process <descriptor>` is that other process. It holds the reading end of a pipe whose
writing end is held by nobody but the process that started it: however that one ends, the pipe does too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pathway.cli.terminal import Code, Stop

APPLICATION: Final = "api.app:from_environment"
START_WITHIN_S: Final = 60
STOP_WITHIN_S: Final = 20


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `Stop` when the address is taken or not ours."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        hint = "Choose another with --port." if port else "Choose another with --host."
        raise Stop(
            Code.UNAVAILABLE, f"Nothing can listen on {host}:{port}: {error.strerror}.", (hint,)
        ) from None


def run(listener: socket.socket) -> bool:
    """Serves on this socket until the process is told to end; false when it could not start."""
    import uvicorn

    from pathway.cli.bounded_http import configuration

    server = uvicorn.Server(configuration(APPLICATION, factory=True))
    with suppress(KeyboardInterrupt):  # the usual way to end it
        server.run(sockets=[listener])
    return server.started


@contextmanager
def service(
    listener: socket.socket, environment: Mapping[str, str], log: Path, without: Collection[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """The service on this socket while the block lasts; what it says goes to `log`. Raises `Stop`.

    It gets our environment with `environment` on top, and without the variables in `without`.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in without}
    command = [sys.executable, "-m", "pathway.cli.server_process", str(listener.fileno())]
    with log.open("ab") as told:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and our own arguments)
            command,
            env={**inherited, **environment},
            stdin=subprocess.PIPE,
            stdout=told,
            stderr=told,
            pass_fds=(listener.fileno(),),
        )
    try:
        _wait_until_it_answers(process, listener, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None  # noqa: S101  (asked for above)
        process.stdin.close()


def _wait_until_it_answers(process: subprocess.Popen[bytes], listener: socket.socket, log: Path) -> None:
    import httpx2

    address = f"{url(listener)}/health/live"
    deadline = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx2.get(address, timeout=1).is_success:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    raise Stop(Code.UNAVAILABLE, "The service did not start.", tuple(lines[-3:]))


def url(listener: socket.socket) -> str:
    """The address of the service on this socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end_with_the_other_end_of_the_pipe() -> None:
    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> None:
    """Serves on the socket with the descriptor that is named, for as long as the process that passed it lives."""
    _end_with_the_other_end_of_the_pipe()
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        sys.exit(0 if run(listener) else 1)


if __name__ == "__main__":
    main()
