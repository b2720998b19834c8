"""The rules that no course may break, each told once as a course that comes up against it."""

from __future__ import annotations

import pytest

from pathway.catalogue.high_risk_neuroblastoma_relapse.response_findings import response
from pathway.engine.definition import State
from pathway.engine.findings import OPEN
from pathway.engine.response import response_shown
from tests.story import (
    PATHWAY,
    Story,
    after_two_cycles,
    assessed_after_two_cycles,
    day,
    first_line,
)

TREATMENTS = tuple(option.name for option in PATHWAY.options if option.treats)


def open_options(story: Story, on: int) -> set[str]:
    return {option.name for option in PATHWAY.options if story.status(option.name, on) != "blocked"}


def reviews(story: Story) -> set[str]:
    return {review.kind for review in story.episode.reviews.values()}


def test_a_cycle_that_begins_without_its_criteria_on_record_asks_for_a_review() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    assert story.episode.state == "chemoimmunotherapy.cycle_running"
    assert reviews(story) == {"gate_skipped"}


def test_after_two_cycles_the_response_has_to_be_assessed() -> None:
    story = after_two_cycles()
    assert story.episode.state == "assessment_due"
    assert story.next(44).recommended == "complete_workup"


def test_a_third_cycle_without_an_assessment_or_a_decision_asks_for_a_review() -> None:
    story = after_two_cycles()
    story.told("cycle_started", 44, cycle=3)
    assert story.episode.state == "assessment_due"
    assert "decision_missing" in reviews(story)


def test_going_on_without_the_assessment_asks_for_a_reason() -> None:
    story = after_two_cycles()
    story.fit(44)
    told = story.next(44)
    assert told.status("continue_chemoimmunotherapy") == "possible"
    assert told.outcome.offers["continue_chemoimmunotherapy"].needs_reason


@pytest.mark.shows("R-062")
def test_an_agent_stopped_for_good_stays_stopped_after_the_side_effect_has_gone() -> None:
    story = first_line()
    told = story.told("toxicity_recorded", 3, term="transverse myelitis", grade=3, agent="dinutuximab beta")
    story.told("toxicity_resolved", 10, entry=told, to_grade=0)
    assert "dinutuximab_beta" in story.episode.stops
    assert story.finding("stopped_antibody", 11) == "yes"


@pytest.mark.shows("R-062")
def test_an_agent_stopped_for_good_stays_stopped_in_the_next_line() -> None:
    story = first_line()
    story.told("toxicity_recorded", 3, term="transverse myelitis", grade=3, agent="dinutuximab beta")
    story.told("progression_evidence_recorded", 20, confirmed=True)
    story.decided("change_line", 21, agents=["irinotecan", "temozolomide"])
    assert "dinutuximab_beta" in story.episode.stops


def test_a_cycle_with_an_agent_stopped_for_good_asks_for_a_review() -> None:
    story = first_line()
    story.told("toxicity_recorded", 3, term="transverse myelitis", grade=3, agent="dinutuximab beta")
    story.told("cycle_started", 4, cycle=1, agents=["dinutuximab beta", "irinotecan"])
    assert reviews(story) == {"stopped_agent_given"}


@pytest.mark.shows("C-29")
@pytest.mark.parametrize(
    ("primary", "metastatic", "marrow"), [("PD", "CR", "CR"), ("CR", "PD", "NE"), ("NE", "NE", "PD")]
)
def test_progression_of_one_component_is_progression(primary: str, metastatic: str, marrow: str) -> None:
    story = assessed_after_two_cycles(primary, metastatic, marrow)
    assert story.finding("response", 44) == "PD"


@pytest.mark.parametrize("kind", ["assessment_recorded", "progression_evidence_recorded"])
def test_progression_while_local_control_is_waited_for_leads_to_a_decision(kind: str) -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 45)
    assert story.episode.state == "local_control"
    told = {"confirmed": True} if kind.startswith("progression") else {"components": {"metastatic": "PD"}}
    story.told(kind, 50, **told)
    assert story.episode.state == "decision_due"


def test_confirmed_progression_that_is_not_decided_upon_closes_maintenance() -> None:
    story = assessed_after_two_cycles("CR")
    assert "start_maintenance" in open_options(story, 44)
    story.told("progression_evidence_recorded", 45, confirmed=True)
    assert not {"start_maintenance", "continue_maintenance"} & open_options(story, 45)


