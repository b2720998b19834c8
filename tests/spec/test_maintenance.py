"""Maintenance: when its courses are due and assessed, what forbids it, and the work-up at its end."""

from __future__ import annotations

import pytest

from tests.spec.decision import outcome
from tests.story import Story, assessed_after_two_cycles, day

LTI = "dinutuximab_beta_long_term_infusion"
AFTER_TRANSPLANT = "dinutuximab_beta_after_haploidentical_transplant"
WORK_UP = "complete the work-up at the end of treatment"


def in_maintenance(regimen: str = LTI, **detail: object) -> Story:
    """Maintenance was decided upon after a complete remission."""
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen=regimen, **detail)
    return story


def given(story: Story, courses: int) -> Story:
    """That many courses, five weeks apart, the first on day 50, assessed when they have to be."""
    for number in range(1, courses + 1):
        on = 50 + 35 * (number - 1)
        story.cycle(number, on, until=on + 30)
        if number == 2 and courses > 2:
            story.assessed(on + 31, "CR")
            story.decided("continue_maintenance", on + 32)
    return story


# What forbids it


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ("none", "compatible"),
        ("acute_1_2", "compatible"),
        ("acute_3_4", "contraindicated"),
        ("chronic_limited", "compatible"),
        ("chronic_extensive", "contraindicated"),
    ],
)
def test_severe_graft_versus_host_disease_forbids_maintenance_with_the_antibody(
    told: str, found: str
) -> None:
    story = assessed_after_two_cycles("CR")
    story.told("fitness_recorded", 44, graft_versus_host=told)
    assert story.finding("graft_versus_host", 44) == found
    assert (story.status("start_maintenance", 44) == "blocked") == (found == "contraindicated")


def test_after_a_transplant_from_a_donor_it_has_to_be_known_whether_there_is_any() -> None:
    story = assessed_after_two_cycles("CR")
    assert story.finding("graft_versus_host", 44) == "compatible"
    story.told("consent_recorded", 44, scope="haploidentical_transplant", given=True)
    assert story.finding("graft_versus_host", 44) == "unknown"
    assert story.status("start_maintenance", 44) == "blocked"
    story.told("consent_recorded", 44, scope="haploidentical_transplant", given=False)
    assert story.finding("graft_versus_host", 44) == "compatible"


def test_where_maintenance_is_forbidden_after_a_remission_the_tumour_board_decides() -> None:
    told = outcome(response="CR", consolidated="yes", phase="mid", graft_versus_host="contraindicated")
    assert (told.recommended, told.needs_tumour_board) == (None, True)


@pytest.mark.shows("R-068")
def test_progression_never_opens_maintenance() -> None:
    for context in ("systemic", "maintenance"):
        told = outcome(response="PD", context=context)
        assert told.statuses["start_maintenance"] == told.statuses["continue_maintenance"] == "blocked"


# What is given


def test_the_chemotherapy_of_the_line_is_not_carried_into_a_maintenance_that_was_not_named() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible")
    assert (story.episode.regimen, story.episode.agents) == (None, ("dinutuximab_beta",))
    story.ready_for_cycle(46)
    assert story.next(46).summary().endswith("give course 1 of maintenance (dinutuximab beta).")


def test_courses_of_a_maintenance_that_was_not_named_are_due_every_five_weeks_and_none_is_late_before() -> (
    None
):
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible")
    story.cycle(1, 50)
    assert story.windows(56)["begin the next course"] == (85, 85, 99)
    story.cycle(2, 85)
    assert story.episode.courses.days_late == 0


def test_a_maintenance_that_was_not_named_is_asked_for_its_regimen_until_it_is_told() -> None:
    story = assessed_after_two_cycles("CR")
    assert story.prompted("maintenance_regimen", 44) == []
    story.decided("start_maintenance", 46, "possible")
    assert story.prompted("maintenance_regimen", 46) == ["dinutuximab beta"]
    story.decided("continue_maintenance", 47, regimen=LTI)
    assert story.prompted("maintenance_regimen", 47) == []
    assert in_maintenance().prompted("maintenance_regimen", 46) == []


def test_maintenance_after_chemotherapy_alone_carries_nothing_over() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("drop_antibody", 45, "possible")
    story.decided("start_maintenance", 46, "possible")
    assert (story.episode.regimen, story.episode.agents) == (None, ())
    assert story.prompted("maintenance_regimen", 46) == [""]


def test_maintenance_that_is_extended_goes_on_as_it_was() -> None:
    story = given(in_maintenance("dinutuximab_beta_isotretinoin"), 5)
    story.decided("start_maintenance", 225, "possible")
    assert story.episode.regimen == "dinutuximab_beta_isotretinoin"
    assert story.episode.agents == ("dinutuximab_beta", "isotretinoin")
    own = given(in_maintenance("our own schedule", agents=["dinutuximab beta"]), 1)
    own.decided("start_maintenance", 90, "possible")
    assert own.episode.regimen == "our own schedule"


# What is told


@pytest.mark.parametrize("agent", ["IL-2", "interleukin-2", "aldesleukin"])
def test_interleukin_2_is_no_part_of_maintenance_by_default(agent: str) -> None:
    story = in_maintenance(agents=["dinutuximab beta", agent])
    assert len(story.prompted("interleukin_2", 46)) == 1
    assert in_maintenance().prompted("interleukin_2", 46) == []


