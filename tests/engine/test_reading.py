"""Findings, guards, tables and windows, each for itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pathway.clinical.terms import Precision
from pathway.engine.definition import Row, State, Transition
from pathway.engine.findings import STALE, UNKNOWN, finding
from pathway.engine.machine import advance
from pathway.engine.outcome import findings_of, matching_rows, outcome_of
from pathway.engine.recommendation import basis_of, recommend
from pathway.engine.schedule import Due
from pathway.episodes.facts import Stamp
from tests.engine.small import FAIR, OTHERWISE, WALK, WHY, WINDOW, finding_of, small, weather
from tests.story import FIRST_DAY, Story

ON = date(2026, 1, 1)


def known(pathway: object = None, value: str | None = None) -> Story:
    story = Story.opened(small())
    if value is not None:
        story.told("biomarker_recorded", 0, marker="weather", value=value)
    return story


@pytest.mark.shows("R-021")
@pytest.mark.parametrize(
    ("value", "holds"), [("fair", True), ("foul", False), (UNKNOWN, None), (STALE, None)]
)
def test_a_sentence_is_true_false_or_not_known(value: str, holds: bool | None) -> None:
    assert FAIR.holds(value) is holds


@pytest.mark.shows("R-021")
def test_a_sentence_about_the_unknown_is_true_of_it() -> None:
    unknown = replace(FAIR, values=frozenset({UNKNOWN}))
    assert [unknown.holds(value) for value in (UNKNOWN, STALE, "fair")] == [True, None, False]


def test_a_value_outside_its_domain_is_a_fault_of_the_definition() -> None:
    with pytest.raises(AssertionError, match="made_up gave 'green'"):
        finding_of(("red",), "green").of(Story.opened().episode, ON)


def test_a_finding_has_the_name_of_the_function_that_reads_it() -> None:
    assert weather.name == "weather"
    assert finding("a label", ("yes",))(weather.read).label == "a label"


def test_a_table_no_row_of_which_matches_is_a_fault_of_the_definition() -> None:
    state = State("home", "At home", (WALK,))
    with pytest.raises(AssertionError, match="No row of home matches"):
        matching_rows(state, {weather: "foul"})


def test_a_row_whose_sentence_is_not_known_is_passed_over_where_the_unknown_is_an_answer() -> None:
    pathway = small()
    assert findings_of(pathway, "home") == (weather,)
    assert [row.number for row in outcome_of(pathway, "home", (UNKNOWN,)).rows] == ["2"]


@pytest.mark.parametrize(
    ("value", "recommended", "board"), [("fair", "walk", False), ("foul", None, True), (None, None, True)]
)
def test_a_recommendation_follows_the_table(value: str | None, recommended: str | None, board: bool) -> None:
    story = known(value=value)
    told = recommend(story.pathway, story.episode, ON)
    assert (told.recommended, told.outcome.needs_tumour_board) == (recommended, board)


def test_what_is_missing_has_no_day_where_nothing_is_due() -> None:
    wanting = Row("1", "Wanting.", (), None, (), (WHY,), obtains=(weather,))
    states = (State("home", "At home", (wanting,)), small().states[1])
    story = Story.opened(small(states=states))
    assert story.next(0).next_due is None
    (missing,) = story.next(0).document("0" * 64)["missing"]
    assert missing == {
        "finding": "weather",
        "label": "the weather",
        "now": "unknown",
        "sentence": "Look out of the window.",
        "options": [],
    }


def test_a_finding_that_says_nothing_of_how_to_obtain_it_is_asked_for_by_its_label() -> None:
    made_up = finding_of(("yes", UNKNOWN), UNKNOWN)
    wanting = Row("1", "Wanting.", (), None, (), (WHY,), obtains=(made_up,))
    story = Story.opened(small(states=(State("home", "At home", (wanting,)), small().states[1])))
    assert story.next(0).document("0" * 64)["missing"][0]["sentence"] == "Record made up."


@pytest.mark.shows("C-31")
def test_the_basis_of_a_decision_follows_the_pathway_the_engine_the_day_and_the_facts() -> None:
    pathway = small()
    told = {
        basis_of(pathway, "engine", ON, "facts"),
        basis_of(pathway, "another engine", ON, "facts"),
        basis_of(pathway, "engine", date(2026, 1, 2), "facts"),
        basis_of(pathway, "engine", ON, "other facts"),
        basis_of(replace(pathway, version=2), "engine", ON, "facts"),
    }
    assert len(told) == 5
    assert basis_of(small(), "engine", ON, "facts") in told


def test_a_window_without_its_fact_is_unknown_and_says_why() -> None:
    due = Due(WINDOW, None, None, None, None)
    assert due.timing(ON) == "unknown"
    assert due.as_dict(ON) == {
        "what": "take a walk",
        "timing": "unknown",
        "why_unknown": "The fact it is counted from has not been recorded.",
        "because": WHY.as_dict(),
    }


def test_a_window_tells_its_days_and_what_they_are_counted_from() -> None:
    stamp = Stamp("e", FIRST_DAY, Precision.DAY)
    due = Due(WINDOW, stamp, date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 4))
    assert due.as_dict(date(2026, 1, 5)) == {
        "what": "take a walk",
        "timing": "overdue",
        "earliest": "2026-01-02",
        "target": "2026-01-03",
        "latest": "2026-01-04",
        "counted_from": {"entry": "e", "on": "2026-01-01"},
        "because": WHY.as_dict(),
    }


@pytest.mark.parametrize(("holds", "where"), [(True, "hill"), (False, "home"), (None, "home")])
def test_an_edge_is_taken_when_its_condition_is_known_to_hold(holds: bool | None, where: str) -> None:
    pathway = small(transitions=(*small().transitions, Transition("sun", "home", "hill", (FAIR,))))
    assert advance(pathway, "home", "sun", {FAIR: holds}) == where


def test_where_there_is_no_edge_there_is_nowhere_to_go() -> None:
    assert advance(small(), "hill", "sun", {}) is None


def test_rows_are_told_apart_though_they_say_the_same() -> None:
    assert replace(OTHERWISE) != OTHERWISE
