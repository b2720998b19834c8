"""What a decision may name: no antibody where none was offered, another one for a switch, a reason where one is due."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sides import Answer
from tests.use_cases.journeys import ALL_CLEAR, BASELINE, Child

WORSE = {"primary": "PD", "metastatic": "SD", "bone_marrow": "NI"}
CHEMOTHERAPY = ["irinotecan", "temozolomide"]
NO_REASON: dict[str, Any] = {"reason": None}


def refused(answer: Answer) -> tuple[str, str]:
    """The outcome of a refusal and the field it points to."""
    return answer.outcome, answer.document["errors"][0]["pointer"]


def progressing(child: Child, *facts: dict[str, Any]) -> Child:
    """Two cycles of dinutuximab beta were given, and the disease progresses."""
    child.treated()
    child.tell("assessment_recorded", components=WORSE)
    child.tell("consent_recorded", given=True)
    for each in facts:
        child.tell(**each)
    assert child.state == "decision_due"
    return child


GD2_NEGATIVE = {"kind": "gd2_measured", "status": "negative"}


@pytest.mark.parametrize(
    ("detail", "pointer"),
    [
        ({"agents": ["dinutuximab_beta", "topotecan"]}, "/detail/agents"),
        ({"agents": ["Naxitamab"]}, "/detail/agents"),
        ({"regimen": "dinutuximab_beta_topotecan_cyclophosphamide"}, "/detail/regimen"),
        ({"regimen": "topotecan with Qarziba", "agents": ["topotecan"]}, "/detail/regimen"),
        ({"agents": ["an anti-GD2 antibody"]}, "/detail/agents"),
    ],
)
def test_where_gd2_is_negative_the_line_that_is_offered_has_no_antibody(
    child: Child, detail: dict[str, Any], pointer: str
) -> None:
    progressing(child, GD2_NEGATIVE)
    assert child.next()["recommended"] == "change_line"
    assert refused(child.decide("change_line", detail=detail)) == ("invalid_body", pointer)
    assert child.decide("change_line", detail={"agents": ["topotecan"]}).outcome == "decided"


def test_an_offer_without_antibody_stays_one_where_it_is_blocked(child: Child) -> None:
    progressing(child, GD2_NEGATIVE, {"kind": "consent_recorded", "given": False})
    assert child.option("change_line") == "blocked"
    answer = child.decide("change_line", detail={"agents": ["naxitamab"]})
    assert refused(answer) == ("invalid_body", "/detail/agents")


def test_for_new_disease_of_the_central_nervous_system_no_antibody_is_given(child: Child) -> None:
    progressing(child, {"kind": "cns_status_recorded", "status": "new_disease"})
    answer = child.decide("change_line", detail={"agents": ["naxitamab"]})
    assert refused(answer) == ("invalid_body", "/detail/agents")


def stopped(child: Child) -> None:
    child.treated()
    child.tell("toxicity_recorded", term="anaphylaxis", grade=3, ongoing=False, agent="dinutuximab_beta")
    child.tell("assessment_recorded", components=ALL_CLEAR)


@pytest.mark.shows("C-12")
@pytest.mark.parametrize("option", ["continue_chemoimmunotherapy", "start_maintenance"])
def test_an_antibody_that_was_stopped_does_not_go_on_by_silence(child: Child, option: str) -> None:
    stopped(child)
    assert refused(child.decide(option)) == ("invalid_body", "/detail/agents")


def test_with_an_antibody_stopped_chemotherapy_alone_goes_on_without_any_antibody(child: Child) -> None:
    stopped(child)
    other = child.decide("continue_chemoimmunotherapy", detail={"agents": ["naxitamab", "irinotecan"]})
    assert refused(other) == ("invalid_body", "/detail/agents")
    assert child.decide("start_maintenance", detail={"agents": ["naxitamab"]}).outcome == "decided"


def test_where_the_antibody_would_go_on_an_offer_without_it_asks_for_the_agents(child: Child) -> None:
    child.treated()
    child.tell("toxicity_recorded", term="anaphylaxis", grade=3, ongoing=False, agent="dinutuximab_beta")
    answer = child.decide("drop_antibody")
    assert (answer.outcome, answer.document["state"]) == ("decided", "assessment_due")
    assert child.stands()["agents"] == CHEMOTHERAPY


def test_the_antibody_is_dropped_without_listing_what_goes_on(child: Child) -> None:
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR | {"primary": "PR"})
    assert refused(child.decide("drop_antibody", detail={"agents": ["naxitamab"]})) == (
        "invalid_body",
        "/detail/agents",
    )
    answer = child.decide("drop_antibody")
    assert (answer.outcome, answer.document["state"]) == ("decided", "chemoimmunotherapy.ready")
    assert child.stands()["agents"] == CHEMOTHERAPY


def test_a_switch_says_to_which_antibody_and_keeps_the_rest(child: Child) -> None:
    stopped(child)
    for agents in ([], ["anti_gd2"], ["dinutuximab_beta"], ["dinutuximab_beta", "irinotecan"]):
        answer = child.decide("switch_antibody", detail={"agents": agents})
        assert refused(answer) == ("invalid_body", "/detail/agents")
    assert refused(child.decide("switch_antibody", detail={"agents": ["naxitamab"]}, **NO_REASON)) == (
        "reason_required",
        "/reason",
    )
    assert child.decide("switch_antibody", detail={"agents": ["naxitamab"]}).outcome == "decided"
    assert child.stands()["agents"] == ["naxitamab", *CHEMOTHERAPY]


def test_a_switch_to_the_antibody_that_is_given_is_none(child: Child) -> None:
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR | {"primary": "PR"})
    for agents, outcome in ((["dinutuximab beta"], "invalid_body"), (["naxitamab"], "decided")):
        assert child.decide("switch_antibody", detail={"agents": agents}).outcome == outcome


def test_agents_named_when_treatment_is_resumed_are_those_given(child: Child) -> None:
    child.treated()
    child.decide("hold")
    assert child.decide("resume", detail={"agents": CHEMOTHERAPY}).outcome == "decided"
    assert child.stands()["agents"] == CHEMOTHERAPY


# What is answered with a reason though it is recommended


def caution_names(answer: Answer) -> set[str]:
    return {each["caution"] for each in answer.document["cautions"]}


@pytest.mark.parametrize("detail", [{}, {"regimen": "dinutuximab_beta_temozolomide"}])
def test_an_antibody_during_active_progression_is_off_label_and_needs_a_reason(
    child: Child, detail: dict[str, Any]
) -> None:
    assert child.next()["recommended"] == "start_chemoimmunotherapy"
    silent = child.decide("start_chemoimmunotherapy", detail=detail, **NO_REASON)
    assert refused(silent) == ("reason_required", "/reason")
    assert "off label" in silent.document["detail"]
    in_words = child.decide(
        "start_chemoimmunotherapy", detail={**detail, "text": "off label, as in the trial"}, **NO_REASON
    )
    assert caution_names(in_words) == {"off_label_active_progression"}
    assert all(each["because"]["tag"] in ("S", "D") for each in in_words.document["cautions"])


def test_chemotherapy_alone_is_not_off_label(child: Child) -> None:
    progressing(child, GD2_NEGATIVE)
    answer = child.decide("change_line", detail={"agents": ["topotecan"]}, **NO_REASON)
    assert (answer.outcome, answer.document["cautions"]) == ("decided", [])


def test_a_part_of_the_regimen_on_which_the_disease_progressed_is_nothing_new(child: Child) -> None:
    progressing(child, GD2_NEGATIVE)
    assert child.next()["recommended"] == "change_line"
    for agents, outcome in ((["Temozolomide", "irinotecan"], "reason_required"), (["topotecan"], "decided")):
        assert child.decide("change_line", detail={"agents": agents}, **NO_REASON).outcome == outcome


@pytest.mark.shows("R-065")
def test_the_same_regimen_and_the_same_antibody_after_progression_are_named_as_such(child: Child) -> None:
    progressing(child, {"kind": "gd2_measured", "status": "positive"})
    again = {"agents": ["dinutuximab_beta", "temozolomide", "irinotecan"]}
    silent = child.decide("change_line", detail=again, **NO_REASON)
    assert refused(silent) == ("reason_required", "/reason")
    answer = child.decide("change_line", detail=again)
    assert caution_names(answer) == {
        "same_regimen_after_progression",
        "same_antibody_after_progression",
        "off_label_active_progression",
    }


def test_treatment_of_low_intensity_is_chosen_with_words(child: Child) -> None:
    child.tell("intent_recorded", intent="comfort")
    answer = child.decide("change_line", detail={"agents": ["etoposide"]}, **NO_REASON)
    assert refused(answer) == ("reason_required", "/reason")
    assert "the table asks for one" in answer.document["detail"]


def test_a_consent_to_the_present_line_does_not_cover_a_change_to_another(child: Child) -> None:
    child.treated()
    child.tell("assessment_recorded", components=ALL_CLEAR | {"primary": "SD"})
    assert child.option("continue_chemoimmunotherapy") == "recommended"
    assert child.option("change_line") == "blocked"
    child.tell("consent_recorded", given=True)
    assert child.option("change_line") == "possible"


def test_an_infant_is_younger_than_the_label_of_dinutuximab_beta(child: Child) -> None:
    baseline = [event for event in BASELINE if event["kind"] != "car_t_step_recorded"]
    infant = Child.opened(child.side, "mrn-infant", *baseline, age_months=9)
    assert infant.next()["needs_tumour_board"]
    answer = infant.decide("start_chemoimmunotherapy", detail={"agents": ["dinutuximab_beta"]})
    assert caution_names(answer) == {"off_label_active_progression", "off_label_age"}
