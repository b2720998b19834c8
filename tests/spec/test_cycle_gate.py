"""Before a cycle or a course begins: the criteria, how long each value counts, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import BEACON, READY, Story, after_two_cycles, assessed_after_two_cycles, day, first_line

LONG_TERM = "dinutuximab_beta_long_term_infusion"


def ready(on: int = 2, **otherwise: Any) -> Story:
    """Before the first cycle of dinutuximab beta with irinotecan and temozolomide, on day 2."""
    story = first_line()
    story.ready_for_cycle(on, **otherwise)
    return story


def before_a_course(regimen: str = LONG_TERM) -> Story:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen=regimen)
    return story


def standing(story: Story, criterion: str, on: int) -> str | None:
    """How a criterion stands on a day; None where it does not apply."""
    (shown,) = story.next(on).document("0" * 64)["checklists"]
    return {each["criterion"]: each["standing"] for each in shown["criteria"]}.get(criterion)


def row(story: Story, on: int) -> str:
    (found,) = story.next(on).outcome.rows
    return found.number


def gate_tasks(story: Story) -> list[str]:
    return [review.kind for review in story.episode.reviews.values()]


# What follows


@pytest.mark.shows("R-063")
def test_with_all_criteria_met_the_first_cycle_is_recommended() -> None:
    story = ready()
    assert story.finding("start_criteria", 2) == "met"
    assert (row(story, 2), story.next(2).recommended) == ("H", "continue_chemoimmunotherapy")


@pytest.mark.shows("R-063")
def test_with_nothing_recorded_the_values_are_asked_for_and_going_on_needs_a_reason() -> None:
    story = first_line()
    told = story.next(2)
    assert (row(story, 2), told.recommended) == ("G7", "complete_workup")
    assert told.status("continue_chemoimmunotherapy") == "possible"
    assert told.outcome.offers["continue_chemoimmunotherapy"].needs_reason
    (missing,) = (each for each in told.document("0" * 64)["missing"] if each["finding"] == "start_criteria")
    assert missing["shown"].startswith("neutrophils (antibody), platelets (antibody), haemoglobin, ")
    assert missing["shown"].endswith(", pregnancy test, steroids: not recorded")


def test_a_cycle_is_delayed_while_platelets_are_low() -> None:
    story = ready(platelets_per_ul="60000")
    told = story.next(2)
    assert (row(story, 2), told.recommended) == ("G6", "hold")
    assert told.outcome.offers["continue_chemoimmunotherapy"].needs_reason
    assert told.found[next(each for each in told.found if each.name == "start_criteria")].shown == (
        "platelets (irinotecan and temozolomide): 60000"
    )


@pytest.mark.shows("R-063")
def test_while_an_infection_is_out_of_control_the_cycle_is_delayed_and_looked_at_again() -> None:
    story = ready(uncontrolled_infection=True)
    told = story.next(2)
    assert (row(story, 2), told.recommended) == ("G0a", "hold")
    assert told.outcome.offers["continue_chemoimmunotherapy"].needs_reason
    story.ready_for_cycle(3)
    assert (row(story, 3), story.next(3).recommended) == ("H", "continue_chemoimmunotherapy")


def test_a_report_of_an_infection_counts_for_a_day_and_then_it_is_asked_for_again() -> None:
    story = ready(uncontrolled_infection=True)
    assert (story.finding("infection", 3), row(story, 3)) == ("yes", "G0a")
    assert (story.finding("infection", 4), row(story, 4)) == ("no", "G0")


def test_good_values_unlock_the_cycle_at_once_and_bad_ones_lock_it() -> None:
    story = ready(platelets_per_ul="60000")
    bedside = {"spo2_percent": "97", "uncontrolled_infection": False, "pain_grade": 1, "diarrhoea_grade": 1}
    story.told("fitness_recorded", 4, platelets_per_ul="80000", **bedside)
    assert story.next(4).recommended == "continue_chemoimmunotherapy"
    story.told("fitness_recorded", 4, spo2_percent="93")
    assert story.next(4).recommended == "hold"


@pytest.mark.shows("C-40")
def test_a_criterion_that_is_not_met_decides_before_one_that_is_missing() -> None:
    assert ready(hb_g_dl="7.5", spo2_percent=None).finding("start_criteria", 2) == "not_met"
    assert ready(spo2_percent=None).finding("start_criteria", 2) == "unknown"


@pytest.mark.shows("C-07")
def test_a_value_that_is_too_old_is_asked_for_again() -> None:
    story = ready()
    assert (story.finding("start_criteria", 4), row(story, 4)) == ("stale", "G7")
    assert story.next(4).recommended == "complete_workup"


def test_while_treatment_is_delayed_it_is_on_hold_and_the_tumour_board_may_resume_it() -> None:
    story = ready(anc_per_ul="300")
    story.decided("hold", 2)
    assert (row(story, 3), story.status("resume", 3)) == ("E", "possible")
    assert "resume treatment after a hold" in story.next(3).summary()
    story.decided("resume", 5, "possible")
    story.ready_for_cycle(5)
    assert story.next(5).recommended == "continue_chemoimmunotherapy"


def test_on_hold_nothing_goes_on_before_it_is_known_whether_a_side_effect_threatens_life() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="hypotension", grade="unknown", agent="dinutuximab_beta")
    story.decided("hold", 2, "possible")
    assert (row(story, 3), story.next(3).recommended) == ("E0", "complete_workup")
    assert "emergency" in {each["finding"] for each in story.next(3).document("0" * 64)["missing"]}
    for option in ("resume", "continue_chemoimmunotherapy"):
        assert story.status(option, 3) == "blocked"
    story.told("toxicity_recorded", 3, term="hypotension", grade=1, agent="dinutuximab_beta")
    assert (row(story, 4), story.status("resume", 4)) == ("E", "possible")


def test_a_running_cycle_on_hold_waits_for_the_grade_as_well() -> None:
    story = ready()
    story.told("cycle_started", 2, cycle=1)
    story.told("toxicity_recorded", 3, term="hypotension", grade="unknown", agent="dinutuximab_beta")
    story.decided("hold", 3, "possible")
    assert (row(story, 4), story.next(4).recommended) == ("E0", "complete_workup")


def test_without_known_fitness_no_cycle_is_offered() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.told("consent_recorded", 0, given=True)
    story.decided("start_chemoimmunotherapy", 1, "blocked", regimen=BEACON)
    assert (row(story, 2), story.next(2).recommended) == ("G0", "complete_workup")
    assert story.status("continue_chemoimmunotherapy", 2) == "blocked"
    story.told("fitness_recorded", 2, lansky=50)
    assert row(story, 2) == "G1"
    story.told("fitness_recorded", 3, lansky=80)
    assert row(story, 3) == "G7"


@pytest.mark.shows("C-40")
def test_fitness_that_is_too_old_is_asked_for_before_the_cycle() -> None:
    story = first_line()
    assert row(story, 14) == "G7"
    assert row(story, 15) == "G0"


@pytest.mark.parametrize(("on", "found"), [(37, "H"), (38, "G5")])
def test_a_cycle_that_has_been_due_for_more_than_two_weeks_is_decided_upon(on: int, found: str) -> None:
    story = first_line()
    story.cycle(1, 2)
    story.ready_for_cycle(on)
    assert row(story, on) == found
    assert story.next(on).outcome.needs_tumour_board == (found == "G5")


def test_a_decision_to_go_on_that_came_late_has_taken_the_delay_into_account() -> None:
    story = after_two_cycles()
    story.fit(60)
    story.assessed(60, "SD")
    story.decided("continue_chemoimmunotherapy", 61)
    story.ready_for_cycle(62)
    assert (story.finding("next_cycle_late", 62), row(story, 62)) == ("no", "H")


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, "no"),
        ({"regimen": "something local"}, "unknown"),
        ({"occurred_precision": "month"}, "unknown"),
    ],
)
def test_whether_a_cycle_is_late_is_known_from_its_regimen_and_an_exact_date(
    told: dict[str, str], found: str
) -> None:
    story = first_line()
    assert story.finding("next_cycle_late", 90) == "no"
    story.told("cycle_started", 2, cycle=1, **told)
    story.told("cycle_completed", 7, cycle=1, delivered="full")
    assert story.finding("next_cycle_late", 23) == found


# Antibody and backbone


def test_counts_that_are_enough_for_the_antibody_are_not_enough_for_the_chemotherapy() -> None:
    story = ready(anc_per_ul="600", platelets_per_ul="30000")
    assert standing(story, "neutrophils (antibody)", 2) == "met"
    assert standing(story, "neutrophils (irinotecan and temozolomide)", 2) == "not_met"
    assert standing(story, "platelets (antibody)", 2) == "met"
    assert standing(story, "platelets (irinotecan and temozolomide)", 2) == "not_met"


def test_a_course_of_maintenance_needs_the_counts_of_the_antibody_alone() -> None:
    story = before_a_course()
    story.ready_for_cycle(
        50, anc_per_ul="600", platelets_per_ul="30000", bilirubin_x_uln=None, diarrhoea_grade=None
    )
    assert standing(story, "neutrophils (irinotecan and temozolomide)", 50) is None
    assert (row(story, 50), story.next(50).recommended) == ("H", "continue_maintenance")


def test_chemotherapy_alone_asks_for_nothing_of_the_antibody() -> None:
    story = Story.opened().planned().treated(regimen="topotecan_cyclophosphamide")
    story.ready_for_cycle(
        2, spo2_percent=None, pain_grade=None, eye_examination=None, neurological_examination=None
    )
    assert standing(story, "oxygen saturation", 2) is None
    assert standing(story, "neutrophils (BEACON backbone)", 2) == "met"
    assert story.next(2).recommended == "continue_chemoimmunotherapy"
    story.told("fitness_recorded", 2, anc_per_ul="900")
    assert story.next(2).recommended == "hold"


def test_where_the_agents_are_not_known_the_stricter_counts_are_taken_and_the_answer_says_so() -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1)
    story.ready_for_cycle(2, anc_per_ul="900")
    assert story.finding("start_criteria", 2) == "not_met"
    (shown,) = story.next(2).document("0" * 64)["checklists"]
    told = {each["criterion"]: each.get("shown") for each in shown["criteria"]}
    assert (
        told["neutrophils (other chemotherapy)"] == "900 (the agents are not known: taken as if it applied)"
    )
    assert told["infection"] == "no"


@pytest.mark.parametrize(
    ("marrow", "found"),
    [("SD", "met"), ("PD", "met"), ("CR", "not_met"), ("MD", "not_met"), (None, "not_met")],
)
def test_with_disease_in_the_marrow_platelets_of_50_000_are_enough(marrow: str | None, found: str) -> None:
    story = first_line()
    if marrow:
        story.told("assessment_recorded", 1, components={"bone_marrow": marrow})
        story.decided("continue_chemoimmunotherapy", 1, "possible")
    story.ready_for_cycle(2, platelets_per_ul="60000")
    assert story.finding("start_criteria", 2) == found


# How long a value counts


@pytest.mark.shows("R-031")
@pytest.mark.parametrize(
    ("criterion", "days"),
    [
        ("neutrophils (antibody)", 3),
        ("platelets (irinotecan and temozolomide)", 3),
        ("haemoglobin", 3),
        ("ALT", 7),
        ("AST", 7),
        ("kidney function", 7),
        ("Bilirubin (chemotherapy)", 7),
        ("oxygen saturation", 1),
        ("infection", 1),
        ("pain", 1),
        ("diarrhoea", 1),
        ("neurological examination", 35),
        ("eye examination", 35),
    ],
)
def test_a_value_counts_for_so_many_days_and_is_too_old_thereafter(criterion: str, days: int) -> None:
    story = ready()
    assert standing(story, criterion, 2 + days) == "met"
    assert standing(story, criterion, 3 + days) == "stale"


def test_a_pregnancy_test_counts_for_a_week_and_that_none_applies_for_good() -> None:
    story = ready(pregnancy_test="negative")
    assert (standing(story, "pregnancy test", 9), standing(story, "pregnancy test", 10)) == ("met", "stale")
    assert standing(ready(), "pregnancy test", 300) == "met"
    assert ready(pregnancy_test="positive").next(2).recommended == "hold"


def test_a_filtration_rate_that_was_measured_counts_for_90_days() -> None:
    story = ready(gfr_measured=True)
    assert (standing(story, "kidney function", 92), standing(story, "kidney function", 93)) == (
        "met",
        "stale",
    )
    assert standing(ready(gfr_measured=False), "kidney function", 10) == "stale"
    story.told("fitness_recorded", 20, gfr_ml_min_173="90")
    assert standing(story, "kidney function", 28) == "stale"


def test_an_answer_says_until_when_each_value_counts() -> None:
    story = ready(gfr_measured=True)
    (shown,) = story.next(2).document("0" * 64)["checklists"]
    until = {each["criterion"]: each.get("counts_until") for each in shown["criteria"]}
    assert until["haemoglobin"] == day(5).isoformat()
    assert until["kidney function"] == day(92).isoformat()
    assert (until["pregnancy test"], until["steroids"], until["eyes"]) == (None, None, None)


def test_a_value_of_a_day_that_is_not_known_is_missing() -> None:
    story = first_line()
    story.ready_for_cycle(2, occurred_precision="month")
    assert standing(story, "haemoglobin", 2) == "missing"


def test_counts_and_steroids_from_before_the_last_cycle_count_no_longer() -> None:
    story = ready()
    story.told("cycle_started", 3, cycle=1)
    story.told("cycle_completed", 4, cycle=1, delivered="full")
    assert standing(story, "neutrophils (antibody)", 4) == "stale"
    assert standing(story, "steroids", 4) == "stale"
    assert standing(story, "kidney function", 4) == "met"


def test_counts_of_the_day_on_which_a_cycle_began_count_for_that_cycle_alone() -> None:
    story = ready()
    story.told("cycle_started", 2, cycle=1)
    story.told("cycle_completed", 2, cycle=1, delivered="full")
    assert standing(story, "haemoglobin", 2) == "met"
    assert standing(story, "haemoglobin", 3) == "stale"


def test_after_a_fever_saturation_pain_and_infection_are_looked_at_again() -> None:
    story = ready()
    story.told("fitness_recorded", 3, temperature_c="38.0")
    for criterion in ("oxygen saturation", "pain", "infection"):
        assert standing(story, criterion, 3) == "stale"
    assert standing(story, "haemoglobin", 3) == "met"
    assert standing(ready(temperature_c="38.6"), "infection", 2) == "met"


def test_a_fever_that_another_entry_tells_of_the_same_day_may_have_come_after_the_values() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="febrile neutropenia", grade=3)
    assert standing(story, "infection", 2) == "stale"
    story.told("fitness_recorded", 3, temperature_c="37.9", uncontrolled_infection=False)
    assert standing(story, "infection", 3) == "met"


@pytest.mark.parametrize(
    ("term", "criterion"),
    [
        ("acute kidney injury", "kidney function"),
        ("sepsis", "kidney function"),
        ("Sensory neuropathy", "neurological examination"),
        ("blurred vision", "eye examination"),
    ],
)
def test_a_side_effect_outdates_the_value_it_may_have_changed(term: str, criterion: str) -> None:
    story = ready()
    story.told("toxicity_recorded", 3, term=term, grade=3, ongoing=False)
    assert standing(story, criterion, 3) == "stale"


# Side effects


def told_of(story: Story, criterion: str, on: int) -> str:
    """What is told beside a criterion."""
    (shown,) = story.next(on).document("0" * 64)["checklists"]
    (found,) = (each for each in shown["criteria"] if each["criterion"] == criterion)
    return str(found["shown"])


def test_a_side_effect_without_a_grade_does_not_meet_the_criterion_that_none_is_severe() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="anaphylaxis", agent="dinutuximab_beta")
    assert standing(story, "severe side effects", 2) == "missing"
    assert told_of(story, "severe side effects", 2) == "anaphylaxis, grade not known"
    assert story.next(2).recommended != "continue_chemoimmunotherapy"
    story.told("toxicity_recorded", 2, term="fever", grade=3, agent="dinutuximab_beta")
    assert standing(story, "severe side effects", 2) == "not_met"


def test_low_counts_without_a_grade_are_held_against_the_counts_alone() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="neutropenia")
    assert standing(story, "severe side effects", 2) == "met"


@pytest.mark.parametrize(
    ("criterion", "term"), [("motor neuropathy", "motor neuropathy"), ("eyes", "photophobia")]
)
def test_that_no_side_effect_was_recorded_is_not_told_as_an_examination(criterion: str, term: str) -> None:
    story = ready(neurological_examination=None, eye_examination=None)
    assert (standing(story, criterion, 2), told_of(story, criterion, 2)) == ("met", "none was recorded")
    assert standing(story, "neurological examination", 2) == "missing"
    assert standing(story, "eye examination", 2) == "missing"
    entry = story.told("toxicity_recorded", 2, term=term, grade=2)
    story.told("toxicity_resolved", 3, entry=entry, to_grade=0)
    assert (standing(story, criterion, 3), told_of(story, criterion, 3)) == ("met", "none goes on any more")


def test_a_mild_motor_neuropathy_that_goes_on_is_told_with_its_grade() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="motor neuropathy", grade=1)
    assert told_of(story, "motor neuropathy", 2) == "motor neuropathy, grade 1"


def test_motor_neuropathy_of_grade_2_or_eyes_that_are_affected_delay_the_cycle() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="motor neuropathy", grade=1)
    assert standing(story, "motor neuropathy", 2) == "met"
    story.told("toxicity_recorded", 2, term="motor neuropathy", grade=2)
    assert standing(story, "motor neuropathy", 2) == "not_met"
    story.told("toxicity_recorded", 2, term="photophobia", grade=1)
    assert standing(story, "eyes", 2) == "not_met"
    story.told("toxicity_recorded", 3, term="photophobia", grade=1, ongoing=False)
    assert standing(story, "eyes", 3) == "met"


def test_a_severe_side_effect_that_goes_on_delays_the_cycle_and_low_counts_by_their_name_do_not() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="neutropenia", grade=3)
    assert standing(story, "severe side effects", 2) == "met"
    entry = story.told("toxicity_recorded", 2, term="oral mucositis", grade=3)
    assert (standing(story, "severe side effects", 2), story.next(2).recommended) == ("not_met", "hold")
    story.told("toxicity_resolved", 3, entry=entry, to_grade=2)
    assert standing(story, "severe side effects", 3) == "met"


def test_a_neuropathy_without_a_grade_leaves_the_criterion_open() -> None:
    story = ready()
    story.told("toxicity_recorded", 2, term="motor neuropathy")
    assert standing(story, "motor neuropathy", 2) == "missing"


def test_diarrhoea_that_goes_on_as_a_side_effect_counts_until_a_later_value() -> None:
    story = ready()
    entry = story.told("toxicity_recorded", 2, term="Diarrhea", grade=2)
    assert standing(story, "diarrhoea", 2) == "not_met"
    story.told("fitness_recorded", 3, diarrhoea_grade=1)
    assert standing(story, "diarrhoea", 3) == "met"
    story.told("toxicity_recorded", 3, term="diarrhoea", grade=2)
    assert standing(story, "diarrhoea", 3) == "not_met"
    story.told("toxicity_resolved", 4, entry=entry, to_grade=0)
    assert standing(story, "haemoglobin", 4) == "met"


# After a transplant


def test_graft_versus_host_disease_is_asked_for_after_a_haploidentical_transplant() -> None:
    assert standing(ready(), "graft-versus-host disease", 2) is None
    story = before_a_course("dinutuximab_beta_after_haploidentical_transplant")
    story.ready_for_cycle(50)
    assert standing(story, "graft-versus-host disease", 50) == "missing"
    assert story.next(50).recommended == "complete_workup"
    story.told("fitness_recorded", 50, graft_versus_host="none")
    assert story.next(50).recommended == "continue_maintenance"


def test_graft_versus_host_disease_that_was_told_of_is_looked_at_whatever_the_regimen() -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1, agents=["dinutuximab_beta", "irinotecan", "temozolomide"])
    story.ready_for_cycle(2, graft_versus_host="acute_3_4")
    assert (standing(story, "graft-versus-host disease", 2), story.next(2).recommended) == ("not_met", "hold")


# The assessment


@pytest.mark.shows("R-063")
def test_going_on_without_the_assessment_needs_a_reason_of_its_own() -> None:
    story = after_two_cycles()
    story.ready_for_cycle(44)
    without = Story(story.pathway, [*story.entries])
    without.decided("continue_chemoimmunotherapy", 44, "possible")
    assert standing(without, "assessment", 44) == "not_met"
    assert without.next(44).recommended == "hold"
    story.decided("continue_chemoimmunotherapy", 44, "possible", text="The scanner is out of order.")
    assert standing(story, "assessment", 44) == "met"
    story.told("cycle_started", 44, cycle=3)
    assert not gate_tasks(story)
    story.told("cycle_completed", 49, cycle=3, delivered="full")
    assert (story.episode.state, story.episode.reasoned) == ("assessment_due", None)


def test_the_reason_to_go_on_without_the_assessment_is_none_to_go_on_without_counts() -> None:
    story = after_two_cycles()
    story.decided("continue_chemoimmunotherapy", 44, "possible", text="The scanner is out of order.")
    story.told("cycle_started", 44, cycle=3)
    assert gate_tasks(story) == ["gate_skipped"]


def test_a_cycle_while_the_assessment_is_due_opens_a_task() -> None:
    story = after_two_cycles()
    story.ready_for_cycle(44)
    story.told("cycle_started", 44, cycle=3)
    assert (story.steps[-1].unexpected, gate_tasks(story)) == (True, ["decision_missing"])


def test_the_reason_to_go_on_without_the_assessment_outlives_a_delay_and_not_the_next_move() -> None:
    story = after_two_cycles()
    story.decided("continue_chemoimmunotherapy", 44, "possible", text="The scanner is out of order.")
    story.decided("hold", 45, "possible")
    assert story.episode.reasoned is not None
    story.decided("refer", 46, "possible")
    assert story.episode.reasoned is None


# Cycles that begin without their criteria


@pytest.mark.shows("R-063", "C-40")
def test_a_cycle_that_began_without_its_criteria_opens_one_task() -> None:
    story = first_line()
    entry = story.told("cycle_started", 2, cycle=1)
    assert {key: review.kind for key, review in story.episode.reviews.items()} == {entry: "gate_skipped"}
    assert story.episode.state == "chemoimmunotherapy.cycle_running"
    assert story.episode.reviews[entry].sentence == (
        "The cycle began without its start criteria on record: record the values with their own date, or say why."
    )


def test_a_cycle_of_a_stopped_agent_opens_the_graver_task_alone() -> None:
    story = first_line()
    story.told("toxicity_recorded", 1, term="transverse myelitis")
    story.told("cycle_started", 2, cycle=1)
    assert gate_tasks(story) == ["stopped_agent_given"]


@pytest.mark.parametrize("on", [1, 2])
def test_the_task_vanishes_when_the_values_arrive_late(on: int) -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    bedside = {"spo2_percent", "pain_grade", "uncontrolled_infection", "diarrhoea_grade", "temperature_c"}
    story.ready_for_cycle(on, **dict.fromkeys(bedside))
    assert gate_tasks(story) == ["gate_skipped"]
    story.told("fitness_recorded", 2, **{name: READY[name] for name in bedside})
    assert not gate_tasks(story)


def test_values_of_another_day_do_not_close_the_task() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    story.ready_for_cycle(3)
    assert gate_tasks(story) == ["gate_skipped"]
    story.told("cycle_completed", 7, cycle=1, delivered="full")
    story.decided("refer", 8, "possible")
    story.told("cycle_started", 9, cycle=2)
    story.ready_for_cycle(9)
    assert gate_tasks(story) == ["gate_skipped", "decision_missing"]


def test_the_task_is_answered_with_a_sentence() -> None:
    story = first_line()
    entry = story.told("cycle_started", 2, cycle=1)
    story.told("review_resolved", 5, entry=entry, reason="The values are in the paper chart.")
    assert not gate_tasks(story)


def test_a_decision_to_go_on_with_a_reason_stands_for_the_criteria() -> None:
    story = ready(platelets_per_ul="60000")
    story.decided("continue_chemoimmunotherapy", 2, "possible", text="The marrow is infiltrated.")
    story.told("cycle_started", 3, cycle=1)
    assert not gate_tasks(story)


def test_a_decision_without_a_reason_or_for_another_reason_does_not_stand_for_them() -> None:
    story = ready(platelets_per_ul="60000")
    story.decided("continue_chemoimmunotherapy", 2, "possible")
    story.told("cycle_started", 3, cycle=1)
    assert gate_tasks(story) == ["gate_skipped"]
    other = first_line()
    other.told("fitness_recorded", 2, tolerance="limiting")
    other.decided("continue_chemoimmunotherapy", 2, "possible", text="Tolerated in the end.")
    other.told("cycle_started", 3, cycle=1)
    assert gate_tasks(other) == ["gate_skipped"]
    met = ready()
    met.decided("continue_chemoimmunotherapy", 2, text="As planned.")
    met.told("cycle_started", 9, cycle=1)
    assert gate_tasks(met) == ["gate_skipped"]


def test_a_remark_or_a_delay_does_not_stand_for_the_criteria() -> None:
    story = first_line()
    story.decided("continue_chemoimmunotherapy", 2, "possible", text="Counts are on their way.")
    story.decided("other", 2, "possible", text="Rang the family.")
    story.told("cycle_started", 3, cycle=1)
    assert gate_tasks(story) == ["gate_skipped"]


def test_a_course_that_began_without_its_criteria_opens_a_task_too() -> None:
    story = before_a_course()
    story.told("cycle_started", 50, cycle=1)
    assert gate_tasks(story) == ["gate_skipped"]
    story.ready_for_cycle(50)
    assert not gate_tasks(story)


# Prompts


def prompts(story: Story, on: int) -> dict[str, str]:
    return {each["prompt"]: each.get("detail", "") for each in story.next(on).document("0" * 64)["prompts"]}


def test_precautions_that_no_fact_carries_are_asked_about_before_a_cycle() -> None:
    story = ready()
    assert {"pneumocystis", "zoster", "mibg_interference"} <= set(prompts(story, 2))
    story.told("cycle_started", 2, cycle=1)
    assert not {"pneumocystis", "zoster", "mibg_interference"} & set(prompts(story, 2))
    without = Story.opened().planned().treated(regimen="topotecan_cyclophosphamide")
    assert "pneumocystis" not in prompts(without, 2)


def test_a_hold_is_flagged_after_14_days_and_is_for_the_tumour_board_after_28() -> None:
    story = first_line()
    story.decided("hold", 10, "possible")
    assert "long_hold" not in prompts(story, 24)
    assert prompts(story, 25)["long_hold"] == "all treatment: 15 days"
    assert prompts(story, 39)["long_hold"] == "all treatment: 29 days; the tumour board decides"
    untold = first_line()
    untold.told(
        "decision_made", 10, option="hold", basis="0" * 64, offered_as="possible", occurred_precision="month"
    )
    assert "long_hold" not in prompts(untold, 60)


@pytest.mark.shows("R-030")
def test_an_assessment_is_overdue_42_days_after_the_second_cycle_began() -> None:
    story = after_two_cycles()
    assert "assessment_overdue" not in prompts(story, 65)
    assert prompts(story, 66)["assessment_overdue"] == "43 days since day 1 of the last cycle"
    assert "assessment_overdue" not in prompts(first_line(), 60)


def test_the_criteria_are_listed_where_the_next_cycle_or_course_may_begin_and_nowhere_else() -> None:
    listed = {
        state.name
        for state in Story().pathway.states
        for each in state.checklists
        if each.name == "start_criteria"
    }
    assert listed == {"chemoimmunotherapy.ready", "maintenance.ready"}
    assert BEACON in {each.id for each in Story().pathway.regimens}
