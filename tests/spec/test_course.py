"""The course of an episode: what moves it, what is counted, and what runs beside its state."""

from __future__ import annotations

import pytest

from tests.spec.decision import outcome
from tests.story import BEACON, Story, after_two_cycles, assessed_after_two_cycles, first_line


def state(story: Story) -> str:
    return story.episode.state


# Entry


def test_an_episode_begins_with_suspicion() -> None:
    assert state(Story.opened()) == "progression_suspected"


def test_evidence_that_is_only_suspected_leaves_the_work_up_open() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 1, confirmed=False)
    assert state(story) == "progression_suspected"
    assert not story.steps[-1].unexpected


def test_a_relapse_is_planned_for_once_it_is_confirmed() -> None:
    assert state(Story.opened().planned(setting="relapse")) == "progression_confirmed"


def test_refractory_disease_enters_without_a_relapse_and_keeps_a_transplant_open() -> None:
    story = Story.opened().planned(setting="refractory")
    assert state(story) == "progression_confirmed"
    assert story.finding("high_dose_therapy", 0) == "refractory"


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"high_dose_therapy": True}, "given"),
        ({"high_dose_therapy": False}, "none"),
        ({}, "unknown"),
    ],
)
def test_earlier_high_dose_therapy_is_known_from_prior_therapy(told: dict[str, bool], found: str) -> None:
    story = Story.opened()
    story.told("prior_therapy_recorded", 0, line=1, **told)
    story.told("prior_therapy_recorded", 0, line=2)
    assert story.finding("high_dose_therapy", 0) == found


def test_a_plan_for_a_haploidentical_transplant_opens_it_after_earlier_high_dose_therapy() -> None:
    story = Story.opened()
    story.told("prior_therapy_recorded", 0, line=1, high_dose_therapy=True)
    story.told("consent_recorded", 0, scope="haploidentical_transplant", given=True)
    assert story.finding("high_dose_therapy", 0) == "haploidentical"


# Cycles


def test_two_cycles_lead_to_an_assessment() -> None:
    story = first_line()
    story.cycle(1, 2)
    assert state(story) == "chemoimmunotherapy.ready"
    story.cycle(2, 23)
    assert state(story) == "assessment_due"


def test_an_aborted_cycle_counts_to_the_next_assessment_and_not_to_the_limit() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.cycle(2, 23, delivered="aborted")
    assert state(story) == "assessment_due"
    cycles = story.episode.cycles
    assert (cycles.completed, cycles.counted) == (2, 1)


def test_after_an_aborted_cycle_the_phase_is_not_known_below_the_limit() -> None:
    story = first_line()
    story.cycle(1, 2, delivered="aborted")
    assert story.finding("phase", 8) == "unknown"


@pytest.mark.parametrize(
    ("given", "found"), [(0, "early"), (3, "early"), (4, "mid"), (5, "mid"), (6, "limit"), (7, "limit")]
)
def test_the_phase_follows_the_cycles_counted_and_the_limit_of_six(given: int, found: str) -> None:
    story = first_line()
    for number in range(1, given + 1):
        story.cycle(number, 21 * number)
    assert story.finding("phase", 200) == found


@pytest.mark.shows("C-05")
def test_a_published_cap_that_was_not_checked_raises_no_limit_and_is_told_as_unverified() -> None:
    story = first_line(regimen="dinutuximab_irinotecan_temozolomide")
    for number in range(1, 7):
        assert story.finding("phase", 200) != "limit"
        story.cycle(number, 21 * number)
    assert story.finding("phase", 200) == "limit"
    story.fit(148)
    story.assessed(148, "PR")
    (told,) = (
        each for each in story.next(148).document("")["prompts"] if each["prompt"] == "published_duration"
    )
    assert told["detail"].startswith("At most 17 cycles")
    assert told["detail"].endswith("(unverified)")
    assert not told["because"]["verified"]


