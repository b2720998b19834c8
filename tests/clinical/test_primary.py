"""The primary tumour by INRC 2017, in the words of the criteria."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.clinical.component_rules import MIMIC_CHECK
from pathway.clinical.evidence import Tag
from tests.clinical.measured import ids, mm, primary


@pytest.mark.parametrize(
    ("length", "uptake", "rating", "rule"),
    [
        (mm(9.9999, 40), "none", "CR", "P4"),
        (mm(10, 40), "none", "PR", "P5"),
        (mm(9, 40), "decreased", "PR", "P5"),
        (mm(9, 11), "unchanged", "SD", "P7"),
        (mm(28, 40), "unchanged", "PR", "P5"),
        (mm(28.0001, 40), "unchanged", "SD", "P7"),
        (mm(28, 40), "increased", "SD", "P7"),
        (mm(40, 40), "none", "SD", "P7"),
        (mm(0, 40), "none", "CR", "P4"),
    ],
)
def test_less_than_10_mm_without_uptake_is_cr_and_30_percent_shorter_with_no_more_uptake_is_pr(
    length: dict[str, str], uptake: str, rating: str, rule: str
) -> None:
    answer = primary(longest_diameter_mm=length, uptake=uptake)
    assert (answer.rating, answer.rule, answer.missing, answer.policies) == (rating, rule, (), ())


@pytest.mark.parametrize(
    ("length", "rating"),
    [
        (mm(48.0001, 40), "PD"),
        (mm(48, 40), "SD"),
        (mm(25, 20), "PD"),
        (mm(24.9999, 20), "SD"),
        (mm(24, 60, 18), "PD"),
        (mm(23, 60, 18), "PD"),
        (mm(22.9999, 60, 18), "PR"),
        (mm(24, 60), "PR"),
        (mm(24, 18, 60), "PD"),
    ],
)
def test_more_than_20_percent_and_at_least_5_mm_above_the_smallest_on_study_is_progression(
    length: dict[str, str], rating: str
) -> None:
    answer = primary(longest_diameter_mm=length, uptake="unchanged")
    assert answer.rating == rating
    assert (answer.rule == "P3") is (rating == "PD")


def test_progression_needs_no_scan() -> None:
    answer = primary(longest_diameter_mm=mm(50, 40))
    assert (answer.rating, answer.rule, answer.missing) == ("PD", "P3", ())
    assert answer.sentence.endswith("Found: longest diameter 50 mm (40 mm at baseline).")
    assert answer.citation.tag is Tag.SOURCE_READ


def test_a7_growth_of_exactly_20_percent_is_no_progression_and_the_answer_says_that_this_is_open() -> None:
    told = {"longest_diameter_mm": mm(48, 40), "uptake": "unchanged"}
    answer = primary(**told)
    assert (answer.rating, ids(answer)) == ("SD", ["A7"])
    assert answer.policies[0].reading == "No, progression takes more than 20 %."
    turned = primary(frozenset({"A7"}), **told)
    assert (turned.rating, ids(turned)) == ("PD", ["A7"])
    assert turned.policies[0].reading == "Yes, 20 % are enough."


def test_a7_does_not_come_up_where_the_reading_makes_no_difference() -> None:
    answer = primary(longest_diameter_mm=mm(12, 10), uptake="unchanged")
    assert (answer.rating, answer.policies) == ("SD", ())


def test_fluctuating_uptake_of_a_stable_mass_is_no_progression_and_is_pointed_out() -> None:
    answer = primary(longest_diameter_mm=mm(40, 40), uptake="increased")
    assert answer.rating == "SD"
    assert any("fluctuating uptake" in warning for warning in answer.warnings)


@pytest.mark.parametrize(
    "told",
    [
        {"longest_diameter_mm": mm(5), "involved_at_baseline": False},
        {"longest_diameter_mm": mm(5, 0)},
        {"longest_diameter_mm": mm(12, 40, 0)},
        {"longest_diameter_mm": mm(5, 0), "involved_at_baseline": True},
        {"uptake": "increased", "new_lesions": False, "involved_at_baseline": False},
    ],
    ids=str,
)
def test_growth_or_uptake_where_nothing_was_left_is_progression_after_a_mimic_check(
    told: dict[str, Any],
) -> None:
    answer = primary(**told)
    assert (answer.rating, answer.rule, answer.flags) == ("PD", "P2", (MIMIC_CHECK,))


def test_a_new_lesion_is_progression_after_a_mimic_check() -> None:
    answer = primary(new_lesions=True)
    assert (answer.rating, answer.rule, answer.flags) == ("PD", "P1", (MIMIC_CHECK,))


def test_what_grew_but_is_still_below_10_mm_is_to_be_measured_again() -> None:
    answer = primary(longest_diameter_mm=mm(9, 12, 4), uptake="none")
    assert answer.rating == "PD"
    assert any("below 10 mm" in warning for warning in answer.warnings)


@pytest.mark.parametrize(
    "told",
    [
        {"involved_at_baseline": False, "new_lesions": False},
        {"involved_at_baseline": False, "longest_diameter_mm": mm(0), "uptake": "none"},
        {"longest_diameter_mm": mm(4.9, 0), "uptake": "none"},
    ],
    ids=str,
)
def test_a_primary_that_was_resected_and_did_not_come_back_is_not_involved(told: dict[str, Any]) -> None:
    answer = primary(**told)
    assert (answer.rating, answer.rule, answer.flags) == ("NI", "P6", ())


def test_less_than_5_mm_at_a_resected_primary_is_pointed_out() -> None:
    answer = primary(longest_diameter_mm=mm(4.9, 0), uptake="none")
    assert any("Less than 5 mm" in warning for warning in answer.warnings)
    assert primary(longest_diameter_mm=mm(0, 0), uptake="none").warnings == ()


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({"involved_at_baseline": True}, ("longest diameter", "uptake")),
        ({"involved_at_baseline": True, "uptake": "none"}, ("longest diameter",)),
        ({"longest_diameter_mm": mm(5, 40)}, ("uptake",)),
        ({"longest_diameter_mm": mm(20, 40)}, ("uptake",)),
        ({"longest_diameter_mm": mm(20), "uptake": "none"}, ("at baseline",)),
        ({"longest_diameter_mm": mm(8), "uptake": "none", "involved_at_baseline": True}, ("at baseline",)),
        ({"longest_diameter_mm": mm(3), "uptake": "none"}, ("whether there was a primary tumour",)),
        (
            {"longest_diameter_mm": mm(30, nadir=30), "uptake": "none"},
            ("whether there was a primary tumour",),
        ),
        ({"involved_at_baseline": False}, ("longest diameter", "uptake")),
        ({"involved_at_baseline": False, "longest_diameter_mm": mm(0)}, ("uptake",)),
        ({"involved_at_baseline": False, "uptake": "none"}, ("longest diameter",)),
        ({"uptake": "none"}, ("longest diameter", "whether there was a primary tumour")),
    ],
    ids=str,
)
def test_what_could_still_change_the_rating_is_asked_for(
    told: dict[str, Any], missing: tuple[str, ...]
) -> None:
    answer = primary(**told)
    assert (answer.rating, answer.rule) == ("NE", "NE")
    for word in missing:
        assert any(word in asked for asked in answer.missing), answer.missing
    assert answer.citation.tag is Tag.DESIGN


@pytest.mark.parametrize(
    ("told", "rating"),
    [
        ({"longest_diameter_mm": mm(36, 40)}, "SD"),
        ({"longest_diameter_mm": mm(20, 40), "uptake": "increased"}, "SD"),
        ({"longest_diameter_mm": mm(3), "uptake": "none", "involved_at_baseline": True}, "CR"),
    ],
    ids=str,
)
def test_what_could_change_nothing_is_not_asked_for(told: dict[str, Any], rating: str) -> None:
    answer = primary(**told)
    assert (answer.rating, answer.missing) == (rating, ())


def test_without_the_nadir_growth_is_measured_against_the_baseline_and_the_answer_says_so() -> None:
    unsure = primary(longest_diameter_mm=mm(30, 40), uptake="none")
    sure = primary(longest_diameter_mm=mm(30, 40, 30), uptake="none")
    assert any("smallest diameter on study" in warning for warning in unsure.warnings)
    assert (sure.rating, sure.warnings) == ("SD", ())


def test_measurements_of_other_components_are_not_read_and_named() -> None:
    answer = primary(longest_diameter_mm=mm(30, 40, 30), uptake="none", infiltration_percent={"now": "20"})
    assert answer.rating == "SD"
    assert answer.warnings == ("Not read, for it says nothing about this component: infiltration_percent.",)
