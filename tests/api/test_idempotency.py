"""What is sent again is done once, and answered as the first time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from pathway.settings import Settings
from tests.api.conftest import PATHWAY, Service, serving

NOTE = {"kind": "note_added", "occurred_on": "2026-02-01", "text": "seen"}


@pytest.fixture(scope="module", params=["new_sqlite", "new_postgres"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service on each database."""
    make: Callable[[], str] = request.getfixturevalue(request.param)
    with serving(Settings(env="development", database_url=make())) as running:
        yield running


@pytest.fixture
def episode(service: Service) -> str:
    return service.open_episode()


def told(response: httpx2.Response) -> tuple[int, bytes, str | None, str]:
    headers = response.headers
    return response.status_code, response.content, headers.get("location"), headers["content-type"]


def opening(value: str) -> dict[str, Any]:
    return {
        "pathway": PATHWAY,
        "patient": {"system": "urn:example:mrn", "value": value},
        "opened_on": "2026-01-05",
    }


@pytest.mark.shows("R-081")
def test_the_same_opening_is_answered_byte_for_byte_and_done_once(service: Service) -> None:
    first = service.post("/v1/episodes", opening("twice"), key="open-twice")
    again = service.post("/v1/episodes", opening("twice"), key="open-twice")
    assert first.status_code == 201
    assert told(again) == told(first)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.shows("R-081")
def test_the_same_event_is_recorded_once(service: Service, episode: str) -> None:
    first = service.post(f"{episode}/events", NOTE, key="note-1")
    again = service.post(f"{episode}/events", NOTE, key="note-1")
    assert told(again) == told(first)
    assert len(service.get(f"{episode}/history").json()["entries"]) == 2


def test_a_refusal_decided_on_what_is_stored_is_replayed_as_well(service: Service) -> None:
    service.open_episode(value="open-already")
    first = service.post("/v1/episodes", opening("open-already"), key="second-episode")
    again = service.post("/v1/episodes", opening("open-already"), key="second-episode")
    assert first.status_code == 409
    assert first.headers["location"].startswith("/v1/episodes/")
    assert told(again) == told(first)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.shows("R-081")
@pytest.mark.parametrize("other", [NOTE | {"text": "other"}, NOTE | {"occurred_on": "2026-02-02"}], ids=repr)
def test_a_key_used_for_something_else_is_refused(
    service: Service, episode: str, other: dict[str, Any]
) -> None:
    service.post(f"{episode}/events", NOTE, key=f"reused-{episode}")
    response = service.post(f"{episode}/events", other, key=f"reused-{episode}")
    assert response.status_code == 422
    assert response.json()["type"] == "urn:pathway:problem:idempotency_key_reused"
    assert response.json()["detail"]


def test_a_key_used_for_another_episode_is_refused(service: Service, episode: str) -> None:
    service.post(f"{episode}/events", NOTE, key="elsewhere")
    other = service.open_episode()
    assert service.post(f"{other}/events", NOTE, key="elsewhere").status_code == 422


@pytest.mark.shows("T-20")
def test_a_key_belongs_to_its_client_and_its_site(service: Service) -> None:
    asking = [("clinician", "north"), ("integration", "north"), ("clinician", "south")]
    opened = [
        service.post("/v1/episodes", opening(f"own-key-{number}"), key="same-key", role=role, site=site)
        for number, (role, site) in enumerate(asking)
    ]
    assert [response.status_code for response in opened] == [201, 201, 201]
    assert not any("idempotency-replayed" in response.headers for response in opened)


@pytest.mark.shows("T-20")
def test_two_people_behind_one_client_do_not_share_an_answer(service: Service, episode: str) -> None:
    first = service.post(f"{episode}/events", NOTE, key=f"shared-{episode}", subject="dr-okafor")
    other = service.post(f"{episode}/events", NOTE, key=f"shared-{episode}", subject="dr-lindqvist")
    assert (first.status_code, other.status_code) == (201, 422)
    assert other.json()["type"] == "urn:pathway:problem:idempotency_key_reused"
    again = service.post(f"{episode}/events", NOTE, key=f"shared-{episode}", subject="dr-okafor")
    assert again.content == first.content


