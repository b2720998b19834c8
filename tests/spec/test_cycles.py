"""What is counted of cycles and courses: delays, aborted ones, those of another line, and the end of maintenance."""

from __future__ import annotations

import pytest

from tests.story import BEACON, Story, after_two_cycles, assessed_after_two_cycles, first_line

LONG_TERM = "dinutuximab_beta_long_term_infusion"


def given(*days: int, regimen: str = BEACON) -> Story:
    """Cycles of the first line that began on these days."""
    story = Story.opened().planned()
    story.treated(regimen=regimen)
    for number, on in enumerate(days, 1):
        story.cycle(number, on)
    return story


def in_maintenance(courses: int) -> Story:
    """Maintenance after a complete response, with so many courses given; the first on day 50, one every 35 days."""
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen=LONG_TERM)
    for number in range(1, courses + 1):
        story.cycle(number, 15 + 35 * number)
        if number == 2:
            story.assessed(113, "CR")
            story.decided("continue_maintenance", 114, "blocked")
    return story


# Delays


@pytest.mark.parametrize(("second", "third", "found"), [(33, 65, "fine"), (33, 66, "limiting")])
def test_cycles_that_began_more_than_21_days_late_in_all_limit_continuation(
    second: int, third: int, found: str
) -> None:
    story = given(2, second, third)
    assert story.episode.cycles.days_late == third - 44
    assert story.finding("tolerance", third + 6) == found


def test_a_cycle_on_its_day_or_before_it_makes_up_for_nothing() -> None:
    assert given(2, 33, 50).episode.cycles.days_late == 10


def test_the_rhythm_is_that_of_the_regimen_and_nothing_is_late_without_one() -> None:
    assert given(2, 33, regimen="dinutuximab_beta_temozolomide_topotecan").episode.cycles.days_late == 3
    assert given(2, 90, regimen="something local").episode.cycles.days_late == 0
    assert given(2, 90, regimen="mibg_131i").episode.cycles.days_late == 0


def test_days_are_added_up_between_exact_dates_and_cycles_that_follow_each_other() -> None:
    for first, then in (({"occurred_precision": "month"}, {}), ({}, {"occurred_precision": "month"})):
        story = first_line()
        story.told("cycle_started", 2, cycle=1, **first)
        story.told("cycle_completed", 7, cycle=1)
        story.told("cycle_started", 60, cycle=2, **then)
        assert story.episode.cycles.days_late == 0
    gap = given(2)
    gap.told("cycle_started", 60, cycle=3)
    assert gap.episode.cycles.days_late == 0


def test_a_pause_for_local_control_is_no_delay() -> None:
    story = given(2)
    story.told("local_control_completed", 30, modality="surgery")
    story.cycle(2, 60)
    assert story.episode.cycles.days_late == 0
    story.cycle(3, 91)
    assert story.episode.cycles.days_late == 10


def test_delays_of_a_line_end_with_it_and_maintenance_counts_its_own() -> None:
    story = given(2, 50)
    assert story.finding("tolerance", 56) == "limiting"
    story.decided("start_maintenance", 60, "possible", regimen=LONG_TERM)
    story.cycle(1, 70)
    story.cycle(2, 127)
    assert (story.episode.courses.days_late, story.finding("tolerance", 133)) == (22, "limiting")
    story.decided("change_line", 140, "possible", regimen=BEACON)
    assert story.finding("tolerance", 140) == "fine"


# Aborted cycles


def test_an_aborted_cycle_does_not_consolidate_a_remission() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 46)
    story.cycle(4, 67, delivered="aborted")
    assert (story.episode.cycles.completed, story.episode.cycles.counted) == (4, 3)
    assert story.finding("consolidated", 75) == "unknown"


def test_an_aborted_cycle_before_the_remission_takes_nothing_from_what_follows() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.cycle(2, 23, delivered="aborted")
    story.assessed(44, "CR")
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 46)
    story.cycle(4, 67)
    assert story.finding("consolidated", 75) == "yes"


