"""What is refused before a body is read as anything, and what is refused because of what it says."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.dependencies import LARGEST_BODY
from tests.api.conftest import Service

CYCLE = {"kind": "cycle_started", "occurred_on": "2026-02-01", "line": 1, "cycle": 1, "regimen": "dit"}
NOTE = {"kind": "note_added", "occurred_on": "2026-02-01", "text": "seen"}


@pytest.fixture(scope="module")
def episode(service: Service) -> str:
    return service.open_episode()


def log_length(service: Service, episode: str) -> int:
    return len(service.get(f"{episode}/history?limit=200").json()["entries"])


# ---------------------------------------------------------------------------------------------------------------------
# Before it is read


@pytest.mark.shows("R-101")
def test_a_body_of_the_largest_size_is_read(service: Service, episode: str) -> None:
    body = json.dumps(NOTE).encode().ljust(LARGEST_BODY)
    assert service.post(f"{episode}/events", body).status_code == 201


@pytest.mark.shows("R-101")
def test_a_body_over_the_limit_is_refused(service: Service, episode: str) -> None:
    body = json.dumps(NOTE).encode().ljust(LARGEST_BODY + 1)
    response = service.post(f"{episode}/events", body)
    assert response.status_code == 413
    assert response.json()["type"] == "urn:pathway:problem:too_large"


@pytest.mark.shows("T-05")
def test_a_body_over_the_limit_in_pieces_of_unknown_number_is_refused(service: Service, episode: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    headers = {
        "authorization": f"Bearer {service.token()}",
        "content-type": "application/json",
        "idempotency-key": "in-pieces",
    }
    response = service.http.post(f"{episode}/events", content=pieces(), headers=headers)
    assert response.status_code == 413


@pytest.mark.shows("T-05")
def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(
    service: Service, episode: str
) -> None:
    address = urlsplit(service.url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 0), timeout=10) as wire:
        wire.sendall(
            f"POST {episode}/events HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {service.token()}\r\n"
            "content-type: application/json\r\nidempotency-key: announced\r\n"
            "content-length: 1000000000\r\n\r\n{".encode()
        )
        assert wire.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.shows("R-101", "T-05")
def test_after_a_refused_body_the_connection_serves_the_next_request(service: Service, episode: str) -> None:
    address = urlsplit(service.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    headers = {
        "authorization": f"Bearer {service.token()}",
        "content-type": "application/json",
        "idempotency-key": "k",
    }
    try:
        connection.request("POST", f"{episode}/events", b" " * (LARGEST_BODY + 10), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 413
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
    finally:
        connection.close()


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/json5", ""],
)
def test_a_body_of_another_media_type_is_refused(service: Service, episode: str, media_type: str) -> None:
    response = service.post(f"{episode}/events", NOTE, headers={"content-type": media_type})
    assert response.status_code == 415


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_announced_as_its_users_do(service: Service, episode: str, media_type: str) -> None:
    response = service.post(f"{episode}/events?dry_run=true", NOTE, headers={"content-type": media_type})
    assert response.status_code == 200


@pytest.mark.shows("C-37", "T-39")
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"kind=note_added",
        b'{"kind": "note_added",}',
        b"\xff\xfe",
        b'{"kind": "note_added", "text": "\xff"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
    ],
    ids=lambda text: repr(text[:24]),
)
@pytest.mark.parametrize("call", ["events", "decisions", "next-step:suppose"])
def test_malformed_json_is_refused(service: Service, episode: str, call: str, text: bytes) -> None:
    before = log_length(service, episode)
    response = service.post(f"{episode}/{call}", text)
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "urn:pathway:problem:malformed_json"
    assert log_length(service, episode) == before


@pytest.mark.parametrize("body", [b"null", b"1", b'"note_added"', b"[]", b"{}", b"true"], ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        "/v1/episodes",
        "/v1/episodes:find",
        "/v1/inrc",
        "{episode}/events",
        "{episode}/decisions",
        "{episode}/next-step:suppose",
        "{episode}/decisions/00000000-0000-7000-8000-000000000000/countersignature",
        "{episode}/reviews/00000000-0000-7000-8000-000000000000",
    ],
)
def test_json_of_another_shape_is_refused_at_every_call(
    service: Service, episode: str, call: str, body: bytes
) -> None:
    if call == "/v1/inrc" and body == b"{}":
        return  # no component is involved: that is an answer
    response = service.post(call.format(episode=episode), body)
    assert response.status_code == 422, response.text
    assert response.json()["type"] == "urn:pathway:problem:invalid_body"


# ---------------------------------------------------------------------------------------------------------------------
# What it says


BAD_EVENTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown kind": ({"kind": "telepathy", "occurred_on": "2026-02-01"}, "invalid_body", ""),
    "no kind": ({"occurred_on": "2026-02-01"}, "invalid_body", ""),
    "unknown field": (NOTE | {"colour": "blue"}, "invalid_body", "/colour"),
    "unknown field inside": (
        {
            "kind": "assessment_recorded",
            "occurred_on": "2026-02-01",
            "components": {"primary": "CR", "spleen": "CR"},
        },
        "invalid_body",
        "/components/spleen",
    ),
    "no date": ({"kind": "note_added", "text": "seen"}, "invalid_body", ""),
    "a date that is none": (NOTE | {"occurred_on": "2026-02-30"}, "invalid_body", "/occurred_on"),
    "a date in another form": (NOTE | {"occurred_on": "01.02.2026"}, "invalid_body", "/occurred_on"),
    "a date to come": (NOTE | {"occurred_on": "2999-01-01"}, "impossible_date", "/occurred_on"),
    "a date long ago": (NOTE | {"occurred_on": "0001-01-01"}, "invalid_body", ""),
    "two times": (NOTE | {"occurred_at": "2026-02-01T10:00:00Z"}, "invalid_body", ""),
    "an instant without its zone": (
        {"kind": "note_added", "occurred_at": "2026-02-01T10:00:00", "text": "seen"},
        "invalid_body",
        "/occurred_at",
    ),
    "a number as text": (CYCLE | {"cycle": "1"}, "invalid_body", "/cycle"),
    "a cycle that is none": (CYCLE | {"cycle": 0}, "invalid_body", "/cycle"),
    "a rating nobody knows": (
        {"kind": "assessment_recorded", "occurred_on": "2026-02-01", "components": {"primary": "VGPR"}},
        "invalid_body",
        "/components/primary",
    ),
    "an entry that is not there": (
        {
            "kind": "event_retracted",
            "occurred_on": "2026-02-01",
            "entry": "00000000-0000-7000-8000-000000000000",
            "reason": "wrong child",
        },
        "unknown_entry",
        "/entry",
    ),
}


@pytest.mark.shows("R-003", "C-37")
@pytest.mark.parametrize(("event", "outcome", "pointer"), BAD_EVENTS.values(), ids=BAD_EVENTS)
@pytest.mark.parametrize("call", ["events", "events?dry_run=true"])
def test_an_event_that_cannot_be_is_refused_by_pointer_and_reason(
    service: Service, episode: str, event: dict[str, Any], outcome: str, pointer: str, call: str
) -> None:
    before = log_length(service, episode)
    response = service.post(f"{episode}/{call}", event)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["type"] == f"urn:pathway:problem:{outcome}"
    assert pointer in {fault["pointer"] for fault in problem["errors"]}
    assert all(fault["detail"] for fault in problem["errors"])
    assert log_length(service, episode) == before


@pytest.mark.parametrize(
    ("event", "outcome"),
    [(event, outcome) for event, outcome, _ in BAD_EVENTS.values() if outcome != "impossible_date"],
    ids=[name for name, (_, outcome, _) in BAD_EVENTS.items() if outcome != "impossible_date"],
)
def test_what_cannot_be_recorded_cannot_be_supposed_but_for_the_future(
    service: Service, episode: str, event: dict[str, Any], outcome: str
) -> None:
    response = service.post(f"{episode}/next-step:suppose", event)
    assert response.status_code == 422, response.text
    assert response.json()["type"] == f"urn:pathway:problem:{outcome}"


@pytest.mark.shows("R-004")
def test_one_bad_event_among_several_keeps_all_of_them_out(service: Service, episode: str) -> None:
    before = log_length(service, episode)
    response = service.record(episode, NOTE, NOTE | {"colour": "blue"}, NOTE)
    assert response.status_code == 422
    assert {fault["pointer"] for fault in response.json()["errors"]} == {"/events/1/colour"}
    assert log_length(service, episode) == before


@pytest.mark.shows("R-003", "T-38")
def test_an_event_of_another_patient_is_refused(service: Service) -> None:
    episode = service.open_episode(value="the-right-child")
    other = NOTE | {"patient": {"system": "urn:example:mrn", "value": "another-child"}}
    response = service.record(episode, other)
    assert response.status_code == 422
    assert response.json()["type"] == "urn:pathway:problem:another_patient"
    assert "another-child" not in response.text
    right = NOTE | {"patient": {"system": "urn:example:mrn", "value": "the-right-child"}}
    assert service.record(episode, right).status_code == 201


@pytest.mark.shows("R-002", "T-40")
def test_a_cycle_out_of_order_is_kept_and_marked(service: Service) -> None:
    episode = service.open_episode()
    response = service.record(episode, CYCLE | {"cycle": 7})
    assert response.status_code == 201
    assert response.json()["unexpected"]
    assert log_length(service, episode) == 2


def test_a_message_sent_twice_is_kept_once(service: Service) -> None:
    episode = service.open_episode()
    message = NOTE | {"source": {"system": "lab", "message_id": "m-1"}}
    first = service.record(episode, message).json()
    second = service.record(episode, message)
    assert second.status_code == 201
    assert second.json()["entries"][0]["duplicate"] is True
    assert second.json()["entries"][0]["entry"] == first["entries"][0]["entry"]
    assert log_length(service, episode) == 2


@pytest.mark.shows("T-37")
def test_a_message_that_says_something_else_the_second_time_is_refused(service: Service) -> None:
    episode = service.open_episode()
    message = NOTE | {"source": {"system": "lab", "message_id": "m-2"}}
    first = service.record(episode, message).json()
    response = service.record(episode, message | {"text": "something else"})
    assert response.status_code == 409
    problem = response.json()
    assert problem["type"] == "urn:pathway:problem:message_conflict"
    assert first["entries"][0]["entry"] in response.text
    assert "event_corrected" in response.text
    assert log_length(service, episode) == 2


@pytest.mark.shows("R-003")
@pytest.mark.parametrize("field", ["opened_on", "pathway", "patient"])
def test_an_opening_without_what_it_needs_is_refused_by_name(service: Service, field: str) -> None:
    body: dict[str, Any] = {
        "pathway": "high_risk_neuroblastoma_relapse",
        "patient": {"system": "urn:example:mrn", "value": "mrn-1"},
        "opened_on": "2026-01-05",
    }
    del body[field]
    response = service.post("/v1/episodes", body)
    assert response.status_code == 422
    assert {fault["pointer"] for fault in response.json()["errors"]} == {f"/{field}"}


@pytest.mark.shows("C-37", "T-39")
@pytest.mark.parametrize(
    "odd",
    [
        NOTE | {"text": "a\x00b"},
        NOTE | {"source": {"system": "lab\x00", "message_id": "\x00"}},
        NOTE | {"patient": {"system": "urn:\x00", "value": "\x00"}},
        {"kind": "note_added", "occurred_at": "9999-12-31T23:59:59Z", "text": "seen"},
        {"kind": "note_added", "occurred_at": "1900-01-01T00:00:00+23:59", "text": "seen"},
        {"kind": "note_added", "occurred_at": "9999-12-31T23:59:59-23:59", "text": "seen"},
        CYCLE | {"cycle": 10**30},
        CYCLE | {"line": -(10**30)},
        {"kind": "biomarker_recorded", "occurred_on": "2026-02-01", "marker": "ldh", "value": "1e999999"},
        NOTE | {"text": "\U0001f600 \u202e \ufeff"},
    ],
    ids=lambda event: json.dumps(event)[:80],
)
def test_odd_values_never_break_the_service(service: Service, episode: str, odd: dict[str, Any]) -> None:
    response = service.record(episode, odd)
    assert response.status_code in {201, 422}, response.text


@pytest.mark.shows("T-39")
@pytest.mark.parametrize(
    "odd", [CYCLE | {"cycle": 10**30}, NOTE | {"occurred_on": -(10**30)}, NOTE | {"text": "a\x00b"}], ids=repr
)
def test_odd_values_among_several_events_never_break_the_service(
    service: Service, episode: str, odd: dict[str, Any]
) -> None:
    assert service.record(episode, NOTE, odd).status_code in {201, 422}
    opening = {
        "pathway": "high_risk_neuroblastoma_relapse",
        "patient": {"system": "urn:example:mrn", "value": repr(odd)},
        "opened_on": "2026-01-05",
        "baseline": [odd],
    }
    assert service.post("/v1/episodes", opening).status_code in {201, 422}


@pytest.mark.shows("C-37")
def test_not_a_number_is_not_a_number_anybody_may_send(service: Service, episode: str) -> None:
    for call in ("events", "decisions"):
        assert service.post(f"{episode}/{call}", b'{"kind": NaN}').status_code in {400, 422}


@pytest.mark.shows("C-37")
def test_a_lone_surrogate_is_refused(service: Service, episode: str) -> None:
    body = json.dumps(NOTE).replace("seen", "\\ud800").encode()
    assert service.post(f"{episode}/events", body).status_code in {400, 422}


# ---------------------------------------------------------------------------------------------------------------------
# Parameters


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("{episode}?as_of=tomorrow", "as_of"),
        ("{episode}?as_of=20260101", "as_of"),
        ("{episode}?as_of=2026-02-30", "as_of"),
        ("{episode}?as_of=", "as_of"),
        ("{episode}?known_at=2026-01-01", "known_at"),
        ("{episode}?known_at=2026-01-01T00:00:00", "known_at"),
        ("{episode}?known_at=2026-01-01T25:00:00Z", "known_at"),
        ("{episode}?as_of=2026-01-01&as_of=2026-01-02", "as_of"),
        ("{episode}?asof=2026-01-01", "asof"),
        ("{episode}/next-step?limit=5", "limit"),
        ("{episode}/history?limit=0", "limit"),
        ("{episode}/history?limit=201", "limit"),
        ("{episode}/history?limit=ten", "limit"),
        ("{episode}/history?from=yesterday", "from"),
        ("{episode}/history?cursor=%00", "cursor"),
        ("{episode}/history?cursor=nonsense", "cursor"),
        ("/v1/worklist?kind=everything", "kind"),
        ("/v1/worklist?limit=-1", "limit"),
        ("/v1/worklist?limit=%D9%A5", "limit"),
        ("/v1/worklist?due_before=2026-13-01", "due_before"),
        ("/v1/worklist?cursor=nonsense", "cursor"),
        ("/v1/worklist?site=south", "site"),
        ("/v1/pathways?page=1", "page"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused_by_name(
    service: Service, episode: str, path: str, named: str
) -> None:
    response = service.get(path.format(episode=episode))
    assert response.status_code == 400, response.text
    problem = response.json()
    assert problem["type"] == "urn:pathway:problem:invalid_parameter"
    assert named in problem["detail"]


@pytest.mark.parametrize(
    "known_at", ["2999-01-01T00:00:00Z", "2999-01-01T00:00:00%2B01:00", "2999-01-01T00:00:00.5-05:30"]
)
def test_an_instant_may_be_given_in_any_zone(service: Service, episode: str, known_at: str) -> None:
    assert service.get(f"{episode}?known_at={known_at}").status_code == 200


@pytest.mark.shows("T-39")
@pytest.mark.parametrize(
    "edge",
    [
        "as_of=0001-01-01",
        "as_of=9999-12-31",
        "known_at=0001-01-01T00:00:00%2B14:00",
        "known_at=9999-12-31T23:59:59-14:00",
    ],
)
@pytest.mark.parametrize("call", ["", "/next-step"])
def test_the_first_and_the_last_day_of_the_calendar_never_break_the_service(
    service: Service, episode: str, call: str, edge: str
) -> None:
    assert service.get(f"{episode}{call}?{edge}").status_code in {200, 400, 404}


def test_a_name_that_may_be_data_is_not_repeated(service: Service) -> None:
    response = service.get("/v1/worklist?MRN-4711-Okafor=1")
    assert response.status_code == 400
    assert "4711" not in response.text
