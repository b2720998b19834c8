"""Walks a published course through the service, and says at each decision how the two agree.

Each fact is posted, each decision is taken on the recommendation the service gives for its day; so the
episode ends where the published course did. A second run writes nothing: it finds the episode by its
patient, facts by their message ids and decisions by their option and day, and asks again for what the
service said before each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import httpx2

from pathway.clinical.terms import OverrideReason, Precision
from pathway.episodes.events import ToxicityRecorded
from pathway.use_cases.comparison import CaseReplay, DecisionPoint, Verdict, compared, reading
from pathway.use_cases.concordance import as_json, as_table
from pathway.use_cases.published_cases import Case, CaseNotUnderstood, PublishedDecision, as_sent, load_case

__all__ = ["CaseNotUnderstood", "CaseReplay", "ReplayRefused", "as_json", "as_table", "load_case", "replay"]

_CODE: Final = {
    Verdict.OBTAIN_FIRST: OverrideReason.CDS_SUBOPTIMAL_CONTEXT,
    Verdict.BLOCKED: OverrideReason.RECIPIENT_DISAGREES_EVIDENCE,
}
"""The code that comes nearest for a blocked choice, which needs one, where the source does not say why."""


class ReplayRefused(Exception):
    """The service refused a step of a case; the message says which and why."""


def replay(case: Case, client: httpx2.Client) -> CaseReplay:
    """Posts the course of `case` with `client`, which carries a token that may write events and decisions.

    Raises `ReplayRefused`, and what `httpx2` raises when the service cannot be reached.
    """
    episode = _opened(case, client)
    taken = _decisions(episode, client)
    points = []
    for number, step in enumerate(case.steps, start=1):
        if step.event is not None:
            _post(client, f"{episode}/events", as_sent(step.event), f"{case.case}/{number}")
        elif step.decision is not None:
            points.append(_decided(case, number, step.decision, episode, taken, client))
    end = _answer(client.get(episode))
    reviews = tuple(f"{review['on']}: {review['sentence']}" for review in end["reviews"])
    return CaseReplay(case, episode, end["state"], tuple(points), reviews)


def _opened(case: Case, client: httpx2.Client) -> str:
    """The address of the episode of the case: found, or opened now."""
    patient = case.patient.model_dump(mode="json")
    found = _answer(client.post("/v1/episodes:find", json={"patient": patient}))
    for each in found["episodes"]:
        if each["pathway"]["id"] == case.pathway:
            return f"/v1/episodes/{each['episode']}"
    key = f"{case.case}/open"
    response = client.post("/v1/episodes", json=case.opening(), headers=_key(key))
    if response.status_code != httpx2.codes.CONFLICT or "location" not in response.headers:
        _answer(response, key)
    return response.headers["location"]


def _decisions(episode: str, client: httpx2.Client) -> dict[tuple[str, str], datetime]:
    """The decisions recorded already, by option and day, with the instant they were recorded at."""
    taken: dict[tuple[str, str], datetime] = {}
    cursor: str | None = None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = _answer(client.get(f"{episode}/history", params=query))
        for row in page["entries"]:
            if row["kind"] == "decision_made":
                key = (row["event"]["option"], row["on"])
                taken[key] = datetime.fromisoformat(row["recorded_at"])
        cursor = page.get("next_cursor")
        if cursor is None:
            return taken


def _decided(
    case: Case,
    number: int,
    decision: PublishedDecision,
    episode: str,
    taken: Mapping[tuple[str, str], datetime],
    client: httpx2.Client,
) -> DecisionPoint:
    query = {"as_of": decision.decided_on.isoformat()}
    recorded_at = taken.get((decision.option, query["as_of"]))
    if recorded_at is not None:
        query["known_at"] = (recorded_at - timedelta(microseconds=1)).isoformat()
    recommendation = _answer(client.get(f"{episode}/next-step", params=query))
    events = _left_out(case, number, decision.decided_on)
    supposed = _answer(client.post(f"{episode}/next-step:suppose", params=query, json={"events": events}))
    if recorded_at is None:
        _post(client, f"{episode}/decisions", _body(decision, recommendation), f"{case.case}/{number}")
    return compared(number, decision, recommendation, supposed["next_step"])


def _left_out(case: Case, number: int, day: date) -> list[dict[str, Any]]:
    """What no case report tells and every team knows: that the family consents, and that the child is fit.

    Fitness is not supposed once a side effect has been told, which may have ended it.
    """
    on = {"occurred_on": day.isoformat()}
    supposed: list[dict[str, Any]] = [
        {"kind": "consent_recorded", "scope": scope, "given": True, **on}
        for scope in ("systemic_therapy", "car_t")
    ]
    if not any(isinstance(step.event, ToxicityRecorded) for step in case.steps[:number]):
        supposed.append({"kind": "fitness_recorded", "lansky": 90, "uncontrolled_infection": False, **on})
    return supposed


def _body(decision: PublishedDecision, recommendation: Mapping[str, Any]) -> dict[str, Any]:
    body = {
        "option": decision.option,
        "detail": decision.detail.model_dump(mode="json", exclude_unset=True),
        "basis": recommendation["basis"],
        "decided_on": decision.decided_on.isoformat(),
        "decided_precision": Precision.ORDER,
    }
    found = reading(decision.option, recommendation)
    code = decision.reason_code
    if code is None and found.status == "blocked":
        code = _CODE[found.verdict]
    body["reason"] = {"text": f"Published course: {decision.words}"} | ({"code": code} if code else {})
    return body


def _post(client: httpx2.Client, address: str, body: Mapping[str, Any], key: str) -> None:
    _answer(client.post(address, json=body, headers=_key(key)), key)


def _key(step: str) -> dict[str, str]:
    return {"Idempotency-Key": f"published-case/{step}"}


def _answer(response: httpx2.Response, step: str = "") -> dict[str, Any]:
    """The JSON of an answer. Raises `ReplayRefused` for a refusal, naming the step it was the answer to."""
    if response.is_success:
        answer: dict[str, Any] = response.json()
        return answer
    where = f"{step}: {response.status_code}" if step else str(response.status_code)
    try:
        problem = response.json()
    except ValueError:
        raise ReplayRefused(f"{where}: The answer is no problem document.") from None
    faults = "".join(f" {each['pointer']}: {each['detail']}" for each in problem.get("errors", ()))
    raise ReplayRefused(f"{where}: {problem.get('detail') or problem.get('title')}{faults}")
