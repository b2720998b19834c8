"""For a blocked option: the smallest sets of findings whose change would open it. Held against brute force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathway.engine.changes import what_would_open
from pathway.engine.findings import OPEN, Finding
from pathway.engine.outcome import findings_of, outcome_of
from pathway.use_cases.openings import openings
from tests.spec.decision import FINDINGS, USUAL
from tests.story import PATHWAY, Story, after_two_cycles

Set = frozenset[tuple[str, str]]

SAMPLES: tuple[tuple[str, dict[str, str]], ...] = (
    ("start_maintenance", {}),
    ("start_maintenance", {"response": "PD"}),
    ("start_maintenance", {"response": "NE"}),
    ("start_maintenance", {"response": "CR", "consent": "stale"}),
    ("start_maintenance", {"response": "unknown", "phase": "unknown"}),
    ("bridge_to_car_t", {}),
    ("bridge_to_car_t", {"response": "CR", "consolidated": "yes"}),
    ("local_control", {"response": "PR", "phase": "limit"}),
    ("local_control", {"tolerance": "emergency", "local_disease": "yes"}),
    ("consolidation_transplant", {"response": "MR"}),
    ("continue_chemoimmunotherapy", {"consent": "refused"}),
    ("continue_chemoimmunotherapy", {"response": "PD", "gd2": "negative"}),
    ("follow_up", {"fitness": "stale", "intent": "comfort"}),
    ("change_line", {"response": "PR"}),
    ("change_line", {"cns": "suspected", "consent": "unknown"}),
    ("reopen", {}),
)


def status(values: Mapping[str, str], option: str) -> str:
    return outcome_of(PATHWAY, "decision_due", tuple(values[name] for name in FINDINGS)).statuses[option]


def told(values: Mapping[str, str], option: str) -> set[Set]:
    """The answer, each set of changes with one value for each finding."""
    now = tuple(values[name] for name in FINDINGS)
    return {
        frozenset(zip((change.finding.name for change in changes), picked, strict=True))
        for changes in what_would_open(PATHWAY, "decision_due", now, option)
        for picked in product(*(change.values for change in changes))
    }


def _others(finding: Finding, now: str) -> list[str]:
    return [value for value in finding.domain if value not in OPEN and value != now]


def by_brute_force(values: Mapping[str, str], option: str, size: int) -> Iterator[Set]:
    for names in combinations(FINDINGS, size):
        for picked in product(*(_others(FINDINGS[name], values[name]) for name in names)):
            if status({**values, **dict(zip(names, picked, strict=True))}, option) != "blocked":
                yield frozenset(zip(names, picked, strict=True))


@pytest.mark.shows("R-023")
@pytest.mark.parametrize(("option", "changed"), SAMPLES, ids=str)
def test_the_changes_told_open_the_option_and_no_smaller_set_does(
    option: str, changed: dict[str, str]
) -> None:
    values = USUAL | changed
    assert status(values, option) == "blocked"
    answer = told(values, option)
    for changes in answer:
        assert status(values | dict(changes), option) != "blocked"
    sizes = {len(changes) for changes in answer}
    assert len(sizes) <= 1
    smallest = min(sizes, default=3)
    for size in range(1, min(smallest, 3)):
        assert not list(by_brute_force(values, option, size))
    if smallest <= 2 and answer:
        assert answer == set(by_brute_force(values, option, smallest))


@st.composite
def standings(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """A state, and a value for each finding it looks at."""
    state = draw(st.sampled_from([state.name for state in PATHWAY.states]))
    found = findings_of(PATHWAY, state)
    return state, tuple(draw(st.sampled_from(finding.domain)) for finding in found)


@pytest.mark.shows("R-023")
@settings(max_examples=150)
@given(standings())
def test_in_every_state_the_changes_told_are_all_the_smallest_there_are(
    standing: tuple[str, tuple[str, ...]],
) -> None:
    state, now = standing
    found = findings_of(PATHWAY, state)
    blocked = [name for name, each in outcome_of(PATHWAY, state, now).statuses.items() if each == "blocked"]
    smallest: dict[str, set[Set]] = {name: set() for name in blocked}
    for size in (1, 2):
        missing = {name for name in blocked if not smallest[name]}
        for places in combinations(range(len(found)), size):
            for picked in product(*(_others(found[place], now[place]) for place in places)):
                values = list(now)
                for place, value in zip(places, picked, strict=True):
                    values[place] = value
                told_then = outcome_of(PATHWAY, state, tuple(values)).statuses
                for name in missing:
                    # The option that stands for obtaining is opened by what is unknown, and not by a row.
                    if told_then[name] != "blocked" and name != "complete_workup":
                        changed = zip((found[place].name for place in places), picked, strict=True)
                        smallest[name].add(frozenset(changed))
    for name in blocked:
        answer = {
            frozenset(zip((change.finding.name for change in changes), picked, strict=True))
            for changes in what_would_open(PATHWAY, state, now, name)
            for picked in product(*(change.values for change in changes))
        }
        if name != "complete_workup":
            assert answer == smallest[name] or (not smallest[name] and {len(each) for each in answer} <= {3})


def test_an_option_no_row_offers_is_opened_by_nothing() -> None:
    assert told(USUAL, "reopen") == set()


def test_a_change_is_always_to_something_known() -> None:
    for option, changed in SAMPLES:
        assert not {value for changes in told(USUAL | changed, option) for _, value in changes} & OPEN


@pytest.mark.shows("R-023")
def test_an_answer_says_what_would_open_maintenance_after_stable_disease() -> None:
    story = Story.opened().planned().treated()
    story.cycle(1, 2)
    story.cycle(2, 23)
    story.fit(44)
    story.assessed(44, "SD")
    document = story.next(45).document("0" * 64)
    (maintenance,) = [each for each in document["options"] if each["option"] == "start_maintenance"]
    assert maintenance["status"] == "blocked"
    assert maintenance["why_not"][0].startswith("Not among what the table offers here: row 35")
    single = [changes[0] for changes in maintenance["would_open"] if len(changes) == 1]
    assert {
        "finding": "response",
        "label": "the response in force",
        "from": "SD",
        "to": ["CR", "NED"],
        "changes_by": "course",
        "if": "the response in force were CR or NED",
    } in single


def test_findings_of_a_state_are_those_its_table_and_its_options_read() -> None:
    names = {finding.name for finding in findings_of(PATHWAY, "follow_up")}
    assert {"cns", "last_visit"} <= names
    assert "phase" not in names


@pytest.mark.shows("R-023")
def test_that_things_get_worse_is_never_held_out_as_what_would_open_an_option() -> None:
    story = after_two_cycles()
    story.assessed(44, "SD")
    story.fit(44)
    story.told("cns_status_recorded", 44, status="suspected")
    told = story.next(44).document("0" * 64)
    (local,) = (each for each in told["options"] if each["option"] == "local_control")
    attainable, course = openings(local, told)
    worse = "imaging found new disease in the central nervous system"
    assert any(worse in each for each in course)
    assert not any(worse in each for each in attainable)
