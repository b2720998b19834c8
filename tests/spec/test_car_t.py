"""The bridge to GD2 CAR-T cells: eligibility by product, the gate, the exits, and what comes after."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_eligibility import COLLECTION, ELIGIBILITY
from pathway.catalogue.high_risk_neuroblastoma_relapse.cell_findings import car_t_eligibility
from pathway.catalogue.high_risk_neuroblastoma_relapse.steps import to_cells
from pathway.engine.checklists import Held
from pathway.engine.recommendation import Recommendation
from tests.story import Story, assessed_after_two_cycles, day, told

CART01, OTHER, UNLISTED = "GD2-CART01", "autologous GD2 CAR-T", "1RG-CART"
ORGANS: dict[str, Any] = {
    "gfr_ml_min_173": "90",
    "alt_x_uln": "1.0",
    "ast_x_uln": "1.0",
    "bilirubin_x_uln": "1.0",
    "lvef_percent": "60",
    "spo2_percent": "98",
}
BEDSIDE: dict[str, Any] = {
    "uncontrolled_infection": False,
    "systemic_steroids": False,
    "pregnancy_test": "not_applicable",
}


def step(story: Story, on: int, name: str, **told: Any) -> str:
    return story.told("car_t_step_recorded", on, step=name, **told)


def measured(product: str | None = None, **opening: Any) -> Story:
    """A child with GD2 on the tumour, found eligible for a product on day 10."""
    story = Story.opened(**opening)
    story.told("gd2_measured", 1, status="positive")
    step(story, 10, "eligible", **({"product": product} if product else {}))
    return story


def referred(product: str | None = CART01) -> Story:
    """The bridge was decided on day 45, after a partial response on day 44; the family consents to cells."""
    story = assessed_after_two_cycles("PR")
    story.told("consent_recorded", 44, scope="car_t", given=True)
    step(story, 44, "eligible", **({"product": product} if product else {}))
    story.decided("bridge_to_car_t", 45, "possible")
    return story


def released(product: str | None = CART01) -> Story:
    """Eligible on day 46, collected on day 50, the product released on day 70."""
    story = referred(product)
    for on, name in ((46, "eligible"), (50, "apheresis"), (70, "product_released")):
        step(story, on, name)
    return story


def ready(story: Story, on: int) -> Story:
    """Restaged, fit, without infection, and found eligible again."""
    story.assessed(on, "PR", timepoint=f"day-{on}")
    story.fit(on)
    story.told("fitness_recorded", on, **BEDSIDE, **ORGANS)
    step(story, on, "eligible")
    return story


def depleting() -> Story:
    """Lymphodepletion was decided on day 72, with everything in order."""
    story = ready(released(), 72)
    story.decided("bridge_to_car_t", 72)
    return story


def infused() -> Story:
    """Lymphodepletion ended on day 76, cells were given on day 79."""
    story = depleting()
    step(story, 76, "lymphodepletion")
    step(story, 79, "infused")
    return story


def row(story: Story, on: int) -> str:
    (found,) = story.next(on).outcome.rows
    return found.number


def held(story: Story, on: int, criterion: str) -> Held:
    found = {each.name: standing for each, standing in ELIGIBILITY.held(story.episode, day(on))}
    return next(standing for name, standing in found.items() if name.startswith(criterion))


def prompts(story: Story, on: int) -> dict[str, str]:
    told = answer(story.next(on))["prompts"]
    return {each["prompt"]: each.get("detail", "") for each in told}


def answer(told: Recommendation) -> dict[str, Any]:
    return dict(told.document("0" * 64))


def due(story: Story, on: int, what: str) -> list[tuple[int, int, int]]:
    """Every window with these words, in days after the first."""
    first = day(0)

    def number(found: date | None) -> int:
        assert found is not None
        return (found - first).days

    return [
        (number(each.earliest), number(each.target), number(each.latest))
        for each in story.next(on).due
        if each.window.what.startswith(what)
    ]


# Who is eligible


def test_a_child_is_eligible_when_a_person_says_so_and_gd2_is_there() -> None:
    story = measured(CART01)
    assert story.finding("car_t_eligibility", 10) == "yes"


def test_a_statement_of_eligibility_counts_for_28_days() -> None:
    story = measured(CART01)
    assert story.finding("car_t_eligibility", 38) == "yes"
    assert story.finding("car_t_eligibility", 39) == "unknown"


def test_a_statement_without_an_exact_day_counts_for_nothing() -> None:
    story = Story.opened()
    story.told("gd2_measured", 1, status="positive")
    step(story, 10, "eligible", occurred_precision="month")
    assert story.finding("car_t_eligibility", 11) == "unknown"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("progression_evidence_recorded", {"confirmed": True}),
        (
            "decision_made",
            {"option": "change_line", "detail": {}, "basis": "0" * 64, "offered_as": "possible"},
        ),
        ("car_t_step_recorded", {"step": "infused"}),
        (
            "decision_made",
            {"option": "bridge_to_car_t", "detail": {}, "basis": "0" * 64, "offered_as": "possible"},
        ),
    ],
)
def test_progression_a_new_line_an_infusion_or_another_bridge_ends_what_was_stated(
    kind: str, told: dict[str, Any]
) -> None:
    story = measured(CART01)
    story.told(kind, 12, **told)
    story.told("gd2_measured", 13, status="positive")
    assert story.finding("car_t_eligibility", 13) == "unknown"
    step(story, 14, "eligible")
    assert story.finding("car_t_eligibility", 14) == "yes"


def test_a_child_found_ineligible_stays_so_until_another_bridge_is_decided_or_a_person_says_otherwise() -> (
    None
):
    story = measured(CART01)
    step(story, 11, "ineligible")
    assert story.finding("car_t_eligibility", 11) == "no"
    story.decided("bridge_to_car_t", 12, "blocked")
    assert story.finding("car_t_eligibility", 12) == "unknown"


def test_gd2_that_is_not_known_leaves_eligibility_open() -> None:
    story = Story.opened()
    step(story, 10, "eligible")
    assert story.finding("car_t_eligibility", 10) == "unknown"
    assert held(story, 10, "GD2").standing == "missing"
    story.told("gd2_measured", 10, status="partial")
    assert story.finding("car_t_eligibility", 10) == "yes"
    assert held(story, 10, "GD2").standing == "met"
    story.told("gd2_measured", 11, status="negative")
    assert story.finding("car_t_eligibility", 11) == "no"
    assert held(story, 11, "GD2").standing == "not_met"


def test_gd2_measured_before_a_progression_is_too_old_for_cells() -> None:
    story = measured(CART01)
    story.told("progression_evidence_recorded", 12, confirmed=True)
    assert held(story, 12, "GD2").standing == "stale"


def test_a_statement_does_not_outweigh_a_value_that_rules_the_child_out() -> None:
    story = measured(OTHER)
    story.told("fitness_recorded", 10, bilirubin_x_uln="1.6")
    found = car_t_eligibility.of(story.episode, day(10))
    assert (found.value, found.shown) == ("no", "bilirubin (autologous GD2 CAR-T trial on medifind): 1.6")
    assert found.because is not None
    assert found.because.source.key == "gd2_car_registry"
    assert story.finding("cell_criteria", 10) == "not_met"
    assert story.finding("car_t_eligibility", 18) == "yes"  # eight days later the value counts no longer


# The table of each product


def test_the_limits_of_one_trial_do_not_rule_out_a_child_for_another_product() -> None:
    story = measured(CART01)
    story.told("fitness_recorded", 10, lvef_percent="45")
    assert story.finding("car_t_eligibility", 10) == "yes"
    step(story, 10, "eligible", product=OTHER)
    assert story.finding("car_t_eligibility", 10) == "no"


@pytest.mark.parametrize(("product", "standing"), [(None, "missing"), (UNLISTED, "met"), (CART01, "met")])
def test_without_a_table_only_what_both_tables_ask_for_is_looked_at_and_the_answer_says_so(
    product: str | None, standing: str
) -> None:
    story = measured(product)
    assert held(story, 10, "product").standing == standing
    listed = [each.name for each, _ in ELIGIBILITY.held(story.episode, day(10))]
    common = ["GD2", "infection", "earlier side effects"]
    of_table = [name.rpartition(" (")[0] for name in listed if " (" in name]
    assert (of_table == common) == (product != CART01)
    if product != CART01:
        assert "only what both tables ask for" in held(story, 10, "product").shown


def test_a_product_without_a_table_needs_the_word_of_a_person() -> None:
    story = measured(UNLISTED)
    assert held(story, 39, "product").standing == "missing"


@pytest.mark.parametrize(
    ("months", "standing"),
    [
        (11, "not_met"),
        (12, "met"),
        (18 * 12, "met"),
        (19 * 12, "missing"),
        (25 * 12, "missing"),
        (26 * 12, "not_met"),
    ],
)
def test_gd2_cart01_is_for_children_from_12_months_and_where_its_sources_differ_a_person_judges(
    months: int, standing: str
) -> None:
    story = measured(CART01, age_months=months)
    answered = "met" if standing == "missing" else standing
    assert held(story, 10, "age").standing == answered
    step(story, 11, "ineligible")
    assert held(story, 11, "age").standing == standing


def test_an_age_that_was_not_told_is_answered_by_the_statement_alone() -> None:
    story = measured(CART01)
    assert held(story, 10, "age").standing == "met"
    assert held(story, 40, "age").standing == "missing"
    inexact = measured(CART01, age_months=60, occurred_precision="month")
    assert held(inexact, 40, "age").standing == "missing"


@pytest.mark.parametrize(
    ("age", "told", "standing"),
    [
        (120, {"lansky": 60}, "met"),
        (120, {"lansky": 50}, "not_met"),
        (120, {"karnofsky": 90}, "missing"),
        (17 * 12, {"karnofsky": 60}, "met"),
        (17 * 12, {"lansky": 90}, "missing"),
        (16 * 12, {"lansky": 90}, "met"),
        (None, {"karnofsky": 80}, "met"),
        (None, {"pain_grade": 0}, "missing"),
    ],
)
def test_performance_is_lansky_up_to_16_years_and_karnofsky_above_at_least_60(
    age: int | None, told: dict[str, Any], standing: str
) -> None:
    story = measured(CART01, **({"age_months": age} if age else {}))
    story.told("fitness_recorded", 10, **told)
    assert held(story, 10, "performance status").standing == standing


def test_performance_counts_for_14_days() -> None:
    story = measured(CART01)
    story.told("fitness_recorded", 10, lansky=90)
    assert held(story, 24, "performance status").standing == "met"
    assert held(story, 25, "performance status").standing == "stale"


@pytest.mark.parametrize(
    ("product", "grade", "standing"),
    [
        (CART01, 2, "met"),
        (CART01, 3, "not_met"),
        (OTHER, 1, "met"),
        (OTHER, 2, "not_met"),
        (None, 2, "met"),
        (None, 3, "not_met"),
    ],
)
def test_earlier_side_effects_have_to_come_down_to_the_grade_of_the_product(
    product: str | None, grade: int, standing: str
) -> None:
    story = measured(product)
    story.told("toxicity_recorded", 10, term="nausea", grade=grade)
    assert held(story, 10, "earlier side effects").standing == standing


def test_low_counts_rule_no_child_out_and_a_side_effect_without_a_grade_is_asked_about() -> None:
    story = measured(CART01)
    story.told("toxicity_recorded", 10, term="neutrophil count decreased", grade=4)
    assert held(story, 10, "earlier side effects").standing == "met"
    story.told("toxicity_recorded", 10, term="nausea")
    assert held(story, 10, "earlier side effects").standing == "missing"


def test_an_uncontrolled_infection_rules_out_and_its_absence_counts_for_a_day() -> None:
    story = measured(CART01)
    assert held(story, 10, "infection").standing == "missing"
    story.told("fitness_recorded", 10, uncontrolled_infection=False)
    assert [held(story, on, "infection").standing for on in (10, 11, 12)] == ["met", "met", "stale"]
    story.told("toxicity_recorded", 11, term="fever", grade=1)
    assert held(story, 11, "infection").standing == "stale"
    story.told("fitness_recorded", 12, uncontrolled_infection=True)
    assert held(story, 12, "infection").standing == "not_met"


def test_steroids_are_a_persons_judgement_since_no_dose_is_recorded() -> None:
    story = measured(CART01)
    assert held(story, 10, "steroids").standing == "missing"
    story.told("fitness_recorded", 11, systemic_steroids=False)
    assert [held(story, on, "steroids").standing for on in (11, 26)] == ["met", "stale"]
    story.told("fitness_recorded", 12, systemic_steroids=True)
    assert held(story, 12, "steroids").standing == "missing"
    step(story, 12, "eligible")
    assert held(story, 12, "steroids").standing == "met"


@pytest.mark.parametrize(
    ("result", "standing", "later"),
    [("negative", "met", "stale"), ("positive", "not_met", "stale"), ("not_applicable", "met", "met")],
)
def test_a_pregnancy_test_counts_for_7_days(result: str, standing: str, later: str) -> None:
    story = measured(CART01)
    assert held(story, 10, "pregnancy test").standing == "missing"
    story.told("fitness_recorded", 10, pregnancy_test=result)
    assert held(story, 17, "pregnancy test").standing == standing
    assert held(story, 18, "pregnancy test").standing == later


def test_disease_that_can_be_evaluated_is_what_the_last_assessment_shows() -> None:
    story = measured(CART01)
    assert held(story, 40, "disease").standing == "missing"
    story.assessed(40, "SD")
    assert held(story, 40, "disease").standing == "met"
    assert held(story, 69, "disease").standing == "stale"
    story.assessed(70, "CR", timepoint="later")
    assert held(story, 70, "disease").standing == "missing"


@pytest.mark.parametrize(
    ("name", "value", "days"),
    [
        ("kidney", "gfr_ml_min_173", 7),
        ("ALT", "alt_x_uln", 7),
        ("AST", "ast_x_uln", 7),
        ("bilirubin", "bilirubin_x_uln", 7),
        ("heart", "lvef_percent", 28),
        ("oxygen", "spo2_percent", 1),
    ],
)
def test_each_value_counts_as_long_as_it_may(name: str, value: str, days: int) -> None:
    story = measured(OTHER)
    assert held(story, 10, name).standing == "missing"
    story.told("fitness_recorded", 10, **{value: ORGANS[value]})
    assert held(story, 10 + days, name).standing == "met"
    assert held(story, 11 + days, name).standing == "stale"


def test_a_measured_filtration_rate_counts_for_90_days_and_never_past_a_kidney_injury() -> None:
    story = measured(OTHER)
    story.told("fitness_recorded", 10, gfr_ml_min_173="90", gfr_measured=True)
    assert [held(story, on, "kidney").standing for on in (100, 101)] == ["met", "stale"]
    story.told("toxicity_recorded", 20, term="acute kidney injury", grade=1)
    assert held(story, 20, "kidney").standing == "stale"


def test_the_heart_is_looked_at_again_after_crs() -> None:
    story = measured(OTHER)
    story.told("fitness_recorded", 10, lvef_percent="60")
    step(story, 11, "crs", grade=1)
    assert held(story, 11, "heart").standing == "stale"


def test_the_heart_is_looked_at_again_after_an_anthracycline() -> None:
    story = measured(OTHER)
    for on, agents, standing in ((12, ["irinotecan"], "met"), (30, ["doxorubicin"], "stale")):
        story.told("fitness_recorded", 11, lvef_percent="60")
        story.decided("change_line", on, "possible", agents=agents)
        story.cycle(1, on + 1)
        assert held(story, on + 2, "heart").standing == standing


def test_a_value_without_an_exact_day_is_missing() -> None:
    story = measured(OTHER)
    story.told("fitness_recorded", 10, lvef_percent="60", occurred_precision="month")
    assert held(story, 10, "heart").standing == "missing"


def test_the_washout_of_systemic_therapy_is_two_weeks_or_the_word_of_a_person() -> None:
    story = measured(OTHER)
    assert not [
        each for each, _ in ELIGIBILITY.held(story.episode, day(10)) if each.name.startswith("washout")
    ]
    story.treated(10)
    story.cycle(1, 11)
    assert [held(story, on, "washout").standing for on in (29, 30)] == ["missing", "met"]
    step(story, 20, "eligible")
    assert held(story, 20, "washout").standing == "met"


def test_where_the_receptor_shares_the_epitope_a_person_answers_for_the_washout_of_the_antibody() -> None:
    story = measured(CART01)
    assert not [
        each for each, _ in ELIGIBILITY.held(story.episode, day(10)) if each.name == "antibody washout"
    ]
    story.told("prior_therapy_recorded", 12, line=1, agents=["dinutuximab beta"])
    assert held(story, 12, "antibody washout").standing == "missing"
    step(story, 12, "eligible")
    assert held(story, 12, "antibody washout").standing == "met"
    story.treated(20)
    story.cycle(1, 21)
    assert told(26) in held(story, 26, "antibody washout").shown


def test_what_no_value_answers_is_answered_by_a_person() -> None:
    assert held(measured(CART01), 10, "cyclophosphamide").standing == "met"
    assert held(measured(CART01), 39, "cyclophosphamide").standing == "missing"
    assert held(measured(OTHER), 10, "expected survival").standing == "met"


def test_serology_and_washout_are_looked_at_before_lymphocytes_are_collected() -> None:
    story = referred()
    step(story, 46, "eligible")
    assert story.episode.state == "car_t_bridge.apheresis"
    names = [each.name for each, _ in COLLECTION.held(story.episode, day(46))]
    assert names == ["infection serology", "antibody washout", "washout before collection"]
    assert answer(story.next(46))["checklists"]


# The gate before lymphodepletion


def test_a_released_product_alone_does_not_lead_to_lymphodepletion() -> None:
    story = released()
    assert (row(story, 73), story.status("bridge_to_car_t", 73)) == ("F1", "blocked")
    assert story.next(73).recommended == "complete_workup"


@pytest.mark.shows("R-067")
def test_a_child_restaged_fit_and_eligible_goes_on_to_lymphodepletion() -> None:
    story = ready(released(), 72)
    assert (row(story, 72), story.next(72).recommended) == ("F", "bridge_to_car_t")
    story.decided("bridge_to_car_t", 72)
    assert (story.episode.state, row(story, 72)) == ("car_t_bridge.lymphodepletion", "I")
    assert story.next(72).recommended == "bridge_to_car_t"


@pytest.mark.shows("R-067")
@pytest.mark.parametrize(
    ("left_out", "expected"), [("restaging", "F1"), ("fitness", "F2"), ("values", "F3"), ("statement", "F3")]
)
def test_whatever_is_missing_before_lymphodepletion_is_obtained_first(left_out: str, expected: str) -> None:
    story = released()
    if left_out != "restaging":
        story.assessed(75, "PR", timepoint="before")
    if left_out != "fitness":
        story.fit(75)
    if left_out != "values":
        story.told("fitness_recorded", 75, **BEDSIDE)
    if left_out != "statement":  # that of day 46 counts no longer
        step(story, 75, "eligible")
    on = 75
    assert (row(story, on), story.next(on).recommended) == (expected, "complete_workup")
    assert story.status("bridge_to_car_t", on) == "blocked"


def test_restaging_counts_for_28_days_and_not_past_bridging_treatment() -> None:
    story = released()
    assert story.finding("restaged", 72) == "done"  # the partial response of day 44
    assert story.finding("restaged", 73) == "stale"
    step(story, 60, "bridging", detail="radiotherapy")
    assert story.finding("restaged", 61) == "stale"
    story.assessed(62, "PR", timepoint="again")
    assert story.finding("restaged", 62) == "done"
    assert story.episode.state == "car_t_bridge.manufacturing"


def test_a_restaging_that_is_not_evaluable_or_has_no_exact_day_is_none() -> None:
    assert Story.opened().finding("restaged", 0) == "unknown"
    story = released()
    story.told("assessment_recorded", 71, timepoint="part", components={"primary": "PR"})
    assert story.finding("restaged", 71) == "unknown"
    story.assessed(71, "PR", timepoint="whole", occurred_precision="month")
    assert story.finding("restaged", 71) == "unknown"


@pytest.mark.parametrize(
    ("told", "expected"),
    [({"lansky": 40}, "E1"), ({"uncontrolled_infection": True}, "E1")],
)
def test_a_child_unfit_or_infected_at_lymphodepletion_is_for_the_tumour_board(
    told: dict[str, Any], expected: str
) -> None:
    story = depleting()
    story.told("fitness_recorded", 73, **told)
    assert (row(story, 73), story.next(73).recommended) == (expected, None)
    assert story.status("bridge_to_car_t", 73) == "blocked"


def test_poor_condition_by_another_table_is_for_the_tumour_board_as_well() -> None:
    story = ready(released(OTHER), 72)
    story.told("fitness_recorded", 73, lansky=40)
    assert row(story, 73) == "E2"
    story = referred(OTHER)
    story.told("fitness_recorded", 46, lansky=40)
    assert row(story, 46) == "E2"


@pytest.mark.shows("C-07")
def test_what_ages_between_decision_and_lymphodepletion_is_obtained_again() -> None:
    story = depleting()
    assert row(story, 74) == "F3"
    story.told("fitness_recorded", 87, **BEDSIDE)
    assert row(story, 87) == "F2"
    assert row(story, 101) == "F1"


def test_cells_are_infused_within_seven_days_of_lymphodepletion_else_the_gate_stands_again() -> None:
    story = depleting()
    step(story, 76, "lymphodepletion")
    assert (row(story, 83), story.next(83).recommended) == ("F", "bridge_to_car_t")
    assert row(story, 84) == "F3"
    ready(story, 84)
    assert (row(story, 84), story.next(84).recommended) == ("H", None)
    assert story.status("bridge_to_car_t", 84) == "possible"


def test_lymphodepletion_without_an_exact_day_does_not_open_the_infusion() -> None:
    story = depleting()
    step(story, 76, "lymphodepletion", occurred_precision="month")
    assert story.finding("lymphodepletion", 76) == "lapsed"


def test_while_the_product_is_made_the_bridge_goes_on_and_keeps_bridging_treatment_in_it() -> None:
    story = referred()
    step(story, 46, "eligible")
    step(story, 50, "apheresis")
    step(story, 60, "bridging")
    assert (row(story, 60), story.episode.state) == ("G", "car_t_bridge.manufacturing")
    assert not story.steps[-1].unexpected


def test_the_recommendation_names_the_step_of_the_bridge() -> None:
    story = referred()
    assert story.next(45).summary() == "Recommended: have eligibility for GD2 CAR-T cells decided."
    step(story, 46, "eligible")
    assert story.next(46).summary() == "Recommended: collect lymphocytes for GD2 CAR-T cells."
    step(story, 50, "apheresis")
    assert story.next(50).summary() == "Recommended: await the GD2 CAR-T cells."
    story = ready(released(), 72)
    assert story.next(72).summary() == "Recommended: begin lymphodepletion, then infuse the GD2 CAR-T cells."
    story.decided("bridge_to_car_t", 72)
    assert story.next(72).summary() == "Recommended: give lymphodepletion, then infuse the GD2 CAR-T cells."
    step(story, 73, "lymphodepletion")
    assert story.next(73).summary() == "Recommended: infuse the GD2 CAR-T cells."
    assert to_cells(assessed_after_two_cycles("PR").episode) == "bridge to GD2 CAR-T cells"


# Exits, each of which ends in a decision


@pytest.mark.shows("R-067")
@pytest.mark.parametrize(
    ("steps", "exit_step"),
    [
        ((), "no_slot"),
        (("eligible",), "apheresis_failed"),
        (("eligible", "apheresis"), "manufacturing_failed"),
        (("eligible", "apheresis"), "out_of_specification"),
        (("eligible", "apheresis"), "no_slot"),
        (("eligible", "apheresis", "product_released"), "ineligible"),
        (("eligible", "apheresis", "product_released"), "not_infused"),
    ],
)
def test_each_exit_ends_in_a_decision_with_a_sentence_of_its_own(
    steps: tuple[str, ...], exit_step: str
) -> None:
    story = referred()
    for on, name in enumerate((*steps, exit_step), 46):
        step(story, on, name)
    on = 46 + len(steps)
    assert story.episode.state == "decision_due"
    assert f"bridge_ended_{exit_step}" in prompts(story, on)
    assert len([name for name in prompts(story, on) if name.startswith("bridge_ended")]) == 1


def test_a_child_whose_cells_were_not_infused_is_decided_on_and_keeps_the_product() -> None:
    story = depleting()
    step(story, 76, "lymphodepletion")
    step(story, 80, "not_infused")
    assert story.episode.state == "decision_due"
    assert "product_released" in story.episode.car_t
    assert "lymphodepletion" not in story.episode.car_t


def test_a_bridge_taken_up_again_needs_no_second_collection() -> None:
    story = released()
    step(story, 71, "no_slot")
    story.decided("bridge_to_car_t", 74, "possible")
    assert story.finding("car_t_eligibility", 74) == "unknown"
    step(story, 75, "eligible")
    assert story.episode.state == "car_t_bridge.manufacturing"
    assert story.finding("product", 75) == "released"


def test_lymphocytes_collected_early_are_used_once_the_bridge_is_decided() -> None:
    story = assessed_after_two_cycles("PR")
    step(story, 44, "apheresis")
    story.decided("bridge_to_car_t", 45, "possible")
    step(story, 46, "eligible")
    assert story.episode.state == "car_t_bridge.manufacturing"
    assert due(story, 46, "have the cell product released") == [(58, 65, 86)]


def test_after_a_failed_product_or_an_infusion_lymphocytes_are_collected_anew() -> None:
    for gone in ("manufacturing_failed", "out_of_specification", "apheresis_failed", "infused"):
        story = released()
        step(story, 71, gone)
        assert (story.finding("product", 71), "apheresis" in story.episode.car_t) == ("awaited", False)


def test_progression_while_the_product_is_made_ends_in_a_decision() -> None:
    story = released()
    story.assessed(71, "PD", timepoint="restaging")
    assert story.episode.state == "decision_due"
    assert story.finding("car_t_eligibility", 71) == "unknown"


@pytest.mark.parametrize("response", ["SD", "PD"])
def test_no_response_at_week_6_and_a_relapse_after_cells_end_in_a_decision(response: str) -> None:
    story = infused()
    story.fit(121)
    story.assessed(121, response, timepoint="week-6")
    assert story.episode.state == "decision_due"
    assert story.finding("context", 121) == "car_t"


def test_after_lymphodepletion_the_cells_are_recommended_and_what_is_too_old_is_asked_for_beside_them() -> (
    None
):
    story = depleting()
    step(story, 76, "lymphodepletion")
    told = story.next(79)
    assert (row(story, 79), told.recommended) == ("F", "bridge_to_car_t")
    assert "cell_criteria" in {finding.name for finding in told.outcome.obtain}
    story.told("fitness_recorded", 79, **BEDSIDE)
    assert "cell_criteria" not in {finding.name for finding in story.next(79).outcome.obtain}


@pytest.mark.parametrize("ended", ["apheresis_failed", "ineligible", "no_slot"])
def test_a_bridge_that_ends_before_cells_were_given_leads_back_to_the_line_and_not_to_what_comes_after_cells(
    ended: str,
) -> None:
    story = assessed_after_two_cycles("PR")
    story.decided("bridge_to_car_t", 45, "possible")
    step(story, 46, "eligible")
    step(story, 47, ended)
    story.fit(47)
    assert story.episode.state == "decision_due"
    assert (story.finding("context", 47), story.rows(47)) == ("systemic", ["30"])
    assert story.status("continue_chemoimmunotherapy", 47) == "recommended"
    assert story.status("continue_monitoring", 47) == "blocked"


def test_a_bridge_that_ends_without_cells_and_without_a_line_is_about_no_treatment_so_far() -> None:
    story = Story.opened().planned()
    story.decided("bridge_to_car_t", 1, "possible")
    step(story, 2, "no_slot")
    assert story.finding("context", 2) == "none"
    assert story.status("start_chemoimmunotherapy", 2) == "blocked"
    assert story.status("change_line", 2) == "recommended"


def test_cells_given_before_the_present_line_do_not_make_its_failed_bridge_a_time_after_cells() -> None:
    story = infused()
    story.fit(121)
    story.assessed(121, "PD", timepoint="week-6")
    story.decided("change_line", 122, regimen="topotecan_cyclophosphamide")
    assert story.finding("context", 122) == "systemic"
    story.decided("bridge_to_car_t", 130, "blocked")
    step(story, 131, "no_slot")
    assert story.finding("context", 131) == "systemic"


def test_a_second_infusion_needs_a_bridge_of_its_own() -> None:
    story = infused()
    story.assessed(121, "PR", timepoint="week-6")
    assert story.status("bridge_to_car_t", 121) == "blocked"
    story.decided("bridge_to_car_t", 122, "blocked")
    step(story, 123, "eligible")
    assert story.episode.state == "car_t_bridge.apheresis"
    assert story.finding("infused_early", 123) == "no"


def test_an_infusion_recorded_before_the_other_steps_is_not_lost() -> None:
    story = referred()
    step(story, 60, "infused")
    assert story.steps[-1].unexpected
    assert [each.kind for each in story.episode.reviews.values()] == ["decision_missing"]
    assert (row(story, 60), story.next(60).recommended) == ("E", "continue_monitoring")
    story.decided("continue_monitoring", 60)
    assert story.episode.state == "car_t_bridge.response_due"
    assert due(story, 60, "assess the response at week 6") == [(98, 102, 109)]


def test_after_a_back_dated_decision_an_infusion_without_one_leads_to_monitoring() -> None:
    story = assessed_after_two_cycles("PR")
    step(story, 60, "infused")
    assert story.episode.state == "decision_due"
    story.decided("bridge_to_car_t", 45, "possible")
    assert (row(story, 60), story.next(60).recommended) == ("E", "continue_monitoring")


def test_once_the_steps_before_it_are_recorded_with_their_own_dates_an_infusion_leads_to_monitoring() -> None:
    story = referred()
    step(story, 60, "infused")
    for on, name in ((46, "eligible"), (48, "apheresis"), (55, "product_released")):
        step(story, on, name)
    story.decided("bridge_to_car_t", 56, "possible")
    assert story.episode.state == "car_t_bridge.monitoring"
    assert not [each for each in story.episode.reviews.values() if each.kind == "decision_missing"]


# Windows


def test_lymphodepletion_begins_3_to_28_days_after_the_restaging() -> None:
    story = depleting()
    assert due(story, 72, "begin lymphodepletion") == [(75, 86, 100)]
    step(story, 76, "lymphodepletion")
    assert due(story, 76, "infuse after lymphodepletion") == [(78, 79, 83)]


@pytest.mark.shows("R-067")
def test_crs_and_icans_are_looked_for_daily_then_twice_a_week_to_day_28() -> None:
    story = infused()
    assert due(story, 79, "check for CRS and ICANS, daily") == [(79, 80, 80)]
    step(story, 85, "crs", grade=0)
    assert due(story, 85, "check for CRS and ICANS, daily") == [(79, 80, 80)]  # ICANS was not looked for
    step(story, 85, "icans", grade=0)
    assert due(story, 85, "check for CRS and ICANS, daily") == [(85, 86, 86)]
    for name in ("crs", "icans"):
        step(story, 93, name, grade=0)
    assert due(story, 93, "check for CRS and ICANS, twice a week") == [(93, 96, 97)]
    assert due(story, 93, "check safety after infusion") == [(105, 107, 114)]
    for name in ("crs", "icans"):
        step(story, 107, name, grade=0)
    assert not due(story, 107, "check")


def test_every_response_that_is_left_is_named_also_when_week_6_was_skipped() -> None:
    story = infused()
    assert due(story, 79, "assess the response") == [(117, 121, 128), (163, 170, 184), (247, 261, 282)]
    story.fit(170)
    story.assessed(170, "PR", timepoint="month-3")
    story.decided("continue_monitoring", 171)
    assert due(story, 171, "assess the response") == [(247, 261, 282)]
    story.assessed(261, "PR", timepoint="month-6")
    story.decided("continue_monitoring", 262)
    assert due(story, 262, "yearly visit of the gene therapy follow-up") == [(414, 444, 474)]


def test_an_infusion_is_followed_yearly_for_15_years() -> None:
    story = infused()
    story.decided("follow_up", 90, "possible")
    assert due(story, 90, "yearly visit") == [(414, 444, 474)]
    assert "gene_therapy_follow_up" in prompts(story, 90)
    story.told("follow_up_recorded", 400, findings="no_disease")
    assert due(story, 400, "yearly visit") == [(735, 765, 795)]
    story.told("follow_up_recorded", 79 + 15 * 365, findings="no_disease")
    assert not due(story, 79 + 15 * 365, "yearly visit")
    assert "gene_therapy_follow_up" not in prompts(story, 79 + 15 * 365)


def test_without_cells_no_gene_therapy_is_followed() -> None:
    story = assessed_after_two_cycles("CR")
    story.decided("follow_up", 45, "possible")
    assert not due(story, 45, "yearly visit of the gene therapy")
    assert "gene_therapy_follow_up" not in prompts(story, 45)


def test_monitoring_without_a_known_infusion_says_that_its_day_is_missing() -> None:
    story = referred()
    story.decided("continue_monitoring", 50, "blocked")
    assert [each.target for each in story.next(50).due if each.window.name == "assessment"] == [None]


def test_lymphodepletion_without_any_restaging_has_no_day_yet() -> None:
    story = depleting()
    story.decided("change_line", 73, "blocked")
    for on, option in ((74, "bridge_to_car_t"), (78, "bridge_to_car_t")):
        story.decided(option, on, "blocked")
        step(story, on + 1, "eligible")
    assert story.episode.state == "car_t_bridge.lymphodepletion"
    assert [each.target for each in story.next(80).due if each.window.name == "begin_lymphodepletion"] == [
        None
    ]


# What a person is told


def test_crs_asks_for_tocilizumab_and_icans_for_steroids_first() -> None:
    story = infused()
    step(story, 80, "crs", grade=2)
    assert prompts(story, 80)["crs"].startswith("CRS grade 2: ")
    assert "icans" not in prompts(story, 80)
    step(story, 81, "icans")
    assert prompts(story, 81)["icans"] == "ICANS without a grade"
    assert "crs" in prompts(story, 108)
    assert "crs" not in prompts(story, 109)  # 28 days after it was reported
    step(story, 82, "crs", grade=0)
    assert "crs" not in prompts(story, 82)
    step(story, 82, "icans", grade=5)
    assert "icans" not in prompts(story, 82)
    assert prompts(story, 82)["death"] == "ICANS grade 5"


@pytest.mark.parametrize(
    ("name", "grade", "thought_of"),
    [("crs", 3, False), ("crs", 4, True), ("icans", 2, False), ("icans", 3, True)],
)
def test_rimiducid_is_thought_of_only_when_the_product_carries_its_switch(
    name: str, grade: int, thought_of: bool
) -> None:
    story = infused()
    step(story, 80, name, grade=grade)
    assert ("safety_switch_unknown" in prompts(story, 80)) is thought_of
    assert "safety_switch" not in prompts(story, 80)
    step(story, 81, name, grade=grade, safety_switch=True)
    assert ("safety_switch" in prompts(story, 81)) is thought_of
    step(story, 82, name, grade=grade, safety_switch=False)
    assert not {"safety_switch", "safety_switch_unknown"} & set(prompts(story, 82))


def test_a_switch_that_was_fired_is_recorded_and_moves_nothing() -> None:
    story = infused()
    step(story, 85, "safety_switch_fired")
    assert story.episode.state == "car_t_bridge.monitoring"
    assert not story.steps[-1].unexpected


def test_fever_after_cells_is_crs_and_an_infection_until_cultures_say_otherwise() -> None:
    story = infused()
    story.told("fitness_recorded", 80, temperature_c="37.9")
    assert "fever_after_cells" not in prompts(story, 80)
    story.told("fitness_recorded", 80, temperature_c="38.0")
    assert prompts(story, 80)["fever_after_cells"] == "38.0 °C"
    assert "fever_after_cells" not in prompts(story, 82)


def test_fever_before_the_infusion_is_not_one_after_cells() -> None:
    story = depleting()
    story.told("fitness_recorded", 73, temperature_c="39")
    assert "fever_after_cells" not in prompts(story, 73)
    step(story, 74, "infused")
    assert "fever_after_cells" not in prompts(story, 74)


def test_after_cells_the_late_side_effects_are_looked_for() -> None:
    assert "after_cells" in prompts(infused(), 80)
    story = referred()
    story.decided("continue_monitoring", 50, "blocked")
    assert "after_cells" not in prompts(story, 50)


def test_what_keeps_the_disease_low_while_cells_are_made_is_the_rule_of_the_trial() -> None:
    story = referred()
    step(story, 46, "eligible")
    step(story, 50, "apheresis")
    assert "bridging" in prompts(story, 50)
    step(story, 70, "product_released")
    assert "bridging" not in prompts(story, 70)


def test_early_collection_is_thought_of_while_the_child_is_eligible() -> None:
    story = assessed_after_two_cycles("PR")
    assert "early_collection" not in prompts(story, 44)
    step(story, 44, "eligible")
    assert {"early_collection", "low_burden"} <= set(prompts(story, 44))
    step(story, 45, "apheresis")
    assert "early_collection" not in prompts(story, 45)


def test_partial_gd2_is_flagged_where_cells_are_chosen() -> None:
    story = assessed_after_two_cycles("PR")
    step(story, 44, "eligible")
    assert "cells_with_partial_gd2" not in prompts(story, 44)
    story.told("gd2_measured", 44, status="partial")
    assert "cells_with_partial_gd2" in prompts(story, 44)


def test_an_antibody_given_before_is_named_on_the_way_to_cells() -> None:
    assert told(28) in prompts(referred(), 45)["antibody_before_cells"]
    story = Story.opened().planned()
    story.decided("bridge_to_car_t", 2, "blocked")
    assert "antibody_before_cells" not in prompts(story, 2)
    for agents in (["irinotecan"], ["naxitamab"]):
        story.told("prior_therapy_recorded", 3, line=1, regimen=agents[0], agents=agents)
    assert prompts(story, 3)["antibody_before_cells"] == "an anti-GD2 antibody was given before the episode"


def test_a_product_that_is_not_named_or_has_no_table_is_told_on_the_way() -> None:
    assert prompts(referred(None), 45)["no_table_of_product"] == "no product was named"
    assert UNLISTED in prompts(referred(UNLISTED), 45)["no_table_of_product"]
    assert "no_table_of_product" not in prompts(referred(), 45)
