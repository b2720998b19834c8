"""What was recorded is told in words that a person can read aloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from pathway.episodes.events import posted_schema
from pathway.use_cases.wording import FIELDS, value_in_words, wording_of
from pathway.use_cases.words import (
    changes_in_words,
    entry_in_words,
    event_in_words,
    fact_in_words,
    facts_in_words,
    impact_in_words,
)

UNITS = {
    "_months": "months", "_mm": "mm", "_percent": "%", "_per_ul": "per µl", "_g_dl": "g/dl", "_gy": "Gy", "_c": "°C",
    "_x_uln": "× upper limit of normal", "_ml_min_173": "ml/min/1.73 m²", "months_to_progression": "months",
}  # fmt: skip
NEVER_TOLD = {"kind", "occurred_on", "occurred_at", "occurred_precision", "source", "patient"}


def _fields() -> Iterator[str]:
    for owner in posted_schema()["$defs"].values():
        yield from owner.get("properties", ())


@pytest.mark.parametrize("name", sorted({*_fields()} - NEVER_TOLD))
def test_every_field_is_called_something_people_say_and_carries_its_unit(name: str) -> None:
    wording = wording_of(name)
    assert "_" not in wording.label
    assert not re.search(r"\b(hb|anc|alt|gfr|lvef|spo2|uln|gy|ul|dl|ml)\b", wording.label)
    for end, unit in UNITS.items():
        if name.endswith(end):
            assert wording.unit == unit


def test_no_wording_is_for_a_field_that_nobody_can_tell() -> None:
    shown_alone = {"risk_group", "age_months", "no_such_grade", "intent", "response", "hold_until"}
    assert set(FIELDS) - {*_fields()} <= shown_alone


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"kind": "fitness_recorded", "hb_g_dl": "7.0"}, "haemoglobin 7.0 g/dl"),
        (
            {"kind": "fitness_recorded", "alt_x_uln": {"value": "80", "limit": "40", "unit": "U/l"}},
            "ALT 80 U/l (upper limit of normal 40)",
        ),
        ({"kind": "fitness_recorded", "uncontrolled_infection": False}, "no uncontrolled infection"),
        ({"kind": "biomarker_recorded", "marker": "LDH", "unit": "U/l", "value": "582"}, "LDH 582 U/l"),
        (
            {
                "kind": "toxicity_recorded", "agent": "dinutuximab_beta", "grade": "unknown", "ongoing": True,
                "scale": "ctcae_v5", "term": "myelitis",
            },
            "myelitis, of dinutuximab beta, grade not known, by CTCAE 5, ongoing",
        ),
        (
            {"kind": "cycle_started", "agents": ["irinotecan", "temozolomide"], "cycle": 2, "line": "unknown"},
            "line not known, cycle 2, agents: irinotecan + temozolomide",
        ),
        (
            {
                "kind": "progression_evidence_recorded", "confirmed": False, "setting": "relapse",
                "evidence": [{"modality": "mibg", "finding": "New uptake."}, {"modality": "ct_mri"}],
            },
            "not confirmed, as relapse, evidence: MIBG, New uptake; CT or MRI",
        ),
        (
            {
                "kind": "assessment_recorded", "criteria": "inrc_2017",
                "components": {"bone_marrow": {"infiltration_percent": {"now": "0", "baseline": "12"}}},
            },
            "criteria: INRC 2017, bone marrow (infiltration (now 0 %, baseline 12 %))",
        ),
        ({"kind": "consent_recorded", "scope": "car_t", "given": False}, "to GD2 CAR-T cells, refused or withdrawn"),
        ({"kind": "note_added", "text": "hb_g_dl is low, she said."}, "hb_g_dl is low, she said"),
    ],
)  # fmt: skip
def test_an_entry_reads_as_a_person_would_say_it(event: dict[str, Any], words: str) -> None:
    assert event_in_words(event) == words


def test_a_correction_is_told_as_what_it_puts_in_place() -> None:
    told = {
        "kind": "event_corrected",
        "entry": "e1",
        "replacement": {"kind": "gd2_measured", "status": "negative"},
    }
    assert entry_in_words(told) == "negative"
    assert entry_in_words(told | {"reason": "Another tumour."}) == "negative, because: Another tumour"


def test_a_correction_is_told_field_by_field_with_what_was_there() -> None:
    was = {
        "kind": "assessment_recorded", "occurred_on": "2026-01-05", "criteria": "inrc_2017",
        "components": {"primary": "PR", "bone_marrow": {"infiltration_percent": {"now": "5"}}},
    }  # fmt: skip
    now = was | {"components": {"primary": "SD", "bone_marrow": {"infiltration_percent": {"now": "15"}}}}
    assert [*changes_in_words(was, now | {"central_review": True})] == [
        ("components, primary", "SD", "PR"),
        ("components, bone marrow, infiltration, now", "15 %", "5 %"),
        ("central review", "reviewed centrally", ""),
    ]
    assert [*changes_in_words(was, was | {"occurred_on": "2026-01-06"})] == []


def test_a_decision_is_called_as_its_pathway_calls_it_and_its_days_are_written_out() -> None:
    told = {
        "kind": "decision_made", "option": "hold", "offered_as": "possible",
        "detail": {"hold_until": "2026-12-05"},
    }  # fmt: skip
    labels = {"hold": "Hold treatment and look again"}
    assert (
        entry_in_words(told, labels) == "hold treatment and look again, which was possible, until 5 Dec 2026"
    )
    planned = {"kind": "local_control_planned", "planned_for": "2026-12-05"}
    assert entry_in_words(planned) == "planned for 5 Dec 2026"


def test_a_fact_has_its_unit_and_what_is_not_known_has_none() -> None:
    at = {"entry": "e1", "on": "2026-01-05", "precision": "day"}
    facts = {"fitness": {"hb_g_dl": {"value": "9.6", **at}}, "age_months": {"value": "66", **at}}
    assert [(label, value) for label, value, _ in facts_in_words(facts)] == [
        ("haemoglobin", "9.6 g/dl"),
        ("age", "66 months"),
    ]
    assert fact_in_words({"value": "unknown", **at}, "hb_g_dl") == "not known"


def test_a_text_somebody_typed_stays_as_it_was_typed() -> None:
    assert value_in_words("Seen by Dr_A on ward_3") == "Seen by Dr_A on ward_3"


def _changed(on: str, then: str, now: str, **told: Any) -> dict[str, Any]:
    def said(summary: str) -> dict[str, Any]:
        recommended = "complete_workup" if "obtain" in summary else "hold"
        return {"summary": summary, "recommended": recommended, "needs_tumour_board": False, **told}

    return {"on": on, "then": said(then), "now": said(now)}


def test_what_a_late_fact_changed_is_told_once_for_days_that_read_alike_and_never_of_what_stayed_the_same() -> (
    None
):
    fitness, consent = (
        f"Recommended: obtain what is missing, namely {what}." for what in ("fitness", "consent")
    )
    told = {
        "responses": [],
        "recommendations": [
            _changed("2026-11-20", fitness, consent),
            _changed("2026-11-20", fitness, consent),
            _changed("2026-11-27", fitness, consent),
            _changed("2026-11-28", fitness, fitness),
            _changed("2026-12-30", fitness, "Recommended: hold treatment."),
            _changed("2027-01-02", fitness, "Recommended: hold treatment."),
        ],
        "decisions": [],
        "reviews_opened": [],
    }
    assert list(impact_in_words(told)) == [
        (
            'From 20 Nov to 27 Nov 2026 the next step would have been "obtain what is missing, namely consent" instead '
            'of "obtain what is missing, namely fitness".'
        ),
        (
            'From 30 Dec 2026 to 2 Jan 2027 the next step would have been "hold treatment" instead of "obtain what is '
            'missing, namely fitness".'
        ),
        "For another reason the same would have been recommended: other rows of the table apply.",
    ]


def test_where_the_board_chose_among_others_the_choice_is_told_whole() -> None:
    then, now = "The tumour board chooses among a, b.", "The tumour board chooses among a, c."
    board = {"recommended": None, "needs_tumour_board": True}
    told: dict[str, Any] = {"responses": [], "decisions": [], "reviews_opened": []}
    (one,) = impact_in_words(told | {"recommendations": [_changed("2026-11-20", then, now, **board)]})
    assert then in one
    assert now in one
