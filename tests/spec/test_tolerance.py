"""How treatment is tolerated: fine, limiting, an agent stopped for good, an emergency, or not known."""

from __future__ import annotations

import pytest

from tests.story import Story, after_two_cycles, first_line


def during_the_first_cycle() -> Story:
    story = first_line()
    story.ready_for_cycle(2)
    story.told("cycle_started", 2, cycle=1)
    return story


def completed(story: Story, on: int = 7, **told: object) -> Story:
    story.told("cycle_completed", on, cycle=1, **{"delivered": "full", **told})
    return story


def test_a_cycle_given_in_full_with_nothing_going_on_was_tolerated() -> None:
    assert completed(during_the_first_cycle()).finding("tolerance", 8) == "fine"


@pytest.mark.parametrize("delivered", ["modified", "chemotherapy_only"])
def test_a_modified_cycle_was_tolerated(delivered: str) -> None:
    assert completed(during_the_first_cycle(), delivered=delivered).finding("tolerance", 8) == "fine"


@pytest.mark.parametrize("delivered", ["unknown", "aborted"])
def test_how_an_aborted_or_unknown_cycle_was_tolerated_is_not_known(delivered: str) -> None:
    assert completed(during_the_first_cycle(), delivered=delivered).finding("tolerance", 8) == "unknown"


def test_while_a_cycle_runs_its_tolerance_is_not_known() -> None:
    assert during_the_first_cycle().finding("tolerance", 3) == "unknown"


def test_a_judgement_after_the_cycle_began_stands_for_a_delivery_that_is_not_told() -> None:
    story = completed(during_the_first_cycle(), delivered="unknown")
    story.told("fitness_recorded", 8, tolerance="acceptable")
    assert story.finding("tolerance", 8) == "fine"


def test_before_any_cycle_nothing_stands_against_treatment() -> None:
    assert first_line().finding("tolerance", 1) == "fine"


@pytest.mark.shows("R-027", "C-13")
def test_a_life_threatening_side_effect_is_an_emergency_until_it_has_come_down() -> None:
    story = completed(during_the_first_cycle())
    entry = story.told("toxicity_recorded", 8, term="sepsis", grade=4)
    assert story.finding("tolerance", 8) == "emergency"
    assert story.next(8).recommended == "hold"
    story.told("toxicity_resolved", 12, entry=entry, to_grade=1)
    assert story.finding("tolerance", 12) == "fine"


def test_a_side_effect_told_again_is_resolved_by_the_entry_that_told_it_first() -> None:
    story = completed(during_the_first_cycle())
    first = story.told("toxicity_recorded", 8, term="sepsis", grade=4)
    story.told("toxicity_resolved", 9, entry=first, to_grade=3)
    story.told("toxicity_resolved", 12, entry=first, to_grade=0)
    assert story.finding("tolerance", 12) == "fine"


def test_low_counts_after_chemotherapy_are_no_emergency_by_themselves() -> None:
    story = completed(during_the_first_cycle())
    story.told("toxicity_recorded", 8, term="Platelet count decreased", grade=4)
    assert story.finding("tolerance", 8) == "fine"


def test_toxicity_limits_when_the_team_or_the_family_says_so_for_the_line_it_was_said_of() -> None:
    story = completed(during_the_first_cycle())
    story.told("fitness_recorded", 8, tolerance="limiting")
    assert story.finding("tolerance", 9) == "limiting"
    story.decided("change_line", 10, "possible", regimen="topotecan_cyclophosphamide")
    assert story.finding("tolerance", 10) == "fine"


@pytest.mark.parametrize(("on", "found"), [(24, "fine"), (25, "limiting")])
def test_a_hold_of_more_than_14_days_limits(on: int, found: str) -> None:
    story = completed(during_the_first_cycle())
    story.decided("hold", 10, "possible")
    assert story.finding("tolerance", on) == found


def test_the_same_severe_side_effect_in_two_cycles_running_limits() -> None:
    story = during_the_first_cycle()
    story.told("toxicity_recorded", 3, term="Diarrhea", grade=3, ongoing=False)
    completed(story)
    assert story.finding("tolerance", 8) == "fine"
    story.told("cycle_started", 23, cycle=2)
    story.told("toxicity_recorded", 24, term="diarrhea", grade=3, ongoing=False)
    assert story.finding("tolerance", 24) == "limiting"


def test_severe_counts_in_two_cycles_running_do_not_limit() -> None:
    story = during_the_first_cycle()
    story.told("toxicity_recorded", 3, term="neutropenia", grade=3)
    completed(story)
    story.told("cycle_started", 23, cycle=2)
    story.told("toxicity_recorded", 24, term="neutropenia", grade=4)
    story.told("cycle_completed", 28, cycle=2, delivered="full")
    assert story.finding("tolerance", 28) == "fine"


def test_the_same_side_effect_with_a_cycle_between_does_not_limit() -> None:
    story = during_the_first_cycle()
    story.told("toxicity_recorded", 3, term="diarrhea", grade=3, ongoing=False)
    completed(story)
    story.cycle(2, 23)
    story.fit(30)
    story.assessed(30, "SD")
    story.decided("continue_chemoimmunotherapy", 31)
    story.told("cycle_started", 44, cycle=3)
    story.told("toxicity_recorded", 45, term="diarrhea", grade=3, ongoing=False)
    story.told("cycle_completed", 49, cycle=3, delivered="full")
    assert story.finding("tolerance", 50) == "fine"


