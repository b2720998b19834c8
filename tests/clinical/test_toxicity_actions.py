"""What a side effect of an anti-GD2 antibody asks for while it goes on, by the table of the antibody."""

import pytest

from pathway.clinical.evidence import Tag
from pathway.clinical.terms import Antibody
from pathway.clinical.toxicity import STOP_RULES, StopRule
from pathway.clinical.toxicity_actions import Asked, Happening, action_of, asked
from pathway.clinical.toxicity_tables import (
    ACTION_RULES,
    CONTRAINDICATION,
    LIFE_THREATENING,
    Action,
    ActionRule,
)

BETA, DINUTUXIMAB, NAXITAMAB = "dinutuximab_beta", "dinutuximab", "naxitamab"


def of(
    term: str,
    grade: int | None,
    agent: str | None = BETA,
    *,
    recurrent: bool = False,
    condition_met: bool | None = None,
) -> Asked:
    return asked(Happening(term, grade, agent, recurrent, condition_met))


def how_to_go_on(found: Asked) -> list[str]:
    return [rule.resume for rule in found.rules if isinstance(rule, ActionRule)]


@pytest.mark.parametrize("term", ["fever", "pain", "hypotension", "capillary leak syndrome", "urticaria"])
@pytest.mark.parametrize("grade", [1, 2])
def test_a_mild_side_effect_of_the_infusion_halves_the_rate_of_dinutuximab_beta(
    term: str, grade: int
) -> None:
    found = of(term, grade)
    assert found.action is Action.MODIFY
    assert "Halve the rate" in found.rules[0].sentence


@pytest.mark.parametrize(
    "term", ["diarrhoea", "ALT increased", "sensory neuropathy", "neutropenia", "anaemia"]
)
@pytest.mark.parametrize("grade", [1, 2])
def test_what_does_not_come_with_the_infusion_leaves_its_rate_alone(term: str, grade: int) -> None:
    assert of(term, grade).action is Action.PROCEED


@pytest.mark.shows("R-061")
@pytest.mark.parametrize(
    "term", ["fever", "pain", "hypotension", "diarrhoea", "ALT increased", "something new"]
)
def test_a_severe_side_effect_interrupts_dinutuximab_beta_and_it_resumes_at_half_the_rate(term: str) -> None:
    found = of(term, 3)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == [
        (
            "Resume at half the rate when it has come down to grade 2 or less, at the original rate after complete "
            "resolution."
        )
    ]


@pytest.mark.parametrize("agent", [BETA, DINUTUXIMAB, NAXITAMAB, None])
@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_a_low_count_interrupts_no_antibody_and_is_no_emergency(agent: str | None, grade: int) -> None:
    assert of("platelet count decreased", grade, agent).action is Action.PROCEED


def test_severe_again_ends_dinutuximab_beta_for_today_and_not_for_good() -> None:
    found = of("hypotension", 3, recurrent=True)
    assert found.action is Action.END_TODAY
    assert how_to_go_on(found) == ["Resume the next day if it has resolved."]


def test_severe_before_and_mild_now_is_not_severe_again() -> None:
    assert of("hypotension", 2, recurrent=True).action is Action.MODIFY


@pytest.mark.parametrize("grade", [1, 2])
def test_mild_hypersensitivity_interrupts_and_resumes_at_the_original_rate(grade: int) -> None:
    found = of("hypersensitivity", grade)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == ["Resume at the original rate once it has resolved."]


def test_severe_hypersensitivity_puts_the_antibody_off_to_the_courses_that_follow() -> None:
    found = of("allergic reaction", 3)
    assert found.action is Action.DELAY
    assert how_to_go_on(found) == ["The antibody is given again in the courses that follow."]


def test_anaphylaxis_ends_the_antibody_before_hypersensitivity_puts_it_off() -> None:
    found = of("anaphylaxis", 3)
    assert found.action is Action.STOP_AGENT
    assert isinstance(found.rules[0], StopRule)


def test_of_an_antibody_that_ends_for_good_nothing_says_how_to_go_on() -> None:
    assert how_to_go_on(of("anaphylaxis", 3)) == []


def test_capillary_leak_of_grade_three_interrupts_by_a_rule_that_was_not_checked() -> None:
    found = of("capillary leak syndrome", 3)
    assert found.action is Action.HOLD
    assert found.rules[0].citation.tag is Tag.UNVERIFIED
    assert how_to_go_on(found) == ["Resume at half the rate when it has come down to grade 2 or less."]