@pytest.mark.shows("C-18")
def test_a_cycle_without_a_number_counts_and_leaves_the_phase_unknown() -> None:
    story = first_line()
    story.cycle("unknown", 2)
    assert (story.episode.cycles.counted, story.finding("phase", 8)) == (1, "unknown")


@pytest.mark.shows("C-18")
def test_a_gap_in_the_numbers_leaves_the_phase_unknown() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=3)
    assert story.steps[-1].unexpected
    assert story.finding("phase", 3) == "unknown"


@pytest.mark.shows("C-18", "T-40")
def test_a_cycle_with_a_number_told_before_is_kept_apart_for_review_and_not_counted() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.told("cycle_started", 9, cycle=1)
    assert story.steps[-1].unexpected
    assert story.episode.cycles.started == 1
    assert [review.kind for review in story.episode.reviews.values()] == ["repeated_cycle"]


@pytest.mark.shows("C-18")
def test_a_cycle_of_another_line_is_unexpected() -> None:
    story = first_line()
    story.told("cycle_started", 2, line=2, cycle=1)
    assert story.steps[-1].unexpected
    assert state(story) == "chemoimmunotherapy.ready"


def test_the_end_of_a_cycle_that_does_not_run_is_unexpected() -> None:
    story = first_line()
    story.told("cycle_completed", 2, cycle=1)
    assert story.steps[-1].unexpected


def test_after_cycles_without_numbers_a_numbered_one_is_taken_as_it_comes() -> None:
    story = first_line()
    story.cycle("unknown", 2)
    story.told("cycle_started", 23, cycle=2)
    assert not story.steps[-1].unexpected


# Progression


def test_progression_seen_while_a_cycle_runs_ends_it_as_aborted() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    story.told("assessment_recorded", 9, components={"metastatic": "PD"})
    assert state(story) == "decision_due"
    assert story.episode.cycles.last_delivered == "aborted"
    assert story.episode.cycles.counted == 0


def test_progression_confirmed_while_a_cycle_runs_leads_to_the_decision() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    story.told("progression_evidence_recorded", 9, confirmed=True)
    assert state(story) == "decision_due"
    assert story.finding("response", 9) == "PD"


@pytest.mark.shows("R-002")
def test_a_response_seen_while_a_cycle_runs_is_kept_and_moves_nothing() -> None:
    story = first_line()
    story.told("cycle_started", 2, cycle=1)
    story.assessed(9, "SD")
    assert state(story) == "chemoimmunotherapy.cycle_running"
    assert story.finding("response", 9) == "SD"


def test_suspicion_under_treatment_is_kept_and_moves_nothing() -> None:
    story = first_line()
    story.told("progression_evidence_recorded", 9, confirmed=False)
    assert state(story) == "chemoimmunotherapy.ready"
    assert not story.steps[-1].unexpected


def test_progression_that_was_only_reported_is_open_and_one_with_its_component_is_confirmed() -> None:
    reported = after_two_cycles()
    reported.told("assessment_recorded", 44, reported_overall="PD")
    assert reported.finding("progression_confirmed", 44) == "open"
    assert assessed_after_two_cycles("PD").finding("progression_confirmed", 44) == "confirmed"
    reported.told("response_confirmed", 45, response="PD", reason="Seen again on the scan.")
    assert reported.finding("progression_confirmed", 45) == "confirmed"


def test_a_new_spot_that_evidence_leaves_open_is_not_confirmed() -> None:
    story = assessed_after_two_cycles("SD", "PD")
    story.told("progression_evidence_recorded", 44, confirmed=False)
    assert story.finding("progression_confirmed", 45) == "open"
    assert [row.number for row in story.next(45).outcome.rows] == ["5"]


def test_a_spot_that_was_measured_and_may_be_a_mimic_is_not_confirmed() -> None:
    story = after_two_cycles()
    new_spot = {"rating": "PD", "mibg": {"score": "siopen", "absolute": "1", "baseline": "0", "new_sites": 1}}
    parts = {"primary": "NI", "metastatic": new_spot, "bone_marrow": "NI"}
    story.told("assessment_recorded", 44, components=parts)
    assert story.finding("response", 44) == "PD"
    timepoint = story.episode.timepoint
    assert timepoint is not None
    marked = any("mimic" in mark for marks in timepoint.marks.values() for mark in marks)
    assert (story.finding("progression_confirmed", 44) == "open") == marked


