"""More is asked of the service than it can do, and it says so, loses nothing, and recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.clients import Post
from tests.faults.inspection import duplicates, faults_of, stored
from tests.faults.load import note, open_episodes
from tests.faults.serving import Service, Way, replicas
from tests.robustness.crowd import Told, crowd

ROLES = ("integration", "coordinator", "clinician")
"""Each is a client of its own."""


@dataclass(frozen=True)
class Size:
    """How many requests may be under way, in all and of each client, and how many each of the crowd has to send."""

    places: int
    of_each: int
    requests: int

    @property
    def settings(self) -> dict[str, str]:
        return {
            "PATHWAY_REQUESTS_AT_ONCE": str(self.places),
            "PATHWAY_REQUESTS_OF_A_CLIENT": str(self.of_each),
        }


QUICK = Size(places=12, of_each=6, requests=6)
FULL = Size(places=128, of_each=64, requests=8)
BOUNDLESS = {"PATHWAY_REQUESTS_AT_ONCE": "10000", "PATHWAY_REQUESTS_OF_A_CLIENT": "10000"}


def four_times_its_load(service: Service, size: Size) -> list[tuple[str, list[Post]]]:
    """Four members of the crowd for each place, of three clients in turn."""
    episodes = open_episodes(service, 8)
    tokens = [service.token(role) for role in ROLES]
    return [
        (
            tokens[member % len(tokens)],
            [
                note(number, episodes[number % len(episodes)], service)
                for number in range(member * size.requests, (member + 1) * size.requests)
            ],
        )
        for member in range(4 * size.places)
    ]


Serving = Callable[[str, Mapping[str, str]], Service]


@pytest.fixture
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    """Serves on a fresh database of this kind, with these settings."""
    with ExitStack() as running:

        def serve(database: str, settings: Mapping[str, str]) -> Service:
            url = request.getfixturevalue("sqlite_url" if database == "sqlite" else "postgres_url")
            (service,) = running.enter_context(replicas(Way(url, tmp_path, more=settings)))
            return service

        yield serve


@pytest.mark.shows("G12", "C-25", "T-06")
@pytest.mark.parametrize(
    ("database", "size"),
    [
        pytest.param("sqlite", QUICK, id="quick", marks=pytest.mark.quick),
        pytest.param("sqlite", FULL, id="full-sqlite", marks=pytest.mark.full),
        pytest.param("postgresql", FULL, id="full-postgresql", marks=pytest.mark.full),
    ],
)
def test_at_four_times_its_load_it_refuses_in_words_and_loses_nothing(
    database: str,
    size: Size,
    serving: Serving,
    record_property: Callable[[str, object], None],
) -> None:
    service = serving(database, size.settings)
    members = four_times_its_load(service, size)
    told = asyncio.run(crowd(service.port, members))
    found = stored(service.way.database_url)
    lost = [*faults_of(found, told.ledger), *duplicates(found, range(len(members) * size.requests))]
    record_property("requests at four times the load", told.requests)
    record_property("lost under it", len(lost))
    assert lost == []
    assert told.unexpected == []
    assert was_too_much(told), "the load was not too much for it"
    assert set(told.heartbeats) == {200}

    # It has recovered: nobody who was refused still has a place.
    numbers = iter(range(10_000, 20_000))
    for _ in range(3):
        calm = [
            (service.token("clinician"), [note(next(numbers), told.ledger[0].episode, service)])
            for _ in range(size.of_each)
        ]
        assert asyncio.run(crowd(service.port, calm)).statuses == {201: size.of_each}


@pytest.mark.shows("G12", "C-25", control=True)
def test_a_service_without_bounds_is_found(serving: Serving) -> None:
    service = serving("sqlite", BOUNDLESS)
    told = asyncio.run(crowd(service.port, four_times_its_load(service, QUICK)))
    assert not was_too_much(told)


@pytest.mark.shows("C-25", "T-06")
def test_one_client_cannot_take_the_places_of_the_others(serving: Serving) -> None:
    service = serving("sqlite", QUICK.settings)
    episodes = open_episodes(service, 2)
    greedy = [
        (
            service.token("integration"),
            [note(10 * member + again, episodes[0], service) for again in range(6)],
        )
        for member in range(4 * QUICK.places)
    ]
    modest = (
        service.token("clinician"),
        [note(10_000 + number, episodes[1], service) for number in range(20)],
    )

    async def together() -> tuple[Told, Told]:
        return await asyncio.gather(crowd(service.port, greedy), crowd(service.port, [modest]))

    of_greedy, of_modest = asyncio.run(together())
    assert of_greedy.statuses[429] > 0
    assert of_modest.statuses == {201: 20}


def was_too_much(told: Told) -> bool:
    return told.statuses[429] + told.statuses[503] > 0
