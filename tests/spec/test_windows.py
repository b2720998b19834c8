"""When each step is due, counted from what really happened."""

from __future__ import annotations

import pytest

from tests.story import BEACON, Story, after_two_cycles, assessed_after_two_cycles, day, first_line

Dates = tuple[int, int, int]


def due(story: Story, on: int, what: str) -> Dates:
    """The window of a step, in days after the first: earliest, target, latest."""
    found = [each for each in story.next(on).due if each.window.what == what]
    (step,) = found
    assert step.earliest
    assert step.target
    assert step.latest
    return tuple((each - day(0)).days for each in (step.earliest, step.target, step.latest))  # type: ignore[return-value]


def follow(story: Story, on: int) -> Story:
    story.decided("follow_up", on, "possible")
    return story


def referred(on: int = 45) -> Story:
    story = assessed_after_two_cycles("PR")
    story.decided("bridge_to_car_t", on, "possible")
    return story


def test_work_up_of_a_suspected_progression_is_done_within_a_week_and_at_the_latest_in_21_days() -> None:
    story = Story.opened()
    assert due(story, 0, "complete the work-up of the suspected progression") == (0, 7, 21)
    story.told("progression_evidence_recorded", 3, confirmed=False)
    assert due(story, 3, "complete the work-up of the suspected progression") == (3, 10, 24)


def test_treatment_begins_within_14_days_of_confirmation() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 5, confirmed=True)
    assert due(story, 5, "begin treatment after confirmed progression") == (5, 12, 19)


def test_the_first_cycle_begins_within_14_days_of_the_decision() -> None:
    assert due(first_line(), 1, "begin the first cycle of the line") == (1, 8, 15)


def test_the_end_of_a_running_cycle_is_recorded() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    assert due(story, 2, "record the end of the cycle") == (7, 23, 37)


@pytest.mark.parametrize(
    ("regimen", "window"),
    [
        (BEACON, (23, 23, 37)),
        ("dinutuximab_beta_temozolomide_topotecan", (23, 30, 44)),
        ("something the pathway does not know", (23, 23, 37)),
        (None, (23, 23, 37)),
    ],
)
def test_the_next_cycle_counts_from_day_1_by_the_rhythm_of_its_regimen(
    regimen: str | None, window: Dates
) -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1, **({"regimen": regimen} if regimen else {}))
    story.cycle(1, 2)
    assert due(story, 8, "begin the next cycle") == window


def test_the_assessment_counts_from_day_1_of_the_second_cycle_however_late_that_was() -> None:
    assert due(after_two_cycles(), 28, "assess the response") == (37, 44, 58)
    late = first_line()
    late.cycle(1, 2)
    late.cycle(2, 40)
    assert due(late, 45, "assess the response") == (54, 61, 75)


def test_what_is_missing_of_an_assessment_counts_from_its_first_component() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR"})
    story.told("assessment_recorded", 46, components={"metastatic": "PR"})
    assert due(story, 46, "complete the assessment") == (44, 51, 58)


def test_an_unconfirmed_progression_is_confirmed_within_a_week_or_repeated_within_28_days() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, reported_overall="PD")
    assert due(story, 44, "confirm or refute the progression") == (44, 51, 72)
    story.told("progression_evidence_recorded", 50, confirmed=True)
    assert due(story, 50, "decide on the next step") == (44, 51, 58)


def test_a_decision_counts_from_the_last_component() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR", "metastatic": "NI"})
    story.told("assessment_recorded", 50, components={"bone_marrow": "NI"})
    assert due(story, 50, "decide on the next step") == (50, 57, 64)


def test_local_control_is_carried_out_within_28_days_of_the_decision() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 46, "possible")
    assert due(story, 46, "carry out local control") == (46, 60, 74)


@pytest.mark.parametrize(
    ("modality", "what", "window"),
    [
        ("surgery", "restage after surgery", (78, 85, 106)),
        ("radiotherapy", "restage after radiotherapy", (92, 106, 134)),
    ],
)
def test_restaging_counts_from_the_operation_or_the_last_fraction(
    modality: str, what: str, window: Dates
) -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 46, "possible")
    story.told("local_control_completed", 50, modality=modality)
    assert due(story, 50, what) == window


def test_restaging_after_a_transplant_counts_from_the_decision_for_it() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("consolidation_transplant", 46, "possible")
    assert due(story, 46, "restage after consolidation") == (74, 81, 102)


def test_maintenance_begins_after_the_last_cycle_or_sooner_after_local_control() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible")
    assert due(story, 46, "begin maintenance") == (44, 51, 79)
    local = assessed_after_two_cycles("CR")
    local.told("local_control_completed", 50, modality="surgery")
    local.decided("start_maintenance", 52, "possible")
    assert due(local, 52, "begin maintenance") == (64, 78, 106)