def test_progression_in_maintenance_ends_its_course_as_aborted_and_not_the_cycle_before() -> None:
    story = in_maintenance(regimen="naxitamab_gm_csf")
    story.told("cycle_started", 50, cycle=1)
    story.told("progression_evidence_recorded", 55, confirmed=True)
    assert state(story) == "decision_due"
    assert (story.episode.courses.last_delivered, story.episode.cycles.last_delivered) == ("aborted", "full")


def test_a_bridge_that_fails_before_any_assessment_is_decided_upon_as_the_progression_it_began_with() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.decided("bridge_to_car_t", 1, "possible")
    story.told("car_t_step_recorded", 5, step="ineligible")
    assert state(story) == "decision_due"
    assert (story.finding("response", 5), story.finding("progression_confirmed", 5)) == ("PD", "confirmed")


def test_without_any_evidence_nothing_is_confirmed_and_nothing_can_be_rated() -> None:
    story = Story.opened()
    assert (story.finding("response", 0), story.finding("progression_confirmed", 0)) == ("NE", "unknown")
    story.told("progression_evidence_recorded", 0, confirmed=False)
    assert (story.finding("response", 0), story.finding("progression_confirmed", 0)) == ("NE", "open")


# Lines


@pytest.mark.shows("R-065")
def test_a_new_line_has_a_new_baseline_and_a_new_count() -> None:
    story = assessed_after_two_cycles("PD")
    story.told("consent_recorded", 46, given=True)
    story.decided("change_line", 46, regimen="dinutuximab_beta_topotecan_cyclophosphamide")
    episode = story.episode
    assert (episode.line, episode.cycles.counted, episode.assessments) == (2, 0, 0)
    assert episode.timepoints == {}
    assert [(line.number, line.regimen, line.last_response) for line in episode.earlier_lines] == [
        (1, BEACON, "PD")
    ]
    assert (state(story), story.finding("phase", 46)) == ("chemoimmunotherapy.ready", "early")


@pytest.mark.shows("R-062")
def test_a_stop_holds_across_lines() -> None:
    story = after_two_cycles()
    story.told("toxicity_recorded", 29, term="anaphylaxis", grade=4)
    story.decided("change_line", 46, "possible", regimen="dinutuximab_beta_topotecan_cyclophosphamide")
    assert story.finding("tolerance", 46) == "emergency"
    assert "dinutuximab_beta" in story.episode.stops
    story.told("toxicity_recorded", 47, term="anaphylaxis", grade=1, ongoing=False)
    assert story.finding("tolerance", 47) == "stop"


def test_dropping_or_switching_the_antibody_keeps_baseline_and_count() -> None:
    story = after_two_cycles()
    baselines = story.episode.baselines
    for option, named, agents in (
        ("switch_antibody", ["naxitamab", "irinotecan"], ("naxitamab", "irinotecan")),
        ("drop_antibody", [], ("irinotecan",)),
    ):
        story.decided(option, 30, "possible", agents=named)
        episode = story.episode
        assert (episode.line, episode.cycles.counted, episode.agents) == (1, 2, agents)
        assert episode.baselines == baselines
        assert state(story) == "assessment_due"


def test_the_regimen_without_its_antibody_is_its_backbone_and_with_another_one_the_regimen_of_both() -> None:
    story = after_two_cycles()
    story.decided("switch_antibody", 30, "possible", agents=["naxitamab"])
    assert story.episode.regimen == "naxitamab_irinotecan_temozolomide"
    assert story.episode.agents == ("naxitamab", "irinotecan", "temozolomide")
    story.decided("drop_antibody", 31, "possible")
    assert story.episode.regimen == "irinotecan_temozolomide"


