"""Markers besides GD2: kept under one name, shown where they inform an option, and deciding nothing."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.clinical.biomarkers import MARKERS, MOST_MARKERS
from tests.story import Story, first_line


def told(story: Story, prompt: str, on: int) -> list[dict[str, Any]]:
    return [each for each in story.next(on).document("-")["prompts"] if each["prompt"] == prompt]


def detail(story: Story, marker: str, on: int) -> str:
    (prompt,) = told(story, f"marker_{marker}", on)
    return str(prompt["detail"])


def relapsed(**evidence: Any) -> Story:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True, **evidence)
    story.fit(0)
    return story


def test_alk_is_shown_with_value_and_day_where_the_line_is_chosen() -> None:
    story = relapsed()
    story.told("biomarker_recorded", 3, marker="ALK", value="F1174L")
    assert detail(story, "alk", 3) == "ALK: F1174L (4 Jan 2026)"
    (prompt,) = told(story, "marker_alk", 3)
    assert "ALK inhibitor" in prompt["sentence"]
    assert prompt["because"]["source"] == "NCI PDQ 2025"


@pytest.mark.parametrize(
    "value",
    [
        "overexpressed",
        "positive",
        "none found",
        "no variant",
        "wild-type",
        "not amplified",
        "mutation pending",
        "mutation excluded",
        "variant of unknown significance",
        "amplification ruled out",
        "F1174L not found",
        "no mutation and no amplification",
        "no variant or amplification",
    ],
)
def test_expression_of_alk_and_what_was_not_found_speak_for_no_inhibitor(value: str) -> None:
    story = relapsed()
    story.told("biomarker_recorded", 3, marker="ALK", value=value)
    assert not told(story, "marker_alk", 3)
    assert not told(story, "marker_alk_amplified", 3)
    (prompt,) = told(story, "marker_alk_other", 3)
    assert prompt["detail"] == f"ALK: {value} (4 Jan 2026)"
    assert "what was recorded names none" in prompt["sentence"]


@pytest.mark.parametrize(
    "value",
    [
        "F1174L",
        "p.R1275Q",
        "p.Phe1174Leu",
        "mutated",
        "ALK fusion",
        "F1174L, no amplification",
        "R1275Q (not germline)",
        "Phe1174Leu",
        "f1174l",
        "mutated, not amplified",
    ],
)
def test_a_variant_of_alk_speaks_for_an_inhibitor(value: str) -> None:
    story = relapsed()
    story.told("biomarker_recorded", 3, marker="ALK", value=value)
    assert detail(story, "alk", 3) == f"ALK: {value} (4 Jan 2026)"
    assert not told(story, "marker_alk_other", 3)


@pytest.mark.parametrize("value", ["amplified", "amplified without mutation", "no variant, amplified"])
def test_an_amplification_of_alk_is_told_as_not_checked_against_a_source(value: str) -> None:
    story = relapsed()
    story.told("biomarker_recorded", 3, marker="ALK", value=value)
    (prompt,) = told(story, "marker_alk_amplified", 3)
    assert prompt["because"]["verified"] is False


def test_an_inhibitor_of_alk_that_failed_is_told_beside_the_variant() -> None:
    story = Story.opened()
    story.told("prior_therapy_recorded", 0, line=1, agents=["lorlatinib"], progressed_during=True)
    story.told("prior_therapy_recorded", 0, line=2, agents=["Crizotinib", "topotecan"])
    story.told("prior_therapy_recorded", 0, line=3, regimen="Ceritinib alone", months_to_progression="9")
    story.planned()
    story.told("biomarker_recorded", 1, marker="ALK", value="F1174L")
    assert detail(story, "alk", 1) == (
        "ALK: F1174L (2 Jan 2026); the disease progressed on lorlatinib, or within 6 months of it "
        "(line 1 before this episode); crizotinib was given before (line 2 before this episode); "
        "ceritinib was given before (line 3 before this episode (Ceritinib alone))"
    )


@pytest.mark.parametrize("marker", [each.name for each in MARKERS])
def test_a_marker_informs_and_changes_no_option(marker: str) -> None:
    with_marker, without = relapsed(), relapsed()
    with_marker.told("biomarker_recorded", 1, marker=marker, value="variant present", unit="copies")
    assert with_marker.next(2).outcome == without.next(2).outcome
    assert "variant present copies" in detail(with_marker, marker, 2)
    assert not told(without, f"marker_{marker}", 2)


@pytest.mark.parametrize(
    ("written", "marker"), [("N-Myc", "mycn"), ("Natural killer cells", "nk_cells"), ("FcgRIIIa", "fcgr3a")]
)
def test_a_marker_is_known_under_one_name_however_it_is_written(written: str, marker: str) -> None:
    story = relapsed()
    story.told("biomarker_recorded", 1, marker=written, value="x")
    assert told(story, f"marker_{marker}", 1)


@pytest.mark.parametrize("marker", ["ALK", "MYCN"])
def test_alk_and_mycn_count_for_a_year_and_not_past_a_progression(marker: str) -> None:
    story = relapsed()
    story.told("biomarker_recorded", 1, marker=marker, value="variant found")
    name = marker.casefold()
    assert detail(story, name, 366) == f"{marker}: variant found (2 Jan 2026)"
    assert detail(story, name, 367) == f"{marker}: variant found (2 Jan 2026), older than 365 days"
    story.treated(1)
    story.told("progression_evidence_recorded", 2, confirmed=True)
    assert (
        detail(story, name, 2) == f"{marker}: variant found (2 Jan 2026), from before the latest progression"
    )


def test_the_genotype_of_the_fc_receptors_counts_for_life() -> None:
    story = Story.opened()
    story.told("biomarker_recorded", 0, marker="FCGR3A", value="V/F")
    story.told("progression_evidence_recorded", 900, confirmed=True)
    assert detail(story, "fcgr3a", 1500) == "FCGR3A: V/F (1 Jan 2026)"


def test_nk_cells_count_for_28_days_and_not_past_a_cycle() -> None:
    story = first_line()
    story.told("biomarker_recorded", 1, marker="NK cells", value="180", unit="/ul")
    assert detail(story, "nk_cells", 29) == "NK cells: 180 /ul (2 Jan 2026)"
    assert detail(story, "nk_cells", 30) == "NK cells: 180 /ul (2 Jan 2026), older than 28 days"
    story.cycle(1, 2)
    assert detail(story, "nk_cells", 9) == "NK cells: 180 /ul (2 Jan 2026), from before the latest cycle"


def test_a_marker_whose_day_is_not_known_says_so() -> None:
    story = relapsed()
    story.told("biomarker_recorded", 1, marker="ALK", value="R1275Q", occurred_precision="year")
    assert detail(story, "alk", 1) == "ALK: R1275Q, on a day that is not known"


def test_at_a_progression_the_tumour_is_profiled_again_unless_alk_is_known_since() -> None:
    story = Story.opened()
    story.told("biomarker_recorded", 0, marker="ALK", value="none found")
    story.told("progression_evidence_recorded", 1, confirmed=True)
    (prompt,) = told(story, "tumour_profile", 1)
    assert prompt["detail"] == "ALK from before the latest progression"
    story.told("biomarker_recorded", 2, marker="ALK", value="F1174L")
    assert not told(story, "tumour_profile", 2)
    assert told(relapsed(), "tumour_profile", 0)[0]["detail"] == "ALK not recorded"


def test_as_many_markers_are_kept_as_anybody_reads_and_those_that_inform_are_never_dropped() -> None:
    story = relapsed()
    story.told("biomarker_recorded", 1, marker="ALK", value="F1174L")
    for number in range(MOST_MARKERS):
        story.told("biomarker_recorded", 2, marker=f"marker {number}", value="present")
    known = story.episode.biomarkers
    assert len(known) == MOST_MARKERS
    assert "alk" in known
    assert "marker_0" not in known
    assert f"marker_{MOST_MARKERS - 1}" in known


def test_a_marker_recorded_again_replaces_its_value() -> None:
    story = relapsed()
    story.told("biomarker_recorded", 1, marker="ALK", value="none found")
    story.told("biomarker_recorded", 2, marker="ALK variant", value="R1275Q")
    assert detail(story, "alk", 2) == "ALK: R1275Q (3 Jan 2026)"


def test_no_day_is_made_up_for_a_value_whose_day_is_not_known() -> None:
    story = Story.opened().planned()
    story.told("biomarker_recorded", 3, marker="MYCN", value="amplified", occurred_precision="order")
    assert detail(story, "mycn", 9) == "MYCN: amplified, on a day that is not known"
