"""Random logs: what is in force, in which order, and where it leads, are what the plain reference says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pathway.catalogue.high_risk_neuroblastoma_relapse.version_1 import PATHWAY
from pathway.engine.fold import apply, fold, opened, steps
from pathway.engine.recommendation import recommend
from pathway.episodes.episode import Episode
from pathway.episodes.events import read_logged
from pathway.episodes.log import (
    NO_FACTS,
    Entry,
    appends_in_order,
    effective_history,
    extended_digest,
    fault_of_reference,
)
from tests.random_events import facts
from tests.reference.course import DECISIONS, Course, enters_treatment
from tests.reference.history import Line, facts_digest, in_force
from tests.reference.refusals import refused_reference
from tests.reference.tables import offered

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPTIONS = [option.name for option in PATHWAY.options]

Log = list[tuple[Line, Entry]]


def identifier(number: int) -> str:
    return str(UUID(int=number))


def _decision(draw: Any, day: str) -> dict[str, Any]:
    option = draw(st.sampled_from(OPTIONS))
    detail: dict[str, Any] = {}
    if option in ("change_line", "start_chemoimmunotherapy", "stop_agent", "hold", "switch_or_drop_antibody"):
        detail["agents"] = draw(st.lists(st.sampled_from(["dinutuximab beta", "irinotecan"]), max_size=2))
    if option == "other":
        detail["rests_in"] = draw(st.sampled_from(["follow_up", "restaging", "referred_elsewhere"]))
    return {
        "kind": "decision_made",
        "occurred_on": day,
        "option": option,
        "detail": detail,
        "basis": "0" * 64,
        "offered_as": draw(st.sampled_from(["recommended", "possible", "blocked"])),
        "awaits_second_signature": draw(st.booleans()) if draw(st.booleans()) else False,
    }


@st.composite
def logs(draw: Any, most: int = 25) -> Log:
    """A log as it may be written: an opening, and then anything that can be said of what is there."""
    log: Log = []

    def write(told: dict[str, Any]) -> None:
        number = len(log) + 1
        event = read_logged(json.dumps(told))
        recorded_at = MONDAY + timedelta(minutes=number)
        line = Line(identifier(number), number, recorded_at, "somebody", event.body())
        lines = [each for each, _ in log]
        fault = fault_of_reference(event, [each for _, each in log])
        refused = refused_reference(lines, line.told)
        assert (fault is None) == (refused is None)
        if fault is None:
            log.append((line, Entry(line.entry, number, recorded_at, "somebody", event)))

    write({"kind": "episode_opened", "occurred_on": "2026-02-25", "time_zone": BERLIN.key, "risk_group": "high"})
    for _ in range(draw(st.integers(1, most))):
        day = (MONDAY.date() - timedelta(days=draw(st.integers(0, 10)))).isoformat()
        entry = log[draw(st.integers(0, len(log) - 1))][0].entry
        match draw(st.integers(0, 9)):
            case 0 | 1:
                write(_decision(draw, day))
            case 2:
                replaced = draw(facts(MONDAY.date()))
                if replaced["kind"] not in ("response_confirmed", "assessment_closed_not_evaluable"):
                    write({"kind": "event_corrected", "occurred_on": day, "entry": entry, "replacement": replaced})
            case 3:
                write({"kind": "event_retracted", "occurred_on": day, "entry": entry, "reason": "wrong child"})
            case 4:
                kind = draw(st.sampled_from(["decision_countersigned", "review_resolved"]))
                write({"kind": kind, "occurred_on": day, "entry": entry, "reason": "agreed"})
            case 5:
                grade = draw(st.integers(0, 3))
                write({"kind": "toxicity_resolved", "occurred_on": day, "entry": entry, "to_grade": grade})
            case _:
                write(draw(facts(MONDAY.date(), back=10)))
    return log


def compare(log: Log, known_at: datetime | None = None) -> None:
    lines, entries = [line for line, _ in log], [entry for _, entry in log]
    history = effective_history(entries, BERLIN, known_at)
    expected = in_force(lines, BERLIN.key, known_at)
    assert [(one.entry_id, one.sequence, one.on) for one in history] == [
        (one.entry, one.sequence, one.on) for one in expected
    ]
    course, folded = Course(PATHWAY, expected), fold(PATHWAY, history)
    assert folded.digest == facts_digest(expected)
    assert folded.episode == course.episode
    for (_, step), taken in zip(steps(PATHWAY, history), course.taken, strict=True):
        assert (step.episode.state, step.unexpected, step.contested, set(step.flags)) == (
            taken.went_to,
            taken.unexpected,
            taken.contested,
            set(taken.flags),
        )


@pytest.mark.usefixtures("_seldom_slow")
@settings(suppress_health_check=list(HealthCheck), max_examples=settings().max_examples * 2)
@given(logs())
def test_the_fold_of_any_log_is_what_the_reference_says(log: Log) -> None:
    compare(log)