def test_a_regimen_that_nobody_publishes_with_the_other_antibody_has_no_name() -> None:
    story = first_line(regimen="dinutuximab_beta_n5_n6")
    story.decided("switch_antibody", 30, "possible", agents=["naxitamab"])
    assert story.episode.regimen is None
    story.decided("drop_antibody", 31, "possible")
    assert story.episode.regimen is None


def test_an_antibody_changed_after_an_assessment_leads_back_to_cycles_or_to_courses() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("drop_antibody", 45, "possible")
    assert state(story) == "chemoimmunotherapy.ready"
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 45, regimen="dinutuximab_beta_isotretinoin")
    story.cycle(1, 46)
    story.cycle(2, 82)
    story.fit(117)
    story.assessed(117, "CR")
    assert state(story) == "decision_due"
    story.decided("switch_antibody", 118, "possible", agents=["naxitamab"])
    assert state(story) == "maintenance.ready"
    assert story.episode.agents == ("naxitamab", "isotretinoin")
    assert story.episode.regimen == "dinutuximab_beta_isotretinoin"


def test_the_third_line_is_a_late_one() -> None:
    story = first_line()
    for on in (20, 40):
        assert story.finding("line", on) == "first_or_second"
        story.decided("change_line", on, "possible")
    assert story.finding("line", 40) == "third_or_later"


@pytest.mark.parametrize(
    ("before", "finding"),
    [
        ([1], "first_or_second"),
        ([1, 2], "first_or_second"),
        ([1, 2, 3], "third_or_later"),
        ([3], "third_or_later"),
        (["unknown"], "unknown"),
        ([1, "unknown"], "unknown"),
        ([3, "unknown"], "third_or_later"),
    ],
)
def test_lines_before_the_episode_count_and_the_frontline_does_not(
    before: list[int | str], finding: str
) -> None:
    story = first_line()
    for number in before:
        story.told("prior_therapy_recorded", 0, line=number, regimen=f"course {number}")
    assert story.finding("line", 20) == finding


@pytest.mark.parametrize(
    ("line", "before", "finding"),
    [(3, [], "third_or_later"), (2, [1, 2], "first_or_second"), (2, [1, 2, 3], "third_or_later")],
)
def test_a_line_that_was_taken_over_tells_of_the_lines_before_it(
    line: int, before: list[int], finding: str
) -> None:
    story = Story.opened().planned()
    for number in before:
        story.told("prior_therapy_recorded", 0, line=number, regimen=f"course {number}")
    story.told("treatment_taken_over", 1, line=line, cycles=2, agents=["irinotecan"])
    assert story.finding("line", 2) == finding


def test_before_a_line_began_only_those_before_the_episode_were_given() -> None:
    story = Story.opened().planned()
    story.told("prior_therapy_recorded", 0, line=3)
    assert story.finding("line", 1) == "first_or_second"
    story.told("prior_therapy_recorded", 0, line=4)
    assert story.finding("line", 1) == "third_or_later"
    assert [row.number for row in story.next(1).outcome.rows] == ["G2"]


def test_a_relapse_after_an_unknown_number_of_lines_is_for_the_tumour_board_and_the_number_is_asked_for() -> (
    None
):
    story = Story.opened().planned()
    story.told("prior_therapy_recorded", 0, line="unknown", regimen="RIST")
    told = story.next(1)
    assert [row.number for row in told.outcome.rows] == ["G3"]
    assert told.outcome.needs_tumour_board
    assert "line" in {each.name for each in told.outcome.obtain}


@pytest.mark.parametrize(("on", "status"), [(0, "blocked"), (1, "blocked"), (2, "possible")])
def test_consent_to_the_present_line_is_none_to_another(on: int, status: str) -> None:
    story = Story.opened().planned().treated(1)
    story.told("consent_recorded", on, given=True)
    story.cycle(1, 2)
    story.cycle(2, 23)
    story.told("fitness_recorded", 44, lansky=90)
    story.assessed(44, "SD")
    assert story.status("change_line", 44) == status
    assert story.status("continue_chemoimmunotherapy", 44) == "recommended"


