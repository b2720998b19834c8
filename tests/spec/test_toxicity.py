"""Side effects while an antibody is given: what the pathway says to do, what it asks, and what a person is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, first_line

DINUTUXIMAB = ["dinutuximab", "irinotecan", "temozolomide"]
NAXITAMAB = ["naxitamab", "irinotecan", "temozolomide"]
MET = "continue_chemoimmunotherapy"


def running(agents: list[str] | None = None) -> Story:
    """The first cycle runs since day 2; with dinutuximab beta, unless told otherwise."""
    story = first_line(**({"agents": agents} if agents else {}))
    story.told("cycle_started", 2, cycle=1)
    return story


def course_running() -> Story:
    """The first course of maintenance runs since day 3."""
    story = first_line()
    story.decided("start_maintenance", 2, "possible", regimen="dinutuximab_beta_isotretinoin")
    story.told("cycle_started", 3, cycle=1)
    return story


def suffers(story: Story, term: str, grade: int | None = None, on: int = 3, **told: Any) -> str:
    graded = {} if grade is None else {"grade": grade}
    return story.told("toxicity_recorded", on, term=term, **graded, **told)


def prompts(story: Story, name: str, on: int = 3) -> list[dict[str, Any]]:
    told = story.next(on).document("0" * 64)["prompts"]
    return [each for each in told if each["prompt"] == name]


def detail(story: Story, name: str, on: int = 3) -> str:
    (told,) = prompts(story, name, on)
    return str(told["detail"])


def rows(story: Story, on: int = 3) -> list[str]:
    return [row.number for row in story.next(on).outcome.rows]


# What the table of a running cycle says.


def test_a_cycle_runs_on_while_nothing_goes_on() -> None:
    story = running()
    assert story.finding("toxicity_action", 3) == "proceed"
    assert rows(story) == ["H"]


@pytest.mark.parametrize("begun", [running, course_running])
@pytest.mark.parametrize("term", ["pain", "fever", "hypotension", "diarrhoea", "febrile neutropenia"])
def test_a_severe_side_effect_interrupts_the_infusion_in_a_cycle_and_in_a_course(
    begun: Any, term: str
) -> None:
    story = begun()
    suffers(story, term, 3)
    told = story.next(3)
    assert told.recommended == "hold"
    assert told.outcome.rows[0].sentence.startswith("Interrupt the infusion now")
    assert told.status("continue_maintenance" if begun is course_running else MET) == "possible"


def test_the_rule_of_the_antibody_given_is_shown_with_its_source() -> None:
    story = running()
    suffers(story, "capillary leak syndrome", 3)
    (guard,) = story.next(3).document("0" * 64)["rows"][0]["guards"]
    assert "Resume at half the rate when it has come down to grade 2 or less." in guard["shown"]
    (told,) = prompts(story, "interrupt_antibody")
    assert told["because"]["verified"] is False
    assert "dinutuximab beta" in told["detail"]
    assert told["urgent"]


def test_between_cycles_the_antibody_is_withheld_and_no_infusion_is_spoken_of_as_if_one_ran() -> None:
    story = running()
    suffers(story, "capillary leak syndrome", 3)
    story.told("cycle_completed", 5, line=1, cycle=1, delivered="full")
    (told,) = prompts(story, "interrupt_antibody", 6)
    assert told["sentence"] == "Give no antibody while this goes on: interrupt the infusion now if one runs."


@pytest.mark.shows("R-061", "C-13")
@pytest.mark.parametrize("begun", [running, course_running])
def test_an_infection_out_of_control_interrupts_the_antibody_until_it_has_resolved(begun: Any) -> None:
    story = begun()
    story.told("fitness_recorded", 3, uncontrolled_infection=True)
    assert (rows(story), story.next(3).recommended) == (["G3a"], "hold")
    story.told("fitness_recorded", 4, uncontrolled_infection=False)
    assert rows(story, 4) == ["H"]


def test_an_infection_in_a_cycle_without_antibody_has_no_infusion_to_interrupt() -> None:
    story = running(["irinotecan", "temozolomide"])
    story.told("fitness_recorded", 3, uncontrolled_infection=True)
    assert rows(story) == ["H"]


@pytest.mark.shows("R-061")
def test_dinutuximab_has_rules_of_its_own() -> None:
    story = running(DINUTUXIMAB)
    suffers(story, "capillary leak syndrome", 3)
    assert "Restart at 0.875 mg/m2/h" in detail(story, "interrupt_antibody")


def test_severe_counts_let_the_cycle_run_on() -> None:
    story = running()
    suffers(story, "neutropenia", 4)
    assert rows(story) == ["H"]
    assert not prompts(story, "interrupt_antibody")


def test_once_it_has_come_down_the_infusion_goes_on_at_half_the_rate() -> None:
    story = running()
    entry = suffers(story, "hypotension", 3)
    story.told("toxicity_resolved", 4, entry=entry, to_grade=2)
    assert story.finding("toxicity_action", 4) == "modify"
    told = story.next(4)
    assert told.recommended == MET
    assert told.outcome.rows[0].number == "G5"
    assert "Halve the rate of the infusion." in detail(story, "antibody_rule", 4)
    story.told("toxicity_resolved", 5, entry=entry, to_grade=0)
    assert story.finding("toxicity_action", 5) == "proceed"


def test_a_course_of_maintenance_is_modified_in_the_same_way() -> None:
    story = course_running()
    suffers(story, "fever", 2, on=4)
    assert story.next(4).recommended == "continue_maintenance"
    assert rows(story, 4) == ["G5"]


def test_severe_again_under_the_same_antibody_ends_the_infusion_for_today() -> None:
    story = running()
    entry = suffers(story, "hypotension", 3)
    story.told("toxicity_resolved", 4, entry=entry, to_grade=2)
    suffers(story, "low blood pressure", 3, on=5)
    assert story.finding("toxicity_action", 5) == "end_today"
    assert rows(story, 5) == ["G2"]
    assert "Resume the next day if it has resolved." in detail(story, "interrupt_antibody", 5)
    assert not story.episode.stops


def test_told_twice_while_it_goes_on_is_not_severe_again() -> None:
    story = running()
    suffers(story, "hypotension", 3)
    suffers(story, "hypotension", 3, on=4)
    assert story.finding("toxicity_action", 4) == "hold"


def test_what_was_severe_in_an_earlier_line_is_remembered_for_the_same_antibody() -> None:
    story = running()
    suffers(story, "hypotension", 3, ongoing=False)
    story.decided("change_line", 10, "possible", agents=["dinutuximab_beta", "topotecan"])
    story.told("cycle_started", 12, cycle=1)
    suffers(story, "hypotension", 3, on=13)
    assert story.finding("toxicity_action", 13) == "end_today"


def test_severe_under_another_antibody_before_is_not_severe_again() -> None:
    story = running(NAXITAMAB)
    suffers(story, "hypotension", 3, ongoing=False)
    story.decided("change_line", 10, "possible", agents=["dinutuximab_beta", "topotecan"])
    story.told("cycle_started", 12, cycle=1)
    suffers(story, "hypotension", 3, on=13)
    assert story.finding("toxicity_action", 13) == "hold"


def test_severe_hypersensitivity_ends_the_antibody_for_this_course() -> None:
    story = running()
    suffers(story, "hypersensitivity", 3)
    assert story.finding("toxicity_action", 3) == "delay"
    assert rows(story) == ["G1"]
    assert story.next(3).recommended == "hold"


def test_the_antibody_stays_away_for_this_course_also_when_the_reaction_has_resolved() -> None:
    story = running()
    entry = suffers(story, "hypersensitivity", 3)
    story.told("toxicity_resolved", 3, entry=entry, to_grade=0)
    assert story.finding("toxicity_action", 5) == "delay"
    assert "hypersensitivity, grade 3" in detail(story, "interrupt_antibody", 5)
    story.told("cycle_completed", 7, cycle=1, delivered="modified")
    assert not prompts(story, "interrupt_antibody", 8)
    story.told("cycle_started", 23, cycle=2)
    assert story.finding("toxicity_action", 24) == "proceed"


def test_a_course_of_maintenance_is_a_course_of_its_own() -> None:
    story = course_running()
    suffers(story, "hypersensitivity", 3, on=4, ongoing=False)
    assert story.finding("toxicity_action", 5) == "delay"


def test_mild_again_after_it_was_severe_in_this_course_does_not_bring_the_antibody_back() -> None:
    story = running()
    suffers(story, "hypersensitivity", 3, ongoing=False)
    suffers(story, "hypersensitivity", 1, on=4)
    assert story.finding("toxicity_action", 4) == "delay"


def test_life_threatening_capillary_leak_keeps_dinutuximab_away_for_the_cycle() -> None:
    story = running(DINUTUXIMAB)
    entry = suffers(story, "capillary leak", 4)
    story.told("toxicity_resolved", 4, entry=entry, to_grade=0)
    assert story.finding("tolerance", 4) == "unknown"
    assert story.finding("toxicity_action", 4) == "delay"


def test_severe_again_and_resolved_on_the_same_day_still_ends_that_day_and_no_other() -> None:
    story = running()
    suffers(story, "hypotension", 3, ongoing=False)
    entry = suffers(story, "hypotension", 3, on=4)
    story.told("toxicity_resolved", 4, entry=entry, to_grade=0)
    assert story.finding("toxicity_action", 4) == "end_today"
    assert story.finding("toxicity_action", 5) == "proceed"


@pytest.mark.shows("R-061")
def test_the_gravest_of_several_side_effects_decides() -> None:
    story = running()
    suffers(story, "hypotension", 3)
    suffers(story, "hypersensitivity", 3)
    suffers(story, "fever", 1)
    assert story.finding("toxicity_action", 3) == "delay"


@pytest.mark.parametrize("begun", [running, course_running])
def test_a_grade_that_is_missing_and_decides_is_asked_for(begun: Any) -> None:
    story = begun()
    suffers(story, "pain")
    told = story.next(3)
    assert told.recommended == "complete_workup"
    assert rows(story) == ["G4"]
    assert "toxicity_action" in {each["finding"] for each in told.document("0" * 64)["missing"]}
    assert "3, severe, limits self-care" in detail(story, "grade_wanted")


def test_a_grade_that_is_missing_of_what_is_not_known_here_is_asked_for_as_well() -> None:
    story = running()
    suffers(story, "late effects")
    assert detail(story, "grade_wanted") == "late effects"


def test_a_severe_reaction_to_the_infusion_is_an_emergency_before_grade_four() -> None:
    story = running()
    suffers(story, "infusion related reaction", 3)
    assert story.finding("tolerance", 3) == "emergency"
    assert rows(story) == ["A"]
    assert story.finding("toxicity_action", 3) == "hold"


def test_the_same_reaction_to_dinutuximab_interrupts_and_is_none() -> None:
    story = running(DINUTUXIMAB)
    suffers(story, "infusion related reaction", 3)
    assert story.finding("tolerance", 3) == "unknown"
    assert rows(story) == ["G3"]


def test_what_ends_the_antibody_for_good_comes_before_its_interruption() -> None:
    story = running()
    suffers(story, "anaphylaxis", 3)
    assert story.finding("toxicity_action", 3) == "hold"
    assert rows(story) == ["F"]


def test_a_side_effect_of_an_antibody_no_longer_given_interrupts_none() -> None:
    story = running(NAXITAMAB)
    suffers(story, "hypertension", 3)
    story.decided("change_line", 10, "possible", agents=["dinutuximab_beta", "topotecan"])
    story.told("cycle_started", 12, cycle=1)
    assert story.finding("toxicity_action", 13) == "proceed"


def test_without_an_antibody_in_the_treatment_there_is_no_infusion_to_interrupt() -> None:
    story = running(["topotecan", "cyclophosphamide"])
    suffers(story, "diarrhoea", 3)
    story.told("fitness_recorded", 3, graft_versus_host="acute_3_4")
    assert story.finding("toxicity_action", 3) == "proceed"
    assert not prompts(story, "interrupt_antibody")


def test_while_the_agents_are_not_known_any_antibody_may_be_given() -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1)
    story.told("cycle_started", 2, cycle=1)
    suffers(story, "hypotension", 2)
    assert story.finding("toxicity_action", 3) == "hold"


def test_an_astct_grade_is_none_for_the_rules_of_an_antibody() -> None:
    story = running()
    suffers(story, "cytokine release syndrome", 1, scale="astct")
    assert story.finding("toxicity_action", 3) == "unknown"


@pytest.mark.shows("C-13")
def test_severe_cytokine_release_by_astct_is_an_emergency() -> None:
    story = running()
    suffers(story, "CRS", 3, scale="astct")
    assert story.finding("tolerance", 3) == "emergency"


@pytest.mark.shows("R-061")
def test_the_two_scales_of_cytokine_release_do_not_overwrite_each_other() -> None:
    story = running()
    suffers(story, "CRS", 4)
    suffers(story, "CRS", 1, scale="astct")
    assert story.finding("tolerance", 3) == "emergency"


@pytest.mark.parametrize("found", ["acute_3_4", "chronic_extensive"])
def test_graft_versus_host_disease_is_a_contraindication(found: str) -> None:
    story = running()
    story.told("fitness_recorded", 3, graft_versus_host=found)
    assert story.finding("toxicity_action", 3) == "hold"
    (told,) = prompts(story, "interrupt_antibody")
    assert "contraindicated" in told["detail"]
    assert told["because"]["verified"]


@pytest.mark.parametrize("found", ["none", "acute_1_2", "chronic_limited"])
def test_milder_graft_versus_host_disease_is_none(found: str) -> None:
    story = running()
    story.told("fitness_recorded", 3, graft_versus_host=found)
    assert story.finding("toxicity_action", 3) == "proceed"


def test_a_graver_side_effect_comes_before_the_contraindication() -> None:
    story = running()
    story.told("fitness_recorded", 3, graft_versus_host="acute_3_4")
    suffers(story, "hypersensitivity", 3)
    assert story.finding("toxicity_action", 3) == "delay"


def test_the_contraindication_comes_before_what_only_modifies() -> None:
    story = running()
    story.told("fitness_recorded", 3, graft_versus_host="acute_3_4")
    suffers(story, "fever", 1)
    assert story.finding("toxicity_action", 3) == "hold"


# What only a person can judge.


@pytest.mark.parametrize(
    ("agents", "term", "grade"),
    [
        (None, "motor neuropathy", 2),
        (None, "hyponatraemia", 4),
        (None, "capillary leak syndrome", 2),
        (DINUTUXIMAB, "pain", 3),
        (DINUTUXIMAB, "sensory neuropathy", 3),
        (DINUTUXIMAB, "urinary retention", 2),
        (DINUTUXIMAB, "vision decreased", 2),
        (DINUTUXIMAB, "hyponatraemia", 4),
        (NAXITAMAB, "pain", 3),
        (NAXITAMAB, "urinary retention", 2),
    ],
)
def test_a_stop_that_hangs_on_a_persons_judgement_is_asked_and_then_settled(
    agents: list[str] | None, term: str, grade: int
) -> None:
    story = running(agents)
    suffers(story, term, grade)
    (told,) = prompts(story, "stop_question")
    assert told["urgent"]
    assert " if " in told["detail"]
    assert not story.episode.stops
    suffers(story, term, grade, on=4, condition_met=False)
    assert not prompts(story, "stop_question", 4)
    assert not story.episode.stops
    suffers(story, term, grade, on=5, condition_met=True)
    assert not prompts(story, "stop_question", 5)
    assert list(story.episode.stops) == [(agents or ["dinutuximab_beta"])[0]]


def test_the_question_stays_after_the_side_effect_has_resolved() -> None:
    story = running(DINUTUXIMAB)
    entry = suffers(story, "pain", 3)
    story.told("toxicity_resolved", 5, entry=entry, to_grade=0)
    assert "maximum supportive measures" in detail(story, "stop_question", 6)


def test_the_question_says_since_when_and_for_which_time() -> None:
    story = running()
    suffers(story, "motor neuropathy", 2)
    assert "grade 2, since 4 Jan 2026 (16 days)" in detail(story, "stop_question", 19)
    suffers(story, "capillary leak", 2, ongoing=False)
    suffers(story, "capillary leak", 2, on=5, ongoing=False, occurred_precision="month")
    (leak,) = (each for each in prompts(story, "stop_question", 5) if "leak" in each["detail"])
    assert "for the 2. time" in leak["detail"]
    assert "since" not in leak["detail"]


def test_how_long_it_goes_on_is_counted_over_a_change_of_line() -> None:
    story = running()
    suffers(story, "motor neuropathy", 2, agent="dinutuximab beta")
    story.decided("change_line", 10, "possible", agents=["naxitamab", "irinotecan"])
    suffers(story, "peripheral motor neuropathy", 2, on=33, agent="dinutuximab beta")
    assert "since 4 Jan 2026 (30 days)" in detail(story, "stop_question", 33)


def test_a_rule_that_only_its_missing_grade_leaves_open_is_no_question_of_judgement() -> None:
    story = running()
    suffers(story, "serum sickness", agent="dinutuximab")
    assert not prompts(story, "stop_question")


def test_a_grade_that_does_not_exist_asks_no_question_about_a_stop() -> None:
    story = running()
    suffers(story, "capillary leak", 2, scale="astct")
    assert not prompts(story, "stop_question")


def test_while_the_antibody_is_not_named_the_rules_of_each_are_asked_about() -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1)
    story.told("cycle_started", 2, cycle=1)
    suffers(story, "motor neuropathy", 2)
    told = [str(each["detail"]) for each in prompts(story, "stop_question")]
    assert len(told) == 3
    assert all("of an antibody that was not named" in each for each in told)


def test_a_child_who_never_had_an_antibody_is_asked_about_none() -> None:
    story = running(["topotecan", "cyclophosphamide"])
    suffers(story, "pain", 3)
    assert not prompts(story, "stop_question")


# Names, terms and grades.


def test_a_stop_of_an_antibody_that_nobody_named_says_so() -> None:
    story = Story.opened().planned()
    story.decided("start_chemoimmunotherapy", 1)
    story.told("cycle_started", 2, cycle=1)
    suffers(story, "motor neuropathy", 3)
    (stop,) = story.episode.stops.values()
    assert stop.agent == "anti_gd2"
    assert stop.sentence.endswith("holds for each of them until that is corrected.")
    assert detail(story, "antibody_not_named") == stop.sentence


def test_a_stop_ascribed_to_an_agent_that_is_not_known_says_so() -> None:
    story = running()
    suffers(story, "motor neuropathy", 3, agent="dinutuximab betta")
    assert "not known here" in story.episode.stops["anti_gd2"].sentence
    assert detail(story, "agent_not_known") == "dinutuximab betta; did you mean dinutuximab beta?"


def test_a_misspelled_agent_of_the_treatment_is_told() -> None:
    story = running(["naxitamabb", "irinotecan"])
    assert detail(story, "agent_not_known") == "naxitamabb; did you mean naxitamab?"


def test_an_agent_like_no_other_is_told_without_a_guess() -> None:
    story = running(["dinutuximab_beta", "xyz"])
    assert detail(story, "agent_not_known") == "xyz"


def test_known_agents_and_trade_names_are_not_asked_about() -> None:
    story = running(["Qarziba", "irinotecan", "GM-CSF", "IL-2"])
    suffers(story, "fever", 1, agent="Danyelza")
    assert not prompts(story, "agent_not_known")


def test_pain_has_no_grade_four_and_no_rule_reads_one() -> None:
    story = running(DINUTUXIMAB)
    suffers(story, "pain", 4)
    assert detail(story, "no_such_grade") == "pain: CTCAE v5.0 has no grade 4 of it"
    assert story.finding("tolerance", 3) == "unknown"
    assert story.finding("toxicity_action", 3) == "unknown"
    assert not prompts(story, "grade_wanted")


def test_before_the_next_cycle_a_grade_that_does_not_exist_is_asked_for_again() -> None:
    story = running()
    suffers(story, "pain", 4)
    story.told("cycle_completed", 7, cycle=1, delivered="full")
    assert story.finding("tolerance", 8) == "unknown"
    assert story.next(8).recommended == "complete_workup"
    suffers(story, "pain", 1, on=9)
    assert story.finding("tolerance", 9) == "fine"


def test_astct_has_no_grade_of_pain() -> None:
    story = running()
    suffers(story, "pain", 3, scale="astct")
    assert detail(story, "no_such_grade") == "pain: ASTCT has no grade 3 of it"


def test_a_term_that_is_not_known_here_is_told() -> None:
    story = running()
    suffers(story, "Late effects", 1)
    suffers(story, "ICANS", 1, scale="astct")
    suffers(story, "pain", 1)
    assert detail(story, "term_not_known") == "late effects"


def test_one_side_effect_in_two_spellings_is_one() -> None:
    story = running()
    suffers(story, "Diarrhoea", 3)
    suffers(story, "diarrhea", 1, on=4)
    assert story.finding("toxicity_action", 4) == "proceed"


def test_the_entry_that_told_it_first_or_last_is_the_one_that_resolves_it() -> None:
    story = running()
    first = suffers(story, "hypotension", 3)
    suffers(story, "hypotension", 3, on=4)
    story.told("toxicity_resolved", 5, entry=first, to_grade=0)
    assert story.finding("toxicity_action", 5) == "proceed"


# What a person is told beside the next step.


def test_anaphylaxis_to_one_antibody_is_a_warning_about_the_others() -> None:
    story = running()
    suffers(story, "anaphylaxis", 3)
    assert detail(story, "class_warning", 400).endswith("The others: dinutuximab, naxitamab.")


def test_another_stop_is_no_warning_about_the_others() -> None:
    story = running()
    suffers(story, "visual toxicity", 3)
    assert not prompts(story, "class_warning")


def test_fever_means_blood_cultures_always() -> None:
    story = running()
    assert not prompts(story, "blood_cultures")
    suffers(story, "fever", 1)
    (told,) = prompts(story, "blood_cultures")
    assert told["because"]["verified"]
    assert told["urgent"]


@pytest.mark.parametrize(("measured", "on", "number"), [("38.0", 4, 1), ("37.9", 4, 0), ("39.5", 6, 0)])
def test_a_temperature_is_a_fever_for_a_day(measured: str, on: int, number: int) -> None:
    story = running()
    story.told("fitness_recorded", 3, temperature_c=measured)
    assert len(prompts(story, "blood_cultures", on)) == number


def test_a_fever_measured_on_a_day_that_is_not_known_is_taken_as_it_is() -> None:
    story = running()
    story.told("fitness_recorded", 3, temperature_c="39.0", occurred_precision="month")
    assert prompts(story, "blood_cultures", 30)


@pytest.mark.parametrize(("on", "number"), [(4, 0), (5, 1), (9, 1)])
def test_fever_of_more_than_two_days_asks_for_further_work_up(on: int, number: int) -> None:
    story = running()
    suffers(story, "fever", 2)
    assert len(prompts(story, "lasting_fever", on)) == number


def test_fever_of_an_unknown_day_does_not_count_days() -> None:
    story = running()
    suffers(story, "fever", 2, occurred_precision="month")
    assert not prompts(story, "lasting_fever", 30)


def test_febrile_neutropenia_asks_for_antibiotics_until_the_cultures_are_negative() -> None:
    story = running()
    suffers(story, "febrile neutropenia", 3)
    (told,) = prompts(story, "febrile_neutropenia")
    assert told["sentence"] == "Give antibiotics at least until the blood cultures are negative."


@pytest.mark.parametrize(("count", "number"), [("900", 1), ("1000", 0)])
def test_fever_with_low_neutrophils_is_febrile_neutropenia(count: str, number: int) -> None:
    story = running()
    suffers(story, "fever", 1)
    story.told("fitness_recorded", 3, anc_per_ul=count)
    assert len(prompts(story, "febrile_neutropenia")) == number


def test_fever_without_a_count_is_not_called_febrile_neutropenia() -> None:
    story = running()
    suffers(story, "fever", 1)
    assert not prompts(story, "febrile_neutropenia")


def test_hypotension_comes_with_what_is_low_for_a_child() -> None:
    story = running()
    suffers(story, "hypotension", 2)
    (told,) = prompts(story, "blood_pressure_of_children")
    assert "70 + 2 × age" in told["sentence"]


def test_cytokine_release_after_cells_graded_by_ctcae_is_told() -> None:
    story = running()
    suffers(story, "cytokine release syndrome", 2)
    assert not prompts(story, "scale_of_cytokine_release")
    story.told("car_t_step_recorded", 4, step="infused")
    assert prompts(story, "scale_of_cytokine_release", 5)
    suffers(story, "cytokine release syndrome", 2, on=5, scale="astct")
    assert len(prompts(story, "scale_of_cytokine_release", 5)) == 1


@pytest.mark.parametrize(("grade", "agent", "number"), [(2, None, 1), (1, None, 0), (2, "vincristine", 0)])
def test_pain_of_the_antibody_is_treated_step_by_step(grade: int, agent: str | None, number: int) -> None:
    story = running()
    suffers(story, "pain", grade, agent=agent)
    assert len(prompts(story, "pain_control")) == number


@pytest.mark.parametrize(("agents", "hours"), [(DINUTUXIMAB, "4 hours"), (NAXITAMAB, "2 hours")])
def test_the_child_is_observed_after_each_infusion(agents: list[str], hours: str) -> None:
    (told,) = prompts(running(agents), "observation")
    assert hours in told["detail"]
    assert told["because"]["verified"]


def test_of_dinutuximab_beta_no_hours_of_observation_are_known_here() -> None:
    assert not prompts(running(), "observation")


@pytest.mark.parametrize(
    "term", ["hypersensitivity", "capillary leak", "infusion related reaction", "cytokine release syndrome"]
)
def test_before_the_antibody_is_given_again_after_a_severe_reaction_people_choose(term: str) -> None:
    story = running()
    suffers(story, term, 2, ongoing=False)
    story.told("cycle_completed", 7, cycle=1, delivered="full")
    assert not prompts(story, "given_again", 8)
    suffers(story, term, 3, on=8)
    assert not prompts(story, "given_again", 8)
    suffers(story, term, 3, on=8, ongoing=False)
    assert "under dinutuximab beta" in detail(story, "given_again", 9)


# Where the antibody is chosen, and not yet given.


def due_for_decision() -> Story:
    """Stable disease after two cycles with dinutuximab beta: the third is the recommendation."""
    return assessed_after_two_cycles("SD")


@pytest.mark.shows("R-061", "C-13")
@pytest.mark.parametrize("begun", [after_two_cycles, due_for_decision])
def test_anaphylaxis_without_a_grade_is_told_at_once_where_the_next_cycle_is_decided_upon(begun: Any) -> None:
    story = begun()
    suffers(story, "anaphylaxis", on=44, agent="dinutuximab_beta")
    (told,) = prompts(story, "grade_wanted", 44)
    assert told["urgent"]
    assert prompts(story, "interrupt_antibody", 44)


def test_a_side_effect_without_a_grade_is_told_while_the_first_line_is_planned() -> None:
    story = Story.opened().planned()
    suffers(story, "anaphylaxis", on=1, agent="dinutuximab_beta")
    assert prompts(story, "grade_wanted", 1)


def test_the_next_step_says_that_the_antibody_is_withheld() -> None:
    story = due_for_decision()
    entry = suffers(story, "motor neuropathy", 2, on=44)
    told = story.next(44)
    assert told.recommended == MET
    assert told.summary() == (
        "Recommended: give cycle 3 of line 1 (Dinutuximab beta, irinotecan and temozolomide), "
        "without the antibody while this goes on: motor neuropathy, grade 2."
    )
    story.told("toxicity_resolved", 45, entry=entry, to_grade=0)
    assert "without the antibody" not in story.next(45).summary()


def test_the_next_step_waits_with_the_antibody_for_a_grade_that_decides() -> None:
    story = due_for_decision()
    suffers(story, "hypotension", on=44)
    assert (
        story.next(44).summary().endswith(", without the antibody until the grade of hypotension is known.")
    )


def test_no_antibody_is_spoken_of_where_none_is_given() -> None:
    story = after_two_cycles(regimen="irinotecan_temozolomide", agents=["irinotecan", "temozolomide"])
    story.fit(44)
    story.assessed(44, "SD")
    suffers(story, "motor neuropathy", 2, on=44)
    assert story.next(44).recommended == MET
    assert "antibody" not in story.next(44).summary()
    assert not prompts(story, "interrupt_antibody", 44)


@pytest.mark.parametrize(
    ("kind", "told", "shown"),
    [
        ("toxicity_recorded", {"term": "sepsis", "grade": 5}, "sepsis, grade 5"),
        ("toxicity_recorded", {"term": "sepsis", "grade": 5, "ongoing": False}, "sepsis, grade 5"),
        ("toxicity_recorded", {"term": "crs", "grade": 5, "scale": "astct"}, "CRS, grade 5 (ASTCT)"),
        ("car_t_step_recorded", {"step": "icans", "grade": 5}, "ICANS grade 5"),
    ],
)
def test_grade_5_asks_first_whether_the_child_has_died(kind: str, told: dict[str, Any], shown: str) -> None:
    story = running()
    story.told(kind, 3, **told)
    first, *others = story.next(3).document("0" * 64)["prompts"]
    assert (first["prompt"], first["detail"], first["urgent"]) == ("death", shown, True)
    assert first["sentence"].startswith(
        "Grade 5 means that the child has died of it. If so, close the episode"
    )
    spoken = {each["prompt"] for each in others}
    assert not spoken & {"interrupt_antibody", "icans", "crs", "safety_switch", "safety_switch_unknown"}


def test_in_follow_up_nothing_more_is_to_be_managed_after_a_death() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("follow_up", 45, "possible")
    suffers(story, "sepsis", 4, on=46)
    assert prompts(story, "emergency_after_treatment", 46)
    suffers(story, "sepsis", 5, on=47)
    assert not prompts(story, "emergency_after_treatment", 47)
    assert prompts(story, "death", 47)


@pytest.mark.parametrize("agent", ["cisplatin", "irinotecan"])
def test_what_another_agent_did_keeps_no_antibody_back(agent: str) -> None:
    story = due_for_decision()
    suffers(story, "hearing loss", on=44, agent=agent)
    assert "without the antibody" not in story.next(44).summary()
    assert prompts(story, "grade_wanted", 44) == []
