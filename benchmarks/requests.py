"""The requests that are sent, as the bytes that go over the wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import count, cycle, islice

from benchmarks.course import observation, today
from pathway.use_cases.next_step import MOST_REMEMBERED


class Requests:
    """Builds requests with one token; no two writes are alike."""

    def __init__(self, token: str) -> None:
        self._numbers = count(1)
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"

    def events(self, episodes: Sequence[str], most: int, *, minimal: bool = True) -> list[bytes]:
        """One new event for each episode in turn, until there are `most`; with the short answer or the whole one."""
        prefer = "Prefer: return=minimal\r\n" if minimal else ""
        return [
            self._event(episode, next(self._numbers), prefer) for episode in islice(cycle(episodes), most)
        ]

    def forgotten_next_steps(self, episodes: Sequence[str]) -> list[bytes]:
        """The next step of each episode on so many days that none is still remembered when its turn comes again."""
        days = (today() + timedelta(days=day) for day in range(2 * MOST_REMEMBERED // len(episodes) + 1))
        return [self.get(f"/v1/episodes/{each}/next-step?as_of={day}") for day in days for each in episodes]

    def get(self, path: str) -> bytes:
        """A read."""
        return f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode()

    def _event(self, episode: str, number: int, prefer: str) -> bytes:
        body = json.dumps(observation(number)).encode()
        head = (
            f"POST /v1/episodes/{episode}/events HTTP/1.1\r\n{self._head}Content-Type: application/json\r\n"
            f"{prefer}Idempotency-Key: request-{number}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
