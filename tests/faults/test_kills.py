"""Acknowledged is durable: the service is killed again and again, and everything it answered is there."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tests.faults.clients import Acknowledged
from tests.faults.inspection import Stored, duplicates, faults_of, lost, stored
from tests.faults.load import CONNECTIONS, clients, kill_again_and_again, note, open_episodes
from tests.faults.serving import Way, replicas

EPISODES = 24


@dataclass(frozen=True)
class Size:
    """How many acknowledgements are collected, and how often the service is killed at least while they are."""

    acknowledgements: int
    kills: int


QUICK = pytest.param(Size(160, 4), id="quick", marks=pytest.mark.quick)
FULL = pytest.param(Size(50_000, 200), id="full", marks=pytest.mark.full)


def killed_under_load(way: Way, size: Size) -> tuple[Stored, list[Acknowledged], int]:
    """What is stored and what was acknowledged after a run with kills, and how many there were."""
    draw = random.Random(4)
    with replicas(way) as (service,):
        episodes = open_episodes(service, EPISODES)
        posts = [
            note(number, episodes[number % EPISODES], service) for number in range(size.acknowledgements)
        ]
        lists = [posts[start::CONNECTIONS] for start in range(CONNECTIONS)]
        with clients(service.token(), lists, way.folder / "ledger") as running:
            kills = kill_again_and_again(service, running, size.acknowledgements / size.kills / 1.3, draw)
            ledger = running.finish()
        service.kill()
        service.start()  # what a killed one left half done is put right by the next, if by anybody
        service.stop()
    return stored(way.database_url), ledger, kills


@pytest.mark.shows("G1", "R-080", "C-16", "T-49")
@pytest.mark.parametrize("size", [QUICK, FULL])
def test_whatever_was_acknowledged_is_there_once_however_often_the_service_is_killed(
    way: Way, size: Size, record_property: Callable[[str, object], None]
) -> None:
    found, ledger, kills = killed_under_load(way, size)
    record_property("acknowledgements", len(ledger))
    record_property("process kills", kills)
    record_property("lost", len(lost(found, ledger)))
    assert kills >= size.kills
    assert len(ledger) == size.acknowledgements
    assert faults_of(found, ledger) == []
    assert duplicates(found, range(size.acknowledgements)) == []


@pytest.mark.shows("G1", "C-16", "T-49", control=True)
def test_a_service_that_answers_before_it_has_written_is_found_out(sqlite_way: Way) -> None:
    hasty = replace(sqlite_way, planted="answers too early")
    found, ledger, _ = killed_under_load(hasty, Size(160, 4))
    assert lost(found, ledger) != []
