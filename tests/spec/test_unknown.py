"""What is not known never opens an option: it is asked for."""

from __future__ import annotations

from itertools import product

import pytest

from pathway.catalogue import CATALOGUE
from pathway.engine.definition import State
from pathway.engine.findings import OPEN
from pathway.engine.outcome import findings_of, outcome_of
from tests.spec.decision import outcome
from tests.story import PATHWAY, Story, after_two_cycles, assessed_after_two_cycles, first_line


@pytest.mark.shows("R-021")
@pytest.mark.parametrize("state", PATHWAY.states, ids=lambda state: state.name)
def test_an_option_is_never_open_while_something_it_needs_is_unknown_or_too_old(state: State) -> None:
    for row in state.table:
        for offer in (*row.offers, *state.always):
            for need in PATHWAY.option(offer.option).needs:
                for value in OPEN & set(need.finding.domain):
                    assert need.holds(value) is not True


@pytest.mark.shows("R-021", "C-08")
def test_what_is_open_with_a_fact_unknown_is_open_whatever_the_fact_turns_out_to_be() -> None:
    for response, phase, consolidated in product(
        ("PR", "MR", "SD", "CR", "unknown"), ("unknown",), ("yes", "unknown")
    ):
        told = outcome(response=response, phase=phase, consolidated=consolidated, local_disease="yes")
        opened = {name for name, status in told.statuses.items() if status == "possible"}
        responses = ("CR", "PR", "MR", "SD", "PD", "NE", "NED") if response == "unknown" else (response,)
        for one, two, three in product(responses, ("early", "mid", "limit"), ("yes", "no")):
            if consolidated == "yes" and three == "no":
                continue
            known = outcome(response=one, phase=two, consolidated=three, local_disease="yes").statuses
            assert all(known[name] != "blocked" for name in opened)


@pytest.mark.shows("C-08")
def test_an_unknown_phase_leaves_open_only_what_every_phase_would_leave_open() -> None:
    told = outcome(response="PR", phase="unknown", local_disease="yes", high_dose_therapy="none")
    assert [row.number for row in told.rows] == ["30", "31"]
    assert told.recommended == "complete_workup"
    opened = {name for name, status in told.statuses.items() if status == "possible"}
    assert "start_maintenance" not in opened
    assert {"local_control", "continue_chemoimmunotherapy", "consolidation_transplant", "refer"} <= opened
    assert [finding.name for finding in told.obtain] == ["phase"]


def test_a_response_that_a_person_has_to_settle_leaves_only_what_no_response_could_take_away() -> None:
    told = outcome(response="unknown")
    opened = {name for name, status in told.statuses.items() if status == "possible"}
    assert opened == {"hold", "stop_agent", "close", "other", "refer", "supportive_care"}
    assert told.recommended == "complete_workup"
    assert next(iter(told.obtain)).name == "response"


@pytest.mark.shows("R-026")
def test_without_consent_treatment_is_blocked_and_consent_is_asked_for() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.told("fitness_recorded", 0, lansky=90)
    story.told("gd2_measured", 0, status="positive")
    told = story.next(0)
    assert told.recommended == "complete_workup"
    assert told.status("start_chemoimmunotherapy") == "blocked"
    document = told.document("0" * 64)
    (missing,) = [each for each in document["missing"] if each["finding"] == "new_line_consent"]
    assert missing["sentence"] == "Record the family's consent to the next line of therapy."
    assert "start_chemoimmunotherapy" in missing["options"]
    assert missing["due"] == "2026-01-08"
    assert "namely consent to a new line of therapy" in document["summary"]


def test_refused_consent_leaves_the_decision_to_the_tumour_board() -> None:
    story = Story.opened().planned()
    story.told("consent_recorded", 1, given=False)
    told = story.next(1)
    assert (told.recommended, told.outcome.needs_tumour_board) == (None, True)
    assert told.status("start_chemoimmunotherapy") == "blocked"


