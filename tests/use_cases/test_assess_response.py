"""The response worked out for anyone who asks, from ratings or from measurements."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pathway.use_cases.assess_response import assess_response
from pathway.use_cases.refusals import Refusal
from tests.clinical.measured import marrow, mibg, mm


def asked(**components: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(assess_response(json.dumps(components).encode()))
    return told


def test_ratings_alone_are_answered_as_before_with_nothing_to_explain() -> None:
    told = asked(primary="CR", metastatic="PD", bone_marrow="CR")
    assert (told["overall"], told["rule"], told["flags"], told["explained"]) == ("PD", "R1", [], {})


@pytest.mark.shows("R-050")
def test_measurements_are_rated_and_each_rating_is_explained_by_its_row_and_its_values() -> None:
    told = asked(
        primary={"longest_diameter_mm": mm(20, 40, 20), "uptake": "decreased"},
        metastatic={
            "sum_of_diameters_mm": mm(20, 60, 20),
            "uptake": "decreased",
            "new_lesions": False,
            "mibg": mibg(8, 20),
        },
        bone_marrow={"infiltration_percent": marrow(4, 10)},
    )
    assert told["components"] == {"primary": "PR", "metastatic": "PR", "bone_marrow": "MD"}
    assert (told["overall"], told["rule"]) == ("PR", "R3")
    rows = {component: found["rule"] for component, found in told["explained"].items()}
    assert rows == {"primary": "P5", "metastatic": "M3", "bone_marrow": "B6"}
    assert "20 mm (40 mm at baseline" in told["explained"]["primary"]["sentence"]
    assert told["explained"]["primary"]["because"]["verified"] is False
    assert [policy["id"] for policy in told["explained"]["bone_marrow"]["policies"]] == ["A3"]


def test_ratings_and_measurements_may_stand_side_by_side() -> None:
    told = asked(primary="NI", metastatic="NI", bone_marrow={"infiltration_percent": marrow(6, 0)})
    assert (told["overall"], set(told["explained"])) == ("PD", {"bone_marrow"})


@pytest.mark.shows("R-052")
def test_what_keeps_a_component_from_being_rated_is_asked_for_with_the_best_still_possible() -> None:
    told = asked(primary={"longest_diameter_mm": mm(20, 40)}, metastatic="PR", bone_marrow="NI")
    assert (told["overall"], told["ceiling"], told["missing"]) == ("NE", "PR", ["primary"])
    assert any("uptake" in word for word in told["explained"]["primary"]["missing"])


def test_a_reported_rating_that_contradicts_its_measurements_is_flagged() -> None:
    told = asked(
        primary={"longest_diameter_mm": mm(38, 40, 38), "uptake": "none", "rating": "PR"},
        metastatic="NI",
        bone_marrow="NI",
    )
    assert (told["overall"], told["flags"]) == ("SD", ["contradiction", "needs_human_confirmation"])
    assert (told["explained"]["primary"]["derived"], told["explained"]["primary"]["reported"]) == ("SD", "PR")


def test_progression_counts_whoever_says_it_and_waits_for_nobody() -> None:
    told = asked(
        primary={"longest_diameter_mm": mm(38, 40, 38), "rating": "PD"}, metastatic="NI", bone_marrow="NI"
    )
    assert (told["overall"], told["flags"]) == ("PD", ["contradiction"])


def test_complete_response_is_not_declared_before_a_free_marrow_was_sampled_again() -> None:
    told = asked(primary="CR", metastatic="CR", bone_marrow={"infiltration_percent": marrow(baseline=0)})
    assert (told["overall"], told["ceiling"], told["rule"]) == ("NE", "CR", "D3")
    assert told["flags"] == ["marrow_not_repeated"]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"primary": {"uptake": "some"}}, "/primary/uptake"),
        ({"metastatic": {"mibg": {"score": "brodeur", "absolute": "3"}}}, "/metastatic/mibg/score"),
        ({"metastatic": {"sum_of_diameters": mm(3)}}, "/metastatic/sum_of_diameters"),
        ({"bone_marrow": {"infiltration_percent": {"now": "101"}}}, "/bone_marrow/infiltration_percent/now"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(sent: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        asked(**sent)
    assert refused.value.outcome == "invalid_body"
    assert pointer in [at for at, _ in refused.value.errors]