def test_the_days_of_isotretinoin_are_told_where_it_is_given() -> None:
    assert in_maintenance("dinutuximab_beta_isotretinoin").prompted("isotretinoin", 46) == [""]
    assert in_maintenance().prompted("isotretinoin", 46) == []


@pytest.mark.parametrize(("on", "told"), [(50, True), (59, True), (60, False)])
def test_a_missed_dose_of_naxitamab_can_be_given_until_day_10(on: int, told: bool) -> None:
    story = in_maintenance("naxitamab_gm_csf")
    assert story.prompted("missed_naxitamab_dose", 46) == []
    story.told("cycle_started", 50, cycle=1)
    assert story.prompted("missed_naxitamab_dose", on) == ([f"day 10 is {day(59)}"] if told else [])


def test_a_missed_dose_is_not_told_of_another_antibody_or_without_day_1() -> None:
    other = in_maintenance()
    other.told("cycle_started", 50, cycle=1)
    assert other.prompted("missed_naxitamab_dose", 50) == []
    vague = in_maintenance("naxitamab_gm_csf")
    vague.told("cycle_started", 50, cycle=1, occurred_precision="month")
    assert vague.prompted("missed_naxitamab_dose", 50) == []


def test_in_systemic_therapy_day_10_counts_from_day_1_of_the_cycle() -> None:
    story = Story.opened().planned().treated(regimen="naxitamab_irinotecan_temozolomide")
    story.told("cycle_started", 2, cycle=1)
    assert story.prompted("missed_naxitamab_dose", 3) == [f"day 10 is {day(11)}"]


def test_after_a_haploidentical_transplant_up_to_nine_courses_are_told_of_once_six_were_given() -> None:
    story = given(in_maintenance(AFTER_TRANSPLANT), 6)
    assert story.prompted("more_courses_after_transplant", 260) == ["6 courses given"]
    assert given(in_maintenance(AFTER_TRANSPLANT), 4).prompted("more_courses_after_transplant", 190) == []
    assert given(in_maintenance(), 5).prompted("more_courses_after_transplant", 230) == []
    assert assessed_after_two_cycles("CR").prompted("more_courses_after_transplant", 44) == []


def test_six_cycles_of_systemic_therapy_are_no_six_courses_of_maintenance() -> None:
    story = Story.opened().planned().treated()
    for number in range(1, 7):
        story.cycle(number, 21 * number)
    story.decided("start_maintenance", 150, "possible", regimen=AFTER_TRANSPLANT)
    story.cycle(1, 155)
    story.decided("follow_up", 190, "possible")
    assert story.prompted("more_courses_after_transplant", 190) == []


# When it is due


def test_the_first_course_follows_the_last_cycle_also_where_local_control_came_before_that() -> None:
    story = Story.opened().planned().treated()
    story.told("local_control_completed", 1, modality="surgery")
    story.cycle(1, 2)
    story.decided("start_maintenance", 10, "blocked")
    assert story.windows(10)["begin maintenance"] == (23, 30, 58)


# At its end


def test_after_the_last_planned_course_the_end_of_treatment_is_worked_up() -> None:
    story = given(in_maintenance(), 5)
    assert story.owed() == ["end_of_treatment"]
    assert story.windows(220)[WORK_UP] == (248, 255, 276)
    story.assessed(250, "CR")
    assert story.owed() == []


def test_an_assessment_that_is_not_complete_is_no_work_up_at_the_end_of_treatment() -> None:
    story = given(in_maintenance(), 5)
    story.told("assessment_recorded", 250, components={"primary": "CR"})
    assert story.owed() == ["end_of_treatment"]


def test_more_courses_put_the_end_of_treatment_off() -> None:
    story = given(in_maintenance(), 5)
    story.decided("start_maintenance", 225, "possible")
    assert story.owed() == []


def test_progression_takes_the_place_of_the_work_up_at_the_end() -> None:
    story = given(in_maintenance(), 5)
    story.told("progression_evidence_recorded", 225, confirmed=True)
    assert "end_of_treatment" not in story.owed()


def test_follow_up_chosen_before_the_last_course_owes_the_work_up_unless_one_was_done_since() -> None:
    early = given(in_maintenance(), 1)
    early.decided("follow_up", 90, "possible")
    assert early.windows(90)[WORK_UP] == (118, 125, 146)
    early.decided("follow_up", 95, "possible")
    assert early.windows(95)[WORK_UP] == (118, 125, 146)
    assessed = assessed_after_two_cycles("CR")
    assessed.decided("follow_up", 46, "possible")
    assert assessed.owed() == []
    incomplete = assessed_after_two_cycles("CR")
    incomplete.told("assessment_recorded", 45, components={"primary": "CR"}, timepoint="again")
    incomplete.decided("follow_up", 46, "possible")
    assert incomplete.owed() == ["end_of_treatment"]


def test_without_any_treatment_no_end_of_it_is_owed() -> None:
    story = Story.opened()
    story.decided("follow_up", 2, "possible")
    assert story.owed() == []
