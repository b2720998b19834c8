"""After treatment: follow-up, relapse in it, care elsewhere, comfort, a second malignancy, refusal, and death."""

from __future__ import annotations

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, first_line


def in_follow_up(on: int = 46) -> Story:
    story = assessed_after_two_cycles("CR")
    story.decided("follow_up", on, "possible")
    return story


# Follow-up


def test_years_are_counted_from_the_end_of_treatment_and_not_from_the_last_decision() -> None:
    story = in_follow_up()
    story.assessed(800, "CR", timepoint="scan")
    story.decided("follow_up", 801)
    assert story.windows(801)["follow-up visit"] == (951, 983, 1011)


def test_cells_and_local_control_are_treatment_whose_end_counts() -> None:
    story = in_follow_up()
    story.told("local_control_completed", 700, modality="radiotherapy")
    story.told("follow_up_recorded", 800, findings="no_disease")
    assert story.windows(800)["follow-up visit"] == (860, 890, 920)
    cells = assessed_after_two_cycles("CR")
    cells.decided("bridge_to_car_t", 46, "possible")
    cells.told("car_t_step_recorded", 400, step="infused")
    cells.decided("follow_up", 401, "possible")
    cells.told("follow_up_recorded", 900, findings="no_disease")
    assert cells.windows(900)["follow-up visit"] == (960, 990, 1020)


def test_without_any_treatment_known_years_count_from_the_decision_for_follow_up() -> None:
    story = Story.opened()
    story.decided("follow_up", 10, "possible")
    story.told("follow_up_recorded", 800, findings="no_disease")
    assert story.windows(800)["follow-up visit"] == (950, 982, 1010)


def test_a_suspicious_visit_is_worked_up_before_anything_else() -> None:
    story = in_follow_up()
    story.told("follow_up_recorded", 130, findings="suspicious")
    assert story.next(130).recommended == "complete_workup"
    assert [each.name for each in story.next(130).outcome.obtain] == ["evidence"]


def test_what_a_visit_raised_is_worked_up_within_three_weeks_of_that_visit() -> None:
    story = in_follow_up()
    story.told("follow_up_recorded", 130, findings="suspicious")
    assert story.windows(130)["complete the work-up of the suspected progression"] == (130, 137, 151)
    story.told("follow_up_recorded", 140, findings="no_disease")
    assert "complete the work-up of the suspected progression" not in story.windows(140)


@pytest.mark.shows("C-13")
def test_a_life_threatening_side_effect_comes_first_while_a_progression_is_suspected() -> None:
    story = Story.opened()
    story.told("toxicity_recorded", 1, term="sepsis", grade=4)
    assert (story.rows(1), story.next(1).recommended) == (["A"], "hold")


@pytest.mark.parametrize(("option", "rests"), [("follow_up", "follow_up"), ("refer", "referred_elsewhere")])
def test_a_life_threatening_side_effect_is_told_of_first_where_no_treatment_is_left_to_hold(
    option: str, rests: str
) -> None:
    story = assessed_after_two_cycles("CR")
    story.decided(option, 46, "possible")
    assert (story.episode.state, story.prompted("emergency_after_treatment", 60)) == (rests, [])
    story.told("toxicity_recorded", 60, term="sepsis", grade=4)
    (told,) = story.prompted("emergency_after_treatment", 60)
    assert told.startswith("sepsis, grade 4")


@pytest.mark.shows("R-070")
def test_once_the_goal_is_comfort_nothing_is_due_or_asked_for_that_serves_a_treatment_to_come() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True, pattern="metastatic")
    story.fit(0)
    before = {each["prompt"] for each in story.next(1).document("0" * 64)["prompts"]}
    assert {"gd2_to_measure", "backbone", "work_up_not_recorded", "off_label_active_progression"} <= before
    assert {"begin treatment after confirmed progression", "measure GD2 again"} <= set(story.windows(1))
    story.told("intent_recorded", 2, intent="comfort")
    assert story.next(2).document("0" * 64)["prompts"] == []
    assert story.windows(2) == {"decide on the next step": (2, 9, 16)}
    story.told("intent_recorded", 5, intent="treatment")
    assert story.windows(5)["begin treatment after confirmed progression"] == (0, 7, 14)
    assert len(story.prompted("gd2_to_measure", 5)) == 1


def test_a_progression_once_the_goal_is_comfort_asks_for_no_measurement_of_gd2() -> None:
    story = after_two_cycles()
    story.told("intent_recorded", 40, intent="comfort")
    story.told("progression_evidence_recorded", 41, confirmed=True)
    assert "gd2_again" not in story.owed()


