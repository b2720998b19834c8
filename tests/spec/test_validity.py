"""How long a fact counts, and what ends it early."""

from __future__ import annotations

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, first_line


@pytest.mark.shows("R-031")
@pytest.mark.parametrize(("on", "found"), [(0, "positive"), (180, "positive"), (181, "stale")])
def test_gd2_counts_for_180_days(on: int, found: str) -> None:
    story = Story.opened()
    story.told("gd2_measured", 0, status="positive")
    assert story.finding("gd2", on) == found


@pytest.mark.shows("C-07")
def test_gd2_measured_before_a_confirmed_progression_is_too_old() -> None:
    story = Story.opened()
    story.told("gd2_measured", 0, status="positive")
    story.told("progression_evidence_recorded", 1, confirmed=False)
    assert story.finding("gd2", 1) == "positive"
    story.told("progression_evidence_recorded", 2, confirmed=True)
    assert story.finding("gd2", 2) == "stale"
    story.told("gd2_measured", 3, status="partial")
    assert story.finding("gd2", 3) == "partial"


def test_gd2_measured_before_progression_at_an_assessment_is_too_old() -> None:
    assert assessed_after_two_cycles("PD").finding("gd2", 45) == "stale"


def test_gd2_measured_before_the_end_of_a_line_with_an_antibody_is_too_old() -> None:
    story = assessed_after_two_cycles("SD")
    assert story.finding("gd2", 45) == "positive"
    story.decided("change_line", 45, "possible", regimen="irinotecan_temozolomide")
    assert story.finding("gd2", 45) == "stale"


def test_a_line_without_an_antibody_leaves_gd2_as_it_was() -> None:
    story = first_line(regimen="irinotecan_temozolomide")
    story.decided("change_line", 45, "possible", regimen="topotecan_cyclophosphamide")
    assert story.finding("gd2", 45) == "positive"


def test_gd2_measured_before_cells_were_infused_is_too_old() -> None:
    story = Story.opened()
    story.told("gd2_measured", 0, status="positive")
    story.told("car_t_step_recorded", 9, step="infused")
    assert story.finding("gd2", 10) == "stale"


def test_in_remission_the_last_known_gd2_counts_since_there_is_no_tissue() -> None:
    story = assessed_after_two_cycles("CR")
    assert story.finding("gd2", 400) == "positive"


def test_gd2_that_could_not_be_read_is_unknown() -> None:
    story = Story.opened()
    assert story.finding("gd2", 0) == "unknown"
    story.told("gd2_measured", 0, status="indeterminate")
    assert story.finding("gd2", 0) == "unknown"


@pytest.mark.shows("R-008")
def test_a_fact_whose_day_is_not_known_has_an_unknown_age() -> None:
    story = Story.opened()
    story.told("gd2_measured", 0, status="positive", occurred_precision="month")
    assert story.finding("gd2", 0) == "unknown"


@pytest.mark.shows("R-031")
@pytest.mark.parametrize(("on", "found"), [(0, "given"), (90, "given"), (91, "stale")])
def test_consent_is_looked_at_again_after_90_days(on: int, found: str) -> None:
    story = Story.opened()
    story.told("consent_recorded", 0, given=True)
    assert story.finding("consent", on) == found


@pytest.mark.shows("R-031")
def test_consent_given_before_a_progression_does_not_cover_what_follows_it() -> None:
    story = assessed_after_two_cycles("SD")
    story.told("progression_evidence_recorded", 46, confirmed=True)
    assert story.finding("consent", 46) == "stale"


def test_consent_withdrawn_is_refused() -> None:
    story = Story.opened()
    story.told("consent_recorded", 0, given=True)
    story.told("consent_recorded", 5, given=False)
    assert story.finding("consent", 5) == "refused"


def test_consent_to_systemic_therapy_is_none_to_cells() -> None:
    story = Story.opened()
    story.told("consent_recorded", 0, given=True)
    assert story.finding("car_t_consent", 0) == "unknown"
    story.told("consent_recorded", 0, given=True, scope="car_t")
    assert story.finding("car_t_consent", 0) == "given"