def test_a_consent_that_was_withdrawn_blocks_the_present_line_and_the_next() -> None:
    story = assessed_after_two_cycles("SD")
    story.told("consent_recorded", 45, given=False)
    assert story.finding("new_line_consent", 45) == "refused"
    for option in ("change_line", "continue_chemoimmunotherapy"):
        assert story.status(option, 45) == "blocked"


def test_a_remission_is_consolidated_by_two_more_cycles() -> None:
    story = assessed_after_two_cycles("CR")
    assert story.finding("consolidated", 44) == "no"
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 46)
    story.cycle(4, 67)
    assert story.finding("consolidated", 75) == "yes"


def test_with_a_cycle_uncertain_it_is_not_known_whether_the_remission_is_consolidated() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle("unknown", 46)
    assert story.finding("consolidated", 60) == "unknown"


def test_progression_ends_a_remission() -> None:
    story = assessed_after_two_cycles("CR")
    story.told("progression_evidence_recorded", 45, confirmed=True)
    story.assessed(46, "PD", timepoint="again")
    assert story.episode.remission_after is None


# Local control


def test_local_control_is_followed_by_restaging_and_a_decision_about_it() -> None:
    story = assessed_after_two_cycles("PR", residual={"local_control_feasible": True})
    story.decided("local_control", 45, "possible")
    assert state(story) == "local_control"
    story.told("local_control_completed", 50, modality="surgery", site="adrenal")
    assert state(story) == "restaging"
    story.assessed(90, "NI")
    assert (state(story), story.finding("context", 90)) == ("decision_due", "local_control")


def test_what_local_control_has_dealt_with_is_no_longer_amenable_to_it() -> None:
    story = assessed_after_two_cycles("PR", residual={"local_control_feasible": True})
    assert story.finding("local_disease", 44) == "yes"
    story.told("local_control_completed", 50, modality="surgery")
    assert story.finding("local_disease", 50) == "unknown"


def test_progression_evidence_may_say_that_local_control_is_not_feasible() -> None:
    story = Story.opened().planned(local_control_feasible=False)
    assert story.finding("local_disease", 0) == "no"


# Maintenance


def in_maintenance(**detail: object) -> Story:
    story = assessed_after_two_cycles("CR")
    story.decided("start_maintenance", 46, "possible", **detail)
    return story


def test_maintenance_is_assessed_after_its_second_course_and_after_its_last() -> None:
    story = in_maintenance(regimen="dinutuximab_beta_long_term_infusion")
    assert (state(story), story.finding("phase", 46)) == ("maintenance.ready", "early")
    story.cycle(1, 50)
    assert state(story) == "maintenance.ready"
    story.cycle(2, 85)
    assert state(story) == "assessment_due"
    story.assessed(112, "CR")
    story.decided("continue_maintenance", 113)
    for number, on in ((3, 120), (4, 155)):
        story.cycle(number, on)
    assert (state(story), story.finding("phase", 165)) == ("maintenance.ready", "mid")
    story.cycle(5, 190)
    assert (state(story), story.finding("phase", 200)) == ("assessment_due", "limit")


def test_how_far_maintenance_is_is_unknown_with_a_regimen_that_has_no_plan_or_a_course_without_a_number() -> (
    None
):
    assert in_maintenance(regimen="something local").finding("phase", 46) == "unknown"
    story = in_maintenance(regimen="naxitamab_gm_csf")
    story.cycle("unknown", 50)
    assert story.finding("phase", 60) == "unknown"


def test_severe_side_effects_are_counted_by_course_in_maintenance() -> None:
    story = in_maintenance(regimen="naxitamab_gm_csf")
    for number, on in ((1, 50), (2, 80)):
        story.told("cycle_started", on, cycle=number)
        story.told("toxicity_recorded", on + 1, term="hypotension", grade=3, ongoing=False)
        story.told("cycle_completed", on + 5, cycle=number, delivered="full")
    assert story.finding("tolerance", 90) == "limiting"