@pytest.mark.shows("R-070")
def test_comfort_as_the_goal_comes_first_in_follow_up_too() -> None:
    story = in_follow_up()
    story.told("intent_recorded", 60, intent="comfort")
    assert story.next(60).recommended == "supportive_care"


# Relapse in follow-up


def relapsed() -> Story:
    """A second line after follow-up; in the first an antibody was stopped, a site irradiated, a drug given."""
    story = after_two_cycles()
    story.told("toxicity_recorded", 25, term="anaphylaxis", grade=4, agent="dinutuximab beta", ongoing=False)
    story.told("toxicity_recorded", 26, term="hearing impaired", grade=2)
    story.told("local_control_completed", 30, modality="radiotherapy", site="skull", dose_gy="21")
    story.assessed(44, "CR")
    story.decided("follow_up", 46, "possible")
    story.planned(300)
    return story


def test_a_relapse_in_follow_up_is_worked_up_and_planned_for_in_the_same_episode() -> None:
    story = relapsed()
    assert story.episode.state == "progression_confirmed"
    assert "begin treatment after confirmed progression" in story.windows(300)
    story.treated(301, agents=["naxitamab", "irinotecan"])
    episode = story.episode
    assert (episode.line, episode.cycles.started, episode.assessments) == (2, 0, 0)
    assert episode.timepoints == {}


def test_what_was_measured_long_before_the_relapse_is_no_baseline_of_the_next_line() -> None:
    story = first_line()
    story.told(
        "assessment_recorded",
        20,
        components={"primary": {"longest_diameter_mm": {"now": "30"}, "new_lesions": False}},
    )
    story.decided("follow_up", 46, "possible")
    story.planned(300)
    story.treated(301)
    assert story.episode.baselines == {}


def test_stops_side_effects_doses_and_earlier_agents_carry_over_to_the_next_line() -> None:
    story = relapsed()
    story.treated(301, agents=["naxitamab", "irinotecan"])
    episode = story.episode
    assert "dinutuximab_beta" in episode.stops
    assert {"anaphylaxis", "hearing_impaired"} <= {each.term for each in episode.toxicities.values()}
    assert {site: str(gray) for site, gray in episode.irradiated.items()} == {"skull": "21"}
    (first,) = episode.earlier_lines
    assert "dinutuximab_beta" in first.agents


# Second malignancy


def test_a_second_malignancy_is_for_the_tumour_board_before_any_further_treatment() -> None:
    story = first_line()
    story.told("toxicity_recorded", 2, term="Treatment related secondary malignancy", grade=3)
    story.fit(3)
    assert story.finding("tolerance", 3) == "limiting"
    assert story.next(3).outcome.needs_tumour_board
    assert story.prompted("second_malignancy", 2) == ["treatment related secondary malignancy"]
    assert story.next(2).document("0" * 64)["prompts"][0]["urgent"]


def test_a_second_malignancy_is_told_of_in_follow_up_and_no_longer_once_it_is_over() -> None:
    story = in_follow_up()
    entry = story.told("toxicity_recorded", 900, term="second malignancy", grade=3)
    assert len(story.prompted("second_malignancy", 900)) == 1
    story.told("toxicity_resolved", 1200, entry=entry, to_grade=0)
    assert story.prompted("second_malignancy", 1200) == []


# Refusal


def test_a_refusal_closes_systemic_treatment_and_leaves_care_and_referral_open() -> None:
    story = first_line()
    story.told("consent_recorded", 2, given=False)
    for option in ("continue_chemoimmunotherapy", "change_line"):
        assert story.status(option, 2) == "blocked"
    for option in ("supportive_care", "refer", "close"):
        assert story.status(option, 2) == "possible"
    assert [each.replace("_", " ") for each in story.prompted("refusal", 2)] == ["systemic therapy"]


def test_consent_that_is_given_again_ends_the_refusal() -> None:
    story = first_line()
    story.told("consent_recorded", 2, given=False)
    story.told("consent_recorded", 3, given=True)
    assert story.prompted("refusal", 3) == []


# Goals of care


@pytest.mark.parametrize(("on", "told"), [(91, []), (92, ["treatment, agreed 91 days ago"])])
def test_the_goals_of_care_are_looked_at_again_after_90_days(on: int, told: list[str]) -> None:
    story = first_line()
    assert story.prompted("goals_of_care", on) == []
    story.told("intent_recorded", 1, intent="treatment")
    assert story.prompted("goals_of_care", on) == told