@pytest.mark.shows("R-052", "C-39")
def test_a_response_that_cannot_be_evaluated_opens_nothing_that_depends_on_one() -> None:
    story = after_two_cycles()
    story.fit(44)
    told = {"components": {"primary": "CR", "metastatic": "CR", "bone_marrow": "NE"}}
    story.told("assessment_recorded", 44, **told)
    story.told("assessment_closed_not_evaluable", 45, reason="no second marrow")
    assert story.finding("response", 45) == "NE"
    depending = {"start_maintenance", "consolidation_transplant", "bridge_to_car_t", "local_control"}
    assert not depending & open_options(story, 45)


def test_a_new_line_counts_from_zero_and_forgets_the_assessments_before_it() -> None:
    story = assessed_after_two_cycles("PD")
    story.decided("change_line", 46, agents=["topotecan", "cyclophosphamide"])
    episode = story.episode
    assert (episode.line, episode.cycles.started, episode.assessments) == (2, 0, 0)
    assert (dict(episode.timepoints), episode.remission_after) == ({}, None)
    assert story.finding("phase", 46) == "early"


@pytest.mark.shows("R-002")
def test_what_was_recorded_stays_recorded() -> None:
    story = first_line()
    before = len(story.entries)
    told = story.told("gd2_measured", 3, status="negative")
    story.retracted(told)
    assert len(story.entries) == before + 2
    assert story.finding("gd2", 4) == "positive"


@pytest.mark.parametrize("state", PATHWAY.states, ids=lambda state: state.name)
def test_a_row_for_what_is_not_known_frees_no_treatment_of_what_it_needs(state: State) -> None:
    for row in state.table:
        asks = any(guard.values & OPEN for guard in row.when)
        assert not asks or not any(offer.exempt and offer.option in TREATMENTS for offer in row.offers)


def test_from_every_state_the_episode_can_be_closed_or_opened_again() -> None:
    for state in PATHWAY.states:
        offered = {offer.option for offer in state.always}
        offered |= {offer.option for row in state.table for offer in row.offers}
        assert {"close", "reopen"} & offered


def in_remission(on: int) -> Story:
    """A complete response after two cycles, told on a day, in a fit child whose family consents."""
    story = after_two_cycles()
    story.assessed(on, "CR")
    story.fit(on)
    return story


def test_progression_confirmed_on_the_day_of_an_assessment_counts_instead_of_its_response() -> None:
    story = in_remission(44)
    story.told("progression_evidence_recorded", 44, confirmed=True)
    story.told("consent_recorded", 45, given=True)
    assert story.finding("response", 45) == "PD"
    assert not {"start_maintenance", "continue_maintenance"} & open_options(story, 45)


def test_a_suspicion_does_not_undo_a_progression_that_was_confirmed() -> None:
    story = in_remission(44)
    story.told("progression_evidence_recorded", 46, confirmed=True)
    story.told("progression_evidence_recorded", 47, confirmed=False, pattern="local")
    story.told("consent_recorded", 48, given=True)
    assert story.finding("progression_confirmed", 48) == "confirmed"
    assert story.finding("response", 48) == "PD"
    progression = story.episode.progression
    assert progression is not None
    assert (progression.at.on, progression.pattern) == (day(46), "local")


def test_a_suspicion_after_a_response_to_the_progression_is_a_suspicion_again() -> None:
    story = first_line()
    story.told("progression_evidence_recorded", 10, confirmed=True)
    story.assessed(44, "CR")
    story.told("progression_evidence_recorded", 60, confirmed=False)
    assert story.finding("progression_confirmed", 60) == "open"


def test_a_suspicion_after_an_assessment_is_confirmed_or_refuted_before_its_response_counts() -> None:
    story = in_remission(44)
    story.told("progression_evidence_recorded", 46, confirmed=False)
    told = story.next(46)
    assert [row.number for row in told.outcome.rows] == ["5"]
    assert told.recommended == "complete_workup"
    assert "start_maintenance" not in open_options(story, 46)
    shown = told.document("0" * 64)["response"]["overridden_by"]
    assert shown["sentence"].startswith("A progression was suspected after it")