@pytest.mark.shows("R-031", "C-07")
@pytest.mark.parametrize(("on", "found"), [(0, "fit"), (14, "fit"), (15, "stale")])
def test_performance_status_counts_for_14_days(on: int, found: str) -> None:
    story = Story.opened()
    story.told("fitness_recorded", 0, lansky=60)
    assert story.finding("fitness", on) == found


def test_a_performance_status_below_60_is_poor_and_the_latest_counts() -> None:
    story = Story.opened()
    story.told("fitness_recorded", 0, lansky=90)
    story.told("fitness_recorded", 1, karnofsky=50)
    assert story.finding("fitness", 1) == "poor"


def test_a_severe_side_effect_asks_for_the_performance_status_again() -> None:
    story = Story.opened()
    story.told("fitness_recorded", 0, lansky=90)
    story.told("toxicity_recorded", 1, term="neutropenia", grade=4)
    story.told("toxicity_recorded", 1, term="diarrhea", grade=2)
    assert story.finding("fitness", 2) == "fit"
    story.told("toxicity_recorded", 2, term="diarrhea", grade=3)
    assert story.finding("fitness", 2) == "stale"


def test_an_uncontrolled_infection_makes_unfit_today_and_has_to_be_looked_at_tomorrow() -> None:
    story = Story.opened()
    story.told("fitness_recorded", 0, lansky=90, uncontrolled_infection=True)
    assert [story.finding("fitness", on) for on in (0, 1, 2)] == ["poor", "poor", "stale"]
    story.told("fitness_recorded", 3, uncontrolled_infection=False)
    assert story.finding("fitness", 3) == "fit"


@pytest.mark.shows("R-031")
@pytest.mark.parametrize(("on", "found"), [(44, "SD"), (72, "SD"), (73, "NE")])
def test_a_response_counts_for_28_days_and_then_the_child_is_assessed_anew(on: int, found: str) -> None:
    story = assessed_after_two_cycles("SD")
    story.fit(on)
    assert story.finding("response", on) == found
    assert (story.next(on).recommended == "complete_workup") == (found == "NE")


@pytest.mark.shows("C-07")
def test_a_response_from_before_the_latest_treatment_asks_for_a_new_assessment() -> None:
    story = assessed_after_two_cycles("SD")
    story.told("cycle_started", 46, cycle=3)
    assert story.finding("response", 46) == "NE"
    assert story.next(46).recommended == "complete_workup"


def test_an_operation_and_an_infusion_end_a_response_too() -> None:
    for kind, told in (
        ("local_control_completed", {"modality": "surgery"}),
        ("car_t_step_recorded", {"step": "infused"}),
    ):
        story = assessed_after_two_cycles("PR")
        story.told(kind, 46, **told)
        assert story.finding("response", 46) == "NE"


@pytest.mark.parametrize(("last", "found"), [(65, "PR"), (66, "NE")])
def test_components_of_one_assessment_lie_within_21_days(last: int, found: str) -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR", "metastatic": "NI"})
    story.told("assessment_recorded", last, components={"bone_marrow": "NI"})
    assert story.finding("response", last) == found


def test_what_a_person_settled_holds_however_far_apart_the_components_lie() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR", "metastatic": "NI"})
    story.told("assessment_recorded", 66, components={"bone_marrow": "NI"})
    story.told("response_confirmed", 67, response="PR", reason="The marrow was late, and free before.")
    assert story.finding("response", 67) == "PR"


def test_progression_does_not_lapse() -> None:
    assert assessed_after_two_cycles("PD").finding("response", 400) == "PD"


def test_a_response_whose_day_is_not_known_is_taken_as_it_is() -> None:
    story = after_two_cycles()
    story.assessed(44, "SD", occurred_precision="month")
    assert story.finding("response", 400) == "SD"


@pytest.mark.parametrize(("on", "found"), [(44, "in"), (58, "in"), (59, "over")])
def test_the_missing_examinations_have_14_days_from_the_first(on: int, found: str) -> None:
    story = assessed_after_two_cycles("PR", "NE")
    assert story.finding("work_up", on) == found


def test_the_time_left_is_unknown_when_the_day_of_the_first_examination_is() -> None:
    story = after_two_cycles()
    story.assessed(44, "PR", "NE", occurred_precision="month")
    assert story.finding("work_up", 60) == "unknown"


def test_without_any_examination_there_is_time() -> None:
    assert after_two_cycles().finding("work_up", 400) == "in"