def test_an_aborted_course_does_not_count_to_the_planned_ones_and_is_assessed_after_like_any_other() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen=LONG_TERM)
    story.cycle(1, 50)
    story.cycle(2, 85, delivered="aborted")
    assert (story.episode.courses.counted, story.episode.state) == (1, "assessment_due")


# Cycles of another line


@pytest.mark.shows("C-18")
def test_a_cycle_of_another_line_is_kept_for_review_and_not_counted() -> None:
    story = given(2)
    before = story.episode
    story.told("cycle_started", 23, line=2, cycle=2, regimen="ice", agents=["carboplatin"])
    after = story.episode
    assert story.steps[-1].unexpected
    assert (after.cycles, after.regimen, after.agents) == (before.cycles, before.regimen, before.agents)
    assert [review.kind for review in after.reviews.values()] == ["decision_missing"]
    assert after.state == "chemoimmunotherapy.ready"
    story.told("cycle_completed", 28, line=2, cycle=2, delivered="full")
    assert story.steps[-1].unexpected
    assert story.episode.cycles == before.cycles


def test_a_course_of_another_line_is_not_counted_to_maintenance() -> None:
    story = in_maintenance(1)
    before = story.episode.courses
    story.told("cycle_started", 85, line=2, cycle=2)
    assert (story.steps[-1].unexpected, story.episode.courses) == (True, before)


def test_a_stopped_agent_in_a_cycle_of_another_line_is_noticed() -> None:
    story = given(2)
    story.told("toxicity_recorded", 8, term="transverse myelitis")
    story.told("cycle_started", 23, line=2, cycle=1, agents=["dinutuximab_beta"])
    assert [review.kind for review in story.episode.reviews.values()] == ["stopped_agent_given"]


def test_the_cycle_counts_once_the_decision_for_its_line_is_recorded_with_its_own_date() -> None:
    story = given(2)
    story.told("cycle_started", 23, line=2, cycle=1)
    story.decided("change_line", 22, "possible", regimen="topotecan_cyclophosphamide")
    assert (story.episode.line, story.episode.cycles.started) == (2, 1)
    assert "decision_missing" not in {review.kind for review in story.episode.reviews.values()}


# The end of maintenance


def test_after_the_planned_courses_no_further_one_is_recommended() -> None:
    story = in_maintenance(5)
    assert story.episode.state == "assessment_due"
    story.ready_for_cycle(225)
    story.decided("continue_maintenance", 225, "blocked", text="The family wishes to go on.")
    told = story.next(225)
    assert (story.finding("planned_courses", 225), [row.number for row in told.outcome.rows]) == (
        "done",
        ["G4"],
    )
    assert told.recommended == "complete_workup"
    assert told.outcome.offers["continue_maintenance"].needs_reason
    assert told.status("follow_up") == "possible"


def test_before_the_last_planned_course_the_next_one_is_recommended() -> None:
    story = in_maintenance(4)
    story.fit(190)
    story.ready_for_cycle(190)
    assert (story.finding("planned_courses", 190), story.next(190).recommended) == (
        "left",
        "continue_maintenance",
    )


def test_with_a_regimen_that_has_no_plan_the_number_of_courses_is_not_known() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", regimen="something local")
    assert story.finding("planned_courses", 46) == "unknown"
    untold = Story.opened()
    untold.decided("start_maintenance", 1, "possible")
    assert untold.finding("planned_courses", 1) == "unknown"


# What an assessment rests on


def test_a_component_examined_before_the_last_cycle_ended_does_not_make_an_assessment() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 27, components={"primary": "PR", "metastatic": "NI"}, timepoint="1.2")
    story.told("assessment_recorded", 44, components={"bone_marrow": "NI"}, timepoint="1.2")
    assert story.finding("response", 44) == "NE"
    shown = next(found for each, found in story.next(44).found.items() if each.name == "response").shown
    assert shown == "examined in part before the last cycle ended on 2026-01-29"
    story.told("response_confirmed", 45, response="PR", reason="The early scan was looked at again.")
    assert story.finding("response", 45) == "PR"


def test_progression_seen_before_the_cycle_ended_is_progression() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 27, components={"primary": "PD"}, timepoint="1.2")
    assert story.finding("response", 30) == "PD"
