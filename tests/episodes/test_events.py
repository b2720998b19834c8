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
        (told("gd2_measured", status="positive", percent=101), "/percent", "100 or less."),
        (told("gd2_measured", status="positive", **{"a b": 1}), "/(unprintable)", "This field is not known here."),
        (told("cycle_started", cycle="2"), "/cycle", "A whole number, such as 2. Or: unknown."),
        (told("note_added", text=" "), "/text", "This cannot be empty."),
        (told("note_added", text="\x00"), "/text", "This text has characters that cannot stand here."),
        (told("fitness_recorded"), "", "At least one value has to be told."),
        (told("fitness_recorded", lansky=None), "", "At least one value has to be told."),
        (
            told("assessment_recorded"),
            "",
            "Say what was found: of a component, as the overall response, or of the disease that is left.",
        ),
        (
            told("assessment_recorded", reported_overall="VGPR"),
            "",
            "This response belongs to the criteria of 1993: choose those as the criteria.",
        ),
        (
            told("assessment_recorded", components={"bone_marrow": "PR"}),
            "/components",
            "Bone marrow cannot be rated PR in INRC 2017.",
        ),
        (
            told("assessment_recorded", components={"primary": {"rating": "MD"}}),
            "/components",
            "The primary cannot be rated MD in INRC 2017.",
        ),
        (
            json.dumps({"kind": "note_added", "text": "When?"}),
            "",
            "Say when it happened: the day in occurred_on, or the instant in occurred_at.",
        ),
        (
            told("note_added", text="When?", occurred_at="2026-01-05T10:00:00Z"),
            "",
            "Say when it happened: the day in occurred_on, or the instant in occurred_at.",
        ),
        (
            json.dumps({"kind": "note_added", "text": "Long ago.", "occurred_on": "1930-01-01"}),
            "",
            "This day lies before 1950: the year may be mistyped.",
        ),
        (
            json.dumps({"kind": "note_added", "text": "Far ahead.", "occurred_on": "9500-01-01"}),
            "",
            "This day is still to come.",
        ),
        (told("event_corrected", entry="x", replacement=json.loads(told("note_added", text="."))), "/entry", "36"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(text: str, pointer: str, sentence: str) -> None:
    found = faults(text)
    assert pointer in found
    assert sentence in found[pointer]


A_DAY = "A day, such as 2026-03-31."
AN_INSTANT = "An instant with its time zone, such as 2026-03-31T14:30:00+02:00."


@pytest.mark.shows("R-003")
@pytest.mark.parametrize(
    ("kind", "said", "pointer", "sentence"),
    [
        ("fitness_recorded", {"hb_g_dl": "low"}, "/hb_g_dl", "A number, such as 9.5."),
        ("fitness_recorded", {"hb_g_dl": "9.12345"}, "/hb_g_dl", "At most 4 digits after the point."),
        ("fitness_recorded", {"hb_g_dl": "1234567890.1234"}, "/hb_g_dl", "This number has too many digits."),
        ("fitness_recorded", {"alt_x_uln": "high"}, "/alt_x_uln", "A number, such as 9.5."),
        ("fitness_recorded", {"lansky": 45}, "/lansky", "A multiple of 10."),
        ("fitness_recorded", {"pain_grade": -1}, "/pain_grade", "0 or more."),
        ("fitness_recorded", {"systemic_steroids": "no"}, "/systemic_steroids", "Yes or no (true or false)."),
        ("gd2_measured", {"status": "odd"}, "/status", "One of these: positive, partial, negative or indeterminate."),
        ("fitness_recorded", {"ast_x_uln": {"value": 1, "limit": 0, "unit": ""}}, "/ast_x_uln/limit", "More than 0."),
        ("note_added", {"text": "x" * 2001}, "/text", "At most 2000 characters."),
        ("note_added", {"text": 7}, "/text", "A text."),
        ("note_added", {"text": "x", "occurred_on": "31.3.26"}, "/occurred_on", A_DAY),
        ("note_added", {"text": "x", "occurred_on": "2026-02-30"}, "/occurred_on", A_DAY),
        ("note_added", {"text": "x", "occurred_on": ""}, "/occurred_on", A_DAY),
        ("note_added", {"text": "x", "occurred_at": "2026-01-05T10:00"}, "/occurred_at", AN_INSTANT),
        ("note_added", {"text": "x", "source": "lab"}, "/source", "An object with fields of its own."),
        ("cycle_started", {"agents": "irinotecan"}, "/agents", "A list. Or: unknown."),
        ("cycle_started", {"agents": ["x"] * 21}, "/agents", "At most 20 of them. Or: unknown."),
        ("toxicity_resolved", {"entry": "4711", "to_grade": 1}, "/entry", "At least 36 characters."),
    ],
)  # fmt: skip
def test_what_a_field_takes_is_said_in_words(
    kind: str, said: dict[str, Any], pointer: str, sentence: str
) -> None:
    assert faults(told(kind, **said))[pointer] == sentence


@pytest.mark.shows("R-003")
@pytest.mark.parametrize(
    ("name", "mistaken", "possible", "unit"),
    [
        ("anc_per_ul", ["1.2", "0.5", "11.4", "1200000"], ["0", "10", "850", "120000"], "per microlitre"),
        ("platelets_per_ul", ["150.000", "150", "499"], ["0", "800", "2000", "2500000"], "per microlitre"),
        ("hb_g_dl", ["95", "0.9"], ["1.8", "9.5", "21"], "g/dl: 9.5, not 95"),
        ("alt_x_uln", ["600"], ["0.4", "250"], "multiple of the upper limit"),
        ("ast_x_uln", ["600"], ["0.4", "250"], "multiple of the upper limit"),
        ("bilirubin_x_uln", ["85"], ["0.1", "40"], "multiple of the upper limit"),
        ("gfr_ml_min_173", ["1100"], ["0", "8", "260"], "ml/min/1.73 m2"),
        ("spo2_percent", ["0.98"], ["45", "100"], "percent: 98, not 0.98"),
        ("lvef_percent", ["0.60"], ["10", "75"], "percent: 60, not 0.60"),
        ("temperature_c", ["101.3", "3.85"], ["26.1", "38.55", "43"], "degrees Celsius"),
    ],
)
def test_a_value_in_another_unit_is_refused_with_the_unit_and_every_real_one_is_taken(
    name: str, mistaken: list[str], possible: list[str], unit: str
) -> None:
    for value in mistaken:
        assert unit in faults(told("fitness_recorded", **{name: value}))[f"/{name}"]
    for value in possible:
        assert read_event(told("fitness_recorded", **{name: value})).body()[name] == value


def test_a_dose_in_centigray_and_months_told_in_days_are_refused() -> None:
    dose = faults(told("local_control_completed", modality="radiotherapy", dose_gy="2160"))
    assert dose == {"/dose_gy": "The dose is in Gy: 21.6, not 2160."}
    months = faults(told("prior_therapy_recorded", line=1, months_to_progression="800"))
    assert months == {"/months_to_progression": "This is in months: 14, not 420 days."}


def test_what_a_log_took_before_is_read_as_it_was() -> None:
    event = read_logged(told("fitness_recorded", anc_per_ul="1.2", hb_g_dl="95"))
    assert event.body()["anc_per_ul"] == "1.2"
    instead = {"kind": "fitness_recorded", "occurred_on": "2026-01-05", "anc_per_ul": "1.2"}
    correction = told("event_corrected", entry="0" * 36, replacement=instead)
    assert read_logged(correction).body()["replacement"]["anc_per_ul"] == "1.2"
    assert "/replacement/anc_per_ul" in faults(correction)


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
    with pytest.raises(EventNotUnderstood, match="Choose a reason, write one, or both"):
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
