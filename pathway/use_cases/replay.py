"""Walks a published course through the service, and says at each decision how the two agree.

Each fact is posted, each decision is taken on the recommendation the service gives for its day; so the
episode ends where the published course did. A second run writes nothing: it finds the episode by its
patient, facts by their message ids and decisions by their option and day, and asks again for what the
service said before each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import httpx2

from pathway.clinical.terms import OverrideReason
from pathway.episodes.events import ToxicityRecorded
from pathway.use_cases.published_cases import Basis, Case, PublishedDecision, as_sent

OBTAIN: Final = "complete_workup"
"""The option that is recommended where facts have to be obtained first."""

_NOWHERE: Final[Mapping[str, Any]] = {"status": "blocked", "offered_here": False, "guards": ()}
"""An option the pathway does not have."""


class Verdict(StrEnum):
    """How a choice of the clinicians stands to what the service says."""

    RECOMMENDATION = "recommendation"
    """They chose what is recommended."""
    POSSIBLE = "possible"
    """Another option is recommended; theirs is possible."""
    TUMOUR_BOARD = "tumour_board"
    """Nothing is recommended because the field is undecided; theirs is among the possible."""
    OBTAIN_FIRST = "obtain_first"
    """The service asks for missing facts first, or only a missing fact keeps their choice closed."""
    BLOCKED = "blocked"
    """A known fact, or the table where nothing is missing, stands against their choice."""


_CODE: Final = {
    Verdict.OBTAIN_FIRST: OverrideReason.CDS_SUBOPTIMAL_CONTEXT,
    Verdict.BLOCKED: OverrideReason.RECIPIENT_DISAGREES_EVIDENCE,
}
"""The code that comes nearest for a blocked choice, which needs one, where the source does not say why."""


class ReplayRefused(Exception):
    """The service refused a step of a case; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one choice stands to one recommendation."""

    verdict: Verdict
    status: str
    """The status of the option they chose: recommended, possible or blocked."""
    recommended: str | None
    recommended_label: str | None
    needs_tumour_board: bool
    obtain: tuple[str, ...]
    """What the service asks for, by the names people read."""
    because: tuple[str, ...]
    """The sentences that decided: the row of the table, and what stood in the way of the choice."""


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """One decision of the clinicians beside what the service said on that day."""

    step: int
    on: date
    state: str
    state_label: str
    response_known: str
    option: str
    chosen: str
    words: str
    basis: Basis
    recorded: Reading
    """On the record as the source gives it."""
    supposing: Reading
    """Supposing what case reports leave out: consent, and fitness while no side effect has been told."""


@dataclass(frozen=True, slots=True)
class CaseReplay:
    """A whole course after its replay."""

    case: Case
    episode: str
    """The address of the episode."""
    state: str
    """Where the episode rests at the end."""
    points: tuple[DecisionPoint, ...]
    unexpected: tuple[str, ...]
    """Facts that were recorded but for which the pathway has no edge where the episode stood."""


def replay(case: Case, client: httpx2.Client) -> CaseReplay:
    """Posts the course of `case` with `client`, which carries a token that may write events and decisions.

    Raises `ReplayRefused`, and what `httpx2` raises when the service cannot be reached.
    """
    episode = _opened(case, client)
    taken = _decisions(episode, client)
    points, unexpected = [], []
    for number, step in enumerate(case.steps, start=1):
        if step.event is not None:
            answer = _post(client, f"{episode}/events", as_sent(step.event), f"{case.case}/{number}")
            if answer["unexpected"]:
                unexpected.append(f"{step.event.kind} of {step.on}")
        elif step.decision is not None:
            points.append(_decided(case, number, step.decision, episode, taken, client))
    state = _answer(client.get(episode))["state"]
    return CaseReplay(case, episode, state, tuple(points), tuple(unexpected))


def _opened(case: Case, client: httpx2.Client) -> str:
    """The address of the episode of the case: found, or opened now."""
    patient = case.patient.model_dump(mode="json")
    found = _answer(client.post("/v1/episodes:find", json={"patient": patient}))
    for each in found["episodes"]:
        if each["pathway"]["id"] == case.pathway:
            return f"/v1/episodes/{each['episode']}"
    response = client.post("/v1/episodes", json=case.opening(), headers=_key(f"{case.case}/open"))
    if response.status_code == httpx2.codes.CONFLICT and "location" in response.headers:
        return response.headers["location"]
    _answer(response)
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
    recommendation = _ask(client, episode, query)
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
    }
    found = reading(decision.option, recommendation)
    if found.verdict is not Verdict.RECOMMENDATION:
        code = decision.reason_code or (_CODE[found.verdict] if found.status == "blocked" else None)
        body["reason"] = {"text": f"Published course: {decision.words}"} | ({"code": code} if code else {})
    return body


def compared(
    step: int,
    decision: PublishedDecision,
    recommendation: Mapping[str, Any],
    supposed: Mapping[str, Any],
) -> DecisionPoint:
    """What the clinicians chose at `step`, beside the recommendation for that day, as recorded and as supposed."""
    return DecisionPoint(
        step=step,
        on=decision.decided_on,
        state=recommendation["state"],
        state_label=recommendation["state_label"],
        response_known=decision.response_known,
        option=decision.option,
        chosen=decision.chosen,
        words=decision.words,
        basis=decision.basis,
        recorded=reading(decision.option, recommendation),
        supposing=reading(decision.option, supposed),
    )


def reading(option: str, recommendation: Mapping[str, Any]) -> Reading:
    """How the choice of `option` stands to a recommendation."""
    offered = {each["option"]: each for each in recommendation["options"]}
    chosen = offered.get(option, _NOWHERE)
    recommended = recommendation["recommended"]
    return Reading(
        verdict=_verdict(chosen, recommendation),
        status=chosen["status"],
        recommended=recommended,
        recommended_label=offered[recommended]["label"] if recommended else None,
        needs_tumour_board=recommendation["needs_tumour_board"],
        obtain=tuple(each["label"] for each in recommendation["missing"]),
        because=_because(chosen, recommendation),
    )


def _verdict(chosen: Mapping[str, Any], recommendation: Mapping[str, Any]) -> Verdict:
    if chosen["status"] == "recommended":
        return Verdict.RECOMMENDATION
    known_against = "option" not in chosen or any(guard["value"] is False for guard in chosen["guards"])
    if recommendation["recommended"] == OBTAIN and not known_against:
        return Verdict.OBTAIN_FIRST
    if chosen["status"] == "blocked":
        hangs = any(chosen.get("option") in each["options"] for each in recommendation["missing"])
        return Verdict.OBTAIN_FIRST if hangs and not known_against else Verdict.BLOCKED
    return Verdict.TUMOUR_BOARD if recommendation["needs_tumour_board"] else Verdict.POSSIBLE


def _because(chosen: Mapping[str, Any], recommendation: Mapping[str, Any]) -> tuple[str, ...]:
    told = [f"Row {row['row']}: {row['sentence']}" for row in recommendation["rows"]]
    if chosen["status"] == "blocked":
        if not chosen["offered_here"]:
            told.append("Their choice is not offered there.")
        told += [
            f"{'Unknown' if guard['value'] == 'unknown' else 'Not true'}: {guard['sentence']}"
            for guard in chosen["guards"]
            if guard["value"] is not True
        ]
    return tuple(told)


def _ask(client: httpx2.Client, episode: str, query: Mapping[str, str]) -> dict[str, Any]:
    return _answer(client.get(f"{episode}/next-step", params=query))


def _post(client: httpx2.Client, address: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
    try:
        return _answer(client.post(address, json=body, headers=_key(key)))
    except ReplayRefused as refused:
        raise ReplayRefused(f"{key}: {refused}") from None


def _key(step: str) -> dict[str, str]:
    return {"Idempotency-Key": f"published-case/{step}"}


def _answer(response: httpx2.Response) -> dict[str, Any]:
    if response.is_success:
        answer: dict[str, Any] = response.json()
        return answer
    try:
        problem = response.json()
        faults = "".join(f" {each['pointer']}: {each['detail']}" for each in problem.get("errors", ()))
        told = f"{problem.get('detail') or problem.get('title')}{faults}"
    except ValueError:
        told = "The answer is no problem document."
    raise ReplayRefused(f"{response.status_code}: {told}")
