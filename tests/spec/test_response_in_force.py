"""The response of an assessment: derived from ratings, reported, and the one that counts."""

from __future__ import annotations

import pytest

from pathway.clinical.terms import Response
from pathway.episodes.assessments import InForce, response_in_force
from pathway.episodes.facts import Timepoint
from tests.story import Story, after_two_cycles


def in_force(**told: object) -> InForce:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, **told)
    timepoint = story.episode.timepoint
    assert timepoint is not None
    return response_in_force(timepoint)


def rated(primary: str, metastatic: str, bone_marrow: str) -> dict[str, str]:
    return {"primary": primary, "metastatic": metastatic, "bone_marrow": bone_marrow}


@pytest.mark.shows("R-051")
def test_the_derived_response_counts_when_every_component_was_evaluated() -> None:
    told = in_force(components=rated("PR", "CR", "NI"))
    assert (told.response, told.derived, told.rule, told.flags) == (Response.PR, Response.PR, "R3", ())


def test_a_reported_response_counts_when_no_component_was_given_and_says_so() -> None:
    told = in_force(reported_overall="MR")
    assert (told.response, told.derived, told.flags) == (Response.MR, None, ("reported_only",))


def test_a_reported_response_that_agrees_changes_nothing() -> None:
    told = in_force(components=rated("SD", "SD", "NI"), reported_overall="SD")
    assert (told.response, told.reported, told.flags) == (Response.SD, "SD", ())


@pytest.mark.shows("R-051", "C-29")
@pytest.mark.parametrize(
    ("components", "reported", "flags"),
    [
        (rated("PD", "CR", "NI"), None, ()),
        (rated("PD", "CR", "NI"), "SD", ("contradiction",)),
        (rated("SD", "SD", "NI"), "PD", ("contradiction",)),
        (rated("PD", "NE", "NE"), "PD", ()),
        (rated("NE", "SD", "NI"), "PD", ("contradiction",)),
    ],
)
def test_progression_counts_whoever_says_it(
    components: dict[str, str], reported: str | None, flags: tuple[str, ...]
) -> None:
    told = in_force(components=components, **({"reported_overall": reported} if reported else {}))
    assert (told.response, told.flags) == (Response.PD, flags)


@pytest.mark.shows("R-051")
def test_any_other_contradiction_waits_for_a_person() -> None:
    told = in_force(components=rated("SD", "SD", "NI"), reported_overall="PR")
    assert (told.response, told.flags) == (None, ("contradiction",))


@pytest.mark.parametrize("marrow_and_rest", [("CR", "CR", "MD"), ("SD", "NI", "MD"), ("NI", "NI", "MD")])
def test_where_the_criteria_have_a_gap_the_response_waits_for_a_person(
    marrow_and_rest: tuple[str, str, str],
) -> None:
    told = in_force(components=rated(*marrow_and_rest))
    assert (told.response, told.flags) == (None, ("needs_human_confirmation",))


def test_what_a_person_settles_counts() -> None:
    story = after_two_cycles()
    story.assessed(44, "CR", "CR", "MD")
    assert (story.episode.state, story.finding("response", 44)) == ("decision_due", "unknown")
    story.told("response_confirmed", 45, response="PR", reason="Minimal disease of 1 %, as before.")
    assert story.finding("response", 45) == "PR"
    timepoint = story.episode.timepoint
    assert timepoint is not None
    assert "confirmed_by_person" in response_in_force(timepoint).flags


@pytest.mark.shows("R-052")
def test_a_component_not_evaluated_makes_it_not_evaluable_with_a_ceiling() -> None:
    told = in_force(components=rated("PR", "NE", "NI"))
    assert (told.response, told.ceiling) == (Response.NE, Response.PR)
    assert told.missing == ("metastatic",)


@pytest.mark.shows("C-29")
def test_a_missing_component_hides_what_the_report_says_unless_it_says_progression() -> None:
    told = in_force(components=rated("PR", "NE", "NI"), reported_overall="CR")
    assert told.response is Response.NE


@pytest.mark.shows("R-054")
def test_a_response_by_the_criteria_of_1993_is_kept_as_what_it_is_and_never_counted() -> None:
    told = in_force(reported_overall="MR", criteria="inrc_1993")
    assert (told.response, told.reported, told.flags) == (Response.NE, "MR", ())


@pytest.mark.shows("R-054")
@pytest.mark.parametrize("criteria", ["inrc_1993", "other"])
def test_a_response_by_other_or_unnamed_criteria_says_plainly_why_it_counts_as_not_evaluable(
    criteria: str,
) -> None:
    told = in_force(reported_overall="PR", criteria=criteria)
    assert told.response is Response.NE
    assert "other criteria than INRC 2017, or by criteria that were not named" in told.why
    nothing = in_force(residual={"sites": 1})
    assert nothing.why == "No component was evaluated, and no response was reported."


def test_no_component_ever_involved_is_no_evidence_of_disease() -> None:
    assert in_force(components=rated("NI", "NI", "NI")).response is Response.NED


def test_an_assessment_that_says_nothing_of_the_response_is_not_evaluable() -> None:
    assert response_in_force(Timepoint("1.2")).response is Response.NE


def test_a_settled_response_without_ratings_stands_alone() -> None:
    story = after_two_cycles()
    story.told("response_confirmed", 44, response="SD", reason="Read from the letter of the other centre.")
    assert story.episode.state == "decision_due"
    assert story.finding("response", 44) == "SD"


def test_the_same_timepoint_counts_once_and_another_is_another() -> None:
    story = after_two_cycles()
    story.told("assessment_recorded", 44, components={"primary": "PR"}, timepoint="t1")
    story.told(
        "assessment_recorded", 45, components={"metastatic": "NI", "bone_marrow": "NI"}, timepoint="t1"
    )
    story.told("assessment_recorded", 46, components={"primary": "SD"}, timepoint="t2", central_review=True)
    assert set(story.episode.timepoints) == {"t1", "t2"}
    assert story.episode.assessments == 1


def test_a_statement_about_a_timepoint_that_is_not_known_makes_it_one() -> None:
    story = after_two_cycles()
    story.told("assessment_closed_not_evaluable", 44, timepoint="t9", reason="It was never done.")
    assert story.episode.current_timepoint == "t9"
    assert story.finding("response", 44) == "NE"


def test_a_second_assessment_after_a_decision_is_a_new_one() -> None:
    story = after_two_cycles()
    story.fit(44)
    story.assessed(44, "SD")
    story.decided("local_control", 45, "possible")
    story.told("local_control_completed", 50, modality="surgery")
    story.assessed(90, "CR")
    assert list(story.episode.timepoints) == ["1.2", "1.2/2"]
    assert story.finding("response", 90) == "CR"


def test_before_treatment_an_assessment_is_a_baseline_and_moves_nothing() -> None:
    story = Story.opened()
    story.assessed(1, "SD")
    assert story.episode.state == "progression_suspected"
    assert not story.steps[-1].unexpected
