"""What is an event and what is none: strict, by name, and without repeating what was sent."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pathway.clinical.terms import Component, ComponentRating, Precision
from pathway.episodes.events import (
    MOST_EVENTS,
    AssessmentRecorded,
    CycleStarted,
    EventCorrected,
    EventNotUnderstood,
    FitnessRecorded,
    MultipleOfLimit,
    posted_schema,
    read_batch,
    read_event,
    read_logged,
)

ID = "00000000-0000-0000-0000-000000000001"


def told(kind: str, **fields: Any) -> str:
    return json.dumps({"kind": kind, "occurred_on": "2026-01-05", **fields})


def faults(text: str) -> dict[str, str]:
    with pytest.raises(EventNotUnderstood) as raised:
        read_event(text)
    return dict(raised.value.errors)


def test_an_event_is_read_as_its_class_and_written_without_what_was_not_said() -> None:
    event = read_event(told("cycle_started", cycle=2, agents=["irinotecan"]))
    assert event == CycleStarted(occurred_on=date(2026, 1, 5), cycle=2, agents=("irinotecan",))
    assert event.body() == {
        "kind": "cycle_started",
        "occurred_on": "2026-01-05",
        "occurred_precision": "day",
        "line": "unknown",
        "cycle": 2,
        "agents": ["irinotecan"],
    }
    assert read_logged(json.dumps(event.body())) == event


@pytest.mark.shows("R-096")
def test_the_identifier_of_the_patient_never_reaches_the_log() -> None:
    event = read_event(told("note_added", text="A remark.", patient={"system": "urn:x", "value": "4711"}))
    assert event.patient is not None
    assert "patient" not in event.body()
    assert "4711" not in json.dumps(event.body())


def test_a_correction_is_written_with_what_stands_in_place_of_the_entry_and_without_the_identifier() -> None:
    patient = {"system": "urn:x", "value": "4711"}
    replacement = {
        "kind": "gd2_measured",
        "occurred_on": "2026-01-02",
        "status": "negative",
        "patient": patient,
    }
    event = read_event(told("event_corrected", entry=ID, replacement=replacement))
    assert isinstance(event, EventCorrected)
    assert event.body()["replacement"] == {
        "kind": "gd2_measured",
        "occurred_on": "2026-01-02",
        "occurred_precision": "day",
        "status": "negative",
    }


def test_measurements_are_written_as_decimal_strings() -> None:
    event = read_event(
        told("fitness_recorded", hb_g_dl="8.10", alt_x_uln={"value": "90", "limit": "30", "unit": "U/l"})
    )
    assert isinstance(event, FitnessRecorded)
    assert (event.hb_g_dl, event.body()["hb_g_dl"]) == (Decimal("8.10"), "8.10")
    assert isinstance(event.alt_x_uln, MultipleOfLimit)


@pytest.mark.shows("R-003")
@pytest.mark.parametrize(
    ("text", "pointer", "sentence"),
    [
        ("{", "", "This is not JSON."),
        ("{}", "", "An event says its kind."),
        (told("gd2_measured"), "/status", "This field is required."),
        (told("gd2_measured", status="positive", colour="red"), "/colour", "This field is not known here."),
        (told("gd2_measured", status="positive", percent=101), "/percent", "less than or equal to 100"),
        (told("gd2_measured", status="positive", **{"a b": 1}), "/(unprintable)", "This field is not known here."),
        (told("cycle_started", cycle="2"), "/cycle", "valid integer"),
        (told("note_added", text=" "), "/text", "at least 1 character"),
        (told("note_added", text="\x00"), "/text", "This text has characters that cannot stand here."),
        (told("fitness_recorded"), "", "Give at least one value."),
        (told("fitness_recorded", lansky=None), "", "Give at least one value."),
        (told("assessment_recorded"), "", "Give components, reported_overall or residual."),
        (
            told("assessment_recorded", reported_overall="VGPR"),
            "",
            "This response belongs to the criteria of 1993; say so in criteria.",
        ),
        (
            told("assessment_recorded", components={"bone_marrow": "PR"}),
            "/components",
            "bone_marrow cannot be rated PR in INRC 2017.",
        ),
        (
            told("assessment_recorded", components={"primary": {"rating": "MD"}}),
            "/components",
            "primary cannot be rated MD in INRC 2017.",
        ),
        (
            json.dumps({"kind": "note_added", "text": "When?"}),
            "",
            "Give exactly one of occurred_on (a date) and occurred_at (an instant).",
        ),
        (
            told("note_added", text="When?", occurred_at="2026-01-05T10:00:00Z"),
            "",
            "Give exactly one of occurred_on (a date) and occurred_at (an instant).",
        ),
        (
            json.dumps({"kind": "note_added", "text": "Long ago.", "occurred_on": "1930-01-01"}),
            "",
            "The year lies outside 1950 to 9000.",
        ),
        (told("event_corrected", entry="x", replacement=json.loads(told("note_added", text="."))), "/entry", "36"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(text: str, pointer: str, sentence: str) -> None:
    found = faults(text)
    assert pointer in found
    assert sentence in found[pointer]


@pytest.mark.shows("R-003")
def test_an_unknown_kind_is_told_the_kinds_there_are() -> None:
    (sentence,) = faults(told("weather_recorded")).values()
    assert sentence.startswith("This kind is not known; the kinds are")
    assert "'assessment_recorded'" in sentence


@pytest.mark.parametrize(
    "kind", ["episode_opened", "decision_made", "decision_countersigned", "review_resolved"]
)
def test_what_has_a_call_of_its_own_cannot_be_posted_as_an_event(kind: str) -> None:
    with pytest.raises(EventNotUnderstood, match="This kind is not known"):
        read_event(told(kind))


def test_what_was_sent_is_not_repeated() -> None:
    with pytest.raises(EventNotUnderstood) as raised:
        read_event(told("gd2_measured", status="Mia Example, born 2019"))
    assert "Mia" not in str(raised.value)


def test_one_sentence_stands_for_a_fault_that_several_readings_share() -> None:
    found = faults(told("assessment_recorded", components={"primary": 7}))
    assert list(found) == ["/components/primary"]
    assert found["/components/primary"].count("Or:") <= 1


def test_a_reason_for_a_decision_says_something() -> None:
    decision = {
        "option": "hold",
        "basis": "0" * 64,
        "offered_as": "possible",
        "reason": {},
    }
    with pytest.raises(EventNotUnderstood, match="Give a code or a text"):
        read_logged(told("decision_made", **decision))


def test_a_batch_has_between_one_and_a_hundred_events() -> None:
    one = json.loads(told("note_added", text="A remark."))
    assert len(read_batch(json.dumps({"events": [one] * MOST_EVENTS}))) == MOST_EVENTS
    for events in ([], [one] * (MOST_EVENTS + 1)):
        with pytest.raises(EventNotUnderstood, match="/events"):
            read_batch(json.dumps({"events": events}))


def test_a_fault_in_a_batch_is_named_with_the_number_of_its_event() -> None:
    batch = {"events": [json.loads(told("note_added", text=".")), json.loads(told("gd2_measured"))]}
    with pytest.raises(EventNotUnderstood) as raised:
        read_batch(json.dumps(batch))
    assert raised.value.errors == (("/events/1/status", "This field is required."),)


def test_a_component_that_was_left_out_is_not_among_the_findings() -> None:
    event = read_event(told("assessment_recorded", components={"primary": "PR"}))
    assert isinstance(event, AssessmentRecorded)
    assert event.components is not None
    assert {part: found.rating for part, found in event.components.findings().items()} == {
        Component.PRIMARY: ComponentRating.PR
    }


def test_the_day_of_an_event_is_that_of_its_date_or_of_its_instant_at_the_site() -> None:
    at = json.dumps({"kind": "note_added", "text": ".", "occurred_at": "2026-01-05T23:30:00-01:00"})
    assert read_event(at).day(ZoneInfo("UTC")) == date(2026, 1, 6)
    assert read_event(told("note_added", text=".")).day(ZoneInfo("Asia/Tokyo")) == date(2026, 1, 5)


@pytest.mark.shows("R-008")
def test_how_exactly_a_date_is_known_is_part_of_the_event() -> None:
    event = read_event(told("note_added", text=".", occurred_precision="order"))
    assert event.occurred_precision is Precision.ORDER


def test_the_schema_names_every_kind_that_may_be_posted() -> None:
    kinds = posted_schema()["discriminator"]["mapping"]
    assert {"assessment_recorded", "event_retracted", "response_confirmed"} <= set(kinds)
    assert "decision_made" not in kinds