def test_extended_maintenance_counts_its_courses_anew() -> None:
    story = in_maintenance(regimen="naxitamab_gm_csf")
    story.cycle(1, 50)
    story.decided("start_maintenance", 80, "possible")
    assert story.episode.courses.started == 0


# Cells


def with_cells_decided() -> Story:
    story = assessed_after_two_cycles("PR")
    story.told("car_t_step_recorded", 44, step="eligible")
    story.told("consent_recorded", 44, scope="car_t", given=True)
    assert story.status("bridge_to_car_t", 44) == "possible"
    story.decided("bridge_to_car_t", 45, "possible")
    return story


def test_cells_follow_their_steps_and_lymphodepletion_needs_a_decision() -> None:
    story = with_cells_decided()
    assert state(story) == "car_t_bridge.referred"
    story.told("car_t_step_recorded", 46, step="eligible")
    assert state(story) == "car_t_bridge.apheresis"
    story.decided("bridge_to_car_t", 47)
    assert state(story) == "car_t_bridge.apheresis"
    story.told("car_t_step_recorded", 50, step="apheresis")
    assert state(story) == "car_t_bridge.manufacturing"
    story.decided("bridge_to_car_t", 51)
    assert state(story) == "car_t_bridge.manufacturing"
    story.told("car_t_step_recorded", 70, step="product_released")
    assert (state(story), story.next(70).recommended) == ("car_t_bridge.manufacturing", "complete_workup")
    story.decided("bridge_to_car_t", 72)
    assert state(story) == "car_t_bridge.lymphodepletion"
    story.told("car_t_step_recorded", 80, step="lymphodepletion")
    story.told("car_t_step_recorded", 83, step="infused")
    assert state(story) == "car_t_bridge.monitoring"
    story.told("car_t_step_recorded", 84, step="crs", grade=2)
    assert story.episode.car_t["crs"].value == "crs grade 2"
    story.told("car_t_step_recorded", 120, step="response")
    assert state(story) == "car_t_bridge.response_due"
    story.fit(125)
    story.assessed(125, "CR")
    assert (state(story), story.next(125).recommended) == ("decision_due", "continue_monitoring")
    assert not any(step.unexpected for step in story.steps)


def test_after_month_6_a_response_to_cells_goes_on_to_follow_up() -> None:
    story = with_cells_decided()
    story.told("car_t_step_recorded", 60, step="infused")
    for on, recommended in ((100, "continue_monitoring"), (150, "continue_monitoring"), (228, "follow_up")):
        story.fit(on)
        story.assessed(on, "PR", timepoint=f"day-{on}")
        assert story.finding("cell_time_points", on) == ("done" if on == 228 else "left")
        told = outcome(context="car_t", response="PR", cell_time_points=story.finding("cell_time_points", on))
        assert told.recommended == recommended


def test_a_relapse_after_the_third_line_is_for_the_tumour_board() -> None:
    story = first_line()
    for on in (20, 40):
        story.decided("change_line", on, "possible")
    story.decided("follow_up", 60, "possible")
    story.planned(300)
    assert (state(story), [row.number for row in story.next(300).outcome.rows]) == (
        "progression_confirmed",
        ["G2"],
    )


def test_a_second_infusion_waits_for_a_product_of_its_own() -> None:
    story = with_cells_decided()
    for on, step in ((46, "eligible"), (50, "apheresis"), (70, "product_released")):
        story.told("car_t_step_recorded", on, step=step)
    assert story.next(70).due[0].window.name == "decision"
    story.decided("bridge_to_car_t", 72)
    story.told("car_t_step_recorded", 83, step="infused")
    story.assessed(125, "PR")
    story.decided("bridge_to_car_t", 126, "possible")
    story.told("car_t_step_recorded", 130, step="eligible")
    story.told("car_t_step_recorded", 140, step="apheresis")
    assert state(story) == "car_t_bridge.manufacturing"
    assert story.next(140).due[0].window.name == "manufacturing"
    assert [row.number for row in story.next(140).outcome.rows] == ["G"]


