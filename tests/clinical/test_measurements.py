"""What one report, one assessment and one line of therapy tell of a component."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from pathway.clinical.components import rate
from pathway.clinical.measurements import Measurements, as_baseline, contradict, joined, within_line
from pathway.clinical.terms import Component
from tests.clinical.measured import marrow, measured, mibg, mm, samples

# One report


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"rating": None},
        {"new_lesions": None},
        {"infiltration_percent": {}},
        {"infiltration_percent": {"now": None}},
        {"infiltration_percent": {"now": "100.1"}},
        {"longest_diameter_mm": {"baseline": "20"}},
        {"longest_diameter_mm": mm(-1)},
        {"uptake": "some"},
        {"marrow_samples": []},
        {"mibg": mibg(3, 4, "brodeur")},
        {"mibg": mibg(3) | {"segments": [0] * 8}},
        {"mibg": mibg(3, score="curie") | {"segments": [0] * 12}},
        {"mibg": mibg(3, score="siopen") | {"segments": [1, 1, 1] + [0] * 7}},
        {"mibg": mibg(4, score="curie") | {"segments": [4] + [0] * 8}},
        {"mibg": mibg(4, score="curie") | {"segments": [3] + [0] * 8}},
        {"mibg": mibg(4, score="curie") | {"segments_baseline": [7] + [0] * 8}},
        {"diameter": "4"},
    ],
    ids=str,
)
def test_what_cannot_be_or_says_nothing_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        measured(**told)


def test_reports_of_the_first_form_are_still_understood() -> None:
    told = measured(
        longest_diameter_mm=mm(20, 40, 20),
        sum_of_diameters_mm=mm(20, 40, 20),
        mibg={"score": "curie", "absolute": "3", "baseline": "8", "new_sites": 0},
        infiltration_percent=marrow(3, 8),
        new_lesions=False,
        rating="PR",
    )
    assert told.rating == "PR"


def test_a_siopen_score_may_come_segment_by_segment() -> None:
    told = measured(
        mibg=mibg(8, score="siopen") | {"segments": [6, 2] + [0] * 10, "segments_baseline": [0] * 12}
    )
    assert told.mibg is not None
    assert (told.mibg.now, told.mibg.before, told.mibg.newly_avid_segments) == (Decimal(8), Decimal(0), 2)


# One assessment


def test_what_arrives_on_different_days_adds_up_to_one_assessment() -> None:
    ct = measured(sum_of_diameters_mm=mm(20, 60, 20), uptake="decreased", new_lesions=False)
    scan = measured(mibg=mibg(8, 20))
    assert rate(Component.METASTATIC, ct).rating == "NE"
    assert rate(Component.METASTATIC, joined(ct, scan)).rating == "PR"
    assert not contradict(ct, scan)


def test_a_part_that_was_missing_is_added_to_a_measurement() -> None:
    whole = joined(
        measured(infiltration_percent=marrow(baseline=30)), measured(infiltration_percent=marrow(3))
    )
    assert whole == measured(infiltration_percent=marrow(3, 30))


def test_a_scan_is_replaced_as_a_whole() -> None:
    before = measured(mibg=mibg(3, score="curie") | {"segments": [3] + [0] * 8})
    after = joined(before, measured(mibg=mibg(5, score="curie")))
    assert after == measured(mibg=mibg(5, score="curie"))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"rating": "SD"}, {"rating": "PR"}, True),
        ({"rating": "SD"}, {"rating": "SD"}, False),
        ({"rating": "SD"}, {"new_lesions": False}, False),
        ({"infiltration_percent": marrow(3)}, {"infiltration_percent": marrow(3, 20)}, False),
        ({"infiltration_percent": marrow(3)}, {"infiltration_percent": marrow(4, 20)}, True),
        ({"uptake": "none"}, {"uptake": "increased"}, True),
        ({"infiltration_percent": marrow(3)}, {"infiltration_percent": {"now": "3.0"}}, False),
    ],
    ids=str,
)
def test_two_values_of_one_thing_contradict_each_other(
    one: dict[str, Any], other: dict[str, Any], expected: bool
) -> None:
    assert contradict(measured(**one), measured(**other)) is expected


# One line of therapy


def line(now: Measurements, *earlier: Measurements) -> Measurements:
    return within_line(now, earlier)


def test_the_smallest_on_study_is_looked_up_among_the_assessments_of_the_line() -> None:
    first = measured(longest_diameter_mm=mm(18, 60), uptake="decreased")
    second = measured(longest_diameter_mm=mm(24), uptake="decreased")
    known = line(second, first)
    assert known.longest_diameter_mm == measured(longest_diameter_mm=mm(24, 60, 18)).longest_diameter_mm
    assert rate(Component.PRIMARY, second).rating == "NE"
    assert rate(Component.PRIMARY, known).rating == "PD"


def test_what_the_report_says_of_its_baseline_holds_and_the_smaller_nadir_counts() -> None:
    first = measured(sum_of_diameters_mm=mm(30, 60, 25))
    known = line(measured(sum_of_diameters_mm=mm(28, 50, 20)), first)
    assert known.sum_of_diameters_mm == measured(sum_of_diameters_mm=mm(28, 50, 20)).sum_of_diameters_mm
    assert line(measured(sum_of_diameters_mm=mm(28)), first).sum_of_diameters_mm.smallest == 25  # type: ignore[union-attr]


def test_bone_scores_are_followed_within_one_system() -> None:
    first = measured(mibg=mibg(4, 20))
    known = line(measured(mibg=mibg(18)), first)
    assert known.mibg is not None
    assert (known.mibg.before, known.mibg.nadir) == (Decimal(20), Decimal(4))
    other = line(measured(mibg=mibg(18, score="curie")), first)
    assert other.mibg is not None
    assert (other.mibg.before, other.mibg.nadir) == (None, None)


def test_a_baseline_by_another_system_is_not_replaced() -> None:
    known = line(measured(mibg=mibg(18, baseline_score="curie")), measured(mibg=mibg(4, 20)))
    assert known.mibg is not None
    assert (known.mibg.before, known.mibg.nadir) == (None, Decimal(4))


def test_counts_percentages_and_involvement_are_taken_over_from_the_line() -> None:
    first = measured(
        fdg={"bone_lesions": 4, "baseline": 6},
        infiltration_percent=marrow(10, 30),
        mibg_nonavid=True,
        soft_tissue_at_baseline=False,
    )
    known = line(measured(fdg={"bone_lesions": 3}, infiltration_percent=marrow(3), new_lesions=False), first)
    assert (known.mibg_nonavid, known.soft_tissue_at_baseline) == (True, False)
    assert known.fdg is not None
    assert known.fdg.baseline == 6
    assert known.infiltration_percent == measured(infiltration_percent=marrow(3, 30)).infiltration_percent
    sampled = line(measured(marrow_samples=samples(0, 0, 0, 0)), first)
    assert rate(Component.BONE_MARROW, sampled).rating == "CR"
    assert line(measured(new_lesions=False), first).infiltration_percent is None


def test_the_last_evaluation_before_a_line_is_its_baseline_whatever_it_was_compared_with_itself() -> None:
    told = measured(
        longest_diameter_mm=mm(50, 40, 30),
        sum_of_diameters_mm=mm(20, 90),
        mibg=mibg(9, 20, "curie", nadir="4", new_sites=2, segments=[3, 3, 3, *[0] * 6]),
        fdg={"bone_lesions": 5, "baseline": 9},
        marrow_samples=samples(0, 30),
        infiltration_percent=marrow(baseline=60),
        mibg_nonavid=False,
        bone_at_baseline=True,
    )
    known = line(
        measured(
            longest_diameter_mm=mm(35),
            sum_of_diameters_mm=mm(9),
            mibg=mibg(3, score="curie"),
            fdg={"bone_lesions": 2},
            infiltration_percent=marrow(3),
        ),
        as_baseline(told),
    )
    assert known.longest_diameter_mm == measured(longest_diameter_mm=mm(35, 50, 50)).longest_diameter_mm
    assert known.sum_of_diameters_mm == measured(sum_of_diameters_mm=mm(9, 20, 20)).sum_of_diameters_mm
    assert known.mibg is not None
    assert (known.mibg.before, known.mibg.nadir, known.mibg.new_sites) == (Decimal(9), Decimal(9), 0)
    assert known.fdg == measured(fdg={"bone_lesions": 2, "baseline": 5}).fdg
    assert known.infiltration_percent == measured(infiltration_percent=marrow(3, 30)).infiltration_percent
    assert (known.mibg_nonavid, known.bone_at_baseline) == (False, None)


def test_what_was_free_before_a_line_and_showed_nothing_new_is_free_at_its_baseline() -> None:
    free = measured(soft_tissue_at_baseline=False, new_lesions=False)
    assert as_baseline(free).soft_tissue_at_baseline is False
    grown = measured(soft_tissue_at_baseline=False, new_lesions=True)
    assert as_baseline(grown).soft_tissue_at_baseline is None


def test_a_first_assessment_stands_alone() -> None:
    told = measured(longest_diameter_mm=mm(24))
    assert line(told) == told
    assert line(told, measured(new_lesions=False)) == told
    assert Decimal(24) == told.longest_diameter_mm.now  # type: ignore[union-attr]
