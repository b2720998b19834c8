"""Components that come as measurements: rated here, compared with what was measured before in the same line."""

from __future__ import annotations

from typing import Any

from pathway.clinical.terms import Component
from pathway.episodes.episode import changed_findings, rated_components, reported_of, response_in_force
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


def test_a_component_is_rated_from_its_measurements() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"})
    assert story.finding("response", 44) == "PR"
    timepoint = story.episode.timepoint
    assert timepoint is not None
    assert set(rated_components(story.episode, timepoint)) == {Component.PRIMARY}


def test_a_baseline_of_the_line_is_not_told_twice() -> None:
    story = measured(longest_diameter_mm={"now": "30", "baseline": "40"})
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 46)
    story.cycle(4, 67)
    story.told("assessment_recorded", 90, components={"primary": primary("20"), **rest()})
    assert story.finding("response", 90) == "PR"


def test_progression_is_measured_from_the_smallest_size_in_the_line() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"})
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 46)
    story.cycle(4, 67)
    story.told("assessment_recorded", 90, components={"primary": primary("30"), **rest()})
    assert story.finding("response", 90) == "PD"


def test_a_new_line_is_compared_with_its_own_baseline() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"})
    story.decided("change_line", 45, "possible")
    story.told("assessment_recorded", 90, components={"primary": primary("30"), **rest()})
    timepoint = story.episode.timepoint
    assert timepoint is not None
    assert response_in_force(timepoint).response != "PD"


def test_a_rating_that_contradicts_its_measurements_waits_for_a_person() -> None:
    story = measured(longest_diameter_mm={"now": "20", "baseline": "40"}, rating="SD")
    assert story.finding("response", 44) == "unknown"


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