@pytest.mark.shows("C-29")
def test_progression_that_nobody_decided_on_is_not_undone_by_another_assessment_but_by_a_person() -> None:
    for on in (44, 50):
        story = after_two_cycles()
        story.fit(44)
        story.assessed(44, "PD")
        story.assessed(on, "CR", timepoint="another-centre")
        assert story.finding("response", on) == "unknown"
        assert not {"start_maintenance", "continue_chemoimmunotherapy"} & open_options(story, on)
        story.told(
            "response_confirmed", on, response="CR", reason="The uptake was that of a healing fracture."
        )
        assert story.finding("response", on) == "CR"


@pytest.mark.shows("C-29")
def test_progression_that_may_be_a_mimic_is_refuted_by_a_later_assessment_and_not_by_one_of_that_day() -> (
    None
):
    for on, found in ((44, "unknown"), (50, "SD")):
        story = after_two_cycles()
        story.fit(44)
        story.told("assessment_recorded", 44, reported_overall="PD")
        assert story.finding("progression_confirmed", 44) == "open"
        story.assessed(on, "SD", timepoint="repeat")
        assert story.finding("response", on) == found


@pytest.mark.parametrize(("on", "found"), [(72, "unknown"), (73, "SD")])
def test_an_assessment_more_than_28_days_after_a_progression_counts_by_itself(on: int, found: str) -> None:
    story = after_two_cycles()
    story.assessed(44, "PD")
    story.assessed(on, "SD", timepoint="later")
    assert story.finding("response", on) == found


def test_progression_that_was_decided_on_or_treated_stands_against_no_later_response() -> None:
    decided = after_two_cycles()
    decided.fit(44)
    decided.assessed(44, "PD")
    decided.decided("local_control", 45, "blocked")
    decided.told("local_control_completed", 46, modality="surgery")
    decided.assessed(60, "SD", timepoint="restaging")
    assert decided.finding("response", 60) == "SD"
    treated = after_two_cycles()
    treated.assessed(44, "PD")
    treated.told("cycle_started", 46, cycle=3)
    treated.assessed(60, "SD", timepoint="later")
    assert treated.finding("response", 60) == "SD"


def prompts(story: Story, on: int) -> set[str]:
    return {each["prompt"] for each in story.next(on).document("0" * 64)["prompts"]}


def test_a_suspicion_under_treatment_is_named_before_the_next_cycle() -> None:
    story = first_line()
    story.told("progression_evidence_recorded", 10, confirmed=False)
    assert "progression_suspected" in prompts(story, 11)
    story.ready_for_cycle(11)
    told = story.next(11)
    assert (story.rows(11), told.recommended) == (["G0c"], "complete_workup")
    assert told.outcome.offers["continue_chemoimmunotherapy"].needs_reason
    assert [each.name for each in told.outcome.obtain] == ["suspicion"]
    assert story.windows(11)["confirm or refute the progression"] == (10, 17, 38)
    story.told("progression_evidence_recorded", 12, confirmed=True)
    assert "progression_suspected" not in prompts(story, 12)


def test_a_suspicion_in_maintenance_is_answered_before_the_next_course_and_an_assessment_may_answer_it() -> (
    None
):
    story = in_remission(44)
    story.decided("start_maintenance", 46, "possible", regimen="dinutuximab_beta_long_term_infusion")
    story.told("progression_evidence_recorded", 50, confirmed=False)
    story.ready_for_cycle(50)
    assert (story.rows(50), story.next(50).recommended) == (["G0c"], "complete_workup")
    assert story.windows(50)["confirm or refute the progression"] == (50, 57, 78)
    story.assessed(52, "CR", timepoint="repeat")
    assert (story.episode.state, story.finding("suspicion", 52)) == ("decision_due", "none")


def test_a_suspicion_of_the_day_of_the_assessment_is_named_at_the_decision_and_a_later_one_is_its_row() -> (
    None
):
    story = in_remission(44)
    story.told("progression_evidence_recorded", 44, confirmed=False)
    assert "progression_suspected" in prompts(story, 44)
    later = in_remission(44)
    later.told("progression_evidence_recorded", 45, confirmed=False)
    assert "progression_suspected" not in prompts(later, 45)
    assert later.rows(45) == ["5"]