def test_a_cycle_and_a_course_of_maintenance_are_not_running_on_from_each_other() -> None:
    story = during_the_first_cycle()
    story.told("toxicity_recorded", 3, term="diarrhea", grade=3, ongoing=False)
    completed(story)
    story.decided("start_maintenance", 20, "possible")
    story.cycle(1, 25)
    story.told("cycle_started", 60, cycle=2)
    story.told("toxicity_recorded", 61, term="diarrhea", grade=3, ongoing=False)
    story.told("cycle_completed", 65, cycle=2, delivered="full")
    assert story.finding("tolerance", 66) == "fine"


@pytest.mark.shows("C-12")
def test_a_cycle_with_an_agent_that_was_stopped_is_recorded_and_opens_a_review() -> None:
    story = completed(during_the_first_cycle())
    story.told("toxicity_recorded", 8, term="transverse myelitis")
    entry = story.told("cycle_started", 23, cycle=2)
    assert {key: review.kind for key, review in story.episode.reviews.items()} == {
        entry: "stopped_agent_given"
    }
    assert story.episode.cycles.started == 2


def test_two_signatures_allow_the_stopped_agent_for_this_line() -> None:
    story = completed(during_the_first_cycle())
    myelitis = story.told("toxicity_recorded", 8, term="transverse myelitis")
    entry = story.told(
        "decision_made",
        9,
        option="continue_chemoimmunotherapy",
        basis="0" * 64,
        offered_as="blocked",
        reason={"code": "recipient-disagrees-evidence"},
        awaits_second_signature=True,
    )
    story.told("decision_countersigned", 10, entry=entry, reason="Agreed at the tumour board.")
    story.told("toxicity_resolved", 20, entry=myelitis, to_grade=0)
    story.ready_for_cycle(23)
    story.told("cycle_started", 23, cycle=2)
    assert not story.episode.reviews


def test_transverse_myelitis_ends_the_antibody_whatever_its_grade() -> None:
    story = completed(during_the_first_cycle())
    story.told("toxicity_recorded", 8, term="transverse myelitis")
    assert story.finding("tolerance", 8) == "stop"
    assert list(story.episode.stops) == ["dinutuximab_beta"]


@pytest.mark.shows("C-13")
def test_where_only_the_missing_grade_decides_about_a_stop_the_grade_is_asked_for() -> None:
    story = completed(during_the_first_cycle())
    story.told("toxicity_recorded", 8, term="anaphylaxis")
    told = story.next(8)
    assert story.finding("tolerance", 8) == "unknown"
    assert told.recommended == "complete_workup"
    story.told("toxicity_recorded", 9, term="anaphylaxis", grade=3)
    assert story.finding("tolerance", 9) == "stop"


@pytest.mark.shows("R-062", "C-12", "T-17")
def test_a_stop_is_never_cleared_by_software() -> None:
    story = completed(during_the_first_cycle())
    entry = story.told("toxicity_recorded", 8, term="anaphylaxis", grade=3)
    story.told("toxicity_resolved", 9, entry=entry, to_grade=0)
    assert story.finding("tolerance", 400) == "stop"


def test_a_stop_of_an_antibody_nobody_named_concerns_every_antibody() -> None:
    story = first_line()
    story.told("toxicity_recorded", 8, term="transverse myelitis", agent="an antibody in a trial")
    assert list(story.episode.stops) == ["anti_gd2"]
    assert story.finding("tolerance", 8) == "stop"


def test_a_side_effect_of_chemotherapy_ends_no_antibody() -> None:
    story = completed(during_the_first_cycle())
    story.told("toxicity_recorded", 8, term="motor neuropathy", grade=3, agent="vincristine")
    assert not story.episode.stops


def test_with_the_antibody_dropped_its_stop_no_longer_governs_the_line_but_still_the_next_one() -> None:
    story = after_two_cycles()
    story.told("toxicity_recorded", 29, term="transverse myelitis")
    story.decided("drop_antibody", 30, "possible")
    assert story.episode.agents == ("irinotecan", "temozolomide")
    assert story.finding("tolerance", 30) == "fine"
    assert story.finding("stopped_antibody", 30) == "yes"


def test_the_team_can_stop_an_agent_for_good_and_the_first_reason_is_kept() -> None:
    story = after_two_cycles()
    story.decided("stop_agent", 30, "possible", agents=["Qarziba"])
    story.told("toxicity_recorded", 31, term="transverse myelitis")
    assert story.episode.stops["dinutuximab_beta"].sentence == "The team decided to stop this agent for good."


@pytest.mark.shows("C-13")
@pytest.mark.parametrize(("grade", "value"), [(2, "fine"), (3, "emergency"), (4, "emergency")])
def test_severe_cell_toxicity_on_the_astct_scale_comes_first(grade: int, value: str) -> None:
    story = completed(during_the_first_cycle())
    story.told("toxicity_recorded", 8, term="ICANS", scale="astct", grade=grade)
    assert story.finding("tolerance", 8) == value


def test_severe_crs_after_cells_is_an_emergency_until_a_lower_grade_is_recorded() -> None:
    story = completed(during_the_first_cycle())
    story.told("car_t_step_recorded", 8, step="crs", grade=4)
    assert story.finding("tolerance", 8) == "emergency"
    story.told("car_t_step_recorded", 10, step="crs", grade=1)
    assert story.finding("tolerance", 10) == "fine"


def test_before_the_next_cycle_poor_condition_negative_gd2_and_limiting_toxicity_are_decided_upon() -> None:
    for kind, told, row in (
        ("fitness_recorded", {"lansky": 40}, "G1"),
        ("gd2_measured", {"status": "negative"}, "G2"),
        ("fitness_recorded", {"lansky": 90, "tolerance": "limiting"}, "G3"),
    ):
        story = completed(during_the_first_cycle())
        story.told(kind, 8, **told)
        answer = story.next(8)
        assert ([each.number for each in answer.outcome.rows], answer.recommended) == ([row], None)
        assert answer.outcome.needs_tumour_board
