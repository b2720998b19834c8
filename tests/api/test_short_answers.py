"""`Prefer: return=minimal`: the same write, answered in a few lines, and given again as it was."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.api.conftest import Service

NOTE = {"kind": "note_added", "occurred_on": "2026-02-01", "text": "seen"}
EVIDENCE = {
    "kind": "progression_evidence_recorded",
    "occurred_on": "2026-01-06",
    "pattern": "metastatic",
    "confirmed": True,
}
SHORT = {"prefer": "return=minimal"}


@pytest.fixture
def episode(service: Service) -> str:
    return service.open_episode()


def applied(answer: httpx2.Response) -> str | None:
    told: str | None = answer.headers.get("preference-applied")
    return told


@pytest.mark.shows("R-112")
def test_an_event_is_answered_with_where_it_stands_and_nothing_else(service: Service, episode: str) -> None:
    answer = service.post(f"{episode}/events", EVIDENCE, headers=SHORT)
    assert (answer.status_code, applied(answer)) == (201, "return=minimal")
    told = answer.json()
    step = service.get(f"{episode}/next-step").json()
    (entry,) = told.pop("entries")
    assert entry == {"entry": entry["entry"], "sequence": 2}
    due = {name: step["due"][0][name] for name in ("what", "earliest", "target", "latest")}
    assert told == {
        "episode": episode.rpartition("/")[2],
        "state": "progression_confirmed",
        "moved": True,
        "recommended": step["recommended"],
        "needs_tumour_board": step["needs_tumour_board"],
        "basis": step["basis"],
        "due": due,
    }


def test_a_message_that_was_recorded_before_is_known_in_the_short_answer_too(
    service: Service, episode: str
) -> None:
    message = NOTE | {"source": {"system": "ehr", "message_id": f"m-{episode}"}}
    (first,) = service.post(f"{episode}/events", message).json()["entries"]
    again = service.post(f"{episode}/events", {"events": [message, NOTE]}, headers=SHORT).json()["entries"]
    assert again[0] == {"entry": first["entry"], "duplicate": True}
    assert again[1]["sequence"] == 3


def test_nothing_is_due_in_a_short_answer_where_nothing_is(service: Service, episode: str) -> None:
    read = service.get(f"{episode}/next-step").json()
    body = {"option": "close", "basis": read["basis"], "detail": {"closure": "opened_in_error"}}
    body["reason"] = {"text": "The wrong child."}
    answer = service.post(f"{episode}/decisions", body, headers=SHORT)
    assert (answer.status_code, applied(answer)) == (201, "return=minimal")
    told = answer.json()
    assert (told["state"], told["moved"], told["sequence"], told["due"]) == ("closed", True, 2, None)
    assert told["awaiting_second_signature"] is False
    assert not {"next_step", "impact", "stops"} & set(told)


def test_a_short_answer_is_given_again_byte_for_byte(service: Service, episode: str) -> None:
    first = service.post(f"{episode}/events", NOTE, key=f"short-{episode}", headers=SHORT)
    again = service.post(f"{episode}/events", NOTE, key=f"short-{episode}", headers=SHORT)
    assert (again.status_code, again.content) == (201, first.content)
    assert (again.headers["idempotency-replayed"], applied(again)) == ("true", "return=minimal")
    assert len(service.get(f"{episode}/history").json()["entries"]) == 2


@pytest.mark.parametrize(("first", "then"), [(SHORT, {}), ({}, SHORT)], ids=["short first", "whole first"])
def test_the_same_key_with_another_preference_is_another_request(
    service: Service, episode: str, first: dict[str, str], then: dict[str, str]
) -> None:
    key = f"other-form-{episode}"
    assert service.post(f"{episode}/events", NOTE, key=key, headers=first).status_code == 201
    refused = service.post(f"{episode}/events", NOTE, key=key, headers=then)
    assert (refused.status_code, applied(refused)) == (422, None)
    assert refused.json()["type"] == "urn:pathway:problem:idempotency_key_reused"


@pytest.mark.parametrize(
    ("prefer", "short"),
    [
        ('return="minimal"', True),
        ("respond-async, RETURN = Minimal ; foo=bar", True),
        ("return=minimal, return=representation", True),
        ("return=representation, return=minimal", False),
        ("return=representation", False),
        ("return", False),
        ("wait=10", False),
        ("handling=lenient; return=minimal", False),
        ("", False),
    ],
)
def test_what_is_not_known_of_a_preference_is_passed_over(
    service: Service, episode: str, prefer: str, short: bool
) -> None:
    answer = service.post(f"{episode}/events", NOTE, headers={"prefer": prefer})
    assert answer.status_code == 201
    assert ("next_step" in answer.json(), applied(answer)) == (not short, "return=minimal" if short else None)


def test_a_dry_run_may_be_answered_shortly(service: Service, episode: str) -> None:
    answer = service.post(f"{episode}/events?dry_run=true", NOTE, headers=SHORT)
    assert (answer.status_code, applied(answer)) == (200, "return=minimal")
    assert "next_step" not in answer.json()


def test_a_refusal_is_no_shorter(service: Service, episode: str) -> None:
    answer = service.post(f"{episode}/events", NOTE | {"occurred_on": "2999-01-01"}, headers=SHORT)
    assert (answer.status_code, applied(answer)) == (422, None)
    assert answer.json()["errors"]


@pytest.mark.shows("R-112")
def test_the_same_is_kept_in_the_log_whatever_the_form_of_the_answer(service: Service, episode: str) -> None:
    other = service.open_episode()
    service.post(f"{episode}/events", EVIDENCE, headers=SHORT)
    service.post(f"{other}/events", EVIDENCE)

    def kept(path: str) -> Any:
        return [row["event"] for row in service.get(f"{path}/history").json()["entries"]]

    def open_now(path: str) -> Any:
        options = service.get(f"{path}/next-step").json()["options"]
        return {each["option"]: each["status"] for each in options}

    assert kept(episode) == kept(other)
    assert open_now(episode) == open_now(other)