def test_a_suspicion_that_led_to_the_line_or_was_answered_by_an_assessment_is_not_named_again() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=False)
    story.fit(1)
    story.decided("start_chemoimmunotherapy", 1, "blocked")
    assert "progression_suspected" not in prompts(story, 2)
    story.told("progression_evidence_recorded", 3, confirmed=False)
    story.told("assessment_recorded", 4, components={"primary": "SD"})
    assert "progression_suspected" not in prompts(story, 5)


def test_a_suspicion_in_follow_up_is_a_suspicion_whatever_was_confirmed_before() -> None:
    story = first_line()
    story.told("progression_evidence_recorded", 10, confirmed=True)
    story.decided("local_control", 11)
    story.told("local_control_completed", 20, modality="surgery")
    story.decided("other", 30, rests_in="follow_up", text="no systemic therapy is wanted")
    story.told("progression_evidence_recorded", 300, confirmed=False)
    assert story.episode.state == "progression_suspected"


def test_a_second_proof_of_one_progression_outdates_nothing_that_was_told_since_the_first() -> None:
    story = first_line()
    story.ready_for_cycle(2)
    story.told("cycle_started", 2, cycle=1)
    seen = [{"modality": "mibg", "finding": "new sites"}]
    story.told("progression_evidence_recorded", 9, confirmed=True, pattern="metastatic", evidence=seen)
    story.told("gd2_measured", 11, status="positive")
    story.told("consent_recorded", 11, given=True)
    proof = [{"modality": "biopsy", "finding": "neuroblastoma"}]
    story.told("progression_evidence_recorded", 13, confirmed=True, evidence=proof)
    story.assessed(14, "NI", "PD")
    progression = story.episode.progression
    assert progression is not None
    assert (progression.pattern, progression.examined) == ("metastatic", ("mibg", "biopsy"))
    assert (story.finding("gd2", 15), story.finding("consent", 15)) == ("positive", "given")
    assert "gd2_again" not in {each.kind for each in story.episode.obligations}


def test_progression_stands_while_a_later_assessment_tells_no_response() -> None:
    story = first_line()
    story.ready_for_cycle(2)
    story.told("cycle_started", 2, cycle=1)
    story.told("progression_evidence_recorded", 9, confirmed=True)
    story.told("assessment_recorded", 12, components={"primary": "SD"})
    assert story.finding("response", 12) == "PD"
    assert story.episode.timepoint is not None
    shown = response_shown(story.episode, story.episode.timepoint)
    assert shown["overridden_by"]["sentence"].startswith("A progression was confirmed before it")
    story.told("assessment_recorded", 13, components={"metastatic": "NI", "bone_marrow": "NI"})
    assert story.finding("response", 13) == "SD"


def test_progression_at_an_assessment_rests_on_that_assessment_and_not_on_the_relapse_before_the_line() -> (
    None
):
    story = after_two_cycles()
    story.fit(44)
    seen = story.assessed(44, "PD")
    found = response.of(story.episode, day(44))
    assert (found.value, found.at and found.at.entry) == ("PD", seen)
    assert story.episode.timepoint is not None
    assert "overridden_by" not in response_shown(story.episode, story.episode.timepoint)


def test_progression_after_more_treatment_is_another_one() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.told("progression_evidence_recorded", 9, confirmed=True)
    story.told("gd2_measured", 10, status="positive")
    story.decided("continue_chemoimmunotherapy", 11, offered_as="blocked")
    story.cycle(2, 23)
    story.told("progression_evidence_recorded", 30, confirmed=True)
    assert story.finding("gd2", 31) == "stale"


def test_a_local_relapse_that_is_proved_twice_owes_local_control_once() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    assert not story.episode.obligations or "local_plan" not in owed(story)
    story.told("progression_evidence_recorded", 2, confirmed=True, pattern="local")
    assert {"local_plan", "local_control"} <= owed(story)
    story.told("local_control_planned", 3, modality="surgery", after_cycle=2)
    story.told("progression_evidence_recorded", 5, confirmed=True, pattern="local")
    assert "local_plan" not in owed(story)
    story.told("local_control_completed", 8, modality="surgery")
    assert not {"local_plan", "local_control"} & owed(story)


def owed(story: Story) -> set[str]:
    return {each.kind for each in story.episode.obligations}
