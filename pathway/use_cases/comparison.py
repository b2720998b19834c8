"""What clinicians chose beside what the service said: the verdict, and the sentences that decided it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from pathway.use_cases.published_cases import Basis, Case, PublishedDecision

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
    reviews: tuple[str, ...]
    """What the service asks a person to look at, such as treatment without a decision behind it."""


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
