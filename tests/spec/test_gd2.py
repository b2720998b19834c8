"""GD2 on the tumour cells: which result counts, until when, and what a person is told about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story import Story, after_two_cycles, assessed_after_two_cycles, first_line

IN_MARROW = {"method": "flow cytometry", "specimen": "marrow"}


def told(story: Story, prompt: str, on: int) -> list[dict[str, Any]]:
    return [each for each in story.next(on).document("-")["prompts"] if each["prompt"] == prompt]


def shown(story: Story, on: int) -> str:
    (found,) = (each for finding, each in story.next(on).found.items() if finding.name == "gd2")
    return found.shown


def progressed(**measured: Any) -> Story:
    """Progression is confirmed on day 0, and GD2 measured two days later."""
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.fit(0)
    story.told("gd2_measured", 2, **measured)
    return story


@pytest.mark.shows("R-064")
def test_an_answer_shows_gd2_with_method_specimen_and_day() -> None:
    story = progressed(status="positive", **IN_MARROW)
    assert shown(story, 2) == "positive (flow cytometry, marrow, 3 Jan 2026)"


def test_an_answer_shows_the_share_of_cells_and_the_density_as_reported() -> None:
    story = progressed(status="partial", specimen="tumour", percent="40.0", density="1200")
    assert shown(story, 2) == "partial (tumour, 40 % of the cells, density 1200, 3 Jan 2026)"


def test_gd2_that_could_not_be_read_is_unknown_and_says_on_what_it_was_tried() -> None:
    story = progressed(status="indeterminate", specimen="marrow")
    assert story.finding("gd2", 2) == "unknown"
    assert shown(story, 2) == "indeterminate (marrow, 3 Jan 2026)"


@pytest.mark.parametrize("status", ["positive", "partial", "negative"])
def test_each_class_of_gd2_counts_as_it_was_measured(status: str) -> None:
    assert progressed(status=status).finding("gd2", 2) == status


def test_gd2_measured_after_progression_counts_for_the_next_line_even_after_an_antibody_before() -> None:
    story = assessed_after_two_cycles("PD")
    story.told("gd2_measured", 47, status="positive")
    story.decided("change_line", 50, regimen="dinutuximab_beta_topotecan_cyclophosphamide")
    assert story.finding("gd2", 51) == "positive"


def test_gd2_measured_before_the_antibody_counts_while_its_line_lasts_and_asks_to_be_repeated() -> None:
    story = assessed_after_two_cycles("SD")
    assert story.finding("gd2", 45) == "positive"
    (prompt,) = told(story, "gd2_before_antibody", 45)
    assert prompt["detail"] == "positive (1 Jan 2026); antibody until 29 Jan 2026"
    story.told("gd2_measured", 46, status="positive")
    assert not told(story, "gd2_before_antibody", 46)


def test_gd2_measured_before_the_antibody_of_a_line_that_is_over_is_too_old() -> None:
    story = assessed_after_two_cycles("SD")
    story.decided("follow_up", 45, "possible")
    assert story.finding("gd2", 46) == "stale"


def test_gd2_measured_before_an_antibody_that_was_dropped_within_the_line_is_too_old() -> None:
    story = assessed_after_two_cycles("SD")
    story.decided("drop_antibody", 45, "possible", agents=["irinotecan", "temozolomide"])
    assert story.finding("gd2", 46) == "stale"


def test_a_cycle_of_chemotherapy_only_does_not_prolong_the_time_of_the_antibody() -> None:
    story = first_line()
    story.cycle(1, 2)
    story.told("cycle_started", 23, cycle=2, agents=["irinotecan", "temozolomide"])
    story.told("cycle_completed", 28, cycle=2, delivered="chemotherapy_only")
    assert story.episode.last_anti_gd2 is not None
    assert story.episode.last_anti_gd2.on.isoformat() == "2026-01-08"


def test_a_planned_antibody_that_was_left_out_of_a_cycle_ends_with_the_day_the_cycle_began() -> None:
    story = first_line()
    story.cycle(1, 2, delivered="chemotherapy_only")
    assert story.episode.last_anti_gd2 is not None
    assert story.episode.last_anti_gd2.on.isoformat() == "2026-01-03"


def test_in_remission_the_last_known_gd2_counts_and_is_shown_as_such() -> None:
    story = assessed_after_two_cycles("CR")
    assert story.finding("gd2", 45) == "positive"
    assert shown(story, 45) == "last known positive (1 Jan 2026); no tissue in remission"
    assert told(story, "gd2_last_known", 45)
    assert not told(assessed_after_two_cycles("SD"), "gd2_last_known", 45)


@pytest.mark.shows("R-064")
def test_a_relapse_after_a_remission_makes_the_last_known_gd2_too_old() -> None:
    story = assessed_after_two_cycles("CR")
    story.told("progression_evidence_recorded", 90, confirmed=True)
    assert story.finding("gd2", 90) == "stale"


@pytest.mark.shows("R-064")
@pytest.mark.parametrize("status", ["indeterminate", None])
def test_gd2_that_is_not_known_is_asked_for_and_delays_nothing(status: str | None) -> None:
    story = Story.opened()
    story.told("progression_evidence_recorded", 0, confirmed=True)
    story.fit(0)
    if status:
        story.told("gd2_measured", 0, status=status)
    assert story.status("start_chemoimmunotherapy", 0) == "recommended"
    (prompt,) = told(story, "gd2_to_measure", 0)
    assert "treatment does not wait for it" in prompt["sentence"]
    assert prompt["detail"] == ("indeterminate (1 Jan 2026)" if status else "not measured")


def test_gd2_is_asked_for_again_when_it_has_become_too_old() -> None:
    story = assessed_after_two_cycles("PD")
    (prompt,) = told(story, "gd2_to_measure", 45)
    assert prompt["detail"] == "last known positive (1 Jan 2026), before the latest progression"


def test_gd2_that_is_known_is_not_asked_for() -> None:
    assert not told(progressed(status="negative"), "gd2_to_measure", 2)


@pytest.mark.parametrize("status", ["partial", "indeterminate"])
def test_partial_or_unknown_gd2_changes_no_recommendation_outside_its_own_rows(status: str) -> None:
    known, other = after_two_cycles(), after_two_cycles()
    for story, class_ in ((known, "positive"), (other, status)):
        story.fit(44)
        story.told("gd2_measured", 44, status=class_)
        story.assessed(44, "MR" if class_ == "MR" else "SD")
    assert known.next(45).outcome.statuses == other.next(45).outcome.statuses
    assert known.next(45).recommended == "continue_chemoimmunotherapy"


def test_partial_gd2_is_told_with_what_was_seen_in_other_children() -> None:
    story = progressed(status="partial", **IN_MARROW)
    (prompt,) = told(story, "gd2_partial", 2)
    assert "474" in prompt["sentence"]
    assert prompt["because"]["source"] == "Schumacher-Kuckelkorn 2017"
    assert not told(progressed(status="positive"), "gd2_partial", 2)


def test_of_two_specimens_that_disagree_the_later_counts_and_a_person_is_told() -> None:
    story = progressed(status="positive", specimen="tumour")
    story.told("gd2_measured", 5, status="negative", specimen="marrow")
    assert story.finding("gd2", 5) == "negative"
    (prompt,) = told(story, "gd2_conflict", 5)
    assert prompt["detail"] == "negative (marrow, 6 Jan 2026); before it positive (tumour, 3 Jan 2026)"


def test_the_same_specimen_measured_again_is_no_disagreement() -> None:
    story = progressed(status="positive", specimen="Marrow")
    story.told("gd2_measured", 5, status="negative", specimen="marrow")
    assert not told(story, "gd2_conflict", 5)


@pytest.mark.parametrize(
    ("status", "on", "until"),
    [("negative", 5, 5), ("indeterminate", 5, 5), ("positive", 200, 200)],
    ids=["same class", "could not be read", "too old"],
)
def test_two_specimens_disagree_only_while_both_tell_something(status: str, on: int, until: int) -> None:
    story = progressed(status=status, specimen="tumour")
    story.told("gd2_measured", on, status="negative", specimen="marrow")
    assert not told(story, "gd2_conflict", until)


def test_a_specimen_from_before_the_progression_or_on_an_unknown_day_disagrees_with_none() -> None:
    story = Story.opened()
    story.told("gd2_measured", 0, status="positive", specimen="tumour")
    story.told("progression_evidence_recorded", 1, confirmed=True)
    story.told("gd2_measured", 2, status="negative", specimen="marrow")
    assert not told(story, "gd2_conflict", 2)
    unknown = progressed(status="positive", specimen="tumour", occurred_precision="month")
    unknown.told("gd2_measured", 5, status="negative", specimen="marrow")
    assert not told(unknown, "gd2_conflict", 5)


def test_a_disagreement_is_not_told_once_gd2_is_too_old() -> None:
    story = progressed(status="positive", specimen="tumour")
    story.told("gd2_measured", 5, status="negative", specimen="marrow")
    story.treated(5)
    story.told("progression_evidence_recorded", 6, confirmed=True)
    assert not told(story, "gd2_conflict", 6)


def test_a_share_of_cells_is_shown_and_no_number_decides() -> None:
    story = progressed(status="positive", percent="3")
    assert story.finding("gd2", 2) == "positive"
    assert told(story, "gd2_amount", 2)
    (prompt,) = told(story, "gd2_no_cut_off", 2)
    assert prompt["because"]["verified"] is False
    assert told(progressed(status="positive", density="4"), "gd2_amount", 2)
    assert not told(progressed(status="positive"), "gd2_amount", 2)


def test_gd2_is_not_spoken_of_where_no_treatment_is_chosen() -> None:
    story = Story.opened()
    assert not told(story, "gd2_to_measure", 0)