@pytest.mark.parametrize("grade", [None, 1, 2, 3])
def test_dilated_pupils_interrupt_dinutuximab_beta_whatever_their_grade(grade: int | None) -> None:
    found = of("bilateral mydriasis", grade)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == ["Resume at half the rate once it has resolved."]


@pytest.mark.parametrize("term", ["infusion related reaction", "cytokine release syndrome"])
def test_a_severe_reaction_to_the_infusion_of_dinutuximab_beta_is_an_emergency(term: str) -> None:
    found = of(term, 3)
    assert found.action is Action.EMERGENCY
    assert found.rules[0].citation.tag is Tag.SOURCE_READ


@pytest.mark.parametrize("agent", [BETA, DINUTUXIMAB, NAXITAMAB, None, "irinotecan"])
def test_any_side_effect_of_grade_four_is_an_emergency_whatever_it_is_ascribed_to(agent: str | None) -> None:
    found = of("diarrhoea", 4, agent)
    assert found.action is Action.EMERGENCY
    assert found.rules[0] is LIFE_THREATENING


def test_an_emergency_does_not_hide_what_else_is_asked() -> None:
    leak, pain = of("capillary leak syndrome", 4), of("diarrhoea", 4)
    assert [action_of(rule) for rule in leak.rules] == [Action.EMERGENCY, Action.STOP_AGENT]
    assert [action_of(rule) for rule in pain.rules] == [Action.EMERGENCY, Action.HOLD]


def test_capillary_leak_under_dinutuximab_restarts_slowly_with_half_the_cytokine() -> None:
    found = of("capillary leak", 3, DINUTUXIMAB)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == ["Restart at 0.875 mg/m2/h, with the cytokine at half its dose."]


def test_life_threatening_capillary_leak_ends_dinutuximab_for_the_cycle() -> None:
    outcomes = [action_of(rule) for rule in of("capillary leak", 4, DINUTUXIMAB).rules]
    assert outcomes == [Action.EMERGENCY, Action.DELAY]


@pytest.mark.parametrize("grade", [2, 3])
def test_hypotension_with_symptoms_stops_dinutuximab_until_it_is_stable(grade: int) -> None:
    found = of("hypotension", grade, DINUTUXIMAB)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == ["Restart at 0.875 mg/m2/h, up to 1.75 mg/m2/h after 2 stable hours."]


def test_hypotension_without_symptoms_says_from_which_pressure_dinutuximab_stops() -> None:
    found = of("hypotension", 1, DINUTUXIMAB)
    assert found.action is Action.PROCEED
    assert "below 70 mmHg" in found.rules[0].sentence
    assert "15 % below the baseline" in found.rules[0].sentence


@pytest.mark.parametrize(("term", "grade"), [("sepsis", 3), ("bacteraemia", 2), ("bacteraemia", None)])
def test_a_systemic_infection_stops_dinutuximab_until_it_has_resolved(term: str, grade: int | None) -> None:
    found = of(term, grade, DINUTUXIMAB)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == ["Resume once the infection has resolved."]


def test_where_a_label_has_no_line_a_severe_side_effect_interrupts_by_this_projects_choice() -> None:
    for agent in (DINUTUXIMAB, NAXITAMAB):
        found = of("diarrhoea", 3, agent)
        assert found.action is Action.HOLD
        assert found.rules[0].citation.tag is Tag.DESIGN


@pytest.mark.shows("R-061")
def test_a_reaction_to_naxitamab_of_grade_two_halves_the_rate_and_of_grade_three_interrupts() -> None:
    assert of("infusion related reaction", 1, NAXITAMAB).action is Action.PROCEED
    assert of("infusion related reaction", 2, NAXITAMAB).action is Action.MODIFY
    found = of("infusion related reaction", 3, NAXITAMAB)
    assert found.action is Action.HOLD
    assert how_to_go_on(found) == ["Resume at half the rate."]
    assert {rule.citation.tag for rule in found.rules} == {Tag.UNVERIFIED}


