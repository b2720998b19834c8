"""Many connections at once, each with requests that it sends again until they are taken, and what each was told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.clients import Acknowledged, Post

PATIENCE_S = 240
REFUSED = (429, 503)


@dataclass
class Told:
    """What the crowd was told: how often each status, what was acknowledged, and what was no proper refusal."""

    statuses: Counter[int] = field(default_factory=Counter)
    ledger: list[Acknowledged] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    heartbeats: Counter[int] = field(default_factory=Counter)
    """What was answered to those who asked all the while whether the process lives."""

    @property
    def requests(self) -> int:
        return self.statuses.total()


async def crowd(port: int, members: Sequence[tuple[str, Sequence[Post]]]) -> Told:
    """Everybody at once: each member has a token and requests, and a connection of its own."""
    told = Told()
    async with asyncio.timeout(PATIENCE_S):
        heart = asyncio.create_task(_ask_whether_it_lives(port, told))
        await asyncio.gather(*(_insist(port, token, posts, told) for token, posts in members))
        heart.cancel()
    return told


async def _insist(port: int, token: str, posts: Sequence[Post], told: Told) -> None:
    for post in posts:
        request = (
            f"POST {post.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {post.key}\r\nPrefer: return=minimal\r\n"
            f"Content-Length: {len(post.body)}\r\n\r\n"
        ).encode() + post.body
        while True:
            status, headers, body = await ask(port, request)
            told.statuses[status] += 1
            if status not in REFUSED:
                break
            if "retry-after" not in headers:
                told.unexpected.append(f"{status} without Retry-After")
            await asyncio.sleep(0.02)
        said = json.loads(body)
        if status == 201:
            told.ledger.append(_acknowledged(post, said, body))
        else:
            told.unexpected.append(f"{status}: {said['type']}")


def _acknowledged(post: Post, said: dict[str, Any], body: bytes) -> Acknowledged:
    (entry,) = said["entries"]
    return Acknowledged(
        number=post.number,
        at=time.time(),
        status=201,
        digest=hashlib.sha256(body).hexdigest(),
        key=post.key,
        episode=said["episode"],
        **entry,
    )


async def _ask_whether_it_lives(port: int, told: Told) -> None:
    while True:
        status, _, _ = await ask(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        told.heartbeats[status] += 1
        await asyncio.sleep(0.05)


async def ask(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, header fields and body of the answer to one request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in fields}, body
