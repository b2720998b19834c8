"""Exactly once: everything is sent many times in any order to two replicas, one of which is killed all the time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import Acknowledged, Post
from tests.faults.inspection import Stored, divergent, duplicates, faults_of, stored
from tests.faults.load import CONNECTIONS, clients, kill_again_and_again, note, open_episodes
from tests.faults.serving import Service, Way, replicas

EPISODES = 24
TIMES = (6, 9)


@dataclass(frozen=True)
class Size:
    """How many submissions there are, and how often one replica is killed at least."""

    submissions: int
    kills: int


QUICK = pytest.param(Size(100, 3), id="quick", marks=pytest.mark.quick)
FULL = pytest.param(Size(10_000, 60), id="full", marks=pytest.mark.full)


def copies(
    submissions: int, episodes: list[str], services: list[Service], draw: random.Random
) -> Iterator[tuple[float, Post]]:
    """Each submission six to nine times, to one replica or the other, each copy with its place in the order.

    The copies of every second one come close together, those of the others at any time. Every third is known by
    the message it tells of, and has another idempotency key each time.
    """
    for number in range(submissions):
        message: dict[str, Any] = {}
        if number % 3 == 0:
            message = {"source": {"system": "urn:example:lab", "message_id": f"message {number}"}}
        together = draw.random() if number % 2 else None
        for copy in range(draw.randint(*TIMES)):
            to = services[draw.randrange(len(services))]
            post = note(number, episodes[number % len(episodes)], to, **message)
            if message:
                post = replace(post, key=f"{post.key} copy {copy}")
            place = draw.random() if together is None else together + draw.random() / submissions
            yield place, replace(post, minimal=number % 4 > 0)


def survived(way: Way, size: Size) -> tuple[Stored, list[Acknowledged], list[Post], int]:
    """What is stored and what was answered after the storm, what was sent, and how many kills there were."""
    draw = random.Random(2)
    with replicas(way, way) as services:
        episodes = open_episodes(services[0], EPISODES)
        sent = [
            post
            for _, post in sorted(
                copies(size.submissions, episodes, services, draw), key=lambda placed: placed[0]
            )
        ]
        lists = [sent[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with clients(services[0].token(), lists, way.folder / "ledger") as running:
            kills = kill_again_and_again(services[1], running, len(sent) / size.kills / 1.3, draw)
            ledger = running.finish()
        for each in services:
            each.stop()
    return stored(way.database_url), ledger, sent, kills


@pytest.mark.shows("G2", "R-081", "R-082", "C-17", "T-36")
@pytest.mark.parametrize("size", [QUICK, FULL])
def test_what_is_sent_many_times_to_two_replicas_is_there_once_and_answered_alike(
    shared: Way, size: Size, record_property: Callable[[str, object], None]
) -> None:
    found, ledger, sent, kills = survived(shared, size)
    record_property("submissions", size.submissions)
    record_property("requests", len(ledger))
    record_property("process kills", kills)
    record_property("recorded twice", len(duplicates(found, range(size.submissions))))
    record_property("different answers", len(divergent(ledger)))
    assert kills >= size.kills
    assert len(ledger) == len(sent)
    assert min(Counter(each.number for each in ledger).values()) >= TIMES[0]
    assert faults_of(found, ledger) == []
    assert duplicates(found, range(size.submissions)) == []


@pytest.mark.shows("G2", "C-17", control=True)
def test_a_service_that_forgets_what_it_answered_is_found_out(sqlite_url: str, tmp_path: Path) -> None:
    found, ledger, _, _ = survived(Way(sqlite_url, tmp_path, planted="forgets keys"), Size(40, 1))
    faults = faults_of(found, ledger)
    assert any("different answers" in fault for fault in faults)
    assert any("entries" in fault for fault in faults)
    assert duplicates(found, range(40)) != []
