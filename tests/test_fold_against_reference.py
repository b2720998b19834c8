"""Random logs: what is in force, in which order, and where it leads, are what the plain reference says."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from tests.random_events import facts, replacements
from tests.reference.course import DECISIONS, Course, enters_treatment
from tests.reference.history import Line, facts_digest, in_force
from tests.reference.refusals import refused_reference
from tests.reference.tables import offered
from tests.story import READY

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPTIONS = [option.name for option in PATHWAY.options]

Log = list[tuple[Line, Entry]]

# HYPOTHESIS_PROFILE=explore draws ten times as many.
MANY = settings(max_examples=settings().max_examples // 2, suppress_health_check=list(HealthCheck))


def identifier(number: int) -> str:
    return str(UUID(int=number))


def _decision(draw: Any, day: str) -> dict[str, Any]:
    option = draw(st.sampled_from(OPTIONS))
    detail: dict[str, Any] = {}
    if option in (
        "change_line",
        "start_chemoimmunotherapy",
        "stop_agent",
        "hold",
        "drop_antibody",
        "switch_antibody",
    ):
        detail["agents"] = draw(st.lists(st.sampled_from(["dinutuximab beta", "irinotecan"]), max_size=2))
    if option == "other":
        detail["rests_in"] = draw(st.sampled_from(["follow_up", "restaging", "referred_elsewhere"]))
    if draw(st.booleans()):
        detail["text"] = "The family wishes it."
    return {
        "kind": "decision_made",
        "occurred_on": day,
        "option": option,
        "detail": detail,
        "basis": "0" * 64,
        "offered_as": draw(st.sampled_from(["recommended", "possible", "blocked"])),
        "awaits_second_signature": draw(st.integers(0, 3)) == 0,
    }


def _decided(option: str, **more: Any) -> dict[str, Any]:
    return {"kind": "decision_made", "option": option, "basis": "0" * 64, "offered_as": "possible"} | more


CLEAR = {"primary": "CR", "metastatic": "CR", "bone_marrow": "CR"}
FIRST_LINE: list[dict[str, Any]] = [
    {"kind": "progression_evidence_recorded", "confirmed": True, "pattern": "local"},
    _decided("start_chemoimmunotherapy", detail={"agents": ["dinutuximab_beta", "irinotecan"]}),
    {"kind": "fitness_recorded", **READY},
    {"kind": "cycle_started", "line": 1, "cycle": 1},
    {"kind": "cycle_completed", "line": 1, "cycle": 1, "delivered": "full"},
    {"kind": "cycle_started", "line": 1, "cycle": 2},
    {"kind": "cycle_completed", "line": 1, "cycle": 2, "delivered": "modified"},
    {"kind": "assessment_recorded", "components": CLEAR},
]
COURSES: list[list[dict[str, Any]]] = [
    [
        *FIRST_LINE,
        _decided("start_maintenance", detail={"regimen": "dinutuximab_beta_isotretinoin"}),
        {"kind": "cycle_started", "cycle": 1},
        {"kind": "cycle_completed", "cycle": 1, "delivered": "full"},
        {"kind": "cycle_started", "cycle": 2},
    ],
    [
        *FIRST_LINE,
        _decided("bridge_to_car_t"),
        {"kind": "car_t_step_recorded", "step": "eligible"},
        {"kind": "car_t_step_recorded", "step": "apheresis"},
        {"kind": "car_t_step_recorded", "step": "product_released"},
        _decided("bridge_to_car_t"),
        {"kind": "car_t_step_recorded", "step": "infused"},
        {"kind": "assessment_recorded", "components": CLEAR},
    ],
    [
        *FIRST_LINE,
        _decided("local_control"),
        {"kind": "local_control_completed", "modality": "surgery"},
        {"kind": "assessment_recorded", "components": CLEAR | {"primary": "PR"}},
        _decided("change_line", detail={"agents": ["naxitamab"]}),
        {"kind": "cycle_started", "line": 2, "cycle": 1},
    ],
]
"""Where a log may have come to before anything else happens."""


def _anything(draw: Any, log: Log, on: str) -> dict[str, Any]:
    """One more entry: a fact, a decision, or something said of an entry that is there."""
    line = log[draw(st.integers(0, len(log) - 1))][0]
    about = {"occurred_on": on, "entry": line.entry}
    match draw(st.integers(0, 9)):
        case 0 | 1:
            return _decision(draw, on)
        case 2:
            told = line.told["replacement"] if line.kind == "event_corrected" else line.told
            return about | {"kind": "event_corrected", "replacement": draw(replacements(told, MONDAY.date()))}
        case 3:
            return about | {"kind": "event_retracted", "reason": "wrong child"}
        case 4:
            kind = draw(st.sampled_from(["decision_countersigned", "review_resolved"]))
            return about | {"kind": kind, "reason": "agreed"}
        case 5:
            return about | {"kind": "toxicity_resolved", "to_grade": draw(st.integers(0, 3))}
        case _:
            return dict(draw(facts(MONDAY.date(), back=10)))


@st.composite
def logs(draw: Any, most: int = 25) -> Log:
    """A log as it may be written: an opening, some way along a course, then anything that can be said."""
    log: Log = []

    def write(told: dict[str, Any]) -> None:
        number = len(log) + 1
        event = read_logged(json.dumps(told))
        recorded_at = MONDAY + timedelta(minutes=number)
        line = Line(identifier(number), number, recorded_at, "somebody", event.body())
        fault = fault_of_reference(event, [each for _, each in log])
        refused = refused_reference([each for each, _ in log], line.told)
        assert (fault is None) == (refused is None)
        if fault is None:
            log.append((line, Entry(line.entry, number, recorded_at, "somebody", event)))

    def day(ago: int) -> str:
        return (MONDAY.date() - timedelta(days=ago)).isoformat()

    aged = draw(st.sampled_from([{}, {"age_months": 30}]))
    write(
        {"kind": "episode_opened", "occurred_on": day(5), "time_zone": BERLIN.key, "risk_group": "high"}
        | aged
    )
    course = draw(st.sampled_from(COURSES))
    for place, told in enumerate(course[: draw(st.integers(0, len(course)))]):
        write(told | {"occurred_on": day(16 - place)})
    for _ in range(draw(st.integers(1, most))):
        write(_anything(draw, log, day(draw(st.integers(0, 10)))))
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


def the_way_it_was_written(log: Log) -> tuple[Episode, str]:
    """Each entry taken into the stored snapshot where it is the last, the whole log folded where it is not."""
    episode, digest, last_on = (
        opened(PATHWAY, effective_history([log[0][1]], BERLIN)[0]).episode,
        NO_FACTS,
        date.min,
    )
    digest = extended_digest(digest, effective_history([log[0][1]], BERLIN)[0])
    for number, (_, entry) in enumerate(log[1:], start=2):
        history = effective_history([each for _, each in log[:number]], BERLIN)
        if appends_in_order(entry.event, entry.event.day(BERLIN), last_on):
            assert history[-1].entry_id == entry.entry_id
            episode = apply(PATHWAY, Episode.from_json(episode.to_json()), history[-1]).episode
            digest = extended_digest(digest, history[-1])
        else:
            folded = fold(PATHWAY, history)
            episode, digest = folded.episode, folded.digest
        last_on = max((one.on for one in history[1:]), default=date.min)
    return episode, digest


@pytest.mark.shows("R-044", "C-38")
@MANY
@given(logs())
def test_the_fold_of_any_log_is_what_the_reference_says(log: Log) -> None:
    compare(log)


@pytest.mark.shows("R-042")
@MANY
@given(logs(), st.integers(1, 25))
def test_what_was_known_at_an_earlier_instant_is_what_the_reference_says(log: Log, minutes: int) -> None:
    compare(log, MONDAY + timedelta(minutes=minutes))


def compare_ways(log: Log) -> None:
    folded = fold(PATHWAY, effective_history([entry for _, entry in log], BERLIN))
    episode, digest = the_way_it_was_written(log)
    assert (episode.to_json(), digest) == (folded.episode.to_json(), folded.digest)


@pytest.mark.quick
@pytest.mark.shows("G6", "R-044", "C-38")
@MANY
@given(logs())
def test_entries_taken_in_one_by_one_come_to_the_same_as_a_full_fold(log: Log) -> None:
    compare_ways(log)


@pytest.mark.full
@pytest.mark.shows("G6")
def test_ten_thousand_logs_are_folded_alike_in_both_ways_and_as_the_reference_says(
    record_property: Callable[[str, object], None],
) -> None:
    seen = set()

    @settings(MANY, max_examples=12_000)  # some come twice
    @given(logs())
    def are_alike(log: Log) -> None:
        compare(log)
        compare_ways(log)
        seen.add(tuple(json.dumps(line.told, sort_keys=True) for line, _ in log))

    are_alike()
    record_property("random histories", len(seen))
    record_property("differences", 0)
    assert len(seen) >= 10_000


@pytest.mark.shows("C-08")
@MANY
@given(logs(), st.integers(0, 120))
def test_what_is_offered_is_what_trying_every_unknown_value_gives(log: Log, days: int) -> None:
    episode = fold(PATHWAY, effective_history([entry for _, entry in log], BERLIN)).episode
    day = MONDAY.date() + timedelta(days=days)
    told, expected = recommend(PATHWAY, episode, day), offered(PATHWAY, episode, day)
    assert dict(told.outcome.statuses) == expected.statuses
    assert (told.recommended, told.outcome.needs_tumour_board) == (
        expected.recommended,
        expected.needs_tumour_board,
    )


@pytest.mark.shows("R-010", "C-30")
@MANY
@given(logs())
def test_no_episode_enters_treatment_without_a_recorded_decision(log: Log) -> None:
    for taken in Course(PATHWAY, in_force([line for line, _ in log], BERLIN.key)).taken:
        if enters_treatment(taken):
            assert taken.entry.told["kind"] in DECISIONS


@MANY
@given(logs())
def test_a_note_changes_nothing_that_is_computed(log: Log) -> None:
    told = {"kind": "note_added", "occurred_on": "2026-03-02", "text": "rang the family"}
    note = Entry(identifier(99), len(log) + 1, MONDAY, "somebody", read_logged(json.dumps(told)))
    entries = [entry for _, entry in log]
    assert fold(PATHWAY, effective_history([*entries, note], BERLIN)) == fold(
        PATHWAY, effective_history(entries, BERLIN)
    )