@pytest.mark.parametrize(
    ("steps", "exit_step"),
    [
        ((), "ineligible"),
        (("eligible",), "ineligible"),
        (("eligible",), "manufacturing_failed"),
        (("eligible", "apheresis"), "manufacturing_failed"),
    ],
)
def test_every_exit_on_the_way_to_cells_ends_in_a_decision(steps: tuple[str, ...], exit_step: str) -> None:
    story = with_cells_decided()
    for on, step in enumerate((*steps, exit_step), 46):
        story.told("car_t_step_recorded", on, step=step)
    assert state(story) == "decision_due"


@pytest.mark.parametrize("steps", [(), ("eligible",), ("eligible", "apheresis")])
def test_progression_on_the_way_to_cells_ends_in_a_decision(steps: tuple[str, ...]) -> None:
    story = with_cells_decided()
    for on, step in enumerate(steps, 46):
        story.told("car_t_step_recorded", on, step=step)
    story.assessed(60, "PD", timepoint="restaging")
    assert state(story) == "decision_due"


def test_a_child_found_unfit_at_lymphodepletion_is_decided_on_again() -> None:
    story = with_cells_decided()
    for on, step in ((46, "eligible"), (50, "apheresis"), (70, "product_released")):
        story.told("car_t_step_recorded", on, step=step)
    story.decided("bridge_to_car_t", 72)
    story.told("car_t_step_recorded", 75, step="ineligible")
    assert state(story) == "decision_due"
    assert story.status("bridge_to_car_t", 75) == "blocked"


@pytest.mark.shows("R-011")
def test_cells_infused_without_a_decision_are_recorded_and_open_a_review() -> None:
    story = assessed_after_two_cycles("PR")
    story.told("car_t_step_recorded", 45, step="infused")
    assert story.steps[-1].unexpected
    assert [review.kind for review in story.episode.reviews.values()] == ["decision_missing"]
    assert state(story) == "decision_due"


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([("eligible", 1)], "yes"),
        ([("eligible", 1), ("ineligible", 2)], "no"),
        ([("ineligible", 1), ("eligible", 2)], "yes"),
        ([("ineligible", 1)], "no"),
        ([], "unknown"),
    ],
)
def test_the_latest_word_on_eligibility_counts(told: list[tuple[str, int]], found: str) -> None:
    story = Story.opened()
    story.told("gd2_measured", 0, status="partial")
    for step, on in told:
        story.told("car_t_step_recorded", on, step=step)
    assert story.finding("car_t_eligibility", 3) == found


def test_no_child_is_eligible_for_cells_without_gd2_or_with_a_neurological_stop() -> None:
    story = Story.opened()
    story.told("car_t_step_recorded", 1, step="eligible")
    assert story.finding("car_t_eligibility", 1) == "unknown"
    story.told("gd2_measured", 2, status="negative")
    assert story.finding("car_t_eligibility", 2) == "no"
    story.told("gd2_measured", 3, status="positive")
    assert story.finding("car_t_eligibility", 3) == "yes"
    story.told("toxicity_recorded", 4, term="transverse myelitis", agent="naxitamab")
    assert story.finding("car_t_eligibility", 4) == "no"


# Central nervous system, goal of care


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("no_suspicion", "none"),
        ("suspected", "suspected"),
        ("new_disease", "new"),
        ("controlled", "controlled"),
    ],
)
def test_what_is_told_of_the_central_nervous_system_counts(status: str, found: str) -> None:
    story = Story.opened()
    assert story.finding("cns", 0) == "none"
    story.told("cns_status_recorded", 1, status=status)
    assert story.finding("cns", 1) == found


@pytest.mark.parametrize(("confirmed", "found"), [(True, "new"), (False, "suspected")])
def test_a_progression_in_the_central_nervous_system_is_disease_there(confirmed: bool, found: str) -> None:
    story = Story.opened()
    story.told("cns_status_recorded", 0, status="no_suspicion")
    story.told("progression_evidence_recorded", 1, confirmed=confirmed, pattern="cns")
    assert story.finding("cns", 1) == found
    story.told("cns_status_recorded", 2, status="controlled")
    assert story.finding("cns", 2) == "controlled"


