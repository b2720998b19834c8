"""Whoever does not trust the server takes the proof home and verifies it there."""

from __future__ import annotations

import sqlite3

import pytest

from pathway.proof.verifier import verify_bundle
from tests.api.conftest import Service

FIT = {"kind": "fitness_recorded", "occurred_on": "2026-01-06", "lansky": 90}


@pytest.mark.shows("R-087")
def test_a_bundle_verifies_with_the_public_key_alone(service: Service) -> None:
    path = service.open_episode()
    service.record(path, FIT, FIT | {"lansky": 80})
    key = service.get(f"{path}/verify", role="auditor").json()["key"]
    bundle = service.get(f"{path}/proof", role="auditor")
    assert bundle.status_code == 200
    verified = verify_bundle(bundle.json(), key)
    assert verified.found == ()
    assert (verified.entries, verified.covered, verified.records) == (3, 3, 2)
    assert (verified.site, f"/v1/episodes/{verified.episode}") == ("north", path)


def test_a_proof_of_what_came_since_is_under_a_new_checkpoint(service: Service) -> None:
    path = service.open_episode()
    first = service.get(f"{path}/proof", role="auditor").json()
    assert service.get(f"{path}/proof", role="auditor").json()["checkpoint"] == first["checkpoint"]
    service.record(path, FIT)
    later = service.get(f"{path}/proof", role="auditor").json()
    assert later["checkpoint"] != first["checkpoint"]
    assert [each["position"] is not None for each in later["entries"]] == [True, True]


def test_it_is_verified_on_the_spot_too_and_names_what_was_touched(service: Service) -> None:
    path = service.open_episode()
    service.record(path, FIT)
    service.get(f"{path}/proof", role="auditor")
    answer = service.get(f"{path}/verify", role="auditor").json()
    assert answer["holds"] is True
    assert answer["derived"] == 2
    episode = path.rpartition("/")[2]
    assert answer["sentences"][0].startswith(
        f"The record of episode {episode} at site north holds: 2 entries"
    )
    with sqlite3.connect(service.settings.database_url.removeprefix("sqlite:///")) as connection:
        for name in ("update", "delete"):
            connection.execute(f"DROP TRIGGER entry_append_only_{name}")
        connection.execute(
            "UPDATE entry SET actor = 'somebody else' WHERE episode_id = ? AND sequence = 2", (episode,)
        )
    answer = service.get(f"{path}/verify", role="auditor").json()
    assert answer["holds"] is False
    assert [(each["episode"], each["entry"]) for each in answer["findings"]] == [(episode, 2)]


@pytest.mark.shows("T-11")
def test_an_episode_of_another_site_has_no_proof_here(service: Service) -> None:
    path = service.open_episode()
    for what in ("proof", "verify"):
        assert service.get(f"{path}/{what}", role="auditor", site="south").status_code == 404