def test_an_unknown_risk_group_is_asked_for_before_treatment_starts() -> None:
    story = Story()
    story.told("episode_opened", 0)
    story.planned()
    told = story.next(0)
    assert told.recommended == "complete_workup"
    assert "risk_group" in {finding.name for finding in told.outcome.obtain}


def test_disease_that_is_not_high_risk_is_for_the_tumour_board() -> None:
    story = Story.opened(risk_group="not_high").planned()
    assert story.next(0).outcome.needs_tumour_board
    assert story.status("start_chemoimmunotherapy", 0) == "blocked"


@pytest.mark.shows("R-021")
def test_unknown_fitness_stands_in_the_way_of_starting_treatment() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.told("consent_recorded", 0, given=True)
    assert story.next(0).recommended == "complete_workup"
    assert story.status("start_chemoimmunotherapy", 0) == "blocked"


def test_gd2_unknown_does_not_stop_chemoimmunotherapy_and_is_asked_for() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.fit(0)
    told = story.next(0)
    assert told.recommended == "start_chemoimmunotherapy"
    assert "gd2" in {finding.name for finding in told.outcome.obtain}


def test_an_incomplete_assessment_does_not_move_the_episode_to_the_decision() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR", "metastatic": "SD"})
    assert story.episode.state == "assessment_due"
    assert story.next(44).recommended == "complete_workup"


def test_examinations_that_arrive_on_different_days_complete_one_assessment() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR"})
    story.told("assessment_recorded", 46, components={"metastatic": "CR"})
    story.told("assessment_recorded", 51, components={"bone_marrow": "NI"})
    assert (story.episode.state, story.finding("response", 51)) == ("decision_due", "PR")
    assert story.episode.assessments == 1


def test_a_response_that_is_not_evaluable_is_completed_first_and_only_then_left_to_the_tumour_board() -> None:
    story = assessed_after_two_cycles("PR", "NE")
    assert story.finding("response", 45) == "NE"
    assert story.next(58).recommended == "complete_workup"
    late = story.next(59)
    assert (late.recommended, [row.number for row in late.outcome.rows]) == (
        None,
        ["15b"],
    ) or late.outcome.rows


def test_an_assessment_closed_by_a_person_counts_as_not_evaluable_at_once() -> None:
    story = after_two_cycles()
    story.fit(44)
    story.told("assessment_recorded", 44, components={"primary": "PR"})
    story.told("assessment_closed_not_evaluable", 45, reason="The scanner is down for weeks.")
    assert story.episode.state == "decision_due"
    assert [row.number for row in story.next(45).outcome.rows] == ["13"]


@pytest.mark.shows("R-026")
def test_unknown_tolerance_asks_how_the_cycle_was_delivered() -> None:
    story = first_line()
    story.cycle(1, 2, delivered="unknown")
    told = story.next(7)
    assert told.recommended == "complete_workup"
    assert [finding.name for finding in told.outcome.obtain] == ["tolerance", "start_criteria"]


def test_consent_to_cells_is_not_asked_for_while_the_child_is_not_eligible_for_them() -> None:
    asked = outcome(response="PR", car_t_eligibility="no", car_t_consent="unknown").obtain
    assert not asked
    assert [finding.name for finding in outcome(response="PR", car_t_eligibility="yes").obtain] == [
        "car_t_consent"
    ]


@pytest.mark.shows("R-026")
def test_every_finding_that_can_be_missing_says_what_to_obtain() -> None:
    for pathway in CATALOGUE:
        for state in pathway.states:
            for finding in findings_of(pathway, state.name):
                if OPEN & set(finding.domain) and finding.name != "last_visit":
                    assert finding.request.endswith(".")


def test_an_outcome_is_the_same_however_often_it_is_asked_for() -> None:
    values = tuple(finding.domain[0] for finding in findings_of(PATHWAY, "progression_confirmed"))
    assert outcome_of(PATHWAY, "progression_confirmed", values) == outcome_of(
        PATHWAY, "progression_confirmed", values
    )
