"""Components that come as measurements: what was told of each, and what counts as told otherwise."""

from __future__ import annotations

from typing import Any

from pathway.clinical.terms import Component
from pathway.episodes.assessments import changed_findings, reported_of
from tests.story import Story, after_two_cycles


def primary(now: str, **told: Any) -> dict[str, Any]:
    """A primary tumour with its longest diameter; uptake as before."""
    return {"longest_diameter_mm": {"now": now}, "uptake": "unchanged", **told}


def rest() -> dict[str, Any]:
    return {"metastatic": "NI", "bone_marrow": "NI"}


def measured(**told: Any) -> Story:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": {**primary("20"), **told}, **rest()})
    return story


def test_measurements_of_one_component_that_arrive_apart_belong_together() -> None:
    story = after_two_cycles()
    story.told(
        "assessment_recorded",
        44,
        components={"primary": {"longest_diameter_mm": {"now": "20", "baseline": "40"}}},
    )
    before = story.episode
    story.told("assessment_recorded", 46, components={"primary": {"uptake": "unchanged"}, **rest()})
    assert story.finding("response", 46) == "PR"
    assert list(changed_findings(before, story.episode)) == []


def test_another_value_for_the_same_measurement_is_a_change_and_is_named() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"})
    before = story.episode
    story.told(
        "assessment_recorded",
        46,
        timepoint="1.2",
        components={"primary": {"longest_diameter_mm": {"now": "39"}}},
    )
    ((component, earlier, later),) = changed_findings(before, story.episode)
    assert (component, earlier.value, later.value) == (Component.PRIMARY, "PR", "SD")


def test_another_assessment_changes_nothing_of_the_one_before() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"})
    before = story.episode
    story.told("assessment_recorded", 90, timepoint="later", components={"primary": "SD", "metastatic": "NI"})
    assert list(changed_findings(before, story.episode)) == []


def test_what_was_reported_of_a_component_is_kept_apart_from_its_rating() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR"})
    timepoint = story.episode.timepoint
    assert timepoint is not None
    told = reported_of(timepoint, Component.PRIMARY)
    assert told is not None
    assert (told.rating, told.given) == ("PR", ())
    assert reported_of(timepoint, Component.BONE_MARROW) is None


def test_an_evaluation_without_an_exact_day_is_no_baseline_of_the_line_that_follows() -> None:
    story = after_two_cycles()
    parts = {"primary": {"longest_diameter_mm": {"now": "20"}, "uptake": "unchanged"}, **rest()}
    story.told("assessment_recorded", 44, components=parts, occurred_precision="month")
    story.decided("change_line", 45, "possible")
    assert story.episode.baselines == {}


def test_an_assessment_that_left_a_component_out_is_not_what_it_is_compared_with() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"})
    story.decided("continue_chemoimmunotherapy", 45)
    story.told("assessment_recorded", 60, timepoint="marrow", components={"bone_marrow": "NI"})
    story.told("assessment_recorded", 90, timepoint="later", components={"primary": primary("30"), **rest()})
    assert story.finding("response", 90) == "PD"
