"""Clients of the service in a process of their own, with a ledger of everything that was acknowledged to them.

They do what an integration is told to do: what was not answered, or was answered with "try again", is sent again
with the same key, for as long as it takes. The ledger is a file, one JSON line for each answer, on the disk
(fsync) while the next requests are on their way; nothing the service does can change it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, NamedTuple

AGAIN = frozenset({429, 503})
ANSWER_WITHIN_S = 45
"""The service says itself what takes too long, and earlier."""

PATIENCE_S = 180
"""How long the clients go on without one answer to any of them."""


@dataclass(frozen=True)
class Post:
    """One request as a client sends it; `number` says which submission it carries."""

    number: int
    port: int
    path: str
    key: str
    body: bytes
    minimal: bool = False


@dataclass(frozen=True)
class Acknowledged:
    """One answer as the ledger keeps it. `digest` is the SHA-256 of its bytes, `at` the clock when they were there.

    The short answers tell no hash, and those to a repeated message no sequence either. `again`: the service says
    that it has given this answer before.
    """

    number: int
    at: float
    status: int
    digest: str
    key: str
    episode: str = ""
    entry: str = ""
    sequence: int | None = None
    hash: str | None = None
    again: bool = False


class Answer(NamedTuple):
    """What came back: the status, the body, and whether it is said to be a repetition."""

    status: int
    body: bytes
    again: bool = False


@dataclass(frozen=True)
class Work:
    """What the clients have to send, each list on a connection of its own, and where they keep their ledger."""

    token: str
    lists: Sequence[Sequence[Post]]
    ledger: Path


def send_all(work: Work, answered: Synchronized[int]) -> None:
    """The process: counts up `answered`, and ends when everything was answered."""
    asyncio.run(_send_all(work, answered))


def read_ledger(path: Path) -> list[Acknowledged]:
    return [Acknowledged(**json.loads(line)) for line in path.read_text().splitlines()]


async def _send_all(work: Work, answered: Synchronized[int]) -> None:
    with work.ledger.open("ab", buffering=0) as file:
        async with asyncio.timeout(PATIENCE_S) as patience:
            ledger = Ledger(file.fileno(), answered, patience)
            await asyncio.gather(*(_send(posts, work.token, ledger) for posts in work.lists))
            await ledger.is_kept()


class Ledger:
    """Appends lines to a file; those that come while the disk is busy are kept together with the next."""

    def __init__(self, descriptor: int, noted: Synchronized[int], patience: asyncio.Timeout) -> None:
        self._descriptor = descriptor
        self._noted = noted
        self._patience = patience
        self._lines: list[bytes] = []
        self._keeping: asyncio.Task[None] | None = None

    def note(self, answer: Acknowledged) -> None:
        self._lines.append(json.dumps(asdict(answer)).encode() + b"\n")
        self._noted.value += 1
        self._patience.reschedule(asyncio.get_running_loop().time() + PATIENCE_S)
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())

    async def is_kept(self) -> None:
        if self._keeping is not None:
            await self._keeping

    async def _keep(self) -> None:
        while self._lines:
            lines, self._lines = self._lines, []
            os.write(self._descriptor, b"".join(lines))
            await asyncio.to_thread(os.fsync, self._descriptor)
        self._keeping = None


async def _send(posts: Sequence[Post], token: str, ledger: Ledger) -> None:
    connections: dict[int, Connection] = {}
    for post in posts:
        connection = connections.setdefault(post.port, Connection(post.port))
        request = _request(post, token)
        while True:
            try:
                answer = await connection.ask(request)
            except (OSError, EOFError, ValueError):
                await connection.close()
                await asyncio.sleep(0.01)
                continue
            if answer.status not in AGAIN and not _is_timeout(answer):
                ledger.note(acknowledged(post, answer))
                break
            await asyncio.sleep(0.05)
    for connection in connections.values():
        await connection.close()


class Connection:
    """One connection to a port, made anew when it was lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """The answer. Raises `OSError` (`TimeoutError` among them) or `EOFError` when there is none."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.split("\r\ncontent-length: ", 1)[1].split("\r\n", 1)[0])
            again = "\r\nidempotency-replayed: true\r\n" in head
            return Answer(int(head.split(" ", 2)[1]), await reader.readexactly(length), again)

    async def close(self) -> None:
        if self._streams is not None:
            streams, self._streams = self._streams, None
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()


def _request(post: Post, token: str) -> bytes:
    prefer = "Prefer: return=minimal\r\n" if post.minimal else ""
    head = (
        f"POST {post.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{prefer}"
        f"Content-Type: application/json\r\nIdempotency-Key: {post.key}\r\nContent-Length: {len(post.body)}\r\n\r\n"
    )
    return head.encode() + post.body


def _is_timeout(answer: Answer) -> bool:
    return answer.status == 409 and json.loads(answer.body)["type"] == "urn:pathway:problem:timeout"


def acknowledged(post: Post, answer: Answer) -> Acknowledged:
    """What the ledger keeps of this answer."""
    told: dict[str, Any] = json.loads(answer.body)
    found: dict[str, Any] = (told.get("entries") or [told])[0] if answer.status < 300 else {}
    return Acknowledged(
        number=post.number,
        at=time.time(),
        status=answer.status,
        digest=hashlib.sha256(answer.body).hexdigest(),
        key=post.key,
        episode=told.get("episode", ""),
        entry=found.get("entry", ""),
        sequence=found.get("sequence"),
        hash=found.get("hash"),
        again=answer.again,
    )