@pytest.mark.parametrize(
    ("regimen", "window"),
    [
        ("dinutuximab_beta_long_term_infusion", (85, 85, 99)),
        ("naxitamab_gm_csf", (78, 78, 92)),
        ("something the pathway does not know", (85, 85, 99)),
    ],
)
def test_the_next_course_of_maintenance_follows_its_regimen(regimen: str, window: Dates) -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen=regimen)
    story.cycle(1, 50)
    assert due(story, 56, "begin the next course") == window


def test_maintenance_is_assessed_after_the_second_course() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen="dinutuximab_beta_long_term_infusion")
    story.cycle(1, 50)
    story.cycle(2, 85)
    assert due(story, 91, "assess the response") == (113, 120, 134)


def test_each_step_to_cells_has_a_clock_of_its_own() -> None:
    story = referred()
    assert due(story, 45, "have CAR-T eligibility decided") == (45, 52, 59)
    story.told("car_t_step_recorded", 50, step="eligible")
    assert due(story, 50, "collect lymphocytes") == (50, 64, 78)
    story.told("car_t_step_recorded", 60, step="apheresis")
    assert due(story, 60, "have the cell product released") == (74, 81, 102)
    story.told("car_t_step_recorded", 80, step="product_released")
    assert due(story, 80, "decide on the next step") == (80, 87, 94)
    story.decided("bridge_to_car_t", 82)
    assert due(story, 82, "decide on the next step") == (82, 89, 96)
    story.told("car_t_step_recorded", 90, step="lymphodepletion")
    assert due(story, 90, "infuse after lymphodepletion") == (92, 93, 97)


def infused() -> Story:
    story = referred()
    for on, step in ((50, "eligible"), (60, "apheresis"), (80, "product_released")):
        story.told("car_t_step_recorded", on, step=step)
    story.decided("bridge_to_car_t", 82)
    story.told("car_t_step_recorded", 100, step="infused")
    return story


def test_after_infusion_safety_is_checked_at_day_28_and_the_response_at_week_6_month_3_and_month_6() -> None:
    story = infused()
    assert due(story, 100, "check safety after infusion") == (126, 128, 135)
    assert due(story, 100, "assess the response at week 6") == (138, 142, 149)
    for on, what, window in (
        (142, "assess the response at month 3", (184, 191, 205)),
        (191, "assess the response at month 6", (268, 282, 303)),
        (282, "assess the response at month 6", (268, 282, 303)),
    ):
        story.assessed(on, "PR", timepoint=f"day-{on}")
        story.decided("continue_monitoring", on + 1)
        assert due(story, on + 1, what) == window
    assert [step.window.name for step in story.next(290).due] == ["assessment"]


@pytest.mark.parametrize(
    ("last_visit", "window"),
    [(0, (105, 135, 165)), (700, (760, 790, 820)), (900, (1050, 1082, 1110)), (1900, (2235, 2265, 2295))],
)
def test_visits_grow_rarer_after_two_years_and_after_five(last_visit: int, window: Dates) -> None:
    story = follow(assessed_after_two_cycles("CR"), 45)
    if last_visit:
        story.told("follow_up_recorded", last_visit, findings="no_disease")
    assert due(story, max(last_visit, 45), "follow-up visit") == window


def test_a_hold_is_looked_at_again_after_three_days_at_the_latest_after_seven() -> None:
    story = first_line()
    story.decided("hold", 10, "possible")
    assert due(story, 10, "look again at the hold") == (11, 13, 17)


def test_gd2_is_measured_again_within_21_days_of_progression() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 5, confirmed=True)
    assert due(story, 5, "measure GD2 again") == (5, 12, 26)
    story.told("gd2_measured", 9, status="positive")
    assert not [step for step in story.next(9).due if step.window.name == "gd2_again"]


def test_local_control_of_a_local_relapse_is_planned_within_28_days_of_confirmation() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 5, confirmed=True, pattern="local")
    assert due(story, 5, "plan local control of the local relapse") == (5, 19, 33)


@pytest.mark.parametrize(("on", "timing"), [(36, "not_yet"), (37, "due"), (58, "due"), (59, "overdue")])
def test_a_step_is_not_due_before_its_window_and_overdue_after_it(on: int, timing: str) -> None:
    (step,) = [each for each in after_two_cycles().next(on).due if each.window.name == "assessment"]
    assert step.timing(day(on)) == timing
    assert step.as_dict(day(on))["timing"] == timing


def test_days_are_not_counted_from_a_date_that_is_not_known_to_the_day() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1, occurred_precision="month")
    told = story.next(10).due[0]
    assert (told.target, told.timing(day(10))) == (None, "unknown")
    assert told.as_dict(day(10))["why_unknown"] == "The date it is counted from is known by month only."


def test_what_is_due_first_is_told_first() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 5, confirmed=True, pattern="local")
    targets = [step.target for step in story.next(5).due]
    assert len(targets) == 3
    assert targets == sorted(target for target in targets if target)


def test_nothing_is_due_once_the_episode_is_closed_or_the_child_is_treated_elsewhere() -> None:
    for option in ("refer", "supportive_care", "close"):
        story = Story.opened()
        story.decided(option, 5, "possible")
        assert [each.window.name for each in story.next(5).due] == []
