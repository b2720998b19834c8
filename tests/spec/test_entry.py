"""Entry with treatment that another centre began: its count and its baseline come with it."""

from __future__ import annotations

from typing import Any

import pytest

from pathway.episodes.events import EventNotUnderstood
from tests.story import BEACON, Story

WINDOW = "begin the next cycle"


def taken_over(story: Story | None = None, on: int = 10, **told: Any) -> Story:
    """A line of therapy that another centre began, with three cycles given, goes on here."""
    story = story or Story.opened().planned()
    usual = {"line": 1, "regimen": BEACON, "cycles": 3, "cycles_since_assessment": 1}
    story.told("treatment_taken_over", on, **{**usual, **told})
    return story


@pytest.mark.shows("R-006")
def test_a_line_that_is_taken_over_goes_on_with_its_count_its_regimen_and_its_agents() -> None:
    story = taken_over(line=2)
    episode = story.episode
    assert (episode.state, episode.line, episode.line_open) == ("chemoimmunotherapy.ready", 2, True)
    assert (episode.cycles.counted, episode.cycles.since_assessment) == (3, 1)
    assert episode.agents == ("dinutuximab_beta", "irinotecan", "temozolomide")
    assert (story.finding("phase", 10), story.finding("context", 10)) == ("early", "systemic")
    assert not story.steps[-1].unexpected
    assert episode.reviews == {}


def test_the_agents_told_hold_and_a_regimen_that_is_not_known_brings_none() -> None:
    assert taken_over(agents=["Naxitamab"]).episode.agents == ("naxitamab",)
    assert taken_over(regimen="something local").episode.agents == ()
    assert taken_over(regimen=None).episode.agents == ()


def test_the_next_cycle_has_the_next_number_and_counts_from_the_last_one_elsewhere() -> None:
    story = taken_over(last_cycle_on="2026-01-03")
    assert story.windows(10)[WINDOW] == (23, 23, 37)
    story.told("cycle_started", 23, cycle=4)
    assert not story.steps[-1].unexpected
    assert story.episode.cycles.started == 4


def test_where_the_day_of_the_last_cycle_was_not_told_the_window_is_not_known() -> None:
    told = next(each for each in taken_over().next(10).due if each.window.what == WINDOW)
    assert told.timing(told.anchor.on if told.anchor else taken_over().episode.opened.on) == "unknown"


def test_where_the_day_of_the_last_course_was_not_told_the_next_is_due_on_a_day_that_is_not_known() -> None:
    story = taken_over(regimen="naxitamab_gm_csf", maintenance_courses=2)
    (told,) = (each for each in story.next(10).due if each.window.name == "course")
    assert (told.window.what, told.target) == ("begin the next course", None)


def test_how_the_last_cycle_was_tolerated_has_to_be_told_here() -> None:
    story = taken_over(last_cycle_on="2026-01-03")
    assert story.finding("tolerance", 10) == "unknown"
    story.told("fitness_recorded", 10, tolerance="acceptable")
    assert story.finding("tolerance", 10) == "fine"


def test_two_cycles_since_the_last_assessment_lead_to_one() -> None:
    story = taken_over(cycles_since_assessment=2)
    assert story.episode.state == "assessment_due"


def test_maintenance_is_taken_over_with_its_courses() -> None:
    story = taken_over(
        regimen="dinutuximab_beta_long_term_infusion",
        cycles=6,
        cycles_since_assessment=0,
        maintenance_courses=3,
        last_cycle_on="2026-01-05",
    )
    episode = story.episode
    assert (episode.state, episode.courses.counted, episode.cycles.counted) == ("maintenance.ready", 3, 6)
    assert (story.finding("phase", 10), story.finding("context", 10)) == ("early", "maintenance")
    assert story.windows(10)["begin the next course"] == (39, 39, 53)
    story.told("cycle_started", 39, cycle=4)
    assert story.episode.courses.started == 4


def test_maintenance_that_was_finished_elsewhere_is_assessed() -> None:
    story = taken_over(regimen="naxitamab_gm_csf", maintenance_courses=5)
    assert (story.episode.state, story.finding("context", 10)) == ("assessment_due", "maintenance")


def test_maintenance_before_its_first_course_begins_with_course_1() -> None:
    story = taken_over(regimen="naxitamab_gm_csf", maintenance_courses=0)
    assert story.episode.state == "maintenance.ready"
    story.told("cycle_started", 12, cycle=1)
    assert not story.steps[-1].unexpected