@pytest.mark.shows("R-081")
def test_the_same_request_sent_by_many_at_once_is_done_once_and_answered_alike(
    service: Service, episode: str
) -> None:
    with ThreadPoolExecutor(12) as pool:
        sent = [pool.submit(service.post, f"{episode}/events", NOTE, key="at-once") for _ in range(24)]
        answers = [future.result() for future in sent]
    assert len({told(answer) for answer in answers}) == 1
    assert answers[0].status_code == 201
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(service.get(f"{episode}/history").json()["entries"]) == 2


def test_a_patient_opened_by_many_at_once_has_one_open_episode(service: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(service.post, "/v1/episodes", opening("wanted-by-many")) for _ in range(8)]
        answers = [future.result() for future in sent]
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len({answer.headers["location"] for answer in answers}) == 1


def test_events_of_many_at_once_stand_in_one_unbroken_order(service: Service, episode: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(service.record, episode, NOTE | {"text": f"note {n}"}) for n in range(32)]
        assert {future.result().status_code for future in sent} == {201}
    entries = service.get(f"{episode}/history?limit=200").json()["entries"]
    assert [entry["sequence"] for entry in entries] == list(range(1, 34))
    assert all(later["prev_hash"] == earlier["hash"] for earlier, later in pairwise(entries))


WRITES = [
    "/v1/episodes",
    "{episode}/events",
    "{episode}/decisions",
    "{episode}/decisions/00000000-0000-7000-8000-000000000000/countersignature",
    "{episode}/reviews/00000000-0000-7000-8000-000000000000",
]


@pytest.mark.parametrize("path", WRITES)
def test_a_call_that_writes_needs_a_key(service: Service, episode: str, path: str) -> None:
    headers = {"authorization": f"Bearer {service.token()}", "content-type": "application/json"}
    response = service.http.post(path.format(episode=episode), content=b"{}", headers=headers)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:pathway:problem:idempotency_key_missing"


@pytest.mark.parametrize(
    "key", ["", "x" * 256, "ключ", "a\tb"], ids=["empty", "too long", "not ASCII", "a tab"]
)
def test_a_key_that_cannot_be_kept_is_refused(service: Service, episode: str, key: str) -> None:
    headers = [
        (b"authorization", f"Bearer {service.token()}".encode()),
        (b"content-type", b"application/json"),
        (b"idempotency-key", key.encode()),
    ]
    response = service.http.post(f"{episode}/events", content=b"{}", headers=headers)
    assert response.status_code == 400
    assert "Idempotency-Key" in response.json()["detail"]


def test_a_key_may_be_as_long_as_the_interface_says(service: Service, episode: str) -> None:
    assert service.post(f"{episode}/events", NOTE, key="k" * 255).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("{episode}/events?dry_run=true", NOTE),
        ("{episode}/next-step:suppose", NOTE),
        ("/v1/episodes:find", {"patient": {"system": "urn:example:mrn", "value": "nobody"}}),
        ("/v1/inrc", {"primary": "CR"}),
    ],
)
def test_a_call_that_writes_nothing_needs_no_key(
    service: Service, episode: str, path: str, body: dict[str, Any]
) -> None:
    headers = {"authorization": f"Bearer {service.token()}"}
    response = service.http.post(path.format(episode=episode), json=body, headers=headers)
    assert response.status_code == 200, response.text
    assert len(service.get(f"{episode}/history").json()["entries"]) == 1


@pytest.mark.shows("R-025")
def test_a_dry_run_answers_what_recording_would(service: Service, episode: str) -> None:
    foreseen = service.post(f"{episode}/events?dry_run=true", NOTE)
    recorded = service.post(f"{episode}/events", NOTE)
    assert (foreseen.status_code, recorded.status_code) == (200, 201)

    def lasting(answer: httpx2.Response) -> Any:
        """The answer without what is drawn anew each time: ids, instants and the hashes over them."""
        drawn = r'"(entry|recorded_at|hash|basis)":"[^"]*"'
        return re.sub(drawn, "", answer.text)

    assert lasting(foreseen) == lasting(recorded)


def test_a_caller_who_was_refused_may_use_the_key_once_it_is_let_in(service: Service, episode: str) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "let-in-later"}
    assert service.http.post(f"{episode}/events", json=NOTE, headers=headers).status_code == 401
    assert service.post(f"{episode}/events", NOTE, key="let-in-later").status_code == 201
