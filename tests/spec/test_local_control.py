"""Local control: owed from the start in a local relapse, proposed where criteria speak for it, restaged afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, day, first_line

PLAN = "plan local control of the local relapse"
CARRY_OUT = "carry out the local control that is owed"
OWED = ["local_plan", "local_control"]


def local_relapse() -> Story:
    """A local relapse, planned for with systemic therapy."""
    return Story.opened().planned(pattern="local").treated()


def given(story: Story, cycles: int) -> Story:
    """That many cycles, three weeks apart, the first on day 2."""
    for number in range(1, cycles + 1):
        story.cycle(number, 2 + 21 * (number - 1))
    return story


def criteria(story: Story, on: int) -> dict[str, str]:
    """How each criterion for local control stands."""
    lists = story.next(on).document("0" * 64)["checklists"]
    (held,) = (each["criteria"] for each in lists if each["checklist"] == "criteria_for_local_control")
    return {each["criterion"]: each["standing"] for each in held}


def with_residual(sites: int | None, feasible: bool | None, *parts: str) -> Story:
    residual = {"sites": sites, "local_control_feasible": feasible}
    told = {name: value for name, value in residual.items() if value is not None}
    return assessed_after_two_cycles(*(parts or ("PR", "NI", "NI")), residual=told)


# Owed from the start


@pytest.mark.shows("R-032", "R-066")
def test_a_local_relapse_owes_a_plan_and_local_control_from_its_confirmation() -> None:
    story = local_relapse()
    assert story.owed() == OWED
    assert story.finding("local_control_owed", 1) == "yes"
    assert PLAN in story.windows(1)
    assert CARRY_OUT not in story.windows(1)


def test_a_relapse_that_is_suspected_or_not_local_owes_none() -> None:
    suspected = Story.opened()
    suspected.told("progression_evidence_recorded", 1, confirmed=False, pattern="local")
    assert suspected.owed() == []
    assert Story.opened().planned(pattern="metastatic").owed() == []
    assert suspected.finding("local_control_owed", 1) == "no"


def test_a_local_pattern_told_with_the_suspicion_holds_when_it_is_confirmed() -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 1, confirmed=False, pattern="local")
    story.told("progression_evidence_recorded", 5, confirmed=True)
    assert story.windows(5)[PLAN] == (5, 19, 33)


def test_a_plan_settles_the_planning_and_not_local_control_itself() -> None:
    story = local_relapse()
    story.told("local_control_planned", 3, modality="surgery")
    assert story.owed() == ["local_control"]


def test_the_decision_for_local_control_is_a_plan() -> None:
    story = Story.opened().planned(pattern="local", local_control_feasible=True)
    story.decided("local_control", 3, "possible")
    assert story.owed() == ["local_control"]


def test_an_operation_settles_both_whether_or_not_it_was_planned() -> None:
    story = local_relapse()
    story.told("local_control_completed", 30, modality="surgery")
    assert story.owed() == ["restage_after_surgery"]
    assert not story.steps[-1].unexpected


@pytest.mark.shows("R-066", "C-24")
def test_local_control_falls_due_at_the_end_of_cycle_4_and_is_late_after_cycle_6() -> None:
    story = given(local_relapse(), 3)
    assert CARRY_OUT not in story.windows(50)
    story.cycle(4, 65)
    assert story.windows(70)[CARRY_OUT] == (70, 84, 112)
    assert story.prompted("local_control_late", 70) == []
    story.cycle(5, 86)
    assert story.windows(91)[CARRY_OUT] == (70, 84, 112)
    story.cycle(6, 107)
    assert story.prompted("local_control_late", 112) == ["6 cycles completed"]


def test_a_further_local_relapse_makes_the_plan_count_anew() -> None:
    story = given(local_relapse(), 4)
    story.told("progression_evidence_recorded", 80, confirmed=True, pattern="local")
    assert story.windows(80)[PLAN] == (80, 94, 108)
    assert CARRY_OUT not in story.windows(80)


def test_a_relapse_that_turns_out_to_be_metastatic_owes_no_local_control() -> None:
    story = local_relapse()
    story.told("progression_evidence_recorded", 2, confirmed=True, pattern="combined")
    assert not set(OWED) & set(story.owed())


def test_a_later_progression_whose_pattern_is_not_told_leaves_local_control_owed() -> None:
    story = local_relapse()
    story.told("progression_evidence_recorded", 20, confirmed=True, pattern=None)
    assert set(OWED) <= set(story.owed())


# Waived


@pytest.mark.shows("R-032")
def test_local_control_that_is_owed_can_be_waived_with_a_reason_in_any_state_under_treatment() -> None:
    story = local_relapse()
    assert story.status("waive_local_control", 2) == "possible"
    assert story.next(2).outcome.offers["waive_local_control"].needs_reason
    before = story.episode.state
    story.decided("waive_local_control", 2, "possible", text="not resectable, irradiated before")
    assert (story.owed(), story.episode.state) == ([], before)
    assert story.status("waive_local_control", 2) == "blocked"


def test_a_waiver_leaves_an_assessment_undecided() -> None:
    story = given(local_relapse(), 2)
    story.assessed(44, "SD")
    story.decided("waive_local_control", 45, "possible")
    assert story.episode.timepoint is not None
    assert (story.episode.state, story.episode.timepoint.decided) == ("decision_due", False)


def test_nothing_can_be_waived_that_is_not_owed() -> None:
    assert first_line().status("waive_local_control", 2) == "blocked"


# What is told about it


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({}, "planned: local control"),
        ({"modality": "surgery", "site": "adrenal"}, "planned: surgery of adrenal"),
        ({"planned_for": day(40).isoformat()}, f"planned: local control on {day(40)}"),
        (
            {"planned_for": day(20).isoformat()},
            f"planned: local control on {day(20)}; that time has passed",
        ),
        ({"after_cycle": 2}, "planned: local control after cycle 2"),
        ({"after_cycle": 1}, "planned: local control after cycle 1; that time has passed"),
    ],
)
def test_what_is_owed_is_told_with_its_plan_and_whether_its_time_has_passed(
    plan: dict[str, Any], told: str
) -> None:
    story = given(local_relapse(), 2)
    assert story.prompted("local_control_owed", 30) == ["no plan has been recorded"]
    story.told("local_control_planned", 30, **plan)
    assert story.prompted("local_control_owed", 30) == [told]


def test_once_carried_out_nothing_is_told_of_a_plan() -> None:
    story = local_relapse()
    story.told("local_control_planned", 3, modality="surgery")
    story.told("local_control_completed", 30, modality="surgery")
    assert story.prompted("local_control_owed", 30) == []
    assert story.episode.local_plan is None


# What speaks for it


def test_every_criterion_that_is_met_speaks_for_local_control() -> None:
    story = with_residual(2, feasible=True)
    assert set(criteria(story, 44).values()) == {"met"}
    assert story.prompted("criteria_for_local_control", 44) == ["all of them are met"]


@pytest.mark.parametrize(
    ("sites", "feasible", "parts", "criterion", "standing"),
    [
        (3, True, ("PR", "NI", "NI"), "sites", "met"),
        (4, True, ("PR", "NI", "NI"), "sites", "not_met"),
        (None, True, ("PR", "NI", "NI"), "sites", "missing"),
        (1, True, ("SD", "PR", "SD"), "marrow", "not_met"),
        (1, True, ("SD", "PR", "MD"), "marrow", "met"),
        (1, False, ("SD", "NI", "NI"), "feasible", "not_met"),
        (1, None, ("SD", "NI", "NI"), "feasible", "missing"),
    ],
)
def test_one_criterion_that_is_not_met_or_not_known_does_not_speak_for_it(
    sites: int | None, feasible: bool | None, parts: tuple[str, ...], criterion: str, standing: str
) -> None:
    story = with_residual(sites, feasible, *parts)
    assert criteria(story, 44)[criterion] == standing
    assert bool(story.prompted("criteria_for_local_control", 44)) == (standing == "met")


def test_the_criteria_are_asked_only_where_disease_is_left_and_was_evaluated() -> None:
    assert criteria(assessed_after_two_cycles("CR"), 44) == {}
    assert criteria(assessed_after_two_cycles("PD"), 44) == {}
    reported = after_two_cycles()
    reported.told("assessment_recorded", 44, reported_overall="PR")
    assert criteria(reported, 44)["marrow"] == criteria(reported, 44)["elsewhere"] == "missing"


def test_what_grows_elsewhere_speaks_against_local_control() -> None:
    story = after_two_cycles()
    story.assessed(44, "SD", "PD")
    story.told("response_confirmed", 45, response="SD", reason="The spot was an infection.")
    assert criteria(story, 45)["elsewhere"] == "not_met"


def test_where_the_marrow_was_not_rated_it_is_not_known_whether_anything_grows_elsewhere() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR", "metastatic": "SD"})
    story.told("response_confirmed", 45, response="PR", reason="The marrow was free all along.")
    assert criteria(story, 45)["elsewhere"] == "missing"


def test_the_sites_that_local_control_dealt_with_are_not_counted_as_left() -> None:
    story = with_residual(2, feasible=True)
    story.decided("local_control", 45, "possible")
    story.told("local_control_completed", 50, modality="surgery")
    story.assessed(90, "PR")
    assert criteria(story, 90)["sites"] == "missing"


def test_local_control_is_proposed_from_the_second_cycle_to_the_sixth() -> None:
    story = given(first_line(), 1)
    story.assessed(20, "PR")
    assert criteria(story, 20)["cycles"] == "not_met"
    for number in range(2, 8):
        story.cycle(number, 21 * number)
    story.assessed(170, "PR", timepoint="late")
    assert criteria(story, 170)["cycles"] == "not_met"


def test_whether_local_control_is_feasible_counts_28_days_and_never_past_the_next_cycle() -> None:
    story = with_residual(1, feasible=True)
    assert [story.finding("local_disease", on) for on in (44, 72, 73)] == ["yes", "yes", "stale"]
    story.decided("continue_chemoimmunotherapy", 45)
    story.told("cycle_started", 46, cycle=3)
    assert story.finding("local_disease", 46) == "stale"


def test_feasibility_that_is_too_old_stands_as_such_among_the_criteria() -> None:
    story = after_two_cycles()
    story.told("progression_evidence_recorded", 24, confirmed=False, local_control_feasible=True)
    story.assessed(53, "PR")
    assert criteria(story, 53)["feasible"] == "stale"


def test_what_a_site_has_been_irradiated_with_is_told_with_its_feasibility() -> None:
    story = first_line()
    story.told("local_control_completed", 3, modality="radiotherapy", site="skull", dose_gy="21.6")
    story.told("local_control_completed", 20, modality="radiotherapy", site="skull", dose_gy="9")
    story.told("local_control_completed", 21, modality="radiotherapy", dose_gy="12")
    given(story, 2)
    story.assessed(44, "PR", residual={"sites": 1, "local_control_feasible": True})
    (told,) = (
        each["shown"]
        for each in story.next(44).document("0" * 64)["checklists"][0]["criteria"]
        if each["criterion"] == "feasible"
    )
    assert "skull irradiated with 30.6 Gy before" in told
    assert "unknown irradiated with 12 Gy before" in told


# Restaging


def test_local_control_beside_the_cycles_suspends_none_and_is_restaged_by_the_next_assessment() -> None:
    story = local_relapse()
    story.told("local_control_completed", 30, modality="surgery")
    assert story.episode.state == "chemoimmunotherapy.ready"
    assert story.windows(30)["restage after surgery"] == (58, 65, 86)
    story.cycle(1, 31)
    story.told("assessment_recorded", 60, components={"primary": "CR"})
    assert story.owed() == ["restage_after_surgery"]
    story.told("assessment_recorded", 61, components={"metastatic": "NI", "bone_marrow": "NI"})
    assert story.owed() == []


def test_radiotherapy_after_an_operation_moves_the_restaging() -> None:
    story = local_relapse()
    story.told("local_control_completed", 30, modality="surgery")
    story.told("local_control_completed", 50, modality="radiotherapy")
    assert story.owed() == ["restage_after_radiotherapy"]
    assert story.windows(50)["restage after radiotherapy"] == (92, 106, 134)


def test_radiotherapy_while_the_restaging_after_an_operation_is_waited_for_moves_it_too() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 46, "possible")
    story.told("local_control_completed", 50, modality="surgery")
    story.told("local_control_completed", 70, modality="radiotherapy")
    assert not story.steps[-1].unexpected
    assert (story.episode.state, story.owed()) == ("restaging", [])
    assert story.windows(70)["restage after radiotherapy"] == (112, 126, 154)


def in_restaging() -> Story:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 46, "possible")
    story.told("local_control_completed", 50, modality="surgery", extent="complete")
    return story


@pytest.mark.parametrize(
    ("on", "warned", "row"),
    [(77, [], "F"), (78, ["28 days"], "F"), (91, ["41 days"], "F"), (92, ["42 days"], "E2")],
)
def test_without_systemic_therapy_after_local_control_the_team_is_warned_and_then_the_tumour_board_decides(
    on: int, warned: list[str], row: str
) -> None:
    story = in_restaging()
    assert story.prompted("pause_for_local_control", on) == warned
    assert story.rows(on) == [row]
    assert story.next(on).outcome.needs_tumour_board == (row == "E2")


@pytest.mark.parametrize(
    ("on", "warned", "row"), [(73, [], "F"), (74, ["28 days"], "F"), (88, ["42 days"], "E")]
)
def test_while_local_control_is_waited_for_the_same_counts_from_the_decision_for_it(
    on: int, warned: list[str], row: str
) -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 46, "possible")
    assert story.prompted("pause_for_local_control", on) == warned
    assert story.rows(on) == [row]
    assert story.next(on).status("local_control") != "blocked"


def test_the_pause_is_not_known_while_the_day_of_the_operation_is_not() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("local_control", 46, "possible")
    story.told("local_control_completed", 50, modality="surgery", occurred_precision="month")
    assert story.finding("pause", 120) == "unknown"
    assert story.prompted("pause_for_local_control", 120) == []


def test_restaging_after_a_transplant_is_no_pause_for_local_control() -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("consolidation_transplant", 46, "possible")
    assert story.finding("pause", 120) == "short"


def test_after_an_operation_the_primary_is_compared_with_its_baseline_until_a_new_line_begins() -> None:
    story = in_restaging()
    assert story.prompted("primary_after_resection", 60) == ["extent told: complete"]
    irradiated = local_relapse()
    irradiated.told("local_control_completed", 30, modality="radiotherapy")
    given(irradiated, 2)
    assert irradiated.prompted("primary_after_resection", 40) == []
    operated = local_relapse()
    operated.told("local_control_completed", 1, modality="surgery")
    given(operated, 2)
    assert operated.prompted("primary_after_resection", 40) == [""]


def test_a_transplant_decided_upon_after_local_control_is_restaged_as_such() -> None:
    story = in_restaging()
    story.assessed(90, "PR")
    story.decided("consolidation_transplant", 95, "possible")
    assert (story.episode.state, story.finding("pause", 200)) == ("restaging", "short")
    assert story.next(95).due[0].window.anchor == "the decision"


# Mixed behaviour


def test_lesions_that_go_opposite_ways_prompt_treatment_directed_at_those_that_grow() -> None:
    story = after_two_cycles()
    mixed = {"rating": "SD", "new_lesions": False, "mixed": True}
    story.told(
        "assessment_recorded", 44, components={"primary": "NI", "metastatic": mixed, "bone_marrow": "NI"}
    )
    assert story.prompted("mixed_response", 44) == ["metastatic"]
    steady = {"longest_diameter_mm": {"now": "30", "baseline": "30"}, "uptake": "unchanged"}
    story.told("assessment_recorded", 45, components={"primary": steady}, timepoint="1.2b")
    assert story.prompted("mixed_response", 45) == []
    assert assessed_after_two_cycles("SD").prompted("mixed_response", 44) == []
