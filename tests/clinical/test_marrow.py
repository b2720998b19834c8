"""The bone marrow by INRC 2017, in the words of the criteria."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.clinical.component_rules import MARROW_NOT_REPEATED
from tests.clinical.measured import bone_marrow, ids, marrow, samples

ROWS = [
    # baseline, now, rating
    (0, 0, "NI"),
    (0.1, 0, "CR"),
    (80, 0, "CR"),
    (0, 0.1, "MD"),
    (0, 5, "MD"),
    (0, 5.0001, "PD"),
    (0, 50, "PD"),
    (3, 5, "MD"),
    (5, 0.1, "MD"),
    (5.0001, 5, "MD"),
    (20, 5, "MD"),
    (20.0001, 5, "MD"),
    (2, 15, "SD"),
    (10, 20, "SD"),
    (10, 20.0001, "PD"),
    (10.5, 21, "SD"),
    (10.5, 21.0001, "PD"),
    (40, 80, "SD"),
    (40, 80.0001, "PD"),
    (40, 41, "SD"),
    (40, 5.0001, "SD"),
]


@pytest.mark.parametrize(("baseline", "now", "rating"), ROWS)
def test_the_rows_of_the_table_hold_at_their_boundaries(baseline: float, now: float, rating: str) -> None:
    answer = bone_marrow(infiltration_percent=marrow(now, baseline))
    assert (answer.rating, answer.missing, answer.flags) == (rating, (), ())


def test_the_quirk_that_2_percent_growing_to_15_is_stable_disease_is_pointed_out() -> None:
    answer = bone_marrow(infiltration_percent=marrow(15, 2))
    assert answer.rating == "SD"
    assert any("doubled or more" in warning for warning in answer.warnings)
    assert bone_marrow(infiltration_percent=marrow(15, 14)).warnings == ()


def test_the_sentence_names_the_infiltration_now_and_at_baseline() -> None:
    answer = bone_marrow(infiltration_percent=marrow(3, 40))
    assert (
        answer.sentence == "Infiltration of up to 5 % is minimal disease. Found: 3 % now, 40 % at baseline."
    )


# The open questions


@pytest.mark.parametrize("baseline", [5.0001, 20])
def test_a3_marrow_that_came_down_from_5_to_20_percent_is_in_no_published_row(baseline: float) -> None:
    told = {"infiltration_percent": marrow(4, baseline)}
    assert (bone_marrow(**told).rating, ids(bone_marrow(**told))) == ("MD", ["A3"])
    turned = bone_marrow(frozenset({"A3"}), **told)
    assert (turned.rating, ids(turned)) == ("SD", ["A3"])


@pytest.mark.parametrize("baseline", [5, 20.0001])
def test_a3_does_not_come_up_outside_its_gap(baseline: float) -> None:
    assert ids(bone_marrow(infiltration_percent=marrow(4, baseline))) == []
    assert bone_marrow(frozenset({"A3"}), infiltration_percent=marrow(4, baseline)).rating == "MD"


def test_a6_exactly_5_percent_in_a_free_marrow_is_minimal_disease_unless_read_otherwise() -> None:
    told = {"infiltration_percent": marrow(5, 0)}
    assert (bone_marrow(**told).rating, ids(bone_marrow(**told))) == ("MD", ["A6"])
    assert bone_marrow(frozenset({"A6"}), **told).rating == "PD"


def test_a7_exactly_20_percent_is_no_progression_unless_read_otherwise() -> None:
    told = {"infiltration_percent": marrow(20, 8)}
    assert (bone_marrow(**told).rating, ids(bone_marrow(**told))) == ("SD", ["A7"])
    assert bone_marrow(frozenset({"A7"}), **told).rating == "PD"
    assert ids(bone_marrow(infiltration_percent=marrow(20, 15))) == []


# Samples


def test_of_discordant_samples_the_highest_counts() -> None:
    answer = bone_marrow(marrow_samples=samples(0, 0, 3, 30), infiltration_percent=marrow(baseline=10))
    assert (answer.rating, answer.rule) == ("PD", "B5")
    assert "right trephine 30 %" in answer.sentence


def test_complete_response_takes_two_aspirates_and_two_trephines_without_tumour() -> None:
    full = bone_marrow(marrow_samples=samples(0, 0, 0, 0), infiltration_percent=marrow(baseline=10))
    assert (full.rating, full.rule, full.warnings) == ("CR", "B3", ())
    for some in (samples(0), samples(0, 0), samples(0, 0, 0)):
        answer = bone_marrow(marrow_samples=some, infiltration_percent=marrow(baseline=10))
        assert answer.rating == "NE"
        assert answer.missing == ("two aspirates and two trephines, of both sides, at one time point",)
    said = bone_marrow(bilateral=False, infiltration_percent=marrow(0, 10))
    assert said.rating == "NE"
    assert bone_marrow(bilateral=True, infiltration_percent=marrow(0, 10)).warnings == ()


def test_a_percentage_alone_is_taken_as_the_highest_of_a_full_set_and_the_answer_says_so() -> None:
    answer = bone_marrow(infiltration_percent=marrow(0, 10))
    assert answer.rating == "CR"
    assert any("full bilateral set" in warning for warning in answer.warnings)


def test_tumour_in_a_set_that_is_not_full_is_rated_with_a_warning() -> None:
    answer = bone_marrow(marrow_samples=samples(3), infiltration_percent=marrow(baseline=40))
    assert answer.rating == "MD"
    assert any("not full" in warning for warning in answer.warnings)


def test_where_the_percentage_and_the_samples_differ_the_higher_counts() -> None:
    told = {"marrow_samples": samples(2, 0, 0, 0)}
    answer = bone_marrow(infiltration_percent=marrow(30, 10), **told)
    assert answer.rating == "PD"
    assert any("not the highest" in warning for warning in answer.warnings)
    assert bone_marrow(infiltration_percent=marrow(2, 40), **told).warnings == ()
    assert bone_marrow(infiltration_percent=marrow(1, 40), **told).rating == "MD"


# What is not known


@pytest.mark.parametrize(
    "told",
    [
        {"infiltration_percent": marrow(baseline=0)},
        {"involved_at_baseline": False},
        {"marrow_samples": samples(0, 0), "involved_at_baseline": False},
    ],
    ids=str,
)
def test_a_free_marrow_that_was_not_fully_sampled_again_is_not_involved_and_flagged(
    told: dict[str, Any],
) -> None:
    answer = bone_marrow(**told)
    assert (answer.rating, answer.rule, answer.flags) == ("NI", "B2", (MARROW_NOT_REPEATED,))


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"infiltration_percent": marrow(baseline=10)}, "now"),
        ({"infiltration_percent": marrow(0)}, "baseline"),
        ({"infiltration_percent": marrow(6)}, "baseline"),
        ({"infiltration_percent": marrow(50), "involved_at_baseline": True}, "baseline"),
        ({"new_lesions": False}, "now"),
        ({"bilateral": True, "involved_at_baseline": True}, "now"),
    ],
    ids=str,
)
def test_what_could_still_change_the_rating_is_asked_for(told: dict[str, Any], asked: str) -> None:
    answer = bone_marrow(**told)
    assert answer.rating == "NE"
    assert any(asked in word for word in answer.missing)


@pytest.mark.parametrize(
    ("told", "rating"),
    [
        ({"infiltration_percent": marrow(4)}, "MD"),
        ({"infiltration_percent": marrow(0), "involved_at_baseline": True}, "CR"),
        ({"infiltration_percent": marrow(12), "involved_at_baseline": True}, "SD"),
        ({"infiltration_percent": marrow(12), "involved_at_baseline": False}, "PD"),
        ({"infiltration_percent": marrow(12, 3), "involved_at_baseline": False}, "SD"),
    ],
    ids=str,
)
def test_what_could_change_nothing_is_not_asked_for(told: dict[str, Any], rating: str) -> None:
    assert bone_marrow(**told).rating == rating
