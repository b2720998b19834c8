"""No lost update, no stale decision: eight writers at two replicas decide on one recommendation, and one is taken."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import Connection
from tests.faults.inspection import faults_of, stored
from tests.faults.load import open_episodes
from tests.faults.serving import Service, Way, replicas

WRITERS = 8
TURNS = 20
"""Races on one episode."""

AT_ONCE = 4
"""Races that run at the same time, each on an episode of its own."""

BASELINE: tuple[dict[str, Any], ...] = (
    {
        "kind": "progression_evidence_recorded",
        "confirmed": True,
        "setting": "relapse",
        "pattern": "metastatic",
    },
    {"kind": "gd2_measured", "status": "positive"},
    {"kind": "consent_recorded", "given": True},
    {"kind": "fitness_recorded", "lansky": 90, "uncontrolled_infection": False, "tolerance": "acceptable"},
)
REASON = {"code": "does-not-align-preferences", "text": "Discussed at the tumour board."}
QUICK = pytest.param(80, id="quick", marks=pytest.mark.quick)
FULL = pytest.param(10_000, id="full", marks=pytest.mark.full)


@dataclass
class Races:
    """The races of some episodes, one after the other each, and what came of them."""

    services: Sequence[Service]
    episodes: Sequence[str]
    token: str
    turns: int
    draw: random.Random = field(default_factory=lambda: random.Random(6))
    faults: list[str] = field(default_factory=list)
    taken: list[tuple[str, int, str]] = field(default_factory=list)
    """Episode, sequence and entry of each decision that was taken."""

    lost: int = 0
    """Decisions that were taken and are not there, or there and not taken."""

    stale_taken: int = 0

    async def run(self) -> None:
        lanes = [self.episodes[start::AT_ONCE] for start in range(AT_ONCE)]
        await asyncio.gather(*(self._lane(lane) for lane in lanes))

    async def _lane(self, episodes: Sequence[str]) -> None:
        writers = [Connection(self.services[number % len(self.services)].port) for number in range(WRITERS)]
        try:
            for episode in episodes:
                for turn in range(self.turns):
                    await self._race(writers, episode, turn, await self._basis(writers[0], episode))
        finally:
            for each in writers:
                await each.close()

    async def _race(self, writers: Sequence[Connection], episode: str, turn: int, basis: str) -> None:
        """One decision by each writer on the same basis."""
        self.draw.shuffle(order := list(enumerate(writers)))
        answers = await asyncio.gather(
            *(writer.ask(self._decision(episode, f"{turn} {number}", basis)) for number, writer in order)
        )
        taken = [json.loads(answer.body) for answer in answers if answer.status < 300]
        refused = Counter(json.loads(answer.body)["type"] for answer in answers if answer.status >= 300)
        self.stale_taken += max(0, len(taken) - 1)
        if len(taken) != 1 or refused != {"urn:pathway:problem:stale_decision": WRITERS - 1}:
            self.faults.append(f"race {turn} of {episode}: {len(taken)} were taken, {dict(refused)}")
        self.taken.extend((episode, told["sequence"], told["entry"]) for told in taken)

    async def _basis(self, writer: Connection, episode: str) -> str:
        answer = await writer.ask(self._request("GET", f"/v1/episodes/{episode}/next-step", "", b""))
        assert answer.status == 200, answer.body
        return str(json.loads(answer.body)["basis"])

    def _decision(self, episode: str, key: str, basis: str) -> bytes:
        told = {"option": "refer", "basis": basis, "reason": REASON}
        headers = f"Content-Type: application/json\r\nPrefer: return=minimal\r\nIdempotency-Key: {episode} {key}\r\n"
        path = f"/v1/episodes/{episode}/decisions"
        return self._request("POST", path, headers, json.dumps(told).encode())

    def _request(self, method: str, path: str, headers: str, body: bytes) -> bytes:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def raced(way: Way, races: int, turns: int) -> Races:
    """So many races, `turns` of them on each episode, all settled and looked at in the database."""
    with replicas(way, way) as services:
        episodes = open_episodes(services[0], races // turns, *BASELINE)
        found = Races(services, episodes, services[0].token(), turns)
        asyncio.run(found.run())
        for each in services:
            each.stop()
    rows = stored(way.database_url)
    found.faults.extend(faults_of(rows, []))
    decided = {
        (episode, sequence, entry)
        for episode, sequence, entry, *_, body in rows.entries
        if json.loads(body)["event"]["kind"] == "decision_made"
    }
    found.lost = len(decided ^ set(found.taken))
    if found.lost:
        found.faults.append("the decisions that are stored are not those that were acknowledged")
    return found


@pytest.mark.shows("G4", "R-083", "C-10", "T-16")
@pytest.mark.parametrize("races", [QUICK, FULL])
def test_of_eight_decisions_on_one_version_exactly_one_is_taken(
    shared: Way, races: int, record_property: Callable[[str, object], None]
) -> None:
    found = raced(shared, races, turns=TURNS)
    record_property("races", races)
    record_property("lost updates", found.lost)
    record_property("stale decisions taken", found.stale_taken)
    assert found.faults == []
    assert len(found.taken) == len(set(found.taken)) == races


@pytest.mark.shows("G4", "C-10", control=True)
def test_a_service_that_takes_stale_decisions_is_found_out(sqlite_url: str, tmp_path: Path) -> None:
    found = raced(Way(sqlite_url, tmp_path, planted="takes stale decisions"), races=4, turns=2)
    assert len([fault for fault in found.faults if f"{WRITERS} were taken" in fault]) == 4
