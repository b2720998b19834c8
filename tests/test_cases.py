"""The published courses in `examples/cases`: each is cited, in order, and claims no more than its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pathway.catalogue import CATALOGUE
from pathway.clinical.terms import Precision
from pathway.episodes.events import AssessmentRecorded, CycleCompleted, read_event
from pathway.use_cases.published_cases import Case, as_sent, load_case

FILES = sorted((Path(__file__).parents[1] / "examples" / "cases").glob("*.json"))
CASES = {file.stem: load_case(file) for file in FILES}

TOLD_TO_THE_DAY = {"fraser2025_1", "grascco_1", "wieczorek2022_1", "wieczorek2022_2", "wieczorek2022_4"}
"""The courses whose sources count days."""

RATED_BY_THE_SOURCE = {("xinyuhealth336_1", "bone_marrow", "CR"), ("xinyuhealth336_1", "bone_marrow", "NE")}
"""The only components with a rating; NE stands for a word of 1993 that has no translation."""


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = CASES[request.param]
    return found


def test_there_are_24_courses_of_33_patients_and_one_that_is_no_patient() -> None:
    counted = [case for case in CASES.values() if case.counts_as_patient]
    assert (len(counted), sum(case.patients for case in counted)) == (24, 33)
    assert [name for name, case in CASES.items() if not case.counts_as_patient] == ["grascco_1"]


def test_a_case_is_named_as_its_file_and_as_its_patient(case: Case) -> None:
    assert CASES[case.case] is case
    assert (case.patient.system, case.patient.value) == ("urn:pathway:published-case", case.case)


@pytest.mark.shows("R-046")
def test_the_source_of_a_case_can_be_found_again(case: Case) -> None:
    source = case.citation
    assert source.url.startswith("http")
    assert source.doi or source.title or source.journal
    assert str(source).endswith(".")


def test_every_event_of_a_case_is_read_as_one_that_was_posted(case: Case) -> None:
    for event in case.events:
        assert read_event(json.dumps(as_sent(event))) == event


def test_what_is_sent_is_what_stands_in_the_file(case: Case) -> None:
    written = json.loads((FILES[0].parent / f"{case.case}.json").read_text(encoding="utf-8"))
    assert [as_sent(step.event) for step in case.steps if step.event] == [
        step["event"] for step in written["steps"] if "event" in step
    ]
    assert case.opening()["baseline"] == written["baseline"]


def test_no_event_lies_before_its_case_begins_nor_in_our_days(case: Case) -> None:
    assert min(event.occurred_on.year for event in case.events if event.occurred_on) >= 2000
    assert case.steps[-1].on.year < 2025


def test_no_message_id_is_used_twice_among_all_cases() -> None:
    keys = [event.source.message_id for case in CASES.values() for event in case.events if event.source]
    assert len(keys) == len(set(keys))


def test_the_first_fact_of_a_course_claims_no_exact_day_unless_its_source_counts_days(case: Case) -> None:
    exact = [event for event in case.events if event.occurred_precision is Precision.DAY]
    assert bool(exact) == (case.case in TOLD_TO_THE_DAY)


def test_no_component_is_rated_that_the_source_does_not_rate() -> None:
    rated = {
        (case.case, component, str(rating))
        for case in CASES.values()
        for event in case.events
        if isinstance(event, AssessmentRecorded) and event.components
        for component in event.components.model_fields_set
        for rating in (getattr(event.components, component),)
        if isinstance(rating, str)
    }
    assert rated == RATED_BY_THE_SOURCE


def test_no_response_is_taken_for_inrc_2017_whose_source_names_no_criteria() -> None:
    reported = [
        event.criteria.value
        for case in CASES.values()
        for event in case.events
        if isinstance(event, AssessmentRecorded) and event.reported_overall
    ]
    assert set(reported) == {"other"}


def test_no_source_tells_how_much_of_a_cycle_was_given() -> None:
    delivered = {
        event.delivered.value
        for case in CASES.values()
        for event in case.events
        if isinstance(event, CycleCompleted)
    }
    assert delivered == {"unknown"}


def test_every_choice_is_an_option_of_the_pathway(case: Case) -> None:
    pathway = CATALOGUE.find(case.pathway)
    assert pathway is not None
    for step in case.steps:
        assert step.decision is None or pathway.has_option(step.decision.option)


def test_a_plan_is_told_by_the_altered_letter_alone() -> None:
    planned = {
        case.case
        for case in CASES.values()
        for step in case.steps
        if step.decision and step.decision.basis == "planned"
    }
    assert planned == {"grascco_1"}
