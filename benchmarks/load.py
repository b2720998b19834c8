"""A load generator in a process of its own: prebuilt requests on keep-alive connections, as fast as they are answered.

Common HTTP clients take longer for a request than the service does and would measure themselves.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from typing import Final, cast

import uvloop

LONGEST_ANSWER_S: Final = 30.0
"""How long the last answers are waited for once no more is sent."""


class LoadFailed(Exception):
    """An answer was not what was expected, so the slice measured something else."""


@dataclass(frozen=True, slots=True)
class Job:
    """One slice: where to, what, for how long. Requests that may not be repeated are sent once at most."""

    port: int
    requests: Sequence[bytes]
    status: int
    connections: int
    seconds: float
    repeat: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """What came of a job: answers, their rate, and how long the median and the slowest of a hundred took."""

    answers: int
    per_second: float
    median_ms: float
    p99_ms: float
    fault: str = ""


class Load:
    """The generator's process as the measuring one sees it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def run(
        self,
        port: int,
        requests: Sequence[bytes],
        *,
        status: int = 200,
        connections: int = 16,
        seconds: float,
        repeat: bool = True,
    ) -> Slice:
        """Sends the requests in order for so long, or until there are none. Raises `LoadFailed`."""
        self._pipe.send(Job(port, requests, status, connections, seconds, repeat))
        if not self._pipe.poll(seconds + 2 * LONGEST_ANSWER_S):
            raise LoadFailed("the load generator does not answer")
        done = cast(Slice, self._pipe.recv())
        if done.fault:
            raise LoadFailed(done.fault)
        return done


@contextmanager
def generating() -> Iterator[Load]:
    """A running generator; its process ends with the block."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Load(ours)
    finally:
        ours.close()
        process.join(timeout=5)
        if process.is_alive():
            process.kill()
            process.join()


def _serve(pipe: Connection) -> None:
    """Runs job after job until the other end is closed."""
    while True:
        try:
            job = cast(Job, pipe.recv())
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(uvloop.run(_run(job)))


async def _run(job: Job) -> Slice:
    queue = _Queue(job)
    loop = asyncio.get_running_loop()
    for _ in range(job.connections):
        await loop.create_connection(lambda: _Client(queue), "127.0.0.1", job.port)
    started = time.perf_counter()
    queue.start(started + job.seconds)
    try:
        await asyncio.wait_for(queue.over, job.seconds + LONGEST_ANSWER_S)
    except TimeoutError:
        queue.fail("answers did not come")
    seconds = time.perf_counter() - started
    took = sorted(queue.took) or [0.0]
    p99 = took[min(len(took) - 1, len(took) * 99 // 100)]
    return Slice(len(queue.took), len(queue.took) / seconds, median(took) * 1000, p99 * 1000, queue.fault)


class _Queue:
    """What is still to be sent, and what came back."""

    def __init__(self, job: Job) -> None:
        self._waiting = deque(job.requests)
        self._repeat = job.repeat
        self._until = 0.0
        self.clients: list[_Client] = []
        self.status = b"HTTP/1.1 %d " % job.status
        self.took: list[float] = []
        self.fault = ""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._busy = 0

    def start(self, until: float) -> None:
        self._until = until
        self._busy = len(self.clients)
        for client in self.clients:
            client.send()

    def next(self) -> bytes | None:
        if not self._waiting or self.fault or time.perf_counter() >= self._until:
            return None
        request = self._waiting.popleft()
        if self._repeat:
            self._waiting.append(request)
        return request

    def finished(self) -> None:
        self._busy -= 1
        if not self._busy and not self.over.done():
            self.over.set_result(None)

    def fail(self, fault: str) -> None:
        self.fault = self.fault or fault
        if not self.over.done():
            self.over.set_result(None)


class _Client(asyncio.Protocol):
    """One connection: sends, counts the answer's bytes, sends the next."""

    def __init__(self, queue: _Queue) -> None:
        self._queue = queue
        self._sent = 0.0
        self._head = b""
        self._left: int | None = None
        queue.clients.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        request = self._queue.next()
        if request is None:
            self._transport.close()
            self._queue.finished()
            return
        self._left = None
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._left is None:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            if not head.startswith(self._queue.status):
                self._queue.fail(
                    f"answered with {head[:40].decode('latin-1')!r} {rest[:300].decode('latin-1')}"
                )
                return
            start = head.lower().index(b"\r\ncontent-length:") + len(b"\r\ncontent-length:")
            self._left = int(head[start:].split(b"\r\n", 1)[0]) - len(rest)
        else:
            self._left -= len(data)
        if self._left == 0:
            self._queue.took.append(time.perf_counter() - self._sent)
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._transport.is_closing() or exc is not None:
            self._queue.fail("the service closed the connection")