def test_goals_whose_day_is_not_known_are_not_counted() -> None:
    story = first_line()
    story.told("intent_recorded", 1, intent="treatment", occurred_precision="month")
    assert story.prompted("goals_of_care", 300) == []


# Supportive care


@pytest.mark.shows("R-070")
def test_supportive_care_can_be_left_for_treatment_at_any_time() -> None:
    story = Story.opened().planned()
    story.decided("supportive_care", 2, "possible")
    assert (story.next(2).recommended, story.rows(2)) == ("supportive_care", ["F"])
    assert story.status("start_chemoimmunotherapy", 2) == "possible"
    story.told("intent_recorded", 3, intent="comfort")
    assert (story.next(3).recommended, story.rows(3)) == ("supportive_care", ["E"])
    assert story.status("start_chemoimmunotherapy", 3) == "blocked"
    story.told("intent_recorded", 60, intent="treatment")
    assert story.status("start_chemoimmunotherapy", 13) == "possible"
    story.decided("start_chemoimmunotherapy", 61, "possible")
    assert story.episode.state == "chemoimmunotherapy.ready"


# Elsewhere


def test_the_outcome_of_a_referral_is_asked_for_until_it_is_known_and_again_after_90_days() -> None:
    story = in_follow_up()
    story.told("follow_up_recorded", 50, findings="no_disease")
    story.decided("refer", 60, "possible")
    assert (story.rows(61), story.next(61).recommended) == (["F"], "complete_workup")
    assert [each.name for each in story.next(61).outcome.obtain] == ["word_from_elsewhere"]
    story.told("follow_up_recorded", 80, findings="stable_disease")
    told = story.next(100)
    assert (story.rows(100), told.recommended, told.outcome.needs_tumour_board) == (["E"], None, False)
    assert [story.finding("word_from_elsewhere", on) for on in (170, 171)] == ["told", "stale"]
    assert story.next(171).recommended == "complete_workup"


# Central nervous system


@pytest.mark.shows("R-069")
def test_new_disease_in_the_central_nervous_system_is_referred_without_antibody_maintenance_or_cells() -> (
    None
):
    story = assessed_after_two_cycles("PR")
    story.told("cns_status_recorded", 44, status="new_disease")
    assert story.next(44).recommended == "refer"
    for option in ("start_maintenance", "bridge_to_car_t", "continue_chemoimmunotherapy"):
        assert story.status(option, 44) == "blocked"
    assert story.status("local_control", 44) == "possible"


def test_a_suspicion_there_stays_until_it_was_imaged_however_old_it_is() -> None:
    story = first_line()
    story.told("cns_status_recorded", 2, status="suspected")
    assert story.finding("cns", 400) == "suspected"
    story.told("cns_status_recorded", 401, status="no_suspicion")
    assert story.finding("cns", 800) == "none"


@pytest.mark.parametrize("status", ["no_suspicion", "controlled"])
def test_while_there_are_symptoms_an_image_of_the_brain_counts_for_three_days(status: str) -> None:
    story = first_line()
    story.told("cns_status_recorded", 2, status=status, symptoms=True)
    assert story.finding("cns", 5) != "suspected"
    assert (story.finding("cns", 6), story.next(6).recommended) == ("suspected", "complete_workup")
    vague = first_line()
    vague.told("cns_status_recorded", 2, status=status, symptoms=True, occurred_precision="month")
    assert vague.finding("cns", 2) == "suspected"


@pytest.mark.parametrize(("on", "told"), [(30, []), (31, ["29 days ago"])])
def test_controlled_disease_there_is_imaged_again_after_28_days(on: int, told: list[str]) -> None:
    story = first_line()
    story.told("cns_status_recorded", 2, status="controlled")
    assert story.prompted("brain_image", on) == told
    story.told("cns_status_recorded", 2, status="controlled", occurred_precision="month")
    assert story.prompted("brain_image", on) == []


# Death


@pytest.mark.shows("R-007")
def test_after_death_nothing_is_due_or_told_and_what_comes_late_is_still_recorded() -> None:
    story = Story.opened().planned(pattern="local").treated()
    story.told("toxicity_recorded", 2, term="second malignancy", grade=3)
    story.told("episode_closed", 3, reason="death")
    told = story.next(3)
    assert (story.episode.state, told.due, told.recommended) == ("closed", (), None)
    assert told.document("0" * 64)["prompts"] == []
    story.assessed(4, "PD")
    assert story.episode.last_response is not None
    assert story.episode.last_response.value == "PD"
    assert story.episode.state == "closed"