@pytest.mark.parametrize(
    ("term", "grade"),
    [("hypertension", 3), ("blurred vision", 1), ("visual disturbance", None), ("myocarditis", None)],
)
def test_hypertension_eyes_and_heart_interrupt_naxitamab_by_rules_that_were_not_checked(
    term: str, grade: int | None
) -> None:
    found = of(term, grade, NAXITAMAB)
    assert found.action is Action.HOLD
    assert found.rules[0].citation.tag is Tag.UNVERIFIED


@pytest.mark.parametrize("agent", [BETA, DINUTUXIMAB])
def test_moderate_motor_neuropathy_withholds_or_ends_the_antibody(agent: str) -> None:
    wanted = Action.STOP_AGENT if agent == DINUTUXIMAB else Action.HOLD
    assert of("motor neuropathy", 2, agent).action is wanted
    assert of("motor neuropathy", 1, agent).action is Action.PROCEED


def test_prolonged_moderate_motor_neuropathy_ends_dinutuximab_beta() -> None:
    assert of("motor neuropathy", 2, condition_met=True).action is Action.STOP_AGENT
    assert of("motor neuropathy", 2, condition_met=False).action is Action.HOLD


@pytest.mark.parametrize("agent", [BETA, DINUTUXIMAB])
def test_mild_trouble_with_the_eyes_withholds_the_antibody(agent: str) -> None:
    assert of("blurred vision", 1, agent).action is Action.HOLD
    assert of("photophobia", 2, agent).action is Action.HOLD


def test_what_is_ascribed_to_chemotherapy_interrupts_no_antibody() -> None:
    assert of("diarrhoea", 3, "irinotecan") == Asked(Action.PROCEED)


@pytest.mark.parametrize("agent", [None, "study drug 17", "3F8"])
def test_of_an_antibody_nobody_named_the_worst_is_taken(agent: str | None) -> None:
    assert of("hypotension", 2, agent).action is Action.HOLD
    assert of("infusion related reaction", 3, agent).action is Action.EMERGENCY
    assert {rule.antibody for rule in of("hypotension", 2, agent).rules if isinstance(rule, ActionRule)} == {
        Antibody.DINUTUXIMAB_BETA,
        Antibody.DINUTUXIMAB,
    }


@pytest.mark.parametrize("term", ["pain", "fever", "hypotension", "something new"])
def test_without_its_grade_a_side_effect_asks_for_the_grade(term: str) -> None:
    assert of(term, None).action is Action.UNKNOWN


def test_anaphylaxis_without_its_grade_interrupts_since_each_grade_it_has_does() -> None:
    assert of("anaphylaxis", None).action is Action.HOLD


def test_where_no_grade_asks_for_anything_the_missing_one_is_not_asked_for() -> None:
    assert of("neutropenia", None).action is Action.PROCEED
    assert of("weight gain", None, "temozolomide").action is Action.PROCEED


def test_graft_versus_host_disease_stands_against_the_antibody() -> None:
    assert CONTRAINDICATION.action is Action.HOLD
    assert CONTRAINDICATION.event.startswith(
        "Acute graft-versus-host disease of grade 3 or 4, or extensive chronic"
    )


@pytest.mark.parametrize("rule", ACTION_RULES, ids=lambda rule: f"{rule.antibody} {rule.name}")
def test_every_line_is_reached_and_reads_as_a_sentence(rule: ActionRule) -> None:
    terms = sorted(rule.effect.terms) if rule.effect else ["nausea"]
    agents = [rule.antibody] if rule.antibody else list(Antibody)
    reached = [
        of(term, grade, agent, recurrent=rule.recurrent)
        for term in terms
        for grade in rule.grades
        for agent in agents
    ]
    assert any(rule in found.rules for found in reached)
    assert rule.sentence.endswith(".")
    assert not rule.resume or rule.resume.endswith(".")
    assert rule.event


def test_outcomes_are_ordered_from_the_mildest_to_the_gravest() -> None:
    assert Action.PROCEED.gravity < Action.MODIFY.gravity < Action.HOLD.gravity < Action.END_TODAY.gravity
    assert Action.END_TODAY.gravity < Action.DELAY.gravity < Action.STOP_AGENT.gravity
    assert Action.STOP_AGENT.gravity < Action.EMERGENCY.gravity
    assert all(each.in_words for each in Action)


@pytest.mark.shows("R-061")
def test_every_stop_is_a_stop() -> None:
    assert {action_of(rule) for rule in STOP_RULES} == {Action.STOP_AGENT}