@pytest.mark.shows("R-006")
def test_what_was_measured_first_elsewhere_is_the_baseline_of_the_line() -> None:
    story = Story.opened().planned()
    for on, length in ((1, "50"), (2, "40")):
        parts = {"primary": {"longest_diameter_mm": {"now": length}, "new_lesions": False}}
        story.told("assessment_recorded", on, components=parts, timepoint=f"elsewhere-{on}")
    taken_over(story)
    now = {"longest_diameter_mm": {"now": "30"}, "uptake": "unchanged", "new_lesions": False}
    story.told(
        "assessment_recorded", 20, components={"primary": now, "metastatic": "NI", "bone_marrow": "NI"}
    )
    assert story.finding("response", 20) == "PR"


def test_what_was_assessed_elsewhere_was_decided_upon_there() -> None:
    story = Story.opened().planned()
    story.assessed(5, "SD")
    taken_over(story)
    assert [point.decided for point in story.episode.timepoints.values()] == [True]


@pytest.mark.parametrize("where", ["progression_suspected", "referred_elsewhere"])
def test_a_line_can_be_taken_over_before_any_evidence_was_recorded_and_from_a_referral(where: str) -> None:
    story = Story.opened()
    if where == "referred_elsewhere":
        story.decided("refer", 1, "possible")
    assert story.episode.state == where
    assert taken_over(story).episode.state == "chemoimmunotherapy.ready"


def test_after_a_line_was_begun_here_one_from_elsewhere_is_kept_apart_for_review() -> None:
    story = Story.opened().planned().treated()
    story.told("cycle_started", 2, cycle=1)
    taken_over(story)
    assert story.steps[-1].unexpected
    assert (story.episode.state, story.episode.cycles.started) == ("chemoimmunotherapy.cycle_running", 1)
    assert "line_begun_before" in [review.kind for review in story.episode.reviews.values()]


@pytest.mark.parametrize("option", ["refer", "follow_up"])
def test_nor_can_a_line_be_taken_over_once_the_one_begun_here_is_over(option: str) -> None:
    story = Story.opened().planned().treated()
    story.decided(option, 5, "possible")
    story.told("progression_evidence_recorded", 6, confirmed=True)
    where = story.episode.state
    taken_over(story, line=2)
    assert story.steps[-1].unexpected
    assert (story.episode.state, story.episode.line) == (where, 1)


def test_no_line_is_taken_over_into_an_episode_that_is_closed() -> None:
    story = Story.opened()
    story.decided("close", 1, "possible", closure="transferred")
    taken_over(story)
    assert (story.steps[-1].unexpected, story.episode.line_open) == (True, False)


def test_an_agent_that_was_stopped_for_good_is_looked_at_when_a_line_with_it_is_taken_over() -> None:
    story = Story.opened().planned()
    story.told("toxicity_recorded", 1, term="anaphylaxis", grade=4, agent="dinutuximab beta", ongoing=False)
    taken_over(story)
    assert "stopped_agent_given" in [review.kind for review in story.episode.reviews.values()]


def test_the_next_line_here_is_counted_on() -> None:
    story = taken_over(line=2)
    story.told("progression_evidence_recorded", 20, confirmed=True)
    story.decided("change_line", 21, "possible")
    assert (story.episode.line, story.episode.cycles.counted) == (3, 0)
    assert [line.number for line in story.episode.earlier_lines] == [2]


def test_a_risk_group_and_an_age_left_open_at_the_opening_are_told_later() -> None:
    story = Story.opened(risk_group=None)
    assert (story.finding("risk_group", 3), story.finding("age", 3)) == ("unknown", "unknown")
    story.told("baseline_recorded", 3, risk_group="high", age_months=11)
    assert (story.finding("risk_group", 3), story.finding("age", 3)) == ("high", "infant")
    assert not story.steps[-1].unexpected


def test_each_of_the_two_stays_until_it_is_told_otherwise() -> None:
    story = Story.opened(age_months=60)
    story.told("baseline_recorded", 3, risk_group="not_high")
    assert (story.finding("risk_group", 3), story.finding("age", 3)) == ("not_high", "child")
    story.told("baseline_recorded", 4, age_months=11)
    assert (story.finding("risk_group", 4), story.finding("age", 4)) == ("not_high", "infant")


def test_an_age_is_counted_from_the_day_for_which_it_was_told() -> None:
    story = Story.opened(age_months=60)
    story.told("baseline_recorded", 31, age_months=11)
    assert (story.finding("age", 31), story.finding("age", 70)) == ("infant", "child")


def test_a_baseline_that_says_nothing_is_refused() -> None:
    with pytest.raises(EventNotUnderstood, match="Give the risk group, the age, or both"):
        Story.opened().told("baseline_recorded", 3)
