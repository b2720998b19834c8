"""The response of an assessment from what was measured, within an episode: parts, lines, reports, open questions."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.clinical.terms import Component, Response
from pathway.episodes.assessments import InForce, rated_components, response_in_force
from pathway.episodes.episode import Episode
from tests.clinical.measured import marrow, mibg, mm, samples
from tests.story import Story, after_two_cycles

NOTHING_ELSE = {"metastatic": "NI", "bone_marrow": "NI"}


def measured(story: Story, on: int, component: str = "primary", **told: Any) -> InForce:
    """One component was measured; the others are not involved."""
    others = {"primary": "NI", "metastatic": "NI", "bone_marrow": "NI"}
    story.told("assessment_recorded", on, components=others | {component: told})
    return now(story)


def now(story: Story) -> InForce:
    timepoint = story.episode.timepoint
    assert timepoint is not None
    return response_in_force(timepoint)


def rating(story: Story, component: Component = Component.PRIMARY) -> str:
    timepoint = story.episode.timepoint
    assert timepoint is not None
    return timepoint.ratings[component].value


def test_measurements_make_the_response_as_ratings_do() -> None:
    story = after_two_cycles()
    told = measured(story, 44, longest_diameter_mm=mm(20, 40), uptake="decreased")
    assert (told.response, told.rule, told.flags) == (Response.PR, "R3", ())
    assert story.episode.state == "decision_due"


def test_measurements_that_do_not_suffice_leave_the_response_open_and_say_what_is_missing() -> None:
    story = after_two_cycles()
    told = measured(story, 44, longest_diameter_mm=mm(20, 40))
    assert (told.response, told.ceiling, told.missing) == (Response.NE, Response.CR, (Component.PRIMARY,))
    shown = story.next(44).document("0" * 64)["response"]["components"]["primary"]
    assert (shown["rating"], shown["rule"]) == ("NE", "NE")
    assert any("uptake" in word for word in shown["missing"])


@pytest.mark.shows("R-050")
def test_the_answer_explains_each_measured_component_by_its_row_and_its_values() -> None:
    story = after_two_cycles()
    measured(story, 44, "bone_marrow", infiltration_percent=marrow(4, 10))
    shown = story.next(44).document("0" * 64)["response"]["components"]
    assert set(shown) == {"bone_marrow"}
    assert "4 % now, 10 % at baseline" in shown["bone_marrow"]["sentence"]
    assert [policy["id"] for policy in shown["bone_marrow"]["policies"]] == ["A3"]
    assert shown["bone_marrow"]["because"]["verified"] is True


def test_the_scans_of_one_assessment_arrive_on_different_days_and_add_up() -> None:
    story = after_two_cycles()
    ct = {"sum_of_diameters_mm": mm(20, 60), "uptake": "decreased", "new_lesions": False}
    assert measured(story, 44, "metastatic", **ct).response is Response.NE
    story.told("assessment_recorded", 47, components={"metastatic": {"mibg": mibg(8, 20)}})
    assert now(story).response is Response.PR
    assert list(story.episode.timepoints) == ["1.2"]


def test_a_rating_that_came_first_is_kept_beside_the_measurements_that_follow() -> None:
    story = after_two_cycles()
    story.assessed(44, "SD")
    story.told("assessment_recorded", 45, components={"primary": {"longest_diameter_mm": mm(60, 40)}})
    told = now(story)
    assert (told.response, told.flags) == (Response.PD, ("contradiction",))


@pytest.mark.shows("C-29")
def test_regrowth_from_the_smallest_on_study_is_progression_although_the_report_names_the_baseline_alone() -> (
    None
):
    story = after_two_cycles()
    measured(story, 44, longest_diameter_mm=mm(15, 60), uptake="decreased")
    story.fit(44)
    story.decided("continue_chemoimmunotherapy", 45)
    story.cycle(3, 46)
    story.cycle(4, 67)
    told = measured(story, 88, longest_diameter_mm=mm(21, 60), uptake="decreased")
    assert told.response is Response.PD
    found = rated_components(story.episode, story.episode.timepoints["1.4"])[Component.PRIMARY]
    assert "15 mm at its smallest" in found.derived.sentence


def test_the_last_evaluation_before_the_line_is_its_baseline() -> None:
    story = Story.opened()
    story.told("assessment_recorded", 0, components={"primary": {"longest_diameter_mm": mm(60)}})
    story.planned().treated()
    story.cycle(1, 2)
    story.cycle(2, 23)
    assert measured(story, 44, longest_diameter_mm=mm(30), uptake="unchanged").response is Response.PR


@pytest.mark.shows("C-41")
def test_an_evaluation_of_more_than_28_days_before_the_line_is_no_baseline() -> None:
    story = Story.opened()
    story.told(
        "assessment_recorded", 0, components={"primary": {"longest_diameter_mm": mm(60)}}, timepoint="before"
    )
    story.planned(28).treated(29)
    story.cycle(1, 30)
    story.cycle(2, 51)
    told = measured(story, 72, longest_diameter_mm=mm(30), uptake="unchanged", involved_at_baseline=True)
    assert (told.response, rating(story)) == (Response.NE, "NE")


def test_an_evaluation_whose_day_is_not_known_is_no_baseline() -> None:
    story = Story.opened()
    told = {"primary": {"longest_diameter_mm": mm(60)}}
    story.told("assessment_recorded", 0, components=told, occurred_precision="month")
    story.told("response_confirmed", 0, timepoint="elsewhere", response="SD", reason="As their letter says.")
    story.planned().treated()
    assert story.episode.baselines == {}


@pytest.mark.shows("C-41")
def test_a_new_line_has_a_new_baseline() -> None:
    story = after_two_cycles()
    measured(story, 44, longest_diameter_mm=mm(50, 40), uptake="unchanged")
    story.fit(44)
    story.decided("change_line", 45, regimen="topotecan_cyclophosphamide")
    story.cycle(1, 46)
    story.cycle(2, 67)
    told = measured(story, 88, longest_diameter_mm=mm(35), uptake="unchanged")
    assert story.episode.line == 2
    assert told.response is Response.PR
    found = rated_components(story.episode, story.episode.timepoints["2.2"])[Component.PRIMARY]
    assert "50 mm at baseline" in found.derived.sentence


@pytest.mark.parametrize(
    ("reported", "response", "flags"),
    [
        ("SD", Response.SD, ()),
        ("NE", Response.SD, ()),
        ("PR", None, ("contradiction",)),
        ("PD", Response.PD, ("contradiction",)),
    ],
)
def test_a_reported_rating_that_contradicts_the_measurements_waits_for_a_person_unless_it_is_progression(
    reported: str, response: Response | None, flags: tuple[str, ...]
) -> None:
    story = after_two_cycles()
    told = measured(story, 44, longest_diameter_mm=mm(38, 40), uptake="unchanged", rating=reported)
    assert (told.response, told.flags) == (response, flags)


def test_a_contradiction_is_settled_by_a_person() -> None:
    story = after_two_cycles()
    measured(story, 44, longest_diameter_mm=mm(38, 40), uptake="unchanged", rating="PR")
    story.told("response_confirmed", 45, response="SD", reason="Measured again on the same plane.")
    assert story.finding("response", 45) == "SD"


def test_a_reported_rating_holds_where_its_measurements_do_not_suffice() -> None:
    story = after_two_cycles()
    told = measured(story, 44, longest_diameter_mm=mm(20, 40), rating="PR")
    assert (told.response, told.flags) == (Response.PR, ("rating_as_reported",))


def test_complete_response_waits_for_the_marrow_that_was_free_and_not_sampled_again() -> None:
    story = after_two_cycles()
    parts = {"primary": "CR", "metastatic": "CR", "bone_marrow": {"infiltration_percent": marrow(baseline=0)}}
    story.told("assessment_recorded", 44, components=parts)
    told = now(story)
    assert (told.response, told.ceiling, told.flags) == (Response.NE, Response.CR, ("marrow_not_repeated",))
    story.told("assessment_recorded", 46, components={"bone_marrow": {"marrow_samples": samples(0, 0, 0, 0)}})
    assert (now(story).response, now(story).flags) == (Response.CR, ())


def test_what_may_be_a_mimic_is_progression_still_to_be_confirmed() -> None:
    story = after_two_cycles()
    told = measured(
        story,
        44,
        "metastatic",
        soft_tissue_at_baseline=False,
        mibg=mibg(10, 20, new_sites=1),
        new_lesions=False,
    )
    assert told.response is Response.PD
    assert "mimic_check" in told.flags
    assert story.finding("progression_confirmed", 44) == "open"


def test_progression_that_needs_no_mimic_check_counts_as_confirmed() -> None:
    story = after_two_cycles()
    measured(story, 44, longest_diameter_mm=mm(60, 40))
    assert story.finding("progression_confirmed", 44) == "confirmed"


def test_an_episode_is_kept_with_its_measurements_and_read_back_the_same() -> None:
    story = after_two_cycles()
    measured(story, 44, "metastatic", mibg=mibg(8, 20), sum_of_diameters_mm=mm(20, 60), new_lesions=False)
    kept = story.episode.to_json()
    assert Episode.from_json(kept) == story.episode
    assert "target_node_short_axis_mm" not in kept