@pytest.mark.shows("R-070")
def test_comfort_as_the_goal_brings_supportive_care_first_in_every_state_under_treatment() -> None:
    story = first_line()
    story.told("intent_recorded", 2, intent="comfort")
    assert story.next(2).recommended == "supportive_care"
    story.told("intent_recorded", 3, intent="treatment")
    story.ready_for_cycle(3)
    assert story.next(3).recommended == "continue_chemoimmunotherapy"


# Follow-up and the end


def in_follow_up() -> Story:
    story = assessed_after_two_cycles("CR")
    story.decided("follow_up", 46, "possible")
    return story


def test_a_suspicious_visit_is_worked_up() -> None:
    story = in_follow_up()
    story.told("follow_up_recorded", 130, findings="no_disease")
    assert story.next(130).recommended == "follow_up"
    story.told("follow_up_recorded", 220, findings="suspicious", detail="A new spot on MIBG.")
    assert story.next(220).recommended == "complete_workup"


@pytest.mark.shows("R-070")
@pytest.mark.parametrize(
    ("confirmed", "where"), [(True, "progression_confirmed"), (False, "progression_suspected")]
)
def test_a_relapse_in_follow_up_begins_anew_in_the_same_episode(confirmed: bool, where: str) -> None:
    story = in_follow_up()
    story.told("progression_evidence_recorded", 300, confirmed=confirmed)
    assert state(story) == where


def test_the_line_after_a_relapse_in_follow_up_is_the_second() -> None:
    story = in_follow_up()
    story.planned(300)
    assert story.next(300).recommended == "start_chemoimmunotherapy"
    story.treated(301)
    assert (story.episode.line, story.episode.cycles.counted) == (2, 0)


def test_an_assessment_in_follow_up_leads_to_a_decision_about_it() -> None:
    story = in_follow_up()
    story.assessed(130, "NI")
    assert (state(story), story.next(130).recommended) == ("decision_due", "follow_up")


@pytest.mark.shows("R-007")
@pytest.mark.parametrize("when", ["planning", "running", "decision", "closed"])
def test_death_closes_the_episode_from_anywhere_and_what_comes_late_is_still_recorded(when: str) -> None:
    story = first_line()
    if when == "planning":
        story = Story.opened()
    elif when == "running":
        story.told("cycle_started", 2, cycle=1)
    elif when == "decision":
        story = assessed_after_two_cycles("SD")
    else:
        story.decided("close", 40, "possible", closure="transferred")
    story.told("episode_closed", 50, reason="death")
    assert state(story) == "closed"
    assert story.next(50).due == ()
    assert (story.next(50).recommended, story.next(50).outcome.needs_tumour_board) == (None, False)
    story.told("gd2_measured", 60, status="negative")
    assert story.episode.gd2 is not None
    assert story.episode.gd2.value == "negative"
    assert state(story) == "closed"


@pytest.mark.shows("R-007")
def test_any_other_closure_needs_a_decision() -> None:
    story = first_line()
    story.told("episode_closed", 50, reason="withdrawn")
    assert state(story) == "chemoimmunotherapy.ready"
    assert [review.kind for review in story.episode.reviews.values()] == ["decision_missing"]
    story.decided("close", 51, "possible", closure="withdrawn")
    assert state(story) == "closed"


@pytest.mark.shows("R-007")
def test_a_closed_episode_can_be_reopened_by_a_decision() -> None:
    story = first_line()
    story.decided("close", 50, "possible", closure="opened_in_error")
    story.told("episode_reopened", 60)
    assert state(story) == "closed"
    assert story.status("reopen", 60) == "possible"
    story.decided("reopen", 61, "possible")
    assert (state(story), story.episode.closed) == ("progression_suspected", None)


def test_a_closure_without_a_reason_is_kept_as_other() -> None:
    story = first_line()
    story.decided("close", 50, "possible")
    assert story.episode.closed is not None
    assert story.episode.closed.value == "other"
