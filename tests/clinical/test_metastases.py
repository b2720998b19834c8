"""Metastases of soft tissue and bone by INRC 2017, in the words of the criteria."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.clinical.component_rules import MIMIC_CHECK, MIXED
from pathway.clinical.evidence import Tag
from tests.clinical.measured import bone, ids, metastatic, mibg, mm, soft_tissue

# Soft tissue


@pytest.mark.parametrize(
    ("told", "rating", "rule"),
    [
        ({"sum_of_diameters_mm": mm(9.9999, 40), "uptake": "none"}, "CR", "S5"),
        ({"sum_of_diameters_mm": mm(10, 40), "uptake": "none"}, "PR", "S6"),
        ({"sum_of_diameters_mm": mm(9, 40), "uptake": "decreased"}, "PR", "S6"),
        ({"sum_of_diameters_mm": mm(28, 40), "uptake": "increased"}, "PR", "S6"),
        ({"sum_of_diameters_mm": mm(28.0001, 40), "uptake": "none"}, "SD", "S8"),
        ({"sum_of_diameters_mm": mm(48, 40), "uptake": "none"}, "SD", "S8"),
        ({"sum_of_diameters_mm": mm(48.0001, 40), "uptake": "none"}, "PD", "S4"),
        ({"sum_of_diameters_mm": mm(24, 60, 20), "uptake": "none"}, "PR", "S6"),
        ({"sum_of_diameters_mm": mm(25, 60, 20), "uptake": "none"}, "PD", "S4"),
        ({"sum_of_diameters_mm": mm(25, 60, 0), "uptake": "none"}, "PD", "S3"),
    ],
    ids=str,
)
def test_soft_tissue_is_rated_by_its_sum_of_diameters(told: dict[str, Any], rating: str, rule: str) -> None:
    answer = soft_tissue(**told)
    assert (answer.rating, answer.rule, answer.missing) == (rating, rule, ())


def test_a7_a_sum_that_grew_by_exactly_20_percent_is_open() -> None:
    told = {"sum_of_diameters_mm": mm(48, 40), "uptake": "none"}
    assert ids(soft_tissue(**told)) == ["A7"]
    assert soft_tissue(frozenset({"A7"}), **told).rating == "PD"


NODE = {"sum_of_diameters_mm": mm(12, 40), "uptake": "none", "largest_lesion_mm": "0"}


@pytest.mark.parametrize(
    ("axis", "default", "otherwise", "asked"),
    [(9.9999, "CR", "CR", []), (10, "PR", "CR", ["A1"]), (14.9999, "PR", "CR", ["A1"]), (15, "PR", "PR", [])],
)
def test_a1_a_node_of_10_to_15_mm_is_not_complete_response_unless_read_otherwise(
    axis: float, default: str, otherwise: str, asked: list[str]
) -> None:
    told = NODE | {"target_node_short_axis_mm": str(axis)}
    assert (soft_tissue(**told).rating, ids(soft_tissue(**told))) == (default, asked)
    assert soft_tissue(frozenset({"A1"}), **told).rating == otherwise


@pytest.mark.parametrize(
    ("lesions", "rating"),
    [
        ({"target_node_short_axis_mm": "9", "largest_lesion_mm": "9"}, "CR"),
        ({"target_node_short_axis_mm": "9", "largest_lesion_mm": "10"}, "PR"),
        ({"target_node_short_axis_mm": "9"}, "CR"),
        ({"target_node_short_axis_mm": "7"}, "PR"),
        ({"largest_lesion_mm": "9"}, "CR"),
        ({"largest_lesion_mm": "7"}, "PR"),
        ({}, "PR"),
    ],
    ids=str,
)
def test_complete_response_needs_every_lesion_to_be_known_below_10_mm(
    lesions: dict[str, str], rating: str
) -> None:
    answer = soft_tissue(sum_of_diameters_mm=mm(17.5, 60), uptake="none", **lesions)
    assert answer.rating == rating
    unsure = rating == "PR" and len(lesions) < 2
    assert any("Complete response was not considered" in warning for warning in answer.warnings) is unsure


@pytest.mark.parametrize(
    ("told", "rating"),
    [
        ({"non_target": "resolved"}, "CR"),
        ({"non_target": "smaller"}, "PR"),
        ({"non_target": "smaller", "largest_lesion_mm": "6"}, "CR"),
        ({"non_target": "stable"}, "PR"),
        ({"non_target": "larger"}, "SD"),
    ],
    ids=str,
)
def test_lesions_outside_the_targets_stand_in_the_way_of_response(told: dict[str, str], rating: str) -> None:
    answer = soft_tissue(sum_of_diameters_mm=mm(6, 40, 6), uptake="none", **told)
    assert answer.rating == rating
    grew = told["non_target"] == "larger"
    assert any("outside the targets" in warning for warning in answer.warnings) is grew


@pytest.mark.parametrize(
    ("told", "rating"),
    [
        ({"non_target": "resolved", "uptake": "none"}, "CR"),
        ({"non_target": "resolved", "uptake": "unchanged"}, "SD"),
        ({"non_target": "stable", "uptake": "none"}, "SD"),
    ],
    ids=str,
)
def test_disease_that_cannot_be_measured_is_rated_by_what_became_of_it(
    told: dict[str, str], rating: str
) -> None:
    assert soft_tissue(soft_tissue_at_baseline=True, **told).rating == rating


def test_the_soft_tissue_segment_of_a_curie_score_answers_for_the_uptake() -> None:
    scan = {"score": "curie", "absolute": "0", "new_sites": 0, "segments_baseline": [0] * 9 + [2]}
    told = {"sum_of_diameters_mm": mm(6, 40, 6)}
    assert soft_tissue(mibg=scan | {"segments": [0] * 10}, **told).rating == "CR"
    avid = soft_tissue(mibg=scan | {"segments": [0] * 9 + [1]}, **told)
    assert avid.rating == "PR"
    assert soft_tissue(mibg=scan | {"segments": [0] * 9}, **told).rating == "NE"


@pytest.mark.parametrize(
    ("told", "rating", "rule", "flags"),
    [
        ({"new_lesions": True, "new_lesion_avid": True}, "PD", "S1", ()),
        ({"new_lesions": True, "new_lesion_biopsy": "positive"}, "PD", "S1", ()),
        ({"new_lesions": True, "new_lesion_avid": False, "new_lesion_biopsy": "positive"}, "PD", "S1", ()),
        ({"new_lesions": None, "new_lesion_avid": True}, "PD", "S1", ()),
        ({"new_lesions": True}, "PD", "S2", (MIMIC_CHECK,)),
        ({"new_lesions": True, "new_lesion_avid": False}, "NE", "NE", ()),
        ({"new_lesions": True, "new_lesion_biopsy": "negative", "mibg": mibg(0, 0)}, "SD", "S8", ()),
    ],
    ids=str,
)
def test_a_new_soft_tissue_lesion_is_progression_when_avid_or_biopsied_and_a_mimic_is_thought_of(
    told: dict[str, Any], rating: str, rule: str, flags: tuple[str, ...]
) -> None:
    answer = soft_tissue(sum_of_diameters_mm=mm(38, 40), uptake="unchanged", **told)
    assert (answer.rating, answer.rule, answer.flags) == (rating, rule, flags)


def test_a_new_lesion_without_uptake_asks_for_a_biopsy() -> None:
    answer = soft_tissue(sum_of_diameters_mm=mm(38, 40), new_lesions=True, new_lesion_avid=False)
    assert any("biopsy" in word for word in answer.missing)


def test_a_new_lesion_without_tumour_in_its_biopsy_is_not_counted_and_named() -> None:
    answer = soft_tissue(
        sum_of_diameters_mm=mm(38, 40), new_lesions=True, new_lesion_biopsy="negative", mibg=mibg(0, 0)
    )
    assert any("without tumour in its biopsy" in warning for warning in answer.warnings)


@pytest.mark.parametrize("told", [{"sum_of_diameters_mm": mm(5)}, {"sum_of_diameters_mm": mm(5, 0)}], ids=str)
def test_disease_where_soft_tissue_was_free_is_progression_after_a_mimic_check(told: dict[str, Any]) -> None:
    answer = soft_tissue(involved_at_baseline=False, **told)
    assert (answer.rating, answer.rule, answer.flags) == ("PD", "S3", (MIMIC_CHECK,))


# Bone


@pytest.mark.parametrize(
    ("now", "baseline", "rating", "rule"),
    [
        (0, 20, "CR", "K6"),
        (2.5, 20, "PR", "K7"),
        (10, 20, "PR", "K7"),
        (10.0001, 20, "SD", "K9"),
        (20, 20, "SD", "K9"),
        (23.9999, 20, "SD", "K9"),
        (24, 20, "PD", "K5"),
        (0, 0, "NI", "K8"),
    ],
)
def test_the_relative_bone_score_rates_bone(now: float, baseline: float, rating: str, rule: str) -> None:
    answer = bone(mibg=mibg(now, baseline))
    expected = "M1" if rating == "NI" else rule
    assert (answer.rating, answer.rule, answer.policies, answer.flags) == (rating, expected, (), ())


def test_the_sentence_names_the_scores_their_system_and_their_relation() -> None:
    answer = bone(mibg=mibg(8, 12, "curie"))
    assert answer.sentence.endswith("Found: curie bone score 8 (12 at baseline, relative 0.67).")


@pytest.mark.parametrize(("now", "asked"), [(1.9999, ["A2"]), (2, []), (0, [])])
def test_a2_a_trace_of_a_bone_score_is_partial_response_unless_read_otherwise(
    now: float, asked: list[str]
) -> None:
    answer = bone(mibg=mibg(now, 20))
    assert ids(answer) == asked
    if asked:
        assert answer.rating == "PR"
        assert bone(frozenset({"A2"}), mibg=mibg(now, 20)).rating == "CR"


@pytest.mark.parametrize(
    ("scan", "rule", "flags"),
    [
        (mibg(4, 20, new_sites=2), "K1", ()),
        (mibg(4, 20, new_sites=1), "K2", (MIMIC_CHECK,)),
        (mibg(4, 0), "K2", (MIMIC_CHECK,)),
        (mibg(4, 20, nadir="0"), "K4", (MIMIC_CHECK,)),
    ],
    ids=str,
)
def test_a_new_bone_site_is_progression_whatever_the_score_and_a_single_one_is_confirmed_first(
    scan: dict[str, Any], rule: str, flags: tuple[str, ...]
) -> None:
    answer = bone(mibg=scan)
    assert (answer.rating, answer.rule) == ("PD", rule)
    assert tuple(flag for flag in answer.flags if flag != MIXED) == flags


def test_a_single_new_bone_site_that_was_biopsied_needs_no_further_confirmation() -> None:
    answer = bone(mibg=mibg(20, 20, new_sites=1), new_lesion_biopsy="positive")
    assert (answer.rating, answer.flags) == ("PD", ())


def test_a_bone_segment_that_was_free_and_takes_up_mibg_is_a_new_site() -> None:
    before, now = [2, 0, 0, 1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0, 0, 0, 0]
    scan = {"score": "curie", "absolute": "3", "segments": now, "segments_baseline": before}
    answer = bone(mibg=scan)
    assert (answer.rating, answer.rule, answer.flags) == ("PD", "K2", (MIMIC_CHECK, MIXED))
    assert "1 new avid bone site;" in answer.sentence


def test_of_a_curie_score_only_the_nine_bone_segments_count() -> None:
    before, now = [2, 2, 2, 2, 0, 0, 0, 0, 0, 3], [1, 1, 1, 1, 0, 0, 0, 0, 0, 3]
    for absolute in ("4", "7"):
        scan = {"score": "curie", "absolute": absolute, "segments": now, "segments_baseline": before}
        answer = bone(mibg=scan)
        assert (answer.rating, answer.warnings) == ("PR", ())
    plain = bone(mibg=mibg(7, 11, "curie"))
    assert any("nine bone segments" in warning for warning in plain.warnings)


@pytest.mark.parametrize(("score", "highest"), [("curie", 27), ("siopen", 72)])
def test_a_bone_score_that_cannot_be_is_not_rated(score: str, highest: int) -> None:
    assert bone(mibg=mibg(highest, highest, score)).rating == "SD"
    for scan in (mibg(highest + 1, 20, score), mibg(20, highest + 1, score)):
        answer = bone(mibg=scan)
        assert answer.rating == "NE"
    assert any(
        "a bone score by MIBG that can be" in word for word in bone(mibg=mibg(highest + 1, 1, score)).missing
    )


def test_scores_of_two_systems_are_never_compared() -> None:
    answer = bone(mibg=mibg(10, 20, "curie", baseline_score="siopen"))
    assert (answer.rating, answer.missing) == (
        "NE",
        ("the bone score at baseline by the same system as now",),
    )
    assert bone(mibg=mibg(10, 20, "curie", baseline_score="curie")).rating == "PR"


def test_a4_a_bone_site_that_was_avid_in_an_earlier_line_is_new_unless_read_otherwise() -> None:
    told = {"mibg": mibg(10, 20, new_sites=2, reappeared_sites=2)}
    assert (bone(**told).rating, ids(bone(**told))) == ("PD", ["A4"])
    assert bone(frozenset({"A4"}), **told).rating == "PR"
    partly = {"mibg": mibg(10, 20, new_sites=2, reappeared_sites=1)}
    assert (bone(frozenset({"A4"}), **partly).rating, ids(bone(**partly))) == ("PD", [])


def test_a5_a_rise_from_the_lowest_score_is_stable_disease_by_the_letter_and_warned_about() -> None:
    told = {"mibg": mibg(18, 20, nadir="4")}
    answer = bone(**told)
    assert (answer.rating, ids(answer)) == ("SD", ["A5"])
    assert any("twice its lowest" in warning for warning in answer.warnings)
    assert bone(frozenset({"A5"}), **told).rating == "PD"


def test_a5_is_shown_but_not_warned_about_below_twice_the_lowest_score() -> None:
    answer = bone(mibg=mibg(13, 20, nadir="10"))
    assert (answer.rating, ids(answer), answer.warnings) == ("SD", ["A5"], ())
    assert ids(bone(mibg=mibg(11.9999, 20, nadir="10"))) == []


# FDG


NONAVID: dict[str, Any] = {"mibg_nonavid": True}


@pytest.mark.parametrize(
    ("fdg", "rating", "rule"),
    [
        ({"bone_lesions": 0, "baseline": 6}, "CR", "K6"),
        ({"bone_lesions": 3, "baseline": 6}, "PR", "K7"),
        ({"bone_lesions": 4, "baseline": 6}, "SD", "K9"),
        ({"bone_lesions": 6, "baseline": 6, "new_bone_lesions": 0}, "SD", "K9"),
        ({"bone_lesions": 6, "baseline": 6, "new_bone_lesions": 1, "new_confirmed": True}, "PD", "K3"),
        ({"bone_lesions": 7, "baseline": 6, "new_confirmed": True}, "PD", "K3"),
        ({"bone_lesions": 1, "baseline": 6, "new_bone_lesions": 1, "new_confirmed": False}, "NE", "NE"),
        ({"bone_lesions": 7, "baseline": 6}, "NE", "NE"),
        ({"bone_lesions": 1}, "NE", "NE"),
    ],
    ids=str,
)
def test_fdg_lesions_are_counted_where_the_disease_takes_up_no_mibg(
    fdg: dict[str, Any], rating: str, rule: str
) -> None:
    answer = bone(fdg=fdg, **NONAVID)
    assert (answer.rating, answer.rule) == (rating, rule)


def test_a_new_fdg_lesion_asks_for_a_correlate_and_a_biopsy_is_one() -> None:
    fdg = {"bone_lesions": 4, "baseline": 6, "new_bone_lesions": 1}
    assert any("correlate" in word for word in bone(fdg=fdg, **NONAVID).missing)
    assert bone(fdg=fdg, new_lesion_biopsy="positive", **NONAVID).rating == "PD"


def test_fdg_says_nothing_about_bone_unless_the_disease_is_said_to_take_up_no_mibg() -> None:
    answer = bone(fdg={"bone_lesions": 0, "baseline": 6})
    assert answer.rating == "NE"
    assert any("takes up no MIBG" in word for word in answer.missing)
    assert any("FDG-PET was not rated" in warning for warning in answer.warnings)


def test_an_mibg_score_is_not_read_where_the_disease_takes_up_no_mibg() -> None:
    answer = bone(fdg={"bone_lesions": 6, "baseline": 6}, mibg=mibg(0, 20), **NONAVID)
    assert answer.rating == "SD"
    assert any("MIBG score was not rated" in warning for warning in answer.warnings)


# Together


FELL = mm(20, 60, 20)
STABLE = mm(55, 60, 55)


@pytest.mark.parametrize(
    ("total", "uptake", "scan", "rating", "rule"),
    [
        (mm(0, 60, 0), "none", mibg(0, 20), "CR", "M2"),
        (mm(0, 60, 0), "none", mibg(8, 20), "PR", "M3"),
        (FELL, "decreased", mibg(0, 20), "PR", "M3"),
        (FELL, "decreased", mibg(8, 20), "PR", "M3"),
        (FELL, "decreased", mibg(19, 20), "SD", "M4"),
        (STABLE, "decreased", mibg(0, 20), "SD", "M4"),
        (STABLE, "decreased", mibg(19, 20), "SD", "M4"),
        (FELL, "decreased", mibg(24, 20), "PD", "K5"),
        (mm(75, 60), "decreased", mibg(8, 20), "PD", "S4"),
        (FELL, "decreased", mibg(0, 0), "PR", "S6"),
        (mm(0, 0), "none", mibg(8, 20), "PR", "K7"),
        (mm(0, 0), "none", mibg(0, 0), "NI", "M1"),
    ],
    ids=str,
)
def test_soft_tissue_and_bone_make_one_rating(
    total: dict[str, str], uptake: str, scan: dict[str, Any], rating: str, rule: str
) -> None:
    answer = metastatic(sum_of_diameters_mm=total, uptake=uptake, mibg=scan)
    assert (answer.rating, answer.rule) == (rating, rule)


def test_both_sentences_stand_in_the_answer_with_their_rows() -> None:
    answer = metastatic(sum_of_diameters_mm=FELL, uptake="decreased", mibg=mibg(8, 20))
    assert "Soft tissue (S6): " in answer.sentence
    assert "Bone (K7): " in answer.sentence
    assert answer.citation.tag is Tag.DESIGN


def test_of_two_progressions_the_one_that_needs_no_mimic_check_is_told() -> None:
    told: dict[str, Any] = {"sum_of_diameters_mm": mm(5, 0), "mibg": mibg(30, 20)}
    answer = metastatic(**told)
    assert (answer.rating, answer.rule, answer.flags) == ("PD", "K5", ())
    both = metastatic(sum_of_diameters_mm=mm(5, 0), mibg=mibg(4, 0))
    assert (both.rule, both.flags) == ("S3", (MIMIC_CHECK,))


@pytest.mark.parametrize(
    ("told", "mixed"),
    [
        ({"sum_of_diameters_mm": FELL, "mibg": mibg(24, 20)}, True),
        ({"sum_of_diameters_mm": mm(75, 60), "mibg": mibg(8, 20)}, True),
        ({"sum_of_diameters_mm": FELL, "mibg": mibg(20, 20), "non_target": "larger"}, True),
        ({"sum_of_diameters_mm": FELL, "mibg": mibg(19, 20)}, False),
        ({"sum_of_diameters_mm": STABLE, "mibg": mibg(19, 20), "mixed": True}, True),
    ],
    ids=str,
)
def test_lesions_that_went_opposite_ways_are_flagged_as_mixed(told: dict[str, Any], mixed: bool) -> None:
    assert (MIXED in metastatic(**told).flags) is mixed


# What is not known


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"mibg": mibg(8, 20)}, "soft tissue was involved"),
        ({"sum_of_diameters_mm": FELL}, "bone score by MIBG"),
        ({"sum_of_diameters_mm": FELL, "mibg": mibg(8)}, "bone score by MIBG at baseline"),
        (
            {"sum_of_diameters_mm": mm(20), "soft_tissue_at_baseline": True, "mibg": mibg(8, 20)},
            "at baseline",
        ),
        ({"soft_tissue_at_baseline": True, "mibg": mibg(8, 20)}, "sum of diameters"),
        ({"sum_of_diameters_mm": mm(6, 60), "mibg": mibg(8, 20)}, "uptake"),
        ({"sum_of_diameters_mm": FELL, "bone_at_baseline": True}, "bone score by MIBG"),
        ({"sum_of_diameters_mm": FELL, "mibg": mibg(8, 20), "new_lesions": None}, "any new lesion"),
        (
            {"soft_tissue_at_baseline": False, "mibg": mibg(8, 20, new_sites=None), "new_lesions": None},
            "new avid bone",
        ),
        ({"soft_tissue_at_baseline": False, "bone_at_baseline": False, "new_lesions": None}, "new avid bone"),
        ({"soft_tissue_at_baseline": False, "bone_at_baseline": True, **NONAVID}, "FDG-avid bone lesions"),
        ({"soft_tissue_at_baseline": False, **NONAVID}, "FDG-avid bone lesions at baseline"),
        (
            {"bone_at_baseline": False, "new_lesions": None, "fdg": {"bone_lesions": 0}, **NONAVID},
            "new avid bone",
        ),
        ({"bone_at_baseline": True, "soft_tissue_at_baseline": False, "mibg": mibg(8)}, "at baseline"),
    ],
    ids=str,
)
def test_what_could_still_change_the_rating_is_asked_for(told: dict[str, Any], asked: str) -> None:
    answer = metastatic(**told)
    assert answer.rating == "NE"
    assert any(asked in word for word in answer.missing), answer.missing


@pytest.mark.parametrize(
    "told",
    [
        {"soft_tissue_at_baseline": False, "bone_at_baseline": False},
        {"involved_at_baseline": False},
        {"involved_at_baseline": False, **NONAVID},
    ],
    ids=str,
)
def test_without_metastases_then_and_now_the_component_is_not_involved(told: dict[str, Any]) -> None:
    answer = metastatic(**told)
    assert (answer.rating, answer.rule) == ("NI", "M1")


def test_progression_needs_nothing_but_what_shows_it() -> None:
    assert metastatic(new_lesions=True, new_lesion_avid=True).rating == "PD"
    assert metastatic(new_lesions=None, mibg=mibg(5, 20, new_sites=3)).rating == "PD"
    assert metastatic(new_lesions=None, sum_of_diameters_mm=mm(80, 60)).rating == "PD"
    assert metastatic(new_lesions=None, mibg=mibg(24, 20)).rating == "PD"
