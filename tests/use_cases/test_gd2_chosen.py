"""An antibody while GD2 is not known, or negative, is a choice with a reason; nothing else of GD2 asks for one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sides import Answer, Side
from tests.use_cases.journeys import BASELINE, Child

ANTIBODY = {"agents": ["dinutuximab_beta", "temozolomide"]}
NOT_MEASURED: tuple[dict[str, Any], ...] = ()


def refractory(side: Side, *measured: dict[str, Any]) -> Child:
    """Refractory disease, in which no label stands against the antibody, with what was measured of GD2."""
    facts = [
        event | {"setting": "refractory"} if event["kind"] == "progression_evidence_recorded" else event
        for event in BASELINE
        if event["kind"] not in ("gd2_measured", "car_t_step_recorded")
    ]
    return Child.opened(side, "mrn-refractory", *facts, *measured)


def chosen(child: Child, **told: Any) -> Answer:
    return child.decide("start_chemoimmunotherapy", **{"detail": ANTIBODY, **told})


def cautions(answer: Answer) -> list[str]:
    assert answer.outcome == "decided", answer.document
    return [each["caution"] for each in answer.document["cautions"]]


@pytest.mark.parametrize("status", ["positive", "partial"])
def test_an_antibody_with_gd2_found_needs_no_reason(child: Child, status: str) -> None:
    found = refractory(child.side, {"kind": "gd2_measured", "status": status})
    assert cautions(chosen(found, reason=None)) == []


@pytest.mark.parametrize(
    "measured",
    [NOT_MEASURED, ({"kind": "gd2_measured", "status": "indeterminate"},)],
    ids=["never", "unclear"],
)
def test_an_antibody_while_gd2_is_not_known_is_a_documented_choice(
    child: Child, measured: tuple[dict[str, Any], ...]
) -> None:
    unknown = refractory(child.side, *measured)
    assert unknown.next()["recommended"] == "start_chemoimmunotherapy"
    silent = chosen(unknown, reason=None)
    assert silent.outcome == "reason_required"
    assert "GD2 is not known" in silent.document["detail"]
    assert cautions(chosen(unknown)) == ["gd2_not_known"]


def test_an_antibody_while_gd2_is_negative_is_a_documented_choice(child: Child) -> None:
    negative = refractory(child.side, {"kind": "gd2_measured", "status": "positive"})
    assert cautions(chosen(negative)) == []
    negative.tell("cycle_started", cycle=1)
    negative.tell("cycle_completed", cycle=1, delivered="full")
    negative.tell("gd2_measured", status="negative")
    answer = negative.decide("switch_antibody", detail={"agents": ["naxitamab"]})
    assert cautions(answer) == ["gd2_negative"]


def test_chemotherapy_alone_asks_nothing_of_gd2(child: Child) -> None:
    unknown = refractory(child.side)
    answer = unknown.decide("change_line", detail={"agents": ["topotecan"]})
    assert cautions(answer) == []
