"""What the clients of a fault test send, and how long they go on while the test does its worst."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import httpx2

from tests.faults.clients import Acknowledged, Post, Work, read_ledger, send_all
from tests.faults.inspection import said
from tests.faults.serving import Service, processes

PATHWAY = "high_risk_neuroblastoma_relapse"
CONNECTIONS = 16


@dataclass
class Clients:
    """The process of the clients while it runs, and its ledger."""

    work: Work
    answered: Synchronized[int] = field(init=False)
    process: ForkServerProcess = field(init=False)

    def __post_init__(self) -> None:
        self.answered = processes.Value("l", 0)
        self.process = processes.Process(target=send_all, args=(self.work, self.answered), daemon=True)
        self.process.start()

    @property
    def are_busy(self) -> bool:
        return self.process.is_alive()

    def wait_for(self, answers: float) -> bool:
        """Until so many answers came; false when the clients are done before."""
        while self.answered.value < answers:
            if not self.are_busy:
                return False
            time.sleep(0.002)
        return True

    def finish(self) -> list[Acknowledged]:
        """Everything that was answered."""
        self.process.join()
        assert self.process.exitcode == 0, "the clients did not come to an end"
        ledger = read_ledger(self.work.ledger)
        assert len(ledger) == self.answered.value
        return ledger


@contextmanager
def clients(token: str, lists: Sequence[Sequence[Post]], ledger: Path) -> Iterator[Clients]:
    """Clients that send these lists, each on a connection of its own."""
    running = Clients(Work(token, lists, ledger))
    try:
        yield running
    finally:
        running.process.kill()
        running.process.join()


def today(ago: int = 0) -> str:
    return (datetime.now(UTC).date() - timedelta(days=ago)).isoformat()


def open_episodes(service: Service, count: int, *baseline: dict[str, Any]) -> list[str]:
    """Episodes of so many patients."""
    headers = {"Authorization": f"Bearer {service.token()}"}
    found = []
    with httpx2.Client(base_url=service.url, headers=headers, timeout=60) as client:
        for number in range(count):
            body = {
                "pathway": PATHWAY,
                "patient": {"system": "urn:example:mrn", "value": f"patient {number}"},
                "opened_on": today(10),
                "risk_group": "high",
                "baseline": [{"occurred_on": today(9), **event} for event in baseline],
            }
            answer = client.post("/v1/episodes", json=body, headers={"Idempotency-Key": f"open {number}"})
            assert answer.status_code == 201, answer.text
            found.append(answer.json()["episode"])
    return found


def note(number: int, episode: str, service: Service, **more: Any) -> Post:
    """Submission `number`: a note that says so."""
    told = {"kind": "note_added", "occurred_on": today(1), "text": said(number), **more}
    return Post(
        number, service.port, f"/v1/episodes/{episode}/events", f"key {number}", json.dumps(told).encode()
    )


def kill_again_and_again(service: Service, running: Clients, each: float, draw: random.Random) -> int:
    """Kills the service about every `each` answers, sometimes while it starts; gives how often."""
    kills, next_at = 0, 0.0
    while running.wait_for(next_at := next_at + each * draw.uniform(0.2, 1.8)):
        service.kill()
        kills += 1
        if draw.random() < 0.1:
            service.launch()
            time.sleep(draw.uniform(0, 0.15))
            service.kill()
            kills += 1
        service.start()
    return kills


def until(condition: Callable[[], object], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
