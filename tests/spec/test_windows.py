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


def test_the_first_cycle_begins_within_14_days_of_the_confirmation_of_the_progression() -> None:
    assert due(first_line(), 1, "begin treatment after confirmed progression") == (0, 7, 14)
    again = assessed_after_two_cycles("PD")
    again.decided("change_line", 50, regimen="topotecan_cyclophosphamide")
    assert due(again, 50, "begin treatment after confirmed progression") == (44, 51, 58)


def test_the_first_cycle_of_a_line_that_answers_no_progression_begins_within_14_days_of_the_decision() -> (
    None
):
    story = assessed_after_two_cycles("SD")
    story.decided("change_line", 50, "blocked", regimen="topotecan_cyclophosphamide")
    assert due(story, 50, "begin the first cycle of the line") == (50, 57, 64)
    untold = Story.opened()
    untold.decided("start_chemoimmunotherapy", 1, "blocked", regimen=BEACON)
    assert due(untold, 1, "begin the first cycle of the line") == (1, 8, 15)


def test_the_end_of_a_running_cycle_is_recorded() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    assert due(story, 2, "record the end of the cycle") == (7, 23, 37)


@pytest.mark.shows("R-030")
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


@pytest.mark.shows("R-030")
def test_the_assessment_counts_from_day_1_of_the_second_cycle_however_late_that_was() -> None:
    assert due(after_two_cycles(), 28, "assess the response") == (37, 44, 58)
    late = first_line()
    late.cycle(1, 2)
    late.cycle(2, 40)
    assert due(late, 45, "assess the response") == (54, 61, 64)


def test_the_response_is_not_assessed_before_the_last_day_of_the_cycle_and_its_antibody() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.cycle(2, 23, until=50)
    assert due(story, 50, "assess the response") == (50, 50, 58)
    longer = first_line()
    longer.cycle(1, 2)
    longer.cycle(2, 23, until=60)
    assert due(longer, 60, "assess the response") == (60, 60, 60)


def test_from_a_cycle_without_an_exact_date_the_assessment_is_not_counted() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.told("cycle_started", 23, cycle=2, occurred_precision="month")
    story.told("cycle_completed", 28, cycle=2)
    (step,) = (each for each in story.next(30).due if each.window.name == "assessment")
    assert step.target is None


def test_however_the_cycles_run_the_response_is_assessed_within_63_days() -> None:
    story = first_line()
    assert due(story, 1, "have the response assessed, however the cycles run") == (36, 64, 64)
    story.told("cycle_started", 2, cycle=1)
    assert due(story, 2, "have the response assessed, however the cycles run") == (36, 64, 64)
    assessed = assessed_after_two_cycles("SD")
    assessed.decided("continue_chemoimmunotherapy", 45)
    assert due(assessed, 45, "have the response assessed, however the cycles run") == (79, 107, 107)


def test_one_scan_is_due_once_and_by_the_earlier_of_its_last_days() -> None:
    late = first_line()
    late.cycle(1, 2)
    late.cycle(2, 44)
    assert [(each.window.what, each.timing(day(65))) for each in late.next(65).due] == [
        ("assess the response", "overdue")
    ]
    assert due(late, 65, "assess the response") == (58, 64, 64)
    later = first_line()
    later.cycle(1, 2)
    later.cycle(2, 60)
    assert due(later, 65, "assess the response") == (74, 74, 74)


def test_right_after_an_assessment_the_next_one_is_not_due() -> None:
    story = assessed_after_two_cycles("SD")
    story.decided("continue_chemoimmunotherapy", 45)
    (next_one,) = (each for each in story.next(45).due if each.window.name == "assessment_backstop")
    assert next_one.timing(day(45)) == "not_yet"


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


TRANSPLANT = "restage after the transplant, counted from the decision for it, since no fact tells its day"


def test_restaging_after_a_transplant_counts_from_the_decision_for_it() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("consolidation_transplant", 46, "possible")
    assert due(story, 46, TRANSPLANT) == (74, 81, 102)


def test_maintenance_begins_after_the_last_cycle_or_sooner_after_local_control() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible")
    assert due(story, 46, "begin maintenance") == (44, 51, 79)
    local = assessed_after_two_cycles("CR")
    local.told("local_control_completed", 50, modality="surgery")
    local.decided("start_maintenance", 52, "blocked")
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


@pytest.mark.shows("R-067")
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
    assert due(story, 82, "begin lymphodepletion, 28 to 3 days after the restaging and best 14") == (
        47,
        58,
        72,
    )
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
    assert due(story, 100, "assess the response at month 6") == (268, 282, 303)
    for on, what, window in (
        (142, "assess the response at month 3", (184, 191, 205)),
        (191, "assess the response at month 6", (268, 282, 303)),
        (282, "yearly visit of the gene therapy follow-up, for 15 years", (435, 465, 495)),
    ):
        story.assessed(on, "PR", timepoint=f"day-{on}")
        story.decided("continue_monitoring", on + 1)
        assert due(story, on + 1, what) == window
    assert [step.window.name for step in story.next(290).due] == ["late_effects"]


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


def test_a_hold_with_a_day_agreed_on_is_looked_at_again_on_that_day() -> None:
    story = first_line()
    story.decided("hold", 10, "possible", hold_until=day(21).isoformat())
    assert due(story, 10, "look again at the hold") == (21, 21, 21)
    (step,) = (each for each in story.next(22).due if each.window.name == "hold")
    assert (step.timing(day(20)), step.timing(day(21)), step.timing(day(22))) == ("not_yet", "due", "overdue")


