"""How a refusal is told."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from api import dependencies
from api.dependencies import written
from api.problems import NOTE, STATUS, exception_handlers, settled
from api.telemetry import Note
from pathway.store.engines import Conflict, QueueFull, StoreUnavailable, Unstorable
from pathway.store.values import Settled
from pathway.use_cases.refusals import OUTCOMES, Refusal
from tests.api.conftest import Service


@pytest.mark.shows("R-100")
def test_every_outcome_has_a_status_and_no_status_is_without_an_outcome() -> None:
    assert set(STATUS) == set(OUTCOMES)


def request_for(path: str = "/v1/worklist") -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "headers": [],
            "path_params": {},
            "route": None,
            NOTE: Note(),
        }
    )


def answer_to(error: Exception) -> Response:
    """What the edge answers when this is raised."""
    handler: Any = exception_handlers()[type(error)]
    response = asyncio.run(handler(request_for(), error))
    assert isinstance(response, Response)
    return response


def refused(outcome: str) -> Response:
    return answer_to(Refusal(outcome, "Because.", [("/kind", "No.")]))


@pytest.mark.shows("R-100")
@pytest.mark.parametrize("outcome", sorted(outcome for outcome in STATUS if STATUS[outcome] >= 400))
def test_a_refusal_says_what_happened_in_the_form_of_rfc_9457(outcome: str) -> None:
    response = refused(outcome)
    assert response.status_code == STATUS[outcome]
    assert response.headers["content-type"] == "application/problem+json"
    assert orjson.loads(response.body) == {
        "type": f"urn:pathway:problem:{outcome}",
        "title": OUTCOMES[outcome],
        "status": STATUS[outcome],
        "detail": "Because.",
        "instance": "/v1/worklist",
        "errors": [{"pointer": "/kind", "detail": "No."}],
    }


@pytest.mark.shows("C-25")
@pytest.mark.parametrize("outcome", sorted(outcome for outcome in STATUS if STATUS[outcome] == 503))
def test_a_caller_who_may_try_again_is_told_when(outcome: str) -> None:
    assert int(refused(outcome).headers["retry-after"]) > 0


@pytest.mark.parametrize("outcome", sorted(outcome for outcome in STATUS if STATUS[outcome] < 400))
def test_a_good_answer_goes_out_byte_for_byte(outcome: str) -> None:
    document = b'{"as":  "it was stored", "b":1.0}'
    response = settled(request_for(), Settled(outcome, document, "/v1/episodes/x", replayed=True))
    assert response.body == document
    assert response.headers["location"] == "/v1/episodes/x"
    assert response.headers["idempotency-replayed"] == "true"


def test_a_stored_refusal_keeps_its_members_and_its_location() -> None:
    document = b'{"detail":"There is one.","recommendation":{"state":"decision_due"}}'
    response = settled(request_for(), Settled("episode_exists", document, "/v1/episodes/x"))
    told = orjson.loads(response.body)
    assert response.status_code == 409
    assert response.headers["location"] == "/v1/episodes/x"
    assert told["recommendation"] == {"state": "decision_due"}
    assert told["title"] == OUTCOMES["episode_exists"]


def test_no_member_of_a_refusal_can_take_the_place_of_the_problems_own() -> None:
    response = settled(request_for(), Settled("stale_decision", b'{"detail":"d","status":200,"type":"x"}'))
    assert orjson.loads(response.body)["status"] == 409
    assert orjson.loads(response.body)["type"] == "urn:pathway:problem:stale_decision"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QueueFull("too many writes are waiting"), 503),
        (StoreUnavailable("gone"), 503),
        (Conflict("lost the race too often"), 503),
        (Unstorable("a number out of range"), 422),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_database_could_not_do_is_told_without_its_words(error: Exception, status: int) -> None:
    response = answer_to(error)
    assert response.status_code == status
    assert str(error).encode() not in response.body


@pytest.mark.shows("C-25")
def test_a_write_that_takes_too_long_is_answered_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "LONGEST_WAIT_S", 0.01)
    write: Future[Settled] = Future()
    with pytest.raises(Refusal) as refusal:
        asyncio.run(written(request_for(), write))
    assert refusal.value.outcome == "timeout"
    assert not write.cancelled()


@pytest.mark.shows("T-41")
def test_a_caller_who_goes_away_does_not_cancel_the_write() -> None:
    write: Future[Settled] = Future()

    async def go_away() -> None:
        waiting = asyncio.create_task(written(request_for(), write))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(go_away())
    assert not write.cancelled()
    write.set_result(Settled("recorded", b"{}"))


def test_what_is_not_there_is_a_problem_too(service: Service) -> None:
    response = service.get("/v1/nothing-here")
    assert response.status_code == 404
    assert response.json()["type"] == "urn:pathway:problem:not_found"


@pytest.mark.shows("T-07")
def test_a_method_that_is_not_taken_is_a_problem_that_names_those_that_are(service: Service) -> None:
    response = service.http.delete("/v1/pathways")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["type"] == "urn:pathway:problem:method_not_allowed"


@pytest.mark.shows("T-07")
def test_an_address_with_a_slash_too_many_leads_nowhere_else(service: Service) -> None:
    assert service.get("/v1/pathways/").status_code == 404


@pytest.mark.shows("T-07")
@pytest.mark.parametrize(
    "path", ["/v1/episodes/MRN-4711", "/v1/episodes/%00", "/v1/episodes/Anna%20Smith/history"]
)
def test_an_address_that_is_no_id_is_not_repeated(service: Service, path: str) -> None:
    response = service.get(path)
    assert response.status_code == 404
    assert "instance" not in response.json()
    assert not any(word in response.text for word in ("4711", "Anna", "Smith", "\\u0000"))


def test_statuses_are_those_of_the_interfaces() -> None:
    documented = {200, 201, 202, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429, 500, 503}
    assert {int(status) for status in STATUS.values()} <= documented
    assert all(isinstance(status, HTTPStatus) for status in STATUS.values())
