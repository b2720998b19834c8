"""What is owed beside the state, through the front door: how it is shown, and that it is waived for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sides import Side
from tests.use_cases.journeys import FOR_A_REASON, Child

LOCAL: tuple[dict[str, Any], ...] = (
    {"kind": "progression_evidence_recorded", "confirmed": True, "setting": "relapse", "pattern": "local"},
    {"kind": "gd2_measured", "status": "positive"},
    {"kind": "consent_recorded", "given": True},
    {"kind": "fitness_recorded", "lansky": 90, "uncontrolled_infection": False, "tolerance": "acceptable"},
)


def owed(child: Child) -> list[str]:
    return [each["kind"] for each in child.stands()["obligations"]]


@pytest.mark.shows("R-032")
def test_what_is_owed_is_shown_as_a_sentence_with_the_fact_it_rests_on(side: Side) -> None:
    child = Child.opened(side, "mrn-1", *LOCAL)
    plan, _carry_out = child.stands()["obligations"]
    assert plan["sentence"] == "Local control of a local relapse is planned from the start."
    assert plan["on"] == child.day(10).isoformat()


def test_a_plan_and_what_a_site_was_irradiated_with_are_shown_as_they_stand(side: Side) -> None:
    child = Child.opened(side, "mrn-2", *LOCAL)
    assert (
        child.tell("local_control_planned", modality="radiotherapy", after_cycle=2).document["unexpected"]
        is False
    )
    told = child.stands()["facts"]["local_plan"]
    assert (told["modality"], told["planned_for"], told["after_cycle"]) == ("radiotherapy", None, 2)
    child.tell("local_control_planned", planned_for=child.day(-20).isoformat())
    assert child.stands()["facts"]["local_plan"]["planned_for"] == child.day(-20).isoformat()
    child.tell("local_control_completed", modality="radiotherapy", site="adrenal", dose_gy="21.6")
    facts = child.stands()["facts"]
    assert facts["irradiated_gy"] == {"adrenal": "21.6"}
    assert "local_plan" not in facts


@pytest.mark.shows("R-032")
def test_local_control_that_is_owed_is_waived_for_a_reason_and_not_without(side: Side) -> None:
    child = Child.opened(side, "mrn-3", *LOCAL)
    assert child.decide("waive_local_control", reason=None).outcome == "reason_required"
    assert owed(child) == ["local_plan", "local_control"]
    assert child.decide("waive_local_control", reason=FOR_A_REASON).outcome == "decided"
    assert (owed(child), child.state) == ([], "progression_confirmed")
    assert child.option("waive_local_control") == "blocked"


@pytest.mark.shows("R-006")
def test_a_line_from_another_centre_goes_on_here_and_a_second_one_is_kept_apart(child: Child) -> None:
    told: dict[str, Any] = {
        "line": 1,
        "cycles": 3,
        "cycles_since_assessment": 1,
        "agents": ["Qarziba", "irinotecan"],
    }
    answer = child.tell("treatment_taken_over", **told)
    assert (answer.document["moved"], child.state) == (True, "chemoimmunotherapy.ready")
    assert child.stands()["cycles"]["counted"] == 3
    again = child.tell("treatment_taken_over", **told)
    assert (again.document["unexpected"], child.stands()["cycles"]["counted"]) == (True, 3)
    assert [each["kind"] for each in child.stands()["reviews"]] == ["line_begun_before"]
