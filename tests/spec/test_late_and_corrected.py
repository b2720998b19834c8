"""Facts that come late, are corrected or are taken back; the history is read as it stands now, or stood then."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from pathway.engine.fold import fold
from pathway.episodes.log import effective_history
from tests.story import Story, after_two_cycles, assessed_after_two_cycles, day

UTC = ZoneInfo("UTC")


@pytest.mark.shows("R-040")
def test_facts_are_read_in_the_order_in_which_they_happened() -> None:
    story = Story.opened()
    story.told("cns_status_recorded", 10, status="controlled")
    story.told("cns_status_recorded", 5, status="new_disease")
    assert story.finding("cns", 10) == "controlled"


def test_facts_of_one_day_are_read_in_the_order_in_which_they_were_recorded() -> None:
    story = Story.opened()
    story.told("cns_status_recorded", 5, status="controlled")
    story.told("cns_status_recorded", 5, status="new_disease")
    assert story.finding("cns", 5) == "new"


def test_the_opening_comes_first_whatever_its_date() -> None:
    story = Story.opened()
    story.told("gd2_measured", -400, status="positive")
    assert story.history[0].event.kind == "episode_opened"
    assert story.episode.gd2 is not None


@pytest.mark.shows("C-09")
def test_a_late_result_changes_what_followed_from_it() -> None:
    story = assessed_after_two_cycles("SD")
    story.told("gd2_measured", 30, status="negative")
    assert [row.number for row in story.next(45).outcome.rows] == ["23"]


@pytest.mark.shows("R-040")
def test_a_correction_stands_in_the_place_of_what_it_corrects() -> None:
    story = Story.opened()
    first = story.told("cns_status_recorded", 5, status="new_disease")
    story.told("cns_status_recorded", 5, status="no_suspicion")
    story.corrected(first, "cns_status_recorded", 5, status="controlled")
    assert [entry.sequence for entry in story.history] == [1, 2, 3]
    assert story.finding("cns", 5) == "none"


def test_a_correction_may_move_a_fact_to_another_day() -> None:
    story = Story.opened()
    first = story.told("cns_status_recorded", 5, status="new_disease")
    story.told("cns_status_recorded", 6, status="no_suspicion")
    story.corrected(first, "cns_status_recorded", 7, status="new_disease")
    assert story.finding("cns", 7) == "new"


@pytest.mark.shows("R-040")
def test_of_several_corrections_the_last_recorded_counts() -> None:
    story = Story.opened()
    first = story.told("gd2_measured", 5, status="negative")
    second = story.corrected(first, "gd2_measured", 5, status="partial")
    story.corrected(second, "gd2_measured", 5, status="positive")
    assert story.finding("gd2", 5) == "positive"
    story.corrected(first, "gd2_measured", 5, status="negative")
    assert story.finding("gd2", 5) == "negative"


@pytest.mark.shows("C-09")
def test_a_corrected_assessment_leads_where_the_right_one_would_have_led() -> None:
    story = after_two_cycles()
    entry = story.assessed(44, "PD")
    assert story.finding("response", 44) == "PD"
    parts = {"primary": "PR", "metastatic": "NI", "bone_marrow": "NI"}
    story.corrected(entry, "assessment_recorded", 44, components=parts)
    assert story.finding("response", 44) == "PR"
    assert story.episode.progressed is not None
    assert story.episode.progressed.on == day(0)


def given_on_what_was_progression(option: str, response: str, **detail: str) -> Story:
    """The response on day 44, on which treatment was decided on day 46, turns out to have been progression."""
    story = assessed_after_two_cycles(response)
    entry = next(
        each.entry_id for each in reversed(story.entries) if each.event.kind == "assessment_recorded"
    )
    story.decided(option, 46, "possible", **detail)
    parts = {"primary": "PD", "metastatic": "NI", "bone_marrow": "NI"}
    story.corrected(entry, "assessment_recorded", 44, components=parts)
    story.told("consent_recorded", 50, given=True)
    story.ready_for_cycle(50)
    return story


@pytest.mark.shows("C-09")
@pytest.mark.parametrize(
    ("option", "response", "goes_on", "detail"),
    [
        (
            "start_maintenance",
            "CR",
            "continue_maintenance",
            {"regimen": "dinutuximab_beta_long_term_infusion"},
        ),
        ("continue_chemoimmunotherapy", "SD", "continue_chemoimmunotherapy", {}),
    ],
)
def test_treatment_decided_on_a_response_that_was_progression_is_not_recommended_until_it_was_looked_at_again(
    option: str, response: str, goes_on: str, detail: dict[str, str]
) -> None:
    story = given_on_what_was_progression(option, response, **detail)
    told = story.next(50)
    assert (story.rows(50), told.recommended, told.outcome.needs_tumour_board) == (["G0b"], None, True)
    assert told.outcome.offers[goes_on].needs_reason
    assert told.status("follow_up") == "blocked"
    assert story.windows(50) == {"decide on the next step": (46, 53, 60), "measure GD2 again": (44, 51, 65)}
    assert story.prompted("contested_decision", 50) == ["decided on 16 Feb 2026"]
    (task,) = (entry for entry, each in story.episode.reviews.items() if each.kind == "contested")
    story.told("review_resolved", 51, entry=task, reason="The board knew of it and goes on.")
    story.ready_for_cycle(51)
    assert (story.rows(51), story.status(goes_on, 51)) == (["H"], "recommended")
    assert story.prompted("contested_decision", 51) == []


def test_a_decision_for_an_earlier_line_that_is_contested_stands_in_the_way_of_no_later_one() -> None:
    story = given_on_what_was_progression("continue_chemoimmunotherapy", "SD")
    story.decided("change_line", 52, "possible", regimen="topotecan_cyclophosphamide")
    assert story.finding("contested", 53) == "no"
    assert story.prompted("contested_decision", 53) == []


@pytest.mark.shows("R-040")
def test_what_is_retracted_was_never_there_and_its_corrections_go_with_it() -> None:
    story = Story.opened()
    first = story.told("gd2_measured", 5, status="negative")
    second = story.corrected(first, "gd2_measured", 5, status="partial")
    story.retracted(second)
    assert story.finding("gd2", 5) == "unknown"
    story.corrected(first, "gd2_measured", 5, status="positive")
    assert story.finding("gd2", 5) == "unknown"


def test_a_retracted_fact_is_recorded_anew() -> None:
    story = Story.opened()
    story.retracted(story.told("gd2_measured", 5, status="negative"))
    story.told("gd2_measured", 5, status="positive")
    assert story.finding("gd2", 5) == "positive"


@pytest.mark.shows("R-042", "T-21")
def test_the_history_can_be_read_as_it_was_known_at_any_instant() -> None:
    story = Story.opened()
    first = story.told("gd2_measured", 5, status="negative")
    story.corrected(first, "gd2_measured", 5, status="positive")
    recorded = [entry.recorded_at for entry in story.entries]
    for known_at, found in (
        (recorded[0], None),
        (recorded[1], "negative"),
        (recorded[2] - timedelta(microseconds=1), "negative"),
        (recorded[2], "positive"),
    ):
        episode = fold(story.pathway, effective_history(story.entries, UTC, known_at)).episode
        assert (episode.gd2.value if episode.gd2 else None) == found


@pytest.mark.shows("R-034")
def test_the_day_of_an_instant_is_the_day_at_the_site() -> None:
    story = Story.opened()
    story.told("gd2_measured", occurred_at="2026-01-05T23:30:00Z", status="positive")
    berlin = effective_history(story.entries, ZoneInfo("Europe/Berlin"))
    assert (berlin[1].on.isoformat(), story.history[1].on.isoformat()) == ("2026-01-06", "2026-01-05")


def digest(story: Story) -> str:
    return fold(story.pathway, story.history).digest


def test_a_note_leaves_the_digest_of_the_facts_alone_and_a_fact_does_not() -> None:
    story = Story.opened()
    before = digest(story)
    story.told("note_added", 1, text="The family is on a journey until Monday.")
    assert digest(story) == before
    story.told("gd2_measured", 1, status="positive")
    assert digest(story) != before


def test_the_digest_follows_what_is_in_force() -> None:
    story = Story.opened()
    before = digest(story)
    entry = story.told("gd2_measured", 1, status="positive")
    after = digest(story)
    corrected = story.corrected(entry, "gd2_measured", 1, status="negative")
    assert digest(story) not in (before, after)
    story.retracted(corrected)
    assert digest(story) == before
