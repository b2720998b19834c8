"""Ways through the pathway that few children take: each edge leads where the table says, from every state it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.test_car_t import depleting, infused, referred, released, step
from tests.story import BEACON, Story, assessed_after_two_cycles, first_line

NAXITAMAB = "naxitamab_gm_csf"
OTHER_ANTIBODY = {"agents": ["naxitamab", "irinotecan", "temozolomide"]}


def in_restaging() -> Story:
    story = first_line()
    story.decided("local_control", 60, "possible")
    story.told("local_control_completed", 70, modality="surgery", site="abdomen")
    return story


def in_maintenance() -> Story:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 45, regimen=NAXITAMAB)
    return story


def in_a_course() -> Story:
    story = in_maintenance()
    story.ready_for_cycle(50)
    story.told("cycle_started", 50, cycle=1)
    return story


def collecting() -> Story:
    story = referred()
    step(story, 46, "eligible")
    return story


def response_due() -> Story:
    story = infused()
    step(story, 110, "response")
    return story


def after_cells() -> Story:
    story = response_due()
    story.assessed(121, "PR", timepoint="week-6")
    return story


def followed() -> Story:
    story = after_cells()
    story.decided("follow_up", 122, "possible")
    return story


PLACES: dict[str, Any] = {
    "restaging": in_restaging,
    "maintenance.ready": in_maintenance,
    "maintenance.cycle_running": in_a_course,
    "car_t_bridge.referred": referred,
    "car_t_bridge.apheresis": collecting,
    "car_t_bridge.manufacturing": released,
    "car_t_bridge.lymphodepletion": depleting,
    "car_t_bridge.monitoring": infused,
    "car_t_bridge.response_due": response_due,
    "decision_due": after_cells,
    "follow_up": followed,
}


def at(place: str) -> Story:
    story: Story = PLACES[place]()
    assert story.episode.state == place
    return story


def is_taken_in(story: Story) -> bool:
    return not story.steps[-1].unexpected


# Progression


@pytest.mark.parametrize("place", [each for each in PLACES if each not in ("decision_due", "follow_up")])
def test_progression_that_is_confirmed_under_treatment_is_decided_upon(place: str) -> None:
    story = at(place)
    story.told("progression_evidence_recorded", 130, confirmed=True)
    assert (story.episode.state, is_taken_in(story)) == ("decision_due", True)


@pytest.mark.parametrize("place", ["maintenance.cycle_running", "car_t_bridge.lymphodepletion"])
def test_an_assessment_in_the_middle_of_treatment_leads_to_the_decision_when_it_shows_progression(
    place: str,
) -> None:
    story = at(place)
    story.assessed(73, "SD", timepoint="stable")
    assert story.episode.state == place
    story.assessed(74, "PD", timepoint="worse")
    assert story.episode.state == "decision_due"


def test_an_assessment_between_two_courses_of_maintenance_is_decided_upon() -> None:
    story = at("maintenance.ready")
    story.assessed(60, "CR", timepoint="between")
    assert story.episode.state == "decision_due"


# Lines that another centre began


@pytest.mark.shows("R-006")
@pytest.mark.parametrize("place", ["progression_suspected", "progression_confirmed", "referred_elsewhere"])
@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"cycles_since_assessment": 1}, "chemoimmunotherapy.ready"),
        ({"cycles_since_assessment": 2}, "assessment_due"),
        ({"regimen": NAXITAMAB, "maintenance_courses": 2}, "maintenance.ready"),
        ({"regimen": NAXITAMAB, "maintenance_courses": 5}, "assessment_due"),
    ],
)
def test_a_line_from_elsewhere_goes_on_where_it_stood(
    place: str, told: dict[str, Any], expected: str
) -> None:
    story = Story.opened()
    if place != "progression_suspected":
        story.planned()
    if place == "referred_elsewhere":
        story.decided("refer", 2, "possible")
    assert story.episode.state == place
    story.told("treatment_taken_over", 10, **{"line": 1, "regimen": BEACON, "cycles": 3, **told})
    assert (story.episode.state, is_taken_in(story)) == (expected, True)


# The way to cells, and after them


@pytest.mark.parametrize("end", ["no_slot", "manufacturing_failed", "out_of_specification"])
def test_what_ends_the_way_to_cells_is_decided_upon_in_lymphodepletion_too(end: str) -> None:
    story = at("car_t_bridge.lymphodepletion")
    step(story, 74, end)
    assert story.episode.state == "decision_due"


@pytest.mark.parametrize(
    "place",
    [
        "car_t_bridge.referred",
        "car_t_bridge.apheresis",
        "car_t_bridge.manufacturing",
        "car_t_bridge.lymphodepletion",
    ],
)
def test_bridging_treatment_on_the_way_to_cells_stays_on_it(place: str) -> None:
    story = at(place)
    step(story, 74, "bridging")
    assert (story.episode.state, is_taken_in(story)) == (place, True)


def test_lymphodepletion_decided_again_goes_on_with_it() -> None:
    story = at("car_t_bridge.lymphodepletion")
    story.decided("bridge_to_car_t", 74)
    assert story.episode.state == "car_t_bridge.lymphodepletion"


@pytest.mark.parametrize(
    "place", ["car_t_bridge.monitoring", "car_t_bridge.response_due", "decision_due", "follow_up"]
)
@pytest.mark.parametrize("told", ["crs", "icans", "safety_switch_fired"])
def test_side_effects_of_cells_are_taken_in_however_late_they_come_and_move_nothing(
    place: str, told: str
) -> None:
    story = at(place)
    step(story, 125, told, **({} if told == "safety_switch_fired" else {"grade": 1}))
    assert (story.episode.state, is_taken_in(story)) == (place, True)


def test_the_response_to_cells_is_told_of_again_at_each_time_point() -> None:
    story = at("car_t_bridge.response_due")
    step(story, 140, "response")
    assert (story.episode.state, is_taken_in(story)) == ("car_t_bridge.response_due", True)


@pytest.mark.parametrize("told", ["referred", "manufacturing_failed", "out_of_specification", "no_slot"])
def test_a_step_to_cells_that_is_told_of_outside_the_bridge_moves_nothing(told: str) -> None:
    story = at("maintenance.ready")
    step(story, 60, told)
    assert (story.episode.state, is_taken_in(story)) == ("maintenance.ready", True)


def test_after_the_response_at_month_6_no_time_point_is_left_and_the_answer_says_so() -> None:
    story = after_cells()
    story.decided("continue_monitoring", 122)
    story.fit(262)
    story.assessed(262, "PR", timepoint="month-6")
    (row,) = story.next(262).document("0" * 64)["rows"]
    assert (row["row"], row["recommends"]) == ("16a", "follow_up")
    assert [guard["value"] for guard in row["guards"] if guard["finding"] == "cell_time_points"] == [True]


# Decisions


def test_going_on_with_maintenance_while_its_course_runs_changes_no_state() -> None:
    story = at("maintenance.cycle_running")
    story.decided("continue_maintenance", 51)
    assert story.episode.state == "maintenance.cycle_running"


def test_an_antibody_dropped_at_a_decision_about_maintenance_leads_back_to_its_courses() -> None:
    story = at("maintenance.ready")
    story.assessed(60, "CR", timepoint="between")
    story.decided("drop_antibody", 61, "possible")
    assert story.episode.state == "maintenance.ready"


def test_an_antibody_switched_at_a_decision_about_a_line_leads_back_to_its_cycles() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("switch_antibody", 45, "possible", **OTHER_ANTIBODY)
    assert story.episode.state == "chemoimmunotherapy.ready"


def test_obtaining_what_is_missing_moves_nothing() -> None:
    story = Story.opened()
    story.decided("complete_workup", 1)
    assert story.episode.state == "progression_suspected"


def test_something_else_may_lead_to_restaging() -> None:
    story = first_line()
    story.decided("other", 10, "possible", text="operated on elsewhere", rests_in="restaging")
    assert story.episode.state == "restaging"


def test_a_closure_told_of_again_leaves_the_episode_closed() -> None:
    story = Story.opened()
    story.told("episode_closed", 5, reason="death")
    story.told("episode_closed", 6, reason="transferred")
    assert (story.episode.state, is_taken_in(story)) == ("closed", True)


# What a response does not settle


def test_once_two_cycles_were_given_after_a_remission_it_is_consolidated_and_maintenance_follows() -> None:
    story = assessed_after_two_cycles("CR")
    assert story.next(44).recommended == "continue_chemoimmunotherapy"
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 50)
    story.cycle(4, 71)
    story.fit(92)
    story.assessed(92, "CR", timepoint="later")
    assert (story.rows(92), story.next(92).recommended) == (["29b"], "start_maintenance")


def test_a_minor_response_at_the_limit_is_for_the_tumour_board_like_stable_disease() -> None:
    story = first_line()
    for number in range(1, 7):
        story.cycle(number, 21 * number)
    story.fit(150)
    story.assessed(150, "PR", "SD")
    assert (story.rows(150), story.next(150).recommended) == (["36"], None)