def test_a_hold_decided_anew_is_looked_at_again_from_then_and_lasts_since_the_first() -> None:
    story = first_line()
    story.decided("hold", 10, "possible", agents=["Dinutuximab beta"])
    story.decided("hold", 12, "possible")
    story.decided("hold", 14, "possible", agents=["dinutuximab_beta"])
    held = [(hold.agent, hold.at.on, hold.decided.on) for hold in story.episode.holds]
    assert held == [("all treatment", day(12), day(12)), ("dinutuximab_beta", day(10), day(14))]


@pytest.mark.shows("R-064")
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


@pytest.mark.shows("R-030", "C-24")
@pytest.mark.parametrize(("on", "timing"), [(36, "not_yet"), (37, "due"), (58, "due"), (59, "overdue")])
def test_a_step_is_not_due_before_its_window_and_overdue_after_it(on: int, timing: str) -> None:
    (step,) = [each for each in after_two_cycles().next(on).due if each.window.name == "assessment"]
    assert step.timing(day(on)) == timing
    assert step.as_dict(day(on))["timing"] == timing


@pytest.mark.shows("R-008", "C-23")
def test_days_are_not_counted_from_a_date_that_is_not_known_to_the_day() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1, occurred_precision="month")
    (told,) = (each for each in story.next(10).due if each.window.name == "end_cycle")
    assert (told.target, told.timing(day(10))) == (None, "unknown")
    assert told.as_dict(day(10))["why_unknown"] == "The date it is counted from is known by month only."


@pytest.mark.shows("C-24")
def test_what_is_due_first_is_told_first() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 5, confirmed=True, pattern="local")
    targets = [step.target for step in story.next(5).due]
    assert len(targets) == 3
    assert targets == sorted(target for target in targets if target)


def test_nothing_is_due_once_the_episode_is_closed_whatever_was_owed() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 1, confirmed=True, pattern="local")
    story.decided("hold", 2, "possible")
    story.decided("close", 5, "possible")
    assert story.owed() == ["local_plan", "local_control", "gd2_again"]
    assert story.next(5).due == ()


def test_what_is_owed_runs_neither_where_the_child_is_treated_elsewhere_nor_in_supportive_care() -> None:
    for option, what in (
        ("refer", "ask how the child fares where the child was referred to"),
        ("supportive_care", "review supportive care and the goals of care with the family"),
    ):
        story = Story.opened()
        story.told("progression_evidence_recorded", 1, confirmed=True, pattern="local")
        story.decided(option, 5, "possible")
        assert list(story.windows(5)) == [what]


def test_the_outcome_of_a_referral_is_asked_for_within_28_days_and_again_after_each_word_of_it() -> None:
    story = Story.opened()
    story.decided("refer", 5, "possible")
    assert story.windows(5)["ask how the child fares where the child was referred to"] == (5, 19, 33)
    story.told("follow_up_recorded", 20, findings="stable_disease")
    assert story.windows(20) == {"ask again how the child fares elsewhere": (80, 110, 140)}


def test_a_visit_before_the_referral_is_no_word_of_it() -> None:
    story = follow(assessed_after_two_cycles("CR"), 45)
    story.told("follow_up_recorded", 50, findings="no_disease")
    story.decided("refer", 60, "possible")
    assert story.windows(60)["ask how the child fares where the child was referred to"] == (60, 74, 88)


def test_supportive_care_and_its_goals_are_looked_at_again_after_90_days() -> None:
    story = Story.opened()
    story.decided("supportive_care", 5, "possible")
    what = "review supportive care and the goals of care with the family"
    assert story.windows(5)[what] == (65, 95, 125)
    story.told("intent_recorded", 20, intent="comfort")
    assert story.windows(20)[what] == (80, 110, 140)
    story.told("follow_up_recorded", 40)
    assert story.windows(40)[what] == (100, 130, 160)


@pytest.mark.parametrize(
    ("symptoms", "what", "window"),
    [
        ({}, "image brain and spine", (3, 10, 31)),
        ({"symptoms": False}, "image brain and spine", (3, 10, 31)),
        ({"symptoms": True}, "image brain and spine, since there are symptoms", (3, 4, 6)),
    ],
)
def test_a_suspicion_in_the_central_nervous_system_is_imaged_and_at_once_where_there_are_symptoms(
    symptoms: dict[str, bool], what: str, window: Dates
) -> None:
    story = first_line()
    story.told("cns_status_recorded", 3, status="suspected", **symptoms)
    assert due(story, 3, what) == window
    story.told("progression_evidence_recorded", 4, confirmed=False, pattern="metastatic")
    assert due(story, 4, what) == window
    story.told("cns_status_recorded", 5, status="no_suspicion")
    assert story.owed() == []


def test_symptoms_that_come_later_make_the_image_urgent() -> None:
    story = first_line()
    story.told("progression_evidence_recorded", 3, confirmed=False, pattern="cns")
    assert story.owed() == ["brain_image"]
    story.told("cns_status_recorded", 8, status="suspected", symptoms=True)
    assert story.owed() == ["brain_image_symptoms"]


def test_gd2_is_due_again_after_the_latest_progression_and_not_after_the_first() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 5, confirmed=True)
    assert due(story, 5, "measure GD2 again") == (5, 12, 26)
    story.treated(6)
    assert due(story, 6, "measure GD2 again") == (5, 12, 26)
    story.told("progression_evidence_recorded", 60, confirmed=True)
    assert due(story, 60, "measure GD2 again") == (60, 67, 81)


def test_an_assessment_that_shows_no_progression_does_not_ask_for_gd2_again() -> None:
    story = assessed_after_two_cycles("PD")
    story.told("gd2_measured", 46, status="positive")
    story.decided("change_line", 47, "possible")
    story.told("assessment_recorded", 60, components={"primary": "SD"})
    assert story.owed() == []
