"""What becomes known late, wrong or never to have happened, and what it does to what was decided."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.use_cases.words import impact_in_words
from tests.use_cases.journeys import ALL_CLEAR, Child, entry_of

NOTHING: dict[str, list[Any]] = {
    "recommendations": [],
    "responses": [],
    "decisions": [],
    "reviews_opened": [],
}


@pytest.mark.shows("R-041", "C-09")
def test_a_late_gd2_result_shows_its_impact_on_the_decision_it_came_too_late_for(child: Child) -> None:
    decision = child.decide("bridge_to_car_t")
    assert (decision.outcome, decision.document["state"]) == ("decided", "car_t_bridge.referred")
    child.side.clock.pass_days(3)
    late = child.tell("gd2_measured", ago=4, status="negative")
    impact = late.document["impact"]
    entry = decision.document["entry"]
    assert [(each["entry"], each["option"], each["then"], each["now"]) for each in impact["decisions"]] == [
        (entry, "bridge_to_car_t", "possible", "blocked")
    ]
    assert [(each["entry"], each["kind"]) for each in impact["reviews_opened"]] == [(entry, "contested")]
    assert {each["entry"] for each in impact["recommendations"]} == {entry}
    # What was done was done: the child is on the bridge, and somebody has to look at it.
    assert late.document["state"] == "car_t_bridge.referred"
    assert not late.document["moved"]
    assert [each["entry"] for each in child.stands()["reviews"]] == [entry]


def test_a_late_result_that_changes_nothing_has_no_impact(child: Child) -> None:
    child.decide("bridge_to_car_t")
    late = child.tell("gd2_measured", ago=2, status="positive")
    assert late.document["impact"] == NOTHING


@pytest.mark.shows("R-041", "C-09")
def test_a_corrected_response_contests_the_decision_that_rested_on_it(child: Child) -> None:
    child.treated()
    assessed = child.tell("assessment_recorded", components=ALL_CLEAR)
    assert assessed.document["state"] == "decision_due"
    decision = child.decide("start_maintenance")
    assert decision.document["state"] == "maintenance.ready"
    corrected = child.tell(
        "event_corrected",
        entry=entry_of(assessed),
        replacement=child.told("assessment_recorded", components=ALL_CLEAR | {"bone_marrow": "PD"}),
    )
    (contested,) = corrected.document["impact"]["decisions"]
    assert (contested["entry"], contested["then"], contested["now"]) == (
        decision.document["entry"],
        "possible",
        "blocked",
    )
    assert child.stands()["facts"]["response"]["value"] == "PD"
    assert child.state == "maintenance.ready"
    assert child.side.summary(child.episode).reviews == 1


def test_a_corrected_marrow_says_what_became_of_the_response(child: Child) -> None:
    child.treated()

    def assessed(percent: str) -> dict[str, Any]:
        marrow = {"infiltration_percent": {"now": percent, "baseline": "20"}}
        parts = {"primary": "PR", "metastatic": "PR", "bone_marrow": marrow}
        return child.told("assessment_recorded", components=parts, reported_overall="PR")

    first = child.send(assessed("3"))
    assert child.next()["response"]["in_force"] == "PR"
    corrected = child.tell("event_corrected", entry=entry_of(first), replacement=assessed("30"))
    assert child.next()["response"]["in_force"] is None
    (response,) = corrected.document["impact"]["responses"]
    assert (response["then"], response["now"]) == ("PR", None)
    assert next(impact_in_words(corrected.document["impact"])) == (
        "The response at the assessment after cycle 2 of line 1 was PR and is now unknown until a person confirms it. "
        "The reported response contradicts the component ratings."
    )


@pytest.mark.shows("R-016")
def test_the_review_of_a_contested_decision_is_resolved_with_a_sentence(child: Child) -> None:
    entry = child.decide("bridge_to_car_t").document["entry"]
    child.tell("gd2_measured", ago=1, status="negative")
    assert child.resolve(entry).outcome == "review_resolved"
    assert child.stands()["reviews"] == []
    assert child.resolve(entry).outcome == "unknown_entry"


def test_a_review_raised_by_what_is_dated_tomorrow_is_resolved_today(child: Child) -> None:
    # In the afternoon it is already tomorrow somewhere; what resolves may not come to stand before it.
    child.side.clock.pass_days(0.25)
    raised = child.tell("cycle_started", ago=-1, line=1, cycle=1)
    assert child.resolve(entry_of(raised)).outcome == "review_resolved"
    assert child.stands()["reviews"] == []


@pytest.mark.shows("R-015")
def test_a_decision_that_was_not_carried_out_is_retracted_and_the_episode_moves_back(child: Child) -> None:
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR)
    decision = child.decide("start_maintenance")
    assert child.state == "maintenance.ready"
    retracted = child.tell("event_retracted", entry=decision.document["entry"], reason="not carried out")
    assert retracted.document["moved"]
    assert retracted.document["state"] == child.state == "decision_due"
    assert child.decide("continue_chemoimmunotherapy").document["state"] == "chemoimmunotherapy.ready"


@pytest.mark.shows("R-011", "T-21")
def test_treatment_without_a_decision_is_kept_and_healed_by_a_back_dated_one(child: Child) -> None:
    started = child.tell("cycle_started", ago=2, line=1, cycle=1)
    assert started.document["unexpected"]
    assert child.state == "progression_confirmed"
    (review,) = child.stands()["reviews"]
    assert review["kind"] == "decision_missing"
    healed = child.decide("start_chemoimmunotherapy", ago=3)
    assert (healed.outcome, healed.document["state"]) == ("decided", "chemoimmunotherapy.cycle_running")
    (review,) = child.stands()["reviews"]
    assert review["kind"] == "gate_skipped"
    child.ready_for_cycle(2)
    assert child.stands()["reviews"] == []


def test_of_several_corrections_the_last_counts_and_a_retraction_takes_them_all_along(child: Child) -> None:
    first = child.tell("gd2_measured", status="negative")
    assert child.stands()["facts"]["gd2"]["value"] == "negative"
    second = child.tell(
        "event_corrected", entry=entry_of(first), replacement=child.told("gd2_measured", status="partial")
    )
    child.tell(
        "event_corrected",
        entry=entry_of(first),
        replacement=child.told("gd2_measured", status="indeterminate"),
    )
    assert child.stands()["facts"]["gd2"]["value"] == "indeterminate"
    child.tell("event_retracted", entry=entry_of(second), reason="another child's sample")
    assert child.stands()["facts"]["gd2"]["value"] == "positive"


def test_what_was_retracted_cannot_be_changed_any_more(child: Child) -> None:
    first = entry_of(child.tell("gd2_measured", status="negative"))
    retraction = child.tell("event_retracted", entry=first, reason="another child's sample")
    again = child.tell("event_retracted", entry=first, reason="another child's sample")
    correction = child.tell(
        "event_corrected", entry=first, replacement=child.told("gd2_measured", status="partial")
    )
    of_the_retraction = child.tell("event_retracted", entry=entry_of(retraction), reason="it was right")
    assert [again.outcome, correction.outcome, of_the_retraction.outcome] == ["not_correctable"] * 3


@pytest.mark.shows("R-015")
def test_a_decision_cannot_be_corrected_and_a_fact_only_by_one_of_its_kind(child: Child) -> None:
    decision = child.decide("bridge_to_car_t").document["entry"]
    gd2 = entry_of(child.tell("gd2_measured", status="positive"))
    note = child.told("note_added", text="seen")
    for entry in (decision, gd2):
        refused = child.tell("event_corrected", entry=entry, replacement=note)
        assert refused.outcome == "not_correctable"
        assert refused.document["errors"][0]["pointer"] == "/entry"


def test_an_entry_of_another_episode_cannot_be_corrected(child: Child) -> None:
    other = Child.opened(child.side, "mrn-0815")
    entry = entry_of(other.tell("gd2_measured", status="negative"))
    assert child.tell("event_retracted", entry=entry, reason="wrong").outcome == "unknown_entry"


def test_a_side_effect_comes_down_in_steps(child: Child) -> None:
    child.treated()
    entry = entry_of(child.tell("toxicity_recorded", term="hypotension", grade=4))
    assert child.next()["recommended"] == "hold"
    for grade in (2, 0):
        assert child.tell("toxicity_resolved", entry=entry, to_grade=grade).outcome == "recorded"
    (toxicity,) = child.stands()["facts"]["toxicities"]
    assert (toxicity["grade"], toxicity["ongoing"]) == (0, False)
    assert child.tell("toxicity_resolved", entry=str(child.episode), to_grade=0).outcome == "unknown_entry"


def test_a_grade_that_does_not_exist_is_kept_apart_from_the_grade(child: Child) -> None:
    child.treated()
    child.tell("toxicity_recorded", term="pain", grade=4)
    (toxicity,) = child.stands()["facts"]["toxicities"]
    assert (toxicity["grade"], toxicity["no_such_grade"]) == ("unknown", 4)


@pytest.mark.shows("R-041")
def test_several_late_results_together_are_told_as_one_change(child: Child) -> None:
    decision = child.decide("bridge_to_car_t")
    child.side.clock.pass_days(3)
    negative, positive = (child.told("gd2_measured", ago=4, status=told) for told in ("negative", "positive"))
    back_again = child.send(negative, positive, dry_run=True)
    assert back_again.document["impact"] == NOTHING
    both = child.send(positive, negative)
    assert [each["entry"] for each in both.document["impact"]["decisions"]] == [decision.document["entry"]]
    assert [each["entry"] for each in both.document["impact"]["recommendations"]] == [
        decision.document["entry"]
    ]


def test_what_was_told_of_gd2_is_read_with_how_and_on_what_it_was_measured(child: Child) -> None:
    child.tell("gd2_measured", status="partial", method="flow cytometry", specimen="marrow", percent="40.5")
    told = child.stands()["facts"]["gd2"]
    assert (told["value"], told["method"], told["specimen"], told["percent"]) == (
        "partial", "flow cytometry", "marrow", "40.5",
    )  # fmt: skip
    assert "density" not in told
